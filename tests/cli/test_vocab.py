"""``seqkit vocab`` as a user meets it."""

import json
from collections import Counter
from pathlib import Path

import pytest
from command_line import Seqkit
from rich.cells import cell_len

from seqkit.cli.statistics import bars
from seqkit.corpus import load
from seqkit.text import tokenizer as tokenizers
from seqkit.text.vocabulary import Vocabulary

VILLAGE = ["village", "n=300"]


@pytest.fixture
def vocab(tmp_path: Path) -> Seqkit:
    return Seqkit(tmp_path, "vocab")


@pytest.fixture
def built(vocab: Seqkit) -> Path:
    vocab("build", *VILLAGE, "--tokenizer", "word", "--out", "built")
    return vocab.folder / "built"


def train_words(tokenizer: str = "word") -> Counter[str]:
    """Count by hand what ``vocab`` counts."""
    counts = Counter[str]()
    for example in load("village", {"n": "300"}).examples("train"):
        counts.update(tokenizers.create(tokenizer).words(example.text))
    return counts


def test_build_writes_the_parts_of_a_run_directory(vocab: Seqkit, built: Path) -> None:
    files = sorted(str(p.relative_to(built)) for p in built.rglob("*") if p.is_file())
    assert files == ["tokenizer/tokenizer.json", "vocabulary.txt"]
    assert tokenizers.load(built / "tokenizer") == tokenizers.create("word")
    assert Vocabulary.load(built / "vocabulary.txt") == Vocabulary.build(train_words())
    assert sorted(p.name for p in vocab.folder.iterdir()) == ["built"]


def test_build_by_its_options(vocab: Seqkit) -> None:
    words = ["--tokenizer", "word", "--option", "lower=true", "--min-count", "2"]
    said = json.loads(
        vocab("build", *VILLAGE, *words, "--max-size", "52", "--out", "v", "--json").stdout
    )
    vocabulary = Vocabulary.load(vocab.folder / "v" / "vocabulary.txt")
    assert said["words"] == len(vocabulary.words) == 50
    assert said["tokens"] == sum(vocabulary.counts)
    assert all(word == word.lower() for word in vocabulary.words)
    assert min(vocabulary.counts) >= 2
    assert tokenizers.load(vocab.folder / "v" / "tokenizer") == tokenizers.create(
        "word", {"lower": True}
    )


def test_build_is_the_same_with_workers(vocab: Seqkit, built: Path) -> None:
    vocab("build", *VILLAGE, "--tokenizer", "word", "--workers", "2", "--out", "two")
    two = (vocab.folder / "two" / "vocabulary.txt").read_bytes()
    assert two == (built / "vocabulary.txt").read_bytes()


def test_build_of_a_plain_file(vocab: Seqkit) -> None:
    (vocab.folder / "own.txt").write_text("가 나 가\n\n다 가\n", encoding="utf-8")
    for name in ("whitespace", "word"):
        vocab("build", "own.txt", "--tokenizer", name, "--out", name)
        vocabulary = Vocabulary.load(vocab.folder / name / "vocabulary.txt")
        assert vocabulary.words == ("가", "나", "다")
        assert vocabulary.counts == (3, 1, 1)


def test_build_trains_what_has_to_learn(vocab: Seqkit) -> None:
    words = ["--tokenizer", "bpe", "--option", "size=700"]
    vocab("build", *VILLAGE, *words, "--out", "bpe")
    tokenizer = tokenizers.load(vocab.folder / "bpe" / "tokenizer")
    text = "할머니께서 김치를 만드셨습니다."
    assert tokenizer.detokenize(tokenizer.tokenize(text)) == text
    vocabulary = Vocabulary.load(vocab.folder / "bpe" / "vocabulary.txt")
    texts = [example.text for example in load("village", {"n": "300"}).examples("train")]
    assert set(vocabulary.words) == {w for text in texts for w in tokenizer.words(text)}


def test_a_warning_is_told_as_an_error_is(vocab: Seqkit) -> None:
    for out in "ab":  # once a run, however many there were
        ran = vocab("build", *VILLAGE, "--tokenizer", "bpe", "--option", "size=9000", "--out", out)
        assert ran.stderr.startswith("seqkit: the text holds fewer than 9000 pieces")
        assert ran.stderr.count("\n") == 1


def test_nothing_is_overwritten_without_being_told(vocab: Seqkit, built: Path) -> None:
    before = (built / "vocabulary.txt").read_bytes()
    words = ["build", *VILLAGE, "--tokenizer", "character", "--out", "built"]
    ran = vocab(*words, ok=False)
    assert ran.returncode == 2
    assert "built exists already: choose another --out, or give --overwrite" in ran.stderr
    assert (built / "vocabulary.txt").read_bytes() == before
    vocab(*words, "--overwrite")
    assert tokenizers.load(built / "tokenizer") == tokenizers.create("character")
    assert sorted(p.name for p in vocab.folder.iterdir()) == ["built"]


def test_a_run_is_never_overwritten(vocab: Seqkit, built: Path) -> None:
    (built / "settings.json").write_text("{}")
    words = ["build", *VILLAGE, "--tokenizer", "word", "--out", "built", "--overwrite"]
    assert "built holds settings.json" in vocab(*words, ok=False).stderr
    assert (built / "settings.json").is_file()
    (vocab.folder / "file").write_text("mine")
    assert "file holds file" in vocab(*words[:-2], "file", "--overwrite", ok=False).stderr
    assert (vocab.folder / "file").read_text() == "mine"


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("when", ["seqkit.text.counting.sorted_counts", "Vocabulary.save"])
def test_ctrl_c_leaves_nothing(
    vocab: Seqkit, monkeypatch: pytest.MonkeyPatch, overwrite: bool, when: str
) -> None:
    words = ["build", *VILLAGE, "--tokenizer", "word", "--out", "v"]
    if overwrite:
        vocab(*words)
    before = {p: p.read_bytes() for p in vocab.folder.rglob("*") if p.is_file()}

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    place = when.replace("Vocabulary", "seqkit.text.vocabulary.Vocabulary")
    monkeypatch.setattr(place, interrupted)
    assert vocab(*words, *["--overwrite"][: int(overwrite)], ok=False).returncode == 130
    assert {p: p.read_bytes() for p in vocab.folder.rglob("*") if p.is_file()} == before
    assert len(list(vocab.folder.iterdir())) == int(overwrite)


def test_show_lists_the_most_frequent(vocab: Seqkit, built: Path) -> None:
    counts = train_words()
    expected = Vocabulary.build(counts)
    said = json.loads(vocab("show", "built", "--top", "7", "--json").stdout)
    assert said["words"] == len(counts)
    assert said["tokens"] == counts.total()
    assert [row["word"] for row in said["rows"]] == list(expected.words[:7])
    for rank, row in enumerate(said["rows"], start=1):
        assert row["rank"] == rank
        assert expected.tokens([row["id"]]) == [row["word"]]
        assert row["share %"] == pytest.approx(100 * counts[row["word"]] / counts.total())
    lines = vocab("show", "built", "--top", "7").stdout.splitlines()
    assert len(lines) == 3 + 7
    assert "special tokens: pad unk" in lines[0]
    assert len(vocab("show", "built/vocabulary.txt").stdout.splitlines()) == 3 + 20


def test_show_looks_words_up_and_suggests(vocab: Seqkit) -> None:
    (vocab.folder / "own.txt").write_text("경찰이 경찰서 앞에\n", encoding="utf-8")
    vocab("build", "own.txt", "--tokenizer", "word", "--out", "v")
    rows = json.loads(vocab("show", "v", "앞에", "겅찰서", "x", "--json").stdout)["rows"]
    assert [row["id"] is None for row in rows] == [False, True, True]
    assert rows[1]["nearest"][0] == "경찰서"  # one vowel away, though two syllables of three are
    plain = vocab("show", "v", "겅찰서", "x").stdout
    assert "unknown; near: 경찰서" in plain


def test_show_makes_white_space_visible(vocab: Seqkit) -> None:
    vocab("build", *VILLAGE, "--tokenizer", "character", "--out", "c")
    assert any("␣" in line for line in vocab("show", "c").stdout.splitlines())


def test_stats_of_a_corpus_by_tokenizer(vocab: Seqkit) -> None:
    words = ["stats", *VILLAGE, "--compare", "word,character", "--max-size", "202"]
    rows = json.loads(vocab(*words, "--json").stdout)
    assert [row["tokenizer"] for row in rows] == ["word", "character"]
    held = [example.text for example in load("village", {"n": "300"}).examples("validation")]
    for row in rows:
        counts = train_words(row["tokenizer"])
        assert (row["words"], row["tokens"]) == (len(counts), counts.total())
        kept = Vocabulary.build(counts, max_size=202).words
        assert row["vocabulary"] == len(kept)
        for size, share in row["coverage"].items():
            covered = sum(counts[word] for word in kept[: int(size)])
            assert share == pytest.approx(covered / counts.total())
        cut = [tokenizers.create(row["tokenizer"]).words(text) for text in held]
        running = [word for text in cut for word in text]
        assert row["split"] == "validation"
        assert row["unknown"] == pytest.approx(
            sum(word not in kept for word in running) / len(running)
        )
        assert row["length"]["mean"] == pytest.approx(len(running) / len(held))
        assert row["length"]["max"] == max(map(len, cut))
    said = vocab(*words)
    assert "\x1b" not in said.stdout
    assert said.stderr == ""
    assert "unknown %" in said.stdout


def test_stats_by_an_option_of_the_tokenizer(vocab: Seqkit) -> None:
    words = ["stats", *VILLAGE, "--compare", "word", "--json"]
    (lower,) = json.loads(vocab(*words, "--option", "lower=true").stdout)
    counts = Counter[str]()
    for word, n in train_words().items():
        counts[word.lower()] += n
    assert (lower["words"], lower["tokens"]) == (len(counts), counts.total())
    assert len(counts) < len(train_words())


def test_stats_with_workers_and_of_the_first_rows(vocab: Seqkit) -> None:
    words = ["stats", *VILLAGE, "--compare", "word", "--json"]
    one = vocab(*words).stdout
    assert vocab(*words, "--workers", "2").stdout == one
    (few,) = json.loads(vocab(*words, "--rows", "10").stdout)
    assert few["texts"] == 10
    assert few["tokens"] < json.loads(one)[0]["tokens"]


def test_stats_of_a_vocabulary_alone_and_on_a_text(vocab: Seqkit, built: Path) -> None:
    (alone,) = json.loads(vocab("stats", "built", "--json").stdout)
    assert alone["tokens"] == train_words().total()
    assert "unknown" not in alone
    (vocab.folder / "own.txt").write_text("The 없는말\n\n", encoding="utf-8")
    (other,) = json.loads(vocab("stats", "built", "own.txt", "--json").stdout)
    assert (other["texts"], other["length"]["median"]) == (1, 2)  # a blank line is no text
    assert other["unknown"] == 0.5
    assert other["coverage"][str(other["vocabulary"])] == 0.5
    assert other["split"] == "train"  # the only one there is
    (same,) = json.loads(vocab("stats", "built", *VILLAGE, "--json").stdout)
    assert same["coverage"] == alone["coverage"]


def test_piped_stats_align_and_draw_nothing(vocab: Seqkit) -> None:
    vocab("build", *VILLAGE, "--tokenizer", "word", "--out", "낱말")
    lines = vocab("stats", "낱말", *VILLAGE).stdout.splitlines()
    table = [line for line in lines if line.startswith(("tokenizer", "낱말"))]
    assert len({cell_len(line) for line in table[:2]}) == 1
    assert len({cell_len(line) for line in table[2:]}) == 1
    assert not set("▁▂▃▄▅▆▇█") & set("".join(lines))


def test_bars() -> None:
    assert bars([0, 1, 4, 8]) == " ▁▄█"
    assert bars([1, 1000]) == "▁█"
    assert bars([0, 0]) == "  "
    assert bars([]) == ""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["build", "village"], "--out"),
        (["build", "vilage", "--out", "x"], "Did you mean 'village'?"),
        (["build", "none.txt", "--out", "x"], "none.txt"),
        (["build", "blank.txt", "--out", "x"], "blank.txt has no text: every line is blank"),
        (["stats", "blank.txt", "--compare", "word"], "has no text: every line is blank"),
        (["build", "village", "m=3", "--out", "x"], "unknown setting 'm'"),
        (["build", "village", "--tokenizer", "wrod", "--out", "x"], "Did you mean 'word'?"),
        (["build", "village", "--option", "x=1", "--out", "x"], "unknown setting 'x'"),
        (["build", "village", "--min-count", "0", "--out", "x"], "--min-count"),
        (["build", "village", "--max-size", "2", "--out", "x"], "--max-size"),
        (
            ["build", "village", "--tokenizer", "word", "--engine", "rya", "--out", "x"],
            "unknown engine 'rya'. Did you mean 'ray'?",
        ),
        (["show", "none"], "no vocabulary at none"),
        (["show", "empty"], "no vocabulary at empty/vocabulary.txt"),
        (["show", "built", "--top", "0"], "--top"),
        (["stats", "vilage"], "Did you mean 'village'?"),
        (["stats", "village", "--compare", "wrod"], "Did you mean 'word'?"),
        (["stats", "built", "--compare", "word"], "--compare is for a data set"),
        (["stats", "village", "--compare", "word,jamo", "--option", "lower=1"], "one tokenizer"),
        (["stats", "built", "--option", "lower=true"], "has its options already"),
        (["stats", "built", "n=300"], "'n=300' is an option of which data set?"),
        (["stats", "village", "word"], "'word' is not of the form key=value"),
        (["stats", "village", "kind=facts", "--compare", "word"], "unknown split 'train'"),
    ],
)
def test_every_mistake_gets_one_line(
    vocab: Seqkit, built: Path, words: list[str], message: str
) -> None:
    (vocab.folder / "empty").mkdir()
    (vocab.folder / "blank.txt").write_text("\n \n", encoding="utf-8")
    ran = vocab(*words, ok=False)
    assert ran.returncode == 2
    assert message in ran.stderr
    assert ran.stderr.count("\n") == 1
    assert ran.stdout == ""
    assert not (vocab.folder / "x").exists()


def test_a_broken_vocabulary_is_named(vocab: Seqkit, built: Path) -> None:
    file = built / "vocabulary.txt"
    file.write_bytes(file.read_bytes()[:-30])
    assert "vocabulary.txt" in vocab("show", "built", ok=False).stderr


def test_a_vocabulary_without_words_is_refused(vocab: Seqkit, tmp_path: Path) -> None:
    words = ("build", "village", "--tokenizer", "word", "--min-count", "99999")
    said = vocab(*words, "--out", str(tmp_path / "v"), ok=False)
    assert said.stderr.strip() == "seqkit: no word of it occurs 99999 times: lower --min-count."
    assert not (tmp_path / "v").exists()
