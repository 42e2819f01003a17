import os
from collections import Counter
from pathlib import Path

import pytest

from seqkit.corpora._articles import documents, joined, titled
from seqkit.corpora.wikitext2 import CARD, PLAIN, SHUFFLED, Options, read
from seqkit.corpus import Text, load
from seqkit.errors import SeqkitError
from seqkit.sources import find

HERE = Path(os.environ.get("SEQKIT_DATA", "").split(os.pathsep)[0]) / "wikitext2"
needs_data = pytest.mark.skipif(
    not (HERE / "test.txt").is_file(), reason="WikiText-2 is not in SEQKIT_DATA"
)

FIRST = [
    " ",
    " = Sea <unk> = ",
    " ",
    " A sea has water . ",
    " ",
    " = = Tides = = ",
    " ",
    " High . ",
]
TABLE = [" = Played , W = ", " = Won ", " "]  # no titles: no blank lines around them
SECOND = [" = M @-@ 1 = ", " ", " A road . ", " "]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEQKIT_CACHE", str(tmp_path / "cache"))
    made = tmp_path / "wikitext"
    made.mkdir()
    texts = ([*FIRST, *TABLE, *SECOND], [*FIRST, " "], [" ", *SECOND])
    for name, lines in zip(CARD.files, texts, strict=True):
        (made / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return made


def test_lines_stand_as_they_are_blank_ones_too(folder: Path) -> None:
    corpus = load("wikitext2", path=str(folder))
    assert [e.text for e in corpus.examples("train")] == [*FIRST, *TABLE, *SECOND]
    assert [e.text for e in corpus.examples("test")] == [" ", *SECOND]
    assert corpus.kind is Text


def test_articles_begin_at_titles_between_blank_lines(folder: Path) -> None:
    corpus = load("wikitext2", {"unit": "document"}, path=str(folder))
    train = [e.text for e in corpus.examples("train")]
    assert train == ["\n".join([*FIRST, *TABLE]), "\n".join(SECOND)]
    assert [e.text for e in corpus.examples("test")] == ["\n".join([" ", *SECOND])]


def test_documents_hold_every_line_once() -> None:
    lines = ["intro", "", "= 하나 =", "", "", "= 둘 =", "= 셋 =", "글"]
    found = list(documents(lines, titled))
    assert [line for block in found for line in block] == lines
    assert [block[0] for block in found] == ["intro", "= 하나 =", "= 둘 ="]
    assert list(documents([], titled)) == []
    assert [e.text.count("\n") + 1 for e in joined(found, "document")] == [len(b) for b in found]


@pytest.mark.parametrize(("folder_name", "names"), [("wikitext2", SHUFFLED), ("wikitext-2", PLAIN)])
def test_other_layouts(
    folder: Path, monkeypatch: pytest.MonkeyPatch, folder_name: str, names: tuple[str, ...]
) -> None:
    other = folder.parent / "data" / folder_name
    other.mkdir(parents=True)
    for old, new in zip(CARD.files, names, strict=True):
        (folder / old).rename(other / new)
    monkeypatch.setenv("SEQKIT_DATA", str(other.parent))
    assert find(CARD) == other
    assert len(load("wikitext2").split("test")) == 5


def test_errors(folder: Path) -> None:
    path = folder / CARD.files[1]
    path.write_text(" \n\n", encoding="utf-8")
    with pytest.raises(SeqkitError, match=r"wiki\.valid\.tokens has no text"):
        load("wikitext2", path=str(folder))
    path.write_bytes(b"good\n\xff\n")
    with pytest.raises(SeqkitError, match=r"wiki\.valid\.tokens, line 2 is not UTF-8"):
        load("wikitext2", path=str(folder))
    path.unlink()
    with pytest.raises(SeqkitError, match=r"has no wiki\.valid\.tokens: wikitext2 needs 3 files"):
        load("wikitext2", path=str(folder))
    with pytest.raises(SeqkitError, match=r"'data show wikitext2' lists|unit"):
        load("wikitext2", {"unit": "page"}, path=str(folder))


@needs_data
def test_published_counts() -> None:
    tokens, articles = {}, {}
    words: Counter[str] = Counter()
    for split, examples in read(Options(), HERE).items():
        counts = Counter(word for e in examples for word in [*e.text.split(), "<eos>"])
        tokens[split] = counts.total()
        words += counts
    for split, examples in read(Options(unit="document"), HERE).items():
        articles[split] = sum(1 for _ in examples)
    assert tokens == {"train": 2_088_628, "validation": 217_646, "test": 245_569}
    assert articles == {"train": 600, "validation": 60, "test": 60}
    assert len(words) == 33_278
