"""``seqkit vectors train`` as a user meets it."""

import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import Seqkit

from seqkit.cli.vectors_corpus import Request, is_data_set
from seqkit.errors import SeqkitError
from seqkit.vectors import WordVectors
from seqkit.vectors.training.start import Start
from seqkit.vectors.word2vec import Report, Word2VecSettings

SETTINGS = ("model", "size", "seed", "epochs", "min_count")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEQKIT_VECTORS", raising=False)
    (tmp_path / "a.txt").write_text("가 나 다\n가 나\n", encoding="utf-8")
    (tmp_path / "b=c.txt").write_text("가 라\n", encoding="utf-8")
    return tmp_path


def test_words_are_taken_apart(folder: Path) -> None:
    words = "village size=10 seed=3 n=500 corpus.seed=7 tokenizer=word tokenizer.lower=true epoch=2"
    words += " device=cuda"
    assert Request.read(words.split(), SETTINGS) == Request(
        sources=["village"],
        settings=["size=10", "seed=3", "epoch=2"],  # a key that neither has is training's to refuse
        tokenizer="word",
        options=["lower=true"],
        corpus=["n=500", "seed=7"],
        device="cuda",
    )


def test_a_file_may_have_an_equals_sign_in_its_name(folder: Path) -> None:
    request = Request.read(["a.txt", "b=c.txt", "size=5"], SETTINGS)
    assert request.sources == ["a.txt", "b=c.txt"]
    assert request.texts("") == ([Path("a.txt"), Path("b=c.txt")], None)


def test_a_data_set_is_cut_by_kiwi_or_by_word_in_english(folder: Path) -> None:
    from seqkit.text.tokenizer import name_of

    texts, tokenizer = Request.read(["village", "n=20"], SETTINGS).texts("train,test")
    assert tokenizer is not None
    assert name_of(tokenizer) == "kiwi"
    assert len(list(texts)) == 18
    rows = "".join(f"가 나 {i},x\n다 {i},y\n" for i in range(5))
    (folder / "t.csv").write_text(f"text,label\n{rows}", encoding="utf-8")
    assert is_data_set("t.csv")
    assert not is_data_set("a.txt")
    assert not is_data_set("-")
    texts, tokenizer = Request.read(["t.csv", "tokenizer=whitespace"], SETTINGS).texts("all")
    assert sorted(texts)[:2] == ["가 나 0", "가 나 1"]
    assert tokenizer is not None


def test_a_tokenizer_that_learns_reads_the_text_first(folder: Path) -> None:
    (folder / "long.txt").write_text("할머니께서 김치를 만드셨습니다\n" * 30, encoding="utf-8")
    words = ["long.txt", "tokenizer=bpe", "tokenizer.size=300"]
    _, tokenizer = Request.read(words, SETTINGS).texts("")
    assert tokenizer is not None
    assert tokenizer.is_trained
    with pytest.raises(SeqkitError, match="standard input is read once"):
        Request.read(["-", "tokenizer=bpe"], SETTINGS).texts("")


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("", "name a text to train on"),
        ("size=5", "name a text to train on"),
        ("gone.txt", r"no file at gone\.txt"),
        ("villag", "neither a file nor a data set. Did you mean 'village'"),
        ("village a.txt", "'village' is a data set: train on it alone"),
        ("- a.txt", "- is standard input: train on it alone"),
        ("a.txt corpus.n=5", "are for a data set, not for a file"),
        ("a.txt tokenizer.lower=true", "'tokenizer.lower=true' of which"),
        ("a.txt tokenizer=wrod", "unknown tokenizer 'wrod'. Did you mean 'word'"),
        ("village corpus.m=5", "unknown setting 'm'"),
    ],
)
def test_what_cannot_be_read_is_refused_before_anything_is(
    folder: Path, words: str, error: str
) -> None:
    with pytest.raises(SeqkitError, match=error):
        Request.read(words.split(), SETTINGS).texts("")


def test_a_split_is_known(folder: Path) -> None:
    with pytest.raises(SeqkitError, match="unknown split 'dev'"):
        Request.read(["village", "n=20"], SETTINGS).texts("dev")
    with pytest.raises(SeqkitError, match="for a data set, not for a file"):
        Request.read(["a.txt"], SETTINGS).texts("test")


@pytest.fixture
def train(folder: Path) -> Seqkit:
    (folder / "text.txt").write_text(
        "왕 이 산다\n여왕 이 산다\n개 가 잔다\n" * 50, encoding="utf-8"
    )
    return Seqkit(folder, "vectors", "train")


TINY = ("size=8", "epochs=2", "min_count=1", "seed=1", "workers=1")


def test_a_file_becomes_vectors_that_the_other_commands_find(train: Seqkit) -> None:
    ran = train("text.txt", *TINY)
    assert ran.stdout.startswith("vectors: 7 words, 8 dimensions; loss ")
    assert "now: seqkit vectors similar" in ran.stdout
    assert [line.split()[1] for line in ran.stderr.splitlines()] == ["1/2", "2/2"]
    ask = Seqkit(train.folder, "vectors")
    assert "여왕" in ask("similar", "왕").stdout
    assert "exists already" in train("text.txt", ok=False).stderr
    assert train("text.txt", *TINY, "--overwrite", "-q").stderr == ""


def test_the_same_text_in_any_shape_gives_the_same_vectors(train: Seqkit) -> None:
    text = (train.folder / "text.txt").read_bytes()
    (train.folder / "text.gz").write_bytes(gzip.compress(text))
    (train.folder / "one.txt").write_bytes(text[: len(text) // 3])
    (train.folder / "two.txt").write_bytes(text[len(text) // 3 :])
    train("text.txt", *TINY, "--out", "a")
    train("text.gz", *TINY, "--out", "b")
    train("-", *TINY, "--out", "c", given=text)
    train("text.txt", *TINY, "tokenizer=whitespace", "--out", "d")
    tensors = [(train.folder / name / "vectors.safetensors").read_bytes() for name in "abcd"]
    assert tensors.count(tensors[0]) == 4
    train("one.txt", "two.txt", *TINY, "--out", "e")
    assert json.loads(Seqkit(train.folder, "vectors")("info", "e", "--json").stdout)["words"] == 7


def test_a_data_set_keeps_its_tokenizer_for_sentences(train: Seqkit) -> None:
    said = json.loads(train("village", "n=200", *TINY, "--out", "v", "--json").stdout)
    assert said["size"] == 8
    assert said["words"] > 100
    assert said["loss"] > 0
    assert (train.folder / "v" / "tokenizer" / "tokenizer.json").is_file()
    (train.folder / "in.txt").write_text("할머니께서 김치를 만드셨습니다.\n", encoding="utf-8")
    ask = Seqkit(train.folder, "vectors", "sentence", "-v", "v", "--weighting", "mean")
    assert "할머니께서" in ask("할머니가", "--in", "in.txt").stdout  # 할머니 + 가, as kiwi has it


@pytest.mark.parametrize("began", [False, True])
def test_ctrl_c_before_all_is_saved_leaves_what_was_there(
    train: Seqkit, monkeypatch: pytest.MonkeyPatch, began: bool
) -> None:
    train("text.txt", *TINY, "tokenizer=word")

    def stopped(*_: object, report: Callable[[Report], None], **__: object) -> None:
        if began:
            report(Report(1, 2, 10, 20, 0.1, 1.0, 0.01))
        raise KeyboardInterrupt

    monkeypatch.setattr("seqkit.vectors.word2vec.train", stopped)
    ran = train("text.txt", *TINY, "--overwrite", ok=False)
    told = "stopped at once: what was learnt since" if began else "stopped before training began"
    assert told in ran.stderr
    assert ran.returncode == 130
    assert (train.folder / "vectors" / "tokenizer").is_dir()  # of the vectors that are there


def test_ctrl_c_while_a_text_is_read_leaves_the_training_before_it(
    train: Seqkit, monkeypatch: pytest.MonkeyPatch
) -> None:
    train("text.txt", *TINY, "tokenizer=word")
    kept = train.folder / "vectors" / "training" / "tokenizer" / "tokenizer.json"
    before = kept.read_text()

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("seqkit.vectors.training.course.encoded", stop)
        ran = train("text.txt", *TINY, "--overwrite", "tokenizer=syllable", ok=False)
    assert "stopped before training began" in ran.stderr
    assert kept.read_text() == before
    train("text.txt", *TINY, "--overwrite", "tokenizer=syllable")
    assert "syllable" in (train.folder / "vectors" / "tokenizer" / "tokenizer.json").read_text()
    train("text.txt", *TINY, "--overwrite")
    assert not kept.exists()
    assert not (train.folder / "vectors" / "tokenizer").exists()


def test_a_run_is_no_place_for_vectors(train: Seqkit) -> None:
    (train.folder / "run").mkdir()
    (train.folder / "run" / "settings.json").write_text("{}")
    said = train("text.txt", *TINY, "--out", "run", "--overwrite", ok=False).stderr
    assert "run is a run, not a folder of word vectors: choose another" in said
    assert [path.name for path in (train.folder / "run").iterdir()] == ["settings.json"]


def test_what_a_resumed_training_would_ignore_is_refused(train: Seqkit) -> None:
    train("text.txt", *TINY, "phrases=1", "--out", "v")
    assert (train.folder / "v" / "phrases.json").is_file()
    for words in (["tokenizer=nosuch"], ["--splits", "all"]):
        said = train("--resume", "--out", "v", *words, ok=False).stderr
        assert "leave out what names others" in said
        assert said.count("\n") == 1
    train("text.txt", *TINY, "--out", "v", "--overwrite")
    assert not (train.folder / "v" / "phrases.json").exists()  # those of the text before


def test_made_up_counts_are_none_to_start_from(train: Seqkit) -> None:
    (train.folder / "glove.txt").write_text(
        "".join(f"{w} {' '.join(['0.1'] * 8)}\n" for w in ("왕", "새", "개")), encoding="utf-8"
    )
    Seqkit(train.folder, "vectors")("convert", "glove.txt", "known")
    start = Start(train.folder / "known", Word2VecSettings(size=8))
    assert start.words == ["왕", "새", "개"]
    assert start.counts.tolist() == [0, 0, 0]  # and not 3, 2, 1
    train("text.txt", "--start", "known", "--out", "more", *TINY)
    counts = WordVectors.load(train.folder / "more").expandos["count"]
    assert sorted(counts.tolist(), reverse=True)[0] == 100


def test_start_learns_new_words(train: Seqkit) -> None:
    train("text.txt", *TINY)
    (train.folder / "more.txt").write_text("고양이 가 잔다\n" * 50, encoding="utf-8")
    train("more.txt", *TINY, "--start", "vectors", "--out", "more")
    info = json.loads(Seqkit(train.folder, "vectors")("info", "more", "--json").stdout)
    assert info["words"] == 8


def test_settings_are_listed_and_a_wrong_one_is_refused_first(train: Seqkit) -> None:
    listed = train("--settings").stdout
    assert "min_count" in listed
    assert "Did you mean 'epochs'?" in train("text.txt", "epoch=3", ok=False).stderr
    ran = train("text.txt", "size=0", ok=False)
    assert ran.returncode == 2
    assert "setting 'size' = '0'" in ran.stderr
    assert not (train.folder / "vectors").exists()
    ran = train("text.txt", "--resume", "--overwrite", ok=False)
    assert "leave out --overwrite" in ran.stderr


def test_two_processes_of_torchrun_learn_what_one_does(train: Seqkit) -> None:
    words = "village kind=text language=en n=12000 epochs=6 lr=0.05 size=50 -q"
    train(*words.split(), "--out", "one")
    launch = "-m torch.distributed.run --standalone --nproc-per-node 2 -m seqkit"
    ran = subprocess.run(
        [sys.executable, *launch.split(), "vectors", "train", *words.split(), "--out", "two"],
        cwd=train.folder,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("dimensions; loss") == 1  # one of them speaks
    loss = {}
    for name in ("one", "two"):
        lines = (train.folder / name / "log.jsonl").read_text().splitlines()
        loss[name] = json.loads(lines[-1])["loss"]
    assert loss["two"] == pytest.approx(loss["one"], abs=0.04)
    ask = Seqkit(train.folder, "vectors", "eval", "village-en", "--json", "-v")
    score = {name: json.loads(ask(name).stdout)[0]["value"] for name in ("one", "two")}
    assert score["two"] > score["one"] - 0.05
    assert not (train.folder / "two" / "training" / "text-1").exists()
