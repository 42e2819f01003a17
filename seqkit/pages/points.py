"""Points in the plane: the one map of words, in a page of its own or among other figures.

The SVG is whole without the script, which adds what moves: zoom, search, neighbours, and the
choice of labels that do not overlap.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from seqkit.pages.figures import Points
from seqkit.pages.markup import data, escape, visible

WIDTH, HEIGHT, MARGIN = 1200, 800, 60  # of the drawing before the script fits it to its place
LONGEST = 28  # characters of a label


def values_of(figure: Points) -> dict[str, Any]:
    """Return what the script reads; the plane scaled to -1 to 1, y down."""
    places = np.asarray(figure.places, np.float64).reshape(-1, 2)
    if len(places):
        places = places - (places.max(axis=0) + places.min(axis=0)) / 2
    scale = float(np.abs(places).max(initial=0.0)) or 1.0
    count = len(figure.names)
    return {
        "words": [visible(name) for name in figure.names],
        "places": np.round(places / scale * [1, -1], 4).tolist(),
        "groups": np.asarray(figure.groups, np.int64).tolist(),
        "names": [visible(name) for name in figure.group_names],
        "seeds": np.asarray(figure.prominent, np.int64).tolist(),
        "nearest": np.asarray(figure.neighbours, np.int64).reshape(count, -1).tolist(),
        "cosines": np.round(np.asarray(figure.cosines).reshape(count, -1), 3).tolist(),
    }


def drawing(values: Mapping[str, Any]) -> str:
    """Return the dots and labels as SVG elements."""
    unit = min(WIDTH, HEIGHT) / 2 - MARGIN
    dots, labels = [], []
    for word, (x, y), group in zip(
        values["words"], values["places"], values["groups"], strict=True
    ):
        text = escape(word if len(word) <= LONGEST else word[: LONGEST - 1] + "…")
        place = f"{WIDTH / 2 + unit * x:.1f} {HEIGHT / 2 + unit * y:.1f}"
        where = f'class="c{group % 8}" transform="translate({place})"'
        dots.append(f'<circle {where} r="4"/>')
        labels.append(f'<text {where} x="8" y="4.5">{text}</text>')
    parts = ['<g class="dots">', *dots, '</g><g class="near"></g><g class="labels">', *labels]
    return "\n".join([*parts, "</g>"])


def draw(figure: Points, words: Mapping[str, str]) -> str:
    """Return the figure as HTML."""
    if not figure.names:
        return f"<p>{escape(words['empty'])}</p>"
    values = values_of(figure)
    title, search = escape(figure.title), escape(words["search"])
    return (
        f'<div class="tools"><input class="search" type="search" placeholder="{search}" '
        f'aria-label="{search}" autocomplete="off" spellcheck="false">'
        f'<span class="found" role="status"></span>{buttons(words)}</div>'
        f'<div class="plane"><svg class="map" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{title}" tabindex="0">{drawing(values)}</svg>'
        f'<aside class="panel" hidden></aside></div><div class="groups"></div>'
        f'<p class="readout told">{escape(words["map"])}</p>{data(values)}'
    )


def buttons(words: Mapping[str, str]) -> str:
    """Return the buttons that zoom."""
    named = (("in", "+"), ("out", "−"), ("all", "⤢"))
    return "".join(
        f'<button type="button" class="{name}" aria-label="{escape(words[name])}">{sign}</button>'
        for name, sign in named
    )
