import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seqkit.corpora import text as text_
from seqkit.corpora.text import Options, lines, read, units
from seqkit.corpus import Labelled, Text, load
from seqkit.errors import SeqkitError

POEM = "\n\n산에는 꽃 피네\n  꽃이 피네\n\n\n갈 봄 여름 없이\r\n꽃이 피네\n \n"
LINES = ["산에는 꽃 피네", "  꽃이 피네", "갈 봄 여름 없이", "꽃이 피네"]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQKIT_CACHE", str(tmp_path / "cache"))


def write(root: Path, files: dict[str, str], encoding: str = "utf-8") -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode(encoding))
    return root


def train(name: str | Path, path: str = "", **options: str | float) -> list[str]:
    return [example.text for example in load(str(name), options, path=path).examples("train")]


# --- units ----------------------------------------------------------------------------------


def test_units(tmp_path: Path) -> None:
    path = write(tmp_path, {"poem.txt": POEM}) / "poem.txt"
    assert train(path) == LINES
    assert train(path, unit="paragraph") == ["\n".join(LINES[:2]), "\n".join(LINES[2:])]
    assert train(path, unit="document") == [POEM.replace("\r", "").removesuffix("\n")]
    assert load(str(path)).kind is Text


@given(st.lists(st.text(st.sampled_from("가b \u2028\t")), max_size=12))
def test_no_unit_loses_a_word(found: list[str]) -> None:
    words = [line.split() for line in found if line.strip()]
    kept = [t.text.split("\n") for t in units(found, "paragraph")]
    assert [line.split() for block in kept for line in block] == words
    assert [t.text.split() for t in units(found, "line")] == words
    document = [t.text for t in units(found, "document")]
    assert document == (["\n".join(found)] if words else [])


def test_blank_files_are_no_documents(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "f", {"a.txt": "하나\n", "b.txt": " \n\n", "c.txt": "", "d.txt": "둘"}
    )
    assert train(folder, unit="document") == ["하나", "둘"]


# --- files and folders ----------------------------------------------------------------------


def test_packed_files(tmp_path: Path) -> None:
    for name in ("poem.txt.gz", "poem.gz"):
        (tmp_path / name).write_bytes(gzip.compress(POEM.encode()))
        assert train(tmp_path / name) == LINES
        assert train("text", path=str(tmp_path / name)) == LINES
    (tmp_path / "poem.gz").write_bytes(gzip.compress(POEM.encode())[:-9])
    with pytest.raises(SeqkitError, match=r"cannot read .*poem\.gz"):
        train(tmp_path / "poem.gz")


def test_any_ending_when_the_corpus_is_named(tmp_path: Path) -> None:
    write(tmp_path, {"poem.md": POEM})
    assert train("text", path=str(tmp_path / "poem.md")) == LINES
    with pytest.raises(SeqkitError, match=r"cannot tell what .*poem\.md is by its name"):
        train(tmp_path / "poem.md")


def test_a_folder_in_order_of_path(tmp_path: Path) -> None:
    files = {"b.txt": "둘", "a.txt": "하나", "notes.md": "x", ".hidden.txt": "x"}
    assert train(write(tmp_path / "flat", files)) == ["하나", "둘"]
    deep = write(tmp_path / "deep", {**files, "c/z.txt": "넷", "c/y.txt": "셋", ".git/x.txt": "x"})
    assert train("text", path=str(deep)) == ["하나", "둘", "셋", "넷"]


@pytest.mark.parametrize("names", ["{}.txt", "{}.txt.gz", "{}/1.txt"])
def test_splits_by_name(names: str, tmp_path: Path) -> None:
    files = {names.format(n): n for n in ("train", "valid", "test")}
    for name, content in {**files, "README.txt": "x"}.items():
        path = tmp_path / "mine" / name
        path.parent.mkdir(exist_ok=True, parents=True)
        data = content.encode()
        path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    corpus = load("text", path=str(tmp_path / "mine"))
    texts = {split: [e.text for e in corpus.examples(split)] for split in corpus.splits}
    assert texts == {"train": ["train"], "validation": ["valid"], "test": ["test"]}


def test_what_may_have_labels_is_still_labelled(tmp_path: Path) -> None:
    classes = write(tmp_path / "classes", {"good/1.txt": "x", "bad/1.txt": "y"})
    assert load(str(classes), {"test_fraction": 0}).kind is Labelled
    table = write(tmp_path / "table", {"train.csv": "text,label\nx,a\ny,b\n", "notes.txt": "z"})
    assert load(str(table), {"test_fraction": 0}).kind is Labelled
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(b"text,label\nx,a\ny,b\n"))
    with pytest.raises(SeqkitError, match=r"cannot tell what .*t\.csv\.gz is by its name"):
        load(str(tmp_path / "t.csv.gz"))


def test_a_test_split_by_seed(tmp_path: Path) -> None:
    path = write(tmp_path, {"n.txt": "\n".join(str(n // 2) for n in range(200))}) / "n.txt"
    assert list(load(str(path)).splits) == ["train"]
    corpora = [load(str(path), {"test_fraction": 0.2, "seed": seed}) for seed in (0, 0, 1)]
    tests = [[e.text for e in corpus.examples("test")] for corpus in corpora]
    assert tests[0] == tests[1] != tests[2]
    assert len(tests[0]) == 40
    assert not set(tests[0]) & {e.text for e in corpora[0].examples("train")}


# --- encodings ------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "euc-kr", "utf-16"])
def test_encodings(encoding: str, tmp_path: Path) -> None:
    path = write(tmp_path, {"poem.txt": POEM}, encoding) / "poem.txt"
    option = "auto" if encoding.startswith("utf-8") else encoding
    assert train(path, encoding=option) == LINES


def test_a_line_feed_inside_a_utf_16_character(tmp_path: Path) -> None:
    """U+0A0A and U+AC0A hold the byte of a line feed; U+D55C is one of Hangul's."""
    text = "\u0a0a\uac0a한\n\uac0a"
    for encoding, mark in (("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff")):
        (tmp_path / "x.txt").write_bytes(mark + text.encode(encoding))
        assert train(tmp_path / "x.txt", encoding="utf-16") == text.split("\n")


@settings(max_examples=30, suppress_health_check=list(HealthCheck))
@given(
    found=st.lists(st.text(st.characters(codec="cp949", exclude_characters="\0\r\n"), max_size=9)),
    encoding=st.sampled_from(["cp949", "utf-16"]),
    block=st.integers(1, 9),
)
def test_blocks_never_cut_a_character(
    found: list[str], encoding: str, block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_, "BLOCK", block)
    (tmp_path / "x.txt").write_bytes("".join(f"{line}\n" for line in found).encode(encoding))
    assert list(lines(tmp_path / "x.txt", encoding)) == found


@pytest.mark.parametrize(
    ("write_as", "option", "message"),
    [
        ("cp949", "auto", "line 3 is not UTF-8 .*can be read as cp949: set the option enc.*=cp949"),
        ("utf-16", "auto", "line 1 holds a NUL byte .*can be read as utf-16: set the option enc"),
        ("cp949", "utf-8", r"line 3 is not UTF-8 \(byte 8 is 0xb0\): convert the file"),
        ("utf-8", "cp949", r"poem\.txt, line 3 is not cp949: give its right encoding"),
        ("utf-8", "euc-kr", "line 3 is not euc-kr"),
    ],
)
@pytest.mark.parametrize("block", [1, 1 << 16])
def test_the_wrong_encoding(
    write_as: str,
    option: str,
    message: str,
    block: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(text_, "BLOCK", block)
    path = write(tmp_path, {"poem.txt": "one\ntwo\n각하 똠방각하\n"}, write_as) / "poem.txt"
    with pytest.raises(SeqkitError, match=message) as caught:
        train(path, encoding=option)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not list((tmp_path / "cache" / "arrow").glob("*"))


@pytest.mark.parametrize("content", [b"ab\n\xff\xff\n", b"ab\ncd\0\n"])
def test_in_no_known_encoding(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_bytes(content)
    with pytest.raises(SeqkitError, match=r"line 2 .*iconv"):
        train(tmp_path / "x.txt")


def test_half_a_character_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_bytes("가\n나".encode("cp949")[:-1])
    with pytest.raises(SeqkitError, match="line 2 is not cp949"):
        train(tmp_path / "x.txt", encoding="cp949")


def test_a_line_without_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_, "LONGEST_LINE", 100)
    monkeypatch.setattr(text_, "BLOCK", 10)
    (tmp_path / "x.txt").write_bytes(b"ab\n" + "가".encode("cp949") * 200)
    with pytest.raises(SeqkitError, match="line 2 is longer than"):
        train(tmp_path / "x.txt", encoding="cp949")


# --- what is wrong --------------------------------------------------------------------------


def test_nothing_to_read(tmp_path: Path) -> None:
    write(tmp_path, {"blank.txt": " \n\n", "tables/notes.md": "x", "s/train.txt": "x"})
    write(tmp_path, {"s/test.txt": "\n"})
    (tmp_path / "hollow").mkdir()
    wrong: list[tuple[Callable[[], object], str]] = [
        (lambda: train(tmp_path / "blank.txt"), r"blank\.txt has no text in its train split"),
        (lambda: train(tmp_path / "s"), "s has no text in its test split: every line is blank"),
        (lambda: train("text", path=str(tmp_path / "hollow")), "hollow holds no text: it needs"),
        (lambda: train("text", path=str(tmp_path / "tables")), r"tables holds no text.*\.txt\.gz"),
        (lambda: train(tmp_path / "hollow"), "hollow has no training data"),
        (lambda: train(tmp_path / "gone.txt"), r"no file or folder at .*gone\.txt"),
        (lambda: train("text"), "text reads your own data: give its file or folder"),
        (lambda: train(tmp_path / "blank.txt", unit="word"), "'unit' = 'word'"),
        (lambda: train(tmp_path / "blank.txt", label="x"), "unknown setting 'label'"),
    ]
    for call, message in wrong:
        with pytest.raises(SeqkitError, match=message):
            call()


def test_reading_is_lazy(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_bytes("하나\n둘\n".encode() + b"\xff\n")
    found = iter(read(Options(), tmp_path / "x.txt")["train"])
    assert next(found) == Text("하나")
    assert next(found) == Text("둘")
    with pytest.raises(SeqkitError, match="line 3"):
        list(found)
