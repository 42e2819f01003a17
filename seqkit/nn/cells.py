"""Recurrent cells: what is read in one time step, and fast over a whole sequence."""

from abc import abstractmethod
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seqkit.nn.cell import Cell, State, compilable
from seqkit.nn.initialisation import InitialisationName, initialise
from seqkit.nn.minimal import MinGRU, MinLSTM

CellName = Literal[
    "rnn", "rnn_relu", "lstm", "gru", "mingru", "minlstm", "layer_norm_lstm", "mogrifier"
]
ROUNDS = 5  # of a mogrifier, as in Melis et al. 2020, section 4


class TorchCell(Cell):
    """A cell over the weights of torch's fused module."""

    fused: nn.RNNBase

    def __init__(self, features: int, hidden: int, *, weight_dropout: float = 0.0) -> None:
        super().__init__(features, hidden, weight_dropout=weight_dropout)
        self.fused = self._fused(features, hidden)

    @abstractmethod
    def _fused(self, features: int, hidden: int) -> nn.RNNBase:
        """Return torch's module of one layer."""

    def forward(self, inputs: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Read ``(batch, time, features)`` by torch's fused loop."""
        (w, b), (u, d) = self.affine("ih"), self.affine("hh")
        state = self.begin(inputs, state)
        outputs, *final = self._loop(
            inputs, tuple(p[None] for p in state), [w, self._kept(u), b, d]
        )
        return outputs, tuple(part[0] for part in final)

    @abstractmethod
    def _loop(self, inputs: Tensor, state: State, weights: list[Tensor]) -> tuple[Tensor, ...]:
        """Return outputs and final state, each part of which is ``(1, batch, hidden)``."""

    def initialise(self, inputs: InitialisationName, recurrent: InitialisationName) -> None:
        """Fill input-to-hidden and hidden-to-hidden weights, gate by gate; see ``initialise``."""
        weight, bias = self.affine("ih")
        initialise(weight, inputs, bias=bias, gates=self.gates)
        weight, bias = self.affine("hh")
        initialise(weight, recurrent, bias=bias, gates=self.gates)

    def affine(self, part: Literal["ih", "hh"]) -> tuple[Tensor, Tensor]:
        """Input-to-hidden or hidden-to-hidden: weight ``(gates * hidden, in)`` and bias."""
        return getattr(self.fused, f"weight_{part}_l0"), getattr(self.fused, f"bias_{part}_l0")

    def preactivations(self, x: Tensor, h: Tensor) -> Tensor:
        """Return ``W x + b + U h + b'``, ``(batch, gates * hidden)``."""
        return F.linear(x, *self.affine("ih")) + F.linear(h, *self.affine("hh"))


class RNN(TorchCell):
    """The simple recurrent network, ``h_t = tanh(W x_t + U h_{t-1} + b)`` (Elman 1990)."""

    def _fused(self, features: int, hidden: int) -> nn.RNNBase:
        return nn.RNN(features, hidden, batch_first=True)

    def _loop(self, inputs: Tensor, state: State, weights: list[Tensor]) -> tuple[Tensor, ...]:
        return torch.rnn_tanh(inputs, state[0], weights, True, 1, 0.0, self.training, False, True)

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Elman 1990."""
        h = torch.tanh(self.preactivations(x, *state))
        return h, (h,)


class ReluRNN(TorchCell):
    """``h_t = max(0, W x_t + U h_{t-1} + b)`` (Le, Jaitly and Hinton 2015)."""

    def _fused(self, features: int, hidden: int) -> nn.RNNBase:
        return nn.RNN(features, hidden, batch_first=True, nonlinearity="relu")

    def _loop(self, inputs: Tensor, state: State, weights: list[Tensor]) -> tuple[Tensor, ...]:
        return torch.rnn_relu(inputs, state[0], weights, True, 1, 0.0, self.training, False, True)

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Le, Jaitly and Hinton 2015."""
        h = torch.relu(self.preactivations(x, *state))
        return h, (h,)


class LSTM(TorchCell):
    """Long short-term memory (Hochreiter and Schmidhuber 1997; forget gate, Gers et al. 2000).

    ``i, f, o = sigmoid(W x_t + U h_{t-1} + b)``, each with its own weights, and
    ``g = tanh(W x_t + U h_{t-1} + b)``;
    ``c_t = f * c_{t-1} + i * g`` and ``h_t = o * tanh(c_t)``. The state is ``(h, c)``.
    """

    gates = 4

    def _fused(self, features: int, hidden: int) -> nn.RNNBase:
        return nn.LSTM(features, hidden, batch_first=True)

    def _loop(self, inputs: Tensor, state: State, weights: list[Tensor]) -> tuple[Tensor, ...]:
        return torch.lstm(inputs, state, weights, True, 1, 0.0, self.training, False, True)

    def initial_state(self, batch: int) -> State:
        """Return zeros for the output and for the memory cell."""
        return super().initial_state(batch) * 2

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Gers et al. 2000, without peepholes, in one call."""
        (w, b), (u, d) = self.affine("ih"), self.affine("hh")
        h, c = torch.lstm_cell(x, state, w, u, b, d)
        return h, (h, c)

    @torch.no_grad()
    def set_forget_bias(self, value: float) -> None:
        """Open the forget gate at the start (Jozefowicz et al. 2015, section 5).

        torch adds two biases; all of ``value`` goes into the first.
        """
        forget = slice(self.hidden, 2 * self.hidden)
        self.affine("ih")[1][forget] = value
        self.affine("hh")[1][forget] = 0.0


class GRU(TorchCell):
    """The gated recurrent unit (Cho et al. 2014), reset after the product as cuDNN has it.

    ``r, z = sigmoid(W x_t + U h_{t-1} + b)``, each with its own weights;
    ``n = tanh(W x_t + b + r * (U h_{t-1} + d))`` and ``h_t = z * h_{t-1} + (1 - z) * n``.
    """

    gates = 3

    def _fused(self, features: int, hidden: int) -> nn.RNNBase:
        return nn.GRU(features, hidden, batch_first=True)

    def _loop(self, inputs: Tensor, state: State, weights: list[Tensor]) -> tuple[Tensor, ...]:
        return torch.gru(inputs, state[0], weights, True, 1, 0.0, self.training, False, True)

    def forward(self, inputs: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Read ``(batch, time, features)``; on the CPU faster than torch."""
        if not compilable(inputs):
            return super().forward(inputs, state)
        from seqkit.nn import fused

        (w, b), (u, d) = self.affine("ih"), self.affine("hh")
        (h,) = self.begin(inputs, state)
        wx = F.linear(inputs.transpose(0, 1), w, b)
        states = fused.gru(wx, self._kept(u), d, h)
        return states[1:].transpose(0, 1), (states[-1],)

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Cho et al. 2014, eqs. 5-8, with ``r * (U h)`` in place of ``U (r * h)``, in one call."""
        (w, b), (u, d) = self.affine("ih"), self.affine("hh")
        h = torch.gru_cell(x, state[0], w, u, b, d)
        return h, (h,)


class LayerNormLSTM(Cell):
    """The LSTM with layer normalisation (Ba, Kiros and Hinton 2016, supplement, eqs. 20-22).

    Both products and the memory cell are normalised over their units before they are used; the
    shifts of the two products are one bias.
    """

    gates = 4

    def __init__(self, features: int, hidden: int, *, weight_dropout: float = 0.0) -> None:
        super().__init__(features, hidden, weight_dropout=weight_dropout)
        bound = hidden**-0.5
        self.weight_ih = nn.Parameter(torch.empty(4 * hidden, features).uniform_(-bound, bound))
        self.weight_hh = nn.Parameter(torch.empty(4 * hidden, hidden).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.zeros(4 * hidden))
        self._vary_candidates()
        self.gain_ih = nn.Parameter(torch.ones(4 * hidden))
        self.gain_hh = nn.Parameter(torch.ones(4 * hidden))
        self.gain_c = nn.Parameter(torch.ones(hidden))
        self.bias_c = nn.Parameter(torch.zeros(hidden))

    def initial_state(self, batch: int) -> State:
        """Return zeros for the output and for the memory cell."""
        return super().initial_state(batch) * 2

    def initialise(self, inputs: InitialisationName, recurrent: InitialisationName) -> None:
        """Fill input-to-hidden and hidden-to-hidden weights, gate by gate; see ``initialise``."""
        initialise(self.weight_ih, inputs, bias=self.bias, gates=4)
        initialise(self.weight_hh, recurrent, gates=4)
        self._vary_candidates()

    @torch.no_grad()
    def _vary_candidates(self) -> None:
        """Draw the biases of the candidates.

        Where they are alike, inputs of zeros leave the units of the memory cell alike, and
        normalising what does not vary multiplies gradients by thousands at each step.
        """
        bound = self.hidden**-0.5
        self.bias[2 * self.hidden : 3 * self.hidden].uniform_(-bound, bound)

    @torch.no_grad()
    def set_forget_bias(self, value: float) -> None:
        """Open the forget gate at the start (Jozefowicz et al. 2015, section 5)."""
        self.bias[self.hidden : 2 * self.hidden] = value

    def forward(self, inputs: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Read ``(batch, time, features)``: one product for all inputs, then step by step."""
        h, c = self.begin(inputs, state)
        wx, u = self.read(inputs.transpose(0, 1)), self._kept(self.weight_hh)
        if compilable(inputs):
            from seqkit.nn import fused

            gains = self.gain_hh, self.gain_c, self.bias_c
            states, memory = fused.layer_norm_lstm(wx, u, *gains, h, c)
            return states[1:].transpose(0, 1), (states[-1], memory[-1])
        outputs = []
        for x in wx:
            h, c = self._advance(x, u, h, c)
            outputs.append(h)
        return torch.stack(outputs, dim=1), (h, c)

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Ba et al. 2016, eqs. 20-22: i, f, o are gates, g the candidate."""
        h, c = self._advance(self.read(x), self.weight_hh, *state)
        return h, (h, c)

    def read(self, x: Tensor) -> Tensor:
        """Return what the input adds to all gates, normalised: ``(..., 4 * hidden)``."""
        wx = F.linear(x, self.weight_ih)
        return F.layer_norm(wx, wx.shape[-1:], self.gain_ih, self.bias)

    def _advance(self, wx: Tensor, u: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        uh = F.layer_norm(F.linear(h, u), self.gain_hh.shape, self.gain_hh)
        i, f, g, o = (wx + uh).chunk(4, dim=1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        normal = F.layer_norm(c, self.gain_c.shape, self.gain_c, self.bias_c)
        return torch.sigmoid(o) * torch.tanh(normal), c


class Mogrifier(LSTM):
    """The LSTM whose input and state gate each other first (Melis, Kocisky and Blunsom 2020)."""

    def __init__(self, features: int, hidden: int, *, weight_dropout: float = 0.0) -> None:
        super().__init__(features, hidden, weight_dropout=weight_dropout)
        shapes = [(features, hidden), (hidden, features)]  # Q gates x by h, R gates h by x
        self.rounds = nn.ParameterList(torch.empty(shapes[i % 2]) for i in range(ROUNDS))
        for weight in self.rounds:
            initialise(weight, "xavier")

    def forward(self, inputs: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Read ``(batch, time, features)`` step by step: what is read depends on the state."""
        (w, b), (u, d) = self.affine("ih"), self.affine("hh")
        h, c = self.begin(inputs, state)
        u, x = self._kept(u), inputs.transpose(0, 1)
        if compilable(inputs):
            from seqkit.nn import fused

            states, memory = fused.mogrifier(x, w, u, b + d, h, c, *self.rounds)
            return states[1:].transpose(0, 1), (states[-1], memory[-1])
        outputs = []
        for given in x:
            h, c = torch.lstm_cell(*self.mogrified(given, h, c), w, u, b, d)
            outputs.append(h)
        return torch.stack(outputs, dim=1), (h, c)

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Melis et al. 2020, eqs. 1-2, then an LSTM's step."""
        return super().step(*self.mogrified(x, *state))

    def mogrified(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, State]:
        """Return the input and the state after they have gated each other in turn."""
        before, last = x, h
        for weight in self.rounds:
            before, last = last, 2 * torch.sigmoid(F.linear(last, weight)) * before
        x, h = (last, before) if ROUNDS % 2 else (before, last)
        return x, (h, c)


CELLS: dict[CellName, type[Cell]] = {
    "rnn": RNN,
    "rnn_relu": ReluRNN,
    "lstm": LSTM,
    "gru": GRU,
    "mingru": MinGRU,
    "minlstm": MinLSTM,
    "layer_norm_lstm": LayerNormLSTM,
    "mogrifier": Mogrifier,
}
