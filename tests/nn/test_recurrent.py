"""Encoder against torch's own modules on packed sequences, and against itself."""

from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from seqkit.errors import SeqkitError
from seqkit.nn.cells import CELLS, LSTM, CellName, TorchCell
from seqkit.nn.recurrent import Encoder, EncoderSettings

TORCH: dict[CellName, Any] = {
    "rnn": nn.RNN,
    "rnn_relu": nn.RNN,
    "lstm": nn.LSTM,
    "gru": nn.GRU,
}
PARTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
LENGTHS = torch.tensor([4, 7, 1, 6, 7])


def randomise(module: nn.Module) -> None:
    """Give every weight, biases too, a value of its own, so that a swapped gate shows."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_(0, 0.4)


def twin(encoder: Encoder) -> tuple[nn.RNNBase, dict[str, nn.Parameter]]:
    """Torch's module with the encoder's weights, and ours by torch's names."""
    chosen = encoder.chosen
    options = {"nonlinearity": "relu"} if chosen.cell == "rnn_relu" else {}
    reference = TORCH[chosen.cell](
        5,
        chosen.hidden,
        chosen.layers,
        batch_first=True,
        bidirectional=chosen.bidirectional,
        **options,
    )
    ours = {}
    for suffix, cells in (("", encoder.ahead), ("_reverse", encoder.back)):
        for layer, cell in enumerate(cells):
            assert isinstance(cell, TorchCell)
            for part in PARTS:
                ours[f"{part}_l{layer}{suffix}"] = cell.fused.get_parameter(f"{part}_l0")
    reference.load_state_dict({name: value.detach() for name, value in ours.items()})
    return reference, ours


@pytest.mark.parametrize("name", TORCH)
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("layers", [1, 3])
def test_encoder_is_torch_on_packed_rows(name: CellName, bidirectional: bool, layers: int) -> None:
    torch.manual_seed(1)
    chosen = EncoderSettings(cell=name, hidden=6, layers=layers, bidirectional=bidirectional)
    encoder = Encoder(5, chosen)
    randomise(encoder)
    reference, ours = twin(encoder)
    x = torch.randn(5, 7, 5)
    mine, theirs = x.clone().requires_grad_(), x.clone().requires_grad_()

    outputs, last = encoder(mine, LENGTHS)
    packed = pack_padded_sequence(theirs, LENGTHS, batch_first=True, enforce_sorted=False)
    expected_packed, final = reference(packed)
    expected, _ = pad_packed_sequence(expected_packed, batch_first=True)
    h = final[0] if name == "lstm" else final
    directions = 2 if bidirectional else 1
    expected_last = h.view(layers, directions, 5, 6).transpose(1, 2).reshape(layers, 5, -1)
    torch.testing.assert_close(outputs, expected)
    torch.testing.assert_close(last, expected_last)

    by_output, by_last = torch.randn_like(outputs), torch.randn_like(last)
    ((outputs * by_output).sum() + (last * by_last).sum()).backward()
    ((expected * by_output).sum() + (expected_last * by_last).sum()).backward()
    torch.testing.assert_close(mine.grad, theirs.grad, rtol=1e-4, atol=1e-5)
    for parameter, value in reference.named_parameters():
        torch.testing.assert_close(ours[parameter].grad, value.grad, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", CELLS)
def test_neither_padding_nor_neighbours_change_a_row(name: CellName) -> None:
    torch.manual_seed(2)
    encoder = Encoder(5, EncoderSettings(cell=name, hidden=6, layers=2))
    x = torch.randn(5, 7, 5)
    outputs, last = encoder(x, LENGTHS)
    for row, length in enumerate(LENGTHS.tolist()):
        alone, end = encoder(x[row : row + 1, :length], LENGTHS[row : row + 1])
        torch.testing.assert_close(outputs[row, :length], alone[0])
        torch.testing.assert_close(last[:, row], end[:, 0])


def causal(name: CellName, last: int | None = None, **options: float) -> Encoder:
    torch.manual_seed(3)
    chosen = EncoderSettings(cell=name, hidden=6, layers=2, bidirectional=False, **options)  # type: ignore[arg-type]
    return Encoder(5, chosen, last=last)


@pytest.mark.parametrize("name", CELLS)
def test_a_stream_may_be_read_at_once_in_windows_or_step_by_step(name: CellName) -> None:
    encoder = causal(name)
    x = torch.randn(3, 8, 5)
    whole, end = encoder.read(x)
    torch.testing.assert_close(whole, encoder(x, torch.full((3,), 8)).outputs)
    first, state = encoder.read(x[:, :5])
    second, final = encoder.read(x[:, 5:], state)
    torch.testing.assert_close(torch.cat([first, second], 1), whole)
    state, outputs = encoder.initial_state(3), []
    for t in range(8):
        output, state = encoder.step(x[:, t], state)
        outputs.append(output)
    torch.testing.assert_close(torch.stack(outputs, 1), whole)
    for other in (final, state):
        torch.testing.assert_close(other, end)


def test_a_stream_cannot_be_read_backwards() -> None:
    encoder = Encoder(5, EncoderSettings())
    for read in (lambda: encoder.read(torch.zeros(1, 2, 5)), lambda: encoder.initial_state(1)):
        with pytest.raises(SeqkitError, match=r"backwards too: use bidirectional=false\.$"):
            read()


@pytest.mark.parametrize("name", CELLS)
def test_the_top_layer_may_have_a_width_of_its_own(name: CellName) -> None:
    encoder = causal(name, last=4)
    x = torch.randn(3, 8, 5)
    outputs, ((lower, *_), (upper, *_)) = encoder.read(x)
    assert encoder.features == outputs.shape[2] == upper.shape[1] == 4
    torch.testing.assert_close(outputs[:, -1], upper)
    assert lower.shape[1] == 6
    with pytest.raises(ValueError, match="layers of 6 and 4 units have no `last`"):
        encoder(x, torch.full((3,), 8))


def test_variational_dropout_is_one_mask_for_all_time_steps() -> None:
    """An upper layer that only adds up shows what was dropped of the lower one."""
    seen = []
    encoder = causal("gru", dropout=0.5, variational=True)
    encoder.ahead[1].register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    x = torch.randn(40, 8, 5)
    encoder.read(x)
    encoder(x, torch.full((40,), 8))
    encoder.eval().read(x)
    *dropped, whole = seen
    for given in dropped:
        mask = given / whole
        torch.testing.assert_close(mask, mask[:, :1].round().expand_as(mask))
        assert set(mask[:, 0].round().flatten().tolist()) == {0.0, 2.0}
        assert 0.3 < (mask[:, 0] == 0).float().mean() < 0.7


def test_weight_dropout_needs_weights_to_drop() -> None:
    with pytest.raises(ValidationError, match=r"cell=mingru has no .*: use weight_dropout=0"):
        EncoderSettings(cell="mingru", weight_dropout=0.5)


def test_weight_dropout_of_an_encoder_is_learnt_through_and_gone_in_evaluation() -> None:
    encoder, plain = causal("lstm", weight_dropout=0.5), causal("lstm")
    x = torch.randn(3, 8, 5)
    assert not torch.equal(encoder.read(x)[0], encoder.read(x)[0])
    torch.testing.assert_close(encoder.eval().read(x)[0], plain.read(x)[0], rtol=0, atol=0)
    optimizer = torch.optim.SGD(encoder.parameters(), lr=0.1)
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    encoder.train().read(x)[0].square().sum().backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    assert encoder.state_dict().keys() == plain.state_dict().keys()
    for name, value in encoder.state_dict().items():
        changed = (value != before[name]).float().mean()
        assert 0.3 < changed < 0.7 if "weight_hh" in name else changed > 0.9, name


def test_weights_keep_the_names_of_older_runs() -> None:
    names = causal("gru").state_dict().keys()
    assert names == {f"ahead.{layer}.fused.{part}_l0" for layer in (0, 1) for part in PARTS}


def test_outputs_at_padding_are_zero_and_dropout_is_between_layers() -> None:
    torch.manual_seed(4)
    x = torch.randn(5, 7, 5)
    single = Encoder(5, EncoderSettings(hidden=6, dropout=0.5)).train()
    outputs, _ = single(x, LENGTHS)
    assert (outputs[0, 4:] == 0).all()
    assert (outputs[0, :4] != 0).all()
    torch.testing.assert_close(single(x, LENGTHS).outputs, outputs)  # one layer: nothing drops
    double = Encoder(5, EncoderSettings(hidden=6, layers=2, dropout=0.5)).train()
    assert not torch.equal(double(x, LENGTHS).outputs, double(x, LENGTHS).outputs)
    assert torch.equal(double(x, LENGTHS).last[0], double(x, LENGTHS).last[0])


def weight(cell: nn.Module, part: str) -> Tensor:
    assert isinstance(cell, TorchCell)
    return cell.fused.get_parameter(f"{part}_l0").detach()


@pytest.mark.parametrize("name", TORCH)
def test_initialisation_of_an_encoder(name: CellName) -> None:
    torch.manual_seed(5)
    cells = Encoder(100, EncoderSettings(cell=name, hidden=64, forget_bias=1.5)).ahead
    cell = cells[0]
    assert isinstance(cell, TorchCell)
    for block in weight(cell, "weight_hh").chunk(cell.gates):
        torch.testing.assert_close(block.T @ block, torch.eye(64), atol=1e-5, rtol=0)
    for block in weight(cell, "weight_ih").chunk(cell.gates):
        assert block.var().item() == pytest.approx(2 / (100 + 64), rel=0.1)
    total = weight(cell, "bias_ih") + weight(cell, "bias_hh")
    expected = torch.zeros_like(total)
    if isinstance(cell, LSTM):
        expected[64:128] = 1.5
    assert torch.equal(total, expected)


@pytest.mark.parametrize("name", ["layer_norm_lstm", "minlstm"])
def test_forget_bias_of_other_cells(name: CellName) -> None:
    (cell,) = Encoder(
        3, EncoderSettings(cell=name, hidden=8, forget_bias=1.5, bidirectional=False)
    ).ahead
    (bias,) = (value for key, value in cell.named_parameters() if key in ("bias", "linear.bias"))
    forget = slice(8, 16) if name == "layer_norm_lstm" else slice(0, 8)
    expected = torch.zeros_like(bias)
    expected[forget] = 1.5
    if name == "layer_norm_lstm":  # those of the candidates are drawn
        expected[16:24] = bias[16:24]
        assert bias[16:24].unique().numel() == 8
        assert bias[16:24].abs().max() <= 8**-0.5
    assert torch.equal(bias, expected)


@pytest.mark.parametrize("name", CELLS)
def test_inputs_of_zeros_have_gradients(name: CellName) -> None:
    torch.manual_seed(3)
    encoder = Encoder(3, EncoderSettings(cell=name, hidden=32, bidirectional=False))
    outputs, _ = encoder.read(torch.zeros(2, 24, 3), encoder.initial_state(2))
    outputs[:, -1].square().sum().backward()
    for parameter in encoder.parameters():
        assert parameter.grad is None or parameter.grad.abs().max() < 1e3


@pytest.mark.parametrize("name", CELLS)
def test_a_state_of_other_rows_is_refused(name: CellName) -> None:
    encoder = Encoder(3, EncoderSettings(cell=name, hidden=4, bidirectional=False))
    (cell,) = encoder.ahead
    for rows in (1, 4):
        with pytest.raises(ValueError, match=rf"a state of shape \({rows}, 4\) for 3 rows of 4"):
            cell(torch.zeros(3, 2, 3), cell.initial_state(rows))


@pytest.mark.parametrize("name", ["mingru", "minlstm"])
def test_gates_next_to_one_are_not_rounded_to_it(name: CellName) -> None:
    torch.manual_seed(2)
    encoder = Encoder(3, EncoderSettings(cell=name, hidden=4, bidirectional=False))
    (cell,) = encoder.ahead
    with torch.no_grad():
        weight, bias = cell.get_parameter("linear.weight"), cell.get_parameter("linear.bias")
        weight.copy_(weight.bfloat16())
        bias[:4] = -6.0 if name == "mingru" else 6.0
    x = torch.randn(2, 500, 3).bfloat16().float()
    exact, _ = cell(x)
    with torch.autocast("cpu", torch.bfloat16):
        mixed, (state,) = cell(x)
        (stepped,) = cell.initial_state(2)
        for t in range(500):
            _, (stepped,) = cell.step(x[:, t], (stepped,))
    for last in (mixed[:, -1], state, stepped):
        torch.testing.assert_close(last.float(), exact[:, -1], rtol=0.01, atol=0.01)


def test_forget_bias_is_exact_beside_default_biases() -> None:
    chosen = EncoderSettings(hidden=8, initialisation="default", recurrent="default")
    (cell,) = Encoder(3, chosen).ahead
    total = weight(cell, "bias_ih") + weight(cell, "bias_hh")
    assert (total[8:16] == 1.0).all()
    assert (total[:8] != 0).all()
