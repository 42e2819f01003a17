"""Texts to numbered words: the one pass over a text that counting and encoding share.

A slow tokenizer is asked once for each text; what a word's id is, and how it is spelt, is then
found once for each distinct word.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import chain, count

import numpy as np
from numpy.typing import NDArray

from seqkit.data.ragged import Ragged
from seqkit.data.spelling import Speller, Spellings
from seqkit.text.counting import Pair, mapped
from seqkit.text.tokenizer import Tokenizer
from seqkit.text.vocabulary import Vocabulary

Part = tuple[list[str], NDArray[np.int32], NDArray[np.int64]]


@dataclass(frozen=True, eq=False)
class Interned:
    """Texts as numbers of words.

    Attributes:
        rows: a row a text, of places in ``words``; a text without tokens is one empty word.
        words: the distinct words, in the order that they first came.
    """

    rows: Ragged
    words: tuple[str, ...]

    def counts(self) -> Iterable[Pair]:
        """Yield each word and how often it occurs; the empty word is none."""
        times = np.bincount(self.rows.values, minlength=len(self.words)).tolist()
        return ((word, n) for word, n in zip(self.words, times, strict=True) if word)

    def first(self, max_length: int) -> "Interned":
        """Return the texts cut to their first ``max_length`` tokens."""
        return Interned(self.rows.first(max_length), self.words)

    def ids(self, vocabulary: Vocabulary) -> Ragged:
        """Return the rows as ids of a vocabulary, which must have ``unk``."""
        numbers = np.asarray(vocabulary.ids(self.words), dtype=np.int32)
        return Ragged(numbers[self.rows.values], self.rows.offsets)

    def spellings(self, speller: Speller) -> Spellings:
        """Return how each token is spelt."""
        return Spellings(self.rows.values, speller.spell(self.words))


def intern(texts: Iterable[str], tokenizer: Tokenizer, *, workers: int = 1) -> Interned:
    """Cut texts into words and number them.

    The same for any number of worker processes.

    Raises:
        SeqkitError: if a worker dies, or ``workers`` is below 1.
    """
    number: defaultdict[str, int] = defaultdict(count().__next__)
    values, lengths = [np.empty(0, np.int32)], [np.zeros(1, np.int64)]
    parts = mapped(partial(_part, tokenizer), texts, workers, "local", None)
    with closing(parts):
        for words, ids, each in parts:
            here = np.fromiter(map(number.__getitem__, words), np.int32, len(words))
            values.append(here[ids])
            lengths.append(each)
    offsets = np.cumsum(np.concatenate(lengths), dtype=np.int64)
    return Interned(Ragged(np.concatenate(values), offsets), tuple(number))


def intern_rows(rows: Sequence[list[str]]) -> Interned:
    """Do as :func:`intern` does with texts that are cut into words already."""
    words, ids, lengths = _numbered(rows)
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)])
    return Interned(Ragged(ids, offsets), tuple(words))


def _part(tokenizer: Tokenizer, texts: list[str]) -> Part:
    return _numbered(list(map(tokenizer.words, texts)))


def _numbered(rows: Sequence[list[str]]) -> Part:
    number: defaultdict[str, int] = defaultdict(count().__next__)
    rows = [row or [""] for row in rows]
    lengths = np.fromiter(map(len, rows), np.int64, len(rows))
    every = map(number.__getitem__, chain.from_iterable(rows))
    ids = np.fromiter(every, np.int32, int(lengths.sum()))
    return list(number), ids, lengths
