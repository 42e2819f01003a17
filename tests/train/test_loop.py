"""The loop on a small real job: exact resume, interruption, early stopping, bad numbers."""

import errno
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from seqkit.errors import SeqkitError
from seqkit.recipe import find
from seqkit.settings import as_dict
from seqkit.train import checkpoint
from seqkit.train.loop import Trainer
from seqkit.train.run import Run

WORDS = [
    *("data.n=300", "data.language=en", "epochs=3", "hidden=8", "embedding.size=6"),
    *("head.dropout=0.3", "average=0.9", "checkpoint_every=3", "batch_size=32"),
]


def job(*words: str) -> Any:
    recipe = find("classify")
    return recipe.build(recipe.settings([*WORDS, *words]))


def trainer(folder: Path, *words: str) -> Trainer:
    built = job(*words)
    run = Run.open(folder) if folder.exists() else Run.create(folder)
    return Trainer(built, built.settings.train, run)


def figures(run: Run) -> list[dict[str, Any]]:
    timing = ("seconds", "tokens_per_second")
    return [{k: v for k, v in row.items() if k not in timing} for row in run.metrics()]


def assert_same(one: Path, other: Path) -> None:
    """Weights, moments, averages, random state and metrics agree in every bit."""
    for name in ("model.safetensors", "checkpoint/last.safetensors"):
        first, second = checkpoint.load(one / name)[0], checkpoint.load(other / name)[0]
        assert first.keys() == second.keys()
        for key in first:
            assert torch.equal(first[key], second[key]), key
    assert figures(Run(one)) == figures(Run(other))


def die_at(steps: int, victim: Trainer) -> None:
    """Train until an update fails, as on a machine that runs out of memory."""
    step = victim._step

    def die(batch: Any) -> None:
        if victim.position.step == steps:
            raise MemoryError
        step(batch)

    victim._step = die  # type: ignore[method-assign]
    with pytest.raises(MemoryError):
        victim.fit()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "whole"
    trainer(folder).fit()
    return folder


def test_a_shorter_window_moves_the_weights_less(tmp_path: Path) -> None:
    """Merity et al. 2018, section 5: the rate follows the length of the window."""
    words = ["corpus=village", "data.kind=text", "data.n=60", "tokenizer=jamo", "bptt=20"]
    words += ["hidden=4", "embedding.size=4", "jitter=true", "epochs=1", "batch_size=8", "lr=0.01"]
    recipe = find("language_model")
    built = recipe.build(recipe.settings([*words, "schedule=constant", "warmup=0"]))
    paces = [window.pace for window in built.batches.epoch(0)]
    assert len(set(paces)) > 1
    run = Run.create(tmp_path / "run")
    Trainer(built, built.settings.train, run).fit()
    rates = [row["lr"] for row in run.metrics() if row["kind"] == "step"]
    assert rates == pytest.approx([0.01 * pace for pace in paces])


def test_what_goes_wrong_at_the_very_last_update_is_told(tmp_path: Path) -> None:
    """No step comes after it whose loss would tell; the weights are not kept as the best."""
    one = trainer(tmp_path / "run", "epochs=1")
    one.job.evaluate = lambda split: {"loss": float("nan"), "accuracy": 0.5}  # type: ignore
    with pytest.raises(SeqkitError, match=r"on validation the loss became nan at step 8 \(epoch 1"):
        one.fit()
    assert not one.run.model_file.exists()


def test_training_twice_gives_the_same_bits(whole: Path, tmp_path: Path) -> None:
    trainer(tmp_path / "again").fit()
    assert_same(whole, tmp_path / "again")


def test_another_seed_gives_other_weights(whole: Path, tmp_path: Path) -> None:
    trainer(tmp_path / "other", "seed=1", "epochs=1").fit()
    first = checkpoint.load(whole / "model.safetensors")[0]
    second = checkpoint.load(tmp_path / "other" / "model.safetensors")[0]
    assert any(not torch.equal(first[key], second[key]) for key in first)


@pytest.mark.parametrize("steps", [1, 7, 10])
def test_a_run_stopped_anywhere_ends_the_same(whole: Path, tmp_path: Path, steps: int) -> None:
    folder = tmp_path / "stopped"
    die_at(steps, trainer(folder))
    torch.manual_seed(12345)  # whatever this process did in between does not matter
    trainer(folder).fit()
    assert_same(whole, folder)


KILLER = """
import json, os, signal, sys
from seqkit.cli import main
import seqkit.explain.training, seqkit.recipes.classify, seqkit.train.loop
for at, words in json.loads(sys.argv[1]):
    child = os.fork()  # it has torch already
    if not child:
        fsync, count = os.fsync, 0
        def die(descriptor):
            global count
            count += 1
            if count == at:
                os.kill(os.getpid(), signal.SIGKILL)  # a file is written, not yet in its place
            fsync(descriptor)
        os.fsync, sys.argv = die, ["seqkit", "train", *words]
        main()
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_run_killed_while_it_saves_ends_the_same(whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "killed"
    begin, go_on = ["classify", *WORDS, "--out", str(folder)], ["--resume", str(folder)]
    jobs = [(3, begin), (8, go_on), (3, go_on), (4, go_on), (0, go_on)]
    ran = subprocess.run(
        [sys.executable, "-c", KILLER, json.dumps(jobs)], capture_output=True, text=True
    )
    codes = [line for line in ran.stdout.splitlines() if line in ("0", "-9")]
    assert codes == ["-9", "-9", "-9", "-9", "0"], ran.stderr
    assert not list(folder.rglob("*.part"))  # what the kills left of files in the making
    assert_same(whole, folder)


def test_ctrl_c_scores_saves_and_says_how_to_go_on(whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "interrupted"
    first = trainer(folder)
    step = first._step

    def interrupt(batch: Any) -> None:
        step(batch)
        if first.position.step == 4:
            os.kill(os.getpid(), signal.SIGINT)

    first._step = interrupt  # type: ignore[method-assign]
    scores = first.fit()
    assert first.interrupted
    assert first.position.step == 4
    assert set(scores) == {"validation", "test"}
    assert (folder / "model.safetensors").is_file()
    trainer(folder).fit()
    assert_same(whole, folder)


def test_a_finished_run_can_learn_for_longer(tmp_path: Path) -> None:
    trainer(tmp_path / "a", "epochs=1").fit()
    trainer(tmp_path / "a", "epochs=2").fit()
    trainer(tmp_path / "b", "epochs=2").fit()
    rows = {f: [r for r in figures(Run(tmp_path / f)) if r["kind"] != "final"] for f in "ab"}
    assert rows["a"] == rows["b"]


def test_without_better_scores_training_stops_early_and_keeps_the_best(tmp_path: Path) -> None:
    stopped = trainer(tmp_path / "a", "epochs=50", "early_stopping=2", "lr=0.00000001")
    stopped.fit()
    assert stopped.position.epoch < 50
    assert stopped.position.epoch == stopped.position.best_epoch + 2
    _, about = checkpoint.load(tmp_path / "a" / "model.safetensors")
    assert about["epoch"] == stopped.position.best_epoch


def test_without_validation_the_last_weights_are_kept(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    for label in ("a", "b"):
        (folder / "train" / label).mkdir(parents=True)
        (folder / "test" / label).mkdir(parents=True)
        for i in range(6):
            (folder / "train" / label / f"{i}.txt").write_text(f"{label} word {i}")
        (folder / "test" / label / "x.txt").write_text(f"{label} word")
    words = [f"corpus={folder}", "validation=0", "epochs=2", "hidden=4", "min_count=1"]
    built = find("classify").build(find("classify").settings(words))
    run = Run.create(tmp_path / "run")
    assert set(Trainer(built, built.settings.train, run).fit()) == {"test"}
    assert checkpoint.load(run.model_file)[1]["epoch"] == 2


def test_a_checkpoint_of_another_version_is_told_in_a_line(tmp_path: Path) -> None:
    trainer(tmp_path / "a", "epochs=1").fit()
    file = tmp_path / "a" / "checkpoint" / "last.safetensors"
    tensors, state = checkpoint.load(file)
    state["position"]["row_count"] = state["position"].pop("weight")
    checkpoint.save(file, tensors, state)
    with pytest.raises(SeqkitError, match=r"last.safetensors was written by another version"):
        trainer(tmp_path / "a", "epochs=2").fit()


class Counting:
    """A job whose loss leans on how many batches it has seen, which only checkpoints know."""

    def __init__(self, inner: Any) -> None:
        self.inner, self.seen = inner, torch.zeros(())

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def loss(self, batch: Any) -> torch.Tensor:
        self.seen = self.seen + 1
        loss: torch.Tensor = self.inner.loss(batch) * (1 + 0.1 * self.seen)
        return loss

    def carried(self) -> dict[str, torch.Tensor]:
        return {"seen": self.seen}

    def carry(self, tensors: Any) -> None:
        self.seen = tensors["seen"]


def test_what_a_job_carries_from_batch_to_batch_survives_a_resume(tmp_path: Path) -> None:
    def counting(folder: Path, words: str) -> Trainer:
        one = trainer(folder, words)
        one.job = Counting(one.job)
        return one

    counting(tmp_path / "whole", "epochs=2").fit()
    counting(tmp_path / "parts", "epochs=1").fit()
    counting(tmp_path / "parts", "epochs=2").fit()
    one, other = (
        checkpoint.load(tmp_path / name / "checkpoint" / "last.safetensors")[0]
        for name in ("whole", "parts")
    )
    assert all(torch.equal(one[key], other[key]) for key in one)


def test_a_loss_that_is_no_number_stops_with_the_way_out(tmp_path: Path) -> None:
    folder = tmp_path / "nan"
    broken = trainer(folder)
    loss = broken.job.loss
    broken.job.loss = lambda batch: (  # type: ignore[method-assign]
        loss(batch) * (float("nan") if broken.position.step == 5 else 1)
    )
    with pytest.raises(SeqkitError, match=r"loss became nan at step 6 \(epoch 1\).*lr=0.0002"):
        broken.fit()
    _, state = checkpoint.load(folder / "checkpoint" / "last.safetensors")
    assert state["position"]["step"] == 3


def test_a_full_disk_keeps_the_last_checkpoint(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "full"
    first, fsync = trainer(folder), os.fsync

    def full(descriptor: int) -> None:
        if first.position.step == 6:
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SeqkitError, match=r"the disk is full: .*last.safetensors was not written"):
        first.fit()
    monkeypatch.undo()
    assert not list(folder.rglob("*.part"))
    trainer(folder).fit()
    assert_same(whole, folder)


def test_other_data_are_refused_on_resume(tmp_path: Path) -> None:
    trainer(tmp_path / "a", "epochs=1").fit()
    with pytest.raises(SeqkitError, match=r"training data is not what .*a began with"):
        trainer(tmp_path / "a", "epochs=2", "max_length=5").fit()


def test_every_step_and_epoch_is_logged(whole: Path) -> None:
    rows = Run(whole).metrics()
    steps = [row for row in rows if row["kind"] == "step"]
    assert [row["step"] for row in steps] == list(range(1, len(steps) + 1))
    assert all({"loss", "gradient_norm", "lr"} <= row.keys() for row in steps)
    assert [row["epoch"] for row in rows if row["kind"] == "epoch"] == [1, 2, 3]
    assert rows[-1]["kind"] == "final"
    saved = json.loads((whole / "settings.json").read_text(encoding="utf-8"))
    assert saved["settings"] == as_dict(job().settings)


@pytest.mark.parametrize("size", [1, 300, 10_000])
def test_single_example_and_full_batch_are_batch_sizes(tmp_path: Path, size: int) -> None:
    built = trainer(tmp_path / "a", f"batch_size={size}", "epochs=1", "data.n=60")
    built.fit()
    rows = len(built.job.targets)  # type: ignore[attr-defined]
    assert built.position.step == (rows if size == 1 else 1)


def test_tensorboard_gets_the_figures(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="tensorboard is an extra")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    trainer(tmp_path / "a", "tensorboard=true", "epochs=1", "data.n=60").fit()
    events = EventAccumulator(str(tmp_path / "a" / "tensorboard")).Reload()
    losses = [row["loss"] for row in Run(tmp_path / "a").metrics() if row["kind"] == "step"]
    assert [e.value for e in events.Scalars("step/loss")] == pytest.approx(losses)
    assert len(events.Scalars("epoch/accuracy")) == 1


def test_without_tensorboard_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(SeqkitError, match=r"pip install 'seqkit-nlp\[tensorboard\]'"):
        trainer(tmp_path / "a", "tensorboard=true", "epochs=1", "data.n=60").fit()


KINDS = {
    "plateau": ("schedule=plateau", "patience=0", "optimizer=momentum"),
    "batch-norm": ("head.units=5", "head.norm=batch", "layers=2", "optimizer=adamw"),
    "stopped-early": ("epochs=9", "early_stopping=1", "lr=0.00000001", "optimizer=rmsprop"),
    "one-cycle": ("schedule=cosine", "warmup=0.3", "optimizer=adagrad", "clip_norm=0.1"),
}


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("steps", [2, 8])
def test_every_kind_of_training_ends_the_same(kind: str, steps: int, tmp_path: Path) -> None:
    words = ("data.n=100", "batch_size=16", *KINDS[kind])
    trainer(tmp_path / "whole", *words).fit()
    die_at(steps, trainer(tmp_path / "stopped", *words))
    trainer(tmp_path / "stopped", *words).fit()
    assert_same(tmp_path / "whole", tmp_path / "stopped")


def test_a_run_that_is_done_stays_as_it_is(tmp_path: Path) -> None:
    words = ("epochs=9", "early_stopping=1", "lr=0.00000001", "data.n=100")
    for folder, times in (("once", 1), ("thrice", 3)):
        for _ in range(times):
            trainer(tmp_path / folder, *words).fit()
    assert_same(tmp_path / "once", tmp_path / "thrice")
    trainer(tmp_path / "once", "epochs=2", *words[1:]).fit()  # fewer than it has: nothing to do
    assert_same(tmp_path / "once", tmp_path / "thrice")


def test_a_trained_run_without_a_checkpoint_is_not_trained_over(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    trainer(folder, "epochs=1", "data.n=60").fit()
    (folder / "checkpoint" / "last.safetensors").unlink()
    before = (folder / "model.safetensors").read_bytes()
    with pytest.raises(SeqkitError, match="has been trained, but has no checkpoint to go on from"):
        trainer(folder, "epochs=1", "data.n=60").fit()
    assert (folder / "model.safetensors").read_bytes() == before


def test_the_weights_alone_are_no_checkpoint(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    trainer(folder, "epochs=1", "data.n=60").fit()
    model = (folder / "model.safetensors").read_bytes()
    (folder / "checkpoint" / "last.safetensors").write_bytes(model)
    with pytest.raises(SeqkitError, match="holds no state of training"):
        trainer(folder, "epochs=2", "data.n=60").fit()


@pytest.mark.parametrize("words", ["early_stopping=1", "asgd=1", "schedule=plateau"])
def test_what_validation_decides_needs_a_validation_split(words: str) -> None:
    chosen = find("classify").settings(["average=0", words]).train
    with pytest.raises(SeqkitError, match=r"^data\.validation=0 leaves nothing to judge"):
        chosen.refuse_unjudged(["test"], "data.validation")
    chosen.refuse_unjudged(["validation", "test"])
    find("classify").settings().train.refuse_unjudged([])


def test_progress_on_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from seqkit.train.progress import Progress

    screen = io.StringIO()
    screen.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    built = job("epochs=2", "data.n=60")
    run = Run.create(tmp_path / "a")
    Trainer(built, built.settings.train, run, Progress()).fit()
    shown = screen.getvalue()
    assert "epoch 1/2  loss" in shown
    assert "tokens/s" in shown
    assert "/4 steps" in shown
    assert "accuracy" in shown
