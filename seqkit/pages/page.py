"""One self-contained HTML page of figures, which fetches nothing and works offline."""

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from seqkit.files import write_text
from seqkit.pages import (
    bars,
    coloured_text,
    heat_map,
    lines,
    network,
    parallel,
    points,
    tables,
    tree,
)
from seqkit.pages.colours import css
from seqkit.pages.figures import (
    Bars,
    ColouredText,
    Confusion,
    Figure,
    Grid,
    HeatMap,
    Lines,
    Network,
    Parallel,
    Points,
    Section,
    Tree,
)
from seqkit.pages.markup import WORDS, data, escape
from seqkit.pages.points_script import STYLE as POINTS_STYLE
from seqkit.pages.script import SCRIPT
from seqkit.pages.style import STYLE

Words = Mapping[str, str]

# What draws each kind: (figure, words of the page's language, its id) -> HTML.
DRAWN: dict[type[Figure], Callable[[Any, Words, str], str]] = {
    Lines: lambda figure, words, _: lines.draw(figure, words),
    HeatMap: lambda figure, words, _: heat_map.draw(figure, words),
    Bars: lambda figure, words, _: bars.draw(figure, words),
    ColouredText: coloured_text.draw,
    Tree: lambda figure, words, _: tree.draw(figure, words),
    Points: lambda figure, words, _: points.draw(figure, words),
    Confusion: heat_map.confusion,
    Network: lambda figure, words, _: network.draw(figure, words),
    Parallel: lambda figure, words, _: parallel.draw(figure, words),
    Grid: lambda figure, words, _: tables.draw(figure.table(), words),
}


def page(title: str, about: str, sections: Sequence[Section], *, language: str = "en") -> str:
    """Return the page as HTML.

    Args:
        title: also of the browser's window.
        about: what the page shows, in a sentence or two.
        sections: in order; their figures have the ids ``s1-f1``, ``s1-f2``, ...
        language: of the words that the page adds: ``en`` or ``ko``.
    """
    words = WORDS.get(language, WORDS["en"])
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    policy += "; base-uri 'none'; form-action 'none'"
    body = "\n".join(section(each, f"s{n}", words) for n, each in enumerate(sections, 1))
    parts = [
        "<!DOCTYPE html>",
        f'<html lang="{escape(language)}">',
        '<head>\n<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        f"<title>{escape(title)}</title>",
        f"<style>\n{style()}\n</style>\n</head>\n<body>",
        f'<a class="skip" href="#main">{escape(words["skip"])}</a>',
        f"<header><div><h1>{escape(title)}</h1>",
        f'<button type="button" id="theme" aria-label="{escape(words["theme"])}" '
        f'title="{escape(words["theme"])}">◐</button></div>',
        f"<p>{escape(about)}</p></header>" if about else "</header>",
        f'<div class="layout">{_contents(sections, words)}<main id="main">',
        body,
        "</main></div>",
        data(words, name="words"),
        f"<script>{SCRIPT}</script>",
        "</body>\n</html>\n",
    ]
    return "\n".join(parts)


def style() -> str:
    """Return the style sheet of all figures."""
    return "\n".join([css(), POINTS_STYLE, STYLE])


def section(shown: Section, name: str, words: Words) -> str:
    """Return a section as HTML; ``name`` is its id."""
    about = f"<p>{escape(shown.about)}</p>" if shown.about else ""
    heading = f"<h2>{escape(shown.title)}</h2>"
    figures = [figure(each, f"{name}-f{n}", words) for n, each in enumerate(shown.figures, 1)]
    if not shown.folded:
        return "\n".join([f'<section id="{name}">{heading}{about}', *figures, "</section>"])
    count = f"{len(figures)} {escape(words['figures'])}"
    opening = f"<summary>{heading} <span>{count}</span></summary>"
    parts = [f'<section id="{name}"><details class="fold">{opening}{about}', *figures]
    return "\n".join([*parts, "</details></section>"])


def figure(shown: Figure, name: str, words: Words) -> str:
    """Return a figure as HTML with its numbers under it; ``name`` is its id."""
    kind = type(shown)
    about = f'<p class="about">{escape(shown.about)}</p>' if shown.about else ""
    numbers = ""
    if kind is not Grid:
        table = tables.draw(shown.table(), words)
        numbers = f"<details><summary>{escape(words['numbers'])}</summary>{table}</details>"
    return (
        f'<figure id="{name}" data-kind="{kind.__name__}"><h3>{escape(shown.title)}</h3>{about}'
        f"{DRAWN[kind](shown, words, name)}{numbers}</figure>"
    )


def _contents(sections: Sequence[Section], words: Words) -> str:
    items = []
    for n, each in enumerate(sections, 1):
        inner = "".join(
            f'<li><a href="#s{n}-f{m}">{escape(shown.title)}</a></li>'
            for m, shown in enumerate(each.figures, 1)
        )
        nested = f"<ol>{inner}</ol>" if len(each.figures) > 1 and not each.folded else ""
        items.append(f'<li><a href="#s{n}">{escape(each.title)}</a>{nested}</li>')
    title = escape(words["contents"])
    return (
        f'<nav aria-label="{title}"><details open><summary>{title}</summary>'
        f"<ol>{''.join(items)}</ol></details></nav>"
    )


def write(
    path: Path, title: str, about: str, sections: Sequence[Section], *, language: str = "en"
) -> None:
    """Write the page, whole or not at all.

    Raises:
        SeqkitError: if it cannot be written.
    """
    write_text(path, page(title, about, sections, language=language))
