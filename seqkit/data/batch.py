"""The one object that passes from data to models."""

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


@dataclass(frozen=True)
class Spelling:
    """How the tokens of a batch are spelt, each distinct word once.

    Attributes:
        words: ``(batch, time)`` int64, the row of ``units`` that spells each token; at padding,
            that of the row's last.
        units: ``(distinct words, longest)`` int64, ids of jamo or letters, padded on the right.
        lengths: ``(distinct words,)`` int64, the number of units in each, at least 1.
    """

    words: Tensor
    units: Tensor
    lengths: Tensor

    def to(self, device: torch.device) -> "Spelling":
        """Return the spelling with its tensors on ``device``."""
        return Spelling(self.words.to(device), self.units.to(device), self.lengths.to(device))

    def part(self, first: int, every: int, time: int) -> "Spelling":
        """Return the spelling of every so many rows from ``first`` on, ``time`` tokens of each."""
        distinct, words = torch.unique(self.words[first::every, :time], return_inverse=True)
        lengths = self.lengths[distinct]
        return Spelling(words, self.units[distinct, : longest(lengths)], lengths)


@dataclass(frozen=True)
class Bag:
    """The n-grams of the texts of a batch, end to end.

    Attributes:
        features: ``(n-grams,)`` int64, their hashes.
        weights: ``(n-grams,)`` float32, what each counts for in its text.
        starts: ``(batch,)`` int64, where each text begins in them.
    """

    features: Tensor
    weights: Tensor
    starts: Tensor

    def to(self, device: torch.device) -> "Bag":
        """Return the bag with its tensors on ``device``."""
        return Bag(self.features.to(device), self.weights.to(device), self.starts.to(device))

    def part(self, first: int, every: int) -> "Bag":
        """Return the n-grams of every so many texts from ``first`` on."""
        edges = [*self.starts.tolist(), len(self.features)]
        mine = list(pairwise(edges))[first::every]
        places = [torch.arange(begin, end) for begin, end in mine] or [torch.arange(0)]
        chosen, counts = torch.cat(places), torch.tensor([0, *(b - a for a, b in mine)])
        starts = counts.cumsum(0)[:-1]
        return Bag(self.features[chosen], self.weights[chosen], starts)


@dataclass(frozen=True)
class Batch:
    """Rows of token ids, padded on the right.

    Attributes:
        ids: ``(batch, time)`` int64.
        lengths: ``(batch,)`` int64, the number of real tokens in each row, at least 1.
        rows: ``(batch,)`` where each row stands in its split, so that answers keep its order.
        targets: what the model should say; ``(batch,)`` int64 classes, or ``(batch, labels)``
            float32 of zeros and ones; None where there is nothing to learn from.
        tokens: the number of real tokens in the batch, padding excluded.
        spelling: what its tokens are spelt with, where the model reads that too.
        bag: the n-grams of its texts, where the model weighs them.
        by_token: whether a mean loss is one over tokens; else it is over rows.
    """

    ids: Tensor
    lengths: Tensor
    rows: NDArray[np.int64]
    tokens: int
    targets: Tensor | None = None
    spelling: Spelling | None = None
    bag: Bag | None = None
    by_token: bool = False

    @property
    def weight(self) -> int:
        """What the batch's mean loss counts for in an epoch's: its rows, or its tokens."""
        return self.tokens if self.by_token else len(self.rows)

    def part(self, first: int, every: int) -> "Batch":
        """Return every so many rows from ``first`` on, padded to the longest of them."""
        lengths = self.lengths[first::every]
        time = longest(lengths)
        return replace(
            self,
            ids=self.ids[first::every, :time],
            lengths=lengths,
            rows=self.rows[first::every],
            tokens=int(lengths.sum()),
            targets=None if self.targets is None else self.targets[first::every],
            spelling=None if self.spelling is None else self.spelling.part(first, every, time),
            bag=None if self.bag is None else self.bag.part(first, every),
        )

    @cached_property
    def mask(self) -> Tensor:
        """``(batch, time)`` bool, True at real tokens."""
        return torch.arange(self.ids.shape[1], device=self.ids.device) < self.lengths[:, None]

    def to(self, device: torch.device) -> "Batch":
        """Return the batch with its tensors on ``device``."""
        if self.ids.device == device:
            return self
        targets = None if self.targets is None else self.targets.to(device)
        spelling = None if self.spelling is None else self.spelling.to(device)
        bag = None if self.bag is None else self.bag.to(device)
        ids, lengths = self.ids.to(device), self.lengths.to(device)
        return replace(self, ids=ids, lengths=lengths, targets=targets, spelling=spelling, bag=bag)


def longest(lengths: Tensor) -> int:
    """Return the greatest of some lengths; 0 of none."""
    return int(lengths.max()) if len(lengths) else 0
