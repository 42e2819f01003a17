"""White-space text as blocks of lines: files, folders of files, pipes and standard input."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from io import BytesIO
from pathlib import Path
from typing import IO, Literal, NoReturn

from seqkit.errors import SeqkitError
from seqkit.files import LONGEST_LINE, lines_of, opened

BYTES = 1 << 20  # of a file, read at a time; a longer line comes in parts
BOM = b"\xef\xbb\xbf"

Source = Path | Literal["-"]  # "-" is standard input


def name_of(source: Source) -> str:
    """Return what errors call a source."""
    return "standard input" if source == "-" else str(source)


def files_in(source: Source) -> list[Source]:
    """Return the files to read: the source itself, or of a folder all in it, sorted by path.

    Folders inside are read too; names that begin with a dot are not.

    Raises:
        SeqkitError: if a folder has no files.
    """
    try:
        if source == "-" or not source.is_dir():
            return [source]
    except OSError as error:  # the text itself in place of its path
        raise SeqkitError(f"cannot read {str(source)[:40]!r}: {error.strerror}.") from None
    inside = sorted(source.rglob("*"))
    files: list[Source] = [
        path
        for path in inside
        if path.is_file() and not any(part[0] == "." for part in path.relative_to(source).parts)
    ]
    if not files:
        raise SeqkitError(f"there are no files in the folder {source}: give a text file.")
    return files


def blocks(source: Source, *, checked: bool = False) -> Iterator[tuple[bytes, bool]]:
    """Yield ``(lines, whole)``: lines ended by line feeds; the last is ``whole`` or goes on.

    Only a line longer than ``BYTES`` comes in parts, which are cut at spaces. A file's bytes are
    not looked at unless ``checked``; what can be read but once always is.

    Raises:
        SeqkitError: if it cannot be read, has a word without end, or is not UTF-8 (with line).
    """
    rest, first, offset, whole = b"", 1, 0, True
    checked = checked or is_stream(source)
    with _opened(source) as file:
        while read := file.read(BYTES):
            rest += read
            end = rest.rfind(b"\n") + 1
            if not end and len(rest) >= BYTES:
                end = _last_space(rest, source, first)
            if end:
                whole = rest[end - 1 : end] == b"\n"
                block, rest = rest[: end - 1] + b"\n", rest[end:]
                if checked:
                    _check(block, source, first, offset)
                yield block if offset else block.removeprefix(BOM), whole
                first += block.count(b"\n") if whole else 0
                offset += end
    if rest or not whole:
        if checked:
            _check(rest, source, first, offset)
        yield (rest if offset else rest.removeprefix(BOM)) + b"\n", True


def lines(source: Source) -> Iterator[str]:
    """Yield the lines of a text, as :func:`seqkit.files.read_lines` does."""
    with _opened(source) as file:
        for _, line in lines_of(file, name_of(source)):
            yield line


def refuse(sources: Sequence[Source]) -> NoReturn:
    """Raise the error, with its line, of a text that is not UTF-8."""
    for source in sources:
        if not is_stream(source):
            for _ in blocks(source, checked=True):
                pass
    names = " or ".join(map(name_of, sources[:2]))
    raise SeqkitError(f"{names} is not UTF-8 text, or changed while it was read.")


def is_stream(source: Source) -> bool:
    """Whether a source can be read but once: standard input or a pipe."""
    return source == "-" or (source.exists() and not source.is_file())


@contextmanager
def _opened(source: Source) -> Iterator[IO[bytes]]:
    with nullcontext(sys.stdin.buffer) if source == "-" else opened(source) as file:
        yield file


def _last_space(line: bytes, source: Source, number: int) -> int:
    end = line.rfind(b" ") + 1
    if not end and len(line) > LONGEST_LINE:
        limit = LONGEST_LINE // 1024**2
        raise SeqkitError(
            f"{name_of(source)}, line {number} has a word longer than {limit} MiB: this is not "
            "text with spaces between words."
        )
    return end


def _check(block: bytes, source: Source, first: int, offset: int) -> None:
    try:
        if "\0" not in block.decode():
            return
    except UnicodeDecodeError:
        pass
    for _ in lines_of(BytesIO(block), name_of(source), first, offset):
        pass
