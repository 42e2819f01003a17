"""Writing a sequence: greedy, sampling and beam search, for every model that writes one.

A model is anything with ``step(ids, state) -> (log_probabilities, state)``: a language model that
has read a prompt, a decoder that was shown an image or another sentence. Its state is nested
tuples of tensors, with a row for each hypothesis. All prompts and all
their hypotheses are one batch; one token costs one step; what is finished leaves the batch.

Greedy and beam search: Graves, Sequence transduction with recurrent neural networks, 2012
(1211.3711), section 2.4, and Wu et al. 2016 (1609.08144), section 7, for the length penalty.
Top-k sampling: Fan, Lewis and Dauphin 2018 (1805.04833). Top-p: Holtzman et al. 2020 (1904.09751).
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, model_validator
from torch import Tensor

from seqkit.errors import SeqkitError
from seqkit.settings import settings

Start = tuple[Tensor, Any]  # what a model says first: log-probabilities (rows, V), and its state


class Stepping(Protocol):
    """A model that writes one token a step."""

    def step(self, ids: Tensor, state: Any) -> tuple[Tensor, Any]:
        """Read ``ids`` ``(rows,)``; return log-probabilities ``(rows, V)`` and the new state."""
        ...


# (log-probabilities (n, V), what is written so far (n, time), prompt of each (n,)) -> the first,
# with -inf where a token must not come; it may change it in place.
Filter = Callable[[Tensor, Tensor, Tensor], Tensor]


@settings
class DecodeSettings:
    """How a sequence is written: the best one found, or one drawn at random."""

    beam: int = Field(default=1, ge=1, description="hypotheses kept at each step (1: greedy)")
    temperature: float = Field(
        default=0.0, ge=0, description="draw at random, from p ** (1 / temperature) (0: the best)"
    )
    top_k: int = Field(default=0, ge=0, description="draw from the k most probable (0: all)")
    top_p: float = Field(
        default=1.0, gt=0, le=1, description="draw from the fewest tokens that have this share"
    )
    answers: int = Field(default=1, ge=1, description="sequences for each prompt")
    min_length: int = Field(default=0, ge=0, description="tokens before a sequence may end")
    max_length: int = Field(default=100, ge=1, description="tokens, its end not counted")
    length_penalty: float = Field(
        default=0.0, ge=0, description="alpha of Wu et al.: above 0 favours longer sequences"
    )
    seed: int = Field(default=0, ge=0, lt=2**63, description="of what is drawn")

    @model_validator(mode="after")
    def _consistent(self) -> "DecodeSettings":
        if self.min_length > self.max_length:
            raise SeqkitError(
                f"min_length = {self.min_length} is more than max_length = {self.max_length}."
            )
        if not self.temperature and (self.top_k or self.top_p < 1):
            raise SeqkitError("top_k and top_p are for drawing: set a temperature too, as 1.")
        if self.temperature and self.beam > 1:
            raise SeqkitError("a beam searches and a temperature draws: set one of the two.")
        if not self.temperature and self.answers > self.beam:
            raise SeqkitError(
                f"{self.answers} answers need a beam of as many (beam={self.answers}), or a "
                "temperature to draw them with."
            )
        return self


class Hypothesis(NamedTuple):
    """A sequence that was written.

    Attributes:
        ids: without the token that ended it.
        log_probability: of the sequence and its end, as the model has it.
        ended: False where it was cut at ``max_length``.
        score: what hypotheses are ranked by: the log-probability, under the length penalty.
    """

    ids: tuple[int, ...]
    log_probability: float
    ended: bool
    score: float


def select(state: Any, rows: Tensor) -> Any:
    """Return the given rows of every tensor in nested tuples, in that order."""
    if isinstance(state, Tensor):
        return state.index_select(0, rows)
    return tuple(select(part, rows) for part in state)


def joined(states: Sequence[Any]) -> Any:
    """Put the rows of several states, of one shape of nested tuples, one below the other."""
    if isinstance(states[0], Tensor):
        return torch.cat(list(states))
    return tuple(joined(parts) for parts in zip(*states, strict=True))


def read(model: Stepping, prompts: Sequence[Sequence[int]], state: Any) -> Start:
    """Read prompts of any lengths, all in one batch; those that are over leave it.

    Args:
        model: the model.
        prompts: token ids, at least one each.
        state: before the first token, a row for each prompt.

    Returns:
        What the model says after each prompt, in the order of the prompts.
    """
    order = sorted(range(len(prompts)), key=lambda i: -len(prompts[i]))
    device, done = _device(state), []
    state = select(state, torch.tensor(order, device=device))
    live = len(order)
    for time in range(len(prompts[order[0]])):
        ids = torch.tensor([prompts[row][time] for row in order[:live]], device=device)
        log_probabilities, state = model.step(ids, state)
        going = sum(len(prompts[row]) > time + 1 for row in order[:live])
        if going < live:
            over = torch.arange(going, live, device=device)
            done.append((log_probabilities[going:live], select(state, over)))
            state, live = select(state, torch.arange(going, device=device)), going
    done.reverse()
    back = torch.tensor(np.argsort(order, kind="stable"), device=device)
    log_probabilities = torch.cat([first for first, _ in done])[back]
    return log_probabilities, select(joined([after for _, after in done]), back)


def _device(state: Any) -> torch.device:
    while not isinstance(state, Tensor):
        state = state[0]
    return state.device


@torch.inference_mode()
def decode(
    model: Stepping,
    start: Start,
    ends: Sequence[int],
    chosen: DecodeSettings,
    *,
    filters: Sequence[Filter] = (),
    keys: Sequence[int] | None = None,
    opening: int = 0,
) -> list[list[Hypothesis]]:
    """Write sequences that go on from ``start``, for all its rows at once.

    Args:
        model: the model.
        start: what it says first, and its state, a row for each prompt.
        ends: tokens that end a sequence, at least one. Of several, their probabilities are
            summed: it does not matter which of them comes.
        chosen: how to write.
        filters: what tokens must not come, asked before each step.
        keys: numbers that tell prompts apart when drawing, at least 0: what is drawn for a prompt
            depends on the seed and its key alone. None: the number of its row.
        opening: so many first tokens end nothing, even those of ``ends``.

    Returns:
        For each row up to ``answers`` hypotheses, the best first; drawn ones, as they were drawn.
    """
    if len(start[0]) == 0:
        return []
    if not ends:
        raise ValueError("decode needs at least one token that ends a sequence")
    over = torch.tensor(sorted(ends), device=start[0].device)
    rules = _Rules(over, chosen.min_length, opening, filters)
    if chosen.temperature:
        return _sample(model, start, rules, chosen, keys)
    if chosen.beam == 1:
        return _write(model, start, rules, chosen, _Best())
    return _beam_search(model, start, rules, chosen)


def forbid(ids: Sequence[int]) -> Filter:
    """Return a filter for tokens that never come."""
    never = list(ids)

    def filtered(log_probabilities: Tensor, _written: Tensor, _prompts: Tensor) -> Tensor:
        log_probabilities[:, never] = -torch.inf
        return log_probabilities

    return filtered


class _Rules:
    """What may come next: the filters, and when and by what a sequence ends."""

    def __init__(
        self, ends: Tensor, min_length: int, opening: int, filters: Sequence[Filter]
    ) -> None:
        self.ends, self.min_length, self.opening = ends, min_length, opening
        self.filters = list(filters)

    def end(self, time: int) -> int:
        """Return the token that stands for all that end a sequence of ``time`` tokens, or -1."""
        return int(self.ends[0]) if time >= self.opening else -1

    def __call__(
        self,
        log_probabilities: Tensor,
        written: Sequence[Sequence[int]] | Tensor,
        prompts: Sequence[int] | Tensor,
        time: int,
    ) -> Tensor:
        """Apply them before the token number ``time``, from 0."""
        device, ends = log_probabilities.device, self.ends
        if self.filters:
            written = torch.as_tensor(written, dtype=torch.long, device=device)
            written = written.view(len(log_probabilities), -1)
            prompts = torch.as_tensor(prompts, device=device)
            log_probabilities = log_probabilities.clone()
            for one in self.filters:
                log_probabilities = one(log_probabilities, written, prompts)
        if self.opening <= time < self.min_length:
            return log_probabilities.index_fill(1, ends, -torch.inf)
        if len(ends) > 1 and time >= self.opening:
            together = log_probabilities[:, ends].logsumexp(1)
            log_probabilities = log_probabilities.index_fill(1, ends, -torch.inf)
            log_probabilities[:, ends[0]] = together
        return log_probabilities


def _penalised(log_probability: float, length: int, alpha: float) -> float:
    """Wu et al. 2016, eq. 14, without coverage; ``length`` counts the end."""
    return float(log_probability / ((5 + length) / 6) ** alpha)


class _Best:
    """Picks the most probable token of each row."""

    def __call__(self, log_probabilities: Tensor, _time: int) -> Tensor:
        return log_probabilities.argmax(1)

    def keep(self, rows: Tensor) -> None:
        """Go on with these rows."""


class _Drawn:
    """Draws a token for each row, from uniform numbers that are its own."""

    def __init__(self, chosen: DecodeSettings, uniform: Tensor) -> None:
        self.chosen, self.uniform = chosen, uniform  # (rows, time)

    def __call__(self, log_probabilities: Tensor, time: int) -> Tensor:
        share, ids = distribution(log_probabilities, self.chosen)
        cumulated = share.cumsum(1, dtype=torch.float64)
        total = cumulated[:, -1:]
        point = self.uniform[:, time, None] * total
        point = point.minimum(total.nextafter(torch.zeros_like(total)))  # below, also if rounded
        place = torch.searchsorted(cumulated, point, right=True).clamp_(max=share.shape[1] - 1)
        return (place if ids is None else ids.gather(1, place))[:, 0]

    def keep(self, rows: Tensor) -> None:
        """Go on with these rows."""
        self.uniform = self.uniform.index_select(0, rows)


def distribution(log_probabilities: Tensor, chosen: DecodeSettings) -> tuple[Tensor, Tensor | None]:
    """Return what is drawn from: probabilities after temperature, then top-k, then top-p.

    Args:
        log_probabilities: ``(rows, V)``.
        chosen: with a temperature above 0.

    Returns:
        Probabilities ``(rows, m)`` and the tokens they are of, ``(rows, m)``, most
        probable first; None for the tokens where all of them take part, in order of id.
    """
    scaled = log_probabilities
    if chosen.temperature != 1:
        scaled = scaled / chosen.temperature
    if not chosen.top_k and chosen.top_p == 1:
        return scaled.softmax(1), None
    most = scaled.shape[1]
    scaled, ids = scaled.topk(min(chosen.top_k or most, most), dim=1)
    share = scaled.softmax(1)
    before = share.cumsum(1, dtype=torch.float64) - share
    share = share.masked_fill(before >= chosen.top_p, 0.0)
    return share / share.sum(1, keepdim=True), ids


def uniform(seed: int, key: int, number: int, count: int) -> NDArray[np.float64]:
    """Return ``count`` numbers in [0, 1) for one sequence of one prompt, alike on any machine."""
    raw = np.random.PCG64((seed, key, number)).random_raw(count)
    return (raw >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _sample(
    model: Stepping,
    start: Start,
    rules: _Rules,
    chosen: DecodeSettings,
    keys: Sequence[int] | None,
) -> list[list[Hypothesis]]:
    keys = range(len(start[0])) if keys is None else keys
    pairs = [(key, number) for key in keys for number in range(chosen.answers)]
    drawn = np.stack([uniform(chosen.seed, k, n, chosen.max_length + 1) for k, n in pairs])
    device = start[0].device
    pick = _Drawn(chosen, torch.from_numpy(drawn).to(device))
    rows = torch.arange(len(keys), device=device).repeat_interleave(chosen.answers)
    flat = _write(model, select(start, rows), rules, chosen, pick, rows.tolist())
    return [
        [one for row in flat[i : i + chosen.answers] for one in row]
        for i in range(0, len(flat), chosen.answers)
    ]


def _write(
    model: Stepping,
    start: Start,
    rules: _Rules,
    chosen: DecodeSettings,
    pick: _Best | _Drawn,
    prompts: list[int] | None = None,
) -> list[list[Hypothesis]]:
    """Write one sequence a row, a token a step, each as it is picked."""
    log_probabilities, state = start
    rows = list(range(len(log_probabilities)))
    prompts = rows if prompts is None else prompts
    written: list[list[int]] = [[] for _ in rows]
    totals = [0.0] * len(rows)
    answers: dict[int, list[Hypothesis]] = {}
    for time in range(chosen.max_length + 1):
        texts, owners = [written[row] for row in rows], [prompts[row] for row in rows]
        log_probabilities, end = rules(log_probabilities, texts, owners, time), rules.end(time)
        ids = pick(log_probabilities, time)
        gained = log_probabilities.gather(1, ids[:, None])[:, 0].tolist()
        tokens, going = ids.tolist(), []
        for place, (row, token) in enumerate(zip(rows, tokens, strict=True)):
            if gained[place] == -math.inf:  # nothing may follow
                answers[row] = []
                continue
            if time < chosen.max_length and token != end:
                written[row].append(token)
                totals[row] += gained[place]
                going.append(place)
                continue
            ended = token == end
            total = totals[row] + (gained[place] if ended else 0.0)
            score = _penalised(total, len(written[row]) + ended, chosen.length_penalty)
            answers[row] = [Hypothesis(tuple(written[row]), total, ended, score)]
        if not going:
            break
        if len(going) < len(rows):
            kept = torch.tensor(going, device=ids.device)
            ids, state = ids.index_select(0, kept), select(state, kept)
            rows = [rows[place] for place in going]
            pick.keep(kept)
        log_probabilities, state = model.step(ids, state)
    return [answers[row] for row in range(len(written))]


def _beam_search(
    model: Stepping,
    start: Start,
    rules: _Rules,
    chosen: DecodeSettings,
) -> list[list[Hypothesis]]:
    """Keep the ``beam`` best hypotheses of each prompt; those that end leave.

    A hypothesis ends when its end is among the ``beam`` best of its prompt. A prompt is over when
    it has its answers and nothing that is still being written can be better than the last.
    """
    log_probabilities, state = start
    device, beam = log_probabilities.device, chosen.beam
    prompts = torch.arange(len(log_probabilities), device=device)  # of each row; never falls
    totals = torch.zeros(len(prompts), dtype=torch.float64, device=device)
    written = torch.zeros(len(prompts), 0, dtype=torch.long, device=device)
    finished: list[list[Hypothesis]] = [[] for _ in range(len(prompts))]
    for time in range(chosen.max_length + 1):
        log_probabilities, end = rules(log_probabilities, written, prompts, time), rules.end(time)
        if time == chosen.max_length:
            _cut(finished, prompts, totals, written, log_probabilities, end, chosen)
            break
        best, tokens, parents, owners = _candidates(log_probabilities, totals, prompts, beam)
        ending = (tokens == end) & (torch.arange(best.shape[1], device=device) < beam)
        ending &= best > -torch.inf
        for place, column in ending.nonzero().tolist():
            total, parent = float(best[place, column]), int(parents[place, column])
            score = _penalised(total, time + 1, chosen.length_penalty)
            text = tuple(written[parent].tolist())
            finished[int(owners[place])].append(Hypothesis(text, total, True, score))
        live = (tokens != end) & (best > -torch.inf)
        live &= live.long().cumsum(1) <= beam
        over = _over(finished, owners.tolist(), best.masked_fill(~live, -torch.inf), chosen)
        live &= ~torch.tensor(over, device=device)[:, None]
        if not live.any():
            break
        places, _ = live.nonzero(as_tuple=True)
        prompts, totals, chosen_rows, ids = owners[places], best[live], parents[live], tokens[live]
        written = torch.cat([written.index_select(0, chosen_rows), ids[:, None]], dim=1)
        log_probabilities, state = model.step(ids, select(state, chosen_rows))
    ranked = (sorted(found, key=lambda h: (-h.score, h.ids)) for found in finished)
    return [found[: chosen.answers] for found in ranked]


def _candidates(
    log_probabilities: Tensor, totals: Tensor, prompts: Tensor, beam: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the best ``2 * beam`` ways to go on, for each prompt that is not over.

    Returns:
        Their log-probabilities, tokens and rows, ``(live prompts, <= 2 * beam)`` with -inf where
        there are fewer; and the live prompts.
    """
    each = min(beam + 1, log_probabilities.shape[1])  # of them one may be the end
    top, tokens = log_probabilities.topk(each, dim=1)
    top = top.double() + totals[:, None]
    owners, place, count = torch.unique_consecutive(
        prompts, return_inverse=True, return_counts=True
    )
    first = count.cumsum(0) - count
    slot = torch.arange(len(prompts), device=prompts.device) - first[place]
    widest = int(count.max())
    table = top.new_full((len(owners), widest, each), -torch.inf)
    table[place, slot] = top
    best, where = table.flatten(1).topk(min(2 * beam, widest * each), dim=1)
    slots, columns = where // each, where % each
    parents = (first[:, None] + slots).clamp(max=len(prompts) - 1)  # past the last: -inf anyway
    return best, tokens[parents, columns], parents, owners


def _over(
    finished: list[list[Hypothesis]], owners: list[int], live: Tensor, chosen: DecodeSettings
) -> list[bool]:
    """Whether each prompt has its answers, and no live hypothesis can still beat the last one."""
    alpha, result = chosen.length_penalty, []
    for owner, hope in zip(owners, live.amax(1).tolist(), strict=True):
        scores = sorted((h.score for h in finished[owner]), reverse=True)[: chosen.answers]
        enough = len(scores) == chosen.answers
        # log-probabilities only fall, and the longest sequence is penalised least
        result.append(enough and _penalised(hope, chosen.max_length + 1, alpha) <= scores[-1])
    return result


def _cut(
    finished: list[list[Hypothesis]],
    prompts: Tensor,
    totals: Tensor,
    written: Tensor,
    log_probabilities: Tensor,
    end: int,
    chosen: DecodeSettings,
) -> None:
    """Take what is as long as it may be; it has ended where nothing is more probable than that."""
    best, ids = log_probabilities.max(1)
    rows = zip(prompts.tolist(), totals.tolist(), written.tolist(), strict=True)
    for (prompt, total, text), token, gained in zip(rows, ids.tolist(), best.tolist(), strict=True):
        ended = token == end
        total += gained if ended else 0.0
        score = _penalised(total, len(text) + ended, chosen.length_penalty)
        finished[prompt].append(Hypothesis(tuple(text), total, ended, score))
