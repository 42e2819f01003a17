"""A text whose tokens are coloured by one row of values, which the reader chooses."""

from collections.abc import Mapping

import numpy as np

from seqkit.pages.colours import Scale
from seqkit.pages.figures import ColouredText, plain
from seqkit.pages.heat_map import legend
from seqkit.pages.markup import data, escape, number, visible


def draw(figure: ColouredText, words: Mapping[str, str], prefix: str) -> str:
    """Return the figure as HTML: the first row is there without the script."""
    if not figure.tokens or not figure.values:
        return f"<p>{escape(words['empty'])}</p>"
    rows = {name: np.asarray(plain(each), np.float64) for name, each in figure.values.items()}
    first = next(iter(rows.values()))
    scale = Scale(first)
    spans = []
    for token, value in zip(figure.tokens, first.tolist(), strict=True):
        mark = _mark(value, scale)
        title = f"{visible(token)}: {number(value)}"
        spans.append(
            f'<span class="token {scale.css_class(value)}{mark}" title="{escape(title)}">'
            f"{_shown(token)}</span>"
        )
    between = "" if figure.joined else " "
    chooser = ""
    if len(rows) > 1:
        options = "".join(f"<option>{escape(name)}</option>" for name in rows)
        chooser = (
            f'<p><label>{escape(words["show"])} <select id="{prefix}-row" autocomplete="off">'
            f"{options}</select></label></p>"
        )
    shown = {
        "tokens": list(figure.tokens),
        "rows": [
            {"values": [_rounded(v) for v in each.tolist()], "low": s.low, "high": s.high}
            for each in rows.values()
            for s in [Scale(each)]
        ],
    }
    style = "text joined" if figure.joined else "text"
    return (
        f'{chooser}<div class="{style}" dir="auto">{between.join(spans)}</div>'
        f"{legend(scale)}{data(shown)}"
    )


def _mark(value: float, scale: Scale) -> str:
    """Return how a value is marked besides its colour: an underline, double below zero."""
    share = abs(value) / scale.high if np.isfinite(value) else 0.0
    if share < 1 / 3:
        return ""
    strength = "strong" if share >= 2 / 3 else "some"
    return f" {strength} below" if value < 0 else f" {strength}"


def _shown(token: str) -> str:
    if token in ("\n", "\r\n"):
        return "⏎\n"
    return "␣" if token and not token.strip() else escape(token)


def _rounded(value: float) -> float | None:
    return float(f"{value:.4g}") if np.isfinite(value) else None
