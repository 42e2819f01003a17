"""Texts to rows of token ids, in memory or streamed to disk, in one process or several."""

from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from seqkit.data.draft import Draft, Rows
from seqkit.data.ragged import Ragged, ragged_writer
from seqkit.errors import SeqkitError
from seqkit.text import counting, scan
from seqkit.text.counting import Progress, is_plain_file
from seqkit.text.tokenizer import Lettered, Numbered, Tokenizer
from seqkit.text.vocabulary import Vocabulary


def encode(
    texts: Iterable[str] | Path,
    tokenizer: Tokenizer,
    vocabulary: Vocabulary,
    *,
    max_length: int | None = None,
    workers: int = 1,
    engine: str = "local",
    progress: Progress | None = None,
) -> Ragged:
    """Turn texts into rows of token ids, one row a text, each of at least one token.

    The same for any number of workers and any engine.

    Args:
        texts: read once, in order; only their ids are kept. Or the path of a UTF-8 file (or
            ``.gz``, ``.zst``) with a text a line.
        tokenizer: cuts a text into tokens.
        vocabulary: gives each token its id; an empty text becomes one ``unk``.
        max_length: tokens to keep of each text, from its beginning; None for all.
        workers: processes.
        engine: ``local``, or ``ray`` for the tasks of a Ray cluster in place of processes.
        progress: told how much more is done: bytes of a file, else texts.

    Raises:
        SeqkitError: if an argument has no sense, the file cannot be read, a worker dies, or an
            empty text meets a vocabulary that has no ``unk`` to stand for it.
    """
    pieces = _pieces(texts, tokenizer, vocabulary, max_length, workers, engine, progress)
    with closing(pieces):
        values, lengths = [np.empty(0, np.int32)], [np.zeros(1, np.int64)]
        for ids, each in pieces:
            values.append(ids)
            lengths.append(each)
    return Ragged(np.concatenate(values), np.cumsum(np.concatenate(lengths), dtype=np.int64))


def encode_to(
    folder: Path,
    texts: Iterable[str] | Path,
    tokenizer: Tokenizer,
    vocabulary: Vocabulary,
    *,
    max_length: int | None = None,
    workers: int = 1,
    engine: str = "local",
    progress: Progress | None = None,
) -> Ragged:
    """Do as :func:`encode` does, but write the rows to a folder as they come.

    Returns:
        the rows, memory-mapped, as :meth:`Ragged.open` does.

    Raises:
        SeqkitError: as :func:`encode`, or if the folder cannot be written. Then, and after a
            Ctrl-C, the folder is as it was before.
    """
    pieces = _pieces(texts, tokenizer, vocabulary, max_length, workers, engine, progress)
    with ragged_writer(folder) as writer, closing(pieces):
        for values, lengths in pieces:
            writer.add(values, lengths)
    return Ragged.open(folder)


def build(
    path: Path,
    folder: Path,
    *,
    min_count: int = 1,
    max_size: int | None = None,
    specials: Sequence[str] = ("pad", "unk"),
    unknown: Literal["unk", "drop"] = "unk",
    progress: Progress | None = None,
    most_words: int = counting.MOST_WORDS,
) -> tuple[Vocabulary, Ragged]:
    """Make the vocabulary of a white-space text file and encode it, reading it once.

    Equal to :func:`~seqkit.text.counting.count`, :meth:`Vocabulary.build` and :func:`encode_to`
    with a ``WhitespaceTokenizer``, one after another.

    Args:
        path: a UTF-8 text file, ``.gz`` or ``.zst``, a row a line.
        folder: to write the rows to; they come back memory-mapped.
        min_count: leave rarer words out of the vocabulary.
        max_size: its most entries, special tokens included; None for all.
        specials: names of its special tokens.
        unknown: whether words out of the vocabulary become ``unk``; or are left out, as word
            vectors want, so that a row can be empty.
        progress: told how many more bytes are read.
        most_words: distinct words to hold in memory.

    Raises:
        SeqkitError: if the file cannot be read or the folder cannot be written; the folder is
            then as it was before.
    """
    fill = Vocabulary((), (), tuple(specials)).unk if unknown == "unk" else -1
    refuse = partial(scan.refuse, Path(path))
    with closing(Draft(Path(folder), scan.WordTable, refuse, most_words)) as draft:
        for block in scan.blocks(Path(path)):
            draft.add(block)
            if progress is not None:
                progress(len(block))
        vocabulary = Vocabulary.build(
            draft.counts(min_count), min_count=min_count, max_size=max_size, specials=specials
        )
        with ragged_writer(folder) as writer:
            for values, lengths in draft.rows(vocabulary, fill):
                writer.add(values, lengths)
    return vocabulary, Ragged.open(folder)


def _pieces(
    texts: Iterable[str] | Path,
    tokenizer: Tokenizer,
    vocabulary: Vocabulary,
    max_length: int | None,
    workers: int,
    engine: str,
    progress: Progress | None,
) -> Generator[Rows, None, None]:
    if max_length is not None and max_length < 1:
        raise SeqkitError(f"max_length = {max_length}: it must be at least 1.")
    has_unk = "unk" in vocabulary.specials  # without it, only the slow way names the word
    if isinstance(texts, Path) and is_plain_file(texts, tokenizer, workers, engine) and has_unk:
        return _scanned(texts, vocabulary, max_length, progress)
    one = partial(_encoded, tokenizer, vocabulary, max_length)
    return counting.mapped(one, texts, workers, engine, progress)


def _encoded(
    tokenizer: Tokenizer, vocabulary: Vocabulary, max_length: int | None, texts: list[str]
) -> Rows:
    # Without unk, only words that do occur may be looked up: a tokenizer has other pieces too.
    if isinstance(tokenizer, Numbered) and "unk" in vocabulary.specials:
        numbers = [row[:max_length] for row in tokenizer.numbers(texts)]
        ids = np.asarray(vocabulary.ids(tokenizer.pieces()), dtype=np.int32)
        values = ids[np.fromiter(chain.from_iterable(numbers), np.int32)]
        lengths = _lengths(numbers)
    elif (spelt := _letters(tokenizer, texts)) is not None:
        spelt = [text[:max_length] for text in spelt]
        values, lengths = _ids_of_letters("".join(spelt), vocabulary), _lengths(spelt)
    else:
        rows = [tokenizer.words(text)[:max_length] for text in texts]
        values = np.asarray(vocabulary.ids(chain.from_iterable(rows)), dtype=np.int32)
        lengths = _lengths(rows)
    if not lengths.all():
        empty = np.flatnonzero(lengths == 0)
        values = np.insert(values, np.cumsum(lengths)[empty], vocabulary.unk)
        lengths[empty] = 1
    return values, lengths


def _lengths(rows: Sequence[Sequence[object]]) -> NDArray[np.int64]:
    return np.fromiter(map(len, rows), np.int64, len(rows))


def _letters(tokenizer: Tokenizer, texts: list[str]) -> list[str] | None:
    """Return each text as a string of one-character tokens, or None if that cannot be done."""
    if not isinstance(tokenizer, Lettered):
        return None
    spelt = [letters for letters in map(tokenizer.letters, texts) if letters is not None]
    return spelt if len(spelt) == len(texts) else None


def _ids_of_letters(text: str, vocabulary: Vocabulary) -> NDArray[np.int32]:
    """Return the id of each character: each distinct one is looked up, then all by code point."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.int32)
    distinct = np.flatnonzero(np.bincount(codes))
    table = np.empty(codes.max(initial=0) + 1, np.int32)
    table[distinct] = vocabulary.ids(map(chr, distinct.tolist()))
    found: NDArray[np.int32] = table[codes]
    return found


def _scanned(
    path: Path, vocabulary: Vocabulary, max_length: int | None, progress: Progress | None
) -> Generator[Rows, None, None]:
    table, numbers, unk = scan.WordTable(), np.empty(0, np.int32), vocabulary.unk
    for block in scan.blocks(path):
        ids, ends = table.scan(block)
        new = scan.words_of(table, path, since=len(numbers))
        numbers = np.concatenate([numbers, np.asarray(vocabulary.ids(new), dtype=np.int32)])
        yield scan.renumbered(ids, ends, numbers, unk, max_length)
        if scan.is_full(table, counting.MOST_WORDS):
            table, numbers = scan.WordTable(), np.empty(0, np.int32)
        if progress is not None:
            progress(len(block))
