"""Beam search over all prompts at once.

Graves, Sequence transduction with recurrent neural networks, 2012 (1211.3711), section 2.4, with
the scores of Wu et al. 2016 (1609.08144), section 7.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from seqkit.decode.ensemble import attention
from seqkit.decode.found import Found
from seqkit.decode.hypothesis import Hypothesis, Ranking, Written
from seqkit.decode.rules import Rules
from seqkit.decode.settings import DecodeSettings
from seqkit.decode.state import Start, Stepping, select
from seqkit.decode.watching import Search

BLOCK = 64  # tokens


def beam_search(
    model: Stepping,
    start: Start,
    rules: Rules,
    ranking: Ranking,
    chosen: DecodeSettings,
    watching: Search | None = None,
) -> list[list[Hypothesis]]:
    """Keep the ``beam`` best hypotheses of each prompt; those that end leave.

    A hypothesis ends when its end is among the ``beam`` best ways to go on from its prompt's. A
    prompt is over when it has its answers and nothing that is still being written can be better
    than the last of them, or when it has ``stop_after`` times ``beam`` sequences.

    Every prompt has the same number of rows, one after the other; where it has fewer hypotheses,
    those of the other rows are of log-probability -inf. Each step is told to ``watching``.
    """
    logs, state = start
    prompts = torch.arange(len(logs), device=logs.device)  # those that are not over
    weights = attention(model, state)
    written = Written.nothing(len(logs), weights, logs.device)
    found = Found(len(logs), rules, ranking, chosen)
    time = 0
    while True:
        owners = prompts.repeat_interleave(len(logs) // len(prompts))
        logs, end = rules(logs, written.ids, owners), rules.end(time)
        cut = rules.limits[prompts] <= time
        if cut.any():
            _cut(found, owners, rules.limits[owners] <= time, written, logs, end, weights)
        # of each row one way may be an end: of twice the beam, a whole beam goes on
        ways = Ways.best(logs, written.totals.view(len(prompts), -1), 2 * chosen.beam)
        possible = (ways.totals > -torch.inf) & ~cut[:, None]
        ending = possible & (ways.ids == end)
        ending[:, chosen.beam :] = False
        if ending.any():
            parents = ways.parents[ending]
            done = written.select(parents)._replace(totals=ways.totals[ending])
            last = None if weights is None else weights[parents]
            found.add(done, torch.ones_like(parents, dtype=torch.bool), owners[parents], last)
        live = possible & (ways.ids != end)
        live &= live.cumsum(1) <= chosen.beam
        hopes = ways.totals.masked_fill(~live, -torch.inf).amax(1)
        (going,) = ((hopes > -torch.inf) & ~found.over(prompts, hopes)).nonzero(as_tuple=True)
        if watching is not None:
            ends = ways.ids == end
            watching.step(prompts, ways, possible, ends, ending, live, going)
        if len(going) == 0:
            return found.answers
        totals, ids, parents = ways.first(live, going)
        prompts, weights = prompts[going], None if weights is None else weights[parents]
        written = written.select(parents).grown(ids, totals, weights)
        logs, state = model.step(ids, select(state, parents, going))
        weights, time = attention(model, state), time + 1


def _cut(
    found: Found,
    owners: Tensor,
    over: Tensor,
    written: Written,
    logs: Tensor,
    end: int,
    weights: Tensor | None,
) -> None:
    """Take what is as long as it may be; it has ended where nothing is more probable than that."""
    (rows,) = (over & (written.totals > -torch.inf)).nonzero(as_tuple=True)
    gained, ids = logs[rows].max(1)
    ended = (ids == end) & (gained > -torch.inf)
    done = written.select(rows)
    done = done._replace(totals=torch.where(ended, done.totals + gained, done.totals))
    found.add(done, ended, owners[rows], None if weights is None else weights[rows])


class Ways(NamedTuple):
    """Ways to go on, the best first, each ``(prompts, many)``.

    Attributes:
        totals: log-probabilities of what is written and the token after it, float64.
        ids: that token.
        parents: the row that it goes on from.
    """

    totals: Tensor
    ids: Tensor
    parents: Tensor

    @classmethod
    def best(cls, logs: Tensor, totals: Tensor, many: int) -> "Ways":
        """Return the ``many`` best ways of each prompt, or all if there are fewer.

        They are among the ``many`` blocks of tokens with the largest maxima, which are found
        several times as fast as the best tokens of a large vocabulary.

        Args:
            logs: ``(prompts * width, V)``, log-probabilities of the next token.
            totals: ``(prompts, width)``, those of what is written.
            many: how many.
        """
        (prompts, width), (rows, size) = totals.shape, logs.shape
        blocks = -(-size // BLOCK)
        maxima = (_maxima(logs).view(prompts, width, blocks) + totals[:, :, None]).flatten(1)
        chosen = maxima.topk(min(many, width * blocks), dim=1, sorted=False).indices
        slots = chosen // blocks
        parents = torch.arange(0, rows, width, device=logs.device)[:, None] + slots
        ids = (chosen % blocks * BLOCK)[:, :, None] + torch.arange(BLOCK, device=logs.device)
        inside = ids.clamp(max=size - 1)
        every = logs[parents[:, :, None], inside] + totals.gather(1, slots)[:, :, None]
        every = every.masked_fill(inside < ids, -torch.inf).flatten(1)
        best, where = every.topk(min(many, every.shape[1]), dim=1)
        return cls(best, inside.flatten(1).gather(1, where), parents.gather(1, where // BLOCK))

    def first(self, live: Tensor, prompts: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return totals, ids and parents of the ``live`` ways of the given prompts, flat.

        Each has as many as the one with most; of those that it lacks, the total is -inf.
        """
        live = live[prompts]
        order = (~live).byte().argsort(dim=1, stable=True)[:, : int(live.sum(1).max())]
        totals, ids, parents = (part[prompts].gather(1, order).flatten() for part in self)
        return totals.masked_fill(~live.gather(1, order).flatten(), -torch.inf), ids, parents


def _maxima(logs: Tensor) -> Tensor:
    """Return the largest of each ``BLOCK`` tokens, ``(rows, blocks)``, the last one shorter."""
    rows, size = logs.shape
    whole = size // BLOCK
    maxima = logs[:, : whole * BLOCK].view(rows, whole, BLOCK).amax(2)
    if whole * BLOCK == size:
        return maxima
    return torch.cat([maxima, logs[:, whole * BLOCK :].amax(1, keepdim=True)], dim=1)
