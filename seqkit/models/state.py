"""A recurrent state between two windows of a text: cut off, narrowed, and kept in a checkpoint.

A state is a tuple of a tuple of ``(batch, units)`` tensors for each layer.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from seqkit.data.windows import Window
from seqkit.nn.recurrent import EncoderState


def continued(state: EncoderState | None, window: Window) -> EncoderState | None:
    """Return the state that a window begins with, from the one after the window before.

    None where its rows begin anew; rows that have ended are left out.
    """
    if window.fresh or state is None:
        return None
    rows = len(window.inputs)
    return tuple(tuple(part[:rows] for part in layer) for layer in state)


def detached(state: EncoderState) -> EncoderState:
    """Return the state as a constant: here truncated backpropagation is truncated.

    It is a copy, so that the outputs of the window need not be kept for it, and that it lies in
    memory as one from a checkpoint does: what is computed from it has the same bits.
    """
    return tuple(
        tuple(part.detach().clone(memory_format=torch.contiguous_format) for part in layer)
        for layer in state
    )


def flattened(state: EncoderState | None) -> dict[str, Tensor]:
    """Return the tensors of a state by layer and part: ``0.1`` and the like."""
    return {f"{i}.{j}": part for i, layer in enumerate(state or ()) for j, part in enumerate(layer)}


def unflattened(tensors: Mapping[str, Tensor]) -> EncoderState | None:
    """Return the state that :func:`flattened` took apart; None for no tensors."""
    layers: dict[int, dict[int, Tensor]] = {}
    for name, tensor in tensors.items():
        layer, part = map(int, name.split("."))
        layers.setdefault(layer, {})[part] = tensor
    return tuple(tuple(layers[i][j] for j in sorted(layers[i])) for i in sorted(layers)) or None
