"""``kowiki_lm``: Korean Wikipedia articles in three files, split by document."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field

from seqkit.corpora._articles import UNIT_HELP, Unit, documents, joined, lines, titled
from seqkit.corpus import Card, Text
from seqkit.settings import settings

CARD = Card(
    name="kowiki_lm",
    title="Korean Wikipedia for language models: plain articles under '= title =', in three files",
    task="language modelling",
    languages=("ko",),
    licence="CC-BY-SA-3.0",
    citation="The authors of the Korean Wikipedia, https://ko.wikipedia.org.",
    homepage="https://dumps.wikimedia.org/kowiki/",
    kind=Text,
    folder="kowiki_lm",
    files=("train.txt", "valid.txt", "test.txt"),
)

Parentheses = Literal["keep", "tidy"]
PARENTHESES_HELP = "tidy: drop the empty ones left by templates, as in '수학()', '이름(, 1924년)'"

LEADING = re.compile(r"\(\s*(?:[,;]\s*)+")
TRAILING = re.compile(r"(?:\s*[,;])+\s*\)")
EMPTY = re.compile(r"\s?\(\s*\)")


@settings
class Options:
    """How the articles are read.

    Parentheses are kept: that is the text as it was published, and ``f()`` may be code.
    """

    unit: Unit = Field(default="line", description=UNIT_HELP)
    parentheses: Parentheses = Field(default="keep", description=PARENTHESES_HELP)


def read(options: Options, folder: Path | None) -> dict[str, Iterable[Text]]:
    """Return ``train``, ``validation`` and ``test``; no article is in two.

    The blank lines between articles are left out.

    Raises:
        SeqkitError: while the splits are consumed, if a file has no text or is not UTF-8.
    """
    assert folder is not None
    files = zip(("train", "validation", "test"), CARD.files, strict=True)
    return {
        split: joined(articles(folder / name, options.parentheses), options.unit)
        for split, name in files
    }


def articles(path: Path, parentheses: Parentheses) -> Iterator[list[str]]:
    """Yield the lines of each article, its title first, without the blank ones."""
    for article in documents(lines(path), titled):
        kept = [line for line in article if line.strip()]
        yield [tidy(line) for line in kept] if parentheses == "tidy" else kept


def tidy(line: str) -> str:
    """Return the line without what removed templates left: ``()``, ``(, 1924년)``, ``(곱, )``."""
    if "(" not in line:
        return line
    tidier = EMPTY.sub("", TRAILING.sub(")", LEADING.sub("(", line)))
    return tidier if tidier == line else tidy(tidier)  # one pair may have stood in another
