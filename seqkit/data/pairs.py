"""Batches of pairs, a source and a target each: of like lengths, by tokens or by rows."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqkit.data.batch import Batch, longest
from seqkit.data.batching import permutation
from seqkit.data.ragged import Ragged
from seqkit.errors import SeqkitError

NOISE = 2.0  # tokens by which lengths are blurred before rows are sorted by them


@dataclass(frozen=True)
class PairBatch:
    """Sources, and the targets to be written.

    Attributes:
        source: the sources.
        targets: ``(batch, time)`` int64 ids that end in the one that ends a sequence, padded on
            the right.
        target_lengths: ``(batch,)`` int64, the number of real ids in each, at least 1.
        rows: ``(batch,)`` where each pair stands in its split.
        tokens: the number of real ids in both, padding excluded.
        weight: what the batch's mean loss counts for in an epoch's: its target ids.
    """

    source: Batch
    targets: Tensor
    target_lengths: Tensor
    rows: NDArray[np.int64]
    tokens: int
    weight: int

    def to(self, device: torch.device) -> "PairBatch":
        """Return the batch with its tensors on ``device``."""
        if self.targets.device == device:
            return self
        return PairBatch(
            self.source.to(device),
            self.targets.to(device),
            self.target_lengths.to(device),
            self.rows,
            self.tokens,
            self.weight,
        )

    def part(self, first: int, every: int) -> "PairBatch":
        """Return every so many pairs from ``first`` on, padded to the longest of them."""
        source, lengths = self.source.part(first, every), self.target_lengths[first::every]
        targets = self.targets[first::every, : longest(lengths)]
        written = int(lengths.sum())
        rows, tokens = self.rows[first::every], source.tokens + written
        return PairBatch(source, targets, lengths, rows, tokens, written)


class PairBatches:
    """Cuts pairs into batches, epoch by epoch; each has every pair once.

    Rows are sorted by length, target first, and cut where a batch is full. In training the
    lengths are blurred by up to ``NOISE`` tokens, anew in each epoch, so that no two epochs have
    the same batches. There are as many batches in each epoch.

    Args:
        source: ids of the sources, none of them empty.
        targets: ids of the targets, as many, each ending in the id that ends a sequence.
        source_pad: the id that fills a source.
        target_pad: the id that fills a target.
        batch_tokens: about so many real tokens a batch, source and target (0: no limit).
        batch_size: the most rows a batch (0: no limit).
        count: so many batches an epoch, however large (0: as the limits have it). For pairs that
            are cut into tokens anew in each epoch, which are to have as many batches.
        shuffle: True for training; False for a fixed order, shortest rows first.
        seed: with the epoch's number, decides the order; at least 0.

    Raises:
        SeqkitError: if a row is empty, sides are unequal, or there is no limit at all.
    """

    def __init__(
        self,
        source: Ragged,
        targets: Ragged,
        *,
        source_pad: int,
        target_pad: int,
        batch_tokens: int = 0,
        batch_size: int = 0,
        count: int = 0,
        shuffle: bool = False,
        seed: int = 0,
    ) -> None:
        if len(source) != len(targets):
            raise SeqkitError(f"there are {len(source)} sources and {len(targets)} targets.")
        for name, side in (("source", source), ("target", targets)):
            if len(side) and side.lengths.min() == 0:
                raise SeqkitError(f"{name} {int(side.lengths.argmin())} is empty.")
        if batch_tokens < 0 or batch_size < 0 or not (batch_tokens or batch_size):
            raise SeqkitError(
                f"batch_tokens = {batch_tokens} and batch_size = {batch_size}: one of them must "
                "be at least 1, neither below 0."
            )
        if seed < 0:
            raise SeqkitError(f"seed = {seed}: it must be at least 0.")
        self._source, self._targets = source, targets
        self._pads = source_pad, target_pad
        self.shuffle, self.seed = shuffle, seed
        self._costs = self._shares(batch_tokens, batch_size)
        self._count = min(len(source), count or int(np.ceil(self._costs.sum() - 1e-9)))

    def _shares(self, batch_tokens: int, batch_size: int) -> NDArray[np.float64]:
        """Return what of a batch each row fills, ``(rows,)``."""
        shares = np.zeros(len(self._source))
        if batch_tokens:
            shares = (self._source.lengths + self._targets.lengths) / batch_tokens
        return np.maximum(shares, 1 / batch_size) if batch_size else shares

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        return self._count

    def plan(self, epoch: int) -> list[NDArray[np.int64]]:
        """Return the rows of each batch of an epoch, in order."""
        order = self._order(epoch)
        batches = [order[begin:end] for begin, end in pairwise(self._edges(order))]
        if self.shuffle:
            return [batches[i] for i in permutation(len(batches), self.seed, epoch, 1)]
        return batches

    def _order(self, epoch: int) -> NDArray[np.int64]:
        source, target = self._source.lengths, self._targets.lengths
        if not self.shuffle:
            return np.lexsort((source, target))
        raw = np.random.PCG64((self.seed, epoch, 0)).random_raw(2 * len(source))
        noise = (raw >> np.uint64(11)).astype(np.float64).reshape(2, -1) * (2.0**-53 * NOISE)
        return np.lexsort((source + noise[0], np.floor(target + noise[1])))

    def _edges(self, order: NDArray[np.int64]) -> list[int]:
        """Return where batches begin and end: each has the same share of all, and some row."""
        count, filled = len(self), np.cumsum(self._costs[order])
        if not count:
            return [0]
        wanted = filled[-1] * np.arange(count + 1) / count
        steps = np.arange(count + 1)
        edges = np.searchsorted(filled, wanted - 1e-9)
        edges = np.maximum.accumulate(edges - steps) + steps  # no batch without a row
        edges = np.minimum(edges, len(order) - steps[::-1])
        edges[0], edges[-1] = 0, len(order)
        return [int(edge) for edge in edges]

    def epoch(self, number: int, start: int = 0) -> Iterator[PairBatch]:
        """Iterate over the batches of an epoch, from the one at ``start``."""
        if not 0 <= start <= len(self):
            raise SeqkitError(f"batch {start} of {len(self)}: this run was made with other data.")
        return map(self.batch, self.plan(number)[start:])

    def batch(self, rows: NDArray[np.int64]) -> PairBatch:
        """Return the given pairs as one padded batch."""
        ids, lengths = self._source.padded(rows, self._pads[0])
        targets, target_lengths = self._targets.padded(rows, self._pads[1])
        read, written = int(lengths.sum()), int(target_lengths.sum())
        source = Batch(torch.from_numpy(ids), torch.from_numpy(lengths), rows, read)
        return PairBatch(
            source,
            torch.from_numpy(targets),
            torch.from_numpy(target_lengths),
            rows,
            read + written,
            written,
        )

    def padding_waste(self, epoch: int = 0) -> float:
        """Return the share of the cells of an epoch's batches that is padding, from 0 to 1."""
        cells = 0
        for rows in self.plan(epoch):
            longest = self._source.lengths[rows].max() + self._targets.lengths[rows].max()
            cells += int(longest) * len(rows)
        real = len(self._source.values) + len(self._targets.values)
        return 1 - real / cells if cells else 0.0


@dataclass(frozen=True)
class Kept:
    """Which pairs are learnt from, and why the others are not.

    Attributes:
        rows: ``(kept,)``, rising.
        empty: pairs of which a side has no token.
        long: pairs of which a side has too many.
    """

    rows: NDArray[np.int64]
    empty: int = 0
    long: int = 0
    limit: int = field(default=0)

    def __str__(self) -> str:
        """Say what was left out, or nothing."""
        told = []
        if self.empty:
            told.append(f"{self.empty} with an empty side")
        if self.long:
            told.append(f"{self.long} with a side of more than {self.limit} tokens")
        return f"pairs left out: {', '.join(told)}" if told else ""


def keep(source: Ragged, targets: Ragged, longest: int = 0) -> Kept:
    """Return the pairs to learn from: neither side empty, nor of more than ``longest`` tokens.

    Args:
        source: ids of the sources.
        targets: ids of the targets, without the one that ends a sequence.
        longest: 0: no limit.
    """
    least = np.minimum(source.lengths, targets.lengths)
    most = np.maximum(source.lengths, targets.lengths)
    empty = least == 0
    long = ~empty & (most > longest if longest else np.zeros_like(empty))
    rows = np.flatnonzero(~empty & ~long)
    return Kept(rows, int(empty.sum()), int(long.sum()), longest)
