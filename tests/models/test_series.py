"""The model of series: shifts, padding, order of time, and losses written by hand."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from seqkit.data.frames import FrameBatch
from seqkit.models.series import Goal, SeriesModel, SeriesModelSettings
from seqkit.nn.recurrent import EncoderSettings

ENCODER = EncoderSettings(cell="gru", hidden=7, bidirectional=False)


def model(goal: Goal = "forecast", **chosen: object) -> SeriesModel:
    settings = SeriesModelSettings(encoder=ENCODER, **chosen)  # type: ignore[arg-type]
    return SeriesModel(settings, goal, features=3, outputs=4, target=1).eval()


def batch(*lengths: int, targets: Tensor | None = None) -> FrameBatch:
    inputs = torch.randn(len(lengths), max(lengths), 3)
    return FrameBatch(inputs, torch.tensor(lengths), sum(lengths), len(lengths), targets)


def test_a_relative_model_moves_with_its_input() -> None:
    given, shift = batch(5, 5), torch.tensor([10.0, -3.0, 0.5])
    moved = replace(given, inputs=given.inputs + shift)
    read = model(relative=True)
    torch.testing.assert_close(read(moved), read(given) - 3, atol=1e-5, rtol=1e-5)
    plain = model(relative=True, residual=False)
    torch.testing.assert_close(plain(moved), plain(given), atol=1e-5, rtol=1e-5)


def test_a_residual_is_added_to_the_last_real_value() -> None:
    given = batch(5, 2)
    absolute, residual = model(residual=False), model()
    residual.load_state_dict(absolute.state_dict())
    last = torch.stack([given.inputs[0, 4, 1], given.inputs[1, 1, 1]])
    torch.testing.assert_close(residual(given), absolute(given) + last[:, None])


@pytest.mark.parametrize("goal", ["forecast", "window", "frames"])
def test_padding_changes_nothing(goal: Goal) -> None:
    given, read = batch(6, 2, 4), model(goal, pooling=("last", "mean"))
    alone = torch.cat(
        [
            read(FrameBatch(given.inputs[i : i + 1, :n], torch.tensor([n]), n, 1))
            for i, n in enumerate(given.lengths.tolist())
        ]
    )
    torch.testing.assert_close(read(given), alone)
    noise = replace(given, inputs=given.inputs.masked_fill(~given.mask[:, :, None], 1e3))
    torch.testing.assert_close(read(noise), alone)


@pytest.mark.parametrize("name", ["mse", "mae", "huber"])
def test_losses_are_those_of_the_books(name: str) -> None:
    targets = 2 * torch.randn(2, 4)
    given, read = batch(5, 5, targets=targets), model(loss=name)
    error = (read(given) - targets).detach()
    by_hand = {
        "mse": error**2,
        "mae": error.abs(),
        "huber": torch.where(error.abs() < 1, error**2 / 2, error.abs() - 0.5),
    }
    torch.testing.assert_close(read.loss(given).detach(), by_hand[name].mean())


def test_only_real_frames_count_in_the_loss_of_labels() -> None:
    targets = torch.randint(4, (2, 6))
    given, read = batch(6, 2, targets=targets), model("frames")
    logits = read(given).log_softmax(1)
    true = [*targets[0].tolist(), *targets[1, :2].tolist()]
    expected = -np.mean([logits[i, t].item() for i, t in enumerate(true)])
    assert read.loss(given).item() == pytest.approx(expected, rel=1e-5)
