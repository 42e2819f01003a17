"""Files of word vectors."""

from collections.abc import Container
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seqkit.errors import SeqkitError
from seqkit.files import read_lines


def read_text_vectors(
    path: Path, wanted: Container[str] | None = None
) -> tuple[list[str], NDArray[np.float32]]:
    """Read vectors as text: one word a line, then its numbers, parted by single spaces.

    This is the text format of word2vec, whose first line is a header (two whole numbers: how
    many words, how many features), and of GloVe, which has none. Either may be gzipped
    (``.gz``). Where a word occurs twice, the first counts.

    Args:
        path: the file.
        wanted: the words to keep; None keeps all. The numbers of other words are counted, not
            read.

    Returns:
        The words in order of the file, and their vectors, ``(words, features)`` float32.

    Raises:
        SeqkitError: with file and line, if a line is not of the first one's width or holds
            something else than finite numbers; if the file cannot be read, holds no vector, or
            not as many as its header says.
    """
    words: dict[str, None] = {}
    rows: list[NDArray[np.float32]] = []
    promised: int | None = None
    width = count = 0
    for number, line in read_lines(path):
        word, *values = line.rstrip(" ").split(" ")
        if number == 1:
            if len(values) == 1 and word.isdecimal() and values[0].isdecimal():
                promised, width = int(word), int(values[0])
                continue
            width = len(values)
        count += 1
        if not word or not width or len(values) != width:
            raise SeqkitError(_wrong_width(path, number, word, len(values), width))
        if word not in words and (wanted is None or word in wanted):
            words[word] = None
            rows.append(_vector(values, path, number))
    if not count:
        raise SeqkitError(f"{path} holds no word vectors: it is empty.")
    if promised not in (None, count):
        raise SeqkitError(
            f"{path}, line 1 promises {promised} vectors and the file holds {count}: "
            "it is cut short or damaged; fetch it again."
        )
    return list(words), np.stack(rows) if rows else np.zeros((0, width), np.float32)


def _wrong_width(path: Path, number: int, word: str, found: int, width: int) -> str:
    place = f"{path}, line {number}"
    if not word:
        return f"{place} begins with no word: each line is a word and its numbers."
    if not width:
        return f"{place} has no numbers after '{word}': each line is a word and its numbers."
    return f"{place} has {found} numbers where {width} are due: mend or drop the line."


def _vector(values: list[str], path: Path, number: int) -> NDArray[np.float32]:
    try:
        with np.errstate(over="ignore"):
            vector = np.array(values, dtype=np.float32)
    except ValueError:
        odd = next(value for value in values if not _is_number(value))
        raise SeqkitError(
            f"{path}, line {number}: '{odd}' is not a number: mend or drop the line."
        ) from None
    if not np.isfinite(vector).all():
        odd = values[int(np.argmin(np.isfinite(vector)))]
        raise SeqkitError(f"{path}, line {number}: {odd} is not finite: mend or drop the line.")
    return vector


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
