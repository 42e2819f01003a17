"""A trained reader of series with all it needs to read numbers: what a run answers with."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from seqkit.corpus import Corpus, Series
from seqkit.data.frames import Indices, Windows, starts
from seqkit.data.scaling import Scaler
from seqkit.errors import SeqkitError, suggest, unknown
from seqkit.files import read_json, write_json
from seqkit.models.series import LOSSES, Goal, SeriesModel, SeriesModelSettings
from seqkit.settings import check
from seqkit.tasks.labels.text_classifier import Prediction
from seqkit.tasks.numbers.series_answers import Forecast, FrameLabel, FrameLabels, following
from seqkit.tasks.numbers.series_scores import (
    ForecastReport,
    LabelReport,
    forecast_report,
    label_report,
)
from seqkit.train import checkpoint
from seqkit.train.metrics import report
from seqkit.train.run import Run

AT_ONCE = 512  # windows in a batch without gradients
FILE_OPTIONS = ("date", "gaps", "separator", "decimal")  # that a new file is read with as well

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Part:
    """One split of a series, as the model reads it.

    Attributes:
        values: ``(frames, columns)``, in the user's units.
        scaled: the same, scaled.
        labels: ``(frames,)`` numbers of labels; None without them.
        dates: ``(frames,)``; None without them.
        where: the split or file, for errors.
    """

    values: Numbers
    scaled: NDArray[np.float32]
    labels: Indices | None
    dates: Sequence[str] | None
    where: str


@dataclass(frozen=True)
class SeriesReader:
    """A model with all it needs to read numbers.

    Attributes:
        model: the network.
        goal: what it answers.
        scaler: of its columns, in the order that the model reads them.
        target: the column that it forecasts or labels by.
        labels: their names in the order of the model's outputs; none if it forecasts.
        majority: the number of the commonest label in training.
        window: frames that it reads at once.
        horizon: steps that it forecasts.
        season: frames of a season, which a second baseline repeats; 0: none.
        options: of the ``series`` corpus, that a file of the user's is read with.
    """

    model: SeriesModel
    goal: Goal
    scaler: Scaler
    target: str
    labels: tuple[str, ...]
    majority: int
    window: int
    horizon: int
    season: int
    options: Mapping[str, Any]

    @property
    def column(self) -> int:
        """The number of the column that is forecast."""
        return self.scaler.columns.index(self.target)

    @property
    def span(self) -> int:
        """How many frames a window and what it forecasts take up."""
        return self.window + self.horizon

    def part(self, columns: Iterable[Series], where: str, *, labelled: bool = True) -> Part:
        """Scale the columns that the model reads, and number the labels.

        Raises:
            SeqkitError: if a column is missing, or a label was not there in training.
        """
        by_name = {column.name: column for column in columns}
        values = np.stack(
            [np.array(_column(by_name, n, "number", where).values) for n in self.scaler.columns],
            axis=1,
        )
        labels = None
        if self.labels and labelled:
            labels = self._numbered(_column(by_name, self.target, "label", where).texts, where)
        dates = next((c.texts for c in by_name.values() if c.role == "date"), None)
        return Part(values, self.scaler.apply(values), labels, dates, where)

    def _numbered(self, texts: Sequence[str], where: str) -> Indices:
        number = {label: i for i, label in enumerate(self.labels)}
        for frame, text in enumerate(texts, start=1):
            if text not in number:
                raise unknown("label", text, self.labels, f"frame {frame} of {where}")
        return np.array([number[text] for text in texts], dtype=np.int64)

    def windows(self, part: Part, begins: Indices, **options: Any) -> Windows:
        """Return windows of a part in batches, with their targets if it has them."""
        targets = part.scaled[:, self.column] if self.goal == "forecast" else part.labels
        return Windows(
            part.scaled,
            begins,
            window=self.window,
            targets=targets,
            horizon=self.horizon,
            aligned=self.goal == "frames",
            **options,
        )

    @torch.inference_mode()
    def outputs(self, scaled: NDArray[np.float32], begins: Indices) -> Tensor:
        """Return the model's outputs for some windows, in order."""
        windows = Windows(
            scaled, begins, window=self.window, aligned=self.goal == "frames", batch_size=AT_ONCE
        )
        device = next(self.model.parameters()).device
        training = self.model.training
        self.model.eval()
        found = [self.model(batch.to(device)).float().cpu() for batch in windows.epoch(0)]
        self.model.train(training)
        return torch.cat(found)

    def forecasts(self, scaled: NDArray[np.float32], begins: Indices) -> Numbers:
        """Return what is forecast after some windows, ``(windows, horizon)``, unscaled."""
        return self.scaler.undo(self.outputs(scaled, begins).numpy(), self.column)

    def frame_logits(self, scaled: NDArray[np.float32]) -> Tensor:
        """Return the logits of every frame of a series, ``(frames, labels)``.

        Windows overlap by half, and a frame is labelled in the one where it has at least half a
        window before it (or all there is, at the beginning of the series).
        """
        frames, context = len(scaled), self.window // 2
        step = self.window - context
        begins = np.arange(0, max(1, frames - context), step, dtype=np.int64)
        logits = self.outputs(scaled, begins)
        lengths = np.minimum(self.window, frames - begins)
        place = np.arange(len(logits)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        fresh = (place >= context) | (np.repeat(begins, lengths) == 0)
        return logits[torch.from_numpy(fresh)]

    def score_part(self, part: Part) -> ForecastReport | LabelReport:
        """Score the model on every window, or every frame, of a part.

        Raises:
            SeqkitError: if it is shorter than one window.
        """
        if self.goal == "frames":
            assert part.labels is not None
            return self._label_report(self.frame_logits(part.scaled), part.labels)
        begins = self.begins(part)
        if self.goal == "window":
            assert part.labels is not None
            logits = self.outputs(part.scaled, begins)
            return self._label_report(logits, part.labels[begins + self.window - 1])
        said = self.outputs(part.scaled, begins)
        steps = np.arange(self.horizon)
        places = begins[:, None] + self.window + steps
        true = torch.from_numpy(part.scaled[:, self.column][places])
        target = part.values[:, self.column]
        return forecast_report(
            self.scaler.undo(said.numpy(), self.column),
            target[places],
            target[begins + self.window - 1],
            target[places - self.season * (steps // self.season + 1)] if self.season else None,
            target=self.target,
            loss=LOSSES[self.model.chosen.loss](said, true).item(),
        )

    def begins(self, part: Part) -> Indices:
        """Return where every window of a part begins that has all it forecasts in the part.

        Raises:
            SeqkitError: if there is none.
        """
        begins = starts(len(part.values), self.span)
        if not len(begins):
            ahead = f" and {self.horizon} to forecast" if self.horizon else ""
            raise SeqkitError(
                f"{part.where} has {len(part.values)} frames, and a window takes {self.window}"
                f"{ahead}: give more, or train with a smaller window."
            )
        return begins

    def _label_report(self, logits: Tensor, true: Indices) -> LabelReport:
        classes = np.arange(len(self.labels))
        answered = logits.argmax(dim=1).numpy()[:, None] == classes
        loss = F.cross_entropy(logits, torch.from_numpy(true)).item()
        scored = report(answered, true[:, None] == classes, self.labels, loss)
        return label_report(scored, true, self.labels, self.majority)

    def score(
        self,
        corpus: Corpus,
        split: str,
        chosen: Any,  # noqa: ARG002
    ) -> ForecastReport | LabelReport:
        """Score a split of a corpus.

        Raises:
            SeqkitError: if there is no such split, or it lacks a column.
        """
        corpus.split(split)
        return self.score_part(self.part(corpus.examples(split), f"the {split} split"))

    def score_file(self, path: Path, options: Mapping[str, str]) -> ForecastReport | LabelReport:
        """Score a whole file of the user's; options: those of the ``series`` corpus.

        Raises:
            SeqkitError: if it cannot be read, lacks a column, or is shorter than a window.
        """
        return self.score_part(self._read(path, options, labelled=True))

    def _read(self, path: Path, options: Mapping[str, Any], *, labelled: bool) -> Part:
        from seqkit.corpora.series import GapError, Options, table

        known = {**self.options, **options}
        if self.labels and labelled:
            known = {"label": self.target, **known}
        chosen = check(Options, known, hint="'seqkit data show series' lists the options")
        try:
            asked = () if chosen.columns else self.scaler.columns
            columns = table(path, chosen, asked).whole(chosen.gaps)
        except GapError as error:
            way = "choose a rule (gaps=previous or gaps=linear)"
            if not labelled:  # to predict, a file is read as in training
                way = "train with data.gaps=previous (or linear), a rule for new files too"
            raise SeqkitError(f"{error.place} is a gap: fill it in, or {way}.") from None
        return self.part(columns, str(path), labelled=labelled)

    def answer_file(self, path: Path) -> Iterator[Forecast | FrameLabel]:
        """Yield what follows the end of a file, an answer a step; or the label of each frame.

        A window's label is that of its last frame, so the first frames have none.

        Raises:
            SeqkitError: if the file cannot be read, lacks a column, or is too short.
        """
        part = self._read(path, {}, labelled=False)
        frames = len(part.values)
        if self.goal == "forecast":
            (said,) = self.forecasts(part.scaled, self.last_window(frames, str(path)))
            dates = following(part.dates or (), self.horizon)
            for step, value in enumerate(said.tolist(), start=1):
                yield Forecast((value,), step, dates[step - 1] if dates else None)
            return
        if self.goal == "frames":
            first, logits = 0, self.frame_logits(part.scaled)
        else:
            self.last_window(frames, str(path))
            first = self.window - 1
            logits = self.outputs(part.scaled, starts(frames, self.window))
        for frame, answer in enumerate(self._predictions(logits), start=first):
            yield FrameLabel(frame + 1, part.dates[frame] if part.dates else None, answer)

    def last_window(self, frames: int, where: str) -> Indices:
        """Return where the last window begins, alone."""
        if frames < self.window:
            raise SeqkitError(
                f"{where} has {frames} frames, and the model reads {self.window}: give as many, "
                f"or train with a smaller window (window={frames})."
            )
        return np.array([frames - self.window], dtype=np.int64)

    def _predictions(self, logits: Tensor) -> Iterator[Prediction]:
        for row in logits.softmax(dim=1).tolist():
            shares = dict(zip(self.labels, row, strict=True))
            yield Prediction((max(shares, key=shares.__getitem__),), shares)

    def stream(
        self, texts: Iterable[str], at_once: int = 1024
    ) -> Iterator[Forecast | Prediction | FrameLabels]:
        """Yield one answer for each text, which holds the values of frames, oldest first.

        Values stand between commas or spaces; where the model reads several columns, frames stand
        between semicolons: ``1,20; 2,21; 3,22``.

        Raises:
            SeqkitError: if a text is not that, or too short.
        """
        numbered = enumerate(texts, start=1)
        while chunk := list(islice(numbered, at_once)):
            parts = [self.scaler.apply(self.frames(text, n)) for n, text in chunk]
            if self.goal == "frames":
                for scaled in parts:
                    yield FrameLabels(tuple(self._predictions(self.frame_logits(scaled))))
                continue
            ends = [
                s[self.last_window(len(s), f"text {n}")[0] :]
                for (n, _), s in zip(chunk, parts, strict=True)
            ]
            begins = np.arange(len(ends), dtype=np.int64) * self.window
            if self.goal == "window":
                yield from self._predictions(self.outputs(np.concatenate(ends), begins))
                continue
            for said in self.forecasts(np.concatenate(ends), begins).tolist():
                yield Forecast(tuple(said))

    def frames(self, text: str, number: int) -> Numbers:
        """Return the values of a text, ``(frames, columns)``."""
        columns = self.scaler.columns
        if not text.strip(" ;"):
            raise SeqkitError(
                f"text {number} is empty: write frames of {', '.join(columns)}, as 1,20; 2,21."
            )
        frames = [re.split(r"\s*,\s*|\s+", part.strip()) for part in text.strip(" ;").split(";")]
        if len(columns) == 1:
            frames = [[cell] for frame in frames for cell in frame]
        for frame in frames:
            if len(frame) != len(columns):
                raise SeqkitError(
                    f"text {number}: the frame '{','.join(frame)[:40]}' has {len(frame)} values, "
                    f"where {', '.join(columns)} are needed: write frames as 1,20; 2,21."
                )
        return np.array([[_number(cell, number) for cell in frame] for frame in frames])

    def save(self, run: Run) -> None:
        """Write everything but the weights and settings into a run directory."""
        known: dict[str, Any] = {"goal": self.goal, "target": self.target, "labels": self.labels}
        known |= {"majority": self.majority, "window": self.window, "horizon": self.horizon}
        known |= {"season": self.season}
        known |= {"options": dict(self.options), **self.scaler.as_dict()}
        write_json(run.series_file, known)

    @classmethod
    def load(cls, run: Run) -> "SeriesReader":
        """Rebuild the reader of a run directory.

        Raises:
            SeqkitError: if a part is missing, truncated or of another model.
        """
        saved, known = run.settings()["settings"], read_json(run.series_file)
        try:
            chosen = check(SeriesModelSettings, saved["model"])
            scaler, goal = Scaler.from_dict(known), known["goal"]
            target, labels = str(known["target"]), tuple(map(str, known["labels"]))
            majority, window, horizon, season = (
                int(known[part]) for part in ("majority", "window", "horizon", "season")
            )
            options = {str(key): value for key, value in known["options"].items()}
            forecasts = goal == "forecast" and target in scaler.columns and horizon >= 1
            labelling = goal in get_args(Goal) and 0 <= majority < len(labels) and horizon == 0
            if not (forecasts or labelling) or window < 1 or not 0 <= season <= window:
                raise ValueError("the parts do not fit")
        except (KeyError, TypeError, ValueError, AttributeError):
            raise SeqkitError(
                f"{run.settings_file} or {run.series_file.name} is not of a run of a series: copy "
                "the run again, or train it anew."
            ) from None
        model = build_model(chosen, goal, scaler, target, len(labels), horizon)
        checkpoint.restore_run(model, run)
        return cls(
            model.eval(), goal, scaler, target, labels, majority, window, horizon, season, options
        )


def build_model(
    chosen: SeriesModelSettings, goal: Goal, scaler: Scaler, target: str, labels: int, horizon: int
) -> SeriesModel:
    """Return a model with random weights, of the size that the data asks for."""
    return SeriesModel(
        chosen,
        goal,
        features=len(scaler.columns),
        outputs=horizon or labels,
        target=scaler.columns.index(target) if goal == "forecast" else 0,
    )


def _column(columns: Mapping[str, Series], name: str, role: str, where: str) -> Series:
    there = [column.name for column in columns.values() if column.role == role]
    if name not in there:
        kind = "number column" if role == "number" else f"column of {role}s"
        raise SeqkitError(
            f"{where} has no {kind} '{name}'.{suggest(name, there)} "
            f"It has: {', '.join(there) or 'none'}."
        )
    return columns[name]


def _number(cell: str, text: int) -> float:
    from seqkit.corpora.series import parse_number

    value = parse_number(cell)
    if value is None:
        raise SeqkitError(f"text {text}: '{cell[:40]}' is not a number: write values as 1,2.5,3.")
    return value
