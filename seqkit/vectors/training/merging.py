"""Replicas of the weights, trained apart and merged row by row.

Each worker (a thread that must be reproducible, or a process on another machine) trains a replica
on its own share of the text, and now and then the replicas become one again. Ji et al. 2016
(arXiv 1604.04661, section 4) merge frequent rows more often than rare ones; how the changes of a
row are joined depends on its frequency too. A rare row is changed by hardly more than one replica:
the changes add up. A frequent row is led to the same place by every replica: adding would
overshoot it, so they are averaged. :func:`weight_of_changes` is the smooth rule between the two.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise, repeat
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seqkit.data.ragged import Ragged
from seqkit.vectors.training.objective import (
    Engine,
    Objective,
    Tally,
    keep_probability,
    noise_distribution,
)

if TYPE_CHECKING:
    from seqkit.vectors.training.kernels import Tree

Floats = NDArray[np.float32]
UpdateRates = tuple[NDArray[np.float64], NDArray[np.float64]]  # of input rows, of output rows

EVERY, LEAST = 50_000, 500  # words that a replica trains on between merges: most, least
ROUNDS = 100  # of merges in an epoch, at least, if they are not shorter than LEAST
# Part of the way to its goal that an update covers, at a rate of 1. By experiment (skip-gram, 4
# replicas): 0.2 to 1 give the same loss; at 0.03, and where all changes add, training diverges;
# at 4 it learns more slowly, and where all are averaged more slowly still.
CONTRACTION = 0.5
DUE = 0.05  # pull since its last merge from which a row is merged


def weight_of_changes(pull: NDArray[np.float64], replicas: int) -> NDArray[np.float64]:
    """Return how much the sum of the replicas' changes of a row counts, from 1 to 1 / replicas.

    Each update leads a row some part of the way to where its gradient is zero; after all updates
    of one replica ``1 - exp(-pull)`` of the way is gone, where ``pull`` is the sum of the parts.
    Had one row had the updates of all replicas, ``1 - exp(-replicas * pull)`` were gone: the sum
    of changes times this weight goes as far.
    """
    pull = np.maximum(pull, 1e-9)
    weights: NDArray[np.float64] = np.expm1(-replicas * pull) / (replicas * np.expm1(-pull))
    return weights


def update_rates(
    counts: NDArray[np.int64],
    objective: Objective,
    grams: Ragged | None = None,
    tree: "Tree | None" = None,
) -> UpdateRates:
    """Return how many updates each row expects for a word of text: input rows, output rows.

    Args:
        counts: ``(words,)``, how often each occurs.
        objective: what is trained.
        grams: n-grams of each word as rows of buckets, which follow the words' own input rows;
            only as many buckets as occur are counted.
        tree: of hierarchical softmax, whose nodes are then the output rows.
    """
    kept = counts / counts.sum() * keep_probability(counts, objective.sample)
    reach = objective.window + 1  # words of a window, half of 2 * window + 2 on average
    predictions = kept * (reach if objective.model == "skipgram" else 1)
    inputs = kept * reach
    if grams is not None:
        buckets = np.bincount(grams.values, np.repeat(inputs, grams.lengths))
        inputs = np.concatenate([inputs, buckets])
    if tree is not None:
        passing = np.repeat(predictions, np.diff(tree.offsets))
        through = np.bincount(tree.nodes, passing, minlength=len(counts)).astype(np.float64)
        return inputs, through
    noise = objective.negative * predictions.sum() * noise_distribution(counts, objective.noise)
    return inputs, predictions + noise


def interval(words: int, replicas: int) -> int:
    """Return the words that a replica trains on between merges, for a text of so many."""
    return min(EVERY, max(LEAST, words // (ROUNDS * replicas)))


class Timetable:
    """Which rows of a matrix are merged when, and how much their changes count.

    Args:
        rates: ``(rows,)``, expected updates for a word of text, as :func:`update_rates` gives.
        replicas: how many there are.
    """

    def __init__(self, rates: NDArray[np.float64], replicas: int) -> None:
        self._rates, self._replicas = CONTRACTION * rates, replicas
        self._now, self._merged = 0.0, np.zeros(len(rates))

    def advance(self, words: float, lr: float) -> None:
        """Say that each replica has trained on so many more words at this rate."""
        self._now += words * lr

    def due(self, *, all_rows: bool = False) -> tuple[NDArray[np.int64], Floats]:
        """Return the rows to merge now, in order, and the weight of each one's summed changes.

        They are from then on taken for merged. With ``all_rows`` every row that was trained is.
        """
        pull = self._rates * (self._now - self._merged)
        rows = np.flatnonzero(pull > 0 if all_rows else pull >= DUE)
        weights = weight_of_changes(pull[rows], self._replicas).astype(np.float32)
        self._merged[rows] = self._now
        if all_rows:  # what follows is the same after a resume, to the last bit
            self._now = 0.0
            self._merged[:] = 0
        return rows, weights


class ReplicaEngine:
    """Trains one replica a thread and merges them: the same bits however threads are scheduled.

    The weights given are the common ones, in order after :meth:`settle`. Memory is that of
    ``replicas`` + 1 models.

    Args:
        make: an engine that trains the two given arrays in place.
        input: ``(words + buckets, size)`` float32.
        output: ``(words, size)`` float32.
        rows: the text that the engines train on.
        rates: of both matrices, by :func:`update_rates`.
        replicas: threads.
        every: words that a replica trains on between merges.
    """

    def __init__(
        self,
        make: Callable[[Floats, Floats], Engine],
        input: Floats,
        output: Floats,
        rows: Ragged,
        rates: Sequence[NDArray[np.float64]],
        *,
        replicas: int,
        every: int = EVERY,
    ) -> None:
        self._common = (input, output)
        self._copies = [np.repeat(array[None], replicas, axis=0) for array in self._common]
        self._engines = [make(*arrays) for arrays in zip(*self._copies, strict=True)]
        self._timetables = [Timetable(rate, replicas) for rate in rates]
        self._offsets, self._every = np.asarray(rows.offsets), every
        self._pool = ThreadPoolExecutor(replicas)

    def run(self, first: int, last: int, lr: float, next_lr: float, seed: int) -> Tally:
        """Train on rows ``first`` to ``last`` once, while the rate falls from lr to next_lr."""
        replicas = len(self._engines)
        words = int(self._offsets[last] - self._offsets[first])
        rounds = max(1, round(words / (replicas * self._every)))
        cuts = shares(self._offsets, first, last, rounds * replicas)
        rates = np.linspace(lr, next_lr, rounds + 1).tolist()
        tallies: list[Tally] = []
        for number, (rate, next_rate) in enumerate(pairwise(rates)):
            parts = cuts[number * replicas : (number + 1) * replicas + 1]
            seeds = [mixed(seed, number, replica) for replica in range(replicas)]

            falling = repeat(rate), repeat(next_rate)
            tallies += self._pool.map(_run, self._engines, parts[:-1], parts[1:], *falling, seeds)
            for timetable in self._timetables:
                timetable.advance(words / rounds / replicas, (rate + next_rate) / 2)
            self._merge(all_rows=False)
        return total(tallies)

    def settle(self) -> None:
        """Merge every row: the given arrays and all replicas are then the same."""
        self._merge(all_rows=True)

    def _merge(self, *, all_rows: bool) -> None:
        for common, copies, timetable in zip(
            self._common, self._copies, self._timetables, strict=True
        ):
            rows, weights = timetable.due(all_rows=all_rows)
            for_each = np.array_split(rows, len(self._engines))
            weights_of_each = np.array_split(weights, len(self._engines))
            done = self._pool.map(merge, repeat(common), repeat(copies), for_each, weights_of_each)
            list(done)  # waits, and raises what went wrong


def _run(engine: Engine, first: int, last: int, lr: float, next_lr: float, seed: int) -> Tally:
    return engine.run(first, last, lr, next_lr, seed)


def merge(common: Floats, copies: Floats, rows: NDArray[np.int64], weights: Floats) -> None:
    """Merge some rows of all replicas, in place: the common weights and every replica.

    Changes are summed in order of the replicas, in double precision.

    Args:
        common: ``(rows, size)``, as last merged.
        copies: ``(replicas, rows, size)``, each trained from there.
        rows: which rows.
        weights: of each one's summed changes.
    """
    if len(copies) == 1:
        common[rows] = copies[0, rows]
        return
    from seqkit.vectors.training.merging_kernels import merge_rows

    merge_rows(common, copies, rows, weights)


def shares(offsets: NDArray[np.int64], first: int, last: int, parts: int) -> list[int]:
    """Cut rows ``first`` to ``last`` into parts of about as many tokens; return all their ends."""
    goals = np.linspace(offsets[first], offsets[last], parts + 1)[1:-1]
    inner = np.clip(np.searchsorted(offsets, goals), first, last)
    return [first, *inner.tolist(), last]


def mixed(*numbers: int) -> int:
    """Return a seed below 2**63 made of several numbers, none of them negative."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1)


def total(tallies: Sequence[Tally]) -> Tally:
    """Return the sum of tallies."""
    return Tally(
        sum(tally.pairs for tally in tallies),
        sum(tally.loss for tally in tallies),
        sum(tally.words for tally in tallies),
    )
