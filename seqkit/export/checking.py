"""Whether an ONNX graph says what torch says, at several sizes, padding included."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray

from seqkit.errors import SeqkitError
from seqkit.export.models import Part
from seqkit.export.sessions import session

# (rows, time): one row, rows of unlike lengths, and lengths above and below those before.
SIZES = ((1, 1), (3, 7), (2, 19), (5, 4))
CLOSE = 1e-4  # of the largest number of an output, or of 1


@torch.no_grad()
def check(part: Part, sizes: Sequence[tuple[int, int]] = SIZES) -> float:
    """Return the largest difference between ONNX and torch, on random rows of all ``sizes``.

    Raises:
        SeqkitError: if one is above ``CLOSE``, not finite, or of another shape.
    """
    try:
        onnx.checker.check_model(part.model, full_check=False)
        runner = session(part.model.SerializeToString(), f"the ONNX {part.name}", threads=1)
    except onnx.checker.ValidationError as error:
        raise SeqkitError(f"the ONNX {part.name} is no valid graph ({error}).") from None
    worst, random = 0.0, np.random.default_rng(0)
    for rows, time in sizes:
        given = part.example(rows, time, random)
        said = runner(given)
        for name, tensor in part.expected(given).items():
            wanted, found = tensor.numpy(), said[name]
            scale = max(1.0, float(np.abs(wanted[np.isfinite(wanted)]).max(initial=0)))
            far = _difference(found, wanted) / scale
            if not far <= CLOSE:
                raise SeqkitError(
                    f"ONNX and torch differ by {far:.2g} in {name} of the {part.name} at {rows} "
                    f"rows of {time} steps: nothing was written; please report it."
                )
            worst = max(worst, far)
    return worst


def _difference(found: NDArray[Any], wanted: NDArray[Any]) -> float:
    if found.shape != wanted.shape:
        return np.inf
    return float(np.abs(found.astype(np.float64) - wanted).max(initial=0))
