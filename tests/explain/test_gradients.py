"""Gradient by time lag, against finite differences through the cells' own steps."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seqkit.explain.gradients import GradientByLag, followed, gathered, lines, pictures
from seqkit.explain.reading import Reading
from seqkit.models.language_model import LanguageModel, LanguageModelSettings
from seqkit.nn.cells import CELLS, CellName
from seqkit.nn.embedding import EmbeddingSettings
from seqkit.nn.recurrent import Encoder, EncoderSettings

IDS = torch.tensor([[3, 1, 4, 1, 5, 2, 6, 5]])
EPSILON = 1e-5


def language_model(cell: CellName) -> LanguageModel:
    torch.manual_seed(5)
    model = LanguageModel(
        LanguageModelSettings(
            tied=False,
            embedding=EmbeddingSettings(size=4),
            encoder=EncoderSettings(cell=cell, hidden=5, layers=2, bidirectional=False),
        ),
        vocabulary_size=8,
        pad=0,
        unk=1,
    )
    return model.eval()


def reading() -> Reading:
    read, wanted = IDS[:, :-1], IDS[0, 1:]
    tokens = tuple(map(str, read[0].tolist()))

    def losses(model: LanguageModel) -> Tensor:
        features, _ = model(read)
        return F.nll_loss(model.softmax.log_probabilities(features[0]), wanted, reduction="none")

    return Reading("", tokens, tokens, "aligned", {"encoder": tokens}, losses, "encoder")


def moved_loss(
    model: LanguageModel, t: int, layer: int, part: int, at: int, change: Tensor
) -> float:
    """Return the loss of step ``t`` when a part of a layer's state is changed after step ``at``.

    By the cells' own ``step``, one time step after the other. A memory cell is changed before
    the output is made of it, as a gradient has it.
    """
    state = list(model.initial_state(1))
    for now in range(t + 1):
        x = model.embedding(IDS[:, now : now + 1])[:, 0]
        for number, cell in enumerate(model.encoder.ahead):
            _, after = cell.step(x, state[number])
            if (number, now) == (layer, at):
                after = changed(cell, x, state[number], after, part, change)
            x, state[number] = after[0], after
    shares = model.softmax.log_probabilities(model.project(x))
    return -shares[0, IDS[0, t + 1]].item()


def changed(
    cell: nn.Module,
    x: Tensor,
    before: tuple[Tensor, ...],
    after: tuple[Tensor, ...],
    part: int,
    change: Tensor,
) -> tuple[Tensor, ...]:
    if part == 0:
        return (after[0] + change, *after[1:])
    pre = F.linear(x, cell.fused.weight_ih_l0, cell.fused.bias_ih_l0)
    pre = pre + F.linear(before[0], cell.fused.weight_hh_l0, cell.fused.bias_hh_l0)
    output_gate = torch.sigmoid(pre.chunk(4, dim=1)[3])
    c = after[1] + change
    return output_gate * torch.tanh(c), c


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru", "mingru", "layer_norm_lstm"])
def test_norms_are_those_of_finite_differences(cell: CellName) -> None:
    model = language_model(cell)
    exact = model.double()
    found = followed(model, reading())
    lags = 2 * (7 - 1) // 3
    followed_back = [4, 5, 6]  # the losses that have as many lags before them
    with torch.no_grad():
        for place, rows in found.items():
            if place.part == "memory cell" and cell != "lstm":
                continue  # the oracle knows only torch's
            layer, part = int(place.layer[-1]) - 1, int(place.part == "memory cell")
            assert len(rows) == len(followed_back)
            for t, norms in zip(followed_back, rows, strict=True):
                assert len(norms) == lags + 1
                for lag, ours in enumerate(norms):
                    slopes = []
                    for unit in torch.eye(5, dtype=torch.float64):
                        up = moved_loss(exact, t, layer, part, t - lag, EPSILON * unit[None])
                        down = moved_loss(exact, t, layer, part, t - lag, -EPSILON * unit[None])
                        slopes.append((up - down) / (2 * EPSILON))
                    assert ours == pytest.approx(np.linalg.norm(slopes), rel=1e-5, abs=1e-9)


class Last(nn.Module):
    """A class from where each direction ends."""

    def __init__(self, cell: CellName) -> None:
        super().__init__()
        torch.manual_seed(6)
        chosen = EncoderSettings(cell=cell, hidden=4, bidirectional=True)
        self.encoder, self.head = Encoder(3, chosen), nn.Linear(8, 2)

    def loss(self, x: Tensor) -> Tensor:
        last = self.encoder(x, torch.tensor([x.shape[1]])).last[-1]
        return F.cross_entropy(self.head(last), torch.tensor([1]))[None]


def classified(loss: Callable[[nn.Module], Tensor], count: int) -> Reading:
    tokens = tuple(map(str, range(count)))
    return Reading("", tokens, ("yes",), "many-to-one", {"encoder": tokens}, loss)


@pytest.mark.parametrize("cell", ["rnn", "gru"])
def test_one_loss_at_the_end_is_followed_to_the_beginning_in_both_directions(
    cell: CellName,
) -> None:
    model, count = Last(cell).eval(), 6
    x = torch.randn(1, count, 3, dtype=torch.float64)
    found = followed(model, classified(lambda m: m.loss(x), count))
    exact = model.double()
    for place, cells, order in (
        ("layer 1", exact.encoder.ahead, range(count)),
        ("layer 1, backwards", exact.encoder.back, range(count - 1, -1, -1)),
    ):
        (norms,) = next(rows for p, rows in found.items() if p.layer == place)
        assert len(norms) == count  # every lag there is
        states, h = [], cells[0].initial_state(1)[0]
        for t in order:
            h, _ = cells[0].step(x[:, t], (h,))
            states.append(h)
        other = exact.encoder(x, torch.tensor([count])).last[-1].detach()
        mine = slice(0, 4) if place == "layer 1" else slice(4, 8)
        joined = other.clone()
        joined[:, mine] = 0
        row = F.pad(states[-1], (mine.start, 8 - mine.stop)) + joined
        loss = F.cross_entropy(exact.head(row), torch.tensor([1]))
        expected = [
            torch.autograd.grad(loss, s, retain_graph=True)[0].norm().item() for s in states
        ]
        assert norms.tolist() == pytest.approx(expected[::-1], rel=1e-9)


def test_a_pooled_text_has_parts_that_add_up_to_the_whole_gradient() -> None:
    model, count = Last("lstm").eval(), 5
    x = torch.randn(1, count, 3, dtype=torch.float64)

    def mean(m: Last) -> Tensor:
        outputs = m.encoder(x, torch.tensor([count])).outputs
        return F.cross_entropy(m.head(outputs.mean(dim=1)), torch.tensor([0]))[None]

    found = followed(model, classified(mean, count))
    rows = next(rows for place, rows in found.items() if place.layer == "layer 1")
    # the losses enter at every step; those with 2 lags before them are followed
    assert [len(row) for row in rows] == [3, 3, 3]
    assert all(row[0] > 0 for row in rows)
    weight = model.double().head.weight[:, :4]
    outputs = model.encoder(x, torch.tensor([count])).outputs.mean(dim=1)
    shares = model.head(outputs).softmax(dim=1)[0]
    direct = (weight.T @ (shares - torch.tensor([1.0, 0.0]))) / count  # d loss / d y_t, by hand
    assert [row[0] for row in rows] == pytest.approx([direct.norm().item()] * 3)


def test_rows_of_a_batch_are_followed_one_by_one() -> None:
    model = Last("gru").eval()
    both = torch.randn(2, 5, 3, dtype=torch.float64)

    def losses(m: Last, x: Tensor) -> Tensor:
        last = m.encoder(x, torch.full((len(x),), 5)).last[-1]
        return F.cross_entropy(m.head(last), torch.ones(len(x), dtype=torch.long), reduction="none")

    together = followed(model, classified(partial(losses, x=both), 5))
    for place, rows in together.items():
        for row in range(2):
            alone = followed(model, classified(partial(losses, x=both[row : row + 1]), 5))
            assert rows[row].tolist() == pytest.approx(alone[place][0].tolist())


def test_medians_are_of_each_loss_by_its_own_lag_0() -> None:
    place = next(iter(followed(language_model("rnn"), reading())))
    rows = [np.array([1.0, 0.5, 0.001]), np.array([100.0, 20.0]), np.array([0.0, 1.0])]
    (found,) = gathered([{place: rows}])
    assert found.relative.tolist() == pytest.approx([1.0, 0.35, 0.001])  # not 20.5 / 101
    assert found.losses.tolist() == [2, 2, 1]  # one has no gradient at lag 0
    assert found.vanishes_at() == 2
    assert found.vanishes_at(0.4) == 1
    assert found.vanishes_at(0.0001) is None


def test_what_dips_and_comes_back_has_not_vanished() -> None:
    relative = np.array([1.0, 0.001, 0.5, 0.002, 0.001])
    each = GradientByLag("layer 1", "hidden state", "rnn", relative, relative, np.ones(5, int))
    assert each.vanishes_at() == 3
    drawn = lines("t", "a", {"rnn": each, "other": each})
    assert drawn.level == 0.01
    table = list(pictures({"rnn": each}))[1].table()
    assert dict(zip(table.columns, table.rows[0], strict=True))["below 1 % from lag"] == 3


def test_every_cell_can_be_followed() -> None:
    for cell in CELLS:
        (first, *_) = gathered([followed(language_model(cell), reading())])
        assert first.cell == cell
        assert np.isfinite(first.relative).all()
        assert first.relative[0] == 1
