"""The reader of text vectors."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from seqkit.errors import SeqkitError
from seqkit.vectors.formats import read_text_vectors

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
