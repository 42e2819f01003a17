"""How the tokens of a text are shown: as they stand in it, or by their names."""

from collections.abc import Iterable, Sequence

from seqkit.text import pieces
from seqkit.text.joining import printed
from seqkit.text.tokenizer import Token

SPACE = "␣"


def shown(name: str) -> str:
    """Return a token's name for a person to read: jamo as letters, white space as a sign."""
    if name and not name.strip():
        return SPACE
    return printed(name) or name


def shown_all(names: Iterable[str]) -> tuple[str, ...]:
    """Return what :func:`shown` does, of each."""
    return tuple(map(shown, names))


def surfaces(tokens: Sequence[Token], text: str) -> tuple[str, ...]:
    """Return how each token stands in the text, whole.

    One without offsets, or of a syllable that it shares with the token before (a jamo, or a
    morpheme melted into it), is shown by its name.
    """
    found, done = [], 0
    for token in tokens:
        surface = ""
        if token.start is not None and token.end is not None and token.start >= done:
            surface, done = text[token.start : token.end], token.end
        found.append(shown(surface.strip() or token.text))
    return tuple(found)


def legend(names: Iterable[str]) -> str:
    """Return what is to be said of signs among the tokens; nothing where there is none."""
    names = list(names)
    said = [f" {pieces.SPACE} begins a word."] if any(pieces.SPACE in n for n in names) else []
    return "".join([*said, *([f" {SPACE} is a space."] if SPACE in names else [])])


def brief(text: str, most: int = 60) -> str:
    """Return a text in one line of at most so many characters."""
    line = printed(text)
    return line if len(line) <= most else f"{line[: most - 1]}…"
