"""What is searched: for each setting a range or some choices."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from seqkit.errors import SeqkitError

Value = bool | int | float | str | None
Values = Mapping[str, Value]  # of one trial, by the path of the setting

DIGITS = 4  # significant ones of a fraction: no score depends on more
FEW = 20  # whole numbers that a grid tries all
LARGEST_GRID = 1_000_000


@dataclass(frozen=True)
class Range:
    """Numbers from ``low`` to ``high``, both included; ``points`` of them in a grid (0: not said).

    Attributes:
        path: of the setting, in full.
        whole: whether they are whole numbers.
        log: whether equal ratios, rather than equal differences, are equally far.
    """

    path: str
    low: float
    high: float
    whole: bool
    log: bool
    points: int = 0

    def at(self, place: float) -> Value:
        """Return the value at a place from 0 (the low end) to 1 (the high end).

        Whole numbers have equal shares of the way (by the logarithm, if ``log``).
        """
        low, high = self._ends()
        value = low + (high - low) * min(max(place, 0.0), 1.0)
        value = math.exp(value) if self.log else value
        if self.whole:
            return int(min(max(round(value), self.low), self.high))
        return self.rounded(value)

    def place(self, value: Value) -> float:
        """Return where :meth:`at` finds a value."""
        assert isinstance(value, int | float)
        low, high = self._ends()
        return ((math.log(value) if self.log else value) - low) / (high - low)

    def rounded(self, value: float) -> float:
        """Return a value with four significant digits, within the range."""
        return min(max(float(f"{value:.{DIGITS}g}"), self.low), self.high)

    def _ends(self) -> tuple[float, float]:
        margin = 0.5 if self.whole else 0.0
        low, high = self.low - margin, self.high + margin
        return (math.log(low), math.log(high)) if self.log else (low, high)

    def grid(self) -> list[Value]:
        """Return its points, in order.

        Raises:
            SeqkitError: if it was not said how many, and it is not a few whole numbers.
        """
        count = int(self.high - self.low) + 1
        if self.whole and ((count <= FEW and not self.points) or self.points >= count):
            return list(range(int(self.low), int(self.high) + 1))
        if not self.points:
            ends = f"{self.path}={self.low:g}..{self.high:g}"
            raise SeqkitError(
                f"a grid needs to know how many values of {ends} to try: write {ends}:5 for five "
                "of them, list them with commas, or use --search random."
            )
        places = [i / (self.points - 1) for i in range(self.points)]
        if self.log:
            ratio = self.high / self.low
            values = [self.low * ratio**place for place in places]
        else:
            values = [self.low + (self.high - self.low) * place for place in places]
        found = [round(v) if self.whole else self.rounded(v) for v in values]
        return list(dict.fromkeys(found))


@dataclass(frozen=True)
class Choices:
    """Some values of a setting."""

    path: str
    values: tuple[Value, ...]

    def at(self, place: float) -> Value:
        """Return the value at a place from 0 to 1, of which each has an equal share."""
        return self.values[min(int(max(place, 0.0) * len(self.values)), len(self.values) - 1)]

    def place(self, value: Value) -> float:
        """Return the middle of a value's share."""
        return (self.values.index(value) + 0.5) / len(self.values)

    def grid(self) -> list[Value]:
        """Return all of them."""
        return list(self.values)


Axis = Range | Choices


@dataclass(frozen=True)
class Space:
    """The settings that are searched, and what each may be."""

    axes: tuple[Axis, ...]

    def at(self, places: Iterable[float]) -> dict[str, Value]:
        """Return the values at a place, from 0 to 1, on each axis."""
        return {axis.path: axis.at(p) for axis, p in zip(self.axes, places, strict=True)}

    def places(self, values: Values) -> list[float]:
        """Return where :meth:`at` finds these values."""
        return [axis.place(values[axis.path]) for axis in self.axes]

    def grid(self) -> "Grid":
        """Return every combination of the points of each axis.

        Raises:
            SeqkitError: if a range has no number of points, or the grid is far too large.
        """
        points = [axis.grid() for axis in self.axes]
        if (size := math.prod(map(len, points))) > LARGEST_GRID:
            raise SeqkitError(f"the grid has {size:,} points: try fewer values of each setting.")
        return Grid(tuple(axis.path for axis in self.axes), tuple(map(tuple, points)))

    def names(self) -> dict[str, str]:
        """Return a short name for each path: its ending, as long as it has to be to be unique."""
        paths = [axis.path for axis in self.axes]
        return {path: _short(path, paths) for path in paths}


def _short(path: str, paths: Sequence[str]) -> str:
    parts = path.split(".")
    for start in range(len(parts) - 1, 0, -1):
        name = ".".join(parts[start:])
        if sum(other == name or other.endswith(f".{name}") for other in paths) == 1:
            return name
    return path


@dataclass(frozen=True)
class Grid:
    """The combinations of some points of each axis, by number."""

    paths: tuple[str, ...]
    points: tuple[tuple[Value, ...], ...]

    def __len__(self) -> int:
        return math.prod(map(len, self.points))

    def __getitem__(self, number: int) -> dict[str, Value]:
        """Return a combination; the last axis changes fastest."""
        values: list[Value] = []
        for points in reversed(self.points):
            number, place = divmod(number, len(points))
            values.append(points[place])
        return dict(zip(self.paths, reversed(values), strict=True))


def as_words(values: Values) -> list[str]:
    """Return values as ``key=value`` words."""
    return [f"{path}={as_text(value)}" for path, value in values.items()]


def as_text(value: Value) -> str:
    """Return a value as a person writes it after ``=``."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)
