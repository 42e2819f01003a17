"""Captions at the command line: train on digits, describe picture files, look at the data."""

import json

import numpy as np
import pytest
from command_line import Seqkit

Image = pytest.importorskip("PIL.Image", reason="needs Pillow (seqkit-nlp[images])")
pytest.importorskip("sklearn", reason="needs scikit-learn (seqkit-nlp[images])")

TINY = ["data.language=en", "data.n=4", "channels=2", "image.features=4", "hidden=4", "epochs=1"]
WAYS = ["decoder.embedding.size=4", "attention=general", "evaluation.beam=1", "-q"]


@pytest.fixture(scope="module")
def seqkit(tmp_path_factory: pytest.TempPathFactory) -> Seqkit:
    made = Seqkit(tmp_path_factory.mktemp("cli"))
    said = made("train", "captions", *TINY, *WAYS, "--out", "run").stdout
    assert "now: seqkit predict run picture.png; seqkit eval run" in said
    strokes = np.full((20, 20), 255, dtype=np.uint8)
    strokes[3:17, 9:11] = 0
    Image.fromarray(strokes).save(made.folder / "one.png")
    (made.folder / "text.png").write_text("no picture")
    return made


def test_pictures_are_described_a_line_each(seqkit: Seqkit) -> None:
    words = ["one.png", "none.png", "text.png", "one.png"]
    lines = seqkit("predict", "run", *words).stdout.splitlines()
    assert len(lines) == 4
    assert lines[0] == lines[3]
    assert lines[1] == "error: cannot read none.png: No such file or directory."
    assert lines[2] == "error: text.png is not a picture: give a PNG, JPEG or the like."
    piped = seqkit("predict", "run", given="\n".join(words).encode()).stdout
    assert piped.splitlines() == lines
    (whole,) = seqkit("predict", "run", "--file", "one.png").stdout.splitlines()
    assert whole == lines[0]
    several = seqkit("predict", "run", "one.png", "--top", "3").stdout.strip("\n").split("\t")
    assert len(several) == 6
    rows = [json.loads(r) for r in seqkit("predict", "run", *words, "--json").stdout.splitlines()]
    assert [sorted(row) for row in rows] == [
        ["captions", "picture"],
        ["error", "picture"],
        ["error", "picture"],
        ["captions", "picture"],
    ]
    assert set(rows[0]["captions"][0]) == {"text", "probability", "looked_at"}


def test_scores_and_what_was_mistaken(seqkit: Seqkit) -> None:
    shown = seqkit("eval", "run", "--split", "validation").stdout
    for word in ("exact", "chrf", "perplexity", "true", "written", "times"):
        assert word in shown
    scored = json.loads(seqkit("eval", "run", "--split", "validation", "--json").stdout)
    assert scored["rows"] == 128
    assert sum(row["count"] for row in scored["mistaken"]) == round(128 * (1 - scored["exact"]))


def test_the_data_are_shown(seqkit: Seqkit) -> None:
    head = seqkit("data", "head", "digits", "language=ko", "-n", "1").stdout.splitlines()
    assert head[0].split() == ["name", "shape", "values", "captions"]
    assert "8, 8, 1" in head[1]
    assert "숫자 영, 짝수, 제곱수" in head[1]
    facts = json.loads(seqkit("data", "show", "digits", "language=en", "--json").stdout)
    assert [row["rows"] for row in facts["splits"]] == [1287, 128, 382]
    assert facts["lengths"][1]["max"] == 5
