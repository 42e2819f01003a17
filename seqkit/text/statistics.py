"""What a vocabulary covers, what it does not know, and how long texts are in tokens."""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from pathlib import Path

from seqkit.errors import SeqkitError
from seqkit.text.counting import Progress, mapped
from seqkit.text.tokenizer import Tokenizer
from seqkit.text.vocabulary import Vocabulary

LENGTHS = {"median": 50, "95 %": 95, "max": 100}  # per cent of the texts, at least, are no longer


@dataclass(frozen=True)
class Measured:
    """Texts, cut and looked up.

    Attributes:
        lengths: tokens of each text, in order.
        unknown: how many of all tokens are not in the vocabulary.
    """

    lengths: Sequence[int]
    unknown: int

    @property
    def unknown_share(self) -> float:
        """Unknown tokens of all tokens, from 0 to 1; 0 where there are none at all."""
        return self.unknown / max(1, sum(self.lengths))

    def summary(self) -> dict[str, float]:
        """Return the mean length, and the ``LENGTHS`` by nearest rank, which do occur.

        Raises:
            SeqkitError: if there are no texts.
        """
        ordered = sorted(self.lengths)
        if not ordered:
            raise SeqkitError("there are no texts to measure.")
        n = len(ordered)
        ranked = {name: ordered[-(-share * n // 100) - 1] for name, share in LENGTHS.items()}
        return {"mean": sum(ordered) / n, **ranked}

    def histogram(self, bins: int) -> tuple[list[int], int]:
        """Return how many texts are in each of ``bins`` ranges of length, and a range's width.

        The ranges reach from 0 to the 95 % length or beyond; longer texts are left out.
        """
        width = int(self.summary()["95 %"]) // bins + 1
        counts = [0] * bins
        for length in self.lengths:
            if length < bins * width:
                counts[length // width] += 1
        return counts, width


def measure(
    texts: Iterable[str] | Path,
    tokenizer: Tokenizer,
    vocabulary: Vocabulary,
    *,
    workers: int = 1,
    progress: Progress | None = None,
) -> Measured:
    """Cut texts and look their tokens up; arguments and errors are those of ``count``."""
    lengths, unknown = array("q"), 0
    call = partial(_measured, tokenizer, vocabulary)
    with closing(mapped(call, texts, workers, "local", progress)) as parts:
        for part, strange in parts:
            lengths.extend(part)
            unknown += strange
    return Measured(lengths, unknown)


def _measured(
    tokenizer: Tokenizer, vocabulary: Vocabulary, texts: list[str]
) -> tuple[list[int], int]:
    rows = [tokenizer.words(text) for text in texts]
    return list(map(len, rows)), sum(word not in vocabulary for row in rows for word in row)


def coverage(
    words: Iterable[str], counts: Mapping[str, int], sizes: Iterable[int]
) -> dict[int, float]:
    """Return which share of a text the first so many words make up, from 0 to 1.

    Args:
        words: the most frequent first, each once.
        counts: occurrences in the text of every word that it has.
        sizes: how many of the words; more than there are is all of them.
    """
    total = max(1, sum(counts.values()))
    running = list(accumulate((counts.get(word, 0) for word in words), initial=0))
    return {size: running[min(size, len(running) - 1)] / total for size in sizes}
