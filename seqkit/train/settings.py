"""The settings of a training: how long, in what portions and on what a model learns."""

from collections.abc import Iterable

import torch
from pydantic import Field, model_validator

from seqkit.errors import SeqkitError
from seqkit.settings import settings
from seqkit.train.optimizers import OptimizerSettings
from seqkit.train.precision import DeviceName, PrecisionName, pick_device, refuse_senseless


@settings
class TrainSettings:
    """How long, in what portions and on what the model learns."""

    epochs: int = Field(default=10, ge=1, description="passes over the training data")
    batch_size: int = Field(
        default=32, ge=1, description="rows a step: 1 is single-example, all rows full-batch"
    )
    seed: int = Field(default=0, ge=0, lt=2**63, description="of weights, order and dropout")
    early_stopping: int = Field(
        default=0, ge=0, description="stop after so many epochs without a better score (0: never)"
    )
    average: float = Field(
        default=0.0, ge=0, lt=1, description="decay of the moving average of weights (0: none)"
    )
    average_epochs: int = Field(
        default=0, ge=0, description="mean of the weights after each of the last epochs (0: none)"
    )
    asgd: int = Field(
        default=0,
        ge=0,
        description="average all weights once validation has not improved so often (0: never)",
    )
    checkpoint_every: int = Field(
        default=0, ge=0, description="steps between checkpoints (0: one an epoch)"
    )
    device: DeviceName = Field(
        default="auto", description="auto takes CUDA, else MPS, where there is one"
    )
    precision: PrecisionName = Field(
        default="float32", description="of products in training; sums and weights stay float32"
    )
    compile: bool = Field(default=False, description="compile the model's parts (CUDA, Triton)")
    threads: int = Field(
        default=1, ge=0, description="CPU threads; 1 gives the same bits anywhere (0: all cores)"
    )
    tensorboard: bool = Field(default=False, description="write event files too (extra)")
    optimizer: OptimizerSettings = OptimizerSettings()

    @model_validator(mode="after")
    def _agree(self) -> "TrainSettings":
        averages = [name for name in ("average", "average_epochs", "asgd") if getattr(self, name)]
        if len(averages) > 1:
            raise ValueError(f"{' and '.join(averages)} all average weights: keep one of them")
        if self.average_epochs > self.epochs:
            raise ValueError(
                f"average_epochs={self.average_epochs} is more than epochs={self.epochs}"
            )
        return self

    def find_device(self) -> torch.device:
        """Return the device to train on.

        Raises:
            SeqkitError: if there is none, or it cannot do what the settings want.
        """
        device = pick_device(self.device, lazy=self.optimizer.optimizer == "lazy_adam")
        refuse_senseless(device, self.precision, self.compile)
        return device

    def refuse_unjudged(self, splits: Iterable[str], setting: str = "validation") -> None:
        """Make sure that what is decided by validation scores will have them.

        Raises:
            SeqkitError: if there is no validation split, which ``setting`` is the share of.
        """
        judged = self.early_stopping or self.asgd or self.optimizer.schedule == "plateau"
        if judged and "validation" not in splits:
            raise SeqkitError(
                f"{setting}=0 leaves nothing to judge early_stopping, asgd or schedule=plateau by: "
                "leave them out, or hold out a validation split."
            )
