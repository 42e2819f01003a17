"""``seqkit explain`` as a person sees it: the page of each kind of run, in a headless Chromium."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browser import Browser, browser
from command_line import Seqkit

DOCUMENTS = 30  # of each of Reuters' 22 files
SMALL = ["hidden=4", "embedding.size=4", "epochs=1"]
TINY = [*SMALL, "pretrain=none", "max_length=60"]
FONTS = re.compile("CJK|KR|Nanum|Gothic|Myungjo|Batang|Unifont|Baekmuk|Un")
TEXT = "고양이가 마당에서 잠을 잔다."


def village(_: Path) -> list[str]:
    return ["classify", "data.n=120", *SMALL]


def reuters(folder: Path) -> list[str]:
    """A little of Reuters, or the village where it is not."""
    here = Path(os.environ.get("SEQKIT_DATA", "none")) / "reuters21578"
    if not here.is_dir():
        return village(folder)
    part = folder / "documents"
    part.mkdir()
    for file in here.glob("reut2-*.sgm"):
        documents = file.read_bytes().split(b"</REUTERS>")[:DOCUMENTS]
        (part / file.name).write_bytes(b"</REUTERS>".join([*documents, b""]))
    return ["reuters", "version=r8", f"path={part}", *TINY]


def nsmc(folder: Path) -> list[str]:
    """A few reviews of NSMC, or the village where it is not."""
    here = Path(os.environ.get("SEQKIT_DATA", "none")) / "nsmc"
    if not here.is_dir():
        return village(folder)
    part = folder / "reviews"
    part.mkdir()
    for name in ("ratings_train.txt", "ratings_test.txt"):
        with (here / name).open(encoding="utf-8") as file:
            (part / name).write_text("".join(next(file) for _ in range(201)), encoding="utf-8")
    wide = "text.ngrams.bits=12"
    return ["sentiment", f"path={part}", "tokenizer=syllable", "text.workers=1", wide, *TINY]


TASKS: dict[str, Callable[[Path], list[str]]] = {
    "reuters": reuters,
    "nsmc": nsmc,
    "tagging": lambda _: ["tagging", "data.n=60", "word_encoder.features=4", *SMALL],
    "language_model": lambda _: [
        *("language_model", "corpus=village", "data.kind=text", "data.n=60", "tokenizer=syllable"),
        *("bptt=10", "evaluation.next_words=3", *SMALL),
    ],
    "translation": lambda _: [
        *("translation", "data.n=60", "epochs=1", "model.embedding.size=8", "encoder.hidden=4"),
        *("decoder.embedding.size=8", "decoder.hidden=8", "evaluation.length=5", "beam=2"),
    ],
}
# Figures that a page is to have, by the beginning of their titles.
EVERY = {
    *("The network, unrolled over", "Gates, mean over all units", "Input gate", "Forget gate"),
    *("Output gate", "Memory cell", "Hidden state", "Coloured by one unit", "Gradient by time lag"),
    *("Where gradients vanish", "Embedding of", "Loss by step", "Gradient norm by step"),
    *("Final scores", "All parameters"),
}
ERRORS = {"What is taken for what", "Errors by length", "Confidence"}
DECIDED = {"Why '", "What counted most", *ERRORS}
OWN = {
    "reuters": DECIDED,
    "nsmc": DECIDED,
    "tagging": DECIDED,
    "language_model": {"Beam: "},
    "translation": {"Attention: ", "Beam: "},
}


@pytest.fixture(scope="module")
def seqkit(tmp_path_factory: pytest.TempPathFactory) -> Seqkit:
    return Seqkit(tmp_path_factory.mktemp("pages"))


@pytest.fixture(scope="module")
def shown() -> Iterator[Browser]:
    with browser() as started:
        yield started


@pytest.mark.parametrize("task", TASKS)
def test_the_page_of_a_run(seqkit: Seqkit, shown: Browser, task: str) -> None:
    seqkit("train", *TASKS[task](seqkit.folder), "--out", task, "-q")
    seqkit("explain", task, TEXT)
    opened = shown.another(viewport={"width": 1280, "height": 800})
    page = opened.open(seqkit.folder / task / "explain.html")
    page.evaluate("document.querySelectorAll('.fold').forEach(fold => { fold.open = true; })")
    page.wait_for_timeout(100)
    assert opened.problems == []
    assert opened.requests == []

    found = page.eval_on_selector_all(
        "figure[data-kind]",
        """all => all.map(figure => {
           const drawn = figure.querySelector('svg:not(.side), table, .text');
           const box = drawn ? drawn.getBoundingClientRect() : {width: 0, height: 0};
           return [figure.querySelector('h3').textContent, box.width, box.height]; })""",
    )
    assert [title for title, *box in found if box[0] < 15 or box[1] < 15] == []
    titles = [title for title, *_ in found]
    missing = {t for t in EVERY | OWN[task] if not any(each.startswith(t) for each in titles)}
    assert missing == set()
    assert page.evaluate("document.documentElement.scrollWidth") == 1280

    assert TEXT in (page.locator("h3").first.text_content() or "")
    name = page.locator("h3").first
    name.evaluate("h3 => { h3.id = 'first'; }")
    fonts = opened.fonts("#first")
    assert any(FONTS.search(font) for font in fonts), fonts  # Hangul by a font that has it
    wide = page.eval_on_selector_all(
        ".heat text", "all => all.filter(t => /^[가-힣]$/.test(t.textContent))"
        ".map(t => t.getBBox().width)"
    )  # fmt: skip
    assert [
        width for width in wide if not 10 < width < 25
    ] == []  # a syllable is as wide as it is high
    page.context.close()
