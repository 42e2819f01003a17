"""Greedy and beam search in NumPy: what :mod:`seqkit.decode` finds, without torch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[Any]
Numbers = NDArray[np.int64]
State = dict[str, Floats]  # arrays with a row for each hypothesis, MEMORY for each prompt
Step = Callable[[Numbers, State], tuple[Floats, State]]  # ids (n,) and state -> logs (n, V), state
# (log-probabilities (n, V), written (n, time), prompt of each (n,)) -> the first; -inf: never
Filter = Callable[[Floats, Numbers, Numbers], Floats]

MEMORY = ("keys", "values", "mask")  # what all hypotheses of a prompt attend to


@dataclass(frozen=True, kw_only=True)
class Search:
    """How a sequence is searched for; names and defaults as in ``seqkit.decode.DecodeSettings``."""

    beam: int = 1
    answers: int = 1
    min_length: int = 0
    max_length: int = 100
    length_penalty: float = 0.0
    block_ngrams: int = 0

    def score(self, log_probabilities: Any, lengths: Any) -> Any:
        """Return log-probabilities under the length penalty of Wu et al. 2016, equation 14."""
        return log_probabilities / ((5 + lengths) / 6) ** self.length_penalty


class Hypothesis(NamedTuple):
    """A sequence that was written, as ``seqkit.decode.Hypothesis``."""

    ids: tuple[int, ...]
    log_probability: float
    ended: bool
    score: float


def select(state: State, rows: Numbers, prompts: Numbers) -> State:
    """Return the given rows of every array, and of ``MEMORY`` those of the prompts left."""
    return {name: array[prompts if name in MEMORY else rows] for name, array in state.items()}


def logsumexp(x: Floats) -> Floats:
    """Return the logarithm of the sum of exponentials over the last axis, which stays."""
    highest = x.max(axis=-1, keepdims=True)
    highest = np.where(np.isfinite(highest), highest, 0)
    with np.errstate(divide="ignore"):
        total: Floats = np.log(np.exp(x - highest).sum(axis=-1, keepdims=True))
    return total + highest


def search(
    step: Step,
    start: tuple[Floats, State],
    ends: Sequence[int],
    chosen: Search,
    *,
    filters: Sequence[Filter] = (),
    limits: Numbers | None = None,
    opening: int = 0,
) -> list[list[Hypothesis]]:
    """Write sequences that go on from ``start``, for all its rows at once.

    A hypothesis ends when its end is among the ``beam`` best ways to go on from its prompt's. A
    prompt is over when it has its answers and nothing still being written can be better than the
    last of them; with a beam of 1, greedy, when its one hypothesis ends.

    Args:
        step: of the model.
        start: what it says first, ``(prompts, V)``, and its state.
        ends: tokens that end a sequence; their probabilities are summed.
        chosen: how to search.
        filters: what must not come.
        limits: ``(prompts,)``, the most tokens of each prompt's; None: ``max_length``.
        opening: so many first tokens end nothing.
    """
    logs, state = start
    found: list[list[Hypothesis]] = [[] for _ in range(len(logs))]
    prompts, ends = np.arange(len(logs)), sorted(ends)
    totals = np.zeros((len(logs), 1))
    written = np.zeros((len(logs), 0), np.int64)
    limits = np.full(len(logs), chosen.max_length) if limits is None else limits
    for time in range(int(limits.max(initial=0)) + 1):
        owners = prompts.repeat(totals.shape[1])
        logs = _ruled(logs.copy(), written, owners, ends, filters, chosen, opening)
        end = ends[0] if time >= opening else -1
        cut = limits[prompts] <= time
        _cut(
            found,
            logs,
            totals,
            written,
            owners,
            np.flatnonzero(cut[:, None] & (totals > -np.inf)),
            end,
            chosen,
        )
        best, ids, parents = _ways(logs, totals, chosen.beam)
        possible = (best > -np.inf) & ~cut[:, None]
        ending = possible & (ids == end)
        ending[:, chosen.beam :] = False
        for place, column in np.argwhere(ending).tolist():
            total = float(best[place, column])
            text = tuple(written[parents[place, column]].tolist())
            score = float(chosen.score(total, time + 1))
            found[prompts[place]].append(Hypothesis(text, total, True, score))
        live = possible & (ids != end)
        live &= live.cumsum(axis=1) <= chosen.beam
        hopes = np.where(live, best, -np.inf).max(axis=1)
        over = [
            _over(found[prompt], chosen.score(hope, limits[prompt] + 1), chosen)
            for prompt, hope in zip(prompts, hopes, strict=True)
        ]
        going = np.flatnonzero((hopes > -np.inf) & ~np.array(over))
        if len(going) == 0:
            break
        width = int(live[going].sum(axis=1).max())
        order = np.argsort(~live[going], axis=1, kind="stable")[:, :width]
        best = np.where(live, best, -np.inf)
        totals, ids, parents = (
            np.take_along_axis(part[going], order, axis=1) for part in (best, ids, parents)
        )
        prompts, rows = prompts[going], parents.ravel()
        written = np.concatenate([written[rows], ids.reshape(-1, 1)], axis=1)
        logs, state = step(ids.ravel(), select(state, rows, going))
    ranked = (sorted(some, key=lambda h: (-h.score, h.ids)) for some in found)
    return [some[: chosen.answers] for some in ranked]


def _ruled(
    logs: Floats,
    written: Numbers,
    owners: Numbers,
    ends: Sequence[int],
    filters: Sequence[Filter],
    chosen: Search,
    opening: int,
) -> Floats:
    """Return what may come next; of several ends, the first stands for all."""
    time = written.shape[1]
    for one in filters:
        logs = one(logs, written, owners)
    if chosen.block_ngrams:
        block_ngrams(logs, written, chosen.block_ngrams)
    if opening <= time < chosen.min_length:
        logs[:, ends] = -np.inf
    elif len(ends) > 1 and time >= opening:
        together = logsumexp(logs[:, ends])[:, 0]
        logs[:, ends] = -np.inf
        logs[:, ends[0]] = together
    return logs


def block_ngrams(logs: Floats, written: Numbers, size: int) -> None:
    """Leave out, in place, what would write an n-gram a second time; as ``seqkit.decode`` does."""
    if written.shape[1] < size:
        return
    ngrams = np.lib.stride_tricks.sliding_window_view(written, size, axis=1)
    begun = written[:, None, written.shape[1] - size + 1 :]  # what the next token will complete
    rows, places = (ngrams[:, :, :-1] == begun).all(axis=2).nonzero()
    logs[rows, ngrams[rows, places, -1]] = -np.inf


def _ways(logs: Floats, totals: Floats, beam: int) -> tuple[Floats, Numbers, Numbers]:
    """Return the best ``2 * beam`` ways to go on from rows ``(prompts, width)``, best first.

    They are log-probabilities, tokens and the rows they go on from, each ``(prompts, many)``.
    """
    prompts, width = totals.shape
    each = min(beam + 1, logs.shape[1])  # of them one may be the end
    ids = _top(logs, each)
    top = np.take_along_axis(logs, ids, axis=1).astype(np.float64)
    every = (top.reshape(prompts, width, each) + totals[:, :, None]).reshape(prompts, -1)
    where = _top(every, min(2 * beam, width * each))
    first = np.arange(0, prompts * width, width)[:, None]
    best = np.take_along_axis(every, where, axis=1)
    tokens = np.take_along_axis(ids.reshape(prompts, -1), where, axis=1)
    return best, tokens, first + where // each


def _top(x: Floats, k: int) -> Numbers:
    """Return the places of the ``k`` largest of each row, the largest first."""
    some = np.argpartition(-x, k - 1, axis=1)[:, :k]
    order = np.argsort(-np.take_along_axis(x, some, axis=1), axis=1, kind="stable")
    places: Numbers = np.take_along_axis(some, order, axis=1)
    return places


def _over(found: list[Hypothesis], hope: float, chosen: Search) -> bool:
    """Whether a prompt has its answers, and what is being written cannot be worth more.

    Log-probabilities only fall, and the longest sequence is penalised least: ``hope`` is the
    score of the best that is being written, were it as long as it may be.
    """
    if len(found) < chosen.answers:
        return False
    last = sorted((h.score for h in found), reverse=True)[chosen.answers - 1]
    return chosen.beam == 1 or hope <= last


def _cut(
    found: list[list[Hypothesis]],
    logs: Floats,
    totals: Floats,
    written: Numbers,
    owners: Numbers,
    rows: Numbers,
    end: int,
    chosen: Search,
) -> None:
    """Take what is as long as it may be; it has ended where nothing is more probable than that."""
    for row in rows:
        token = int(logs[row].argmax())
        ended = token == end and bool(logs[row, token] > -np.inf)
        total = float(totals.flat[row]) + (float(logs[row, token]) if ended else 0.0)
        text = tuple(written[row].tolist())
        score = float(chosen.score(total, len(text) + ended))
        found[owners[row]].append(Hypothesis(text, total, ended, score))
