"""Two processes under torchrun learn what one does. Run as a script, this is one of them."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from seqkit.data.ragged import Ragged
from seqkit.errors import SeqkitError
from seqkit.processes import check_same, first_rank_first, launched, own_device, process_group
from seqkit.vectors.training.accelerated import TorchEngine
from seqkit.vectors.training.distributed import DistributedEngine
from seqkit.vectors.training.merging import update_rates
from seqkit.vectors.training.objective import Engine, Objective

TOPICS, EACH, SHARED, SIZE, EPOCHS = 8, 12, 8, 16, 3
SENTENCES, WORDS = 2_000, SHARED + TOPICS * EACH
OBJECTIVE = Objective(window=3, sample=0)


def corpus() -> tuple[Ragged, np.ndarray]:
    """Return sentences of one topic each, half of whose words belong to no topic; and counts."""
    rng = np.random.default_rng(0)
    chance = 1 / np.arange(1, EACH + 1)
    rows = []
    for _ in range(SENTENCES):
        own = SHARED + rng.integers(TOPICS) * EACH + rng.choice(EACH, 5, p=chance / chance.sum())
        rows.append(rng.permutation([*own, *rng.integers(SHARED, size=5)]).tolist())
    ragged = Ragged.from_rows(rows)
    return ragged, np.bincount(ragged.values, minlength=WORDS)


def weights() -> tuple[np.ndarray, np.ndarray]:
    input = (np.random.default_rng(1).random((WORDS, SIZE)).astype(np.float32) - 0.5) / SIZE
    return input, np.zeros((WORDS, SIZE), np.float32)


def engine_of(input: np.ndarray, output: np.ndarray) -> TorchEngine:
    rows, counts = corpus()
    return TorchEngine(rows, counts, input, output, OBJECTIVE, device="cpu", batch=128, shared=64)


def learn(engine: Engine, rows: int) -> float:
    rates = np.linspace(0.1, 0.001, EPOCHS + 1)
    for epoch in range(EPOCHS):
        tally = engine.run(0, rows, rates[epoch], rates[epoch + 1], epoch)
    return tally.loss / tally.pairs


def score(input: np.ndarray, output: np.ndarray) -> tuple[float, float]:
    """Return the mean loss a pair, and how many words have their own topic's as nearest ones."""
    tally = engine_of(input, output).run(0, 1_000, 0.0, 0.0, 99)
    unit = input[SHARED:] / np.linalg.norm(input[SHARED:], axis=1, keepdims=True)
    cosines = unit @ unit.T - 2 * np.eye(len(unit))
    topic = np.arange(len(unit)) // EACH
    return tally.loss / tally.pairs, float((topic[cosines.argmax(1)] == topic).mean())


def main(out: Path) -> None:
    """Train as one of several processes; every one writes what it has in the end."""
    torch.set_num_threads(1)
    with process_group() as rank:
        rows, counts = corpus()
        check_same("text", len(rows))
        try:
            check_same("seed", rank)
        except SeqkitError as error:
            (out / f"{rank}.txt").write_text(str(error))
        with first_rank_first():
            found = (out / "first").exists()
            (out / "first").touch()
        input, output = weights()
        input += rank  # only the first process's count
        local = engine_of(input, output)
        rates = update_rates(counts, OBJECTIVE)
        engine = DistributedEngine(local, local.weights, rows, rates, every=1_000)
        loss = learn(engine, len(rows))
        engine.settle()
        local.settle()
        np.savez(out / f"{rank}.npz", input=input, output=output, loss=loss, found=found)


def test_two_processes_learn_what_one_does(tmp_path: Path) -> None:
    run = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run(
        [*run, __file__, str(tmp_path)], check=True, timeout=120, env=environment, text=True
    )
    one, other = (np.load(tmp_path / f"{rank}.npz") for rank in range(2))
    for name in ("input", "output", "loss"):
        assert np.array_equal(one[name], other[name])
    assert (bool(one["found"]), bool(other["found"])) == (False, True)
    assert "process 1 of torchrun has another seed" in (tmp_path / "1.txt").read_text()

    input, output = weights()
    loss_of_last_epoch = learn(engine_of(input, output), SENTENCES)
    alone, neighbours_alone = score(input, output)
    together, neighbours = score(one["input"], one["output"])
    assert together == pytest.approx(alone, abs=0.03)
    assert float(one["loss"]) == pytest.approx(loss_of_last_epoch, abs=0.04)
    assert neighbours >= neighbours_alone - 0.03
    assert neighbours_alone > 0.9


def test_processes_that_cannot_meet_are_told_what_to_check(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("RANK", raising=False)
    with (
        pytest.raises(SeqkitError, match=r"cannot meet .* check --rdzv-endpoint"),
        process_group(),
    ):
        pass


def test_each_process_of_a_machine_has_its_own_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_RANK", "3")
    assert own_device("cuda") == "cuda:3"
    assert own_device("cuda:1") == "cuda:1"
    assert own_device("cpu") == "cpu"
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert launched()
    monkeypatch.delenv("WORLD_SIZE")
    assert not launched()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
