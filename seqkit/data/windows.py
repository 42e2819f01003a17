"""A text cut into windows for truncated backpropagation through time (TBPTT).

:class:`Streams` lays a whole text in parallel streams, through which a state runs on from window
to window; :class:`Documents` reads rows that each begin anew. The windows of an epoch are a
function of (seed, epoch), and can be read from any of them on.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, model_validator
from torch import Tensor

from seqkit.data.batching import POOL, permutation
from seqkit.data.ragged import Ragged
from seqkit.errors import SeqkitError
from seqkit.settings import settings

HALVED = 0.05  # share of windows that are half as long (Merity et al. 2018, section 5)
SPREAD = 5.0  # standard deviation of a window's length, in steps
SHORTEST = 5  # steps
NONE = -1  # the target where there is nothing to predict


@settings
class WindowSettings:
    """How far the gradient and the state reach back."""

    bptt: int = Field(
        default=70, ge=0, description="steps that the gradient flows back through (0: all)"
    )
    jitter: bool = Field(
        default=False, description="windows of random lengths about bptt, as AWD-LSTM has them"
    )
    reset: bool = Field(
        default=False, description="begin each document with a fresh state, as if it were alone"
    )

    @model_validator(mode="after")
    def _agree(self) -> "WindowSettings":
        if self.jitter and (self.reset or not self.bptt):
            other = "window.reset" if self.reset else "window.bptt=0"
            raise ValueError(f"window.jitter has no use with {other}: leave out one of them")
        if self.jitter and self.bptt < SHORTEST:
            raise ValueError(
                f"window.jitter has windows of {SHORTEST} steps and more: use a larger bptt than "
                f"{self.bptt}, or leave out the jitter"
            )
        return self


@dataclass(frozen=True)
class Window:
    """Some steps of a number of rows that are read side by side.

    Attributes:
        inputs: ``(batch, time)`` int64 ids.
        targets: ``(batch, time)`` int64, the id after each of ``inputs``, or -1 where it is not
            to be predicted.
        fresh: whether its rows begin here. Else they go on from the first ``batch`` rows of the
            window before; the others have ended.
        tokens: the number of targets to predict, at least 1; of a part it may be 0.
        pace: its steps over those of a usual window: what its learning rate is multiplied by.
    """

    inputs: Tensor
    targets: Tensor
    fresh: bool
    tokens: int
    pace: float = 1.0

    @property
    def weight(self) -> int:
        """What the window's mean loss counts for in an epoch's: its tokens."""
        return self.tokens

    def to(self, device: torch.device) -> "Window":
        """Return the window with its tensors on ``device``."""
        if self.inputs.device == device:
            return self
        return replace(self, inputs=self.inputs.to(device), targets=self.targets.to(device))

    def part(self, first: int, every: int) -> "Window":
        """Return every so many rows from ``first`` on: they go on in the next window's part."""
        inputs, targets = self.inputs[first::every], self.targets[first::every]
        return replace(self, inputs=inputs, targets=targets, tokens=int((targets >= 0).sum()))


class Streams:
    """The windows of one long text, laid in ``batch_size`` streams that are read side by side.

    Every token is predicted once in an epoch. What is copied of the text is one window at a time.

    Args:
        text: ``(tokens,)`` int32 ids, memory-mapped or not.
        first: the id that comes before the first token.
        batch_size: streams; at least 1.
        bptt: steps of a window; 0 for the whole of a stream.
        jitter: windows of random lengths, others in each epoch (Merity et al. 2018, section 5).
        warmup: tokens before its own that each stream reads first, without predicting them: with
            some hundreds, parallel streams give the perplexity of a single pass.
        seed: with the epoch's number, decides the lengths.

    Raises:
        SeqkitError: if the text is shorter than one window.
    """

    def __init__(
        self,
        text: NDArray[np.int32],
        *,
        first: int,
        batch_size: int,
        bptt: int,
        jitter: bool = False,
        warmup: int = 0,
        seed: int = 0,
    ) -> None:
        if len(text) < batch_size * max(bptt, 1):
            raise SeqkitError(
                f"the text has {len(text):,} tokens, less than one window: {batch_size} streams "
                f"of {max(bptt, 1)} steps. Give more text, or a smaller batch_size or bptt."
            )
        self.text, self.first, self.bptt = text, first, bptt
        self.jitter, self.seed = jitter and bptt > 0, seed
        edges = np.arange(batch_size + 1, dtype=np.int64) * len(text) // batch_size
        self.own, self.ends = edges[:-1], edges[1:]  # of each stream, the tokens to predict
        self.begins = np.maximum(0, self.own - warmup)
        self.steps = int((self.ends - self.begins).max())
        usual = bptt * (1 - HALVED / 2) if self.jitter else float(bptt or self.steps)
        self.windows = int(np.ceil(self.steps / usual))

    def __len__(self) -> int:
        """Return the number of windows in an epoch."""
        return self.windows

    def edges(self, epoch: int) -> NDArray[np.int64]:
        """Return the step where each window of an epoch begins and, last, where all end.

        With jitter, a window has normally distributed steps about ``bptt`` or, with probability
        0.05, about half of it, and at least 5. All are then stretched or pressed by the hundredth
        or so that gives each epoch as many windows.
        """
        if not self.jitter:
            return np.minimum(np.arange(self.windows + 1) * (self.bptt or self.steps), self.steps)
        # raw numbers of PCG64 are the same in every version of NumPy; Box and Muller 1958
        raw = np.random.PCG64((self.seed, epoch)).random_raw((3, self.windows))
        u, v, w = (raw + 0.5) / 2.0**64
        normal = np.sqrt(-2 * np.log(u)) * np.cos(2 * np.pi * v)
        middle = np.where(w < HALVED, self.bptt / 2, self.bptt)
        ends = np.cumsum(np.maximum(SHORTEST, middle + SPREAD * normal))
        ends *= self.steps / ends[-1]
        return np.concatenate([np.zeros(1, np.int64), np.rint(ends).astype(np.int64)])

    def epoch(self, number: int, start: int = 0) -> Iterator[Window]:
        """Iterate over the windows of an epoch, from the one at ``start``."""
        _check(start, len(self))
        return (self._window(a, b) for a, b in pairwise(self.edges(number)[start:].tolist()))

    def _window(self, begin: int, end: int) -> Window:
        places = self.begins[:, None] + np.arange(begin - 1, end)
        ids = self.text[np.clip(places, 0, len(self.text) - 1)].astype(np.int64)
        if begin == 0:
            ids[places[:, 0] < 0, 0] = self.first
        inputs, targets = ids[:, :-1], ids[:, 1:].copy()
        mine = (places[:, 1:] >= self.own[:, None]) & (places[:, 1:] < self.ends[:, None])
        targets[~mine] = NONE
        return Window(
            torch.from_numpy(inputs),
            torch.from_numpy(targets),
            fresh=begin == 0,
            tokens=int(mine.sum()),
            pace=(end - begin) / self.bptt if self.jitter else 1.0,
        )


class Documents:
    """The windows of rows that each begin with a fresh state, whatever their lengths.

    Rows of like lengths are read side by side, and leave the batch when they end: so there is
    padding only within a row's last window. Every epoch has as many windows.

    Args:
        rows: of at least one token each.
        first: the id that comes before the first token of each.
        batch_size: rows of a batch, at most; at least 1.
        bptt: steps of a window; 0 for whole rows.
        seed: with the epoch's number, decides the order.

    Raises:
        SeqkitError: if there is no row, or an empty one.
    """

    def __init__(
        self, rows: Ragged, *, first: int, batch_size: int, bptt: int, seed: int = 0
    ) -> None:
        if len(rows) == 0 or rows.lengths.min() == 0:
            raise SeqkitError("a text needs at least one document, and each at least one token.")
        self.rows, self.first, self.seed = rows, first, seed
        self.bptt = bptt or int(rows.lengths.max())
        self._windows = -(-rows.lengths // self.bptt)  # of each row
        batches = -(-len(rows) // batch_size)
        self._edges = np.arange(batches + 1, dtype=np.int64) * len(rows) // batches
        self._pool = POOL * batch_size
        # of rows in order of their windows, each batch has as many as its last: in any epoch
        self._in_batch = np.sort(self._windows)[self._edges[1:] - 1]

    def __len__(self) -> int:
        """Return the number of windows in an epoch."""
        return int(self._in_batch.sum())

    def epoch(self, number: int, start: int = 0) -> Iterator[Window]:
        """Iterate over the windows of an epoch, from the one at ``start``."""
        _check(start, len(self))
        order = self._order(number)
        for batch in permutation(len(self._in_batch), self.seed, number, 1):
            windows = int(self._in_batch[batch])
            if start < windows:
                rows = order[self._edges[batch] : self._edges[batch + 1]]
                rows = rows[np.argsort(-self.rows.lengths[rows], kind="stable")]
                yield from (self._window(rows, i) for i in range(start, windows))
            start = max(0, start - windows)

    def _order(self, epoch: int) -> NDArray[np.int64]:
        """Rows by their number of windows, else at random; sorted by length in pools."""
        order = permutation(len(self.rows), self.seed, epoch, 0)
        order = order[np.argsort(self._windows[order], kind="stable")]
        pool = np.arange(len(order)) // self._pool
        return order[np.lexsort((self.rows.lengths[order], pool, self._windows[order]))]

    def _window(self, rows: NDArray[np.int64], number: int) -> Window:
        """Return a window of rows that are sorted by length, longest first."""
        begin = number * self.bptt
        rows = rows[self.rows.lengths[rows] > begin]
        lengths = self.rows.lengths[rows]
        end = min(begin + self.bptt, int(lengths[0]))
        steps = np.arange(begin - 1, end)
        places = self.rows.offsets[rows][:, None] + np.minimum(steps, lengths[:, None] - 1)
        ids = self.rows.values[np.maximum(places, 0)].astype(np.int64)
        if begin == 0:
            ids[:, 0] = self.first
        targets = ids[:, 1:].copy()
        targets[steps[1:] >= lengths[:, None]] = NONE
        tokens = int(np.minimum(lengths, end).sum() - begin * len(rows))
        return Window(torch.from_numpy(ids[:, :-1]), torch.from_numpy(targets), begin == 0, tokens)


def _check(start: int, windows: int) -> None:
    if not 0 <= start <= windows:
        raise SeqkitError(f"window {start} of {windows}: this run was made with other data.")
