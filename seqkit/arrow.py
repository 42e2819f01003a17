"""Examples as Arrow: written once to the user cache, opened by memory map from then on.

An example is a NamedTuple; its annotations are the columns: ``str``, ``int``, tuples of them
(lists), and tuples of NamedTuples (lists of structs).
"""

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

from seqkit.errors import SeqkitError
from seqkit.files import read_json, write_error, write_json
from seqkit.sources import cache_folder

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Dataset

ROWS = 1000  # in a record batch: a few hundred kilobytes of sentences
FORMAT = 1  # of the cached files: raise it when their layout changes

Splits = Mapping[str, Iterable[Any]]


def in_memory(splits: Splits, kind: type) -> "dict[str, Dataset]":
    """Return each split as a Dataset in memory; ``kind`` is the type of an empty one's rows."""
    import pyarrow as pa
    from datasets import Dataset
    from datasets.table import InMemoryTable

    opened = {}
    for name, examples in splits.items():
        first, rest = _peek(examples, kind)
        layout = schema(first)
        table = pa.Table.from_batches(list(_batches(rest, layout, first)), layout)
        opened[name] = Dataset(InMemoryTable(table))
    return opened


def cached(
    name: str, options: Any, stamp: Any, read: Callable[[], Splits], kind: type
) -> "dict[str, Dataset]":
    """Return the splits from the user cache, where they are written by the first call.

    Args:
        name: of the corpus.
        options: JSON values that, with the name, say which reading of it this is.
        stamp: JSON values that change whenever what is read, or the reader, changes. The cached
            files of an older stamp are deleted.
        read: gives the examples of each split; called only where they are not in the cache.
        kind: the type of the examples of a split that has none.
    """
    import pyarrow as pa
    from datasets import Dataset

    key = f"{re.sub(r'[^A-Za-z0-9]+', '-', name)[-40:]}-{_digest([name, options])}"
    folder = cache_folder() / "arrow" / f"{key}-{_digest([FORMAT, stamp])}"
    if not folder.is_dir():
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
        except OSError:  # a machine whose home is read-only works all the same, only slower
            return in_memory(read(), kind)
        try:
            _write(temporary, read(), kind)
            _place(temporary, folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        for older in folder.parent.glob(f"{key}-*"):
            if older != folder:
                shutil.rmtree(older, ignore_errors=True)
    try:
        names = read_json(folder / "splits.json")
        return {split: Dataset.from_file(str(folder / f"{split}.arrow")) for split in names}
    except (pa.ArrowException, OSError, SeqkitError):
        raise SeqkitError(
            f"the cached copy {folder} is damaged: delete it and try again."
        ) from None


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _write(folder: Path, splits: Splits, kind: type) -> None:
    import pyarrow as pa

    for name, examples in splits.items():
        path = folder / f"{name}.arrow"
        first, rest = _peek(examples, kind)
        layout = schema(first)
        batches = _batches(rest, layout, first)
        with _disk(path), pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, layout) as to:
            for batch in batches:
                to.write_batch(batch)
    write_json(folder / "splits.json", list(splits))


def _place(temporary: Path, folder: Path) -> None:
    try:
        temporary.rename(folder)
    except OSError as error:
        if not folder.is_dir():  # else another process was first, with the same rows
            raise write_error(folder, error) from error


@contextmanager
def _disk(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise write_error(path, error) from error


def _peek(examples: Iterable[Any], kind: type) -> tuple[type, Iterator[Any]]:
    rows = iter(examples)
    head = list(islice(rows, 1))
    return (type(head[0]) if head else kind), chain(head, rows)


def _batches(
    examples: Iterator[Any], layout: "pa.Schema", kind: type
) -> "Iterator[pa.RecordBatch]":
    import pyarrow as pa

    nested = [_item(hint) is not None for hint in get_type_hints(kind).values()]
    while rows := list(islice(examples, ROWS)):
        arrays = []
        for values, field, is_nested in zip(zip(*rows, strict=True), layout, nested, strict=True):
            column = [[item._asdict() for item in v] for v in values] if is_nested else values
            arrays.append(pa.array(column, field.type))
        yield pa.RecordBatch.from_arrays(arrays, schema=layout)


def _item(hint: Any) -> Any:
    """Return the NamedTuple that a field's tuple holds, None where it holds plain values."""
    if get_origin(hint) is tuple and hasattr(get_args(hint)[0], "_fields"):
        return get_args(hint)[0]
    return None


def schema(kind: type) -> "pa.Schema":
    """Return the Arrow schema of a type of example."""
    import pyarrow as pa

    return pa.schema([(name, _type(hint)) for name, hint in get_type_hints(kind).items()])


def _type(hint: Any) -> "pa.DataType":
    import pyarrow as pa

    if get_origin(hint) is tuple:
        return pa.list_(_type(get_args(hint)[0]))
    if hasattr(hint, "_fields"):
        return pa.struct(list(schema(hint)))
    plain = {str: pa.string(), int: pa.int32(), float: pa.float64(), bool: pa.bool_()}
    return next(plain[part] for part in (hint, *get_args(hint)) if part in plain)


def examples(dataset: "Dataset", kind: type) -> Iterator[Any]:
    """Yield the rows of a Dataset as examples of ``kind``."""
    hints = get_type_hints(kind)
    for batch in dataset.iter(batch_size=ROWS):
        columns = [_column(batch[name], hint) for name, hint in hints.items()]
        yield from map(kind, *columns)


def _column(values: Iterable[Any], hint: Any) -> Iterable[Any]:
    item = _item(hint)
    if item is not None:
        return (tuple(item(**cell) for cell in value) for value in values)
    return map(tuple, values) if get_origin(hint) is tuple else values
