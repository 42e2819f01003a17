"""The word mover's distance: how far the words of one text must travel to become another's.

Kusner et al. 2015, "From Word Embeddings To Document Distances", section 4: a transport problem,
solved exactly as a linear programme.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def movers_distance(
    shares1: Floats, shares2: Floats, vectors1: NDArray[np.floating], vectors2: NDArray[np.floating]
) -> float:
    """Return the least sum of (share moved) x (Euclidean distance).

    Args:
        shares1: ``(n,)``, the share of each distinct word of the first text; they sum to 1.
        shares2: ``(m,)``, likewise.
        vectors1: ``(n, features)``, their vectors.
        vectors2: ``(m, features)``.

    Returns:
        The distance; infinite where all words lie in one point, as gensim has it.
    """
    from scipy.optimize import linprog
    from scipy.sparse import csr_array, eye_array, kron, vstack
    from scipy.spatial.distance import cdist

    costs = cdist(vectors1, vectors2)
    n, m = costs.shape
    if abs(costs.sum()) < 1e-8:
        return float("inf")
    if n == 1 or m == 1:
        return float(shares1 @ costs @ shares2)
    # All that leaves a word of the first, and all that comes to one of the second. The last
    # constraint follows from the others, and rounding could make it contradict them.
    leaves = kron(eye_array(n), np.ones((1, m)))
    comes = kron(np.ones((1, n)), eye_array(m))
    flows = csr_array(vstack([leaves, comes]))[:-1]
    moved = np.concatenate([shares1, shares2])[:-1]
    solve: Any = linprog  # its stubs know no sparse constraints
    return float(solve(costs.ravel(), A_eq=flows, b_eq=moved, method="highs").fun)
