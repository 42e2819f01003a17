"""Cells whose gates see the input alone, so that time is a scan (Feng et al. 2024)."""

from abc import abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seqkit.nn.cell import Cell, State, compilable
from seqkit.nn.initialisation import InitialisationName, initialise
from seqkit.nn.scan import scan


class MinCell(Cell):
    """A cell whose gates see the input alone, so that time is a scan (Feng et al. 2024)."""

    def __init__(self, features: int, hidden: int, *, weight_dropout: float = 0.0) -> None:
        super().__init__(features, hidden, weight_dropout=weight_dropout)
        self.linear = nn.Linear(features, self.gates * hidden)

    def initialise(
        self,
        inputs: InitialisationName,
        recurrent: InitialisationName,  # noqa: ARG002, there are no such weights
    ) -> None:
        """Fill input-to-hidden weights, the only ones, gate by gate."""
        initialise(self.linear.weight, inputs, bias=self.linear.bias, gates=self.gates)

    def forward(self, inputs: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Read ``(batch, time, features)``: all gates at once, then a scan over time."""
        (h,) = self.begin(inputs, state)
        pre = self._read(inputs)
        outputs = self._compiled(pre, h) if compilable(inputs) else scan(*self._terms(pre), h)
        return outputs, (outputs[:, -1].contiguous(),)

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Feng et al. 2024, section 3: ``h_t = a_t * h_{t-1} + b_t``."""
        (h,) = state
        a, b = self._terms(self._read(x))
        h = a * h + b
        return h, (h,)

    def _read(self, x: Tensor) -> Tensor:
        """Return ``W x``, in float32 at least: half of it has no gates between 0.996 and 1."""
        pre: Tensor = self.linear(x)
        return pre.to(torch.promote_types(pre.dtype, torch.float32))

    @abstractmethod
    def _terms(self, pre: Tensor) -> tuple[Tensor, Tensor]:
        """Return ``a`` and ``b`` of ``h_t = a_t * h_{t-1} + b_t`` from ``W x``."""

    @abstractmethod
    def _compiled(self, pre: Tensor, h: Tensor) -> Tensor:
        """Return all outputs from ``W x`` and the first state."""


class MinGRU(MinCell):
    """The minimal GRU, ``h_t = (1 - z_t) * h_{t-1} + z_t * g(W x_t)`` (section 3.1)."""

    gates = 2

    def _terms(self, pre: Tensor) -> tuple[Tensor, Tensor]:
        z, candidate = pre.chunk(2, dim=-1)
        return torch.sigmoid(-z), torch.sigmoid(z) * positive(candidate)

    def _compiled(self, pre: Tensor, h: Tensor) -> Tensor:
        from seqkit.nn import fused

        outputs: Tensor = fused.min_gru(pre, h)
        return outputs


class MinLSTM(MinCell):
    """The minimal LSTM: forget and input gates that sum to one (section 3.2)."""

    gates = 3

    @torch.no_grad()
    def set_forget_bias(self, value: float) -> None:
        """Open the forget gate at the start: training is more stable with it (appendix)."""
        self.linear.bias[: self.hidden] = value

    def _terms(self, pre: Tensor) -> tuple[Tensor, Tensor]:
        f, i, candidate = pre.chunk(3, dim=-1)
        # f / (f + i) of two sigmoids, without the quotient of two that may both be 0.
        forget = F.softplus(-i) - F.softplus(-f)
        return torch.sigmoid(forget), torch.sigmoid(-forget) * positive(candidate)

    def _compiled(self, pre: Tensor, h: Tensor) -> Tensor:
        from seqkit.nn import fused

        outputs: Tensor = fused.min_lstm(pre, h)
        return outputs


def positive(x: Tensor) -> Tensor:
    """Return Feng et al.'s ``g``: ``x + 0.5`` above 0, the logistic function below."""
    return torch.where(x >= 0, x + 0.5, torch.sigmoid(x))
