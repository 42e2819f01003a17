"""Which engine trains: in one thread or several, on an accelerator, on many machines."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from seqkit.data.ragged import Ragged
from seqkit.errors import SeqkitError
from seqkit.processes import launched
from seqkit.vectors.training.engine import CpuEngine, FrequentRows, HogwildEngine, room
from seqkit.vectors.training.merging import ReplicaEngine, UpdateRates, interval, update_rates
from seqkit.vectors.training.objective import Engine
from seqkit.vectors.training.state import Floats, into
from seqkit.vectors.word2vec import Word2VecSettings

if TYPE_CHECKING:
    from seqkit.vectors.training.course import Training


@contextmanager
def engine_of(training: "Training", device: str) -> Iterator[tuple[Engine, Callable[[], None]]]:
    """Give what trains, and what brings the weights up to date."""
    chosen, state, rows = training.chosen, training.state, training.rows
    objective, counts, workers = chosen.objective, state.counts, chosen.workers
    grams = None if chosen.ngrams is None else chosen.ngrams.rows(training.text.words)
    tree = None
    if chosen.hierarchical:
        from seqkit.vectors.training.hierarchical import huffman_tree

        tree = huffman_tree(counts)
    rates = update_rates(counts, objective, grams, tree)
    if device != "cpu":
        from seqkit.vectors.training.accelerated import TorchEngine

        there = TorchEngine(
            rows, counts, state.input, state.output, objective, grams=grams, device=device
        )
        with _together(there, there.weights, rows, rates) as (engine, merge):

            def settle() -> None:
                merge()
                there.settle()

            yield engine, settle
        return

    def made(input: Floats, output: Floats) -> CpuEngine:
        return CpuEngine(rows, counts, input, output, objective, pieces=training.pieces, tree=tree)

    if chosen.deterministic and workers > 1 and launched():
        raise SeqkitError(
            "the processes of torchrun are deterministic with one thread each: workers=1."
        )
    if chosen.deterministic and workers > 1:
        every = interval(len(rows.values), workers)
        apart = ReplicaEngine(
            made, state.input, state.output, rows, rates, replicas=workers, every=every
        )
        yield apart, apart.settle
        return
    local = _local(training, made, rates)
    with _together(local, (state.input, state.output), rows, rates) as both:
        yield both


def _local(
    training: "Training", made: Callable[[Floats, Floats], CpuEngine], rates: UpdateRates
) -> Engine:
    """Return what trains in threads of this process, as many as there are workers."""
    state, rows, workers = training.state, training.rows, training.chosen.workers
    if workers == 1:
        return made(state.input, state.output)
    if training.pieces is not None or training.chosen.hierarchical:
        return HogwildEngine(made(state.input, state.output), rows, workers)
    known, width = state.output.shape
    shape = known + workers * room(known, width), width
    input, output = into(state.input, shape), into(state.output, shape)
    state.input, state.output = input[:known], output[:known]
    frequent = FrequentRows(width, rates, len(rows.values), workers)
    return HogwildEngine(made(input, output), rows, workers, frequent)


def check_device(chosen: Word2VecSettings, device: str) -> None:
    """Make sure that a device other than the processor is there, and can do what is chosen.

    Raises:
        SeqkitError: if not.
    """
    from seqkit.vectors.training.accelerated import find_device

    if chosen.hierarchical:
        raise SeqkitError(
            f"device={device} trains by negative sampling: leave out hierarchical=true."
        )
    if chosen.deterministic:
        raise SeqkitError(
            f"device={device} adds in any order, and is not deterministic: leave that out, or "
            "train on the cpu."
        )
    find_device(device)


@contextmanager
def _together(
    engine: Engine, weights: Sequence[Any], rows: Ragged, rates: Any
) -> Iterator[tuple[Engine, Callable[[], None]]]:
    """Give an engine that trains with the other processes of torchrun, if there are any."""
    if not launched():
        yield engine, lambda: None
        return
    import torch

    from seqkit.vectors.training.distributed import DistributedEngine

    tensors = [torch.as_tensor(weight) for weight in weights]
    every = interval(len(rows.values), int(os.environ["WORLD_SIZE"]))
    several = DistributedEngine(engine, tensors, rows, rates, every=every)
    yield several, several.settle
