import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqkit.data import ragged as module
from seqkit.data.ragged import Ragged, ragged_writer
from seqkit.errors import SeqkitError

ROWS = st.lists(st.lists(st.integers(-(2**31), 2**31 - 1)))


def lists(ragged: Ragged) -> list[list[int]]:
    return [ragged[i].tolist() for i in range(len(ragged))]


@given(rows=ROWS)
def test_rows_come_back(rows: list[list[int]], tmp_path_factory: pytest.TempPathFactory) -> None:
    made = Ragged.from_rows(iter(row) for row in rows)
    assert lists(made) == rows
    assert made.lengths.tolist() == [len(row) for row in rows]
    assert [made.values.dtype.name, made.offsets.dtype.name] == ["int32", "int64"]
    folder = tmp_path_factory.mktemp("ragged")
    made.save(folder)
    assert lists(Ragged.open(folder)) == rows
    assert sorted(p.name for p in folder.iterdir()) == ["offsets.npy", "values.npy"]


def test_rows_are_counted_from_either_end_and_never_beyond() -> None:
    made = Ragged.from_rows([[1], [2, 3]])
    assert made[-2].tolist() == [1]
    assert np.shares_memory(made[1], made.values)
    for row in (2, -3):
        with pytest.raises(IndexError, match=f"row {row} of 2"):
            made[row]


def test_opened_rows_stay_on_disk(tmp_path: Path) -> None:
    Ragged.from_rows([[1, 2], [3]]).save(tmp_path / "new" / "folder")
    opened = Ragged.open(tmp_path / "new" / "folder")
    assert isinstance(opened.values, np.memmap)
    assert not opened.values.flags.writeable


def test_rows_are_taken_one_by_one() -> None:
    alive: list[int] = []

    class Row(list[int]):
        def __del__(self) -> None:
            alive.remove(self[0])

    def rows() -> Iterator[Row]:
        for i in range(20):
            alive.append(i)
            assert len(alive) <= 2
            yield Row([i])

    assert len(Ragged.from_rows(rows())) == 20


def test_an_id_beyond_32_bits_is_refused() -> None:
    with pytest.raises(SeqkitError, match="row 1 has an id that does not fit in 32 bits"):
        Ragged.from_rows([[1], [2**31]])


def i32(*values: int) -> Any:
    return np.array(values, dtype=np.int32)


def i64(*values: int) -> Any:
    return np.array(values, dtype=np.int64)


BROKEN = [
    (i64(1), i64(0, 1), "values are 1-dimensional int64, not 1-dimensional int32"),
    (i32(1), i32(0, 1), "offsets are 1-dimensional int32"),
    (i32(1).reshape(1, 1), i64(0, 1), "values are 2-dimensional"),
    (i32(), i64(), "offsets do not begin at 0"),
    (i32(1), i64(1, 1), "offsets do not begin at 0"),
    (i32(1, 2), i64(0, 2, 1, 2), "offsets do not begin at 0 and rise"),
    (i32(1, 2), i64(0, 1), "offsets end at 1, but there are 2 values"),
    (i32(1), i64(0, 2), "offsets end at 2, but there are 1 values"),
]


@pytest.mark.parametrize(("values", "offsets", "message"), BROKEN)
def test_arrays_that_do_not_fit_are_refused(
    values: Any, offsets: Any, message: str, tmp_path: Path
) -> None:
    with pytest.raises(SeqkitError, match=message):
        Ragged(values, offsets)
    np.save(tmp_path / module.VALUES, values)
    np.save(tmp_path / module.OFFSETS, offsets)
    with pytest.raises(SeqkitError, match=f"is broken: {message}.* make it anew"):
        Ragged.open(tmp_path)


@pytest.mark.parametrize("name", [module.VALUES, module.OFFSETS])
def test_truncated_files_are_refused(name: str, tmp_path: Path) -> None:
    Ragged.from_rows([[1, 2], [3]]).save(tmp_path)
    path = tmp_path / name
    whole = path.read_bytes()
    for size in (0, 3, 60, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(SeqkitError, match=f"{name} is truncated or not a NumPy array") as error:
            Ragged.open(tmp_path)
        assert "\n" not in str(error.value)
    path.unlink()
    with pytest.raises(SeqkitError, match=f"cannot read .*{name}"):
        Ragged.open(tmp_path)


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    Ragged.from_rows([[1]]).save(tmp_path)
    np.save(tmp_path / module.VALUES, np.array([print], dtype=object), allow_pickle=True)
    with pytest.raises(SeqkitError, match="not a NumPy array"):
        Ragged.open(tmp_path)


def test_a_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: Any) -> None:
    Ragged.from_rows([[1, 2], [3]]).save(tmp_path)
    real = np.save

    def full(file: Any, array: Any, **options: Any) -> None:
        if array.dtype == np.int64:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(file, array, **options)

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(SeqkitError, match="the disk is full"):
        Ragged.from_rows([[9]]).save(tmp_path)
    assert lists(Ragged.open(tmp_path)) == [[1, 2], [3]]
    assert len(list(tmp_path.iterdir())) == 2


def write(folder: Path, rows: Ragged) -> None:
    with ragged_writer(folder) as writer:
        writer.add(rows.values, rows.lengths)


def test_a_disk_that_fills_at_the_last_byte_leaves_what_was_there(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    Ragged.from_rows([[1, 2], [3]]).save(tmp_path)
    large = Ragged.from_rows([range(1500)])  # values that fit in the buffer of a file, not on disk
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(SeqkitError, match="cannot write"):
            write(tmp_path, large)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert lists(Ragged.open(tmp_path)) == [[1, 2], [3]]


def test_rows_follow_rows() -> None:
    first, second = Ragged.from_rows([[1, 2], [], [3]]), Ragged.from_rows([[4], [5, 6]])
    both = first.followed_by(second)
    assert [both[i].tolist() for i in range(len(both))] == [[1, 2], [], [3], [4], [5, 6]]
