"""Texts for language models: every line, or the documents that the lines make up."""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, pairwise
from pathlib import Path
from typing import Literal

from seqkit.corpus import Text
from seqkit.errors import SeqkitError
from seqkit.files import read_lines

Unit = Literal["line", "document"]
UNIT_HELP = "what an example is; the lines of a document are joined by line feeds"

# Of a line, the line before it and the one after it: whether a document starts here.
Starts = Callable[[str, str, str], bool]

TITLE = re.compile(r" ?= [^=].* = ?")  # a section's title has more signs: ' = = History = = '


def titled(before: str, line: str, after: str) -> bool:
    """Whether ``line`` is the title of an article: ``= title =`` after a blank line."""
    del after
    return not before.strip() and TITLE.fullmatch(line) is not None


def lines(path: Path) -> Iterator[str]:
    """Yield every line of a file, blank ones too, of which one must not be.

    Raises:
        SeqkitError: while it is consumed, if there is no text, or it is not UTF-8.
    """
    blank = True
    for _, line in read_lines(path):
        blank = blank and not line.strip()
        yield line
    if blank:
        raise SeqkitError(f"{path} has no text: fetch the file again.")


def documents(lines: Iterable[str], starts: Starts) -> Iterator[list[str]]:
    """Yield the lines of each document; blank ones before the first title go with it."""
    block: list[str] = []
    before, text = "", False  # the line before; whether the document has any
    for line, after in pairwise(chain(lines, [""])):
        if text and starts(before, line, after):
            yield block
            block, text = [], False
        block.append(line)
        before, text = line, text or bool(line.strip())
    if block:
        yield block


def joined(documents: Iterable[list[str]], unit: Unit) -> Iterator[Text]:
    """Yield each line of the documents, or each document.

    The lines are the same in both: a document of k lines has k - 1 line feeds.
    """
    for block in documents:
        if unit == "line":
            yield from map(Text, block)
        else:
            yield Text("\n".join(block))
