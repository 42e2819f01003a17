"""Curves: axes, lines with their names at their ends, a dashed level."""

import math
from collections.abc import Mapping, Sequence

from seqkit.pages.axes import Axis, spread
from seqkit.pages.figures import Lines, plain
from seqkit.pages.markup import data, escape, number, power, width

WIDTH, HEIGHT = 960, 430
LEFT, TOP, BOTTOM = 84, 18, 60
WIDEST = 380  # pixels of names beside the lines
BESIDE = 14  # lines whose names fit beside their ends; of more, they stand below
DASHES = ("", "9 4", "3 3", "12 4 3 4", "6 3", "2 5", "14 5", "8 3 2 3 2 3")
FEW = 40  # points that are marked each
BOLD = 1.12  # how much wider names are in bold


def draw(figure: Lines, words: Mapping[str, str]) -> str:
    """Return the figure as HTML."""
    lines = {name: plain(values) for name, values in figure.lines.items()}
    beside = len(lines) <= BESIDE and not figure.dots
    beside = beside and len(lines) > 1  # one alone is named by the axis
    named = max((BOLD * width(name) for name in lines), default=0) if beside else 0
    whole = all(float(x).is_integer() for x in plain(figure.x) if x is not None)
    right = WIDTH - min(max(named + 26, 24), WIDEST)
    x_axis = Axis(figure.x, LEFT, right, log=figure.log_x, ticks=7, tight=True, whole=whole)
    every = [value for values in lines.values() for value in values]
    y_axis = Axis([*every, figure.level], HEIGHT - BOTTOM, TOP, log=figure.log_y)
    parts = [_axes(figure, x_axis, y_axis, right)]
    ends = []
    for place, (name, values) in enumerate(lines.items()):
        points = [
            (x_axis.at(x), y_axis.at(y)) if x_axis.shows(x) and y_axis.shows(y) else None
            for x, y in zip(plain(figure.x), values, strict=True)
        ]
        parts.append(_curve(points, place, marked=figure.dots, curve=not figure.dots))
        known = [point for point in points if point]
        if known:
            ends.append((place, name, known[-1]))
    parts += _names(ends, right) if beside else []
    values_of = {
        "x": [x if x_axis.shows(x) else None for x in plain(figure.x)],
        "at": [round(x_axis.at(x), 1) if x_axis.shows(x) else None for x in plain(figure.x)],
        "xName": figure.x_name,
        "lines": [[name, _rounded(values)] for name, values in lines.items()],
        "top": TOP,
        "bottom": HEIGHT - BOTTOM,
    }
    title = escape(f"{figure.title}: {figure.y_name} / {figure.x_name}")
    svg = (
        f'<svg class="fluid pointed" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}" role="img" tabindex="0" aria-label="{title}">{"".join(parts)}'
        f'<path class="cursor" d=""/></svg>'
    )
    note = f'<p class="readout" aria-live="polite">{escape(words["point"])}</p>'
    legend = "" if beside or len(lines) < 2 else _legend(list(lines), dots=figure.dots)
    return f'<div class="box">{svg}</div>{legend}{note}{data(values_of)}'


def _axes(figure: Lines, x_axis: Axis, y_axis: Axis, right: float) -> str:
    bottom, parts = HEIGHT - BOTTOM, []
    for value, named in y_axis.ticks:
        y = round(y_axis.at(value), 1)
        parts.append(f'<path class="grid" d="M{LEFT} {y}H{right:.0f}"/>')
        if named:
            text = power(value)
            parts.append(f'<text class="tick" x="{LEFT - 8}" y="{y + 5}" text-anchor="end">{text}')
            parts.append("</text>")
    for value, named in x_axis.ticks:
        x = round(x_axis.at(value), 1)
        parts.append(f'<path class="axis" d="M{x} {bottom}v6"/>')
        if named:
            text = power(value)
            parts.append(f'<text class="tick" x="{x}" y="{bottom + 23}" text-anchor="middle">')
            parts.append(f"{text}</text>")
    parts.append(f'<path class="axis" d="M{LEFT} {TOP}V{bottom}H{right:.0f}"/>')
    middle = (LEFT + right) / 2
    parts.append(f'<text class="name" x="{middle:.0f}" y="{HEIGHT - 12}" text-anchor="middle">')
    parts.append(f"{escape(figure.x_name)}</text>")
    parts.append(
        f'<text class="name" transform="translate(18 {(TOP + bottom) / 2:.0f}) rotate(-90)"'
    )
    parts.append(f' text-anchor="middle">{escape(figure.y_name)}</text>')
    if y_axis.shows(figure.level):
        assert figure.level is not None
        y = round(y_axis.at(figure.level), 1)
        parts.append(f'<path class="level" d="M{LEFT} {y}H{right:.0f}"/>')
        parts.append(f'<text class="tick" x="{LEFT + 6}" y="{y - 6}">{number(figure.level)}</text>')
    return "".join(parts)


def _curve(
    points: Sequence[tuple[float, float] | None], place: int, *, marked: bool, curve: bool
) -> str:
    """Return one line: a path that begins anew after each gap, and dots where they are few."""
    steps, dots, pen = [], [], False
    known = sum(point is not None for point in points)
    before: Sequence[tuple[float, float] | None] = [None, *points[:-1]]
    after: Sequence[tuple[float, float] | None] = [*points[1:], None]
    for last, point, following in zip(before, points, after, strict=True):
        if point is None:
            pen = False
            continue
        x, y = f"{point[0]:.1f}", f"{point[1]:.1f}"
        steps.append(f"{'L' if pen else 'M'}{x} {y}")
        pen = True
        alone = last is None and following is None
        if marked or alone or known <= FEW:
            dots.append(f'<circle cx="{x}" cy="{y}" r="{3.5 if curve else 4}"/>')
    dash = DASHES[place % len(DASHES)]
    path = f'<path class="curve" stroke-dasharray="{dash}" d="{"".join(steps)}"/>' if curve else ""
    return f'<g class="line c{place % 8}">{path}{"".join(dots)}</g>'


def _names(ends: list[tuple[int, str, tuple[float, float]]], right: float) -> list[str]:
    """Return the names beside the ends of their lines, apart from one another."""
    places = spread([y for _, _, (_, y) in ends], 19, TOP + 4, HEIGHT - BOTTOM)
    parts = []
    for (place, name, (x, y)), moved in zip(ends, places, strict=True):
        start = max(x + 3, right)
        parts.append(f'<path class="leader" d="M{x + 3:.0f} {y:.1f}L{start + 9:.0f} {moved:.1f}"/>')
        parts.append(
            f'<text class="end c{place % 8}" x="{start + 13:.0f}" y="{moved + 5:.1f}">'
            f"{escape(name)}</text>"
        )
    return parts


def _legend(names: list[str], *, dots: bool) -> str:
    items = []
    for place, name in enumerate(names):
        dash = DASHES[place % len(DASHES)]
        line = f'<path class="curve" stroke-dasharray="{dash}" d="M0 8H40"/>'
        line = '<circle cx="20" cy="8" r="5"/>' if dots else line
        key = f'<svg width="40" height="16" aria-hidden="true" class="line c{place % 8}">{line}'
        items.append(f"<li>{key}</svg> {escape(name)}</li>")
    return f'<ul class="legend">{"".join(items)}</ul>'


def _rounded(values: Sequence[float | None]) -> list[float | None]:
    return [None if v is None or not math.isfinite(v) else float(f"{v:.5g}") for v in values]
