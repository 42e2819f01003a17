"""The linear-chain CRF of :mod:`seqkit.nn.crf` in NumPy: its best tags and their probabilities."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Chain:
    """Scores of a row's first tag and last one ``(tags,)``, and of each pair ``(tags, tags)``.

    Both methods take ``emissions (batch, time, tags)`` and ``lengths (batch,)`` from 1 to time.
    """

    start: Floats
    transitions: Floats
    end: Floats

    def decode(self, emissions: Floats, lengths: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the most probable tags, ``(batch, time)``, by Viterbi."""
        best, back = self.start + emissions[:, 0], []
        stay = np.broadcast_to(np.arange(len(self.start)), best.shape)
        for t in range(1, emissions.shape[1]):
            scores = best[:, :, None] + self.transitions
            source, here = scores.argmax(axis=1), (t < lengths)[:, None]
            best = np.where(here, scores.max(axis=1) + emissions[:, t], best)
            back.append(np.where(here, source, stay))  # past the end, the path stands still
        tags = [(best + self.end).argmax(axis=1)]
        for sources in reversed(back):
            tags.append(np.take_along_axis(sources, tags[-1][:, None], axis=1)[:, 0])
        return np.stack(tags[::-1], axis=1)

    def marginals(self, emissions: Floats, lengths: NDArray[np.int64]) -> Floats:
        """Return how probable each tag is at each place, by the forward-backward algorithm."""
        emissions = emissions.astype(np.float64)
        time = emissions.shape[1]
        forward = np.empty_like(emissions)
        forward[:, 0] = self.start + emissions[:, 0]
        for t in range(1, time):
            onward = _logsumexp(forward[:, t - 1, :, None] + self.transitions, 1)
            here = (t < lengths)[:, None]
            forward[:, t] = np.where(here, onward + emissions[:, t], forward[:, t - 1])
        behind = np.empty_like(emissions)
        behind[:, -1] = self.end
        for t in range(time - 1, 0, -1):
            given = (emissions[:, t] + behind[:, t])[:, None, :]
            back = _logsumexp(self.transitions + given, 2)
            behind[:, t - 1] = np.where((t < lengths)[:, None], back, self.end)
        joint = forward + behind
        shares = np.exp(joint - _logsumexp(joint, 2)[:, :, None])
        result: Floats = shares.astype(np.float32)
        return result


def _logsumexp(x: NDArray[Any], axis: int) -> NDArray[Any]:
    highest = x.max(axis=axis, keepdims=True)
    total: NDArray[Any] = highest.squeeze(axis) + np.log(np.exp(x - highest).sum(axis=axis))
    return total
