"""``names``: 18,000 surnames of eighteen languages, in Latin letters with their accents."""

import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import Field

from seqkit.corpus import Card, Labelled
from seqkit.errors import SeqkitError
from seqkit.files import read_lines
from seqkit.settings import settings

LANGUAGES = (
    *("Arabic", "Chinese", "Czech", "Dutch", "English", "French", "German", "Greek", "Irish"),
    *("Italian", "Japanese", "Korean", "Polish", "Portuguese", "Russian", "Scottish", "Spanish"),
    "Vietnamese",
)

CARD = Card(
    name="names",
    title="Surnames by language, of the PyTorch tutorial on character-level networks",
    task="writing names of a language, and telling the language of a name",
    languages=("any",),
    licence="MIT",
    citation="S. Robertson, practical-pytorch, 2017.",
    homepage="https://github.com/spro/practical-pytorch",
    kind=Labelled,
    folder="names",
    files=tuple(f"{language}.txt" for language in LANGUAGES),
)


@settings
class Options:
    """How the names are parted."""

    test_fraction: float = Field(
        default=0.1, gt=0, lt=1, description="of the distinct names, for the test split"
    )
    seed: int = Field(default=0, ge=0, description="of the choice of test names")


def read(options: Options, folder: Path | None) -> dict[str, Iterable[Labelled]]:
    """Return ``train``, each name once a language: 18,012 rows of 20,050 lines.

    The test split is carved out of it by name: a name of several languages (469 of 17,450) has a
    row for each, all of them in one split. Names are in Unicode's composed form (NFC).

    Raises:
        SeqkitError: while the split is consumed, if a file has no name in it.
    """
    del options
    assert folder is not None
    return {"train": (row for name in CARD.files for row in rows(folder / name))}


def rows(path: Path) -> Iterator[Labelled]:
    """Yield the names of one file, a name a line, each once; the file's name is their label."""
    seen: set[str] = set()
    for _, line in read_lines(path):
        name = spelt(line)
        if name and name not in seen:
            seen.add(name)
            yield Labelled(name, (path.stem,))
    if not seen:
        raise SeqkitError(f"{path} has no name in it: write one a line.")


def spelt(name: str) -> str:
    """Return a name in composed form (NFC), with one space wherever it has white space inside."""
    return " ".join(unicodedata.normalize("NFC", name).split())
