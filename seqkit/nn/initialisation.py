"""Weight initialisation by name."""

import math
from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn

InitialisationName = Literal["default", "xavier", "he", "orthogonal", "uniform"]


def xavier(weight: Tensor) -> None:
    """Fill from U(-a, a), a = sqrt(6 / (fan_in + fan_out)): Glorot and Bengio 2010, eq. 16."""
    fan_in, fan_out = fans(weight)
    a = math.sqrt(6 / (fan_in + fan_out))
    weight.uniform_(-a, a)


def he(weight: Tensor) -> None:
    """Fill from N(0, 2 / fan_in): He et al. 2015, eq. 10. For ReLU and its kin."""
    weight.normal_(0, math.sqrt(2 / fans(weight)[0]))


def orthogonal(weight: Tensor) -> None:
    """Fill with a random matrix of orthonormal rows or columns: Saxe et al. 2014, section 3."""
    nn.init.orthogonal_(weight)


def uniform(weight: Tensor) -> None:
    """Fill from U(-a, a), a = sqrt(3 / fan_in), of variance 1 / fan_in: LeCun et al. 1998, 4.6."""
    a = math.sqrt(3 / fans(weight)[0])
    weight.uniform_(-a, a)


def default(weight: Tensor) -> None:
    """Leave the weights as torch made them."""


INITIALISATIONS: dict[InitialisationName, Callable[[Tensor], None]] = {
    "default": default,
    "xavier": xavier,
    "he": he,
    "orthogonal": orthogonal,
    "uniform": uniform,
}


def fans(weight: Tensor) -> tuple[int, int]:
    """Return ``(fan_in, fan_out)`` of an ``(out, in, *kernel)`` weight."""
    receptive = math.prod(weight.shape[2:])
    return weight.shape[1] * receptive, weight.shape[0] * receptive


@torch.no_grad()
def initialise(
    weight: Tensor, name: InitialisationName, *, bias: Tensor | None = None, gates: int = 1
) -> None:
    """Fill ``weight`` in place, and ``bias`` with zeros; ``default`` leaves both as they are.

    Args:
        weight: ``(gates * out, in, *kernel)``.
        name: one of ``INITIALISATIONS``.
        bias: what is added to the product.
        gates: how many matrices are stacked in ``weight``; each is filled on its own.
    """
    for block in weight.chunk(gates):
        INITIALISATIONS[name](block)
    if bias is not None and name != "default":
        bias.zero_()
