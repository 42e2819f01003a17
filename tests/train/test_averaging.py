import pytest
import torch
from torch import nn

from seqkit.errors import SeqkitError
from seqkit.recipe import find
from seqkit.train.averaging import CheckpointAverage, NonMonotonicAverage, WeightAverage


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


def test_asgd_begins_when_validation_is_worse_than_it_was_n_validations_ago() -> None:
    """Algorithm 1 of Merity et al. 2018, with losses, against the mean of all later weights."""
    losses = [9.0, 7.0, 8.0, 7.5, 6.0, 6.5, 6.4, 6.1, 5.0, 5.0]
    n, logs, begins = 2, list[float](), None
    for k, v in enumerate(losses):
        t = len(logs)
        if begins is None and t > n and v > min(logs[: t - n]):
            begins = k
        logs.append(v)
    torch.manual_seed(0)
    model = nn.Linear(3, 2)
    average = NonMonotonicAverage(model, patience=n)
    seen: list[torch.Tensor] = []
    for k, v in enumerate(losses):
        for _ in range(4):
            with torch.no_grad():
                model.weight += torch.randn(2, 3)
            average.update()
            if begins is not None and k > begins:
                seen.append(model.weight.detach().clone())
        with average.applied():
            expected = torch.stack(seen).mean(0) if seen else model.weight.detach()
            torch.testing.assert_close(model.weight.detach(), expected)
        average.observe(-v)
        assert average.started == (begins is not None and k >= begins)
    assert begins == 7
    assert len(seen) == 8
    resumed = NonMonotonicAverage(model, patience=n)
    resumed.restore(average.average, average.updates, average.scores)
    assert (resumed.started, resumed.updates, resumed.scores) == (True, 8, average.scores)
    for one in (average, resumed):
        one.update()
    assert all(torch.equal(t, resumed.average[name]) for name, t in average.average.items())


def test_checkpoints_of_the_last_epochs_are_averaged_alike() -> None:
    torch.manual_seed(0)
    model = nn.Linear(3, 2)
    average = CheckpointAverage(model, last=3, epochs=5)
    ends: list[torch.Tensor] = []
    for epoch in range(1, 6):
        for _ in range(2):
            with torch.no_grad():
                model.weight += torch.randn(2, 3)
            average.update()
        if epoch == 4:  # go on from what a checkpoint holds
            saved = average
            average = CheckpointAverage(model, last=3, epochs=5)
            average.restore(saved.average, saved.updates, saved.scores)
        average.end_epoch(epoch)
        ends.append(model.weight.detach().clone())
        expected = torch.stack(ends[2:]).mean(0) if epoch > 2 else ends[-1]
        with average.applied():
            torch.testing.assert_close(model.weight.detach(), expected)


def test_epochs_that_are_not_the_last_any_more_leave_the_average() -> None:
    model = nn.Linear(1, 1, bias=False)

    def epoch(average: CheckpointAverage, number: int) -> None:
        with torch.no_grad():
            model.weight.fill_(number)
        average.end_epoch(number)

    first = CheckpointAverage(model, last=2, epochs=4)
    for number in range(1, 5):
        epoch(first, number)
    longer = CheckpointAverage(model, last=2, epochs=8)
    longer.restore(first.average, first.updates, ())
    longer.go_on_after(4)
    for number in range(5, 9):
        epoch(longer, number)
        with longer.applied():
            assert float(model.weight.detach()) == {5: 5, 6: 6, 7: 7, 8: 7.5}[number]
    little_longer = CheckpointAverage(model, last=2, epochs=5)
    little_longer.restore(first.average, first.updates, ())
    with pytest.raises(SeqkitError, match=r"go on to epochs=6 or more"):
        little_longer.go_on_after(4)
    shorter = CheckpointAverage(model, last=2, epochs=5)  # stopped after 4 of 8: none was taken
    shorter.restore(first.average, 0, ())
    with pytest.raises(SeqkitError, match=r"the average so far is of others: go on to epochs=6"):
        shorter.go_on_after(4)
    same = CheckpointAverage(model, last=2, epochs=4)
    same.restore(first.average, 1, ())
    same.go_on_after(3)
    assert same.updates == 1


def test_one_average_is_enough_and_has_its_epochs() -> None:
    with pytest.raises(SeqkitError, match="average and average_epochs all average weights"):
        find("classify").settings(["average=0.9", "average_epochs=2"])
    with pytest.raises(SeqkitError, match="average_epochs=9 is more than epochs=3"):
        find("classify").settings(["average=0", "average_epochs=9", "epochs=3"])
