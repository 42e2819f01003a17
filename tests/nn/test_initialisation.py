"""Initialisations and activations against their formulas."""

import math
from collections.abc import Callable

import pytest
import torch

from seqkit.nn.activation import ACTIVATIONS, ActivationName
from seqkit.nn.initialisation import InitialisationName, initialise


@pytest.mark.parametrize("shape", [(300, 200), (200, 300), (150, 60, 5)])
@pytest.mark.parametrize("name", ["xavier", "he", "uniform"])
def test_variance_and_range(name: InitialisationName, shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    weight, bias = torch.full(shape, 9.0), torch.ones(shape[0])
    initialise(weight, name, bias=bias)
    receptive = math.prod(shape[2:])
    fan_in, fan_out = shape[1] * receptive, shape[0] * receptive
    variance = {"xavier": 2 / (fan_in + fan_out), "he": 2 / fan_in, "uniform": 1 / fan_in}[name]
    assert weight.var().item() == pytest.approx(variance, rel=0.03)
    assert abs(weight.mean().item()) < 5 * math.sqrt(variance / weight.numel())
    widest = weight.abs().max().item() / math.sqrt(variance)
    if name == "he":  # normal: values beyond three deviations occur
        assert widest > 3.5
    else:  # uniform: none beyond the square root of three, and some near it
        assert 1.72 < widest <= math.sqrt(3) * (1 + 1e-6)
    assert (bias == 0).all()


@pytest.mark.parametrize("shape", [(40, 40), (40, 70), (70, 40)])
def test_orthogonal(shape: tuple[int, int]) -> None:
    weight = torch.zeros(3 * shape[0], shape[1])
    initialise(weight, "orthogonal", gates=3)
    blocks = weight.chunk(3)
    for block in blocks:
        product = block @ block.T if shape[0] <= shape[1] else block.T @ block
        torch.testing.assert_close(product, torch.eye(min(shape)), atol=1e-5, rtol=0)
    assert not torch.equal(blocks[0], blocks[1])


def test_default_leaves_everything() -> None:
    weight, bias = torch.full((4, 3), 9.0), torch.ones(4)
    initialise(weight, "default", bias=bias)
    assert (weight == 9).all()
    assert (bias == 1).all()


FORMULAS: dict[str, Callable[[float], float]] = {
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "tanh": lambda x: (math.exp(2 * x) - 1) / (math.exp(2 * x) + 1),
    "relu": lambda x: max(0.0, x),
    "leaky_relu": lambda x: max(0.0, x) + 0.01 * min(0.0, x),
    "gelu": lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2,
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_are_their_formulas(name: ActivationName) -> None:
    x = torch.linspace(-6, 6, 49, dtype=torch.float64)
    expected = torch.tensor([FORMULAS[name](v) for v in x.tolist()], dtype=torch.float64)
    torch.testing.assert_close(ACTIVATIONS[name](x), expected)
