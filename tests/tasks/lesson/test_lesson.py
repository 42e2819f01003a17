"""The lesson as a teacher runs it: every number is checked against NumPy and the saved weights."""

import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import Seqkit
from safetensors.numpy import load_file

from seqkit import load
from seqkit.errors import SeqkitError
from seqkit.recipe import find
from seqkit.tasks.lesson.lesson import Lesson
from seqkit.train.metrics import Table

Weights = dict[str, np.ndarray]
CELLS = ("rnn", "lstm", "gru")
PAIRS = list(zip("hell", "ello", strict=True))


@pytest.fixture(scope="module")
def seqkit(tmp_path_factory: pytest.TempPathFactory) -> Seqkit:
    return Seqkit(tmp_path_factory.mktemp("lessons"))


@pytest.fixture(scope="module")
def lessons(seqkit: Seqkit) -> dict[str, Any]:
    """The JSON of a run of ``hello`` with each cell; the runs are in folders of their names."""
    return {
        cell: json.loads(
            seqkit("train", "hello", f"cell={cell}", "--out", cell, "--json", "-q").stdout
        )
        for cell in CELLS
    }


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def hidden_states(cell: str, weights: Weights, inputs: np.ndarray) -> tuple[list[Any], list[Any]]:
    """Hidden states and memory cells as the lesson's formulas say, block by block."""
    named = {name.rpartition(".")[2]: value.astype(float) for name, value in weights.items()}
    w, u = named["weight_ih_l0"], named["weight_hh_l0"]
    b, d = named["bias_ih_l0"], named["bias_hh_l0"]
    units = u.shape[1]
    h, c, hs, cs = np.zeros(units), np.zeros(units), [], []
    for x in inputs:
        wx, uh = w @ x + b, u @ h + d
        if cell == "rnn":
            h = np.tanh(wx + uh)
        elif cell == "lstm":
            i, f, g, o = np.split(wx + uh, 4)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
        else:
            (wr, wz, wn), (ur, uz, un) = np.split(wx, 3), np.split(uh, 3)
            r, z = sigmoid(wr + ur), sigmoid(wz + uz)
            h = (1 - z) * np.tanh(wn + r * un) + z * h
        hs.append(h)
        cs.append(c)
    return hs, cs


def tables(parts: list[Any], *titles: str) -> list[list[list[Any]]]:
    """The rows of the tables whose titles begin so, in that order."""
    return [
        next(p["rows"] for p in parts if not isinstance(p, str) and p["title"].startswith(title))
        for title in titles
    ]


def check(parts: list[Any], cell: str, weights: Weights) -> None:
    """Compare a lesson's numbers on ``hello`` with those of the weights."""
    inputs, targets = np.eye(4)[[0, 1, 2, 2]], [1, 2, 2, 3]  # h e l o
    hs, cs = hidden_states(cell, weights, inputs)
    logits = np.array(hs) @ weights["output.weight"].T + weights["output.bias"]
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    losses = -np.log(shares[range(4), targets])
    said = tables(parts, "Hidden", "Logits", "Probabilities")
    for rows, expected in zip(said, (hs, logits, shares), strict=True):
        assert [row[:2] for row in rows] == [[1, "h"], [2, "e"], [3, "l"], [4, "l"]]
        width = len(expected[0])
        np.testing.assert_allclose([r[2 : 2 + width] for r in rows], expected, atol=2e-6)
    ends = [row[6:] for row in said[-1]]
    answers = ["helo"[i] for i in shares.argmax(axis=1)]
    assert [end[:2] for end in ends] == [list(pair) for pair in zip("ello", answers, strict=True)]
    assert [end[2] for end in ends] == [e == a for e, a in zip("ello", answers, strict=True)]
    np.testing.assert_allclose([end[3] for end in ends], losses, rtol=1e-4)
    assert any(isinstance(p, str) and f"Mean loss {losses.mean():.3f}; " in p for p in parts)
    if cell == "lstm":
        (rows,) = tables(parts, "Memory")
        np.testing.assert_allclose([row[2:] for row in rows], cs, atol=2e-6)


@pytest.mark.parametrize("cell", CELLS)
def test_hell_becomes_ello(seqkit: Seqkit, lessons: dict[str, Any], cell: str) -> None:
    assert lessons[cell]["scores"]["test"]["accuracy"] == 1
    assert seqkit("predict", cell, "hell", "h", "").stdout.splitlines() == ["ello", "e", ""]
    assert lessons[cell]["lesson"]["after"][-1].endswith("it writes: hello")


@pytest.mark.parametrize("cell", CELLS)
def test_the_numbers_are_those_of_the_weights(
    seqkit: Seqkit, lessons: dict[str, Any], cell: str
) -> None:
    saved = load_file(seqkit.folder / cell / "model.safetensors")
    check(lessons[cell]["lesson"]["after"], cell, saved)
    recipe = find("hello")
    job = recipe.build(recipe.settings([f"cell={cell}"]))
    assert isinstance(job, Lesson)
    start = {name: weight.numpy() for name, weight in job.model.state_dict().items()}
    check(lessons[cell]["lesson"]["before"], cell, start)


@pytest.mark.parametrize("cell", CELLS)
def test_shapes_and_weights_are_the_models_own(
    seqkit: Seqkit, lessons: dict[str, Any], cell: str
) -> None:
    shapes, weights, onehot = tables(
        lessons[cell]["lesson"]["before"], "The shapes", "The weights", "One-hot"
    )
    sizes = {row[0]: row[2:] for row in shapes}
    assert sizes["one-hot rows"] == sizes["logits"] == [1, 4, 4]
    assert sizes["hidden states"] == [1, 4, 3]
    assert [row[2:] for row in onehot] == np.eye(4)[[0, 1, 2, 2]].tolist()
    saved = load_file(seqkit.folder / cell / "model.safetensors")
    shape = {name.rpartition(".")[2]: list(value.shape) for name, value in saved.items()}
    told = {row[0]: [n for n in row[2:4] if n is not None] for row in weights}
    assert told["W"] == shape["weight_ih_l0"]
    assert told["U"] == shape["weight_hh_l0"]
    assert told["b"] == shape["bias_ih_l0"]
    assert (told["V"], told["a"]) == (list(saved["output.weight"].shape), [4])
    twice = {"rnn": 3, "lstm": 12, "gru": 6}[cell]  # torch's second bias, but for d_n
    assert weights[-1][-1] == sum(value.size for value in saved.values()) - twice


def test_the_lesson_on_the_screen(seqkit: Seqkit) -> None:
    lines = seqkit("train", "hello", "--out", "screen", "-q").stdout.splitlines()
    assert "h -> e, e -> l, l -> l, l -> o" in lines
    assert any("After l comes l or o. x_t is the same there" in line for line in lines)
    assert "  h_t = tanh(W x_t + U h_{t-1} + b)" in lines
    assert "hidden states  h_t = tanh(W x_t + U h_{t-1} + b)      1     4         3" in lines
    start = lines.index("One-hot rows x_t")
    assert lines[start + 1 : start + 4] == [
        "step  reads  h  e  l  o",
        "   1  h      1  0  0  0",
        "   2  e      0  1  0  0",
    ]
    start = lines.index("Hidden states h_t after training")
    block = lines[start + 1 : start + 6]
    assert len({len(line) for line in block}) == 1  # every number has three decimals
    assert any("4 of 4 right (100%)" in line for line in lines)
    assert lines[-1] == 'now: seqkit predict screen "hell"; seqkit eval screen'
    assert not any("\x1b" in line for line in lines)


def test_eval_tells_each_step(seqkit: Seqkit, lessons: dict[str, Any]) -> None:
    scored = json.loads(seqkit("eval", "gru", "--json").stdout)
    (rows,) = tables(lessons["gru"]["lesson"]["after"], "Probabilities")
    assert [step["loss"] for step in scored["steps"]] == pytest.approx([r[-1] for r in rows])
    assert scored["loss"] == pytest.approx(sum(r[-1] for r in rows) / 4)
    assert [(s["reads"], s["next"]) for s in scored["steps"]] == PAIRS
    (seqkit.folder / "own.txt").write_text("hello\nhe\n")
    own = seqkit("eval", "gru", "--file", "own.txt").stdout.splitlines()
    assert [line.split()[:5] for line in own[-5:]] == [
        *(["hello", str(i), a, b, b] for i, (a, b) in enumerate(PAIRS, start=1)),
        ["he", "1", "h", "e", "e"],
    ]


def test_the_best_of_each_step(seqkit: Seqkit, lessons: dict[str, Any]) -> None:
    said = seqkit("predict", "lstm", "he", "--top", "2").stdout.rstrip("\n").split("\t")
    assert said[0] == "el"
    assert [part.split(":")[0] for part in said[1:]] == ["h", "e"]
    row = json.loads(seqkit("predict", "lstm", "hell", "--json", "--top", "4").stdout)
    assert row["text"] == "ello"
    assert all(sum(s["next"].values()) == pytest.approx(1) for s in row["steps"])
    (rows,) = tables(lessons["lstm"]["lesson"]["after"], "Probabilities")
    first = dict(zip("helo", rows[0][2:6], strict=True))
    assert row["steps"][0]["next"] == pytest.approx(first, rel=1e-6)


@pytest.mark.parametrize(
    ("words", "given", "answer"),
    [
        (["word=안녕하세요"], "안녕하세", "녕하세요"),
        (["word=안녕하세요", "tokenizer=jamo", "hidden=8"], "안녕하세", "ㅏㄴ녕하세ㅇ"),
        (["word=한 글 한글", "hidden=6", "tokenizer=syllable"], "한 글 한", " 글 한글"),
        (["word=mississippi", "hidden=8"], "mississipp", "ississippi"),
    ],
)
def test_other_words(words: list[str], given: str, answer: str) -> None:
    job = taught(*words)
    assert job.evaluate("test")["accuracy"] == 1
    assert job.example == given
    (said,) = job.pupil.predict([given])
    assert said.text == answer
    assert str(job.lesson(trained=True)[-1]).endswith(f"it writes: {job.word}")


def taught(*words: str) -> Lesson:
    """A lesson after 200 steps of Adam, without a run."""
    import torch

    recipe = find("hello")
    job = recipe.build(recipe.settings(words))
    assert isinstance(job, Lesson)
    optimizer = torch.optim.Adam(job.model.parameters(), 0.05)
    for number in range(10):
        for batch in job.batches.epoch(number):
            optimizer.zero_grad()
            torch.autograd.backward(job.loss(batch))
            optimizer.step()
    return job


def test_a_jamo_that_closes_a_syllable_is_told_from_one_that_opens_it() -> None:
    recipe = find("hello")
    job = recipe.build(recipe.settings(["word=은행", "tokenizer=jamo"]))
    assert isinstance(job, Lesson)
    table = next(p for p in job.lesson(trained=False) if isinstance(p, Table) and p.decimals)
    assert table.columns == ["step", "reads", "ㅇ", "ㅡ", "-ㄴ", "ㅎ", "ㅐ", "-ㅇ"]


def test_guessing_alike_and_a_word_not_yet_learnt() -> None:
    recipe = find("hello")
    job = recipe.build(recipe.settings(["word=abracadabra"]))
    assert isinstance(job, Lesson)
    job.model.output.weight.data.zero_()
    job.model.output.bias.data.zero_()
    (last,) = [p for p in job.lesson(trained=False) if isinstance(p, str) and "Mean" in p]
    assert f"Mean loss {math.log(5):.3f}" in last
    assert last.endswith(f"costs ln 5 = {math.log(5):.3f}.")
    said = [p for p in job.lesson(trained=True) if isinstance(p, str)]
    assert "More units (hidden=8) or more epochs may help." in said[0]
    assert not any("so other answers" in p for p in said)


def test_resuming_teaches_the_same(seqkit: Seqkit) -> None:
    whole = json.loads(
        seqkit("train", "hello", "epochs=3", "--out", "whole", "--json", "-q").stdout
    )
    seqkit("train", "hello", "epochs=1", "--out", "parts", "-q")
    parts = seqkit("train", "--resume", "parts", "epochs=3", "--json", "-q").stdout
    assert json.loads(parts)["lesson"] == whole["lesson"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["word=o"], "word='o' is too short: from each character the next is learnt"),
        (["word="], "is too short"),
        (["word=aaaa"], "has one character only, over and over"),
        ([f"word={'ab' * 40}"], "is too long"),
        (["word=가", "tokenizer=syllable"], "is too short"),
        (["cell=lstn"], "Did you mean 'lstm'?"),
        (["hidden=0"], "greater than or equal to 1"),
        (["tokenizer=word"], "tokenizer"),
    ],
)
def test_what_is_no_lesson(seqkit: Seqkit, words: list[str], message: str) -> None:
    ran = seqkit("train", "hello", *words, ok=False)
    assert message in ran.stderr
    assert ran.stderr.count("\n") == 1
    assert ran.stdout == ""


def test_a_syllable_has_jamo_enough() -> None:
    recipe = find("hello")
    job = recipe.build(recipe.settings(["word=가", "tokenizer=jamo"]))
    assert isinstance(job, Lesson)
    assert job.batches.window.tokens == 1


def test_what_it_cannot_answer(seqkit: Seqkit, lessons: dict[str, Any], tmp_path: Path) -> None:
    said = seqkit("predict", "rnn", "heLl", ok=False).stderr
    assert "'L', character 3 of 'heLl', is not one that this run has learnt: h e l o." in said
    assert said.count("\n") == 1
    short = tmp_path / "short.txt"
    short.write_text("h\n")
    said = seqkit("eval", "rnn", "--file", str(short), ok=False).stderr
    assert "a text needs two characters or more" in said
    said = seqkit("eval", "rnn", "--split", "tets", ok=False).stderr
    assert "Did you mean 'test'?" in said
    shutil.copytree(seqkit.folder / "rnn", tmp_path / "run")
    shutil.copy(seqkit.folder / "gru" / "model.safetensors", tmp_path / "run")
    with pytest.raises(SeqkitError, match="does not fit this model"):
        load(tmp_path / "run")
