"""What a training of word vectors starts from: vectors that know something already."""

from pathlib import Path

import numpy as np

from seqkit.errors import SeqkitError
from seqkit.vectors.keyed import WordVectors, only_an_order
from seqkit.vectors.subwords import SubwordVectors
from seqkit.vectors.training.phrases import PHRASES_FILE, Phrases
from seqkit.vectors.training.state import FILE, FOLDER, State, load, width_of
from seqkit.vectors.word2vec import Word2VecSettings


class Start:
    """What vectors that training starts from know already."""

    def __init__(self, path: Path, chosen: Word2VecSettings) -> None:
        vectors = WordVectors.load(path)
        self.path, self.words = path, list(vectors.index_to_key)
        if vectors.vector_size != chosen.size:
            raise SeqkitError(
                f"{path} has vectors of {vectors.vector_size} features: "
                f"start from them with size={vectors.vector_size}."
            )
        ngrams = vectors.subwords if isinstance(vectors, SubwordVectors) else None
        if ngrams != chosen.ngrams:
            raise SeqkitError(
                f"{path} has not the subwords that are chosen: give the subwords, min_n, max_n, "
                "syllables and buckets that it was trained with ('seqkit vectors info' tells)."
            )
        counts = vectors.expandos.get("count")
        self.counts = np.zeros(len(self.words), np.int64) if counts is None else np.array(counts)
        self.phrases = Phrases.load(path / PHRASES_FILE) if self._joined(chosen) else None
        self.state: State | None = load(path) if (path / FOLDER / FILE).is_file() else None
        if self.state is None and only_an_order(self.counts):
            self.counts = np.zeros(len(self.words), np.int64)
        self.vectors, self.hierarchical = vectors, chosen.hierarchical
        if self.state is not None:
            shape = len(self.words) + buckets_of(chosen), width_of(chosen.size)
            same = np.array_equal(self.state.counts, self.counts)
            if not same or self.state.input.shape != shape:
                raise SeqkitError(
                    f"the vectors of {path} and the training in its {FOLDER} are not of the same "
                    "words, as after one that was killed: resume that, or delete its folder."
                )
            then = self.state.position.settings["hierarchical"]
            self.hierarchical = self.hierarchical or then

    def put_into(self, state: State) -> None:
        """Begin from these weights; words that are new keep those that were drawn."""
        known = len(self.words)
        state.counts[:known] += self.counts
        fresh, size = len(state.counts), self.vectors.vector_size
        if self.state is not None:
            own, grams = self.state.input[:known, :size], self.state.input[known:, :size]
            if not self.hierarchical:  # else outputs are of the nodes of another tree
                state.output[:known] = self.state.output[:known]
        elif isinstance(self.vectors, SubwordVectors):
            own, grams = self.vectors.own_rows(), self.vectors.ngrams
        else:
            own, grams = self.vectors.vectors, np.zeros((0, size), np.float32)
        state.input[:known, :size] = own
        learnt = np.flatnonzero(grams.any(axis=1))
        state.input[fresh + learnt, :size] = grams[learnt]

    def _joined(self, chosen: Word2VecSettings) -> bool:
        """Return whether phrases were joined in the text before, and are to be again."""
        return chosen.phrases > 0 and (self.path / PHRASES_FILE).is_file()


def buckets_of(chosen: Word2VecSettings) -> int:
    """Return how many rows n-grams have; 0 without subwords."""
    return 0 if chosen.ngrams is None else chosen.ngrams.buckets
