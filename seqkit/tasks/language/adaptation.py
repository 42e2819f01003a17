"""A language model that adapts to the text it reads, while it is being scored.

Every token is predicted before anything is learnt from it.
"""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from seqkit.data.ragged import Ragged
from seqkit.data.windows import Streams, Window
from seqkit.models.language_model import LanguageModel
from seqkit.models.state import continued, detached


def segments(rows: Ragged, *, first: int, steps: int, reset: bool) -> Iterator[Window]:
    """Yield the text in order, ``steps`` tokens of one row at a time.

    Args:
        rows: documents, none of them empty.
        first: the id before the first token.
        steps: of a segment.
        reset: whether each document begins anew; else all are one contiguous text.
    """
    for text in (rows[i] for i in range(len(rows))) if reset else (rows.values,):
        yield from Streams(text, first=first, batch_size=1, bptt=min(steps, len(text))).epoch(0)


def dynamic_nats(
    model: LanguageModel,
    rows: Ragged,
    *,
    first: int,
    reset: bool,
    lr: float,
    decay: float,
    steps: int,
) -> float:
    """Return the negative log-likelihood under dynamic evaluation (Krause et al. 2018).

    After each segment all weights take a step of gradient descent on it, and one back to the
    weights as trained: ``w -= lr * gradient - decay * (trained - w)`` (section 3, with plain SGD:
    unlike the paper's RMS variant, it needs no statistics of the training text). The model has
    its weights back at the end.
    """
    weights = [p for p in model.parameters() if p.requires_grad]
    trained = [weight.detach().clone() for weight in weights]
    device, training = weights[0].device, model.training
    model.eval()
    total, state = 0.0, None
    try:
        for window in segments(rows, first=first, steps=steps, reset=reset):
            window = window.to(device)
            with torch.backends.cudnn.flags(enabled=False):  # which learns in training mode only
                features, state = model(window.inputs, continued(state, window))
                predicted = model.softmax.log_probabilities(features[0])
                losses = F.nll_loss(predicted, window.targets[0], reduction="none")
                gradients = torch.autograd.grad(losses.mean(), weights, allow_unused=True)
            total += losses.detach().double().sum().item()
            state = detached(state)
            _move(weights, trained, gradients, lr, decay)
    finally:
        with torch.no_grad():
            for weight, before in zip(weights, trained, strict=True):
                weight.copy_(before)
        model.train(training)
    return total


@torch.no_grad()
def _move(
    weights: list[torch.nn.Parameter],
    trained: list[Tensor],
    gradients: tuple[Tensor | None, ...],
    lr: float,
    decay: float,
) -> None:
    for weight, before, gradient in zip(weights, trained, gradients, strict=True):
        if decay:
            weight.lerp_(before, decay)
        if gradient is not None:
            weight.sub_(gradient.to_dense() if gradient.is_sparse else gradient, alpha=lr)


@torch.no_grad()
def cached_nats(
    model: LanguageModel,
    rows: Ragged,
    *,
    first: int,
    reset: bool,
    share: float,
    theta: float,
    size: int,
    steps: int = 128,
) -> float:
    """Return the negative log-likelihood with a neural cache (Grave, Joulin and Usunier 2017).

    ``p(w) = (1 - share) p_model(w) + share p_cache(w)``, where each of the last ``size`` tokens
    ``x[i+1]``, kept with what the softmax read to predict it, ``h[i]``, gives its word
    ``p_cache`` in proportion to ``exp(theta h[t] . h[i])`` (equations 3 and 4). With an empty
    cache the model is alone.
    """
    device, training = next(model.parameters()).device, model.training
    model.eval()
    total, state = 0.0, None
    keys, words = torch.empty(0, model.features, device=device), torch.empty(0, device=device)
    words = words.long()
    for window in segments(rows, first=first, steps=steps, reset=reset):
        window = window.to(device)
        if window.fresh:
            keys, words = keys[:0], words[:0]
        features, state = model(window.inputs, continued(state, window))
        hidden, targets = features[0], window.targets[0]
        alone = (-model.softmax.nll(hidden, targets)).double().exp()
        past = len(keys)
        keys, words = torch.cat([keys, hidden]), torch.cat([words, targets])
        age = torch.arange(len(hidden), device=device)[:, None] + past
        age = age - torch.arange(len(keys), device=device)  # of each key, in tokens
        scores = (theta * hidden @ keys.t()).masked_fill((age < 1) | (age > size), -torch.inf)
        weights = torch.softmax(scores.double(), dim=1).nan_to_num()  # an empty cache: zeros
        cached = (weights * (words == targets[:, None])).sum(dim=1)
        mixed = (1 - share) * alone + share * torch.where(age[:, 0] < 1, alone, cached)
        total -= mixed.log().sum().item()
        keys, words = keys[-size:], words[-size:]
    model.train(training)
    return total
