"""Names and cities: read once a category, composed, and parted by name."""

import os
from pathlib import Path

import pytest

from seqkit.corpora import cities, names
from seqkit.corpus import Corpus, load
from seqkit.errors import SeqkitError

DATA = Path(os.environ.get("SEQKIT_DATA", "").split(os.pathsep)[0])


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQKIT_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "names"
    made.mkdir()
    for language in names.LANGUAGES:
        lines = "\n".join(f"{language}{i}" for i in range(10))
        (made / f"{language}.txt").write_text(f"{lines}\nYun\n", encoding="utf-8")
    return made


def pairs(corpus: Corpus, split: str) -> set[tuple[str, str]]:
    return {(row.text, row.labels[0]) for row in corpus.examples(split)}


def test_no_name_is_on_two_sides_and_each_stands_once_in_a_language(folder: Path) -> None:
    (folder / "French.txt").write_text("Le  Gall \nRene\u0301\nRené\nLe Gall\n\nYun", "utf-8")
    corpus = load("names", {"test_fraction": 0.2}, path=str(folder))
    train, test = pairs(corpus, "train"), pairs(corpus, "test")
    assert len(train) + len(test) == len(corpus.split("train")) + len(corpus.split("test"))
    assert not {name for name, _ in train} & {name for name, _ in test}
    assert {name for name, language in train | test if language == "French"} == {
        *("Le Gall", "René", "Yun")
    }
    assert sum(name == "Yun" for name, _ in train | test) == 18  # on one side, in every language


def test_a_file_without_names_is_named(folder: Path) -> None:
    (folder / "Irish.txt").write_text(" \n")
    with pytest.raises(SeqkitError, match=r"Irish.txt has no name in it"):
        load("names", path=str(folder))


def city_rows(country: str, count: int) -> list[str]:
    return [f"{country} city {i}\t{country[:2]}\t{country}\t{20000 + i}" for i in range(count)]


def test_small_countries_are_left_out(tmp_path: Path) -> None:
    header = "city\tcountry_code\tcountry\tpopulation"
    rows = [*city_rows("Korea", 12), *city_rows("Malta", 3), *city_rows("Korea", 12)]
    (tmp_path / "city_country.tsv").write_text("\n".join([header, *rows]), "utf-8")
    assert load("cities", path=str(tmp_path)).labels == ("Korea",)
    corpus = load("cities", {"fewest": 3}, path=str(tmp_path))
    assert corpus.labels == ("Korea", "Malta")
    assert len(corpus.split("train")) + len(corpus.split("test")) == 15  # each city once
    with pytest.raises(SeqkitError, match=r"no country in .* has 40 cities: use fewest=2"):
        load("cities", {"fewest": 40}, path=str(tmp_path))


def test_the_dump_of_geonames_is_read_as_it_is(tmp_path: Path) -> None:
    row = ["1", "Bryo\u0308", *["x"] * 6, "KR", *["y"] * 10]
    (tmp_path / "countryInfo.txt").write_text("#ISO\tISO3\nKR\tKOR\t410\tKS\tSouth Korea\n")
    lines = ["\t".join([*row[:1], f"{row[1]}{i}", *row[2:]]) for i in range(4)]
    lines.append("\t".join([*row[:8], "ZZ", *row[9:]]))
    (tmp_path / "cities15000.txt").write_text("\n".join(lines), "utf-8")
    chosen = cities.Options(fewest=2)
    found = list(cities.read(chosen, tmp_path)["train"])
    assert [r.text for r in found] == [f"Bryö{i}" for i in range(4)]
    assert {r.labels for r in found} == {("South Korea",)}
    (tmp_path / "cities15000.txt").write_text("1\tSeoul\n")
    with pytest.raises(SeqkitError, match=r"cities15000.txt, line 1 is not a row of GeoNames"):
        cities.read(chosen, tmp_path)


def test_a_broken_row_is_named(tmp_path: Path) -> None:
    header = "city\tcountry_code\tcountry\tpopulation"
    (tmp_path / "city_country.tsv").write_text(f"{header}\nSeoul\tKR\n")
    with pytest.raises(SeqkitError, match=r"city_country.tsv, line 2 is not one of 'city"):
        load("cities", path=str(tmp_path))


@pytest.mark.skipif(not (DATA / "names").is_dir(), reason="names are not in SEQKIT_DATA")
def test_the_names_there_are() -> None:
    corpus = load("names", path=str(DATA / "names"))
    train, test = pairs(corpus, "train"), pairs(corpus, "test")
    assert (len(train) + len(test), len({name for name, _ in train | test})) == (18_012, 17_450)
    assert len(corpus.labels) == 18
    assert not {name for name, _ in train} & {name for name, _ in test}
    assert ("Béringer", "French") in train | test
