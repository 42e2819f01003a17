"""The page as a person meets it, in a real browser."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from browser import Browser, browser

KOREAN = "고양이가 마당에서 잠을 잔다."
ENGLISH = "The nurse will earn money."


@pytest.fixture(scope="module")
def seen() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


@pytest.fixture
def page(seen: Browser, server: str) -> Iterator[Any]:
    seen.problems.clear()
    seen.page.goto("about:blank")
    opened = seen.open(f"{server}/")
    opened.set_viewport_size({"width": 1280, "height": 800})
    opened.wait_for_selector("#cards article")
    yield opened
    opened.unroute_all()
    assert [told for told in seen.problems if "429" not in told] == []
    assert seen.requests == []


def asked(page: Any) -> list[str]:
    """Return the list into which the texts go that the page asks from now on."""
    texts: list[str] = []

    def note(request: Any) -> None:
        if request.method == "POST":
            told = json.loads(request.post_data)
            texts.append(told.get("question") or told["texts"][0])

    page.on("request", note)
    return texts


def settled(page: Any, check: Callable[[], bool]) -> None:
    for _ in range(100):
        if check():
            return
        page.wait_for_timeout(100)
    raise AssertionError(page.inner_text("main"))


def words(page: Any) -> list[str]:
    found: list[str] = page.locator(".tagging .word").all_inner_texts()
    return found


def test_a_korean_sentence_is_answered_by_every_run(page: Any, seen: Browser) -> None:
    page.fill("#sentence", KOREAN)
    settled(page, lambda: words(page) == ["고양이가", "마당에서", "잠을", "잔다", "."])
    assert page.input_value("#sentence") == KOREAN
    settled(page, lambda: page.locator(".classification .bars li").count() == 8)
    settled(page, lambda: page.locator(".translation .heat tbody tr").count() > 0)
    columns = page.locator(".translation .heat thead th").count()
    assert page.locator(".translation .heat tbody tr:first-child td").count() == columns
    settled(page, lambda: page.locator(".language_modelling .chip").count() > 0)
    shares = page.locator(".classification .number").all_inner_texts()
    assert len(shares) == 8
    # as it is drawn: letters that a font has, and nothing cut off
    assert seen.fonts(".tagging .word")
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280


def test_a_translator_is_asked_only_what_it_reads(page: Any) -> None:
    page.fill("#sentence", ENGLISH)
    settled(page, lambda: "It reads Korean." in page.inner_text(".translation"))
    settled(page, lambda: words(page)[:2] == ["The", "nurse"])


def test_hangul_is_composed_undisturbed(page: Any) -> None:
    keyboard = page.context.new_cdp_session(page)
    texts = asked(page)
    page.focus("#sentence")

    def compose(text: str) -> None:
        length = len(text)
        keyboard.send(
            "Input.imeSetComposition",
            {"text": text, "selectionStart": length, "selectionEnd": length},
        )

    for half in ("ㄱ", "고", "공"):
        compose(half)
    page.wait_for_timeout(300)  # longer than a rest while typing, but a syllable is not done
    assert texts == []
    keyboard.send("Input.insertText", {"text": "고"})
    for half in ("ㅇ", "야", "양"):
        compose(half)
    keyboard.send("Input.insertText", {"text": "양"})
    compose("ㅇ")
    page.wait_for_timeout(1200)  # a lone letter is no text yet, however long it stands
    assert "고양ㅇ" not in texts
    assert page.input_value("#sentence") == "고양ㅇ"
    compose("이")
    settled(page, lambda: "고양이" in texts)  # at rest, what is in the box is asked
    assert page.input_value("#sentence") == "고양이"
    keyboard.send("Input.insertText", {"text": "이가"})
    settled(page, lambda: words(page) == ["고양이가"])
    assert page.input_value("#sentence") == "고양이가"
    assert all(text.startswith("고") for text in texts)


def test_a_completion_is_chosen_by_keyboard(page: Any) -> None:
    page.fill("#sentence", "고양이가 마당")
    chip = page.locator(".language_modelling .chip").first
    chip.wait_for()
    word = chip.locator("bdi").inner_text()
    chip.focus()
    page.keyboard.press("Enter")
    written = page.input_value("#sentence")
    assert written.startswith("고양이가 ")
    assert written.endswith(f"{word} ")
    assert page.evaluate("document.activeElement.id") == "sentence"


def test_an_answer_that_came_too_late_is_dropped(page: Any) -> None:
    held: list[Any] = []

    def route(one: Any) -> None:
        body = json.loads(one.request.post_data)
        if body["model"] == "tags" and body["texts"] == ["the cat"]:
            held.append(one)
        else:
            one.continue_()

    page.route("**/predict", route)
    page.fill("#sentence", "the cat")
    settled(page, lambda: bool(held))
    page.fill("#sentence", "a dog barks")
    settled(page, lambda: words(page) == ["a", "dog", "barks"])
    tags = {"words": ["old"], "tags": ["X"], "offsets": [[0, 3]], "probabilities": [{"X": 1}]}
    held[0].fulfill(json={"model": "tags", "answers": [tags]})
    page.wait_for_timeout(300)
    assert words(page) == ["a", "dog", "barks"]


def test_a_busy_server_is_told_and_asked_again(page: Any) -> None:
    page.route("**/predict", lambda one: one.fulfill(status=429, json={"error": "busy"}), times=3)
    page.fill("#sentence", "the cat")
    settled(page, lambda: "Too much to do" in page.inner_text(".tagging"))
    page.unroute_all()
    page.fill("#sentence", "the cats")
    settled(page, lambda: words(page) == ["the", "cats"])
    page.wait_for_timeout(300)


def test_words_are_added_and_taken_away(page: Any) -> None:
    settled(page, lambda: page.locator("#map .dot").count() == 6)  # the map, before any question
    page.fill("#question", "서울 - 한국 + 일본")
    settled(page, lambda: page.locator("#words li").count() == 3)
    assert page.locator("#words .label").first.inner_text() == "도쿄"
    assert page.locator("#map line").count() == 2
    assert page.locator("#map .asked").count() == 3
    assert page.locator("#map .sum").count() == 1
    page.locator("#words button").first.click()
    assert page.input_value("#question") == "도쿄"
    settled(page, lambda: page.locator("#map .asked").count() == 1)


def test_the_page_speaks_both_languages_on_a_phone_and_in_the_dark(
    page: Any, seen: Browser
) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.click("#language")
    assert page.evaluate("document.documentElement.lang") == "ko"
    assert page.inner_text("#sentence-title") == "문장을 써 보세요"
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.click("#theme")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light
    page.reload()
    page.wait_for_selector("#cards article")
    assert page.inner_text("#sentence-title") == "문장을 써 보세요"  # both are remembered
    page.fill("#sentence", KOREAN)
    settled(page, lambda: page.locator(".translation .heat tbody tr").count() > 0)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    korean = page.evaluate("document.body.innerText")
    page.click("#language")
    assert page.inner_text("#sentence-title") == "Type a sentence"
    settled(page, lambda: "Each row: where" in page.inner_text(".translation"))
    assert "각 행은" in korean
    page.click("#theme")
    page.evaluate("localStorage.clear()")


def test_every_text_is_there_in_both_languages(page: Any) -> None:
    source = page.evaluate("fetch('page/texts.js').then(answer => answer.text())")
    keys = page.evaluate(
        "source => { const table = new Function(source.replace(/^[^]*?const TEXTS =/, 'return ')"
        ".replace(/};[^]*$/, '}'))(); return [Object.keys(table.en), Object.keys(table.ko)]; }",
        source,
    )
    assert sorted(keys[0]) == sorted(keys[1])


def test_a_token_is_asked_for_and_kept_for_the_visit(page: Any, seen: Browser) -> None:
    def guarded(one: Any) -> None:
        if one.request.headers.get("authorization") == "Bearer s3cret":
            one.continue_()
        else:
            one.fulfill(status=401, json={"error": "a token is needed"})

    page.route("**/served", guarded)
    page.reload()
    page.wait_for_selector("#token:not([hidden])")
    seen.problems.clear()  # the browser notes every 401
    page.fill("#token-text", "s3cret")
    page.keyboard.press("Enter")
    page.wait_for_selector("#cards article")
    assert not page.is_visible("#token")
    page.reload()
    page.wait_for_selector("#cards article")


def test_the_documents_are_readable(page: Any, server: str, seen: Browser) -> None:
    seen.open(f"{server}/docs")
    assert "/similar" in page.inner_text("main")
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
