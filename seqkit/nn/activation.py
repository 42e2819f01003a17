"""Activation functions by name."""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

ActivationName = Literal["sigmoid", "tanh", "relu", "leaky_relu", "gelu"]

ACTIVATIONS: dict[ActivationName, Callable[[Tensor], Tensor]] = {
    "sigmoid": torch.sigmoid,  # 1 / (1 + exp(-x))
    "tanh": torch.tanh,
    "relu": F.relu,  # max(0, x)
    "leaky_relu": F.leaky_relu,  # max(0, x) + 0.01 min(0, x); Maas et al. 2013
    "gelu": F.gelu,  # x Phi(x), exact; Hendrycks and Gimpel 2016
}
