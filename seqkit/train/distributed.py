"""One model trained by several processes, on one machine or many, started by ``torchrun``.

A step is a batch of the order that one process would see, its rows dealt out: process r of n takes
rows r, r + n, r + 2 n, ... So ``batch_size`` means what it always means, lengths are spread evenly,
a stream of text stays with its process and so does the state that runs through it. Gradients are
summed, each weighed by what its rows count for in the batch: the sum is the gradient of the whole
batch, whatever the parts' sizes, and every process takes the same step with it.
"""

import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import torch
from torch import Tensor, distributed, nn
from torch.optim import Optimizer

from seqkit.errors import SeqkitError
from seqkit.processes import check_same, company, from_first, gathered, place
from seqkit.train.job import TrainingBatch
from seqkit.train.optimizers import LazyAdam

T = TypeVar("T")
AnyBatch = TypeVar("AnyBatch", bound=TrainingBatch)

BUCKET = 1 << 23  # numbers that are sent at once, at least


class Ranks:
    """The processes that train a model together, as one of them; alone, nothing extra is done.

    Args:
        optimizers: of the model, the same in every process.
    """

    def __init__(self, optimizers: Sequence[Optimizer]) -> None:
        self.rank, self.count = place()
        self._dense: list[nn.Parameter] = []
        self._lazy: list[nn.Parameter] = []
        for optimizer in optimizers:
            kind = self._lazy if isinstance(optimizer, LazyAdam) else self._dense
            kind += [p for group in optimizer.param_groups for p in group["params"]]

    @property
    def alone(self) -> bool:
        """Whether there is no other process."""
        return self.count == 1

    @property
    def first(self) -> bool:
        """Whether this process is the one that scores and writes."""
        return self.rank == 0

    def from_first(self, make: Callable[[], T]) -> T:
        """Return, in every process, what the first one makes."""
        return from_first(make)

    def gathered(self, value: T) -> list[T]:
        """Return the value of each process, in order, in the first one; elsewhere nothing."""
        return gathered(value)

    def check_same(self, what: str, value: object) -> None:
        """Raise a :class:`SeqkitError` if a process has another ``value`` than the first."""
        check_same(what, value)

    def part(self, batch: AnyBatch) -> AnyBatch:
        """Return this process's rows of a batch."""
        if self.alone:
            return batch
        if not hasattr(batch, "part"):
            raise SeqkitError(
                f"{type(batch).__name__} has no method part(first, every), by which its rows are "
                "dealt out: give it one, or train with one process."
            )
        return batch.part(self.rank, self.count)

    @torch.no_grad()
    def begin(self, model: nn.Module, seed: int) -> None:
        """Give every process the first one's weights, and random numbers of its own."""
        if self.alone:
            return
        for tensor in model.state_dict().values():
            with company():
                distributed.broadcast(tensor, src=0)
        if not self.first:
            torch.manual_seed(zlib.crc32(f"{seed} {self.rank}".encode()))

    @torch.no_grad()
    def add_up(self, *figures: float) -> tuple[float, ...]:
        """Sum the gradients of the model, and ``figures``, over all processes.

        Afterwards all have the same bits. Of a row-sparse gradient only those rows are sent that
        some process has read.
        """
        if self.alone:
            return figures
        touched = self._touched()
        used, of_rows = touched[: len(self._dense)].tolist(), touched[len(self._dense) :]
        parts: list[Tensor] = []
        for parameter, has_gradient in zip(self._dense, used, strict=True):
            if has_gradient and parameter.grad is None:  # its part of the batch did not need it
                parameter.grad = torch.zeros_like(parameter)
            parts += [parameter.grad] if has_gradient and parameter.grad is not None else []
        sizes = [len(parameter) for parameter in self._lazy]
        for parameter, mark in zip(self._lazy, torch.split(of_rows, sizes), strict=True):
            rows = mark.nonzero().squeeze(1)
            parameter.grad = widened(parameter, rows) if len(rows) else None
            parts += [parameter.grad._values()] if parameter.grad is not None else []
        told = torch.tensor(figures, device=touched.device)
        sum_all([told, *parts])
        return tuple(told.tolist())

    def _touched(self) -> Tensor:
        """Return ones for each dense parameter that has a gradient, and each row of lazy ones."""
        device = (self._dense + self._lazy)[0].device
        has = [parameter.grad is not None for parameter in self._dense]
        marks = [torch.tensor(has, dtype=torch.uint8, device=device)]
        for parameter in self._lazy:
            mark = torch.zeros(len(parameter), dtype=torch.uint8, device=device)
            if parameter.grad is not None:
                mark[parameter.grad._indices()[0]] = 1
            marks.append(mark)
        touched = torch.cat(marks)
        with company():
            distributed.all_reduce(touched, distributed.ReduceOp.MAX)
        return touched


def widened(parameter: nn.Parameter, rows: Tensor) -> Tensor:
    """Return the row-sparse gradient of ``parameter`` with zeros at all other of ``rows``.

    Args:
        parameter: its gradient is sparse, or None for zeros.
        rows: sorted, all rows of its gradient among them.
    """
    values = parameter.new_zeros(len(rows), *parameter.shape[1:])
    if parameter.grad is not None:
        own = parameter.grad.coalesce()
        values[torch.searchsorted(rows, own.indices()[0])] = own.values()
    size = parameter.shape
    return torch.sparse_coo_tensor(
        rows[None], values, size, check_invariants=False, is_coalesced=True
    )


def sum_all(tensors: Sequence[Tensor]) -> None:
    """Sum each of ``tensors`` over all processes, in place, many of them at once."""
    for bucket in _buckets(tensors):
        flat = torch.cat([tensor.reshape(-1) for tensor in bucket])
        with company():
            distributed.all_reduce(flat)
        sums = torch.split(flat, [tensor.numel() for tensor in bucket])
        for tensor, summed in zip(bucket, sums, strict=True):
            tensor.copy_(summed.view_as(tensor))


def _buckets(tensors: Sequence[Tensor]) -> Iterator[list[Tensor]]:
    bucket: list[Tensor] = []
    size = 0
    for tensor in tensors:
        bucket.append(tensor)
        size += tensor.numel()
        if size >= BUCKET:
            yield bucket
            bucket, size = [], 0
    if bucket:
        yield bucket
