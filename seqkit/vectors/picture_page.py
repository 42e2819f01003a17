"""The page that shows a picture of word vectors: a map as large as the window, all in one file."""

import re

from seqkit.pages.colours import css
from seqkit.pages.figures import Points
from seqkit.pages.markup import data, escape
from seqkit.pages.points import buttons, drawing, values_of
from seqkit.pages.points_script import SCRIPT, STYLE

WORDS = {"in": "zoom in", "out": "zoom out", "all": "show all"}


def page(figure: Points) -> str:
    """Return the page as HTML."""
    values = values_of(figure)
    parts = {
        "TITLE": escape(figure.title),
        "ABOUT": escape(figure.about),
        "STYLE": f"{css(scales=False)}\n{WINDOW}\n{STYLE}",
        "DRAWING": drawing(values),
        "BUTTONS": buttons(WORDS),
        "DATA": data(values, name="data"),
        "SCRIPT": f"{SCRIPT}\n{START}",
    }
    return re.sub(r"@@([A-Z]+)@@", lambda found: parts[found[1]], PAGE)


PAGE = """<!DOCTYPE html>
<html lang="ko">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>@@TITLE@@</title>
<style>
@@STYLE@@
</style>
</head>
<body>
<header>
<h1>@@TITLE@@</h1>
<input class="search" type="search" placeholder="찾기 / search" aria-label="찾기 / search"
 autocomplete="off" spellcheck="false">
<span class="found" role="status"></span>
<span class="space"></span>
@@BUTTONS@@
<button type="button" id="theme" title="dark / light" aria-label="dark or light">◐</button>
</header>
<main class="plane">
<svg class="map" viewBox="0 0 1200 800" role="img" aria-label="@@TITLE@@" tabindex="0">
@@DRAWING@@
</svg>
<aside class="panel" hidden></aside>
</main>
<footer><div class="groups"></div><p>@@ABOUT@@</p></footer>
@@DATA@@
<script>
@@SCRIPT@@
</script>
</body>
</html>
"""

WINDOW = """
* { box-sizing: border-box; }
[hidden] { display: none !important; }
html, body { height: 100%; margin: 0; }
body {
  display: flex; flex-direction: column; background: var(--paper); color: var(--ink);
  font: 14px/1.4 system-ui, "Apple SD Gothic Neo", "Malgun Gothic", "Noto Sans KR",
    "Noto Sans CJK KR", NanumGothic, sans-serif;
}
header, footer { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; padding: 8px 14px; }
header { border-bottom: 1px solid var(--line); }
footer { border-top: 1px solid var(--line); color: var(--soft); font-size: 12.5px; }
footer p { margin: 0; }
h1 { font-size: 15px; font-weight: 600; margin: 0 8px 0 0; overflow-wrap: anywhere; }
.space { flex: 1; }
.found { color: var(--soft); font-size: 12.5px; }
input, button {
  font: inherit; color: inherit; background: var(--raised); border: 1px solid var(--line);
  border-radius: 6px; padding: 4px 9px;
}
input { width: 13em; }
button { min-width: 32px; cursor: pointer; }
button:hover { border-color: var(--soft); }
:focus-visible { outline: 2px solid var(--c0); outline-offset: 1px; }
.plane { position: relative; flex: 1; min-height: 0; overflow: hidden; }
@media (max-width: 640px) { input { width: 9em; } }
""".strip()

START = """
pointMap(document.body, JSON.parse(document.getElementById('data').textContent),
  {nearest: 'nearest of these, in all dimensions (cosine)'}, true);
document.getElementById('theme').onclick = () => {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === 'dark'
    : matchMedia('(prefers-color-scheme: dark)').matches;
  root.dataset.theme = dark ? 'light' : 'dark';
};
""".strip()
