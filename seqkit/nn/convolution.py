"""Convolution over time, with filters of several widths."""

from typing import Literal

import torch
from pydantic import Field, PositiveInt, model_validator
from torch import Tensor, nn
from torch.nn import functional as F

from seqkit.nn.activation import ACTIVATIONS, ActivationName
from seqkit.nn.initialisation import InitialisationName, initialise
from seqkit.nn.pooling import masked_max, masked_mean
from seqkit.settings import settings


@settings
class ConvolutionSettings:
    """The filters of a convolutional reader."""

    filters: int = Field(default=100, ge=1, description="filters of each width")
    widths: tuple[PositiveInt, ...] = Field(
        default=(3, 4, 5), description="tokens that a filter sees at once"
    )
    stride: int = Field(default=1, ge=1, description="tokens from one window to the next")
    padding: Literal["same", "valid"] = Field(
        default="valid", description="same: windows may begin and end outside the text"
    )
    reduce: Literal["max", "average"] = Field(
        default="max", description="pooling of a filter's values over the text"
    )
    activation: ActivationName = Field(default="relu", description="of a filter")
    initialisation: InitialisationName = Field(default="default", description="of the filters")

    @model_validator(mode="after")
    def _agree(self) -> "ConvolutionSettings":
        if not self.widths:
            raise ValueError("convolution.widths names no width: use convolution.widths=3,4,5")
        return self


class TextCNN(nn.Module):
    """Multi-width convolution and pooling over time (Kim 2014, section 2).

    A row has only the windows that its own length gives it, so padding never changes a result:
    with ``valid``, those inside the text (one, filled up with zeros, where the text is shorter
    than the filter); with ``same``, those whose centre (the left one of two) is in the text.

    Args:
        features: of the input.
        chosen: the settings.

    Attributes:
        features: of the result, ``filters * len(widths)``.
    """

    def __init__(self, features: int, chosen: ConvolutionSettings) -> None:
        super().__init__()
        self.chosen = chosen
        self.features = chosen.filters * len(chosen.widths)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(features, chosen.filters, width, stride=chosen.stride)
            for width in chosen.widths
        )
        for convolution in self.convolutions:
            assert isinstance(convolution, nn.Conv1d)
            initialise(convolution.weight, chosen.initialisation, bias=convolution.bias)

    def forward(self, inputs: Tensor, lengths: Tensor, mask: Tensor) -> Tensor:
        """Read ``(batch, time, features)``; return ``(batch, filters * widths)``."""
        x = inputs.masked_fill(~mask[:, :, None], 0.0).transpose(1, 2)
        pooled = [
            self._read(x, lengths, width, convolution)
            for width, convolution in zip(self.chosen.widths, self.convolutions, strict=True)
        ]
        return torch.cat(pooled, dim=1)

    def _read(self, x: Tensor, lengths: Tensor, width: int, convolution: nn.Module) -> Tensor:
        if self.chosen.padding == "same":
            left = (width - 1) // 2
            x = F.pad(x, (left, width - 1 - left))
            windows = (lengths - 1) // self.chosen.stride + 1
        else:
            x = F.pad(x, (0, max(0, width - x.shape[2])))
            windows = (lengths - width).clamp(min=0) // self.chosen.stride + 1
        values = ACTIVATIONS[self.chosen.activation](convolution(x)).transpose(1, 2)
        mask = torch.arange(values.shape[1], device=x.device) < windows[:, None]
        return (masked_max if self.chosen.reduce == "max" else masked_mean)(values, mask)
