"""How the tokens of a text are shown: as they stand in it, or by their names."""

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress

from seqkit.text import pieces
from seqkit.text.joining import printed
from seqkit.text.tokenizer import Token

SPACE = "␣"
NUMBERS = "₁₂₃₄"  # of the bytes of a character
_byte = re.compile("<0x([0-9A-F]{2})>").fullmatch  # as SentencePiece writes one


def shown(name: str) -> str:
    """Return a token's name for a person to read: jamo as letters, white space as a sign."""
    if name and not name.strip():
        return SPACE
    return printed(name) or name


def shown_all(names: Iterable[str]) -> tuple[str, ...]:
    """Return what :func:`shown` does, of each; the bytes of a character as ``뷁₁ 뷁₂ 뷁₃``."""
    names = list(names)
    found = [shown(name) for name in names]
    for begin in range(len(names)):
        for end in range(begin + 1, min(begin + len(NUMBERS), len(names)) + 1):
            if character := _of_bytes(names[begin:end]):
                numbers = NUMBERS[: end - begin] if end - begin > 1 else ("",)
                found[begin:end] = [shown(character) + number for number in numbers]
    return tuple(found)


def _of_bytes(names: Sequence[str]) -> str:
    """Return the character whose bytes these are; ``""`` if they are not those of one."""
    values = [int(byte[1], 16) for name in names if (byte := _byte(name))]
    with suppress(UnicodeDecodeError):
        character = bytes(values).decode()
        return character if len(values) == len(names) and len(character) == 1 else ""
    return ""


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
    said += [f" {SPACE} is a space."] if SPACE in names else []
    bytewise = any(n[1:] == NUMBERS[0] for n in names)
    return "".join([*said, *([f" {NUMBERS[:2]}… are a character's bytes."] if bytewise else [])])


def brief(text: str, most: int = 60) -> str:
    """Return a text in one line of at most so many characters."""
    line = printed(text)
    return line if len(line) <= most else f"{line[: most - 1]}…"
