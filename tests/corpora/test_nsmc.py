import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from seqkit.corpora.nsmc import CARD, Options, read, rows
from seqkit.corpus import Labelled, load
from seqkit.errors import SeqkitError
from seqkit.files import sha256
from seqkit.sources import Source, fetch

HERE = Path(os.environ.get("SEQKIT_DATA", "").split(os.pathsep)[0]) / "nsmc"
needs_data = pytest.mark.skipif(
    not (HERE / "ratings_train.txt").is_file(), reason="NSMC is not in SEQKIT_DATA"
)

TRAIN = [
    ("1", "재밌다", "1"),
    ("2", '"열린 따옴표', "0"),
    ("3", "", "0"),
    ("4", '"닫힌" 따옴표, 쉼표', "1"),
    ("5", "  앞뒤 빈칸 ", "0"),
]
TEST = [("6", "재밌다", "1"), ("7", '"', "0"), ("8", "", "1")]


def write(path: Path, found: list[tuple[str, str, str]], end: str = "\n") -> None:
    lines = [("id", "document", "label"), *found]
    path.write_bytes("".join("\t".join(cells) + end for cells in lines).encode())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEQKIT_CACHE", str(tmp_path / "cache"))
    made = tmp_path / "nsmc"
    made.mkdir()
    for name, found in zip(CARD.files, (TRAIN, TEST), strict=True):
        write(made / name, found)
    return made


NAMES = {"0": ("negative",), "1": ("positive",)}


def test_every_row_is_kept_as_it_is(folder: Path) -> None:
    corpus = load("nsmc", path=str(folder))
    for split, found in (("train", TRAIN), ("test", TEST)):
        expected = [Labelled(text, NAMES[label]) for _, text, label in found]
        assert list(corpus.examples(split)) == expected
    assert corpus.labels == ("negative", "positive")
    assert not corpus.multi_label


def test_windows_line_ends(folder: Path) -> None:
    write(folder / CARD.files[0], TRAIN, "\r\n")
    assert list(rows(folder / CARD.files[0])) == [Labelled(t, NAMES[y]) for _, t, y in TRAIN]


def test_duplicates_are_dropped_from_train_alone(folder: Path) -> None:
    corpus = load("nsmc", {"duplicates": "drop"}, path=str(folder))
    assert [e.text for e in corpus.examples("train")] == [TRAIN[i][1] for i in (1, 3, 4)]
    assert len(corpus.split("test")) == 3


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("9\t좋다", r"ratings_test\.txt, line 5 has 2 cells, and a row of NSMC three"),
        ("9\t좋다\t정말\t1", "line 5 has 4 cells"),
        ("", "line 5 has 1 cells"),
        ("9\t좋다\t2", "line 5: the label is '2', where 0 or 1 is needed"),
        ("9\t좋다\t", "line 5: the label is ''"),
    ],
)
def test_malformed_rows(folder: Path, line: str, message: str) -> None:
    path = folder / CARD.files[1]
    path.write_bytes(path.read_bytes() + f"{line}\n".encode())
    with pytest.raises(SeqkitError, match=message) as caught:
        load("nsmc", path=str(folder))
    assert "\n" not in str(caught.value)
    assert not list((folder.parent / "cache" / "arrow").glob("*"))


def test_other_files(folder: Path) -> None:
    path = folder / CARD.files[0]
    path.write_text("1\t좋다\t1\n", encoding="utf-8")
    with pytest.raises(SeqkitError, match=r"ratings_train\.txt, line 1 is not the header"):
        load("nsmc", path=str(folder))
    path.write_bytes("id\tdocument\tlabel\n1\t좋다\t1\n".encode("cp949"))
    with pytest.raises(SeqkitError, match=r"line 2 is not UTF-8 \(byte 20 is 0xc1\)"):
        load("nsmc", path=str(folder))
    path.unlink()
    with pytest.raises(SeqkitError, match=r"has no ratings_train\.txt: nsmc needs 2 files there"):
        load("nsmc", path=str(folder))


def test_fetched_file_by_file(folder: Path) -> None:
    files = [folder / name for name in CARD.files]
    sources = tuple(Source(f.as_uri(), sha256(f), f.stat().st_size) for f in files)
    fetched = fetch(replace(CARD, sources=sources))
    assert fetched == folder.parent / "cache" / "data" / "nsmc"
    assert list(rows(fetched / CARD.files[0])) == list(rows(files[0]))


@needs_data
def test_published_counts() -> None:
    splits = {split: list(found) for split, found in read(Options(), HERE).items()}
    train, test = ([e.text for e in splits[name]] for name in ("train", "test"))
    assert (len(train), len(test)) == (150_000, 50_000)
    labels = {split: Counter(e.labels for e in found) for split, found in splits.items()}
    assert labels["train"] == {("negative",): 75_173, ("positive",): 74_827}
    assert labels["test"] == {("negative",): 24_827, ("positive",): 25_173}
    assert (train.count(""), test.count("")) == (5, 3)
    assert sum(text.startswith('"') for text in train + test) == 856
    shared = set(train) & set(test)
    assert len(shared) == 797
    dropped = [e.text for e in read(Options(duplicates="drop"), HERE)["train"]]
    assert dropped == [text for text in train if text not in shared]


@needs_data
def test_the_card_describes_these_files() -> None:
    for name, source in zip(CARD.files, CARD.sources, strict=True):
        assert (HERE / name).stat().st_size == source.size
        assert sha256(HERE / name) == source.sha256
        assert source.url.endswith(f"/{name}")
