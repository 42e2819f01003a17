"""The training page: what was logged, thinned; errors counted as by hand; a run is never lost."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import Seqkit

from seqkit.explain import training
from seqkit.explain.examples import corpus_of
from seqkit.explain.explaining import opened
from seqkit.explain.mistakes import Mistakes, _pairs, by_length, calibration, confusion, surest
from seqkit.predict import load
from seqkit.tasks.splits import with_validation
from seqkit.train.metrics import report
from seqkit.train.run import Run

CLASSIFY = ["data.n=400", "hidden=8", "embedding.size=8", "epochs=2"]
TAGGING = ["data.n=120", "epochs=1", "hidden=4", "embedding.size=4", "word_encoder.features=4"]


@pytest.fixture(scope="module")
def classified(tmp_path_factory: pytest.TempPathFactory) -> Run:
    seqkit = Seqkit(tmp_path_factory.mktemp("runs"), "train")
    seqkit("classify", *CLASSIFY, "--out", "run", "--quiet")
    return Run(seqkit.folder / "run")


def figures_of(page: str) -> list[str]:
    return re.findall(r'<figure id="[^"]*" data-kind="(\w+)"><h3>(.*?)</h3>', page)


def test_training_writes_the_page_with_its_errors(classified: Run) -> None:
    shown = [title for _, title in figures_of(classified.report_file.read_text("utf-8"))]
    assert shown[:5] == [
        "Final scores",
        "Loss by epoch",
        "Scores by epoch",
        "Loss by step",
        "Gradient norm by step",
    ]  # fmt: skip; a constant learning rate is told, not drawn
    assert shown[5:9] == ["What is taken for what (validation)", "Errors by length", "Confidence",
                           "The surest errors"]  # fmt: skip
    assert shown[9] == "All parameters"
    assert "embedding.table.weight" in shown or any("embedding" in name for name in shown[9:])


def test_the_course_is_what_was_logged(classified: Run) -> None:
    rows, read = classified.metrics(), training.course(classified)
    steps = [row for row in rows if row["kind"] == "step"]
    assert read.steps["loss"].tolist() == [row["loss"] for row in steps]
    epochs = [row for row in rows if row["kind"] == "epoch"]
    assert read.epochs["accuracy"].tolist() == [row["accuracy"] for row in epochs]
    kept = [row for row in rows if row["kind"] == "weights"]
    assert [row["epoch"] for row in kept] == [1, 2] == read.weight_epochs.tolist()
    assert read.final == {split: rows[-1][split] for split in ("validation", "test")}


def test_the_confusion_is_that_of_the_report(classified: Run) -> None:
    answerer = load(classified.folder)
    saved = classified.settings()["settings"]
    corpus = with_validation(corpus_of(classified), saved["validation"])
    found = training.mistakes("classification", answerer, corpus)
    assert found is not None
    made = confusion(found).as_dict()
    counts, labels = np.array(made["counts"]), made["labels"]
    known = [(labels[i], labels[j], int(counts[i, j])) for i, j in np.argwhere(counts)]
    scored = answerer.score(corpus, "validation", _Chosen(saved["validation"]))
    wrong = {(c.true, c.predicted, c.count) for c in scored.confusions}
    assert {cell for cell in known if cell[0] != cell[1]} == wrong
    assert found.right.mean() == pytest.approx(scored.accuracy)
    for cell in made["examples"]:  # each example is answered so, and is truly so
        for text in cell["texts"]:
            assert answerer.predict([text])[0].label == cell["answered"]


class _Chosen:
    noise = 0.0

    def __init__(self, validation: float) -> None:
        self.validation = validation


def test_pairs_are_those_of_the_report_where_a_text_has_several_labels() -> None:
    rng = np.random.default_rng(0)
    answered, true = rng.random((60, 5)) < 0.4, rng.random((60, 5)) < 0.4
    counts = np.zeros((6, 6), int)
    for _, i, j in _pairs(answered, true).tolist():
        counts[i, j] += 1
    expected = report(answered, true, list("abcde"), 0.0)
    pairs = {(c.true, c.predicted): c.count for c in expected.confusions}
    names = "abcde"
    found = {(names[i], names[j]): counts[i, j] for i in range(5) for j in range(5) if i != j}
    assert {key: count for key, count in found.items() if count} == pairs
    assert counts.diagonal()[:5].tolist() == (answered & true).sum(axis=0).tolist()
    assert counts[5].sum() == sum(
        int((a & ~t).sum()) for a, t in zip(answered, true, strict=True) if not (t & ~a).any()
    )


def made(right: list[bool], confidence: list[float], lengths: list[int]) -> Mistakes:
    count = len(right)
    said = [0 if each else 1 for each in right]
    pairs = np.stack([np.arange(count), np.zeros(count, int), said], axis=1)
    texts = [f"문장 {i}" for i in range(count)]
    arrays = np.array(right), np.array(confidence), np.array(lengths)
    return Mistakes("texts", "validation", count, ("가", "나"), *arrays, pairs, texts)


def test_calibration_is_that_of_guo_et_al_by_hand() -> None:
    figure = calibration(made([True, False, True, True], [0.95, 0.95, 0.45, 0.95], [1] * 4))
    assert figure.lines["share right"] == pytest.approx([1.0, 2 / 3])
    gap = (3 * abs(0.95 - 2 / 3) + abs(0.45 - 1)) / 4
    assert f"calibration error {gap:.3f}" in figure.about


def test_errors_by_length_are_shares_of_all_of_that_length() -> None:
    right, lengths = [True, False, True, False, False, True], [1, 1, 1, 1, 9, 9]
    figure = by_length(made(right, [0.5] * 6, lengths))
    assert dict(zip(figure.names, figure.values, strict=True)) == {"1 (4)": 0.5, "9 (2)": 0.5}
    assert by_length(made([True, False], [0.5] * 2, [3, 3])).values == [0.5]


def test_the_surest_errors_come_first() -> None:
    figure = surest(made([False, True, False], [0.6, 0.99, 0.9], [1, 2, 3]))
    assert figure.rows == [["가", "나", 0.9, 3, "문장 2"], ["가", "나", 0.6, 1, "문장 0"]]


@pytest.mark.parametrize("count", [1, 399, 400, 401, 12_345])
def test_many_steps_are_thinned_and_nothing_high_is_lost(tmp_path: Path, count: int) -> None:
    run = Run.create(tmp_path / "run")
    run.write_settings("classify", "classification", {})
    losses = np.random.default_rng(0).random(count).tolist()
    rows = [
        {"kind": "step", "epoch": 1, "step": i + 1, "loss": losses[i], "gradient_norm": losses[i],
         "lr": 0.1 / (i + 1)}
        for i in range(count)
    ]  # fmt: skip
    run.metrics_file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    (section,) = training.training(run)
    loss, norm, *_ = section.figures
    values: Any = loss.as_dict()
    assert len(values["x"]) <= training.POINTS
    assert values["x"][-1] == count
    every = -(-count // training.POINTS)
    assert values["lines"]["loss"][0] == pytest.approx(np.mean(losses[:every]))
    assert max(max(line) for line in norm.as_dict()["lines"].values()) == max(losses)


def test_a_tagger_s_words_are_shown_among_those_around_them(tmp_path: Path) -> None:
    seqkit = Seqkit(tmp_path, "train")
    seqkit("tagging", *TAGGING, "--out", "run", "--quiet")
    subject = opened(tmp_path / "run", ["우리는 집에 갔다."])
    errors = training.sections(subject)[1]
    assert errors.title == "Errors"
    shown = errors.figures[0].as_dict()
    assert sum(map(sum, shown["counts"])) == int(
        re.match(r"[\d,]+", shown["about"])[0].replace(",", "")
    )
    for cell in shown["examples"]:
        assert all(re.fullmatch(r"[^⟦⟧]*⟦[^⟦⟧]+⟧[^⟦⟧]*", text) for text in cell["texts"])
    assert "What is taken for what" in Run(tmp_path / "run").report_file.read_text("utf-8")


def test_a_page_that_cannot_be_drawn_loses_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("no\npen")

    monkeypatch.setattr(training, "training", broken)
    ran = Seqkit(tmp_path, "train")("hello", "epochs=1", "steps=2", "--out", "run", "--quiet")
    assert "run/report.html was not written: no pen" in ran.stderr
    assert Run(tmp_path / "run").model_file.is_file()
    assert Run(tmp_path / "run").card_file.is_file()
    assert not Run(tmp_path / "run").report_file.exists()


def test_what_went_wrong_is_drawn_too(tmp_path: Path) -> None:
    words = ["classify", *CLASSIFY, "lr=1e38", "--out", "run", "--quiet"]
    ran = Seqkit(tmp_path, "train")(*words, ok=False)
    assert "at step" in ran.stderr
    assert "Loss by step" in Run(tmp_path / "run").report_file.read_text("utf-8")
