"""The questions that word vectors answer, asked and answered as in gensim's ``KeyedVectors``."""

from collections.abc import Iterable, Sequence
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqkit.vectors import judgements
from seqkit.vectors.neighbours import Floats, Key, Neighbours, is_key, unit

File = str | PathLike[str]


class Queries(Neighbours):
    """Similarities and distances of words, of lists of words, and what people say of them."""

    def similarity(self, w1: Key, w2: Key) -> Any:
        """Return the cosine of two keys' vectors, 0 if one is zeros.

        Raises:
            KeyError: if a key is unknown.
        """
        return np.dot(unit(self[w1]), unit(self[w2]))

    def distance(self, w1: Key, w2: Key) -> Any:
        """Return 1 - :meth:`similarity`."""
        return 1 - self.similarity(w1, w2)

    def n_similarity(self, ws1: Sequence[Key], ws2: Sequence[Key]) -> Any:
        """Return the cosine of the mean vectors of two lists of keys, unknown ones left out.

        Raises:
            ZeroDivisionError: if a list is empty.
        """
        if not (len(ws1) and len(ws2)):
            raise ZeroDivisionError("one of the two lists of words is empty")
        first, second = (self.get_mean_vector(ws, pre_normalize=False) for ws in (ws1, ws2))
        return np.dot(unit(first), unit(second))

    @staticmethod
    def cosine_similarities(vector_1: Floats, vectors_all: Floats) -> Floats:
        """Return the cosines of one ``(size,)`` vector with ``(rows, size)`` others."""
        lengths = np.linalg.norm(vector_1) * np.linalg.norm(vectors_all, axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.dot(vectors_all, vector_1) / lengths)

    def distances(self, word_or_vector: Key | Floats, other_words: Iterable[Key] = ()) -> Floats:
        """Return 1 - cosine of a word or vector with each of the others, or with every word.

        Raises:
            KeyError: if a word is unknown.
        """
        vector: Any = word_or_vector
        if is_key(word_or_vector):
            vector = self.get_vector(word_or_vector)
        if other_words:
            others = self.vectors[[self.get_index(word) for word in other_words]]
            return 1 - self.cosine_similarities(vector, others)
        lengths = np.linalg.norm(vector) * self._lengths()
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(1 - np.dot(self.vectors, vector) / lengths)

    def closer_than(self, key1: Key, key2: Key) -> list[Any]:
        """Return the keys that are closer to ``key1`` than ``key2`` is, in order of their rows."""
        distances, own, limit = self.distances(key1), self.get_index(key1), self.get_index(key2)
        closer = np.flatnonzero(distances < distances[limit])
        return [self._words[row] for row in closer.tolist() if row != own]

    def rank(self, key1: Key, key2: Key) -> int:
        """Return the place of ``key2`` among the neighbours of ``key1``, from 1."""
        return len(self.closer_than(key1, key2)) + 1

    def most_similar_to_given(self, key1: Key, keys_list: Sequence[Key]) -> Key:
        """Return the one of ``keys_list`` that is most similar to ``key1``."""
        return keys_list[int(np.argmax([self.similarity(key1, key) for key in keys_list]))]

    def rank_by_centrality(
        self, words: Sequence[Key], use_norm: bool = True
    ) -> list[tuple[Any, Any]]:
        """Return (similarity to the mean, word) for the known words, the most central first.

        Raises:
            ValueError: if none is known.
        """
        known = [word for word in words if word in self]
        if not known:
            raise ValueError("cannot select a word from an empty list")
        rows = [self.get_vector(word, norm=use_norm) for word in known]
        vectors = np.vstack(rows).astype(np.float32)
        mean = self.get_mean_vector(list(vectors), post_normalize=True)
        return sorted(zip(np.dot(vectors, mean), known, strict=True), reverse=True)

    def doesnt_match(self, words: Sequence[Key]) -> Any:
        """Return the word furthest from the mean of all, unknown ones left out.

        Raises:
            ValueError: if none is known.
        """
        return self.rank_by_centrality(words)[-1][1]

    def relative_cosine_similarity(self, wa: Key, wb: Key, topn: int = 10) -> float:
        """Return the similarity of two words over the sum of the first's ``topn`` highest.

        Above 1 / topn they are nearer than neighbours mostly are: equation (1) of Leeuwenberg et
        al. 2016, "A Minimally Supervised Approach for Synonym Extraction with Word Embeddings".

        Raises:
            ValueError: if there are no neighbours.
        """
        similar = self.similar_by_key(wa, topn)
        if not similar:
            raise ValueError("there are no similar words to relate the similarity to")
        total: float = sum(cosine for _, cosine in similar)
        return float(self.similarity(wa, wb)) / total

    def wmdistance(
        self, document1: Sequence[str], document2: Sequence[str], norm: bool = True
    ) -> float:
        """Return the word mover's distance of two lists of words, unknown ones left out.

        See :mod:`seqkit.vectors.movers`. Infinite if one has no known word.

        Args:
            document1: words.
            document2: words.
            norm: whether vectors are scaled to unit length first.
        """
        from seqkit.vectors.movers import movers_distance

        known = [[word for word in words if word in self] for words in (document1, document2)]
        if not all(known):
            return float("inf")
        distinct = [list(dict.fromkeys(words)) for words in known]
        if distinct[0] == distinct[1] and len(distinct[0]) == 1:
            return 0.0
        vectors = [np.stack([self.get_vector(w, norm=norm) for w in ws]) for ws in distinct]
        shares = [
            np.array([words.count(word) / len(words) for word in each])
            for words, each in zip(known, distinct, strict=True)
        ]
        return movers_distance(*shares, *vectors)

    def evaluate_word_pairs(
        self,
        pairs: File,
        delimiter: str = "\t",
        encoding: str = "utf8",
        restrict_vocab: int | None = 300000,
        case_insensitive: bool = True,
        dummy4unknown: bool = False,
    ) -> tuple[Any, Any, float]:
        """Return how similarities agree with people's ratings of pairs of words.

        Args:
            pairs: a file with two words and a rating a line.
            delimiter: what parts them.
            encoding: of the file.
            restrict_vocab: how many words are known, from the first; None for all.
            case_insensitive: whether a word stands for the first that differs in case alone.
            dummy4unknown: whether pairs with unknown words count, with similarity 0, rather than
                are left out.

        Returns:
            Pearson's and Spearman's correlation, each with its p-value as SciPy returns it; and
            the share of pairs with unknown words in per cent.

        Raises:
            FileNotFoundError: if there is no such file.
            ValueError: if no pair is left.
        """
        known = judgements.vocabulary(self._keys(restrict_vocab), case_insensitive)
        rated = judgements.read_pairs(pairs, delimiter, encoding, case_insensitive)
        return judgements.correlations(
            rated, known, self._similarity_of_rows, dummy4unknown, str(pairs)
        )

    def evaluate_word_analogies(
        self,
        analogies: File,
        restrict_vocab: int | None = 300000,
        case_insensitive: bool = True,
        dummy4unknown: bool = False,
        similarity_function: str = "most_similar",  # noqa: ARG002, gensim never reads it either
    ) -> tuple[float, list[dict[str, Any]]]:
        """Return how many questions "a is to b as c is to?" are answered right.

        Args:
            analogies: a file with four words a line, in sections that begin with ``: name``.
            restrict_vocab: how many words are known, and searched, from the first; None for all.
            case_insensitive: whether a word stands for the first that differs in case alone.
            dummy4unknown: whether questions with unknown words are wrong, rather than left out.
            similarity_function: has no effect, as in gensim.

        Returns:
            The share of right answers; and for each section, and all, the name (``section``) and
            the questions answered right (``correct``) and wrong (``incorrect``).

        Raises:
            FileNotFoundError: if there is no such file.
            ValueError: if a question comes before the first section.
            ZeroDivisionError: if there is no question.
        """
        known = judgements.vocabulary(self._keys(restrict_vocab), case_insensitive)
        sections = judgements.read_analogies(analogies, case_insensitive)

        def answer(rows: NDArray[np.int64]) -> list[list[Any]]:
            return self._completed(rows, restrict_vocab)

        return judgements.analogies(
            sections, known, answer, case_insensitive, dummy4unknown, str(analogies)
        )

    def _completed(self, rows: NDArray[np.int64], restrict_vocab: int | None) -> list[list[Any]]:
        """Return the 5 keys nearest to b - a + c for each ``(questions, 3)`` row of a, b, c."""
        a, b, c = (self._units(column) for column in rows.T)
        _, stop, _ = slice(restrict_vocab or None).indices(len(self.vectors))
        found, _ = self._nearest((b + c - a) / 3, 8, 0, stop)
        keys = self._keys(None)
        return [
            [keys[row] for row in near if row not in given][:5]
            for near, given in zip(found.tolist(), rows.tolist(), strict=True)
        ]

    def _keys(self, restrict_vocab: int | None) -> list[Any]:
        return self._words.as_list()[:restrict_vocab]

    def _similarity_of_rows(self, first: int, second: int) -> float:
        return float(np.dot(unit(self.vectors[first]), unit(self.vectors[second])))

    def _units(self, rows: NDArray[np.int64]) -> Floats:
        with np.errstate(invalid="ignore"):
            return np.asarray(self.vectors[rows] / self._lengths()[rows, None])
