"""Tatoeba: short everyday sentences and their translations, Korean or French and English."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from seqkit.corpora._pairs import direction, parts
from seqkit.corpus import Card, Pair
from seqkit.errors import SeqkitError
from seqkit.files import read_lines
from seqkit.settings import settings

CARD = Card(
    name="tatoeba",
    title="Tatoeba: sentences and their translations, as selected by manythings.org",
    task="translation",
    languages=("ko", "en", "fr"),
    licence="CC BY 2.0 (France)",
    citation="Tatoeba, https://tatoeba.org; selection: www.manythings.org/anki.",
    homepage="https://www.manythings.org/anki/",
    kind=Pair,
    folder="tatoeba",
    files=("kor-eng.txt",),
)

# Of each language beside English: its file, other layouts, and the rows to hold out, twice.
KOREAN = ("kor-eng.txt",), (("kor-eng", ("kor.txt",)),), 500
FRENCH = ("fra-eng.2017-09.txt",), (("fra-eng", ("fra.txt",)), ("tatoeba", ("fra-eng.txt",))), 1000
FILES = {"ko": KOREAN, "fr": FRENCH}


@settings
class Options:
    """From which language to which; one of the two is English."""

    source: Literal["", "ko", "en", "fr"] = Field(
        default="", description="language to translate from (ko)"
    )
    target: Literal["", "ko", "en", "fr"] = Field(
        default="", description="language to translate to (en; from en: ko)"
    )

    @model_validator(mode="after")
    def _checked(self) -> "Options":
        if "en" not in self.direction:
            one, other = self.direction
            raise SeqkitError(
                f"tatoeba has no {one}-{other} sentences here: it has ko-en and fr-en, either way."
            )
        return self

    @property
    def direction(self) -> tuple[str, str]:
        """The languages of source and target."""
        beside = ("fr", "en") if "fr" in (self.source, self.target) else ("ko", "en")
        return direction(self.source, self.target, beside)


def card(options: Options, path: str) -> Card:
    """Return the card of the two languages that are read."""
    both = options.direction
    if path and Path(path).is_file():  # the user's own name for it
        return replace(CARD, languages=both, files=())
    files, also, _ = FILES[_foreign(options)]
    return replace(CARD, languages=both, files=files, also=also)


def _foreign(options: Options) -> str:
    return next(name for name in options.direction if name != "en")


def read(options: Options, folder: Path | None) -> dict[str, list[Pair]]:
    """Return ``train``, ``validation`` and ``test``, none with a sentence of another.

    A sentence often has many translations here: those that share one, by whatever steps, are in
    the same split, the same one in both directions. Held out are 500 pairs twice (Korean), or
    1,000 twice (French), and what shares a sentence with the last of them.

    Raises:
        SeqkitError: with the file and line of what is no pair.
    """
    assert folder is not None
    files, also, held = FILES[_foreign(options)]
    names = [*files, *(name for _, more in also for name in more)]
    path = next((folder / name for name in names if (folder / name).exists()), folder)
    pairs = _pairs(path, swapped=options.direction[0] != "en")
    return parts(pairs, {"validation": held, "test": held})


def _pairs(path: Path, *, swapped: bool) -> Iterator[Pair]:
    for number, line in read_lines(path):
        cells = line.split("\t")
        if len(cells) not in (2, 3) or not (cells[0].strip() and cells[1].strip()):
            raise SeqkitError(
                f"{path}, line {number} is not an English sentence, a tab and its translation "
                "(and, after another tab, where they are from)."
            )
        english, other = cells[0].strip(), cells[1].strip()
        yield Pair(other, english) if swapped else Pair(english, other)
