"""Any sentence pairs of the user's own: two files line by line, or a file with both sides."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from pydantic import Field, model_validator

from seqkit.corpora._pairs import parallel, parts, some
from seqkit.corpora.labelled import quoted
from seqkit.corpus import Card, Pair
from seqkit.errors import SeqkitError, suggest
from seqkit.files import read_lines
from seqkit.settings import PathText, settings

CARD = Card(
    name="pairs",
    title="Your own sentence pairs: two files line by line, tsv, csv or jsonl",
    task="translation",
    languages=("any",),
    licence="yours",
    citation="",
    homepage="",
    kind=Pair,
)

# The names that a file of a split may have: train.de and train.en, or train.tsv.
SPLITS = {
    "train": ("train",),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test",),
}
TABLES = (".tsv", ".txt", ".csv", ".jsonl")
PACKED = (".gz", ".zst")


@settings
class Options:
    """How a user's own pairs are read."""

    source: str = Field(
        default="", description="its files' ending (train.de: de), or its column, by name or number"
    )
    target: str = Field(default="", description="the same of the other side")
    beside: PathText = Field(
        default="", description="the target's file, where the path is the source's, line by line"
    )
    held_out: float = Field(
        default=0.05,
        ge=0,
        lt=0.5,
        description="share of the pairs for validation, and as much for test, where there is none",
    )

    @model_validator(mode="after")
    def _checked(self) -> "Options":
        if self.source and self.source == self.target:
            raise SeqkitError(f"source and target are both '{self.source}': name two sides.")
        return self

    @property
    def direction(self) -> tuple[str, str]:
        """What the two sides are called."""
        return self.source or "source", self.target or "target"


def card(options: Options, path: str) -> Card:
    """Return the card of what lies at ``path``."""
    if not path:
        return CARD
    files = (str(Path(path).expanduser()), options.beside) if options.beside else ()
    return replace(CARD, title=f"Sentence pairs: {Path(path).name}", files=files)


def read(options: Options, folder: Path | None) -> dict[str, Iterable[Pair]]:
    """Return ``train``, ``validation`` and ``test`` of a file, two files, or a folder of them.

    Where there is no validation or test file, pairs of ``train`` are held out, such that no
    sentence of one split is in another. A pair with an empty side is kept as it is.

    Raises:
        SeqkitError: here or while the splits are consumed, with the file and line of what is
            malformed; if two files differ in their number of lines, or a side has no text.
    """
    assert folder is not None
    found = _found(folder, options)
    missing = [split for split in ("validation", "test") if split not in found]
    if not missing or not options.held_out:
        return found
    train = list(found.pop("train"))
    size = max(1, round(options.held_out * len(train)))
    return {**parts(train, dict.fromkeys(missing, size)), **found}


def rows(path: Path, options: Options) -> Iterator[Pair]:
    """Yield the pairs of one file, or of two: those of ``path`` and of ``options.beside``."""
    if options.beside:
        return parallel(path, Path(options.beside))
    if not path.exists():
        raise SeqkitError(f"there is no file or folder at {path}.")
    if path.is_dir():
        raise SeqkitError(f"{path} is a folder: name one file of pairs, or the file of each side.")
    return some(_table(path, options), path)


def _found(folder: Path, options: Options) -> dict[str, Iterable[Pair]]:
    if not folder.is_dir():
        return {"train": rows(folder, options)}
    found: dict[str, Iterable[Pair]] = {}
    for split, aliases in SPLITS.items():
        for alias in aliases:
            if pairs := _split(folder, alias, options):
                found[split] = pairs
                break
    if "train" not in found:  # source.txt and target.txt
        two = [_named(folder, [f"{side}.txt", side]) for side in options.direction]
        if two[0] and two[1]:
            found = {"train": parallel(two[0], two[1])}
    if "train" not in found:
        raise SeqkitError(_nothing(folder, options))
    return found


def _split(folder: Path, alias: str, options: Options) -> Iterator[Pair] | None:
    """Return the pairs of a split: in one file, or in two that are named alike."""
    if one := _named(folder, [f"{alias}{ending}" for ending in TABLES]):
        return some(_table(one, options), one)
    source, target = options.direction
    both = [_named(folder, [f"{alias}.{side}"]) for side in (source, target)]
    if both[0] and both[1]:
        return parallel(both[0], both[1])
    if lone := both[0] or both[1]:
        other = target if both[0] else source
        raise SeqkitError(f"{lone} has no {alias}.{other} beside it: add it, or its other name.")
    return None


def _named(folder: Path, names: Iterable[str]) -> Path | None:
    """Return the first file there is of these names, plain or packed."""
    places = (folder / f"{name}{packed}" for name in names for packed in ("", *PACKED))
    return next((place for place in places if place.is_file()), None)


def _nothing(folder: Path, options: Options) -> str:
    files = (p.name for p in folder.iterdir() if p.is_file())
    plain = [n.removesuffix(".gz").removesuffix(".zst") for n in files]
    endings = sorted({name.partition(".")[2] for name in plain if name.startswith("train.")})
    if len(endings) > 1 and not (options.source and options.target):
        one, other = endings[:2]
        return (
            f"{folder} has train.{', train.'.join(endings)}: say which side is which, as "
            f"source={one} target={other}."
        )
    source, target = options.direction
    return (
        f"{folder} has no pairs to train on: it needs train.{source} and train.{target}, "
        "train.tsv, train.csv or train.jsonl."
    )


def _table(path: Path, options: Options) -> Iterator[Pair]:
    ending = path.suffixes[-2] if path.suffix in PACKED and path.suffixes[1:] else path.suffix
    if ending.lower() not in TABLES:
        raise SeqkitError(
            f"cannot tell what {path} is by its name: pairs are in .tsv, .csv or .jsonl, or in "
            "two files, a side each (corpus=source.txt,target.txt)."
        )
    if ending.lower() == ".jsonl":
        return _objects(path, options)
    return _columns(path, options, comma=ending.lower() == ".csv")


def _columns(path: Path, options: Options, *, comma: bool) -> Iterator[Pair]:
    """Yield two columns: by the names of a header, by number, or the first and the second."""
    lines = ((number, line.split("\t")) for number, line in read_lines(path))
    source = target = 0
    for number, cells in quoted(path, ",") if comma else lines:
        where = f"{path}, line {number}"
        if not target and not source:
            (source, target), is_header = _places(cells, options, where)
            if is_header:
                continue
        if len(cells) <= max(source, target):
            if not comma and not "".join(cells).strip():
                yield Pair("", "")  # a blank line, which is counted as one
                continue
            separator = "comma" if comma else "tab"
            raise SeqkitError(
                f"{where} has {len(cells)} cells, and column {max(source, target) + 1} is needed: "
                f"a {separator} goes between source and target."
            )
        yield Pair(cells[source].strip(), cells[target].strip())


def _places(cells: list[str], options: Options, where: str) -> tuple[tuple[int, int], bool]:
    """Return the columns of source and target, and whether this first line names them."""
    names = [cell.strip() for cell in cells]
    given = options.source, options.target
    if all(name.isdecimal() for name in given):
        places = int(given[0]) - 1, int(given[1]) - 1
        if min(places) < 0:
            raise SeqkitError(f"{where}: columns are counted from 1.")
        return places, False
    wanted = options.direction
    if set(wanted) <= set(names):
        return (names.index(wanted[0]), names.index(wanted[1])), True
    if not any(given):
        return (0, 1), False
    lost = next(name for name in wanted if name not in names)
    raise SeqkitError(
        f"{where} has no column '{lost}'.{suggest(lost, names)} Columns: {', '.join(names[:20])}. "
        "Name both by source=... and target=..., or count them: source=1 target=2."
    )


def _objects(path: Path, options: Options) -> Iterator[Pair]:
    keys = options.direction
    for number, line in read_lines(path):
        where = f"{path}, line {number}"
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise SeqkitError(f"{where} is not valid JSON ({error}).") from None
        if not isinstance(value, dict):
            raise SeqkitError(f'{where} is not an object such as {{"source": ..., "target": ...}}.')
        for key in keys:
            if not isinstance(value.get(key), str):
                there = ", ".join(map(str, value))
                raise SeqkitError(
                    f"{where} has no text '{key}' (it has: {there}): name the two by source=... "
                    "and target=...."
                )
        yield Pair(value[keys[0]].strip(), value[keys[1]].strip())
