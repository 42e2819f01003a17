"""A recurrent layer that attends before each step, over whole targets on the CPU.

Bahdanau et al. 2015, appendix A.2: the context is asked for with the last state, and read by the
cell. What does not depend on the step before is one product for all steps, ahead of the loop or
after it; a step is two products, one compiled pass of attention and one of the cell.
Everything is float32, and time comes first.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from seqkit.nn import attention_kernels, gate_kernels
from seqkit.nn.attention import Additive, Memory
from seqkit.nn.cell import Cell, State
from seqkit.nn.cells import GRU, LSTM, TorchCell
from seqkit.nn.fused import Gradients, arrays_of, over_time


def readable(cell: Cell) -> bool:
    """Whether :func:`read` knows this cell."""
    return type(cell) in (GRU, LSTM)


def read(
    cell: TorchCell, attention: Additive, inputs: Tensor, state: State, memory: Memory
) -> tuple[Tensor, Tensor]:
    """Read whole targets, asking for a context before each step.

    Args:
        cell: what reads inputs and context, joined in that order.
        attention: what makes the context.
        inputs: ``(batch, time, cell.features - attention.features)``.
        state: the first, of the cell.
        memory: what is attended to.

    Returns:
        Outputs ``(batch, time, hidden)`` and contexts ``(batch, time, features)``.
    """
    (w, b), (u, d) = cell.affine("ih"), cell.affine("hh")
    keys, values, mask = memory
    width = inputs.shape[2]
    wx = F.linear(inputs.transpose(0, 1), w[:, :width], b)
    asked = torch.cat([u, attention.query.weight])  # one product of the state for both
    bias = torch.cat([d, d.new_zeros(attention.queries)])
    states, contexts = _Attentive.apply(  # type: ignore[no-untyped-call]
        wx, w[:, width:], asked, bias, attention.score.weight[0], keys, values, mask, *state
    )
    return states[1:].transpose(0, 1), contexts.transpose(0, 1)


class _Attentive(torch.autograd.Function):
    """``wx`` (time, batch, gates), C of the context, U with the query's below, its bias.

    Then v, keys, values and mask, and the first state: all states, ``(time + 1, batch, hidden)``,
    the first one among them, and contexts ``(time, batch, features)``.
    """

    @staticmethod
    def forward(
        ctx: Any,
        wx: Tensor,
        read: Tensor,
        asked: Tensor,
        bias: Tensor,
        score: Tensor,
        keys: Tensor,
        values: Tensor,
        mask: Tensor,
        h: Tensor,
        *c: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Loop over time with a GRU, or an LSTM where there is ``c``."""
        time, batch, width = wx.shape
        keys, values, score = keys.contiguous(), values.contiguous(), score.contiguous()
        states, memory = (wx.new_empty(time + 1, batch, h.shape[1]) for _ in range(2))
        states[0] = h
        gates, pre = wx.new_empty(time, batch, 4 * h.shape[1]), wx.new_empty(batch, width)
        uh, weights = wx.new_empty(time, batch, len(asked)), keys.new_zeros(time, *keys.shape[:2])
        contexts = wx.new_empty(time, batch, values.shape[2])
        attended = arrays_of(uh, keys, values, mask, score, weights, contexts)
        if c:
            memory[0] = c[0]
            arrays = arrays_of(pre, states[1:], memory, gates)
        for t in range(time):
            torch.addmm(bias, states[t], asked.t(), out=uh[t])
            attention_kernels.attend(t, width, *attended)
            torch.addmm(wx[t], contexts[t], read.t(), out=pre)
            if c:
                pre += uh[t, :, :width]
                gate_kernels.lstm_forward(t, *arrays)
            else:
                now = arrays_of(pre[None], uh[t], states[t : t + 2], gates[t : t + 1])
                gate_kernels.gru_forward(0, *now)
        kept = (read, asked, score, keys, values, mask, states, memory, gates, uh, weights)
        ctx.save_for_backward(*kept, contexts)
        ctx.cells = len(c)
        return states, contexts

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dstates: Tensor, dcontexts: Tensor) -> Gradients:
        """Return gradients in the order of ``forward``'s arguments."""
        read, asked, score, keys, values, mask, states, memory, gates, uh, weights, contexts = (
            ctx.saved_tensors
        )
        time, width = len(uh), len(read)
        duh, dcontext = torch.empty_like(uh), torch.empty_like(contexts)
        dwx = duh if ctx.cells else uh.new_empty(*uh.shape[:2], width)
        dkeys, dscore = torch.zeros_like(keys), torch.zeros_like(score)
        dh = dstates[-1].clone(memory_format=torch.contiguous_format)
        dc = torch.zeros_like(dh)
        attended = arrays_of(uh, keys, values, mask, score, weights, duh, dkeys, dscore)
        if ctx.cells:
            arrays = arrays_of(dh, dc, memory, gates, duh)
        else:
            arrays = arrays_of(dh, states, gates, dwx, duh)
        for t in reversed(range(time)):
            if ctx.cells:
                gate_kernels.lstm_backward(t, *arrays)
                dh.zero_()
            else:
                gate_kernels.gru_backward(t, *arrays)
            torch.addmm(dcontexts[t], dwx[t, :, :width], read, out=dcontext[t])
            attention_kernels.attend_backward(t, width, *arrays_of(dcontext[t]), *attended)
            dh.addmm_(duh[t], asked).add_(dstates[t])
        dwx = dwx[:, :, :width]
        dvalues = weights.permute(1, 2, 0) @ dcontext.transpose(0, 1)
        dread, dasked = over_time(dwx, contexts), over_time(duh, states[:-1])
        dbias = duh.sum((0, 1))
        return dwx, dread, dasked, dbias, dscore, dkeys, dvalues, None, dh, *[dc][: ctx.cells]
