"""How the tokens of a text are spelt: each distinct word once, whatever its places."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seqkit.data.ragged import Ragged
from seqkit.errors import SeqkitError
from seqkit.text import tokenizer as tokenizers
from seqkit.text.tokenizer import Tokenizer
from seqkit.text.vocabulary import Vocabulary

if TYPE_CHECKING:
    from seqkit.data.batch import Spelling

Numbers = NDArray[np.int64]

SPECIALS = ("pad", "unk", "bos", "eos")
LONGEST = 24  # units of a word that are read
UNITS = "units.txt"


@dataclass(frozen=True, eq=False)
class Spellings:
    """The spelling of every token of a :class:`Ragged`.

    Attributes:
        words: ``(tokens,)`` int32, the row of ``units`` that spells each token.
        units: a row of unit ids (jamo, letters) for each distinct word, none of them empty.
    """

    words: NDArray[np.int32]
    units: Ragged

    def __post_init__(self) -> None:
        if len(self.units) and self.units.lengths.min() == 0:
            row = int(self.units.lengths.argmin())
            raise SeqkitError(f"word {row} is spelt with nothing: it needs at least one unit.")

    def batch(self, places: NDArray[np.int64], pad: int) -> "Spelling":
        """Return the spelling of the tokens at ``places``, ``(batch, time)``.

        Args:
            places: indices into ``words``.
            pad: the unit id that fills a word up to the longest.
        """
        import torch

        from seqkit.data.batch import Spelling

        return Spelling(*map(torch.from_numpy, self.arrays(places, pad)))

    def arrays(self, places: NDArray[np.int64], pad: int) -> tuple[Numbers, Numbers, Numbers]:
        """Return the parts of :meth:`batch`: words, units and their lengths."""
        distinct, words = np.unique(self.words[places], return_inverse=True)
        units, lengths = self.units.padded(distinct.astype(np.int64), pad)
        return words.reshape(places.shape).astype(np.int64), units, lengths


@dataclass(frozen=True)
class Speller:
    """Spells words: its first ``LONGEST`` units, between marks of its beginning and end.

    Attributes:
        tokenizer: cuts a word into units.
        vocabulary: of the units, with ``SPECIALS``.
    """

    tokenizer: Tokenizer
    vocabulary: Vocabulary

    @classmethod
    def learn(cls, tokenizer: Tokenizer, words: Iterable[tuple[str, int]]) -> "Speller":
        """Return a speller of the units that words have more than once, given with their counts."""
        counts: Counter[str] = Counter()
        for word, times in words:
            for unit in tokenizer.words(word):
                counts[unit] += times
        return cls(tokenizer, Vocabulary.build(counts, min_count=2, specials=SPECIALS))

    def units(self) -> list[str]:
        """Return what each unit is, special ones first, as ``<pad>``."""
        return self.vocabulary.tokens(range(len(self.vocabulary)))

    def spell(self, words: Iterable[str]) -> Ragged:
        """Return a row of unit ids for each word."""
        bos, eos = self.vocabulary.bos, self.vocabulary.eos
        cut, ids = self.tokenizer.words, self.vocabulary.ids
        return Ragged.from_rows([bos, *ids(cut(word)[:LONGEST]), eos] for word in words)

    def save(self, folder: Path) -> None:
        """Write the tokenizer and the vocabulary to a folder."""
        tokenizers.save(self.tokenizer, folder)
        self.vocabulary.save(folder / UNITS)

    @classmethod
    def load(cls, folder: Path) -> "Speller":
        """Rebuild the speller that :meth:`save` wrote; it equals the saved one.

        Raises:
            SeqkitError: if a file is missing or broken.
        """
        return cls(tokenizers.load(folder), Vocabulary.load(folder / UNITS))
