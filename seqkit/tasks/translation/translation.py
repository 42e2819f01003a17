"""Sentence to sentence: how a corpus of pairs becomes batches, a model, and scores."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from pydantic import Field, model_validator
from torch import Tensor

from seqkit.corpus import Corpus, Pair
from seqkit.data.checksum import checksum
from seqkit.data.interning import intern
from seqkit.data.pairs import Kept, PairBatch, PairBatches, keep
from seqkit.data.ragged import Ragged
from seqkit.errors import SeqkitError, unknown
from seqkit.models.classifier import parameter_count
from seqkit.models.translator import TranslatorSettings
from seqkit.settings import settings
from seqkit.tasks.card import model_card
from seqkit.tasks.start import start_from_file
from seqkit.tasks.translation.scores import EvaluationSettings, bleu, likelihood, signatures
from seqkit.tasks.translation.text_translator import TextTranslator, build_model
from seqkit.tasks.translation.units import Side, UnitSettings, chosen_rows, learnt, real
from seqkit.tasks.translation.writing import SearchSettings
from seqkit.train.run import Run
from seqkit.train.settings import TrainSettings


@settings
class TranslationSettings:
    """All that a translation job is made of, besides its corpus."""

    batch_tokens: int = Field(
        default=0,
        ge=0,
        description="about so many units a batch, of both sides (0: batch_size pairs)",
    )
    text: UnitSettings = UnitSettings()
    model: TranslatorSettings = TranslatorSettings()
    evaluation: EvaluationSettings = EvaluationSettings()
    train: TrainSettings = TrainSettings()

    @model_validator(mode="after")
    def _agree(self) -> "TranslationSettings":
        if self.model.shared and self.text.differ:
            raise ValueError(
                "shared=true has one vocabulary for both sides, and text.target_* others for the "
                "target: leave out one of the two"
            )
        if self.model.decoder.attention == "none":
            for name in ("replace_unknown", "coverage_penalty"):
                if getattr(self.evaluation, name):
                    raise ValueError(
                        f"evaluation.{name} goes by attention, and attention=none has none: leave "
                        "out one of the two"
                    )
        return self


class Translation:
    """A translation job: a corpus of pairs, encoded, and the model that is to learn it.

    Tokenizers and vocabularies come from the training split alone. Training pairs with an empty
    side, or with one that is too long, are left out and counted; in other splits every pair is
    scored.
    """

    task = "translation"

    def __init__(self, chosen: TranslationSettings, corpus: Corpus) -> None:
        if corpus.kind is not Pair:
            raise SeqkitError(
                f"{corpus.name} has {corpus.kind.__name__} examples, and a translator needs pairs "
                "of sentences: choose another corpus, or another kind of it (data.kind=pair)."
            )
        self.recipe, self.settings, self.corpus = "", chosen, corpus
        chosen.train.refuse_unjudged(corpus.splits, "data.held_out")
        self.splits = [name for name in ("validation", "test") if name in corpus.splits]
        self.monitor = "greedy_bleu" if chosen.evaluation.greedy else "perplexity"
        self.started = ""  # what the embedding starts from, once it does
        pairs = list(corpus.examples("train"))
        source, target, self.kept = self._sides(pairs)
        self.batches = self._cut()
        counts = np.bincount(self.targets.values, minlength=len(target.vocabulary))
        torch.manual_seed(chosen.train.seed)
        model = build_model(chosen.model, source, target, torch.from_numpy(counts))
        model.decoder.steps = chosen.train.epochs * len(self.batches)
        self.translator = TextTranslator(
            (model,),
            source,
            target,
            getattr(corpus.options, "direction", ("source", "target")),
            chosen.text.max_length,
            chosen.evaluation,
        )
        self.model = model

    def _sides(self, pairs: Sequence[Pair]) -> tuple[Side, Side, Kept]:
        """Learn the units of both sides from the pairs that are kept, and encode those."""
        text, joint = self.settings.text, self.settings.model.shared
        full = [pair for pair in pairs if pair.source.strip() and pair.target.strip()]
        if not full:
            raise SeqkitError(
                f"{self.corpus.name} has no training pair with text on both sides "
                f"(of {len(pairs)})."
            )
        texts = [[pair[side] for pair in full] for side in (0, 1)]
        cutters = learnt(text, *texts, joint=joint)
        sides = [
            intern(lines, cutter, workers=text.workers)
            for lines, cutter in zip(texts, cutters, strict=True)
        ]
        kept = keep(real(sides[0]), real(sides[1]), text.max_length)
        kept = Kept(kept.rows, kept.empty + len(pairs) - len(full), kept.long, kept.limit)
        if not len(kept.rows):
            raise SeqkitError(
                f"{self.corpus.name} has no training pair of at most {text.max_length} units a "
                f"side ({kept}): set a larger max_length."
            )
        sides = [chosen_rows(side, kept.rows) for side in sides]
        groups = [sides, sides] if joint else [[side] for side in sides]
        vocabularies = [text.vocabulary(group) for group in groups]
        source, target = (Side(c, v) for c, v in zip(cutters, vocabularies, strict=True))
        self.sources, self.targets = source.ids(sides[0]), target.ids(sides[1])
        self.pads = source.vocabulary.pad, target.vocabulary.pad
        return source, target, kept

    def _cut(self) -> PairBatches:
        chosen = self.settings
        return PairBatches(
            self.sources,
            self.targets,
            source_pad=self.pads[0],
            target_pad=self.pads[1],
            batch_tokens=chosen.batch_tokens,
            batch_size=0 if chosen.batch_tokens else chosen.train.batch_size,
            shuffle=True,
            seed=chosen.train.seed,
        )

    def start(self) -> None:
        """Give embeddings the word vectors that the settings name, if they do."""
        sides = [(self.model.embedding, self.translator.source)]
        if not self.settings.model.shared:
            sides.append((self.model.decoder.embedding, self.translator.target))
        told = [start_from_file(e, side.vocabulary) for e, side in sides if e.chosen.vectors]
        self.started = "; ".join(told)

    def loss(self, batch: PairBatch) -> Tensor:
        """Return the mean loss of a batch, a target unit."""
        return self.model.loss(batch)

    @cached_property
    def _pairs(self) -> dict[str, list[Pair]]:
        return {split: list(self.corpus.examples(split)) for split in self.splits}

    @cached_property
    def _validation(self) -> tuple[Ragged, Ragged]:
        pairs, side, text = self._pairs["validation"], self.translator, self.settings.text
        sources = side.source.encode([p.source for p in pairs], first=text.max_length)
        return sources, side.target.encode([p.target for p in pairs])

    def evaluate(self, split: str) -> dict[str, float]:
        """Return the scores of a split by name.

        Validation, which is scored after each epoch, by perplexity, and if the settings say so,
        by BLEU of greedy translations of its first sentences; any other split in full.
        """
        if split not in self.splits:
            raise unknown("split", split, self.splits, self.corpus.name)
        if split == "validation":
            sources, targets = self._validation
            found = likelihood(self.translator.nats(sources, targets), len(targets.values))
            if self.settings.evaluation.greedy:
                found["greedy_bleu"] = self._greedy()
            return found
        workers = self.settings.text.workers
        return self.translator.scored(self._pairs[split], workers=workers).scores

    def _greedy(self) -> float:
        chosen = self.settings.evaluation
        pairs = self._pairs["validation"][: chosen.greedy]
        found = self.translator.translate([p.source for p in pairs], SearchSettings(beam=1))
        texts = [candidates[0].text if candidates else "" for candidates in found]
        return bleu(texts, [p.target for p in pairs], chosen.bleu)

    @cached_property
    def fingerprint(self) -> str:
        """A checksum of the encoded training data, in their order."""
        sides = self.sources, self.targets
        return checksum([part for side in sides for part in (side.values, side.offsets)])

    def save(self, run: Run) -> None:
        """Write the tokenizers, the vocabularies and the languages."""
        self.translator.save(run)

    @property
    def _vocabularies(self) -> str:
        source, target = self.translator.source, self.translator.target
        if source == target:
            return f"{len(source.vocabulary):,} shared"
        return f"{len(source.vocabulary):,} and {len(target.vocabulary):,}"

    @property
    def summary(self) -> str:
        """The size of the data and of the model, in a line."""
        return (
            f"{' to '.join(self.translator.direction)}: {len(self.sources):,} pairs, "
            f"{len(self.sources.values):,} and {len(self.targets.values):,} tokens, "
            f"{self.batches.padding_waste():.1%} padding, {self._vocabularies} units, "
            f"{parameter_count(self.model) / 1e6:.1f}M weights"
            + "".join(f"; {told}" for told in (str(self.kept), self.started) if told)
        )

    def card(self, scores: Mapping[str, Mapping[str, float]]) -> str:
        """Return the model card."""
        counted = signatures(self.settings.evaluation.bleu)
        facts = {
            "task": f"{self.translator.direction[0]} to {self.translator.direction[1]}",
            "training pairs": f"{len(self.sources):,} ({len(self.sources.values):,} and "
            f"{len(self.targets.values):,} units)",
            "left out": str(self.kept).removeprefix("pairs left out: "),
            "vocabulary": f"{self._vocabularies} units, of the training split",
            "parameters": f"{parameter_count(self.model):,}",
            "padding": f"{self.batches.padding_waste():.1%} of the cells of a batch, on average",
            "word vectors": self.started,
            "figures": "perplexity is of a unit; accuracy is the share of lines that are exactly "
            "their reference; BLEU and chrF of cased, detokenised text by sacreBLEU",
            **{f"{name} signature": text for name, text in counted.items()},
        }
        return model_card(
            Path(self.recipe).stem,
            self.corpus.card,
            facts,
            self.settings,
            scores,
            "< source.txt > target.txt",
        )
