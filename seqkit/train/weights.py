"""How the weights of a model are spread, for the page of its run."""

from typing import Any

import torch
from torch import nn

SHARES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
LOOKED_AT = 50_000  # weights of a parameter at most, evenly apart; the ends are of all


def row(model: nn.Module, *, epoch: int, step: int) -> dict[str, Any]:
    """Return the quantiles of each parameter as a row of ``metrics.jsonl``.

    ``shares`` says which they are: the smallest weight, the median, ..., the largest. The same
    weights give the same row; no random numbers are drawn.
    """
    parameters = {
        name: quantiles(parameter)
        for name, parameter in model.named_parameters()
        if parameter.numel() and parameter.is_floating_point()
    }
    about = {"kind": "weights", "epoch": epoch, "step": step}
    return about | {"shares": list(SHARES), "parameters": parameters}


@torch.no_grad()
def quantiles(parameter: torch.Tensor) -> list[float]:
    """Return the values below which the ``SHARES`` of a parameter's weights lie."""
    flat = parameter.detach().reshape(-1)
    # an odd step, so that rows of an even length are not looked at in one column alone
    seen = flat[:: flat.numel() // LOOKED_AT | 1].float()
    at = torch.quantile(seen, torch.tensor(SHARES, device=seen.device)).tolist()
    at[0], at[-1] = float(flat.min()), float(flat.max())
    return [float(f"{value:.4g}") for value in at]
