"""Files: read with errors that name the line, written whole or not at all."""

import errno
import gzip
import hashlib
import json
import os
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol, cast

from seqkit.errors import SeqkitError
from seqkit.zstd import open_zst

LONGEST_LINE = 8 * 1024 * 1024  # bytes; a longer one is a broken file, not a sentence


class BinaryFile(Protocol):
    """An open file that gives lines as bytes."""

    def readline(self, size: int = -1, /) -> bytes:
        """Return the next line, of at most ``size`` bytes."""
        ...


@contextmanager
def atomic(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that takes the place of ``path`` only once it is written and on disk.

    Raises:
        SeqkitError: if it cannot be written; ``path`` is then as it was before.
    """
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        temporary = Path(name)
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        raise write_error(path, error) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Give an empty folder that takes the place of ``path`` only once the block ends well.

    Raises:
        SeqkitError: if it cannot be written; ``path`` is then as it was before.
    """
    path = path.absolute()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            prefix=f".{path.name}.", suffix=".part", dir=path.parent, ignore_cleanup_errors=True
        ) as inside:
            new, old = Path(inside) / "new", Path(inside) / "old"
            new.mkdir()
            yield new
            if path.exists():
                path.replace(old)
            try:
                new.replace(path)
            except BaseException:
                if old.exists():
                    old.replace(path)
                raise
    except OSError as error:
        raise write_error(path, error) from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_error(path: Path, error: OSError) -> SeqkitError:
    """Return the one-line error for a failed write."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return SeqkitError(
            f"the disk is full: {path} was not written and what was there before is kept; "
            "free some space and run again."
        )
    return SeqkitError(f"cannot write {path}: {error.strerror or error}.")


def write_bytes(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` atomically."""
    with atomic(path) as file:
        file.write(data)


def write_text(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` atomically, as UTF-8."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` to ``path`` atomically, as indented JSON with Hangul left readable."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        SeqkitError: if there is no such file or it is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SeqkitError(f"cannot read {path}: {error.strerror}.") from None
    except ValueError as error:
        raise SeqkitError(f"{path} is not valid JSON ({error}).") from None


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield ``(line number from 1, line without its end)`` of a UTF-8 text file, ``.gz``, ``.zst``.

    A byte-order mark is skipped. Only line feeds (with or without a carriage return) end a line.

    Raises:
        SeqkitError: if the file is missing, not UTF-8 (with line and byte offset), holds NUL
            bytes, or has a line longer than ``LONGEST_LINE`` bytes; or a packed one is damaged.
    """
    with opened(path) as file:
        yield from lines_of(file, path)


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """Open a file to read its bytes, unpacked if it is a ``.gz`` or ``.zst``.

    Raises:
        SeqkitError: here or while it is read, if it is missing or damaged, or the package that
            unpacks it is missing.
    """
    try:
        with _unpacked(path) as file:
            yield file
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or f"{error}; fetch it again"
        raise SeqkitError(f"cannot read {path}: {reason}.") from None


def _unpacked(path: Path) -> IO[bytes]:
    if path.suffix == ".gz":
        return cast(IO[bytes], gzip.open(path, "rb"))
    return open_zst(path) if path.suffix == ".zst" else path.open("rb")


class NotUtf8Error(SeqkitError):
    """A line that is not UTF-8; ``problem`` is the message without its advice."""

    def __init__(self, problem: str, advice: str) -> None:
        super().__init__(f"{problem}: {advice}.")
        self.problem = problem


def lines_of(
    file: BinaryFile, where: Path | str, first: int = 1, offset: int = 0
) -> Iterator[tuple[int, str]]:
    """Yield the lines of an open file as :func:`read_lines` does; ``where`` is for errors.

    Of a part of a file, ``first`` is the number of its first line, and ``offset`` its place.
    """
    for number in range(first, 2**63):
        raw = file.readline(LONGEST_LINE + 1)
        if not raw:
            return
        yield number, _decoded(raw, where, number, offset)
        offset += len(raw)


def _decoded(raw: bytes, where: Path | str, number: int, offset: int) -> str:
    place = f"{where}, line {number}"
    if len(raw) > LONGEST_LINE:
        limit = LONGEST_LINE // 1024**2
        raise SeqkitError(f"{place} is longer than {limit} MiB: split it into shorter lines.")
    if b"\0" in raw:
        at = offset + raw.index(b"\0")
        raise NotUtf8Error(
            f"{place} holds a NUL byte at byte {at}",
            "this is not UTF-8 text (if it is UTF-16: iconv -f UTF-16 -t UTF-8)",
        )
    try:
        line = raw.decode("utf-8-sig" if offset == 0 else "utf-8")
    except UnicodeDecodeError as error:
        raise NotUtf8Error(
            f"{place} is not UTF-8 (byte {offset + error.start} is 0x{raw[error.start]:02x})",
            "convert the file to UTF-8 (for Korean files: iconv -f CP949 -t UTF-8)",
        ) from None
    return line.removesuffix("\n").removesuffix("\r")


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
