"""The folder that keeps word vectors: opened by memory map, in milliseconds whatever its size.

==================== ==================================================================
vectors.safetensors  ``vectors`` (words, size), ``norms`` (words,) float32, ``counts``
                     (words,) where known, and the table that finds a word in words.txt
words.txt            the words in order of their rows, one a line, UTF-8
card.json            what they are: size, number, how they were made
==================== ==================================================================

Every tensor begins at a multiple of 64 bytes, so that compiled loops read it as it lies; what
fills the gaps is tensors too, since the format allows none.
"""

import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from seqkit.errors import SeqkitError
from seqkit.files import atomic, read_json
from seqkit.vectors.words import Words, WordTable

VECTORS, WORDS, CARD = "vectors.safetensors", "words.txt", "card.json"
FORMAT, VERSION = "seqkit-vectors", 1
ALIGNMENT = 64
LONGEST_HEADER = 1 << 20
KINDS = {
    "F16": np.float16, "F32": np.float32, "F64": np.float64, "I32": np.int32, "I64": np.int64,
    "U8": np.uint8, "U32": np.uint32,
}  # fmt: skip
NAMES = {np.dtype(kind): name for name, kind in KINDS.items()}
TABLE = {"offsets": np.int64, "hashes": np.uint32, "rows": np.int32}
ATTRIBUTE = "attribute."

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Opened:
    """What a folder holds; the arrays are memory-mapped."""

    words: Words
    vectors: NDArray[np.float32]
    norms: NDArray[np.float32]
    attributes: Arrays
    ngrams: NDArray[np.float32] | None
    card: dict[str, Any]


def is_folder(path: Path) -> bool:
    """Return whether a path is a folder of word vectors."""
    return (Path(path) / VECTORS).is_file() and (Path(path) / WORDS).is_file()


def save_folder(
    path: Path,
    words: Words,
    vectors: NDArray[Any],
    norms: NDArray[Any],
    *,
    attributes: Mapping[str, NDArray[Any]] | None = None,
    ngrams: NDArray[Any] | None = None,
    card: Mapping[str, Any] | None = None,
) -> None:
    """Write a folder of word vectors; other files that lie there are left alone.

    Each file is replaced only once all are written. An index that lies there is not touched: it
    knows the vectors that it is of.

    Args:
        path: the folder, made where it is missing.
        words: one for each vector.
        vectors: ``(words, size)`` float16, float32 or float64.
        norms: ``(words,)``, their lengths.
        attributes: more numbers of each word by name, ``(words, ...)``.
        ngrams: ``(buckets, size)``, where unseen words have vectors too.
        card: what ``card.json`` is to say besides.

    Raises:
        SeqkitError: if a number is not finite, or the words cannot be lines of a text; or if
            the folder cannot be written.
    """
    path, table = Path(path), words.table()
    if len(table) != len(vectors):
        raise SeqkitError(f"{len(table)} words have {len(vectors)} vectors: not saved.")
    _check_finite(norms, words, "not saved")
    tensors: Arrays = {"vectors": vectors, "norms": np.asarray(norms, np.float32)}
    tensors |= {name: getattr(table, name) for name in TABLE}
    tensors |= {_stored(name): _numbers(name, a) for name, a in (attributes or {}).items()}
    if ngrams is not None:
        tensors["ngrams"] = ngrams
    head = {"format": FORMAT, "version": VERSION, "words": len(table), "size": vectors.shape[1]}
    text = json.dumps({**(card or {}), **head}, ensure_ascii=False, indent=2) + "\n"
    with ExitStack() as files:
        opened = [files.enter_context(atomic(path / name)) for name in (CARD, WORDS, VECTORS)]
        opened[0].write(text.encode())
        opened[1].write(table.text.data)
        write_tensors(opened[2], tensors)
        for file in opened:
            file.flush()  # a full disk shows before any is replaced


def open_folder(path: Path, *, writable: bool = True) -> Opened:
    """Open a folder of word vectors by memory map.

    Its pages are read when they are used and shared with every process that has it open.

    Args:
        path: the folder.
        writable: whether the arrays may be changed: the changes are this process's alone.

    Raises:
        SeqkitError: if it is missing, truncated, edited, or not one of ours.
    """
    path = Path(path)
    if path.is_file():
        raise SeqkitError(
            f"{path} is a file, not a folder of vectors: read word2vec's with "
            "load_word2vec_format, or convert it with: seqkit vectors convert."
        )
    if not path.is_dir():
        raise SeqkitError(f"there is no folder {path}: name one that holds {VECTORS}.")
    if not (path / VECTORS).exists():
        raise SeqkitError(f"{path} holds no word vectors: there is no {VECTORS} in it.")
    card = _card(path)
    tensors = map_tensors(path / VECTORS, writable=writable)
    vectors, norms = _floats(path, tensors)
    words = _words(path, tensors, len(vectors))
    _check_finite(norms, words, f"{path / VECTORS} is damaged; restore it or make it anew")
    attributes = {_attribute(n): a for n, a in tensors.items() if n == "counts" or "." in n}
    for name, values in attributes.items():
        if values.ndim == 0 or len(values) != len(vectors):
            raise _wrong(path / VECTORS, f"'{name}' of shape {values.shape}, {len(vectors)} words")
    ngrams = tensors.get("ngrams")
    if ngrams is not None and (ngrams.ndim != 2 or ngrams.shape[1] != vectors.shape[1]):
        raise _wrong(path / VECTORS, f"n-grams of shape {ngrams.shape}, size {vectors.shape[1]}")
    return Opened(words, vectors, norms, attributes, ngrams, card)


def write_tensors(file: IO[bytes], tensors: Mapping[str, NDArray[Any]]) -> None:
    """Write a safetensors file whose every tensor begins at a multiple of 64 bytes."""
    header: dict[str, Any] = {"__metadata__": {"format": FORMAT}}
    end = 0
    for name, tensor in tensors.items():
        begin, end = end, end + tensor.nbytes
        kind = NAMES[tensor.dtype]
        header[name] = {"dtype": kind, "shape": tensor.shape, "data_offsets": [begin, end]}
        if gap := -end % ALIGNMENT:
            header[f"padding{len(header)}"] = {
                "dtype": "U8", "shape": [gap], "data_offsets": [end, end + gap]
            }  # fmt: skip
            end += gap
    text = json.dumps(header).encode()
    text += b" " * (-(8 + len(text)) % ALIGNMENT)
    file.write(len(text).to_bytes(8, "little") + text)
    for tensor in tensors.values():
        file.write(np.ascontiguousarray(tensor).data)
        file.write(b"\0" * (-tensor.nbytes % ALIGNMENT))


def map_tensors(path: Path, *, writable: bool = False) -> Arrays:
    """Map the tensors of a safetensors file into memory.

    Raises:
        SeqkitError: if the file is missing, truncated, or its header makes no sense.
    """
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= LONGEST_HEADER:
                raise _wrong(path, "no header of a safetensors file")
            text = file.read(length)
        if len(text) < length:
            raise _wrong(path, "a header that is cut short")
        data = np.asarray(np.memmap(path, np.uint8, "c" if writable else "r", 8 + length))
    except OSError as error:
        raise SeqkitError(f"cannot read {path}: {error.strerror or error}.") from None
    except ValueError:  # nothing after the header
        data = np.empty(0, np.uint8)
    try:
        header = json.loads(text)
        header.pop("__metadata__", None)
        entries = {name: _entry(entry) for name, entry in header.items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise _wrong(path, "a header that is not one of safetensors") from None
    return {n: _tensor(path, n, data, e) for n, e in entries.items() if "padding" not in n}


Entry = tuple[str, tuple[int, ...], int, int]


def _entry(entry: Any) -> Entry:
    begin, end = entry["data_offsets"]
    numbers = [begin, end, *entry["shape"]]
    if not all(type(n) is int and 0 <= n < 1 << 62 for n in numbers) or len(numbers) > 10:
        raise ValueError
    return str(entry["dtype"]), tuple(entry["shape"]), begin, end


def _tensor(path: Path, name: str, data: NDArray[np.uint8], entry: Entry) -> NDArray[Any]:
    kind, shape, begin, end = entry
    if kind not in KINDS:
        raise _wrong(path, f"'{name}' of the type {kind}, which is not one of {', '.join(KINDS)}")
    if end > len(data):
        raise SeqkitError(
            f"{path} is cut short: '{name}' ends at byte {end} of its data, which is "
            f"{len(data)} bytes; fetch it again."
        )
    due = np.dtype(KINDS[kind]).itemsize
    for n in shape:
        due *= n
    if due != end - begin:
        raise _wrong(path, f"'{name}' of {end - begin} bytes where its shape needs {due}")
    return data[begin:end].view(KINDS[kind]).reshape(shape)


def _card(path: Path) -> dict[str, Any]:
    if not (path / CARD).exists():
        return {}  # vectors and words are enough for one that was made by hand
    card = read_json(path / CARD)
    if not isinstance(card, dict):
        raise SeqkitError(f"{path / CARD} is not a table of names and values: restore it.")
    if card.get("format", FORMAT) != FORMAT or card.get("version", VERSION) != VERSION:
        raise SeqkitError(
            f"{path / CARD} is of the format {card.get('format')!r}, version "
            f"{card.get('version')!r}, and this seqkit reads {FORMAT!r}, version {VERSION}."
        )
    return card


def _floats(path: Path, tensors: Arrays) -> tuple[NDArray[Any], NDArray[Any]]:
    vectors = tensors.get("vectors")
    if vectors is None or vectors.ndim != 2 or vectors.dtype.kind != "f":
        raise _wrong(path / VECTORS, "no matrix of numbers named 'vectors'")
    norms = tensors.get("norms")
    if norms is None:
        norms = np.linalg.norm(vectors, axis=1)
    if norms.shape != (len(vectors),) or norms.dtype.kind != "f":
        raise _wrong(path / VECTORS, f"norms of shape {norms.shape} for {len(vectors)} vectors")
    return vectors, norms


def _words(path: Path, tensors: Arrays, count: int) -> Words:
    where = path / WORDS
    try:
        text = np.asarray(np.memmap(where, np.uint8, "r"))
    except ValueError:  # an empty file has no bytes to map
        text = np.empty(0, np.uint8)
    except OSError as error:
        raise SeqkitError(f"cannot read {where}: {error.strerror or error}.") from None
    if not TABLE.keys() <= tensors.keys():
        return _listed(where, text, count)
    offsets, hashes, rows = (tensors[name] for name in TABLE)
    shapes = {"offsets": (count + 1,), "hashes": (count,), "rows": (count,)}
    for name, shape in shapes.items():
        if tensors[name].shape != shape or tensors[name].dtype != TABLE[name]:
            found = f"{tensors[name].dtype} {tensors[name].shape}"
            raise _wrong(path / VECTORS, f"'{name}' as {found} for {count} words")
    if offsets[0] != 0 or offsets[-1] != len(text):
        raise SeqkitError(
            f"{where} has {len(text)} bytes where its vectors know {int(offsets[-1])}: it was "
            "edited or is cut short; restore it, or save the vectors anew."
        )
    return Words(table=WordTable(text, offsets, hashes, rows, str(where)))


def _listed(where: Path, text: NDArray[np.uint8], count: int) -> Words:
    try:
        lines = text.tobytes().decode().removesuffix("\n").split("\n") if len(text) else []
    except UnicodeDecodeError as error:
        raise SeqkitError(
            f"{where} is not UTF-8 (byte {error.start}): convert it to UTF-8."
        ) from None
    if len(lines) != count:
        raise SeqkitError(f"{where} has {len(lines)} words for {count} vectors: restore it.")
    try:
        WordTable.of(lines)
    except SeqkitError as error:
        raise SeqkitError(f"{where}: {error}") from None
    return Words.of(lines)


def _check_finite(norms: NDArray[Any], words: Words, then: str) -> None:
    finite = np.isfinite(norms)
    if not finite.all():
        row = int(np.argmin(finite))
        raise SeqkitError(
            f"the vector of {words[row]!r} (row {row}) holds a number that is not finite: {then}."
        )


def _stored(attribute: str) -> str:
    return "counts" if attribute == "count" else ATTRIBUTE + attribute


def _attribute(stored: str) -> str:
    return "count" if stored == "counts" else stored.removeprefix(ATTRIBUTE)


def _numbers(name: str, values: NDArray[Any]) -> NDArray[Any]:
    if values.dtype not in NAMES:
        raise SeqkitError(
            f"the attribute '{name}' is of the type {values.dtype}, which cannot be saved: "
            f"keep to {', '.join(str(kind) for kind in NAMES)}, or delete it from expandos."
        )
    return values


def _wrong(path: Path, what: str) -> SeqkitError:
    return SeqkitError(f"{path} is damaged: it has {what}; restore it or make it anew.")
