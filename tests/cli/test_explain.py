"""``seqkit explain``: a page for a run of every task, and every error on one line."""

import json
from pathlib import Path
from typing import Any

import pytest
from command_line import Seqkit

from seqkit.corpus import where
from seqkit.explain.explaining import EXPLAINERS, explain, opened
from seqkit.predict import ANSWERERS

SMALL = ["hidden=4", "embedding.size=4", "epochs=1"]
# A recipe for each task, and a text for its run.
RECIPES = {
    "captioning": (
        *("captions", "data.language=en", "data.n=6", "channels=2", "image.features=4", "hidden=4"),
        *("epochs=1", "decoder.embedding.size=4", "evaluation.beam=1"),
    ),
    "classification": ("classify", "data.n=120", *SMALL),
    "language_modelling": (
        *("language_model", "corpus=village", "data.kind=text", "data.n=60", "tokenizer=syllable"),
        *("bptt=10", "evaluation.next_words=3", *SMALL),
    ),
    "lesson": ("hello", "epochs=1", "steps=2"),
    "naming": (
        *("names", "corpus=village", "data.language=en", "data.n=120", "category=4"),
        *("evaluation.drawn=5", *SMALL),
    ),
    "series": ("series", "goal=frames", "data.n=200", "window=6", "hidden=4", "epochs=1"),
    "tagging": ("tagging", "data.n=60", "word_encoder.features=4", *SMALL),
    "translation": (
        *("translation", "data.n=60", "epochs=1", "model.embedding.size=8", "encoder.hidden=4"),
        *("decoder.embedding.size=8", "decoder.hidden=8", "evaluation.length=5", "beam=2"),
    ),
}
TEXTS = {"lesson": "hell", "naming": "school", "series": "1,2; 3,4; 5,6"}
GATES = {  # of those whose recurrent layer is no LSTM
    "captioning": {"update gate", "reset gate"},
    "naming": {"update gate", "reset gate"},
    "series": {"update gate", "reset gate"},
    "lesson": set[str](),
}


@pytest.fixture(scope="module")
def seqkit(tmp_path_factory: pytest.TempPathFactory) -> Seqkit:
    return Seqkit(tmp_path_factory.mktemp("explain"))


@pytest.fixture(scope="module")
def classify(seqkit: Seqkit) -> str:
    seqkit("train", *RECIPES["classification"], "--out", "classify", "-q")
    return "classify"


def figures(said: dict[str, Any]) -> list[dict[str, Any]]:
    return [figure for section in said["sections"] for figure in section["figures"]]


def test_every_task_has_explainers_and_a_job_here() -> None:
    assert set(EXPLAINERS) == set(ANSWERERS) == set(RECIPES)


@pytest.mark.parametrize("task", sorted(RECIPES))
def test_a_run_of_every_task_gives_its_page(seqkit: Seqkit, task: str) -> None:
    if task == "captioning" and where("digits") in ("fetch", "in sklearn"):
        pytest.skip("needs the folder of digits in SEQKIT_DATA, or scikit-learn")
    seqkit("train", *RECIPES[task], "--out", task, "-q")
    assert opened(seqkit.folder / task).readings  # it has examples of its own
    given = [TEXTS.get(task, "고양이가 마당에서 잠을 잔다.")] if task != "captioning" else []
    shown = json.loads(seqkit("explain", task, *given, "--json", "--out", f"{task}.html").stdout)
    html = (seqkit.folder / f"{task}.html").read_text(encoding="utf-8")
    assert html.count("<figure ") == len(figures(shown))
    assert "The network" in html
    kinds = {figure["kind"] for figure in figures(shown)}
    assert {"Network", "HeatMap", "ColouredText", "Lines"} <= kinds
    titles = {figure["title"].lower() for figure in figures(shown)}
    expected = GATES.get(task, {"input gate", "forget gate", "output gate", "memory cell"})
    assert expected | {"hidden state"} <= titles
    network = next(figure for figure in figures(shown) if figure["kind"] == "Network")
    told = {"captioning": "one-to-many", "naming": "one-to-many", "translation": "seq2seq"}
    told |= {"classification": "many-to-one"}
    assert network["pattern"] == told.get(task, "aligned")
    if task == "language_modelling":  # what runs step by step stands over every token
        run = [layer for layer in network["layers"] if layer["shape"]]
        assert {layer["over"] for layer in run} == {"inputs"}


def test_gates_stand_over_the_very_tokens(seqkit: Seqkit, classify: str) -> None:
    said = json.loads(seqkit("explain", classify, "고양이가 The dog", "--json").stdout)
    gate = next(figure for figure in figures(said) if figure["title"] == "Input gate")
    assert gate["columns"] == ["고양이가", "the", "dog"]
    assert all(0 < value < 1 for row in gate["values"] for value in row)
    text = next(figure for figure in figures(said) if figure["kind"] == "ColouredText")
    assert "고양이가" in text["tokens"]


def test_texts_come_from_a_file_too(seqkit: Seqkit, classify: str) -> None:
    (seqkit.folder / "texts.txt").write_text("비가 온다.\n\nA dog.\n", encoding="utf-8")
    of_file = json.loads(seqkit("explain", classify, "--file", "texts.txt", "--json").stdout)
    of_words = json.loads(seqkit("explain", classify, "비가 온다.", "A dog.", "--json").stdout)
    assert of_file == of_words
    piped = seqkit("explain", classify, "-", "--json", given="비가 온다.\nA dog.\n".encode()).stdout
    assert json.loads(piped) == of_words


def test_the_page_replaces_its_own_and_no_other_file(seqkit: Seqkit, classify: str) -> None:
    for _ in range(2):
        seqkit("explain", classify, "A dog.")
    (seqkit.folder / "mine.html").write_text("mine")
    said = seqkit("explain", classify, "A dog.", "--out", "mine.html", ok=False).stderr
    assert "mine.html exists already: choose another --out, or give --overwrite" in said
    assert (seqkit.folder / "mine.html").read_text() == "mine"
    seqkit("explain", classify, "A dog.", "--out", "mine.html", "--overwrite")
    assert "<figure" in (seqkit.folder / "mine.html").read_text(encoding="utf-8")
    before = (seqkit.folder / classify / "explain.html").stat().st_mtime_ns
    seqkit("explain", classify, "A dog.", "--json")
    assert (seqkit.folder / classify / "explain.html").stat().st_mtime_ns == before


def test_runs_side_by_side(seqkit: Seqkit, classify: str) -> None:
    seqkit("train", *RECIPES["classification"], "cell=gru", "--out", "gru", "-q")
    said = json.loads(seqkit("explain", "--compare", classify, "gru", "--json").stdout)
    lines = next(figure for figure in figures(said) if figure["kind"] == "Lines")
    assert set(lines["lines"]) == {"classify, layer 1 (lstm)", "gru, layer 1 (gru)"}
    assert all(curve[0] == 1 for curve in lines["lines"].values())
    assert lines["level"] == 0.01
    assert any("memory cells" in figure["title"] for figure in figures(said))
    seqkit("explain", "--compare", classify, "gru")
    assert (seqkit.folder / classify / "compare.html").is_file()


def test_a_run_without_recurrent_layers_shows_the_rest(seqkit: Seqkit) -> None:
    seqkit("train", "classify", "data.n=60", "model=mlp", *SMALL, "--out", "mlp", "-q")
    said = json.loads(seqkit("explain", "mlp", "A dog.", "--json").stdout)
    titles = [section["title"] for section in said["sections"]]
    assert "The network" in titles
    assert not any("Gate" in title or "Gradient" in title for title in titles)


def test_a_copied_run_without_its_data_is_shown_on_plain_sentences(
    seqkit: Seqkit, tmp_path: Path
) -> None:
    (seqkit.folder / "own.csv").write_text(
        "text,label\n"
        + "\n".join(f"word{i % 5} {'good' if i % 2 else 'bad'},{i % 2}" for i in range(80))
    )
    seqkit("train", "classify", "corpus=own.csv", *SMALL, "--out", "own", "-q")
    (seqkit.folder / "own.csv").unlink()
    assert "figures" in seqkit("explain", "own").stdout
    assert "할머니께서" in (seqkit.folder / "own" / "explain.html").read_text(encoding="utf-8")


def test_one_text_is_not_a_list_of_characters(seqkit: Seqkit, classify: str) -> None:
    with pytest.raises(TypeError, match=r"explain\(run, \[text\]\)"):
        explain(seqkit.folder / classify, "A dog.")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["explain"], "name a run to explain"),
        (["explain", "none"], "no run directory at none"),
        (["explain", "none", "text"], "no run directory at none"),
        (["explain", "classify", "x", "--file", "texts.txt"], "give texts or --file, not both"),
        (["explain", "classify", "--file", "none.txt"], "cannot read none.txt"),
        (["explain", "classify", "x", "--out", "classify"], "classify exists already"),
        (["explain", "classify", "x", "--out", "classify/README.md"], "exists already"),
        (["explain", "--compare", "classify"], "name two or more"),
        (["explain", "--compare", "classify", "none"], "no run directory at none"),
        (["explain", "--compare", "classify", "mlp"], "mlp has no recurrent layer"),
        (["explain", "tagging", " "], ""),
        (["explain", "lesson", "x"], "is not one that this run has learnt"),
        (["explain", "lesson", "h"], "nothing after its first character"),
        (["explain", "series", "1,x"], "'x' is not a number"),
        (["explain", "classify", "--al"], "No such option: --al"),
        (["demo", "gradient"], "Did you mean 'gradients'?"),
    ],
)
def test_every_mistake_gets_one_line(
    seqkit: Seqkit, classify: str, words: list[str], message: str
) -> None:
    if not message:  # an empty text is no text: the run's own examples are shown
        assert "figures" in seqkit(*words).stdout
        return
    ran = seqkit(*words, ok=False)
    assert ran.returncode == 2
    assert message in ran.stderr
    assert ran.stderr.count("\n") == 1
    assert ran.stdout == ""


def test_demo_gradients(seqkit: Seqkit, monkeypatch: pytest.MonkeyPatch) -> None:
    from seqkit.explain import copy_page
    from seqkit.explain.copying import CopySettings

    small = CopySettings(longest=5, steps=3, rows=4)
    monkeypatch.setattr(copy_page, "CopySettings", lambda: small)
    said = seqkit("demo", "gradients").stdout
    assert "How far each remembers" in said
    assert "Where gradients vanish, before learning" in said
    assert "LSTM, memory cell" in said
    html = (seqkit.folder / "runs" / "demo-gradients" / "gradients.html").read_text("utf-8")
    assert html.count("<figure ") >= 12
    assert "What clipping does" in html
