"""A series of the user's own: a csv or tsv file with a header and a row for each time step."""

import csv
import logging
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from seqkit.corpora._frames import SplitOptions, Table
from seqkit.corpus import Card, Series
from seqkit.errors import SeqkitError, suggest
from seqkit.files import read_lines
from seqkit.settings import settings

if TYPE_CHECKING:
    from seqkit.corpora._frames import Numbers

log = logging.getLogger(__name__)
HOLE = 10  # times the usual time between two rows: more than a weekend and a feast
RARE = 0.05  # of the steps; what is more frequent is a rhythm, as the nights of a market

CARD = Card(
    name="series",
    title="Your own series of numbers: a csv or tsv file with a row for each time step",
    task="forecasting, labels of time steps",
    languages=("any",),
    licence="yours",
    citation="",
    homepage="",
    kind=Series,
)

SEPARATORS = {"comma": ",", "tab": "\t", "semicolon": ";"}
DATE_NAMES = ("date", "time", "datetime", "timestamp", "날짜", "일자", "일시", "시간")
GAPS = ("", "na", "n/a", "nan", "null", "none", "-", "?")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
PLAIN = re.compile(r"[-+.eE0-9]+")

Record = tuple[int, list[str]]  # the line it begins on, and its cells


@settings
class Options(SplitOptions):
    """How a user's own series is read."""

    columns: str = Field(
        default="", description="number columns to read, as a,b,c (empty: all but the others here)"
    )
    skip: str = Field(default="", description="columns to leave out, as a,b,c")
    label: str = Field(default="", description="column of labels, a text for each frame")
    date: str = Field(
        default="auto", description="column of dates, which must ascend (auto: by its name; none)"
    )
    gaps: Literal["refuse", "previous", "linear"] = Field(
        default="refuse", description="what a blank cell becomes; linear looks ahead to the next"
    )
    separator: Literal["auto", "comma", "tab", "semicolon"] = Field(
        default="auto", description="between cells (auto: the first of tab, ; and , in the header)"
    )
    decimal: Literal[".", ","] = Field(default=".", description="the decimal point of numbers")


def read(options: Options, folder: Path | None) -> dict[str, Iterable[Series]]:
    """Return the splits of the file at ``folder``, cut in order of time.

    Raises:
        SeqkitError: with the file and line of what is malformed.
    """
    assert folder is not None
    return {**table(folder, options).splits(options, options.gaps)}


def table(path: Path, options: Options, columns: Sequence[str] = ()) -> Table:
    """Read a file.

    Args:
        path: the file.
        options: how it is read.
        columns: the names of the number columns, where the options name none.

    Raises:
        SeqkitError: with the file and line of what is malformed.
    """
    if path.is_dir():
        raise SeqkitError(f"{path} is a folder: name one csv or tsv file in it.")
    records = _records(path, options)
    first = next(records, None)
    if first is None:
        raise SeqkitError(f"{path} is empty: a header and a row for each time step are needed.")
    header = _header(path, *first)
    asked = _names(options.columns) or list(columns)
    date = _date_column(path, header, options, asked)
    numbers = _number_columns(path, header, options, date, asked)
    rows, lines = [], []
    for line, cells in records:
        if len(cells) != len(header):
            raise SeqkitError(
                f"{path}, line {line} has {len(cells)} cells and the header {len(header)}: "
                "correct the line, or name the separator (data.separator=)."
            )
        rows.append(cells)
        lines.append(line)
    if not rows:
        raise SeqkitError(f"{path} has a header and no rows: there is nothing to learn from.")
    cells_of = dict(zip(header, zip(*rows, strict=True), strict=True))
    texts: dict[str, Sequence[str]] = {}
    if date:
        _check_dates(path, date, cells_of[date], lines)
        texts[date] = cells_of[date]
    if options.label:
        texts[options.label] = _labels(path, options.label, cells_of[options.label], lines)
    parsed = {
        name: _numbers(path, name, cells_of[name], lines, options, needed=bool(asked))
        for name in numbers
    }
    return Table(str(path), parsed, texts, date, lines)


def _records(path: Path, options: Options) -> Iterator[Record]:
    """Yield the header and the records, cells stripped; without blank lines.

    A record of blank cells alone is a gap, but for those that a spreadsheet leaves at the end.
    """
    lines = read_lines(path)
    first = next((text for _, text in lines if text.strip()), "")
    present = [sign for sign in "\t;," if sign in first]
    auto = present[0] if present else ","
    reader = csv.reader(
        (text + "\n" for _, text in read_lines(path)),
        delimiter=SEPARATORS.get(options.separator, auto),
        strict=True,
    )
    blank: list[Record] = []
    begun = False
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise SeqkitError(
                f"{path}, line {line}: {error}; close every double quote, and write one inside a "
                'cell as "".'
            ) from None
        if cells is None:
            return
        if not cells or (len(cells) == 1 and cells[0] and not cells[0].strip()):
            continue  # a line of nothing; "" is a cell
        record = line, [cell.strip() for cell in cells]
        if any(record[1]) or (begun and len(cells) == 1):
            yield from blank
            yield record
            begun, blank = True, []
        elif begun:
            blank.append(record)


def _header(path: Path, line: int, cells: list[str]) -> list[str]:
    place = f"{path}, line {line}"
    if all(_is_number(cell) for cell in cells):
        raise SeqkitError(f"{place} holds numbers where names of columns belong: add a header.")
    for column, name in enumerate(cells, start=1):
        if not name:
            raise SeqkitError(f"{place}: column {column} has no name: give it one in the header.")
        if "\n" in name:
            raise SeqkitError(
                f"{place}: the name of column {column} goes on to the next line: close the double "
                "quote that opens it."
            )
        if name in cells[: column - 1]:
            raise SeqkitError(f"{place}: two columns are named '{name}': rename one of them.")
    return cells


def _is_number(cell: str) -> bool:
    return NUMBER.fullmatch(cell) is not None


def parse_number(cell: str, decimal: str = ".") -> float | None:
    """Return the finite number that a cell holds, else None."""
    if decimal == ",":
        cell = cell.replace(".", " ").replace(",", ".")
    value = float(cell) if _is_number(cell) else math.inf
    return value if math.isfinite(value) else None


def _date_column(path: Path, header: list[str], options: Options, asked: list[str]) -> str:
    taken = (*asked, *_names(options.skip), options.label)
    if options.date == "auto":
        return next((n for n in header if n.casefold() in DATE_NAMES and n not in taken), "")
    if options.date in ("", "none"):
        return ""
    return _known(path, options.date, header, "date")


def skips_dates(skip: str) -> bool:
    """Whether a column that would be taken for dates is among those to leave out."""
    return any(name.casefold() in DATE_NAMES for name in _names(skip))


def _number_columns(
    path: Path, header: list[str], options: Options, date: str, asked: list[str]
) -> list[str]:
    if options.label:
        _known(path, options.label, header)
    skipped = [_known(path, name, header, "skip") for name in _names(options.skip)]
    if asked:
        return [_known(path, name, header) for name in asked]
    found = [name for name in header if name not in (date, options.label, *skipped)]
    if not found:
        raise SeqkitError(f"{path} has no column of numbers: its columns are {', '.join(header)}.")
    return found


def _names(listed: str) -> list[str]:
    return list(dict.fromkeys(name.strip() for name in listed.split(",") if name.strip()))


def _known(path: Path, name: str, header: Sequence[str], option: str = "") -> str:
    if name not in header:
        told = f", which data.{option} names" if option else ""
        raise SeqkitError(
            f"{path} has no column '{name}'{told}.{suggest(name, header)} "
            f"Columns: {', '.join(header[:20])}."
        )
    return name


def _labels(path: Path, name: str, cells: Sequence[str], lines: Sequence[int]) -> Sequence[str]:
    for cell, line in zip(cells, lines, strict=True):
        if not cell:
            raise SeqkitError(
                f"{path}, line {line}: the label in column '{name}' is missing: write one."
            )
    return cells


def _numbers(
    path: Path,
    name: str,
    cells: Sequence[str],
    lines: Sequence[int],
    options: Options,
    *,
    needed: bool,
) -> "Numbers":
    """Return a column as numbers, NaN where a gap is to be filled."""
    import numpy as np

    values = np.empty(len(cells))
    if options.decimal == "." and PLAIN.fullmatch("".join(cells)):  # most files, and faster
        with suppress(ValueError):
            values = np.array(cells, dtype=np.float64)
            if np.isfinite(values).all():
                return values
    for row, cell in enumerate(cells):
        value = parse_number(cell, options.decimal)
        if value is None and (cell.casefold() not in GAPS or options.gaps == "refuse"):
            raise _no_number(path, name, cell, lines[row], needed)
        values[row] = np.nan if value is None else value
    return values


class GapError(SeqkitError):
    """A gap that no rule is to fill; ``place`` is where."""

    def __init__(self, place: str) -> None:
        super().__init__(
            f"{place} is a gap: fill it in, or choose a rule "
            "(data.gaps=previous or data.gaps=linear)."
        )
        self.place = place


def _no_number(path: Path, name: str, cell: str, line: int, needed: bool) -> SeqkitError:
    place = f"{path}, line {line}, column '{name}'"
    if cell.casefold() in GAPS:
        return GapError(place)
    if _is_number(cell) and not math.isfinite(float(cell)):
        return SeqkitError(f"{place}: {cell[:40]} is too large a number.")
    advice = "correct it" + ("" if needed else f", or leave the column out (data.skip={name})")
    if parse_number(cell) is not None or parse_number(cell, ",") is not None:
        advice = "write 1234.5 for numbers, or set data.decimal=, for 1234,5"
    return SeqkitError(f"{place}: '{_shown(cell)}' is not a number: {advice}.")


def _shown(cell: str) -> str:
    """Return what a message shows of a cell: a quoted one may be long, and hold line breaks."""
    return " ".join(cell.split())[:40]


def instant(cell: str) -> datetime | float | None:
    """Return a date, or a number that counts time (20240131 too); None for neither."""
    if _is_number(cell):
        return float(cell)
    for spelt in (cell, _respelt(cell)):
        with suppress(ValueError):
            return datetime.fromisoformat(spelt)
    return None


def _respelt(cell: str) -> str:
    """Return dates as 2024/1/3, 2024. 1. 3. and 2024-01 as ISO 8601 has them."""
    cell = re.sub(r"^(\d{4})[-./] ?(\d{1,2})[-./] ?(\d{1,2})\.?", _iso, cell)
    return re.sub(r"^(\d{4})[-./](\d{2})$", r"\1-\2-01", cell)


def _iso(found: re.Match[str]) -> str:
    year, month, day = found.groups()
    return f"{year}-{month:0>2}-{day:0>2}"


def _check_dates(path: Path, name: str, cells: Sequence[str], lines: Sequence[int]) -> None:
    """Refuse dates that do not ascend: the order of rows is the order of time."""
    before: datetime | float | None = None
    steps: list[timedelta] = []
    for row, cell in enumerate(cells):
        now = instant(cell)
        try:
            if now is not None and (before is None or before < now):  # type: ignore[operator]
                if isinstance(now, datetime) and isinstance(before, datetime):
                    steps.append(now - before)
                before = now
                continue
            problem = f"{cell} is {'the same as' if now == before else 'before'} that of line "
            problem += (
                f"{lines[row - 1]}: sort the rows by time, one a time step (a file of several "
                "series: a file for each)"
            )
        except TypeError:  # of two kinds, or one with an offset from UTC and one without
            problem = f"'{_shown(cell)}' is not of the form of the others"
        if not cell:
            problem = "the date is missing: write it, or delete the row"
        elif now is None:
            problem = (
                f"'{_shown(cell)}' is not a date such as 2024-01-31 or 2024-01-31 12:00: correct "
                f"it, or leave the column out (data.skip={name})"
            )
        raise SeqkitError(f"{path}, line {lines[row]}, column '{name}': {problem}.")
    if len(steps) > 1:
        _tell_holes(path, name, cells, lines, steps)


def _tell_holes(
    path: Path, name: str, cells: Sequence[str], lines: Sequence[int], steps: Sequence[timedelta]
) -> None:
    """Warn of a few steps much longer than the others: the row after one is read as the next."""
    usual = sorted(steps)[len(steps) // 2]
    holes = [row for row, step in enumerate(steps, start=1) if step >= HOLE * usual]
    if 0 < len(holes) <= RARE * len(steps):
        log.warning(
            "%s, line %s, column '%s': %s comes right after %s, far longer than most steps (%s "
            "such places): rows between may be missing, and it is read as the next step.",
            *(path, lines[holes[0]], name, cells[holes[0]], cells[holes[0] - 1], len(holes)),
        )
