"""Where the words of a question and of its answer stand in a plane, and so does their sum."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from seqkit.vectors import WordVectors


def plane(vectors: "WordVectors", terms: Sequence[tuple[str, int]], near: Sequence[str]) -> Any:
    """Return the plane in which the words of a question and those near its sum differ most.

    Directions of vectors are drawn, as they are what counts for a cosine. The way into the plane
    is linear, so that arithmetic is seen in it: of A - B + C, the arrow from B to A is the arrow
    from C to the sum.

    Args:
        vectors: that know every word.
        terms: each word that was asked, and whether it is added (1) or taken away (-1).
        near: the words of the answer.

    Returns:
        ``words``, those of the question first; ``places`` of each, from -1 to 1, y down;
        ``target``, the sum; ``share`` of the variance of the words that the plane holds.
    """
    asked = list(dict.fromkeys(word for word, _ in terms))
    words = [*asked, *(word for word in near if word not in asked)]
    rows = np.stack([vectors.get_vector(word) for word in words]).astype(np.float64)
    units = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-30)
    by_word = dict(zip(words, units, strict=True))
    total = np.sum([sign * by_word[word] for word, sign in terms], axis=0)
    centre = units.mean(axis=0)
    _, sizes, axes = np.linalg.svd(units - centre, full_matrices=False)
    axes = axes[:2] * np.where(axes[:2].sum(axis=1, keepdims=True) < 0, -1.0, 1.0)
    places = np.zeros((len(words) + 1, 2))
    places[:, : len(axes)] = (np.vstack([units, total]) - centre) @ axes.T
    scale = np.abs(places).max() or 1.0
    shown = np.round(places / scale * [1, -1], 4).tolist()
    whole = float((sizes**2).sum())
    share = float((sizes[:2] ** 2).sum()) / whole if whole > 0 else 1.0
    return {"words": words, "places": shown[:-1], "target": shown[-1], "share": min(share, 1.0)}
