"""What is asked of a model: why this label, and not that one; as a function of what it reads.

The output that is explained is a difference of logits. Of a softmax it is the log of how many
times as probable one label is as the other; of a multi-label classifier, the log-odds of a label.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from seqkit.errors import SeqkitError, unknown

Floats = NDArray[np.float64]


class Contrast(NamedTuple):
    """A label and what it is compared with, by their numbers; ``against`` None: its log-odds."""

    label: int
    against: int | None

    def of(self, scores: Tensor) -> Tensor:
        """Return ``(n,)`` of scores ``(n, labels)``: the label's, less that of the other."""
        first = scores[:, self.label]
        return first if self.against is None else first - scores[:, self.against]


def contrast(
    scores: Tensor, names: Sequence[str], label: str, against: str, *, alone: bool = False
) -> Contrast:
    """Return what is asked about.

    Args:
        scores: ``(labels,)``, higher for what is more probable.
        names: of the labels.
        label: empty: the most probable.
        against: empty: the most probable other one, or none if ``alone``.
        alone: whether each label is answered by itself.

    Raises:
        SeqkitError: if a name is unknown, or both are the same.
    """
    for name in (label, against):
        if name and name not in names:
            raise unknown("label", name, names)
    first = names.index(label) if label else int(scores.argmax())
    if against:
        if names.index(against) == first:
            raise SeqkitError(f"'{against}' cannot be compared with itself: name another label.")
        return Contrast(first, names.index(against))
    if alone or len(names) == 1:
        return Contrast(first, None)
    others = scores.clone()
    others[first] = -float("inf")
    return Contrast(first, int(others.argmax()))


class NGramShares(NamedTuple):
    """What n-grams add to an output.

    Attributes:
        tokens: ``(tokens,)``, at each token that the network reads.
        rest: at none of them: past what it reads of a long text.
        bias: what a text without any n-gram has.
    """

    tokens: Floats
    rest: float
    bias: float


@dataclass(frozen=True, eq=False)
class Question(ABC):
    """Why ``label`` and not ``against``, of one text.

    Attributes:
        tokens: of the text, as they stand in it.
        label: that is asked about.
        against: the one it is compared with; empty for the label's log-odds.
        word: the place of the word whose tag is asked about; None for a text's label.
        vectors: ``(time, features)``, all that the network reads of each token.
        parts: what the features are, by name, as slices of them.
        ngrams: what a linear part adds; None where there is none.
    """

    tokens: tuple[str, ...]
    label: str
    against: str
    word: int | None
    vectors: Tensor
    parts: Mapping[str, slice]
    ngrams: NGramShares | None

    @abstractmethod
    def network(self, x: Tensor) -> Tensor:
        """Return the network's share of the output, ``(n,)``, of vectors ``(n, time, features)``.

        It has gradients.
        """

    @abstractmethod
    def occluded(self) -> Floats:
        """Return the whole output without each token, ``(tokens,)``."""
