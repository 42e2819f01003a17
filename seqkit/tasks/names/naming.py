"""One to many: how a labelled corpus of names becomes batches, a model, and scores."""

from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from seqkit.corpus import Corpus, Labelled
from seqkit.data.batch import Batch
from seqkit.data.batching import Batches
from seqkit.data.checksum import checksum
from seqkit.errors import SeqkitError, unknown
from seqkit.models.classifier import parameter_count
from seqkit.models.namer import Namer, NamerSettings
from seqkit.settings import settings
from seqkit.tasks.card import model_card
from seqkit.tasks.names.name_scores import NameScores, NamingEvaluation, category_numbers
from seqkit.tasks.names.name_writer import NameWriter, build_model, composed
from seqkit.tasks.splits import with_validation
from seqkit.text import tokenizer as tokenizers
from seqkit.text.vocabulary import Vocabulary
from seqkit.train.run import Run
from seqkit.train.settings import TrainSettings

SPECIALS = ("pad", "unk", "bos", "eos")
SHOWN = 3  # categories whose names are in the model card


@settings
class SpellingSettings:
    """How a name becomes ids."""

    tokenizer: Literal["character", "jamo"] = Field(
        default="character", description="units of a name; jamo for names in Hangul"
    )
    min_count: int = Field(default=2, ge=1, description="rarer units become <unk>")
    max_length: int = Field(
        default=100, ge=1, description="characters; a longer name keeps its beginning"
    )


@settings
class NamingSettings:
    """All that a naming job is made of, besides its corpus."""

    validation: float = Field(
        default=0.1,
        ge=0,
        lt=1,
        description="share of train to choose on, if the corpus sets none apart (0: none)",
    )
    text: SpellingSettings = SpellingSettings()
    namer: NamerSettings = NamerSettings()
    evaluation: NamingEvaluation = NamingEvaluation()
    train: TrainSettings = TrainSettings()


class Naming:
    """A naming job: names in their categories, and the model that is to write them.

    The units and the categories come from the training split alone. A name of several categories
    is a row for each.
    """

    task = "naming"
    monitor = "perplexity"

    def __init__(self, chosen: NamingSettings, corpus: Corpus) -> None:
        if corpus.kind is not Labelled or corpus.multi_label:
            what = "multi-label" if corpus.multi_label else corpus.kind.__name__
            raise SeqkitError(
                f"{corpus.name} has {what} examples, and a namer needs labelled ones with one "
                "label each, their category: choose another corpus, or another kind of it."
            )
        self.recipe, self.settings = "", chosen
        self.corpus = corpus = with_validation(corpus, chosen.validation)
        chosen.train.refuse_unjudged(corpus.splits)
        self.splits = [name for name in ("validation", "test") if name in corpus.splits]
        rows = [composed(row) for row in corpus.examples("train")]
        self.names = frozenset(row.text for row in rows)
        self.writer = self._writer(rows)
        self.targets = category_numbers(rows, self.writer.categories, "the train split")
        self.encoded = self.writer.encode(row.text for row in rows)
        self.batches = Batches(
            self.encoded.rows,
            targets=self.targets,
            batch_size=chosen.train.batch_size,
            pad=self.writer.vocabulary.pad,
            by_token=True,
            shuffle=True,
            seed=chosen.train.seed,
        )
        self.model.decoder.steps = chosen.train.epochs * len(self.batches)

    def _writer(self, rows: list[Labelled]) -> NameWriter:
        """Learn the units and categories of the training split."""
        chosen, text = self.settings, self.settings.text
        tokenizer = tokenizers.create(text.tokenizer)
        units = Counter(unit for row in rows for unit in tokenizer.words(row.text))
        vocabulary = Vocabulary.build(units, min_count=text.min_count, specials=SPECIALS)
        counts = Counter(label for row in rows for label in row.labels)
        categories = tuple(sorted(counts))
        torch.manual_seed(chosen.train.seed)
        return NameWriter(
            build_model(chosen.namer, vocabulary, len(categories)),
            tokenizer,
            vocabulary,
            categories,
            tuple(counts[name] for name in categories),
            text.max_length,
            chosen.evaluation,
        )

    @property
    def model(self) -> Namer:
        """What is trained."""
        return self.writer.model

    def start(self) -> None:
        """Begin with random weights."""

    def loss(self, batch: Batch) -> Tensor:
        """Return the mean loss of a batch."""
        return self.model.loss(batch)

    @cached_property
    def _scored(self) -> dict[str, list[Labelled]]:
        return {s: list(map(composed, self.corpus.examples(s))) for s in self.splits}

    def scores(self, split: str) -> NameScores:
        """Return the scores of a split.

        Raises:
            SeqkitError: if there is no such split.
        """
        if split not in self._scored:
            raise unknown("split", split, self._scored, self.corpus.name)
        some = self.settings.evaluation.read_back if split == "validation" else 0
        rows = self._scored[split]
        return self.writer.scores_of(rows, f"the {split} split", self.names, some)

    def evaluate(self, split: str) -> dict[str, float]:
        """Return the scores of a split by name; ``unknown`` is the share of unknown units."""
        return self.scores(split).scores

    @cached_property
    def fingerprint(self) -> str:
        """A checksum of the encoded training names and their categories."""
        rows = self.encoded.rows
        return checksum((rows.values, rows.offsets, self.targets))

    def save(self, run: Run) -> None:
        """Write the tokenizer, the vocabulary and the categories."""
        self.writer.save(run)

    @property
    def asked(self) -> str:
        """What ``seqkit predict RUN`` may be given: the largest category."""
        return f'"{max(zip(self.writer.counts, self.writer.categories, strict=True))[1]}"'

    @property
    def summary(self) -> str:
        """The size of the data and of the model, in a line."""
        unknown = float((self.encoded.rows.values == self.writer.vocabulary.unk).mean())
        return (
            f"{len(self.encoded.rows):,} names, {self.encoded.characters:,} characters "
            f"({unknown:.1%} unknown), {len(self.writer.vocabulary):,} units, "
            f"{len(self.writer.categories)} categories, "
            f"{parameter_count(self.model) / 1e6:.2f}M weights"
        )

    def card(self, scores: Mapping[str, Mapping[str, float]]) -> str:
        """Return the model card, with names of the largest categories."""
        facts = {
            "task": "names of a category, and the category of a name",
            "categories": ", ".join(self.writer.categories),
            "training names": f"{len(self.encoded.rows):,}, {self.encoded.characters:,} "
            "characters, ends included",
            "vocabulary": f"{len(self.writer.vocabulary):,} units, of the training split",
            "parameters": f"{parameter_count(self.model):,}",
            "figures": "perplexity and bits are of a character, its end one of a name's; accuracy "
            "is of log p(name | category) + log p(category), read backwards; a name of several "
            "categories is a row for each; new is the share of names drawn that are not in train",
            **self._examples(),
        }
        recipe = Path(self.recipe).stem
        return model_card(recipe, self.corpus.card, facts, self.settings, scores, self.asked)

    def _examples(self) -> dict[str, str]:
        """Return names drawn for the largest categories."""
        order = np.argsort([-n for n in self.writer.counts], kind="stable")[:SHOWN]
        drawn = self.writer.with_options(NAMES_OF_THE_CARD)
        written = drawn.write([self.writer.categories[i] for i in order])
        return {f"{w.category}, drawn": ", ".join(n.text for n in w.names) for w in written}


NAMES_OF_THE_CARD = {"top": 5, "temperature": 0.7}
