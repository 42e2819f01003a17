"""Where the next trial looks: grid, random, refine (coarse to fine), TPE.

A strategy is a function: the settings of trial ``i`` follow from the space, the seed, ``i`` and
what earlier trials found, and from nothing else. So a search that was killed goes on as planned.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import numpy as np

from seqkit.tune.space import Axis, Choices, Space, Value

REDRAWS = 100  # until settings come that no earlier trial has
FIRST = 0.5  # refine: the share of trials that is drawn from the whole space
ROUNDS = 2  # refine: how often the rest zooms in
SHRINK = 0.6  # refine: each round looks this far around the best, as a share of the last one
UNPLANNED = 20  # trials that refine reckons with, if only minutes were given


class Seen(NamedTuple):
    """An earlier trial: ``merit`` is higher for the better; None if it failed or still runs."""

    values: dict[str, Value]
    merit: float | None


class Plan(NamedTuple):
    """What is searched, how many trials it was planned with (0: any number), and the seed."""

    space: Space
    trials: int
    seed: int


Propose = Callable[[Plan, Sequence[Seen]], dict[str, Value] | None]


@dataclass(frozen=True)
class Strategy:
    """A way to search.

    Attributes:
        about: in a few words.
        propose: the settings of the next trial, given all earlier ones in their order; None if
            there is nothing left to try.
        waits_for: how many of the first trials have to be finished before trial ``number`` (from
            0) can be proposed.
    """

    about: str
    propose: Propose
    waits_for: Callable[[Plan, int], int] = lambda _plan, _number: 0


def grid(plan: Plan, seen: Sequence[Seen]) -> dict[str, Value] | None:
    """Take every combination, in an order drawn by the seed: any part of it is spread out."""
    points = plan.space.grid()
    if len(seen) >= len(points):
        return None
    order = np.random.default_rng(plan.seed).permutation(len(points))
    return points[int(order[len(seen)])]


def random(plan: Plan, seen: Sequence[Seen]) -> dict[str, Value] | None:
    """Look anywhere (Bergstra and Bengio 2012), but never at the same settings twice."""
    rng = _generator(plan, len(seen))
    return _new(seen, lambda: plan.space.at(rng.random(len(plan.space.axes))))


def refine(plan: Plan, seen: Sequence[Seen]) -> dict[str, Value] | None:
    """Look anywhere first, then in rounds within an ever smaller box around the best."""
    level, start = _round(plan, len(seen))
    found = [trial for trial in seen[:start] if trial.merit is not None]
    if not level or not found:
        return random(plan, seen)
    best = max(found, key=_merit)  # of equal ones, the first
    width, rng = SHRINK**level, _generator(plan, len(seen))

    def near() -> dict[str, Value]:
        return {a.path: _near(a, best.values[a.path], width, rng) for a in plan.space.axes}

    return _new(seen, near) or random(plan, seen)


def _near(axis: Axis, centre: Value, width: float, rng: np.random.Generator) -> Value:
    """Draw from a part of an axis around ``centre``; names are not near to each other."""
    draw, luck = rng.random(2)
    if isinstance(axis, Choices) and any(isinstance(value, str) for value in axis.values):
        return axis.at(draw) if luck < width else centre
    return axis.at(axis.place(centre) + width * (draw - 0.5))  # beyond an end is the end itself


def _round(plan: Plan, number: int) -> tuple[int, int]:
    """Return which round a trial is in (0: the random one), and the trial that begins it."""
    trials = plan.trials or UNPLANNED
    first = max(1, round(FIRST * trials))
    if number < first:
        return 0, 0
    size = max(1, -(-(trials - first) // ROUNDS))
    level = (number - first) // size
    return level + 1, first + level * size


def tpe(plan: Plan, seen: Sequence[Seen]) -> dict[str, Value] | None:
    """Look by a tree-structured Parzen estimator (Bergstra et al. 2011), after random trials."""
    from optuna.samplers import TPESampler
    from optuna.trial import TrialState, create_trial

    study = _study(TPESampler(n_startup_trials=0, seed=_number(plan, len(seen))))
    if len(seen) < min(10, (plan.trials or UNPLANNED) // 2):
        return random(plan, seen)
    spaces = distributions(plan.space)
    for trial in seen:
        told: dict[str, Any] = {"params": dict(trial.values), "distributions": spaces}
        if trial.merit is None:  # to TPE, pruned without a score is the worst there is
            study.add_trial(create_trial(state=TrialState.PRUNED, **told))
        else:
            study.add_trial(create_trial(value=trial.merit, **told))

    def asked() -> dict[str, Value]:
        values = study.ask(spaces).params
        return {a.path: _legal(a, values[a.path]) for a in plan.space.axes}

    return _new(seen, asked) or random(plan, seen)


def _study(sampler: Any) -> Any:
    import optuna

    return optuna.create_study(direction="maximize", sampler=sampler)


def _legal(axis: Axis, value: Any) -> Value:
    if isinstance(axis, Choices):
        return cast(Value, value)
    return int(value) if axis.whole else axis.rounded(value)


def distributions(space: Space) -> dict[str, Any]:
    """Return the space as Optuna writes it down."""
    from optuna import distributions as of

    found: dict[str, Any] = {}
    for axis in space.axes:
        if isinstance(axis, Choices):
            found[axis.path] = of.CategoricalDistribution(axis.values)
        elif axis.whole:
            found[axis.path] = of.IntDistribution(int(axis.low), int(axis.high), log=axis.log)
        else:
            found[axis.path] = of.FloatDistribution(axis.low, axis.high, log=axis.log)
    return found


def _new(seen: Sequence[Seen], draw: Callable[[], dict[str, Value]]) -> dict[str, Value] | None:
    """Draw until the settings are new; None if that does not happen."""
    tried = {tuple(trial.values.items()) for trial in seen}
    for _ in range(REDRAWS):
        values = draw()
        if tuple(values.items()) not in tried:
            return values
    return None


def _merit(trial: Seen) -> float:
    assert trial.merit is not None
    return trial.merit


def _generator(plan: Plan, number: int) -> np.random.Generator:
    return np.random.default_rng([plan.seed, number])


def _number(plan: Plan, number: int) -> int:
    return int(np.random.SeedSequence([plan.seed, number]).generate_state(1)[0])


STRATEGIES = {
    "grid": Strategy("every combination of the points of each setting", grid),
    "random": Strategy("anywhere in the space", random),
    "refine": Strategy(
        "random first, then ever closer around the best",
        refine,
        waits_for=lambda plan, number: _round(plan, number)[1],
    ),
    "tpe": Strategy("where good trials are dense and bad ones rare", tpe),
}
