"""A trained tagger with all it needs to read text: what a run answers with."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from seqkit.corpus import Corpus, Tagged
from seqkit.data import spans
from seqkit.data.interning import intern_rows
from seqkit.data.spelling import Speller
from seqkit.data.tagged import UNSEEN, TaggedBatch, TaggedBatches, TaggedRows
from seqkit.errors import SeqkitError, suggest
from seqkit.files import read_json, write_json
from seqkit.models.tagger import Emissions, Tagger, TaggerSettings
from seqkit.settings import check
from seqkit.tasks.splits import with_validation
from seqkit.tasks.tags.tag_report import TagReport, tag_report
from seqkit.tasks.tags.tagged_text import LIKELY
from seqkit.tasks.tags.word_tagger import (
    ROWS_AT_ONCE,
    RowAnswer,
    WordForm,
    WordTagger,
    not_a_tagger,
    numbers,
)
from seqkit.text import tokenizer as tokenizers
from seqkit.text.vocabulary import Vocabulary
from seqkit.train import checkpoint
from seqkit.train.run import Run

__all__ = ["RowAnswer", "TextTagger", "WordForm", "build_model", "numbers"]


@dataclass(frozen=True)
class TextTagger(WordTagger):
    """A model with all it needs to read text: what a run answers with.

    Attributes are those of :class:`WordTagger`; its model is torch's.
    """

    model: Tagger

    @property
    def reads_beside(self) -> bool:
        """Whether the model reads the second tags, rather than learning them."""
        return self.model.given is not None

    @torch.no_grad()
    def answer(self, rows: TaggedRows) -> Iterator[RowAnswer]:
        """Return the answers to rows, in order."""
        answers: dict[int, RowAnswer] = {}
        for batch, emissions in self.read(rows):
            lengths = batch.words.lengths
            best = self.model.decode(emissions.tags, lengths)
            shares = self.model.probabilities(emissions.tags, lengths)
            shares, likely = shares.topk(min(LIKELY, shares.shape[2]), dim=2)
            second = best[:, :0] if emissions.beside is None else emissions.beside.argmax(dim=2)
            parts = [part.cpu().numpy() for part in (best, second, likely, shares)]
            ends = zip(batch.words.rows.tolist(), lengths.tolist(), strict=True)
            for i, (row, length) in enumerate(ends):
                # copies: a slice would keep the whole batch in memory
                answers[row] = RowAnswer(*(part[i, :length].copy() for part in parts))
        return (answers[row] for row in range(len(rows.words)))

    def read(self, rows: TaggedRows) -> Iterator[tuple[TaggedBatch, Emissions]]:
        """Yield batches of the rows and the model's emissions, without dropout."""
        batches = TaggedBatches(rows, batch_size=ROWS_AT_ONCE, pad=self.vocabulary.pad)
        device = next(self.model.parameters()).device
        training = self.model.training
        self.model.eval()
        for batch in batches.epoch(0):
            placed = batch.to(device)
            yield placed, self.model(placed)
        self.model.train(training)

    @torch.no_grad()
    def report(self, rows: TaggedRows) -> TagReport:
        """Score the model on rows whose tags are given, ``UNSEEN`` ones among them."""
        assert rows.tags is not None
        values = len(rows.words.values)
        said = np.empty(values, np.int64)
        second = None if self.reads_beside or rows.beside is None else np.empty(values, np.int64)
        loss = 0.0
        for batch, emissions in self.read(rows):
            lengths = batch.words.lengths
            places = rows.words.places(batch.words.rows)[batch.words.mask.cpu().numpy()]
            mask = batch.words.mask
            assert batch.tags is not None
            loss += float(self.model.nll(emissions.tags, batch.tags, lengths).sum())
            said[places] = self.model.decode(emissions.tags, lengths)[mask].cpu().numpy()
            if second is not None and emissions.beside is not None:
                second[places] = emissions.beside.argmax(dim=2)[mask].cpu().numpy()
        result = tag_report(
            said,
            rows.tags,
            self.tags,
            rows.words.offsets,
            unknown=rows.words.values == self.vocabulary.unk,
            loss=loss / max(1, self._scored(rows)),
            unseen=rows.unseen,
        )
        if second is None:
            return result
        return replace(result, beside_accuracy=float((second == rows.beside).mean()))

    def _scored(self, rows: TaggedRows) -> int:
        """Return how many words the loss is of: with a CRF, those of rows without an unseen tag."""
        assert rows.tags is not None
        known = rows.tags != UNSEEN
        if self.model.crf is None or known.all():
            return int(known.sum())
        begins, lengths = rows.words.offsets[:-1], np.diff(rows.words.offsets)
        return int(lengths[np.logical_and.reduceat(known, begins)].sum())

    def score(self, corpus: Corpus, split: str, chosen: Any) -> TagReport:
        """Score a split of a corpus.

        Raises:
            SeqkitError: if there is no such split, or most of its tags are not of the model.
        """
        if split != "test":  # train is what was trained on, without what was held out of it
            corpus = with_validation(corpus, chosen.validation)
        corpus.split(split)
        return self.report(self.examples(corpus.examples(split), f"the {split} split"))

    def score_file(self, path: Path, options: Mapping[str, str]) -> TagReport:
        """Score a CoNLL-U or column file; options: those of the ``tagged`` corpus.

        Where no column is named, those that the run has learnt are read, if they have names.

        Raises:
            SeqkitError: if it cannot be read, or most of its tags are not of the model.
        """
        from seqkit.corpora.tagged import Options

        if not path.is_file():
            raise SeqkitError(f"there is no file at {path}.")
        hint = "'seqkit data show tagged' lists the options of tagged files"
        columns = check(Options, {**self.columns, **options}, hint=hint).columns
        report = self.report(self.examples(columns.read(path), str(path)))
        return replace(
            report,
            multiword_ranges=columns.counts.multiword_ranges,
            empty_nodes=columns.counts.empty_nodes,
        )

    def examples(self, examples: Iterable[Tagged], where: str) -> TaggedRows:
        """Return tagged texts as rows; tags that training had not are ``UNSEEN``.

        Raises:
            SeqkitError: if most words have such a tag: it is another column, or another tag set.
        """
        given = [example for example in examples if example.tokens]
        rows = [[token.text for token in example.tokens] for example in given]
        tags = [[token.tag or "" for token in example.tokens] for example in given]
        beside = [example.beside for example in given] if given and given[0].beside else []
        encoded = self.rows(intern_rows(rows), tags, beside)
        assert encoded.tags is not None
        unseen = encoded.tags == UNSEEN
        named = [tag for row in tags for tag in row]
        if unseen.mean() > 0.5:
            first = named[int(unseen.argmax())]
            raise SeqkitError(
                f"{where} has tags that the run has not learnt at {int(unseen.sum()):,} of "
                f"{len(unseen):,} words, the first of them '{first}'.{suggest(first, self.tags)} "
                "Name the column that it has learnt (tag=xpos, or a number)."
            )
        return replace(encoded, unseen={i: named[i] for i in unseen.nonzero()[0].tolist()})

    def save(self, run: Run) -> None:
        """Write everything but the weights and settings into a run directory."""
        tokenizers.save(self.tokenizer, run.tokenizer_folder)
        self.vocabulary.save(run.vocabulary_file)
        self.speller.save(run.spelling_folder)
        rule = self.model.crf is not None and bool(self.model.crf.forbidden.any())
        known = {"tags": self.tags, "beside": self.beside, "constrained": rule}
        write_json(run.labels_file, {**known, "columns": dict(self.columns)})

    @classmethod
    def load(cls, run: Run) -> "TextTagger":
        """Rebuild the tagger of a run directory.

        Raises:
            SeqkitError: if a part is missing, truncated or of another model.
        """
        parts = cls.parts(run)
        try:
            chosen = check(TaggerSettings, run.settings()["settings"]["tagger"])
            rule = (
                spans.allowed(parts["tags"]) if read_json(run.labels_file)["constrained"] else None
            )
        except (KeyError, TypeError):
            raise not_a_tagger(run) from None
        given = {name: parts[name] for name in ("vocabulary", "speller", "tags", "beside")}
        model = build_model(chosen, allowed=rule, **given)
        checkpoint.restore_run(model, run)
        return cls(model=model.eval(), **parts)


def build_model(
    chosen: TaggerSettings,
    vocabulary: Vocabulary,
    speller: Speller,
    tags: Sequence[str],
    beside: Sequence[str],
    allowed: NDArray[np.bool_] | None,
) -> Tagger:
    """Return a tagger with random weights, of the size that the data asks for."""
    return Tagger(
        chosen,
        counts=(*(0 for _ in vocabulary.specials), *vocabulary.counts),
        pad=vocabulary.pad,
        unk=vocabulary.unk,
        units=speller.units(),
        tags=tags,
        beside=beside,
        allowed=allowed,
    )
