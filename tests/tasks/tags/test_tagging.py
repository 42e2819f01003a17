"""Tagging jobs from a corpus to a run and its answers."""

import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from seqkit.corpus import Corpus, load
from seqkit.data.ragged import Ragged
from seqkit.data.tagged import UNSEEN, TaggedRows
from seqkit.errors import SeqkitError
from seqkit.models.tagger import TaggerSettings
from seqkit.nn.embedding import EmbeddingSettings
from seqkit.nn.recurrent import EncoderSettings
from seqkit.nn.word_encoder import WordEncoderSettings
from seqkit.predict import load as load_run
from seqkit.tasks.tags.tagged_text import TaggedText
from seqkit.tasks.tags.tagging import Tagging, TaggingSettings
from seqkit.tasks.tags.text_tagger import TextTagger, WordForm
from seqkit.train.loop import Trainer
from seqkit.train.optimizers import OptimizerSettings
from seqkit.train.run import Run
from seqkit.train.settings import TrainSettings

KINDS = {"dog": "ANIMAL", "cat": "ANIMAL", "oak": "PLANT", "Rose": "PLANT", "Paris": "PLACE"}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQKIT_CACHE", str(tmp_path / "cache"))


def lines(number: int, seed: int = 0) -> str:
    """Sentences of words with two columns: a class; and a span of a city's name, of two words."""
    random, text = np.random.default_rng(seed), ""
    for _ in range(number):
        for word in random.choice(list(KINDS), random.integers(1, 6)).tolist():
            if word == "Paris":
                text += "New PLACE B-CITY\nParis PLACE I-CITY\n"
            else:
                text += f"{word} {KINDS[word]} O\n"
        text += "\n"
    return text


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "mine"
    path.mkdir()
    for seed, split in enumerate(("train", "dev", "test")):
        (path / f"{split}.conll").write_text(lines(60 if split == "train" else 15, seed))
    return path


def settings(**chosen: Any) -> TaggingSettings:
    tagger = {
        "embedding": EmbeddingSettings(size=6),
        "word_encoder": WordEncoderSettings(reader="lstm", unit_size=4, features=6, pieces=(2,)),
        "encoder": EncoderSettings(hidden=8),
        **chosen.pop("tagger", {}),
    }
    optimizer = OptimizerSettings(optimizer="lazy_adam", lr=0.02)
    train = {"epochs": 4, "batch_size": 8, "optimizer": optimizer, **chosen.pop("train", {})}
    return TaggingSettings(
        tagger=TaggerSettings(**tagger),
        train=TrainSettings(**train),
        **chosen,
    )


def trained(corpus: Corpus, out: Path, **chosen: Any) -> tuple[Tagging, dict[str, Any]]:
    """A job, and what its run says of the splits."""
    torch.manual_seed(0)
    job = Tagging(settings(**chosen), corpus)
    job.recipe = "tagging"
    return job, Trainer(job, job.settings.train, Run.create(out)).fit()


@pytest.mark.parametrize(
    ("options", "output", "figure", "least"),
    [
        ({"tag": "2"}, "linear", "accuracy", 0.95),
        ({"tag": "3"}, "crf", "f1", 0.95),
        ({"tag": "3", "beside": "2"}, "crf", "beside_accuracy", 0.6),  # the first one chooses
    ],
)
def test_it_learns_what_a_file_shows(
    folder: Path, tmp_path: Path, options: dict[str, str], output: str, figure: str, least: float
) -> None:
    corpus = load("tagged", options, path=str(folder))
    chosen = {"tagger": {"output": output}, "train": {"epochs": 8}}
    job, scores = trained(corpus, tmp_path / "run", **chosen)
    assert job.monitor == ("f1" if options["tag"] == "3" else "accuracy")
    assert scores["test"][figure] > least
    assert scores["test"]["accuracy"] > 0.95


def test_sentences_that_no_spans_make_are_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    good = "New B-LOC\nYork I-LOC\ncalls O\n\nit O\nis O\nParis B-LOC\n\n" * 3
    file = tmp_path / "spans.conll"
    for text, ruled in ((good, True), (good + "Zed I-PER\nruns O\n\nZoe B-PER\n", False)):
        file.write_text(text)
        caplog.clear()
        corpus = load("tagged", {"test_fraction": 0}, path=str(file))
        job = Tagging(settings(validation=0.0, tagger={"output": "crf"}), corpus)
        assert job.model.crf is not None
        assert bool(job.model.crf.forbidden.any()) == ruled
        assert ("only spans are answered" in job.card({})) == ruled
        if not ruled:
            assert "1 of 8 training sentences have tags that no spans make" in caplog.text
            assert "Zed/I-PER runs/O" in caplog.text
            caplog.clear()
            Tagging(settings(validation=0.0), corpus)  # where nothing would be constrained
            assert not caplog.text


@pytest.fixture
def run(folder: Path, tmp_path: Path) -> Path:
    corpus = load("tagged", {"tag": "3", "beside": "2"}, path=str(folder))
    trained(corpus, tmp_path / "run", tagger={"output": "crf"}, train={"epochs": 2})
    return tmp_path / "run"


def opened(run: Path) -> TextTagger:
    answerer = load_run(run)
    assert isinstance(answerer, TextTagger)
    return answerer


def test_a_run_answers_as_its_job_did(run: Path, folder: Path) -> None:
    tagger = opened(run)
    corpus = load("tagged", {"tag": "3", "beside": "2"}, path=str(folder))
    by_split = tagger.score(corpus, "test", TaggingSettings()).as_dict()
    by_file = tagger.score_file(folder / "test.conll", {}).as_dict()
    assert by_split == by_file
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert by_split["loss"] == pytest.approx(rows[-1]["test"]["loss"], rel=1e-4)
    assert by_split["f1"] == rows[-1]["test"]["f1"]
    other = tagger.score_file(folder / "test.conll", {"beside": ""})
    assert other.beside_accuracy is None
    with pytest.raises(SeqkitError, match="Did you mean"):
        tagger.score(corpus, "tset", TaggingSettings())


def alike(one: TaggedText, other: TaggedText) -> None:
    assert [t.tag for t in one.tokens] == [t.tag for t in other.tokens]
    assert one.likely.tolist() == other.likely.tolist()
    np.testing.assert_allclose(one.probabilities, other.probabilities, atol=1e-6)


def test_neither_order_nor_company_changes_an_answer(run: Path) -> None:
    tagger = opened(run)
    texts = ["dog, cat!", "", "New Paris", "zebra 🙂", "  ", "oak " * 300]
    together = tagger.predict(texts)
    assert [len(a.tokens) for a in together] == [4, 0, 2, 2, 0, 300]
    for text, answer in zip(texts, together, strict=True):
        alike(tagger.predict([text])[0], answer)
        assert all(text[t.start : t.end] == t.text for t in answer.tokens)
    for one, other in zip(tagger.stream(texts, at_once=2), together, strict=True):
        alike(one, other)
    with pytest.raises(TypeError, match=r"predict\(\[text\]\)"):
        tagger.predict("dog")


def test_words_that_are_cut_already(run: Path, tmp_path: Path) -> None:
    tagger = opened(run)
    (cut,) = tagger.predict(["New\tParis\t\tdon't stop"])
    assert [(t.text, t.start, t.end) for t in cut.tokens] == [
        *(("New", 0, 3), ("Paris", 4, 9), ("don't stop", 11, 21))
    ]
    (same,) = tagger.tag([["New", "Paris", "don't stop"]])
    alike(same, cut)
    file = tmp_path / "words.conll"
    file.write_text("New\nParis\n\noak\n")
    answers = list(tagger.answer_file(file))
    assert [[t.text for t in a.tokens] for a in answers] == [["New", "Paris"], ["oak"]]
    plain = tmp_path / "words.txt"
    plain.write_text("New Paris\n\noak\n")
    assert [len(a.tokens) for a in tagger.answer_file(plain)] == [2, 0, 1]
    reading, writing = os.pipe()  # which can be read but once
    with os.fdopen(writing, "w") as pipe:
        pipe.write("the cat\n" * 3000)
    assert sum(1 for _ in tagger.answer_file(Path(f"/dev/fd/{reading}"))) == 3000
    os.close(reading)
    treebank = tmp_path / "words.conllu"
    treebank.write_text("1\tNew" + "\t_" * 8 + "\n2\tParis" + "\t_" * 8 + "\n")
    alike(next(iter(tagger.answer_file(treebank))), answers[0])


def test_how_an_answer_is_shown(run: Path) -> None:
    (answer,) = opened(run).predict(["New Paris, oak"])
    shown = answer.line(1).split("\n")
    assert [line.split("\t")[0] for line in shown] == ["New", "Paris", ",", "oak", ""]
    assert all(len(line.split("\t")) == 3 for line in shown[:-1])  # and its second tag
    two = answer.line(2).split("\n")[0].split("\t")
    assert len(two) == 5
    row = answer.row(2)
    assert set(row) == {"words", "tags", "offsets", "probabilities", "beside", "spans"}
    assert row["offsets"][1] == [4, 9]
    for tag, likely in zip(row["tags"], row["probabilities"], strict=True):
        assert len(likely) == 2
        assert list(likely.values()) == sorted(likely.values(), reverse=True)
        assert tag in answer.tags
    whole = answer.probabilities.sum(axis=1)
    np.testing.assert_allclose(whole, np.ones(4), atol=1e-5)
    json.dumps(row)


def test_the_loss_is_of_the_words_that_have_one() -> None:
    tags = np.array([0, UNSEEN, 1, 0, 1], np.int32)
    rows = TaggedRows(Ragged.from_rows([[1, 2], [3, 4, 5]]), None, tags)  # type: ignore[arg-type]
    for crf, words in ((None, 4), (object(), 3)):  # a CRF has none of a row with an unseen tag
        tagger: Any = SimpleNamespace(model=SimpleNamespace(crf=crf))
        assert TextTagger._scored(tagger, rows) == words


def test_tags_that_training_had_not(run: Path, tmp_path: Path) -> None:
    tagger, file = opened(run), tmp_path / "other.conll"
    file.write_text("dog ANIMAL O\nRio PLACE S-CITY\n\ncat CAT O\n")
    found = tagger.score_file(file, {})
    assert found.unseen_tags == 1
    assert np.isfinite(found.loss)
    assert found.accuracy <= 2 / 3
    with pytest.raises(SeqkitError, match=r"other.conll has tags .* 'ANIMAL'.*tag=xpos"):
        tagger.score_file(file, {"tag": "2"})
    with pytest.raises(SeqkitError, match=r"there is no file at .*none.conll"):
        tagger.score_file(tmp_path / "none.conll", {})
    with pytest.raises(SeqkitError, match=r"unknown setting 'tga'.*seqkit data show tagged"):
        tagger.score_file(file, {"tga": "2"})


def test_second_tags_that_are_read(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The first column's word says nothing here: only what stands beside it does."""
    random = np.random.default_rng(0)
    for split in ("train", "dev", "test"):
        rows = (f"word {pos} {pos.lower()}\n" for pos in random.choice(["A", "B"], 200))
        text = "".join(row + "\n" * (i % 4 == 3) for i, row in enumerate(rows))
        (folder / f"{split}.conll").write_text(text)
    corpus = load("tagged", {"beside": "2"}, path=str(folder))
    _, scores = trained(corpus, tmp_path / "run", tagger={"beside": "input"})
    assert scores["test"]["accuracy"] == 1.0
    assert "beside_accuracy" not in scores["test"]
    tagger = opened(tmp_path / "run")
    assert len(tagger.predict(["word A\tword B"])) == 1
    assert caplog.text == ""
    answers = tagger.predict(["word A\tword B", "word B\tword B", "word word"])
    assert "reads a tag of each word (as A, B), and there are words without" in caplog.text
    assert len(caplog.records) == 1
    assert [[t.tag for t in a.tokens] for a in answers[:2]] == [["a", "b"], ["b", "b"]]
    assert answers[2].probabilities.max() < 0.95  # nothing is known of it
    file = folder / "test.conll"
    given = [[t.tag for t in a.tokens] for a in tagger.answer_file(file)]
    expected = [[t.tag for t in e.tokens] for e in corpus.examples("test")]
    assert given == expected
    assert tagger.score_file(file, {}).accuracy == 1.0


def test_a_resumed_run_ends_with_the_same_bits(folder: Path, tmp_path: Path) -> None:
    corpus = load("tagged", {"tag": "2"}, path=str(folder))
    trained(corpus, tmp_path / "whole", train={"epochs": 3, "average": 0.9})
    trained(corpus, tmp_path / "parts", train={"epochs": 1, "average": 0.9})
    longer = Tagging(settings(train={"epochs": 3, "average": 0.9}), corpus)
    torch.manual_seed(123)
    Trainer(longer, longer.settings.train, Run.open(tmp_path / "parts")).fit()
    whole, parts = (
        Run.open(tmp_path / name).model_file.read_bytes() for name in ("whole", "parts")
    )
    assert whole == parts


def test_the_form_in_which_words_are_looked_up() -> None:
    assert WordForm().of("In-1984ß") == "in-0000ß"
    assert WordForm(lower=False).of("Mr7") == "Mr0"
    assert WordForm(zero_digits=False).of("Mr7") == "mr7"


def test_a_corpus_without_tags_is_refused() -> None:
    with pytest.raises(SeqkitError, match=r"village has Pair examples.*data.kind=tags"):
        Tagging(settings(), load("village", {"kind": "pair", "n": 40}))


def test_one_tag_is_nothing_to_learn(tmp_path: Path) -> None:
    file = tmp_path / "one.conll"
    file.write_text("a X\n\nb X\n\nc X\n" * 10)
    with pytest.raises(SeqkitError, match=r"every word of .* has the tag 'X': choose another"):
        Tagging(settings(), load(str(file)))


def test_a_vectors_file_is_where_words_start(folder: Path, tmp_path: Path) -> None:
    vectors = tmp_path / "w.vec"
    vectors.write_text("dog 1 2 3 4 5 6\nnew 6 5 4 3 2 1\n")
    embedding = EmbeddingSettings(size=6, vectors=str(vectors))
    corpus = load("tagged", {"tag": "2"}, path=str(folder))
    job = Tagging(settings(tagger={"embedding": embedding}), corpus)
    job.start()
    assert job.model.embedding.table is not None
    (row,) = job.tagger.vocabulary.ids(["dog"])
    assert job.model.embedding.table.weight[row].tolist() == [1, 2, 3, 4, 5, 6]
    assert "w.vec" in job.summary
    vectors.write_text("nothing 1 2 3 4 5 6\n")
    with pytest.raises(SeqkitError, match="has a vector for none of the"):
        job.start()
