"""The gates of each cell at one time step, by the equations of its paper."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from seqkit.nn.cell import Cell, State
from seqkit.nn.cells import GRU, LSTM, LayerNormLSTM, Mogrifier
from seqkit.nn.minimal import MinGRU, MinLSTM, positive

Gates = dict[str, Tensor]  # by name, each (batch, hidden)

INPUT, FORGET, OUTPUT = "input gate", "forget gate", "output gate"
UPDATE, RESET, CANDIDATE = "update gate", "reset gate", "candidate"
HIDDEN, MEMORY = "hidden state", "memory cell"


def lstm(cell: Any, x: Tensor, state: State) -> Gates:
    """Gers et al. 2000: i, f, o are gates, g the candidate."""
    i, f, g, o = cell.preactivations(x, state[0]).chunk(4, dim=1)
    return _lstm_gates(i, f, g, o)


def mogrifier(cell: Any, x: Tensor, state: State) -> Gates:
    """Melis et al. 2020: an LSTM's, of the input and state that have gated each other."""
    return lstm(cell, *cell.mogrified(x, *state))


def layer_norm_lstm(cell: Any, x: Tensor, state: State) -> Gates:
    """Ba et al. 2016, eqs. 20-22."""
    uh = F.linear(state[0], cell.weight_hh)
    uh = F.layer_norm(uh, cell.gain_hh.shape, cell.gain_hh)
    i, f, g, o = (cell.read(x) + uh).chunk(4, dim=1)
    return _lstm_gates(i, f, g, o)


def _lstm_gates(i: Tensor, f: Tensor, g: Tensor, o: Tensor) -> Gates:
    gates = {INPUT: torch.sigmoid(i), FORGET: torch.sigmoid(f), OUTPUT: torch.sigmoid(o)}
    return gates | {CANDIDATE: torch.tanh(g)}


def gru(cell: Any, x: Tensor, state: State) -> Gates:
    """Cho et al. 2014, reset after the product: an update gate of 1 keeps the old state."""
    wr, wz, wn = F.linear(x, *cell.affine("ih")).chunk(3, dim=1)
    ur, uz, un = F.linear(state[0], *cell.affine("hh")).chunk(3, dim=1)
    r, z = torch.sigmoid(wr + ur), torch.sigmoid(wz + uz)
    return {UPDATE: z, RESET: r, CANDIDATE: torch.tanh(wn + r * un)}


def min_gru(cell: Any, x: Tensor, _: State) -> Gates:
    """Feng et al. 2024, section 3.1: by the input alone; an update gate of 1 takes the new."""
    z, candidate = cell.linear(x).chunk(2, dim=1)
    return {UPDATE: torch.sigmoid(z), CANDIDATE: positive(candidate)}


def min_lstm(cell: Any, x: Tensor, _: State) -> Gates:
    """Feng et al. 2024, section 3.2: forget and input gates as they are used, of sum one."""
    f, i, candidate = cell.linear(x).chunk(3, dim=1)
    forget = torch.sigmoid(F.softplus(-i) - F.softplus(-f))
    return {INPUT: 1 - forget, FORGET: forget, CANDIDATE: positive(candidate)}


# The most special class first; a cell that is none of them has no gates.
GATES: dict[type[Cell], Callable[[Any, Tensor, State], Gates]] = {
    Mogrifier: mogrifier,
    LSTM: lstm,
    LayerNormLSTM: layer_norm_lstm,
    GRU: gru,
    MinGRU: min_gru,
    MinLSTM: min_lstm,
}


def gates_of(cell: Cell, x: Tensor, state: State) -> Gates:
    """Return the gates with which a cell reads ``x`` ``(batch, features)`` on from ``state``.

    Each is ``(batch, hidden)``; a simple recurrent network has none.
    """
    for kind, gates in GATES.items():
        if isinstance(cell, kind):
            return gates(cell, x, state)
    return {}


def state_names(cell: Cell) -> tuple[str, ...]:
    """Return what the parts of a cell's state are called."""
    return (HIDDEN, MEMORY) if isinstance(cell, LSTM | LayerNormLSTM) else (HIDDEN,)
