"""Sequences of numbers: how a series becomes windows, a model, and scores."""

from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import Field, model_validator
from torch import Tensor

from seqkit.corpus import Corpus, Series
from seqkit.data.checksum import checksum
from seqkit.data.frames import FrameBatch, Windows, starts
from seqkit.data.scaling import Scaler, ScalingName
from seqkit.errors import SeqkitError
from seqkit.models.classifier import parameter_count
from seqkit.models.series import Goal, SeriesModelSettings
from seqkit.settings import as_dict, settings
from seqkit.tasks.card import model_card
from seqkit.tasks.numbers.series_reader import FILE_OPTIONS, Part, SeriesReader, build_model
from seqkit.train.run import Run
from seqkit.train.settings import TrainSettings


@settings
class SeriesSettings:
    """All that a job on a series is made of, besides its corpus."""

    goal: Goal = Field(
        default="forecast",
        description="forecast the next values, or label each window (its last frame) or all frames",
    )
    target: str = Field(
        default="", description="column to forecast, or of the labels (empty: the first such)"
    )
    window: int = Field(default=48, ge=1, description="frames that are read at once")
    horizon: int = Field(default=1, ge=1, description="steps to forecast, all at once")
    stride: int = Field(
        default=1, ge=1, description="frames between the starts of training windows"
    )
    season: int = Field(
        default=0, ge=0, description="frames of a season, to score repeating the last one (0: none)"
    )
    scaling: ScalingName = Field(
        default="standard", description="of each column, as learnt from the training part"
    )
    model: SeriesModelSettings = SeriesModelSettings()
    train: TrainSettings = TrainSettings()

    @model_validator(mode="after")
    def _agree(self) -> "SeriesSettings":
        if self.goal != "forecast" and self.horizon > 1:
            raise ValueError(f"horizon={self.horizon} is for goal=forecast: leave it out")
        if self.season > self.window:
            raise ValueError(f"season={self.season} is longer than window={self.window}")
        if self.goal == "frames" and self.model.pooling != ("last",):
            raise ValueError("goal=frames labels each frame, which leaves nothing to pool")
        if self.goal == "frames" and self.model.relative:
            raise ValueError("goal=frames with relative=true would look ahead: leave it out")
        return self


class SeriesJob:
    """A job on a series: windows of its scaled frames, and the model that is to learn them.

    Splits are consecutive in time. A window and what it forecasts lie inside one of them, so that
    nothing learnt has seen any of what is scored. Scaling and labels come from train alone.
    """

    task = "series"
    asked = "--file new.csv"

    def __init__(self, chosen: SeriesSettings, corpus: Corpus) -> None:
        if corpus.kind is not Series:
            raise SeqkitError(
                f"{corpus.name} has {corpus.kind.__name__} examples, and this recipe needs a "
                "series of numbers: choose another corpus, or a csv file."
            )
        self.recipe, self.settings, self.corpus = "", chosen, corpus
        self.splits = [name for name in ("validation", "test") if name in corpus.splits]
        chosen.train.refuse_unjudged(self.splits, "data.validation")
        self.monitor = "mae" if chosen.goal == "forecast" else "accuracy"
        self.filled = sum(c.filled for split in corpus.splits for c in corpus.examples(split))
        self.reader = self._reader(list(corpus.examples("train")))
        self.model = self.reader.model
        self.parts = {split: self._part(split) for split in ("train", *self.splits)}
        self.batches = self._windows()

    def _reader(self, train: list[Series]) -> SeriesReader:
        """Learn scaling and labels from the training split."""
        from seqkit.corpora.series import skips_dates

        chosen = self.settings
        numbers = [column for column in train if column.role == "number"]
        if not numbers:
            raise SeqkitError(f"{self.corpus.name} has no column of numbers to read.")
        names = tuple(column.name for column in numbers)
        target = self._target(train)
        values = np.stack([np.array(column.values) for column in numbers], axis=1)
        scaler = Scaler.learn(values, names, chosen.scaling)
        labels: tuple[str, ...] = ()
        majority, horizon = 0, chosen.horizon
        if chosen.goal != "forecast":
            counts = Counter(target.texts)
            labels, horizon = tuple(sorted(counts)), 0
            majority = labels.index(max(labels, key=counts.__getitem__))
            if len(labels) < 2:
                raise SeqkitError(
                    f"every training frame has the label '{labels[0]}': at least two are needed."
                )
        torch.manual_seed(chosen.train.seed)
        model = build_model(chosen.model, chosen.goal, scaler, target.name, len(labels), horizon)
        options = as_dict(self.corpus.options)
        read = {k: v for k, v in options.items() if k in FILE_OPTIONS}
        if skips_dates(str(options.get("skip", ""))):  # a new file's dates are training's column
            read["date"] = next((column.name for column in train if column.role == "date"), "none")
        return SeriesReader(
            model,
            chosen.goal,
            scaler,
            target.name,
            labels,
            majority,
            chosen.window,
            horizon,
            chosen.season,
            read,
        )

    def _target(self, train: list[Series]) -> Series:
        """Return the column that is forecast, or of the labels."""
        from seqkit.errors import suggest

        role = "number" if self.settings.goal == "forecast" else "label"
        there = {column.name: column for column in train if column.role == role}
        if not self.settings.target and there:
            return next(iter(there.values()))
        if self.settings.target not in there:
            what = "number column" if role == "number" else "column of labels"
            name = f" '{self.settings.target}'" if self.settings.target else ""
            raise SeqkitError(
                f"{self.corpus.name} has no {what}{name}.{suggest(self.settings.target, there)} "
                f"Name one by target=COLUMN (it has: {', '.join(there) or 'none'})."
            )
        return there[self.settings.target]

    def _part(self, split: str) -> Part:
        part = self.reader.part(self.corpus.examples(split), f"the {split} split")
        if self.settings.goal != "frames":
            self.reader.begins(part)  # refused before any training, not after
        return part

    def _windows(self) -> Windows:
        chosen, part = self.settings, self.parts["train"]
        frames, span = len(part.values), self.reader.span
        if chosen.goal == "frames":  # of which one window may be short
            span = min(span, frames)
        return self.reader.windows(
            part,
            starts(frames, span, chosen.stride),
            batch_size=chosen.train.batch_size,
            shuffle=True,
            seed=chosen.train.seed,
        )

    def start(self) -> None:
        """Nothing but random weights to start from."""

    @cached_property
    def fingerprint(self) -> str:
        """A checksum of the training windows."""
        part, windows = self.parts["train"], self.batches
        arrays: list[Any] = [part.values, part.scaled, windows.begins, windows.targets]
        return checksum(arrays, f"{windows.window} {windows.horizon}")

    def loss(self, batch: FrameBatch) -> Tensor:
        """Return the mean loss of a batch."""
        return self.model.loss(batch)

    def evaluate(self, split: str) -> dict[str, float]:
        """Return the scores of a split by name, those of the baseline among them."""
        return self.reader.score_part(self.parts[split]).scores

    def save(self, run: Run) -> None:
        """Write scaling, labels and how files are read."""
        self.reader.save(run)

    @property
    def summary(self) -> str:
        """The size of the data and of the model, in a line."""
        frames, columns = self.parts["train"].values.shape
        gaps = f", {self.filled:,} gaps filled" if self.filled else ""
        return (
            f"{frames:,} frames of {columns} columns{gaps}, {len(self.batches.begins):,} windows, "
            f"{self._aim}, {parameter_count(self.model):,} weights"
        )

    @property
    def _aim(self) -> str:
        reader = self.reader
        if reader.goal == "forecast":
            return f"the next {reader.horizon} of {reader.target}"
        return f"{len(reader.labels)} labels of {reader.target}"

    def card(self, scores: Mapping[str, Mapping[str, float]]) -> str:
        """Return the model card."""
        chosen, reader = self.settings, self.reader
        sizes = {split: f"{len(part.values):,}" for split, part in self.parts.items()}
        baseline = "the last value of the window repeated, in the units of the data"
        if reader.labels:
            baseline = f"always '{reader.labels[reader.majority]}', the commonest in training"
        ahead = chosen.goal == "frames" and chosen.model.encoder.bidirectional
        facts = {
            "task": self._aim,
            "columns": ", ".join(reader.scaler.columns),
            "labels": ", ".join(reader.labels),
            "frames": ", ".join(f"{split} {size}" for split, size in sizes.items()),
            "splits": "consecutive in time; a window and what it forecasts lie inside one",
            "windows": f"{chosen.window} frames; {len(self.batches.begins):,} in training",
            "scaling": f"{chosen.scaling}, learnt from train alone",
            "gaps": f"{self.filled:,} filled ({reader.options.get('gaps')})" if self.filled else "",
            "looks ahead": "within a window (bidirectional)" if ahead else "never",
            "baseline": baseline,
            "parameters": f"{parameter_count(self.model):,}",
        }
        return model_card(
            Path(self.recipe).stem, self.corpus.card, facts, chosen, scores, self.asked
        )
