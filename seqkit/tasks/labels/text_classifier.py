"""A trained classifier with all it needs to read text: what a run answers with."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from seqkit.corpus import Corpus, Labelled
from seqkit.data.batching import Batches
from seqkit.data.interning import Interned, intern
from seqkit.data.ngrams import Bags, NGrams
from seqkit.data.ragged import Ragged
from seqkit.data.spelling import Speller, Spellings
from seqkit.errors import SeqkitError, unknown
from seqkit.files import read_json, write_json
from seqkit.models.classifier import Classifier, ClassifierSettings
from seqkit.settings import check
from seqkit.tasks.splits import rows_of, with_validation
from seqkit.text import tokenizer as tokenizers
from seqkit.text.tokenizer import Tokenizer
from seqkit.text.vocabulary import Vocabulary
from seqkit.train import checkpoint
from seqkit.train.metrics import Report, report
from seqkit.train.run import Run

ROWS_AT_ONCE = 256  # of a batch without gradients


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
class TextClassifier:
    """A model with all it needs to read text: what a run answers with.

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

    model: Classifier
    tokenizer: Tokenizer
    vocabulary: Vocabulary
    speller: Speller | None
    ngrams: NGrams | None
    labels: tuple[str, ...]
    multi_label: bool
    threshold: float
    max_length: int

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

    def probabilities(self, inputs: Inputs) -> NDArray[np.float32]:
        """Return ``(rows, labels)`` probabilities."""
        return self._probabilities(self.logits(inputs))

    def _probabilities(self, logits: Tensor) -> NDArray[np.float32]:
        activated = torch.sigmoid(logits) if self.multi_label else torch.softmax(logits, dim=-1)
        result: NDArray[np.float32] = activated.numpy()
        return result

    @torch.inference_mode()
    def logits(self, inputs: Inputs) -> Tensor:
        """Return ``(rows, labels)`` outputs of the model, in the order of the rows."""
        batches = Batches(
            inputs.rows,
            spellings=inputs.spellings,
            bags=inputs.bags,
            batch_size=ROWS_AT_ONCE,
            pad=self.vocabulary.pad,
        )
        device = next(self.model.parameters()).device
        training = self.model.training
        self.model.eval()
        result = torch.empty(len(inputs.rows), len(self.labels))
        for batch in batches.epoch(0):
            result[torch.from_numpy(batch.rows)] = self.model(batch.to(device)).float().cpu()
        self.model.train(training)
        return result

    def answers(self, probabilities: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Return ``(rows, labels)``, True where a label is answered; at least one a row."""
        best = np.zeros(probabilities.shape, dtype=np.bool_)
        best[np.arange(len(best)), probabilities.argmax(axis=1)] = True
        return best | (probabilities >= self.threshold) if self.multi_label else best

    def report(self, inputs: Inputs, true: NDArray[np.uint8]) -> Report:
        """Score the model on ``inputs``, whose labels are ``true`` ``(rows, labels)``.

        The loss is the mean negative log-likelihood of a row's labels, without smoothing or
        class weights.
        """
        logits, targets = self.logits(inputs), torch.from_numpy(true)
        if self.multi_label:
            bits = F.binary_cross_entropy_with_logits(logits, targets.float(), reduction="sum")
            loss = bits / max(1, len(logits))
        else:
            loss = F.cross_entropy(logits, targets.argmax(dim=1))
        answered = self.answers(self._probabilities(logits))
        return report(answered, true.astype(np.bool_), self.labels, loss.item())

    def score(self, corpus: Corpus, split: str, chosen: Any) -> Report:
        """Score a split of a corpus, or one made of it: held out, or misspelt.

        Raises:
            SeqkitError: if there is no such split, or it has a label that training had not.
        """
        if split != "test":  # train is what was trained on, without what was held out of it
            corpus = with_validation(corpus, chosen.validation)
        return self._score(rows_of(corpus, split, chosen.noise), f"the {split} split")

    def score_file(self, path: Path, options: Mapping[str, str]) -> Report:
        """Score a labelled file or folder; options: those of the ``labelled`` corpus.

        Raises:
            SeqkitError: if it cannot be read, or has a label that training had not.
        """
        from seqkit.corpora.labelled import rows

        return self._score(rows(path, options), str(path))

    def _score(self, rows: Iterable[Labelled], where: str) -> Report:
        examples = list(rows)
        true = encode_labels([example.labels for example in examples], self.labels, where)
        return self.report(self.encode(example.text for example in examples), true)

    def save(self, run: Run) -> None:
        """Write everything but the weights and settings into a run directory."""
        tokenizers.save(self.tokenizer, run.tokenizer_folder)
        self.vocabulary.save(run.vocabulary_file)
        if self.speller:
            self.speller.save(run.spelling_folder)
        if self.ngrams:
            self.ngrams.save(run.ngrams_folder)
        write_json(run.labels_file, {"multi_label": self.multi_label, "labels": self.labels})

    @classmethod
    def load(cls, run: Run) -> "TextClassifier":
        """Rebuild the classifier of a run directory.

        Raises:
            SeqkitError: if a part is missing, truncated or of another model.
        """
        saved, known = run.settings()["settings"], read_json(run.labels_file)
        try:
            chosen = check(ClassifierSettings, saved["classifier"])
            threshold, longest = float(saved["threshold"]), int(saved["text"]["max_length"])
            labels, multi_label = tuple(known["labels"]), bool(known["multi_label"])
        except (KeyError, TypeError, ValueError):
            raise SeqkitError(
                f"{run.settings_file} or {run.labels_file.name} is not of a classifier's run: "
                "copy the run again, or train it anew."
            ) from None
        vocabulary = Vocabulary.load(run.vocabulary_file)
        speller = Speller.load(run.spelling_folder) if run.spelling_folder.is_dir() else None
        ngrams = NGrams.load(run.ngrams_folder) if run.ngrams_folder.is_dir() else None
        model = build_model(chosen, vocabulary, speller, ngrams, len(labels), multi_label)
        tensors, _ = checkpoint.load(run.model_file)
        checkpoint.restore(model, tensors, run.model_file)
        tokenizer = tokenizers.load(run.tokenizer_folder)
        return cls(
            model.eval(),
            tokenizer,
            vocabulary,
            speller,
            ngrams,
            labels,
            multi_label,
            threshold,
            longest,
        )


def build_model(
    chosen: ClassifierSettings,
    vocabulary: Vocabulary,
    speller: Speller | None,
    ngrams: NGrams | None,
    labels: int,
    multi_label: bool,
    class_weights: Tensor | None = None,
) -> Classifier:
    """Return a classifier with random weights, of the size that the data asks for."""
    return Classifier(
        chosen,
        vocabulary_size=len(vocabulary),
        pad=vocabulary.pad,
        unk=vocabulary.unk,
        labels=labels,
        units=len(speller.vocabulary) if speller else 0,
        ngrams=len(ngrams.idf) if ngrams else 0,
        multi_label=multi_label,
        class_weights=class_weights,
    )


def encode_labels(
    rows: Iterable[Sequence[str]], labels: Sequence[str], split: str
) -> NDArray[np.uint8]:
    """Return ``(rows, labels)`` of ones where a row has a label.

    Raises:
        SeqkitError: if a label was not seen in training.
    """
    number = {label: i for i, label in enumerate(labels)}
    rows = list(rows)
    true = np.zeros((len(rows), len(labels)), dtype=np.uint8)
    for row, names in enumerate(rows):
        for name in names:
            if name not in number:
                raise unknown("label", name, labels, f"row {row + 1} of {split}")
            true[row, number[name]] = 1
    return true
