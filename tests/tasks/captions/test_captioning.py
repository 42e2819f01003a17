"""Captions from the data to the answer: a tiny set learnt, streams with faults, scores by hand."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from seqkit import predict as library
from seqkit.corpus import load
from seqkit.errors import SeqkitError
from seqkit.recipe import Recipe, find
from seqkit.tasks.captions.caption_scores import caption_scores
from seqkit.tasks.captions.caption_writer import CaptionWriter
from seqkit.tasks.captions.captioning import Captioning
from seqkit.train.loop import Trainer
from seqkit.train.run import Run

Image = pytest.importorskip("PIL.Image", reason="needs Pillow (seqkit-nlp[images])")

COLOURS = {"red": (220, 20, 20), "green": (20, 200, 20), "blue": (20, 20, 220)}
TINY = [
    *("data.height=6", "data.width=6", "channels=4", "image.features=16", "image.dropout=0"),
    *("shift=0", "turn=0", "stretch=0", "decoder.embedding.size=8", "hidden=16", "batch_size=8"),
    *("lr=0.02", "evaluation.beam=2"),
]


def recipe() -> Recipe:
    return find("captions")


def job(corpus: Path, *words: str) -> Captioning:
    chosen = recipe().settings([*TINY, f"corpus={corpus}", *words])
    made = recipe().build(chosen)
    assert isinstance(made, Captioning)
    return made


def trained(made: Captioning, folder: Path) -> CaptionWriter:
    Trainer(made, made.settings.train, Run.create(folder)).fit()
    writer = library.load(folder)
    assert isinstance(writer, CaptionWriter)
    return writer


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Squares of three colours, above or below: six captions, each in a few shades."""
    folder = tmp_path_factory.mktemp("pictures")
    draw, lines = np.random.default_rng(0), {"train": [], "test": []}
    for number in range(72):
        name = list(COLOURS)[number % 3]
        place = "above" if number // 3 % 2 else "below"
        pixels = np.full((6, 6, 3), 255, dtype=np.uint8)
        rows = slice(0, 3) if place == "above" else slice(3, 6)
        pixels[rows, 1:5] = np.array(COLOURS[name]) + draw.integers(-20, 21, 3)
        Image.fromarray(pixels).save(folder / f"{number}.png")
        split = "test" if number >= 60 else "train"
        lines[split].append(f"{number}.png\ta {name} square, {place}")
    for split, several in lines.items():
        (folder / f"{split}.tsv").write_text("\n".join(several))
    return folder


@pytest.fixture(scope="module")
def writer(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> CaptionWriter:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEQKIT_CACHE", str(tmp_path_factory.mktemp("cache")))
        made = job(pictures, "epochs=12")
        return trained(made, tmp_path_factory.mktemp("runs") / "run")


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQKIT_CACHE", str(tmp_path / "cache"))


def test_unseen_pictures_are_described(writer: CaptionWriter, pictures: Path) -> None:
    lines = (pictures / "test.tsv").read_text().splitlines()
    paths = [str(pictures / line.split("\t")[0]) for line in lines]
    answers = [answer.line(1) for answer in writer.predict(paths)]
    assert answers == [line.split("\t")[1] for line in lines]
    scores = writer.score_file(pictures, {})
    assert (scores.rows, scores.exact, scores.mistaken) == (12, 1.0, ())
    assert scores.chrf == pytest.approx(100)


def test_every_line_has_an_answer_in_order(writer: CaptionWriter, pictures: Path) -> None:
    broken = pictures / "broken.png"
    broken.write_text("no picture")
    paths = [str(pictures / "61.png"), "none.png", str(broken), "", str(pictures / "62.png")]
    answers = list(writer.stream(paths, at_once=2))
    lines = [answer.line(1) for answer in answers]
    assert lines[0] == "a green square, below"
    assert lines[1] == "error: cannot read none.png: No such file or directory."
    assert lines[2] == f"error: {broken} is not a picture: give a PNG, JPEG or the like."
    assert lines[3] == "error: an empty line names no picture."
    assert lines[4] == "a blue square, below"
    assert set(answers[1].row(1)) == {"picture", "error"}
    assert next(writer.stream(["none.png"])).line(3).startswith("error: ")


def test_several_answers_with_their_probabilities(writer: CaptionWriter, pictures: Path) -> None:
    several = writer.with_options({"top": 6})
    (answer,) = several.predict([str(pictures / "61.png")])
    cells = answer.line(6).split("\t")
    probabilities = [float(cell) for cell in cells[1::2]]
    assert len(cells) == 12
    assert probabilities == sorted(probabilities, reverse=True)
    assert sum(probabilities) <= 1.001
    assert [c["text"] for c in answer.row(2)["captions"]] == cells[:4:2]
    drawn = writer.with_options({"temperature": 1.0, "seed": 3})
    paths = [str(pictures / f"{n}.png") for n in (61, 62)]
    alone = [drawn.predict([path])[0].line(1) for path in paths]
    assert [answer.line(1) for answer in drawn.predict(paths)] == alone
    with pytest.raises(SeqkitError, match="a beam searches and a temperature draws"):
        writer.with_options({"temperature": 1.0, "beam": 4})


def test_a_file_is_a_picture_or_a_list(writer: CaptionWriter, pictures: Path) -> None:
    (one,) = writer.answer_file(pictures / "61.png")
    assert one.line(1) == "a green square, below"
    listed = pictures / "list.txt"
    listed.write_text(f"{pictures / '61.png'}\nnone.png\n")
    assert [a.line(1)[:7] for a in writer.answer_file(listed)] == ["a green", "error: "]


def test_one_path_is_not_a_list_of_characters(writer: CaptionWriter) -> None:
    with pytest.raises(TypeError, match=r"predict\(\[path\]\)"):
        writer.predict("61.png")


def test_attention_is_shown_by_place(pictures: Path, tmp_path: Path) -> None:
    made = job(pictures, "attention=general", "epochs=1", "pool_every=1")
    writer = trained(made, tmp_path / "run")
    (answer,) = writer.predict([str(pictures / "61.png")])
    (caption,) = answer.row(1)["captions"]
    height, width = writer.model.image.positions or (0, 0)
    assert caption["looked_at"]
    assert all(0 <= y < height and 0 <= x < width for y, x in caption["looked_at"])
    json.dumps(answer.row(1))


@pytest.fixture(scope="module")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("vectors") / "own.npz"
    draw = np.random.default_rng(0)
    side = draw.integers(2, size=60)
    features = draw.normal(size=(60, 3)) * 0.1 + np.where(side, 5, -5)[:, None]
    names = np.where(side, "오른쪽", "왼쪽 it is")
    np.savez(path, features=features, captions=names)
    return path


def test_ready_vectors(vectors: Path, tmp_path: Path) -> None:
    writer = trained(job(vectors, "epochs=8"), tmp_path / "run")
    given = ["5 5 5", "-5,-5;-5", "5 5", "5 x 5", "5 5 nan", ""]
    lines = [answer.line(1) for answer in writer.predict(given)]
    assert lines[:2] == ["오른쪽", "왼쪽 it is"]
    assert "has 2 numbers, and a vector of this run 3" in lines[2]
    assert "'5 x 5' holds what is not a number" in lines[3]
    assert "not finite" in lines[4]
    assert "has 0 numbers" in lines[5]
    assert writer.score_file(vectors, {}).exact == 1.0


def test_what_does_not_fit(writer: CaptionWriter, vectors: Path, pictures: Path) -> None:
    with pytest.raises(
        SeqkitError, match="has vectors of 3 features, and the model reads pictures"
    ):
        writer.score_file(vectors, {})
    with pytest.raises(SeqkitError, match="attention=general looks at places of a picture"):
        job(vectors, "attention=general")
    with pytest.raises(SeqkitError, match="nothing to judge early_stopping"):
        job(pictures, "early_stopping=2")
    with pytest.raises(SeqkitError, match="pictures of 6x6 are too small"):
        job(pictures, "channels=4,4,4", "pool_every=1")
    with pytest.raises(SeqkitError, match="village has Labelled examples, and this recipe needs p"):
        Captioning(recipe().settings(TINY), load("village", {"n": 100}))


def test_settings_without_sense_are_refused_before_data_are_read() -> None:
    for words, message in {
        "tokenizer=wrod": "Did you mean 'word'",
        "kernel=0": "greater than or equal to 1",
        "pool=mean": "'max', 'average' or 'none'",
        "bridge=zero repeat=false": "without having seen the input",
        "evaluation.beam=0": "greater than or equal to 1",
    }.items():
        with pytest.raises(SeqkitError, match=message):
            recipe().settings(words.split())


def test_only_the_training_split_is_learnt_from(pictures: Path, tmp_path: Path) -> None:
    for file in pictures.glob("*.tsv"):
        (tmp_path / file.name).write_text(
            "\n".join(f"{pictures}/{line}" for line in file.read_text().splitlines())
        )
    (tmp_path / "test.tsv").write_text(f"{pictures}/60.png\ta purple square, above")
    made, plain = job(tmp_path), job(pictures)
    assert "purple" not in made.writer.vocabulary
    torch.testing.assert_close(made.model.image.mean, plain.model.image.mean)
    assert made.fingerprint == plain.fingerprint
    assert made.report("test").unknown == 1


def test_scheduled_sampling_rises_over_the_whole_training(pictures: Path) -> None:
    made = job(pictures, "epochs=7", "scheduled_sampling=0.5")
    assert made.model.decoder.steps == 7 * len(made.batches)
    batch = next(made.batches.epoch(0))
    made.model.train()
    assert made.model.decoder._share() == 0
    made.loss(batch)
    assert 0 < made.model.decoder._share() < 0.1


def test_captions_that_cannot_be_written_are_counted(pictures: Path) -> None:
    assert job(pictures).unrestored == 0
    cut = job(pictures, "max_length=3")
    assert cut.unrestored == 6
    assert "6 captions that its tokens cannot write" in cut.summary


def test_the_likelihood_is_that_of_every_caption(writer: CaptionWriter, pictures: Path) -> None:
    scores = writer.score_file(pictures, {})
    total = 0.0
    for line in (pictures / "test.tsv").read_text().splitlines():
        path, caption = line.split("\t")
        image = torch.from_numpy(writer.picture(str(pictures / path)))[None]
        ids = [*writer.vocabulary.ids(writer.tokenizer.words(caption)), writer.vocabulary.eos]
        with torch.no_grad():
            state = writer.model.encode(image)
            for before, token in zip([writer.vocabulary.bos, *ids], ids, strict=False):
                logs, state = writer.model.step(torch.tensor([before]), state)
                total -= float(logs[0, token])
    assert scores.scores["loss"] == pytest.approx(total / scores.tokens, rel=1e-3)
    assert scores.scores["perplexity"] == pytest.approx(math.exp(scores.scores["loss"]))


def test_scores_by_hand() -> None:
    from sacrebleu import sentence_chrf

    true: list[list[str]] = [["a cat"], ["a dog", "the  hound"], ["a dog"], ["a dog"]]
    found = caption_scores(
        ["a cat", "the hound", "a cat", "a cat"], true, nats=6.0, tokens=12, unknown=3
    )
    assert found.exact == 0.5
    assert [(c.true, c.predicted, c.count) for c in found.mistaken] == [("a dog", "a cat", 2)]
    assert found.scores["unknown"] == 0.25
    assert found.scores["perplexity"] == pytest.approx(math.exp(0.5))
    assert "nrefs" in found.signature
    assert found.tables()[1].rows == [["a dog", "a cat", 2]]
    (one,) = [caption_scores(["a cog"], [["a dog", "x"]], nats=1, tokens=1, unknown=0)]
    assert one.chrf == pytest.approx(sentence_chrf("a cog", ["a dog", "x"]).score)


@pytest.mark.parametrize(("part", "text"), [("pictures.json", "{}"), ("settings.json", "{}")])
def test_a_part_of_another_kind_is_named(
    pictures: Path, tmp_path: Path, part: str, text: str
) -> None:
    folder = tmp_path / "run"
    trained(job(pictures, "epochs=1"), folder)
    (folder / part).write_text(text)
    with pytest.raises(SeqkitError, match=part):
        library.load(folder)


def test_the_emoji_are_found_where_they_are() -> None:
    from seqkit.corpus import where

    if where("emoji") == "by path":
        pytest.skip("needs the folder emoji_captions in SEQKIT_DATA")
    words = ["corpus=emoji", "data.category=Flags", "channels=4", "pool_every=1", "hidden=8"]
    made: Any = recipe().build(recipe().settings(words))
    assert made.writer.shape == (32, 32, 3)
    assert made.unrestored < 10
