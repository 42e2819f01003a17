"""What may come next, and how a sequence ends."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from seqkit.decode.settings import DecodeSettings
from seqkit.errors import SeqkitError

# (log-probabilities (n, V), what is written so far (n, time), prompt of each (n,)) -> the first,
# with -inf where a token must not come; it may change it in place.
Filter = Callable[[Tensor, Tensor, Tensor], Tensor]


def forbid(ids: Sequence[int]) -> Filter:
    """Return a filter for tokens that never come."""
    never = torch.tensor(list(ids), dtype=torch.long)

    def filtered(log_probabilities: Tensor, _written: Tensor, _prompts: Tensor) -> Tensor:
        return log_probabilities.index_fill_(1, never.to(log_probabilities.device), -torch.inf)

    return filtered


def block_ngrams(log_probabilities: Tensor, written: Tensor, size: int) -> Tensor:
    """Leave out, in place, what would write an n-gram a second time (Paulus et al. 2017, 2.5).

    Args:
        log_probabilities: ``(n, V)``.
        written: ``(n, time)``, so far.
        size: of the n-grams, at least 1.
    """
    if written.shape[1] < size:
        return log_probabilities
    ngrams = written.unfold(1, size, 1)  # (n, time - size + 1, size)
    begun = written[:, None, written.shape[1] - size + 1 :]  # what the next token will complete
    again = (ngrams[:, :, :-1] == begun).all(2)
    rows, places = again.nonzero(as_tuple=True)
    log_probabilities[rows, ngrams[rows, places, -1]] = -torch.inf
    return log_probabilities


class Rules:
    """What may come next: filters, n-grams, forced beginnings, and when and by what one ends.

    Args:
        chosen: how to write.
        ends: the tokens that end a sequence.
        limits: ``(prompts,)``, the most tokens of each prompt's sequences.
        opening: so many first tokens end nothing.
        filters: asked before each step.
        prefixes: for each prompt, what its sequences begin with, whatever other rules there are.

    Raises:
        SeqkitError: for a prefix longer than its sequences may be.
        ValueError: for one that holds an end.
    """

    def __init__(
        self,
        chosen: DecodeSettings,
        ends: Sequence[int],
        limits: Tensor,
        *,
        opening: int = 0,
        filters: Sequence[Filter] = (),
        prefixes: Sequence[Sequence[int]] | None = None,
    ) -> None:
        self.ends = torch.tensor(sorted(set(ends)), device=limits.device)
        self.limits, self.opening, self.filters = limits, opening, list(filters)
        self.min_length, self.block = chosen.min_length, chosen.block_ngrams
        self.prefixes = self._padded(prefixes) if prefixes and any(prefixes) else None

    def end(self, time: int) -> int:
        """Return the token that stands for all that end a sequence of ``time`` tokens, or -1."""
        return int(self.ends[0]) if time >= self.opening else -1

    def __call__(self, log_probabilities: Tensor, written: Tensor, prompts: Tensor) -> Tensor:
        """Apply them before the next token.

        Args:
            log_probabilities: ``(n, V)``; changed in place.
            written: ``(n, time)``.
            prompts: ``(n,)``, whose prompt each row is.
        """
        time = written.shape[1]
        forced = None
        if self.prefixes is not None and time < self.prefixes.shape[1]:
            forced = self._forced(log_probabilities, prompts, time)
        for one in self.filters:
            log_probabilities = one(log_probabilities, written, prompts)
        if self.block:
            log_probabilities = block_ngrams(log_probabilities, written, self.block)
        if self.opening <= time < self.min_length:
            log_probabilities.index_fill_(1, self.ends, -torch.inf)
        elif len(self.ends) > 1 and time >= self.opening:
            together = log_probabilities[:, self.ends].logsumexp(1)
            log_probabilities.index_fill_(1, self.ends, -torch.inf)
            log_probabilities[:, self.ends[0]] = together
        if forced is not None:
            rows, tokens, values = forced
            log_probabilities[rows] = -torch.inf
            log_probabilities[rows, tokens] = values
        return log_probabilities

    def _forced(
        self, log_probabilities: Tensor, prompts: Tensor, time: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the rows that have a next token already, that token, and its log-probability."""
        assert self.prefixes is not None
        tokens = self.prefixes[prompts, time]
        (rows,) = (tokens >= 0).nonzero(as_tuple=True)
        return rows, tokens[rows], log_probabilities[rows, tokens[rows]]

    def _padded(self, prefixes: Sequence[Sequence[int]]) -> Tensor:
        """Return ``(prompts, longest)``, -1 behind the end of each."""
        longest = max(map(len, prefixes))
        padded = torch.full((len(self.limits), longest), -1)
        ends, limits = set(self.ends.tolist()), self.limits.tolist()
        for row, (prefix, limit) in enumerate(zip(prefixes, limits, strict=True)):
            if len(prefix) > limit:
                raise SeqkitError(
                    f"a prefix of {len(prefix)} tokens is longer than the {limit} that may be "
                    "written: set max_length higher."
                )
            if ends & set(prefix):
                raise ValueError("a prefix cannot hold a token that ends a sequence")
            padded[row, : len(prefix)] = torch.tensor(prefix, dtype=torch.long)
        return padded.to(self.limits.device)
