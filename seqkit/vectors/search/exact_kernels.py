"""Compiled loops of exact search by 8-bit codes. Imported only where they are run.

A row of length 1, v, is kept as whole numbers c within +-127 and one scale s: v = s c + r, with
the length of the residual r beside it. For a query u of length 1, by Cauchy and Schwarz,
|u . v - s u . c| <= |r|: bounds on every cosine from a quarter of the memory traffic, which is
what a search waits for.
"""

from typing import Any

import numpy as np
from numba import njit

from seqkit.text.kernels import compiled

STEPS = 127  # the largest code


@njit(nogil=True, cache=True, fastmath={"reassoc", "contract", "nsz"})
def _measured(vector: Any, bits: Any) -> Any:
    """Return the length of a row, and its largest number by absolute value."""
    squares, largest = 0.0, np.int32(0)
    for j in range(len(vector)):
        squares += np.float64(vector[j]) * np.float64(vector[j])  # float() would leave 32 bits
        largest = max(largest, np.int32(bits[j] & 0x7FFFFFFF))  # ordered as the numbers are
    return np.sqrt(squares), largest


@njit(nogil=True, cache=True, fastmath={"reassoc", "contract", "nsz"})
def _coded(vector: Any, per_length: Any, scale: Any, codes: Any) -> Any:
    """Write the codes of a row, and return the length of the residual."""
    squares, per_scale = 0.0, 1 / scale
    for j in range(len(vector)):
        value = np.float64(vector[j]) * per_length
        code = np.rint(value * per_scale)
        codes[j] = np.int8(np.int32(code))
        squares += (value - scale * code) ** 2
    return np.sqrt(squares)


@compiled
def encode(vectors: Any, bits: Any, codes: Any, scales: Any, residuals: Any) -> None:
    """Write the codes of each row, scaled to length 1, their scale and the residual's length.

    A row without a direction, zeros or not finite, has the scale NaN: it is never a candidate.

    Args:
        vectors: ``(rows, features)`` float32.
        bits: the same as int32.
        codes: ``(rows, features)`` int8, written.
        scales: ``(rows,)`` float32, written.
        residuals: ``(rows,)`` float32, written, rounded up.
    """
    largest = np.empty(1, np.int32)
    for row in range(len(vectors)):
        length, largest[0] = _measured(vectors[row], bits[row])
        if 0 < length < np.inf:
            scales[row] = largest.view(np.float32)[0] / length / STEPS
            rest = _coded(vectors[row], 1 / length, np.float64(scales[row]), codes[row])
            residuals[row] = np.float32(rest * 1.000001)
        else:
            codes[row], scales[row], residuals[row] = 0, np.nan, 0


@compiled
def _replace_least(heap: Any, value: Any) -> None:
    """Put ``value`` in the place of the least of a binary heap."""
    at, size = 0, len(heap)
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= value:
            break
        heap[at] = heap[child]
        at = child
    heap[at] = value


@compiled
def scan(
    codes: Any,
    scales: Any,
    residuals: Any,
    query: Any,
    step: Any,
    slack: Any,
    heap: Any,
    start: Any,
    stop: Any,
    rows: Any,
    uppers: Any,
) -> Any:
    """Find the rows whose cosine may be among the highest.

    Args:
        codes: what :func:`encode` wrote.
        scales: likewise.
        residuals: likewise.
        query: ``(features,)`` int16, the query of length 1 divided by ``step`` and rounded.
        step: what a unit of ``query`` is worth.
        slack: how far a score can be off besides the row's residual.
        heap: ``(k,)`` float64, all -inf; written: the k highest lower bounds, the least first.
        start: the first row to look at.
        stop: the row after the last.
        rows: int64, written: the candidates, ascending, while there is room.
        uppers: float64, as long, written: the upper bound of each.

    Returns:
        How many candidates there are, or -1 where there was no room for all.
    """
    found = 0
    for row in range(start, stop):
        total = np.int32(0)
        for j in range(codes.shape[1]):
            # int32 all the way, which Numba would widen: compilers multiply and add 32 at once
            total = np.int32(total + np.int32(codes[row, j]) * np.int32(query[j]))
        score = np.float64(total) * scales[row] * step
        off = np.float64(residuals[row]) + slack
        if score + off >= heap[0]:
            if found == len(rows):
                return -1
            rows[found] = row
            uppers[found] = score + off
            found += 1
            if score - off > heap[0]:
                _replace_least(heap, score - off)
    kept = 0
    for i in range(found):  # the bar has risen since the first were let in
        if uppers[i] >= heap[0]:
            rows[kept] = rows[i]
            kept += 1
    return kept
