"""Texts numbered in the one pass that reads them, and renumbered when all words are counted."""

import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, compress, count
from pathlib import Path
from typing import IO, Generic, NamedTuple, NoReturn, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from seqkit.files import write_error
from seqkit.text import counting, scan
from seqkit.text.vocabulary import Vocabulary

Rows = tuple[NDArray[np.int32], NDArray[np.int64]]  # ids end to end, and the length of each row
Piece = TypeVar("Piece", contravariant=True)


class Table(Protocol[Piece]):
    """Distinct words, numbered as they come, with their counts."""

    def __len__(self) -> int: ...

    @property
    def counts(self) -> NDArray[np.int64]:
        """``(words,)``, how often each occurs."""
        ...

    @property
    def size(self) -> int:
        """Letters of all words together, or bytes."""
        ...

    def words(self) -> list[str]:
        """Return the words, by number; ValueError if they are not text."""
        ...

    def frequent(self, min_count: int) -> tuple[NDArray[np.int64], list[str]]:
        """Return the numbers of the words that occur so often, and the words; likewise."""
        ...

    def scan(self, piece: Piece) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Take rows; return their words' numbers, and where each row ends in them."""
        ...


class Tokens(NamedTuple):
    """Rows of tokens as numbers: what a worker process sends of the texts that it has cut."""

    words: list[str]  # distinct
    ids: NDArray[np.int32]  # (tokens,), places in ``words``, all rows end to end
    lengths: NDArray[np.int64]  # (rows,)


def numbered(rows: Sequence[Sequence[str]]) -> Tokens:
    """Return rows as numbers of their distinct words; empty words are left out."""
    number: defaultdict[str, int] = defaultdict(count().__next__)
    every = map(number.__getitem__, chain.from_iterable(rows))
    lengths = np.fromiter(map(len, rows), np.int64, len(rows))
    ids = np.fromiter(every, np.int32, int(lengths.sum()))
    if "" in number:
        return numbered([[word for word in row if word] for row in rows])
    return Tokens(list(number), ids, lengths)


class TokenTable:
    """The table of :class:`Tokens`, of which words may hold any letters."""

    def __init__(self) -> None:
        self._number: defaultdict[str, int] = defaultdict(count().__next__)
        self._counts = np.zeros(1 << 12, np.int64)
        self.size = 0

    def __len__(self) -> int:
        return len(self._number)

    @property
    def counts(self) -> NDArray[np.int64]:
        """``(words,)``, how often each occurs."""
        return self._counts[: len(self)]

    def words(self) -> list[str]:
        """Return the words, by number."""
        return list(self._number)

    def frequent(self, min_count: int) -> tuple[NDArray[np.int64], list[str]]:
        """Return the numbers of the words that occur so often, and the words."""
        often = self.counts >= min_count
        return np.flatnonzero(often), list(compress(self._number, often))

    def scan(self, piece: Tokens) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Take rows; return their words' numbers, and where each row ends in them."""
        before = len(self)
        look_up = map(self._number.__getitem__, piece.words)
        here = np.fromiter(look_up, np.int32, len(piece.words))
        if len(self) > len(self._counts):
            room = np.zeros(2 * len(self), np.int64)
            room[:before] = self._counts[:before]
            self._counts = room
        self._counts[here] += np.bincount(piece.ids, minlength=len(here))
        self.size += sum(map(len, compress(piece.words, here >= before)))
        return here[piece.ids], np.cumsum(piece.lengths, dtype=np.int64)


class Draft(Generic[Piece]):
    """A text's words, numbered as they came: to be renumbered when all are counted.

    Memory holds ``most_words`` distinct words; the numbers, and the words beyond, are in
    temporary files without a name, which the system removes however the process ends.
    """

    def __init__(
        self,
        folder: Path,
        table: Callable[[], Table[Piece]],
        refuse: Callable[[], NoReturn],
        most_words: int = counting.MOST_WORDS,
    ) -> None:
        """Begin an empty draft.

        Args:
            folder: that the rows will be written to; temporary files are made beside it.
            table: makes an empty table of words.
            refuse: raises the error of a text that is not UTF-8.
            most_words: distinct words to hold in memory.
        """
        self.folder, self.most_words, self.refuse = folder, most_words, refuse
        self.make, self.table, self.runs = table, table(), counting.Runs()
        self.words: list[IO[bytes]] = []  # of each table that was full, in order of numbers
        self.last: tuple[NDArray[np.int64], list[str]] = np.empty(0, np.int64), []
        self.sizes: list[tuple[int, int, int]] = []  # of a piece: which table, tokens, rows
        self.tokens = 0
        with _writing(folder):
            folder.parent.mkdir(parents=True, exist_ok=True)
            self.file = tempfile.TemporaryFile(prefix=".seqkit-", dir=folder.parent)  # noqa: SIM115

    def close(self) -> None:
        """Remove the temporary files, which have no name."""
        self.runs.close()
        for file in (self.file, *self.words):
            with _writing(self.folder):
                file.close()

    def add(self, piece: Piece, *, whole: bool = True) -> None:
        """Take rows; the last one goes on in the next piece unless it is ``whole``."""
        if len(self.table) > self.most_words or self.table.size > counting.MOST_CHARACTERS:
            self.turn_to(self.make)
        ids, ends = self.table.scan(piece)
        ends = ends if whole else ends[:-1]
        self.sizes.append((len(self.words), len(ids), len(ends)))
        self.tokens += len(ids)
        with _writing(self.folder):
            self.file.write(ids.data)
            self.file.write(ends.data)

    def turn_to(self, table: "Callable[[], Table[Piece]]") -> None:
        """Put the words so far on disk, and go on with an empty table, which may be another."""
        if pairs := self._pairs():
            self.words.append(counting.write_run(pairs))
            self.runs.spill(sorted(pairs))
        self.make, self.table = table, table()

    def counts(self, min_count: int) -> Iterator[counting.Pair]:
        """Yield each word and its count once; some that occur less often may be left out."""
        least = 1 if self.words else min_count  # a rare word of one table may be in another
        try:
            numbers, words = self.last = self.table.frequent(least)
        except ValueError:
            self.refuse()
        pairs = zip(words, self.table.counts[numbers].tolist(), strict=True)
        if not self.words:
            return pairs
        self.runs.last(sorted(pairs))
        return self.runs.merged()

    def rows(self, vocabulary: Vocabulary, fill: int) -> Iterator[Rows]:
        """Yield the rows as the vocabulary's ids, ``fill`` for other words, none if negative.

        Of a row that goes on in the next piece, the first part's ids come without a length.
        """
        with _writing(self.folder):
            self.file.seek(0)
        renewed, of_table = np.empty(0, np.int32), -1
        for table, tokens, rows in self.sizes:
            if table != of_table:
                of_table, renewed = table, self._renewed(table, vocabulary, fill)
            ids = np.frombuffer(self.file.read(4 * tokens), np.int32)
            ends = np.frombuffer(self.file.read(8 * rows), np.int64)
            if (ends[-1] if rows else 0) == tokens:
                yield scan.renumbered(ids, ends, renewed, fill, None)
            else:
                values, lengths = scan.renumbered(ids, np.append(ends, tokens), renewed, fill, None)
                yield values, lengths[:-1]

    def _renewed(self, table: int, vocabulary: Vocabulary, fill: int) -> NDArray[np.int32]:
        """Return the vocabulary's id for each number of a table, ``fill`` where it has none."""
        if table == len(self.words):
            size, (numbers, words) = len(self.table), self.last
        else:
            words = [word for word, _ in counting.read_run(self.words[table])]
            size, numbers = len(words), np.arange(len(words))
        known = [word in vocabulary for word in words]
        renewed = np.full(size, fill, np.int32)
        renewed[numbers[known]] = vocabulary.ids(compress(words, known))
        return renewed

    def _pairs(self) -> list[counting.Pair]:
        try:
            return list(zip(self.table.words(), self.table.counts.tolist(), strict=True))
        except ValueError:
            self.refuse()


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise write_error(folder, error) from error
