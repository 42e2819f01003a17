"""``seqkit tune`` as a user meets it: killed, shared, resumed; every mistake on one line."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command_line import Seqkit

from seqkit.train import checkpoint

pytest.importorskip("optuna")
TINY = [
    *("classify", "data.n=150", "data.language=en", "epochs=2", "hidden=4", "embedding.size=4"),
    *("pretrain=none", "tokenizer=whitespace", "head.dropout=0.3", "checkpoint_every=1"),
]
SEARCH = [*TINY, "lr=1e-3..1e-1", "cell=gru,lstm", "--search", "refine", "--trials", "4"]


@pytest.fixture(scope="module")
def seqkit(tmp_path_factory: pytest.TempPathFactory) -> Seqkit:
    return Seqkit(tmp_path_factory.mktemp("tune"), "tune")


@pytest.fixture(scope="module")
def whole(seqkit: Seqkit) -> Path:
    """A search that nothing disturbed."""
    seqkit(*SEARCH, "--out", "whole", "--quiet")
    return seqkit.folder / "whole"


def trials(folder: Path) -> list[object]:
    """What was planned and what came of it; not how long it took, or in how many attempts."""
    told = json.loads((folder / "results.json").read_text())["trials"]
    return [[t["number"], t["values"], t["state"], t["score"], t["course"]] for t in told]


def kill_in_the_middle(folder: Path, number: int) -> None:
    """Start the search in a process of its own, and kill it while it is at a trial."""
    command = [sys.executable, "-m", "seqkit", "tune", *SEARCH, "--out", str(folder)]
    with (folder.parent / "killed.err").open("wb") as told:
        process = subprocess.Popen(command, stdout=told, stderr=told)
    rows, late = folder / f"trials/{number:04}/metrics.jsonl", time.monotonic() + 240
    while not rows.is_file() or rows.read_bytes().count(b"\n") < 4:
        assert process.poll() is None, (folder.parent / "killed.err").read_text()
        assert time.monotonic() < late
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


def test_a_search_killed_in_the_middle_ends_as_planned_in_two_processes(
    seqkit: Seqkit, whole: Path
) -> None:
    killed = seqkit.folder / "killed"
    kill_in_the_middle(killed, 2)
    assert not (killed / "results.json").exists()
    rows = (killed / "trials/0002/metrics.jsonl").read_text()
    seqkit("--resume", "killed", "--jobs", "2")
    assert trials(killed) == trials(whole)
    assert (killed / "trials/0002/metrics.jsonl").read_text().startswith(rows.split("\n")[0])
    told = json.loads((killed / "results.json").read_text())
    assert [trial["attempts"] for trial in told["trials"]] == [1, 2, 1, 1]
    weights = [checkpoint.load(f / "best/model.safetensors")[0] for f in (whole, killed)]
    assert all(weights[0][name].equal(weights[1][name]) for name in weights[0])


def test_a_line_a_trial_then_the_best_and_what_to_do_with_it(seqkit: Seqkit, whole: Path) -> None:
    ran = seqkit(*TINY, "lr=1e-3,1e-2", "--search", "grid", "--out", "lines")
    lines = ran.stderr.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("trial 1/2  accuracy 0.")
    assert "lr=0.0" in lines[0]
    assert lines[0].endswith("  best")
    assert "best: trial " in ran.stdout
    assert "test accuracy" in ran.stdout
    assert "train classify --config lines/best.toml" in ran.stdout
    joined = seqkit(*SEARCH, "--out", str(whole))  # the same command again: nothing to do
    assert joined.stderr == "going on: 4 trials are done\n"
    train = Seqkit(seqkit.folder)
    train("train", "classify", "--config", "lines/best.toml", "--out", "again", "--quiet")
    again, best = (
        checkpoint.load(seqkit.folder / name / "model.safetensors")[0]
        for name in ("again", "lines/best")
    )
    assert all(again[name].equal(best[name]) for name in best)
    assert len(train("predict", "lines/best", "a teacher reads").stdout.splitlines()) == 1


def test_json_has_the_plan_the_trials_and_the_scores(seqkit: Seqkit, whole: Path) -> None:
    told = json.loads(seqkit("--resume", str(whole), "--json", "--quiet").stdout)
    assert told["search"]["strategy"] == "refine"
    assert told["search"]["words"] == ["lr=1e-3..1e-1", "cell=gru,lstm"]
    assert len(told["trials"]) == 4
    assert set(told["scores"]) == {"validation", "test"}
    assert set(told["best"]["values"]) == {"train.optimizer.lr", "classifier.encoder.cell"}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "name a recipe to tune ('seqkit ls' lists them)"),
        (["lr=1..2"], "name a recipe to tune"),
        (["clasify", "lr=1e-3..1e-1"], "Did you mean 'classify'?"),
        (["classify", "lrr=1e-3..1e-1"], "unknown setting 'lrr'. Did you mean 'lr'?"),
        (["classify", "epochs=3"], "nothing to search"),
        (["classify", "lr=1e-1..1e-3"], "is an empty range"),
        (["classify", "lr=1e-3...1e-1"], "a range is written low..high"),
        (["classify", "pooling=max,mean"], "of one that is a list itself, pooling=max/max,mean"),
        (["classify", "lr=0..1e-3:log"], "begins above 0"),
        (["classify", "lr=1e-3..1e-1", "--search", "grid"], "lr=0.001..0.1:5 for five of them"),
        (["classify", "lr=1e-3..1e-1", "--trials", "0"], "Invalid value for '--trials'"),
        (["classify", "lr=1e-3..1e-1", "--minutes", "0"], "--minutes 0: give more than 0"),
        (["classify", "lr=1e-3..1e-1", "--search", "best"], "Invalid value for '--search'"),
        (["classify", "lr=1e-3..1e-1", "--config", "none.toml"], "no settings file at none.toml"),
        (["hello", "steps=2..4"], "hello has no validation split to judge trials by"),
        (["--resume", "nowhere"], "no search in nowhere"),
        (["--resume", "whole", "--seed", "1"], "--resume goes on with a search as it is"),
        ([*TINY, "lr=1e-3..1e-1", "--out", "whole"], "whole holds another search"),
    ],
)
def test_every_mistake_is_one_line(
    seqkit: Seqkit, whole: Path, words: list[str], told: str
) -> None:
    assert whole.is_dir()
    ran = seqkit(*words, ok=False)
    assert ran.returncode == 2
    assert told in ran.stderr
    assert ran.stderr.count("\n") == 1
    assert ran.stdout == ""


def test_optuna_missing_names_what_to_install(
    seqkit: Seqkit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    ran = seqkit(*SEARCH, "--out", "without", ok=False)
    assert "pip install 'seqkit-nlp[tune]'" in ran.stderr
    assert not (seqkit.folder / "without").exists()
