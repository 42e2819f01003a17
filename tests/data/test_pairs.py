"""Batches of pairs: nothing is lost, the same for the same seed and epoch, and full."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqkit.data.pairs import Kept, PairBatches, keep
from seqkit.data.ragged import Ragged
from seqkit.errors import SeqkitError


def rows(lengths: list[int], seed: int = 0) -> Ragged:
    """Return rows of these lengths."""
    random = np.random.default_rng(seed)
    return Ragged.from_rows(random.integers(4, 99, length).tolist() for length in lengths)


def natural(count: int) -> tuple[Ragged, Ragged]:
    """Return pairs of lengths as sentences and their translations have them."""
    random = np.random.default_rng(1)
    source = random.integers(3, 30, count)
    target = np.maximum(1, source + random.integers(-3, 4, count))
    return rows(source.tolist(), 1), rows(target.tolist(), 2)


def made(source: Ragged, targets: Ragged, **options: Any) -> PairBatches:
    """Return their batches."""
    return PairBatches(source, targets, source_pad=0, target_pad=1, **options)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), max_size=60),
    st.integers(0, 80),
    st.integers(0, 9),
    st.integers(0, 3),
    st.booleans(),
)
def test_an_epoch_has_each_pair_once_in_as_many_batches(
    lengths: list[tuple[int, int]], tokens: int, size: int, epoch: int, shuffle: bool
) -> None:
    if not tokens and not size:
        size = 1
    source, targets = rows([a for a, _ in lengths]), rows([b for _, b in lengths])
    batches = made(source, targets, batch_tokens=tokens, batch_size=size, shuffle=shuffle)
    plan = batches.plan(epoch)
    assert len(plan) == len(batches)
    assert all(len(part) for part in plan)
    assert sorted(int(row) for part in plan for row in part) == list(range(len(lengths)))
    if size and not tokens:
        assert all(len(part) <= size for part in plan)


def test_a_batch_is_the_pairs_padded() -> None:
    source, targets = natural(50)
    for batch in made(source, targets, batch_tokens=120, shuffle=True).epoch(0):
        read = written = 0
        for i, row in enumerate(batch.rows.tolist()):
            ids, length = batch.source.ids[i].tolist(), len(source[row])
            assert ids[:length] == source[row].tolist()
            assert set(ids[length:]) <= {0}
            ids, wrote = batch.targets[i].tolist(), len(targets[row])
            assert ids[:wrote] == targets[row].tolist()
            assert set(ids[wrote:]) <= {1}
            assert (int(batch.source.lengths[i]), int(batch.target_lengths[i])) == (length, wrote)
            read, written = read + length, written + wrote
        assert (batch.tokens, batch.weight) == (read + written, written)
        assert batch.to(torch.device("cpu")) is batch


def test_batches_are_filled_with_tokens_and_little_padding() -> None:
    source, targets = natural(4000)
    batches = made(source, targets, batch_tokens=1500, shuffle=True)
    lengths = source.lengths + targets.lengths
    filled = [int(lengths[part].sum()) for part in batches.plan(3)]
    assert max(filled) <= 1500 + lengths.max()
    assert min(filled) > 1300
    assert batches.padding_waste(3) < 0.12
    at_random = made(source, targets, batch_size=64).padding_waste()
    assert batches.padding_waste() < at_random + 0.12


def test_order_is_a_function_of_seed_and_epoch() -> None:
    source, targets = natural(300)
    plans = {
        (seed, epoch): [
            part.tolist()
            for part in made(source, targets, batch_tokens=400, shuffle=True, seed=seed).plan(epoch)
        ]
        for seed in (1, 2)
        for epoch in (0, 1)
    }
    again = made(source, targets, batch_tokens=400, shuffle=True, seed=2)
    assert plans[2, 1] == [part.tolist() for part in again.plan(1)]
    assert len({str(plan) for plan in plans.values()}) == 4
    companies = [{frozenset(part) for part in plan} for plan in plans.values()]
    assert not companies[0] & companies[1]  # other batches, not the same ones in another order
    resumed = [batch.rows.tolist() for batch in again.epoch(1, start=3)]
    assert resumed == plans[2, 1][3:]


def test_a_count_is_kept_whatever_the_lengths() -> None:
    source, targets = natural(300)
    short = source.first(5)
    plain = made(source, targets, batch_tokens=400, shuffle=True)
    anew = made(short, targets, batch_tokens=400, count=len(plain), shuffle=True)
    assert len(anew.plan(0)) == len(plain) > len(made(short, targets, batch_tokens=400))


def test_what_is_learnt_from_is_counted() -> None:
    kept = keep(rows([3, 0, 4, 9, 2, 0]), rows([3, 2, 8, 1, 0, 0]), longest=8)
    assert kept.rows.tolist() == [0, 2]
    assert (kept.empty, kept.long) == (3, 1)
    assert str(kept) == "pairs left out: 3 with an empty side, 1 with a side of more than 8 tokens"
    assert str(keep(rows([3]), rows([999]))) == ""
    assert str(Kept(np.arange(2), long=2, limit=5)) == (
        "pairs left out: 2 with a side of more than 5 tokens"
    )


@pytest.mark.parametrize(
    ("source", "targets", "options", "told"),
    [
        ([1, 2], [1], {"batch_size": 2}, "2 sources and 1 targets"),
        ([1, 0], [1, 1], {"batch_size": 2}, "source 1 is empty"),
        ([1, 1], [0, 1], {"batch_size": 2}, "target 0 is empty"),
        ([1], [1], {}, "batch_tokens = 0 and batch_size = 0: one of them"),
        ([1], [1], {"batch_size": 1, "batch_tokens": -5}, "neither below 0"),
        ([1], [1], {"batch_size": 1, "seed": -1}, "seed = -1"),
    ],
)
def test_what_cannot_be_cut_is_refused(
    source: list[int], targets: list[int], options: dict[str, int], told: str
) -> None:
    with pytest.raises(SeqkitError, match=told):
        made(rows(source), rows(targets), **options)


def test_another_runs_place_is_refused() -> None:
    with pytest.raises(SeqkitError, match="batch 3 of 1: this run was made with other data"):
        made(rows([1]), rows([1]), batch_size=1).epoch(0, start=3)
