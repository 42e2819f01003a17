"""The vectors of some words, out of every format; and those of a trained run."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from seqkit.errors import SeqkitError
from seqkit.text.vocabulary import Vocabulary
from seqkit.vectors import WordVectors
from seqkit.vectors.files import runs
from seqkit.vectors.files.chosen import vectors_of
from seqkit.vectors.files.formats import open_any
from seqkit.vectors.subwords import Subwords, SubwordVectors

DRAW = np.random.default_rng(0)
NAMES = ["the", "서울", "rain", "Rain", "unheard"]
MATRIX = DRAW.normal(size=(5, 3)).astype(np.float32)
VECTORS = WordVectors.of(NAMES, MATRIX)


def save_run(folder: Path, table: dict[str, Any] | None = None) -> Path:
    Vocabulary(tuple(NAMES), (9, 7, 7, 2, 1)).save(folder / "vocabulary.txt")
    if table is None:
        rows = np.concatenate([np.zeros((2, 3), np.float32), MATRIX])
        table = {"embedding.table.weight": rows, "head.weight": np.ones(2, np.float32)}
    save_file(table, folder / "model.safetensors")
    return folder


def save(folder: Path, kind: str) -> Path:
    path = folder / kind
    if kind == "run":
        path.mkdir()
        return save_run(path)
    if kind == "folder":
        VECTORS.save(path)
    else:
        binary, header = kind.startswith("binary"), not kind.startswith("glove")
        VECTORS.save_word2vec_format(path, binary=binary, write_header=header)
    return path


@pytest.mark.parametrize(
    "kind", ["run", "folder", "binary.bin", "binary.bin.gz", "text.vec", "glove.txt", "glove.gz"]
)
def test_every_format_gives_the_wanted_words(tmp_path: Path, kind: str) -> None:
    words, rows = vectors_of(save(tmp_path, kind), ["서울", "RAIN", "the", "absent"], ["<unk>"])
    assert sorted(words) == sorted(["the", "서울", "rain"])
    np.testing.assert_array_equal(rows, MATRIX[[NAMES.index(word) for word in words]])
    assert rows.dtype == np.float32
    words, rows = vectors_of(tmp_path / kind, ["absent"])
    assert (words, rows.shape) == ([], (0, 3))


def test_the_first_of_two_in_a_binary_file(tmp_path: Path) -> None:
    path = tmp_path / "two.bin"
    rows = [b"%s %s\n" % (w, v.tobytes()) for w, v in zip([b"a", b"b", b"a"], MATRIX, strict=False)]
    path.write_bytes(b"3 3\n" + b"".join(rows))
    words, found = vectors_of(path, ["a", "b"])
    assert words == ["a", "b"]
    np.testing.assert_array_equal(found, MATRIX[:2])


def test_subwords_answer_for_words_but_not_for_special_tokens(tmp_path: Path) -> None:
    ngrams = DRAW.normal(size=(50, 3)).astype(np.float32)
    made = SubwordVectors.composed(NAMES, MATRIX, ngrams, Subwords(buckets=50))
    made.save(tmp_path / "subwords")
    words, rows = vectors_of(tmp_path / "subwords", ["raining", "RAIN", "the"], ["<unk>"])
    assert sorted(words) == ["rain", "raining", "the"]
    expected = np.stack([made.get_vector(word) for word in words])
    np.testing.assert_allclose(rows, expected, atol=1e-6)


def test_a_run_opens_as_word_vectors_without_torch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)  # an import of it fails
    vectors = open_any(save_run(tmp_path))
    assert vectors.index_to_key == NAMES
    np.testing.assert_array_equal(vectors.vectors, MATRIX)
    assert [vectors.get_vecattr(name, "count") for name in NAMES] == [9, 7, 7, 2, 1]


def test_damaged_runs(tmp_path: Path) -> None:
    with pytest.raises(SeqkitError, match=r"no vectors of words that it reads: they are one-hot"):
        runs.open_run(save_run(tmp_path, {"head.weight": np.ones(2, np.float32)}))
    few = {"embedding.table.weight": np.ones((3, 3), np.float32)}
    with pytest.raises(SeqkitError, match=r"vectors for 3 words and .*vocabulary.txt has 7"):
        runs.open_run(save_run(tmp_path, few))
    file = save_run(tmp_path) / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(SeqkitError, match=r"model.safetensors cannot be read .*: it is truncated"):
        runs.open_run(tmp_path)
    file.unlink()
    with pytest.raises(SeqkitError, match=r"no weights at .*: the run was stopped before"):
        runs.open_run(tmp_path)
    (tmp_path / "vocabulary.txt").unlink()
    with pytest.raises(SeqkitError, match=r"cannot read .*vocabulary.txt"):
        runs.open_run(tmp_path)
