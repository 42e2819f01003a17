"""Chances as thresholds: their implied distributions against the formulas."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqkit.vectors.training.objective import keep_probability, noise_distribution
from seqkit.vectors.training.sampling import alias_table, keep_thresholds, sampling_of, thresholds


def implied(stay: np.ndarray, alias: np.ndarray) -> np.ndarray:
    """Return the distribution that a table of aliases draws from."""
    own = (stay + 1.0) / 2**32
    chances = own.copy()
    np.add.at(chances, alias, 1 - own)
    return chances / len(own)


@given(st.lists(st.floats(1e-9, 1e9), min_size=1, max_size=60))
def test_an_alias_table_draws_from_the_distribution_it_is_of(weights: list[float]) -> None:
    expected = np.array(weights) / np.sum(weights)
    stay, alias = alias_table(np.array(weights))
    np.testing.assert_allclose(implied(stay, alias), expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("noise", [0.75, 0.0, 1.0, -0.5])
def test_the_noise_of_a_large_vocabulary_is_exact(noise: float) -> None:
    counts = (np.random.default_rng(0).pareto(1, 100_000) * 10 + 1).astype(np.int64)
    sampling = sampling_of(counts, 1e-3, noise)
    expected = noise_distribution(counts, noise)
    stay, alias = np.divmod(sampling.noise, np.uint64(2**32))
    found = implied(stay.astype(np.uint32), alias.astype(np.int32))
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert sampling.noise.dtype == np.uint64


def test_equal_words_are_never_sent_to_an_alias() -> None:
    stay, _ = alias_table(np.full(1000, 0.3))
    assert (stay == 2**32 - 1).all()


def test_a_word_without_probability_is_all_but_never_drawn() -> None:
    stay, alias = alias_table(np.array([0.5, 0, 0.5]))
    assert implied(stay, alias)[1] < 1e-9


def test_thresholds_hold_a_probability_to_32_bits() -> None:
    given = np.array([0, 2.0**-32, 0.25, 0.5, 1 - 2.0**-32, 1, 1.5])
    chances = (thresholds(given).astype(np.float64) + 1) / 2**32
    assert chances[1:-1] == pytest.approx(given[1:-1], abs=0)
    assert chances[0] == 2.0**-32  # the least there is
    assert chances[-1] == 1


def test_keep_thresholds_are_those_of_subsampling() -> None:
    counts = np.array([1_000_000, 10_000, 100, 1])
    kept = (keep_thresholds(counts, 1e-3) + 1.0) / 2**32
    assert kept == pytest.approx(keep_probability(counts, 1e-3), rel=1e-6)
    assert (keep_thresholds(counts, 0) == 2**32 - 1).all()


@pytest.mark.parametrize("noise", [-1.0, 0.0, 0.75])
def test_a_word_that_no_text_has_is_no_noise(noise: float) -> None:
    chances = noise_distribution(np.array([0, 4, 2]), noise)
    assert chances[0] == 0
    assert chances[1] / chances[2] == pytest.approx(2.0**noise)
