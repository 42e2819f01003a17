"""Aligned many-to-many: how a tagged corpus becomes batches, a model, and scores."""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from seqkit.corpus import Corpus, Tagged
from seqkit.data import spans
from seqkit.data.checksum import checksum
from seqkit.data.interning import Interned, intern_rows
from seqkit.data.spelling import Speller
from seqkit.data.tagged import TaggedBatch, TaggedBatches, TaggedRows
from seqkit.errors import SeqkitError, unknown
from seqkit.models.classifier import parameter_count
from seqkit.models.tagger import TaggerSettings
from seqkit.settings import settings
from seqkit.tasks.card import model_card
from seqkit.tasks.splits import with_validation
from seqkit.tasks.start import start_from_file
from seqkit.tasks.tags.tag_report import TagReport
from seqkit.tasks.tags.text_tagger import TextTagger, WordForm, build_model
from seqkit.text import tokenizer as tokenizers
from seqkit.text.vocabulary import Vocabulary
from seqkit.train.run import Run
from seqkit.train.settings import TrainSettings
from seqkit.vectors.cooccurrence import cooccurrence_vectors

log = logging.getLogger(__name__)

SPECIALS = 2  # <pad> and <unk>, which a vocabulary has besides its words


@settings
class WordSettings:
    """How words become ids, and raw text becomes words."""

    tokenizer: str = Field(
        default="word", description="cuts raw text for predict; tagged corpora are cut already"
    )
    form: WordForm = WordForm()
    min_count: int = Field(default=2, ge=1, description="rarer words become <unk>")
    max_words: int = Field(default=0, ge=0, description="the most frequent (0: no limit)")
    spelling: Literal["syllable", "jamo", "character"] = Field(
        default="syllable", description="units of a word's spelling; syllable: or a letter"
    )


@settings
class TaggingSettings:
    """All that a tagging job is made of, besides its corpus."""

    validation: float = Field(
        default=0.1,
        ge=0,
        lt=1,
        description="share of train to choose on, if the corpus sets none apart (0: none)",
    )
    pretrain: Literal["none", "cooccurrence"] = Field(
        default="none", description="start the embedding from vectors of the training text"
    )
    words: WordSettings = WordSettings()
    tagger: TaggerSettings = TaggerSettings()
    train: TrainSettings = TrainSettings()


class Tagging:
    """A tagging job: a corpus, encoded, and the model that is to learn it.

    Vocabulary, spelling and tags come from the training split alone.
    """

    task = "tagging"

    def __init__(self, chosen: TaggingSettings, corpus: Corpus) -> None:
        if corpus.kind is not Tagged:
            raise SeqkitError(
                f"{corpus.name} has {corpus.kind.__name__} examples, and a tagger needs tagged "
                "ones: choose another corpus, or another kind of it (data.kind=tags)."
            )
        self.recipe, self.settings = "", chosen
        self.corpus = corpus = with_validation(corpus, chosen.validation)
        chosen.train.refuse_unjudged(corpus.splits)
        self.splits = [name for name in ("validation", "test") if name in corpus.splits]
        self.started = ""  # what the model starts from, once it does
        self.tagger, self.rows = self._learnt()
        self.model = self.tagger.model
        self.monitor = "f1" if spans.are_spans(self.tagger.tags) else "accuracy"
        self.batches = TaggedBatches(
            self.rows,
            batch_size=chosen.train.batch_size,
            pad=self.tagger.vocabulary.pad,
            shuffle=True,
            seed=chosen.train.seed,
        )

    def _learnt(self) -> tuple[TextTagger, TaggedRows]:
        """Learn words and tags from the training split; return the tagger and the split's rows."""
        chosen, examples = self.settings, list(self.corpus.examples("train"))
        interned = intern_rows([[token.text for token in example.tokens] for example in examples])
        tags = [[token.tag or "" for token in example.tokens] for example in examples]
        beside = [example.beside for example in examples] if examples[0].beside else []
        named = tuple(sorted({tag for row in tags for tag in row}))
        if len(named) < 2:
            raise SeqkitError(
                f"every word of {self.corpus.name} has the tag '{named[0]}': choose another column."
            )
        vocabulary, speller = self._words(interned)
        rule = None
        if chosen.tagger.output == "crf" and spans.are_spans(named):
            rule = _rule(named, examples)
        second = tuple(sorted({tag for row in beside for tag in row}))
        torch.manual_seed(chosen.train.seed)
        model = build_model(chosen.tagger, vocabulary, speller, named, second, rule)
        tagger = TextTagger(
            model,
            tokenizers.create(chosen.words.tokenizer),
            chosen.words.form,
            vocabulary,
            speller,
            named,
            second,
            self._columns(),
        )
        return tagger, tagger.rows(interned, tags, beside)

    def _words(self, interned: Interned) -> tuple[Vocabulary, Speller]:
        words, counts = self.settings.words, Counter[str]()
        for word, times in interned.counts():
            counts[words.form.of(word)] += times
        vocabulary = Vocabulary.build(
            counts,
            min_count=words.min_count,
            max_size=words.max_words + SPECIALS if words.max_words else None,
        )
        units = tokenizers.create(words.spelling)
        return vocabulary, Speller.learn(units, interned.counts())

    def _columns(self) -> dict[str, str]:
        """Return which columns of a file the run has learnt, so that others are read alike."""
        columns = getattr(self.corpus.options, "columns", None)
        if columns is None:
            return {}
        return {"tag": columns.tag, "beside": columns.beside, "word": str(columns.word)}

    def start(self) -> None:
        """Give the model the word vectors that it is to start from."""
        embedding, vocabulary = self.model.embedding, self.tagger.vocabulary
        if embedding.chosen.vectors:
            self.started = start_from_file(embedding, vocabulary)
        elif self.settings.pretrain == "cooccurrence" and embedding.table is not None:
            vectors = cooccurrence_vectors(
                self.rows.words, len(vocabulary), embedding.chosen.size, window=2
            )
            if vectors.any():
                embedding.start_from(vectors * (embedding.chosen.scale / vectors.std()))

    @cached_property
    def _scored(self) -> dict[str, TaggedRows]:
        examples = self.corpus.examples
        return {s: self.tagger.examples(examples(s), f"the {s} split") for s in self.splits}

    @cached_property
    def fingerprint(self) -> str:
        """A checksum of the encoded training data, in their order."""
        rows = self.rows
        assert rows.tags is not None
        parts: list[Any] = [rows.words.values, rows.words.offsets, rows.tags]
        units = rows.spellings.units
        parts += [rows.spellings.words, units.values, units.offsets]
        if rows.beside is not None:
            parts.append(rows.beside)
        return checksum(parts)

    def loss(self, batch: TaggedBatch) -> Tensor:
        """Return the mean loss of a batch."""
        return self.model.loss(batch)

    def report(self, split: str) -> TagReport:
        """Return the full report of a split.

        Raises:
            SeqkitError: if there is no such split.
        """
        if split not in self._scored:
            raise unknown("split", split, self._scored, self.corpus.name)
        return self.tagger.report(self._scored[split])

    def evaluate(self, split: str) -> dict[str, float]:
        """Return the scores of a split by name."""
        return self.report(split).scores

    def save(self, run: Run) -> None:
        """Write the tokenizer, the vocabulary, the spelling and the tags."""
        self.tagger.save(run)

    @property
    def summary(self) -> str:
        """The size of the data and of the model, in a line."""
        words, known = self.rows.words, self.tagger
        return (
            f"{len(words):,} texts, {len(words.values):,} words "
            f"({len(known.vocabulary):,} in the vocabulary), {len(known.tags):,} tags, "
            f"{parameter_count(self.model) / 1e6:.1f}M weights"
            + (f"; {self.started}" if self.started else "")
        )

    def card(self, scores: Mapping[str, Mapping[str, float]]) -> str:
        """Return the model card."""
        words, known = self.rows.words, self.tagger
        tags = ", ".join(known.tags[:100]) + (", ..." if len(known.tags) > 100 else "")
        facts = {
            "task": "a tag for each word" + (", which write spans" * (self.monitor == "f1")),
            "tags": f"{len(known.tags):,} ({tags})",
            "training rows": f"{len(words):,} ({len(words.values):,} words)",
            "vocabulary": f"{len(known.vocabulary):,} words, of the training split",
            "parameters": f"{parameter_count(self.model):,}",
            "word vectors": self.started,
        }
        if self.monitor == "f1" and self.model.crf is not None:
            ruled = bool(self.model.crf.forbidden.any())
            facts["constraints"] = "only spans are answered" if ruled else "none, as in training"
        if known.beside:
            use = "read" if known.reads_beside else "learnt"
            facts["second tags"] = f"{len(known.beside):,}, {use} beside the first"
        return model_card(Path(self.recipe).stem, self.corpus.card, facts, self.settings, scores)


def _rule(tags: Sequence[str], examples: Sequence[Tagged]) -> NDArray[np.bool_] | None:
    """Return which tag may follow which where tags write spans; None if training breaks that."""
    number = {tag: i for i, tag in enumerate(tags)}
    rows = ([number[token.tag or ""] for token in example.tokens] for example in examples)
    rule = spans.allowed(tags)
    breaking = spans.breaking(rows, rule)
    if not breaking:
        return rule
    # One by mistake, or all over in IOB1, where I begins a span unless one stands before it.
    first = " ".join(f"{token.text}/{token.tag}" for token in examples[breaking[0]].tokens)
    log.warning(
        "%s of %s training sentences have tags that no spans make, such as an I- that follows no "
        "B-: answers are not kept from it either. The first: %s",
        f"{len(breaking):,}",
        f"{len(examples):,}",
        first if len(first) < 100 else f"{first[:100]}...",
    )
    return None
