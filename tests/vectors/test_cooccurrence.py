import numpy as np
import pytest

from seqkit.data.ragged import Ragged
from seqkit.vectors import cooccurrence
from seqkit.vectors.cooccurrence import (
    cooccurrence_vectors,
    count_pairs,
    pointwise_mutual_information,
)

WORDS = 30


@pytest.fixture
def rows() -> Ragged:
    rng = np.random.default_rng(0)
    texts = [rng.integers(WORDS - 1, size=n).tolist() for n in rng.integers(0, 40, size=60)]
    return Ragged.from_rows(texts)  # the last word never occurs


def counted(rows: Ragged, window: int) -> np.ndarray:
    """Count the slow, obvious way."""
    table = np.zeros((WORDS, WORDS))
    for number in range(len(rows)):
        text = rows[number].tolist()
        for i, word in enumerate(text):
            for j in range(max(0, i - window), min(len(text), i + window + 1)):
                if i != j:
                    table[word, text[j]] += 1 / abs(i - j)
    return table


@pytest.mark.parametrize("piece", [1 << 22, 100, 7])
def test_counts_agree_with_two_loops(
    rows: Ragged, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cooccurrence, "PIECE", piece)
    pairs, weights = count_pairs(rows, WORDS, window=4)
    table = np.zeros((WORDS, WORDS))
    table[pairs // WORDS, pairs % WORDS] = weights
    np.testing.assert_allclose(table, counted(rows, 4))


def test_vectors_are_the_singular_vectors_of_positive_information(rows: Ragged) -> None:
    table = counted(rows, 5)
    total, context = table.sum(1), table.sum(0) ** 0.75
    with np.errstate(divide="ignore", invalid="ignore"):
        information = np.log(table * context.sum() / np.outer(total, context))
    u, s, _ = np.linalg.svd(np.where(information > 0, information, 0))
    vectors = cooccurrence_vectors(rows, WORDS, 6)
    expected = u[:, :6] * np.sqrt(s[:6])
    # vectors are determined up to a rotation that keeps their products
    np.testing.assert_allclose(vectors @ vectors.T, expected @ expected.T, atol=1e-4)
    assert not vectors[WORDS - 1].any()


def test_the_formula_of_information() -> None:
    row, column = np.array([0, 0, 1]), np.array([1, 2, 2])
    weights = np.array([2.0, 1.0, 4.0])
    found = pointwise_mutual_information(row, column, weights, 3, smoothing=1.0)
    # p(0, 1) = 2/7, p(0) = 3/7, p(1 as context) = 2/7
    assert found[0] == pytest.approx(np.log((2 / 7) / ((3 / 7) * (2 / 7))))


def test_the_same_rows_give_the_same_vectors(rows: Ragged) -> None:
    first, second = (cooccurrence_vectors(rows, WORDS, 5) for _ in range(2))
    assert np.array_equal(first, second)


def test_few_words_and_lonely_words_have_vectors_too() -> None:
    few = cooccurrence_vectors(Ragged.from_rows([[0, 1, 2, 1]]), 3, 10)
    assert few.shape == (3, 10)
    assert few.any()
    assert not few[:, 2:].any()
    assert not cooccurrence_vectors(Ragged.from_rows([[0], [1]]), 3, 4).any()
