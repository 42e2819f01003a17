"""A network for one input: its layers from below, unrolled over the tokens."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from seqkit.pages.figures import Layer, Network
from seqkit.pages.markup import escape, label, width

ROW, BOX = 74, 40  # pixels between layers, and the height of a cell
MOST = 10  # tokens drawn; of more, the first ones and the last
MOST_OF_TWO = 7  # where one sequence is read and another one written
APART = 26  # pixels between cells, room for an arrow
BETWEEN = 70  # pixels between what is read and what is written, where both are unrolled
SMALLEST = 0.75  # of its size, to which it is drawn where there is less room; then it scrolls
ARROW = 7
ASIDE, PAST = 0.17, 0.4  # of a cell: where a half of a pair is, and the arrow that passes it by


@dataclass(frozen=True)
class Side:
    """A half of the picture: its columns, and the layers that stand upon them."""

    tokens: Sequence[str | None]  # None: those left out
    layers: Sequence[Layer]
    left: float
    cell: float
    bottom: float = 0.0  # where the tokens stand
    skipped: int = 0

    def centre(self, column: int) -> float:
        """Return the middle of a column."""
        return self.left + (column + 0.5) * self.cell + column * APART

    @property
    def right(self) -> float:
        """Where the last column ends."""
        return self.centre(len(self.tokens) - 1) + self.cell / 2

    @property
    def reach(self) -> float:
        """Return half of the width of what stands once."""
        return max(self.cell, min(260, self.right - self.left)) / 2

    def height(self, number: int) -> float:
        """Return the middle of a layer."""
        return self.bottom - ROW * (number + 1)

    def stands_once(self, number: int) -> bool:
        """Whether a layer stands once over all columns."""
        return self.layers[number].over == "once" and len(self.tokens) > 1

    def half(self, number: int) -> str:
        """Return which half of a pair a layer is, that reads the same tokens from both ends."""
        for first, half in ((number, "ahead"), (number - 1, "back")):
            pair = self.layers[max(0, first) : first + 2]
            if len(pair) == 2 and [layer.passes for layer in pair] == ["ahead", "back"]:
                return half if pair[0].shape == pair[1].shape else ""
        return ""

    def box(self, number: int, column: int) -> tuple[float, float]:
        """Return the middle and the width of a layer's cell; halves of a pair are narrower."""
        aside = {"ahead": -ASIDE, "back": ASIDE, "": 0.0}[self.half(number)] * self.cell
        return self.centre(column) + aside, self.cell * (1 - 2 * ASIDE if aside else 1)


def draw(figure: Network, words: Mapping[str, str]) -> str:
    """Return the figure as HTML."""
    if not figure.inputs:
        return f"<p>{escape(words['empty'])}</p>"
    writes = figure.pattern in ("seq2seq", "one-to-many") and bool(figure.outputs)
    run = [layer for layer in figure.layers if layer.shape and layer.over != "beside"]
    reads = [layer for layer in run if not (writes and layer.over == "outputs")]
    reads.sort(key=lambda layer: layer.over == "once")
    written = [layer for layer in run if writes and layer.over == "outputs"]
    most = MOST_OF_TWO if writes and len(figure.inputs) > 1 else MOST
    tall = max(len(reads) + (not writes), len(written) + 1 if writes else 0)
    bottom = ROW * tall + 24
    panel = max((_panel_width(layer) for layer in reads), default=0)
    source = _side(figure.inputs, reads, panel + 30, bottom, most)
    parts = [*_unrolled(source), *_panels(source, 0)]
    wide = source.right + 30
    if writes:
        fed = ["…", *figure.outputs[:-1]]  # each step reads what the one before it wrote
        target = _side(fed, written, source.right + BETWEEN, bottom, most, figure.outputs)
        parts += [*_unrolled(target), *_handed_over(source, target)]
        parts += _answer_each(_chosen(figure.outputs, most), target)
        parts += _panels(target, target.right + 16)
        wide = target.right + 16 + max((_panel_width(layer) for layer in written), default=0)
    elif figure.pattern == "aligned":
        parts += _answer_each(_chosen(figure.outputs, most), source)
    else:
        parts += _answer_once(", ".join(figure.outputs), source)
    high = bottom + 30
    svg = (
        f'<svg class="network" viewBox="0 0 {wide:.0f} {high:.0f}" width="{wide:.0f}" '
        f'height="{high:.0f}" style="min-width: {SMALLEST * wide:.0f}px" role="img" '
        f'aria-label="{escape(figure.title)}">{"".join(parts)}</svg>'
    )
    return f'<div class="box">{svg}</div>'


def _side(
    tokens: Sequence[str],
    layers: Sequence[Layer],
    left: float,
    bottom: float,
    most: int,
    outputs: Sequence[str] = (),
) -> Side:
    chosen = _chosen(tokens, most)
    shown = [*chosen, *_chosen(outputs, most)]
    cell = min(max([width(_cut(token)) for token in shown if token] + [46.0]) + 10, 150)
    return Side(chosen, layers, left, cell, bottom, max(0, len(tokens) - most))


def _chosen(tokens: Sequence[str], most: int) -> list[str | None]:
    if len(tokens) <= most:
        return list(tokens)
    return [*tokens[: most - 2], None, tokens[-1]]


def _unrolled(side: Side) -> list[str]:
    """Return the tokens below, and each layer over them with the arrows between."""
    parts = _tokens(side.tokens, side, side.bottom, "token")
    for number, layer in enumerate(side.layers):
        y, shade = side.height(number), f"c{number % 8}"
        if side.stands_once(number):
            parts += _once(side, number, shade)
            continue
        for column, token in enumerate(side.tokens):
            if token is None:
                x = side.centre(column)
                parts.append(f'<text class="gap" x="{x:.0f}" y="{y + 6:.0f}">⋯</text>')
                continue
            x, wide = side.box(number, column)
            parts.append(_box(x, y, wide, shade))
            starts = _below(side, number, column)
            parts += [_arrow(x, start, x, y + BOX / 2) for x, start in starts]
        if layer.passes:
            parts += _passed(side, number, layer.passes)
    return parts


def _below(side: Side, number: int, column: int) -> list[tuple[float, float]]:
    """Return where the arrows begin that lead up to a layer's cell, or to what is above all."""
    x, under = side.centre(column), side.height(number - 1) - BOX / 2
    if number == 0:
        return [(x, side.height(-1) - BOX / 2 + 6)]
    if number < len(side.layers) and side.half(number) == "back":
        return [(x + PAST * side.cell, under + ROW)]
    if number < len(side.layers) and side.half(number) == "ahead":
        return [(x - ASIDE * side.cell, under)]
    if side.half(number - 1) == "back":
        return [(x - PAST * side.cell, under + ROW), (x + ASIDE * side.cell, under)]
    return [(x, under)]


def _once(side: Side, number: int, shade: str) -> list[str]:
    """Return a layer that stands once over all tokens, and what it reads.

    A pooling or an attention reads every token, another layer the last states alone.
    """
    y, middle, reach = side.height(number), (side.left + side.right) / 2, side.reach
    if number and side.stands_once(number - 1):
        up = _arrow(middle, y + ROW - BOX / 2, middle, y + BOX / 2)
        return [_box(middle, y, 2 * reach, shade), up]
    layer = side.layers[number]
    last = {each.passes: i for i, each in enumerate(side.layers[:number]) if each.passes}
    whole = not last or re.search("pool|attent", f"{layer.name} {layer.kind}".lower())
    parts = [_box(middle, y, side.right - side.left if whole else 2 * reach, shade)]
    if not whole:
        return parts + [
            arrow
            for passes, at in last.items()
            for arrow in _last_state(side, at, passes, y, middle, reach)
        ]
    for column, token in enumerate(side.tokens):
        if token is not None:
            parts += [_arrow(x, start, x, y + BOX / 2) for x, start in _below(side, number, column)]
    return parts


def _last_state(
    side: Side, number: int, passes: str, y: float, middle: float, reach: float
) -> list[str]:
    """Return the way of the last state of a layer, around those above it, into a box."""
    parts, start = [], side.height(number)
    if passes != "back":
        x, wide = side.box(number, len(side.tokens) - 1)
        aside = side.right + 14
        parts.append(f'<path class="arrow" d="M{x + wide / 2:.0f} {start:.0f}H{aside:.0f}V{y}"/>')
        parts.append(_arrow(aside, y, middle + reach, y))
    if passes != "ahead":
        x, wide = side.box(number, 0)
        aside = side.left - 14
        parts.append(f'<path class="arrow" d="M{x - wide / 2:.0f} {start:.0f}H{aside:.0f}V{y}"/>')
        parts.append(_arrow(aside, y, middle - reach, y))
    return parts


def _passed(side: Side, number: int, passes: str) -> list[str]:
    """Return the arrows by which a layer passes its state from token to token."""
    parts, y = [], side.height(number)
    apart = 7 if passes == "both" else 0
    for column in range(len(side.tokens) - 1):
        (x, wide), (after, _) = side.box(number, column), side.box(number, column + 1)
        start, end = x + wide / 2, after - wide / 2
        if passes != "back":
            parts.append(_arrow(start, y - apart, end, y - apart))
        if passes != "ahead":
            parts.append(_arrow(end, y + apart, start, y + apart))
    return parts


def _answer_each(outputs: Sequence[str | None], side: Side) -> list[str]:
    """Return an answer above each column."""
    top = len(side.layers)
    y = side.height(top)
    parts = _tokens(outputs, side, y, "answer")
    for column, token in enumerate(side.tokens):
        if token is not None:
            parts += [_arrow(x, start, x, y + 16) for x, start in _below(side, top, column)]
    return parts


def _answer_once(text: str, side: Side) -> list[str]:
    """Return one answer for all columns."""
    top, x = len(side.layers), (side.left + side.right) / 2
    y, last = side.height(top), len(side.tokens) - 1
    start = x if not top or side.stands_once(top - 1) else side.centre(last)
    return [
        _arrow(start, y + ROW - BOX / 2, x, y + 16),
        f'<text class="answer" x="{x:.0f}" y="{y + 6:.0f}">{label(text, 60)}</text>',
    ]


def _handed_over(source: Side, target: Side) -> list[str]:
    """Return the arrow from what has read to the first layer with a state of what writes."""
    if not target.layers:
        return []
    top = len(source.layers) - 1
    first = next((i for i, layer in enumerate(target.layers) if layer.passes), 0)
    start = source.right
    if top >= 0 and source.stands_once(top):
        start = (source.left + source.right) / 2 + source.reach
    end = target.box(first, 0)[0] - target.box(first, 0)[1] / 2
    aside, y, to = source.right + BETWEEN / 2, source.height(max(0, top)) - 10, target.height(first)
    way = f'<path class="handed" d="M{start + 2:.0f} {y:.0f}H{aside:.0f}V{to:.0f}"/>'
    return [way, _arrow(aside, to, end, to, "handed")]


def _tokens(tokens: Sequence[str | None], side: Side, y: float, kind: str) -> list[str]:
    parts = []
    for column, token in enumerate(tokens):
        text = f"+{side.skipped + 1:,}" if token is None else label(_cut(token))
        x = side.centre(column)
        parts.append(f'<text class="{kind}" x="{x:.0f}" y="{y + 6:.0f}">{text}</text>')
    return parts


def _panels(side: Side, left: float) -> list[str]:
    """Return what each layer is, beside it."""
    parts = []
    for number, layer in enumerate(side.layers):
        y = side.height(number)
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
