"""White-space text files, counted and numbered in one pass over their bytes.

The tokens are those of :class:`~seqkit.text.basic.WhitespaceTokenizer` on the same lines. Words
stay bytes, and numbers, until the whole text is read; the loops are compiled
(:mod:`seqkit.text.kernels`).
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from seqkit.errors import SeqkitError
from seqkit.files import LONGEST_LINE, opened, read_lines
from seqkit.text import counting

BYTES = 1 << 20  # of a file, read at a time
BOM = b"\xef\xbb\xbf"


class Cut(NamedTuple):
    """A block of whole lines, cut into words."""

    text: NDArray[np.uint8]  # (bytes,)
    begins: NDArray[np.int32]  # (tokens,), where each word begins
    lengths: NDArray[np.int32]  # (tokens,), its bytes
    codes: NDArray[np.uint64]  # (tokens,), its hash
    ends: NDArray[np.int64]  # (lines,), how many words there are up to the end of each


def cut(block: bytes) -> Cut:
    """Cut a block of whole lines, each ended by a line feed."""
    from seqkit.text import kernels

    text, most = np.frombuffer(block, np.uint8), len(block) // 2 + 1
    begins, lengths = np.empty(most, np.int32), np.empty(most, np.int32)
    codes, ends = np.empty(most, np.uint64), np.empty(block.count(b"\n"), np.int64)
    tokens = kernels.cut(text, kernels.KINDS, begins, lengths, codes, ends)
    return Cut(text, begins[:tokens], lengths[:tokens], codes[:tokens], ends)


class WordTable:
    """The distinct words of the blocks it has seen, numbered as they came, with their counts."""

    def __init__(self, room: int = 1 << 12) -> None:
        self._slots = np.zeros(2 * room, np.uint64)
        self._arena = np.empty(16 * room, np.uint8)
        self._starts = np.zeros(room + 1, np.int64)
        self._counts = np.empty(room, np.int64)
        self._hashes = np.empty(room, np.uint64)
        self._words = 0

    def __len__(self) -> int:
        return self._words

    @property
    def counts(self) -> NDArray[np.int64]:
        """``(words,)``, how often each occurs."""
        return self._counts[: self._words]

    @property
    def size(self) -> int:
        """Bytes of all words together."""
        return int(self._starts[self._words])

    def words(self, since: int = 0) -> list[str]:
        """Return the words from number ``since`` on.

        Raises:
            ValueError: if they are not UTF-8 text. Text is made of words and white space, so
                that words of valid UTF-8 mean that all the text is.
        """
        return self._text(since).split("\n")[:-1]

    def frequent(self, min_count: int) -> tuple[NDArray[np.int64], list[str]]:
        """Return the numbers of the words that occur so often, and the words themselves.

        Raises:
            ValueError: as :meth:`words`, whichever word is not text.
        """
        self._text(0)
        numbers = np.flatnonzero(self.counts >= min_count)
        starts, ends = self._starts[numbers].tolist(), (self._starts[numbers + 1] - 1).tolist()
        arena = self._arena[: self.size].tobytes()
        return numbers, [arena[i:j].decode() for i, j in zip(starts, ends, strict=True)]

    def _text(self, since: int) -> str:
        text = self._arena[self._starts[since] : self.size].tobytes().decode("utf-8")
        if "\0" in text:
            raise ValueError("a NUL byte")
        return text

    def scan(self, block: "bytes | Cut") -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Take a block of whole lines; return its words' numbers, and where each line ends.

        Returns:
            ``(tokens,)`` numbers and ``(lines,)`` ends, offsets into them.
        """
        from seqkit.text import kernels

        text, begins, lengths, codes, ends = block if isinstance(block, Cut) else cut(block)
        tokens = len(begins)
        ids, token = np.empty(tokens, np.int32), 0
        while True:
            token, self._words = kernels.look_up(
                text,
                begins,
                lengths,
                codes,
                token,
                self._slots,
                self._arena,
                self._starts,
                self._counts,
                self._hashes,
                self._words,
                ids,
            )
            if token == tokens:
                return ids, ends
            self._grow(int(lengths[token]))

    def _grow(self, length: int) -> None:
        """Make room for four times the words, or for twice the bytes and a word of ``length``."""
        from seqkit.text import kernels

        if self._words == len(self._counts):
            room = 4 * len(self._counts)
            self._starts = _longer(self._starts, room + 1)
            self._counts = _longer(self._counts, room)
            self._hashes = _longer(self._hashes, room)
            self._slots = np.zeros(2 * room, np.uint64)
            kernels.rehash(self._slots, self._hashes[: self._words])
        else:
            self._arena = _longer(self._arena, 2 * len(self._arena) + length + 1)


def _longer(array: NDArray[np.generic], size: int) -> NDArray:  # type: ignore[type-arg]
    longer = np.empty(size, array.dtype)
    longer[: len(array)] = array
    return longer


def count(path: Path, most_words: int, progress: Callable[[int], None] | None) -> counting.Runs:
    """Count the words of a file, as runs (see :func:`seqkit.text.counting.sorted_counts`)."""
    runs, table = counting.Runs(), WordTable()
    for block in blocks(path):
        table.scan(block)
        if is_full(table, most_words):
            runs.spill(sorted(pairs(table, path)))
            table = WordTable()
        if progress is not None:
            progress(len(block))
    runs.last(sorted(pairs(table, path)))
    return runs


def renumbered(
    ids: NDArray[np.int32],
    ends: NDArray[np.int64],
    numbers: NDArray[np.int32],
    fill: int,
    longest: int | None,
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return rows with new numbers, without the negative ones, and the length of each row.

    Args:
        ids: ``(tokens,)``, as :meth:`WordTable.scan` returns them.
        ends: ``(rows,)``, likewise.
        numbers: the new number of each old one.
        fill: the token of a row that has none; negative to leave it empty.
        longest: tokens to keep of a row; None for all.
    """
    from seqkit.text import kernels

    values, lengths = np.empty(len(ids) + len(ends), np.int32), np.empty(len(ends), np.int64)
    written = kernels.renumber(
        ids, ends, numbers, -1 if longest is None else longest, fill, values, lengths
    )
    return values[:written], lengths


def blocks(path: Path) -> Iterator[bytes]:
    """Yield the lines of a file, many at a time, each ended by a line feed; without a BOM.

    Raises:
        SeqkitError: if the file cannot be read, or has a line that is too long.
    """
    rest, start = b"", 0
    with opened(path) as file:
        while read := file.read(BYTES):
            first, last = read.find(b"\n") + 1, read.rfind(b"\n") + 1
            if len(rest) + (first or len(read)) > LONGEST_LINE:
                refuse(path)
            if last:
                block, rest = rest + read[:last], read[last:]
                yield block if start else block.removeprefix(BOM)
                start = 1
            else:
                rest += read
        if rest:
            yield (rest if start else rest.removeprefix(BOM)) + b"\n"


def words_of(table: WordTable, path: Path, since: int = 0) -> list[str]:
    """Return the words of a table, or raise the error of a file that is not text."""
    try:
        return table.words(since)
    except ValueError:
        refuse(path)


def frequent(table: WordTable, path: Path, min_count: int) -> tuple[NDArray[np.int64], list[str]]:
    """Return the frequent words of a table with their numbers, or raise as :func:`words_of`."""
    try:
        return table.frequent(min_count)
    except ValueError:
        refuse(path)


def pairs(table: WordTable, path: Path) -> list[tuple[str, int]]:
    """Return the words of a table with their counts, in the order of their numbers."""
    return list(zip(words_of(table, path), table.counts.tolist(), strict=True))


def is_full(table: WordTable, most_words: int) -> bool:
    """Whether a table has to be spilled before it takes another block."""
    return len(table) > most_words or table.size > counting.MOST_CHARACTERS


def refuse(path: Path) -> NoReturn:
    """Raise the error, with its line, that reading the file line by line meets."""
    for _ in read_lines(path):
        pass
    raise SeqkitError(f"{path} is not UTF-8 text, or changed while it was read.")
