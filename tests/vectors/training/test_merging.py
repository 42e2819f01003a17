"""Replicas: what merging keeps, and that threads change nothing."""

import threading
import time
from itertools import pairwise
from typing import ClassVar, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqkit.data.ragged import Ragged
from seqkit.vectors.training.hierarchical import huffman_tree
from seqkit.vectors.training.merging import (
    ReplicaEngine,
    Timetable,
    merge,
    mixed,
    shares,
    update_rates,
    weight_of_changes,
)
from seqkit.vectors.training.objective import Objective, Tally


def random(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def test_one_replica_is_taken_as_it_is() -> None:
    common, copy = random(5, 3), random(1, 5, 3, seed=1) * np.float32(1e30)
    merge(common, copy, np.array([0, 3]), np.ones(2, np.float32))
    assert np.array_equal(common[[0, 3]], copy[0, [0, 3]])
    assert not np.array_equal(common[1], copy[0, 1])


@pytest.mark.parametrize("replicas", [2, 3, 7])
def test_changes_are_summed_and_weighed_and_every_replica_gets_the_result(replicas: int) -> None:
    common, copies = random(6, 4), random(replicas, 6, 4, seed=1)
    before, given_copies = common.copy(), copies.copy()
    rows, weights = np.array([1, 4]), np.array([1, 0.3], np.float32)
    merge(common, copies, rows, weights)
    change = (given_copies[:, rows] - before[rows]).sum(0)
    np.testing.assert_allclose(common[rows], before[rows] + weights[:, None] * change, rtol=1e-5)
    assert all(np.array_equal(copy[rows], common[rows]) for copy in copies)
    others = [0, 2, 3, 5]
    assert np.array_equal(common[others], before[others])
    assert np.array_equal(copies[:, others], given_copies[:, others])


@pytest.mark.parametrize("replicas", [2, 4])
def test_rows_without_changes_and_equal_replicas_that_are_averaged_keep_their_bits(
    replicas: int,
) -> None:
    common, trained = random(50, 8), random(50, 8, seed=1)
    copies = np.repeat(common[None], replicas, 0)
    same = common.copy()
    merge(common, copies, np.arange(50), np.ones(50, np.float32))
    assert np.array_equal(common, same)
    copies = np.repeat(trained[None], replicas, 0)
    merge(common, copies, np.arange(50), np.full(50, 1 / replicas, np.float32))
    assert np.array_equal(common, trained)


@given(st.floats(0, 1e4), st.integers(2, 64))
def test_changes_count_from_one_down_to_their_mean(pull: float, replicas: int) -> None:
    weight = float(weight_of_changes(np.array([pull]), replicas)[0])
    assert 1 / replicas - 1e-12 <= weight <= 1
    more = float(weight_of_changes(np.array([pull * 1.1 + 1e-6]), replicas)[0])
    assert more <= weight + 1e-9


def test_the_weight_makes_replicas_go_as_far_as_one_that_had_all_updates() -> None:
    part, updates, replicas, goal = 0.02, 40, 3, 5.0
    alone = goal * (1 - (1 - part) ** (updates * replicas))
    each = goal * (1 - (1 - part) ** updates)
    weight = weight_of_changes(np.array([-updates * np.log(1 - part)]), replicas)
    assert float(weight[0]) * replicas * each == pytest.approx(alone)


@pytest.mark.parametrize("model", ["skipgram", "cbow"])
def test_expected_updates_are_those_that_are_counted(model: Literal["skipgram", "cbow"]) -> None:
    rng = np.random.default_rng(0)
    text = rng.choice(4, size=20_000, p=[0.7, 0.2, 0.09, 0.01])
    counts = np.bincount(text)
    objective = Objective(model=model, window=3, negative=2, sample=0.05)
    frequency = counts / len(text)
    keep = np.minimum(1, np.sqrt(0.05 / frequency) + 0.05 / frequency)
    kept = text[rng.random(len(text)) < keep[text]]
    inputs, outputs = np.zeros(4), np.zeros(4)
    noise = counts**0.75 / (counts**0.75).sum()
    for place, word in enumerate(kept):
        reach = rng.integers(1, 4)
        around = [p for p in range(place - reach, place + reach + 1) if 0 <= p < len(kept)]
        around.remove(place)
        np.add.at(inputs, kept[around], 1)
        times = len(around) if model == "skipgram" else 1
        outputs[word] += times
        outputs += times * 2 * noise
    for expected, counted in zip(update_rates(counts, objective), (inputs, outputs), strict=True):
        np.testing.assert_allclose(expected * len(text), counted, rtol=0.1)


def test_a_bucket_expects_the_updates_of_all_its_words() -> None:
    counts, objective = np.array([50, 30, 20]), Objective(sample=0)
    grams = Ragged.from_rows([[0, 3], [3], []])
    inputs, outputs = update_rates(counts, objective, grams)
    assert inputs[3:].tolist() == [inputs[0], 0, 0, inputs[0] + inputs[1]]
    assert len(outputs) == 3


def test_a_node_of_a_tree_expects_the_updates_of_all_words_below_it() -> None:
    counts = np.array([0, 50, 30, 20])  # a word of no text is first: the root is still trained
    objective = Objective(sample=0, window=1)
    _, outputs = update_rates(counts, objective, tree=huffman_tree(counts))
    predictions = counts / 100 * 2
    assert outputs[:3].tolist() == pytest.approx([2.0, predictions[2:].sum(), predictions[3]])
    assert outputs[3] == 0  # there are three nodes


def test_a_frequent_row_is_merged_often_a_rare_one_seldom_and_all_in_the_end() -> None:
    timetable = Timetable(np.array([1.0, 0.01, 0.0]), replicas=2)
    merged = np.zeros(3, int)
    for _ in range(100):
        timetable.advance(100, 0.01)
        rows, weights = timetable.due()
        merged[rows] += 1
        assert ((weights > 0.5) & (weights < 1)).all()
    assert merged[0] == 100
    assert 0 < merged[1] <= 20
    timetable.advance(1, 0.01)
    rows, weights = timetable.due(all_rows=True)
    assert rows.tolist() == [0, 1]  # the last is never trained
    assert weights[1] > weights[0]  # what rare rows have learned adds up
    assert len(timetable.due(all_rows=True)[0]) == 0


class Adder:
    """Adds the tokens' share of the rate to a row; slow at random, as threads are."""

    threads: ClassVar[set[int]] = set()

    def __init__(self, rows: Ragged, input: np.ndarray, output: np.ndarray, wait: float) -> None:
        self.rows, self.input, self.output, self.wait = rows, input, output, wait

    def run(self, first: int, last: int, lr: float, next_lr: float, seed: int) -> Tally:
        time.sleep(np.random.default_rng().random() * self.wait)
        Adder.threads.add(threading.get_ident())
        rng, tokens = np.random.default_rng(seed), 0
        for row in range(first, last):
            for word in self.rows[row]:
                self.input[word] += lr * rng.normal(size=self.input.shape[1])
                self.output[word] += next_lr * self.input[word]
                tokens += 1
        return Tally(2 * tokens, float(tokens), tokens)


def text() -> Ragged:
    rng = np.random.default_rng(0)
    return Ragged.from_rows(rng.integers(9, size=n).tolist() for n in rng.integers(0, 12, 60))


def trained(
    wait: float, epochs: int, *, start: np.ndarray | None = None
) -> tuple[np.ndarray, Tally]:
    """Train all epochs, or the last one from ``start``; return both matrices, and its tally."""
    rows = text()
    input, output = np.split((random(18, 4) if start is None else start).copy(), 2)
    engine = ReplicaEngine(
        lambda input, output: Adder(rows, input, output, wait),
        input,
        output,
        rows,
        update_rates(np.bincount(rows.values), Objective(sample=0)),
        replicas=3,
        every=20,
    )
    for epoch in range(0 if start is None else epochs - 1, epochs):
        tally = engine.run(0, len(rows), 0.05, 0.01, epoch)
        engine.settle()
    return np.concatenate([input, output]), tally


def test_threads_give_the_same_bits_in_whatever_order_they_run() -> None:
    Adder.threads.clear()
    runs = [trained(wait, 2) for wait in (0, 0.004, 0.004)]
    assert len(Adder.threads) > 1
    for weights, tally in runs:
        assert np.array_equal(weights, runs[0][0])
        assert tally == runs[0][1]


def test_every_row_of_the_text_is_trained_on_once_a_pass() -> None:
    _, tally = trained(0, 1)
    tokens = len(text().values)
    assert tally == Tally(2 * tokens, float(tokens), tokens)


def test_after_settle_a_fresh_engine_goes_on_with_the_same_bits() -> None:
    through, _ = trained(0, 2)
    first, _ = trained(0, 1)
    again, _ = trained(0, 2, start=first)
    assert np.array_equal(through, again)


@given(st.lists(st.integers(0, 30), min_size=1, max_size=40), st.integers(1, 12))
def test_shares_cover_the_rows_in_order_and_are_about_as_long(
    lengths: list[int], parts: int
) -> None:
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    first, last = len(lengths) // 4, len(lengths)
    ends = shares(offsets, first, last, parts)
    assert ends[0] == first
    assert ends[-1] == last
    assert len(ends) == parts + 1
    assert all(a <= b for a, b in pairwise(ends))
    goal = (offsets[last] - offsets[first]) / parts
    assert all(offsets[b] - offsets[a] <= goal + max(lengths) for a, b in pairwise(ends))


def test_seeds_of_workers_and_rounds_differ() -> None:
    seeds = {mixed(s, n, r) for s in range(3) for n in range(20) for r in range(8)}
    assert len(seeds) == 3 * 20 * 8
    assert all(0 <= seed < 2**63 for seed in seeds)
