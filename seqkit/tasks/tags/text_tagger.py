"""A trained tagger with all it needs to read text: what a run answers with."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field

from seqkit.corpus import Corpus, Tagged
from seqkit.data import spans
from seqkit.data.interning import Interned, intern_rows
from seqkit.data.ragged import Ragged
from seqkit.data.spelling import Speller
from seqkit.data.tagged import UNSEEN, TaggedBatch, TaggedBatches, TaggedRows
from seqkit.errors import SeqkitError, suggest
from seqkit.files import read_json, read_lines, write_json
from seqkit.models.tagger import Emissions, Tagger, TaggerSettings
from seqkit.settings import check, settings
from seqkit.tasks.splits import with_validation
from seqkit.tasks.tags.tag_report import TagReport, tag_report
from seqkit.tasks.tags.tagged_text import LIKELY, TaggedText
from seqkit.text import tokenizer as tokenizers
from seqkit.text.tokenizer import Token, Tokenizer
from seqkit.text.vocabulary import Vocabulary
from seqkit.train import checkpoint
from seqkit.train.run import Run

ROWS_AT_ONCE = 64  # of a batch without gradients

Cut = tuple[Token, str]  # a word of a text, and its second tag where that is given, else ""


@settings
class WordForm:
    """In which form a word is looked up; its spelling is read as it stands."""

    lower: bool = Field(default=True, description="look words up in lower case")
    zero_digits: bool = Field(default=True, description="look words up with every digit as 0")

    def of(self, word: str) -> str:
        """Return the form of a word."""
        word = word.lower() if self.lower else word
        return "".join("0" if c.isdigit() else c for c in word) if self.zero_digits else word


@dataclass(frozen=True)
class TextTagger:
    """A model with all it needs to read text: what a run answers with.

    A text is cut into words by the run's tokenizer (``word``: runs of letters and digits, and
    each sign by itself; ``whitespace``: at white space alone). One with a tab in it is cut
    already: its words stand between tabs. Where the run reads a second tag, a word so given may
    be followed by a space and that tag.

    Attributes:
        model: the network.
        tokenizer: cuts a text into words.
        form: in which form words are looked up.
        vocabulary: gives forms their ids.
        speller: gives each word's spelling.
        tags: names in the order of the model's outputs.
        beside: names of the second tags; none where the run has no second column.
        columns: the settings that the corpus's columns were chosen by.
    """

    model: Tagger
    tokenizer: Tokenizer
    form: WordForm
    vocabulary: Vocabulary
    speller: Speller
    tags: tuple[str, ...]
    beside: tuple[str, ...]
    columns: Mapping[str, str]

    @property
    def reads_beside(self) -> bool:
        """Whether the model reads the second tags, rather than learning them."""
        return self.model.given is not None

    def rows(
        self,
        interned: Interned,
        tags: Sequence[Sequence[str]] = (),
        beside: Sequence[Sequence[str]] = (),
    ) -> TaggedRows:
        """Return words, and the tags of every word where they are given, as numbers."""
        forms = self.vocabulary.ids(map(self.form.of, interned.words))
        words = Ragged(
            np.asarray(forms, dtype=np.int32)[interned.rows.values], interned.rows.offsets
        )
        return TaggedRows(
            words,
            interned.spellings(self.speller),
            numbers(tags, self.tags) if tags else None,
            numbers(beside, self.beside) if beside and self.beside else None,
        )

    def stream(self, texts: Iterable[str], at_once: int = 1024) -> Iterator[TaggedText]:
        """Yield one answer for each text, in order, reading ``at_once`` texts at a time."""
        return self._tag(map(self._cut, texts), at_once)

    def predict(self, texts: Sequence[str]) -> list[TaggedText]:
        """Return one answer for each text, in order.

        Raises:
            TypeError: if ``texts`` is one string, whose characters would be answered.
        """
        if isinstance(texts, str):
            raise TypeError("predict takes a list of texts: write predict([text])")
        return list(self.stream(texts))

    def tag(self, rows: Iterable[Sequence[str]]) -> Iterator[TaggedText]:
        """Yield one answer for each text that is cut into words already; no offsets."""
        return self._tag([(Token(word), "") for word in row] for row in rows)

    def answer_file(self, path: Path) -> Iterator[TaggedText]:
        """Yield the answers to a file: CoNLL-U and ``.conll`` as it is cut, else a text a line.

        Raises:
            SeqkitError: if it cannot be read.
        """
        from seqkit.corpora._columns import CUT, Columns, ending

        if ending(path) not in CUT:
            return self.stream(line for _, line in read_lines(path))
        given = self.columns.get("beside", "") if self.reads_beside else ""
        columns = Columns(beside=given, word=int(self.columns.get("word", "1")))
        return self._tag(
            list(zip(row.tokens, row.beside or [""] * len(row.tokens), strict=True))
            for row in columns.words_of(path)
        )

    def _tag(self, cut: Iterable[list[Cut]], at_once: int = 1024) -> Iterator[TaggedText]:
        remaining = iter(cut)
        while chunk := list(islice(remaining, at_once)):
            yield from self._answers(chunk)

    def _cut(self, text: str) -> list[Cut]:
        """Return the words of a text, each with its second tag if that is given."""
        if "\t" not in text:
            return [(token, "") for token in self.tokenizer.tokenize(text)]
        found, at = [], 0
        for cell in text.split("\t"):
            word, _, given = cell.partition(" ") if self.reads_beside else (cell, "", "")
            if word:
                found.append((Token(word, at, at + len(word)), given))
            at += len(cell) + 1
        return found

    def _answers(self, cut: list[list[Cut]]) -> Iterator[TaggedText]:
        rows = [[token.text for token, _ in row] for row in cut]
        given = [[tag for _, tag in row] or [""] for row in cut]
        encoded = self.rows(intern_rows(rows), beside=given if self.reads_beside else ())
        for row, answer in zip(cut, self.answer(encoded), strict=True):
            tokens = (
                Token(token.text, token.start, token.end, self.tags[tag])
                for (token, _), tag in zip(row, answer.tags.tolist(), strict=False)
            )
            second = tuple(self.beside[n] for n in answer.beside[: len(row)].tolist())
            likely, shares = answer.likely[: len(row)], answer.probabilities[: len(row)]
            yield TaggedText(tuple(tokens), likely, shares, self.tags, second)

    @torch.no_grad()
    def answer(self, rows: TaggedRows) -> "Iterator[RowAnswer]":
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
        known = int((rows.tags != UNSEEN).sum())
        result = tag_report(
            said,
            rows.tags,
            self.tags,
            rows.words.offsets,
            unknown=rows.words.values == self.vocabulary.unk,
            loss=loss / max(1, known),
        )
        if second is None:
            return result
        return replace(result, beside_accuracy=float((second == rows.beside).mean()))

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
        if unseen.mean() > 0.5:
            first = [tag for row in tags for tag in row][int(unseen.argmax())]
            raise SeqkitError(
                f"{where} has tags that the run has not learnt at {int(unseen.sum()):,} of "
                f"{len(unseen):,} words, the first of them '{first}'.{suggest(first, self.tags)} "
                "Name the column that it has learnt (tag=xpos, or a number)."
            )
        return encoded

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
        saved, known = run.settings()["settings"], read_json(run.labels_file)
        try:
            chosen = check(TaggerSettings, saved["tagger"])
            form = check(WordForm, saved["words"]["form"])
            tags, beside = tuple(known["tags"]), tuple(known["beside"])
            rule = spans.allowed(tags) if known["constrained"] else None
            columns = dict(known["columns"])
        except (KeyError, TypeError, ValueError):
            raise SeqkitError(
                f"{run.settings_file} or {run.labels_file.name} is not of a tagger's run: "
                "copy the run again, or train it anew."
            ) from None
        vocabulary = Vocabulary.load(run.vocabulary_file)
        speller = Speller.load(run.spelling_folder)
        model = build_model(chosen, vocabulary, speller, tags, beside, rule)
        tensors, _ = checkpoint.load(run.model_file)
        checkpoint.restore(model, tensors, run.model_file)
        tokenizer = tokenizers.load(run.tokenizer_folder)
        return cls(model.eval(), tokenizer, form, vocabulary, speller, tags, beside, columns)


class RowAnswer(NamedTuple):
    """Numbers of the tags of a row, ``(words,)``, and of the likely ones, ``(words, k)``.

    ``beside`` is empty where no second tags are learnt.
    """

    tags: NDArray[np.int64]
    beside: NDArray[np.int64]
    likely: NDArray[np.int64]
    probabilities: NDArray[np.float32]


def numbers(rows: Iterable[Sequence[str]], names: Sequence[str]) -> NDArray[np.int32]:
    """Return the number of each name of all rows end to end, ``UNSEEN`` for one not known."""
    number = {name: i for i, name in enumerate(names)}
    return np.array([number.get(name, UNSEEN) for row in rows for name in row], dtype=np.int32)


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
        units=speller.vocabulary.tokens(range(len(speller.vocabulary))),
        tags=tags,
        beside=beside,
        allowed=allowed,
    )
