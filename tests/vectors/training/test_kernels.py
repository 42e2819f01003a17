"""Parts of the compiled passes: sampled distributions against their formulas, and the cache."""

from typing import Any

import numpy as np
import pytest
from numba import njit
from scipy.stats import chisquare

from seqkit.vectors.training.kernels import (
    NOTHING,
    Own,
    Sampling,
    compiled_as,
    draw,
    exchange,
    inlined,
    longest,
    reach,
    subsample,
    take,
    targets_of,
)
from seqkit.vectors.training.objective import keep_probability, noise_distribution
from seqkit.vectors.training.sampling import sampling_of

COUNTS = np.array([60_000, 30_000, 9_000, 900, 90, 10])
DRAWS, WINDOW, NEGATIVE = 200_000, 7, 2
SAMPLE = 1e-2
DRAW_TARGETS = targets_of(16, NEGATIVE)


@njit
def noise_words(sampling: Any, words: Any, state: Any) -> Any:
    for i in range(len(words)):
        state, words[i] = draw(state, sampling)


@njit
def reaches(window: Any, distances: Any, state: Any) -> Any:
    for i in range(len(distances)):
        state, distances[i] = reach(state, window)


@njit
def kept_tokens(tokens: Any, sampling: Any, kept: Any, state: Any) -> Any:
    state, count = subsample(state, tokens, sampling, kept)
    return count


@njit
def targets(centre: Any, sampling: Any, output: Any, drawn: Any, state: Any) -> Any:
    for i in range(len(drawn)):
        state, some = DRAW_TARGETS(state, centre, sampling, NOTHING, output)
        drawn[i, 0], drawn[i, 1], drawn[i, 2] = some


@njit
def taken(input: Any, output: Any, own: Any) -> None:
    take(input, output, own)


@njit
def exchanged(input: Any, output: Any, own: Any) -> None:
    exchange(input, output, own)


def test_the_changes_of_a_threads_own_rows_are_added_to_everybodys_with_their_weight() -> None:
    rng = np.random.default_rng(0)
    input, output = (rng.normal(size=(5, 8)).astype(np.float32) for _ in "xy")
    before, weights = np.zeros((2, 2, 8), np.float32), np.array([[1, 0.5], [0.25, 1]], np.float32)
    own = Own(2, 3, 9, before[0], before[1], weights[0], weights[1])  # words 0, 1 in rows 3, 4
    taken(input, output, own)
    expected = []
    for matrix, weight in zip((input, output), weights, strict=True):
        assert (matrix[3:] == matrix[:2]).all()
        mine, others = rng.normal(size=(2, 2, 8)).astype(np.float32)
        matrix[3:] += mine
        matrix[:2] += others  # by another thread meanwhile
        expected.append(matrix[:2] + weight[:, None] * mine)
    unmoved = input[2].copy()
    for _ in range(2):  # a second time there is nothing new
        exchanged(input, output, own)
        for matrix, kept, values in zip((input, output), before, expected, strict=True):
            assert matrix[:2] == pytest.approx(values, abs=1e-6)
            assert (matrix[3:] == matrix[:2]).all()
            assert (kept == matrix[:2]).all()
    assert (input[2] == unmoved).all()


def fits(observed: Any, expected: Any) -> bool:
    """Say whether counts are of these proportions, by a chi-square test at 0.001."""
    observed, expected = np.asarray(observed), np.asarray(expected, np.float64)
    return bool(chisquare(observed, expected / expected.sum() * observed.sum()).pvalue > 1e-3)


@pytest.fixture
def sampling() -> Sampling:
    return sampling_of(COUNTS, SAMPLE, 0.75)


def test_noise_follows_the_counts_raised_to_a_power(sampling: Sampling) -> None:
    words = np.empty(DRAWS, np.int64)
    noise_words(sampling, words, np.uint64(1))
    observed = np.bincount(words, minlength=len(COUNTS))
    assert fits(observed, COUNTS**0.75)
    assert not fits(observed, COUNTS**0.7)  # the test can tell


def test_each_reach_is_as_likely() -> None:
    distances = np.empty(DRAWS, np.int64)
    reaches(WINDOW, distances, np.uint64(2))
    assert fits(np.bincount(distances, minlength=WINDOW + 1)[1:], np.ones(WINDOW))
    assert distances.min() == 1
    reaches(1, distances, np.uint64(2))
    assert (distances == 1).all()


def test_frequent_words_are_thinned_out_by_the_formula(sampling: Sampling) -> None:
    tokens = np.repeat(np.arange(len(COUNTS), dtype=np.int32), 50_000)
    kept = np.empty(len(tokens), np.int32)
    count = kept_tokens(tokens, sampling, kept, np.uint64(3))
    observed = np.bincount(kept[:count], minlength=len(COUNTS)) / 50_000
    expected = keep_probability(COUNTS, SAMPLE)
    spread = np.sqrt(expected * (1 - expected) / 50_000)
    assert (np.abs(observed - expected) <= 4 * spread).all()
    assert observed[0] < 0.6
    assert (np.diff(kept[:count]) >= 0).all()  # in their order


def test_the_noise_of_a_centre_leaves_it_out_and_no_word_comes_twice(sampling: Sampling) -> None:
    """The first is of the noise without the centre; the second without the first as well."""
    centre, drawn = 1, np.empty((DRAWS, NEGATIVE + 1), np.int64)
    targets(centre, sampling, np.zeros((6, 16), np.float32), drawn, np.uint64(4))
    assert (drawn[:, 0] == centre).all()
    assert (drawn[:, 1:] != centre).all()
    chances = noise_distribution(COUNTS, 0.75)
    chances[centre] = 0
    others = np.flatnonzero(chances)
    assert fits(np.bincount(drawn[:, 1], minlength=6)[others], chances[others])
    # The second comes twice only where all its four draws are the first.
    twice = drawn[:, 1] == drawn[:, 2]
    share = chances / chances.sum()
    assert twice.mean() == pytest.approx((share**5).sum(), rel=0.05)


def test_draws_that_follow_each_other_are_not_correlated(sampling: Sampling) -> None:
    words = np.empty(DRAWS, np.int64)
    noise_words(sampling, words, np.uint64(5))
    common = (words[:-1:2] < 3) & (words[1::2] < 3)
    pairs = np.bincount((words[:-1:2] * 3 + words[1::2])[common], minlength=9)
    chances = noise_distribution(COUNTS, 0.75)[:3]
    assert fits(pairs, np.outer(chances, chances).ravel())


def test_the_longest_of_some_rows() -> None:
    offsets = np.array([0, 3, 3, 10, 12])
    assert [longest(offsets, *ends) for ends in ((0, 4), (0, 2), (1, 2), (3, 3))] == [7, 3, 0, 0]


def factory(times: int) -> Any:
    """Return a function made of a part, both new objects as they are in a new process."""

    @inlined
    def part(x: Any) -> Any:
        return times * x

    @compiled_as(times)
    def whole(x: Any) -> Any:
        return part(x) + 1

    return whole


def test_a_function_of_a_factory_is_compiled_once_for_each_of_its_arguments() -> None:
    assert factory(3)(2) == 7
    again, other = factory(3), factory(4)
    assert (again(2), other(2)) == (7, 9)
    assert sum(again.stats.cache_hits.values()) == 1
