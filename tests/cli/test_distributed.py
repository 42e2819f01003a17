"""``torchrun -m seqkit train``: what a person sees of it, and that it survives being killed."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from command_line import Seqkit

from seqkit.train import checkpoint

LIMIT = 500  # seconds of a training that takes some ten on an idle machine
WORDS = "classify data.n=400 data.language=en epochs=4 hidden=8 embedding.size=8 head.dropout=0.2 "
WORDS += "batch_size=32 checkpoint_every=2 lr=0.01"
# A process kills others, or itself, once it is about to take a step; or it fails.
VICTIM = """
import os, signal, sys
from seqkit.train.loop import Trainer
step, (who, at, how), sys.argv[1:] = Trainer._step, sys.argv[1:4], sys.argv[4:]
def die(self, batch):
    if who in ("all", os.environ["RANK"]) and self.position.step == int(at):
        if how == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        raise OSError(28, "No space left on device", "batch")
    step(self, batch)
Trainer._step = die
from seqkit.cli import main
main()
"""


def torchrun(
    folder: Path, words: str, victim: str = "", processes: int = 2
) -> subprocess.CompletedProcess[str]:
    """Train by several processes; those of ``victim`` (who, step, how) do not get far."""
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    launch += [f"--nproc-per-node={processes}"]
    if victim:
        (folder / "victim.py").write_text(VICTIM)
        launch += ["victim.py", *victim.split()]
    else:
        launch += ["-m", "seqkit"]
    return subprocess.run(
        [*launch, "train", *words.split()],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        encoding="utf-8",
        timeout=LIMIT,
        check=False,
    )


def told(ran: subprocess.CompletedProcess[str]) -> list[str]:
    """Return the lines that are seqkit's own errors."""
    return [line for line in ran.stderr.splitlines() if line.startswith("seqkit: ")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cli")


@pytest.fixture(scope="module")
def whole(folder: Path) -> dict[str, dict[str, float]]:
    """The scores of an undisturbed run."""
    ran = torchrun(folder, f"{WORDS} --out whole --json")
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)  # once: the second process is silent
    assert said["finished"]
    assert len(re.findall(r"^epoch \d/4 ", ran.stderr, flags=re.M)) == 4
    scores: dict[str, dict[str, float]] = said["scores"]
    return scores


def test_two_processes_score_as_one(folder: Path, whole: dict[str, dict[str, float]]) -> None:
    one = Seqkit(folder)("train", *WORDS.split(), "--out", "one", "--json")
    alone = json.loads(one.stdout)["scores"]
    for split in ("validation", "test"):
        assert whole[split]["accuracy"] == pytest.approx(alone[split]["accuracy"], abs=0.1)
        assert whole[split]["loss"] == pytest.approx(alone[split]["loss"], abs=0.15)
    assert whole["test"]["accuracy"] > 0.3  # of eight labels
    environment = json.loads((folder / "whole" / "environment.json").read_text())
    assert environment["processes"] == 2
    answered = Seqkit(folder)("predict", "whole", "The farmer sleeps.").stdout
    assert answered.count("\n") == 1


def test_killed_and_resumed_a_run_ends_the_same(
    folder: Path, whole: dict[str, dict[str, float]]
) -> None:
    """First one process is killed, then all of them; the end is that of the undisturbed run."""
    ran = torchrun(folder, f"{WORDS} --out killed", victim="1 7 killed")
    assert ran.returncode != 0
    (line,) = told(ran)
    assert "another process of torchrun has died, killed or out of memory" in line
    assert "Traceback" not in ran.stderr.partition("ChildFailedError")[0].partition("elastic")[0]
    ran = torchrun(folder, "--resume killed", victim="all 12 killed")
    assert ran.returncode != 0
    ran = torchrun(folder, "--resume killed --json")
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["scores"] == whole
    for file in ("model.safetensors", "checkpoint/last.safetensors"):
        one, other = (checkpoint.load(folder / name / file)[0] for name in ("whole", "killed"))
        assert one.keys() == other.keys()
        assert all(torch.equal(one[key], other[key]) for key in one)
    said = Seqkit(folder)("train", "--resume", "killed", ok=False).stderr
    assert "killed was trained by 2 processes, and now there is 1" in said
    assert said.count("\n") == 1


def test_a_mistake_of_all_is_told_once(folder: Path) -> None:
    ran = torchrun(folder, f"{WORDS} epocs=3 --out mistaken")
    assert ran.returncode != 0
    (line,) = told(ran)
    assert "unknown setting 'epocs'" in line
    assert not (folder / "mistaken").exists()


def test_a_mistake_of_one_stops_the_others(folder: Path) -> None:
    ran = torchrun(folder, f"{WORDS} --out failed", victim="1 3 fails")
    assert ran.returncode != 0
    assert told(ran) == ["seqkit: batch: No space left on device."]


def test_ctrl_c_saves_once_and_says_how_to_go_on(folder: Path) -> None:
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    words = [*WORDS.split(), "epochs=4000", "--out", "stopped"]
    with subprocess.Popen(
        [*launch, "-m", "seqkit", "train", *words],
        cwd=folder,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        encoding="utf-8",
    ) as running:
        assert running.stderr is not None
        seen = []
        for line in running.stderr:
            seen.append(line)
            if line.startswith("epoch 2/"):
                running.send_signal(signal.SIGINT)  # torchrun passes it on to all
        running.wait(LIMIT)
    said = "".join(seen)
    assert said.count("stopped; go on with: torchrun --nproc-per-node 2 -m seqkit train") == 1
    state = checkpoint.load(folder / "stopped" / "checkpoint" / "last.safetensors")[1]
    rows = (folder / "stopped" / "metrics.jsonl").read_text().splitlines()
    assert len(rows) == state["position"]["rows"]
