"""From one vector a token to one vector a row."""

from typing import Literal

import torch
from torch import Tensor, nn

from seqkit.nn.recurrent import Encoded

PoolingName = Literal["last", "mean", "max", "attention"]


class Attention(nn.Module):
    """Additive self-attention with a learned query (Yang et al. 2016, eqs. 5-7)."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.project = nn.Linear(features, features)
        self.query = nn.Linear(features, 1, bias=False)

    def weights(self, outputs: Tensor, mask: Tensor) -> Tensor:
        """Return ``(batch, time)``: what each token counts for; a row sums to 1, padding is 0."""
        scores: Tensor = self.query(torch.tanh(self.project(outputs))).squeeze(2)
        return scores.masked_fill(~mask, -torch.inf).softmax(dim=1)

    def forward(self, outputs: Tensor, mask: Tensor) -> Tensor:
        """Return the weighted sum, ``(batch, features)``."""
        return (self.weights(outputs, mask)[:, None] @ outputs).squeeze(1)


class Pooling(nn.Module):
    """One or several ways to sum up a row, concatenated in the order given.

    ``last`` is the top layer's ``last``; ``mean``, ``max`` and ``attention`` run over the
    outputs at real tokens.

    Attributes:
        features: of the result.
        attention: the attention, whose ``weights`` a picture may show; None without it.
    """

    def __init__(self, names: tuple[PoolingName, ...], features: int) -> None:
        super().__init__()
        self.names = names
        self.features = features * len(names)
        self.attention = Attention(features) if "attention" in names else None

    def forward(self, encoded: Encoded, mask: Tensor) -> Tensor:
        """Return ``(batch, features)``; ``mask`` is ``(batch, time)``, True at real tokens."""
        return torch.cat([self._pool(name, encoded, mask) for name in self.names], dim=1)

    def _pool(self, name: PoolingName, encoded: Encoded, mask: Tensor) -> Tensor:
        match name:
            case "last":
                return encoded.last[-1]
            case "mean":
                return masked_mean(encoded.outputs, mask)
            case "max":
                return masked_max(encoded.outputs, mask)
            case "attention":
                assert self.attention is not None
                pooled: Tensor = self.attention(encoded.outputs, mask)
                return pooled


def masked_mean(x: Tensor, mask: Tensor) -> Tensor:
    """Return the mean of ``(batch, time, features)`` over the time steps where ``mask``."""
    total = x.masked_fill(~mask[:, :, None], 0.0).sum(dim=1)
    return total / mask.sum(dim=1, keepdim=True)


def masked_max(x: Tensor, mask: Tensor) -> Tensor:
    """Return the maximum of ``(batch, time, features)`` over the time steps where ``mask``."""
    return x.masked_fill(~mask[:, :, None], -torch.inf).max(dim=1).values
