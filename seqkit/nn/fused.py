"""Cells over whole sequences on the CPU: compiled gates, and weight gradients in one product.

What autograd does for a weight at every time step is one product for all of them here, after the
last; and all that a step does beside its products is one pass over memory.
Everything is float32, and time comes first but for the scans.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from seqkit.nn import gate_kernels, scan_kernels

Gradients = tuple[Tensor | None, ...]


def arrays_of(*tensors: Tensor) -> list[Any]:
    """Return NumPy's views."""
    return [tensor.detach().numpy() for tensor in tensors]


def over_time(d: Tensor, inputs: Tensor) -> Tensor:
    """Return a weight's gradient from those of its products and what it was multiplied with."""
    return d.flatten(0, -2).t() @ inputs.flatten(0, -2)


class _GRU(torch.autograd.Function):
    """``wx`` (time, batch, 3 * hidden), U, its bias and a first state: all states.

    They are ``(time + 1, batch, hidden)``, the first one among them.
    """

    @staticmethod
    def forward(ctx: Any, wx: Tensor, weight: Tensor, bias: Tensor, h: Tensor) -> Tensor:
        """Cho et al. 2014, as ``cells.GRU``."""
        time, batch, units = len(wx), *h.shape
        states, gates = wx.new_empty(time + 1, batch, units), wx.new_empty(time, batch, 4 * units)
        states[0] = h
        uh = wx.new_empty(batch, 3 * units)
        arrays = arrays_of(wx.contiguous(), uh, states, gates)
        for t in range(time):
            torch.addmm(bias, states[t], weight.t(), out=uh)
            gate_kernels.gru_forward(t, *arrays)
        ctx.save_for_backward(weight, states, gates)
        return states

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dstates: Tensor) -> Gradients:
        """Return gradients in the order of ``forward``'s arguments."""
        weight, states, gates = ctx.saved_tensors
        dwx, duh = gates.new_empty(2, *gates.shape[:2], len(weight))
        dh = dstates[-1].clone(memory_format=torch.contiguous_format)
        arrays = arrays_of(dh, states, gates, dwx, duh)
        for t in reversed(range(len(gates))):
            gate_kernels.gru_backward(t, *arrays)
            dh.addmm_(duh[t], weight).add_(dstates[t])
        return dwx, over_time(duh, states[:-1]), duh.sum((0, 1)), dh


class _LayerNormLSTM(torch.autograd.Function):
    """``wx`` (time, batch, 4 * hidden), normalised, and a first state: all states and memories.

    Both are ``(time + 1, batch, hidden)``, the first ones among them.
    """

    @staticmethod
    def forward(
        ctx: Any,
        wx: Tensor,
        weight: Tensor,
        gains: Tensor,
        gain_c: Tensor,
        bias_c: Tensor,
        h: Tensor,
        c: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Ba et al. 2016, as ``cells.LayerNormLSTM``."""
        time, batch, units = len(wx), *h.shape
        states, memory = (wx.new_empty(time + 1, batch, units) for _ in range(2))
        states[0], memory[0] = h, c
        gates, normal = wx.new_empty(2, time, batch, 4 * units)
        normal_c, scales = wx.new_empty(time, batch, units), wx.new_empty(time, batch, 2)
        kept = (memory, gates, normal, normal_c, scales)
        uh = wx.new_empty(batch, 4 * units)
        arrays = arrays_of(wx.contiguous(), uh, gains, gain_c, bias_c, states[1:], *kept)
        for t in range(time):
            torch.mm(states[t], weight.t(), out=uh)
            gate_kernels.layer_norm_lstm_forward(t, *arrays)
        ctx.save_for_backward(weight, gains, gain_c, bias_c, states, *kept)
        return states, memory

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dstates: Tensor, dmemory: Tensor) -> Gradients:
        """Return gradients in the order of ``forward``'s arguments."""
        weight, gains, gain_c, bias_c, states, *kept = ctx.saved_tensors
        dwx, duh = weight.new_empty(2, *kept[1].shape)
        sums = [torch.zeros_like(part) for part in (gains, gain_c, bias_c)]
        dh, dc = (d[-1].clone(memory_format=torch.contiguous_format) for d in (dstates, dmemory))
        arrays = arrays_of(dh, dc, gains, gain_c, bias_c, *kept, dwx, duh, *sums)
        for t in reversed(range(len(dwx))):
            gate_kernels.layer_norm_lstm_backward(t, *arrays)
            torch.addmm(dstates[t], duh[t], weight, out=dh)
            dc += dmemory[t]
        return dwx, over_time(duh, states[:-1]), *sums, dh, dc


class _Mogrifier(torch.autograd.Function):
    """``x`` (time, batch, features), W, U, their bias, a first state, then Q and R in turn.

    All states and memories, ``(time + 1, batch, hidden)``, the first ones among them. ``values``
    are the paper's in its order: x, h, and what each round makes of the one before the last.
    """

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        w: Tensor,
        u: Tensor,
        bias: Tensor,
        h: Tensor,
        c: Tensor,
        *rounds: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Melis et al. 2020, as ``cells.Mogrifier``."""
        time, batch, _ = x.shape
        states, memory = (x.new_empty(time + 1, *h.shape) for _ in range(2))
        states[0], memory[0] = h, c
        squashed = [x.new_empty(time, batch, len(weight)) for weight in rounds]
        values = [x.contiguous(), states[:-1], *(torch.empty_like(gate) for gate in squashed)]
        turns = [arrays_of(*turn) for turn in zip(values, squashed, values[2:], strict=False)]
        gates, pre = x.new_empty(time, batch, len(bias)), x.new_empty(batch, len(bias))
        arrays = arrays_of(pre, states[1:], memory, gates)
        x, before = _last(values)
        for t in range(time):
            for weight, source, gate, turn in zip(
                rounds, values[1:], squashed, turns, strict=False
            ):
                torch.mm(source[t], weight.t(), out=gate[t])
                gate_kernels.mogrify_forward(t, *turn)
            torch.addmm(bias, x[t], w.t(), out=pre).addmm_(before[t], u.t())
            gate_kernels.lstm_forward(t, *arrays)
        ctx.save_for_backward(w, u, states, memory, gates, values[0], *values[2:], *rounds)
        ctx.squashed = squashed
        return states, memory

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dstates: Tensor, dmemory: Tensor) -> Gradients:
        """Return gradients in the order of ``forward``'s arguments."""
        w, u, states, memory, gates, inputs, *rest = ctx.saved_tensors
        squashed, count = ctx.squashed, len(ctx.squashed)
        values, rounds = [inputs, states[:-1], *rest[:count]], rest[count:]
        dpre, dinputs = torch.empty_like(gates), torch.empty_like(inputs)
        dsquashed = [torch.empty_like(gate) for gate in squashed]
        dx = torch.empty_like(inputs[0])
        dh, dc = (d[-1].clone(memory_format=torch.contiguous_format) for d in (dstates, dmemory))
        arrays = arrays_of(dh, dc, memory, gates, dpre)
        # Round 0 gates x by h, round 1 h by x, and so on.
        turns = [
            arrays_of((dx, dh)[number % 2], *turn)
            for number, turn in enumerate(zip(values, squashed, dsquashed, strict=False))
        ]
        for t in reversed(range(len(gates))):
            gate_kernels.lstm_backward(t, *arrays)
            torch.mm(dpre[t], w, out=dx)
            torch.mm(dpre[t], u, out=dh)
            for number in reversed(range(count)):
                gate_kernels.mogrify_backward(t, *turns[number])
                (dh, dx)[number % 2].addmm_(dsquashed[number][t], rounds[number])
            dinputs[t] = dx
            dh += dstates[t]
            dc += dmemory[t]
        x, before = _last(values)
        drounds = map(over_time, dsquashed, values[1:])
        weights = over_time(dpre, x), over_time(dpre, before), dpre.sum((0, 1))
        return dinputs, *weights, dh, dc, *drounds


def _last(values: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Return the last x and the last h of what a mogrifier's rounds made."""
    return (values[-1], values[-2]) if len(values) % 2 else (values[-2], values[-1])


class _MinGRU(torch.autograd.Function):
    """``pre`` (batch, time, 2 * hidden), before it is squashed, and a first state: all outputs."""

    @staticmethod
    def forward(ctx: Any, pre: Tensor, h: Tensor) -> Tensor:
        """Feng et al. 2024, as ``cells.MinGRU``."""
        return _scan(scan_kernels.min_gru_forward, ctx, pre, h)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, doutputs: Tensor) -> Gradients:
        """Return gradients in the order of ``forward``'s arguments."""
        return _scan_backward(scan_kernels.min_gru_backward, ctx, doutputs)


class _MinLSTM(torch.autograd.Function):
    """``pre`` (batch, time, 3 * hidden), before it is squashed, and a first state: all outputs."""

    @staticmethod
    def forward(ctx: Any, pre: Tensor, h: Tensor) -> Tensor:
        """Feng et al. 2024, as ``cells.MinLSTM``."""
        return _scan(scan_kernels.min_lstm_forward, ctx, pre, h)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, doutputs: Tensor) -> Gradients:
        """Return gradients in the order of ``forward``'s arguments."""
        return _scan_backward(scan_kernels.min_lstm_backward, ctx, doutputs)


def _scan(kernel: Any, ctx: Any, pre: Tensor, h: Tensor) -> Tensor:
    pre, h = pre.contiguous(), h.contiguous()
    outputs = pre.new_empty(*pre.shape[:2], h.shape[1])
    kernel(*arrays_of(pre, h, outputs))
    ctx.save_for_backward(pre, h, outputs)
    return outputs


def _scan_backward(kernel: Any, ctx: Any, doutputs: Tensor) -> Gradients:
    pre, h, outputs = ctx.saved_tensors
    dpre, dh = torch.empty_like(pre), torch.zeros_like(h)
    kernel(*arrays_of(doutputs.contiguous(), pre, h, outputs, dpre, dh))
    return dpre, dh


gru: Any = _GRU.apply
layer_norm_lstm: Any = _LayerNormLSTM.apply
mogrifier: Any = _Mogrifier.apply
min_gru: Any = _MinGRU.apply
min_lstm: Any = _MinLSTM.apply
