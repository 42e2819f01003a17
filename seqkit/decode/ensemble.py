"""Several models that write one sequence together."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from seqkit.decode.state import Stepping
from seqkit.errors import SeqkitError


class Ensemble:
    """Models of one vocabulary that write as one: the mean of their probabilities at each step.

    It is itself a model to decode with. Its state is the tuple of theirs:
    ``read(Ensemble(models), prompts, tuple(state of each model))``.

    Args:
        models: at least one.

    Raises:
        SeqkitError: if there is none; at the first step, if their vocabularies are not of one size.
    """

    def __init__(self, models: Sequence[Stepping]) -> None:
        if not models:
            raise SeqkitError("an ensemble needs at least one model.")
        self.models = list(models)

    def step(self, ids: Tensor, state: Any) -> tuple[Tensor, Any]:
        """Read ``ids`` ``(rows,)``; return log-probabilities ``(rows, V)`` and the new states."""
        pairs = [model.step(ids, own) for model, own in zip(self.models, state, strict=True)]
        sizes = sorted({logs.shape[1] for logs, _ in pairs})
        if len(sizes) > 1:
            raise SeqkitError(
                f"models of vocabularies of {' and '.join(map(str, sizes))} tokens cannot write "
                "together: an ensemble needs runs trained with one vocabulary."
            )
        mean = pairs[0][0]
        for logs, _ in pairs[1:]:
            mean = torch.logaddexp(mean, logs)
        return mean - math.log(len(pairs)), tuple(after for _, after in pairs)

    def attended(self, state: Any) -> Tensor | None:
        """Return the mean of the models' attention, ``(rows, source)``; None if one has none."""
        weights = [attention(model, own) for model, own in zip(self.models, state, strict=True)]
        known = [each for each in weights if each is not None]
        return torch.stack(known).mean(0) if len(known) == len(weights) else None


def attention(model: Stepping, state: Any) -> Tensor | None:
    """Return what a model's last step attended to, ``(rows, source)``; None without attention."""
    attended = getattr(model, "attended", None)
    weights: Tensor | None = attended(state) if attended else None
    return weights
