"""The copy task: a symbol is shown, noise follows, and after a lag the symbol is asked for.

A task of one fact to remember (Hochreiter and Schmidhuber 1997, section 5, in its simplest form):
over how long a lag a network still answers is how far it has learnt to look back. Each step of
training draws a lag, up to the longest.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from seqkit.errors import SeqkitError
from seqkit.explain.reading import Reading
from seqkit.nn.recurrent import Encoder, EncoderSettings
from seqkit.settings import settings
from seqkit.train.loop import Trainer
from seqkit.train.optimizers import OptimizerSettings
from seqkit.train.run import Run
from seqkit.train.settings import TrainSettings

TOLD, READ = 1000, 1001  # seeds of the rows that are scored, and of those gradients are shown on


@settings
class CopySettings:
    """A recurrent layer, and how it is to learn to remember."""

    symbols: int = Field(default=8, ge=2, description="kinds of symbols; guessing gets 1 of them")
    longest: int = Field(default=100, ge=1, description="the longest lag that is trained")
    rows: int = Field(default=32, ge=1, description="rows a step, all of one lag")
    steps: int = Field(default=1000, ge=1, description="of training")
    encoder: EncoderSettings = EncoderSettings(
        cell="lstm", hidden=32, bidirectional=False, recurrent="default"
    )
    train: TrainSettings = TrainSettings(
        epochs=1, device="cpu", optimizer=OptimizerSettings(lr=5e-3, clip_norm=1.0)
    )


@dataclass(frozen=True)
class CopyBatch:
    """Rows of one lag.

    Attributes:
        ids: ``(rows, lag + 1)``: the symbol to remember, then ``lag`` of noise.
        targets: ``(rows,)``, the symbol.
    """

    ids: Tensor
    targets: Tensor

    @property
    def tokens(self) -> int:
        """The number of symbols read."""
        return self.ids.numel()

    @property
    def weight(self) -> int:
        """What its loss counts for in an epoch's."""
        return len(self.ids)

    def to(self, device: torch.device) -> "CopyBatch":
        """Return the batch on ``device``."""
        return CopyBatch(self.ids.to(device), self.targets.to(device))


def rows_of(lag: int, rows: int, symbols: int, *seed: int) -> CopyBatch:
    """Return random rows; noise has symbols of its own, as many."""
    random = np.random.default_rng(seed)
    targets = random.integers(symbols, size=rows)
    noise = random.integers(symbols, 2 * symbols, size=(rows, lag))
    ids = np.concatenate([targets[:, None], noise], axis=1)
    return CopyBatch(torch.from_numpy(ids), torch.from_numpy(targets))


class Copier(nn.Module):
    """One-hot symbols, one recurrent layer, and a score of each symbol from its last state."""

    def __init__(self, chosen: CopySettings) -> None:
        super().__init__()
        self.symbols = chosen.symbols
        self.encoder = Encoder(2 * chosen.symbols, chosen.encoder)
        self.output = nn.Linear(self.encoder.features, chosen.symbols)

    def forward(self, ids: Tensor) -> Tensor:
        """Return scores ``(rows, symbols)`` of ids ``(rows, time)``."""
        onehot = F.one_hot(ids, 2 * self.symbols).to(self.output.weight.dtype)
        outputs, _ = self.encoder.read(onehot)
        scores: Tensor = self.output(outputs[:, -1])
        return scores


class CopyBatches:
    """Random rows, those of a step of one lag, up to the longest."""

    def __init__(self, chosen: CopySettings) -> None:
        self.chosen = chosen

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        return self.chosen.steps

    def epoch(self, number: int, start: int = 0) -> Iterator[CopyBatch]:
        """Iterate over the batches of an epoch, from the one at ``start``."""
        chosen = self.chosen
        for step in range(start, chosen.steps):
            seed = chosen.train.seed, number, step
            lag = int(np.random.default_rng(seed).integers(1, chosen.longest + 1))
            yield rows_of(lag, chosen.rows, chosen.symbols, *seed)


class CopyJob:
    """The copy task, as the training loop knows it."""

    recipe, task, monitor = "copy", "copy", "accuracy"
    splits: Sequence[str] = ()
    fingerprint = summary = ""

    def __init__(self, chosen: CopySettings) -> None:
        self.settings = chosen
        torch.manual_seed(chosen.train.seed)
        self.model = Copier(chosen)
        self.batches = CopyBatches(chosen)

    def start(self) -> None:
        """Start from random weights."""

    def loss(self, batch: CopyBatch) -> Tensor:
        """Return the mean negative log-likelihood of the symbols asked for."""
        return F.cross_entropy(self.model(batch.ids), batch.targets)

    def evaluate(self, split: str) -> dict[str, float]:
        """Return nothing: accuracy is told lag by lag."""
        del split
        return {}

    def save(self, run: Run) -> None:
        """Keep nothing: the network is for looking at."""

    def card(self, scores: Mapping[str, Mapping[str, float]]) -> str:
        """Return no card."""
        del scores
        return ""

    @torch.no_grad()
    def accuracy(self, lag: int, rows: int = 256) -> float:
        """Return the share of symbols remembered over ``lag`` steps."""
        batch = rows_of(lag, rows, self.settings.symbols, TOLD, lag)
        return float((self.model(batch.ids).argmax(dim=1) == batch.targets).double().mean())

    def reading(self, lag: int, rows: int = 64) -> Reading:
        """Return rows of one lag as :mod:`seqkit.explain.gradients` follows them back."""
        batch = rows_of(lag, rows, self.settings.symbols, READ, lag)
        tokens = tuple(str(t) for t in range(lag + 1))

        def losses(model: Any) -> Tensor:
            return F.cross_entropy(model(batch.ids), batch.targets, reduction="none")

        return Reading("", tokens, ("",), "many-to-one", {"encoder": tokens}, losses)


@dataclass(frozen=True, eq=False)
class Learnt:
    """A network that has learnt to copy.

    Attributes:
        job: with the network.
        accuracy: by lag.
        gradient_norms: of each training step, before clipping; it ends where the loss was not
            finite any more.
        failed: why training stopped, if it did.
    """

    job: CopyJob
    accuracy: dict[int, float]
    gradient_norms: NDArray[np.float64]
    failed: str = ""


def learn(chosen: CopySettings, lags: Sequence[int]) -> Learnt:
    """Train a network with the one training loop, and tell how far it remembers."""
    job, failed = CopyJob(chosen), ""
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder))
        try:
            Trainer(job, chosen.train, run).fit()
        except SeqkitError as error:
            failed = str(error)
        norms = [row["gradient_norm"] for row in run.metrics() if row["kind"] == "step"]
    job.model.cpu().eval()
    accuracy = {lag: job.accuracy(lag) for lag in lags}
    return Learnt(job, accuracy, np.array(norms), failed)
