"""The chances of word2vec as integers that compiled loops compare 32 random bits with."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqkit.vectors.training.kernels import Sampling, compiled
from seqkit.vectors.training.objective import keep_probability, noise_distribution


def sampling_of(counts: NDArray[np.int64], sample: float, noise: float) -> Sampling:
    """Return how words of these counts are sampled.

    Args:
        counts: ``(words,)``, how often the text has each.
        sample: the frequency above which words are thinned out (0: none are).
        noise: exponent of the counts in the distribution of noise words.
    """
    stay, alias = alias_table(noise_distribution(counts, noise))
    drawn = stay.astype(np.uint64) << np.uint64(32) | alias.astype(np.uint64)
    return Sampling(keep_thresholds(counts, sample), drawn)


def keep_thresholds(counts: NDArray[np.int64], sample: float) -> NDArray[np.uint32]:
    """Return the thresholds of the chances with which subsampling keeps words, ``(words,)``."""
    return thresholds(keep_probability(counts, sample).astype(np.float64))


def thresholds(probabilities: NDArray[np.float64]) -> NDArray[np.uint32]:
    """Return t such that 32 random bits are at most t with these probabilities.

    They are exact to 2**-32; what should never happen, does so once in 2**32 draws.
    """
    scaled = np.rint(probabilities * 2.0**32) - 1
    limits: NDArray[np.uint32] = np.clip(scaled, 0, 2**32 - 1).astype(np.uint32)
    return limits


def alias_table(
    probabilities: NDArray[np.float64],
) -> tuple[NDArray[np.uint32], NDArray[np.int32]]:
    """Return a table that draws numbers from a distribution at one step each (Walker 1977).

    A place is drawn with equal chances; 32 further random bits, if they are at most ``stay`` of
    it, draw the place itself, otherwise its alias. The table is built by Vose 1991.

    Args:
        probabilities: ``(n,)``, not negative, in any proportion to the chances.

    Returns:
        ``stay``, ``(n,)`` uint32, and ``alias``, ``(n,)`` int32.
    """
    share = probabilities * (len(probabilities) / probabilities.sum())
    alias = np.arange(len(share), dtype=np.int32)
    _pair(share, alias)
    return thresholds(share), alias


@compiled
def _pair(share: Any, alias: Any) -> None:
    """Fill each place that has a share below 1 up to 1, from one place that has more.

    Afterwards ``share`` holds what of a place is its own.
    """
    count = len(share)
    waiting, low, high = np.empty(count, np.int32), 0, count  # small ones grow from the left
    for place in range(count):
        if share[place] < 1:
            waiting[low] = place
            low += 1
        else:
            high -= 1
            waiting[high] = place
    while low > 0 and high < count:
        small, large = waiting[low - 1], waiting[high]
        alias[small] = large
        share[large] -= 1 - share[small]
        low -= 1
        if share[large] < 1:
            high += 1
            waiting[low] = large
            low += 1
    for i in range(low):  # rounding left them a hair below 1
        share[waiting[i]] = 1
    for i in range(high, count):
        share[waiting[i]] = 1
