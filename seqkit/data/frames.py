"""Windows of consecutive frames, cut from a series; a frame is a row of numbers.

A window, with what it is to forecast, lies inside one split: none straddles two.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqkit.data.batching import permutation
from seqkit.errors import SeqkitError

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class FrameBatch:
    """Windows of frames, padded on the right where some are shorter.

    Attributes:
        inputs: ``(batch, time, features)`` float32.
        lengths: ``(batch,)`` int64, frames of each window, at least 1.
        targets: ``(batch, horizon)`` float32 forecasts, ``(batch,)`` int64 labels of windows, or
            ``(batch, time)`` int64 labels of frames; None where there is nothing to learn from.
        tokens: the number of frames, padding excluded.
        weight: what the batch's mean loss counts for: windows, or frames if each has a label.
    """

    inputs: Tensor
    lengths: Tensor
    tokens: int
    weight: int
    targets: Tensor | None = None

    @cached_property
    def mask(self) -> Tensor:
        """``(batch, time)`` bool, True at real frames."""
        time = torch.arange(self.inputs.shape[1], device=self.inputs.device)
        return time < self.lengths[:, None]

    def to(self, device: torch.device) -> "FrameBatch":
        """Return the batch with its tensors on ``device``."""
        targets = None if self.targets is None else self.targets.to(device)
        inputs, lengths = self.inputs.to(device), self.lengths.to(device)
        return FrameBatch(inputs, lengths, self.tokens, self.weight, targets)

    def part(self, first: int, every: int) -> "FrameBatch":
        """Return every so many windows from ``first`` on."""
        inputs, lengths = self.inputs[first::every], self.lengths[first::every]
        targets = None if self.targets is None else self.targets[first::every]
        tokens = int(lengths.sum())
        weight = tokens if self.weight == self.tokens else len(lengths)
        return FrameBatch(inputs, lengths, tokens, weight, targets)


def starts(frames: int, span: int, stride: int = 1) -> Indices:
    """Return where every window of ``span`` frames begins, ``stride`` apart; the last one too.

    It is empty if not one window fits.
    """
    last = frames - span
    if last < 0:
        return np.empty(0, np.int64)
    return np.unique(np.append(np.arange(0, last, stride, dtype=np.int64), last))


class Windows:
    """Windows of one series in batches, epoch by epoch.

    Args:
        values: ``(frames, features)`` float32.
        begins: where each window begins.
        window: frames of a window; one that begins too near the end is shorter.
        targets: of each frame: ``(frames,)`` float32 to forecast, or int64 labels. None: none.
        horizon: how many frames past each window are to be forecast; 0: labels, of each window's
            last frame.
        aligned: labels of each frame instead.
        batch_size: the most windows in a batch.
        shuffle: True for training; the order is a function of seed and epoch.
        seed: with the epoch's number, decides the order.
    """

    def __init__(
        self,
        values: NDArray[np.float32],
        begins: Indices,
        *,
        window: int,
        targets: NDArray[np.float32] | Indices | None = None,
        horizon: int = 0,
        aligned: bool = False,
        batch_size: int = 256,
        shuffle: bool = False,
        seed: int = 0,
    ) -> None:
        self.values, self.begins, self.window, self.targets = values, begins, window, targets
        self.horizon, self.aligned = horizon, aligned
        self.batch_size, self.shuffle, self.seed = batch_size, shuffle, seed

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        return -(-len(self.begins) // self.batch_size)

    def order(self, epoch: int) -> Indices:
        """Return the order of the windows in an epoch."""
        count = len(self.begins)
        return permutation(count, self.seed, epoch) if self.shuffle else np.arange(count)

    def epoch(self, number: int, start: int = 0) -> Iterator[FrameBatch]:
        """Iterate over the batches of an epoch, from the one at ``start``; sizes are even."""
        if not 0 <= start <= len(self):
            raise SeqkitError(f"batch {start} of {len(self)}: this run was made with other data.")
        order = self.order(number)
        edges = np.arange(len(self) + 1) * len(order) // max(1, len(self))
        return (self.batch(order[edges[i] : edges[i + 1]]) for i in range(start, len(self)))

    def batch(self, rows: Indices) -> FrameBatch:
        """Return some windows as one batch."""
        begins = self.begins[rows]
        lengths = np.minimum(self.window, len(self.values) - begins)
        time = np.arange(lengths.max(initial=0))
        places = np.minimum(begins[:, None] + time, len(self.values) - 1)
        inputs = torch.from_numpy(self.values[places])
        tokens = int(lengths.sum())
        return FrameBatch(
            inputs,
            torch.from_numpy(lengths),
            tokens,
            tokens if self.aligned else len(rows),
            self._targets(begins, lengths, places),
        )

    def _targets(self, begins: Indices, lengths: Indices, places: Indices) -> Tensor | None:
        if self.targets is None:
            return None
        ends = begins + lengths
        if self.horizon:
            places = ends[:, None] + np.arange(self.horizon)
        elif not self.aligned:
            places = ends - 1
        return torch.from_numpy(self.targets[places])
