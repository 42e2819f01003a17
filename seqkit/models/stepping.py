"""One step of a language model for one row, without what a batch or a gradient would need.

At batch 1 a step is little arithmetic, and calling torch is most of its time: `nn.LSTM` lays its
weights out anew in every call, and a product of a matrix and a vector is twice as fast in NumPy's
BLAS. So the weights are laid out once, input and recurrent ones side by side, and a step is one
product a layer and one for the output. Those of a large model are then what a step waits for, as
memory is read no faster: `short` weights are half as many bytes.
"""

from typing import Any, Protocol, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from seqkit.models.language_model import LanguageModel
from seqkit.nn.cell import Cell
from seqkit.nn.cells import GRU, LSTM, TorchCell
from seqkit.nn.recurrent import EncoderState
from seqkit.nn.softmax import FullSoftmax, SampledSoftmax

SMALL = 1 << 19  # bytes of a matrix that stays in a core's cache
Floats = NDArray[np.float32]
Parts = tuple[Floats, ...]  # the state of a layer, each part (hidden,)


class Layer(Protocol):
    """A recurrent layer over packed weights."""

    def __call__(self, x: Floats, state: Parts) -> Parts:
        """Read ``x`` ``(features,)``; return the new state, its first part the output."""
        ...


class LeanLSTM:
    """A step of :class:`seqkit.nn.cells.LSTM`: one product for input and state together."""

    def __init__(self, cell: TorchCell, short: bool) -> None:
        w, u, b, d = _weights(cell)
        self.weight, self.bias = _matrix(np.hstack([w, u]), short), b + d
        self.hidden = cell.hidden

    def __call__(self, x: Floats, state: Parts) -> Parts:
        """Gers et al. 2000: i, f, o are gates, g the candidate."""
        h, c = state
        gates = self.weight @ np.concatenate([x, h])
        gates += self.bias
        n = self.hidden
        i, f, o = _sigmoid(gates[:n]), _sigmoid(gates[n : 2 * n]), _sigmoid(gates[3 * n :])
        c = f * c + i * np.tanh(gates[2 * n : 3 * n])
        return o * np.tanh(c), c


class LeanGRU:
    """A step of :class:`seqkit.nn.cells.GRU`."""

    def __init__(self, cell: TorchCell, short: bool) -> None:
        w, u, self.b, self.d = _weights(cell)
        self.w, self.u, self.hidden = _matrix(w, short), _matrix(u, short), cell.hidden

    def __call__(self, x: Floats, state: Parts) -> Parts:
        """Cho et al. 2014, with the reset gate after the product."""
        (h,) = state
        n, wx, uh = self.hidden, self.w @ x + self.b, self.u @ h + self.d
        r, z = _sigmoid(wx[:n] + uh[:n]), _sigmoid(wx[n : 2 * n] + uh[n : 2 * n])
        candidate = np.tanh(wx[2 * n :] + r * uh[2 * n :])
        return (z * h + (1 - z) * candidate,)


LEAN: dict[type[Cell], type[LeanLSTM] | type[LeanGRU]] = {LSTM: LeanLSTM, GRU: LeanGRU}


class LeanModel:
    """A language model whose steps of one row are lean; those of more are the model's own.

    Both take and return the same states, and their log-probabilities agree to float precision.
    With ``short`` weights they agree to about 1e-3, and steps of one row and of several are not
    quite of the same model. Made anew, once the model is trained further.

    Args:
        model: on the CPU, in float32, as :func:`stepping` makes sure.
        short: round large matrices to 16 bits (:mod:`seqkit.nn.short_weights`).
    """

    def __init__(self, model: LanguageModel, *, short: bool = False) -> None:
        self.model, softmax = model, model.softmax.layer
        assert model.embedding.table is not None
        assert isinstance(softmax, FullSoftmax)
        self.table = _array(model.embedding.table.weight)
        cells = cast(list[TorchCell], list(model.encoder.ahead))
        self.layers: list[Layer] = [LEAN[type(cell)](cell, short) for cell in cells]
        self.weight = _matrix(_array(softmax.weight), short)
        self.bias = _array(softmax.bias)
        self.project = None
        if isinstance(model.project, nn.Linear):
            self.project = _array(model.project.weight), _array(model.project.bias)

    def initial_state(self, batch: int) -> EncoderState:
        """Return the state before the first token of ``batch`` rows."""
        return self.model.initial_state(batch)

    @torch.inference_mode()
    def step(self, ids: Tensor, state: EncoderState) -> tuple[Tensor, EncoderState]:
        """Read one token of each row; return log-probabilities ``(rows, V)`` and the state."""
        if len(ids) != 1:
            return self.model.step(ids, state)
        x, after = self.table[int(ids)], []
        for layer, parts in zip(self.layers, state, strict=True):
            new = layer(x, tuple(part[0].numpy() for part in parts))
            x = new[0]
            after.append(tuple(torch.from_numpy(part)[None] for part in new))
        if self.project is not None:
            weight, bias = self.project
            x = weight @ x + bias
        logits = self.weight @ x
        logits += self.bias
        logits -= logits.max()
        logits -= np.log(np.exp(logits).sum())
        return torch.from_numpy(logits)[None], tuple(after)


def stepping(model: LanguageModel, *, short: bool = False) -> LanguageModel | LeanModel:
    """Return what writes with a model's weights fastest, a token at a time.

    That is a :class:`LeanModel` for LSTMs and GRUs with a full softmax in float32 on the CPU, and
    the model itself for all else. ``short`` is for much text of one prompt: it takes a second or
    two to begin, and rounds the weights.
    """
    plain = model.embedding.table is not None and type(model.softmax.layer) in _FULL
    cells = all(type(cell) in LEAN for cell in model.encoder.ahead)
    parameters = list(model.parameters())
    here = all(p.device.type == "cpu" and p.dtype == torch.float32 for p in parameters)
    return LeanModel(model, short=short) if plain and cells and here else model


_FULL: tuple[type[Any], ...] = (FullSoftmax, SampledSoftmax)


def _matrix(weight: Floats, short: bool) -> Any:
    """Return what multiplies a vector as ``weight`` does."""
    if not short or weight.nbytes < SMALL:
        return weight
    from seqkit.nn.short_weights import ShortMatrix

    return ShortMatrix(weight)


def _array(tensor: Tensor) -> Floats:
    array: Floats = tensor.detach().numpy()
    return array


def _weights(cell: TorchCell) -> tuple[Floats, Floats, Floats, Floats]:
    (w, b), (u, d) = cell.affine("ih"), cell.affine("hh")
    return _array(w), _array(u), _array(b), _array(d)


def _sigmoid(x: Floats) -> Floats:
    half: Floats = np.tanh(0.5 * x)  # of a large -x, exp would overflow
    return 0.5 * half + 0.5
