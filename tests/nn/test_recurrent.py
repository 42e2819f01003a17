"""Cells and encoder against torch's own modules on packed sequences."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from seqkit.nn.recurrent import CELLS, LSTM, Cell, CellName, Encoder, EncoderSettings

TORCH = {"rnn": nn.RNN, "rnn_relu": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
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
            assert isinstance(cell, Cell)
            for part in PARTS:
                ours[f"{part}_l{layer}{suffix}"] = cell.fused.get_parameter(f"{part}_l0")
    reference.load_state_dict({name: value.detach() for name, value in ours.items()})
    return reference, ours


@pytest.mark.parametrize("name", CELLS)
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
def test_step_is_the_fused_path(name: CellName) -> None:
    torch.manual_seed(2)
    cell = CELLS[name](4, 6)
    randomise(cell)
    x = torch.randn(3, 8, 4)
    fused, final = cell(x)
    state, outputs = cell.initial_state(3), []
    for t in range(8):
        output, state = cell.step(x[:, t], state)
        outputs.append(output)
    torch.testing.assert_close(torch.stack(outputs, 1), fused)
    assert len(state) == len(final) == (2 if name == "lstm" else 1)
    for ours, theirs in zip(state, final, strict=True):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("name", CELLS)
def test_state_carries_over(name: CellName) -> None:
    torch.manual_seed(3)
    cell = CELLS[name](4, 6)
    randomise(cell)
    x = torch.randn(3, 8, 4)
    whole, _ = cell(x)
    first, state = cell(x[:, :5])
    second, _ = cell(x[:, 5:], state)
    torch.testing.assert_close(torch.cat([first, second], 1), whole)


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
    assert isinstance(cell, Cell)
    return cell.fused.get_parameter(f"{part}_l0").detach()


@pytest.mark.parametrize("name", CELLS)
def test_initialisation_of_an_encoder(name: CellName) -> None:
    torch.manual_seed(5)
    cells = Encoder(100, EncoderSettings(cell=name, hidden=64, forget_bias=1.5)).ahead
    cell = cells[0]
    assert isinstance(cell, Cell)
    for block in weight(cell, "weight_hh").chunk(cell.gates):
        torch.testing.assert_close(block.T @ block, torch.eye(64), atol=1e-5, rtol=0)
    for block in weight(cell, "weight_ih").chunk(cell.gates):
        assert block.var().item() == pytest.approx(2 / (100 + 64), rel=0.1)
    total = weight(cell, "bias_ih") + weight(cell, "bias_hh")
    expected = torch.zeros_like(total)
    if isinstance(cell, LSTM):
        expected[64:128] = 1.5
    assert torch.equal(total, expected)


def test_forget_bias_is_exact_beside_default_biases() -> None:
    chosen = EncoderSettings(hidden=8, initialisation="default", recurrent="default")
    (cell,) = Encoder(3, chosen).ahead
    total = weight(cell, "bias_ih") + weight(cell, "bias_hh")
    assert (total[8:16] == 1.0).all()
    assert (total[:8] != 0).all()
