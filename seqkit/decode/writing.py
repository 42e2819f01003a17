"""One sequence a row, a token a step, each as it is picked."""

from typing import Protocol

import torch
from torch import Tensor

from seqkit.decode.ensemble import attention
from seqkit.decode.hypothesis import Hypothesis, Ranking, Written
from seqkit.decode.rules import Rules
from seqkit.decode.state import Start, Stepping, select


class Picker(Protocol):
    """Picks the token that comes next in each row."""

    def __call__(self, log_probabilities: Tensor, time: int, /) -> Tensor:
        """Return the tokens number ``time``, ``(rows,)``."""
        ...

    def keep(self, rows: Tensor) -> None:
        """Go on with these rows."""


class Best:
    """Picks the most probable token of each row."""

    def __call__(self, log_probabilities: Tensor, _time: int, /) -> Tensor:
        """Return ``(rows,)``."""
        return log_probabilities.argmax(1)

    def keep(self, rows: Tensor) -> None:
        """Go on with these rows."""


def write(
    model: Stepping, start: Start, rules: Rules, ranking: Ranking, pick: Picker, prompts: Tensor
) -> list[list[Hypothesis]]:
    """Write one sequence a row.

    Args:
        model: the model.
        start: what it says first, the log-probabilities to be changed in place.
        rules: what may come.
        ranking: what scores it.
        pick: what picks tokens.
        prompts: ``(rows,)``, whose prompt each row is.

    Returns:
        A hypothesis for each row; none where nothing may follow what was written.
    """
    logs, state = start
    rows = torch.arange(len(logs), device=logs.device)
    weights = attention(model, state)
    written = Written.nothing(len(rows), weights, logs.device)
    answers: list[list[Hypothesis]] = [[] for _ in range(len(rows))]
    time = 0
    while True:
        logs, end = rules(logs, written.ids, prompts), rules.end(time)
        ids = pick(logs, time)
        gained = logs.gather(1, ids[:, None])[:, 0]
        cut = rules.limits[prompts] <= time
        dead = (gained == -torch.inf) & ~cut
        over = (ids == end) | dead | cut
        if over.any():
            (places,) = (over & ~dead).nonzero(as_tuple=True)
            last_gained = gained[places]
            ended = (ids == end)[places] & (last_gained > -torch.inf)
            done = written.select(places)
            done = done._replace(totals=torch.where(ended, done.totals + last_gained, done.totals))
            last = None if weights is None else weights[places]
            found = ranking.hypotheses(done, ended, prompts[places], last)
            for row, hypothesis in zip(rows[places].tolist(), found, strict=True):
                answers[row] = [hypothesis]
            (kept,) = (~over).nonzero(as_tuple=True)
            if len(kept) == 0:
                return answers
            ids, gained, rows, prompts = ids[kept], gained[kept], rows[kept], prompts[kept]
            written, state = written.select(kept), select(state, kept)
            weights = None if weights is None else weights[kept]
            pick.keep(kept)
        written = written.grown(ids, written.totals + gained, weights)
        logs, state = model.step(ids, state)
        weights, time = attention(model, state), time + 1
