"""The kinds of approximate search, each behind the same few calls."""

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from seqkit.errors import SeqkitError
from seqkit.vectors.search.exact import Floats, Found, Search

if TYPE_CHECKING:
    from seqkit.vectors.search.index import IndexSettings

KINDS = ("principal", "faiss", "usearch")
BLOCK = 1 << 14  # rows added at once, which bounds the memory
ALIGNED = 32  # faiss decodes so many 8-bit features at once; zeros fill the last
TRAINED, ROUNDS = 40, 10  # rows a list that train its centre, and how many times


class Backend(Protocol):
    """An index of one kind."""

    @classmethod
    def build(cls, search: Search, rows: NDArray[np.int64], chosen: "IndexSettings") -> "Backend":
        """Index the given rows at unit length."""
        ...

    @classmethod
    def open(cls, path: Path, search: Search) -> "Backend":
        """Open what :meth:`serialized` gave, memory-mapped where the library can."""
        ...

    def serialized(self) -> Any:
        """Return the bytes of the index."""
        ...

    def efforts(self) -> list[int]:
        """Return the efforts worth trying, rising."""
        ...

    def nearest(self, queries: Floats, k: int, effort: int) -> Found:
        """Return about the ``k`` nearest rows of each query, and their cosines by the vectors.

        Where there are fewer, rows of -1 come last.
        """
        ...


def available(kind: str) -> type[Backend]:
    """Return the backend of this kind.

    Raises:
        SeqkitError: if its library is not installed.
    """
    if kind == "principal":
        from seqkit.vectors.search.principal import Principal

        return Principal
    if importlib.util.find_spec(kind) is None:
        raise SeqkitError(f"this index needs {kind}: pip install 'seqkit-nlp[ann]'")
    return Faiss if kind == "faiss" else Usearch


class Faiss:
    """Lists of rows around centres (k-means), in 8 bits a feature; a search reads the nearest.

    Jegou, Douze and Schmid 2011, "Product Quantization for Nearest Neighbor Search", section
    IV: the inverted file, with a scalar quantiser in place of their product quantiser.
    """

    def __init__(self, search: Search, index: Any) -> None:
        self.search, self.index, self.lists = search, index, index.nlist

    @classmethod
    def build(cls, search: Search, rows: NDArray[np.int64], chosen: "IndexSettings") -> "Faiss":
        """See :class:`Backend`."""
        import faiss

        lists = min(chosen.lists or round(4 * len(rows) ** 0.5), len(rows))
        size = -(-search.vectors.shape[1] // ALIGNED) * ALIGNED
        index: Any = faiss.index_factory(size, f"IVF{lists},SQ8", faiss.METRIC_INNER_PRODUCT)
        index.cp.niter, index.cp.min_points_per_centroid = ROUNDS, 1  # no warning of few rows
        trained = np.linspace(0, len(rows) - 1, min(len(rows), TRAINED * lists)).astype(int)
        index.train(_widened(search.units(search.vectors[rows[trained]]), size))
        for at in range(0, len(rows), BLOCK):
            some = rows[at : at + BLOCK]
            index.add_with_ids(_widened(search.units(search.vectors[some]), size), some)
        return cls(search, index)

    @classmethod
    def open(cls, path: Path, search: Search) -> "Faiss":
        """See :class:`Backend`."""
        import faiss

        return cls(search, faiss.read_index(str(path)))

    def serialized(self) -> Any:
        """See :class:`Backend`."""
        import faiss

        return faiss.serialize_index(self.index).data

    def efforts(self) -> list[int]:
        """See :class:`Backend`: how many lists to read."""
        return rising(1, self.lists)

    def nearest(self, queries: Floats, k: int, effort: int) -> Found:
        """See :class:`Backend`."""
        import faiss

        parameters: Any = faiss.SearchParametersIVF
        wide = _widened(self.search.units(queries), self.index.d)
        _, found = self.index.search(wide, spare(k), params=parameters(nprobe=effort))
        return self.search.rescored(queries, found, k)


class Usearch:
    """A graph of near rows that a search walks along.

    Malkov and Yashunin 2020, "Efficient and Robust Approximate Nearest Neighbor Search Using
    Hierarchical Navigable Small World Graphs"; vectors in 16 bits a feature.
    """

    def __init__(self, search: Search, index: Any) -> None:
        self.search, self.index = search, index

    @classmethod
    def build(cls, search: Search, rows: NDArray[np.int64], chosen: "IndexSettings") -> "Usearch":
        """See :class:`Backend`."""
        from usearch.index import Index

        index = Index(
            ndim=search.vectors.shape[1], metric="ip", dtype="f16", connectivity=chosen.links,
            expansion_add=4 * chosen.links,
        )  # fmt: skip
        for at in range(0, len(rows), BLOCK):
            some = rows[at : at + BLOCK]
            index.add(some.astype(np.uint64), search.units(search.vectors[some]))
        return cls(search, index)

    @classmethod
    def open(cls, path: Path, search: Search) -> "Usearch":
        """See :class:`Backend`."""
        from usearch.index import Index

        index = Index.restore(str(path), view=True)
        if index is None:
            raise SeqkitError(f"{path} is not an index of usearch: build it again.")
        return cls(search, index)

    def serialized(self) -> Any:
        """See :class:`Backend`."""
        return self.index.save()

    def efforts(self) -> list[int]:
        """See :class:`Backend`: how many rows of the graph to keep in view."""
        return rising(16, 4096)

    def nearest(self, queries: Floats, k: int, effort: int) -> Found:
        """See :class:`Backend`."""
        count = spare(k)
        self.index.expansion_search = max(effort, count)
        found = np.full((len(queries), count), -1, np.int64)
        for row, unit in zip(found, self.search.units(queries), strict=True):
            keys = self.index.search(unit, count, threads=1).keys
            row[: len(keys)] = keys.astype(np.int64)
        return self.search.rescored(queries, found, k)


def drawn(rows: NDArray[np.int64], count: int, seed: int) -> list[NDArray[np.int64]]:
    """Draw up to ``count`` rows twice: the first ones most, as words are asked for; and evenly.

    The logarithm of the place is even in the first draw, which is about Zipf's law where words
    are in order of how common they are.
    """
    rng = np.random.default_rng(seed)
    places = np.floor(len(rows) ** rng.random(4 * count)).astype(int) - 1
    common = list(dict.fromkeys(places.tolist()))[:count]
    return [rows[common], rng.permutation(rows)[:count]]


def spare(k: int) -> int:
    """Return how many rows to take for the nearest ``k`` where they are ranked by codes."""
    return 3 * k + 10


def _widened(units: Floats, size: int) -> Floats:
    return np.pad(units, ((0, 0), (0, size - units.shape[1])))


def rising(first: int, last: int) -> list[int]:
    """Return whole numbers from ``first`` to ``last``, each a tenth more than the one before."""
    numbers = [first]
    while numbers[-1] < last:
        numbers.append(min(last, max(numbers[-1] + 1, numbers[-1] * 11 // 10)))
    return numbers
