"""Bars: one for each name, to the left of zero where it is negative."""

from collections.abc import Mapping

from seqkit.pages.axes import Axis
from seqkit.pages.figures import Bars, plain
from seqkit.pages.markup import escape, label, number, width

WIDTH, ROW = 960, 30
MOST = 60  # of more, the largest are drawn, in their order


def draw(figure: Bars, words: Mapping[str, str]) -> str:
    """Return the figure as HTML."""
    pairs = list(zip(figure.names, plain(figure.values), strict=True))
    if not pairs:
        return f"<p>{escape(words['empty'])}</p>"
    note = ""
    if len(pairs) > MOST:
        sizes = sorted((-abs(value or 0), i) for i, (_, value) in enumerate(pairs))
        chosen = {i for _, i in sizes[:MOST]}
        note = f'<p class="note">{MOST} / {len(pairs):,}: {escape(words["strongest"])}.</p>'
        pairs = [pair for i, pair in enumerate(pairs) if i in chosen]
    side = min(max(width(name[:40]) for name, _ in pairs) + 16, 380)
    negative = any(value is not None and value < 0 for _, value in pairs)
    axis = Axis([0.0, *(value for _, value in pairs)], side + 74 * negative, WIDTH - 84, tight=True)
    zero, high = axis.at(0.0), ROW * len(pairs) + 8
    parts = [f'<path class="axis" d="M{zero:.1f} 0V{high}"/>']
    for row, (name, value) in enumerate(pairs):
        y = 4 + row * ROW
        parts.append(
            f'<text x="{side - 8:.0f}" y="{y + 19}" text-anchor="end">{label(name)}</text>'
        )
        parts.append(_bar(value, axis, zero, y))
    svg = (
        f'<svg class="fluid bars" viewBox="0 0 {WIDTH} {high}" width="{WIDTH}" height="{high}" '
        f'role="img" aria-label="{escape(figure.title)}">{"".join(parts)}</svg>'
    )
    return f'<div class="box">{svg}</div>{note}'


def _bar(value: float | None, axis: Axis, zero: float, y: float) -> str:
    if value is None:
        return f'<text class="value" x="{zero + 6:.1f}" y="{y + 19}">–</text>'
    end = axis.at(value)
    left, shade = min(zero, end), "v22" if value >= 0 else "v2"
    place = f'x="{end + 6:.1f}"' if value >= 0 else f'x="{end - 6:.1f}" text-anchor="end"'
    return (
        f'<rect class="{shade}" x="{left:.1f}" y="{y + 3}" width="{abs(end - zero):.1f}" '
        f'height="{ROW - 8}"/><text class="value" {place} y="{y + 19}">{number(value)}</text>'
    )
