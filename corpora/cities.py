"""``cities``: cities of more than 15,000 people and their countries, from GeoNames."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import Field

from seqkit.corpora.names import spelt
from seqkit.corpus import Card, Labelled
from seqkit.errors import SeqkitError
from seqkit.files import read_lines
from seqkit.settings import settings
from seqkit.sources import files_of

TABLE = ("city_country.tsv",)
DUMP = ("cities15000.txt", "countryInfo.txt")  # as GeoNames has them

CARD = Card(
    name="cities",
    title="GeoNames: cities of more than 15,000 people, by country",
    task="writing names of a country's cities, and telling the country of a city",
    languages=("any",),
    licence="CC-BY-4.0",
    citation="GeoNames geographical database, https://www.geonames.org.",
    homepage="https://download.geonames.org/export/dump",
    kind=Labelled,
    folder="geonames",
    files=TABLE,
    also=(("geonames", DUMP),),
)

HEADER = ["city", "country_code", "country", "population"]


@settings
class Options:
    """Which countries there are, and how the cities are parted."""

    fewest: int = Field(
        default=10, ge=2, description="countries with fewer cities are left out of all splits"
    )
    test_fraction: float = Field(
        default=0.1, gt=0, lt=1, description="of the distinct names, for the test split"
    )
    seed: int = Field(default=0, ge=0, description="of the choice of test cities")


def read(options: Options, folder: Path | None) -> dict[str, Iterable[Labelled]]:
    """Return ``train``, each name once a country.

    The folder holds either the table of cities and countries, or two files of GeoNames's own
    dump, as they are. The test split is carved out of train by name: a name of several countries
    has a row for each, all of them in one split. Names are in Unicode's composed form (NFC).

    Raises:
        SeqkitError: with the file and line of a malformed row, or if no country has enough
            cities.
    """
    assert folder is not None
    files = files_of(CARD, folder)
    pairs = _table(folder / TABLE[0]) if files == TABLE else _dump(*(folder / f for f in DUMP))
    cities = dict.fromkeys(pairs)  # each once, in order
    several = Counter(country for _, country in cities)
    kept = [Labelled(c, (country,)) for c, country in cities if several[country] >= options.fewest]
    if not kept:
        raise SeqkitError(f"no country in {folder} has {options.fewest} cities: use fewest=2.")
    return {"train": kept}


def _table(path: Path) -> Iterator[tuple[str, str]]:
    for number, line in read_lines(path):
        cells = line.split("\t")
        if number == 1 and cells == HEADER:
            continue
        if number == 1 or len(cells) != len(HEADER) or not cells[0].strip() or not cells[2]:
            raise SeqkitError(
                f"{path}, line {number} is not one of '{', '.join(HEADER)}' (tab-separated): "
                "mend the line, or make the file anew."
            )
        yield spelt(cells[0]), cells[2]


def _dump(cities: Path, countries: Path) -> Iterator[tuple[str, str]]:
    named = {
        cells[0]: cells[4]
        for _, line in read_lines(countries)
        if not line.startswith("#") and len(cells := line.split("\t")) > 4
    }
    for number, line in read_lines(cities):
        cells = line.split("\t")
        if len(cells) != 19 or not cells[1].strip():
            raise SeqkitError(
                f"{cities}, line {number} is not a row of GeoNames (19 cells between tabs): fetch "
                "the file again."
            )
        yield spelt(cells[1]), named.get(cells[8], cells[8])
