"""The words nearest to words and vectors, asked and answered as in gensim's ``KeyedVectors``."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard, cast

import numpy as np
from numpy.typing import NDArray

from seqkit.errors import SeqkitError
from seqkit.vectors.search.exact import Search
from seqkit.vectors.words import Words

if TYPE_CHECKING:
    from seqkit.vectors.keyed import WordVectors

Key = str | int
Floats = NDArray[Any]


class UnknownKeyError(SeqkitError, KeyError):
    """A word that has no vector: ``key``."""

    def __init__(self, key: object) -> None:
        super().__init__(key)
        self.key = key

    def __str__(self) -> str:
        return f"Key {self.key!r} not present: it is not among the words of these vectors."


def is_key(value: object) -> TypeGuard[Key]:
    """Return whether a value is one key, rather than a list of keys or a vector."""
    return isinstance(value, (str, int, np.integer))


def as_list(value: Any) -> Any:
    """Return one key or vector, or the rows of a matrix, as a list; anything else as it is."""
    if value is None:
        return []
    if is_key(value) or (isinstance(value, np.ndarray) and value.ndim == 1):
        return [value]
    return list(value) if isinstance(value, np.ndarray) and value.ndim == 2 else value


def unit(vector: Floats) -> Floats:
    """Return a vector scaled to unit length, in its own type; zeros as they are."""
    length = np.linalg.norm(vector.astype(np.float64))
    return (vector * (1 / length)).astype(vector.dtype) if length > 0 else vector


def highest(scores: Floats, k: int) -> NDArray[np.int64]:
    """Return the ``k`` highest in falling order, equal ones in their order, NaN last."""
    if k < len(scores):
        kept = np.argpartition(-scores, k)[:k]
        bar = np.max(-scores[kept])  # NaN if one is among them
        rows = np.arange(len(scores)) if np.isnan(bar) else np.flatnonzero(-scores <= bar)
    else:
        rows = np.arange(len(scores))
    order: NDArray[np.int64] = rows[np.argsort(-scores[rows], kind="stable")][:k]
    return order


class Neighbours(ABC):
    """Cosine look-ups over ``vectors``, whose rows are named by keys."""

    vectors: Floats
    norms: Floats | None
    vector_size: int
    _words: Words
    folder: Path | None
    _searched: tuple[Floats, Floats, Search] | None = None
    _indexed: tuple[Floats, Floats, Any] | None = None

    @abstractmethod
    def __getitem__(self, keys: Any) -> Floats: ...
    @abstractmethod
    def __contains__(self, key: object) -> bool: ...
    @abstractmethod
    def has_index_for(self, key: object) -> bool: ...  # noqa: D102
    @abstractmethod
    def get_index(self, key: Any, default: int | None = None) -> int: ...  # noqa: D102
    @abstractmethod
    def get_vector(self, key: Key, norm: bool = False) -> Floats: ...  # noqa: D102
    @abstractmethod
    def fill_norms(self, force: bool = False) -> None: ...  # noqa: D102

    def most_similar(
        self,
        positive: Any = None,
        negative: Any = None,
        topn: int | None = 10,
        clip_start: int = 0,
        clip_end: int | None = None,
        restrict_vocab: int | None = None,
        indexer: Any = None,
        index: Any = None,
    ) -> Any:
        """Return the keys nearest to the mean of the positive and the negated negative vectors.

        Each given vector is scaled to unit length first; given keys are not among the answers.

        Args:
            positive: a key, a vector, or a list of them, each alone or as ``(key, weight)``.
            negative: likewise; they count -1, or the weight that is given.
            topn: how many to return; None for the cosine of every row, as an array.
            clip_start: leave out rows before this one.
            clip_end: leave out rows from this one on; None or 0 for none.
            restrict_vocab: search the first rows only, so many, whatever is clipped.
            indexer: an object whose ``most_similar(vector, topn)`` answers in place of this.
            index: ``"ann"`` answers from the approximate index that was saved with the vectors,
                see :mod:`seqkit.vectors.search.index`; or an
                :class:`~seqkit.vectors.search.index.Index`.

        Returns:
            ``topn`` pairs of a key and its cosine, the highest first.

        Raises:
            KeyError: if a key is unknown.
            ValueError: if there is nothing to search for.
            SeqkitError: if there is no index, or it is asked for a part of the words.
        """
        if isinstance(topn, Integral) and topn < 1:
            return []
        positive, negative = as_list(positive), as_list(negative)
        weights = np.concatenate([np.ones(len(positive)), -np.ones(len(negative))])
        keys = positive + negative
        for at, item in enumerate(keys):
            if not (is_key(item) or isinstance(item, np.ndarray)):
                keys[at], weights[at] = item[0], item[1]
        query = self.get_mean_vector(keys, weights, post_normalize=True, ignore_missing=False)
        given = [self.get_index(key) for key in keys if is_key(key) and self.has_index_for(key)]
        if indexer is not None and isinstance(topn, int):
            return indexer.most_similar(query, topn)
        start, stop, _ = slice(
            0 if restrict_vocab else clip_start, restrict_vocab or clip_end or None
        ).indices(len(self.vectors))
        if not topn:
            return self._cosines(query, slice(start, stop))
        k = topn + len(given)
        if index is None:
            rows, cosines = self._nearest(query[None], k, start, stop)
        elif (start, stop) == (0, len(self.vectors)):
            rows, cosines = self._index(index).nearest(query[None], k)
        else:
            raise SeqkitError("an index searches all words: ask without it, or without a limit.")
        found = zip(rows[0].tolist(), cosines[0].tolist(), strict=True)
        return [(self._words[row], cosine) for row, cosine in found if row not in given][:topn]

    def similar_by_key(
        self, key: Key, topn: int | None = 10, restrict_vocab: int | None = None
    ) -> Any:
        """Return the nearest keys of one key, as :meth:`most_similar` does."""
        return self.most_similar(positive=[key], topn=topn, restrict_vocab=restrict_vocab)

    def similar_by_word(
        self, word: Key, topn: int | None = 10, restrict_vocab: int | None = None
    ) -> Any:
        """Return the nearest words of one word, as :meth:`most_similar` does."""
        return self.similar_by_key(word, topn, restrict_vocab)

    def similar_by_vector(
        self, vector: Floats, topn: int | None = 10, restrict_vocab: int | None = None
    ) -> Any:
        """Return the words nearest to a vector, as :meth:`most_similar` does."""
        return self.most_similar(positive=[vector], topn=topn, restrict_vocab=restrict_vocab)

    def most_similar_cosmul(
        self,
        positive: Any = None,
        negative: Any = None,
        topn: int | None = 10,
        restrict_vocab: int | None = None,  # noqa: ARG002, gensim has it and never reads it
    ) -> Any:
        """Return the keys that are near all positive and far from all negative ones.

        The product of the one's cosines over the product of the other's, each cosine shifted to
        0..1: "3CosMul", equation (4) of Levy and Goldberg 2014, "Linguistic Regularities in
        Sparse and Explicit Word Representations".

        Args:
            positive: a key or a vector, or a list of them.
            negative: likewise.
            topn: how many to return; None for the score of every row, as an array.
            restrict_vocab: has no effect, as in gensim.

        Raises:
            KeyError: if a key is unknown.
            ValueError: if there is no positive one.
        """
        if isinstance(topn, Integral) and topn < 1:
            return []
        positive, negative = as_list(positive), as_list(negative)
        given = {self.get_index(k) for k in positive + negative if is_key(k) and k in self._words}
        near, far = ([self._term(item) for item in items] for items in (positive, negative))
        if not near:
            raise ValueError("cannot compute similarity with no input")
        everywhere = slice(None)
        product = np.prod([(1 + self._cosines(v, everywhere)) / 2 for v in near], axis=0)
        divisor = np.prod([(1 + self._cosines(v, everywhere)) / 2 for v in far], axis=0)
        scores = product / (divisor + 0.000001)
        if not topn:
            return scores
        rows = highest(scores, topn + len(given)).tolist()
        return [(self._words[r], float(scores[r])) for r in rows if r not in given][:topn]

    def _term(self, item: Any) -> Floats:
        return self.get_vector(item, norm=True) if is_key(item) else np.asarray(item)

    def get_mean_vector(
        self,
        keys: Sequence[Key | Floats],
        weights: Any = None,
        pre_normalize: bool = True,
        post_normalize: bool = False,
        ignore_missing: bool = True,
    ) -> Floats:
        """Return the weighted mean of the vectors of some keys, ``(vector_size,)``.

        Args:
            keys: keys; a vector is taken as it is.
            weights: one for each key; their sum without signs divides. None for 1 each.
            pre_normalize: whether keys count with their vector at unit length.
            post_normalize: whether the mean is scaled to unit length.
            ignore_missing: whether unknown keys are left out.

        Raises:
            KeyError: if a key is unknown and none may be.
            ValueError: if there are no keys, or not as many weights.
        """
        if len(keys) == 0:
            raise ValueError("cannot compute mean with no input")
        kind = self.vectors.dtype
        if weights is None or isinstance(weights, list):
            weights = np.ones(len(keys), kind) if weights is None else np.array(weights, kind)
        if len(weights) != len(keys):
            raise ValueError(f"{len(keys)} keys have {len(weights)} weights")
        mean, total = np.zeros(self.vector_size, kind), weights.dtype.type(0)
        for key, weight in zip(keys, weights, strict=True):
            if isinstance(key, np.ndarray):
                mean += weight * key
            elif key in self:
                mean += weight * self.get_vector(key, norm=pre_normalize)
            elif ignore_missing:
                continue
            else:
                raise UnknownKeyError(key)
            total += abs(weight)
        if total > 0:
            mean = mean / total
        return unit(mean).astype(np.float32) if post_normalize else mean

    def _lengths(self) -> Floats:
        self.fill_norms()
        assert self.norms is not None
        return self.norms

    def _cosines(self, vector: Floats, rows: slice) -> Floats:
        """Return the dot product of a vector with the unit vectors of some rows; NaN for zeros."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.dot(self.vectors[rows], vector) / self._lengths()[rows])

    def _search(self) -> Search:
        """Return what searches the vectors as they are now; it grows quick with use."""
        vectors, norms = self.vectors, self._lengths()
        kept = self._searched
        if kept is None or kept[0] is not vectors or kept[1] is not norms:
            made = Search(vectors.astype(np.float32, copy=False), norms.astype(np.float32))
            kept = self._searched = vectors, norms, made
        return kept[2]

    def _nearest(
        self, queries: Floats, k: int, start: int, stop: int
    ) -> tuple[NDArray[np.int64], Floats]:
        """Return the ``k`` nearest rows from ``start`` to ``stop`` of each query, and cosines.

        A row of zeros, which has no direction, comes last with NaN; as do all for a query that
        is not finite.
        """
        lost = np.logical_not(np.isfinite(queries).all(axis=1))
        asked = np.where(lost[:, None], 0, queries).astype(np.float32)
        rows, cosines = self._search().nearest(asked, k, stop, start=start)
        cosines[lost] = np.nan
        return rows, cosines

    def _index(self, index: Any) -> Any:
        """Return the index itself, or the one saved with the vectors, for ``"ann"``."""
        if not isinstance(index, str):
            return index
        if index != "ann":
            raise SeqkitError(f"index = {index!r}: it is 'ann' or none.")
        if self.folder is None:
            raise SeqkitError("these vectors have no index: save them, then build one there.")
        vectors, norms = self.vectors, self._lengths()
        kept = self._indexed
        if kept is None or kept[0] is not vectors or kept[1] is not norms:
            from seqkit.vectors.search.index import open_index

            opened = open_index(cast("WordVectors", self), self.folder)
            kept = self._indexed = vectors, norms, opened
        return kept[2]
