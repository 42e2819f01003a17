"""Batches of rows of like lengths, the same for the same seed on any machine.

Rows of one batch are padded to its longest, so batches of mixed lengths waste most of their
work on padding. Sorting all rows by length wastes least, but then every epoch is the same;
so rows are shuffled, cut into pools of ``POOL`` batches, and sorted within each pool only.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from seqkit.data.ngrams import Bags
from seqkit.data.ragged import Ragged
from seqkit.data.spelling import Spellings
from seqkit.errors import SeqkitError

if TYPE_CHECKING:
    from seqkit.data.batch import Batch

POOL = 50  # batches


class Batches:
    """Cuts a :class:`Ragged` into batches, epoch by epoch.

    Every epoch has each row once, in ``ceil(rows / batch_size)`` batches whose sizes differ by
    at most one: there is no tiny last batch. A ``batch_size`` of 1 is single-example training,
    one of ``len(ragged)`` or more is full-batch.

    Args:
        ragged: the rows, none of them empty.
        batch_size: the most rows in a batch, at least 1.
        pad: the id that fills a row up to the longest of its batch.
        targets: ``(rows,)`` class numbers, or ``(rows, labels)`` of zeros and ones; None for no
            targets.
        spellings: of the tokens of ``ragged``, for models that read them; None for none.
        bags: the n-grams of each row, for models that weigh them; None for none.
        by_token: whether the mean loss of a batch is one over tokens; else it is over rows.
        shuffle: True for training; False for a fixed order, shortest rows first.
        seed: with the epoch's number, decides the order; at least 0.

    Raises:
        SeqkitError: if a row is empty, a number is out of range, or ``targets`` do not fit.
    """

    def __init__(
        self,
        ragged: Ragged,
        *,
        batch_size: int,
        pad: int,
        targets: ArrayLike | None = None,
        spellings: Spellings | None = None,
        bags: Bags | None = None,
        by_token: bool = False,
        shuffle: bool = False,
        seed: int = 0,
    ) -> None:
        if batch_size < 1:
            raise SeqkitError(f"batch_size = {batch_size}: it must be at least 1.")
        if seed < 0:
            raise SeqkitError(f"seed = {seed}: it must be at least 0.")
        if len(ragged) and ragged.lengths.min() == 0:
            row = int(ragged.lengths.argmin())
            raise SeqkitError(f"row {row} is empty: a batch needs at least one token a row.")
        self.batch_size, self.pad, self.shuffle, self.seed = batch_size, pad, shuffle, seed
        self._targets = None if targets is None else _checked(np.asarray(targets), len(ragged))
        if spellings is not None and len(spellings.words) != len(ragged.values):
            raise SeqkitError(
                f"{len(spellings.words)} tokens are spelt, and the rows have {len(ragged.values)}."
            )
        if bags is not None and len(bags.rows) != len(ragged):
            raise SeqkitError(f"there are {len(bags.rows)} bags for {len(ragged)} rows.")
        self._ragged, self._lengths = ragged, ragged.lengths
        self._spellings, self._bags, self._by_token = spellings, bags, by_token

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        return -(-len(self._lengths) // self.batch_size)

    def plan(self, epoch: int) -> list[NDArray[np.int64]]:
        """Return the rows of each batch of an epoch, in order."""
        order, edges = self._layout(epoch)
        batches = [order[begin:end] for begin, end in pairwise(edges.tolist())]
        if self.shuffle:
            return [batches[i] for i in permutation(len(batches), self.seed, epoch, 1)]
        return batches

    def epoch(self, number: int, start: int = 0) -> Iterator["Batch"]:
        """Iterate over the batches of an epoch, from the one at ``start``.

        Those before it are not built, so that a resumed run goes on at once, with the batches
        it would have seen.
        """
        if not 0 <= start <= len(self):
            raise SeqkitError(f"batch {start} of {len(self)}: this run was made with other data.")
        return map(self.batch, self.plan(number)[start:])

    def batch(self, rows: NDArray[np.int64]) -> "Batch":
        """Return the given rows as one padded batch."""
        import torch

        from seqkit.data.batch import Batch

        ids, lengths = self._ragged.padded(rows, self.pad)
        targets = spelling = None
        if self._targets is not None:
            kind = np.int64 if self._targets.ndim == 1 else np.float32
            targets = torch.from_numpy(self._targets[rows].astype(kind))
        if self._spellings is not None:
            spelling = self._spellings.batch(self._ragged.places(rows), self.pad)
        bag = None if self._bags is None else self._bags.batch(rows)
        tokens = int(lengths.sum())
        return Batch(
            torch.from_numpy(ids),
            torch.from_numpy(lengths),
            rows,
            tokens,
            targets,
            spelling,
            bag,
            self._by_token,
        )

    def arrays(self, rows: NDArray[np.int64]) -> dict[str, NDArray[np.generic]]:
        """Return what a model reads of the given rows by name, without torch.

        They are ``ids (batch, time)`` and ``lengths (batch,)``; with spellings ``words``,
        ``units`` and ``unit_lengths``, as :class:`~seqkit.data.batch.Spelling` has them; with bags
        ``ngrams`` and ``ngram_weights``, ``(batch, n-grams)``, weights of 0 at padding.
        """
        ids, lengths = self._ragged.padded(rows, self.pad)
        arrays: dict[str, NDArray[np.generic]] = {"ids": ids, "lengths": lengths}
        if self._spellings is not None:
            spelt = self._spellings.arrays(self._ragged.places(rows), self.pad)
            arrays |= dict(zip(("words", "units", "unit_lengths"), spelt, strict=True))
        if self._bags is not None:
            arrays |= dict(zip(("ngrams", "ngram_weights"), self._bags.padded(rows), strict=True))
        return arrays

    def padding_waste(self, epoch: int = 0) -> float:
        """Return the share of the cells of an epoch's batches that is padding, from 0 to 1."""
        if len(self) == 0:
            return 0.0
        order, edges = self._layout(epoch)
        longest = np.maximum.reduceat(self._lengths[order], edges[:-1])
        return float(1 - self._lengths.sum() / (longest * np.diff(edges)).sum())

    def _layout(self, epoch: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """All rows in order, and where each batch begins and ends, before batches are shuffled."""
        rows = len(self._lengths)
        edges = np.arange(len(self) + 1, dtype=np.int64) * rows // max(1, len(self))
        if not self.shuffle:
            return np.argsort(self._lengths, kind="stable"), edges
        order = permutation(rows, self.seed, epoch, 0)
        pool = np.repeat(np.arange(len(self)) // POOL, np.diff(edges))
        return order[np.lexsort((self._lengths[order], pool))], edges


class Recut:
    """Batches of rows that are cut anew for each epoch.

    Args:
        plain: the batches of the rows as they are otherwise cut.
        anew: returns the batches of as many rows, cut for the epoch of a number; the same ones
            each time, so that a resumed run goes on with them.
    """

    def __init__(self, plain: Batches, anew: Callable[[int], Batches]) -> None:
        self._plain, self._anew = plain, anew

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        return len(self._plain)

    def epoch(self, number: int, start: int = 0) -> Iterator["Batch"]:
        """Do as :meth:`Batches.epoch` does."""
        return self._anew(number).epoch(number, start)

    def padding_waste(self) -> float:
        """Return what :meth:`Batches.padding_waste` does, of the rows as otherwise cut."""
        return self._plain.padding_waste()


def permutation(size: int, *seed: int) -> NDArray[np.int64]:
    """Return a random order of ``size`` things.

    It sorts PCG64's raw numbers, which NumPy promises never to change;
    ``Generator.permutation`` may give another order in another version.
    """
    return np.argsort(np.random.PCG64(seed).random_raw(size), kind="stable")


def _checked(targets: NDArray[np.generic], rows: int) -> NDArray[np.generic]:
    if targets.ndim not in (1, 2) or len(targets) != rows:
        raise SeqkitError(
            f"targets of shape {targets.shape} do not fit {rows} rows: "
            "give one class, or one row of labels, for each."
        )
    if targets.ndim == 1 and targets.dtype.kind not in "iu":
        raise SeqkitError(f"targets are {targets.dtype}: classes are whole numbers from 0.")
    if targets.ndim == 2 and not ((targets == 0) | (targets == 1)).all():
        raise SeqkitError("targets with a column for each label must be zeros and ones.")
    return targets
