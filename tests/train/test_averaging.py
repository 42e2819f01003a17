import pytest
import torch
from torch import nn

from seqkit.train.averaging import WeightAverage


def test_the_average_is_that_of_the_formula_and_the_model_gets_its_own_back() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    average = WeightAverage(model, decay=0.5)
    expected = model[0].weight.detach().clone()
    for step in range(1, 30):
        with torch.no_grad():
            model[0].weight += torch.randn(2, 3)
        model(torch.randn(4, 3))  # moves the running statistics
        average.update()
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * model[0].weight.detach()
    present = {name: t.clone() for name, t in model.state_dict().items()}
    with average.applied():
        torch.testing.assert_close(model[0].weight.detach(), expected)
        torch.testing.assert_close(model[1].running_mean, present["1.running_mean"])
        assert not torch.equal(model[0].weight, present["0.weight"])
    assert all(torch.equal(t, present[name]) for name, t in model.state_dict().items())


def test_the_model_gets_its_own_back_after_an_error_too() -> None:
    model = nn.Linear(2, 2)
    average = WeightAverage(model, decay=0.9)
    with torch.no_grad():
        model.weight += 1
    present = model.weight.clone()
    with pytest.raises(ZeroDivisionError), average.applied():
        _ = 1 // 0
    assert torch.equal(model.weight, present)
