"""Colours: a light and a dark set, and two scales that colour-blind eyes can read.

The scales are blended in OKLab, where equal steps look equal (Ottosson 2020). Each is a number of
CSS classes that set ``--shade``, and ``--on`` for text upon it: ``q0``..``q24`` from low to high,
``v0``..``v24`` from below zero (orange) over zero (``v12``) to above (blue).
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

LEVELS = 25  # of each scale; the middle one of v is zero
COLOURS = 8

LIGHT = {
    "paper": "#fcfcfa", "ink": "#16181b", "soft": "#565f69", "line": "#d3d8dd",
    "raised": "#ffffff", "c0": "#2563b8", "c1": "#c2410c", "c2": "#0f7b53", "c3": "#a21caf",
    "c4": "#8a6100", "c5": "#0e7490", "c6": "#c81e4a", "c7": "#57606a",
}  # fmt: skip
DARK = {
    "paper": "#15181c", "ink": "#f0f2f4", "soft": "#a9b3bd", "line": "#3c434b",
    "raised": "#1e2329", "c0": "#7db4ff", "c1": "#ff9d66", "c2": "#5fd3a2", "c3": "#e59bf0",
    "c4": "#e5c04b", "c5": "#5ed1e6", "c6": "#ff8ba5", "c7": "#b4bcc4",
}  # fmt: skip
# from low to high; from the lowest below zero over zero to the highest
SEQUENTIAL = (["#f1f4f6", "#74abdb", "#08306b"], ["#22272d", "#2f74b8", "#d4eaff"])
DIVERGING = (
    ["#8a3300", "#ef9350", "#f3f3f0", "#6ba3dc", "#08397f"],
    ["#ffd2ab", "#d5702a", "#272c32", "#3a80cf", "#bfe0ff"],
)

Floats = NDArray[np.float64]
_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def css(*, scales: bool = True) -> str:
    """Return the style of colours and scales, light and dark, by choice or as the system has it."""

    def theme(root: str, dark: bool) -> str:
        colours, scheme = (DARK, "dark") if dark else (LIGHT, "light")
        named = "".join(f"--{name}:{colour};" for name, colour in colours.items())
        return f"{root}{{color-scheme:{scheme};{named}}}" + (_scales(root, dark) if scales else "")

    system = theme(":root:not([data-theme=light])", dark=True)
    classes = "".join(f".c{i}{{--colour:var(--c{i})}}" for i in range(COLOURS))
    return "\n".join(
        [
            theme(":root", dark=False),
            f"@media (prefers-color-scheme: dark) {{\n{system}\n}}",
            theme(":root[data-theme=dark]", dark=True),
            classes,
        ]
    )


def _scales(root: str, theme: int) -> str:
    rules = [""]
    for name, anchors in (("q", SEQUENTIAL[theme]), ("v", DIVERGING[theme])):
        for i, shade in enumerate(blend(anchors, LEVELS)):
            rules.append(f"{root} .{name}{i}{{--shade:{shade};--on:{readable_on(shade)}}}")
    return "\n".join(rules)


def blend(anchors: Sequence[str], steps: int) -> list[str]:
    """Return ``steps`` colours that pass through the anchors at equal distances."""
    labs = np.array([_lab(anchor) for anchor in anchors])
    places = np.linspace(0, len(anchors) - 1, steps)
    mixed = np.stack([np.interp(places, range(len(anchors)), column) for column in labs.T], axis=1)
    return [_hex(lab) for lab in mixed]


def readable_on(shade: str) -> str:
    """Return black or white, whichever has the greater contrast (WCAG 2.2, section 1.4.3)."""
    luminance = float(_linear(shade) @ [0.2126, 0.7152, 0.0722])
    return "#000" if (luminance + 0.05) ** 2 > 1.05 * 0.05 else "#fff"


def _linear(colour: str) -> Floats:
    shares = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)


def _lab(colour: str) -> Floats:
    result: Floats = _TO_LAB @ np.cbrt(_TO_LMS @ _linear(colour))
    return result


def _hex(lab: Floats) -> str:
    linear = np.clip(np.linalg.solve(_TO_LMS, np.linalg.solve(_TO_LAB, lab) ** 3), 0, 1)
    shares = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return "#" + "".join(f"{round(255 * float(share)):02x}" for share in shares)


class Scale:
    """From values to classes of colour: both ways from 0 where a value is negative."""

    def __init__(self, values: Floats, low: float | None = None, high: float | None = None) -> None:
        """Measure the values; ``low`` and ``high`` are given, or those of the values."""
        finite = values[np.isfinite(values)]
        least = float(finite.min()) if finite.size else 0.0
        most = float(finite.max()) if finite.size else 1.0
        self.low = least if low is None else low
        self.high = most if high is None else high
        self.diverging = self.low < 0
        if self.diverging:
            self.high = max(abs(self.low), abs(self.high))
            self.low = -self.high
        elif low is None and self.low < 0.5 * self.high:
            self.low = 0.0  # a scale of amounts begins at nothing
        if self.high <= self.low:
            self.high = self.low + 1.0
        self.name = "v" if self.diverging else "q"

    def levels(self, values: Floats) -> NDArray[np.int64]:
        """Return the level of each value, from 0; -1 where it is missing."""
        share = np.clip((values - self.low) / (self.high - self.low), 0, 1)
        known = np.isfinite(share)
        return np.where(known, np.rint(np.where(known, share, 0) * (LEVELS - 1)), -1).astype(int)

    def css_class(self, value: float | None, *, least: int = 0) -> str:
        """Return the class of one value; from level ``least`` on, as a thin line on paper needs."""
        if value is None or not math.isfinite(value):
            return "missing"
        level = int(self.levels(np.array([value]))[0])
        if not self.diverging:
            level = least + round(level * (LEVELS - 1 - least) / (LEVELS - 1))
        return f"{self.name}{level}"
