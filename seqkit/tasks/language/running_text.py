"""Running text: documents as rows of ids with ``<eos>`` at line ends, and what their text counts.

Units and words of the raw text are counted by one convention, so that models of different units
compare, if the units spell the text: every line end is a character and, like every run of
characters without white space, a word.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from seqkit.data.interning import Interned, intern
from seqkit.data.ragged import Ragged
from seqkit.errors import SeqkitError
from seqkit.settings import settings
from seqkit.text import tokenizer as tokenizers
from seqkit.text.tokenizer import Sampling, Tokenizer
from seqkit.text.vocabulary import Vocabulary

Option = bool | int | float | str
SPECIALS = ("pad", "unk", "eos")
UNKNOWN = "<unk>"  # how prepared texts (PTB, WikiText) write a word that they left out


@settings
class UnitSettings:
    """How a running text becomes token ids."""

    tokenizer: str = Field(
        default="auto",
        description="units; auto: syllable for Korean, else whitespace (texts cut into words)",
    )
    options: dict[str, Option] = Field(
        default_factory=dict, description="of the tokenizer, as text.options.size=8000"
    )
    min_count: int = Field(default=1, ge=1, description="rarer units become <unk>")
    max_words: int = Field(default=0, ge=0, description="the most frequent units (0: no limit)")
    workers: int = Field(default=1, ge=1, description="processes that cut texts into tokens")

    @model_validator(mode="after")
    def _known(self) -> "UnitSettings":
        if self.tokenizer != "auto":
            self.create(())  # refused before any data is read
        return self

    def create(self, languages: Sequence[str]) -> Tokenizer:
        """Return the tokenizer for a text of these languages (``ko``, ``en``).

        Raises:
            SeqkitError: if the tokenizer or an option is unknown or has no sense here.
        """
        name = self.tokenizer
        if name == "auto":
            name = "syllable" if list(languages) == ["ko"] else "whitespace"
        tokenizer = tokenizers.create(name, self.options)
        if isinstance(tokenizer, Sampling) and tokenizer.alpha > 0:
            raise SeqkitError(
                "a running text is cut the same way in every epoch: leave out text.options.alpha"
            )
        return tokenizer

    def vocabulary(self, cut: "Cut") -> Vocabulary:
        """Return the vocabulary of a training text."""
        counts = {word: n for word, n in cut.lines.counts() if word != UNKNOWN}
        size = self.max_words + len(SPECIALS) if self.max_words else None
        return Vocabulary.build(counts, min_count=self.min_count, max_size=size, specials=SPECIALS)


@dataclass(frozen=True, eq=False)
class RunningText:
    """Encoded documents and the measure of their raw text.

    Attributes:
        rows: a row a document, of ids, with ``eos`` at the end of each line.
        unknown: the number of unknown tokens.
        words: of the raw text: runs without white space, and line ends.
        characters: of the raw text: code points, line ends included.
    """

    rows: Ragged
    unknown: int
    words: int
    characters: int

    @property
    def tokens(self) -> int:
        """The number of tokens, ``eos`` included."""
        return len(self.rows.values)


@dataclass(frozen=True, eq=False)
class Cut:
    """Documents cut into tokens, before a vocabulary numbers them.

    Attributes:
        lines: the lines of all documents, one after another.
        documents: ``(documents + 1,)``, the line where each begins, and last, where all end.
        words: as in :class:`RunningText`.
        characters: as in :class:`RunningText`.
    """

    lines: Interned
    documents: NDArray[np.int64]
    words: int
    characters: int

    def encode(self, vocabulary: Vocabulary) -> RunningText:
        """Return the documents as ids; a blank line is ``eos`` alone."""
        numbers = np.asarray(vocabulary.ids(self.lines.words), dtype=np.int32)
        blank = np.asarray([not word for word in self.lines.words], dtype=np.bool_)
        places, offsets = self.lines.rows.values, self.lines.rows.offsets
        real = ~blank[places] if len(blank) else np.zeros(0, np.bool_)
        before = np.concatenate([np.zeros(1, np.int64), np.cumsum(real)])  # real ones up to each
        ends = before[offsets[1:]] + np.arange(len(offsets) - 1)  # where each line's eos goes
        values = np.full(len(ends) + int(before[-1]), vocabulary.eos, dtype=np.int32)
        inside = np.ones(len(values), dtype=np.bool_)
        inside[ends] = False
        values[inside] = numbers[places[real]]
        starts = np.concatenate([np.zeros(1, np.int64), ends + 1])
        unknown = int((values == vocabulary.unk).sum())
        return RunningText(
            Ragged(values, starts[self.documents]), unknown, self.words, self.characters
        )


def cut(texts: Iterable[str], tokenizer: Tokenizer, *, workers: int = 1) -> Cut:
    """Cut documents, each a text of one line or more, into tokens.

    Raises:
        SeqkitError: if a worker dies.
    """
    count, words, characters = [0], 0, 0

    def lines() -> Iterator[str]:
        nonlocal words, characters
        for text in texts:
            parts = text.split("\n")
            count.append(count[-1] + len(parts))
            for line in parts:
                words += len(line.split()) + 1
                characters += len(line) + 1
                yield line

    interned = intern(lines(), tokenizer, workers=workers)
    return Cut(interned, np.asarray(count, dtype=np.int64), words, characters)
