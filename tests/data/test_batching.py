import hashlib
import math
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from seqkit.data import batching
from seqkit.data.batch import Batch
from seqkit.data.batching import POOL, Batches
from seqkit.data.ragged import Ragged
from seqkit.errors import SeqkitError

PAD = 7  # also a real token below: padding is known by place, not by value
ROWS = st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=8), max_size=40)
SIZES = st.integers(1, 50)
FLAGS = st.booleans()


def random_rows(number: int, longest: int = 30, seed: int = 0) -> Ragged:
    generator = np.random.default_rng(seed)
    offsets = np.concatenate([[0], np.cumsum(generator.integers(1, longest + 1, number))])
    return Ragged(generator.integers(0, 9, offsets[-1], dtype=np.int32), offsets.astype(np.int64))


def same(left: Batch, right: Batch) -> bool:
    return torch.equal(left.ids, right.ids) and bool((left.rows == right.rows).all())


def plans(batches: Batches, *epochs: int) -> list[list[list[int]]]:
    return [[rows.tolist() for rows in batches.plan(epoch)] for epoch in epochs]


@given(rows=ROWS, size=SIZES, shuffle=FLAGS, epoch=st.integers(0, 5))
def test_a_batch_is_its_rows_and_padding(
    rows: list[list[int]], size: int, shuffle: bool, epoch: int
) -> None:
    targets = np.arange(len(rows)) * 10
    made = Batches(
        Ragged.from_rows(rows), batch_size=size, pad=PAD, targets=targets, shuffle=shuffle
    )
    seen: list[int] = []
    for batch in made.epoch(epoch):
        assert batch.ids.dtype == batch.lengths.dtype == torch.int64
        assert batch.ids.shape == (len(batch.rows), max(len(rows[i]) for i in batch.rows))
        assert batch.targets is not None
        for i, ids, length, target in zip(
            batch.rows, batch.ids.tolist(), batch.lengths.tolist(), batch.targets, strict=True
        ):
            assert ids[:length] == rows[i]
            assert set(ids[length:]) <= {PAD}
            assert target == 10 * i
        assert batch.tokens == sum(len(rows[i]) for i in batch.rows)
        assert batch.tokens == batch.mask.sum()
        seen += batch.rows.tolist()
    assert sorted(seen) == list(range(len(rows)))


@given(number=st.integers(0, 400), size=SIZES, shuffle=FLAGS)
def test_batches_are_even(number: int, size: int, shuffle: bool) -> None:
    made = Batches(random_rows(number), batch_size=size, pad=0, shuffle=shuffle)
    sizes = [len(rows) for rows in made.plan(0)]
    assert len(sizes) == len(made) == math.ceil(number / size)
    if sizes:
        assert max(sizes) <= size
        assert max(sizes) - min(sizes) <= 1


@given(number=st.integers(1, 60), size=SIZES, seed=st.integers(0, 2**40), epoch=st.integers(0, 9))
def test_resuming_anywhere_goes_on_with_the_same_batches(
    number: int, size: int, seed: int, epoch: int
) -> None:
    whole = Batches(random_rows(number), batch_size=size, pad=0, shuffle=True, seed=seed)
    anew = Batches(random_rows(number), batch_size=size, pad=0, shuffle=True, seed=seed)
    batches = list(whole.epoch(epoch))
    for start in range(len(batches) + 1):
        rest = list(anew.epoch(epoch, start))
        assert len(rest) == len(batches) - start
        assert all(map(same, rest, batches[start:]))


def test_batches_before_the_start_are_not_built(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Batches(random_rows(100), batch_size=10, pad=0, shuffle=True)
    built: list[Any] = []
    real = made.batch
    monkeypatch.setattr(made, "batch", lambda rows: built.append(rows) or real(rows))  # type: ignore[func-returns-value]
    remaining = made.epoch(0, start=7)
    assert built == []
    next(remaining)
    assert len(built) == 1
    assert len(list(remaining)) == 2


def test_epochs_and_seeds_differ() -> None:
    rows = random_rows(300)
    seeds = [Batches(rows, batch_size=8, pad=0, shuffle=True, seed=seed) for seed in range(3)]
    made = [plan for batches in seeds for plan in plans(batches, 0, 1, 2)]
    assert len({str(plan) for plan in made}) == 9
    assert plans(seeds[0], 2, 0) == [made[2], made[0]]  # whatever was asked before
    fixed = plans(Batches(rows, batch_size=8, pad=0), 0, 1)
    assert fixed[0] == fixed[1]


def test_the_order_is_the_same_on_any_machine() -> None:
    rows = Ragged.from_rows([0] * (i * i % 31 + 1) for i in range(2000))
    made = Batches(rows, batch_size=16, pad=0, shuffle=True, seed=3)
    order = np.concatenate(made.plan(4)).astype("<i8")
    assert hashlib.sha256(order.tobytes()).hexdigest()[:16] == "3ab653dc9b0a52bb"


def test_without_shuffling_rows_are_sorted_by_length_and_ties_stay_in_order() -> None:
    rows = random_rows(500, longest=5)
    order = np.concatenate(Batches(rows, batch_size=16, pad=0).plan(0)).tolist()
    assert order == sorted(range(500), key=lambda i: len(rows[i]))


def test_batches_are_of_like_lengths_and_pools_and_batches_are_shuffled() -> None:
    rows = random_rows(16 * POOL * 3, longest=100)
    made = Batches(rows, batch_size=16, pad=0, shuffle=True)
    plan = made.plan(0)
    spans = [rows.lengths[batch].max() - rows.lengths[batch].min() for batch in plan]
    assert np.mean(spans) < 5
    firsts = [rows.lengths[batch[0]] for batch in plan]
    assert abs(np.corrcoef(np.arange(len(plan)), firsts)[0, 1]) < 0.3
    ranks = np.argsort(np.argsort(rows.lengths, kind="stable"), kind="stable")
    windows = [ranks[batch].max() - ranks[batch].min() for batch in plan]
    assert np.median(windows) > 16 + 8  # one pool of all rows would give neighbours, 15 apart


def test_row_order_within_a_pool_of_equal_lengths_is_random() -> None:
    rows = Ragged.from_rows([[i] for i in range(64)])
    batches = [sorted(rows) for rows in plans(Batches(rows, batch_size=8, pad=0, shuffle=True), 0)]
    assert not any(batch == list(range(batch[0], batch[0] + 8)) for batch in batches[0])


@pytest.mark.parametrize("shuffle", [False, True])
def test_full_batch_and_single_example(shuffle: bool) -> None:
    rows = random_rows(20)
    for size in (20, 21, 10**9):
        (batch,) = Batches(rows, batch_size=size, pad=0, shuffle=shuffle).epoch(0)
        assert len(batch.rows) == 20
    single = list(Batches(rows, batch_size=1, pad=PAD, shuffle=shuffle).epoch(0))
    assert [len(batch.rows) for batch in single] == [1] * 20
    assert all(batch.mask.all() for batch in single)


@given(rows=ROWS, size=SIZES, shuffle=FLAGS)
def test_padding_waste_is_the_share_of_padded_cells(
    rows: list[list[int]], size: int, shuffle: bool
) -> None:
    made = Batches(Ragged.from_rows(rows), batch_size=size, pad=PAD, shuffle=shuffle)
    masks = [batch.mask for batch in made.epoch(2)]
    cells = sum(mask.numel() for mask in masks)
    waste = sum(int((~mask).sum()) for mask in masks) / cells if cells else 0.0
    assert made.padding_waste(2) == pytest.approx(waste)


def test_lengths_save_padding() -> None:
    rows = random_rows(16 * POOL * 4, longest=100)
    waste = {
        size: Batches(rows, batch_size=size, pad=0, shuffle=True).padding_waste()
        for size in (16, len(rows))
    }
    assert waste[16] < 0.05 < 0.4 < waste[len(rows)]


def opcodes(call: Callable[[], object]) -> int:
    """Count the byte-code instructions that run in batching.py: a loop over rows would show."""
    number = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal number
        if frame.f_code.co_filename != batching.__file__:
            return None
        frame.f_trace_opcodes = True
        number += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return number


@pytest.mark.parametrize("shuffle", [False, True])
def test_no_python_code_runs_once_a_row(shuffle: bool) -> None:
    def work(rows: int) -> int:
        data, targets = random_rows(rows), np.zeros(rows, dtype=np.int64)

        def run() -> None:
            size = rows // 10
            made = Batches(data, batch_size=size, pad=0, targets=targets, shuffle=shuffle)
            made.padding_waste()
            assert len(list(made.epoch(0))) == 10

        return opcodes(run)

    assert work(100) == work(20_000) > 100


def test_targets_of_many_labels_are_float_rows() -> None:
    wanted: NDArray[np.uint8] = np.eye(6, 4, dtype=np.uint8)
    made = Batches(random_rows(6), batch_size=4, pad=0, targets=wanted, shuffle=True)
    for batch in made.epoch(0):
        assert batch.targets is not None
        assert batch.targets.dtype == torch.float32
        assert (batch.targets.numpy() == wanted[batch.rows]).all()


def test_classes_are_int64_and_no_targets_are_none() -> None:
    with_targets = Batches(random_rows(3), batch_size=4, pad=0, targets=[2, 0, 1])
    (batch,) = with_targets.epoch(0)
    assert batch.targets is not None
    assert batch.targets.dtype == torch.int64
    (batch,) = Batches(random_rows(3), batch_size=4, pad=0).epoch(0)
    assert batch.targets is None


def test_memory_mapped_rows_give_the_same_batches(tmp_path: Path) -> None:
    rows = random_rows(50)
    rows.save(tmp_path)
    made = [Batches(r, batch_size=8, pad=0, shuffle=True) for r in (rows, Ragged.open(tmp_path))]
    for left, right in zip(made[0].epoch(0), made[1].epoch(0), strict=True):
        assert same(left, right)
        right.ids.zero_()  # a batch is a copy: writing to it is safe
    assert (Ragged.open(tmp_path).values == rows.values).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size = 0: it must be at least 1"),
        ({"seed": -1}, "seed = -1: it must be at least 0"),
        ({"targets": [1]}, r"targets of shape \(1,\) do not fit 3 rows"),
        ({"targets": np.zeros((3, 1, 1))}, r"targets of shape \(3, 1, 1\) do not fit"),
        ({"targets": [0.5, 1.0, 2.0]}, "targets are float64: classes are whole numbers"),
        ({"targets": [[0, 2], [0, 1], [1, 1]]}, "must be zeros and ones"),
    ],
)
def test_mistakes_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SeqkitError, match=message):
        Batches(random_rows(3), **{"batch_size": 2, "pad": 0, **options})


def test_empty_rows_are_refused() -> None:
    with pytest.raises(SeqkitError, match="row 1 is empty"):
        Batches(Ragged.from_rows([[1], [], [2]]), batch_size=2, pad=0)


def test_a_start_beyond_the_epoch_is_refused() -> None:
    made = Batches(random_rows(10), batch_size=5, pad=0)
    for start in (-1, 3):
        with pytest.raises(SeqkitError, match=f"batch {start} of 2: this run was made with other"):
            made.epoch(0, start)
