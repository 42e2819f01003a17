"""The one object that passes from data to models."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """Rows of token ids, padded on the right.

    Attributes:
        ids: ``(batch, time)`` int64.
        lengths: ``(batch,)`` int64, the number of real tokens in each row, at least 1.
        rows: ``(batch,)`` where each row stands in its split, so that answers keep its order.
        targets: what the model should say; ``(batch,)`` int64 classes, or ``(batch, labels)``
            float32 of zeros and ones; None where there is nothing to learn from.
        tokens: the number of real tokens in the batch, padding excluded.
    """

    ids: Tensor
    lengths: Tensor
    rows: NDArray[np.int64]
    tokens: int
    targets: Tensor | None = None

    @cached_property
    def mask(self) -> Tensor:
        """``(batch, time)`` bool, True at real tokens."""
        return torch.arange(self.ids.shape[1], device=self.ids.device) < self.lengths[:, None]

    def to(self, device: torch.device) -> "Batch":
        """Return the batch with its tensors on ``device``."""
        if self.ids.device == device:
            return self
        targets = None if self.targets is None else self.targets.to(device)
        return Batch(self.ids.to(device), self.lengths.to(device), self.rows, self.tokens, targets)
