"""The smallest recurrent network: a character in, a score for every next character out."""

from typing import Literal, NamedTuple

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from seqkit.nn.recurrent import Encoder, EncoderSettings
from seqkit.settings import settings


@settings
class NetworkSettings:
    """A recurrent layer."""

    cell: Literal["rnn", "lstm", "gru"] = Field(
        default="rnn", description="the recurrent unit; rnn is the vanilla one, with tanh"
    )
    hidden: int = Field(default=3, ge=1, le=64, description="units: features of a hidden state")


class Stages(NamedTuple):
    """All that is computed of rows of characters.

    Attributes:
        inputs: ``(batch, time, characters)``, the one-hot rows x_t.
        memory: ``(batch, time, hidden)``, an LSTM's memory cells c_t; None of other cells.
        hidden: ``(batch, time, hidden)``, the hidden states h_t.
        logits: ``(batch, time, characters)``, the scores y_t.
    """

    inputs: Tensor
    memory: Tensor | None
    hidden: Tensor
    logits: Tensor


class NextCharacter(nn.Module):
    """One-hot rows, one recurrent layer, and y_t = V h_t + a.

    Args:
        characters: how many there are.
        chosen: the settings.
    """

    def __init__(self, characters: int, chosen: NetworkSettings) -> None:
        super().__init__()
        self.characters = characters
        layer = EncoderSettings(cell=chosen.cell, hidden=chosen.hidden, bidirectional=False)
        self.encoder = Encoder(characters, layer)
        self.output = nn.Linear(chosen.hidden, characters)

    def forward(self, ids: Tensor) -> Tensor:
        """Return the logits ``(batch, time, characters)`` of ids ``(batch, time)``."""
        hidden, _ = self.encoder.read(self._onehot(ids))
        logits: Tensor = self.output(hidden)
        return logits

    def loss(self, ids: Tensor, targets: Tensor) -> Tensor:
        """Return the mean of -ln p_t(target) over all steps."""
        return F.cross_entropy(self(ids).flatten(0, 1), targets.flatten())

    @torch.no_grad()
    def stages(self, ids: Tensor) -> Stages:
        """Read ids ``(batch, time)`` step by step and keep everything."""
        inputs, state = self._onehot(ids), self.encoder.initial_state(len(ids))
        states = []
        for x in inputs.unbind(1):
            _, state = self.encoder.step(x, state)
            states.append(state[0])  # of the one layer
        hidden, *memory = (torch.stack(part, dim=1) for part in zip(*states, strict=True))
        return Stages(inputs, memory[0] if memory else None, hidden, self.output(hidden))

    def _onehot(self, ids: Tensor) -> Tensor:
        return F.one_hot(ids, self.characters).float()
