"""Scores of forecasts and labels, each beside what would be said without a model."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqkit.train.metrics import Report, Table

Numbers = NDArray[np.float64]

BARS = "▁▂▃▄▅▆▇█"
SHOWN = 60  # windows in the picture of the last ones


@dataclass(frozen=True)
class StepScore:
    """How forecasts of one step ahead fared, and those of the last value repeated."""

    step: int
    mae: float
    rmse: float
    baseline_mae: float
    baseline_rmse: float


@dataclass(frozen=True)
class ForecastReport:
    """The scores of forecasts, in the units of the data; ``loss`` alone is in those of training.

    Attributes:
        rows: how many windows were forecast from.
        target: the column.
        loss: the mean training loss.
        mae: the mean absolute error over all steps.
        rmse: the root of the mean squared error over all steps.
        baseline_mae: of forecasting each window's last value for every step.
        baseline_rmse: likewise.
        seasonal_mae: of repeating the last season, where its length is known.
        skill: ``1 - mae / baseline_mae``: 0 is no better than the baseline, 1 is perfect.
        steps: the same for each step of the horizon.
        last: truth and forecast of the first step of the last windows.
    """

    rows: int
    target: str
    loss: float
    mae: float
    rmse: float
    baseline_mae: float
    baseline_rmse: float
    seasonal_mae: float | None
    skill: float
    steps: tuple[StepScore, ...]
    last: tuple[tuple[float, float], ...]

    @property
    def scores(self) -> dict[str, float]:
        """The single figures by name."""
        names = ["loss", "mae", "rmse", "baseline_mae", "baseline_rmse", "seasonal_mae", "skill"]
        figures = {name: getattr(self, name) for name in names}
        return {name: figure for name, figure in figures.items() if figure is not None}

    def tables(self) -> list[Table]:
        """Return the figures, those of each step, and a picture of the last windows."""
        figures = [["windows", self.rows], *([name, value] for name, value in self.scores.items())]
        tables = [Table(f"forecasts of {self.target}", ["score", "value"], figures)]
        if len(self.steps) > 1:
            rows = [[s.step, s.mae, s.rmse, s.baseline_mae, s.baseline_rmse] for s in self.steps]
            columns = ["step", "mae", "rmse", "baseline_mae", "baseline_rmse"]
            tables.append(Table(None, columns, rows))
        true, said = sparklines(*np.array(self.last).T)
        title = f"the last {len(self.last)} windows, a step ahead"
        tables.append(Table(title, ["", self.target], [["true", true], ["forecast", said]]))
        return tables

    def as_dict(self) -> dict[str, Any]:
        """Return the whole report as plain values, ready for JSON."""
        return asdict(self)


def forecast_report(
    said: Numbers,
    true: Numbers,
    last: Numbers,
    season: Numbers | None = None,
    *,
    target: str,
    loss: float,
) -> ForecastReport:
    """Compare forecasts with the truth, both ``(windows, horizon)`` in the user's units.

    Args:
        said: the forecasts.
        true: what came.
        last: ``(windows,)``, the last value of each window: the baseline repeats it.
        season: what came a season before; None if seasons are not known.
        target: the name of the column.
        loss: of training, on these windows.
    """
    error, naive = said - true, last[:, None] - true
    steps = [
        StepScore(step, *_errors(error[:, step - 1]), *_errors(naive[:, step - 1]))
        for step in range(1, true.shape[1] + 1)
    ]
    mae, rmse = _errors(error)
    baseline_mae, baseline_rmse = _errors(naive)
    # A series that stands still is forecast by its last value exactly: no skill, or less.
    skill = 1 - mae / baseline_mae if baseline_mae else -float(mae > 0)
    shown = zip(true[-SHOWN:, 0].tolist(), said[-SHOWN:, 0].tolist(), strict=True)
    return ForecastReport(
        len(true),
        target,
        loss,
        mae,
        rmse,
        baseline_mae,
        baseline_rmse,
        None if season is None else _errors(season - true)[0],
        skill,
        tuple(steps),
        tuple(shown),
    )


def _errors(error: Numbers) -> tuple[float, float]:
    """Return the mean absolute error and the root of the mean squared one."""
    largest = float(np.abs(error).max(initial=0.0)) or 1.0  # so that no square overflows
    return float(np.abs(error).mean()), largest * float(np.sqrt(((error / largest) ** 2).mean()))


def sparklines(*series: Numbers) -> list[str]:
    """Return each series as a line of bars, all to one scale."""
    low = min(float(values.min()) for values in series)
    high = max(float(values.max()) for values in series)
    size = (high - low) / (len(BARS) - 1) or 1.0
    return ["".join(BARS[round((v - low) / size)] for v in values) for values in series]


@dataclass(frozen=True)
class LabelReport:
    """The scores of labels, beside those of always answering the commonest one of training.

    Attributes:
        report: accuracy, F1, each class and what is confused.
        majority: the label that was commonest in training.
        baseline: the accuracy of answering it always.
    """

    report: Report
    majority: str
    baseline: float

    @property
    def scores(self) -> dict[str, float]:
        """The single figures by name."""
        return {**self.report.scores, "baseline_accuracy": self.baseline}

    def tables(self) -> list[Table]:
        """Return the figures, each class, and what is confused most."""
        first, *rest = self.report.tables()
        baseline = [f"accuracy of always '{self.majority}'", self.baseline]
        return [Table(first.title, first.columns, [*first.rows, baseline]), *rest]

    def as_dict(self) -> dict[str, Any]:
        """Return the whole report as plain values, ready for JSON."""
        baseline = {"majority": self.majority, "baseline_accuracy": self.baseline}
        return {**self.report.as_dict(), **baseline}


def label_report(
    report: Report, true: NDArray[np.int64], labels: Sequence[str], majority: int
) -> LabelReport:
    """Put the baseline beside a report; ``true`` are the labels' numbers."""
    share = float((true == majority).mean()) if len(true) else 0.0
    return LabelReport(report, labels[majority], share)
