"""The linear recurrence ``h_t = a_t * h_{t-1} + b_t``, for all time steps at once."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def scan(a: Tensor, b: Tensor, h: Tensor) -> Tensor:
    """Return ``h_t`` of every time step, in about log2(time) passes (Hillis and Steele 1986).

    Exact, in any floating-point type: nothing is done in logarithms. The way back is a scan too,
    so that nothing of the passes is kept.

    Args:
        a: ``(batch, time, hidden)``, what share of the state before is kept.
        b: ``(batch, time, hidden)``, what is added to it.
        h: ``(batch, hidden)``, the state before the first step.

    Returns:
        ``(batch, time, hidden)``.
    """
    states: Tensor = _Scan.apply(a, b, h)  # type: ignore[no-untyped-call]
    return states


class _Scan(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor, h: Tensor) -> Tensor:
        states = _passes(a, torch.cat([torch.addcmul(b[:, :1], a[:, :1], h[:, None]), b[:, 1:]], 1))
        ctx.save_for_backward(a, h, states)
        return states

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dstates: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        # What a state is worth: itself, and its share of the next, a scan from the last step on.
        a, h, states = ctx.saved_tensors
        shares = torch.cat([a[:, 1:], torch.zeros_like(a[:, :1])], dim=1)
        db = _passes(shares.flip(1), dstates.flip(1)).flip(1)
        before = torch.cat([h[:, None], states[:, :-1]], dim=1)
        return db * before, db, db[:, 0] * a[:, 0]


def _passes(a: Tensor, b: Tensor) -> Tensor:
    """Scan from zero. After pass ``k``, a step knows of the ``2 ** k`` steps before it."""
    distance = 1
    while distance < b.shape[1]:
        near, far = slice(distance, None), slice(None, -distance)
        b = torch.cat([b[:, :distance], torch.addcmul(b[:, near], a[:, near], b[:, far])], dim=1)
        a = torch.cat([a[:, :distance], a[:, near] * a[:, far]], dim=1)
        distance *= 2
    return b
