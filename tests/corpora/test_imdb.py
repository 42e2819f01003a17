import gzip
import os
import tarfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from seqkit.corpora.imdb import CARD, TABLES, Options, read
from seqkit.corpus import Labelled, load, where
from seqkit.errors import SeqkitError
from seqkit.files import sha256
from seqkit.sources import Source, fetch

HERE = Path(os.environ.get("SEQKIT_DATA", "").split(os.pathsep)[0]) / "imdb"
needs_data = pytest.mark.skipif(
    not (HERE / TABLES[0]).is_file(), reason="IMDb (tables) is not in SEQKIT_DATA"
)

# (folder, id, rating, text): ids as numbers are in another order than as words.
REVIEWS = {
    "train": [
        ("pos", 2, 9, "Good.<br /><br />Very good."),
        ("pos", 10, 7, '"Fine" film'),
        ("neg", 0, 1, "Bad é \u2028 film <br/>\t<BR> end.<br />".replace("\t", " ")),
        ("neg", 1, 4, "a < b <i>c</i>"),
    ],
    "test": [("pos", 0, 10, "<br />Great"), ("neg", 0, 2, "No.")],
    "unsup": [("unsup", 0, 0, "Who<br />knows")],
}
LABELS = {"pos": ("positive",), "neg": ("negative",), "unsup": ()}
NUMBERS = {"pos": 1, "neg": 0, "unsup": -1}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQKIT_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def official(tmp_path: Path) -> Path:
    root = tmp_path / "aclImdb"
    for part, found in REVIEWS.items():
        for name, number, rating, text in found:
            folder = root / ("train" if part == "unsup" else part) / name
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{number}_{rating}.txt").write_text(text, encoding="utf-8")
    (root / "train" / "labeledBow.feat").write_text("9 0:9\n")
    (root / "imdb.vocab").write_text("the\n")
    return root


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    root = tmp_path / "imdb"
    root.mkdir()
    for part, found in REVIEWS.items():
        lines = ["id\trating\tlabel\ttext"]
        lines += [f"{f}/{i}\t{r}\t{NUMBERS[f]}\t{text}" for f, i, r, text in found]
        with gzip.open(root / f"imdb_{part}.tsv.gz", "wb") as file:
            file.write(("\n".join(lines) + "\n").encode())
    return root


def rows(folder: Path, **options: str) -> dict[str, list[Labelled]]:
    corpus = load("imdb", options, path=str(folder))
    return {split: list(corpus.examples(split)) for split in corpus.splits}


def test_both_layouts_hold_the_same_rows(official: Path, tables: Path) -> None:
    expected = {
        {"unsup": "unlabelled"}.get(part, part): [
            Labelled(text, LABELS[folder]) for folder, _, _, text in found
        ]
        for part, found in REVIEWS.items()
    }
    assert rows(official, breaks="keep") == expected
    assert rows(tables, breaks="keep") == expected


def test_breaks(official: Path) -> None:
    spaced = rows(official)
    assert [e.text for e in spaced["train"]] == [
        "Good. Very good.",
        '"Fine" film',
        "Bad é \u2028 film end.",
        "a < b <i>c</i>",
    ]
    assert [e.text for e in spaced["test"]] == ["Great", "No."]
    assert [e.text for e in spaced["unlabelled"]] == ["Who knows"]
    assert rows(official, breaks="newline")["train"][0].text == "Good.\nVery good."
    with pytest.raises(SeqkitError, match=r"'breaks' = 'spaces'.*Did you mean 'space'"):
        rows(official, breaks="spaces")


@pytest.mark.parametrize("layout", ["official", "tables"])
def test_either_layout_is_found_in_seqkit_data(
    layout: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("SEQKIT_DATA", str(tmp_path))
    assert where("imdb") == "fetch"
    folder = request.getfixturevalue(layout)
    assert where("imdb") == str(folder)
    assert len(load("imdb").split("train")) == 4


def test_a_new_review_is_noticed(official: Path) -> None:
    assert len(rows(official)["test"]) == 2
    added = official / "test" / "neg"
    (added / "5_1.txt").write_text("Worse.")
    os.utime(added, ns=(1, 1))
    assert [e.text for e in rows(official)["test"]] == ["Great", "No.", "Worse."]


def rewrite(tables: Path, line: str) -> None:
    with gzip.open(tables / TABLES[0], "rb") as file:
        before = file.read()
    with gzip.open(tables / TABLES[0], "wb") as file:
        file.write(before + f"{line}\n".encode())


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("pos/3\t9\t1", r"imdb_train\.tsv\.gz, line 6 has 3 cells, where there should be four"),
        ("pos/3\t9\t1\ta\tb", "line 6 has 5 cells.*no tab"),
        ("pos/3\t9\tpos\tGood", "line 6: the label is 'pos', where 0, 1 or -1"),
        ("unsup/3\t0\t-1\tGood", "1 rows with 0 labels in its train split"),
    ],
)
def test_malformed_rows(tables: Path, line: str, message: str) -> None:
    rewrite(tables, line)
    with pytest.raises(SeqkitError, match=message) as caught:
        rows(tables)
    assert "\n" not in str(caught.value)


def test_other_files(tables: Path, official: Path) -> None:
    with gzip.open(tables / TABLES[1], "wb") as file:
        file.write(b"id\tlabel\ttext\n")
    with pytest.raises(SeqkitError, match=r"imdb_test\.tsv\.gz, line 1 is not the header"):
        rows(tables)
    (tables / TABLES[2]).write_bytes((tables / TABLES[0]).read_bytes()[:-9])
    with pytest.raises(SeqkitError, match=r"cannot read .*imdb_unsup\.tsv\.gz"):
        list(read(Options(), tables)["unlabelled"])
    for file_ in (official / "test/neg").iterdir():
        file_.unlink()
    with pytest.raises(SeqkitError, match=r"test/neg holds no \.txt file: unpack aclImdb_v1"):
        rows(official)
    (official / "test/neg").rmdir()
    with pytest.raises(SeqkitError, match="has no train/pos: imdb needs 5 files there"):
        rows(official.parent)
    with pytest.raises(SeqkitError, match=r"aclImdb has no test/neg: .*\(1 missing\)"):
        rows(official)


@needs_data
def test_published_counts() -> None:
    splits: dict[str, Iterator[Labelled]] = {
        name: iter(found) for name, found in read(Options(), HERE).items()
    }
    labels: dict[str, Counter[tuple[str, ...]]] = {}
    seen: dict[str, set[str]] = {}
    for name, found in splits.items():
        labels[name], seen[name] = Counter(), set()
        for example in found:
            labels[name][example.labels] += 1
            seen[name].add(example.text)
            assert "<br />" not in example.text
    assert labels["train"] == labels["test"] == {("positive",): 12_500, ("negative",): 12_500}
    assert labels["unlabelled"] == {(): 50_000}
    assert len(seen["train"] & seen["test"]) == 123


def test_fetched_from_the_official_archive(
    official: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SEQKIT_DATA", raising=False)
    archive = tmp_path / "aclImdb_v1.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(official, "aclImdb")
    source = Source(archive.as_uri(), sha256(archive), archive.stat().st_size)
    folder = fetch(replace(CARD, sources=(source,)))
    assert folder == tmp_path / "cache" / "data" / "aclImdb"
    assert where("imdb") == str(folder)
    assert rows(folder) == rows(official)
