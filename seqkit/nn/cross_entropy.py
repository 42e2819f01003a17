"""Cross-entropy over a large vocabulary, fused with the linear layer before it."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

CHUNK = 1 << 24  # logits held at once, at most (or those of one row)
TILE = 512, 1024  # rows and words whose logits stay in a CPU core's cache


def cross_entropy(
    hidden: Tensor,
    weight: Tensor,
    bias: Tensor,
    targets: Tensor,
    *,
    correction: Tensor | None = None,
    bfloat16: bool = False,
    smoothing: float = 0.0,
) -> Tensor:
    """Return the mean of ``-log softmax(W h + b)[target]``, a scalar.

    Args:
        hidden: ``(n, features)``, n at least 1.
        weight: ``(V, features)``.
        bias: ``(V,)``.
        targets: ``(n,)``, from 0 to V - 1.
        correction: ``(V,)``, added to every logit but the target's.
        bfloat16: multiply matrices in bfloat16; the softmax and all sums stay in float32. So it
            is under an autocast to bfloat16. To float16 it is all float32: of the gradient, which
            is taken on the way and so not scaled, too little would be left.
        smoothing: the share of the target that is spread over all V (Szegedy et al. 2016, section
            7), 0 to 1.
    """
    device = hidden.device.type
    if torch.is_autocast_enabled(device):
        hidden, weight = hidden.float(), weight.float()
        bfloat16 = bfloat16 or torch.get_autocast_dtype(device) is torch.bfloat16
    with torch.autocast(device, enabled=False):
        loss: Tensor = _CrossEntropy.apply(  # type: ignore[no-untyped-call]
            hidden, weight, bias, targets, correction, bfloat16, smoothing
        )
    return loss


def negative_log_likelihood(
    hidden: Tensor, weight: Tensor, bias: Tensor, targets: Tensor
) -> Tensor:
    """Return ``-log softmax(W h + b)[target]``, ``(n,)``; arguments as of ``cross_entropy``."""
    rows, words = TILE if hidden.device.type == "cpu" else (CHUNK // len(weight) + 1, len(weight))
    tiles = list(zip(torch.split(weight, words), torch.split(bias, words), strict=True))
    result = hidden.new_empty(len(hidden))
    for start in range(0, len(hidden), rows):
        part = slice(start, start + rows)
        sums = [torch.addmm(b, hidden[part], w.t()).logsumexp(dim=1) for w, b in tiles]
        own = (hidden[part] * weight[targets[part]]).sum(dim=1) + bias[targets[part]]
        result[part] = torch.stack(sums).logsumexp(dim=0).sub_(own).clamp_(min=0)
    return result


class _CrossEntropy(torch.autograd.Function):
    """The gradient is computed in the forward pass, where a chunk's probabilities are at hand.

    So the logits of more than a chunk are never in memory, and none is computed twice. With
    ``p = softmax(W h + b)`` and ``y`` the target as a row of shares, that of the logits is
    ``p - y``.
    """

    @staticmethod
    def forward(
        ctx: Any,
        hidden: Tensor,
        weight: Tensor,
        bias: Tensor,
        targets: Tensor,
        correction: Tensor | None,
        bfloat16: bool,
        smoothing: float,
    ) -> Tensor:
        n, kind = len(hidden), torch.bfloat16 if bfloat16 else hidden.dtype
        h, w = hidden.to(kind), weight.to(kind)
        shares, share = (hidden / n).to(kind), hidden.new_full((n,), 1 / n)
        total, d_hidden, d_bias = hidden.new_zeros(()), torch.empty_like(hidden), bias * 0
        d_weight: Tensor | None = None
        for part in _chunks(n, len(weight)):
            y = targets[part, None]
            logits = torch.mm(h[part], w.t()).to(hidden.dtype).add_(bias)
            if correction is not None:
                own = logits.gather(1, y)
                logits.add_(correction).scatter_(1, y, own)
            p = torch.log_softmax(logits, dim=1, out=logits)
            own = p.gather(1, y)
            total -= own.sum() * (1 - smoothing)
            if smoothing:
                total -= p.sum() * (smoothing / len(weight))
            p.exp_()
            if smoothing:
                p.sub_(smoothing / len(weight))
            p.scatter_add_(1, y, torch.full_like(own, smoothing - 1))
            d_bias.addmv_(p.t(), share[part])
            p = p.to(kind)
            d_hidden[part] = torch.mm(p, w)
            product = torch.mm(p.t(), shares[part]).to(weight.dtype)
            d_weight = product if d_weight is None else d_weight.add_(product)
        assert d_weight is not None
        ctx.save_for_backward(d_hidden.div_(n), d_weight, d_bias)
        return total / n

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        saved: tuple[Tensor, ...] = ctx.saved_tensors
        if gradient.device.type == "cpu" and gradient == 1:  # no pass over all weights
            return *saved, None, None, None, None
        return *(gradient * part for part in saved), None, None, None, None


def _chunks(rows: int, vocabulary_size: int) -> Iterator[slice]:
    size = max(1, CHUNK // vocabulary_size)
    return (slice(start, start + size) for start in range(0, rows, size))
