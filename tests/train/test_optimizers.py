import math

import pytest
import torch
from torch import nn

from seqkit.train.optimizers import (
    LazyAdam,
    OptimizerSettings,
    Schedule,
    build_optimizers,
    clip_gradients,
)


class Model(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embedding = nn.Embedding(20, 4)
        self.linear = nn.Linear(4, 3)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.linear(self.embedding(ids).mean(1)).logsumexp(1).mean()


def train(name: str, batches: list[torch.Tensor], **changes: float) -> Model:
    model = Model()
    chosen = OptimizerSettings(optimizer=name, lr=0.05, **changes)  # type: ignore[arg-type]
    optimizers = build_optimizers(model, chosen)
    for ids in batches:
        for optimizer in optimizers:
            optimizer.zero_grad()
        model(ids).backward()
        for optimizer in optimizers:
            optimizer.step()
    return model


def update(name: str, w: list[float], gradients: list[float]) -> float:
    """The textbook update of one weight, in plain Python."""
    lr, x, m, v = 0.05, w[0], 0.0, 0.0
    for t, g in enumerate(gradients, 1):
        if name == "sgd":
            x -= lr * g
        elif name == "momentum":
            m = 0.9 * m + g
            x -= lr * m
        elif name == "nesterov":
            m = 0.9 * m + g
            x -= lr * (g + 0.9 * m)
        elif name == "adagrad":
            v += g * g
            x -= lr * g / (math.sqrt(v) + 1e-10)
        elif name == "rmsprop":
            v = 0.99 * v + 0.01 * g * g
            x -= lr * g / (math.sqrt(v) + 1e-8)
        else:
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
            x -= lr * (m / (1 - 0.9**t)) / (math.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return x


@pytest.mark.parametrize(
    "name", ["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw"]
)
def test_an_optimizer_by_name_follows_its_formula(name: str) -> None:
    weight = nn.Module()
    weight.w = nn.Parameter(torch.tensor([[0.7]], dtype=torch.float64))
    chosen = OptimizerSettings(optimizer=name, lr=0.05)  # type: ignore[arg-type]
    (optimizer,) = build_optimizers(weight, chosen)
    gradients = [0.3, -1.2, 0.8, 0.1]
    for g in gradients:
        weight.w.grad = torch.tensor([[g]], dtype=torch.float64)
        optimizer.step()
    assert weight.w.item() == pytest.approx(update(name, [0.7], gradients), rel=1e-6)


def test_lazy_adam_is_adam_where_every_row_is_in_every_batch() -> None:
    torch.manual_seed(2)
    batches = [torch.randperm(20).view(4, 5) for _ in range(5)]
    lazy, adam = train("lazy_adam", batches), train("adam", batches)
    for a, b in zip(lazy.parameters(), adam.parameters(), strict=True):
        torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-4)  # epsilon before the correction


def test_lazy_adam_leaves_rows_outside_the_batch_alone() -> None:
    before, ids = Model().embedding.weight, torch.tensor([[1, 2], [2, 3]])
    after = train("lazy_adam", [ids, ids], weight_decay=0.1).embedding.weight
    moved = (before != after).any(1)
    assert moved.nonzero().flatten().tolist() == [1, 2, 3]


def test_lazy_adam_agrees_with_torchs_sparse_adam() -> None:
    torch.manual_seed(1)
    ours, theirs = nn.Embedding(9, 3, sparse=True), nn.Embedding(9, 3, sparse=True)
    theirs.load_state_dict(ours.state_dict())
    first, second = (
        LazyAdam(ours.parameters(), 0.1),
        torch.optim.SparseAdam(theirs.parameters(), 0.1),
    )
    for _ in range(6):
        ids = torch.randint(9, (4,))
        for module, optimizer in ((ours, first), (theirs, second)):
            optimizer.zero_grad()
            module(ids).pow(3).sum().backward()
            optimizer.step()
    torch.testing.assert_close(ours.weight, theirs.weight)


def test_weight_decay_spares_biases() -> None:
    model = Model()
    optimizers = build_optimizers(model, OptimizerSettings(optimizer="adamw", weight_decay=0.5))
    by_decay = {
        group["weight_decay"]: {id(p) for p in group["params"]}
        for optimizer in optimizers
        for group in optimizer.param_groups
    }
    assert by_decay[0.5] == {id(model.embedding.weight), id(model.linear.weight)}
    assert by_decay[0.0] == {id(model.linear.bias)}


def rates(steps: int = 100, per_epoch: int = 10, **chosen: object) -> list[float]:
    schedule = Schedule(OptimizerSettings(lr=1.0, **chosen), steps, per_epoch)  # type: ignore
    return [schedule.rate(step) for step in range(steps)]


def test_schedules_have_their_shapes() -> None:
    assert rates() == [1.0] * 100
    assert rates(schedule="step", step_every=2, factor=0.1)[::20] == pytest.approx(
        [1, 0.1, 0.01, 0.001, 0.0001]
    )
    assert rates(schedule="linear")[50] == pytest.approx(0.5)
    cosine = rates(schedule="cosine")
    assert cosine[0] == 1.0
    assert cosine[25] == pytest.approx(0.5 + 0.5 * math.cos(math.pi / 4))
    assert cosine[-1] < 0.001


def test_a_warm_up_rises_to_the_peak_and_only_then_the_schedule_begins() -> None:
    warmed = rates(schedule="linear", warmup=0.2)
    assert warmed[:20] == pytest.approx([(i + 1) / 20 for i in range(20)])
    assert warmed[20] == 1.0
    assert warmed[60] == pytest.approx(0.5)


def test_plateau_reduces_after_waiting_longer_than_its_patience() -> None:
    schedule = Schedule(OptimizerSettings(lr=1.0, schedule="plateau", patience=1), 100, 10)
    seen = []
    for better in (True, False, False, False, False, True, False):
        schedule.observe(better)
        seen.append(schedule.rate(0))
    assert seen == [1, 1, 0.5, 0.5, 0.25, 0.25, 0.25]


@pytest.mark.parametrize("sparse", [False, True])
def test_clipping_by_norm_and_value(sparse: bool) -> None:
    def gradients(norm: float, value: float) -> tuple[float, list[torch.Tensor]]:
        model = Model()
        model.embedding.sparse = sparse
        (100 * model(torch.tensor([[1, 2, 2], [5, 6, 1]]))).backward()
        total = clip_gradients(model, norm, value)
        return total, [p.grad.to_dense() for p in model.parameters() if p.grad is not None]

    free_norm, free = gradients(0, 0)
    expected = torch.cat([g.flatten() for g in free]).norm().item()
    assert free_norm == pytest.approx(expected, rel=1e-5)
    reported, clipped = gradients(1.0, 0)
    assert reported == pytest.approx(expected, rel=1e-5)
    for a, b in zip(clipped, free, strict=True):
        torch.testing.assert_close(a, b / expected)
    _, by_value = gradients(0, 0.5)
    for a, b in zip(by_value, free, strict=True):
        torch.testing.assert_close(a, b.clamp(-0.5, 0.5))
