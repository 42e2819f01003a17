import os
from pathlib import Path

import pytest

from seqkit.corpora.kowiki_lm import CARD, Options, read, tidy
from seqkit.corpus import load
from seqkit.errors import SeqkitError

HERE = Path(os.environ.get("SEQKIT_DATA", "").split(os.pathsep)[0]) / "kowiki_lm"
needs_data = pytest.mark.skipif(
    not (HERE / "train.txt").is_file(), reason="kowiki_lm is not in SEQKIT_DATA"
)

TEXT = "= 수학 =\n수학()은 학문이다.\n함수 f(x)는 = 같다 =\n\n= 바다 =\n바다(, 해양)는 넓다.\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEQKIT_CACHE", str(tmp_path / "cache"))
    for name in CARD.files:
        (tmp_path / name).write_text(TEXT, encoding="utf-8")
    return tmp_path


def test_lines_and_documents(folder: Path) -> None:
    lines = load("kowiki_lm", path=str(folder))
    assert list(lines.texts("train")) == [line for line in TEXT.split("\n") if line]
    documents = load("kowiki_lm", {"unit": "document"}, path=str(folder))
    expected = [part.rstrip("\n") for part in TEXT.split("\n\n")]
    assert all(list(documents.texts(s)) == expected for s in ("train", "validation", "test"))


def test_parentheses_are_tidied_where_asked(folder: Path) -> None:
    corpus = load("kowiki_lm", {"parentheses": "tidy"}, path=str(folder))
    assert list(corpus.texts("test"))[1] == "수학은 학문이다."
    assert list(corpus.texts("test"))[-1] == "바다(해양)는 넓다."


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("수학()은", "수학은"),
        ("수학 ()은", "수학은"),
        ("수학(數學, , 줄여서 math)은", "수학(數學, , 줄여서 math)은"),
        ("카터(, 1924년 ~ )는", "카터(1924년 ~ )는"),
        ("체첸(, , )은", "체첸은"),
        ("점(點, )은", "점(點)은"),
        ("겹(, (, ))은", "겹은"),
        ("함수 f(x, y)와 g( z )", "함수 f(x, y)와 g( z )"),
        ("괄호 없음, ; ", "괄호 없음, ; "),
    ],
)
def test_tidy(line: str, expected: str) -> None:
    assert tidy(line) == expected
    assert tidy(expected) == expected


def test_errors(folder: Path) -> None:
    (folder / "valid.txt").write_text("\n", encoding="utf-8")
    with pytest.raises(SeqkitError, match=r"valid\.txt has no text"):
        load("kowiki_lm", path=str(folder))
    with pytest.raises(SeqkitError, match="parentheses"):
        load("kowiki_lm", {"parentheses": "drop"}, path=str(folder))


@needs_data
def test_counts() -> None:
    splits = read(Options(unit="document"), HERE)
    titles = {name: [e.text.partition("\n")[0] for e in found] for name, found in splits.items()}
    assert {s: len(t) for s, t in titles.items()} == {
        "train": 5_734,
        "validation": 852,
        "test": 853,
    }
    assert all(title[:2] == "= " and title[-2:] == " =" for t in titles.values() for title in t)
    lines = {name: sum(1 for _ in found) for name, found in read(Options(), HERE).items()}
    assert lines == {"train": 32_603, "validation": 5_373, "test": 5_846}
