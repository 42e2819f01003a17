"""Texts as bags of n-grams with TF-IDF weights: what a linear model reads, whatever the order.

An n-gram is known by a hash of its tokens, so there is no table of millions of strings.
"""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from seqkit.data.interning import Interned, intern
from seqkit.data.ragged import Ragged
from seqkit.errors import SeqkitError
from seqkit.files import atomic, read_json, write_json
from seqkit.settings import settings
from seqkit.text import tokenizer as tokenizers
from seqkit.text.tokenizer import Tokenizer

if TYPE_CHECKING:
    from seqkit.data.batch import Bag

LEAST = 2  # texts of the training data that an n-gram must be in
PIECE = 1 << 20  # tokens counted at once, which bounds the memory
IDF, ABOUT = "idf.npy", "ngrams.json"
_MULTIPLIERS = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)


@settings
class NGramSettings:
    """The n-grams that a linear part of the model weighs, beside what the rest reads."""

    longest: int = Field(
        default=0, ge=0, le=8, description="tokens of the longest (0: no linear part)"
    )
    of: str = Field(
        default="auto", description="tokenizer of the text; auto: syllable for Korean, else word"
    )
    bits: int = Field(default=20, ge=8, le=26, description="2**bits weights a label, by hashing")


@dataclass(frozen=True, eq=False)
class Bags:
    """A bag of n-grams for each text.

    Attributes:
        rows: a row a text, of the hashes of its distinct n-grams; a row can be empty.
        weights: ``(n-grams,)`` float32, what each counts for in its text; the squares of a row
            sum to 1.
    """

    rows: Ragged
    weights: NDArray[np.float32]

    def batch(self, rows: NDArray[np.int64]) -> "Bag":
        """Return the bags of the given rows, end to end."""
        import torch

        from seqkit.data.batch import Bag

        lengths = self.rows.lengths[rows]
        starts = np.cumsum(lengths) - lengths
        places = np.repeat(self.rows.offsets[rows] - starts, lengths) + np.arange(lengths.sum())
        features = self.rows.values[places].astype(np.int64)
        parts = (features, self.weights[places], starts)
        return Bag(*(torch.from_numpy(np.ascontiguousarray(part)) for part in parts))

    def padded(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return hashes and weights of the given rows, ``(rows, longest)``; 0 past a row's end."""
        lengths = self.rows.lengths[rows]
        steps = np.arange(max(1, lengths.max(initial=0)))
        real = steps < lengths[:, None]
        places = (self.rows.offsets[rows][:, None] + steps)[real]
        features, weights = np.zeros(real.shape, np.int64), np.zeros(real.shape, np.float32)
        features[real], weights[real] = self.rows.values[places], self.weights[places]
        return features, weights


@dataclass(frozen=True, eq=False)
class NGrams:
    """Weighs the n-grams of a text by how rare they were in training.

    Attributes:
        tokenizer: cuts a text into the tokens that n-grams are made of.
        longest: tokens of the longest n-gram.
        idf: ``(2**bits,)`` float32, log((1 + texts) / (1 + texts with it)) + 1, and 0 for an
            n-gram of fewer than ``LEAST`` training texts.
    """

    tokenizer: Tokenizer
    longest: int
    idf: NDArray[np.float32]

    @classmethod
    def learn(
        cls, texts: Iterable[str], tokenizer: Tokenizer, longest: int, bits: int
    ) -> tuple["NGrams", Bags]:
        """Learn the weights from the training texts; return them with the texts' own bags."""
        rows, counts = _counted(intern(texts, tokenizer), longest, bits)
        texts_with = np.bincount(rows.values, minlength=1 << bits)
        rarity = np.log((1 + len(rows)) / (1 + texts_with)) + 1
        idf = np.where(texts_with >= LEAST, rarity, 0).astype(np.float32)
        return cls(tokenizer, longest, idf), _weighed(rows, counts, idf)

    def bags(self, texts: Iterable[str]) -> Bags:
        """Return the bags of ``texts``, in order."""
        bits = len(self.idf).bit_length() - 1
        rows, counts = _counted(intern(texts, self.tokenizer), self.longest, bits)
        return _weighed(rows, counts, self.idf)

    def places(self, words: Sequence[str]) -> list[NDArray[np.int64]]:
        """Return, for each size of n-gram from 1, the hash of the one that begins at each word."""
        bits, of_word = len(self.idf).bit_length() - 1, _hashes(words)
        keys = _keys(of_word, np.zeros(len(words), np.int64), self.longest, bits)
        sizes = [max(0, len(words) - n) for n in range(self.longest)]
        return np.split(keys, np.cumsum(sizes)[:-1])

    def save(self, folder: Path) -> None:
        """Write the tokenizer and the weights to a folder."""
        tokenizers.save(self.tokenizer, folder)
        with atomic(folder / IDF) as file:
            np.save(file, self.idf, allow_pickle=False)
        write_json(folder / ABOUT, {"longest": self.longest})

    @classmethod
    def load(cls, folder: Path) -> "NGrams":
        """Rebuild what :meth:`save` wrote.

        Raises:
            SeqkitError: if a file is missing or broken.
        """
        tokenizer = tokenizers.load(folder)
        try:
            longest = int(read_json(folder / ABOUT)["longest"])
            idf: NDArray[np.float32] = np.load(folder / IDF, allow_pickle=False)
        except (OSError, ValueError, EOFError, KeyError, TypeError):
            raise SeqkitError(f"{folder} is broken: copy the run again.") from None
        return cls(tokenizer, longest, idf)


def _counted(interned: Interned, longest: int, bits: int) -> tuple[Ragged, NDArray[np.int64]]:
    """Return a row of distinct hashes for each text, sorted, and how often each occurs in it."""
    of_word, rows = _hashes(interned.words), interned.rows
    features, times, lengths = [np.empty(0, np.int32)], [np.empty(0, np.int64)], [np.zeros(1, int)]
    begin, empty = 0, interned.words.index("") if "" in interned.words else -1
    while begin < len(rows):
        reach = np.searchsorted(rows.offsets, rows.offsets[begin] + PIECE, side="right") - 1
        end = max(begin + 1, int(reach))
        values = rows.values[rows.offsets[begin] : rows.offsets[end]]
        row = np.repeat(np.arange(end - begin), rows.lengths[begin:end])
        values, row = values[values != empty], row[values != empty]
        keys, counts = np.unique(_keys(of_word[values], row, longest, bits), return_counts=True)
        features.append((keys & ((1 << bits) - 1)).astype(np.int32))
        lengths.append(np.bincount(keys >> bits, minlength=end - begin))
        times.append(counts)
        begin = end
    offsets = np.cumsum(np.concatenate(lengths), dtype=np.int64)
    return Ragged(np.concatenate(features), offsets), np.concatenate(times)


def _hashes(words: Iterable[str]) -> NDArray[np.uint64]:
    hashes = [zlib.crc32(word.encode("utf-8", "surrogatepass")) for word in words]
    return np.asarray(hashes, dtype=np.uint64)


def _keys(
    tokens: NDArray[np.uint64], row: NDArray[np.int64], longest: int, bits: int
) -> NDArray[np.int64]:
    """Return ``row * 2**bits + hash`` of every n-gram, a rolling polynomial hash, well mixed."""
    rolling, found = np.zeros_like(tokens), []
    for n in range(1, longest + 1):
        rolling = rolling[: len(tokens) - n + 1] * _MULTIPLIERS[0] + tokens[n - 1 :]
        inside = row[: len(rolling)] == row[n - 1 :]
        mixed = rolling[inside] * _MULTIPLIERS[1]
        mixed = (mixed ^ (mixed >> np.uint64(32))) * _MULTIPLIERS[1]
        hashes = (mixed >> np.uint64(64 - bits)).astype(np.int64)
        found.append((row[: len(rolling)][inside] << bits) + hashes)
    return np.concatenate(found)


def _weighed(rows: Ragged, counts: NDArray[np.int64], idf: NDArray[np.float32]) -> Bags:
    """Return bags with weights (1 + log count) * idf, each row of length 1; no weight, no place."""
    row = np.repeat(np.arange(len(rows)), rows.lengths)
    weights = (1 + np.log(counts)) * idf[rows.values]
    kept = weights > 0
    row, weights = row[kept], weights[kept]
    norms = np.sqrt(np.bincount(row, weights**2, len(rows)))
    lengths = np.bincount(row, minlength=len(rows))
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Bags(Ragged(rows.values[kept], offsets), (weights / norms[row]).astype(np.float32))
