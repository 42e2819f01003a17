"""Text and numbers as they may stand in a page, whatever they hold."""

import html
import json
import re
import unicodedata
from typing import Any

from seqkit.pages.figures import plain

# Controls, directional marks and halves of surrogate pairs: they would change what stands around.
_ODD = re.compile("[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_SPACES = {" ": "␣", "\n": "⏎", "\t": "⇥", "\u3000": "␣", "\xa0": "␣"}
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

WORDS = {
    "en": {
        "contents": "Contents",
        "theme": "light / dark",
        "numbers": "The numbers",
        "search": "search",
        "show": "show",
        "point": "Point at the picture, or focus it and use the arrow keys, to read a value.",
        "open": "Choose a framed cell to read its examples.",
        "left": "Not shown here",
        "figures": "more figures",
        "rows": "rows",
        "columns": "columns",
        "strongest": "the strongest are shown",
        "close": "close",
        "skip": "to the figures",
        "nearest": "nearest of these, in all dimensions (cosine)",
        "empty": "nothing to show",
        "times": "times",
        "answered": "answered",
        "true": "true",
        "all": "show all",
        "in": "zoom in",
        "out": "zoom out",
        "map": "Drag to move; click the map, then the wheel or + and − zoom.",
    },
    "ko": {
        "contents": "차례",
        "theme": "밝게 / 어둡게",
        "numbers": "숫자 보기",
        "search": "찾기",
        "show": "보기",
        "point": "그림 위를 가리키거나, 그림을 고르고 화살표 키를 누르면 값을 읽을 수 있습니다.",
        "open": "테두리가 있는 칸을 고르면 예문이 나옵니다.",
        "left": "여기에 없는 것",
        "figures": "개의 그림 더 보기",
        "rows": "행",
        "columns": "열",
        "strongest": "가장 큰 값만 보입니다",
        "close": "닫기",
        "skip": "그림으로",
        "nearest": "이 가운데 모든 차원에서 가장 가까운 것 (코사인)",
        "empty": "보일 것이 없습니다",
        "times": "번",
        "answered": "답",
        "true": "정답",
        "all": "모두 보기",
        "in": "크게",
        "out": "작게",
        "map": "끌면 움직입니다. 지도를 누른 뒤 휠이나 +, − 로 크기를 바꿉니다.",
    },
}


def visible(text: str) -> str:
    """Return a text in a line, without what would change its surroundings: a mark for each."""
    return _ODD.sub("␣", re.sub("[\t\r\n]", " ", text))


def escape(text: object) -> str:
    """Return a text as HTML, in an element or an attribute."""
    return html.escape(visible(str(text)))


def label(token: str, most: int = 40) -> str:
    """Return a token as HTML: whole up to ``most`` characters; spaces and line ends as marks."""
    shown = "".join(_SPACES.get(c, c) for c in token) if not token.strip() else token
    return escape(shown if len(shown) <= most else shown[: most - 1] + "…")


def data(values: Any, name: str = "") -> str:
    """Return plain values as JSON for the page's script, which no text in them can leave."""
    mark = f' id="{name}"' if name else ""
    written = json.dumps(_visible(plain(values)), ensure_ascii=False, separators=(",", ":"))
    safe = written.replace("<", "\\u003c").replace("&", "\\u0026")
    return f'<script type="application/json"{mark}>{safe}</script>'


def _visible(value: Any) -> Any:
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, dict):
        return {visible(key): _visible(each) for key, each in value.items()}
    return [_visible(each) for each in value] if isinstance(value, list) else value


def width(text: str, size: float = 15) -> float:
    """Return about how wide a text is drawn, in pixels: a Hangul syllable is as wide as high."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    capital = sum(c.isupper() or c in "mw@%—…" for c in text)
    return size * (0.98 * wide + 0.72 * capital + 0.57 * (len(text) - wide - capital))


def number(value: Any) -> str:
    """Return a value for a person: four significant digits, thousands apart."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if not isinstance(value, float):
        return visible(str(value))
    if value != value or value in (float("inf"), float("-inf")):
        return "–"
    if 10_000 <= abs(value) < 1e12:
        return f"{value:,.0f}"
    return f"{value:.4g}".replace("-", "−", 1) if value < 0 else f"{value:.4g}"


def power(value: float) -> str:
    """Return a number for an axis: as :func:`number`, small and large ones by powers of ten."""
    if value == 0 or 1e-3 <= abs(value) < 1e6:
        return number(value)
    digits, exponent = f"{value:.3e}".split("e")
    digits = digits.rstrip("0").rstrip(".").replace("-", "−")
    raised = "10" + str(int(exponent)).translate(_RAISED)
    return raised if digits == "1" else f"{digits}·{raised}"


def short(value: float) -> str:
    """Return a number for a small cell: two decimals, no zero before the point."""
    if value == int(value) and abs(value) < 100_000:
        return str(int(value))
    if abs(value) < 0.005:
        return "0"
    text = f"{value:.2f}" if abs(value) < 10 else f"{value:.3g}"
    return text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text
