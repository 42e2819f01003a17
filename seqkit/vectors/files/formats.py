"""Files of word vectors: word2vec's text and binary, GloVe's, fastText's, gensim's, and ours.

What every reader does, whatever the format:

- A word that stands twice keeps its first vector, as gensim has it, and a warning says so.
- A number that is not finite is refused, with its place: no cosine with it means anything. A
  vector of zeros is read; it is near to nothing.
- A header that promises another number of vectors than the file holds is refused.
- Nothing is unpickled, unless gensim's format is asked for by name.
"""

import logging
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from seqkit.errors import SeqkitError, unknown
from seqkit.files import atomic, write_error
from seqkit.vectors.files import fasttext, folder, streams
from seqkit.vectors.files.binary_stream import binary_stream
from seqkit.vectors.files.streams import Stream
from seqkit.vectors.files.text_stream import text_stream
from seqkit.vectors.keyed import WordVectors
from seqkit.vectors.subwords import Subwords, SubwordVectors
from seqkit.vectors.words import Words

File = str | PathLike[str]
PEEK = 1 << 16  # bytes of a file that tell its format


def read_word2vec(
    path: File,
    *,
    binary: bool = False,
    fvocab: File | None = None,
    encoding: str = "utf8",
    unicode_errors: str = "strict",
    limit: int | None = None,
    datatype: DTypeLike = np.float32,
    no_header: bool = False,
) -> WordVectors:
    """Read a file of word2vec, or of fastText's ``.vec``; either may be gzipped.

    Args:
        path: the file.
        binary: whether it is of the binary format.
        fvocab: a file of words with their counts, a pair a line; a word that is not there
            counts 0. Without it, counts fall from the number of words to 1, as gensim has them.
        encoding: of the words.
        unicode_errors: what to do with bytes that are not of it: ``strict`` refuses them,
            ``replace`` and ``ignore`` do as they say.
        limit: vectors to read, the first ones; None or 0 for all.
        datatype: of the numbers, float16, float32 or float64.
        no_header: whether the text begins with the first vector, as GloVe's do.

    Raises:
        SeqkitError: if it cannot be read: see the top of this module.
    """
    path, decode = Path(path), streams.decoder(encoding, unicode_errors)
    if np.dtype(datatype) not in (np.float16, np.float32, np.float64):
        raise SeqkitError(f"vectors are float16, float32 or float64, not {np.dtype(datatype)}.")
    if binary and no_header:
        raise SeqkitError(f"{path}: no_header is for text; a binary file begins with a header.")
    if limit is not None and limit < 0:
        raise SeqkitError(f"limit={limit}: it is the number of vectors to read.")
    limit = limit or None
    opened = (
        binary_stream(path, decode, limit=limit)
        if binary
        else text_stream(path, decode, header=not no_header, limit=limit, dtype=datatype)
    )
    with opened as stream:
        words, vectors = _collected(stream, path, limit, np.dtype(datatype))
    counts = np.arange(len(words), 0, -1)  # as gensim numbers words whose counts are not known
    if fvocab is not None:
        counts = _counts(Path(fvocab), words, encoding, unicode_errors)
    return WordVectors.of(Words(words), vectors, counts=counts, card={"source": path.name})


def read_glove(path: File, **chosen: Any) -> WordVectors:
    """Read vectors as GloVe writes them; the arguments are those of :func:`read_word2vec`.

    Raises:
        SeqkitError: if it cannot be read.
    """
    return read_word2vec(path, no_header=True, **chosen)


def _collected(
    stream: Stream, path: Path, limit: int | None, dtype: np.dtype[Any]
) -> tuple[list[str], NDArray[Any]]:
    """Return all words of a stream, each once, and their rows."""
    room = max(1, min(stream.likely, limit or stream.likely))
    vectors, words, left_out = np.empty((room, stream.width), dtype), dict[str, None](), 0
    example = ""
    for names, rows in stream.blocks:
        before = len(words)
        words.update(dict.fromkeys(names))
        if len(words) - before != len(names):
            first = dict(zip(reversed(names), range(len(names) - 1, -1, -1), strict=True))
            new = list(islice(reversed(words), len(words) - before))
            kept = [first[name] for name in reversed(new)]
            left_out += len(names) - len(kept)
            example = names[next(row for row in range(len(names)) if row not in {*kept})]
            rows = rows[kept]
        if len(words) > len(vectors):  # the same memory, made longer where the system can
            vectors.resize((len(words) + len(words) // 2, stream.width), refcheck=False)
        vectors[before : len(words)] = rows
    if not words:
        raise SeqkitError(f"{path} holds no word vectors: it is empty.")
    if left_out:
        logging.getLogger(__name__).warning(
            "%s: %d words stand there before (such as '%s'): the first vector of each is kept.",
            path, left_out, example,
        )  # fmt: skip
    vectors.resize((len(words), stream.width), refcheck=False)
    return list(words), vectors


def _counts(path: Path, words: list[str], encoding: str, errors: str) -> NDArray[np.int64]:
    """Return the count of each word that a file gives, 0 where it gives none."""
    decode, given = streams.decoder(encoding, errors), dict[str, int]()
    with streams.opened(path) as file:
        for number, line in enumerate(file, 1):
            word, _, count = line.strip().rpartition(b" ")
            if not word or not count.isdigit() or len(count) > 18:
                raise SeqkitError(f"{path}, line {number} is not a word and its count.")
            try:
                given[decode(word)] = int(count)
            except UnicodeDecodeError:
                raise SeqkitError(f"{path}, line {number} is not {encoding} text.") from None
    return np.array([given.get(word, 0) for word in words], np.int64)


def read_text_vectors(
    path: Path, wanted: Container[str] | None = None
) -> tuple[list[str], NDArray[np.float32]]:
    """Read the vectors of chosen words from a text file, with or without a header.

    Args:
        path: the file, of word2vec, GloVe or fastText (``.vec``); it may be gzipped.
        wanted: the words to keep; None keeps all.

    Returns:
        The words in order of the file, and their vectors, ``(words, features)`` float32. Where a
        word occurs twice, the first counts.

    Raises:
        SeqkitError: with file and line, if a line is not of the first one's width or holds
            something else than finite numbers; if the file cannot be read, holds no vector, or
            not as many as its header says.
    """
    decode = streams.decoder("utf8", "strict")
    words, kept, count = dict[str, None](), [np.empty((0, 0), np.float32)], 0
    with text_stream(path, decode, header=None, limit=None, dtype=np.float32) as stream:
        kept[0] = np.empty((0, stream.width), np.float32)
        for names, rows in stream.blocks:
            count += len(names)
            chosen = []
            for row, name in enumerate(names):
                if name not in words and (wanted is None or name in wanted):
                    words[name] = None
                    chosen.append(row)
            kept.append(rows[chosen])
    if not count:
        raise SeqkitError(f"{path} holds no word vectors: it is empty.")
    return list(words), np.concatenate(kept)


def write_word2vec(
    vectors: WordVectors,
    path: File,
    *,
    binary: bool = False,
    fvocab: File | None = None,
    total_vec: int | None = None,
    write_header: bool = True,
    prefix: str = "",
    append: bool = False,
    sort_attr: str = "count",
) -> None:
    """Write a file of word2vec's text or binary format, gzipped if its name ends in ``.gz``.

    Without a header, the text is GloVe's format; with it, fastText's ``.vec``.

    Args:
        vectors: the words and their vectors.
        path: the file.
        binary: whether to write the binary format.
        fvocab: where to write the words with their ``sort_attr``, a pair a line; None nowhere.
        total_vec: how many vectors the header promises; None for as many as there are.
        write_header: whether to write one.
        prefix: set before every word.
        append: whether to write at the end of a file that is there.
        sort_attr: the words are in falling order of this attribute, where they have it.

    Raises:
        SeqkitError: if a word holds white space, which parts words in these formats; or if the
            file cannot be written.
        ValueError: if ``fvocab`` is asked for, and the words have no such attribute.
    """
    path, keys = Path(path), [f"{prefix}{key}" for key in vectors.index_to_key]
    for key in keys:
        if not key or " " in key or "\n" in key:
            raise SeqkitError(
                f"the word {key!r} cannot be written to {path}: the format parts words by white "
                "space; rename it, or save a folder."
            )
    values = vectors.expandos.get(sort_attr)
    order = np.arange(len(keys))
    if values is not None:
        order = np.argsort(-values.astype(np.float64), kind="stable")
    elif fvocab is not None:
        raise ValueError(f"Cannot store vocabulary with '{sort_attr}': it does not exist")
    if fvocab is not None and values is not None:
        with _written(Path(fvocab), append) as file:
            file.writelines(f"{keys[row]} {values[row]}\n".encode() for row in order.tolist())
    with _written(path, append) as file:
        if write_header:
            total = len(keys) if total_vec is None else total_vec
            file.write(f"{total} {vectors.vector_size}\n".encode())
        for row in order.tolist():
            vector = vectors.vectors[row]
            if binary:
                file.write(keys[row].encode() + b" " + vector.astype(np.float32).tobytes())
            else:  # the shortest decimals that read as the same number
                file.write(f"{keys[row]} {' '.join(vector.astype('U32').tolist())}\n".encode())


@contextmanager
def _written(path: Path, append: bool) -> Iterator[IO[bytes]]:
    """Open a file to write: whole or not at all, or at the end of what is there."""
    with ExitStack() as files:
        if append:
            files.enter_context(_write_errors(path))
            file: IO[bytes] = files.enter_context(path.open("ab"))
        else:
            file = files.enter_context(atomic(path))
        yield files.enter_context(streams.packed(file, path))


@contextmanager
def _write_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise write_error(path, error) from error


def open_any(path: File, *, format: str | None = None) -> WordVectors:
    """Open word vectors of any format, told by what the file holds and not by its name.

    Args:
        path: a folder of vectors, a run directory, or a file of word2vec (text or binary), GloVe
            or fastText (``.vec`` or ``.bin``); the files may be gzipped.
        format: a name of :data:`FORMATS`, to say which it is. ``gensim`` has to be said: its
            files are pickles, and a pickle can run any program when it is opened.

    Returns:
        The vectors; :class:`~seqkit.vectors.subwords.SubwordVectors` if they answer for unseen
        words.

    Raises:
        SeqkitError: if the format is unknown, or the file cannot be read.
    """
    path = Path(path)
    if format is not None and format not in FORMATS:
        raise unknown("format of word vectors", format, FORMATS)
    return FORMATS[format or sniff(path)](path)


def sniff(path: Path) -> str:
    """Return the name in :data:`FORMATS` of what a path holds.

    Raises:
        SeqkitError: if it is missing, empty, of no known format, or a pickle.
    """
    if path.is_dir():
        if (path / "model.safetensors").is_file() and not folder.is_folder(path):
            return "run"
        return "folder"
    with streams.opened(path) as file:
        start = file.read(PEEK)
    if not start.strip():
        raise SeqkitError(f"{path} holds no word vectors: it is empty.")
    for magic, what in _REFUSED.items():
        if start.startswith(magic):
            raise SeqkitError(f"{path} is {what}")
    if start.startswith(fasttext.MAGIC):
        return "fasttext"
    first, _, rest = start.removeprefix(streams.BOM).partition(b"\n")
    if streams.header_of(first):
        width = int(first.split()[1])
        return "word2vec" if _is_text(rest.partition(b"\n")[0], width) else "word2vec-binary"
    if _is_text(first, 1):
        return "glove"
    raise SeqkitError(
        f"{path} is no file of word vectors that is known by its first bytes: name its format, "
        f"one of {', '.join(FORMATS)}."
    )


def _is_text(line: bytes, width: int) -> bool:
    """Whether a line, perhaps cut short, begins as a word and ``width`` numbers."""
    tokens = line.rstrip().split(b" ")[1:]
    return len(tokens) > 0 and all(map(streams.is_number, tokens[: max(1, min(width, 8))]))


def _open_binary(path: Path) -> WordVectors:
    return read_word2vec(path, binary=True)


def _open_run(path: Path) -> WordVectors:
    from seqkit.vectors.files.runs import open_run

    return open_run(path)


def _open_gensim(path: Path) -> WordVectors:
    """Open what gensim saved: unpickled, so only if the user says that it is gensim's."""
    models = _gensim()
    try:
        loaded = models.KeyedVectors.load(str(path))
        vectors = getattr(loaded, "wv", loaded)
        return _from_gensim(vectors, path)
    except OSError as error:
        raise SeqkitError(f"cannot read {path}: {error.strerror or error}.") from None
    except Exception as error:  # an unpickler raises whatever the pickle has it raise
        told = str(error).partition("\n")[0] or type(error).__name__
        raise SeqkitError(f"gensim cannot open {path} ({told}).") from None


def _from_gensim(vectors: Any, path: Path) -> WordVectors:
    card = {"source": path.name}
    counts = vectors.expandos.get("count")
    if hasattr(vectors, "vectors_ngrams") and vectors.bucket:
        chosen = Subwords(min_n=vectors.min_n, max_n=vectors.max_n, buckets=vectors.bucket)
        made = SubwordVectors.of(vectors.index_to_key, vectors.vectors, counts=counts, card=card)
        return made.with_ngrams(vectors.vectors_ngrams, chosen)
    return WordVectors.of(vectors.index_to_key, vectors.vectors, counts=counts, card=card)


def write_gensim(vectors: WordVectors, path: File) -> None:
    """Save vectors as gensim's ``KeyedVectors``, through gensim; subwords are left behind.

    Raises:
        SeqkitError: if gensim is missing, or the file cannot be written.
    """
    made = _gensim().KeyedVectors(vectors.vector_size)
    made.add_vectors(list(vectors.index_to_key), np.asarray(vectors.vectors))
    for name, values in vectors.expandos.items():
        made.expandos[name] = np.asarray(values)
    try:
        made.save(str(path))
    except OSError as error:
        raise write_error(Path(path), error) from error


def _gensim() -> Any:
    try:
        from gensim import models
    except ImportError:
        raise SeqkitError("this format needs gensim: pip install 'seqkit-nlp[gensim]'") from None
    return models


# How each format is opened; see `open_any`.
FORMATS: Mapping[str, Callable[[Path], WordVectors]] = {
    "folder": WordVectors.load,
    "run": _open_run,
    "word2vec": read_word2vec,
    "word2vec-binary": _open_binary,
    "glove": read_glove,
    "fasttext": fasttext.read_fasttext,
    "gensim": _open_gensim,
}

_UNPACK = "unpack it first, and name the file of vectors in it."
_REFUSED = {
    **{
        bytes([0x80, version]): "a Python pickle, which can run any program when it is opened: it "
        "is left alone; if you trust where it comes from, say format=gensim "
        "(seqkit vectors convert --from gensim)."
        for version in range(2, 6)
    },
    b"PK\x03\x04": f"a zip archive: {_UNPACK}",
    b"BZh": f"packed by bzip2: {_UNPACK}",
    b"\xfd7zXZ\0": f"packed by xz: {_UNPACK}",
    b"\x28\xb5\x2f\xfd": f"packed by zstd: {_UNPACK}",
    b"\x93NUMPY": "a NumPy array, which has no words: save it with them, by WordVectors.save.",
}
