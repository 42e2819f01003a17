"""Approximate search by principal components: short codes in lists, then the best in full.

Trained vectors vary along a few directions far more than along the others. Each row, less the
mean of all at unit length, is projected on as many principal axes as pay, and kept in 8 bits an
axis, in the list of the nearest centre (k-means). A search reads the lists of the centres nearest
to the query, and compares the rows whose codes score highest by their whole vectors. An inverted
file as of Jegou, Douze and Schmid 2011, "Product Quantization for Nearest Neighbor Search",
section IV, with principal components in place of their product quantiser. It needs no library.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from seqkit.errors import SeqkitError
from seqkit.vectors.search.approximate import drawn, rising
from seqkit.vectors.search.exact import Floats, Found, Search

if TYPE_CHECKING:
    from seqkit.vectors.search.index import IndexSettings

LANES = 16  # rows of a block, as the compiled loops have it
STEPS = 127  # the largest code
BLOCK = 1 << 14  # rows projected at once
SAMPLE, FEWER = 1 << 16, 4  # rows of which the axes are taken; every fourth sets their number
ASKED, NEAREST = 200, 10  # rows, and their nearest, by which the number of axes is chosen
COUNTS = (16, 32, 48, 64, 96, 128, 160, 192, 256, 320, 384, 512)  # of axes, that are tried
SHARE = 0.25  # of rows, that are about read
ELSEWHERE = 50  # a number of a row that is compared in full costs as much as so many codes
LOST = 0.6  # of what a search may miss, so much by the codes; the rest by lists not read
LEAST = 64  # rows compared in full
TRAINED, ROUNDS = 40, 8  # rows a list that train its centre, and how many times


class Principal:
    """Lists of rows' codes on principal axes."""

    NAMES = ("axes", "centres", "centre_scales", "halves", "starts", "codes", "scales", "owners")

    def __init__(self, search: Search, arrays: dict[str, Any]) -> None:
        from seqkit.vectors.search import principal_kernels

        self._arrays = arrays
        self._blocks, self._kept = int(arrays["starts"][-1]), int(arrays["kept"][0])
        self._given = (*(arrays[name] for name in self.NAMES), np.asarray(search.vectors))
        self._nearest: Any = principal_kernels.nearest

    @classmethod
    def build(cls, search: Search, rows: NDArray[np.int64], chosen: "IndexSettings") -> "Principal":
        """See :class:`~seqkit.vectors.search.approximate.Backend`."""
        rng = np.random.default_rng(chosen.seed)
        sample = search.units(search.vectors[np.sort(rng.permutation(rows)[:SAMPLE])])
        mean, axes = _axes(sample)
        groups = drawn(rows, ASKED, chosen.seed)
        asked = [search.units(search.vectors[group]) @ axes.T for group in groups]
        count, share = _cheapest(sample[::FEWER] @ axes.T, asked, chosen)
        axes = axes[:count]

        def projected(rows: NDArray[np.int64]) -> Floats:
            return np.asarray((search.units(search.vectors[rows]) - mean) @ axes.T)

        lists = min(chosen.lists or round(2 * len(rows) ** 0.5), len(rows))
        trained = projected(np.sort(rng.permutation(rows)[: TRAINED * lists]))
        centres = _centres(trained, lists, rng)
        nearest = np.concatenate([
            _nearest(projected(rows[at : at + BLOCK]), centres)
            for at in range(0, len(rows), BLOCK)
        ])  # fmt: skip
        blocks = -(-np.bincount(nearest, minlength=lists) // LANES)
        starts = np.concatenate([[0], np.cumsum(blocks)])
        order = np.argsort(nearest, kind="stable")
        listed = nearest[order]
        places = np.arange(len(rows)) - np.searchsorted(listed, listed) + LANES * starts[listed]
        codes, scales = _empty(LANES * starts[-1], count)
        owners = np.full(len(codes), -1, np.int32)
        owners[places] = rows[order]
        for at in range(0, len(rows), BLOCK):
            some = places[at : at + BLOCK]
            codes[some, :count], scales[some] = _coded(projected(owners[some].astype(np.int64)))
        centre_codes, centre_scales = _empty(-(-lists // LANES) * LANES, count)
        centre_codes[:lists, :count], centre_scales[:lists] = _coded(centres)
        halves = np.full(len(centre_codes), np.nan, np.float32)
        halves[:lists] = (centres * centres).sum(1) / 2 + centres @ (axes @ mean)
        kept = min(max(LEAST, round(share * len(rows))), len(rows))
        return cls(search, {
            "axes": np.pad(axes, ((0, count % 2), (0, 0))),
            "centres": _laid(centre_codes), "centre_scales": centre_scales, "halves": halves,
            "starts": starts.astype(np.int32),
            "codes": _laid(codes), "scales": scales, "owners": owners,
            "kept": np.array([kept]),
        })  # fmt: skip

    @classmethod
    def open(cls, path: Path, search: Search) -> "Principal":
        """See :class:`~seqkit.vectors.search.approximate.Backend`."""
        from safetensors.numpy import load_file

        try:
            arrays = load_file(path)
            _check(arrays, *search.vectors.shape)
            return cls(search, arrays)
        except Exception as error:
            raise SeqkitError(f"{path} is not an index: build it again.") from error

    def serialized(self) -> Any:
        """See :class:`~seqkit.vectors.search.approximate.Backend`."""
        from safetensors.numpy import save

        return save(self._arrays)

    def efforts(self) -> list[int]:
        """See :class:`~seqkit.vectors.search.approximate.Backend`: how many blocks to read."""
        return rising(1, self._blocks)

    def nearest(self, queries: Floats, k: int, effort: int) -> Found:
        """See :class:`~seqkit.vectors.search.approximate.Backend`."""
        rows = np.empty((len(queries), k), np.int64)
        cosines = np.empty((len(queries), k), np.float32)
        for each in range(len(queries)):
            self._nearest(
                *self._given, queries[each], effort, max(self._kept, 4 * k),
                rows[each], cosines[each],
            )  # fmt: skip
        return rows, cosines


def _axes(units: Floats) -> tuple[Floats, Floats]:
    """Return the mean of some rows, and the principal axes by falling variance."""
    mean = units.mean(0)
    centred = units - mean
    _, axes = np.linalg.eigh((centred.T @ centred).astype(np.float64))
    return mean, np.ascontiguousarray(axes[:, ::-1].T, np.float32)


def _cheapest(sample: Floats, groups: list[Floats], chosen: "IndexSettings") -> tuple[int, float]:
    """Return how many axes make a search cheapest, and the share of rows to compare in full."""
    axes, costs = sample.shape[1], {}
    tried = [chosen.axes] if chosen.axes else [*(count for count in COUNTS if count < axes), axes]
    bearable = 1 - LOST * (1 - chosen.recall)
    ahead = [_ahead(sample, asked, tried) for asked in groups]
    for count, *each in zip(tried, *ahead, strict=True):
        share = max(np.quantile(group, bearable) for group in each) / len(sample)
        costs[SHARE * count + share * ELSEWHERE * axes] = min(count, axes), float(share)
    return costs[min(costs)]


def _ahead(sample: Floats, asked: Floats, tried: list[int]) -> list[NDArray[np.int64]]:
    """Return how many rows come before the truly nearest by the first axes, each number tried."""
    near = min(NEAREST + 1, len(sample))
    nearest = np.argpartition(-asked @ sample.T, near - 1, axis=1)[:, :near]
    counted = []
    for count in tried:
        scores = asked[:, :count] @ sample[:, :count].T
        bars = np.take_along_axis(scores, nearest, axis=1)
        counted.append(np.array([(scores > bar[:, None]).sum(1) for bar in bars.T]))
    return counted


def _check(arrays: dict[str, Any], rows: int, features: int) -> None:
    """Refuse arrays with which the compiled loops would leave them, or never end.

    Raises:
        ValueError: if they are such.
        KeyError: if one is missing.
    """
    starts, owners, halves = arrays["starts"], arrays["owners"], arrays["halves"]
    lists, blocks, more = len(starts) - 1, len(arrays["codes"]), len(arrays["centres"])
    pairs, kept = len(arrays["axes"]) // 2, int(arrays["kept"][0])
    due = {
        "axes": (np.float32, (2 * pairs, features)),
        "centres": (np.int8, (more, pairs, LANES, 2)),
        "codes": (np.int8, (blocks, pairs, LANES, 2)),
        "centre_scales": (np.float32, (more * LANES,)), "halves": (np.float32, (more * LANES,)),
        "scales": (np.float32, (blocks * LANES,)), "owners": (np.int32, (blocks * LANES,)),
        "starts": (np.int32, (lists + 1,)),
    }  # fmt: skip
    fit = all(
        arrays[n].dtype == kind and arrays[n].shape == shape for n, (kind, shape) in due.items()
    )
    if not (
        fit and pairs and 1 <= kept <= rows and 1 <= lists <= more * LANES
        and starts[0] == 0 and starts[-1] == blocks and (np.diff(starts) >= 0).all()
        and owners.min() >= -1 and owners.max() < rows
        and np.isfinite(halves[:lists]).all() and np.isfinite(arrays["centre_scales"][:lists]).all()
    ):  # fmt: skip
        raise ValueError


def _centres(rows: Floats, lists: int, rng: Any) -> Floats:
    """Return the centres that k-means gives (Lloyd's algorithm)."""
    centres = rng.permutation(rows)[:lists]
    for _ in range(ROUNDS):
        nearest = _nearest(rows, centres)
        order = np.argsort(nearest, kind="stable")
        taken, first = np.unique(nearest[order], return_index=True)
        sums = np.add.reduceat(rows[order], first)
        centres[taken] = sums / np.diff(first, append=len(rows))[:, None]
    return np.asarray(centres)


def _nearest(rows: Floats, centres: Floats) -> NDArray[np.int64]:
    """Return the nearest centre of each row."""
    halves = (centres * centres).sum(1) / 2
    parts = [
        np.argmax(rows[at : at + 4096] @ centres.T - halves, axis=1)
        for at in range(0, len(rows), 4096)
    ]
    return np.concatenate(parts)


def _empty(places: int, features: int) -> tuple[NDArray[np.int8], Floats]:
    codes = np.zeros((places, features + features % 2), np.int8)
    return codes, np.full(places, np.nan, np.float32)


def _coded(rows: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Return each row as whole numbers within +-127, and what a unit of them is worth."""
    scales = np.maximum(np.abs(rows).max(1), np.float32(1e-30)) / STEPS
    return np.rint(rows / scales[:, None]).astype(np.int8), scales


def _laid(codes: NDArray[np.int8]) -> NDArray[np.int8]:
    """Return ``(places, features)`` codes as the compiled loops read them."""
    blocks = codes.reshape(-1, LANES, codes.shape[1] // 2, 2)
    return np.ascontiguousarray(blocks.transpose(0, 2, 1, 3))
