"""What was written, and what it is ranked by."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqkit.decode.settings import DecodeSettings


@dataclass(frozen=True)
class Hypothesis:
    """A sequence that was written.

    Attributes:
        ids: without the token that ended it.
        log_probability: of the sequence and its end, as the model has it.
        ended: False where it was cut at its greatest length.
        score: what hypotheses are ranked by: the log-probability, under the penalties.
        attention: ``(tokens, source)``, the weights each token was written with; None for a model
            without attention.
    """

    ids: tuple[int, ...]
    log_probability: float
    ended: bool
    score: float
    attention: NDArray[np.float32] | None = field(default=None, compare=False, repr=False)


class Written(NamedTuple):
    """Sequences that are being written, all of one length.

    Attributes:
        ids: ``(rows, time)``.
        totals: ``(rows,)``, their log-probabilities, float64.
        attention: ``(rows, time, source)``; None without attention.
    """

    ids: Tensor
    totals: Tensor
    attention: Tensor | None

    @classmethod
    def nothing(cls, rows: int, weights: Tensor | None, device: torch.device) -> "Written":
        """Return sequences without a token, for a model that attends as ``weights`` does."""
        ids = torch.zeros(rows, 0, dtype=torch.long, device=device)
        totals = torch.zeros(rows, dtype=torch.float64, device=device)
        return cls(ids, totals, None if weights is None else weights[:, None][:, :0])

    def select(self, rows: Tensor) -> "Written":
        """Return the given rows."""
        attention = None if self.attention is None else self.attention.index_select(0, rows)
        return Written(self.ids.index_select(0, rows), self.totals.index_select(0, rows), attention)

    def grown(self, ids: Tensor, totals: Tensor, weights: Tensor | None) -> "Written":
        """Return them with one more token each, ``(rows,)``, and what that attended to."""
        attention = self.attention
        if attention is not None and weights is not None:
            attention = torch.cat([attention, weights[:, None]], dim=1)
        return Written(torch.cat([self.ids, ids[:, None]], dim=1), totals, attention)


class Ranking:
    """Scores sequences by Wu et al. 2016, equation 14.

    ``log P(Y | X) / lp(Y) + cp(X, Y)``, with the length penalty
    ``lp = ((5 + |Y|) / 6) ** alpha``, where the length counts the end, and the coverage penalty
    ``cp = beta * sum over the source of log min(1, attention received from all of Y)``.
    """

    def __init__(self, chosen: DecodeSettings, sources: Tensor | None) -> None:
        self.alpha, self.beta = chosen.length_penalty, chosen.coverage_penalty
        self.sources = sources  # (prompts,), tokens of each one's source

    def penalised(self, totals: Tensor, lengths: Tensor | int) -> Tensor:
        """Return log-probabilities under the length penalty."""
        return totals / ((5 + lengths) / 6) ** self.alpha

    def hypotheses(
        self, written: Written, ended: Tensor, prompts: Tensor, last: Tensor | None
    ) -> list[Hypothesis]:
        """Return what was written, scored.

        Args:
            written: what was written, their ends counted in the log-probabilities.
            ended: ``(rows,)``, which of them have come to an end.
            prompts: ``(rows,)``, the prompt of each.
            last: ``(rows, source)``, what the ends attended to.
        """
        lengths = written.ids.shape[1] + ended
        scores = self.penalised(written.totals, lengths)
        if self.beta and written.attention is not None and last is not None:
            received = written.attention.sum(1) + last * ended[:, None]
            scores = scores + self.beta * self._coverage(received, prompts)
        return [
            Hypothesis(tuple(ids), total, end, score, attention)
            for ids, total, end, score, attention in zip(
                written.ids.tolist(),
                written.totals.tolist(),
                ended.tolist(),
                scores.tolist(),
                self._cropped(written, prompts.tolist()),
                strict=True,
            )
        ]

    def _coverage(self, received: Tensor, prompts: Tensor) -> Tensor:
        """Return ``(rows,)``, from the attention that each place got, ``(rows, source)``."""
        real = received > 0
        if self.sources is not None:
            places = torch.arange(received.shape[1], device=received.device)
            real = places < self.sources[prompts][:, None]
        tiny = torch.finfo(received.dtype).tiny  # a place may have got nothing
        each = received.double().clamp(min=tiny, max=1).log()
        return each.masked_fill(~real, 0.0).sum(1)

    def _cropped(
        self, written: Written, prompts: Sequence[int]
    ) -> list[NDArray[np.float32] | None]:
        """Return the attention of each row over its own source, without padding."""
        if written.attention is None:
            return [None] * len(prompts)
        arrays = written.attention.float().cpu().numpy()
        if self.sources is None:
            return [array.copy() for array in arrays]
        ends = self.sources[torch.tensor(prompts, dtype=torch.long)].tolist()
        return [array[:, :end].copy() for array, end in zip(arrays, ends, strict=True)]
