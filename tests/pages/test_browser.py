"""The page as a person sees it: in a browser, with a mouse, with keys, on a phone, in the dark."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import Browser, browser
from gallery import HOSTILE, figures, sections
from tiny_vectors import circle

from seqkit.pages import page
from seqkit.vectors.picture import draw, write

HANGUL_FONTS = ("CJK", "KR", "Nanum", "Gothic", "Myungjo", "Batang", "Unifont", "Baekmuk", "Un")


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    file = tmp_path_factory.mktemp("page") / "page.html"
    page.write(file, "그림 모음", "모두 한 번에", sections())
    with browser() as started:
        started.open(file)
        yield started


def test_every_figure_is_drawn_without_an_error_or_a_request(shown: Browser) -> None:
    shown.page.wait_for_timeout(100)
    assert shown.problems == []
    assert shown.requests == []
    sizes = shown.page.eval_on_selector_all(
        "figure[data-kind]",
        """all => all.map(figure => { const drawn = figure.querySelector('svg, table, .text');
           const box = drawn.getBoundingClientRect(); return [box.width, box.height]; })""",
    )
    assert len(sizes) == len(figures())
    assert all(width > 40 and height > 20 for width, height in sizes)


def test_hangul_is_drawn_by_a_font_that_has_it(shown: Browser) -> None:
    width = shown.page.eval_on_selector_all(
        "#s1-f2 svg text", "all => all.find(t => t.textContent === '학교에').getBBox().width"
    )
    assert 2 * 15 < width < 4 * 15  # three syllables, each about as wide as it is high
    fonts = shown.fonts("#s1-f4 .token:nth-child(2)")
    assert fonts
    assert any(mark in name for name in fonts for mark in HANGUL_FONTS), fonts


def test_values_are_read_by_the_mouse_and_by_the_arrow_keys(shown: Browser) -> None:
    made = figures()
    for name, figure in (("#s1-f1", made[0]), ("#s1-f2", made[1]), ("#s2-f4", made[8])):
        readout = shown.page.locator(f"{name} .readout")
        shown.page.locator(f"{name} svg.pointed").focus()
        shown.page.keyboard.press("ArrowRight")
        first = readout.text_content()
        shown.page.keyboard.press("ArrowRight" if name != "#s2-f4" else "ArrowLeft")
        assert readout.text_content() != first, figure
    values = made[1].as_dict()["values"]
    expected = f"나는  ·  오늘:  {values[0][1]:.4g}".replace("-", "−")
    assert shown.page.locator("#s1-f2 .readout").text_content() == expected
    shown.page.locator("#s1-f2 svg.pointed").hover(position={"x": 5, "y": 26 + 5})
    expected = f"나는  ·  나는:  {values[0][0]:.4g}".replace("-", "−")
    assert shown.page.locator("#s1-f2 .readout").text_content() == expected


def test_the_select_recolours_the_text_by_keyboard(shown: Browser) -> None:
    def levels() -> Any:
        return shown.page.eval_on_selector_all("#s1-f4 .token", "all => all.map(t => t.className)")

    figure = figures()[3].as_dict()
    before = levels()
    select = shown.page.locator("#s1-f4 select")
    select.focus()
    shown.page.keyboard.press("ArrowDown")
    assert select.input_value() == "오늘"
    assert levels() != before
    titles = shown.page.eval_on_selector_all("#s1-f4 .token", "all => all.map(t => t.title)")
    value = figure["values"]["오늘"][0]
    assert titles[0] == f"나는: {value:.4g}".replace("-", "−")
    shown.page.keyboard.press("ArrowUp")
    assert levels() == before  # what the script colours is what was there without it


def test_the_search_finds_hangul_and_escape_clears_it(shown: Browser) -> None:
    search = shown.page.locator("#s2-f1 .search")
    search.focus()
    shown.page.keyboard.insert_text("학교")
    assert shown.page.locator("#s2-f1 .found").text_content() == "1 / 5"
    shown.page.keyboard.press("Enter")
    panel = shown.page.locator("#s2-f1 .panel")
    assert panel.locator("h4").text_content() == "학교에"
    assert panel.locator("li").count() == 3
    shown.page.keyboard.press("Escape")
    assert panel.is_hidden()
    assert shown.page.locator("#s2-f1 .found").text_content() == ""


def test_a_cell_opens_its_examples_by_click_and_by_keyboard(shown: Browser) -> None:
    examples = shown.page.locator("#s2-f2-0-1")
    assert examples.is_hidden()
    shown.page.locator('#s2-f2 a[href="#s2-f2-0-1"]').click()
    assert examples.is_visible()
    assert examples.locator("li").all_text_contents() == ["나는", "오늘", "학교에", "갔다", "."]
    examples.locator("a").click()
    assert examples.is_hidden()
    shown.page.locator("#s2-f2 svg.pointed").focus()
    for key in ("ArrowLeft", "ArrowUp", "ArrowLeft", "ArrowLeft", "ArrowLeft", "ArrowLeft"):
        shown.page.keyboard.press(key)
    shown.page.keyboard.press("ArrowRight")
    shown.page.keyboard.press("Enter")
    assert examples.is_visible()


def test_light_and_dark(shown: Browser) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    shown.page.emulate_media(color_scheme="dark")
    assert shown.page.evaluate(paper) == "rgb(21, 24, 28)"
    shown.page.emulate_media(color_scheme="light")
    light = shown.page.evaluate(paper)
    shown.page.locator("#theme").focus()
    shown.page.keyboard.press("Enter")
    assert shown.page.evaluate(paper) == "rgb(21, 24, 28)"
    shown.page.keyboard.press("Enter")
    assert shown.page.evaluate(paper) == light


def test_on_a_phone_a_wide_figure_scrolls_in_its_own_box(shown: Browser) -> None:
    shown.page.set_viewport_size({"width": 390, "height": 800})
    wide, box = shown.page.evaluate(
        """[document.documentElement.scrollWidth,
            (box => box.scrollWidth - box.clientWidth)(document.querySelector('#s1-f1 .box'))]"""
    )
    shown.page.set_viewport_size({"width": 1280, "height": 800})
    assert wide == 390
    assert box > 100


def test_hostile_text_is_text(shown: Browser, tmp_path: Path) -> None:
    page.write(tmp_path / "hostile.html", HOSTILE[0], HOSTILE[1], sections(HOSTILE))
    other = shown.another()
    opened = other.open(tmp_path / "hostile.html")
    for select in opened.locator("select").all():
        select.select_option(index=1)
    for svg in opened.locator("svg.pointed").all():
        svg.focus()
        opened.keyboard.press("ArrowRight")
    assert opened.title() == HOSTILE[0]
    assert opened.locator("img, b[onclick]").count() == 0
    assert other.problems == []
    assert other.requests == []


def test_without_a_script_all_of_it_is_there(shown: Browser, tmp_path: Path) -> None:
    page.write(tmp_path / "page.html", "t", "", sections())
    bare = shown.another(java_script_enabled=False).open(tmp_path / "page.html")
    assert bare.locator("#s2-f1 g.labels text").count() == 5
    bare.locator("#s1-f1 summary").click()
    assert bare.locator("#s1-f1 table").is_visible()
    bare.locator('#s2-f2 a[href="#s2-f2-0-1"]').click()
    assert bare.locator("#s2-f2-0-1").is_visible()


def test_the_map_of_word_vectors_is_the_same_map(shown: Browser, tmp_path: Path) -> None:
    made = circle()
    write(draw(made, made.index_to_key), tmp_path / "map.html", title="지도")
    other = shown.another()
    opened = other.open(tmp_path / "map.html")
    opened.keyboard.press("/")
    opened.keyboard.insert_text("서울")
    assert opened.locator(".panel h4").text_content() == "서울"
    data = json.loads(opened.locator("#data").text_content() or "")
    nearest = data["words"][data["nearest"][data["words"].index("서울")][0]]
    assert opened.locator(".panel li span").first.text_content() == nearest
    assert other.problems == []
    assert other.requests == []
