"""Batches of rows in which every token has a tag."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seqkit.data.batching import Batches
from seqkit.data.ragged import Ragged
from seqkit.data.spelling import Spellings

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from seqkit.data.batch import Batch

UNSEEN = -1  # the number of a tag that training had not


@dataclass(frozen=True, eq=False)
class TaggedRows:
    """What a tagger reads of a number of texts, and what it should say.

    Attributes:
        words: a row of word ids a text, none of them empty.
        spellings: how each word is spelt.
        tags: ``(tokens,)`` int32, from 0, or ``UNSEEN``; None where they are not known.
        beside: the second tags, likewise; None for none.
        unseen: the tag of each ``UNSEEN`` one, by its place among the tokens.
    """

    words: Ragged
    spellings: Spellings
    tags: NDArray[np.int32] | None = None
    beside: NDArray[np.int32] | None = None
    unseen: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TaggedBatch:
    """Padded words and their tags, each ``(batch, time)`` int64.

    Past a row's end, tags are those of its last word.
    """

    words: "Batch"
    tags: "Tensor | None" = None
    beside: "Tensor | None" = None

    @property
    def tokens(self) -> int:
        """The number of words, padding excluded."""
        return self.words.tokens

    @property
    def weight(self) -> int:
        """What the batch's mean loss counts for in an epoch's: its words."""
        return self.words.tokens

    def to(self, device: "torch.device") -> "TaggedBatch":
        """Return the batch with its tensors on ``device``."""
        tags = None if self.tags is None else self.tags.to(device)
        beside = None if self.beside is None else self.beside.to(device)
        return TaggedBatch(self.words.to(device), tags, beside)

    def part(self, first: int, every: int) -> "TaggedBatch":
        """Return every so many rows from ``first`` on, padded to the longest of them."""
        words = self.words.part(first, every)
        time = words.ids.shape[1]
        tags = None if self.tags is None else self.tags[first::every, :time]
        beside = None if self.beside is None else self.beside[first::every, :time]
        return TaggedBatch(words, tags, beside)


class TaggedBatches:
    """Cuts :class:`TaggedRows` into batches, as :class:`~seqkit.data.batching.Batches` does."""

    def __init__(
        self, rows: TaggedRows, *, batch_size: int, pad: int, shuffle: bool = False, seed: int = 0
    ) -> None:
        self._rows = rows
        self._batches = Batches(
            rows.words,
            spellings=rows.spellings,
            batch_size=batch_size,
            pad=pad,
            shuffle=shuffle,
            seed=seed,
        )

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        return len(self._batches)

    def epoch(self, number: int, start: int = 0) -> Iterator[TaggedBatch]:
        """Iterate over the batches of an epoch, from the one at ``start``."""
        return map(self._tagged, self._batches.epoch(number, start))

    def _tagged(self, words: "Batch") -> TaggedBatch:
        import torch

        places = self._rows.words.places(words.rows)
        tags, beside = (
            None if column is None else torch.from_numpy(column[places].astype(np.int64))
            for column in (self._rows.tags, self._rows.beside)
        )
        return TaggedBatch(words, tags, beside)
