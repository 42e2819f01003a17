from pathlib import Path

import pytest
import torch
from torch import nn

from seqkit.errors import SeqkitError
from seqkit.train import checkpoint


def test_tensors_and_state_come_back_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    tensors = {"x": torch.randn(3, 4).t(), "n": torch.arange(5), "one": torch.tensor(2.5)}
    state = {"best": 0.1 + 0.2, "이름": "값", "list": [1, None]}
    checkpoint.save(path, tensors, state)
    found, said = checkpoint.load(path)
    assert said == state
    assert found.keys() == tensors.keys()
    assert all(torch.equal(found[name], tensors[name]) for name in tensors)


@pytest.mark.parametrize("length", range(0, 64, 8))
def test_tensors_lie_in_memory_as_new_ones_do(tmp_path: Path, length: int) -> None:
    """Where a product reads from decides its last bits: not how long the state in the file is."""
    path = tmp_path / "a.safetensors"
    tensors = {"x": torch.randn(3, 5), "y": torch.randn(7), "n": torch.arange(5)}
    checkpoint.save(path, tensors, {"seconds": "1" * length})
    found, _ = checkpoint.load(path)
    assert all(tensor.data_ptr() % 64 == 0 for tensor in found.values())


@pytest.mark.parametrize("keep", [0, 4, 60, -1])
def test_a_truncated_file_is_one_line(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "a.safetensors"
    checkpoint.save(path, {"x": torch.randn(30)}, {"k": 1})
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(SeqkitError, match=r"a.safetensors cannot be read as a checkpoint.*trunc"):
        checkpoint.load(path)


def test_a_pickle_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    torch.save({"x": torch.ones(1)}, path)
    with pytest.raises(SeqkitError, match="cannot be read as a checkpoint"):
        checkpoint.load(path)


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(SeqkitError, match="no checkpoint at"):
        checkpoint.load(tmp_path / "none")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop("bias"), "bias is missing"),
        (lambda t: t.update(extra=torch.ones(1)), "extra is unknown"),
        (lambda t: t.update(weight=torch.ones(2, 2)), r"weight has shape \(2, 2\), not \(3, 4\)"),
    ],
)
def test_weights_of_another_model_are_refused(tmp_path: Path, change, message: str) -> None:
    model = nn.Linear(4, 3)
    tensors = dict(nn.Linear(4, 3).state_dict())
    change(tensors)
    before = model.weight.clone()
    with pytest.raises(SeqkitError, match=message):
        checkpoint.restore(model, tensors, tmp_path / "m")
    assert torch.equal(model.weight, before)


def test_the_state_of_optimizers_goes_on_exactly() -> None:
    def make() -> tuple[nn.Module, list[torch.optim.Optimizer]]:
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2))
        return model, [
            torch.optim.Adam(model[0].parameters(), 0.1, fused=True),
            torch.optim.SGD(model[1].parameters(), 0.1, momentum=0.9),
        ]

    def step(model: nn.Module, optimizers: list[torch.optim.Optimizer]) -> None:
        for optimizer in optimizers:
            optimizer.zero_grad()
        model(torch.ones(5, 4)).pow(2).sum().backward()
        for optimizer in optimizers:
            optimizer.step()

    model, optimizers = make()
    for _ in range(3):
        step(model, optimizers)
    saved = checkpoint.optimizer_tensors(optimizers)
    again, others = make()
    again.load_state_dict(model.state_dict())
    checkpoint.restore_optimizers(others, {k: v.clone() for k, v in saved.items()})
    for _ in range(3):
        step(model, optimizers)
        step(again, others)
    for a, b in zip(model.parameters(), again.parameters(), strict=True):
        assert torch.equal(a, b)
