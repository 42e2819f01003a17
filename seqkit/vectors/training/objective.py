"""What word vectors are trained for: the sampled distributions, whatever trains them."""

from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Objective:
    """What is trained, and how it is sampled.

    Attributes:
        model: ``skipgram`` predicts a word from each word of its window, ``cbow`` from all.
        window: most words on either side; each centre draws its own from 1 to this.
        negative: noise words a prediction.
        mean: CBOW takes the mean of its window, else the sum.
        sample: the frequency above which words are thinned out (0: none are).
        noise: exponent of the counts in the distribution of noise words.
    """

    model: Literal["skipgram", "cbow"] = "skipgram"
    window: int = 5
    negative: int = 5
    mean: bool = True
    sample: float = 1e-3
    noise: float = 0.75


class Tally(NamedTuple):
    """What a pass over some rows came to.

    Attributes:
        pairs: predictions made: pairs of words in skip-gram, centres in CBOW.
        loss: the objective summed over them: of negative sampling, or minus log probabilities.
        words: tokens that subsampling left.
    """

    pairs: int
    loss: float
    words: int


class Engine(Protocol):
    """What trains weights on rows of word ids."""

    def run(self, first: int, last: int, lr: float, next_lr: float, seed: int) -> Tally:
        """Train on rows ``first`` to ``last`` once, while the rate falls from lr to next_lr."""
        ...


def keep_probability(counts: NDArray[np.int64], sample: float) -> NDArray[np.float32]:
    """Return the probability with which subsampling keeps each word, ``(words,)``.

    Mikolov et al. 2013 (arXiv 1310.4546), section 2.3, by the formula of its code: a word of
    frequency f is kept with probability ``sqrt(sample / f) + sample / f``, of 1 at most.
    """
    if sample <= 0:
        return np.ones(len(counts), np.float32)
    ratio = sample * counts.sum() / np.maximum(counts, 1)
    kept: NDArray[np.float32] = np.minimum(1, np.sqrt(ratio) + ratio).astype(np.float32)
    return kept


def noise_distribution(counts: NDArray[np.int64], power: float) -> NDArray[np.float64]:
    """Return the probability of each word as noise, ``(words,)``, of counts raised to a power.

    A word that no text has is no noise, whatever the power.
    """
    weights = np.where(counts > 0, np.maximum(counts, 1).astype(np.float64) ** power, 0)
    probabilities: NDArray[np.float64] = weights / weights.sum()
    return probabilities
