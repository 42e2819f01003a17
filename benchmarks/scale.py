"""How training scales: two processes against one on the CPU, and a GPU's LSTM against cuDNN.

    python benchmarks/scale.py cpu                # a language model, one process and two in turn
    python benchmarks/scale.py gpu                # needs a CUDA device

`cpu`: tokens a second of training steps, one thread a process; rounds alternate, and the figure is
the ratio of medians. Beside it the ratio that the processes' own CPU time allows, 2 * (seconds of
one) / (seconds of both), which other work on the machine hardly changes. Some two minutes in all.

`gpu`: tokens a second of seqkit's training steps (embedding, LSTM, head, loss, clipping, Adam) as
a share of what torch.nn.LSTM, that is cuDNN, takes for the same LSTM alone, forward and backward
on random inputs that are there already.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import chain, count, islice
from pathlib import Path
from typing import Any

JOB = "language_model corpus=village data.kind=text data.language=en data.n=6000 tokenizer=word "
JOB += "hidden=384 embedding.size=256 batch_size=32 bptt=32 softmax=full device=cpu"
UNTIMED, TIMED = 5, 60  # steps
WORDS, FEATURES, HIDDEN, LAYERS, BATCH, TIME = 30_000, 512, 1024, 2, 64, 256  # of the GPU's LSTM


def trained(processes: int) -> dict[str, float]:
    """Return tokens a second of so many processes, and the CPU seconds that all of them took."""
    launch = [sys.executable]
    if processes > 1:
        launch += ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    ran = subprocess.run(
        [*launch, __file__, "step"],
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        timeout=1800,
    )
    told: dict[str, float] = json.loads(ran.stdout)
    return told


def stepped() -> dict[str, float] | None:
    """Train some steps, as one process of several or alone; the first one has the figures."""
    from contextlib import nullcontext

    import torch

    from seqkit.processes import gathered, launched, process_group
    from seqkit.recipe import find
    from seqkit.train.loop import Trainer
    from seqkit.train.run import Run

    torch.set_num_threads(1)
    with process_group() if launched() else nullcontext(), tempfile.TemporaryDirectory() as folder:
        recipe = find(JOB.split()[0])
        job = recipe.build(recipe.settings(JOB.split()[1:]))
        trainer = Trainer(job, job.settings.train, Run.create(Path(folder, "run")))
        trainer.model.train()
        batches = chain.from_iterable(job.batches.epoch(number) for number in count())
        for batch in islice(batches, UNTIMED):
            trainer._step(batch)
        trainer.position.tokens, started = 0, time.perf_counter()
        worked = time.process_time()
        for batch in islice(batches, TIMED):
            trainer._step(batch)
        seconds = gathered(time.process_time() - worked)
        speed = trainer.position.tokens / (time.perf_counter() - started)
    return {"tokens/s": speed, "CPU seconds": sum(seconds)} if seconds else None


def on_the_cpu(rounds: int) -> dict[str, Any]:
    """Return the figures of one process and two."""
    found: dict[int, list[dict[str, float]]] = {1: [], 2: []}
    for _ in range(rounds):
        for processes, figures in found.items():
            figures.append(trained(processes))

    def median(processes: int, name: str) -> float:
        return statistics.median(figures[name] for figures in found[processes])

    (one, two), (seconds, both) = (
        [median(n, name) for n in found] for name in ("tokens/s", "CPU seconds")
    )
    return {
        "tokens/s of one process": round(one),
        "tokens/s of two": round(two),
        "ratio": round(two / one, 2),
        f"CPU seconds of {TIMED} steps, one": round(seconds, 2),
        f"CPU seconds of {TIMED} steps, two together": round(both, 2),
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
    from seqkit.train.loop import Trainer
    from seqkit.train.optimizers import OptimizerSettings
    from seqkit.train.run import Run
    from seqkit.train.settings import TrainSettings

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
    """Run one of the two benchmarks and print its figures; ``step`` is a process of the first."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("cpu", "gpu", "step"))
    parser.add_argument("--rounds", type=int, default=3, help="of the cpu's trainings")
    parser.add_argument("--steps", type=int, default=100, help="on the gpu")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if given.what == "step":
        if figures := stepped():
            print(json.dumps(figures))
        return
    figures = on_the_cpu(given.rounds) if given.what == "cpu" else on_a_gpu(given.steps)
    if given.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:40} {value:>12,}" if not isinstance(value, str) else f"{name:40} {value}")


if __name__ == "__main__":
    main()
