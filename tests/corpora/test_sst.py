import os
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from seqkit.corpora.sst import CARD, SST2, SST5, TREES, Options, read
from seqkit.corpus import Labelled, load
from seqkit.errors import SeqkitError
from seqkit.files import sha256
from seqkit.sources import Source, fetch

HERE = Path(os.environ.get("SEQKIT_DATA", "").split(os.pathsep)[0]) / "sst"
needs_data = pytest.mark.skipif(
    not all((HERE / name).is_file() for name in SST2 + SST5), reason="SST is not in SEQKIT_DATA"
)

TREE = [
    r"(4 (2 -LRB-) (4 (3 Crème) (2 (2 brûlée) (2 1\/2))))",
    "(2 (2 It) (2 (2 's) (2 -RRB-)))",
    "(1 (0 awful) (2 .))",
    "(0 No)",
    "(3 (2 K-19) (3 works))",
]
SENTENCES = [
    ("very positive", "( crème brûlée 1/2"),
    ("neutral", "it 's )"),
    ("negative", "awful ."),
    ("very negative", "no"),
    ("positive", "k-19 works"),
]
SCORES = ("very negative", "negative", "neutral", "positive", "very positive")
FINE = [Labelled(text, (label,)) for label, text in SENTENCES]
BINARY = [
    Labelled(text, (label.removeprefix("very "),))
    for label, text in SENTENCES
    if label != "neutral"
]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQKIT_CACHE", str(tmp_path / "cache"))


def write(folder: Path, names: tuple[str, ...], lines: list[str]) -> Path:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_text("\n".join(lines), encoding="utf-8")  # no final line feed
    return folder


@pytest.fixture
def trees(tmp_path: Path) -> Path:
    return write(tmp_path / "trees", TREES, TREE)


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    folder = tmp_path / "sst"
    write(folder, SST2, [f"{t}\t{int(y == ('positive',))}" for t, y in BINARY])
    return write(folder, SST5, [f"{SCORES.index(y[0])} {_escaped(t)}" for t, y in FINE])


def _escaped(text: str) -> str:
    return text.replace("(", "-lrb-").replace(")", "-rrb-").replace("/", "\\/")


@pytest.mark.parametrize(("version", "expected"), [("sst2", BINARY), ("sst5", FINE)])
def test_trees_and_lines_hold_the_same_rows(
    version: str, expected: list[Labelled], trees: Path, lines: Path
) -> None:
    for folder in (trees, lines):
        corpus = load("sst", {"version": version}, path=str(folder))
        assert list(corpus.splits) == ["train", "validation", "test"]
        assert all(list(corpus.examples(split)) == expected for split in corpus.splits)
        assert corpus.labels == tuple(sorted({e.labels[0] for e in expected}))


@pytest.mark.parametrize(
    ("name", "line", "message"),
    [
        ("train.txt", "(5 (2 It))", r"train\.txt, line 2 is not a tree of SST"),
        ("dev.txt", "(3 (2 It)", r"dev\.txt, line 2 is not a tree"),
        ("test.txt", "3 It works", r"test\.txt, line 2 is not a tree"),
        ("sst2_train.tsv", "no tab 1", r"sst2_train\.tsv, line 2 is not a sentence, a tab and 0"),
        ("sst2_dev.tsv", "good\t2", r"sst2_dev\.tsv, line 2 is not a sentence"),
        ("sst5_test.txt", "5 good", r"sst5_test\.txt, line 2 is not a score from 0 to 4"),
        ("sst5_dev.txt", "good", r"sst5_dev\.txt, line 2 is not a score"),
    ],
)
def test_malformed_lines(name: str, line: str, message: str, trees: Path, lines: Path) -> None:
    folder = trees if name in TREES else lines
    first = (folder / name).read_text(encoding="utf-8").splitlines()[0]
    (folder / name).write_text(f"{first}\n{line}\n", encoding="utf-8")
    with pytest.raises(SeqkitError, match=message):
        load("sst", {"version": name[:4] if name in SST2 + SST5 else "sst5"}, path=str(folder))


def test_fetched_from_the_official_archive(tmp_path: Path) -> None:
    archive = tmp_path / "trees.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for name in TREES:
            file.writestr(f"trees/{name}", "\n".join(TREE))
    source = Source(archive.as_uri(), sha256(archive), archive.stat().st_size)
    folder = fetch(replace(CARD, sources=(source,)))
    assert list(read(Options(version="sst5"), folder)["test"]) == FINE


def test_missing_files(lines: Path) -> None:
    (lines / SST5[0]).unlink()
    with pytest.raises(SeqkitError, match=r"has no train\.txt: sst needs 3 files"):
        load("sst", path=str(lines))


@needs_data
@pytest.mark.parametrize(
    ("version", "sizes", "labels"),
    [("sst2", [6920, 872, 1821], 2), ("sst5", [8544, 1101, 2210], 5)],
)
def test_published_counts(version: str, sizes: list[int], labels: int) -> None:
    corpus = load("sst", {"version": version}, path=str(HERE))
    assert [len(split) for split in corpus.splits.values()] == sizes
    assert len(corpus.labels) == labels
    for split in corpus.splits:
        assert {y for e in corpus.examples(split) for y in e.labels} == set(corpus.labels)
    assert all(e.text == e.text.strip() != "" for e in corpus.examples("train"))


@needs_data
def test_two_classes_are_the_five_without_neutral() -> None:
    """Two independent files agree on which sentences are positive."""
    two, five = (
        list(read(Options(version=version), HERE)["validation"]) for version in ("sst2", "sst5")
    )
    kept = [e.labels[0].removeprefix("very ") for e in five if e.labels != ("neutral",)]
    assert kept == [e.labels[0] for e in two]
