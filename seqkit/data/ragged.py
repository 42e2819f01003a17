"""Rows of token ids of any lengths, kept as two flat arrays.

A million rows are two objects, not a million: they are saved, memory-mapped, shared between
processes and cut into batches without a Python loop over rows.
"""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqkit.errors import SeqkitError
from seqkit.files import atomic
from seqkit.text.tokenizer import Tokenizer
from seqkit.text.vocabulary import Vocabulary

VALUES, OFFSETS = "values.npy", "offsets.npy"


@dataclass(frozen=True, eq=False)
class Ragged:
    """Row ``i`` is ``values[offsets[i]:offsets[i + 1]]``.

    Attributes:
        values: ``(tokens,)`` int32, all rows end to end.
        offsets: ``(rows + 1,)`` int64, from 0 to ``tokens``, never falling.

    Raises:
        SeqkitError: if the arrays are not of these types or do not fit together.
    """

    values: NDArray[np.int32]
    offsets: NDArray[np.int64]

    def __post_init__(self) -> None:
        for name, dtype in (("values", np.int32), ("offsets", np.int64)):
            given = getattr(self, name)
            if given.dtype != dtype or given.ndim != 1:
                raise SeqkitError(
                    f"{name} are {given.ndim}-dimensional {given.dtype}, "
                    f"not 1-dimensional {np.dtype(dtype)}."
                )
        if len(self.offsets) == 0 or self.offsets[0] != 0 or (self.lengths < 0).any():
            raise SeqkitError("offsets do not begin at 0 and rise.")
        if self.offsets[-1] != len(self.values):
            raise SeqkitError(
                f"offsets end at {self.offsets[-1]}, but there are {len(self.values)} values."
            )

    @classmethod
    def from_rows(cls, rows: Iterable[Iterable[int]]) -> "Ragged":
        """Take rows one by one from any iterable; only the flat arrays are kept in memory.

        Raises:
            SeqkitError: if an id does not fit in 32 bits.
        """
        values, offsets = array("i"), array("q", [0])
        try:
            for row in rows:
                values.extend(row)
                offsets.append(len(values))
        except OverflowError:
            number = len(offsets) - 1
            raise SeqkitError(f"row {number} has an id that does not fit in 32 bits.") from None
        return cls(np.asarray(values, dtype=np.int32), np.asarray(offsets, dtype=np.int64))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, row: int) -> NDArray[np.int32]:
        """Return one row, ``(tokens,)``, without a copy; rows count from 0, or -1 from the end."""
        if not -len(self) <= row < len(self):
            raise IndexError(f"row {row} of {len(self)}")
        row %= len(self)
        return self.values[self.offsets[row] : self.offsets[row + 1]]

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """``(rows,)``, the number of tokens in each row."""
        return np.diff(self.offsets)

    def followed_by(self, other: "Ragged") -> "Ragged":
        """Return these rows and then those of ``other``."""
        offsets = np.concatenate([self.offsets, other.offsets[1:] + self.offsets[-1]])
        return Ragged(np.concatenate([self.values, other.values]), offsets)

    def save(self, folder: Path) -> None:
        """Write ``values.npy`` and ``offsets.npy``; neither is replaced unless both are written."""
        with atomic(Path(folder) / VALUES) as values, atomic(Path(folder) / OFFSETS) as offsets:
            np.save(values, self.values, allow_pickle=False)
            np.save(offsets, self.offsets, allow_pickle=False)

    @classmethod
    def open(cls, folder: Path) -> "Ragged":
        """Open what :meth:`save` wrote, memory-mapped: rows are read when they are used.

        Raises:
            SeqkitError: if a file is missing, truncated, or not one of ours.
        """
        values, offsets = _map(Path(folder) / VALUES), _map(Path(folder) / OFFSETS)
        try:
            return cls(values, offsets)
        except SeqkitError as error:
            raise SeqkitError(f"{folder} is broken: {error} Delete it and make it anew.") from None


def _map(path: Path) -> NDArray[Any]:
    try:
        try:
            return np.load(path, mmap_mode="r", allow_pickle=False)  # type: ignore[no-any-return]
        except ValueError:  # an empty array has no bytes to map; a broken file fails here too
            return np.load(path, allow_pickle=False)  # type: ignore[no-any-return]
    except OSError as error:
        raise SeqkitError(f"cannot read {path}: {error.strerror or error}.") from None
    except (ValueError, EOFError):
        raise SeqkitError(
            f"{path} is truncated or not a NumPy array: delete its folder and make it anew."
        ) from None


def encode(
    texts: Iterable[str],
    tokenizer: Tokenizer,
    vocabulary: Vocabulary,
    *,
    max_length: int | None = None,
) -> Ragged:
    """Turn texts into rows of token ids, one row a text, each of at least one token.

    Args:
        texts: read once, in order; only their ids are kept.
        tokenizer: cuts a text into tokens.
        vocabulary: gives each token its id.
        max_length: tokens to keep of each text, from its beginning; None for all.

    Raises:
        SeqkitError: if ``max_length`` is below 1, or an empty text meets a vocabulary that has
            no ``unk`` to stand for it.
    """
    if max_length is not None and max_length < 1:
        raise SeqkitError(f"max_length = {max_length}: it must be at least 1.")
    words, ids = tokenizer.words, vocabulary.ids
    if max_length is None:
        rows = (ids(words(text)) for text in texts)
    else:
        rows = (ids(islice(words(text), max_length)) for text in texts)
    return Ragged.from_rows(row or [vocabulary.unk] for row in rows)
