"""Word vectors trained by several processes, on one machine or many, started by ``torchrun``.

Each process trains its own replica on its share of every block of text, and the replicas are
merged as :mod:`seqkit.vectors.training.merging` says, through one ``all_reduce`` of the changed
rows.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, distributed

from seqkit.data.ragged import Ragged
from seqkit.processes import company
from seqkit.vectors.training.merging import EVERY, Timetable, mixed, shares
from seqkit.vectors.training.objective import Engine, Tally


class DistributedEngine:
    """Trains this process's share of every block, and merges with the other processes.

    All processes call it with the same arguments in the same order, and have the same weights
    after :meth:`settle`, to the last bit.

    Args:
        engine: trains this process's replica.
        weights: the input and output matrices that it trains, on the device where it does.
        rows: the text that it trains on, the same in every process.
        rates: of both matrices, by :func:`~seqkit.vectors.training.merging.update_rates`.
        every: words that a replica trains on between merges.
    """

    def __init__(
        self,
        engine: Engine,
        weights: Sequence[Tensor],
        rows: Ragged,
        rates: Sequence[NDArray[np.float64]],
        *,
        every: int = EVERY,
    ) -> None:
        self._engine, self._weights, self._every = engine, weights, every
        self._offsets = np.asarray(rows.offsets)
        self._rank, self._world = distributed.get_rank(), distributed.get_world_size()
        for weight in weights:
            with company():
                distributed.broadcast(weight, src=0)
        self._common = [weight.clone() for weight in weights]
        self._timetables = [Timetable(rate, self._world) for rate in rates]

    def run(self, first: int, last: int, lr: float, next_lr: float, seed: int) -> Tally:
        """Train on rows ``first`` to ``last`` once, all processes together; return their sum."""
        words = int(self._offsets[last] - self._offsets[first])
        rounds = max(1, round(words / (self._world * self._every)))
        cuts = shares(self._offsets, first, last, rounds * self._world)
        rates = np.linspace(lr, next_lr, rounds + 1).tolist()
        sums = torch.zeros(3, dtype=torch.float64)
        for number, (rate, next_rate) in enumerate(pairwise(rates)):
            part = number * self._world + self._rank
            own = mixed(seed, number, self._rank)
            tally = self._engine.run(cuts[part], cuts[part + 1], rate, next_rate, own)
            sums += torch.tensor(tally, dtype=torch.float64)
            for timetable in self._timetables:
                timetable.advance(words / rounds / self._world, (rate + next_rate) / 2)
            self._merge(all_rows=False)
        sums = sums.to(self._weights[0].device)
        with company():
            distributed.all_reduce(sums)
        pairs, loss, kept = sums.tolist()
        return Tally(int(pairs), loss, int(kept))

    def settle(self) -> None:
        """Merge every row: all processes then have the same weights."""
        self._merge(all_rows=True)

    def _merge(self, *, all_rows: bool) -> None:
        for weight, common, timetable in zip(
            self._weights, self._common, self._timetables, strict=True
        ):
            rows, shares_of_sum = timetable.due(all_rows=all_rows)
            places = torch.from_numpy(rows).to(weight.device)
            before = common[places]
            change = (weight[places] - before) * torch.from_numpy(shares_of_sum).to(weight)[:, None]
            with company():
                distributed.all_reduce(change)
            common[places] = weight[places] = before + change
