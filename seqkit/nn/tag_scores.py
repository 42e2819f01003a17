"""Scores of tags that are made of parts: what one of them learns, those akin to it know."""

import itertools
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class ComposedScores(nn.Module):
    """A linear layer over tags such as ``ncpa+xsv+etm``, whose weights are sums over their parts.

    The weights of a tag are its own plus those of what it consists of: each part, the first, the
    last, each pair of neighbours, and their number. So a combination that is rare in training is
    known by its parts; the sum is the log-linear model of a tag's features (as in Müller, Schmid
    and Schütze 2013, section 3.2), and costs what a linear layer costs.

    Args:
        features: of the input.
        tags: their names, whose order is that of the scores.
        join: what stands between the parts.
    """

    places: Tensor
    starts: Tensor

    def __init__(self, features: int, tags: Sequence[str], join: str) -> None:
        super().__init__()
        number: dict[str, int] = {}
        bags = [
            [number.setdefault(name, len(number)) for name in consists_of(tag, join)]
            for tag in tags
        ]
        starts = torch.tensor([0, *map(len, bags)]).cumsum(0)[:-1]
        places = torch.tensor([place for bag in bags for place in bag])
        self.register_buffer("places", places, persistent=False)
        self.register_buffer("starts", starts, persistent=False)
        self.parts = nn.Parameter(torch.empty(len(number), features + 1))
        nn.init.normal_(self.parts, std=(3 * features) ** -0.5)

    def forward(self, x: Tensor) -> Tensor:
        """``(..., features)`` to ``(..., tags)``."""
        weights = F.embedding_bag(self.places, self.parts, self.starts, mode="sum")
        return F.linear(x, weights[:, :-1], weights[:, -1])


def consists_of(tag: str, join: str) -> Iterator[str]:
    """Yield names of what a tag consists of, itself first."""
    parts = tag.split(join)
    yield f"all {tag}"
    yield from (f"part {part}" for part in parts)
    yield f"first {parts[0]}"
    yield f"last {parts[-1]}"
    yield f"number {len(parts)}"
    yield from (f"pair {a} {b}" for a, b in itertools.pairwise(parts))
