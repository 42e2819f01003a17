"""What ``seqkit vocab stats`` finds out, and how it shows it."""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from seqkit.errors import SeqkitError

if TYPE_CHECKING:
    from seqkit.cli.sources import Opened
    from seqkit.text.statistics import Measured
    from seqkit.text.tokenizer import Tokenizer
    from seqkit.text.vocabulary import Vocabulary

SIZES = (100, 1_000, 5_000, 10_000, 20_000, 50_000, 100_000)
BLOCKS = " ▁▂▃▄▅▆▇█"
BINS = 20


@dataclass(frozen=True)
class Statistics:
    """Of one tokenizer on one text.

    Attributes:
        tokenizer: its name.
        words: distinct words of the text.
        tokens: running words of the text.
        vocabulary: words kept.
        coverage: of the running words, the share in 0..1 that the top so many kept words are.
        split: where unknown words and lengths were counted; empty if nowhere.
        measured: those.
        problem: why the tokenizer cannot work here; the rest is then empty.
    """

    tokenizer: str
    words: int = 0
    tokens: int = 0
    vocabulary: int = 0
    coverage: Mapping[int, float] = field(default_factory=dict)
    split: str = ""
    measured: "Measured | None" = None
    problem: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it; shares are from 0 to 1."""
        row: dict[str, Any] = {"tokenizer": self.tokenizer}
        if self.problem:
            return {**row, "problem": self.problem}
        row |= {"words": self.words, "tokens": self.tokens, "vocabulary": self.vocabulary}
        row["coverage"] = {str(size): share for size, share in self.coverage.items()}
        if self.measured is not None:
            row |= {"split": self.split, "texts": len(self.measured.lengths)}
            row |= {"unknown": self.measured.unknown_share, "length": self.measured.summary()}
        return row


def of_corpus(
    tokenizers: "Mapping[str, Tokenizer]",
    source: "Opened",
    min_count: int,
    max_size: int | None,
    workers: int,
) -> list[Statistics]:
    """Build a vocabulary with each tokenizer from the training split and look at it."""
    return [
        _of_tokenizer(name, tokenizer, source, min_count, max_size, workers)
        for name, tokenizer in tokenizers.items()
    ]


def _of_tokenizer(
    name: str,
    tokenizer: "Tokenizer",
    source: "Opened",
    min_count: int,
    max_size: int | None,
    workers: int,
) -> Statistics:
    from seqkit.text.tokenizer import trained
    from seqkit.text.vocabulary import Vocabulary

    try:
        tokenizer = trained(tokenizer, source.texts("train"))
        tokenizer.words("")  # a backend that is not here says so
    except SeqkitError as error:
        return Statistics(name, problem=str(error))
    counts = _counts(name, tokenizer, source, workers)
    vocabulary = Vocabulary.build(counts, min_count=min_count, max_size=max_size)
    return _statistics(name, vocabulary, counts, tokenizer, source, workers)


def of_vocabulary(
    name: str,
    vocabulary: "Vocabulary",
    tokenizer: "Tokenizer",
    source: "Opened | None",
    workers: int,
) -> Statistics:
    """Look at a saved vocabulary: in its own training text, or in the one of ``source``."""
    if source is None:
        counts = Counter(dict(zip(vocabulary.words, vocabulary.counts, strict=True)))
    else:
        counts = _counts(name, tokenizer, source, workers)
    return _statistics(name, vocabulary, counts, tokenizer, source, workers)


def _counts(name: str, tokenizer: "Tokenizer", source: "Opened", workers: int) -> Counter[str]:
    from seqkit.cli.output import progress_bar
    from seqkit.text.counting import count

    with progress_bar(f"{name}: counting", source.size("train")) as progress:
        return count(source.countable("train"), tokenizer, workers=workers, progress=progress)


def _statistics(
    name: str,
    vocabulary: "Vocabulary",
    counts: Counter[str],
    tokenizer: "Tokenizer",
    source: "Opened | None",
    workers: int,
) -> Statistics:
    from seqkit.cli.output import progress_bar
    from seqkit.text.statistics import coverage, measure

    split, measured = "", None
    if source is not None:
        split = next(s for s in ("validation", "test", "train") if s in source.splits)
        total = None if source.file else source.size(split)  # how many lines it has, none knows
        with progress_bar(f"{name}: measuring", total) as progress:
            texts = source.texts(split)
            measured = measure(texts, tokenizer, vocabulary, workers=workers, progress=progress)
    sizes = [size for size in SIZES if size < len(vocabulary.words)]
    shares = coverage(vocabulary.words, counts, [*sizes, len(vocabulary.words)])
    return Statistics(
        name,
        words=len(counts),
        tokens=sum(counts.values()),
        vocabulary=len(vocabulary.words),
        coverage=shares,
        split=split,
        measured=measured,
    )


def print_statistics(found: Sequence[Statistics]) -> None:
    """Print how much the most frequent words cover, then unknown words and lengths."""
    from seqkit.cli.output import print_table

    here = [each for each in found if not each.problem]
    if here:
        most = max(each.vocabulary for each in here)
        sizes = [size for size in SIZES if size < most]
        columns = ["tokenizer", "tokens", "words", *(f"top {size:,}" for size in sizes), "kept"]
        rows = [
            [
                *(each.tokenizer, each.tokens, each.words),
                *(_percent(each.coverage.get(size)) for size in sizes),
                _percent(each.coverage[each.vocabulary]),
            ]
            for each in here
        ]
        print_table("running words that the most frequent words cover, %", columns, rows)
    measured = [(each, each.measured) for each in here if each.measured is not None]
    if measured:
        print()
        _print_lengths(measured)
    for each in found:
        if each.problem:
            print(f"{each.tokenizer}: {each.problem}")


def _percent(share: float | None) -> float | None:
    """Return a share as percent; None, an empty cell, where there are not so many words."""
    return None if share is None else 100 * share


def _print_lengths(found: "Sequence[tuple[Statistics, Measured]]") -> None:
    from seqkit.cli.output import print_table

    drawn = sys.stdout.isatty()  # piped, a table is for another program
    rows = []
    for each, measured in found:
        numbers = measured.summary()
        row = [each.tokenizer, each.vocabulary, 100 * measured.unknown_share, *numbers.values()]
        if drawn:
            counts, width = measured.histogram(BINS)
            row.append(f"{bars(counts)} to {BINS * width}")
        rows.append(row)
    columns = ["tokenizer", "kept", "unknown %", *found[0][1].summary()]
    title = f"tokens in each of the {len(found[0][1].lengths):,} texts of {found[0][0].split}"
    print_table(title, [*columns, *(["lengths"] if drawn else [])], rows)


def bars(counts: Sequence[int]) -> str:
    """Return numbers as a row of blocks, the tallest for the largest; above 0 shows as some."""
    most = max(counts, default=0) or 1
    return "".join(BLOCKS[-(-8 * count // most)] for count in counts)
