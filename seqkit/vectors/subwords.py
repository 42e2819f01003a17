"""Subwords: the n-grams that words are made of, which give vectors to words never seen."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field, model_validator

from seqkit.data.ragged import Ragged
from seqkit.errors import SeqkitError
from seqkit.settings import as_dict, check, settings
from seqkit.vectors.keyed import WordVectors
from seqkit.vectors.neighbours import Key
from seqkit.vectors.words import Words


@settings
class Subwords:
    """Which n-grams a word has. Each is known by a hash, the number of its bucket.

    ``character``: exactly fastText's (Bojanowski et al. 2017, section 3.2): the n-grams of the
    characters of ``<word>``, a mark alone being none, by 32-bit FNV-1a of their UTF-8 bytes
    (with their sign extended) modulo ``buckets``. Vectors trained by fastText need these.

    ``jamo``: those of Park et al. 2018, section 3. A syllable is three jamo, with a symbol for
    an empty final; any other character is one letter. The n-grams are those of the jamo of
    ``<word>``, within and across syllables, and all runs of 1 to ``syllables`` whole characters
    that have a syllable among them, without the marks; one that is both counts once. Words are
    composed (NFC) first: a decomposed one has the same n-grams.

    An n-gram that occurs twice in a word is listed twice, as fastText does.
    """

    unit: Literal["character", "jamo"] = Field(
        default="character", description="what n-grams are made of"
    )
    min_n: int = Field(default=3, ge=1, le=64, description="units of the shortest n-gram")
    max_n: int | None = Field(
        default=None,
        ge=1,
        le=64,
        description="units of the longest n-gram (none: 6 characters, or 5 jamo)",
    )
    syllables: int = Field(
        default=6, ge=0, le=64, description="longest run of whole syllables (jamo only)"
    )
    buckets: int = Field(
        default=2_000_000, ge=1, le=2**31 - 1, description="rows that n-grams are hashed to"
    )

    @model_validator(mode="after")
    def _check(self) -> "Subwords":
        if self.longest < self.min_n:
            raise ValueError(f"min_n={self.min_n} is above max_n={self.longest}: no n-gram is left")
        return self

    @property
    def longest(self) -> int:
        """Units of the longest n-gram, also where ``max_n`` is None."""
        return self.max_n if self.max_n is not None else 6 if self.unit == "character" else 5

    def rows(self, words: Iterable[str]) -> Ragged:
        """Return the buckets of each word's n-grams, 0 to ``buckets - 1``, a row a word."""
        from seqkit.vectors import subword_kernels

        if self.unit == "jamo":
            words = [unicodedata.normalize("NFC", word) for word in words]
        elif not isinstance(words, Sequence):
            words = list(words)
        offsets = np.zeros(len(words) + 1, np.int64)
        np.cumsum(np.fromiter(map(len, words), np.int64, len(words)), out=offsets[1:])
        chars = np.frombuffer("".join(words).encode("utf-32-le", "surrogatepass"), np.uint32)
        jamo = self.unit == "jamo"
        shape = jamo, self.min_n, self.longest, self.syllables if jamo else 0, self.buckets
        ends, ids = np.empty_like(offsets), np.empty(0, np.int32)
        subword_kernels.ngrams(chars, offsets, *shape, ends, ids)
        if ends[-1]:
            ids = np.empty(ends[-1], np.int32)
            subword_kernels.ngrams(chars, offsets, *shape, ends, ids)
        return Ragged(ids, ends)

    def of(self, word: str) -> NDArray[np.int32]:
        """Return the buckets of one word's n-grams, ``(n-grams,)``."""
        return self.rows([word])[0]


class SubwordVectors(WordVectors):
    """Word vectors that answer for any word: an unseen one has the mean of its n-grams' vectors.

    The names, arguments and answers are those of gensim's ``FastTextKeyedVectors``. A known
    word's vector is the mean of a row of its own and of its n-grams' (Bojanowski et al. 2017,
    section 3.2, as fastText's files hold it).

    Attributes:
        ngrams: ``(buckets, vector_size)`` float32.
        subwords: which n-grams a word has.
    """

    ngrams: NDArray[np.float32]
    subwords: Subwords

    @classmethod
    def composed(
        cls,
        words: Iterable[str] | Words,
        own: NDArray[np.float32],
        ngrams: NDArray[np.float32],
        subwords: Subwords,
        *,
        counts: ArrayLike | None = None,
        card: Mapping[str, Any] | None = None,
    ) -> Self:
        """Make the vectors of words from their own rows and the rows of their n-grams.

        Args:
            words: the known words.
            own: ``(words, size)`` float32, a row of each word alone.
            ngrams: ``(buckets, size)`` float32.
            subwords: which n-grams a word has.
            counts: ``(words,)``, how often the text has each.
            card: how the vectors were made.

        Raises:
            SeqkitError: if the arrays do not fit together.
        """
        named = Words.of(words)
        vectors = compose(own, ngrams, subwords.rows(named.as_list()))
        return cls.of(named, vectors, counts=counts, card=card).with_ngrams(ngrams, subwords)

    def with_ngrams(self, ngrams: NDArray[np.float32], subwords: Subwords) -> Self:
        """Take the vectors of n-grams, which are not copied; ``vectors`` hold them already.

        Raises:
            SeqkitError: if they are not ``(buckets, vector_size)``.
        """
        if ngrams.shape != (subwords.buckets, self.vector_size):
            raise SeqkitError(
                f"vectors of n-grams are {ngrams.shape}, where {subwords.buckets} buckets of "
                f"{self.vector_size} features are due."
            )
        self.ngrams, self.subwords = ngrams, subwords
        self.card = {**self.card, "subwords": as_dict(subwords)}
        return self

    @classmethod
    def opened(cls, vectors: WordVectors, ngrams: NDArray[np.float32]) -> Self:
        """Give vectors from a folder the n-grams beside them; its card says which they are.

        Raises:
            SeqkitError: if the card does not say, or says what cannot be.
        """
        where = vectors.folder or "the folder"
        chosen = vectors.card.get("subwords")
        if not isinstance(chosen, dict):
            raise SeqkitError(f"{where}: card.json does not say which n-grams its vectors have.")
        try:
            subwords = check(Subwords, chosen)
            made = cls.__new__(cls)
            made.__dict__.update(vectors.__dict__)
            return made.with_ngrams(ngrams, subwords)
        except SeqkitError as error:
            raise SeqkitError(f"{where}: {error}") from None

    def __contains__(self, key: object) -> bool:
        """Return whether a key has a vector, which every word has."""
        return isinstance(key, str) or super().__contains__(key)

    def get_vector(self, key: Key, norm: bool = False) -> NDArray[Any]:
        """Return the ``(vector_size,)`` vector of a word, made of its n-grams' if it is unseen.

        A word too short to have n-grams has zeros.
        """
        if not isinstance(key, str) or self.has_index_for(key):
            return super().get_vector(key, norm)
        rows = self.subwords.rows([key])
        if not len(rows.values):
            return np.zeros(self.vector_size, np.float32)
        total = self.ngrams[rows.values].sum(axis=0, dtype=np.float32)
        with np.errstate(invalid="ignore"):  # zeros have no direction: NaN
            divisor = np.linalg.norm(total) if norm else np.float32(len(rows.values))
            vector: NDArray[Any] = total / divisor
        return vector

    def get_sentence_vector(self, sentence: Sequence[Key]) -> NDArray[Any]:
        """Return the mean of the unit vectors of a sentence's words, ``(vector_size,)``."""
        mean: NDArray[Any] = self.get_mean_vector(sentence)
        return mean

    def own_rows(self) -> NDArray[np.float32]:
        """Return each word's row without its n-grams', ``(words, vector_size)``.

        It is computed from ``vectors``, and as exact as float32 lets it be.
        """
        own = np.empty((len(self), self.vector_size), np.float32)
        keys, step = self.index_to_key, 1 << 14
        for start in range(0, len(own), step):
            part = slice(start, start + step)
            rows, bare = self.subwords.rows(keys[part]), np.zeros((0, self.vector_size), np.float32)
            parts = rows.lengths[:, None].astype(np.float64)
            mean = compose(bare, self.ngrams, rows)
            own[part] = self.vectors[part] * (parts + 1) - mean * parts
        return own


def compose(
    own: NDArray[np.float32], ngrams: NDArray[np.float32], rows: Ragged
) -> NDArray[np.float32]:
    """Return the mean of each word's own row and its n-grams' rows, ``(words, size)``.

    Args:
        own: ``(words, size)`` float32; with no rows, words have none of their own.
        ngrams: ``(buckets, size)`` float32.
        rows: the buckets of each word.
    """
    from seqkit.vectors import subword_kernels

    out = np.empty((len(rows), ngrams.shape[1]), np.float32)
    subword_kernels.composed(
        np.asarray(own, np.float32), np.asarray(ngrams), rows.values, rows.offsets, out
    )
    return out
