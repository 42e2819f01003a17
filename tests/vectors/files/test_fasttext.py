"""fastText's .bin models, against gensim's reader and writer of them."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqkit.errors import SeqkitError
from seqkit.vectors import WordVectors
from seqkit.vectors.files.fasttext import MAGIC, read_fasttext, write_fasttext
from seqkit.vectors.files.formats import open_any
from seqkit.vectors.subwords import Subwords, SubwordVectors

gensim = pytest.importorskip("gensim.models.fasttext")

TEXTS = [
    ["human", "interface", "computer"],
    ["서울", "한국어", "naïve", "</s>"],
    ["human", "trees"],
]
ASKED = ["human", "한국어", "</s>", "humans", "한국", "q", "", "𝒳𝒳𝒳"]


@pytest.fixture(scope="module")
def model() -> Any:
    return gensim.FastText(
        TEXTS * 3, vector_size=6, min_count=1, bucket=90, min_n=2, max_n=4, epochs=1, workers=1
    )


@pytest.fixture
def path(tmp_path: Path, model: Any) -> Path:
    gensim.save_facebook_model(model, str(tmp_path / "model.bin"))
    return tmp_path / "model.bin"


def same(ours: WordVectors, theirs: Any) -> None:
    assert ours.index_to_key == theirs.index_to_key
    for word in ASKED:
        np.testing.assert_allclose(ours[word], theirs[word], atol=1e-7)
        mine, other = ours.most_similar(word, topn=4), theirs.most_similar(word, topn=4)
        np.testing.assert_allclose([x for _, x in mine], [x for _, x in other], atol=1e-5)
    for word in ours.index_to_key:
        assert ours.get_vecattr(word, "count") == theirs.get_vecattr(word, "count")


def test_answers_are_gensims(path: Path) -> None:
    ours = open_any(path)
    assert isinstance(ours, SubwordVectors)
    assert ours.subwords == Subwords(min_n=2, max_n=4, buckets=90)
    same(ours, gensim.load_facebook_vectors(str(path)))


def test_gensim_reads_what_we_write(tmp_path: Path, path: Path) -> None:
    first = read_fasttext(path)
    write_fasttext(first, tmp_path / "again.bin")
    same(first, gensim.load_facebook_vectors(str(tmp_path / "again.bin")))
    same(first, gensim.load_facebook_model(str(tmp_path / "again.bin")).wv)
    old, new = path.read_bytes(), (tmp_path / "again.bin").read_bytes()
    assert len(old) == len(new)
    assert old[:64] == new[:64]  # the arguments of training are kept


def test_a_packed_model_is_read_back(tmp_path: Path, path: Path) -> None:
    first = read_fasttext(path)
    write_fasttext(first, tmp_path / "a.bin.gz")
    assert (tmp_path / "a.bin.gz").read_bytes()[:2] == b"\x1f\x8b"
    again = read_fasttext(tmp_path / "a.bin.gz")
    np.testing.assert_allclose(again.vectors, first.vectors, atol=1e-7)


def test_vectors_without_ngrams(tmp_path: Path) -> None:
    matrix = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    write_fasttext(WordVectors.of(["a", "b", "c"], matrix, counts=[9, 5, 2]), tmp_path / "v")
    read = open_any(tmp_path / "v")
    assert type(read) is WordVectors
    np.testing.assert_array_equal(read.vectors, matrix)
    theirs = gensim.load_facebook_vectors(str(tmp_path / "v"))
    np.testing.assert_array_equal(theirs["b"], matrix[1])


def test_words_that_are_not_utf8_are_spelt_as_gensim_does(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data.replace("naïve".encode(), b"na\xefeve"))
    theirs = gensim.load_facebook_vectors(str(path))
    assert read_fasttext(path).index_to_key == theirs.index_to_key
    assert r"na\xefeve" in theirs.index_to_key
    with pytest.raises(SeqkitError, match=r"the word b'na\\xefeve' is not UTF-8: name its enc"):
        read_fasttext(path, unicode_errors="strict")


HEAD = 8 + 56  # magic, version, arguments


def changed(data: bytes, at: int, layout: str, value: float) -> bytes:
    return data[:at] + struct.pack(layout, value) + data[at + struct.calcsize(layout) :]


@pytest.mark.parametrize(
    ("at", "layout", "value", "message"),
    [
        (0, "<i", 7, "is no .bin model of fastText: it begins with"),
        (4, "<i", 99, "is of version 99 of fastText's format, and 12 is read"),
        (8, "<i", 2**30, "its head makes no sense"),
        (8, "<i", 7, "its matrix is .* features are due"),
        (36, "<i", 3, "is a classifier of fastText"),
        (40, "<i", -5, "its head makes no sense"),
        (40, "<i", 2**31 - 1, "its matrix is .* features are due"),
        (48, "<i", 1000, "its head makes no sense"),
        (HEAD, "<i", 2**31 - 1, "its dictionary of 2147483647 entries"),
        (HEAD + 8, "<i", 3, "and 3 labels"),
        (HEAD + 20, "<q", 4, "is pruned, which is not read"),
        (HEAD + 28, "<q", 0, "its dictionary"),
    ],
)
def test_damaged_heads(path: Path, at: int, layout: str, value: int, message: str) -> None:
    path.write_bytes(changed(path.read_bytes(), at, layout, value))
    with pytest.raises(SeqkitError, match=message) as error:
        read_fasttext(path)
    assert "\n" not in str(error.value)


def test_quantised_absurd_and_not_finite(path: Path) -> None:
    data = path.read_bytes()
    words = len(open_any(path))
    shape = data.index(struct.pack("<2q", words + 90, 6))
    path.write_bytes(changed(data, shape - 1, "<b", 1))
    with pytest.raises(SeqkitError, match="is quantised, which is not read"):
        read_fasttext(path)
    path.write_bytes(changed(data, shape, "<q", 10**12))
    with pytest.raises(SeqkitError, match="its matrix is 1000000000000 x 6"):
        read_fasttext(path)
    path.write_bytes(changed(data, shape + 16, "<f", float("nan")))
    with pytest.raises(SeqkitError, match="a number in the vectors of its words is not finite"):
        read_fasttext(path)


def test_cut_short_anywhere(path: Path) -> None:
    data = path.read_bytes()
    matrix = struct.pack("<2q", len(open_any(path)) + 90, 6)
    end = data.index(matrix) + 16 + 4 * 6 * (len(open_any(path)) + 90)
    for size in range(0, end, 13):
        path.write_bytes(data[:size])
        with pytest.raises(SeqkitError, match=r"it ends within .* fetch it again"):
            read_fasttext(path)
    path.write_bytes(data[:end])  # what follows is for training alone
    assert len(read_fasttext(path))


def test_what_cannot_be_written(tmp_path: Path) -> None:
    ones = np.ones((1, 2), np.float32)
    jamo = Subwords(unit="jamo", buckets=1)
    made = SubwordVectors.composed(["말"], ones, ones, jamo)
    with pytest.raises(SeqkitError, match="cannot hold n-grams of jamo"):
        write_fasttext(made, tmp_path / "v")
    with pytest.raises(SeqkitError, match="it has a NUL"):
        write_fasttext(WordVectors.of(["a\0b"], ones), tmp_path / "v")
    assert not list(tmp_path.iterdir())
    assert MAGIC[:1] == b"\xba"
