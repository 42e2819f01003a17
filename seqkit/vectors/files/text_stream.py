"""Word vectors as text: lines of a word and its numbers."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NoReturn

import numpy as np
from numpy.typing import DTypeLike, NDArray

from seqkit.errors import SeqkitError
from seqkit.files import LONGEST_LINE
from seqkit.vectors.files import streams
from seqkit.vectors.files.streams import (
    BOM,
    DAMAGED,
    MOST_FEATURES,
    Block,
    Decode,
    Stream,
    fitting,
    header_of,
    is_number,
    no_header,
    not_finite,
    opened,
    word_of,
    words_of,
)


@contextmanager
def text_stream(
    path: Path, decode: Decode, *, header: bool | None, limit: int | None, dtype: DTypeLike
) -> Iterator[Stream]:
    """Read vectors as text: lines of a word and its numbers, parted by single spaces.

    Args:
        path: the file.
        decode: turns the bytes of a word into text.
        header: whether the first line says how many there are; None looks. Where there is no
            header, a word may hold spaces, as some of GloVe's do.
        limit: vectors to read at most.
        dtype: of the rows; each number is the nearest double, rounded to it.

    Raises:
        SeqkitError: with file and line, here or while the blocks are read.
    """
    with opened(path) as file:
        first = file.readline(LONGEST_LINE + 1).removeprefix(BOM)
        promised = width = None
        if header is not False:
            found = header_of(first)
            if found is None and header:
                no_header(path, first)
            promised, width = found or (None, None)
        lines = _Lines(file, path, number=1 + (promised is not None))
        if promised is not None:
            first = file.readline(LONGEST_LINE + 1)
        if not first.strip():
            if not first and file.read(1) == b"":
                raise SeqkitError(f"{path} holds no word vectors: it is empty.")
            _refuse_line(path, lines.number, first, width or 0, decode)
        due = len(first.rstrip().split(b" ")) - 1
        if (width is not None and due != width) or not due or due > MOST_FEATURES:
            _refuse_line(path, lines.number, first, width or 0, decode)
        rows = _TextRows(path, lines, due, decode, promised is None, np.dtype(dtype))
        likely = fitting(path, promised, 2 * due + 2)
        yield Stream(due, promised, likely, rows.blocks(first, promised, limit))


class _Lines:
    """Whole lines of an open file, many at a time; ``number`` is of the first not yet given."""

    def __init__(self, file: IO[bytes], path: Path, number: int) -> None:
        self._file, self._path, self.number = file, path, number

    def blocks(self, first: bytes) -> Iterator[bytes]:
        rest = first
        while read := self._file.read(streams.BYTES):
            if len(rest) + (read.find(b"\n") + 1 or len(read)) > LONGEST_LINE:
                limit = LONGEST_LINE // 1024**2
                raise SeqkitError(
                    f"{self._path}, line {self.number} is longer than {limit} MiB: {DAMAGED}."
                )
            last = read.rfind(b"\n") + 1
            if last:
                block, rest = rest + read[:last], read[last:]
                yield block
            else:
                rest += read
        if rest:
            yield rest if rest.endswith(b"\n") else rest + b"\n"


class _TextRows:
    """Blocks of lines made words and rows."""

    def __init__(
        self,
        path: Path,
        lines: _Lines,
        width: int,
        decode: Decode,
        spaces: bool,
        dtype: np.dtype[Any],
    ) -> None:
        self.path, self.lines, self.width = path, lines, width
        self.decode, self.spaces, self.dtype = decode, spaces, dtype
        self.parsed = np.float32 if dtype == np.float32 else np.float64
        self.odd = np.empty((streams.BYTES // 16 + width, 3), np.int64)

    def blocks(self, first: bytes, promised: int | None, limit: int | None) -> Iterator[Block]:
        count = 0
        for block in self.lines.blocks(first):
            if b"\0" in block:
                number = self.lines.number + block.count(b"\n", 0, block.index(b"\0"))
                raise SeqkitError(
                    f"{self.path}, line {number} holds a NUL byte: it is no text; "
                    "if it is word2vec's binary format, read it as such."
                )
            for words, rows in self._rows(block):
                taken = len(words) if limit is None else min(len(words), limit - count)
                count += taken
                yield words[:taken], rows[:taken].astype(self.dtype, copy=False)
                if count == limit:
                    return
        if promised not in (None, count):
            raise SeqkitError(
                f"{self.path}, line 1 promises {promised} vectors and the file holds {count}: "
                f"{DAMAGED}."
            )

    def _rows(self, block: bytes) -> Iterator[Block]:
        from seqkit.vectors.files import parsing

        at = 0
        while at < len(block):
            text = np.frombuffer(block, np.uint8, offset=at)
            most = min(block.count(b"\n", at), len(text) // (2 * self.width + 1) + 1)
            places = np.empty((most, 2), np.int64)
            rows = np.empty((most, self.width), self.parsed)
            single = self.parsed is np.float32
            count, odds, end, kind = parsing.text_rows(
                text, self.width, single, parsing.POWERS, places, rows, self.odd
            )
            for row, column, begin in self.odd[:odds].tolist():
                token = block[at + begin : _token_end(block, at + begin)]
                rows[row, column] = self._float(token, self.lines.number + row)
            words = words_of(text, places[:count], self._place, self.decode)
            self._check_finite(block, places[:count, 0] + at, rows[:count])
            at, self.lines.number = at + end, self.lines.number + count
            if count:
                yield words, rows[:count]
            if kind != parsing.READ:
                stop = block.index(b"\n", at)
                yield self._odd_line(block[at:stop])
                at, self.lines.number = stop + 1, self.lines.number + 1

    def _place(self, row: int) -> str:
        return f"{self.path}, line {self.lines.number + row}"

    def _float(self, token: bytes, number: int) -> Any:
        try:
            with np.errstate(over="ignore"):
                value = self.parsed(float(token))
        except ValueError:
            shown = token.decode("utf-8", "backslashreplace")
            raise SeqkitError(
                f"{self.path}, line {number}: '{shown}' is not a number: mend or drop the line."
            ) from None
        if not np.isfinite(value):
            self._not_finite(token, number)
        return value

    def _check_finite(
        self, block: bytes, begins: NDArray[np.int64], rows: NDArray[np.floating[Any]]
    ) -> None:
        row = not_finite(rows)
        if row is not None:
            column = int(np.argmin(np.isfinite(rows[row])))
            line = block[int(begins[row]) : block.index(b"\n", int(begins[row]))]
            self._not_finite(line.rstrip().split(b" ")[1 + column], self.lines.number + row)

    def _not_finite(self, token: bytes, number: int) -> NoReturn:
        shown = token.decode("utf-8", "backslashreplace")
        raise SeqkitError(
            f"{self.path}, line {number}: {shown} is not finite: mend or drop the line."
        )

    def _odd_line(self, line: bytes) -> Block:
        """Read a line that is not a word without spaces and numbers, if it is one with spaces."""
        number, tokens = self.lines.number, line.rstrip().split(b" ")
        inside = tokens[1 : -self.width]
        fits = len(tokens) == self.width + 1 or (self.spaces and not any(map(is_number, inside)))
        if not tokens[0] or len(tokens) <= self.width or not fits:
            _refuse_line(self.path, number, line, self.width, self.decode)
        word = word_of(self.decode, b" ".join(tokens[: -self.width]), self._place(0))
        values = [self._float(token, number) for token in tokens[-self.width :]]
        return [word], np.array([values], self.parsed)


def _token_end(block: bytes, begin: int) -> int:
    end = block.index(b"\n", begin)
    space = block.find(b" ", begin, end)
    return space if space >= 0 else len(block[begin:end].rstrip(b"\r")) + begin


def _refuse_line(path: Path, number: int, line: bytes, width: int, decode: Decode) -> NoReturn:
    place, tokens = f"{path}, line {number}", line.rstrip().split(b" ")
    found, word = len(tokens) - 1, word_of(decode, tokens[0], place)
    if b"\0" in line:
        raise SeqkitError(f"{place} holds a NUL byte: it is no text.")
    if not word:
        raise SeqkitError(f"{place} begins with no word: each line is a word and its numbers.")
    if not found:
        raise SeqkitError(
            f"{place} has no numbers after '{word[:40]}': each line is a word and its numbers."
        )
    raise SeqkitError(f"{place} has {found} numbers where {width} are due: mend or drop the line.")
