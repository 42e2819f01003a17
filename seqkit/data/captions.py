"""Batches of pictures, or of ready vectors, and a caption of each."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqkit.data.batch import longest
from seqkit.data.batching import Batches
from seqkit.data.ragged import Ragged
from seqkit.errors import SeqkitError

Pictures = NDArray[np.float32]  # (pictures, height, width, channels) or (pictures, features)


@dataclass(frozen=True)
class CaptionBatch:
    """Pictures and a caption of each.

    Attributes:
        pictures: ``(batch, *shape)`` float32.
        targets: ``(batch, time)`` int64 ids that end in ``eos``, padded on the right.
        lengths: ``(batch,)`` int64, how many of them are real, at least 1.
        rows: ``(batch,)``, where each caption stands in its split.
        tokens: of the captions, padding excluded.
    """

    pictures: Tensor
    targets: Tensor
    lengths: Tensor
    rows: NDArray[np.int64]
    tokens: int

    @property
    def weight(self) -> int:
        """What the batch's mean loss counts for in an epoch's: its tokens."""
        return self.tokens

    def to(self, device: torch.device) -> "CaptionBatch":
        """Return the batch with its tensors on ``device``."""
        pictures, targets = self.pictures.to(device), self.targets.to(device)
        return CaptionBatch(pictures, targets, self.lengths.to(device), self.rows, self.tokens)

    def part(self, first: int, every: int) -> "CaptionBatch":
        """Return every so many captions from ``first`` on, padded to the longest of them."""
        lengths = self.lengths[first::every]
        targets = self.targets[first::every, : longest(lengths)]
        pictures, rows = self.pictures[first::every], self.rows[first::every]
        return CaptionBatch(pictures, targets, lengths, rows, int(lengths.sum()))


class CaptionBatches:
    """Cuts captions into batches, epoch by epoch, each with its picture.

    Every epoch has each caption once: a picture of several captions comes as often. Order and
    sizes are those of :class:`~seqkit.data.batching.Batches`.

    Args:
        pictures: ``(pictures, *shape)`` float32.
        captions: ids of the captions, each row ending in ``eos``.
        owners: ``(captions,)``, the picture of each.
        batch_size: the most captions in a batch, at least 1.
        pad: the id that fills a caption up to the longest of its batch.
        shuffle: True for training; False for a fixed order.
        seed: with the epoch's number, decides the order.

    Raises:
        SeqkitError: if a number is out of range, or captions and owners do not fit.
    """

    def __init__(
        self,
        pictures: Pictures,
        captions: Ragged,
        owners: NDArray[np.int64],
        *,
        batch_size: int,
        pad: int,
        shuffle: bool = False,
        seed: int = 0,
    ) -> None:
        if len(owners) != len(captions):
            raise SeqkitError(f"{len(captions)} captions have {len(owners)} pictures.")
        self.pictures, self.captions, self.owners = pictures, captions, owners
        self._batches = Batches(
            captions, batch_size=batch_size, pad=pad, shuffle=shuffle, seed=seed
        )

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        return len(self._batches)

    def epoch(self, number: int, start: int = 0) -> Iterator[CaptionBatch]:
        """Iterate over the batches of an epoch, from the one at ``start``."""
        for batch in self._batches.epoch(number, start):
            pictures = torch.from_numpy(self.pictures[self.owners[batch.rows]])
            yield CaptionBatch(pictures, batch.ids, batch.lengths, batch.rows, batch.tokens)
