"""Weight averaging: the model is scored and saved with an average of its recent weights."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class WeightAverage:
    """An exponential moving average of all weights (Polyak and Juditsky 1992, in its EMA form).

    The decay rises as ``min(decay, (1 + t) / (10 + t))``, so that the random initial weights are
    forgotten at once. Statistics that are no weights (batch normalisation) are copied.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.model, self.decay, self.updates = model, decay, 0
        self.average = {name: t.detach().clone() for name, t in model.state_dict().items()}

    @torch.no_grad()
    def update(self) -> None:
        """Take the present weights into the average."""
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        trained = {name for name, p in self.model.named_parameters() if p.requires_grad}
        for name, present in self.model.state_dict().items():
            if name in trained:
                self.average[name].lerp_(present, 1 - decay)
            else:
                self.average[name].copy_(present)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Give the model the average for the time of a ``with`` block."""
        present = {name: t.detach().clone() for name, t in self.model.state_dict().items()}
        self.model.load_state_dict(self.average)
        try:
            yield
        finally:
            self.model.load_state_dict(present)

    def restore(self, average: Mapping[str, Tensor], updates: int) -> None:
        """Go on from a saved average."""
        for name, tensor in average.items():
            self.average[name].copy_(tensor)
        self.updates = updates
