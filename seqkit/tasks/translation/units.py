"""The two sides of a pair: how each one's text becomes ids, and its ids text again."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from seqkit.data.interning import Interned, intern
from seqkit.data.ragged import Ragged
from seqkit.errors import SeqkitError
from seqkit.settings import settings
from seqkit.text import tokenizer as tokenizers
from seqkit.text.analysis import MorphologicalAnalyzer
from seqkit.text.joining import Joiner
from seqkit.text.tokenizer import Sampling, Tokenizer
from seqkit.text.vocabulary import Vocabulary

Option = bool | int | float | str
SPECIALS = ("pad", "unk", "bos", "eos")  # of both sides, so that their ids are the same


@settings
class UnitSettings:
    """How the sentences of both sides become token ids."""

    tokenizer: str = Field(default="unigram", description="units of both sides")
    target_tokenizer: str = Field(
        default="", description="units of the target, if others (empty: the same tokenizer)"
    )
    pieces: int = Field(default=4000, ge=1, description="of unigram and bpe: how many to learn")
    options: dict[str, Option] = Field(
        default_factory=dict, description="of the tokenizer, as text.options.units=jamo"
    )
    target_options: dict[str, Option] = Field(
        default_factory=dict, description="of the target's, where they differ"
    )
    min_count: int = Field(default=1, ge=1, description="rarer units become <unk>")
    max_words: int = Field(default=0, ge=0, description="the most frequent units (0: no limit)")
    max_length: int = Field(
        default=100,
        ge=1,
        description="units: longer pairs are not learnt, longer sources keep their beginning",
    )
    workers: int = Field(default=1, ge=1, description="processes that cut texts into tokens")

    @model_validator(mode="after")
    def _known(self) -> "UnitSettings":
        _ = self.source, self.target  # refused before any data is read
        return self

    @property
    def source(self) -> Tokenizer:
        """The source's tokenizer, which may still have to learn."""
        return self._create(self.tokenizer, self.options)

    @property
    def target(self) -> Tokenizer:
        """The target's; morphemes keep their tags, which tell how they are joined."""
        name, options = self.target_tokenizer, self.target_options
        if not name:
            name, options = self.tokenizer, {**self.options, **self.target_options}
        tokenizer = self._create(name, options)
        if isinstance(tokenizer, MorphologicalAnalyzer) and "attach_tag" not in options:
            return tokenizers.create(name, {**options, "attach_tag": True})
        return tokenizer

    def _create(self, name: str, options: dict[str, Option]) -> Tokenizer:
        sized = {"size": self.pieces} if name in ("unigram", "bpe") else {}
        tokenizer = tokenizers.create(name, {**sized, **options})
        if isinstance(tokenizer, Sampling) and tokenizer.alpha > 0:
            raise SeqkitError(
                "pairs are cut the same way in every epoch: leave out the tokenizer's alpha."
            )
        return tokenizer

    @property
    def differ(self) -> bool:
        """Whether the two sides have units of different kinds."""
        return bool(self.target_tokenizer or self.target_options)

    def vocabulary(self, sides: Iterable[Interned]) -> Vocabulary:
        """Return the vocabulary of training sentences: of one side, or of both together."""
        counts: Counter[str] = Counter()
        for interned in sides:
            counts.update(dict(interned.counts()))
        size = self.max_words + len(SPECIALS) if self.max_words else None
        return Vocabulary.build(counts, min_count=self.min_count, max_size=size, specials=SPECIALS)


@dataclass(frozen=True)
class Side:
    """One side's units: what cuts its text, and their ids.

    Attributes:
        tokenizer: cuts a text into units.
        vocabulary: gives units their ids.
    """

    tokenizer: Tokenizer
    vocabulary: Vocabulary

    @cached_property
    def joiner(self) -> Joiner:
        """What puts units together to text."""
        return Joiner(self.tokenizer, self.vocabulary)

    def encode(self, texts: Iterable[str], *, first: int = 0, workers: int = 1) -> Ragged:
        """Return the ids of each text and ``eos``: of an empty one, ``eos`` alone.

        Args:
            texts: the texts.
            first: a text of more units keeps so many (0: all).
            workers: processes to cut them in.
        """
        return self.ids(intern(texts, self.tokenizer, workers=workers), first=first)

    def ids(self, interned: Interned, *, first: int = 0) -> Ragged:
        """Return what :meth:`encode` does, of texts that are cut already."""
        rows = real(interned)
        numbers = np.asarray(self.vocabulary.ids(interned.words), dtype=np.int32)
        rows = rows.first(first) if first else rows
        return ended(Ragged(numbers[rows.values], rows.offsets), self.vocabulary.eos)

    def save(self, folder: Path, file: Path) -> None:
        """Write the tokenizer to a folder and the vocabulary to a file."""
        tokenizers.save(self.tokenizer, folder)
        self.vocabulary.save(file)

    @classmethod
    def load(cls, folder: Path, file: Path) -> "Side":
        """Read what :meth:`save` wrote.

        Raises:
            SeqkitError: if a part is missing or broken.
        """
        return cls(tokenizers.load(folder), Vocabulary.load(file))


def real(interned: Interned) -> Ragged:
    """Return the rows without the empty word that stands for a text without tokens."""
    if "" not in interned.words:
        return interned.rows
    there = interned.rows.values != interned.words.index("")
    before = np.concatenate([[0], np.cumsum(there)])
    return Ragged(interned.rows.values[there], before[interned.rows.offsets])


def ended(rows: Ragged, eos: int) -> Ragged:
    """Return the rows with ``eos`` at the end of each."""
    values = np.insert(rows.values, rows.offsets[1:], eos).astype(np.int32, copy=False)
    return Ragged(values, rows.offsets + np.arange(len(rows.offsets)))


def chosen_rows(interned: Interned, rows: NDArray[np.int64]) -> Interned:
    """Return some of the texts, in the order given."""
    lengths = interned.rows.lengths[rows]
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    places = np.repeat(interned.rows.offsets[rows] - offsets[:-1], lengths)
    values = interned.rows.values[places + np.arange(len(places))]
    return Interned(Ragged(values, offsets), interned.words)


def learnt(
    text: UnitSettings, sources: Sequence[str], targets: Sequence[str], *, joint: bool
) -> tuple[Tokenizer, Tokenizer]:
    """Return the two tokenizers, ready for use; if ``joint``, one that knows both sides."""
    source: Any = text.source
    if joint:
        both = tokenizers.trained(text.target, chain(sources, targets))
        return both, both
    return tokenizers.trained(source, sources), tokenizers.trained(text.target, targets)
