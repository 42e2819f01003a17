"""Sentence vectors against the formulas of the papers, and nearest lines against all of them."""

import gzip
import logging
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.decomposition import TruncatedSVD

from seqkit.errors import SeqkitError
from seqkit.vectors import WordVectors, sentences
from seqkit.vectors.sentences import SentenceSettings, SentenceVectors
from seqkit.vectors.subwords import Subwords, SubwordVectors

DRAW = np.random.default_rng(0)
NAMES = [f"w{i}" for i in range(30)]
COUNTS = {name: 1 + int(1000 / (1 + i)) for i, name in enumerate(NAMES)}
MATRIX = DRAW.normal(size=(30, 6)).astype(np.float32) + 1
VECTORS = WordVectors.of(NAMES, MATRIX)
TEXTS = [" ".join(DRAW.choice(NAMES, size=DRAW.integers(1, 9))) for _ in range(40)]


def slow(texts: list[str], weight: dict[str, float], unit: bool = True) -> NDArray[np.float64]:
    matrix = MATRIX.astype(float)
    if unit:
        matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    rows = []
    for text in texts:
        known = [word for word in text.split() if word in weight]
        rows.append(sum(weight[w] * matrix[NAMES.index(w)] for w in known))
        rows[-1] = rows[-1] / len(known)
    return np.array(rows)


def test_mean_and_idf_are_weighted_means() -> None:
    mean = SentenceVectors(VECTORS, str.split, "mean").encode(TEXTS)
    np.testing.assert_allclose(mean, slow(TEXTS, dict.fromkeys(NAMES, 1.0)), atol=1e-5)
    total = sum(COUNTS.values())
    weights = {name: float(np.log(total / n)) for name, n in COUNTS.items()}
    idf = SentenceVectors(VECTORS, str.split, "idf", COUNTS).encode(TEXTS)
    np.testing.assert_allclose(idf, slow(TEXTS, weights), atol=1e-4)


@pytest.mark.parametrize("unit", [True, False])
def test_sif_is_algorithm_1(unit: bool) -> None:
    total = sum(COUNTS.values())
    weights = {name: 1e-2 / (1e-2 + n / total) for name, n in COUNTS.items()}
    rows = slow(TEXTS, weights, unit)
    common = TruncatedSVD(1, algorithm="arpack", random_state=0).fit(rows).components_
    chosen = SentenceSettings(weighting="sif", smoothing=1e-2, unit=unit)
    model = SentenceVectors(VECTORS, str.split, chosen, COUNTS)
    np.testing.assert_allclose(model.encode(TEXTS), rows - rows @ common.T @ common, atol=1e-4)
    few = model.fit(TEXTS).encode(TEXTS[:3])  # with what is common to all of them
    np.testing.assert_allclose(few, (rows - rows @ common.T @ common)[:3], atol=1e-4)
    assert not np.allclose(few, model.encode(TEXTS[:3]), atol=1e-3)


def test_where_counts_come_from() -> None:
    own = WordVectors.of(NAMES, MATRIX, counts=list(COUNTS.values()))
    expected = SentenceVectors(VECTORS, str.split, "idf", COUNTS).encode(TEXTS)
    np.testing.assert_array_equal(SentenceVectors(own, str.split, "idf").encode(TEXTS), expected)
    # What a file without counts is given tells only the order of its words.
    ranks = WordVectors.of(NAMES, MATRIX, counts=range(30, 0, -1))
    seen = Counter(word for text in TEXTS for word in text.split())
    expected = SentenceVectors(VECTORS, str.split, "idf", seen).encode(TEXTS)
    np.testing.assert_allclose(
        SentenceVectors(ranks, str.split, "idf").encode(TEXTS), expected, atol=1e-6
    )


@pytest.mark.parametrize("weighting", ["mean", "idf", "sif"])
def test_unknown_words_are_left_out_and_lost_sentences_are_told(
    weighting: sentences.Weighting, caplog: pytest.LogCaptureFixture
) -> None:
    model = SentenceVectors(VECTORS, str.split, weighting, COUNTS).fit(TEXTS)
    with caplog.at_level(logging.WARNING):
        rows = model.encode(["w1 w2", "w1 nothing w2", "nothing at all", ""])
    np.testing.assert_array_equal(rows[0], rows[1])
    assert not rows[2:].any()
    assert "2 of 4 sentences have no word with a vector" in caplog.text
    assert model.encode([]).shape == (0, 6)


def test_subwords_answer_for_unseen_words() -> None:
    subwords = Subwords(buckets=50)
    ngrams = DRAW.normal(size=(50, 6)).astype(np.float32)
    vectors = SubwordVectors.composed(NAMES, MATRIX, ngrams, subwords)
    chosen = SentenceSettings(weighting="mean", unit=False)
    read = SentenceVectors(vectors, str.split, chosen).read(["unseen w1"])
    expected = (vectors.get_vector("unseen") + vectors.get_vector("w1")) / 2
    np.testing.assert_allclose(read.vectors[0], expected, atol=1e-6)
    assert read.known.tolist() == [2]


@pytest.mark.parametrize("name", ["lines.txt", "lines.txt.gz"])
@pytest.mark.parametrize("weighting", ["mean", "idf", "sif"])
def test_the_nearest_lines_of_a_file(
    name: str, weighting: sentences.Weighting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [*TEXTS, "", "nothing known", TEXTS[3]]
    data = "\n".join(lines).encode()
    path = tmp_path / name
    path.write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    model = SentenceVectors(VECTORS, str.split, weighting, COUNTS).fit(TEXTS)
    monkeypatch.setattr(sentences, "AT_ONCE", 7)
    queries = [TEXTS[3], "w5 w9"]
    found = model.nearest(queries, path, 6)
    units = sentences.unit(model.encode(lines))
    cosines = sentences.unit(model.encode(queries)) @ units.T
    cosines[:, 40:42] = -2
    for near, row in zip(found, cosines, strict=True):
        order = np.lexsort((np.arange(43), -row.round(5)))[:6]
        assert [each.line for each in near] == (order + 1).tolist()
        assert [each.text for each in near] == [lines[i] for i in order]
        np.testing.assert_allclose([each.score for each in near], row[order], atol=1e-5)
    assert [each.line for each in found[0][:2]] == [4, 43]
    assert len(model.nearest(["w1"], path, 100)[0]) == 41


def test_the_file_itself_fits_what_is_not_fitted(tmp_path: Path) -> None:
    path = tmp_path / "lines.txt"
    path.write_text("\n".join(TEXTS))
    fitted = SentenceVectors(VECTORS, str.split, "sif").fit(TEXTS)
    near = SentenceVectors(VECTORS, str.split, "sif").nearest(["w1 w7"], path, 5)
    assert near == fitted.nearest(["w1 w7"], TEXTS, 5)


def test_errors(tmp_path: Path) -> None:
    model = SentenceVectors(VECTORS, str.split, "mean")
    with pytest.raises(SeqkitError, match=r"no word of 'absent' has a vector"):
        model.nearest(["w1", "absent"], TEXTS)
    with pytest.raises(SeqkitError, match=r"cannot read .*none.txt"):
        model.nearest(["w1"], tmp_path / "none.txt")
    with pytest.raises(TypeError, match="a list of sentences"):
        model.encode("w1 w2")
    with pytest.raises(SeqkitError, match="weighting"):
        SentenceVectors(VECTORS, str.split, "tfidf")  # type: ignore[arg-type]
