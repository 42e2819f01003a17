"""What a recurrent cell is."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from seqkit.nn.initialisation import InitialisationName

State = tuple[Tensor, ...]  # each (batch, hidden); the first is the output


class Cell(nn.Module, ABC):
    """One recurrent layer in one direction.

    ``cell(inputs)`` reads whole sequences, fused; ``cell.step`` reads one time step. Both give
    the same numbers, but for dropped weights, which only a whole sequence knows.

    Args:
        features: of the input.
        hidden: units.
        weight_dropout: share of hidden-to-hidden weights dropped while training, one mask a
            pass: DropConnect (Wan et al. 2013) as in Merity et al. 2018, section 2.
    """

    gates = 1  # how many matrices of (hidden, features) are stacked in a weight

    def __init__(self, features: int, hidden: int, *, weight_dropout: float = 0.0) -> None:
        super().__init__()
        self.features, self.hidden, self.weight_dropout = features, hidden, weight_dropout

    @abstractmethod
    def forward(self, inputs: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Read ``(batch, time, features)``; return every output and the state after the last.

        Returns:
            Outputs ``(batch, time, hidden)``, and the state, each part ``(batch, hidden)``.
        """

    @abstractmethod
    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Read one time step, ``x`` of ``(batch, features)``; return the output and new state."""

    @abstractmethod
    def initialise(self, inputs: InitialisationName, recurrent: InitialisationName) -> None:
        """Fill input-to-hidden and hidden-to-hidden weights, gate by gate; see ``initialise``."""

    def initial_state(self, batch: int) -> State:
        """Return the state before the first step: zeros, ``(batch, hidden)``."""
        return (next(self.parameters()).new_zeros(batch, self.hidden),)

    def begin(self, inputs: Tensor, state: State | None) -> State:
        """Return the state to begin with, zeros if none is given.

        Raises:
            ValueError: if it is not ``(batch, hidden)``, which compiled loops read without a look.
        """
        if state is None:
            return self.initial_state(len(inputs))
        if not _traced():
            for part in state:
                if part.shape != (len(inputs), self.hidden):
                    raise ValueError(
                        f"a state of shape {tuple(part.shape)} for {len(inputs)} rows of "
                        f"{self.hidden} units"
                    )
        return state

    def set_forget_bias(self, value: float) -> None:
        """Open the forget gate at the start (Jozefowicz et al. 2015, section 5), if there is one.

        ``value`` replaces the gate's bias.
        """

    def _kept(self, weight: Tensor) -> Tensor:
        """Return the hidden-to-hidden weight with which a sequence is read."""
        if not (self.training and self.weight_dropout):
            return weight
        # As F.dropout, which on the CPU takes three times as long to draw as many numbers.
        kept = torch.rand_like(weight) >= self.weight_dropout
        return weight * kept.to(weight.dtype).div_(1 - self.weight_dropout)


def _traced() -> bool:
    return torch.compiler.is_compiling() or torch._C._get_tracing_state() is not None


def compilable(x: Tensor) -> bool:
    """Whether compiled loops may read ``x``: float32 on the CPU, run and not traced."""
    return (
        x.device.type == "cpu"
        and x.dtype is torch.float32
        and not torch.is_autocast_enabled("cpu")
        and not _traced()
    )
