"""Recurrent cells, and the encoder that stacks them."""

from abc import ABC, abstractmethod
from typing import Literal, NamedTuple

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from seqkit.nn.initialisation import InitialisationName, initialise
from seqkit.settings import settings

CellName = Literal["rnn", "rnn_relu", "lstm", "gru"]
State = tuple[Tensor, ...]  # each (batch, hidden); the first is the output


class Cell(nn.Module, ABC):
    """One recurrent layer in one direction, over the weights of torch's fused module.

    ``cell(inputs)`` reads whole sequences, fused; ``cell.step`` reads one time step and is
    written as the paper writes it. Both give the same numbers.
    """

    gates = 1
    fused: nn.RNNBase

    def __init__(self, features: int, hidden: int) -> None:
        super().__init__()
        self.features, self.hidden = features, hidden
        self.fused = self._fused(features, hidden)

    @abstractmethod
    def _fused(self, features: int, hidden: int) -> nn.RNNBase:
        """Return torch's module of one layer."""

    def forward(self, inputs: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Read ``(batch, time, features)``; return every output and the state after the last.

        Returns:
            Outputs ``(batch, time, hidden)``, and the state, each part ``(batch, hidden)``.
        """
        given = None
        if state is not None:
            parts = tuple(part[None] for part in state)
            given = parts if len(parts) > 1 else parts[0]
        outputs, final = self.fused(inputs, given)
        parts = final if isinstance(final, tuple) else (final,)
        return outputs, tuple(part[0] for part in parts)

    def initial_state(self, batch: int) -> State:
        """Return the state before the first step: zeros, ``(batch, hidden)``."""
        return (self._weights("ih")[0].new_zeros(batch, self.hidden),)

    @abstractmethod
    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Read one time step, ``x`` of ``(batch, features)``; return the output and new state."""

    def initialise(self, inputs: InitialisationName, recurrent: InitialisationName) -> None:
        """Fill input-to-hidden and hidden-to-hidden weights, gate by gate; see ``initialise``."""
        weight, bias = self._weights("ih")
        initialise(weight, inputs, bias=bias, gates=self.gates)
        weight, bias = self._weights("hh")
        initialise(weight, recurrent, bias=bias, gates=self.gates)

    def _weights(self, part: Literal["ih", "hh"]) -> tuple[Tensor, Tensor]:
        """Input-to-hidden or hidden-to-hidden: weight ``(gates * hidden, in)`` and bias."""
        return getattr(self.fused, f"weight_{part}_l0"), getattr(self.fused, f"bias_{part}_l0")

    def _project(self, x: Tensor, h: Tensor) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        """Return ``W x + b`` and ``U h + b'``, each cut into gates of ``(batch, hidden)``."""
        wx, uh = F.linear(x, *self._weights("ih")), F.linear(h, *self._weights("hh"))
        return wx.chunk(self.gates, dim=1), uh.chunk(self.gates, dim=1)


class RNN(Cell):
    """The simple recurrent network, ``h_t = tanh(W x_t + U h_{t-1} + b)`` (Elman 1990)."""

    def _fused(self, features: int, hidden: int) -> nn.RNNBase:
        return nn.RNN(features, hidden, batch_first=True)

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Elman 1990."""
        (h,) = state
        (wx,), (uh,) = self._project(x, h)
        h = torch.tanh(wx + uh)
        return h, (h,)


class ReluRNN(Cell):
    """``h_t = max(0, W x_t + U h_{t-1} + b)`` (Le, Jaitly and Hinton 2015)."""

    def _fused(self, features: int, hidden: int) -> nn.RNNBase:
        return nn.RNN(features, hidden, batch_first=True, nonlinearity="relu")

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Le, Jaitly and Hinton 2015."""
        (h,) = state
        (wx,), (uh,) = self._project(x, h)
        h = torch.relu(wx + uh)
        return h, (h,)


class LSTM(Cell):
    """Long short-term memory (Hochreiter and Schmidhuber 1997; forget gate, Gers et al. 2000).

    The state is ``(h, c)``.
    """

    gates = 4

    def _fused(self, features: int, hidden: int) -> nn.RNNBase:
        return nn.LSTM(features, hidden, batch_first=True)

    def initial_state(self, batch: int) -> State:
        """Return zeros for the output and for the memory cell."""
        return super().initial_state(batch) * 2

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Gers et al. 2000, without peepholes: i, f, o are gates, g the candidate."""
        h, c = state
        wx, uh = self._project(x, h)
        i = torch.sigmoid(wx[0] + uh[0])
        f = torch.sigmoid(wx[1] + uh[1])
        g = torch.tanh(wx[2] + uh[2])
        o = torch.sigmoid(wx[3] + uh[3])
        c = f * c + i * g
        h = o * torch.tanh(c)
        return h, (h, c)

    @torch.no_grad()
    def set_forget_bias(self, value: float) -> None:
        """Open the forget gate at the start (Jozefowicz et al. 2015, section 5).

        torch adds two biases; all of ``value`` goes into the first.
        """
        forget = slice(self.hidden, 2 * self.hidden)
        self._weights("ih")[1][forget] = value
        self._weights("hh")[1][forget] = 0.0


class GRU(Cell):
    """The gated recurrent unit (Cho et al. 2014), reset after the product as cuDNN has it."""

    gates = 3

    def _fused(self, features: int, hidden: int) -> nn.RNNBase:
        return nn.GRU(features, hidden, batch_first=True)

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Cho et al. 2014, eqs. 5-8, with ``r * (U h)`` in place of ``U (r * h)``."""
        (h,) = state
        wx, uh = self._project(x, h)
        r = torch.sigmoid(wx[0] + uh[0])
        z = torch.sigmoid(wx[1] + uh[1])
        n = torch.tanh(wx[2] + r * uh[2])
        h = z * h + (1 - z) * n
        return h, (h,)


CELLS: dict[CellName, type[Cell]] = {"rnn": RNN, "rnn_relu": ReluRNN, "lstm": LSTM, "gru": GRU}


@settings
class EncoderSettings:
    """A stack of recurrent layers."""

    cell: CellName = Field(default="lstm", description="the recurrent unit; rnn is with tanh")
    hidden: int = Field(default=128, ge=1, description="units of a layer, in each direction")
    layers: int = Field(default=1, ge=1, description="recurrent layers, one above the other")
    bidirectional: bool = Field(default=True, description="read backwards too")
    dropout: float = Field(default=0.0, ge=0, lt=1, description="between layers")
    initialisation: InitialisationName = Field(
        default="xavier", description="of input-to-hidden weights"
    )
    recurrent: InitialisationName = Field(
        default="orthogonal", description="initialisation of hidden-to-hidden weights"
    )
    forget_bias: float = Field(default=1.0, description="lstm: forget-gate bias at the start")


class Encoded(NamedTuple):
    """What an encoder read.

    Attributes:
        outputs: ``(batch, time, directions * hidden)`` of the top layer, zero at padding.
        last: ``(layers, batch, directions * hidden)``, each direction where it ended: at the
            last token forwards, at the first one backwards.
    """

    outputs: Tensor
    last: Tensor


class Encoder(nn.Module):
    """``layers`` of cells over right-padded rows; padding never changes a result.

    The backward direction reads each row flipped within its own length. That keeps both
    directions on torch's fused path, which packed sequences leave on the CPU.

    Args:
        features: of the input.
        chosen: the settings.
    """

    def __init__(self, features: int, chosen: EncoderSettings) -> None:
        super().__init__()
        self.chosen = chosen
        directions = 2 if chosen.bidirectional else 1
        self.features = directions * chosen.hidden
        widths = [features] + [self.features] * (chosen.layers - 1)
        self.ahead = nn.ModuleList(self._cell(width) for width in widths)
        self.back = nn.ModuleList(self._cell(w) for w in widths if chosen.bidirectional)
        self.dropout = nn.Dropout(chosen.dropout)

    def _cell(self, width: int) -> Cell:
        cell = CELLS[self.chosen.cell](width, self.chosen.hidden)
        cell.initialise(self.chosen.initialisation, self.chosen.recurrent)
        if isinstance(cell, LSTM):
            cell.set_forget_bias(self.chosen.forget_bias)
        return cell

    def forward(self, inputs: Tensor, lengths: Tensor) -> Encoded:
        """Read ``inputs`` of ``(batch, time, features)``, rows of ``lengths`` from 1 to time."""
        batch, time, _ = inputs.shape
        rows = torch.arange(batch, device=inputs.device)
        steps = torch.arange(time, device=inputs.device)
        real = steps < lengths[:, None]
        flip = torch.where(real, lengths[:, None] - 1 - steps, steps) + rows[:, None] * time
        last = []
        for layer, ahead in enumerate(self.ahead):
            if layer > 0:
                inputs = self.dropout(inputs)
            outputs, _ = ahead(inputs)
            final = outputs[rows, lengths - 1]
            if self.chosen.bidirectional:
                behind = _reorder(self.back[layer](_reorder(inputs, flip))[0], flip)
                outputs = torch.cat([outputs, behind], dim=2)
                final = torch.cat([final, behind[:, 0]], dim=1)
            last.append(final)
            inputs = outputs
        return Encoded(outputs.masked_fill(~real[:, :, None], 0.0), torch.stack(last))


def _reorder(x: Tensor, index: Tensor) -> Tensor:
    """Take the time steps of ``(batch, time, features)`` by their place in batch * time."""
    return x.flatten(0, 1).index_select(0, index.flatten()).view_as(x)
