"""A running text and a language model: how the one becomes windows, and the other scores."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from seqkit.corpus import Corpus, Labelled, Tagged, Text
from seqkit.data.checksum import checksum
from seqkit.data.windows import Documents, Streams, Window, WindowSettings
from seqkit.errors import SeqkitError, unknown
from seqkit.models.classifier import parameter_count
from seqkit.models.language_model import LanguageModel, LanguageModelSettings
from seqkit.models.state import continued, detached, flattened, unflattened
from seqkit.nn.recurrent import EncoderState
from seqkit.settings import settings
from seqkit.tasks.card import model_card
from seqkit.tasks.language.perplexity import EvaluationSettings, Likelihood, likelihood
from seqkit.tasks.language.running_text import RunningText, UnitSettings, cut
from seqkit.tasks.start import start_from_file
from seqkit.text import tokenizer as tokenizers
from seqkit.text.joining import Joiner
from seqkit.text.tokenizer import Tokenizer
from seqkit.text.vocabulary import Vocabulary
from seqkit.train.run import Run
from seqkit.train.settings import TrainSettings


@settings
class LanguageModellingSettings:
    """All that a language-modelling job is made of, besides its corpus."""

    validation: float = Field(
        default=0.1,
        ge=0,
        lt=1,
        description="share of train, its end, to choose on, if none is set apart (0: none)",
    )
    text: UnitSettings = UnitSettings()
    window: WindowSettings = WindowSettings()
    model: LanguageModelSettings = LanguageModelSettings()
    evaluation: EvaluationSettings = EvaluationSettings()
    train: TrainSettings = TrainSettings()


def with_end_held_out(corpus: Corpus, fraction: float) -> Corpus:
    """Return the corpus with a validation split: its own, or the end of train.

    Raises:
        SeqkitError: if train has too few examples to give one away.
    """
    if not fraction or "validation" in corpus.splits:
        return corpus
    train = corpus.split("train")
    kept = len(train) - max(1, round(fraction * len(train)))
    if kept < 1:
        raise SeqkitError(
            f"{corpus.name} has only {len(train)} training example, and none to spare for "
            "validation: use validation=0, or give a validation split."
        )
    parts = {
        "train": train.select(range(kept)),
        "validation": train.select(range(kept, len(train))),
    }
    return replace(corpus, splits={**corpus.splits, **parts})


def encoded(corpus: Corpus, split: str, tokenizer: Tokenizer, known: Vocabulary) -> RunningText:
    """Return a split as a running text.

    Raises:
        SeqkitError: if there is no such split.
    """
    corpus.split(split)
    return cut(corpus.texts(split), tokenizer).encode(known)


def build_model(
    chosen: LanguageModelSettings, vocabulary: Vocabulary, counts: Tensor | None = None
) -> LanguageModel:
    """Return a language model with random weights for a vocabulary."""
    return LanguageModel(
        chosen,
        vocabulary_size=len(vocabulary),
        pad=vocabulary.pad,
        unk=vocabulary.unk,
        counts=counts,
    )


log = logging.getLogger(__name__)
FEW = 100  # updates of a training
KINDS = (Text, Labelled, Tagged)  # of examples that are one text each


class LanguageModelling:
    """A language-modelling job: a text in windows, and the model that is to predict it.

    The tokenizer and the vocabulary come from the training split alone. Examples of the corpus
    are documents; each of their lines ends with ``<eos>``, which also comes before the first.
    """

    task = "language_modelling"
    monitor = "perplexity"

    def __init__(self, chosen: LanguageModellingSettings, corpus: Corpus) -> None:
        if corpus.kind not in KINDS:
            raise SeqkitError(
                f"{corpus.name} has {corpus.kind.__name__} examples, and a language model needs a "
                "running text: choose another corpus, or another kind of it."
            )
        self.recipe, self.settings = "", chosen
        self.corpus = corpus = with_end_held_out(corpus, chosen.validation)
        chosen.train.refuse_unjudged(corpus.splits)
        self.splits = [name for name in ("validation", "test") if name in corpus.splits]
        tokenizer = chosen.text.create(corpus.card.languages)
        self.tokenizer = tokenizers.trained(tokenizer, corpus.texts("train"))
        tokens = cut(corpus.texts("train"), self.tokenizer, workers=chosen.text.workers)
        self.vocabulary = chosen.text.vocabulary(tokens)
        self.text = tokens.encode(self.vocabulary)
        torch.manual_seed(chosen.train.seed)
        self.model = build_model(chosen.model, self.vocabulary, self._counts())
        self.batches = self._windows()
        updates = len(self.batches) * chosen.train.epochs
        if updates < FEW:
            log.warning(
                "%s updates in all: too few to learn a text by. Raise epochs, or lower batch_size "
                "(--config small_text has settings for short texts).",
                updates,
            )
        self.state: EncoderState | None = None
        self.started = ""  # what the embedding starts from, once it does

    def _counts(self) -> Tensor:
        times = np.bincount(self.text.rows.values, minlength=len(self.vocabulary))
        return torch.from_numpy(times)

    def _windows(self) -> Streams | Documents:
        window, train, rows = self.settings.window, self.settings.train, self.text.rows
        eos, size, seed = self.vocabulary.eos, train.batch_size, train.seed
        if window.reset:
            return Documents(rows, first=eos, batch_size=size, bptt=window.bptt, seed=seed)
        return Streams(
            rows.values,
            first=eos,
            batch_size=size,
            bptt=window.bptt,
            jitter=window.jitter,
            seed=seed,
        )

    def start(self) -> None:
        """Give the embedding the word vectors that the settings name, if they do."""
        if self.settings.model.embedding.vectors:
            self.started = start_from_file(self.model.embedding, self.vocabulary)

    def loss(self, batch: Window) -> Tensor:
        """Return the mean loss of a window, on from the state that the last one left."""
        loss, state = self.model.loss(batch.inputs, batch.targets, continued(self.state, batch))
        self.state = detached(state)
        return loss

    def carried(self) -> dict[str, Tensor]:
        """Return the state between two windows by name."""
        return flattened(self.state)

    def carry(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from a state that :meth:`carried` returned."""
        device = next(self.model.parameters()).device
        self.state = unflattened({name: tensor.to(device) for name, tensor in tensors.items()})

    @cached_property
    def _scored(self) -> dict[str, RunningText]:
        workers = self.settings.text.workers
        return {
            split: cut(self.corpus.texts(split), self.tokenizer, workers=workers).encode(
                self.vocabulary
            )
            for split in self.splits
        }

    def likelihood(self, split: str) -> Likelihood:
        """Return how well a split is predicted.

        Raises:
            SeqkitError: if there is no such split, or no text in it.
        """
        if split not in self._scored:
            raise unknown("split", split, self._scored, self.corpus.name)
        chosen, eos = self.settings, self.vocabulary.eos
        return likelihood(
            self.model,
            self._scored[split],
            eos=eos,
            reset=chosen.window.reset,
            chosen=chosen.evaluation,
            adapt=split == "test",  # validation is scored in every epoch
        )

    def evaluate(self, split: str) -> dict[str, float]:
        """Return the scores of a split by name; ``unknown`` is the share of unknown tokens."""
        return self.likelihood(split).scores

    @cached_property
    def fingerprint(self) -> str:
        """A checksum of the encoded training text."""
        return checksum((self.text.rows.values, self.text.rows.offsets))

    def save(self, run: Run) -> None:
        """Write the tokenizer and the vocabulary."""
        tokenizers.save(self.tokenizer, run.tokenizer_folder)
        self.vocabulary.save(run.vocabulary_file)

    @property
    def summary(self) -> str:
        """The size of the text and of the model, in a line."""
        text = self.text
        return (
            f"{text.tokens:,} tokens ({text.words:,} words, {text.unknown / text.tokens:.1%} "
            f"unknown), {len(self.batches):,} windows an epoch, {len(self.vocabulary):,} units, "
            f"{parameter_count(self.model) / 1e6:.1f}M weights"
            + (f"; {self.started}" if self.started else "")
        )

    def card(self, scores: Mapping[str, Mapping[str, float]]) -> str:
        """Return the model card."""
        text, joiner = self.text, Joiner(self.tokenizer, self.vocabulary)
        facts = {
            "task": "the next token",
            "training text": f"{text.tokens:,} tokens, {text.words:,} words, "
            f"{text.characters:,} characters, line ends included",
            "vocabulary": f"{len(self.vocabulary):,} units, of the training split",
            "parameters": f"{parameter_count(self.model):,}",
            "word vectors": self.started,
            "figures": "full softmax; perplexity is of a token, word_perplexity of a word of the "
            "raw text (what stands between white space, and each line end)"
            + ("" if joiner.spells_text else "; these units leave white space out, and uncounted"),
        }
        return model_card(Path(self.recipe).stem, self.corpus.card, facts, self.settings, scores)
