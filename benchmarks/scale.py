"""How training scales: two processes against one on the CPU, and a GPU's LSTM against cuDNN.

    python benchmarks/scale.py cpu                # a language model, one process and two in turn
    python benchmarks/scale.py gpu                # needs a CUDA device

`cpu`: tokens a second of whole trainings by the command line, one thread a process; rounds
alternate, and the figure is the ratio of medians. Beside it the ratio that the processes' own CPU
time allows, 2 * (seconds of one) / (seconds of both), which other work on the machine does not
change: what start-up takes is left out, as the difference of a long and a short training.

`gpu`: tokens a second of seqkit's training steps (embedding, LSTM, head, loss, clipping, Adam) as
a share of what torch.nn.LSTM, that is cuDNN, takes for the same LSTM alone, forward and backward
on random inputs that are there already.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

JOB = "language_model corpus=village data.kind=text data.language=en data.n=6000 tokenizer=word "
JOB += "hidden=384 embedding.size=256 batch_size=32 bptt=32 softmax=full checkpoint_every=0"
LONG, SHORT = 3, 1  # epochs
WORDS, FEATURES, HIDDEN, LAYERS, BATCH, TIME = 30_000, 512, 1024, 2, 64, 256  # of the GPU's LSTM


def trained(processes: int, epochs: int) -> tuple[float, float]:
    """Train once; return tokens a second of the last epoch, and CPU seconds of all processes."""
    with tempfile.TemporaryDirectory() as folder:
        launch = [sys.executable, "-m"]
        if processes > 1:
            launch += ["torch.distributed.run", "--standalone"]
            launch += [f"--nproc-per-node={processes}", "-m"]
        words = [*JOB.split(), f"epochs={epochs}", "--out", f"{folder}/run", "-q"]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [*launch, "seqkit", "train", *words],
            check=True,
            capture_output=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            timeout=1800,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        lines = Path(folder, "run", "metrics.jsonl").read_text().splitlines()
        speeds = [r["tokens_per_second"] for r in map(json.loads, lines) if r["kind"] == "epoch"]
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return float(speeds[-1]), seconds


def on_the_cpu(rounds: int) -> dict[str, Any]:
    """Return the figures of one process and two."""
    speed: dict[int, list[float]] = {1: [], 2: []}
    cpu: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(rounds):
        for processes in (1, 2):
            _, start = trained(processes, SHORT)
            tokens, whole = trained(processes, LONG)
            speed[processes].append(tokens)
            cpu[processes].append((whole - start) / (LONG - SHORT))
    one, two = (statistics.median(speed[n]) for n in (1, 2))
    seconds, both = (statistics.median(cpu[n]) for n in (1, 2))
    return {
        "tokens/s of one process": round(one),
        "tokens/s of two": round(two),
        "ratio": round(two / one, 2),
        "CPU seconds an epoch, one": round(seconds, 2),
        "CPU seconds an epoch, two together": round(both, 2),
        "ratio by CPU time": round(2 * seconds / both, 2),
        "load": os.getloadavg()[0],
    }


def per_second(step: Callable[[], object], tokens: int, steps: int) -> float:
    """Return the tokens a second of a step on a GPU."""
    import torch

    for _ in range(5):
        step()
    torch.cuda.synchronize()
    started = time.perf_counter()
    for _ in range(steps):
        step()
    torch.cuda.synchronize()
    return tokens * steps / (time.perf_counter() - started)


def on_a_gpu(steps: int) -> dict[str, Any]:
    """Return the figures of each precision, with and without compilation."""
    import torch

    if not torch.cuda.is_available():
        raise SystemExit("there is no CUDA device here.")
    figures: dict[str, Any] = {"GPU": torch.cuda.get_device_name()}
    for precision in ("float32", "bfloat16"):
        alone = per_second(cudnn_step(precision), BATCH * TIME, steps)
        figures[f"{precision}: cuDNN alone"] = round(alone)
        for compiled in (False, True):
            name = f"{precision}: seqkit{', compiled' if compiled else ''}"
            speed = per_second(seqkit_step(precision, compiled), BATCH * TIME, steps)
            figures[name] = round(speed)
            figures[f"{name}, share"] = round(speed / alone, 3)
    return figures


def cudnn_step(precision: str) -> Callable[[], object]:
    """Return a forward and backward pass of the LSTM alone."""
    import torch

    lstm = torch.nn.LSTM(FEATURES, HIDDEN, LAYERS, batch_first=True).cuda()
    inputs = torch.randn(BATCH, TIME, FEATURES, device="cuda", requires_grad=True)
    kind, half = getattr(torch, precision), precision != "float32"

    def step() -> None:
        lstm.zero_grad(set_to_none=True)
        inputs.grad = None
        with torch.autocast("cuda", kind, enabled=half):
            outputs, _ = lstm(inputs)
        outputs.float().mean().backward()

    return step


def seqkit_step(precision: str, compiled: bool) -> Callable[[], object]:
    """Return a step of seqkit's own loop, of a classifier of texts."""
    import numpy as np
    import torch

    from seqkit.data.batching import Batches
    from seqkit.data.ragged import Ragged
    from seqkit.models.classifier import Classifier, ClassifierSettings
    from seqkit.nn.embedding import EmbeddingSettings
    from seqkit.nn.recurrent import EncoderSettings
    from seqkit.train.loop import Trainer, TrainSettings
    from seqkit.train.optimizers import OptimizerSettings
    from seqkit.train.run import Run

    chosen = ClassifierSettings(
        embedding=EmbeddingSettings(size=FEATURES),
        encoder=EncoderSettings(hidden=HIDDEN, layers=LAYERS, bidirectional=False),
    )
    model = Classifier(chosen, vocabulary_size=WORDS, pad=0, unk=1, labels=2, multi_label=False)
    rng = np.random.default_rng(0)
    rows = Ragged.from_rows(rng.integers(2, WORDS, (BATCH, TIME)).tolist())
    batches = Batches(rows, targets=rng.integers(2, size=BATCH), batch_size=BATCH, pad=0)

    class Job:
        recipe, task, settings, monitor, splits = "", "", None, "loss", ()
        fingerprint = summary = ""

        def loss(self, batch: Any) -> torch.Tensor:
            return model.loss(batch)

    job: Any = Job()
    job.model, job.batches = model, batches
    optimizer = OptimizerSettings(optimizer="lazy_adam", clip_norm=1.0)
    settings: dict[str, Any] = {"precision": precision, "compile": compiled}
    train = TrainSettings(batch_size=BATCH, device="cuda", optimizer=optimizer, **settings)
    trainer = Trainer(job, train, Run.create(Path(tempfile.mkdtemp())))
    trainer.model.train()
    batch = next(iter(batches.epoch(0)))
    return lambda: trainer._step(batch)


def main() -> None:
    """Run one of the two benchmarks and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("cpu", "gpu"))
    parser.add_argument("--rounds", type=int, default=3, help="of the cpu's trainings")
    parser.add_argument("--steps", type=int, default=100, help="on the gpu")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    figures = on_the_cpu(given.rounds) if given.what == "cpu" else on_a_gpu(given.steps)
    if given.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:40} {value:>12,}" if not isinstance(value, str) else f"{name:40} {value}")


if __name__ == "__main__":
    main()
