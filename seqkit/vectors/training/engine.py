"""What trains word vectors on the processor: compiled passes, in one thread or several."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from queue import SimpleQueue
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqkit.data.ragged import Ragged
from seqkit.vectors.training import passes
from seqkit.vectors.training.kernels import NOTHING, Corpus, Own, Pieces, Tree
from seqkit.vectors.training.merging import (
    CONTRACTION,
    UpdateRates,
    interval,
    mixed,
    shares,
    total,
    weight_of_changes,
)
from seqkit.vectors.training.objective import Objective, Tally
from seqkit.vectors.training.sampling import sampling_of

Floats = NDArray[np.float32]
OFTEN = 4_000  # words of text between two exchanges of a thread's own rows, at most
NEAR = 1 << 18  # bytes of a matrix that stay near a thread
MANY = 10_000  # words, from which their rows are more than caches hold
PIECES = 4  # for each thread of a block, so that none waits long for the others


class CpuEngine:
    """Trains weights in place, without the GIL: several threads may run it at once.

    Args:
        rows: the text as word ids.
        counts: ``(words,)``, how often each occurs.
        input: ``(words + buckets, width)`` float32, contiguous.
        output: ``(words, width)`` float32 likewise; inner nodes of the tree, if there is one.
        objective: what is trained.
        pieces: input rows of each word, itself among them; None: each has its own alone.
        tree: for hierarchical softmax in place of negative sampling.
    """

    def __init__(
        self,
        rows: Ragged,
        counts: NDArray[np.int64],
        input: Floats,
        output: Floats,
        objective: Objective,
        *,
        pieces: Ragged | None = None,
        tree: Tree | None = None,
    ) -> None:
        subwords, width, skipgram = (
            pieces is not None,
            input.shape[1],
            objective.model == "skipgram",
        )
        mean, negative = objective.mean, objective.negative
        self._pass: Any
        if tree is not None:
            self._pass = _pass_by_tree(objective, width, subwords)
        elif not skipgram:
            self._pass = passes.cbow(width, negative, subwords, mean)
        elif subwords:
            self._pass = passes.subword_skipgram(width, negative)
        else:
            self._pass = passes.skipgram(width, negative)
        self._corpus = Corpus(np.asarray(rows.values), np.asarray(rows.offsets))
        sampling = sampling_of(counts, objective.sample, objective.noise)
        extra = Pieces(np.empty(0, np.int32), np.zeros(1, np.int64))
        if pieces is not None:
            extra = Pieces(np.asarray(pieces.values), np.asarray(pieces.offsets))
        self._sampling = sampling
        self._rest = () if tree is None else (tree,)
        self._rest = extra, *self._rest, objective.window, input, output
        self._by_tree = tree is not None

    def run(
        self, first: int, last: int, lr: float, next_lr: float, seed: int, own: Own = NOTHING
    ) -> Tally:
        """Train on rows ``first`` to ``last`` once, while the rate falls from lr to next_lr.

        ``own`` are rows of the weights, beyond those of all words, that no other call uses.
        """
        drawn_from = (self._sampling,) if self._by_tree else (self._sampling, own)
        loss, pairs, words = self._pass(
            self._corpus, first, last, *drawn_from, *self._rest, lr, next_lr, np.uint64(seed)
        )
        return Tally(int(pairs), float(loss), int(words))


def _pass_by_tree(objective: Objective, width: int, subwords: bool) -> Any:
    from seqkit.vectors.training import hierarchical

    if objective.model == "cbow":
        return hierarchical.cbow(width, subwords, objective.mean)
    return hierarchical.subword_skipgram(width) if subwords else hierarchical.skipgram(width)


class HogwildEngine:
    """Threads that train the same weights without locks (Recht et al. 2011).

    Two threads that change a row at once may lose a change, which is rare where words are many.
    Of the most frequent words, each thread has rows of its own, now and then exchanged: else the
    threads would spend their time waiting for the same few rows.

    Args:
        engine: trains in place.
        rows: the text that it trains on.
        workers: threads.
        frequent: rows of the threads' own; None: they have none.
    """

    def __init__(
        self, engine: CpuEngine, rows: Ragged, workers: int, frequent: "FrequentRows | None" = None
    ) -> None:
        self._engine, self._parts = engine, PIECES * workers
        self._offsets = np.asarray(rows.offsets)
        self._pool, self._frequent = ThreadPoolExecutor(workers), frequent

    def run(self, first: int, last: int, lr: float, next_lr: float, seed: int) -> Tally:
        """Train on rows ``first`` to ``last`` once, while the rate falls from lr to next_lr."""
        cuts = shares(self._offsets, first, last, self._parts)
        rates = np.linspace(lr, next_lr, self._parts + 1).tolist()
        jobs = [
            self._pool.submit(self._run, *part, *rate, mixed(seed, number))
            for number, (part, rate) in enumerate(zip(pairwise(cuts), pairwise(rates), strict=True))
        ]
        return total([job.result() for job in jobs])

    def _run(self, first: int, last: int, lr: float, next_lr: float, seed: int) -> Tally:
        if self._frequent is None:
            return self._engine.run(first, last, lr, next_lr, seed)
        with self._frequent.lent(lr) as own:
            return self._engine.run(first, last, lr, next_lr, seed, own)


class FrequentRows:
    """Rows of the most frequent words, for each thread its own (see :class:`Own`).

    How much a thread's changes count when they are added to everybody's is as in
    :mod:`seqkit.vectors.training.merging`: what all threads did to a row is not overdone.
    They lie in the weights themselves, after the rows of all words.

    Args:
        width: of a row.
        rates: updates of each row for a word of text, of ``input`` and ``output``.
        words: of the text.
        workers: threads.
    """

    def __init__(
        self,
        width: int,
        rates: UpdateRates,
        words: int,
        workers: int,
    ) -> None:
        known = len(rates[1])
        count, every = room(known, width), min(OFTEN, interval(words, workers))
        self._rates, self._workers = [rate[:count] for rate in rates], workers
        self._free: SimpleQueue[Own] = SimpleQueue()
        for number in range(workers):
            before = [np.zeros((count, width), np.float32) for _ in range(2)]
            weights = [np.zeros(count, np.float32) for _ in range(2)]
            self._free.put(Own(count, known + number * count, every, *before, *weights))

    @contextmanager
    def lent(self, lr: float) -> Iterator[Own]:
        """Lend rows of its own to a thread that trains at a rate."""
        own = self._free.get()
        try:
            for rates, weights in zip(
                self._rates, (own.input_weights, own.output_weights), strict=True
            ):
                weights[:] = weight_of_changes(CONTRACTION * rates * own.every * lr, self._workers)
            yield own
        finally:
            self._free.put(own)


def room(words: int, width: int) -> int:
    """Return how many words have rows of each thread's own: as many as its cache can hold.

    Of few words none has: their rows are near every thread, and exchanging them costs accuracy.
    """
    return NEAR // (4 * width) if words >= MANY else 0
