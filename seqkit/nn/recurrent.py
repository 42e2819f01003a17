"""The encoder: recurrent cells stacked, in one direction or both."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional as F

from seqkit.errors import SeqkitError
from seqkit.nn.cell import Cell, State
from seqkit.nn.cells import CELLS, CellName
from seqkit.nn.initialisation import InitialisationName
from seqkit.nn.minimal import MinCell
from seqkit.settings import settings

EncoderState = tuple[State, ...]  # one a layer


@settings
class EncoderSettings:
    """A stack of recurrent layers."""

    cell: CellName = Field(default="lstm", description="the recurrent unit; rnn is with tanh")
    hidden: int = Field(default=128, ge=1, description="units of a layer, in each direction")
    layers: int = Field(default=1, ge=1, description="recurrent layers, one above the other")
    bidirectional: bool = Field(default=True, description="read backwards too")
    dropout: float = Field(default=0.0, ge=0, lt=1, description="between layers")
    variational: bool = Field(
        default=False, description="dropout between layers: one mask for all time steps of a row"
    )
    weight_dropout: float = Field(
        default=0.0, ge=0, lt=1, description="share of hidden-to-hidden weights, a mask a pass"
    )
    initialisation: InitialisationName = Field(
        default="xavier", description="of input-to-hidden weights"
    )
    recurrent: InitialisationName = Field(
        default="orthogonal", description="initialisation of hidden-to-hidden weights"
    )
    forget_bias: float = Field(
        default=1.0, description="forget-gate bias at the start, where a cell has such a gate"
    )

    @model_validator(mode="after")
    def _agree(self) -> "EncoderSettings":
        if self.weight_dropout and issubclass(CELLS[self.cell], MinCell):
            raise ValueError(
                f"cell={self.cell} has no hidden-to-hidden weights to drop: use weight_dropout=0"
            )
        return self


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
    """``layers`` of cells: over right-padded rows, or over a stream in one direction.

    ``forward`` reads whole rows; padding never changes a result. The backward direction reads
    each row flipped within its own length. That keeps both directions on the fused path, which
    packed sequences leave on the CPU. ``read`` goes on from a state and returns the next, and
    ``step`` reads one time step.

    Args:
        features: of the input.
        chosen: the settings.
        last: units of the top layer in each direction, where they are not ``chosen.hidden``.

    Attributes:
        features: of the output.
        top: units of the top layer in each direction.
    """

    def __init__(self, features: int, chosen: EncoderSettings, *, last: int | None = None) -> None:
        super().__init__()
        self.chosen = chosen
        directions = 2 if chosen.bidirectional else 1
        self.top = last or chosen.hidden
        self.features = directions * self.top
        inputs = [features] + [directions * chosen.hidden] * (chosen.layers - 1)
        hidden = [chosen.hidden] * (chosen.layers - 1) + [self.top]
        sizes = list(zip(inputs, hidden, strict=True))
        self.ahead = nn.ModuleList(self._cell(*size) for size in sizes)
        self.back = nn.ModuleList(self._cell(*size) for size in sizes if chosen.bidirectional)

    def _cell(self, features: int, hidden: int) -> Cell:
        chosen = self.chosen
        cell = CELLS[chosen.cell](features, hidden, weight_dropout=chosen.weight_dropout)
        cell.initialise(chosen.initialisation, chosen.recurrent)
        cell.set_forget_bias(chosen.forget_bias)
        return cell

    def forward(self, inputs: Tensor, lengths: Tensor) -> Encoded:
        """Read ``inputs`` of ``(batch, time, features)``, rows of ``lengths`` from 1 to time.

        Raises:
            ValueError: if the top layer is of another width than the rest: ``read`` then.
        """
        if self.chosen.layers > 1 and self.top != self.chosen.hidden:
            raise ValueError(f"layers of {self.chosen.hidden} and {self.top} units have no `last`")
        batch, time, _ = inputs.shape
        rows = torch.arange(batch, device=inputs.device)
        steps = torch.arange(time, device=inputs.device)
        real = steps < lengths[:, None]
        flip = torch.where(real, lengths[:, None] - 1 - steps, steps) + rows[:, None] * time
        last = []
        for layer, ahead in enumerate(self.ahead):
            if layer > 0:
                inputs = self._dropped(inputs)
            outputs, _ = ahead(inputs)
            final = outputs[rows, lengths - 1]
            if self.chosen.bidirectional:
                behind = _reorder(self.back[layer](_reorder(inputs, flip))[0], flip)
                outputs = torch.cat([outputs, behind], dim=2)
                final = torch.cat([final, behind[:, 0]], dim=1)
            last.append(final)
            inputs = outputs
        return Encoded(outputs.masked_fill(~real[:, :, None], 0.0), torch.stack(last))

    def read(
        self, inputs: Tensor, state: EncoderState | None = None, *, above: int = 0
    ) -> tuple[Tensor, EncoderState]:
        """Read ``inputs`` of ``(batch, time, features)``, all real, on from ``state``.

        Args:
            inputs: what the first layer reads; or what the lowest ``above`` layers have put out.
            state: of all layers; None: zeros.
            above: the number of layers to leave out, whose state stays as it is.

        Returns:
            Outputs of the top layer, ``(batch, time, features)``, and the state after the last.

        Raises:
            SeqkitError: if the encoder is bidirectional.
        """
        state = state or self.initial_state(len(inputs))
        new = list(state)
        for layer in range(above, len(self.ahead)):
            if layer > 0:
                inputs = self._dropped(inputs)
            inputs, new[layer] = self.ahead[layer](inputs, state[layer])
        return inputs, tuple(new)

    def initial_state(self, batch: int) -> EncoderState:
        """Return the state of ``batch`` rows before their first step: zeros.

        Raises:
            SeqkitError: if the encoder is bidirectional.
        """
        if self.chosen.bidirectional:
            raise SeqkitError(
                "what reads step by step cannot read backwards too: use bidirectional=false."
            )
        return tuple(cell.initial_state(batch) for cell in self.ahead if isinstance(cell, Cell))

    def step(
        self, x: Tensor, state: EncoderState, masks: Sequence[Tensor] = ()
    ) -> tuple[Tensor, EncoderState]:
        """Read one time step, ``(batch, features)``.

        Args:
            x: what the first layer reads.
            state: of all layers.
            masks: what the input of each layer but the first is multiplied with, as in training.
                Without, nothing is dropped.
        """
        new = []
        for layer, (cell, before) in enumerate(zip(self.ahead, state, strict=True)):
            assert isinstance(cell, Cell)
            if masks and layer > 0:
                x = x * masks[layer - 1]
            x, after = cell.step(x, before)
            new.append(after)
        return x, tuple(new)

    def masks(self, x: Tensor) -> tuple[Tensor, ...]:
        """Draw what ``step`` multiplies with while training; ``x`` has a row for each of its."""
        if not (self.training and self.chosen.dropout):
            return ()
        ones = x.new_ones(len(x), self.chosen.hidden)
        return tuple(F.dropout(ones, self.chosen.dropout) for _ in self.ahead[1:])

    def _dropped(self, x: Tensor) -> Tensor:
        """Drop features between two layers, of ``(batch, time, features)``, while training."""
        if self.chosen.variational and self.training:  # Gal and Ghahramani 2016
            return x * F.dropout(x.new_ones(len(x), 1, x.shape[2]), self.chosen.dropout)
        return F.dropout(x, self.chosen.dropout, self.training)


def _reorder(x: Tensor, index: Tensor) -> Tensor:
    """Take the time steps of ``(batch, time, features)`` by their place in batch * time."""
    return x.flatten(0, 1).index_select(0, index.flatten()).view_as(x)
