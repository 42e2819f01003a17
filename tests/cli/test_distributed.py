"""``torchrun -m seqkit train``: what a person sees of it, and that it survives being killed."""

import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
import warm_torchrun
from command_line import Seqkit

from seqkit.train import checkpoint

LIMIT = 500  # seconds of what takes some twenty on an idle machine
WORDS = "train classify data.n=400 data.language=en epochs=4 hidden=8 embedding.size=8 "
WORDS += "head.dropout=0.2 batch_size=32 checkpoint_every=2 lr=0.01"
JOBS = {
    "whole": f"{WORDS} --out whole --json",
    "one killed": f"1:7:killed {WORDS} --out killed",
    "all killed": "all:12:killed train --resume killed",
    "resumed": "train --resume killed --json",
    "mistaken": f"{WORDS} epocs=3 --out mistaken",
    "failed": f"1:3:fails {WORDS} --out failed",
    "there": f"{WORDS} --out whole",
    "tune": "tune classify lr=1e-3..1e-1 --out search",
}


@dataclass(frozen=True)
class Ran:
    """What two processes wrote, and whether one of them failed."""

    failed: bool
    out: str
    err: str

    def told(self) -> list[str]:
        """Return the lines that are seqkit's own errors."""
        return [line for line in self.err.splitlines() if line.startswith("seqkit: ")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cli")


@pytest.fixture(scope="module")
def ran(folder: Path) -> dict[str, Ran]:
    """What came of all jobs, one after the other."""
    done = subprocess.run(
        [sys.executable, warm_torchrun.__file__],
        input=json.dumps([words.split() for words in JOBS.values()]),
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        encoding="utf-8",
        timeout=LIMIT,
        check=False,
    )
    assert done.returncode == 0, done.stderr

    def written(number: int, name: str) -> str:
        return "".join((folder / f"{number}.{rank}.{name}").read_text() for rank in range(2))

    codes = json.loads(done.stdout)
    return {
        name: Ran(codes[i] != 0, written(i, "out"), written(i, "err"))
        for i, name in enumerate(JOBS)
    }


@pytest.fixture(scope="module")
def whole(ran: dict[str, Ran]) -> dict[str, dict[str, float]]:
    """The scores of an undisturbed run."""
    assert not ran["whole"].failed, ran["whole"].err
    said = json.loads(ran["whole"].out)  # once: the second process is silent
    assert said["finished"]
    assert len(re.findall(r"^epoch \d/4 ", ran["whole"].err, flags=re.M)) == 4
    scores: dict[str, dict[str, float]] = said["scores"]
    return scores


def test_two_processes_score_as_one(folder: Path, whole: dict[str, dict[str, float]]) -> None:
    one = Seqkit(folder)(*WORDS.split(), "--out", "one", "--json")
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
    folder: Path, ran: dict[str, Ran], whole: dict[str, dict[str, float]]
) -> None:
    """First one process is killed, then all of them; the end is that of the undisturbed run."""
    assert ran["one killed"].failed
    (line,) = ran["one killed"].told()
    assert "another process of torchrun has died, killed or out of memory" in line
    assert "Traceback" not in ran["one killed"].err
    assert ran["all killed"].failed
    assert not ran["resumed"].failed
    assert json.loads(ran["resumed"].out)["scores"] == whole
    for file in ("model.safetensors", "checkpoint/last.safetensors"):
        one, other = (checkpoint.load(folder / name / file)[0] for name in ("whole", "killed"))
        assert one.keys() == other.keys()
        assert all(torch.equal(one[key], other[key]) for key in one)
    said = Seqkit(folder)("train", "--resume", "killed", ok=False).stderr
    assert "killed was trained by 2 processes, and now there is 1" in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("mistaken", "seqkit: unknown setting 'epocs'"),
        ("there", "seqkit: whole exists already: choose another --out, or go on with it by"),
        ("tune", "seqkit: a search works in several processes by --jobs N, not by torchrun"),
        ("failed", "seqkit: batch: No space left on device."),  # one process, of two
    ],
)
def test_a_mistake_is_told_once(folder: Path, ran: dict[str, Ran], name: str, line: str) -> None:
    assert ran[name].failed
    (told,) = ran[name].told()
    assert told.startswith(line)
    assert "Traceback" not in ran[name].err
    assert not (folder / "mistaken").exists()


def test_ctrl_c_saves_once_and_says_how_to_go_on(folder: Path) -> None:
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    words = [*WORDS.split(), "epochs=4000", "--out", "stopped"]
    with subprocess.Popen(
        [*launch, "-m", "seqkit", *words],
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
