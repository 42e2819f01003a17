"""The bridge: what a decoder starts from, as the first state of its layers."""

import torch
from torch import Tensor, nn

from seqkit.errors import SeqkitError
from seqkit.nn.decoder_settings import BridgeName
from seqkit.nn.initialisation import initialise
from seqkit.nn.recurrent import Encoder, EncoderState


class Bridge(nn.Module):
    """A vector as the first state of every layer; of an LSTM, of its memory cell too.

    ``zero`` makes nothing of it. ``copy`` gives each layer its part, or all the same. ``linear`` is
    ``tanh(W x + b)`` (Bahdanau et al. 2015, appendix A.2.2), for any widths, depths and cells.

    Args:
        kind: of bridge.
        context: features of the vector; 0: there is none.
        encoder: the layers.

    Raises:
        SeqkitError: if widths differ that ``copy`` needs alike.
    """

    def __init__(self, kind: BridgeName, context: int, encoder: Encoder) -> None:
        super().__init__()
        self.kind, self.units = kind, encoder.chosen.hidden
        self.parts = [len(state) for state in encoder.initial_state(1)]  # of each layer
        if kind == "copy" and context not in (self.units, self.units * len(self.parts)):
            raise SeqkitError(
                f"bridge=copy copies {context} features into {len(self.parts)} layers of "
                f"{self.units} units: use bridge=linear, or hidden={context}."
            )
        self.layer: nn.Linear | None = None
        if kind == "linear" and context:
            self.layer = nn.Linear(context, sum(self.parts) * self.units)
            initialise(self.layer.weight, "xavier", bias=self.layer.bias)

    def forward(self, context: Tensor) -> EncoderState:
        """``(n, context)`` to a state of ``(n, units)`` each."""
        if self.kind == "zero":
            zeros = context.new_zeros(len(context), self.units)
            return tuple((zeros,) * count for count in self.parts)
        if self.layer is not None:
            states = iter(torch.split(torch.tanh(self.layer(context)), self.units, dim=1))
            return tuple(tuple(next(states) for _ in range(count)) for count in self.parts)
        layers = torch.split(context, self.units, dim=1)  # one for each, or one for all
        return tuple((layers[i % len(layers)],) * count for i, count in enumerate(self.parts))
