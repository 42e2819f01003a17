"""A trained classifier with all it needs to read text: what a run answers with."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from seqkit.corpus import Corpus, Labelled
from seqkit.data.batching import Batches
from seqkit.data.ngrams import NGrams
from seqkit.data.spelling import Speller
from seqkit.errors import unknown
from seqkit.files import write_json
from seqkit.models.classifier import Classifier, ClassifierSettings
from seqkit.settings import check
from seqkit.tasks.labels.labelling import Inputs, Labeller, Prediction, not_a_classifier
from seqkit.tasks.splits import rows_of, with_validation
from seqkit.text import tokenizer as tokenizers
from seqkit.text.vocabulary import Vocabulary
from seqkit.train import checkpoint
from seqkit.train.metrics import Report, report
from seqkit.train.run import Run

__all__ = ["Inputs", "Prediction", "TextClassifier", "build_model", "encode_labels"]

ROWS_AT_ONCE = 256  # of a batch without gradients


@dataclass(frozen=True)
class TextClassifier(Labeller):
    """A model with all it needs to read text: what a run answers with.

    Attributes are those of :class:`Labeller`; its model is torch's.
    """

    model: Classifier

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
        device = next(self.model.parameters()).device
        training = self.model.training
        self.model.eval()
        result = torch.empty(len(inputs.rows), len(self.labels))
        for batch in self.batches(inputs).epoch(0):
            result[torch.from_numpy(batch.rows)] = self.model(batch.to(device)).float().cpu()
        self.model.train(training)
        return result

    def batches(self, inputs: Inputs) -> Batches:
        """Return what the model reads in batches, as they are read without gradients."""
        return Batches(
            inputs.rows,
            spellings=inputs.spellings,
            bags=inputs.bags,
            batch_size=ROWS_AT_ONCE,
            pad=self.vocabulary.pad,
        )

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
        parts = cls.parts(run)
        try:
            chosen = check(ClassifierSettings, run.settings()["settings"]["classifier"])
        except (KeyError, TypeError):
            raise not_a_classifier(run) from None
        names = ("vocabulary", "speller", "ngrams", "multi_label")
        given = {name: parts[name] for name in names}
        model = build_model(chosen, labels=len(parts["labels"]), **given)
        checkpoint.restore_run(model, run)
        return cls(model=model.eval(), **parts)


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
        units=speller.units() if speller else (),
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
