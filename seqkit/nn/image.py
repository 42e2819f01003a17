"""Pictures to vectors: convolutions and pooling, or a vector that is ready."""

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

import torch
from pydantic import Field, PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F

from seqkit.errors import SeqkitError
from seqkit.nn.activation import ACTIVATIONS, ActivationName
from seqkit.nn.initialisation import InitialisationName, initialise
from seqkit.settings import settings

POOLS = {"max": nn.MaxPool2d, "average": nn.AvgPool2d}


@settings
class ImageSettings:
    """A reader of pictures: layers of convolution, activation and pooling, then a vector."""

    channels: tuple[PositiveInt, ...] = Field(
        default=(32, 64), description="filters of each layer ([]: the pixels are the vector)"
    )
    kernel: int = Field(default=3, ge=1, description="side of a filter, in pixels")
    stride: int = Field(default=1, ge=1, description="pixels from a place of a filter to the next")
    padding: int = Field(
        default=1, ge=0, description="zeros around the input of a layer, in pixels"
    )
    pool: Literal["max", "average", "none"] = Field(
        default="max", description="what is kept of a square of pixels, after layers"
    )
    pool_size: int = Field(default=2, ge=1, description="side of that square, and its stride")
    pool_every: int = Field(default=1, ge=1, description="layers from one pooling to the next")
    activation: ActivationName = Field(default="relu", description="of filters and of the vector")
    features: int = Field(default=128, ge=0, description="of the vector (0: all that there is)")
    dropout: float = Field(default=0.0, ge=0, lt=1, description="of what the vector is made of")
    shift: float = Field(
        default=0.0, ge=0, description="training: pixels that a picture is moved, at most"
    )
    turn: float = Field(default=0.0, ge=0, le=180, description="training: degrees, at most")
    stretch: float = Field(
        default=0.0, ge=0, lt=1, description="training: share of height and of width, at most"
    )
    initialisation: InitialisationName = Field(default="he", description="of the filters")

    def pools(self, layer: int) -> bool:
        """Whether the output of a layer, counted from 0, is pooled."""
        return self.pool != "none" and (layer + 1) % self.pool_every == 0


class Seen(NamedTuple):
    """What was seen of pictures.

    Attributes:
        vector: ``(batch, features)``.
        map: ``(batch, positions, channels)`` of the last layer, row by row; None of ready vectors.
    """

    vector: Tensor
    map: Tensor | None


def side(pixels: int, kernel: int, stride: int, padding: int) -> int:
    """Return how many places a filter has along a side; 0 or less: it does not fit."""
    return (pixels + 2 * padding - kernel) // stride + 1


def sizes(shape: Sequence[int], chosen: ImageSettings) -> list[tuple[int, int]]:
    """Return height and width of the picture and of the output of each layer.

    Raises:
        SeqkitError: if a filter or a pooled square does not fit.
    """
    found = [(shape[0], shape[1])]
    for layer in range(len(chosen.channels)):
        before = found[-1]
        after = [side(n, chosen.kernel, chosen.stride, chosen.padding) for n in before]
        what, larger = f"kernel={chosen.kernel}", "padding"
        if min(after) > 0 and chosen.pools(layer):
            what, larger = f"pool_size={chosen.pool_size}", "pool=none or padding"
            before = after[0], after[1]
            after = [side(n, chosen.pool_size, chosen.pool_size, 0) for n in after]
        if min(after) < 1:
            raise SeqkitError(
                f"pictures of {shape[0]}x{shape[1]} are too small: before layer {layer + 1} of "
                f"{len(chosen.channels)} they are {before[0]}x{before[1]}, which {what} does not "
                f"fit; use fewer channels, or {larger}."
            )
        found.append((after[0], after[1]))
    return found


class ImageEncoder(nn.Module):
    """Convolution, activation and pooling in layers (LeCun et al. 1998, section II), and a vector.

    The input is standardised by what :meth:`learn` saw of the training data. A ready vector (and
    a picture, without ``channels``) goes through the last, fully connected layer alone.

    Args:
        shape: ``(height, width, channels)`` of pictures, ``(features,)`` of ready vectors.
        chosen: the settings.

    Attributes:
        features: of the vector.
        positions: height and width of the feature map; None where there is none.
        channels: features at a position of the map.

    Raises:
        SeqkitError: if pictures of this shape are too small for the layers.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, shape: Sequence[int], chosen: ImageSettings) -> None:
        super().__init__()
        self.shape, self.chosen = tuple(shape), chosen
        self.register_buffer("mean", torch.zeros(self.shape[-1]))
        self.register_buffer("scale", torch.ones(self.shape[-1]))
        self.layers = nn.ModuleList()
        self.positions: tuple[int, int] | None = None
        self.channels, width = 0, self.shape[-1]
        if len(self.shape) == 3:
            for layer, filters in enumerate(chosen.channels):
                self.layers.append(self._layer(width, filters, layer))
                width = filters
            *_, self.positions = sizes(self.shape, chosen)
            self.channels, width = width, width * self.positions[0] * self.positions[1]
        self.project = nn.Linear(width, chosen.features) if chosen.features else None
        if self.project is not None:
            initialise(self.project.weight, chosen.initialisation, bias=self.project.bias)
        self.features = chosen.features or width

    def _layer(self, channels: int, filters: int, layer: int) -> nn.Module:
        chosen = self.chosen
        filter_ = nn.Conv2d(
            channels, filters, chosen.kernel, stride=chosen.stride, padding=chosen.padding
        )
        initialise(filter_.weight, chosen.initialisation, bias=filter_.bias)
        parts: list[nn.Module] = [filter_, _Activation(chosen.activation)]
        if chosen.pools(layer):
            parts.append(POOLS[chosen.pool](chosen.pool_size))
        return nn.Sequential(*parts)

    @torch.no_grad()
    def learn(self, pictures: Tensor) -> None:
        """Learn mean and deviation of each channel (or feature) from ``(n, *shape)``."""
        flat = pictures.reshape(-1, self.shape[-1]).double()
        self.mean.copy_(flat.mean(0))
        deviation = flat.std(0, correction=0)
        self.scale.copy_(torch.where(deviation > 0, 1 / deviation, 1.0))

    def forward(self, pictures: Tensor) -> Seen:
        """Read ``(batch, *shape)``."""
        x = (pictures - self.mean) * self.scale
        seen = None
        if self.positions is not None:
            x = x.permute(0, 3, 1, 2)
            chosen = self.chosen
            if self.training and (chosen.shift or chosen.turn or chosen.stretch):
                x = distorted(x, chosen.shift, chosen.turn, chosen.stretch)
            for layer in self.layers:
                x = layer(x)
            seen = x.flatten(2).transpose(1, 2)
            x = x.flatten(1)
        x = F.dropout(x, self.chosen.dropout, self.training)
        if self.project is not None:
            x = ACTIVATIONS[self.chosen.activation](self.project(x))
        return Seen(x, seen)


class _Activation(nn.Module):
    def __init__(self, name: ActivationName) -> None:
        super().__init__()
        self.name = name

    def forward(self, x: Tensor) -> Tensor:
        return ACTIVATIONS[self.name](x)


def distorted(x: Tensor, shift: float, turn: float, stretch: float) -> Tensor:
    """Move, turn and stretch each picture of ``(batch, channels, height, width)`` at random.

    Pixels between pixels are interpolated; what comes in at a side is what stood at that side.
    Each of the four movements is drawn evenly, to either side.

    Args:
        x: the pictures.
        shift: pixels at most, down and to the right.
        turn: degrees at most.
        stretch: by a share of height and of width at most, each on its own.
    """
    batch, _, height, width = x.shape
    most = x.new_tensor(
        [2 * shift / height, 2 * shift / width, math.radians(turn), stretch, stretch]
    )
    down, right, angle, tall, wide = ((2 * torch.rand(batch, 5, device=x.device) - 1) * most).T
    cos, sin = angle.cos(), angle.sin()
    rows = [  # of coordinates that go from -1 to 1 in either direction
        [(1 + wide) * cos, -(1 + wide) * sin * (height / width), right],
        [(1 + tall) * sin * (width / height), (1 + tall) * cos, down],
    ]
    matrices = torch.stack([torch.stack(row, dim=1) for row in rows], dim=1)
    grid = F.affine_grid(matrices, list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, padding_mode="border", align_corners=False)
