"""Cells: a step, a whole sequence and the papers' equations agree, with their gradients."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from seqkit.nn import cell as base
from seqkit.nn.cell import Cell, State
from seqkit.nn.cells import CELLS, CellName, LayerNormLSTM, Mogrifier
from seqkit.nn.minimal import MinGRU, MinLSTM

FEATURES, HIDDEN, BATCH, TIME = 5, 37, 3, 11  # 37: no multiple of a vector register
STATES = {"lstm": 2, "layer_norm_lstm": 2, "mogrifier": 2}


def made(name: CellName, **options: float) -> Cell:
    """A cell with every weight, biases too, of its own, so that a swapped gate shows."""
    torch.manual_seed(1)
    cell = CELLS[name](FEATURES, HIDDEN, **options)
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.normal_(0, 0.15)
    return cell


def given(name: CellName, dtype: torch.dtype = torch.float32) -> tuple[Tensor, State]:
    torch.manual_seed(2)
    x = torch.randn(BATCH, TIME, FEATURES, dtype=dtype, requires_grad=True)
    parts = range(STATES.get(name, 1))
    state = [torch.randn(BATCH, HIDDEN, dtype=dtype, requires_grad=True) for _ in parts]
    return x, tuple(state)


def step_by_step(cell: Cell, x: Tensor, state: State) -> tuple[Tensor, State]:
    outputs = []
    for t in range(x.shape[1]):
        output, state = cell.step(x[:, t], state)
        outputs.append(output)
    return torch.stack(outputs, dim=1), state


def everything(
    read: Callable[[Tensor, State], tuple[Tensor, State]], cell: Cell, x: Tensor, state: State
) -> list[Tensor]:
    """Outputs, final state, and the gradients of all that they depend on."""
    outputs, final = read(x, state)
    torch.manual_seed(3)
    loss = sum((part * torch.randn(part.shape)).sum() for part in (outputs, *final))
    assert isinstance(loss, Tensor)
    leaves = [x, *state, *cell.parameters()]
    return [outputs, *final, *torch.autograd.grad(loss, leaves)]


@pytest.mark.parametrize("compilable", [True, False])
@pytest.mark.parametrize("name", CELLS)
def test_a_sequence_is_its_steps(
    name: CellName, compilable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    cell, (x, state) = made(name), given(name)
    for module in ("cells", "minimal"):  # where compiled loops are chosen
        monkeypatch.setattr(f"seqkit.nn.{module}.compilable", lambda _: compilable)
    whole = everything(cell, cell, x, state)
    steps = everything(lambda x, s: step_by_step(cell, x, s), cell, x, state)
    torch.testing.assert_close(whole, steps, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("name", ["gru", "mingru", "minlstm", "layer_norm_lstm", "mogrifier"])
def test_compiled_loops_are_the_steps_in_double_precision(name: CellName) -> None:
    cell, (x, state) = made(name), given(name)
    compiled = everything(cell, cell, x, state)
    x, state = given(name)
    exact = [part.detach().double().requires_grad_() for part in (x, *state)]
    cell = cell.double()
    steps = everything(lambda x, s: step_by_step(cell, x, s), cell, exact[0], tuple(exact[1:]))
    for ours, theirs in zip(compiled, steps, strict=True):
        assert (ours - theirs).abs().max() < 2e-6 * max(1.0, theirs.abs().max().item())


@pytest.mark.parametrize("name", CELLS)
def test_gradients_of_a_state_that_is_read_twice(name: CellName) -> None:
    """Two windows, with the gradient through the state between them, are one."""
    cell, (x, state) = made(name), given(name)

    def windows(x: Tensor, state: State) -> tuple[Tensor, State]:
        first, between = cell(x[:, :4], state)
        second, final = cell(x[:, 4:], between)
        return torch.cat([first, second], dim=1), final

    whole, parts = everything(cell, cell, x, state), everything(windows, cell, x, state)
    torch.testing.assert_close(whole, parts, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("name", ["mingru", "minlstm", "layer_norm_lstm", "mogrifier"])
def test_gradients_against_finite_differences(name: CellName) -> None:
    torch.manual_seed(4)
    cell = CELLS[name](2, 3).double()
    x = torch.randn(2, 4, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: cell(x)[0], [x])


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def g(x: float) -> float:
    return x + 0.5 if x >= 0 else sigmoid(x)


@pytest.mark.parametrize("kind", [MinGRU, MinLSTM])
def test_minimal_cells_are_the_papers(kind: type[MinGRU] | type[MinLSTM]) -> None:
    """Feng et al. 2024, sections 3.1 and 3.2, by hand for one unit."""
    cell = kind(1, 1)
    weights = cell.linear.weight[:, 0].tolist()
    biases = cell.linear.bias.tolist()
    inputs, h, expected = [0.3, -2.0, 1.5, 4.0], 0.0, []
    for x in inputs:
        *gates, candidate = (w * x + b for w, b in zip(weights, biases, strict=True))
        if len(gates) == 1:
            z = sigmoid(gates[0])
            h = (1 - z) * h + z * g(candidate)
        else:
            f, i = sigmoid(gates[0]), sigmoid(gates[1])
            h = f / (f + i) * h + i / (f + i) * g(candidate)
        expected.append(h)
    outputs, _ = cell(torch.tensor(inputs)[None, :, None])
    assert outputs.flatten().tolist() == pytest.approx(expected, abs=1e-6)


def test_gates_that_are_both_shut_still_share() -> None:
    """Two sigmoids of -40 are nothing in float32; their shares are a half, or one and none."""
    cell = MinLSTM(1, 3)
    with torch.no_grad():
        cell.linear.weight.zero_()
        cell.linear.bias.copy_(torch.tensor([-40.0, -20, -40, -40, -40, -20, 1.5, 1.5, 1.5]))
    for outputs in (
        cell(torch.zeros(1, 1, 1))[0][:, 0],
        cell.step(torch.zeros(1, 1), cell.initial_state(1))[0],
    ):
        assert outputs[0].tolist() == pytest.approx([1.0, 0.0, 2.0], abs=1e-5)


def test_layer_norm_lstm_is_the_papers() -> None:
    """Ba et al. 2016, eqs. 20-22, with torch's own layer normalisation."""
    cell, (x, (h, c)) = made("layer_norm_lstm"), given("layer_norm_lstm")
    assert isinstance(cell, LayerNormLSTM)
    by_input, by_state, by_memory = (nn.LayerNorm(size) for size in (148, 148, 37))
    with torch.no_grad():
        by_input.weight.copy_(cell.gain_ih)
        by_state.weight.copy_(cell.gain_hh)
        by_memory.weight.copy_(cell.gain_c)
        by_memory.bias.copy_(cell.bias_c)
    outputs, _ = cell(x, (h, c))
    for t in range(TIME):
        total = by_input(x[:, t] @ cell.weight_ih.T) + by_state(h @ cell.weight_hh.T) + cell.bias
        i, f, new, o = total.split(HIDDEN, dim=1)
        c = f.sigmoid() * c + i.sigmoid() * new.tanh()
        h = o.sigmoid() * by_memory(c).tanh()
        torch.testing.assert_close(outputs[:, t], h, rtol=2e-5, atol=2e-5)


def test_mogrifier_is_the_papers_and_then_an_lstm() -> None:
    """Melis et al. 2020, eqs. 1-2 for five rounds; without gates' say, torch's LSTM."""
    cell, (x, (h, c)) = made("mogrifier"), given("mogrifier")
    assert isinstance(cell, Mogrifier)
    reference = nn.LSTMCell(FEATURES, HIDDEN)
    reference.load_state_dict(
        {name.removesuffix("_l0"): value for name, value in cell.fused.state_dict().items()}
    )
    q1, r2, q3, r4, q5 = cell.rounds
    outputs, _ = cell(x, (h, c))
    for t in range(TIME):
        x1 = 2 * torch.sigmoid(h @ q1.T) * x[:, t]
        h2 = 2 * torch.sigmoid(x1 @ r2.T) * h
        x3 = 2 * torch.sigmoid(h2 @ q3.T) * x1
        h4 = 2 * torch.sigmoid(x3 @ r4.T) * h2
        x5 = 2 * torch.sigmoid(h4 @ q5.T) * x3
        h, c = reference(x5, (h4, c))
        torch.testing.assert_close(outputs[:, t], h, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("name", CELLS)
def test_what_is_not_a_number_shows(name: CellName) -> None:
    """A training that diverged must not look well, whatever a compiled loop rounds."""
    cell, (x, _) = made(name), given(name)
    spoilt = x.detach().clone()
    spoilt[1, 4, 2] = math.nan
    outputs, _ = cell(spoilt)
    assert outputs[1, 4:].isnan().all()
    assert not outputs[[0, 2]].isnan().any()


@pytest.mark.parametrize("name", [name for name in CELLS if name != "rnn_relu"])
def test_large_inputs_give_finite_gradients(name: CellName) -> None:
    cell, (x, _) = made(name), given(name)
    outputs, _ = cell(x * 1e4)
    gradients = torch.autograd.grad(outputs.sum(), [x, *cell.parameters()])
    assert all(part.isfinite().all() for part in (outputs, *gradients))


@pytest.mark.parametrize("name", [name for name in CELLS if "min" not in name])
def test_dropped_weights(name: CellName) -> None:
    """One mask a pass, the gradient at kept weights alone; in evaluation all weights are there."""
    cell, (x, _) = made(name, weight_dropout=0.25), given(name)
    plain = made(name)
    torch.testing.assert_close(cell.eval()(x)[0], plain.eval()(x)[0], rtol=0, atol=0)
    assert set(cell.state_dict()) == set(plain.state_dict())
    cell.train()
    weight = next(p for key, p in cell.named_parameters() if "weight_hh" in key)
    torch.manual_seed(5)
    outputs, _ = cell(x)
    (gradient,) = torch.autograd.grad(outputs.square().sum(), [weight])
    torch.manual_seed(5)
    kept = (torch.rand(weight.shape) >= 0.25) / 0.75
    assert 0.2 < (kept == 0).float().mean() < 0.3
    same = next(p for key, p in plain.named_parameters() if "weight_hh" in key)
    with torch.no_grad():
        same.mul_(kept)
    expected, _ = plain(x)
    torch.testing.assert_close(outputs, expected)
    (whole,) = torch.autograd.grad(expected.square().sum(), [same])
    torch.testing.assert_close(gradient, whole * kept, rtol=1e-4, atol=1e-5)


def test_what_compiled_loops_may_read(monkeypatch: pytest.MonkeyPatch) -> None:
    x = torch.zeros(1)
    assert base.compilable(x)
    assert not base.compilable(x.double())
    assert not base.compilable(x.to("meta"))
    with torch.autocast("cpu", torch.bfloat16):
        assert not base.compilable(x)
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)
    assert not base.compilable(x)
