"""What readers of word vectors share: a file's vectors come some at a time.

Nothing that a file says of its own size is believed: memory grows with what was read.
"""

import gzip
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NoReturn, cast

import numpy as np
from numpy.typing import NDArray

from seqkit.errors import SeqkitError

BYTES = 1 << 20  # of a file, read at a time
BOM = b"\xef\xbb\xbf"
MOST_FEATURES = 1 << 20  # more than these are a damaged header, not a vector
LONGEST_WORD = 1 << 16  # bytes
_HEADER = re.compile(rb"\s*(\d{1,18})\s+(\d{1,18})\s*")
DAMAGED = "it is cut short or damaged; fetch it again"

Decode = Callable[[bytes], str]
Block = tuple[list[str], NDArray[Any]]


@dataclass(frozen=True)
class Stream:
    """The vectors of an open file.

    Attributes:
        width: features of a vector.
        promised: vectors that the header promises; None where there is none.
        likely: for how many of them the file is large enough.
        blocks: words and their ``(words, width)`` rows, all finite, some at a time.
    """

    width: int
    promised: int | None
    likely: int
    blocks: Iterator[Block]


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """Open a file to read its bytes, unpacked if it is packed by gzip, whatever its name.

    Raises:
        SeqkitError: here or while it is read, if it is missing, a folder, or damaged.
    """
    try:
        with path.open("rb") as file:
            packed = path.suffix == ".gz" or file.peek(2)[:2] == b"\x1f\x8b"
            with gzip.open(file, "rb") if packed else file as plain:
                yield cast(IO[bytes], plain)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or f"{error}; fetch it again"
        raise SeqkitError(f"cannot read {path}: {reason}.") from None


def header_of(line: bytes) -> tuple[int, int] | None:
    """Return how many vectors of how many features a first line promises, None if it is none."""
    found = _HEADER.fullmatch(line)
    return (int(found[1]), int(found[2])) if found else None


def decoder(encoding: str, errors: str) -> Decode:
    """Return what turns the bytes of a word into text.

    Raises:
        SeqkitError: if there is no such encoding, or no such way to treat errors.
    """
    try:
        b"\xff".decode(encoding, "replace")
        b"\xff".decode("utf-8", errors)
    except UnicodeDecodeError:
        pass  # as errors="strict" has it
    except LookupError as error:
        raise SeqkitError(f"cannot read words: {error}.") from None
    return lambda word: word.decode(encoding, errors)


def fitting(path: Path, promised: int | None, least: int) -> int:
    """Return the promise, as far as a file of this size can keep it with so many bytes each."""
    return min(promised or 0, path.stat().st_size // least)


def no_header(path: Path, line: bytes) -> NoReturn:
    """Raise the error for a first line that is no header."""
    if not line:
        raise SeqkitError(f"{path} holds no word vectors: it is empty.")
    raise SeqkitError(
        f"{path}, line 1 is not a header, two whole numbers (how many vectors, how many features): "
        "if there is none, as in GloVe's files, say so with no_header."
    )


def is_number(token: bytes) -> bool:
    """Return whether bytes are one number in text."""
    try:
        float(token)
    except ValueError:
        return False
    return True


def words_of(
    data: NDArray[np.uint8], places: NDArray[np.int64], where: Callable[[int], str], decode: Decode
) -> list[str]:
    """Return the words between the places; ``where`` says where a row is, for errors."""
    from seqkit.vectors.files import parsing

    arena = np.empty(int((places[:, 1] - places[:, 0] + 1).sum()), np.uint8)
    if parsing.joined(data, places, arena):
        with suppress(UnicodeDecodeError):
            return decode(arena.tobytes()).split("\n")[:-1]
    spans = places.tolist()
    return [word_of(decode, data[a:b].tobytes(), where(i)) for i, (a, b) in enumerate(spans)]


def word_of(decode: Decode, word: bytes, place: str) -> str:
    """Return a word as text; ``place`` says where it is, for errors."""
    try:
        return decode(word)
    except UnicodeDecodeError as error:
        raise SeqkitError(
            f"{place} is not {error.encoding.upper()} (byte {error.start} of the word is "
            f"0x{word[error.start]:02x}): name its encoding, or what to do with such bytes "
            "(unicode_errors='replace')."
        ) from None


def not_finite(rows: NDArray[Any]) -> int | None:
    """Return the first row with a number that is not finite."""
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(rows.sum()):  # one pass, and a large number alone can deceive it
            return None
    finite = np.isfinite(rows).all(axis=1)
    return None if finite.all() else int(np.argmin(finite))


@contextmanager
def packed(file: IO[bytes], path: Path) -> Iterator[IO[bytes]]:
    """Yield what packs into an open file, where its path ends in ``.gz``; else the file itself."""
    if path.suffix != ".gz":
        yield file
        return
    # no name and no time in it: the same vectors, the same bytes
    with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packing:
        yield cast(IO[bytes], packing)
