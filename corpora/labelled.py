"""Any labelled data of the user's own: a csv, tsv, jsonl or parquet file, or a tree of texts."""

import csv
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from seqkit.corpus import Card, Labelled
from seqkit.errors import SeqkitError, suggest
from seqkit.files import LONGEST_LINE, read_lines
from seqkit.settings import check, settings

CARD = Card(
    name="labelled",
    title="Your own labelled texts: csv, tsv, jsonl, parquet, or a folder per class",
    task="classification",
    languages=("any",),
    licence="yours",
    citation="",
    homepage="",
    kind=Labelled,
)

# The names that a file (train.csv) or a folder (train/CLASS/*.txt) of a split may have.
SPLITS = {
    "train": ("train",),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test",),
}


@settings
class Options:
    """How a user's own labelled data are read."""

    text: str = Field(default="text", min_length=1, description="column of the text")
    label: str = Field(default="label", min_length=1, description="column of the label")
    separator: str = Field(
        default="", description="between several labels in a cell; empty: exactly one label"
    )
    quoting: bool | None = Field(
        default=None, description="cells may stand in double quotes (none: in csv, not in tsv)"
    )
    test_fraction: float = Field(
        default=0.1, ge=0, lt=1, description="of the rows, for a test split where there is none"
    )
    seed: int = Field(default=0, ge=0, description="of the choice of test rows")

    @property
    def multi_label(self) -> bool:
        """Whether a row may have several labels."""
        return bool(self.separator)


# One row on its way: where it stands (for errors), the text and the label as they were found.
Row = tuple[str, Any, Any]


def read(options: Options, folder: Path | None) -> dict[str, Iterable[Labelled]]:
    """Return the splits found at ``folder``: a file, a folder of split files, or a tree.

    Raises:
        SeqkitError: here or while the splits are consumed, with the file and line of what is
            malformed. The training split is to be consumed first.
    """
    assert folder is not None
    seen: set[str] = set()
    files = parts(folder)
    return {
        name: _train(_examples(path, options), path, seen, options)
        if name == "train"
        else _some(_held_out(_rows(path, options), options, seen), path)
        for name, path in files.items()
    }


def rows(path: Path, options: Mapping[str, Any]) -> Iterator[Labelled]:
    """Yield the examples of one file or one tree of class folders, whatever their labels.

    Args:
        path: the file, or the folder that holds a folder for each class.
        options: values of :class:`Options`, by name.
    """
    if not path.exists():
        raise SeqkitError(f"there is no file or folder at {path}.")
    return _some(_examples(path, check(Options, options)), path)


def _examples(path: Path, options: Options) -> Iterator[Labelled]:
    for where, text, label in _rows(path, options):
        yield Labelled(_text(where, text), _labels(where, label, options))


def parts(path: Path) -> dict[str, Path]:
    """Find the file or folder of each split."""
    if path.is_file():
        return {"train": path}
    inside = [p for p in sorted(path.iterdir()) if not p.name.startswith(".")]
    parts: dict[str, Path] = {}
    for split, aliases in SPLITS.items():
        found = [p for p in inside
                 if (p.stem in aliases and p.suffix.lower() in READERS)
                 or (p.name in aliases and p.is_dir())]  # fmt: skip
        if len(found) > 1:
            both = " and ".join(p.name for p in found)
            raise SeqkitError(f"{path} has {both}: leave one of them for the {split} split.")
        if found:
            parts[split] = found[0]
    if not parts and any(p.is_dir() for p in inside):
        return {"train": path}
    if "train" not in parts:
        raise SeqkitError(
            f"{path} has no training data: it needs train.csv (or {_kinds()}), "
            "or a folder for each class with .txt files in it."
        )
    return parts


def _kinds() -> str:
    return ", ".join(READERS)


def _train(
    examples: Iterator[Labelled], path: Path, seen: set[str], options: Options
) -> Iterator[Labelled]:
    """Pass the training rows on, noting their labels."""
    empty = True
    for example in examples:
        empty = False
        seen.update(example.labels)
        yield example
    if empty:
        raise SeqkitError(f"{path} has no rows: there is nothing to learn from.")
    if not seen:
        raise SeqkitError(f"{path} has no label in any row: fill column '{options.label}'.")
    if len(seen) == 1 and not options.multi_label:
        raise SeqkitError(
            f"{path} has only one class, '{next(iter(seen))}', in every row: "
            "a classifier needs at least two."
        )


def _some(examples: Iterator[Labelled], path: Path) -> Iterator[Labelled]:
    """Pass rows on, of which there must be one."""
    first = next(examples, None)
    if first is None:
        raise SeqkitError(f"{path} has no rows: there is nothing to score on.")
    yield first
    yield from examples


def _held_out(found: Iterator[Row], options: Options, seen: set[str]) -> Iterator[Labelled]:
    """Pass the rows of another split on, whose labels must all have been trained on."""
    for where, text, label in found:
        example = Labelled(_text(where, text), _labels(where, label, options))
        for name in example.labels:
            if name not in seen:
                raise SeqkitError(
                    f"{where}: label '{name}' has no training example.{suggest(name, seen)} "
                    "Add one to the training split, or correct the label."
                )
        yield example


def _text(where: str, value: Any) -> str:
    if not isinstance(value, str):
        raise SeqkitError(f"{where}: the text is {_json_name(value)}, where a string is needed.")
    return value


def _labels(where: str, value: Any, options: Options) -> tuple[str, ...]:
    several = isinstance(value, list)
    if several and not options.separator:
        raise SeqkitError(
            f"{where}: the label is a list; if a row may have several labels, set the option "
            "'separator' (train: data.separator=,; eval: --separator ,)."
        )
    if isinstance(value, str) and options.separator:
        value, several = value.split(options.separator), True
    names = []
    for item in value if several else [value]:
        if not isinstance(item, str | int):
            raise SeqkitError(
                f"{where}: the label is {_json_name(item)}, where a string or a whole number "
                "is needed."
            )
        name = str(item).strip() if not isinstance(item, bool) else str(item).lower()
        if name:
            names.append(name)
    if not names and not options.separator:
        raise SeqkitError(f"{where}: the label is missing: write one, or drop the row.")
    return tuple(dict.fromkeys(names))


def _json_name(value: Any) -> str:
    names = {type(None): "missing", list: "a list", dict: "an object", bool: "true or false"}
    return names.get(type(value), "a number")


def _rows(path: Path, options: Options) -> Iterator[Row]:
    if path.is_dir():
        return _read_tree(path)
    if path.suffix.lower() not in READERS:
        raise SeqkitError(
            f"cannot tell what {path} is by its name: it should end in {_kinds()}, "
            "or be a folder with a folder for each class."
        )
    if path.stat().st_size == 0:
        raise SeqkitError(f"{path} is empty.")
    return READERS[path.suffix.lower()](path, options)


def _column(name: str, columns: list[str], where: str, setting: str) -> int:
    if name not in columns:
        there = ", ".join(columns[:20])
        raise SeqkitError(
            f"{where} has no column '{name}'.{suggest(name, columns)} "
            f"Columns: {there}. Name one by the option '{setting}' "
            f"(train: data.{setting}=COLUMN; eval: --{setting} COLUMN)."
        )
    return columns.index(name)


def _read_table(path: Path, options: Options) -> Iterator[Row]:
    """Yield the rows of a csv or tsv file, the first of which names the columns."""
    comma = path.suffix.lower() == ".csv"
    quoting = options.quoting if options.quoting is not None else comma
    records = (quoted if quoting else unquoted)(path, "," if comma else "\t")
    number, header = next(records, (1, []))
    columns = [name.strip() for name in header]
    text = _column(options.text, columns, f"{path}, line {number},", "text")
    label = _column(options.label, columns, f"{path}, line {number},", "label")
    for number, cells in records:
        where = f"{path}, line {number}"
        if len(cells) != len(columns):
            hint = "put cells with a separator in them in double quotes" if quoting else (
                "no tab may stand inside a cell"
            )  # fmt: skip
            raise SeqkitError(
                f"{where} has {len(cells)} cells and the header {len(columns)}: {hint}."
            )
        yield where, cells[text], cells[label]


def unquoted(path: Path, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of each line that is not blank, and its number."""
    return ((number, line.split(delimiter)) for number, line in read_lines(path) if line.strip())


def quoted(path: Path, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each record and the line it begins on: a quoted cell may hold line feeds."""
    if csv.field_size_limit() < LONGEST_LINE:
        csv.field_size_limit(LONGEST_LINE)
    lines = (line + "\n" for _, line in read_lines(path))
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise SeqkitError(
                f"{path}, line {number}: {error}; close every double quote and write one inside "
                'a cell as "", or set quoting=false.'
            ) from None
        if cells is None:
            return
        if cells:
            yield number, cells


def _read_jsonl(path: Path, options: Options) -> Iterator[Row]:
    for number, line in read_lines(path):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise SeqkitError(f"{where} is not valid JSON ({error}).") from None
        if not isinstance(value, dict):
            raise SeqkitError(
                f'{where} is not a JSON object such as {{"text": ..., "label": ...}}.'
            )
        if "\\ud" in line.lower() and not _is_text(json.dumps(value, ensure_ascii=False)):
            raise SeqkitError(
                f"{where} holds half of a surrogate pair (\\ud83d), which is no character: mend "
                "the row."
            )
        _column(options.text, list(value), where, "text")
        _column(options.label, list(value), where, "label")
        yield where, value[options.text], value[options.label]


def _is_text(value: str) -> bool:
    try:
        return bool(value.encode())
    except UnicodeEncodeError:
        return False


def _read_parquet(path: Path, options: Options) -> Iterator[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            columns = file.schema_arrow.names
            _column(options.text, columns, str(path), "text")
            _column(options.label, columns, str(path), "label")
            number = itertools.count(1)
            for batch in file.iter_batches(columns=[options.text, options.label]):
                texts, labels = batch[options.text].to_pylist(), batch[options.label].to_pylist()
                for text, label in zip(texts, labels, strict=True):
                    yield f"{path}, row {next(number)}", text, label
    except (pa.ArrowException, OSError) as error:
        reason = " ".join(str(error).split())
        raise SeqkitError(f"{path} is not a readable parquet file ({reason}).") from None


def _read_tree(path: Path) -> Iterator[Row]:
    """Yield the text files of a tree, one document each, whose folder's name is the label."""
    for folder in sorted(p for p in path.iterdir() if p.is_dir() and not p.name.startswith(".")):
        files = sorted(folder.glob("*.txt"))
        if not files:
            raise SeqkitError(f"class '{folder.name}' has no example: no .txt file in {folder}.")
        for file in files:
            yield str(file), "\n".join(line for _, line in read_lines(file)), folder.name


READERS: dict[str, Callable[[Path, Options], Iterator[Row]]] = {
    ".csv": _read_table,
    ".tsv": _read_table,
    ".jsonl": _read_jsonl,
    ".parquet": _read_parquet,
}
