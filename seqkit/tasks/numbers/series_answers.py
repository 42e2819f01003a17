"""The answers to a series: forecasts and labels."""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from seqkit.tasks.labels.text_classifier import Prediction

if TYPE_CHECKING:
    from datetime import datetime

LOOKED_AT = 40  # dates before a forecast, of which the next ones are told


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
    """Return the dates after the last one, spelt like it, if those before are evenly spaced.

    They are if they are so many months apart, on one day or on the last of each, or the same time
    apart. Else, or if they are not ISO dates, or fewer than three, return none.
    """
    from datetime import datetime

    try:
        before = [datetime.fromisoformat(date) for date in dates[-LOOKED_AT:]]
        later = _by_months(before, steps) or _by_time(before, steps)
    except (ValueError, TypeError, OverflowError):  # no dates, of two kinds, past the year 9999
        return []
    if not later:
        return []
    c, last = before[-1], dates[-1]
    for spelling in ("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y%m%d"):
        if c.strftime(spelling) == last:
            return [date.strftime(spelling) for date in later]
    return [date.isoformat(" " if " " in last else "T") for date in later]


def _by_time(before: "Sequence[datetime]", steps: int) -> "list[datetime]":
    apart = {b - a for a, b in pairwise(before)}
    if len(before) < 3 or len(apart) != 1:
        return []
    (each,) = apart
    return [before[-1] + each * step for step in range(1, steps + 1)]


def _by_months(before: "Sequence[datetime]", steps: int) -> "list[datetime]":
    months = [date.year * 12 + date.month - 1 for date in before]
    apart = {b - a for a, b in pairwise(months)}
    on_last = all(date.day == _days(month) for date, month in zip(before, months, strict=True))
    on_one = len({date.day for date in before}) == 1 and before[-1].day <= 28
    times = {date.timetz() for date in before}
    if len(before) < 3 or len(apart) != 1 or len(times) > 1 or not (on_last or on_one):
        return []
    (each,) = apart
    if each == 0:
        return []
    later = [months[-1] + each * step for step in range(1, steps + 1)]
    days = [_days(month) if on_last else before[-1].day for month in later]
    return [
        before[-1].replace(year=month // 12, month=month % 12 + 1, day=day)
        for month, day in zip(later, days, strict=True)
    ]


def _days(month: int) -> int:
    return monthrange(month // 12, month % 12 + 1)[1]
