"""A translator's answers by onnxruntime: greedy and beam search."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import islice
from typing import Any, Self

import numpy as np
from pydantic import Field

from seqkit.data.batching import Batches
from seqkit.data.ragged import Ragged
from seqkit.errors import SeqkitError
from seqkit.export.search import Floats, Numbers, Search, State, search
from seqkit.export.sessions import Session, open_session
from seqkit.export.writers import refuse_unknown
from seqkit.settings import check, settings
from seqkit.tasks.translation.answers import Candidate, Translated, in_one_line
from seqkit.tasks.translation.units import Side
from seqkit.train.run import Run

ROWS_AT_ONCE = 256  # sentences
CELLS = 1 << 23  # log-probabilities held at once

log = logging.getLogger(__name__)


@settings
class OnnxTranslatingSettings:
    """How an exported run translates: what torch's settings say, of search without attention."""

    beam: int = Field(default=5, ge=1, description="hypotheses kept at each step (1: greedy)")
    length_penalty: float = Field(default=1.0, ge=0, description="alpha of Wu et al.")
    length: int = Field(default=0, ge=0, description="units, at most (0: thrice the source's + 20)")
    min_length: int = Field(default=0, ge=0, description="units of a translation, at least")
    block_ngrams: int = Field(default=0, ge=0, description="never write so many units twice")
    top: int = Field(default=1, ge=1, description="translations of each sentence")

    @property
    def decoding(self) -> Search:
        """How a translation is searched for; its length is limited by the source."""
        if self.length and self.min_length > self.length:
            raise SeqkitError(f"min_length = {self.min_length} is more than {self.length}.")
        if self.top > self.beam:
            raise SeqkitError(f"{self.top} answers need a beam of as many (beam={self.top}).")
        return Search(
            beam=self.beam,
            answers=self.top,
            min_length=self.min_length,
            length_penalty=self.length_penalty,
            block_ngrams=self.block_ngrams,
        )

    def limits(self, lengths: Numbers) -> Numbers:
        """Return the most units for sources of so many, ``eos`` counted."""
        if self.length:
            return np.full(len(lengths), self.length)
        return max(20, self.min_length) + 3 * lengths


@dataclass(frozen=True, eq=False)
class OnnxTranslator:
    """An exported translator with all it needs to read text.

    Attributes:
        encoder: reads sources.
        decoder: writes a token.
        source: the units of what is read.
        target: the units of what is written.
        max_length: a longer sentence keeps its first so many units.
        writing: how a translation is searched for.
    """

    encoder: Session
    decoder: Session
    source: Side
    target: Side
    max_length: int
    writing: OnnxTranslatingSettings

    def with_options(self, options: Mapping[str, Any]) -> Self:
        """Return the same translator with other options.

        Raises:
            SeqkitError: if one is of a bad value, or does not work without torch.
        """
        names = [f.name for f in fields(OnnxTranslatingSettings)]
        refuse_unknown(options, names)
        values = {name: getattr(self.writing, name) for name in names} | dict(options)
        if "beam" not in options:
            values["beam"] = max(self.writing.beam, int(values["top"]))
        writing = check(OnnxTranslatingSettings, values)
        _ = writing.decoding
        return replace(self, writing=writing)

    def stream(self, texts: Iterable[str], at_once: int = 1024) -> Iterator[Translated]:
        """Yield one answer for each text, in order, reading ``at_once`` texts at a time."""
        remaining = iter(texts)
        while chunk := list(islice(remaining, at_once)):
            for text, candidates in zip(chunk, self._translated(chunk), strict=True):
                yield Translated(text, tuple(candidates))

    def _translated(self, texts: Sequence[str]) -> list[list[Candidate]]:
        rows = self.source.encode(texts, first=self.max_length)
        size = CELLS // (self.writing.beam * len(self.target.vocabulary))
        size = max(1, min(size, ROWS_AT_ONCE))
        order = np.argsort(-rows.lengths, kind="stable")
        order = order[rows.lengths[order] > 1]  # more than the end
        found: list[list[Candidate]] = [[]] * len(texts)
        for begin in range(0, len(order), size):
            some = order[begin : begin + size]
            for row, candidates in zip(some.tolist(), self._batch(rows, some), strict=True):
                found[row] = candidates
        return found

    def _batch(self, rows: Ragged, some: Numbers) -> list[list[Candidate]]:
        vocabulary = self.target.vocabulary
        batches = Batches(rows, batch_size=len(some), pad=self.source.vocabulary.pad)
        state = self.encoder(batches.arrays(some))
        start = self._step(np.full(len(some), vocabulary.bos), state)
        never = [vocabulary.pad, vocabulary.bos, vocabulary.unk]

        def only(logs: Floats, _written: Numbers, _rows: Numbers) -> Floats:
            logs[:, never] = -np.inf
            return logs

        limits = self.writing.limits(rows.lengths[some])
        found = search(
            self._step,
            start,
            [vocabulary.eos],
            self.writing.decoding,
            filters=[only],
            limits=limits,
        )
        join = self.target.joiner.join
        return [
            [Candidate(in_one_line(join(h.ids)), h.score, h.log_probability) for h in hypotheses]
            for hypotheses in found
        ]

    def _step(self, ids: Numbers, state: State) -> tuple[Floats, State]:
        said = self.decoder({"ids": ids, **state})
        return said["log_probabilities"], {n: said.get(f"next_{n}", v) for n, v in state.items()}

    @classmethod
    def load(cls, run: Run) -> Self:
        """Rebuild the translator of an exported folder.

        Raises:
            SeqkitError: if a part is missing, broken or of another model.
        """
        saved = run.settings()["settings"]
        try:
            evaluation, longest = saved["evaluation"], int(saved["text"]["max_length"])
            names = ("beam", "length_penalty", "length", "min_length", "block_ngrams")
            writing = check(OnnxTranslatingSettings, {name: evaluation[name] for name in names})
            shared = bool(saved["model"]["shared"])
            lost = [name for name in ("coverage_penalty", "replace_unknown") if evaluation[name]]
        except (KeyError, TypeError, ValueError):
            raise SeqkitError(
                f"{run.settings_file} is not of a translator: export it anew."
            ) from None
        if lost:
            told = " and ".join(lost)
            log.warning("%s: answers are without %s, which torch alone does.", run.folder, told)
        source = target = Side.load(run.tokenizer_folder, run.vocabulary_file)
        if not shared:
            target = Side.load(run.target_tokenizer_folder, run.target_vocabulary_file)
        encoder, decoder = (open_session(run.folder / f"{n}.onnx") for n in ("encoder", "decoder"))
        decoder.refuse_misfit("log_probabilities", len(target.vocabulary))
        return cls(encoder, decoder, source, target, longest, writing)
