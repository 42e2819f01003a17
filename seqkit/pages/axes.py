"""Axes: where the ticks go, and from values to pixels."""

import math
from collections.abc import Iterable

Tick = tuple[float, bool]  # where, and whether it has a number beside it


class Axis:
    """From values to pixels, evenly or by powers of ten; ``ticks`` are within its ends."""

    def __init__(
        self,
        values: Iterable[float | None],
        start: float,
        end: float,
        *,
        log: bool = False,
        ticks: int = 5,
        tight: bool = False,
        whole: bool = False,
    ) -> None:
        """Choose the ends so that all values are within.

        Args:
            values: what is shown; what is not finite (or, with ``log``, not positive) is not.
            start: pixel of the lower end.
            end: pixel of the upper end.
            log: by powers of ten.
            ticks: about how many.
            tight: end at the outermost values rather than at ticks.
            whole: no ticks between whole numbers.
        """
        shown = [float(v) for v in values if v is not None and math.isfinite(v)]
        shown = [v for v in shown if v > 0] if log else shown
        low, high = (min(shown), max(shown)) if shown else (1.0, 10.0) if log else (0.0, 1.0)
        self.log, self.start, self.end, self.whole = log, start, end, whole
        if log:
            self._logarithmic(low, high, ticks, tight)
        else:
            self._even(low, high, ticks, tight)

    def _even(self, low: float, high: float, ticks: int, tight: bool) -> None:
        if high <= low:
            spread = abs(low) * 0.1 or 1.0
            low, high = low - spread, high + spread
        step = max(nice(high - low, ticks), 1.0 if self.whole else 0.0)
        if not tight:
            low, high = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        self.low, self.high = low, high
        self.ticks: list[Tick] = [(round(i * step, 12), True) for i in range(first, last + 1)]

    def _logarithmic(self, low: float, high: float, ticks: int, tight: bool) -> None:
        first, last = math.floor(math.log10(low) + 1e-9), math.ceil(math.log10(high) - 1e-9)
        if first == last:
            first, last = first - (low < 10**first * 1.001), last + 1
        self.low, self.high = (low, high) if tight and high > low else (10.0**first, 10.0**last)
        every = max(1, math.ceil((last - first) / (2 * ticks)))
        marks = [(10.0**k, (k - first) % every == 0) for k in range(first, last + 1)]
        if last - first <= 2:
            marks += [(m * 10.0**k, True) for k in range(first, last) for m in (2, 5)]
        self.ticks = sorted(t for t in marks if self.low * 0.999 <= t[0] <= self.high * 1.001)

    def at(self, value: float) -> float:
        """Return the pixel of a value within the ends (with ``log``, a positive one)."""
        low, high = self.low, self.high
        if self.log:
            low, high, value = math.log10(low), math.log10(high), math.log10(value)
        return self.start + (value - low) / (high - low) * (self.end - self.start)

    def shows(self, value: float | None) -> bool:
        """Whether a value has a place on the axis."""
        return value is not None and math.isfinite(value) and (value > 0 or not self.log)


def nice(span: float, ticks: int) -> float:
    """Return 1, 2 or 5 times a power of ten, about ``span / ticks``."""
    rough = span / max(1, ticks)
    power = 10.0 ** math.floor(math.log10(rough))
    return power * min((1, 2, 5, 10), key=lambda m: abs(math.log(m * power / rough)))


def spread(places: list[float], apart: float, low: float, high: float) -> list[float]:
    """Return places at least ``apart`` from one another, in the same order, near the given ones."""
    order = sorted(range(len(places)), key=lambda i: places[i])
    moved = [0.0] * len(places)
    before = low - apart
    for i in order:
        before = moved[i] = max(places[i], before + apart)
    after = high + apart
    for i in reversed(order):
        after = moved[i] = min(moved[i], after - apart)
    return moved
