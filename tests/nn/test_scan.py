"""The scan over time against a plain loop, and its gradients against finite differences."""

import pytest
import torch
from torch import Tensor

from seqkit.nn.scan import scan


def loop(a: Tensor, b: Tensor, h: Tensor) -> Tensor:
    states = []
    for t in range(a.shape[1]):
        h = a[:, t] * h + b[:, t]
        states.append(h)
    return torch.stack(states, dim=1)


def terms(time: int) -> list[Tensor]:
    torch.manual_seed(time)
    shapes = [(2, time, 3), (2, time, 3), (2, 3)]
    return [torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in shapes]


@pytest.mark.parametrize("time", [1, 2, 3, 7, 8, 33])
def test_scan_is_a_loop(time: int) -> None:
    given = terms(time)
    torch.testing.assert_close(scan(*given), loop(*given))
    weight = torch.randn(2, time, 3, dtype=torch.float64)
    ours = torch.autograd.grad((scan(*given) * weight).sum(), given)
    theirs = torch.autograd.grad((loop(*given) * weight).sum(), given)
    torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("time", [1, 6])
def test_gradients_of_the_scan(time: int) -> None:
    assert torch.autograd.gradcheck(scan, terms(time))


def test_nothing_is_lost_where_all_is_forgotten() -> None:
    """A product of 400 zeros and ones, which logarithms could not hold."""
    a, b, h = torch.ones(1, 400, 1), torch.zeros(1, 400, 1), torch.full((1, 1), 3.0)
    a[0, 200], b[0, 200] = 0.0, -2.0
    states = scan(a, b, h)[0, :, 0]
    assert states.tolist() == [3.0] * 200 + [-2.0] * 200
