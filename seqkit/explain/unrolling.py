"""A model read step by step, in float64: every gate and every state of its recurrent layers.

The model is copied, and its cells do step by step what they else do fused. In float64 no compiled
loop takes part, so that all of it is plain autograd: exact, and what a finite difference checks.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from seqkit.explain.cell_gates import gates_of, state_names
from seqkit.nn.cell import Cell, State
from seqkit.nn.recurrent import Encoder

Floats = NDArray[np.float64]


@dataclass(eq=False)
class Unrolled:
    """What one recurrent layer in one direction did with one row.

    Lists have an item for each time step in the order of reading: backwards, the last token first.

    Attributes:
        encoder: the name of its encoder in the model.
        layer: from 0.
        backwards: whether it reads the last token first.
        cell: the layer, a copy.
        inputs: ``x_t``, each ``(1, features)``.
        states: after each step, each part ``(1, hidden)``: the output first.
        before: the state before the first step.
        outputs: of the whole row, ``(1, time, hidden)``, if it was read at once.
    """

    encoder: str
    layer: int
    backwards: bool
    cell: Cell
    inputs: list[Tensor] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    before: State = ()
    outputs: Tensor | None = None

    @property
    def name(self) -> str:
        """What it is called on a page."""
        side = {"decoder.encoder": "decoder "}.get(self.encoder, "")
        return f"{side}layer {self.layer + 1}{', backwards' if self.backwards else ''}"

    def over_time(self) -> dict[str, Floats]:
        """Return each gate, and each part of the state, ``(time, hidden)`` in order of the text."""
        found: dict[str, list[Tensor]] = {}
        befores = [self.before, *self.states]
        with torch.no_grad():
            for x, before, after in zip(self.inputs, befores, self.states, strict=False):
                named = gates_of(self.cell, x, before)
                named |= dict(zip(state_names(self.cell), after, strict=True))
                for name, value in named.items():
                    found.setdefault(name, []).append(value[0])
        arrays = {name: torch.stack(each).double().numpy() for name, each in found.items()}
        return {name: a[::-1] if self.backwards else a for name, a in arrays.items()}

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Do what the cell's ``step`` does, and remember it."""
        if not self.inputs:
            self.before = state
        output, after = type(self.cell).step(self.cell, x, state)
        self.inputs.append(x)
        self.states.append(after)
        return output, after

    def forward(self, inputs: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Do what the cell's ``forward`` does, step by step."""
        state = state or self.cell.initial_state(len(inputs))
        outputs = []
        for x in inputs.unbind(1):
            output, state = self.step(x, state)
            outputs.append(output)
        self.outputs = torch.stack(outputs, dim=1)
        return self.outputs, state


def unrolled(model: nn.Module, encoders: Sequence[str]) -> tuple[Any, list[Unrolled]]:
    """Return a copy of a model in float64 that is read step by step, and what will remember it.

    Args:
        model: its mode and its weights stay as they are; the copy drops nothing.
        encoders: the names of its encoders; of one that is not there, nothing is remembered.
    """
    copied = deepcopy(model).double().cpu().eval().requires_grad_(True)
    modules: Mapping[str, nn.Module] = dict(copied.named_modules())
    found = []
    for name in encoders:
        encoder = modules.get(name)
        if not isinstance(encoder, Encoder):
            continue
        for backwards, cells in ((False, encoder.ahead), (True, encoder.back)):
            for layer, cell in enumerate(cells):
                assert isinstance(cell, Cell)
                found.append(_watch(Unrolled(name, layer, backwards, cell)))
    return copied, sorted(found, key=lambda each: (each.encoder != encoders[0], each.layer))


def _watch(watcher: Unrolled) -> Unrolled:
    """Let the watcher's methods stand in for its cell's."""
    cell: Any = watcher.cell
    cell.forward, cell.step = watcher.forward, watcher.step
    return watcher
