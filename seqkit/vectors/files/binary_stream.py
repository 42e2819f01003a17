"""Word vectors in word2vec's binary format: each word is followed by its float32 numbers."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from seqkit.errors import SeqkitError
from seqkit.vectors.files import streams
from seqkit.vectors.files.streams import (
    DAMAGED,
    LONGEST_WORD,
    MOST_FEATURES,
    Block,
    Decode,
    Stream,
    fitting,
    header_of,
    no_header,
    not_finite,
    opened,
    words_of,
)


@contextmanager
def binary_stream(path: Path, decode: Decode, *, limit: int | None) -> Iterator[Stream]:
    """Read word2vec's binary format: a header, then words, a space and float32 after each.

    Raises:
        SeqkitError: with what is wrong where, here or while the blocks are read.
    """
    with opened(path) as file:
        first = file.readline(LONGEST_WORD)
        if not first:
            raise SeqkitError(f"{path} holds no word vectors: it is empty.")
        header = header_of(first)
        if header is None or not first.endswith(b"\n"):
            no_header(path, first)
        promised, width = header
        if not promised or not 1 <= width <= MOST_FEATURES:
            raise SeqkitError(
                f"{path}, line 1 promises {promised} vectors of {width} features: "
                f"there must be some, of at most {MOST_FEATURES}; {DAMAGED}."
            )
        likely = fitting(path, promised, 4 * width + 1)
        yield Stream(width, promised, likely, _binary(file, path, promised, width, decode, limit))


def _binary(
    file: IO[bytes], path: Path, promised: int, width: int, decode: Decode, limit: int | None
) -> Iterator[Block]:
    from seqkit.vectors.files import parsing

    wanted = promised if limit is None else min(limit, promised)
    rest, count = b"", 0
    while count < wanted:
        read = file.read(streams.BYTES)
        data = rest + read
        array = np.frombuffer(data, np.uint8)
        most = min(wanted - count, len(data) // (4 * width + 1) + 1)
        places, rows = np.empty((most, 2), np.int64), np.empty((most, width), np.float32)
        found, at, named = parsing.binary_rows(array, most, places, rows.view(np.uint8))
        words = words_of(array, places[:found], partial(_vector, path, count), decode)
        _check_binary(rows[:found], words, path, count)
        rest, count = data[at:], count + found
        if found:
            yield words, rows[:found]
        if count < wanted and not named and len(rest) > LONGEST_WORD:
            raise SeqkitError(
                f"{path}: no word ends where that of vector {count + 1} begins: the file is "
                f"damaged, or its vectors have not {width} features."
            )
        if count < wanted and not read:
            raise SeqkitError(
                f"{path}, line 1 promises {promised} vectors and the file ends after {count}: "
                f"{DAMAGED}."
            )
    if wanted == promised and (rest + file.read(64)).strip(b"\n"):
        raise SeqkitError(
            f"{path}, line 1 promises {promised} vectors of {width} features and the file goes on "
            f"after them: it is damaged; limit={promised} reads as many."
        )


def _vector(path: Path, before: int, row: int) -> str:
    return f"{path}: the word of vector {before + row + 1}"


def _check_binary(rows: NDArray[np.float32], words: list[str], path: Path, count: int) -> None:
    row = not_finite(rows)
    if row is not None:
        raise SeqkitError(
            f"{path}: vector {count + row + 1} (of {words[row][:40]!r}) holds a number that is "
            f"not finite: the file is damaged, or its vectors have not {rows.shape[1]} features."
        )
