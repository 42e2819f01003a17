"""A namer from the command line and as a library: names of a category, and back."""

import json
import math
import shutil
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from command_line import Seqkit

import seqkit as library
from seqkit.corpora.labelled import rows
from seqkit.corpus import Labelled, load
from seqkit.errors import SeqkitError
from seqkit.recipe import find
from seqkit.tasks.names.answers import Name, Written
from seqkit.tasks.names.name_scores import ceiling, posterior, told
from seqkit.tasks.names.name_writer import NameWriter

KOREAN = [a + b for a in ("김", "박", "윤", "최") for b in ("민수", "서연", "지우", "하늘", "가람")]
LATIN = [a + b for a in ("Ro", "Mi", "Ta", "Zé") for b in ("berto", "lano", "nia", "ssi", "vera")]
SMALL = ["corpus=mine.tsv", "epochs=25", "hidden=24", "embedding.size=8", "category=6", "lr=0.01"]


@pytest.fixture(scope="module")
def seqkit(tmp_path_factory: pytest.TempPathFactory) -> Seqkit:
    made = Seqkit(tmp_path_factory.mktemp("names"))
    found = [f"{name}\tKorean" for name in KOREAN] + [f"{name}\tItalian" for name in LATIN]
    lines = ["name\tlanguage", *found, "김민수\tItalian"]
    (made.folder / "mine.tsv").write_text("\n".join(lines), encoding="utf-8")
    columns = ["data.text=name", "data.label=language", "batch_size=8", "evaluation.drawn=40"]
    said = made("train", "names", *SMALL, *columns, "--out", "run", "-q").stdout
    assert 'now: seqkit predict run "Italian"; seqkit eval run' in said
    return made


@pytest.fixture(scope="module")
def writer(seqkit: Seqkit) -> NameWriter:
    loaded = library.load(seqkit.folder / "run")
    assert isinstance(loaded, NameWriter)
    return loaded


def test_decomposed_names_are_composed_once(tmp_path: Path) -> None:
    file = tmp_path / "mac.tsv"
    lines = [f"{name}\t{'ko' if name in KOREAN else 'it'}" for name in [*KOREAN, *LATIN]]
    file.write_text(unicodedata.normalize("NFD", "name\tlanguage\n" + "\n".join(lines)), "utf-8")
    found = find("names")
    words = [f"corpus={file}", "data.text=name", "data.label=language", "validation=0.2"]
    job = found.build(found.settings([*words, "hidden=8", "embedding.size=8"]))
    assert "(0.0% unknown)" in job.summary
    assert all(unicodedata.is_normalized("NFC", name) for name in job.names)


def test_names_of_a_category_are_written_best_first(seqkit: Seqkit) -> None:
    said = seqkit("predict", "run", "Korean", "italian ").stdout.splitlines()
    korean, italian = (line.split("\t") for line in said)
    assert len(korean) == len(set(korean)) == 5
    assert all("가" <= c <= "힣" for name in korean for c in name)
    assert all(name.isalpha() and name[0] < "가" for name in italian)
    answers = seqkit("predict", "run", "Korean", "--top", "3", "--json").stdout
    row = json.loads(answers)
    assert row["category"] == "Korean"
    assert [name["text"] for name in row["names"]] == korean[:3]
    shares = [name["log_probability"] for name in row["names"]]
    assert shares == sorted(shares, reverse=True)


def test_what_is_said_of_a_name_is_its_probability(writer: NameWriter) -> None:
    (written,) = writer.with_options({"top": 4, "beam": 50}).write(["Korean"])
    encoded = writer.encode([name.text for name in written.names])
    nats = writer.nats(encoded.rows)[:, writer.categories.index("Korean")]
    assert [-n.log_probability for n in written.names] == pytest.approx(nats.tolist(), rel=1e-4)


def test_drawing_is_by_seed_and_category_alone(seqkit: Seqkit) -> None:
    drawn = ["--temperature", "1", "--seed", "3", "--top", "8"]
    said = seqkit("predict", "run", "Italian", "Korean", *drawn).stdout.splitlines()
    assert seqkit("predict", "run", "Korean", *drawn).stdout.splitlines() == said[1:]
    other = seqkit("predict", "run", "Korean", *drawn[:3], "4", *drawn[4:]).stdout.splitlines()
    assert other != said[1:]


def test_names_are_read_backwards(seqkit: Seqkit, writer: NameWriter) -> None:
    asked = ["최서연", "Milano", "", "Ze\u0301berto", "x" * 500]
    said = seqkit("predict", "run", "--classify", *asked).stdout.splitlines()
    assert [line.split("\t")[0] for line in said[:2]] == ["Korean", "Italian"]
    assert len(said) == 5
    assert said[3].split("\t")[0] == "Italian"
    told_ = writer.with_options({"classify": True}).predict(asked)
    assert [told.line(1) for told in told_] == said
    for answer in told_:
        assert sum(answer.probabilities.values()) == pytest.approx(1)
    composed = writer.with_options({"classify": True}).predict(["Zéberto"])
    assert composed[0].probabilities == pytest.approx(told_[3].probabilities, rel=1e-3)
    (row,) = seqkit("predict", "run", "--classify", "Milano", "--json").stdout.splitlines()
    assert set(json.loads(row)["probabilities"]) == {"Italian"}


def test_scores_are_those_of_the_formulas(seqkit: Seqkit, writer: NameWriter) -> None:
    own = ["--file", "mine.tsv", "text=name", "label=language"]
    said = json.loads(seqkit("eval", "run", *own, "--json").stdout)
    found = list(rows(seqkit.folder / "mine.tsv", {"text": "name", "label": "language"}))
    nats, right, prior = 0.0, 0, writer.prior
    for row in found:
        every = writer.nats(writer.encode([row.text]).rows)[0]
        true = writer.categories.index(row.labels[0])
        nats += every[true]
        right += int(np.argmax(np.log(prior) - every)) == true
    characters = sum(len(row.text) + 1 for row in found)
    assert said["accuracy"] == pytest.approx(right / len(found))
    assert said["bits_per_character"] == pytest.approx(nats / characters / math.log(2), rel=1e-4)
    assert said["perplexity"] == pytest.approx(math.exp(nats / characters), rel=1e-4)
    assert said["ceiling"] == pytest.approx(40 / 41)  # one name is of two categories
    assert "new" not in said or said["new"] is None
    shown = seqkit("eval", "run").stdout
    assert "best possible accuracy" in shown
    assert "new" in shown


def test_the_categories_of_a_posterior_by_hand() -> None:
    nats = -np.log(np.array([[0.5, 0.25], [0.1, 0.4]]))
    shares = posterior(nats, np.array([0.25, 0.75]))
    assert shares == pytest.approx(np.array([[0.4, 0.6], [1 / 13, 12 / 13]]))
    report = told(nats, np.array([0.25, 0.75]), np.array([0, 1]), ["a", "b"])
    assert report.accuracy == 0.5
    assert report.loss == pytest.approx(-(math.log(0.4) + math.log(12 / 13)) / 2)


def test_who_knows_all_names_tells_the_commonest_category() -> None:
    pairs = [("Kim", "Korean")] * 3 + [("Kim", "Russian"), ("Lee", "Korean"), ("Lee", "English")]
    assert ceiling([Labelled(name, (label,)) for name, label in pairs]) == pytest.approx(4 / 6)


def test_what_is_drawn_has_no_unknown_unit_and_new_is_of_train(writer: NameWriter) -> None:
    drawn = writer.drawn(30)
    assert len(drawn) == 30
    assert not any("<" in name for name in drawn)
    examples = [Labelled("Milano", ("Italian",))]
    assert writer.scores_of(examples, "here", set(writer.drawn(40))).new == 0
    assert writer.scores_of(examples, "here", {"nothing"}).new == 1
    assert writer.scores_of(examples, "here").new is None


def test_some_names_may_stand_for_all_when_read_backwards(
    seqkit: Seqkit, writer: NameWriter
) -> None:
    found = list(rows(seqkit.folder / "mine.tsv", {"text": "name", "label": "language"}))
    whole, some = (writer.scores_of(found, "here", read_back=n) for n in (0, 10))
    assert (whole.rows, whole.report.rows, some.rows, some.report.rows) == (41, 41, 41, 10)
    assert some.scores["perplexity"] == whole.scores["perplexity"]
    spread = [found[41 * i // 10] for i in range(10)]
    assert some.scores["accuracy"] == writer.scores_of(spread, "here").scores["accuracy"]


def test_evaluation_is_the_same_from_the_run(seqkit: Seqkit) -> None:
    final = (seqkit.folder / "run" / "metrics.jsonl").read_text().splitlines()[-1]
    saved = json.loads(final)
    for split in ("validation", "test"):
        scored = json.loads(seqkit("eval", "run", "--split", split, "--json").stdout)
        for name, value in saved[split].items():
            assert scored[name] == pytest.approx(value, rel=1e-4), (split, name)
    uniform = json.loads(seqkit("eval", "run", "evaluation.prior=uniform", "--json").stdout)
    assert uniform["perplexity"] == pytest.approx(saved["test"]["perplexity"], rel=1e-4)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["predict", "run", "Korea"], "unknown category 'Korea'. Did you mean 'Korean'? Known: It"),
        (["predict", "run", ""], "unknown category ''. Known: Italian, Korean."),
        (["predict", "run", "Korean", "--top-k", "3"], "set a temperature"),
        (["predict", "run", "Korean", "--beam", "2"], "5 answers need a beam of as many"),
        (["predict", "run", "Korean", "--unfinished"], "--unfinished means nothing to a run"),
        (
            ["eval", "run", "--file", "odd.tsv"],
            "unknown category 'Kroean' in row 1 of odd.tsv. Did",
        ),
        (["eval", "run", "--split", "tset"], "Did you mean 'test'?"),
        (["train", "names", "corpus=village", "data.kind=text"], "village has Text examples, and"),
        (["train", "names", "attention=dot"], "with nothing to attend: use attention=none"),
        (["train", "names", "tokenizer=kiwi"], "tokenizer"),
        (["train", "names", "embedding.vectors=a.vec"], "a name is spelt: leave embedding.vectors"),
    ],
)
def test_mistakes_get_one_line(seqkit: Seqkit, words: list[str], message: str) -> None:
    (seqkit.folder / "odd.tsv").write_text("text\tlabel\nKim\tKroean\n")
    ran = seqkit(*words, ok=False)
    assert message in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_several_labels_are_refused(seqkit: Seqkit) -> None:
    (seqkit.folder / "several.tsv").write_text("text\tlabel\nKim\ta;b\nLee\ta\nYun\tb;a\n")
    words = ["corpus=several.tsv", "data.separator=;", "data.test_fraction=0"]
    ran = seqkit("train", "names", *words, ok=False)
    assert "several.tsv has multi-label examples" in ran.stderr


def test_a_part_of_another_run_is_named(seqkit: Seqkit, tmp_path: Path) -> None:
    shutil.copytree(seqkit.folder / "run", tmp_path / "run")
    (tmp_path / "run" / "labels.json").write_text('["a"]')
    with pytest.raises(SeqkitError, match=r"labels.json is not of a namer's run"):
        library.load(tmp_path / "run")


def test_jamo_names_are_written_in_syllables() -> None:
    recipe = find("names")
    words = ["corpus=village", "data.language=ko", "data.n=60", "tokenizer=jamo", "min_count=1"]
    job = recipe.build(recipe.settings([*words, "hidden=4"]))
    text = next(load("village", {"language": "ko", "n": 60}).examples("train")).text
    writer = job.writer
    encoded = writer.encode([text])
    assert len(encoded.rows.values) > len(text) + 1  # several jamo a syllable
    assert encoded.characters == len(text) + 1
    assert writer._joiner.join(encoded.rows.values.tolist()) == text
    assert Written("", (Name("가\u1102", -1.0, True),)).line(1) == "가ㄴ"  # printed as a letter
