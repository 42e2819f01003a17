"""Any plain text of the user's own, Korean or other: a file, or a folder of files."""

import codecs
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field

from seqkit.corpora.labelled import READERS, SPLITS
from seqkit.corpus import Card, Text
from seqkit.errors import SeqkitError
from seqkit.files import LONGEST_LINE, NotUtf8Error, opened, read_lines
from seqkit.settings import settings

CARD = Card(
    name="text",
    title="Your own plain text: a .txt or .txt.gz file, or a folder of them",
    task="language modelling, word vectors, tokenizers",
    languages=("any",),
    licence="yours",
    citation="",
    homepage="",
    kind=Text,
)

BLOCK = 1 << 16  # bytes decoded at once

Unit = Literal["line", "paragraph", "document"]


@settings
class Options:
    """How a user's own text is read."""

    unit: Unit = Field(
        default="line", description="what an example is; blank lines end a paragraph"
    )
    encoding: Literal["auto", "utf-8", "cp949", "euc-kr", "utf-16"] = Field(
        default="auto", description="of the files; auto: UTF-8, or an error that names the likely"
    )
    test_fraction: float = Field(
        default=0.0, ge=0, lt=1, description="of the examples, for a test split if there is none"
    )
    seed: int = Field(default=0, ge=0, description="of the choice of test examples")


def read(options: Options, folder: Path | None) -> dict[str, Iterable[Text]]:
    """Return the splits found at ``folder``: a file, or a folder with any depth of folders.

    A folder that has ``train.txt`` (or a folder ``train``) may have ``validation`` and ``test``
    likewise, and its other files are left alone; else all of it is one training split, in order
    of path. Blank lines and blank documents are no examples.

    Raises:
        SeqkitError: here or while the splits are consumed, if there is no text, or with the file
            and line of what cannot be decoded.
    """
    assert folder is not None
    return {
        split: _some(_examples(files, options), folder, split)
        for split, files in _parts(folder).items()
    }


def _parts(path: Path) -> dict[str, list[Path]]:
    """Find the files of each split."""
    if path.is_file():
        return {"train": [path]}
    files = sorted(p for p in path.rglob("*") if p.is_file() and _readable(p.relative_to(path)))
    if not files:
        raise SeqkitError(f"{path} holds no text: it needs files that end in .txt or .txt.gz.")
    names = {p: p.relative_to(path).parts[0].partition(".")[0] for p in files}
    found = {s: [p for p in files if names[p] in aliases] for s, aliases in SPLITS.items()}
    if not found["train"]:
        return {"train": files}
    return {split: members for split, members in found.items() if members}


def _readable(inside: Path) -> bool:
    if any(part.startswith(".") for part in inside.parts):
        return False
    *_, before, last = ("", "", *(ending.lower() for ending in inside.suffixes))
    return last == ".txt" or (last in (".gz", ".zst") and before not in READERS)


def _examples(files: Iterable[Path], options: Options) -> Iterator[Text]:
    return (text for file in files for text in units(lines(file, options.encoding), options.unit))


def _some(examples: Iterator[Text], path: Path, split: str) -> Iterator[Text]:
    """Pass examples on, of which there must be one."""
    first = next(examples, None)
    if first is None:
        raise SeqkitError(f"{path} has no text in its {split} split: every line is blank.")
    yield first
    yield from examples


def units(lines: Iterable[str], unit: Unit) -> Iterator[Text]:
    """Yield the lines, paragraphs, or the one document of a file; nothing of blank ones."""
    if unit == "line":
        yield from (Text(line) for line in lines if line.strip())
        return
    block: list[str] = []
    for line in lines:
        if unit == "document" or line.strip():
            block.append(line)
        elif block:
            yield Text("\n".join(block))
            block = []
    if any(line.strip() for line in block):
        yield Text("\n".join(block))


def lines(path: Path, encoding: str) -> Iterator[str]:
    """Yield the lines of a text file, plain, ``.gz`` or ``.zst``, without their ends.

    Args:
        path: the file.
        encoding: ``auto`` is UTF-8, and says of a file in another encoding which one it may be.
    """
    if encoding not in ("auto", "utf-8"):
        yield from _decoded(path, encoding)
        return
    try:
        yield from (line for _, line in read_lines(path))
    except NotUtf8Error as error:
        if (likely := _likely(path)) is None or encoding == "utf-8":
            raise
        raise SeqkitError(
            f"{error.problem}, but can be read as {likely}: set the option encoding={likely}."
        ) from None


def _likely(path: Path) -> str | None:
    """Return the encoding that a file which is not UTF-8 may be in, None if not a known one."""
    with opened(path) as file:
        if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return "utf-16"
    try:
        return "cp949" if not any("\0" in line for line in _decoded(path, "cp949")) else None
    except SeqkitError:
        return None


def _decoded(path: Path, encoding: str) -> Iterator[str]:
    """Yield the lines of a file whose encoding was named.

    Decoded by blocks: in UTF-16 the byte of a line feed may be half of another character.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    number, rest = 1, ""  # the line that is being read, and what there is of it
    with opened(path) as file:
        while True:
            block = file.read(BLOCK)
            try:
                whole = rest + decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                before = error.object[: error.start].decode(error.encoding)
                raise SeqkitError(
                    f"{path}, line {number + before.count(chr(10))} is not {encoding}: "
                    "give its right encoding, or convert the file to UTF-8."
                ) from None
            *found, rest = whole.split("\n")
            yield from (line.removesuffix("\r") for line in found)
            number += len(found)
            if len(rest) > LONGEST_LINE:
                limit = f"{LONGEST_LINE // 1024**2} MiB"
                raise SeqkitError(
                    f"{path}, line {number} is longer than {limit}: split it into shorter lines."
                )
            if not block:
                break
    if rest:
        yield rest.removesuffix("\r")
