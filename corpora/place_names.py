"""Place names in Latin letters and in Hangul: 7,375 cities of GeoNames, to be transliterated."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from seqkit.corpora._pairs import direction, parts
from seqkit.corpus import Card, Pair
from seqkit.errors import SeqkitError
from seqkit.files import read_lines
from seqkit.settings import settings

FILE = "city_en_ko.tsv"
LANGUAGES = ("en", "ko")

CARD = Card(
    name="place_names",
    title="Place names in English and Korean (GeoNames)",
    task="transliteration",
    languages=LANGUAGES,
    licence="CC BY 4.0",
    citation="GeoNames, https://www.geonames.org, alternate names.",
    homepage="https://www.geonames.org",
    kind=Pair,
    folder="geonames",
    files=(FILE,),
)

HEADER = ["en", "ko", "country_code"]
HELD = 500  # names, twice


@settings
class Options:
    """From which script to which."""

    source: Literal["", "en", "ko"] = Field(default="", description="language of the source (en)")
    target: Literal["", "en", "ko"] = Field(default="", description="language of the target (ko)")

    @model_validator(mode="after")
    def _checked(self) -> "Options":
        _ = self.direction
        return self

    @property
    def direction(self) -> tuple[str, str]:
        """The languages of source and target."""
        return direction(self.source, self.target, LANGUAGES)


def read(options: Options, folder: Path | None) -> dict[str, list[Pair]]:
    """Return ``train``, ``validation`` and ``test``, none with a name of another.

    Names are as people write them, not by rule: some are translated (Florence is 피렌체), some
    say what the place is (Shaoxing is 사오싱 시).

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
        if len(cells) != len(HEADER) or not (cells[0].strip() and cells[1].strip()):
            raise SeqkitError(
                f"{path}, line {number} is not an English name, a Korean one and a country code, "
                "with tabs between them."
            )
        if cells != HEADER:
            english, korean = cells[0].strip(), cells[1].strip()
            yield Pair(korean, english) if swapped else Pair(english, korean)
