"""Matrices in colours: a heat map over tokens, and what a classifier takes for what."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from seqkit.pages.colours import LEVELS, Floats, Scale
from seqkit.pages.figures import Confusion, HeatMap
from seqkit.pages.markup import data, escape, label, number, short, width

WIDEST = 1500  # pixels over which the names of columns stand level; beyond, they lean
EXAMPLES = 20  # shown of a cell of a confusion matrix
LEANING = 55  # degrees


@dataclass(frozen=True)
class Layout:
    """Sizes of a matrix in pixels; ``row_every`` and ``column_every`` say which are named."""

    cell_width: float
    cell_height: float
    head: float
    side: float
    leaning: bool
    row_every: int
    column_every: int
    beyond: float  # what the last leaning name needs to the right

    @classmethod
    def of(cls, rows: Sequence[str], columns: Sequence[str], least: float = 30) -> "Layout":
        """Return sizes at which the names can be read."""
        high = 26 if len(rows) <= 40 else 19 if len(rows) <= 64 else 15 if len(rows) <= 100 else 8
        widest = max((width(_cut(name)) for name in columns), default=0)
        wide = max(widest + 12, least)
        leaning = wide * len(columns) > WIDEST or wide > 150
        if leaning:
            wide = 26 if len(columns) <= 60 else 20 if len(columns) <= 150 else 8
            wide = max(wide, least if least > 30 else 0)
        angle = math.radians(LEANING)
        return cls(
            cell_width=wide,
            cell_height=high,
            head=widest * math.sin(angle) + 20 if leaning else 26,
            side=max((width(_cut(name)) for name in rows), default=0) + 14,
            leaning=leaning,
            row_every=math.ceil(15 / high),
            column_every=math.ceil(19 / wide) if leaning else 1,
            beyond=widest * math.cos(angle) + 8 if leaning else 0,
        )


def draw(figure: HeatMap, words: Mapping[str, str]) -> str:
    """Return a heat map as HTML."""
    values = np.asarray(figure.values, np.float64)
    if not values.size:
        return f"<p>{escape(words['empty'])}</p>"
    scale = Scale(values, figure.low, figure.high)
    layout = Layout.of(figure.rows, figure.columns)
    printed = layout.cell_width >= 44 and layout.cell_height >= 24 and values.size <= 700
    texts = _numbers(values, scale, layout, short, zeros=scale.diverging) if printed else ""
    cells = _cells(scale.levels(values), scale.name, layout) + texts
    shown = {
        "rows": list(figure.rows),
        "columns": list(figure.columns),
        "values": _rounded(values),
        "cell": [layout.cell_width, layout.cell_height, 0, layout.head],
    }
    note = f'<p class="readout" aria-live="polite">{escape(words["point"])}</p>'
    matrix = _matrix(figure.title, figure.rows, figure.columns, layout, cells)
    return f"{matrix}{legend(scale)}{note}{data(shown)}"


def confusion(figure: Confusion, words: Mapping[str, str], prefix: str) -> str:
    """Return a confusion matrix as HTML: colours are shares of a row, links lead to examples."""
    counts = np.asarray(figure.counts, np.float64)
    if not counts.size:
        return f"<p>{escape(words['empty'])}</p>"
    names = list(figure.labels)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    scale = Scale(shares, 0.0, 1.0)
    layout = Layout.of(names, names, least=34 if len(names) <= 30 else 30)
    # a few in a hundred are to be seen too: the square root is what the colour shows
    levels = scale.levels(np.sqrt(shares))
    cells = _cells(levels, "q", layout)
    if counts.size <= 2500:
        cells += _numbers(counts, scale, layout, short, levels, zeros=False)
    links, texts = [], []
    for (i, j), examples in sorted(figure.examples.items()):
        if not examples:
            continue
        target = f"{prefix}-{i}-{j}"
        said = f"{words['true']} {names[i]}, {words['answered']} {names[j]}"
        links.append(_link(target, said, i, j, layout))
        texts.append(_examples(target, prefix, said, examples, int(counts[i, j]), words))
    shown = {
        "rows": [f"{words['true']}: {name}" for name in names],
        "columns": [f"{words['answered']}: {name}" for name in names],
        "values": counts.astype(int).tolist(),
        "cell": [layout.cell_width, layout.cell_height, 0, layout.head],
    }
    note = f'<p class="readout told" aria-live="polite">{escape(words["open"])}</p>'
    axes = f'<p class="axes">↓ {escape(words["true"])} · → {escape(words["answered"])}</p>'
    matrix = _matrix(figure.title, names, names, layout, cells + "".join(links))
    return f'{axes}{matrix}{note}<div class="examples">{"".join(texts)}</div>{data(shown)}'


def legend(scale: Scale, least: int = 0) -> str:
    """Return a scale with its ends (and its middle, zero) written out."""
    first = 0 if scale.diverging else least
    steps = "".join(f'<span class="{scale.name}{i}"></span>' for i in range(first, LEVELS))
    middle = "<i>0</i>" if scale.diverging else ""
    low, high = number(float(scale.low)), number(float(scale.high))
    return (
        f'<p class="scale"><b>{low}</b><span class="steps" aria-hidden="true">{steps}{middle}'
        f"</span><b>{high}</b></p>"
    )


def _matrix(
    title: str, rows: Sequence[str], columns: Sequence[str], layout: Layout, cells: str
) -> str:
    """Return the cells with their names; those of the rows stay in sight when it is moved."""
    w, h = layout.cell_width, layout.cell_height
    high = layout.head + h * len(rows) + 2
    side = []
    for i, name in enumerate(rows):
        if i % layout.row_every == 0:
            y = layout.head + (i + 0.5) * h + 5
            side.append(f'<text x="{layout.side - 8:.0f}" y="{y:.1f}">{label(name)}</text>')
    wide = w * len(columns) + layout.beyond + 2
    names = []
    for j, name in enumerate(columns):
        if j % layout.column_every:
            continue
        x, y = (j + 0.5) * w, layout.head - 8
        place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="middle"'
        if layout.leaning and width(_cut(name)) > w:
            place = f'transform="translate({x + 4:.1f} {y:.1f}) rotate(-{LEANING})"'
        names.append(f"<text {place}>{label(name)}</text>")
    long = " long" if layout.side > 150 else ""  # it would hide the rest on a phone
    return (
        f'<div class="box heat">'
        f'<svg class="side{long}" width="{layout.side:.0f}" height="{high:.0f}" '
        f'aria-hidden="true">{"".join(side)}</svg>'
        f'<svg class="pointed" width="{wide:.0f}" height="{high:.0f}" role="group" tabindex="0" '
        f'aria-label="{escape(title)}">{"".join(names)}'
        f'<g transform="translate(0 {layout.head:.1f})">{cells}</g>'
        f'<rect class="cursor" width="{w:.1f}" height="{h:.1f}" visibility="hidden"/></svg></div>'
    )


def _cells(levels: np.ndarray, name: str, layout: Layout) -> str:
    """Return the cells, one path for each colour: a tenth of the size of a rectangle each."""
    paths = []
    for level in np.unique(levels):
        runs = "".join(f"M{j} {i}h1v1h-1z" for i, j in np.argwhere(levels == level).tolist())
        shade = "missing" if level < 0 else f"{name}{level}"
        paths.append(f'<path class="{shade}" d="{runs}"/>')
    w, h = layout.cell_width, layout.cell_height
    return f'<g class="cells" transform="scale({w:.2f} {h:.2f})">{"".join(paths)}</g>'


def _numbers(
    values: Floats,
    scale: Scale,
    layout: Layout,
    written: Callable[[float], str],
    levels: np.ndarray | None = None,
    zeros: bool = True,
) -> str:
    if levels is None:
        levels = scale.levels(values)
    parts = []
    for i, j in np.argwhere(levels >= 0).tolist():
        if not zeros and abs(values[i, j]) < 0.005:  # the colour says so
            continue
        x, y = (j + 0.5) * layout.cell_width, (i + 0.5) * layout.cell_height + 4.5
        shade = f"{scale.name}{levels[i, j]}"
        text = written(float(values[i, j]))
        parts.append(f'<text class="{shade}" x="{x:.1f}" y="{y:.1f}">{text}</text>')
    return f'<g class="counts">{"".join(parts)}</g>'


def _link(target: str, said: str, i: int, j: int, layout: Layout) -> str:
    w, h = layout.cell_width, layout.cell_height
    place = f'x="{j * w + 1:.1f}" y="{i * h + 1:.1f}" width="{w - 2:.1f}" height="{h - 2:.1f}"'
    return f'<a href="#{target}" aria-label="{escape(said)}"><rect {place}/></a>'


def _examples(
    target: str,
    back: str,
    said: str,
    examples: Sequence[str],
    count: int,
    words: Mapping[str, str],
) -> str:
    items = "".join(f'<li dir="auto">{escape(text)}</li>' for text in examples[:EXAMPLES])
    return (
        f'<div id="{target}" tabindex="-1"><h4>{escape(said)} ({count:,} {escape(words["times"])})'
        f' <a href="#{back}" class="close">{escape(words["close"])}</a></h4><ol>{items}</ol></div>'
    )


def _cut(name: str) -> str:
    return name[:40]


def _rounded(values: Floats) -> list[list[float | None]]:
    return [
        [float(f"{v:.4g}") if math.isfinite(v) else None for v in row] for row in values.tolist()
    ]
