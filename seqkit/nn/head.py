"""From a vector to the scores of each label."""

from itertools import pairwise
from typing import Literal

from pydantic import Field, PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F

from seqkit.nn.activation import ACTIVATIONS, ActivationName
from seqkit.nn.initialisation import InitialisationName, initialise
from seqkit.settings import settings


@settings
class HeadSettings:
    """The layers between what was read and the answer."""

    units: tuple[PositiveInt, ...] = Field(
        default=(), description="sizes of hidden layers, as 256,128 (none: straight to labels)"
    )
    activation: ActivationName = Field(default="relu", description="of the hidden layers")
    norm: Literal["none", "batch", "layer"] = Field(
        default="none", description="normalisation of the hidden layers"
    )
    dropout: float = Field(
        default=0.0, ge=0, lt=1, description="before every layer of the head, the first included"
    )
    initialisation: InitialisationName = Field(default="default", description="of its weights")


class BatchNorm(nn.BatchNorm1d):
    """Batch normalisation (Ioffe and Szegedy 2015) that can meet a batch of one row.

    One row has no variance: in training it is normalised as in evaluation, by the running
    statistics, and leaves them as they are.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Normalise ``(batch, features)``."""
        if not self.training or len(input) > 1:
            return super().forward(input)
        mean, variance = self.running_mean, self.running_var
        return F.batch_norm(input, mean, variance, self.weight, self.bias, eps=self.eps)


NORMS: dict[str, type[nn.Module]] = {"batch": BatchNorm, "layer": nn.LayerNorm}


class Head(nn.Module):
    """Hidden layers (linear, norm, activation), then a linear one; dropout before each linear.

    Args:
        features: of the input.
        chosen: the settings.
        labels: how many scores to give.
    """

    def __init__(self, features: int, chosen: HeadSettings, labels: int) -> None:
        super().__init__()
        self.activation = ACTIVATIONS[chosen.activation]
        self.dropout = nn.Dropout(chosen.dropout)
        widths = (features, *chosen.units)
        self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))
        self.norms = nn.ModuleList(
            nn.Identity() if chosen.norm == "none" else NORMS[chosen.norm](width)
            for width in chosen.units
        )
        self.output = nn.Linear(widths[-1], labels)
        for linear in (*self.hidden, self.output):
            assert isinstance(linear, nn.Linear)
            initialise(linear.weight, chosen.initialisation, bias=linear.bias)

    def forward(self, x: Tensor) -> Tensor:
        """``(batch, features)`` to ``(batch, labels)``."""
        for linear, norm in zip(self.hidden, self.norms, strict=True):
            x = self.activation(norm(linear(self.dropout(x))))
        scores: Tensor = self.output(self.dropout(x))
        return scores
