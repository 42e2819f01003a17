"""Recurrent cells and encoders as ONNX.

ONNX has operators for the RNN, the LSTM and the GRU over rows of unlike lengths. The other cells
are a step in a ``Scan``, where a row that is over keeps its state.
"""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from torch import nn

from seqkit.export.graph import Value
from seqkit.export.layers import Array, array, joined, mask_of
from seqkit.nn.cell import Cell
from seqkit.nn.cells import GRU, LSTM, RNN, LayerNormLSTM, Mogrifier, ReluRNN, TorchCell
from seqkit.nn.minimal import MinCell, MinGRU, MinLSTM
from seqkit.nn.recurrent import Encoder

# Operator and the places of its gates among torch's: i f g o to i o f c, and r z n to z r h.
OPERATORS: dict[type[Cell], tuple[str, tuple[int, ...]]] = {
    RNN: ("RNN", (0,)),
    ReluRNN: ("RNN", (0,)),
    LSTM: ("LSTM", (0, 3, 1, 2)),
    GRU: ("GRU", (1, 0, 2)),
}


def encoded(
    x: Value, lengths: Value, encoder: Encoder, state: Sequence[Sequence[Value]] | None = None
) -> tuple[Value, list[Value], list[list[Value]]]:
    """Read ``(batch, time, features)``, rows of ``lengths`` ``(batch,)``, on from ``state``.

    Returns:
        Outputs, zero at padding; each layer's output where each direction ended, ``(batch,
        features)``; and the forward direction's state after the last token of each row, a list
        of ``(batch, hidden)`` a layer.
    """
    mask = mask_of(lengths, x.size(1)).unsqueeze(2)
    steps = x.transpose(1, 0, 2)
    ends, after = [], []
    for layer, cell in enumerate(encoder.ahead):
        before = state[layer] if state else None
        outputs, final = _read(steps, lengths, cast(Cell, cell), before)
        last = [final[0]]
        after.append(final)
        if encoder.chosen.bidirectional:
            back = cast(Cell, encoder.back[layer])
            behind, final = _read(steps, lengths, back, None, reverse=True)
            outputs = joined([outputs, behind], axis=2)
            last.append(final[0])
        steps = outputs
        ends.append(joined(last, axis=1))
    return steps.transpose(1, 0, 2).where(mask, 0.0), ends, after


def _read(
    steps: Value,
    lengths: Value,
    cell: Cell,
    state: Sequence[Value] | None,
    *,
    reverse: bool = False,
) -> tuple[Value, list[Value]]:
    """Read ``(time, batch, features)``: outputs ``(time, batch, hidden)`` and the last state."""
    if type(cell) in OPERATORS:
        return _operator(steps, lengths, cast(TorchCell, cell), state, reverse)
    if state is None:
        rows = lengths.op("Shape")
        zeros = lengths.graph.constant(0.0).op(
            "Expand", joined([rows, lengths.graph.constant(np.array([cell.hidden]))], 0)
        )
        state = [zeros] * len(cell.initial_state(1))
    if reverse:
        steps = _reversed(steps, lengths)
    real = mask_of(lengths, steps.size(0)).transpose(1, 0).float().unsqueeze(2)
    given = prepared(steps, cell)

    def step(before: list[Value], at: list[Value]) -> list[Value]:
        *inputs, here = at
        after = advanced(inputs, before, cell)
        is_real = here.op("Greater", 0.5)
        return [new.where(is_real, old) for new, old in zip(after, before, strict=True)]

    final, outputs = steps.graph.scan(step, state, [*given, real])
    return (_reversed(outputs, lengths) if reverse else outputs), final


def _reversed(steps: Value, lengths: Value) -> Value:
    return steps.op("ReverseSequence", lengths, batch_axis=1, time_axis=0)


def _operator(
    steps: Value, lengths: Value, cell: TorchCell, state: Sequence[Value] | None, reverse: bool
) -> tuple[Value, list[Value]]:
    kind, order = OPERATORS[type(cell)]
    (w, b), (u, d) = cell.affine("ih"), cell.affine("hh")
    bias = np.concatenate([_gates(array(part), order) for part in (b, d)])
    before = [part.unsqueeze(0) for part in state or ()]
    attributes: dict[str, Any] = {"linear_before_reset": 1} if kind == "GRU" else {}
    if kind == "RNN":
        attributes["activations"] = ["Relu" if isinstance(cell, ReluRNN) else "Tanh"]
    outputs, *final = steps.graph.node(
        kind,
        [
            steps,
            _gates(array(w), order)[None],
            _gates(array(u), order)[None],
            bias[None],
            lengths.op("Cast", to=6),  # int32
            *before,
        ],
        3 if kind == "LSTM" else 2,
        hidden_size=cell.hidden,
        direction="reverse" if reverse else "forward",
        **attributes,
    )
    return outputs.squeeze(1), [part.squeeze(0) for part in final]


def _gates(stacked: Array, order: tuple[int, ...]) -> Array:
    """Return the gates of ``(gates * hidden, ...)`` in another order."""
    parts = np.split(stacked, len(order))
    return np.concatenate([parts[i] for i in order])


def prepared(steps: Value, cell: Cell) -> list[Value]:
    """Return what can be known of all time steps at once: products of the inputs."""
    if isinstance(cell, MinCell):
        return list(_terms(_linear(steps, cell.linear), cell))
    if isinstance(cell, LayerNormLSTM):
        product = steps @ array(cell.weight_ih).T
        return [_normal(product, array(cell.gain_ih), array(cell.bias))]
    return [steps]


def advanced(inputs: list[Value], state: list[Value], cell: Cell) -> list[Value]:
    """Return the state after one step, from what :func:`prepared` gives of it."""
    if isinstance(cell, MinCell):
        a, b = inputs
        return [a * state[0] + b]
    if isinstance(cell, LayerNormLSTM):
        product = state[0] @ array(cell.weight_hh).T
        normal = _normal(product, array(cell.gain_hh), np.zeros_like(array(cell.gain_hh)))
        i, f, g, o = (inputs[0] + normal).split(4)
        c = f.op("Sigmoid") * state[1] + i.op("Sigmoid") * g.op("Tanh")
        shown = _normal(c, array(cell.gain_c), array(cell.bias_c)).op("Tanh")
        return [o.op("Sigmoid") * shown, c]
    assert isinstance(cell, Mogrifier)
    x, (h, c) = inputs[0], state
    before, last = x, h
    for weight in cell.rounds:
        before, last = last, (last @ array(weight).T).op("Sigmoid") * before * 2.0
    x, h = (last, before) if len(cell.rounds) % 2 else (before, last)
    (w, bias), (u, other) = cell.affine("ih"), cell.affine("hh")
    i, f, g, o = (x @ array(w).T + h @ array(u).T + array(bias + other)).split(4)
    c = f.op("Sigmoid") * c + i.op("Sigmoid") * g.op("Tanh")
    return [o.op("Sigmoid") * c.op("Tanh"), c]


def _terms(pre: Value, cell: MinCell) -> tuple[Value, Value]:
    """Return ``a`` and ``b`` of ``h_t = a_t * h_{t-1} + b_t``, as :mod:`seqkit.nn.minimal`."""
    if isinstance(cell, MinGRU):
        gate, candidate = pre.split(2)
    else:
        assert isinstance(cell, MinLSTM)
        f, i, candidate = pre.split(3)
        gate = f.op("Neg").op("Softplus") - i.op("Neg").op("Softplus")
    positive = (candidate + 0.5).where(candidate.op("GreaterOrEqual", 0.0), candidate.op("Sigmoid"))
    return gate.op("Neg").op("Sigmoid"), gate.op("Sigmoid") * positive


def _linear(x: Value, layer: nn.Linear) -> Value:
    return x @ array(layer.weight).T + array(layer.bias)


def _normal(x: Value, gain: Array, bias: Array) -> Value:
    return x.op("LayerNormalization", gain, bias, epsilon=1e-5, axis=-1)
