"""How much each setting matters, as far as the trials can tell."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from seqkit.tune.space import Axis, Choices, Space, Values

BANDWIDTHS = (0.05, 0.1, 0.2, 0.4)  # of the axis
FEWEST = 6  # trials that say anything

Floats = NDArray[np.float64]


def importance(space: Space, values: Sequence[Values], scores: Sequence[float]) -> dict[str, float]:
    """Return the share of the variance of scores that each setting alone explains, 0 to 1.

    The first-order sensitivity index (Sobol 1993; the main effects of Hutter et al. 2014, section
    3), V(E(score | setting)) / V(score). The conditional mean is a kernel regression over the
    setting's axis (the mean of a group, for names), and is judged on the trial that it has not
    seen: so a setting that does not matter gets about 0, however few the trials. What settings
    do only together is in none of the shares, which need not add up to 1.

    Args:
        space: what was searched.
        values: of each trial.
        scores: of each trial, finite. They count by their ranks: one trial that went very wrong
            would else be all there is to explain.

    Returns:
        By path; nothing if there are too few trials, or their scores do not differ.
    """
    ranks = _ranks(np.asarray(scores, np.float64))
    if len(ranks) < FEWEST or ranks.std() == 0:
        return {}
    return {axis.path: _explained(axis, values, ranks) for axis in space.axes}


def _explained(axis: Axis, values: Sequence[Values], scores: Floats) -> float:
    total = float(((scores - _mean_of_others(scores)) ** 2).sum())
    places = np.array([axis.place(each[axis.path]) for each in values])
    far = np.abs(places[:, None] - places[None, :])
    if is_named(axis):
        kernels = [(far < 1e-9).astype(np.float64)]
    else:
        kernels = [np.exp(-0.5 * (far / width) ** 2) for width in BANDWIDTHS]
    left = min(_error(kernel, scores) for kernel in kernels)
    return float(min(max(1.0 - left / total, 0.0), 1.0))


def is_named(axis: Axis) -> bool:
    """Whether the values of an axis are names, which have no order."""
    return isinstance(axis, Choices) and any(isinstance(v, str | None) for v in axis.values)


def _error(kernel: Floats, scores: Floats) -> float:
    """Return the squared error of predicting each score by a weighted mean of the others.

    A kernel ``(trials, trials)``; half a trial's weight goes to the mean of all others, so that
    one neighbour is not believed blindly.
    """
    kernel = kernel.copy()
    np.fill_diagonal(kernel, 0.0)
    prior = 0.5
    means = _mean_of_others(scores)
    predicted = (kernel @ scores + prior * means) / (kernel.sum(axis=1) + prior)
    return float(((scores - predicted) ** 2).sum())


def _mean_of_others(scores: Floats) -> Floats:
    found: Floats = (scores.sum() - scores) / (len(scores) - 1)
    return found


def _ranks(scores: Floats) -> Floats:
    """Return the rank of each score; equal scores share the mean of theirs."""
    _, group = np.unique(scores, return_inverse=True)
    counts = np.bincount(group)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts - 1) / 2)[group], np.float64)
