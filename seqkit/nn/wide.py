"""A linear model of bags of n-grams, to stand beside a network."""

import torch
from torch import Tensor, nn

from seqkit.data.batch import Bag

# Bags have length 1, so that one n-gram moves a logit little. Adam's steps are all about as long
# as the learning rate: at this scale, the one that suits a network suits these weights too.
SCALE = 10.0


class Wide(nn.Module):
    """The wide part of a wide and deep model (Cheng et al. 2016), on TF-IDF weights.

    Args:
        features: how many hashes of n-grams there are.
        labels: how many there are.
    """

    def __init__(self, features: int, labels: int) -> None:
        super().__init__()
        self.table = nn.EmbeddingBag(features, labels, mode="sum")
        self.bias = nn.Parameter(torch.zeros(labels))
        nn.init.zeros_(self.table.weight)

    def forward(self, bag: Bag) -> Tensor:
        """Return logits, ``(batch, labels)``."""
        logits: Tensor = self.table(bag.features, bag.starts, SCALE * bag.weights)
        return logits + self.bias
