"""The same text by several tokenizers, side by side, with their times."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

from seqkit.cli.arguments import open_tokenizer
from seqkit.errors import SeqkitError

if TYPE_CHECKING:
    from seqkit.text.tokenizer import Token, Tokenizer

SENTENCES = 4_000  # that a subword tokenizer learns from: enough to see what its pieces are like
PIECES = 1_500  # that it learns; so few sentences hold no more
RUNS = 3  # of which the fastest counts


@dataclass(frozen=True)
class Cut:
    """What one tokenizer makes of a text.

    Attributes:
        text: the text.
        tokenizer: its name.
        tokens: None where it cannot work here.
        ms: milliseconds to cut the text, once it is loaded.
        load_ms: milliseconds to load it, and to learn where it must.
        learnt: whether it had to learn its pieces first.
        problem: why it cannot work here, and what to do.
    """

    text: str
    tokenizer: str
    tokens: "Sequence[Token] | None" = None
    ms: float | None = None
    load_ms: float | None = None
    learnt: bool = False
    problem: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        tokens = None if self.tokens is None else [token._asdict() for token in self.tokens]
        return {
            "text": self.text,
            "tokenizer": self.tokenizer,
            "tokens": tokens,
            "ms": self.ms,
            "load_ms": self.load_ms,
            "learnt_here": self.learnt,
            "problem": self.problem,
        }


def names_of(compare: str) -> list[str]:
    """Return the tokenizers that the user wants side by side: ``kiwi,jamo`` or ``all``."""
    from seqkit.text.tokenizer import TOKENIZERS

    if compare == "all":
        return list(TOKENIZERS)
    names = list(dict.fromkeys(name.strip() for name in compare.split(",") if name.strip()))
    if not names:
        raise SeqkitError("--compare names no tokenizer: give kiwi,jamo,... or all.")
    return names


def compared(compare: str, texts: Sequence[str], corpus: str = "village") -> list[list[Cut]]:
    """Return, for each text, a row for each tokenizer; one that cannot work here says why.

    Args:
        compare: names of tokenizers or their folders, between commas, or ``all``.
        texts: to cut.
        corpus: whose first training texts an untrained tokenizer learns from.

    Raises:
        SeqkitError: if a name is unknown.
    """
    tokenizers = {name: open_tokenizer(name) for name in names_of(compare)}
    columns = [_cuts(name, tokenizer, texts, corpus) for name, tokenizer in tokenizers.items()]
    return [list(row) for row in zip(*columns, strict=True)]


def _cuts(name: str, tokenizer: "Tokenizer", texts: Sequence[str], corpus: str) -> list[Cut]:
    from seqkit.text.tokenizer import Trainable, trained

    learns = isinstance(tokenizer, Trainable) and not tokenizer.is_trained
    if learns:
        tokenizer = open_tokenizer(name, [f"size={PIECES}"])
    lesson = _lesson(corpus) if learns else []
    try:
        start = time.perf_counter()
        tokenizer = trained(tokenizer, lesson)
        tokenizer.tokenize("가 a")  # backends load on first use
        load = 1000 * (time.perf_counter() - start)
        cuts = []
        for text in texts:
            tokens = tokenizer.tokenize(text)
            ms = min(_ms(tokenizer, text) for _ in range(RUNS))
            cuts.append(Cut(text, name, tokens, ms, load, learns))
        return cuts
    except SeqkitError as error:
        return [Cut(text, name, problem=str(error)) for text in texts]


def _ms(tokenizer: "Tokenizer", text: str) -> float:
    start = time.perf_counter()
    tokenizer.tokenize(text)
    return 1000 * (time.perf_counter() - start)


def _lesson(corpus: str) -> list[str]:
    from itertools import islice

    from seqkit.corpus import load

    options: dict[str, str | int] = {}
    if corpus == "village":
        options = {"kind": "text", "n": 5 * SENTENCES // 4}
    return list(islice(load(corpus, options).texts("train"), SENTENCES))


def print_compared(
    tables: Sequence[Sequence[Cut]], corpus: str, *, tags: bool = False, offsets: bool = False
) -> None:
    """Print a table for each text, and under the last where the pieces were learnt."""
    from seqkit.cli.output import print_table
    from seqkit.cli.tokenize import forms
    from seqkit.text.hangul import compatibility

    for number, table in enumerate(tables):
        if number:
            print()
        rows = []
        for cut in table:
            shown = cut.problem
            if cut.tokens is not None:
                # a conjoining jamo on its own: many terminals draw it over its neighbour
                whole = (normalize("NFC", form) for form in forms(cut.tokens, tags, offsets))
                shown = " · ".join(map(compatibility, whole))
            n = None if cut.tokens is None else len(cut.tokens)
            ms = None if cut.ms is None else round(cut.ms, 3)
            load = None if cut.load_ms is None else round(cut.load_ms)
            rows.append([cut.tokenizer, n, ms, load, shown])
        title = table[0].text if len(tables) > 1 else None
        print_table(title, ["tokenizer", "tokens", "ms", "load ms", "cut"], rows)
    learnt = [cut.tokenizer for cut in tables[0] if cut.learnt] if tables else []
    if learnt:
        print(
            f"{', '.join(learnt)}: {PIECES:,} pieces learnt here from at most "
            f"{SENTENCES:,} texts of {corpus}; load ms includes it."
        )
