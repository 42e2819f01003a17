"""One time step of gated cells, and the way back: each one pass over memory. Time comes first."""

from typing import Any

import numpy as np

from seqkit.nn.elementary import ONE, TWO, ZERO, Floats, compiled, gate_of, inlined, sigmoid, tanh

EPSILON = np.float32(1e-5)  # torch's, of layer normalisation


@compiled
def gru_forward(t: int, wx: Floats, uh: Floats, states: Floats, gates: Floats) -> None:
    """From ``wx[t]`` and ``uh`` (r, z, n) and ``states[t]`` to ``states[t + 1]``.

    ``gates[t]`` becomes r, z, n and the part of ``uh`` that r gates.
    """
    batch, units = states.shape[1:]
    for row in range(batch):
        x, u, gate = wx[t, row], uh[row], gates[t, row]
        r, z = gate_of(gate, 0, units), gate_of(gate, 1, units)
        n, kept = gate_of(gate, 2, units), gate_of(gate, 3, units)
        xn, un = gate_of(x, 2, units), gate_of(u, 2, units)
        h, new = states[t, row], states[t + 1, row]
        for k in range(2 * units):
            gate[k] = sigmoid(x[k] + u[k])
        for k in range(units):
            n[k] = tanh(xn[k] + r[k] * un[k])
        for k in range(units):
            kept[k] = un[k]
        for k in range(units):
            new[k] = n[k] + z[k] * (h[k] - n[k])


@compiled
def gru_backward(
    t: int, dh: Floats, states: Floats, gates: Floats, dwx: Floats, duh: Floats
) -> None:
    """Write ``dwx[t]`` and ``duh[t]``; ``dh`` of the new state becomes what z hands back."""
    batch, units = dh.shape
    for row in range(batch):
        gate, h, d = gates[t, row], states[t, row], dh[row]
        r, z = gate_of(gate, 0, units), gate_of(gate, 1, units)
        n, kept = gate_of(gate, 2, units), gate_of(gate, 3, units)
        dx, du = dwx[t, row], duh[t, row]
        dr, dz, dn = gate_of(dx, 0, units), gate_of(dx, 1, units), gate_of(dx, 2, units)
        dkept = gate_of(du, 2, units)
        for k in range(units):
            dz[k] = d[k] * (h[k] - n[k]) * z[k] * (ONE - z[k])
        for k in range(units):
            dn[k] = d[k] * (ONE - z[k]) * (ONE - n[k] * n[k])
        for k in range(units):
            dr[k] = dn[k] * kept[k] * r[k] * (ONE - r[k])
        for k in range(units):
            dkept[k] = dn[k] * r[k]
        for k in range(2 * units):
            du[k] = dx[k]
        for k in range(units):
            d[k] *= z[k]


@compiled
def lstm_forward(t: int, pre: Floats, outputs: Floats, memory: Floats, gates: Floats) -> None:
    """From ``pre`` (i, f, g, o before they are squashed) to ``outputs[t]`` and ``memory[t + 1]``.

    ``gates[t]`` becomes i, f, g, o.
    """
    batch, units = outputs.shape[1:]
    for row in range(batch):
        for k in range(4 * units):
            gates[t, row, k] = pre[row, k]
        remember(gates[t, row], memory[t, row], memory[t + 1, row])
        o, h, new = gate_of(gates[t, row], 3, units), outputs[t, row], memory[t + 1, row]
        for k in range(units):
            h[k] = o[k] * tanh(new[k])


@inlined
def remember(gate: Any, c: Any, new: Any) -> None:
    """Squash the gates, in place, and write the new memory."""
    units = len(c)
    i, f = gate_of(gate, 0, units), gate_of(gate, 1, units)
    g, o = gate_of(gate, 2, units), gate_of(gate, 3, units)
    for k in range(units):
        i[k] = sigmoid(i[k])
    for k in range(units):
        f[k] = sigmoid(f[k])
    for k in range(units):
        g[k] = tanh(g[k])
    for k in range(units):
        o[k] = sigmoid(o[k])
    for k in range(units):
        new[k] = f[k] * c[k] + i[k] * g[k]


@compiled
def lstm_backward(
    t: int, dh: Floats, dc: Floats, memory: Floats, gates: Floats, dpre: Floats
) -> None:
    """Write ``dpre[t]``; ``dc`` of the new memory becomes that of ``memory[t]``."""
    batch, units = dh.shape
    for row in range(batch):
        o, do = gate_of(gates[t, row], 3, units), gate_of(dpre[t, row], 3, units)
        d, dmemory, new = dh[row], dc[row], memory[t + 1, row]
        for k in range(units):
            y = tanh(new[k])
            do[k] = d[k] * y * o[k] * (ONE - o[k])
            dmemory[k] += d[k] * o[k] * (ONE - y * y)
        remember_backward(gates[t, row], memory[t, row], dmemory, dpre[t, row])


@inlined
def remember_backward(gate: Any, c: Any, dc: Any, dgate: Any) -> None:
    """From ``dc`` to what it says of i, f and g, before they are squashed; and the memory before.

    The gradient of o is not touched.
    """
    units = len(dc)
    i, f, g = gate_of(gate, 0, units), gate_of(gate, 1, units), gate_of(gate, 2, units)
    di, df, dg = gate_of(dgate, 0, units), gate_of(dgate, 1, units), gate_of(dgate, 2, units)
    for k in range(units):
        di[k] = dc[k] * g[k] * i[k] * (ONE - i[k])
    for k in range(units):
        dg[k] = dc[k] * i[k] * (ONE - g[k] * g[k])
    for k in range(units):
        df[k] = dc[k] * c[k] * f[k] * (ONE - f[k])
    for k in range(units):
        dc[k] *= f[k]


@inlined
def normalise(x: Any, normal: Any) -> Any:
    """Write ``x`` with mean 0 and variance 1; return what it was multiplied with."""
    count = np.float32(len(x))
    total = ZERO
    for k in range(len(x)):
        total += x[k]
    mean, total = total / count, ZERO
    for k in range(len(x)):
        total += (x[k] - mean) * (x[k] - mean)
    scale = ONE / np.sqrt(total / count + EPSILON)
    for k in range(len(x)):
        normal[k] = (x[k] - mean) * scale
    return scale


@inlined
def normalise_backward(d: Any, normal: Any, scale: Any) -> None:
    """Turn the gradient of ``normal`` into that of what was normalised, in place."""
    count = np.float32(len(d))
    mean, slope = ZERO, ZERO
    for k in range(len(d)):
        mean += d[k]
        slope += d[k] * normal[k]
    mean, slope = mean / count, slope / count
    for k in range(len(d)):
        d[k] = scale * (d[k] - mean - slope * normal[k])


@compiled
def layer_norm_lstm_forward(
    t: int,
    wx: Floats,
    uh: Floats,
    gains: Floats,
    gain_c: Floats,
    bias_c: Floats,
    outputs: Floats,
    memory: Floats,
    gates: Floats,
    normal: Floats,
    normal_c: Floats,
    scales: Floats,
) -> None:
    """From ``wx[t]``, normalised, and ``uh``, not yet, to ``outputs[t]`` and ``memory[t + 1]``.

    Kept for the way back: gates i, f, g, o; ``uh`` and the memory normalised; their two scales.
    """
    batch, units = outputs.shape[1:]
    for row in range(batch):
        x, u, gate = wx[t, row], normal[t, row], gates[t, row]
        scales[t, row, 0] = normalise(uh[row], u)
        for k in range(4 * units):
            gate[k] = x[k] + gains[k] * u[k]
        remember(gate, memory[t, row], memory[t + 1, row])
        o, h, c = gate_of(gate, 3, units), outputs[t, row], normal_c[t, row]
        scales[t, row, 1] = normalise(memory[t + 1, row], c)
        for k in range(units):
            h[k] = o[k] * tanh(gain_c[k] * c[k] + bias_c[k])


@compiled
def layer_norm_lstm_backward(
    t: int,
    dh: Floats,
    dc: Floats,
    gains: Floats,
    gain_c: Floats,
    bias_c: Floats,
    memory: Floats,
    gates: Floats,
    normal: Floats,
    normal_c: Floats,
    scales: Floats,
    dwx: Floats,
    duh: Floats,
    dgains: Floats,
    dgain_c: Floats,
    dbias_c: Floats,
) -> None:
    """Write ``dwx[t]`` and ``duh[t]``, add to the gradients of gains and bias.

    ``dc`` of the new memory becomes that of ``memory[t]``.
    """
    batch, units = dh.shape
    dy = np.empty(units, np.float32)
    for row in range(batch):
        u, d, du = normal[t, row], dwx[t, row], duh[t, row]
        o, do = gate_of(gates[t, row], 3, units), gate_of(d, 3, units)
        c, dstate, dmemory = normal_c[t, row], dh[row], dc[row]
        for k in range(units):
            y = tanh(gain_c[k] * c[k] + bias_c[k])
            do[k] = dstate[k] * y * o[k] * (ONE - o[k])
            dy[k] = dstate[k] * o[k] * (ONE - y * y)
        for k in range(units):
            dgain_c[k] += dy[k] * c[k]
        for k in range(units):
            dbias_c[k] += dy[k]
            dy[k] *= gain_c[k]
        normalise_backward(dy, c, scales[t, row, 1])
        for k in range(units):
            dmemory[k] += dy[k]
        remember_backward(gates[t, row], memory[t, row], dmemory, d)
        for k in range(4 * units):
            dgains[k] += d[k] * u[k]
        for k in range(4 * units):
            du[k] = d[k] * gains[k]
        normalise_backward(du, u, scales[t, row, 0])


@compiled
def mogrify_forward(t: int, before: Floats, gates: Floats, after: Floats) -> None:
    """``gates[t]`` is squashed; ``after[t]`` becomes twice that times ``before[t]``."""
    batch, units = gates.shape[1:]
    for row in range(batch):
        gate, x, y = gates[t, row], before[t, row], after[t, row]
        for k in range(units):
            gate[k] = sigmoid(gate[k])
        for k in range(units):
            y[k] = TWO * gate[k] * x[k]


@compiled
def mogrify_backward(t: int, d: Floats, before: Floats, gates: Floats, dgates: Floats) -> None:
    """Write ``dgates[t]``, before it is squashed; ``d`` of after becomes that of before."""
    batch, units = d.shape
    for row in range(batch):
        gate, x, dx, dgate = gates[t, row], before[t, row], d[row], dgates[t, row]
        for k in range(units):
            dgate[k] = dx[k] * TWO * x[k] * gate[k] * (ONE - gate[k])
        for k in range(units):
            dx[k] *= TWO * gate[k]
