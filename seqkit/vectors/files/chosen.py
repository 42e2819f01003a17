"""The vectors of some words out of any file of vectors, for a model to start from."""

from collections.abc import Container, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seqkit.vectors.files.binary_stream import binary_stream
from seqkit.vectors.files.formats import open_any, read_text_vectors, sniff
from seqkit.vectors.files.streams import decoder
from seqkit.vectors.sentences import has_subwords, rows_of

Chosen = tuple[list[str], NDArray[np.float32]]


def vectors_of(path: Path, words: Sequence[str], names: Sequence[str] = ()) -> Chosen:
    """Return the vectors of those words that have one, or whose lower-case forms do.

    Only these are held in memory, whatever the size of the file; fastText's ``.bin`` alone is
    read as a whole. Where there are subwords, words that are not in the vocabulary have vectors
    by them.

    Args:
        path: whatever :func:`~seqkit.vectors.files.formats.open_any` opens: a folder of vectors,
            a run directory, or a file of word2vec, GloVe or fastText.
        words: any.
        names: of special tokens (``<unk>``), which subwords say nothing of.

    Returns:
        Words, some of them lower-case forms, and their vectors, ``(n, features)`` float32.

    Raises:
        SeqkitError: if the file cannot be read.
    """
    wanted = dict.fromkeys([*words, *map(str.lower, words), *names])
    format = sniff(path)
    if format in ("word2vec", "glove"):
        return read_text_vectors(path, wanted)
    if format == "word2vec-binary":
        return _read_binary(path, wanted)
    vectors = open_any(path)
    known = [word for word in wanted if vectors.has_index_for(word)]
    if has_subwords(vectors):
        forms = {*known}
        known += [word for word in words if word not in forms and word.lower() not in forms]
    rows, has = rows_of(vectors, known)
    return [word for word, found in zip(known, has, strict=True) if found], rows[has]


def _read_binary(path: Path, wanted: Container[str]) -> Chosen:
    words: dict[str, None] = {}
    with binary_stream(path, decoder("utf8", "strict"), limit=None) as stream:
        kept = [np.empty((0, stream.width), np.float32)]
        for names, rows in stream.blocks:
            new = [row for row, name in enumerate(names) if name in wanted and name not in words]
            new = [row for row in new if names.index(names[row]) == row]  # the first of two
            words.update(dict.fromkeys(names[row] for row in new))
            kept.append(rows[new])
    return list(words), np.concatenate(kept)
