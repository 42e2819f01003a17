"""What the training loop needs to know of the thing it trains; the files of ``tasks/`` build it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, Self, runtime_checkable

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from seqkit.train.run import Run


class TrainingBatch(Protocol):
    """What the loop needs to know of a batch."""

    @property
    def tokens(self) -> int:
        """The number of real tokens or frames, padding excluded."""
        ...

    @property
    def weight(self) -> int:
        """What its mean loss counts for in the mean of an epoch."""
        ...

    def to(self, device: torch.device) -> Self:
        """Return the batch with its tensors on ``device``."""
        ...

    def part(self, first: int, every: int) -> Self:
        """Return every so many rows from ``first`` on, for one of several processes.

        The weights of all parts sum to the batch's; a part without weight has nothing to learn.
        """
        ...


@runtime_checkable
class Paced(Protocol):
    """A batch whose step is to be longer or shorter than usual."""

    @property
    def pace(self) -> float:
        """What the learning rate of its step is multiplied by."""
        ...


class EpochBatches(Protocol):
    """The training data in portions, the same for the same number of an epoch."""

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        ...

    def epoch(self, number: int, start: int = 0) -> Iterator[Any]:
        """Iterate over the batches of an epoch, each a :class:`TrainingBatch`, from ``start``."""
        ...


@runtime_checkable
class Carrying(Protocol):
    """A job in which something passes from batch to batch besides the weights."""

    def carried(self) -> dict[str, Tensor]:
        """Return what the next batch is to receive, for a checkpoint."""
        ...

    def carry(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from what :meth:`carried` returned."""
        ...


class Job(Protocol):
    """A model, its batches, what it starts from and how it is scored."""

    recipe: str
    task: str
    settings: Any
    monitor: str

    @property
    def model(self) -> nn.Module:
        """What is trained."""
        ...

    @property
    def splits(self) -> Sequence[str]:
        """The splits that are scored."""
        ...

    @property
    def batches(self) -> EpochBatches:
        """The training data."""
        ...

    @property
    def fingerprint(self) -> str:
        """A checksum of the training data."""
        ...

    @property
    def summary(self) -> str:
        """The size of the data and of the model, in a line."""
        ...

    def start(self) -> None:
        """Give the model what it starts from besides random weights; not called on resume."""
        ...

    def loss(self, batch: Any) -> Tensor:
        """Return the mean loss of a batch of ``batches``, a scalar."""
        ...

    def evaluate(self, split: str) -> dict[str, float]:
        """Return the scores of a split by name, ``loss`` and the monitored one among them.

        Of those in ``LOWER_IS_BETTER`` less is more.
        """
        ...

    def save(self, run: "Run") -> None:
        """Write what ``predict`` needs beside the weights (tokenizer, vocabulary, labels)."""
        ...

    def card(self, scores: Mapping[str, Mapping[str, float]]) -> str:
        """Return the model card."""
        ...
