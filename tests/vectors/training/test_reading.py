import errno
import gzip
import io
import os
import re
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from seqkit.data import lists, streams
from seqkit.errors import SeqkitError
from seqkit.text.basic import WhitespaceTokenizer, WordTokenizer
from seqkit.vectors.training import reading
from seqkit.vectors.training.reading import Encoded, encoded

Text = list[list[str]]


@pytest.fixture(autouse=True, scope="module")
def _no_wait_for_the_disk() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


def oracle(text: Text, min_count: int, known: Iterable[str] = ()) -> tuple[list[str], list[int]]:
    counts = Counter(word for row in text for word in row)
    often = [word for word, n in counts.items() if n >= min_count and word not in known]
    words = [*known, *sorted(often, key=lambda word: (-counts[word], word))]
    return words, [counts[word] for word in words]


def agree(made: Encoded, text: Text, min_count: int, known: Iterable[str] = ()) -> None:
    words, counts = oracle(text, min_count, known)
    place = {word: i for i, word in enumerate(words)}
    assert made.words == words
    assert made.counts.tolist() == counts
    assert made.total_words == sum(map(len, text))
    rows = [made.rows[i].tolist() for i in range(len(made.rows))]
    assert rows == [[place[word] for word in row if word in place] for row in text]


def bytes_of(text: Text) -> bytes:
    return "".join(" ".join(row) + "\n" for row in text).encode()


def unended(text: Text) -> bytes:
    return bytes_of(text).removesuffix(b"\n") if text[-1] else bytes_of(text)


def plain(folder: Path, text: Text) -> Any:
    (folder / "text").write_bytes(b"\xef\xbb\xbf" + unended(text))
    return folder / "text"


def packed_gz(folder: Path, text: Text) -> Any:
    (folder / "text.gz").write_bytes(gzip.compress(bytes_of(text)))
    return str(folder / "text.gz")


def packed_zst(folder: Path, text: Text) -> Any:
    halves = bytes_of(text[:1]), bytes_of(text[1:])
    (folder / "t.zst").write_bytes(b"".join(map(zstandard.compress, halves)))  # two frames
    return folder / "t.zst"


def two_files(folder: Path, text: Text) -> Any:
    (folder / "b").write_bytes(unended(text[:2]))
    (folder / "a").write_bytes(bytes_of(text[2:]))
    return [folder / "b", folder / "a"] if len(text) > 2 else [folder / "b"]


def a_folder(folder: Path, text: Text) -> Any:
    (folder / "in" / "below").mkdir(parents=True)
    (folder / "in" / ".hidden").write_bytes(b"\xff")
    (folder / "in" / "a").write_bytes(bytes_of(text[:1]))
    (folder / "in" / "below" / "b").write_bytes(bytes_of(text[1:]))
    return folder / "in"


def a_pipe(folder: Path, text: Text) -> Any:
    os.mkfifo(folder / "pipe")
    threading.Thread(target=(folder / "pipe").write_bytes, args=(bytes_of(text),)).start()
    return folder / "pipe"


def a_list(folder: Path, text: Text) -> Any:
    return text


def a_generator(folder: Path, text: Text) -> Any:
    return (tuple(row) for row in text)


WAYS: list[Callable[[Path, Text], Any]] = [
    plain, packed_gz, packed_zst, two_files, a_folder, a_pipe, a_list, a_generator,
]  # fmt: skip
WORDS = st.text("ab가\u2028x", min_size=1, max_size=3).filter(lambda w: w.split() == [w])
TEXTS = st.lists(st.lists(WORDS, max_size=8), min_size=1, max_size=8)


@settings(max_examples=20)
@given(text=TEXTS, most=st.integers(0, 5), size=st.integers(4, 40), min_count=st.integers(1, 2))
def test_every_way_of_giving_a_text_gives_the_same(
    text: Text, most: int, size: int, min_count: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    text = [["a", "b"] * 2, *text]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "MOST_WORDS", most)  # spilled again and again
        patch.setattr(streams, "BYTES", size)  # and long lines in parts
        patch.setattr(lists, "CHUNK", size)
        found = []
        for way in WAYS:
            folder = tmp_path_factory.mktemp("w")
            made = encoded(way(folder, text), folder / "work", min_count=min_count)
            agree(made, text, min_count)
            found.append(made.digest)
        tokenized = [" ".join(row) for row in text]
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(bytes_of(text))))
        for texts, cut in (("-", None), (iter(tokenized), WhitespaceTokenizer())):
            made = encoded(texts, folder / "work", tokenizer=cut, min_count=min_count)
            agree(made, text, min_count)
            found.append(made.digest)
    assert len(set(found)) == 1


@settings(max_examples=40)
@given(
    text=st.lists(st.lists(st.text("a b\u3000가_", max_size=3), max_size=5), max_size=6),
    most=st.integers(0, 5),
    size=st.integers(1, 9),
)
def test_words_of_lists_may_hold_spaces(
    text: Text, most: int, size: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    text = [["New York", "b"], *text]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "MOST_WORDS", most)
        patch.setattr(lists, "CHUNK", size)
        made = encoded(text, tmp_path_factory.mktemp("w"), min_count=1)
    agree(made, [[word for word in row if word] for row in text], 1)  # "" is no word


@settings(max_examples=30)
@given(text=TEXTS, min_count=st.integers(1, 3), most=st.integers(0, 5))
def test_known_words_keep_their_numbers(
    text: Text, min_count: int, most: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    text, known = [["a", "b"], *text], ["never", "b", "가"]
    folder = tmp_path_factory.mktemp("w")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "MOST_WORDS", most)
        made = encoded(text, folder, min_count=min_count, vocabulary=known)
        agree(made, text, min_count, known)
        fewer = encoded(text, folder, min_count=min_count, vocabulary=known, max_words=4)
        none = encoded(text, folder, min_count=min_count, vocabulary=known, max_words=3)
    assert (fewer.words, made.known) == (made.words[:4], 3)
    assert (none.words, none.counts.tolist()) == (known, made.counts[:3].tolist())


def test_the_folder_alone_gives_it_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = encoded([["a", "b", "a"], []], tmp_path, min_count=1)
    again = Encoded.open(tmp_path)
    assert (again.words, again.digest, again.total_words) == (["a", "b"], made.digest, 3)
    assert list(again.sentences()) == [["a", "b", "a"], []]
    assert isinstance(again.rows.values, np.memmap)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["encoded.json", "rows", "vocabulary.txt"]
    for other in ([["a", "b"], ["a"]], [["a", "c", "a"], []], [["a", "b", "a"]]):
        assert encoded(other, tmp_path, min_count=1).digest != made.digest

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    last = Encoded.open(tmp_path)
    with pytest.raises(KeyboardInterrupt):  # while it reads, nothing is written
        encoded(([stop()] for _ in range(1)), tmp_path)
    assert Encoded.open(tmp_path).digest == last.digest
    monkeypatch.setattr("seqkit.vectors.training.reading.Vocabulary.save", stop)
    with pytest.raises(KeyboardInterrupt):  # while it writes, what stood there is gone
        encoded([["a", "b"]], tmp_path, min_count=1)
    with pytest.raises(SeqkitError, match=r"cannot read .*encoded\.json"):
        Encoded.open(tmp_path)


def test_strings_are_cut_in_any_number_of_processes(tmp_path: Path, monkeypatch: Any) -> None:
    texts = [f"영화{i % 7}은 good{i % 11}! {i}" * (i % 5) for i in range(99)]
    monkeypatch.setattr("seqkit.text.counting.CHUNK", 400)
    told: list[int] = []
    (tmp_path / "text").write_text("\n".join(texts), encoding="utf-8")
    one = encoded(texts, tmp_path / "a", tokenizer=WordTokenizer(), min_count=2)
    two = encoded(
        tmp_path / "text",
        tmp_path / "b",
        tokenizer=WordTokenizer(),
        min_count=2,
        workers=2,
        progress=told.append,
    )
    agree(one, [WordTokenizer().words(text) for text in texts], 2)
    assert (two.digest, sum(told)) == (one.digest, 99)


def test_a_row_may_be_longer_than_any_line(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(streams, "BYTES", 1 << 10)
    monkeypatch.setattr(streams, "LONGEST_LINE", 1 << 12)
    words = ("가나 many words on one line, as text8 has them " * 4000).split(" ")[:-1]
    (tmp_path / "text").write_text(" ".join(words), encoding="utf-8")
    made = encoded(tmp_path / "text", tmp_path / "a", min_count=1)
    assert (len(made.rows), made.total_words) == (1, len(words))
    assert made.digest == encoded([words], tmp_path / "b", min_count=1).digest


def of(text: bytes) -> Callable[[Path], Any]:
    def given(folder: Path) -> Any:
        (folder / "t").write_bytes(text)
        return folder / "t"

    return given


def damaged(name: str, content: bytes) -> Callable[[Path], Any]:
    def given(folder: Path) -> Any:
        (folder / name).write_bytes(content)
        return folder / name

    return given


LONG = os.urandom(9000).hex().encode()
ZST, GZ = zstandard.compress(LONG), gzip.compress(LONG)
ERRORS: list[tuple[Callable[[Path], Any], str]] = [
    (of(b""), r"t has no words: it is empty or every line is blank\.$"),
    (of("\n \n\u3000\n".encode()), "has no words"),
    (of(b"a a a\n" * 9), r"only one word, 'a', occurs 5 times or more, .*lower min_count"),
    (of(b"a b c b\n"), r"no word occurs 5 times .*\('b' has the most, 2\): lower min_count to 2"),
    (of(b"good\nbad \xff\n"), r"t, line 2 is not UTF-8 \(byte 9 is 0xff\): convert"),
    (of(b"a\nb\0\n"), r"t, line 2 holds a NUL byte at byte 3"),
    (damaged("t.gz", GZ[:-2000]), r"cannot read .*t\.gz: .*ended.*; fetch it again"),
    (damaged("t.gz", b"abc"), r"cannot read .*t\.gz: Not a gzipped file.*; fetch it again"),
    (damaged("t.zst", ZST[:-20]), r"cannot read .*t\.zst: it ends early; fetch it again"),
    (damaged("t.zst", b"abcdefghijk"), r"t\.zst: it is damaged \(.*\); fetch it again"),
    (lambda folder: folder, "there are no files in the folder"),
    (lambda folder: folder / "none", r"cannot read .*none: No such file"),
    (lambda folder: "the text itself\n" * 99, "cannot read 'the text itself.*too long"),
    (lambda folder: ["the cat sat"], r"text 1 is the string 'the cat sat', where a list of words"),
    (lambda folder: [["a"], "b" * 99], r"text 2 is the string 'b{37}\.\.\.', .*give text\.split"),
    (lambda folder: [["a"], 7], "text 2 is a int, where a list of words is due"),
    (lambda folder: [["a"], ["b", 7]], "text 2 holds 7, a int, where a word is due"),
    (lambda folder: [["a"], [["b"]]], r"text 2 holds \['b'\], a list, where a word is due"),
    (lambda folder: [["a\nb", "c"] * 9], r"the word 'a\\nb' holds a line break"),
    (lambda folder: [["a\ud800", "c"] * 9], "half of a surrogate pair"),
    (lambda folder: [], "the iterable of texts gave no words: it is empty"),
    (lambda folder: iter([]), "a generator can be read but once"),
]


@pytest.mark.parametrize(("given", "match"), ERRORS)
def test_what_is_no_text_is_refused_in_one_line(
    given: Callable[[Path], Any], match: str, tmp_path: Path
) -> None:
    with pytest.raises(SeqkitError, match=match) as told:
        encoded(given(tmp_path), tmp_path / "work")
    assert "\n" not in str(told.value)
    assert not (tmp_path / "work" / "rows").exists()


def test_strings_and_lists_are_not_taken_for_each_other(tmp_path: Path) -> None:
    rows: Any = iter(["a b", ["a", "b"]])
    with pytest.raises(SeqkitError, match="text 2 is a list, not a string: with a tokenizer"):
        encoded(rows, tmp_path, tokenizer=WordTokenizer())
    used = iter([["a", "b"] * 9])
    encoded(used, tmp_path)
    with pytest.raises(SeqkitError, match="read but once; make it anew, or give a list"):
        encoded(used, tmp_path)


def test_known_words_are_distinct_and_have_room(tmp_path: Path) -> None:
    text = [["a", "b"]]
    with pytest.raises(SeqkitError, match="stands twice among the known"):
        encoded(text, tmp_path, vocabulary=["a", "a"])
    with pytest.raises(SeqkitError, match=r"max_words = 2: it must be at least 3, the words that"):
        encoded(text, tmp_path, vocabulary=["a", "b", "c"], max_words=2)
    with pytest.raises(SeqkitError, match=r"'a' has the most, 1, and none was known before"):
        encoded(text, tmp_path, vocabulary=["x", "y"])


def test_standard_input_that_is_not_text_is_refused(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(streams, "BYTES", 8)
    stream = io.BytesIO(b"a a\na a\nlong line, not ended \xff\n")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(stream))
    with pytest.raises(SeqkitError, match=r"standard input, line 3 is not UTF-8 \(byte 29 is 0xff"):
        encoded("-", tmp_path)
    monkeypatch.setattr(streams, "LONGEST_LINE", 40)
    (tmp_path / "t").write_bytes(b"a\n" + b"x" * 99)
    with pytest.raises(SeqkitError, match="line 2 has a word longer than"):
        encoded(tmp_path / "t", tmp_path)


@pytest.mark.parametrize("place", ["draft", "rows"])
def test_a_full_disk(place: str, tmp_path: Path, monkeypatch: Any) -> None:
    class Full(io.BytesIO):
        def write(self, _: Any) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    def fail(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    if place == "draft":
        monkeypatch.setattr("seqkit.data.draft.tempfile.TemporaryFile", lambda **_: Full())
    else:
        monkeypatch.setattr("seqkit.data.ragged.RaggedWriter.add", fail)
    with pytest.raises(SeqkitError, match=r"the disk is full: .* was not written"):
        encoded([["a", "b"] * 9], tmp_path / "work")
    assert list(tmp_path.rglob("*.npy")) == []


def test_a_missing_package_for_zst_is_named(tmp_path: Path, monkeypatch: Any) -> None:
    for name in ("zstandard", "compression.zstd"):
        monkeypatch.setitem(sys.modules, name, None)
    (tmp_path / "t.zst").write_bytes(ZST)
    with pytest.raises(SeqkitError, match=r"pip install 'seqkit-nlp\[zstd\]'$"):
        encoded(tmp_path / "t.zst", tmp_path / "work")


@settings(max_examples=60)
@given(at=st.integers(0, len(ZST) - 1), byte=st.integers(0, 255), cut=st.booleans())
def test_a_mutated_zst_is_read_or_refused(
    at: int, byte: int, cut: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("w")
    changed = ZST[:at] if cut else ZST[:at] + bytes([byte]) + ZST[at + 1 :]
    (folder / "t.zst").write_bytes(changed)
    told = ""
    try:
        assert encoded(folder / "t.zst", folder / "work", min_count=1).total_words > 0
    except SeqkitError as error:
        told = str(error)
    refused = re.search(r"cannot read|has no words|not UTF-8|only one word|NUL", told)
    assert refused or not (told or cut)  # the byte may be what it was, or a letter of a word


def test_a_text_that_cannot_be_read_leaves_the_one_before(tmp_path: Path) -> None:
    good, blank = tmp_path / "good.txt", tmp_path / "blank.txt"
    good.write_text("a b a\nb a\n" * 5, encoding="utf-8")
    blank.write_text("\n\n", encoding="utf-8")
    made = encoded(good, tmp_path / "work", min_count=1)
    with pytest.raises(SeqkitError):
        encoded(blank, tmp_path / "work", min_count=1)
    again = Encoded.open(tmp_path / "work")
    assert list(again.words) == list(made.words)
