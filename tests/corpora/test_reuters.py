import logging
import os
from collections import Counter
from pathlib import Path

import pytest

from seqkit.corpora import reuters
from seqkit.corpora.reuters import Document, Options, parse
from seqkit.corpus import Labelled, load
from seqkit.errors import SeqkitError

HERE = Path(os.environ.get("SEQKIT_DATA", "").split(os.pathsep)[0]) / "reuters21578"
needs_data = pytest.mark.skipif(
    not (HERE / "reut2-000.sgm").is_file(), reason="Reuters-21578 is not in SEQKIT_DATA"
)


def document(
    text: str, topics: tuple[str, ...] = (), split: str = "TRAIN", judged: str = "YES"
) -> str:
    cells = "".join(f"<D>{topic}</D>" for topic in topics)
    return (
        f'<REUTERS TOPICS="{judged}" LEWISSPLIT="{split}" OLDID="1" NEWID="1">\n'
        f"<DATE>1-JAN-1987</DATE>\n<TOPICS>{cells}</TOPICS>\n<PLACES><D>korea</D></PLACES>\n"
        f"<UNKNOWN>&#5;&#22;f</UNKNOWN>\n{text}\n</REUTERS>\n"
    )


def story(title: str, body: str) -> str:
    return (
        f"<TEXT>&#2;\n<TITLE>{title}</TITLE>\n<DATELINE>    SEOUL, Jan 1 - </DATELINE>"
        f"<BODY>{body}\n&#3;</BODY></TEXT>"
    )


def one(sgml: str) -> tuple[Document, Counter[str]]:
    problems: Counter[str] = Counter()
    (found,) = parse(sgml, problems)
    return found, problems


def test_a_document_and_its_entities() -> None:
    found, problems = one(
        document(story("RICE &lt;RCE> UP", "Rice &amp; beans\x00 rose.\n &#27;Reuter"), ("rice",))
    )
    assert found == Document(
        "TRAIN", True, ("rice",), "RICE <RCE> UP", "Rice & beans rose.\n Reuter"
    )
    assert not problems


def test_escaped_entities_are_unescaped_once() -> None:
    assert one(document(story("A", "&amp;lt; &amp;#5;")))[0].body == "&lt; &#5;"


def test_documents_without_a_body() -> None:
    brief, _ = one(
        document('<TEXT TYPE="BRIEF">&#2;\n***<TITLE>GOLD UP\n</TITLE>Blah.\n&#3;</TEXT>')
    )
    assert (brief.title, brief.body) == ("GOLD UP", "")
    raw, _ = one(document('<TEXT TYPE="UNPROC">&#2;\nRATES\n  one   two\n&#3;</TEXT>'))
    assert (raw.title, raw.body) == ("", "RATES\n  one   two")


@pytest.mark.parametrize(
    ("sgml", "expected", "problem"),
    [
        (
            document(
                "<TEXT><TITLE>OIL<DATELINE>X</DATELINE><BODY>It rose.</BODY></TEXT>", ("oil",)
            ),
            ("OIL", "It rose.", ("oil",)),
            "unclosed TITLE",
        ),
        (
            document("<TEXT><TITLE>OIL</TITLE><BODY>It rose.</TEXT>", ("oil",)),
            ("OIL", "It rose.", ("oil",)),
            "unclosed BODY",
        ),
        (
            document(story("OIL", "It rose."), ("oil", "gas")).replace("</TOPICS>", ""),
            ("OIL", "It rose.", ("oil", "gas")),
            "unclosed TOPICS",
        ),
        (
            document(story("OIL", "It rose."), ("oil",)).partition(" rose")[0],
            ("OIL", "It", ("oil",)),
            "no end",
        ),
    ],
)
def test_malformed_markup_is_read_as_far_as_it_goes(
    sgml: str, expected: tuple[str, str, tuple[str, ...]], problem: str
) -> None:
    found, problems = one(sgml)
    assert (found.title, found.body, found.topics) == expected
    assert problems[problem] == 1


def test_damage_stays_within_its_document() -> None:
    good = document(story("OIL", "It rose."), ("oil",))
    for cut in range(0, len(good), 7):
        found = list(parse(good[:cut] + good, Counter()))
        assert found[-1] == one(good)[0]
        assert len(found) <= 2


def test_a_document_without_a_header_is_counted() -> None:
    problems: Counter[str] = Counter()
    assert list(parse("<REUTERS FOO>x</REUTERS><REUTERS", problems)) == []
    assert problems == {"no readable header": 2}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEQKIT_CACHE", str(tmp_path / "cache"))
    found = tmp_path / "reuters"
    found.mkdir()
    documents = [
        document(story("E1", "x"), ("earn",)),
        document(story("E2", "x"), ("earn", "acq")),
        document(story("E3", "x"), ("earn", "earn")),
        document(story("C1", "x"), ("cocoa",)),
        document(story("C2", "x"), ("cocoa", "tea")),
        document(story("T1", "x"), ("tea",)),
        document(story("N1", "x")),
        document(story("N2", "x"), judged="NO"),
        document(story("N3", "x"), split="TEST"),
        document(story("N4", "x"), split="NOT-USED", judged="NO"),
        document(story("U1", "x"), ("earn",), judged="NO"),
        document(story("E4", "x"), ("earn",), split="TEST"),
        document(story("C3", "x"), ("cocoa",), split="TEST"),
        document(story("A1", "x"), ("acq", "tea"), split="TEST"),
    ]
    for number, name in enumerate(reuters.CARD.files):
        (found / name).write_bytes("".join(documents[number::22]).encode() or b"<REUTERS>")
    return found


@pytest.mark.parametrize(
    ("version", "train", "test", "labels"),
    [
        ("r8", "E1", "E4", ("earn",)),
        ("r52", "E1 C1", "E4 C3", ("cocoa", "earn")),
        ("modapte", "E1 E2 E3 C1 C2 T1", "E4 C3 A1", ("acq", "cocoa", "earn", "tea")),
    ],
)
def test_versions(
    folder: Path, version: str, train: str, test: str, labels: tuple[str, ...]
) -> None:
    corpus = load("reuters", {"version": version, "text": "title"}, path=str(folder))
    texts = {name: " ".join(e.text for e in corpus.examples(name)) for name in corpus.splits}
    assert texts == {"train": train, "test": test, "unlabelled": "N1 N2 N4"}
    assert corpus.labels == labels
    assert corpus.multi_label == (version == "modapte")
    assert Labelled("E1", ("earn",)) in list(corpus.examples("train"))


def test_problems_are_told(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        load("reuters", {}, path=str(folder))
    assert "8 with no readable header" in caplog.text


def test_a_file_of_something_else(folder: Path) -> None:
    (folder / "reut2-003.sgm").write_text("hello")
    with pytest.raises(SeqkitError, match=r"reut2-003\.sgm holds no <REUTERS> document"):
        load("reuters", {}, path=str(folder))


def test_text_option() -> None:
    both, title = Document("TRAIN", True, (), "T", "B"), Document("TRAIN", True, (), "T", "")
    read = reuters._text
    assert [read(both, part) for part in ("title+body", "title", "body")] == ["T\nB", "T", "B"]
    assert [read(title, part) for part in ("title+body", "title", "body")] == ["T", "T", "T"]
    assert Options().version == "r52"


@needs_data
@pytest.mark.parametrize(
    ("version", "train", "test", "labels"),
    [("r8", 5485, 2189, 8), ("r52", 6532, 2568, 52), ("modapte", 7770, 3019, 90)],
)
def test_published_counts(
    version: str,
    train: int,
    test: int,
    labels: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SEQKIT_CACHE", str(tmp_path))
    corpus = load("reuters", {"version": version}, path=str(HERE))
    assert len(corpus.split("train")) == train
    assert len(corpus.split("test")) == test
    assert len(corpus.split("unlabelled")) == 9931
    assert len(corpus.labels) == labels
    assert {y for e in corpus.examples("test") for y in e.labels} == set(corpus.labels)
    joined = "".join(e.text for split in corpus.splits for e in corpus.examples(split))
    assert "&lt;" not in joined
    assert "&#" not in joined
    assert "<BODY>" not in joined
