"""Word vectors from co-occurrence counts: positive pointwise mutual information, then SVD.

Levy, Goldberg and Dagan 2015, "Improving Distributional Similarity with Lessons Learned from
Word Embeddings", sections 2.1, 2.2 and 3. They take seconds where skip-gram takes minutes, and
depend on nothing but the text: a good start for the embedding of a small training set.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.linalg import svds

from seqkit.data.ragged import Ragged

PIECE = 1 << 22  # tokens counted at once, which bounds the memory


def cooccurrence_vectors(
    rows: Ragged,
    words: int,
    size: int,
    *,
    window: int = 5,
    smoothing: float = 0.75,
    power: float = 0.5,
) -> NDArray[np.float32]:
    """Return ``(words, size)`` float32 vectors of the token ids in ``rows``.

    A word that never occurs beside another has a vector of zeros. The same rows give the same
    vectors.

    Args:
        rows: texts as token ids below ``words``; no pair is counted across two texts.
        words: the size of the vocabulary.
        size: of a vector; where it is not below ``words``, the rest is zeros.
        window: tokens on either side; one at distance d counts 1/d (section 3.1).
        smoothing: exponent of the context counts (their "cds").
        power: exponent of the singular values (their "eig").
    """
    pairs, weights = count_pairs(rows, words, window)
    row, column = pairs // words, pairs % words
    information = pointwise_mutual_information(row, column, weights, words, smoothing)
    kept = information > 0
    vectors = np.zeros((words, size), np.float32)
    if kept.any():
        matrix = csr_matrix((information[kept], (row[kept], column[kept])), (words, words))
        rank = min(size, words - 1)  # all that svds can give
        u, s, _ = svds(matrix, k=rank, v0=np.ones(words))
        vectors[:, :rank] = u * s**power
    return vectors


def count_pairs(
    rows: Ragged, words: int, window: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the pairs that occur together, as ``first * words + second``, and their weights.

    Sorted by pair; symmetric.
    """
    text = np.repeat(np.arange(len(rows), dtype=np.int64), rows.lengths)
    ids = np.asarray(rows.values, dtype=np.int64)
    pairs, weights = np.empty(0, np.int64), np.empty(0)
    for start in range(0, len(ids), PIECE):
        for distance in range(1, window + 1):
            first = slice(start, max(start, min(start + PIECE, len(ids) - distance)))
            second = slice(first.start + distance, first.stop + distance)
            same = text[first] == text[second]
            a, b = ids[first][same], ids[second][same]
            found, counts = np.unique(
                np.concatenate([a * words + b, b * words + a]), return_counts=True
            )
            pairs, weights = _add(pairs, weights, found, counts / distance)
    return pairs, weights


def _add(
    keys: NDArray[np.int64],
    values: NDArray[np.float64],
    more_keys: NDArray[np.int64],
    more_values: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    every = np.concatenate([keys, more_keys])
    merged: NDArray[np.int64]
    merged, place = np.unique(every, return_inverse=True)
    sums = np.bincount(place, np.concatenate([values, more_values])).astype(np.float64)
    return merged, sums


def pointwise_mutual_information(
    row: NDArray[np.int64],
    column: NDArray[np.int64],
    weights: NDArray[np.float64],
    words: int,
    smoothing: float,
) -> NDArray[np.float64]:
    """Return log p(w, c) / (p(w) p(c)), where p(c) is of counts raised to ``smoothing``."""
    total = np.bincount(row, weights, words)
    context = np.bincount(column, weights, words) ** smoothing
    result: NDArray[np.float64] = np.log(weights * context.sum() / (total[row] * context[column]))
    return result
