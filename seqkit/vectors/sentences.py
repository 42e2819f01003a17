"""Vectors of sentences and documents, from the vectors of their words; and the nearest ones."""

import heapq
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from seqkit.errors import SeqkitError
from seqkit.files import read_lines
from seqkit.settings import check, settings
from seqkit.text.tokenizer import Tokenizer
from seqkit.vectors.keyed import WordVectors, only_an_order
from seqkit.vectors.words import Words

Weighting = Literal["mean", "idf", "sif"]
T = TypeVar("T")
AT_ONCE = 8192  # sentences
DIGITS = 6  # of a cosine; more of them would part sentences that are the same


@settings
class SentenceSettings:
    """How the vectors of its words become the vector of a sentence."""

    weighting: Weighting = Field(
        default="sif", description="mean; idf: rare words weigh more; sif: Arora et al. 2017"
    )
    unit: bool = Field(
        default=True,
        description="scale word vectors to length one first, as gensim does for a mean (Arora et "
        "al. do not)",
    )
    smoothing: float = Field(default=1e-3, gt=0, description="sif: their a, of a / (a + p(w))")
    components: int = Field(
        default=1, ge=0, description="sif: directions common to all sentences that are removed"
    )


class Sentences(NamedTuple):
    """Vectors of sentences, ``(n, size)`` float32, and of how many of their words they know.

    ``known`` and ``words`` are ``(n,)`` int64; a sentence with none known is a zero vector.
    """

    vectors: NDArray[np.float32]
    known: NDArray[np.int64]
    words: NDArray[np.int64]


class Near(NamedTuple):
    """A sentence of a file: its cosine with the query, its line from 1, and its text."""

    score: float
    line: int
    text: str


class Frequencies(NamedTuple):
    """How frequent words are, and where that is known from."""

    counts: Mapping[str, int]
    total: int
    origin: str


@dataclass(frozen=True)
class Common:
    """What sentences have in common, of :meth:`SentenceVectors.fit`."""

    frequencies: Frequencies
    directions: NDArray[np.float64]  # (components, size), of length one


class SentenceVectors:
    """Turns sentences into vectors.

    ``mean`` is the mean of the word vectors; ``idf`` weighs a word by ``log(total / count)``,
    its inverse document frequency where texts are short; ``sif`` by ``a / (a + p(w))``, and
    then removes the first principal component (Arora, Liang and Ma 2017, algorithm 1). Word
    vectors are scaled to length one first, unless ``unit=False``: without it, a few frequent
    words with long vectors decide.

    How frequent words are is taken from ``counts``, else from the vectors where they know their
    words' counts, else from the sentences that :meth:`fit` saw, else from those to encode.

    Args:
        vectors: of words; an unseen word has one by its subwords, or is left out.
        tokenizer: cuts sentences as the text of the vectors was cut; or a function that does.
        weighting: a name, or all settings.
        counts: occurrences of words.
    """

    def __init__(
        self,
        vectors: WordVectors,
        tokenizer: Tokenizer | Callable[[str], Sequence[str]],
        weighting: Weighting | SentenceSettings = "sif",
        counts: Mapping[str, int] | None = None,
    ) -> None:
        self.chosen = (
            weighting
            if isinstance(weighting, SentenceSettings)
            else check(SentenceSettings, {"weighting": weighting})
        )
        self.vectors = vectors
        self._cut = tokenizer if callable(tokenizer) else tokenizer.words
        self._frequencies = _given(counts) or _counted(vectors)
        self._common: Common | None = None

    def fit(self, sentences: Iterable[str]) -> "SentenceVectors":
        """Return sentence vectors whose common component is that of these sentences.

        They also give the frequencies of words, if nothing else does. They are read twice,
        ``AT_ONCE`` at a time: give a list, or anything that can be read again.
        """
        fitted = SentenceVectors(self.vectors, self._cut, self.chosen)
        fitted._common = self._common_of(lambda: iter(sentences))
        return fitted

    def encode(self, sentences: Iterable[str]) -> NDArray[np.float32]:
        """Return the vectors of sentences, ``(n, size)``.

        A sentence of which no word is known has the zero vector; a warning tells how many.
        """
        read = self.read(sentences)
        if lost := int((read.known == 0).sum()):
            logging.getLogger(__name__).warning(
                "%d of %d sentences have no word with a vector: their vector is zero.",
                lost,
                len(read.known),
            )
        return read.vectors

    def read(self, sentences: Iterable[str]) -> Sentences:
        """Return the vectors of sentences, and how many of their words are known."""
        texts = _list(sentences)
        common = self._common or self._common_of(lambda: iter(texts))
        return self._read(texts, common)

    def nearest(
        self,
        queries: Sequence[str],
        texts: Path | Sequence[str],
        n: int = 10,
    ) -> list[list[Near]]:
        """Return for each query the ``n`` nearest lines of a text, nearest first.

        The text is streamed: memory does not grow with it. A line of which no word is known is
        near to nothing; of equally near ones, the earlier comes first. Unless they are fitted
        already, ``sif`` (and ``idf``, if nothing else has counts) first read the text once more.

        Args:
            queries: sentences.
            texts: a UTF-8 file (or ``.gz``) with a sentence a line; or sentences.
            n: how many for each.

        Raises:
            SeqkitError: if the file cannot be read, or no word of a query has a vector.
        """
        queries = _list(queries)
        common = self._common or self._common_of(lambda: (text for _, text in _lines(texts)))
        asked = self._read(queries, common)
        if not asked.known.all():
            lost = queries[int(np.argmin(asked.known))]
            raise SeqkitError(f"no word of '{lost[:80]}' has a vector: ask in other words.")
        units = unit(asked.vectors)
        found: list[list[Near]] = [[] for _ in queries]
        for chunk in _chunks(_lines(texts)):
            read = self._read([text for _, text in chunk], common)
            scores = np.round(units @ unit(read.vectors).T, DIGITS)
            scores[:, read.known == 0] = -np.inf
            for best, row in zip(found, scores, strict=True):
                best[:] = _best(best, row, chunk, n)
        return found

    def _read(self, texts: Sequence[str], common: Common) -> Sentences:
        raw = self._weighted(texts, common.frequencies)
        along = (raw.vectors @ common.directions.T) @ common.directions
        return raw._replace(vectors=(raw.vectors - along).astype(np.float32))

    def _common_of(self, texts: Callable[[], Iterator[str]]) -> Common:
        """Return the frequencies and the directions that fit the texts."""
        frequencies = self._frequencies
        if frequencies is None:
            frequencies = Frequencies({}, 0, "")
            if self.chosen.weighting != "mean":
                counts = Counter(word for text in texts() for word in self._cut(text))
                frequencies = Frequencies(counts, counts.total(), "the sentences")
        size = self.vectors.vector_size
        wanted = self.chosen.components if self.chosen.weighting == "sif" else 0
        if not wanted:
            return Common(frequencies, np.zeros((0, size)))
        # The principal directions are eigenvectors of the sum of v v', taken a chunk at a time.
        products = np.zeros((size, size))
        for chunk in _chunks(texts()):
            rows = self._weighted(chunk, frequencies).vectors.astype(np.float64)
            products += rows.T @ rows
        values, vectors = np.linalg.eigh(products)
        kept = vectors[:, ::-1][:, :wanted].T
        return Common(frequencies, kept[values[::-1][:wanted] > 0])

    def _weighted(self, texts: Sequence[str], frequencies: Frequencies) -> Sentences:
        """Return weighted means of word vectors: one product of a sparse and a dense matrix."""
        from scipy.sparse import csr_matrix

        rows = [self._cut(text) for text in texts]
        numbers: dict[str, int] = {}
        flat = np.fromiter((numbers.setdefault(w, len(numbers)) for r in rows for w in r), np.int64)
        lengths = np.fromiter(map(len, rows), np.int64, len(rows))
        matrix, known = rows_of(self.vectors, list(numbers))
        matrix = unit(matrix) if self.chosen.unit else matrix
        weights = self._weights(list(numbers), frequencies)[flat] if len(flat) else np.zeros(0)
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        has = np.where(known[flat], 1, 0)
        sparse = csr_matrix((weights * has, flat, offsets), (len(rows), len(numbers)))
        count = np.asarray(csr_matrix((has, flat, offsets), sparse.shape).sum(axis=1)).ravel()
        sums = np.asarray(sparse @ matrix)
        means = (sums / np.maximum(count, 1)[:, None]).astype(np.float32)
        return Sentences(means, count.astype(np.int64), lengths)

    def _weights(self, words: Sequence[str], frequencies: Frequencies) -> NDArray[np.float64]:
        if self.chosen.weighting == "mean":
            return np.ones(len(words))
        counts, total, _ = frequencies
        often = np.fromiter((counts.get(word, 0) for word in words), np.float64, len(words))
        if self.chosen.weighting == "idf":
            return np.log(max(total, 1) / np.maximum(often, 1))
        a = self.chosen.smoothing
        return a / (a + often / max(total, 1))


def rows_of(
    vectors: WordVectors, words: Sequence[str]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return the vectors of words, ``(n, size)``, and which of them have one.

    An unseen word has one by its subwords where ``vectors`` has those; its row is else zero.
    """
    numbers = np.array([vectors.words.index(word) for word in words], np.int64)
    known = numbers >= 0
    rows = np.zeros((len(words), vectors.vector_size), np.float32)
    rows[known] = vectors.vectors[numbers[known]]
    if has_subwords(vectors):
        for place in np.flatnonzero(~known).tolist():
            rows[place] = vectors.get_vector(words[place])
        known |= rows.any(axis=1)
    return rows, known


def has_subwords(vectors: WordVectors) -> bool:
    """Whether unseen words have vectors, from their subwords."""
    return hasattr(vectors, "ngrams")


def _given(counts: Mapping[str, int] | None) -> Frequencies | None:
    return None if counts is None else Frequencies(counts, sum(counts.values()), "given")


def _counted(vectors: WordVectors) -> Frequencies | None:
    """Return the counts that the vectors hold, unless they only tell the order of the words."""
    counts = vectors.expandos.get("count")
    if counts is None or len(counts) != len(vectors) or not len(counts):
        return None
    counts = np.asarray(counts)
    if only_an_order(counts):
        return None
    return Frequencies(_Counts(vectors.words, counts), int(counts.sum()), "the vectors")


class _Counts(Mapping[str, int]):
    """Counts by word, without a dictionary of all words."""

    def __init__(self, words: Words, counts: NDArray[np.int64]) -> None:
        self._words, self._counts = words, counts

    def __getitem__(self, word: str) -> int:
        row = self._words.index(word)
        if row < 0:
            raise KeyError(word)
        return int(self._counts[row])

    def __iter__(self) -> Iterator[str]:
        return iter(self._words)

    def __len__(self) -> int:
        return len(self._words)


def _list(sentences: Iterable[str]) -> list[str]:
    if isinstance(sentences, str):
        raise TypeError("give a list of sentences: [sentence]")
    return list(sentences)


def _lines(texts: Path | Sequence[str]) -> Iterator[tuple[int, str]]:
    return read_lines(texts) if isinstance(texts, Path) else enumerate(_list(texts), start=1)


def _chunks(items: Iterable[T]) -> Iterator[list[T]]:
    remaining = iter(items)
    while chunk := list(islice(remaining, AT_ONCE)):
        yield chunk


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return vectors scaled to length one, one a row; zeros stay."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), np.float32)


def _best(
    best: list[Near], row: NDArray[np.float32], chunk: list[tuple[int, str]], n: int
) -> list[Near]:
    """Return the ``n`` best of those so far and of a chunk; of equal ones, the earlier line."""
    few = np.argsort(-row, kind="stable")[:n]
    new = [Near(float(row[i]), *chunk[i]) for i in few if row[i] > -np.inf]
    return heapq.nsmallest(n, best + new, key=lambda near: (-near.score, near.line))
