"""The scans of minGRU and minLSTM (Feng et al. 2024), and the way back: one pass over memory."""

from typing import Any

from seqkit.nn.elementary import HALF, ONE, ZERO, Floats, compiled, exp, gate_of, inlined, sigmoid


@inlined
def positive(x: Any) -> Any:
    """``g`` of Feng et al. 2024."""
    return x + HALF if x >= ZERO else sigmoid(x)


@inlined
def positive_slope(x: Any) -> Any:
    """Return the derivative of ``positive``."""
    s = sigmoid(x)
    return ONE if x >= ZERO else s * (ONE - s)


@compiled
def min_gru_forward(pre: Floats, first: Floats, outputs: Floats) -> None:
    """Read ``pre`` (batch, time, [z, candidate]), both before they are squashed."""
    batch, time, units = outputs.shape
    for row in range(batch):
        h = first[row].copy()
        for t in range(time):
            z, candidate = gate_of(pre[row, t], 0, units), gate_of(pre[row, t], 1, units)
            new = outputs[row, t]
            for k in range(units):
                h[k] += sigmoid(z[k]) * (positive(candidate[k]) - h[k])
                new[k] = h[k]


@compiled
def min_gru_backward(
    doutputs: Floats, pre: Floats, first: Floats, outputs: Floats, dpre: Floats, dh: Floats
) -> None:
    """Write ``dpre``; ``dh``, zeros at first, becomes the gradient of the first state."""
    batch, time, units = outputs.shape
    for row in range(batch):
        d = dh[row]
        for t in range(time - 1, -1, -1):
            z, candidate = gate_of(pre[row, t], 0, units), gate_of(pre[row, t], 1, units)
            dz, dcandidate = gate_of(dpre[row, t], 0, units), gate_of(dpre[row, t], 1, units)
            dout, h = doutputs[row, t], outputs[row, t - 1] if t else first[row]
            for k in range(units):
                new, total = sigmoid(z[k]), d[k] + dout[k]
                dz[k] = total * (positive(candidate[k]) - h[k]) * new * (ONE - new)
                dcandidate[k] = total * new * positive_slope(candidate[k])
                d[k] = total * (ONE - new)


@compiled
def min_lstm_forward(pre: Floats, first: Floats, outputs: Floats) -> None:
    """Read ``pre`` (batch, time, [f, i, candidate]), all before they are squashed."""
    batch, time, units = outputs.shape
    for row in range(batch):
        h = first[row].copy()
        for t in range(time):
            f, i = gate_of(pre[row, t], 0, units), gate_of(pre[row, t], 1, units)
            candidate, new = gate_of(pre[row, t], 2, units), outputs[row, t]
            for k in range(units):
                share = input_share(f[k], i[k])
                h[k] += share * (positive(candidate[k]) - h[k])
                new[k] = h[k]


@inlined
def input_share(f: Any, i: Any) -> Any:
    """``sigmoid(i) / (sigmoid(f) + sigmoid(i))``, also where both are nearly 0."""
    # Both sigmoids are one over a sum of exponentials; the largest of those becomes 1.
    most = max_of(max_of(-f, -i), ZERO)
    one = exp(-most)
    over_f, over_i = one + exp(-f - most), one + exp(-i - most)
    return over_f / (over_f + over_i)


@inlined
def max_of(x: Any, y: Any) -> Any:
    """Return the larger, which Python's ``max`` compiles to a branch for."""
    return x if x > y else y


@compiled
def min_lstm_backward(
    doutputs: Floats, pre: Floats, first: Floats, outputs: Floats, dpre: Floats, dh: Floats
) -> None:
    """Write ``dpre``; ``dh``, zeros at first, becomes the gradient of the first state."""
    batch, time, units = outputs.shape
    for row in range(batch):
        d = dh[row]
        for t in range(time - 1, -1, -1):
            x, dx = pre[row, t], dpre[row, t]
            f, i, candidate = gate_of(x, 0, units), gate_of(x, 1, units), gate_of(x, 2, units)
            df, di, dcandidate = (
                gate_of(dx, 0, units),
                gate_of(dx, 1, units),
                gate_of(dx, 2, units),
            )
            dout, h = doutputs[row, t], outputs[row, t - 1] if t else first[row]
            for k in range(units):
                share, total = input_share(f[k], i[k]), d[k] + dout[k]
                turn = total * (positive(candidate[k]) - h[k]) * share * (ONE - share)
                df[k] = -turn * sigmoid(-f[k])
                di[k] = turn * sigmoid(-i[k])
                dcandidate[k] = total * share * positive_slope(candidate[k])
                d[k] = total * (ONE - share)
