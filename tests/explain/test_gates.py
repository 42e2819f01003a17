"""Gates over time, against the equations of the papers and the cells' own fused passes."""

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from seqkit.explain.cell_gates import GATES, gates_of, state_names
from seqkit.explain.units import correlations, trackers
from seqkit.explain.unrolling import unrolled
from seqkit.nn.cells import CELLS, LSTM, CellName, LayerNormLSTM
from seqkit.nn.recurrent import Encoder, EncoderSettings

TIME, FEATURES, HIDDEN = 7, 5, 6


def encoder(cell: CellName, *, bidirectional: bool = True) -> Encoder:
    torch.manual_seed(3)
    chosen = EncoderSettings(cell=cell, hidden=HIDDEN, layers=2, bidirectional=bidirectional)
    made = Encoder(FEATURES, chosen).eval()
    for parameter in made.parameters():  # no two gates, and no gain, alike
        parameter.data.add_(0.3 * torch.randn_like(parameter))
    return made


@pytest.mark.parametrize("name", list(CELLS))
def test_each_layer_unrolled_says_what_the_fused_encoder_says(name: CellName) -> None:
    module = encoder(name)
    x = torch.randn(1, TIME, FEATURES)
    fused = module(x, torch.tensor([TIME]))
    copied, watchers = unrolled(torch.nn.ModuleDict({"encoder": module}), ["encoder"])
    with torch.no_grad():
        copied["encoder"](x.double(), torch.tensor([TIME]))
    assert [(w.layer, w.backwards) for w in watchers] == [
        (0, False),
        (0, True),
        (1, False),
        (1, True),
    ]
    hidden = [w.over_time()["hidden state"] for w in watchers]
    top = np.concatenate(hidden[2:], axis=1)
    assert top == pytest.approx(fused.outputs[0].detach().numpy(), abs=1e-5)
    first = np.concatenate([hidden[0][-1], hidden[1][0]])  # where each direction ended
    assert first == pytest.approx(fused.last[0, 0].detach().numpy(), abs=1e-5)


@pytest.mark.parametrize("name", [n for n, kind in CELLS.items() if issubclass(kind, tuple(GATES))])
def test_gates_make_the_next_state_by_the_paper(name: CellName) -> None:
    cell = encoder(name, bidirectional=False).double().ahead[0]
    x = torch.randn(2, TIME, FEATURES, dtype=torch.float64)
    state = cell.initial_state(2)
    with torch.no_grad():
        for t in range(TIME):
            gates = gates_of(cell, x[:, t], state)
            _, fused = cell(x[:, : t + 1])  # the state after t + 1 steps, read at once
            expected = by_paper(name, cell, gates, state)
            for ours, theirs in zip(expected, fused, strict=True):
                torch.testing.assert_close(ours, theirs)
            state = fused


def by_paper(
    name: str, cell: torch.nn.Module, gates: dict[str, Tensor], state: tuple[Tensor, ...]
) -> list[Tensor]:
    """Return the next state, from gates and the state before."""
    new = gates["candidate"]
    if name in ("lstm", "mogrifier", "layer_norm_lstm"):
        c = gates["forget gate"] * state[1] + gates["input gate"] * new
        shown = c
        if isinstance(cell, LayerNormLSTM):
            shown = F.layer_norm(c, (HIDDEN,), cell.gain_c, cell.bias_c)
        return [gates["output gate"] * torch.tanh(shown), c]
    (h,) = state
    if name == "gru":
        return [gates["update gate"] * h + (1 - gates["update gate"]) * new]
    if name == "mingru":
        return [(1 - gates["update gate"]) * h + gates["update gate"] * new]
    return [gates["forget gate"] * h + gates["input gate"] * new]


def test_a_gru_s_reset_gate_is_torch_s() -> None:
    cell = encoder("gru", bidirectional=False).ahead[0]
    x, h = torch.randn(1, FEATURES), torch.randn(1, HIDDEN)
    w, u = cell.fused.weight_ih_l0, cell.fused.weight_hh_l0
    b, d = cell.fused.bias_ih_l0, cell.fused.bias_hh_l0
    expected = torch.sigmoid((w @ x[0] + b + u @ h[0] + d)[:HIDDEN])  # rows: reset, update, new
    assert gates_of(cell, x, (h,))["reset gate"][0].tolist() == pytest.approx(expected.tolist())


def test_a_simple_recurrent_network_has_a_state_and_no_gates() -> None:
    for name in ("rnn", "rnn_relu"):
        cell = encoder(name, bidirectional=False).ahead[0]
        assert gates_of(cell, torch.zeros(1, FEATURES), cell.initial_state(1)) == {}
        assert state_names(cell) == ("hidden state",)
    lstm = encoder("lstm").ahead[0]
    assert isinstance(lstm, LSTM)
    assert state_names(lstm) == ("hidden state", "memory cell")


def test_the_model_itself_stays_as_it_was() -> None:
    module = encoder("gru").train()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    copied, _ = unrolled(torch.nn.ModuleDict({"encoder": module}), ["encoder", "not there"])
    copied["encoder"](torch.randn(1, 3, FEATURES, dtype=torch.float64), torch.tensor([3]))
    assert module.training
    assert "forward" not in vars(module.ahead[0])
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name])


def test_units_that_follow_quotes_and_position_are_found() -> None:
    random = np.random.default_rng(0)
    text = "a b ' x y '".replace("'", '"').split() * 6
    texts = [text, text[3:]]
    values = np.array([*brute_inside(text), *brute_inside(text[3:])])
    activity = random.normal(size=(len(values), 5)) * 0.3
    activity[:, 2] += 2 * values
    activity[:, 4] -= 0.2 * np.concatenate([np.arange(36), np.arange(33)])
    found = {t.follows: t for t in trackers(texts, activity)}
    assert found["inside quotes"].unit == 2
    assert found["inside quotes"].correlation > 0.8
    assert found["position in the text"].unit == 4
    assert found["position in the text"].correlation < -0.8
    assert found["position in the text"].weaker_half < -0.5
    assert "digits" not in found  # there is none, so nothing follows them


def brute_inside(tokens: list[str]) -> list[float]:
    """Return 1 from a sign to its partner: signs by twos, in order."""
    places = [i for i, token in enumerate(tokens) if token == '"']
    pairs = list(zip(places[::2], [*places[1::2], len(tokens)], strict=False))
    return [float(any(a <= i <= b for a, b in pairs)) for i in range(len(tokens))]


def test_chance_in_one_half_is_not_following() -> None:
    random = np.random.default_rng(1)
    texts = [["1" if n % 3 else "a" for n in range(40)]]
    digits = np.array([float(n % 3 > 0) for n in range(40)])
    activity = random.normal(size=(40, 1)) * 0.1
    activity[:20, 0] += digits[:20]  # only in the first half
    assert "digits" not in {t.follows for t in trackers(texts, activity)}
    activity[20:, 0] += digits[20:]
    assert "digits" in {t.follows for t in trackers(texts, activity)}


def test_correlations_are_numpy_s() -> None:
    random = np.random.default_rng(2)
    values, activity = random.normal(size=30), random.normal(size=(30, 4))
    activity[:, 3] = 1.0  # a unit that never moves follows nothing
    ours = correlations(values, activity)
    theirs = [np.corrcoef(values, activity[:, unit])[0, 1] for unit in range(3)]
    assert ours[:3] == pytest.approx(theirs)
    assert ours[3] == 0
