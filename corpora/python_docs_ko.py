"""The documentation of Python 3.13 in English and Korean: 30,606 strings, with their mark-up."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from seqkit.corpora._pairs import direction, parts
from seqkit.corpus import Card, Pair
from seqkit.errors import SeqkitError
from seqkit.files import read_lines
from seqkit.settings import settings

FILE = "python_docs_3.13.en-ko.tsv.gz"
LANGUAGES = ("en", "ko")

CARD = Card(
    name="python_docs_ko",
    title="Python 3.13 documentation in English and Korean",
    task="translation",
    languages=LANGUAGES,
    licence="PSF documentation licence",
    citation="Python Software Foundation and the translators of python-docs-ko.",
    homepage="https://github.com/python/python-docs-ko",
    kind=Pair,
    folder="python_docs_ko",
    files=(FILE,),
)

HEADER = ["file", "en", "ko"]
HELD = 1000  # strings, twice


@settings
class Options:
    """From which language to which."""

    source: Literal["", "en", "ko"] = Field(
        default="", description="language to translate from (en)"
    )
    target: Literal["", "en", "ko"] = Field(default="", description="language to translate to (ko)")

    @model_validator(mode="after")
    def _checked(self) -> "Options":
        _ = self.direction
        return self

    @property
    def direction(self) -> tuple[str, str]:
        """The languages of source and target."""
        return direction(self.source, self.target, LANGUAGES)


def read(options: Options, folder: Path | None) -> dict[str, list[Pair]]:
    """Return ``train``, ``validation`` and ``test``, none with a string of another.

    The strings keep their reStructuredText, as ``:ref:`reporting-bugs```.

    Raises:
        SeqkitError: with the file and line of what is malformed.
    """
    assert folder is not None
    path = folder / FILE if folder.is_dir() else folder
    pairs = _pairs(path, swapped=options.direction[0] != "en")
    return parts(pairs, {"validation": HELD, "test": HELD})


def _pairs(path: Path, *, swapped: bool) -> Iterator[Pair]:
    for number, line in read_lines(path):
        cells = line.split("\t")
        if len(cells) != len(HEADER):
            raise SeqkitError(
                f"{path}, line {number} is not a file's name, an English and a Korean string, "
                "with tabs between them."
            )
        if cells != HEADER:
            english, korean = cells[1].strip(), cells[2].strip()
            yield Pair(korean, english) if swapped else Pair(english, korean)
