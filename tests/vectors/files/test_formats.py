"""Files of word vectors, read and written: gensim's readers and writers are the oracle."""

import gzip
import pickle
from decimal import Decimal
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqkit.errors import SeqkitError
from seqkit.vectors import WordVectors
from seqkit.vectors.files import fasttext, formats, streams
from seqkit.vectors.files.formats import read_text_vectors

gensim = pytest.importorskip("gensim.models")

GLOVE = "the 0.5 -1 2e-3\n서울 1 2 3\n42 4 5 6\n"


def write(folder: Path, text: str, name: str = "vectors.txt") -> Path:
    path = folder / name
    data = text.encode()
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


@pytest.mark.parametrize("name", ["vectors.txt", "vectors.txt.gz"])
@pytest.mark.parametrize("header", ["", "3 3\n"])
@pytest.mark.parametrize("tail", ["\n", " \n", "\r\n"])  # word2vec writes a space before the end
def test_reads_glove_and_word2vec(tmp_path: Path, name: str, header: str, tail: str) -> None:
    text = header + GLOVE.replace("\n", tail)
    words, matrix = read_text_vectors(write(tmp_path, text, name))
    assert words == ["the", "서울", "42"]
    assert matrix.dtype == np.float32
    expected = np.array([[0.5, -1, 2e-3], [1, 2, 3], [4, 5, 6]], np.float32)
    np.testing.assert_array_equal(matrix, expected)


def test_wanted_words_only(tmp_path: Path) -> None:
    words, matrix = read_text_vectors(write(tmp_path, GLOVE), {"42", "the", "absent"})
    assert words == ["the", "42"]
    np.testing.assert_array_equal(matrix[1], [4, 5, 6])
    words, matrix = read_text_vectors(write(tmp_path, GLOVE), set())
    assert words == []
    assert matrix.shape == (0, 3)


def test_the_first_of_two_counts(tmp_path: Path) -> None:
    words, matrix = read_text_vectors(write(tmp_path, "a 1 2\nb 3 4\na 5 6\n"))
    assert words == ["a", "b"]
    np.testing.assert_array_equal(matrix, [[1, 2], [3, 4]])


def test_numbers_survive_the_round_trip(tmp_path: Path) -> None:
    matrix = np.random.default_rng(0).normal(size=(20, 7)).astype(np.float32)
    lines = [f"w{i} " + " ".join(map(repr, row.tolist())) for i, row in enumerate(matrix)]
    words, read = read_text_vectors(write(tmp_path, "\n".join(lines)))
    assert words == [f"w{i}" for i in range(20)]
    np.testing.assert_array_equal(read, matrix)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"vectors.txt holds no word vectors: it is empty\.$"),
        ("0 5\n", "holds no word vectors"),
        ("a 1 2\nb 1\n", r"vectors.txt, line 2 has 1 numbers where 2 are due"),
        ("a 1 2\nb 1 2 3\n", "line 2 has 3 numbers where 2 are due"),
        ("2 3\na 1 2\n", "line 2 has 2 numbers where 3 are due"),
        ("a 1 2\n\nb 1 2\n", "line 2 begins with no word"),
        ("a 1 2\n 1 2\n", "line 2 begins with no word"),
        ("just\n", "line 1 has no numbers after 'just'"),
        ("a 1 2\nb 1 two\n", "line 2: 'two' is not a number"),
        ("a 1  2\n", "line 1: '' is not a number"),
        ("a 1 2\nb 1 nan\n", "line 2: nan is not finite"),
        ("a 1 -inf\n", "line 1: -inf is not finite"),
        ("a 1 1e40\n", "line 1: 1e40 is not finite"),
        ("5 2\na 1 2\nb 1 2\n", "line 1 promises 5 vectors and the file holds 2"),
        ("a 1 2\nb\0 1 2\n", "line 2 holds a NUL byte"),
    ],
)
def test_bad_lines(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SeqkitError, match=message) as error:
        read_text_vectors(write(tmp_path, text))
    assert "\n" not in str(error.value)


def test_encoding_and_files(tmp_path: Path) -> None:
    path = tmp_path / "cp949.txt"
    path.write_bytes("서울 1 2\n".encode("cp949"))
    with pytest.raises(SeqkitError, match="line 1 is not UTF-8"):
        read_text_vectors(path)
    with pytest.raises(SeqkitError, match=r"cannot read .*absent.txt: No such file"):
        read_text_vectors(tmp_path / "absent.txt")
    with pytest.raises(SeqkitError, match=r"cannot read .*absent.gz: No such file"):
        read_text_vectors(tmp_path / "absent.gz")


def test_damaged_gzip(tmp_path: Path) -> None:
    path = write(tmp_path, GLOVE * 500, "vectors.txt.gz")
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    with pytest.raises(SeqkitError, match=r"cannot read .*: .*fetch it again"):
        read_text_vectors(path)
    path.write_bytes(b"not gzip at all")
    with pytest.raises(SeqkitError, match=r"cannot read .*: .*fetch it again"):
        read_text_vectors(path)


WORDS = ["the", "서울", "42", "naïve", "𝒳"]
MATRIX = np.array([[0.1, -1, 2e-30], [1e-5, 1e18, 3], [0, 0, 0], [7, 8, 9], [1, 2, 3]], np.float32)


def gensims(words: list[str] = WORDS, matrix: np.ndarray = MATRIX) -> Any:
    made = gensim.KeyedVectors(matrix.shape[1])
    made.add_vectors(words, matrix)
    return made


def ours() -> WordVectors:
    return WordVectors.of(list(WORDS), MATRIX.copy())


def same(read: WordVectors, words: list[str] = WORDS, matrix: np.ndarray = MATRIX) -> None:
    assert read.index_to_key == words
    np.testing.assert_array_equal(read.vectors, matrix)


@pytest.mark.parametrize("name", ["v", "v.gz"])
@pytest.mark.parametrize("binary", [False, True])
def test_reads_what_gensim_wrote(tmp_path: Path, binary: bool, name: str) -> None:
    gensims().save_word2vec_format(str(tmp_path / name), binary=binary)
    same(formats.read_word2vec(tmp_path / name, binary=binary))
    same(formats.open_any(tmp_path / name))
    same(WordVectors.load_word2vec_format(tmp_path / name, binary=binary))


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("counts", [None, [1, 5, 2, 5, 9]])
@pytest.mark.parametrize(
    "chosen", [{}, {"prefix": "*"}, {"total_vec": 77}, {"write_header": False}, {"append": True}]
)
def test_writes_what_gensim_writes(
    tmp_path: Path, binary: bool, counts: list[int] | None, chosen: dict[str, Any]
) -> None:
    mine, other = ours(), gensims()
    if counts is not None:
        mine.expandos["count"] = other.expandos["count"] = np.array(counts)
        chosen = {**chosen, "fvocab": str(tmp_path / "counts")}
    mine.save_word2vec_format(str(tmp_path / "mine"), binary=binary, **chosen)
    told = (tmp_path / "counts").read_bytes() if counts else b""
    (tmp_path / "counts").unlink(missing_ok=True)
    other.save_word2vec_format(str(tmp_path / "other"), binary=binary, **chosen)
    assert (tmp_path / "mine").read_bytes() == (tmp_path / "other").read_bytes()
    assert not counts or told == (tmp_path / "counts").read_bytes()


def test_writes_gz_and_glove(tmp_path: Path) -> None:
    formats.write_word2vec(ours(), tmp_path / "v.txt.gz")
    same(formats.open_any(tmp_path / "v.txt.gz"))
    formats.write_word2vec(ours(), tmp_path / "v.glove", write_header=False)
    assert formats.sniff(tmp_path / "v.glove") == "glove"
    same(formats.open_any(tmp_path / "v.glove"))
    (tmp_path / "unnamed").write_bytes((tmp_path / "v.txt.gz").read_bytes())
    same(formats.open_any(tmp_path / "unnamed"))  # packed, whatever its name


def test_the_folder_and_gensims_own_format(tmp_path: Path) -> None:
    ours().save(tmp_path / "folder")
    same(formats.open_any(tmp_path / "folder"))
    formats.write_gensim(ours(), tmp_path / "v.kv")
    same(gensim.KeyedVectors.load(str(tmp_path / "v.kv")))
    same(formats.open_any(tmp_path / "v.kv", format="gensim"))


DECIMALS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False, width=32).map(str),
    st.floats(-1e30, 1e30).map(repr),
    st.decimals(-(10**30), 10**30, allow_nan=False).map(str),
    st.from_regex(r"[-+]?[0-9]{1,25}(\.[0-9]{0,25})?([eE][-+]?[0-9]{1,2})?", fullmatch=True),
    st.floats(2.0**-99, 2.0**99, width=32).map(  # exactly between two float32
        lambda x: str((Decimal(x) + Decimal(float(np.nextafter(np.float32(x), np.inf)))) / 2)
    ),
)


@given(st.lists(DECIMALS, min_size=1, max_size=30), st.sampled_from(["f4", "f8", "f2"]))
@settings(max_examples=60, deadline=None)
def test_numbers_are_exact(numbers: list[str], dtype: str) -> None:
    with np.errstate(over="ignore"):
        numbers = [n for n in numbers if np.isfinite(np.array(float(n)).astype(dtype))] or ["1"]
        expected = np.array([float(n) for n in numbers]).astype(dtype)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "v"
        path.write_text("w " + " ".join(numbers) + "\n")
        read = formats.read_word2vec(path, no_header=True, datatype=dtype).vectors[0]
    assert read.dtype == dtype
    assert read.tobytes() == expected.tobytes()


@pytest.mark.parametrize("binary", [False, True])
def test_limit_and_counts(tmp_path: Path, binary: bool) -> None:
    ours().save_word2vec_format(tmp_path / "v", binary=binary)
    same(formats.read_word2vec(tmp_path / "v", binary=binary, limit=2), WORDS[:2], MATRIX[:2])
    (tmp_path / "counts").write_text("서울 7\n42 3\n", "utf8")
    read = formats.read_word2vec(tmp_path / "v", binary=binary, fvocab=tmp_path / "counts")
    assert [read.get_vecattr(word, "count") for word in WORDS] == [0, 7, 3, 0, 0]
    theirs = gensim.KeyedVectors.load_word2vec_format(str(tmp_path / "v"), binary=binary)
    read = formats.read_word2vec(tmp_path / "v", binary=binary)
    np.testing.assert_array_equal(read.expandos["count"], theirs.expandos["count"])


@pytest.mark.parametrize("binary", [False, True])
def test_encodings(tmp_path: Path, binary: bool) -> None:
    vector = np.ones(2, "<f4").tobytes() if binary else b"1 1\n"
    (tmp_path / "v").write_bytes(b"1 2\n" + "서울".encode("cp949") + b" " + vector)
    assert formats.read_word2vec(tmp_path / "v", binary=binary, encoding="cp949").index_to_key == [
        "서울"
    ]
    read = formats.read_word2vec(tmp_path / "v", binary=binary, unicode_errors="ignore")
    theirs = gensim.KeyedVectors.load_word2vec_format(
        str(tmp_path / "v"), binary=binary, unicode_errors="ignore"
    )
    assert read.index_to_key == theirs.index_to_key
    with pytest.raises(SeqkitError, match=r"(line 2|vector 1) is not UTF-8 .*name its encoding"):
        formats.read_word2vec(tmp_path / "v", binary=binary)
    with pytest.raises(SeqkitError, match="unknown encoding: klingon"):
        formats.read_word2vec(tmp_path / "v", binary=binary, encoding="klingon")


@pytest.mark.parametrize("binary", [False, True])
def test_duplicates_keep_the_first_and_are_told(
    tmp_path: Path, binary: bool, caplog: pytest.LogCaptureFixture
) -> None:
    words = ["a", "b", "a", "c", "b"]
    rows = [f"{w} ".encode() + np.array([i], "<f4").tobytes() for i, w in enumerate(words)]
    text = "".join(f"{w} {i}\n" for i, w in enumerate(words)).encode()
    (tmp_path / "v").write_bytes(b"5 1\n" + (b"".join(rows) if binary else text))
    read = formats.read_word2vec(tmp_path / "v", binary=binary)
    same(read, ["a", "b", "c"], np.array([[0], [1], [3]], np.float32))
    assert "2 words stand there before (such as 'a')" in caplog.text


def test_words_with_spaces_as_gloves_have_them(tmp_path: Path) -> None:
    path = write(tmp_path, "a 1 2\n. . . 3 4\nat name@domain.com 5 6\n")
    assert formats.read_glove(path).index_to_key == ["a", ". . .", "at name@domain.com"]
    with pytest.raises(SeqkitError, match="line 3 has 3 numbers where 2 are due"):
        formats.read_word2vec(write(tmp_path, "2 2\na 1 2\nb c 1 2\n"))


def test_large_files_in_several_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "BYTES", 5000)
    matrix = np.random.default_rng(1).normal(size=(500, 40)).astype(np.float32)
    words = [f"w{i}" for i in range(len(matrix))]
    made = WordVectors.of(words, matrix)
    kinds: dict[str, dict[str, Any]] = {"t": {}, "g.gz": {"write_header": False}}
    for name, chosen in {**kinds, "b": {"binary": True}}.items():
        formats.write_word2vec(made, tmp_path / name, **chosen)
        same(formats.open_any(tmp_path / name), words, matrix)


VECTOR = np.ones(3, "<f4").tobytes()
NAN = np.array([1, np.nan, 1], "<f4").tobytes()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "holds no word vectors: it is empty"),
        (b"3 x\n", "line 1 is not a header"),
        (b"the 0.1 0.2\n", "line 1 is not a header"),
        (b"0 3\n", "line 1 promises 0 vectors of 3 features"),
        (b"2 0\na b ", "line 1 promises 2 vectors of 0 features"),
        (b"1 9999999999\na " + VECTOR, "promises 1 vectors of 9999999999 features"),
        (b"2 3\na " + VECTOR, "promises 2 vectors and the file ends after 1: it is cut short"),
        (b"2 3\na " + VECTOR + b"b " + VECTOR[:-1], "promises 2 vectors and the file ends after 1"),
        (b"1000000000000 3\na " + VECTOR, "promises 1000000000000 vectors and the file ends after"),
        (b"1 3\na " + VECTOR + b"b " + VECTOR, "file goes on after them"),
        (b"2 3\na " + VECTOR + b"b " + NAN, r"vector 2 \(of 'b'\) holds a number that is not fin"),
        (b"2 3\na " + VECTOR + b"x" * 2_000_000, "no word ends where that of vector 2 begins"),
    ],
)
def test_bad_binary_files(tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "v").write_bytes(data)
    with pytest.raises(SeqkitError, match=message) as error:
        formats.read_word2vec(tmp_path / "v", binary=True)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"1000000000000 3\na 1 2 3\n", "promises 1000000000000 vectors and the file holds 1"),
        (b"1 3\na 1 2 3\nb 1 2 3\n", "promises 1 vectors and the file holds 2"),
        (b"1 999999999999\na 1 2 3\n", "line 2 has 3 numbers where 999999999999 are due"),
        (b"1 3\na 1 2 3 4\n", "line 2 has 4 numbers where 3 are due"),
        (b"2 1\na 1\nb " + b"9" * 9_000_000, "line 2 is longer than 8 MiB"),
        (b"just words here\n", "no file of word vectors that is known"),
        (b"\n\n\n", "it is empty"),
        (pickle.dumps({"a": 1}), "is a Python pickle, which can run any program"),
        (b"PK\x03\x04rest", "is a zip archive: unpack it first"),
        (b"\x93NUMPY\x01", "is a NumPy array, which has no words"),
    ],
)
def test_bad_files_of_any_format(tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "v").write_bytes(data)
    with pytest.raises(SeqkitError, match=message) as error:
        formats.open_any(tmp_path / "v")
    assert "\n" not in str(error.value)


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("ran"),)


def test_a_pickle_is_never_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        Path("v").write_bytes(pickle.dumps(Evil(), protocol))
        for read in (
            formats.open_any,
            formats.read_word2vec,
            partial(formats.read_word2vec, binary=True),
            formats.read_glove,
            fasttext.read_fasttext,
        ):
            with pytest.raises(SeqkitError):
                read(Path("v"))
    assert not Path("ran").exists()


def test_other_refusals(tmp_path: Path) -> None:
    with pytest.raises(SeqkitError, match=r"cannot read .*: Is a directory"):
        formats.read_word2vec(tmp_path)
    with pytest.raises(SeqkitError, match=r"cannot read .*absent: No such file"):
        formats.open_any(tmp_path / "absent")
    with pytest.raises(SeqkitError, match=r"vectors\.safetensors"):
        formats.open_any(tmp_path)
    path = write(tmp_path, "1 1\na 1\n")
    with pytest.raises(SeqkitError, match=r"unknown format of word vectors 'glov'.*'glove'"):
        formats.open_any(path, format="glov")
    with pytest.raises(SeqkitError, match="float16, float32 or float64, not int8"):
        formats.read_word2vec(path, datatype=np.int8)
    with pytest.raises(SeqkitError, match="no_header is for text"):
        formats.read_word2vec(path, binary=True, no_header=True)
    with pytest.raises(SeqkitError, match=r"limit=-1"):
        formats.read_word2vec(path, limit=-1)
    (tmp_path / "counts").write_text("a one\n")
    with pytest.raises(SeqkitError, match="counts, line 1 is not a word and its count"):
        formats.read_word2vec(path, fvocab=tmp_path / "counts")
    with pytest.raises(SeqkitError, match="gensim cannot open"):
        formats.open_any(path, format="gensim")
    spaced = WordVectors.of(["a b"], np.ones((1, 2), np.float32))
    with pytest.raises(SeqkitError, match="the word 'a b' cannot be written"):
        formats.write_word2vec(spaced, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    with pytest.raises(ValueError, match="Cannot store vocabulary with 'count'"):
        formats.write_word2vec(ours(), tmp_path / "out", fvocab=tmp_path / "counts2")
