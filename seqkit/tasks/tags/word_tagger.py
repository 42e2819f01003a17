"""Words in and tags out, whatever runs the model: all of it that needs no torch."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from seqkit.data.interning import Interned, intern_rows
from seqkit.data.ragged import Ragged
from seqkit.data.spelling import Speller
from seqkit.data.tagged import UNSEEN, TaggedRows
from seqkit.errors import SeqkitError
from seqkit.files import read_json, read_lines
from seqkit.settings import check, settings
from seqkit.tasks.tags.tagged_text import TaggedText
from seqkit.text import tokenizer as tokenizers
from seqkit.text.tokenizer import Token, Tokenizer
from seqkit.text.vocabulary import Vocabulary
from seqkit.train.run import Run

log = logging.getLogger(__name__)

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


class RowAnswer(NamedTuple):
    """Numbers of the tags of a row, ``(words,)``, and of the likely ones, ``(words, k)``.

    ``beside`` is empty where no second tags are learnt.
    """

    tags: NDArray[np.int64]
    beside: NDArray[np.int64]
    likely: NDArray[np.int64]
    probabilities: NDArray[np.float32]


@dataclass(frozen=True)
class WordTagger(ABC):
    """What tags texts; what runs its model says what ``answer`` is.

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

    model: Any
    tokenizer: Tokenizer
    form: WordForm
    vocabulary: Vocabulary
    speller: Speller
    tags: tuple[str, ...]
    beside: tuple[str, ...]
    columns: Mapping[str, str]

    @property
    @abstractmethod
    def reads_beside(self) -> bool:
        """Whether the model reads the second tags, rather than learning them."""

    @abstractmethod
    def answer(self, rows: TaggedRows) -> Iterator[RowAnswer]:
        """Return the answers to rows, in order."""

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
        return self._tag(map(self.cut, texts), at_once)

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
        """Yield the answers to a file: of a ``.txt``, to each line; of others, as they are cut.

        Raises:
            SeqkitError: if it cannot be read.
        """
        from seqkit.corpora._columns import CUT, Columns, ending, seem_columns

        if ending(path) not in CUT:
            if path.is_file() and seem_columns(path):  # a pipe can be read but once
                log.warning(
                    "%s seems to have a word a line with its tags, and each line is read as a "
                    "text: name it .conll to read it as columns.",
                    path,
                )
            return self.stream(line for _, line in read_lines(path))
        given = self.columns.get("beside", "") if self.reads_beside else ""
        columns = Columns(beside=given, word=int(self.columns.get("word", "1")))
        return self._tag(
            list(zip(row.tokens, row.beside or [""] * len(row.tokens), strict=True))
            for row in columns.words_of(path)
        )

    def _tag(self, cut: Iterable[list[Cut]], at_once: int = 1024) -> Iterator[TaggedText]:
        remaining, warned = iter(cut), not self.reads_beside
        while chunk := list(islice(remaining, at_once)):
            if not warned and any(not given for row in chunk for _, given in row):
                warned = True
                log.warning(
                    "this run also reads a tag of each word (as %s), and there are words without: "
                    "its answers are worse. Give each word as 'word TAG', tabs between them, or a "
                    ".conll file.",
                    ", ".join([tag for tag in self.beside if tag.isalpha()][:4] or self.beside[:4]),
                )
            yield from self._answers(chunk)

    def cut(self, text: str) -> list[Cut]:
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

    @staticmethod
    def parts(run: Run) -> dict[str, Any]:
        """Return everything of a run but the model, by the names of the attributes.

        Raises:
            SeqkitError: if a part is missing or broken.
        """
        saved, known = run.settings()["settings"], read_json(run.labels_file)
        try:
            parts = {
                "form": check(WordForm, saved["words"]["form"]),
                "tags": tuple(known["tags"]),
                "beside": tuple(known["beside"]),
                "columns": dict(known["columns"]),
            }
        except (KeyError, TypeError, ValueError):
            raise not_a_tagger(run) from None
        return parts | {
            "tokenizer": tokenizers.load(run.tokenizer_folder),
            "vocabulary": Vocabulary.load(run.vocabulary_file),
            "speller": Speller.load(run.spelling_folder),
        }


def not_a_tagger(run: Run) -> SeqkitError:
    """Return the error for a run of another task, or a broken one."""
    return SeqkitError(
        f"{run.settings_file} or {run.labels_file.name} is not of a tagger's run: "
        "copy the run again, or train it anew."
    )


def numbers(rows: Iterable[Sequence[str]], names: Sequence[str]) -> NDArray[np.int32]:
    """Return the number of each name of all rows end to end, ``UNSEEN`` for one not known."""
    number = {name: i for i, name in enumerate(names)}
    return np.array([number.get(name, UNSEEN) for row in rows for name in row], dtype=np.int32)
