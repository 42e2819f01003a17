"""Tiles: one step against autograd in float64, and the sigmoid against its definition."""

from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from numba import njit

from seqkit.vectors.training.tiles import FURTHEST, tile


@cache
def stepper(width: int, negative: int) -> Any:
    """Return a compiled step with one positive target; tuples tell how many rows there are."""
    step, signs = tile(width), (np.float32(-1),) + (np.float32(1),) * negative

    @njit
    def run(inputs: Any, rows: Any, outputs: Any, targets: Any, rate: Any) -> Any:
        return step(inputs, rows, outputs, targets, signs, rate)

    return run


@pytest.mark.parametrize(
    ("width", "rows", "targets"),
    [
        (8, (1,), (2,)),
        (24, (0, 3), (4, 1, 0)),
        (16, (2, 4), (5, 0, 1, 2, 3, 4)),
        (
            8,
            (1,),
            (*range(6), 7, 8, 6, 9),
        ),
    ],
)
def test_a_step_descends_the_gradient_of_all_its_pairs_at_once(
    width: int, rows: tuple[int, ...], targets: tuple[int, ...]
) -> None:
    rng = np.random.default_rng(width)
    inputs, outputs = (rng.normal(scale=0.5, size=(10, width)).astype(np.float32) for _ in "xy")
    x, y = (torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in (inputs, outputs))
    labels = torch.tensor([1.0] + [-1.0] * (len(targets) - 1), dtype=torch.float64)
    logits = x[list(rows)] @ y[list(targets)].T * labels
    loss = -torch.nn.functional.logsigmoid(logits).sum()
    torch.autograd.backward(loss)

    step = stepper(width, len(targets) - 1)
    chance = step(inputs, rows, outputs, targets, np.float32(0.1))

    assert -np.log(chance) == pytest.approx(loss.item(), rel=1e-6)
    assert x.grad is not None
    assert y.grad is not None
    assert inputs == pytest.approx((x - 0.1 * x.grad).detach().numpy(), abs=5e-7)
    assert outputs == pytest.approx((y - 0.1 * y.grad).detach().numpy(), abs=5e-7)


def test_rows_that_are_not_named_stay_as_they_are() -> None:
    inputs, outputs = np.ones((4, 8), np.float32), np.ones((4, 8), np.float32)
    stepper(8, 1)(inputs, (2,), outputs, (0, 3), np.float32(0.1))
    assert [row.min() == row.max() == 1 for row in inputs] == [True, True, False, True]
    assert [row.min() == row.max() == 1 for row in outputs] == [False, True, True, False]


def test_columns_that_pad_a_row_with_zeros_stay_zeros_and_change_nothing() -> None:
    """A row of 5 numbers is padded to 8 by the caller; wider padding gives the same."""
    rng, results = np.random.default_rng(0), []
    numbers = rng.normal(size=(2, 3, 5)).astype(np.float32)
    for width in (8, 24):
        inputs, outputs = np.zeros((2, 3, width), np.float32)
        inputs[:, :5], outputs[:, :5] = numbers
        chance = stepper(width, 1)(inputs, (0, 1), outputs, (2, 0), np.float32(0.1))
        assert not inputs[:, 5:].any()
        assert not outputs[:, 5:].any()
        results.append((chance, inputs[:, :5].tolist(), outputs[:, :5].tolist()))
    assert results[0] == results[1]


def chance_of(logit: float) -> float:
    inputs, outputs = np.zeros((1, 8), np.float32), np.ones((1, 8), np.float32)
    inputs[0, 0] = logit
    return float(stepper(8, 0)(inputs, (0,), outputs, (0,), np.float32(0)))


def test_the_sigmoid_is_exact_to_the_precision_of_float32() -> None:
    logits = np.linspace(-FURTHEST, FURTHEST, 1001).astype(np.float32)
    expected = 1 / (1 + np.exp(-logits.astype(np.float64)))
    assert [chance_of(logit) for logit in logits] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("far", [30.0, 1e30, np.inf])
def test_logits_are_held_within_bounds(far: float) -> None:
    assert chance_of(far) == chance_of(FURTHEST)
    assert chance_of(-far) == chance_of(-FURTHEST) == pytest.approx(np.exp(-FURTHEST), rel=1e-4)


def test_a_weight_that_is_no_number_stays_visible_and_the_chance_is_a_number() -> None:
    inputs, outputs = np.ones((1, 8), np.float32), np.ones((1, 8), np.float32)
    inputs[0, 3] = np.nan
    assert 0 < stepper(8, 0)(inputs, (0,), outputs, (0,), np.float32(0.1)) <= 1
    assert np.isnan(inputs).any()
