"""A linear-chain conditional random field: the tags of a row scored together, not one by one.

The score of tags ``y`` of a row of length T with emissions ``s`` is (Lafferty, McCallum and
Pereira 2001; over a BiLSTM, Huang, Xu and Yu 2015, equation 3)

    score(y) = start[y_1] + sum_t s_t[y_t] + sum_t transitions[y_{t-1}, y_t] + end[y_T]

and its probability ``exp(score(y)) / Z``, where Z sums over all tags that are allowed.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

FORBIDDEN = -1e4  # a score that no other can make up for; minus infinity has no gradient


class CRF(nn.Module):
    """Transition scores between ``tags`` tags, and the sums and maxima over all sequences.

    All methods take ``emissions (batch, time, tags)`` and ``lengths (batch,)`` from 1 to time:
    what stands past a row's end changes nothing.

    Args:
        tags: how many there are.
        allowed: ``(tags + 1, tags + 1)`` of bool, whether tag j may follow tag i; the last row
            says which tags may begin a sequence, the last column which may end one. None: all.
    """

    forbidden: Tensor

    def __init__(self, tags: int, allowed: NDArray[np.bool_] | None = None) -> None:
        super().__init__()
        self.tags = tags
        self.transitions = nn.Parameter(torch.zeros(tags, tags))
        self.start = nn.Parameter(torch.zeros(tags))
        self.end = nn.Parameter(torch.zeros(tags))
        if allowed is None:
            allowed = np.ones((tags + 1, tags + 1), dtype=np.bool_)
        # It follows from the tags' names: a saved model need not hold it.
        forbidden = torch.from_numpy(~allowed).float() * FORBIDDEN
        self.register_buffer("forbidden", forbidden, persistent=False)

    def _scores(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return start ``(tags,)``, transition ``(tags, tags)`` and end scores ``(tags,)``."""
        rule, last = self.forbidden, self.tags
        return (
            self.start + rule[last, :last],
            self.transitions + rule[:last, :last],
            self.end + rule[:last, last],
        )

    def nll(self, emissions: Tensor, tags: Tensor, lengths: Tensor) -> Tensor:
        """Return the negative log-likelihood of ``tags (batch, time)``, one a row: ``(batch,)``.

        What stands in ``tags`` past a row's end is not read, but is to be a tag's number.
        """
        emissions = emissions.to(torch.promote_types(emissions.dtype, torch.float32))
        return self.log_partition(emissions, lengths) - self.score(emissions, tags, lengths)

    def score(self, emissions: Tensor, tags: Tensor, lengths: Tensor) -> Tensor:
        """Return the score of ``tags (batch, time)`` before normalisation, ``(batch,)``."""
        start, transitions, end = self._scores()
        real = torch.arange(tags.shape[1], device=tags.device) < lengths[:, None]
        emitted = emissions.gather(2, tags[:, :, None])[:, :, 0]
        passed = transitions[tags[:, :-1], tags[:, 1:]]
        last = tags.gather(1, lengths[:, None] - 1)[:, 0]
        inside = (emitted * real).sum(dim=1) + (passed * real[:, 1:]).sum(dim=1)
        return start[tags[:, 0]] + inside + end[last]

    def log_partition(self, emissions: Tensor, lengths: Tensor) -> Tensor:
        """Return log Z, ``(batch,)``, by the forward algorithm."""
        start, transitions, end = self._scores()
        alpha = start + emissions[:, 0]
        for t in range(1, emissions.shape[1]):
            onward = torch.logsumexp(alpha[:, :, None] + transitions, dim=1) + emissions[:, t]
            alpha = torch.where((t < lengths)[:, None], onward, alpha)
        return torch.logsumexp(alpha + end, dim=1)

    @torch.no_grad()
    def decode(self, emissions: Tensor, lengths: Tensor) -> Tensor:
        """Return the most probable tags, ``(batch, time)``, by Viterbi; zeros past a row's end."""
        start, transitions, end = self._scores()
        best, back = start + emissions[:, 0], []
        stay = torch.arange(self.tags, device=emissions.device).expand_as(best)
        for t in range(1, emissions.shape[1]):
            score, source = (best[:, :, None] + transitions).max(dim=1)
            here = (t < lengths)[:, None]
            best = torch.where(here, score + emissions[:, t], best)
            back.append(torch.where(here, source, stay))  # past the end, the path stands still
        tags = [(best + end).argmax(dim=1)]
        for sources in reversed(back):
            tags.append(sources.gather(1, tags[-1][:, None])[:, 0])
        result = torch.stack(tags[::-1], dim=1)
        steps = torch.arange(result.shape[1], device=result.device)
        return result.masked_fill(steps >= lengths[:, None], 0)

    def marginals(self, emissions: Tensor, lengths: Tensor) -> Tensor:
        """Return how probable each tag is at each place, ``(batch, time, tags)``, zero past ends.

        They are the gradient of log Z by the emissions (Eisner 2016, "Inside-Outside and
        Forward-Backward Algorithms Are Just Backprop").
        """
        with torch.inference_mode(False), torch.enable_grad():
            given = emissions.detach().clone().requires_grad_()
            (result,) = torch.autograd.grad(self.log_partition(given, lengths).sum(), given)
        return result
