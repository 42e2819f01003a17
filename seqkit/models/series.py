"""A series of frames in: the next values, the label of a window, or a label a frame out."""

from collections.abc import Callable
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from seqkit.data.frames import FrameBatch
from seqkit.nn.head import Head, HeadSettings
from seqkit.nn.pooling import Pooling, PoolingName
from seqkit.nn.recurrent import Encoder, EncoderSettings
from seqkit.settings import settings

Goal = Literal["forecast", "window", "frames"]


@settings
class SeriesModelSettings:
    """A reader of series: recurrent layers, pooling (many-to-one), head."""

    encoder: EncoderSettings = EncoderSettings(cell="gru", hidden=32, bidirectional=False)
    pooling: tuple[PoolingName, ...] = Field(
        default=("last",), min_length=1, description="of a window: last, mean, max, attention"
    )
    head: HeadSettings = HeadSettings()
    loss: Literal["mse", "mae", "huber"] = Field(
        default="mse", description="of forecasts, in units of the scaling"
    )
    residual: bool = Field(
        default=True, description="forecast the difference from the window's last value"
    )
    relative: bool = Field(
        default=False, description="read a window as differences from its last frame"
    )


LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mse": F.mse_loss,
    "mae": F.l1_loss,
    "huber": F.huber_loss,
}


class SeriesModel(nn.Module):
    """Encoder, pooling and head over ``(batch, time, features)``.

    All steps of a horizon are forecast at once, none from another's forecast: the MIMO strategy
    of Ben Taieb et al. 2012.

    Args:
        chosen: the settings.
        goal: ``forecast``, ``window`` (a label each) or ``frames`` (a label each).
        features: numbers of a frame.
        outputs: steps to forecast, or how many labels there are.
        target: the feature that is forecast.
    """

    def __init__(
        self, chosen: SeriesModelSettings, goal: Goal, *, features: int, outputs: int, target: int
    ) -> None:
        super().__init__()
        self.chosen, self.goal, self.target = chosen, goal, target
        self.encoder = Encoder(features, chosen.encoder)
        width = self.encoder.features
        self.pooling = None if goal == "frames" else Pooling(chosen.pooling, width)
        self.head = Head(self.pooling.features if self.pooling else width, chosen.head, outputs)

    def forward(self, batch: FrameBatch) -> Tensor:
        """Return forecasts ``(batch, horizon)``, or logits of ``(batch, labels)``.

        For ``frames``, logits are ``(real frames, labels)``, window after window.
        """
        rows = torch.arange(len(batch.inputs), device=batch.inputs.device)
        last = batch.inputs[rows, batch.lengths - 1]
        inputs = batch.inputs - last[:, None] if self.chosen.relative else batch.inputs
        encoded = self.encoder(inputs, batch.lengths)
        if self.pooling is None:
            logits: Tensor = self.head(encoded.outputs[batch.mask])
            return logits
        outputs: Tensor = self.head(self.pooling(encoded, batch.mask))
        if self.goal == "forecast" and self.chosen.residual:
            return last[:, self.target, None] + outputs
        return outputs

    def loss(self, batch: FrameBatch) -> Tensor:
        """Return the mean loss over forecasts, windows or frames, a scalar."""
        outputs, targets = self(batch), batch.targets
        assert targets is not None
        if self.goal == "forecast":
            return LOSSES[self.chosen.loss](outputs, targets)
        return F.cross_entropy(outputs, targets[batch.mask] if self.goal == "frames" else targets)
