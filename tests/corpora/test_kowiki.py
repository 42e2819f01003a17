import gzip
import os
from pathlib import Path

import pytest

from seqkit.corpora.kowiki import Options, read
from seqkit.corpus import load
from seqkit.errors import SeqkitError

HERE = Path(os.environ.get("SEQKIT_DATA", "").split(os.pathsep)[0]) / "kowiki"
needs_data = pytest.mark.skipif(
    not (HERE / "kowiki.txt.gz").is_file(), reason="kowiki is not in SEQKIT_DATA"
)

ARTICLES = [f"= 제목 {i} =\n{i}번째 글()이다.\n둘째 줄" for i in range(400)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEQKIT_CACHE", str(tmp_path / "cache"))
    text = "".join(f"{article}\n\n" for article in ARTICLES)
    (tmp_path / "kowiki.txt.gz").write_bytes(gzip.compress(text.encode()))
    return tmp_path


SHARES = {"validation_fraction": 0.1, "test_fraction": 0.2}


def test_whole_articles_are_held_out(folder: Path) -> None:
    corpus = load("kowiki", {"unit": "document", **SHARES}, path=str(folder))
    found = {split: list(corpus.texts(split)) for split in corpus.splits}
    assert sorted(t for texts in found.values() for t in texts) == sorted(ARTICLES)
    assert 20 < len(found["validation"]) < 60 < len(found["test"]) < 110
    lines = load("kowiki", {"unit": "line", **SHARES}, path=str(folder))
    for split, texts in found.items():
        assert list(lines.texts(split)) == [line for t in texts for line in t.split("\n")]


def test_the_seed_chooses_and_zero_keeps_all(folder: Path) -> None:
    first, again, other = (
        list(read(Options(unit="document", seed=s, **SHARES), folder)["test"]) for s in (0, 0, 1)
    )
    assert first == again != other
    options = Options(unit="document", validation_fraction=0, test_fraction=0)
    splits = {name: [e.text for e in found] for name, found in read(options, folder).items()}
    assert splits == {"train": ARTICLES}


def test_a_plain_file_by_path_and_tidy(folder: Path) -> None:
    text = gzip.decompress((folder / "kowiki.txt.gz").read_bytes())
    (folder / "kowiki.txt.gz").unlink()
    (folder / "kowiki.txt").write_bytes(text)
    corpus = load("kowiki", {"parentheses": "tidy", **SHARES}, path=str(folder))
    assert not any("()" in line for line in corpus.texts("train"))
    assert sum(len(corpus.split(s)) for s in corpus.splits) == 3 * len(ARTICLES)


def test_too_small_a_share(folder: Path) -> None:
    options = {"validation_fraction": 1e-9}
    with pytest.raises(SeqkitError, match="has no article for validation: give it a larger share"):
        load("kowiki", options, path=str(folder))


@needs_data
def test_articles() -> None:
    options = Options(unit="document", validation_fraction=0, test_fraction=0)
    (train,) = read(options, HERE).values()
    assert sum(1 for _ in train) == 78_673
