"""Exact nearest rows by cosine, in the order of the vectors' own float32 numbers.

One answer whatever the way: a fast scan, in float32 or in 8-bit codes, gives every row a score
and a bound on its error; all rows that could be among the k highest are scored again in float64,
and ranked by that score as float32, rows of equal score in their order.
"""

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqkit.errors import SeqkitError

Floats = NDArray[np.float32]
Found = tuple[NDArray[np.int64], Floats]

UNIT = 2.0**-24  # half the distance from 1 to the next float32
SCORES = 1 << 19  # cosines of queries and rows computed at once, which stay in the cache
QUERIES = 64  # queries scored at once
FEW = 16  # up to so many queries, a scan of codes each is faster than a product of matrices
WIDEST = 1 << 14  # features with which the bounds of codes are worth having
ENCODED = 1 << 16  # rows encoded at once
RESCORED = 4096  # rows scored again at once, which bounds the memory
PLAIN = (1e-15, 1e15)  # lengths with which float32 products neither overflow nor vanish
PURCHASE = 5_000_000  # rows scored in the time that it takes to import Numba


class Search:
    """Exact nearest rows of a matrix by cosine.

    The matrix is never copied, so it can be memory-mapped. The first searches read it as it is;
    once they have cost as much time as encoding it would, it is encoded, to a quarter of its
    size in memory, and later searches scan the codes. The answers are the same.
    """

    def __init__(self, vectors: Floats, norms: Floats) -> None:
        """Search ``(rows, features)`` float32 vectors with the given lengths, ``(rows,)``.

        Raises:
            SeqkitError: if they do not fit together.
        """
        if vectors.ndim != 2 or norms.shape != vectors.shape[:1]:
            raise SeqkitError(f"vectors of shape {vectors.shape}, norms of shape {norms.shape}.")
        self.vectors, self.norms = np.asarray(vectors), np.asarray(norms)
        low, high = PLAIN
        is_plain = (self.norms > low) & (self.norms < high)
        odd: NDArray[np.int64] = np.flatnonzero(~is_plain)
        has_direction = _have_direction(self.vectors[odd])
        self._odd, self._lost = odd[has_direction], odd[~has_direction]
        self._codes: _Codes | None = None
        self._work = 0  # rows scored so far

    def nearest(
        self, queries: Floats, k: int, first: int | None = None, *, start: int = 0
    ) -> Found:
        """Return the ``k`` rows of highest cosine for each query, and these cosines.

        Sorted by falling cosine, equal ones by row. A row that has no direction, zeros or not
        finite, comes last, with NaN. With a query of zeros every other row has the cosine 0.

        Args:
            queries: ``(queries, features)``, of any length.
            k: at least 1; fewer columns come back where there are fewer rows.
            first: search only the first rows, so many; None for all.
            start: leave out so many of these, from the beginning.

        Returns:
            ``(queries, k)`` int64 rows, and as many float32 cosines.

        Raises:
            SeqkitError: if a query has another number of features or is not finite, or ``k`` is
                below 1.
        """
        stop = len(self.vectors) if first is None else min(max(first, 0), len(self.vectors))
        start = min(max(start, 0), stop)
        queries = self.checked(queries, k)
        k = min(k, stop - start)
        rows, cosines = (
            np.empty((len(queries), k), np.int64),
            np.empty((len(queries), k), np.float32),
        )
        if k:
            for at in range(0, len(queries), QUERIES):
                some = slice(at, at + QUERIES)
                rows[some], cosines[some] = self._nearest(queries[some], k, start, stop)
        return rows, cosines

    def cosines(self, query: Floats) -> Floats:
        """Return the cosine of every row with one ``(features,)`` query, to float32 rounding."""
        queries = self.checked(np.asarray(query)[None])
        unit = self.units(queries)
        cosines = np.empty(len(self.vectors), np.float32)
        with np.errstate(all="ignore"):
            np.divide(self.vectors @ unit[0], self.norms, out=cosines)
        cosines[self._lost] = np.nan
        cosines[self._odd] = self._cosines(queries, np.zeros_like(self._odd), self._odd)
        return cosines

    def rescored(self, queries: Floats, rows: NDArray[np.int64], k: int) -> Found:
        """Return the ``k`` nearest of ``(queries, candidates)`` distinct rows to each query.

        A row of -1 is none: it comes last, with NaN, as many times as rows are wanting.
        """
        of, at = np.nonzero(rows >= 0)
        return self._ranked(queries, of, rows[of, at], k)

    def directed(self) -> NDArray[np.int64]:
        """Return the rows that have a direction: finite and not zeros."""
        return np.setdiff1d(np.arange(len(self.vectors)), self._lost)

    def units(self, vectors: Floats) -> Floats:
        """Return ``(rows, features)`` vectors scaled to length 1, zeros as they are."""
        return _units(vectors).astype(np.float32)

    def checked(self, queries: Floats, k: int = 1) -> Floats:
        """Return the queries as float32.

        Raises:
            SeqkitError: as :meth:`nearest`.
        """
        if k < 1:
            raise SeqkitError(f"k = {k}: ask for at least 1 row.")
        with np.errstate(over="ignore"):  # what is too large is told as not finite
            queries = np.asarray(queries, dtype=np.float32)
        if queries.ndim != 2 or queries.shape[1] != self.vectors.shape[1]:
            raise SeqkitError(
                f"queries of shape {queries.shape} for vectors of {self.vectors.shape[1]} features."
            )
        if not np.isfinite(queries).all():
            raise SeqkitError("a query is not finite: it holds NaN or infinity.")
        return queries

    def _nearest(self, queries: Floats, k: int, start: int, stop: int) -> Found:
        units = _units(queries)
        found = self._by_codes(units, k, start, stop) if len(queries) <= FEW else None
        if found is None:
            found = self._by_floats(self.units(queries), k, start, stop)
            self._work += len(queries) * (stop - start)
        self._work += 8 * len(found[0])  # the price of a row that is scored again
        of, row = found
        rows, cosines = self._ranked(queries, of, row, k)
        for each in rows:
            wanting = np.flatnonzero(each < 0)
            if len(wanting):  # also where a row was changed since its norm was taken
                each[wanting] = np.setdiff1d(np.arange(start, stop), each)[: len(wanting)]
        return rows, cosines

    def _by_codes(self, units: Any, k: int, start: int, stop: int) -> Any:
        """Return (query, row) of all candidates; None where the codes are of no help."""
        if self.vectors.shape[1] > WIDEST:
            return None
        if self._codes is None:
            # Rent until it has cost as much as buying: never twice the best that could be done.
            price = 4 * len(self.vectors) + (0 if "numba" in sys.modules else PURCHASE)
            if self._work < price:
                return None
            self._codes = _Codes(self.vectors)
        each: list[NDArray[np.int64]] = []
        for unit in units:
            rows = self._codes.candidates(unit, k, start, stop)
            if rows is None:
                return None
            each.append(rows)
        return np.repeat(np.arange(len(each)), [len(rows) for rows in each]), np.concatenate(each)

    def _by_floats(self, units: Floats, k: int, start: int, stop: int) -> Any:
        """Return (query, row) of all candidates, from blocks of the product of the matrices.

        The k highest of disjoint groups' maxima are k rows, so the least of them is a bar.
        """
        off = (2 * self.vectors.shape[1] + 16) * UNIT
        odd, lost = (r[slice(*np.searchsorted(r, (start, stop)))] for r in (self._odd, self._lost))
        unscored, block = np.union1d(odd, lost), max(SCORES // len(units), 1)
        best = np.full((len(units), k), -np.inf, np.float32)
        of, rows = np.divmod(np.arange(len(units) * len(odd)), max(len(odd), 1))
        parts = [(of, odd[rows], np.full(len(of), np.inf, np.float32))]
        for low in range(start, stop, block):
            high = min(low + block, stop)
            with np.errstate(all="ignore"):
                scores = units @ self.vectors[low:high].T.astype(np.float32, copy=False)
                scores /= self.norms[low:high]
            among = slice(*np.searchsorted(unscored, (low, high)))
            scores[:, unscored[among] - low] = -np.inf
            best = _highest(np.concatenate([best, _maxima(scores, 4 * k)], axis=1), k)
            bar = np.maximum(best[:, 0] - 2 * off, -2)  # no bar lets -inf in
            at = np.flatnonzero(scores >= bar[:, None])
            of, rows = np.divmod(at, high - low)
            parts.append((of, rows + low, scores.ravel()[at]))
        of, rows, score = (np.concatenate(part) for part in zip(*parts, strict=True))
        is_high = score >= bar[of]
        return of[is_high], rows[is_high]

    def _cosines(self, queries: Floats, of: Any, rows: Any) -> Floats:
        """Return the cosine of each (query, row) pair: the one by which rows are ranked."""
        units, cosines = _units(queries), np.empty(len(rows), np.float32)
        with np.errstate(all="ignore"):
            for at in range(0, len(rows), RESCORED):
                some = slice(at, at + RESCORED)
                vectors = self.vectors[rows[some]].astype(np.float64)
                products = (vectors * units[of[some]]).sum(1)
                lengths = np.sqrt((vectors * vectors).sum(1))
                cosines[some] = products / lengths
        return cosines

    def _ranked(self, queries: Floats, of: Any, rows: Any, k: int) -> Found:
        cosines = self._cosines(queries, of, rows)
        order = np.lexsort((rows, -cosines, of))
        of, rows, cosines = of[order], rows[order], cosines[order]
        place = np.arange(len(of)) - np.searchsorted(of, of)
        is_best = place < k
        best = np.full((len(queries), k), -1, np.int64)
        scores = np.full((len(queries), k), np.nan, np.float32)
        best[of[is_best], place[is_best]] = rows[is_best]
        scores[of[is_best], place[is_best]] = cosines[is_best]
        return best, scores


class _Codes:
    """The rows in 8 bits, and the candidates that a scan of them leaves."""

    def __init__(self, vectors: Floats) -> None:
        from seqkit.vectors.search import exact_kernels as kernels

        self.codes = np.empty(vectors.shape, np.int8)
        self.scales, self.residuals = np.empty((2, len(vectors)), np.float32)
        for at in range(0, len(vectors), ENCODED):
            some = slice(at, at + ENCODED)
            block = np.ascontiguousarray(vectors[some], np.float32)
            kernels.encode(
                block, block.view(np.int32),
                self.codes[some], self.scales[some], self.residuals[some],
            )  # fmt: skip
        # What fits in 32 bits at the end of a row, and in 16 bits a number.
        self.steps = min(2**15 - 1, (2**31 - 1) // (kernels.STEPS * max(vectors.shape[1], 1)))
        self.scan = kernels.scan

    def candidates(self, unit: Any, k: int, start: int, stop: int) -> NDArray[np.int64] | None:
        """Return the rows that may be among the ``k`` nearest, None if these are too many."""
        step = np.abs(unit).max() / self.steps or 1.0
        query = np.rint(unit / step).astype(np.int16)
        # |u . v - q . (s c)| <= |q . r| + |u - q|, and |q| <= 1 + |u - q| with |r| <= 1
        slack = 2 * np.linalg.norm(unit - step * query) + 4 * UNIT
        room = max(8 * k, (stop - start) // 16) + 64
        rows, uppers = np.empty(room, np.int64), np.empty(room)
        heap = np.full(k, -np.inf)
        found = self.scan(
            self.codes, self.scales, self.residuals, query, step, slack,
            heap, start, stop, rows, uppers,
        )  # fmt: skip
        return None if found < 0 else rows[:found]


def _units(queries: Floats) -> NDArray[np.float64]:
    """Return the queries scaled to length 1, zeros as they are."""
    precise = queries.astype(np.float64)
    lengths = np.sqrt((precise * precise).sum(1, keepdims=True))
    np.divide(precise, lengths, out=precise, where=lengths > 0)
    return precise


def _have_direction(vectors: Floats) -> NDArray[np.bool_]:
    """Return for each row whether it is finite and not zeros."""
    has: NDArray[np.bool_] = np.isfinite(vectors).all(axis=1) & np.any(vectors != 0, axis=1)
    return has


def _maxima(scores: Floats, least: int) -> Floats:
    """Return the maxima of disjoint groups of columns, ``least`` of them or all the columns."""
    size = min(64, scores.shape[1] // least)
    if size < 2:
        return scores
    groups = scores.shape[1] // size
    grouped = scores[:, : groups * size].reshape(len(scores), size, groups)
    maxima: Floats = grouped.max(1)
    return maxima


def _highest(values: Floats, k: int) -> Floats:
    """Return the ``k`` highest of each row, the least of them first."""
    if values.shape[1] > k:
        values.partition(values.shape[1] - k, axis=1)
    return values[:, -k:]
