"""A trained translator with all it needs to read text: what a run answers with."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import islice
from pathlib import Path
from typing import Any, Self
from zlib import crc32

import numpy as np
import torch

from seqkit.corpus import Corpus, Pair
from seqkit.data.pairs import PairBatches
from seqkit.data.ragged import Ragged
from seqkit.decode import Ensemble, decode, read
from seqkit.errors import SeqkitError
from seqkit.files import read_json, write_json
from seqkit.models.translator import Translator, TranslatorSettings
from seqkit.settings import as_dict, check
from seqkit.tasks.answering import refuse_senseless
from seqkit.tasks.translation.answers import Candidate, Translated
from seqkit.tasks.translation.scores import EvaluationSettings, TranslationScores, score
from seqkit.tasks.translation.units import Side
from seqkit.tasks.translation.writing import (
    SearchSettings,
    WritingSettings,
    only,
    written,
)
from seqkit.train import checkpoint
from seqkit.train.run import Run

ROWS_AT_ONCE = 256  # sentences in a batch without gradients
CELLS = 1 << 23  # log-probabilities held at once

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class TextTranslator:
    """A model with all it needs to translate, or several whose probabilities are averaged.

    Attributes:
        models: the network, or those of an ensemble.
        source: the units of what is read.
        target: the units of what is written.
        direction: the languages, or what else the two sides are called.
        max_length: a longer sentence keeps its first so many units.
        evaluation: how it is scored.
        writing: how it translates for a person.
    """

    models: tuple[Translator, ...]
    source: Side
    target: Side
    direction: tuple[str, str]
    max_length: int
    evaluation: EvaluationSettings = field(default_factory=EvaluationSettings)
    writing: WritingSettings = field(default_factory=WritingSettings)

    @property
    def model(self) -> Translator:
        """The first of the models."""
        return self.models[0]

    # -- answers --

    def predict(self, texts: Sequence[str]) -> list[Translated]:
        """Return one answer for each text, in order.

        Raises:
            TypeError: if ``texts`` is one string, whose characters would be translated.
        """
        if isinstance(texts, str):
            raise TypeError("predict takes a list of texts: write predict([text])")
        return list(self.stream(texts))

    def stream(self, texts: Iterable[str], at_once: int = 1024) -> Iterator[Translated]:
        """Yield one answer for each text, in order, reading ``at_once`` texts at a time."""
        remaining = iter(texts)
        while chunk := list(islice(remaining, at_once)):
            for text, candidates in zip(chunk, self.translate(chunk, self.writing), strict=True):
                yield Translated(text, tuple(candidates))

    def translate(
        self, texts: Sequence[str], chosen: SearchSettings, *, workers: int = 1
    ) -> list[list[Candidate]]:
        """Return the translations of each text, best first.

        Sentences of like lengths are searched for together, with all their hypotheses; which
        ones those are changes nothing. What is drawn depends on the seed and the text alone. A
        text without units has no translation.
        """
        rows = self.source.encode(texts, first=self.max_length, workers=workers)
        size = CELLS // (max(chosen.beam, 1) * len(self.target.vocabulary))
        order = np.argsort(-rows.lengths, kind="stable")
        order = order[rows.lengths[order] > 1]  # more than the end
        found: list[list[Candidate]] = [[]] * len(texts)
        size = max(1, min(size, ROWS_AT_ONCE))
        for begin in range(0, len(order), size):
            some = order[begin : begin + size]
            these = self._translate(rows, some, [texts[i] for i in some], chosen)
            for row, candidates in zip(some.tolist(), these, strict=True):
                found[row] = candidates
        return found

    @torch.inference_mode()
    def _translate(
        self, rows: Ragged, some: Any, texts: Sequence[str], chosen: SearchSettings
    ) -> list[list[Candidate]]:
        device, eos = next(self.model.parameters()).device, self.target.vocabulary.eos
        batch = self._batches(rows, rows).batch(some).to(device).source
        training = [model.training for model in self.models]
        for model in self.models:
            model.eval()
        states = [model.encode(batch) for model in self.models]
        whole = self.model if len(self.models) == 1 else Ensemble(self.models)
        state = states[0] if len(states) == 1 else tuple(states)
        start = read(whole, [[self.target.vocabulary.bos]] * len(texts), state)
        found = decode(
            whole,
            start,
            [eos],
            chosen.decoding,
            filters=[only(self.target, chosen)],
            sources=rows.lengths[some].tolist(),
            keys=[crc32(text.encode("utf-8", "surrogatepass")) for text in texts],
        )
        for model, before in zip(self.models, training, strict=True):
            model.train(before)
        cut = self.source.tokenizer.tokenize
        return [
            written(self.target, hypotheses, cut(text) if chosen.replace_unknown else None)
            for hypotheses, text in zip(found, texts, strict=True)
        ]

    # -- options --

    def with_options(self, options: Mapping[str, Any]) -> Self:
        """Return the same translator with other :class:`WritingSettings`.

        A beam that is not among them is wide enough for ``top``, and 1 with a temperature.

        Raises:
            SeqkitError: if one is unknown, or they have no sense together.
        """
        refuse_senseless(options, as_dict(self.writing), "a translator")
        values = as_dict(self.writing) | dict(options)
        if "beam" not in options:
            drawn = options.get("temperature")
            values["beam"] = 1 if drawn else max(values["beam"], values["top"])
        writing = check(WritingSettings, values)
        for name in ("replace_unknown", "coverage_penalty"):
            if getattr(writing, name):
                self._refuse_inattentive(name)
        return replace(self, writing=writing)

    def _refuse_inattentive(self, setting: str) -> None:
        if any(model.chosen.decoder.attention == "none" for model in self.models):
            raise SeqkitError(
                f"{setting} goes by attention, and this run was trained with attention=none: "
                "leave it out."
            )

    def with_ensemble(self, others: Sequence[tuple[str, Any]]) -> Self:
        """Return a translator that averages its probabilities with those of other runs.

        Args:
            others: the name of each, for errors, and its answerer.

        Raises:
            SeqkitError: if one is no translator, or has other units or another direction.
        """
        for name, other in others:
            if not isinstance(other, TextTranslator):
                raise SeqkitError(
                    f"{name} is not a run of translation: it cannot be in --ensemble."
                )
            if other.direction != self.direction:
                raise SeqkitError(
                    f"{name} was trained from {' to '.join(other.direction)}, and the first run "
                    f"from {' to '.join(self.direction)}: an ensemble needs the same."
                )
            if (other.source, other.target) != (self.source, self.target):
                raise SeqkitError(
                    f"{name} has other units or another vocabulary than the first run: train the "
                    "runs of an ensemble on the same data, with other seeds (train.seed=1)."
                )
        models = tuple(model for _, other in others for model in other.models)
        return replace(self, models=(*self.models, *models))

    def refuse_other(self, target: str) -> None:
        """Make sure that this is the language that is written.

        Raises:
            SeqkitError: if it was never trained to write it.
        """
        if target != self.direction[1]:
            raise SeqkitError(
                f"this run was never trained to write '{target}': it was trained from "
                f"{' to '.join(self.direction)}."
            )

    # -- scores --

    def _batches(self, sources: Ragged, targets: Ragged) -> PairBatches:
        return PairBatches(
            sources,
            targets,
            source_pad=self.source.vocabulary.pad,
            target_pad=self.target.vocabulary.pad,
            batch_size=ROWS_AT_ONCE // 4,
        )

    @torch.inference_mode()
    def nats(self, sources: Ragged, targets: Ragged) -> float:
        """Return the negative log-likelihood of all targets, by the first model."""
        model, device = self.model, next(self.model.parameters()).device
        training = model.training
        model.eval()
        total = sum(
            model.nll(batch.to(device)).double().sum().item()
            for batch in self._batches(sources, targets).epoch(0)
        )
        model.train(training)
        return total

    def scored(self, pairs: Sequence[Pair], *, workers: int = 1) -> TranslationScores:
        """Score the translations of pairs, of which none is left out."""
        sources, references = [p.source for p in pairs], [p.target for p in pairs]
        read_as = self.source.encode(sources, first=self.max_length, workers=workers)
        targets = self.target.encode(references, workers=workers)
        found = self.translate(sources, self.evaluation, workers=workers)
        return score(
            [candidates[0].text if candidates else "" for candidates in found],
            references,
            nats=self.nats(read_as, targets),
            tokens=len(targets.values),
            tokenize=self.evaluation.bleu,
        )

    def score(self, corpus: Corpus, split: str, chosen: Any) -> TranslationScores:
        """Score a split of a corpus.

        Raises:
            SeqkitError: if there is no such split.
        """
        corpus.split(split)
        scoring = replace(self, evaluation=chosen.evaluation)
        return scoring.scored(list(corpus.examples(split)), workers=chosen.text.workers)

    def score_file(self, path: Path, options: Mapping[str, str]) -> TranslationScores:
        """Score a file of pairs; options: those of the ``pairs`` corpus.

        Raises:
            SeqkitError: if it cannot be read.
        """
        from seqkit.corpora.pairs import Options, rows

        return self.scored(list(rows(path, check(Options, options))))

    # -- files --

    def save(self, run: Run) -> None:
        """Write everything but the weights and settings into a run directory."""
        self.source.save(run.tokenizer_folder, run.vocabulary_file)
        if not self.model.chosen.shared:
            self.target.save(run.target_tokenizer_folder, run.target_vocabulary_file)
        write_json(run.languages_file, dict(zip(("source", "target"), self.direction, strict=True)))

    @classmethod
    def load(cls, run: Run) -> Self:
        """Rebuild the translator of a run directory.

        Raises:
            SeqkitError: if a part is missing, truncated or of another model.
        """
        saved, known = run.settings()["settings"], read_json(run.languages_file)
        try:
            chosen = check(TranslatorSettings, saved["model"])
            evaluation = check(EvaluationSettings, saved["evaluation"])
            longest = int(saved["text"]["max_length"])
            direction = str(known["source"]), str(known["target"])
        except (KeyError, TypeError, ValueError):
            raise SeqkitError(
                f"{run.settings_file} or {run.languages_file.name} is not of a translator's run: "
                "copy the run again, or train it anew."
            ) from None
        source = target = Side.load(run.tokenizer_folder, run.vocabulary_file)
        if not chosen.shared:
            target = Side.load(run.target_tokenizer_folder, run.target_vocabulary_file)
        model = build_model(chosen, source, target)
        checkpoint.restore_run(model, run)
        names = {f.name for f in fields(SearchSettings)}
        writing = WritingSettings(**{name: getattr(evaluation, name) for name in names})
        return cls((model.eval(),), source, target, direction, longest, evaluation, writing)


def build_model(
    chosen: TranslatorSettings, source: Side, target: Side, counts: Any = None
) -> Translator:
    """Return a translator with random weights, of the sizes of its vocabularies."""
    vocabulary = target.vocabulary
    return Translator(
        chosen,
        source_size=len(source.vocabulary),
        target_size=len(vocabulary),
        pad=vocabulary.pad,
        unk=vocabulary.unk,
        bos=vocabulary.bos,
        eos=vocabulary.eos,
        counts=counts,
    )
