"""Attention: what a decoder reads of a sequence at each step (Bahdanau et al. 2015; Luong 2015)."""

from abc import abstractmethod
from typing import Literal

import torch
from torch import Tensor, nn

from seqkit.errors import SeqkitError
from seqkit.nn.initialisation import initialise

AttentionName = Literal["none", "additive", "dot", "general", "concat"]


class Memory(tuple[Tensor, ...]):
    """What is attended: keys, values and mask, ``(n, time, ...)`` each, projected once a sentence.

    In a state that is decoded it has a row for each *sentence*, whose hypotheses are consecutive
    rows of the rest, the same number for every sentence: it is read by all of them, and neither
    repeated nor put in order as they come and go.
    """

    __slots__ = ()


class Attention(nn.Module):
    """``a_j = softmax_j(score(q, m_j))`` and the context ``sum_j a_j m_j``.

    ``memory`` projects a sentence once; ``forward`` then answers one query or several a row.

    Args:
        queries: features of a query.
        features: of what is attended.
    """

    def __init__(self, queries: int, features: int) -> None:
        super().__init__()
        self.queries, self.features = queries, features

    def memory(self, values: Tensor, mask: Tensor | None = None) -> Memory:
        """Return what ``forward`` attends to.

        Args:
            values: ``(n, time, features)``.
            mask: ``(n, time)`` bool, True at what is real, at least once in a row; None: all is.
        """
        if mask is None:
            mask = torch.ones(values.shape[:2], dtype=torch.bool, device=values.device)
        return Memory((self.keys(values), values, mask))

    def forward(self, queries: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
        """Attend with queries of ``(n, queries)``, or ``(n, steps, queries)``.

        Of ``n * k`` queries, each row of the memory answers ``k`` consecutive ones.

        Returns:
            Contexts, ``(n, [steps,] features)``, and weights, ``(n, [steps,] time)``, which sum
            to 1 and are 0 at padding.
        """
        if queries.ndim == 2:
            several = queries.view(len(memory[0]), -1, queries.shape[1])
            contexts, weights = self(several, memory)
            return contexts.flatten(0, 1), weights.flatten(0, 1)
        keys, values, mask = memory
        scores = self.scores(queries, keys).masked_fill(~mask[:, None], -torch.inf)
        weights = scores.softmax(dim=2)
        return weights @ values, weights

    @abstractmethod
    def keys(self, values: Tensor) -> Tensor:
        """Return what queries are compared with, ``(n, time, ...)``."""

    @abstractmethod
    def scores(self, queries: Tensor, keys: Tensor) -> Tensor:
        """Compare ``(n, steps, queries)`` with keys: ``(n, steps, time)``."""


class Dot(Attention):
    """``score = q . m`` (Luong, Pham and Manning 2015, eq. 8)."""

    def __init__(self, queries: int, features: int) -> None:
        super().__init__(queries, features)
        if queries != features:
            raise SeqkitError(
                f"attention=dot compares {queries} units of the decoder with {features} features: "
                f"use attention=general, or decoder.hidden={features}."
            )

    def keys(self, values: Tensor) -> Tensor:
        """Return the values themselves."""
        return values

    def scores(self, queries: Tensor, keys: Tensor) -> Tensor:
        """Compare in one product."""
        return queries @ keys.transpose(1, 2)


class General(Dot):
    """``score = q . W m`` (Luong, Pham and Manning 2015, eq. 8)."""

    def __init__(self, queries: int, features: int) -> None:
        Attention.__init__(self, queries, features)
        self.key = _linear(features, queries)

    def keys(self, values: Tensor) -> Tensor:
        """Return ``W m``."""
        keys: Tensor = self.key(values)
        return keys


class Additive(Attention):
    """``score = v . tanh(W q + U m)`` (Bahdanau, Cho and Bengio 2015, appendix A.1.2).

    Luong's ``concat``, ``v . tanh(W [q; m])``, is the same function; what differs is which
    query a decoder asks with, and where the context goes.
    """

    def __init__(self, queries: int, features: int) -> None:
        super().__init__(queries, features)
        self.query, self.key = _linear(queries, queries), _linear(features, queries)
        self.score = _linear(queries, 1)

    def keys(self, values: Tensor) -> Tensor:
        """Return ``U m``."""
        keys: Tensor = self.key(values)
        return keys

    def scores(self, queries: Tensor, keys: Tensor) -> Tensor:
        """Compare all with all: ``(n, steps, time, queries)`` in memory."""
        together = torch.tanh(self.query(queries)[:, :, None] + keys[:, None])
        scores: Tensor = self.score(together)[..., 0]
        return scores


ATTENTIONS: dict[AttentionName, type[Attention]] = {
    "additive": Additive,
    "dot": Dot,
    "general": General,
    "concat": Additive,
}


def _linear(features: int, outputs: int) -> nn.Linear:
    layer = nn.Linear(features, outputs, bias=False)
    initialise(layer.weight, "xavier")
    return layer
