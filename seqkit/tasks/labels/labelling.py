"""Texts in and labels out, whatever runs the model: all of it that needs no torch."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqkit.data.interning import Interned, intern
from seqkit.data.ngrams import Bags, NGrams
from seqkit.data.ragged import Ragged
from seqkit.data.spelling import Speller, Spellings
from seqkit.errors import SeqkitError
from seqkit.files import read_json
from seqkit.text import tokenizer as tokenizers
from seqkit.text.tokenizer import Tokenizer
from seqkit.text.vocabulary import Vocabulary
from seqkit.train.run import Run


@dataclass(frozen=True)
class Prediction:
    """The answer to one text: its labels, most probable first, and every label's probability."""

    labels: tuple[str, ...]
    probabilities: Mapping[str, float]

    @property
    def label(self) -> str:
        """The most probable label."""
        return max(self.probabilities, key=self.probabilities.__getitem__)

    def top(self, k: int) -> list[tuple[str, float]]:
        """Return the ``k`` most probable labels with their probabilities."""
        return sorted(self.probabilities.items(), key=lambda item: -item[1])[:k]

    def line(self, top: int) -> str:
        """Return labels and their probabilities in one line, at least ``top`` of them."""
        shown = self._shown(top if top > 1 else 0)
        return "\t".join(f"{label}\t{share:.4f}" for label, share in shown.items())

    def row(self, top: int) -> dict[str, Any]:
        """Return the labels, and the probabilities of the ``top`` ones, as plain values."""
        return {"labels": self.labels, "probabilities": self._shown(top)}

    def _shown(self, top: int) -> dict[str, float]:
        return {label: self.probabilities[label] for label in self.labels} | dict(self.top(top))


class Inputs(NamedTuple):
    """What the model reads of a number of texts."""

    rows: Ragged
    spellings: Spellings | None = None
    bags: Bags | None = None


@dataclass(frozen=True)
class Labeller(ABC):
    """What labels texts; what runs its model says what ``probabilities`` are.

    Attributes:
        model: the network.
        tokenizer: cuts a text into tokens.
        vocabulary: gives tokens their ids.
        speller: gives each token's spelling, where the model reads it.
        ngrams: gives a text's n-grams, where the model weighs them.
        labels: class names in the order of the model's outputs.
        multi_label: whether a text may have any number of labels.
        threshold: multi-label: labels at least this probable are answered, or the best one.
        max_length: a longer text keeps its first so many tokens.
    """

    model: Any
    tokenizer: Tokenizer
    vocabulary: Vocabulary
    speller: Speller | None
    ngrams: NGrams | None
    labels: tuple[str, ...]
    multi_label: bool
    threshold: float
    max_length: int

    @abstractmethod
    def probabilities(self, inputs: Inputs) -> NDArray[np.float32]:
        """Return ``(rows, labels)`` probabilities."""

    def encode(self, texts: Iterable[str], *, workers: int = 1) -> Inputs:
        """Return what the model reads of ``texts``; an empty text is one unknown token."""
        if self.ngrams is None:
            return self.inputs(intern(texts, self.tokenizer, workers=workers))
        texts = list(texts)
        interned = intern(texts, self.tokenizer, workers=workers)
        return self.inputs(interned, self.ngrams.bags(texts))

    def inputs(self, interned: Interned, bags: Bags | None = None) -> Inputs:
        """Return what the model reads of texts that are cut into tokens already."""
        cut = interned.first(self.max_length)
        spellings = cut.spellings(self.speller) if self.speller else None
        return Inputs(cut.ids(self.vocabulary), spellings, bags)

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Return one answer for each text, in order.

        Raises:
            TypeError: if ``texts`` is one string, whose characters would be answered.
        """
        if isinstance(texts, str):
            raise TypeError("predict takes a list of texts: write predict([text])")
        return list(self.stream(texts))

    def stream(self, texts: Iterable[str], at_once: int = 1024) -> Iterator[Prediction]:
        """Yield one answer for each text, in order, reading ``at_once`` texts at a time."""
        remaining = iter(texts)
        while chunk := list(islice(remaining, at_once)):
            probabilities = self.probabilities(self.encode(chunk))
            for row, answered in zip(probabilities, self.answers(probabilities), strict=True):
                scores = dict(zip(self.labels, row.tolist(), strict=True))
                chosen = sorted(np.flatnonzero(answered), key=lambda i: -row[i])
                yield Prediction(tuple(self.labels[i] for i in chosen), scores)

    def answers(self, probabilities: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Return ``(rows, labels)``, True where a label is answered; at least one a row."""
        best = np.zeros(probabilities.shape, dtype=np.bool_)
        best[np.arange(len(best)), probabilities.argmax(axis=1)] = True
        return best | (probabilities >= self.threshold) if self.multi_label else best

    @staticmethod
    def parts(run: Run) -> dict[str, Any]:
        """Return everything of a run but the model, by the names of the attributes.

        Raises:
            SeqkitError: if a part is missing or broken.
        """
        saved, known = run.settings()["settings"], read_json(run.labels_file)
        try:
            parts = {
                "labels": tuple(known["labels"]),
                "multi_label": bool(known["multi_label"]),
                "threshold": float(saved["threshold"]),
                "max_length": int(saved["text"]["max_length"]),
            }
        except (KeyError, TypeError, ValueError):
            raise not_a_classifier(run) from None
        return parts | {
            "tokenizer": tokenizers.load(run.tokenizer_folder),
            "vocabulary": Vocabulary.load(run.vocabulary_file),
            "speller": Speller.load(run.spelling_folder) if run.spelling_folder.is_dir() else None,
            "ngrams": NGrams.load(run.ngrams_folder) if run.ngrams_folder.is_dir() else None,
        }


def not_a_classifier(run: Run) -> SeqkitError:
    """Return the error for a run of another task, or a broken one."""
    return SeqkitError(
        f"{run.settings_file} or {run.labels_file.name} is not of a classifier's run: "
        "copy the run again, or train it anew."
    )
