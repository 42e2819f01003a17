"""Rows of token ids of any lengths, kept as two flat arrays.

A million rows are two objects, not a million: they are saved, memory-mapped, shared between
processes and cut into batches without a Python loop over rows.
"""

from array import array
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from seqkit.errors import SeqkitError
from seqkit.files import atomic

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

    def padded(
        self, rows: NDArray[np.int64], pad: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the given rows as one array ``(rows, longest)``, and their lengths ``(rows,)``.

        No row may be empty; ``pad`` fills each up to the longest.
        """
        places, lengths = self.places(rows), self.lengths[rows]
        ids = self._flat[places].astype(np.int64)
        ids[np.arange(places.shape[1]) >= lengths[:, None]] = pad
        return ids, lengths

    def places(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return where in ``values`` the tokens of the rows are, ``(rows, longest)``.

        No row may be empty; cells past its end point at its last token.
        """
        lengths = self.lengths[rows]
        steps = np.minimum(np.arange(lengths.max()), lengths[:, None] - 1)
        places: NDArray[np.int64] = self._starts[rows][:, None] + steps
        return places

    @cached_property
    def _flat(self) -> NDArray[np.int32]:
        return np.asarray(self.values)  # still mapped, without the subclass's overhead

    @cached_property
    def _starts(self) -> NDArray[np.int64]:
        return np.asarray(self.offsets)

    def first(self, length: int) -> "Ragged":
        """Return the rows cut to their first ``length`` values."""
        lengths = self.lengths
        if lengths.max(initial=0) <= length:
            return self
        steps = np.arange(len(self.values)) - np.repeat(self._starts[:-1], lengths)
        offsets = np.concatenate([[0], np.cumsum(np.minimum(lengths, length))])
        return Ragged(self._flat[steps < length], offsets)

    def followed_by(self, other: "Ragged") -> "Ragged":
        """Return these rows and then those of ``other``."""
        offsets = np.concatenate([self.offsets, other.offsets[1:] + self.offsets[-1]])
        return Ragged(np.concatenate([self.values, other.values]), offsets)

    def save(self, folder: Path) -> None:
        """Write ``values.npy`` and ``offsets.npy``; neither is replaced unless both are written."""
        with atomic(Path(folder) / VALUES) as values, atomic(Path(folder) / OFFSETS) as offsets:
            np.save(values, self.values, allow_pickle=False)
            np.save(offsets, self.offsets, allow_pickle=False)
            values.flush()  # a full disk shows before either is replaced
            offsets.flush()

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


class RaggedWriter:
    """Rows that are written to disk as they come, made by :func:`ragged_writer`."""

    def __init__(self, values: IO[bytes], offsets: IO[bytes]) -> None:
        self._values, self._offsets = values, offsets
        self._tokens = self._rows = 0
        self._head()
        offsets.write(np.zeros(1, np.int64).data)

    def add(self, values: NDArray[np.int32], lengths: NDArray[np.int64]) -> None:
        """Append rows: their ``values`` end to end, and the length of each."""
        offsets = self._tokens + np.cumsum(lengths, dtype=np.int64)
        self._values.write(np.ascontiguousarray(values, np.int32).data)
        self._offsets.write(offsets.data)
        self._tokens += len(values)
        self._rows += len(lengths)

    def finish(self) -> None:
        """Write the final sizes to the beginning of the files, and all of both to the disk.

        If it is full, that shows before either of them replaces another.
        """
        self._head()
        self._values.flush()
        self._offsets.flush()

    def _head(self) -> None:
        for file, size, kind in (
            (self._values, self._tokens, "<i4"),
            (self._offsets, self._rows + 1, "<i8"),
        ):
            file.seek(0)
            head = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': ({size},), }}"
            # NumPy's format, version 1.0, with room for any size: 128 bytes in all.
            file.write(b"\x93NUMPY\x01\x00\x76\x00" + head.ljust(117).encode() + b"\n")


@contextmanager
def ragged_writer(folder: Path) -> Iterator[RaggedWriter]:
    """Write a :class:`Ragged` folder row by row; nothing is left or replaced unless all is.

    Raises:
        SeqkitError: if it cannot be written.
    """
    folder, is_new = Path(folder), not Path(folder).exists()
    try:
        with atomic(folder / VALUES) as values, atomic(folder / OFFSETS) as offsets:
            writer = RaggedWriter(values, offsets)
            yield writer
            writer.finish()
    except BaseException:
        if is_new and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
        raise
