"""The words of a set of vectors, numbered by row.

A million words as Python strings take half a second and 100 MB before the first of them is
asked for. So a saved folder keeps beside them a table that finds a word in the file itself: the
CRC-32 of every word in rising order, and the row of each. One look-up is a binary search and one
comparison.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from seqkit.errors import SeqkitError


@dataclass(frozen=True, eq=False)
class WordTable:
    """Words as a saved folder has them; ``row`` numbers are those of the vectors.

    Attributes:
        text: ``(bytes,)`` uint8, the words in UTF-8, a line feed after each.
        offsets: ``(words + 1,)`` int64, where in ``text`` each word begins.
        hashes: ``(words,)`` uint32, the CRC-32 of the words in rising order.
        rows: ``(words,)`` int32, the row of the word of each hash.
        where: the file, for errors.
    """

    text: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    hashes: NDArray[np.uint32]
    rows: NDArray[np.int32]
    where: str = "words"

    @classmethod
    def of(cls, words: Sequence[str]) -> "WordTable":
        """Make the table of these words.

        Raises:
            SeqkitError: if a word cannot be a line of UTF-8 text, or stands twice.
        """
        if len(set(words)) != len(words):
            raise SeqkitError(f"{_first_double(words)!r} stands twice: each word has one vector.")
        try:
            lines = [word.encode() for word in words]
        except (UnicodeEncodeError, AttributeError):
            raise SeqkitError(_not_text(words)) from None
        text = np.frombuffer(b"".join(line + b"\n" for line in lines), np.uint8)
        if np.count_nonzero(text == 10) != len(words):
            odd = next(word for word in words if "\n" in word)
            raise SeqkitError(
                f"the word {odd!r} holds a line feed, and words.txt has a word a line: "
                "replace it before saving."
            )
        lengths = np.fromiter(map(len, lines), np.int64, len(lines))
        hashes = np.fromiter(map(crc32, lines), np.uint32, len(lines))
        order = np.argsort(hashes, kind="stable")
        offsets = np.concatenate([[0], np.cumsum(lengths + 1)])
        return cls(text, offsets, hashes[order], order.astype(np.int32))

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, row: int) -> str:
        begin, end = int(self.offsets[row]), int(self.offsets[row + 1])
        line = self.text[max(begin, 0) : max(end, 0)].tobytes()
        if begin < 0 or len(line) != end - begin or not line.endswith(b"\n"):
            raise self._damaged()
        try:
            return line[:-1].decode()
        except UnicodeDecodeError:
            raise self._damaged() from None

    def index(self, word: str) -> int:
        """Return the row of a word, -1 if it has none."""
        try:
            key = np.uint32(crc32(word.encode()))
        except UnicodeEncodeError:
            return -1
        for at in range(int(self.hashes.searchsorted(key)), len(self)):
            if self.hashes[at] != key:
                break
            row = int(self.rows[at])
            if not 0 <= row < len(self):
                raise self._damaged()
            if self[row] == word:
                return row
        return -1

    def as_list(self) -> list[str]:
        """Return all words in order of their rows.

        Raises:
            SeqkitError: if the text does not hold as many words.
        """
        try:
            words = self.text.tobytes().decode().split("\n")
        except UnicodeDecodeError:
            raise self._damaged() from None
        if words.pop() or len(words) != len(self):
            raise self._damaged()
        return words

    def _damaged(self) -> SeqkitError:
        return SeqkitError(
            f"{self.where} and the word table of its vectors do not agree: it was edited or is "
            "damaged; restore it, or save the vectors anew."
        )


class Words:
    """The words of vectors: a list and its index, or a :class:`WordTable` until they are asked for.

    What :meth:`as_list` and :meth:`as_dict` return are the words themselves and not copies:
    changing them changes the words.
    """

    def __init__(
        self,
        words: list[str] | None = None,
        index: dict[str, int] | None = None,
        table: WordTable | None = None,
    ) -> None:
        self._list, self._dict, self._table = words, index, table

    @classmethod
    def of(cls, words: Iterable[str]) -> "Words":
        """Return the words, numbered in their order."""
        return words if isinstance(words, cls) else cls(list(words))

    def __len__(self) -> int:
        if self._list is None and self._table is not None:
            return len(self._table)
        return len(self.as_list())

    def __getitem__(self, row: int) -> str:
        if self._list is None and self._table is not None:
            if not -len(self) <= row < len(self):
                raise IndexError(f"word {row} of {len(self)}")
            return self._table[row % len(self)]
        return self.as_list()[row]

    def __iter__(self) -> Iterator[str]:
        return iter(self.as_list())

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and self.index(word) >= 0

    def index(self, word: str) -> int:
        """Return the row of a word, -1 if it has none."""
        if self._dict is None and self._table is not None:
            return self._table.index(word) if isinstance(word, str) else -1
        return self.as_dict().get(word, -1)

    def as_list(self) -> list[str]:
        """Return the words in order of their rows; made on the first call."""
        if self._list is None:
            self._list = [] if self._table is None else self._table.as_list()
        return self._list

    def as_dict(self) -> dict[str, int]:
        """Return the row of each word; made on the first call."""
        if self._dict is None:
            words = self.as_list()
            self._dict = dict(zip(words, count()))
            self._dict.pop(None, None)  # type: ignore[call-overload]  # rows not yet named
        return self._dict

    def table(self) -> WordTable:
        """Return the table to save; see :meth:`WordTable.of` for what it refuses."""
        if self._list is None and self._table is not None:
            return self._table
        return WordTable.of(self.as_list())

    def __getstate__(self) -> tuple[list[str], dict[str, int] | None]:
        return self.as_list(), self._dict

    def __setstate__(self, state: tuple[list[str], dict[str, int] | None]) -> None:
        self._list, self._dict = state
        self._table = None


def _first_double(words: Sequence[str]) -> str:
    seen: set[str] = set()
    return next(word for word in words if word in seen or seen.add(word))  # type: ignore[func-returns-value]


def _not_text(words: Sequence[str]) -> str:
    for row, word in enumerate(words):
        if not isinstance(word, str):
            return f"row {row} has the key {word!r}, and only words (str) can be saved."
        try:
            word.encode()
        except UnicodeEncodeError:
            return f"the word {word!r} cannot be written as UTF-8: replace it before saving."
    raise AssertionError("unreachable")
