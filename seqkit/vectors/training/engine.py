"""What trains word vectors on the processor: compiled passes, in one thread or several."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqkit.data.ragged import Ragged
from seqkit.vectors.training import passes
from seqkit.vectors.training.kernels import Corpus, Pieces, Tree
from seqkit.vectors.training.merging import mixed, shares, total
from seqkit.vectors.training.objective import Engine, Objective, Tally
from seqkit.vectors.training.sampling import sampling_of

Floats = NDArray[np.float32]
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
        self._drawn_from = (sampling, extra) if tree is None else (sampling, extra, tree)
        self._rest = objective.window, input, output

    def run(self, first: int, last: int, lr: float, next_lr: float, seed: int) -> Tally:
        """Train on rows ``first`` to ``last`` once, while the rate falls from lr to next_lr."""
        loss, pairs, words = self._pass(
            self._corpus, first, last, *self._drawn_from, *self._rest, lr, next_lr, np.uint64(seed)
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

    Args:
        engine: trains in place.
        rows: the text that it trains on.
        workers: threads.
    """

    def __init__(self, engine: Engine, rows: Ragged, workers: int) -> None:
        self._engine, self._parts = engine, PIECES * workers
        self._offsets = np.asarray(rows.offsets)
        self._pool = ThreadPoolExecutor(workers)

    def run(self, first: int, last: int, lr: float, next_lr: float, seed: int) -> Tally:
        """Train on rows ``first`` to ``last`` once, while the rate falls from lr to next_lr."""
        cuts = shares(self._offsets, first, last, self._parts)
        rates = np.linspace(lr, next_lr, self._parts + 1).tolist()
        jobs = [
            self._pool.submit(self._engine.run, *part, *rate, mixed(seed, number))
            for number, (part, rate) in enumerate(zip(pairwise(cuts), pairwise(rates), strict=True))
        ]
        return total([job.result() for job in jobs])
