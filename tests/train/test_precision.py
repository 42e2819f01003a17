"""Devices by name, mixed precision and its loss scale, and what is refused."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch

from seqkit.errors import SeqkitError
from seqkit.recipe import find
from seqkit.train import checkpoint, precision
from seqkit.train.loop import Trainer
from seqkit.train.precision import Precision, pick_device, refuse_senseless
from seqkit.train.run import Run

CPU = torch.device("cpu")
VILLAGE = ["data.n=60", "data.language=en", "hidden=8", "embedding.size=8"]
JOBS = {
    "classify": [*VILLAGE, "pretrain=none"],
    "tagging": [*VILLAGE[:1], *VILLAGE[2:], "word_encoder.features=4", "output=crf"],
    "names": ["corpus=village", *VILLAGE, "category=4"],
    "language_model": [
        *("corpus=village", "data.kind=text", *VILLAGE, "tokenizer=jamo", "bptt=12"),
        *("batch_size=5", "softmax=full"),
    ],
}


def job(name: str, *words: str) -> Any:
    recipe = find(name)
    return recipe.build(recipe.settings([*JOBS[name], "epochs=2", *words]))


def trainer(folder: Path, *words: str) -> Trainer:
    built = job("classify", "optimizer=adam", *words)
    run = Run(folder) if folder.exists() else Run.create(folder)
    return Trainer(built, built.settings.train, run)


def there(monkeypatch: pytest.MonkeyPatch, *, gpus: int = 0, mps: bool = False) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpus > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    monkeypatch.setattr(torch.cuda, "set_device", lambda device: None)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)


def test_auto_is_the_best_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    there(monkeypatch, gpus=1, mps=True)
    assert pick_device("auto").type == "cuda"
    there(monkeypatch, mps=True)
    assert pick_device("auto").type == "mps"
    assert pick_device("auto", lazy=True).type == "cpu"
    there(monkeypatch)
    assert pick_device("auto").type == "cpu"


def test_each_process_of_a_machine_has_a_gpu_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    there(monkeypatch, gpus=2, mps=True)
    assert pick_device("cuda") == torch.device("cuda")
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert pick_device("auto") == torch.device("cuda", 1)
    monkeypatch.setenv("LOCAL_RANK", "2")
    with pytest.raises(SeqkitError, match=r"has 2 GPUs, .* use --nproc-per-node 2, or device=cpu"):
        pick_device("cuda")
    with pytest.raises(SeqkitError, match="device=mps does not go with torchrun"):
        pick_device("mps")


def test_what_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    there(monkeypatch, mps=True)
    with pytest.raises(SeqkitError, match="no cuda device on this machine: use device=auto"):
        pick_device("cuda")
    with pytest.raises(SeqkitError, match="device=mps does not go with optimizer=lazy_adam"):
        pick_device("mps", lazy=True)


def test_what_makes_no_sense_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SeqkitError, match="precision=float16 is for GPUs"):
        refuse_senseless(CPU, "float16", compiled=False)
    with pytest.raises(SeqkitError, match=r"compile=true is for CUDA, and this is cpu: leave it"):
        refuse_senseless(CPU, "float32", compiled=True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: False)
    with pytest.raises(SeqkitError, match="no bfloat16: use precision=float16"):
        refuse_senseless(torch.device("cuda"), "bfloat16", compiled=False)
    monkeypatch.setattr(precision.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SeqkitError, match="pip install triton"):
        refuse_senseless(torch.device("cuda"), "float32", compiled=True)


@pytest.mark.parametrize("name", sorted(JOBS))
def test_in_bfloat16_the_gradient_points_the_same_way(name: str) -> None:
    """Losses and gradients are float32, and near those of float32."""
    built = job(name)
    built.model.eval()  # no dropout
    batch, found = next(iter(built.batches.epoch(0))), []
    for kind in ("float32", "bfloat16"):
        built.model.zero_grad()
        built.state = None
        with Precision(kind, CPU).autocast():  # type: ignore[arg-type]
            loss = built.loss(batch)
        loss.backward()
        grads = [p.grad.to_dense().flatten() for p in built.model.parameters() if p.requires_grad]
        assert loss.dtype is torch.float32
        found.append((loss.item(), torch.cat(grads)))
    (loss, gradient), (near, like) = found
    assert near == pytest.approx(loss, rel=0.01)
    assert near != loss
    assert torch.cosine_similarity(gradient, like, dim=0) > 0.99


def test_the_scale_follows_that_of_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "GROW_EVERY", 3)
    ours = Precision("float16", torch.device("cuda"))
    theirs = torch.amp.GradScaler("cpu", init_scale=precision.FIRST_SCALE, growth_interval=3)
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    generator = torch.Generator().manual_seed(0)
    for step in range(60):
        norm = float("inf") if torch.rand((), generator=generator) < 0.2 else 1.0
        theirs.scale(weight.sum())  # it is lazy: a first loss makes the scale
        weight.grad = torch.full_like(weight, norm)
        before = weight.item()
        theirs.step(optimizer)
        theirs.update()
        weight.grad = torch.full_like(weight, norm * ours.scale)
        ours.unscale([optimizer])
        assert ours.skips() == (weight.item() == before), step
        assert ours.scale == theirs.get_scale(), step


def on_a_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let float16 be tried without a GPU: scaled losses, but products in float32."""
    monkeypatch.setattr("seqkit.train.settings.refuse_senseless", lambda *_: None)
    monkeypatch.setattr(Precision, "autocast", lambda _: nullcontext())


def overflown(loss: torch.Tensor) -> torch.Tensor:
    """Return a loss that is finite, of infinite gradient."""
    loss.register_hook(lambda gradient: gradient * float("inf"))
    return loss


@pytest.mark.parametrize("clipped", [[], ["clip_value=1"]])
def test_an_overflow_leaves_out_its_update_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clipped: list[str]
) -> None:
    """Also across a resume, and where clipping hides it; the scale is in the checkpoint."""
    on_a_cpu(monkeypatch)

    def spoilt(folder: Path, *words: str) -> Trainer:
        one = trainer(folder, "precision=float16", *words)
        loss, step = one.job.loss, one._step

        def overflowing(batch: Any) -> torch.Tensor:
            return overflown(loss(batch)) if one.position.step in (1, 3) else loss(batch)

        def checked(batch: Any) -> None:
            before = [p.clone() for p in one.model.parameters()]
            spoils = one.position.step in (1, 3)
            step(batch)
            same = [torch.equal(a, b) for a, b in zip(before, one.model.parameters(), strict=True)]
            assert all(same) == spoils

        one.job.loss = overflowing  # type: ignore[method-assign]
        one._step = checked  # type: ignore[method-assign]
        return one

    whole = spoilt(tmp_path / "whole", *clipped)
    whole.fit()
    assert whole.precision.scale == precision.FIRST_SCALE / 4
    rows = [row for row in whole.run.metrics() if row["kind"] == "step"]
    assert [row["step"] for row in rows if row["gradient_norm"] is None] == [2, 4]
    spoilt(tmp_path / "parts", "epochs=1", *clipped).fit()
    spoilt(tmp_path / "parts", *clipped).fit()
    one, other = (
        checkpoint.load(tmp_path / name / "checkpoint" / "last.safetensors")
        for name in ("whole", "parts")
    )
    assert one[1]["precision"] == other[1]["precision"] == {"scale": 2.0**14, "steps": 0.0}
    assert all(torch.equal(one[0][key], other[0][key]) for key in one[0])


def test_a_loss_that_overflows_at_any_scale_has_diverged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_a_cpu(monkeypatch)
    broken = trainer(tmp_path / "a", "precision=float16", "epochs=40")
    loss = broken.job.loss
    broken.job.loss = lambda batch: overflown(loss(batch))  # type: ignore[method-assign]
    with pytest.raises(SeqkitError, match="the gradient overflowed at step 17"):
        broken.fit()
