"""The output layer of a language model: a probability for every word of a large vocabulary.

Three ways to train it, one way to judge it: :meth:`Softmax.nll` and
:meth:`Softmax.log_probabilities` are always exact, over the whole vocabulary.
"""

import math
from collections.abc import Iterator
from itertools import combinations, pairwise
from typing import Literal

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional as F

from seqkit.errors import SeqkitError
from seqkit.nn.cross_entropy import cross_entropy, negative_log_likelihood
from seqkit.settings import settings


@settings
class SoftmaxSettings:
    """How the probability of the next token is trained; it is always evaluated exactly."""

    softmax: Literal["full", "adaptive", "sampled"] = Field(
        default="full", description="the training loss; adaptive also has smaller rare words"
    )
    samples: int = Field(default=2048, ge=1, description="sampled: words compared with, a step")
    noise: float = Field(
        default=0.75, ge=0, le=1, description="sampled: exponent of the words' frequencies"
    )
    cutoffs: tuple[int, ...] = Field(
        default=(), description="adaptive: ids where a rarer cluster begins (empty: by size)"
    )
    shrink: float = Field(
        default=4.0, ge=1, description="adaptive: each cluster's vectors are so much shorter"
    )
    bias: Literal["frequencies", "zero"] = Field(
        default="frequencies",
        description="at the start: log frequencies; deep networks under SGD need zero",
    )
    bfloat16: bool = Field(
        default=False, description="train with products in bfloat16 (CPUs with AVX512-BF16, GPUs)"
    )

    @model_validator(mode="after")
    def _agree(self) -> "SoftmaxSettings":
        if list(self.cutoffs) != sorted(set(self.cutoffs)) or min(self.cutoffs, default=1) < 1:
            told = ",".join(map(str, self.cutoffs))
            raise ValueError(f"cutoffs={told} do not rise from above 0: use cutoffs=2000,10000")
        return self


class Softmax(nn.Module):
    """``log p(word | hidden)``, trained as the settings say.

    Args:
        features: of the hidden states.
        vocabulary_size: how many ids there are, frequent words first.
        chosen: the settings.
        counts: ``(vocabulary,)``, how often each id occurs in the training text. None: as by
            Zipf's law.
        tied: ``(vocabulary, features)``, the embedding's weights, to be the output's too
            (Press and Wolf 2017).

    Raises:
        SeqkitError: if tied weights or cut-offs do not fit.
    """

    def __init__(
        self,
        features: int,
        vocabulary_size: int,
        chosen: SoftmaxSettings,
        *,
        counts: Tensor | None = None,
        tied: nn.Parameter | None = None,
    ) -> None:
        super().__init__()
        if tied is not None and tied.shape != (vocabulary_size, features):
            raise SeqkitError(
                f"tied weights need the last layer as wide as the embedding: it has {features} "
                f"features and the embedding {tied.shape[1]}."
            )
        if counts is None:
            counts = 1 / torch.arange(1, vocabulary_size + 1, dtype=torch.float64)
        self.layer = LAYERS[chosen.softmax](features, counts.double(), chosen, tied)

    def loss(self, hidden: Tensor, targets: Tensor) -> Tensor:
        """Return the mean training loss of ``hidden`` ``(n, features)``, targets ``(n,)``."""
        return self.layer.loss(hidden, targets)

    @torch.no_grad()
    def nll(self, hidden: Tensor, targets: Tensor) -> Tensor:
        """Return ``-log p(target)`` in nats, ``(n,)``: exact, without ever holding ``(n, V)``."""
        return self.layer.nll(hidden, targets)

    def log_probabilities(self, hidden: Tensor) -> Tensor:
        """Return ``(n, V)``, exact: every row's probabilities sum to 1."""
        return self.layer.log_probabilities(hidden)


class FullSoftmax(nn.Module):
    """``softmax(W h + b)``; the loss is taken in chunks, its gradient on the way."""

    def __init__(
        self, features: int, counts: Tensor, chosen: SoftmaxSettings, tied: nn.Parameter | None
    ) -> None:
        super().__init__()
        self.chosen = chosen
        if tied is None:
            self.weight = _weight(len(counts), features)
        else:  # not registered here: a module saves its weights once, and these are the embedding's
            self.__dict__["weight"] = tied
        self.bias = _bias(counts + 1, chosen)

    def loss(self, hidden: Tensor, targets: Tensor, *, smoothing: float = 0.0) -> Tensor:
        """Return the mean negative log-likelihood, of smoothed labels if asked for."""
        return cross_entropy(
            hidden,
            self.weight,
            self.bias,
            targets,
            bfloat16=self.chosen.bfloat16,
            smoothing=smoothing,
        )

    def nll(self, hidden: Tensor, targets: Tensor) -> Tensor:
        """Return ``-log p(target)``, ``(n,)``."""
        return negative_log_likelihood(hidden, self.weight, self.bias, targets)

    def log_probabilities(self, hidden: Tensor) -> Tensor:
        """Return ``(n, V)``."""
        return F.log_softmax(F.linear(hidden, self.weight, self.bias), dim=1)


class SampledSoftmax(FullSoftmax):
    """The full softmax, its sum over all words estimated from a sample in training.

    Every word is in the sample of a step with its own probability ``pi``, independently; a
    sampled word that is not the target counts ``1 / pi``, so the estimated sum is unbiased:
    ``Z = exp(o_y) + sum over sampled w != y of exp(o_w) / pi_w`` (importance sampling, Bengio and
    Senecal 2008, section III; one sample for the batch, Jean et al. 2015, section 3.2; targets
    are not corrected, Blanc and Rendle 2018, equation 2). Frequent words have ``pi = 1``: with as
    many samples as words this is the full softmax.
    """

    inclusion: Tensor

    def __init__(
        self, features: int, counts: Tensor, chosen: SoftmaxSettings, tied: nn.Parameter | None
    ) -> None:
        super().__init__(features, counts, chosen, tied)
        self.sparse = False  # set by lazy optimizers: gradients then hold only the rows used
        pi = inclusion_probabilities((counts + 1) ** chosen.noise, chosen.samples)
        self.register_buffer("inclusion", pi.float(), persistent=False)

    def loss(self, hidden: Tensor, targets: Tensor, *, smoothing: float = 0.0) -> Tensor:
        """Return the estimated mean negative log-likelihood."""
        if smoothing:
            raise ValueError("label smoothing is over all words, and this is a sample of them")
        sampled = torch.rand_like(self.inclusion) < self.inclusion
        used = sampled.clone()
        used[targets] = True
        words = used.nonzero().squeeze(1)
        correction = torch.where(sampled, -self.inclusion.log(), -torch.inf)[words]
        columns = torch.searchsorted(words, targets)
        weight = F.embedding(words, self.weight, sparse=self.sparse)
        return cross_entropy(
            hidden,
            weight,
            self.bias[words],
            columns,
            correction=correction,
            bfloat16=self.chosen.bfloat16,
        )


class AdaptiveSoftmax(nn.Module):
    """A softmax over frequent words and clusters of rarer ones (Grave et al. 2017, section 4).

    ``p(w | h) = p(w | cluster, h) p(cluster | h)``: the clusters are classes of the head's softmax
    beside the frequent words. A cluster's words have shorter vectors, and a text without its words
    does not touch it.
    """

    weight: nn.Parameter | None  # the tied one

    def __init__(
        self, features: int, counts: Tensor, chosen: SoftmaxSettings, tied: nn.Parameter | None
    ) -> None:
        super().__init__()
        self.chosen = chosen
        self.__dict__["weight"] = tied  # not registered here, as in FullSoftmax
        if tied is not None and chosen.shrink > 1:
            raise SeqkitError(
                "softmax=adaptive has shorter vectors for rare words, which cannot be the "
                "embedding's: use tied=false or shrink=1."
            )
        size = len(counts)
        if size < 2:
            raise SeqkitError("softmax=adaptive needs a vocabulary of two words at least.")
        inner = chosen.cutoffs or cheapest_cutoffs(counts, features, chosen.shrink)
        if inner[-1] >= size:
            raise SeqkitError(
                f"cutoffs={','.join(map(str, inner))} and the vocabulary has {size} words: the "
                f"last cut-off must be below that."
            )
        self.bounds = [*inner, size]
        widths = [max(1, int(features / chosen.shrink**i)) for i in range(len(self.bounds))]
        self.projections = nn.ModuleList(nn.Linear(features, w, bias=False) for w in widths[1:])
        self.classes = _weight(len(inner), features)  # the clusters' own vectors
        self.tables = nn.ParameterList()
        if tied is None:
            pairs = zip(pairwise([0, *self.bounds]), widths, strict=True)
            self.tables.extend(_weight(high - low, width) for (low, high), width in pairs)
        falling = counts + 1
        rare = [falling[low:high] for low, high in pairwise(self.bounds)]
        head = torch.cat([falling[: self.bounds[0]], torch.stack([part.sum() for part in rare])])
        self.biases = nn.ParameterList(_bias(part, chosen) for part in [head, *rare])

    def loss(self, hidden: Tensor, targets: Tensor) -> Tensor:
        """Return the mean negative log-likelihood."""
        half, n = self.chosen.bfloat16, len(hidden)
        parts = [
            cross_entropy(h, weight, bias, y, bfloat16=half) * (len(y) / n)
            for _, h, weight, bias, y in self._parts(hidden, targets)
        ]
        return torch.stack(parts).sum()

    def nll(self, hidden: Tensor, targets: Tensor) -> Tensor:
        """Return ``-log p(target)``, ``(n,)``."""
        result = hidden.new_zeros(len(hidden))
        for rows, h, weight, bias, y in self._parts(hidden, targets):
            result[rows] += negative_log_likelihood(h, weight, bias, y)
        return result

    def log_probabilities(self, hidden: Tensor) -> Tensor:
        """Return ``(n, V)``."""
        weights, first = self._weights(), self.bounds[0]
        head = F.log_softmax(F.linear(hidden, weights[0], self.biases[0]), dim=1)
        result = [head[:, :first]]
        for i, project in enumerate(self.projections):
            logits = F.linear(project(hidden), weights[i + 1], self.biases[i + 1])
            result.append(F.log_softmax(logits, dim=1) + head[:, first + i, None])
        return torch.cat(result, dim=1)

    def _weights(self) -> list[Tensor]:
        """Return the vectors of the head, the clusters' last, and those of each cluster."""
        tables = list(self.tables)
        if self.weight is not None:
            edges = pairwise([0, *self.bounds])
            tables = [self.weight[low:high] for low, high in edges]
        return [torch.cat([tables[0], self.classes]), *tables[1:]]

    def _parts(
        self, hidden: Tensor, targets: Tensor
    ) -> Iterator[tuple[Tensor | slice, Tensor, Tensor, Tensor, Tensor]]:
        """Yield rows, their inputs, weight, bias, targets: of clusters that occur, and the head."""
        weights, head = self._weights(), targets.clone()
        for i, (low, high) in enumerate(pairwise(self.bounds)):
            rows = ((targets >= low) & (targets < high)).nonzero().squeeze(1)
            if len(rows):
                head[rows] = self.bounds[0] + i
                below = self.projections[i](hidden[rows])
                yield rows, below, weights[i + 1], self.biases[i + 1], targets[rows] - low
        yield slice(None), hidden, weights[0], self.biases[0], head


LAYERS: dict[str, type[FullSoftmax] | type[AdaptiveSoftmax]] = {
    "full": FullSoftmax,
    "adaptive": AdaptiveSoftmax,
    "sampled": SampledSoftmax,
}


def inclusion_probabilities(weights: Tensor, samples: int) -> Tensor:
    """Return ``min(1, c * weights)`` with the ``c`` for which they sum to ``samples``.

    Args:
        weights: ``(V,)``, above 0.
        samples: the expected size of the sample; all ones if there are no more words.
    """
    if samples >= len(weights):
        return torch.ones_like(weights)
    falling = weights.sort(descending=True).values
    rest = falling.flip(0).cumsum(0).flip(0)  # the sum of this and all smaller weights
    # The first k are certain; the others share what is left, and none of them may exceed 1.
    certain = torch.arange(len(weights), device=weights.device)
    c = (samples - certain) / rest
    k = int(((c * falling <= 1) & (certain <= samples)).nonzero()[0])
    return (weights * c[k]).clamp(max=1.0)


def cheapest_cutoffs(counts: Tensor, features: int, shrink: float) -> tuple[int, ...]:
    """Return the two cut-offs with the fewest multiplications a token (Grave et al. 2017, 4.3).

    Args:
        counts: ``(V,)``, falling.
        features: of the hidden states.
        shrink: how much shorter each cluster's vectors are.
    """
    size = len(counts)
    if size < 4:
        return (1,)
    seen = (counts.cumsum(0) / counts.sum()).tolist()
    # A head of less than a sixteenth of the words would be cheaper still, but predicts worse.
    grid = sorted({max(1, round(size * 2 ** (-i / 2))) for i in range(1, 9)})
    best = math.inf
    chosen: tuple[int, ...] = (1,)
    for first, second in combinations([g for g in grid if g < size], 2):
        narrow = [features / shrink, features / shrink**2]
        cost = features * (first + 2)
        cost += (seen[second - 1] - seen[first - 1]) * narrow[0] * (second - first + features)
        cost += (1 - seen[second - 1]) * narrow[1] * (size - second + features)
        if cost < best:
            best, chosen = cost, (first, second)
    return chosen


def _weight(rows: int, features: int) -> nn.Parameter:
    return nn.Parameter(torch.empty(rows, features).uniform_(-0.1, 0.1))


def _bias(counts: Tensor, chosen: SoftmaxSettings) -> nn.Parameter:
    """Return the bias of words at the start.

    From their log frequencies, training need not learn those first. But a deep network under SGD
    with clipped gradients is then at a plateau: what reaches the recurrent layers is too little
    to leave it, where learning the frequencies would have stirred them.
    """
    if chosen.bias == "zero":
        return nn.Parameter(torch.zeros(len(counts)))
    return nn.Parameter((counts / counts.sum()).log().float())
