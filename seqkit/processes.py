"""The processes that ``torchrun`` started: they meet, agree, and fail together.

Every function here is called by all of them, in the same order. With one process alone, those
that say so do the plain thing.
"""

import logging
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

from seqkit.errors import SeqkitError

T = TypeVar("T")

# That processes wait for one another while one of them reads, scores or saves. It has nothing to
# do with one that has died: that is noticed at once, by its closed connection.
PATIENCE = timedelta(days=1)


class DesertedError(SeqkitError):
    """Another process has ended before its time."""


def launched() -> bool:
    """Return whether ``torchrun`` started this process as one of several."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def place() -> tuple[int, int]:
    """Return this process's rank, and how many there are: 0 and 1 where it is alone."""
    from torch import distributed

    if not (distributed.is_available() and distributed.is_initialized()):
        return 0, 1
    return distributed.get_rank(), distributed.get_world_size()


@contextmanager
def process_group(device: str = "cpu") -> Iterator[int]:
    """Join the processes that ``torchrun`` started; give this one's rank, 0 for the writer.

    Tensors on the CPU go by gloo, those on GPUs by NCCL. If a process fails, the others stop,
    and one line is told between them: what was told once is a silent ``SystemExit`` elsewhere.

    Raises:
        SeqkitError: if the processes cannot find one another.
    """
    import torch
    from torch import distributed

    if device.startswith("cuda"):
        torch.cuda.set_device(own_device(device))
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    try:
        distributed.init_process_group(backend, timeout=PATIENCE)
    except (RuntimeError, ValueError) as error:
        raise SeqkitError(
            f"the processes of torchrun cannot meet ({str(error).splitlines()[0].rstrip('.')}): "
            "check --rdzv-endpoint and that the machines reach one another."
        ) from None
    rank = distributed.get_rank()
    if rank > 0:  # what is to be told is told by the first
        logging.getLogger("seqkit").setLevel(logging.ERROR)
    try:
        yield rank
    except Exception as error:
        if not _first_to_tell(error):
            raise SystemExit(2) from None
        raise  # the group is left as it is: this process ends, and the others are to notice
    distributed.destroy_process_group()


def _first_to_tell(error: Exception) -> bool:
    """Whether no other process has told this; of a desertion, whether none has told anything."""
    from torch.distributed import distributed_c10d

    told = f"{type(error).__name__}: {error}"
    try:
        store: Any = distributed_c10d._get_default_store()
        before = store.add("seqkit/told", 1) > 1
        again = store.add(f"seqkit/told/{zlib.crc32(told.encode())}", 1) > 1
    except RuntimeError:  # the store has gone with the process that had it
        return True
    return not (before if isinstance(error, DesertedError) else again)


@contextmanager
def company() -> Iterator[None]:
    """Run a block in which this process waits for others.

    Raises:
        DesertedError: if one of them is gone.
    """
    try:
        yield
    except RuntimeError as error:
        raise DesertedError(
            "another process of torchrun has died, killed or out of memory, and this one cannot "
            "go on without it: start all again with --resume."
        ) from error


def own_device(device: str) -> str:
    """Return the device of this process: ``cuda`` is one GPU for each process of a machine."""
    return f"cuda:{os.environ.get('LOCAL_RANK', '0')}" if device == "cuda" else device


def from_first(make: Callable[[], T]) -> T:
    """Return, in every process, what the first one makes; alone, just make it."""
    from torch import distributed

    rank, world = place()
    if world == 1:
        return make()
    box = [make() if rank == 0 else None]
    with company():
        distributed.broadcast_object_list(box, src=0)
    return box[0]  # type: ignore[return-value]


def gathered(value: T) -> list[T]:
    """Return the value of each process, in order, in the first one; elsewhere nothing."""
    from torch import distributed

    rank, world = place()
    if world == 1:
        return [value]
    box: list[Any] | None = [None] * world if rank == 0 else None
    with company():
        distributed.gather_object(value, box, dst=0)
    return box or []


@contextmanager
def first_rank_first() -> Iterator[None]:
    """Run a block on rank 0, and then on all others: they find what it wrote.

    Alone, just run it.
    """
    rank, _ = place()
    if rank != 0:
        from_first(lambda: None)
    yield
    if rank == 0:
        from_first(lambda: None)


def check_same(what: str, value: object) -> None:
    """Make sure that all processes have the same; alone, do nothing.

    Raises:
        SeqkitError: if not, naming a rank that differs.
    """
    from torch import distributed

    _, world = place()
    values: list[object] = [value] * world
    if world > 1:
        with company():
            distributed.all_gather_object(values, value)
    for rank, other in enumerate(values):
        if other != values[0]:
            raise SeqkitError(
                f"process {rank} of torchrun has another {what} than process 0: "
                "give every machine the same text and the same settings."
            )
