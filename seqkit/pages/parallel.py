"""Parallel coordinates: an axis for each setting, a line for each trial."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from seqkit.pages.axes import Axis
from seqkit.pages.colours import Scale
from seqkit.pages.figures import Parallel, plain
from seqkit.pages.heat_map import legend
from seqkit.pages.markup import data, escape, label, power, width

APART, TOP, HIGH, BOTTOM = 170, 52, 340, 24
FAINT = 7  # level of the lightest line
WIDE_RANGE = 30  # a range of positive numbers that is wider is drawn by powers of ten

Place = Callable[[Any], float | None]


def draw(figure: Parallel, words: Mapping[str, str]) -> str:
    """Return the figure as HTML: lines coloured by score, the best one thick and on top."""
    if not len(figure.rows):
        return f"<p>{escape(words['empty'])}</p>"
    scores = np.array([math.nan if s is None else s for s in plain(figure.scores)], np.float64)
    axes = [*figure.axes, figure.score_name]
    rows = [[*row, s] for row, s in zip(plain(figure.rows), plain(figure.scores), strict=True)]
    left = 70 + max(0.0, width(axes[0]) / 2 - 60)
    drawn, places = [], []
    for number, name in enumerate(axes):
        svg, place = _axis(name, [row[number] for row in rows], left + number * APART)
        drawn.append(svg)
        places.append(place)
    scale = Scale(scores)
    best = int(np.nanargmax(scores)) if np.isfinite(scores).any() else -1
    order = sorted(
        range(len(rows)),
        key=lambda i: (i == best, scores[i] if scores[i] == scores[i] else -math.inf),
    )
    lines = []
    for i in order:
        points = [
            (left + k * APART, y)
            for k, value in enumerate(rows[i])
            if (y := places[k](value)) is not None
        ]
        path = "M" + "L".join(f"{x:.0f} {y:.1f}" for x, y in points)
        kind = "best" if i == best else "trial"
        shade = scale.css_class(float(scores[i]), least=FAINT)
        lines.append(f'<path class="{kind} {shade}" data-row="{i}" d="{path}"/>')
    wide, high = left + (len(axes) - 1) * APART + 110, TOP + HIGH + BOTTOM
    shown = {"axes": axes, "rows": rows}
    note = f'<p class="readout" aria-live="polite">{escape(words["point"])}</p>'
    return (
        f'<div class="box"><svg class="parallel pointed" width="{wide:.0f}" height="{high}" '
        f'viewBox="0 0 {wide:.0f} {high}" role="img" tabindex="0" '
        f'aria-label="{escape(figure.title)}"><g class="lines">{"".join(lines)}</g>'
        f"{''.join(drawn)}</svg></div>{legend(scale, FAINT)}{note}{data(shown)}"
    )


def _axis(name: str, values: list[Any], x: float) -> tuple[str, Place]:
    """Return an axis as SVG, and what gives the height of a value on it."""
    bottom, place = TOP + HIGH, None
    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    ticks: list[tuple[str, float]]
    if len(numbers) == sum(v is not None for v in values) and numbers:
        log = min(numbers) > 0 and max(numbers) > WIDE_RANGE * min(numbers)
        axis = Axis(numbers, bottom, TOP, log=log, ticks=5, tight=False)
        ticks = [(power(v), axis.at(v)) for v, named in axis.ticks if named]

        def place(value: Any) -> float | None:
            return axis.at(value) if axis.shows(value) else None
    else:
        names = sorted({str(v) for v in values if v is not None})
        step = HIGH / max(1, len(names))
        heights = {each: bottom - (i + 0.5) * step for i, each in enumerate(names)}
        ticks = list(heights.items())

        def place(value: Any) -> float | None:
            return heights.get(str(value))

    marks = "".join(
        f'<path class="axis" d="M{x - 5:.0f} {y:.1f}h10"/>'
        f'<text class="tick" x="{x + 9:.0f}" y="{y + 5:.1f}">{label(text, 24)}</text>'
        for text, y in ticks
    )
    title = (
        f'<text class="name" x="{x:.0f}" y="{TOP - 24}" text-anchor="middle">{label(name)}</text>'
    )
    return f'<path class="axis" d="M{x:.0f} {TOP - 8}V{bottom + 8}"/>{marks}{title}', place
