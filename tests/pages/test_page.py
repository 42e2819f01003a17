"""The page as text: all of every figure without a script, and no way out for what it shows."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from gallery import HOSTILE, sections

from seqkit.errors import SeqkitError
from seqkit.pages import axes, colours, markup, page, tree
from seqkit.pages.figures import (
    Bars,
    ColouredText,
    Grid,
    HeatMap,
    Lines,
    Network,
    Node,
    Section,
    Tree,
)
from seqkit.pages.figures import Figure as Shown

VOID = {"meta", "input", "br", "img"}


class Parsed(HTMLParser):
    """The elements of a page, and whether each is closed in turn."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text: dict[str, list[str]] = {}
        self.wrong: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {key: value or "" for key, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)
            self.text.setdefault(tag, []).append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {key: value or "" for key, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data: str) -> None:
        if self.open:
            self.text[self.open[-1]][-1] += data

    def ids(self) -> list[str]:
        return [attributes["id"] for _, attributes in self.tags if "id" in attributes]


def test_each_figure_has_an_id_a_kind_and_its_numbers() -> None:
    made = Parsed(page.page("제목", "about", sections()))
    assert made.wrong == []
    kinds = [a["data-kind"] for tag, a in made.tags if tag == "figure"]
    assert kinds == [type(f).__name__ for s in sections() for f in s.figures]
    ids = made.ids()
    assert len(ids) == len(set(ids))
    assert {"s1", "s2", "s1-f1", "s2-f5"} <= set(ids)
    assert len(made.text["table"]) == len(kinds)
    links = {a["href"].removeprefix("#") for tag, a in made.tags if tag == "a" and "href" in a}
    assert links <= set(ids)  # the contents, and the examples of a cell


def test_hangul_stands_whole_in_the_drawings() -> None:
    made = Parsed(page.page("제목", "", sections()))
    labels = made.text["text"]
    assert all(labels.count(token) >= 5 for token in ("나는", "오늘", "학교에", "갔다"))
    assert made.tags[0] == ("html", {"lang": "en"})
    assert Parsed(page.page("", "", [], language="ko")).tags[0] == ("html", {"lang": "ko"})
    assert "숫자 보기" in page.page("", "", sections(), language="ko")


def test_no_text_harms_the_page() -> None:
    harmless = tuple(f"말{i}" for i in range(len(HOSTILE)))
    plain, hostile = (Parsed(page.page(t[0], t[1], sections(t))) for t in (harmless, HOSTILE))
    assert hostile.wrong == []
    # the same elements in the same order: no text became one, or ended one
    shapes = [[tag for tag, _ in made.tags if tag not in ("path", "text", "g")]
              for made in (plain, hostile)]  # fmt: skip
    assert shapes[0] == shapes[1]
    attributes = [set(a) for _, a in hostile.tags]
    assert not any(name.startswith("on") for names in attributes for name in names)
    written = page.page(HOSTILE[0], HOSTILE[3], sections(HOSTILE))
    assert not re.search("[\0-\x08\x0e-\x1f\u2028-\u202e\u2066-\u2069\ud800-\udfff]", written)
    written.encode("utf-8")


def test_the_page_fetches_nothing_and_only_its_own_script_may_run() -> None:
    made = Parsed(page.page("t", "", sections(HOSTILE)))
    for tag, attributes in made.tags:
        assert not {"src", "srcset", "action", "data"} & set(attributes), tag
        assert attributes.get("href", "#").startswith("#")
        assert "url(" not in attributes.get("style", "")
    policy = next(a["content"] for _, a in made.tags if "http-equiv" in a)
    run = [text for (_, a), text in zip(
        [t for t in made.tags if t[0] == "script"], made.text["script"], strict=True)
        if a.get("type") != "application/json"]  # fmt: skip
    assert len(run) == 1
    digest = base64.b64encode(hashlib.sha256(run[0].encode()).digest()).decode()
    assert "default-src 'none'" in policy
    assert f"script-src 'sha256-{digest}'" in policy
    style = "".join(made.text["style"])
    assert "url(" not in style
    assert "@import" not in style


def test_what_the_script_reads_is_json_with_the_values_given() -> None:
    shown = HeatMap("t", "", ["a"], ["b", "c"], [[0.123456, np.nan]])
    made = Parsed(page.page("t", "", [Section("s", "", [shown])]))
    blocks = [json.loads(text) for text in made.text["script"][:-1]]
    assert blocks[0]["values"] == [[0.1235, None]]


@pytest.mark.parametrize(
    ("figure", "rows"),
    [
        (Grid("", "", ["a"], [[i] for i in range(1_000)]), "800 rows"),
        (Grid("", "", ["a"], [[i] for i in range(200)]), ""),
        (HeatMap("", "", ["r"] * 150, ["c"] * 90, np.zeros((150, 90))), "50 rows, 31 columns"),
    ],
)
def test_a_huge_table_is_cut_and_says_so(figure: Shown, rows: str) -> None:
    written = page.page("t", "", [Section("s", "", [figure])])
    found = re.findall(r"Not shown here: (.*?)\.</p>", written)
    assert found == ([rows] if rows else [])


def test_a_figure_of_nothing_says_so() -> None:
    empty: list[Shown] = [
        HeatMap("", "", [], [], np.zeros((0, 0))),
        Bars("", "", [], []),
        ColouredText("", "", [], {}),
        Tree("", "", []),
        Network("", "", [], [], []),
        Lines("", "", [], {}, "x", "y"),
        Lines("", "", [1, 2], {"a": [None, float("nan")]}, "x", "y", log_y=True),
    ]
    made = Parsed(page.page("t", "", [Section("s", "", empty)]))
    assert made.wrong == []
    assert made.text["p"].count("nothing to show") == 5


def test_colours_mean_what_the_scale_says() -> None:
    two_ways = colours.Scale(np.array([-2.0, 0.0, 1.0]))
    assert two_ways.levels(np.array([-2.0, 0.0, 2.0, np.nan])).tolist() == [0, 12, 24, -1]
    one_way = colours.Scale(np.array([0.2, 5.0]))
    assert (one_way.low, one_way.high, one_way.name) == (0.0, 5.0, "q")
    assert colours.Scale(np.array([3.0, 3.0])).css_class(3.0).startswith("q")


def test_text_on_every_colour_can_be_read() -> None:
    """WCAG 2.2, section 1.4.3: a contrast of 4.5 for text, on the scales and on the paper."""

    def luminance(colour: str) -> float:
        shares = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    def contrast(one: str, other: str) -> float:
        high, low = sorted((luminance(one), luminance(other)), reverse=True)
        return (high + 0.05) / (low + 0.05)

    for anchors in (*colours.SEQUENTIAL, *colours.DIVERGING):
        shades = colours.blend(anchors, colours.LEVELS)
        assert shades[0] == anchors[0]
        assert shades[-1] == anchors[-1]
        for shade in shades:
            on = {"#000": "#000000", "#fff": "#ffffff"}[colours.readable_on(shade)]
            assert contrast(shade, on) >= 4.5
    for theme in (colours.LIGHT, colours.DARK):
        for name in ("ink", "soft", *(f"c{i}" for i in range(8))):
            assert contrast(theme[name], theme["paper"]) >= 4.5, name


def test_a_scale_goes_evenly_from_light_to_dark() -> None:
    for anchors in colours.SEQUENTIAL:
        grey = [sum(int(shade[i : i + 2], 16) for i in (1, 3, 5))
                for shade in colours.blend(anchors, 25)]  # fmt: skip
        steps = np.diff(grey)
        assert (steps < 0).all() or (steps > 0).all()


@pytest.mark.parametrize(
    ("values", "log", "expected"),
    [
        ([0.03, 0.97], False, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        ([-40, 100], False, [-40, -20, 0, 20, 40, 60, 80, 100]),
        ([3, 70], True, [1, 2, 5, 10, 20, 50, 100]),
        ([7, 7], False, [6.4, 6.6, 6.8, 7.0, 7.2, 7.4, 7.6]),
    ],
)
def test_ticks_are_round_numbers_around_the_values(
    values: list[float], log: bool, expected: list[float]
) -> None:
    axis = axes.Axis(values, 0, 100, log=log)
    ticks = [value for value, _ in axis.ticks]
    if values[0] != values[1]:
        assert ticks == pytest.approx(expected)
    assert axis.low <= min(values) <= max(values) <= axis.high
    assert axis.at(axis.low) == pytest.approx(0)
    assert axis.at(axis.high) == pytest.approx(100)


def test_names_at_the_ends_of_lines_stand_apart() -> None:
    moved = axes.spread([50, 50, 50, 10], 19, 0, 100)
    gaps = np.diff(sorted(moved))
    assert (gaps >= 18.999).all()
    assert moved[3] == min(moved)


@pytest.mark.parametrize(
    ("value", "text"),
    [(1e-6, "10⁻⁶"), (2.5e-5, "2.5·10⁻⁵"), (0.0, "0"), (0.25, "0.25"), (2e6, "2·10⁶"),
     (-3e-7, "−3·10⁻⁷"), (12_000.0, "12,000")],
)  # fmt: skip
def test_numbers_of_an_axis(value: float, text: str) -> None:
    assert markup.power(value) == text


def test_a_page_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    page.write(tmp_path / "a.html", "t", "", sections())
    assert (tmp_path / "a.html").read_text(encoding="utf-8") == page.page("t", "", sections())
    (tmp_path / "file").write_text("x")
    with pytest.raises(SeqkitError, match="cannot write"):
        page.write(tmp_path / "file" / "a.html", "t", "", sections())


def test_a_folded_section_is_closed_and_its_figures_are_not_in_the_contents() -> None:
    shown = [Bars("one", "", ["a"], [1.0]), Bars("two", "", ["a"], [1.0])]
    made = page.page("t", "", [Section("s", "why", shown, folded=True)])
    assert '<details class="fold"><summary><h2>s</h2> <span>2 more figures' in made
    assert 'href="#s1"' in made
    assert 'href="#s1-f1"' not in made
    assert made.count("<figure ") == 2


def test_no_zero_is_below_zero() -> None:
    assert markup.short(-0.001) == "0"
    drawn = tree.draw(Tree("t", "", [Node(-1, "x", -0.001)]), markup.WORDS["en"])
    assert ">0</text>" in drawn
