"""One step of additive attention, and the way back: each row in a core's cache."""

import numpy as np
from numpy.typing import NDArray

from seqkit.nn.elementary import ONE, ZERO, Floats, compiled, exp, tanh


@compiled
def attend(
    t: int,
    first: int,
    queries: Floats,
    keys: Floats,
    values: Floats,
    mask: NDArray[np.bool_],
    score: Floats,
    weights: Floats,
    contexts: Floats,
) -> None:
    """Write ``weights[t]`` and ``contexts[t]``: ``softmax_j(v . tanh(q + k_j))`` and the mean.

    Args:
        t: the step.
        first: where in a row of ``queries`` the query begins.
        queries: ``(time, batch, first + units)``.
        keys: ``(batch, places, units)``.
        values: ``(batch, places, features)``.
        mask: ``(batch, places)``, True at what is real.
        score: ``(units,)``, v.
        weights: ``(time, batch, places)``.
        contexts: ``(time, batch, features)``.
    """
    batch, places, units = keys.shape
    for row in range(batch):
        q, w, context = queries[t, row, first:], weights[t, row], contexts[t, row]
        highest = -np.float32(np.inf)
        for j in range(places):
            if mask[row, j]:
                key, total = keys[row, j], ZERO
                for k in range(units):
                    total += score[k] * tanh(q[k] + key[k])
                w[j] = total
                highest = max(highest, total)
        total = ZERO
        for j in range(places):
            w[j] = exp(w[j] - highest) if mask[row, j] else ZERO
            total += w[j]
        context[:] = ZERO
        for j in range(places):
            w[j] /= total
            if mask[row, j]:
                share, value = w[j], values[row, j]
                for k in range(len(context)):
                    context[k] += share * value[k]


@compiled
def attend_backward(
    t: int,
    first: int,
    dcontext: Floats,
    queries: Floats,
    keys: Floats,
    values: Floats,
    mask: NDArray[np.bool_],
    score: Floats,
    weights: Floats,
    dqueries: Floats,
    dkeys: Floats,
    dscore: Floats,
) -> None:
    """From ``dcontext`` ``(batch, features)``: write ``dqueries[t]``, add to the other two.

    What was squashed is computed again: that is less work than to read it from memory.
    """
    batch, places, units = keys.shape
    dweights = np.empty(places, np.float32)
    for row in range(batch):
        q, w, d = queries[t, row, first:], weights[t, row], dcontext[row]
        dq, mean = dqueries[t, row, first:], ZERO
        for j in range(places):
            value, total = values[row, j], ZERO
            if mask[row, j]:
                for k in range(len(d)):
                    total += d[k] * value[k]
            dweights[j] = total
            mean += w[j] * total
        for k in range(units):
            dq[k] = ZERO
        for j in range(places):
            if not mask[row, j]:
                continue
            slope, key, dkey = w[j] * (dweights[j] - mean), keys[row, j], dkeys[row, j]
            for k in range(units):
                y = tanh(q[k] + key[k])
                dscore[k] += slope * y
                change = slope * score[k] * (ONE - y * y)
                dq[k] += change
                dkey[k] += change
