"""Many-to-one: how a labelled corpus becomes batches, a model, and scores."""

import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, model_validator
from torch import Tensor

from seqkit.corpus import Corpus, Labelled
from seqkit.data.batch import Batch
from seqkit.data.batching import Batches, Recut
from seqkit.data.checksum import checksum
from seqkit.data.interning import Interned, intern, intern_rows
from seqkit.data.ngrams import NGrams, NGramSettings
from seqkit.data.spelling import Speller
from seqkit.errors import SeqkitError, unknown
from seqkit.models.classifier import ClassifierSettings, parameter_count
from seqkit.settings import settings
from seqkit.tasks.card import model_card
from seqkit.tasks.labels.text_classifier import Inputs, TextClassifier, build_model, encode_labels
from seqkit.tasks.splits import NOISY, rows_of, with_validation
from seqkit.tasks.start import start_from_file
from seqkit.text import tokenizer as tokenizers
from seqkit.text.tokenizer import Sampling, Tokenizer
from seqkit.text.vocabulary import Vocabulary
from seqkit.train.metrics import Report
from seqkit.train.run import Run
from seqkit.train.settings import TrainSettings
from seqkit.vectors.cooccurrence import cooccurrence_vectors

Option = bool | int | float | str
SPECIALS = 2  # <pad> and <unk>, which a vocabulary has besides its words


@settings
class TextSettings:
    """How a text becomes token ids."""

    tokenizer: str = Field(
        default="auto",
        description="auto: kiwi for Korean, else word; 'seqkit tokenize --compare all' shows all",
    )
    options: dict[str, Option] = Field(
        default_factory=dict, description="of the tokenizer, as text.options.lower=false"
    )
    min_count: int = Field(default=2, ge=1, description="rarer words become <unk>")
    max_words: int = Field(default=30_000, ge=0, description="the most frequent (0: no limit)")
    max_length: int = Field(default=256, ge=1, description="a longer text keeps its beginning")
    spelling: Literal["none", "jamo", "syllable", "character"] = Field(
        default="none",
        description="read each token's spelling too, so that unseen words have a meaning",
    )
    ngrams: NGramSettings = NGramSettings()
    workers: int = Field(default=1, ge=1, description="processes that cut texts into tokens")

    @model_validator(mode="after")
    def _known(self) -> "TextSettings":
        self.create_ngrams(())  # refused before any data is read
        try:
            self.create(())
        except SeqkitError:
            if self.tokenizer != "auto":
                raise
            self.create(["ko"])  # the language is not known yet: one of the two has to take them
        return self

    def create(self, languages: Sequence[str]) -> Tokenizer:
        """Return the tokenizer for a text of these languages (``ko``, ``en``)."""
        if self.tokenizer != "auto":
            return tokenizers.create(self.tokenizer, self.options)
        korean = list(languages) == ["ko"]
        name, options = ("kiwi", {"normalize": True}) if korean else ("word", {"lower": True})
        return tokenizers.create(name, {**options, **self.options})

    def create_ngrams(self, languages: Sequence[str]) -> Tokenizer:
        """Return the tokenizer for the n-grams of a text of these languages."""
        if self.ngrams.of != "auto":
            return tokenizers.create(self.ngrams.of)
        name = "syllable" if list(languages) == ["ko"] else "word"
        return tokenizers.create(name, {"lower": True})


@settings
class ClassificationSettings:
    """All that a classification job is made of, besides its corpus."""

    validation: float = Field(
        default=0.1,
        ge=0,
        lt=1,
        description="share of train to choose on, if the corpus sets none apart (0: none)",
    )
    pretrain: Literal["none", "cooccurrence"] = Field(
        default="none",
        description="start the embedding from vectors of the training and unlabelled texts",
    )
    threshold: float = Field(
        default=0.5, gt=0, lt=1, description="multi-label: answer labels at least this probable"
    )
    noise: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="also score a copy of test: probability of a typo at each character (0: none)",
    )
    text: TextSettings = TextSettings()
    classifier: ClassifierSettings = ClassifierSettings()
    train: TrainSettings = TrainSettings()


def is_random(tokenizer: Tokenizer) -> bool:
    """Whether the training texts are to be cut at random, anew in each epoch."""
    return isinstance(tokenizer, Sampling) and tokenizer.alpha > 0


class Classification:
    """A classification job: a corpus, encoded, and the model that is to learn it.

    The vocabulary and the labels come from the training split alone.
    """

    task = "classification"

    def __init__(self, chosen: ClassificationSettings, corpus: Corpus) -> None:
        if corpus.kind is not Labelled:
            raise SeqkitError(
                f"{corpus.name} has {corpus.kind.__name__} examples, and a classifier needs "
                "labelled ones: choose another corpus, or another kind of it."
            )
        self.recipe, self.settings = "", chosen
        self.corpus = corpus = with_validation(corpus, chosen.validation)
        chosen.train.refuse_unjudged(corpus.splits)
        self.splits = [name for name in ("validation", "test") if name in corpus.splits]
        if chosen.noise and "test" in self.splits:
            self.splits.append(NOISY)
        self.monitor = "micro_f1" if corpus.multi_label else "accuracy"
        self.started = ""  # what the model starts from, once it does
        self.classifier, self.inputs = self._classifier()
        self.model = self.classifier.model
        true = self._truth("train")
        self.targets = true if corpus.multi_label else true.argmax(axis=1)
        self.batches: Batches | Recut = self._batches(self.inputs)
        if is_random(self.classifier.tokenizer):
            self.batches = Recut(self.batches, self._batches_of_epoch)

    def _batches(self, inputs: Inputs) -> Batches:
        return Batches(
            inputs.rows,
            targets=self.targets,
            spellings=inputs.spellings,
            bags=inputs.bags,
            batch_size=self.settings.train.batch_size,
            pad=self.classifier.vocabulary.pad,
            shuffle=True,
            seed=self.settings.train.seed,
        )

    def _batches_of_epoch(self, epoch: int) -> Batches:
        cut = self._cut_at_random(self.classifier.tokenizer, epoch)
        return self._batches(self.classifier.inputs(cut, self.inputs.bags))

    def _cut_at_random(self, tokenizer: Tokenizer, epoch: int) -> Interned:
        """Return the training texts cut as no other epoch and no other seed cuts them."""
        assert isinstance(tokenizer, Sampling)
        seed = zlib.crc32(f"{self.settings.train.seed} {epoch}".encode())
        return intern_rows(tokenizer.sampled(self._texts("train"), seed=seed))

    def _texts(self, split: str) -> Iterator[str]:
        return (row.text for row in rows_of(self.corpus, split, self.settings.noise))

    def _classifier(self) -> tuple[TextClassifier, Inputs]:
        """Learn the words from the training split; return the classifier and its encoded texts."""
        chosen, corpus, text = self.settings, self.corpus, self.settings.text
        tokenizer = text.create(corpus.card.languages)
        tokenizer = tokenizers.trained(tokenizer, self._texts("train"))
        interned = intern(self._texts("train"), tokenizer, workers=text.workers)
        counts = Counter(dict(interned.counts()))
        if is_random(tokenizer):  # it has pieces that only a random cut brings forth
            counts.update(dict(self._cut_at_random(tokenizer, 0).counts()))
        vocabulary = Vocabulary.build(
            counts,
            min_count=text.min_count,
            max_size=text.max_words + SPECIALS if text.max_words else None,
        )
        speller = None
        if text.spelling != "none":
            speller = Speller.learn(tokenizers.create(text.spelling), interned.counts())
        ngrams = bags = None
        if text.ngrams.longest:
            ngrams, bags = NGrams.learn(
                self._texts("train"),
                text.create_ngrams(corpus.card.languages),
                text.ngrams.longest,
                text.ngrams.bits,
            )
        balanced = chosen.classifier.class_weights == "balanced"
        weights = self._class_weights() if balanced else None
        torch.manual_seed(chosen.train.seed)
        model = build_model(
            chosen.classifier,
            vocabulary,
            speller,
            ngrams,
            len(corpus.labels),
            corpus.multi_label,
            weights,
        )
        classifier = TextClassifier(
            model,
            tokenizer,
            vocabulary,
            speller,
            ngrams,
            corpus.labels,
            corpus.multi_label,
            chosen.threshold,
            text.max_length,
        )
        return classifier, classifier.inputs(interned, bags)

    def _class_weights(self) -> Tensor:
        """Weights inversely proportional to class frequency, 1 on average over rows."""
        frequency = self._truth("train").sum(axis=0, dtype=np.float64)
        return torch.from_numpy(frequency.sum() / (len(frequency) * frequency)).float()

    def start(self) -> None:
        """Give the model what it starts from: word vectors, and the shares of labels."""
        self._start_embedding()
        if self.corpus.multi_label and self.settings.classifier.class_weights == "none":
            shares = (self.targets.sum(axis=0) + 0.5) / (len(self.targets) + 1)
            self.model.expect(torch.from_numpy(shares).float())

    def _start_embedding(self) -> None:
        embedding, chosen = self.model.embedding, self.settings.classifier.embedding
        if chosen.vectors:
            self.started = start_from_file(embedding, self.classifier.vocabulary)
        elif self.settings.pretrain == "cooccurrence" and embedding.table is not None:
            rows = self.inputs.rows
            if "unlabelled" in self.corpus.splits:  # of which nothing but the ids is read
                text, known = self.settings.text, self.classifier
                more = intern(self._texts("unlabelled"), known.tokenizer, workers=text.workers)
                rows = rows.followed_by(more.first(text.max_length).ids(known.vocabulary))
            vectors = cooccurrence_vectors(rows, len(self.classifier.vocabulary), chosen.size)
            if vectors.any():
                embedding.start_from(vectors * (chosen.scale / vectors.std()))

    def _encoded(self, split: str) -> Inputs:
        return self.classifier.encode(self._texts(split), workers=self.settings.text.workers)

    def _truth(self, split: str) -> NDArray[np.uint8]:
        """Return ``(rows, labels)`` of ones where a row of the split has a label."""
        rows = self.corpus.examples("test" if split == NOISY else split)
        labels = (example.labels for example in rows)
        return encode_labels(labels, self.corpus.labels, f"the {split} split")

    @cached_property
    def _scored(self) -> dict[str, tuple[Inputs, NDArray[np.uint8]]]:
        return {split: (self._encoded(split), self._truth(split)) for split in self.splits}

    @cached_property
    def fingerprint(self) -> str:
        """A checksum of the encoded training data, in their order."""
        rows, spellings, bags = self.inputs
        parts = [rows.values, rows.offsets, self.targets]
        if bags:
            parts += [bags.rows.values, bags.weights]
        if spellings:
            parts += [spellings.words, spellings.units.values, spellings.units.offsets]
        return checksum(parts)

    def loss(self, batch: Batch) -> Tensor:
        """Return the mean loss of a batch."""
        return self.model.loss(batch)

    def report(self, split: str) -> Report:
        """Return the full report of a split.

        Raises:
            SeqkitError: if there is no such split.
        """
        if split not in self._scored:
            raise unknown("split", split, self._scored, self.corpus.name)
        return self.classifier.report(*self._scored[split])

    def evaluate(self, split: str) -> dict[str, float]:
        """Return the scores of a split by name; ``unknown`` is the share of unknown tokens."""
        rows = self._scored[split][0].rows
        unknown = float((rows.values == self.classifier.vocabulary.unk).mean())
        figures = {"unknown": unknown, "tokens_per_text": float(rows.lengths.mean())}
        return self.report(split).scores | figures

    def save(self, run: Run) -> None:
        """Write the tokenizer, the vocabulary and the labels."""
        self.classifier.save(run)

    @property
    def summary(self) -> str:
        """The size of the data and of the model, in a line."""
        rows = self.inputs.rows
        return (
            f"{len(rows):,} texts, {len(rows.values):,} tokens, "
            f"{self.batches.padding_waste():.1%} padding, "
            f"{len(self.classifier.vocabulary):,} words, {len(self.corpus.labels)} labels, "
            f"{parameter_count(self.model) / 1e6:.1f}M weights"
            + (f"; {self.started}" if self.started else "")
        )

    def card(self, scores: Mapping[str, Mapping[str, float]]) -> str:
        """Return the model card."""
        rows = self.inputs.rows
        words, waste = len(self.classifier.vocabulary), self.batches.padding_waste()
        facts = {
            "task": "one label a text" if not self.corpus.multi_label else "labels of a text",
            "labels": ", ".join(self.corpus.labels),
            "training rows": f"{len(rows):,} ({len(rows.values):,} tokens)",
            "vocabulary": f"{words:,} words, of the training split",
            "parameters": f"{parameter_count(self.model):,}",
            "padding": f"{waste:.1%} of the cells of a batch, on average",
            "word vectors": self.started,
        }
        return model_card(Path(self.recipe).stem, self.corpus.card, facts, self.settings, scores)
