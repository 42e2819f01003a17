"""The answers to a series: forecasts and labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from seqkit.tasks.labels.text_classifier import Prediction


@dataclass(frozen=True)
class Forecast:
    """What comes next.

    Attributes:
        values: the next ones, in the user's units.
        step: of a file's forecast, which is an answer a step: which one; 0 if all are here.
        date: when that is, if the dates before are evenly spaced.
    """

    values: tuple[float, ...]
    step: int = 0
    date: str | None = None

    def line(self, top: int) -> str:  # noqa: ARG002
        """Return the values, after the date or the step."""
        place = [self.date or f"+{self.step}"] if self.step else []
        return "\t".join([*place, *(f"{value:.6g}" for value in self.values)])

    def row(self, top: int) -> dict[str, Any]:  # noqa: ARG002
        """Return it as plain values."""
        if not self.step:
            return {"forecast": list(self.values)}
        dated = {"date": self.date} if self.date else {}
        return {"step": self.step, **dated, "forecast": self.values[0]}


@dataclass(frozen=True)
class FrameLabel:
    """The label of one frame of a file; ``frame`` counts its rows from 1."""

    frame: int
    date: str | None
    prediction: Prediction

    def line(self, top: int) -> str:
        """Return date or frame, label and probability."""
        return f"{self.date or self.frame}\t{self.prediction.line(top)}"

    def row(self, top: int) -> dict[str, Any]:
        """Return it as plain values."""
        dated = {"date": self.date} if self.date else {}
        return {"frame": self.frame, **dated, **self.prediction.row(top)}


@dataclass(frozen=True)
class FrameLabels:
    """The labels of all frames of a text."""

    frames: tuple[Prediction, ...]

    def line(self, top: int) -> str:  # noqa: ARG002
        """Return the labels."""
        return "\t".join(frame.label for frame in self.frames)

    def row(self, top: int) -> dict[str, Any]:
        """Return labels and probabilities, frame by frame."""
        return {"frames": [frame.row(top) for frame in self.frames]}


def following(dates: Sequence[str], steps: int) -> list[str]:
    """Return the dates after the last one, spelt like it, if the last three are evenly spaced.

    Else, or if they are not ISO dates, return none.
    """
    from datetime import datetime

    try:
        *_, a, b, c = (datetime.fromisoformat(date) for date in dates[-3:])
        if b - a != c - b:
            return []
        later = [c + (c - b) * step for step in range(1, steps + 1)]
    except (ValueError, TypeError, OverflowError):  # too few, no dates, of two kinds, past 9999
        return []
    last = dates[-1]
    for spelling in ("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y%m%d"):
        if c.strftime(spelling) == last:
            return [date.strftime(spelling) for date in later]
    return [date.isoformat(" " if " " in last else "T") for date in later]
