"""A network for one input: its layers from below, unrolled over the tokens."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from seqkit.pages.figures import Layer, Network
from seqkit.pages.markup import escape, label, width

ROW, BOX = 74, 40  # pixels between layers, and the height of a cell
MOST = 14  # tokens drawn; of more, the first ones and the last
APART = 26  # pixels between cells, room for an arrow
BETWEEN = 70  # pixels between what is read and what is written, where both are unrolled
ARROW = 7


@dataclass(frozen=True)
class Side:
    """A half of the picture: its columns, and the layers that stand upon them."""

    tokens: Sequence[str | None]  # None: those left out
    layers: Sequence[Layer]
    left: float
    cell: float
    skipped: int = 0

    def centre(self, column: int) -> float:
        """Return the middle of a column."""
        return self.left + (column + 0.5) * self.cell + column * APART

    @property
    def right(self) -> float:
        """Where the last column ends."""
        return self.centre(len(self.tokens) - 1) + self.cell / 2


def draw(figure: Network, words: Mapping[str, str]) -> str:
    """Return the figure as HTML."""
    if not figure.inputs:
        return f"<p>{escape(words['empty'])}</p>"
    writes = figure.pattern in ("seq2seq", "one-to-many") and bool(figure.outputs)
    reads = [layer for layer in figure.layers if not (writes and layer.over == "outputs")]
    written = [layer for layer in figure.layers if writes and layer.over == "outputs"]
    panel = max((_panel_width(layer) for layer in reads), default=0)
    source = _side(figure.inputs, reads, panel + 16)
    target = None
    if writes:
        fed = ["…", *figure.outputs[:-1]]  # each step reads what the one before it wrote
        target = _side(fed, written, source.right + BETWEEN, outputs=figure.outputs)
    tall = max(len(reads) + (0 if writes else 1), len(written) + 1 if writes else 0)
    bottom = 34 + ROW * (tall + 1) - 20
    parts = [*_unrolled(source, bottom, figure.bidirectional), *_panels(source, bottom, 0)]
    high, wide = bottom + 30, source.right + 20
    if target is None:
        parts += _answers(figure, source, bottom)
    else:
        parts += _unrolled(target, bottom, False)
        parts += _handed_over(source, target, bottom)
        parts += _tokens(
            _chosen(figure.outputs), target, bottom - ROW * (len(written) + 1), "answer"
        )
        parts += _panels(target, bottom, target.right + 16)
        wide = target.right + 16 + max((_panel_width(layer) for layer in written), default=0)
    svg = (
        f'<svg class="network" width="{wide:.0f}" height="{high:.0f}" role="img" '
        f'aria-label="{escape(figure.title)}">{"".join(parts)}</svg>'
    )
    return f'<div class="box">{svg}</div>'


def _side(
    tokens: Sequence[str], layers: Sequence[Layer], left: float, outputs: Sequence[str] = ()
) -> Side:
    chosen = _chosen(tokens)
    shown = [*chosen, *_chosen(outputs)]
    cell = min(max([width(_cut(token)) for token in shown if token] + [46.0]) + 10, 150)
    return Side(chosen, layers, left, cell, max(0, len(tokens) - MOST))


def _chosen(tokens: Sequence[str]) -> list[str | None]:
    if len(tokens) <= MOST:
        return list(tokens)
    return [*tokens[: MOST - 2], None, tokens[-1]]


def _unrolled(side: Side, bottom: float, bidirectional: bool) -> list[str]:
    """Return the tokens below, and each layer over them with the arrows between."""
    parts = _tokens(side.tokens, side, bottom, "token")
    columns = range(len(side.tokens))
    for number, layer in enumerate(side.layers):
        y = bottom - ROW * (number + 1)
        shade = f"c{number % 8}"
        if layer.over == "once" and len(columns) > 1:
            parts += _once(side, number, layer, y, shade)
            continue
        after_once = number and side.layers[number - 1].over == "once" and len(columns) > 1
        for column in columns:
            x = side.centre(column)
            if side.tokens[column] is None:
                parts.append(f'<text class="gap" x="{x:.0f}" y="{y + 6:.0f}">⋯</text>')
            else:
                parts.append(_box(x, y, side.cell, shade))
                if not after_once:
                    parts.append(_arrow(x, y + ROW - BOX / 2, x, y + BOX / 2))
        if layer.recurrent:
            parts += _passed(side, y, bidirectional)
    return parts


def _once(side: Side, number: int, layer: Layer, y: float, shade: str) -> list[str]:
    """Return a layer that stands once over all tokens, and what it reads."""
    middle = (side.left + side.right) / 2
    parts = [_box(middle, y, max(side.cell, min(260, side.right - side.left)), shade)]
    below = side.layers[number - 1] if number else None
    if below is not None and below.over == "once":
        return [*parts, _arrow(middle, y + ROW - BOX / 2, middle, y + BOX / 2)]
    half = min(130, (side.right - side.left) / 2) - 8
    for column, token in enumerate(side.tokens):
        if token is not None:
            x = side.centre(column)
            end = min(max(x, middle - half), middle + half)
            parts.append(_arrow(x, y + ROW - BOX / 2, end, y + BOX / 2))
    return parts


def _passed(side: Side, y: float, bidirectional: bool) -> list[str]:
    parts = []
    for column in range(len(side.tokens) - 1):
        start = side.centre(column) + side.cell / 2
        end = start + APART
        apart = 7 if bidirectional else 0
        parts.append(_arrow(start, y - apart, end, y - apart))
        if bidirectional:
            parts.append(_arrow(end, y + apart, start, y + apart))
    return parts


def _answers(figure: Network, side: Side, bottom: float) -> list[str]:
    """Return what is answered above the layers: one thing for all, or one for each token."""
    y = bottom - ROW * (len(side.layers) + 1)
    top_once = not side.layers or side.layers[-1].over == "once"
    if figure.pattern == "aligned" and len(figure.outputs) == len(figure.inputs):
        return [
            *_tokens(_chosen(figure.outputs), side, y, "answer"),
            *(
                _arrow(side.centre(i), y + ROW - BOX / 2, side.centre(i), y + 16)
                for i, token in enumerate(side.tokens)
                if token is not None
            ),
        ]
    x = (side.left + side.right) / 2
    start = x if top_once else side.centre(len(side.tokens) - 1)
    text = ", ".join(figure.outputs)
    return [
        _arrow(start, y + ROW - BOX / 2, x, y + 16),
        f'<text class="answer" x="{x:.0f}" y="{y + 6:.0f}">{label(text, 60)}</text>',
    ]


def _handed_over(source: Side, target: Side, bottom: float) -> list[str]:
    """Return the arrow from what has read to what writes, and those up to the answers."""
    level = max(1, len(source.layers))
    y = bottom - ROW * level
    first = next((i for i, layer in enumerate(target.layers) if layer.recurrent), 0)
    end = bottom - ROW * (first + 1)
    top = bottom - ROW * (len(target.layers) + 1)
    whole = bool(source.layers) and source.layers[-1].over == "once" and len(source.tokens) > 1
    middle = (source.left + source.right) / 2
    reach = max(source.cell, min(260, source.right - source.left)) / 2
    start = middle + reach if whole else source.right
    parts = [_arrow(start, y, target.left, end, "handed")] if target.layers else []
    for column, token in enumerate(target.tokens):
        if token is not None:
            x = target.centre(column)
            parts.append(_arrow(x, top + ROW - BOX / 2, x, top + 16))
    return parts


def _tokens(tokens: Sequence[str | None], side: Side, y: float, kind: str) -> list[str]:
    parts = []
    for column, token in enumerate(tokens):
        text = f"+{side.skipped + 1:,}" if token is None else label(_cut(token))
        x = side.centre(column)
        parts.append(f'<text class="{kind}" x="{x:.0f}" y="{y + 6:.0f}">{text}</text>')
    return parts


def _panels(side: Side, bottom: float, left: float) -> list[str]:
    parts = []
    for number, layer in enumerate(side.layers):
        y = bottom - ROW * (number + 1)
        parts.append(
            f'<g class="layers c{number % 8}"><text x="{left:.0f}" y="{y - 11:.0f}" class="layer">'
            f'{label(layer.name)} <tspan class="kind">{label(layer.kind)}</tspan></text>'
            f'<text x="{left:.0f}" y="{y + 8:.0f}">{label(layer.shape)}</text>'
            f'<text x="{left:.0f}" y="{y + 26:.0f}">{_weights(layer)}</text></g>'
        )
    return parts


def _weights(layer: Layer) -> str:
    return f"{layer.parameters:,} weights" if layer.parameters else ""


def _panel_width(layer: Layer) -> float:
    lines = (f"{layer.name} {layer.kind}", layer.shape, _weights(layer))
    return max(width(line[:80], 14.5) for line in lines) + 10


def _box(x: float, y: float, wide: float, shade: str) -> str:
    return (
        f'<rect class="cell {shade}" x="{x - wide / 2:.0f}" y="{y - BOX / 2:.0f}" '
        f'width="{wide:.0f}" height="{BOX}" rx="7"/>'
    )


def _arrow(x: float, y: float, to_x: float, to_y: float, kind: str = "arrow") -> str:
    """Return a line with a head, whose end is a little before its goal."""
    length = max(((to_x - x) ** 2 + (to_y - y) ** 2) ** 0.5, 1e-9)
    ux, uy = (to_x - x) / length, (to_y - y) / length
    tip_x, tip_y = to_x - 2 * ux, to_y - 2 * uy
    back_x, back_y = tip_x - ARROW * ux, tip_y - ARROW * uy
    side_x, side_y = -uy * ARROW / 2, ux * ARROW / 2
    return (
        f'<path class="{kind}" d="M{x + 2 * ux:.1f} {y + 2 * uy:.1f}L{back_x:.1f} {back_y:.1f}"/>'
        f'<path class="head {kind}" d="M{tip_x:.1f} {tip_y:.1f}L{back_x + side_x:.1f} '
        f'{back_y + side_y:.1f}L{back_x - side_x:.1f} {back_y - side_y:.1f}z"/>'
    )


def _cut(token: str) -> str:
    return token if len(token) <= 14 else token[:13] + "…"
