"""Training throughput of a word language model: seqkit, and the loop of PyTorch's example.

Two LSTM layers of 200 units over 200-wide embeddings, dropout 0.2, 20 streams, windows of 35
steps, WikiText-2, untied weights: what `word_language_model` of pytorch/examples trains by
default, as it trains it (log_softmax and NLLLoss, SGD from lr 20, annealed by 4, clipped at 0.25).
seqkit trains the same model by its own loop, with one of its three softmaxes. Both read the same
ids, for the same number of epochs, and perplexity is always that of the full softmax, over the
same validation tokens. Every contender is a process of its own that waits for its turn; they take
turns after every few steps.

    python benchmarks/language_model.py --words 10000 --epochs 6     # the example, and sampled
    python benchmarks/language_model.py --quick                      # speed alone, in minutes
    python benchmarks/language_model.py --only example full full-bf16 sampled adaptive   # a table

WikiText-2 is found as `seqkit corpora` tells, as in SEQKIT_DATA.
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SIZE, LAYERS, STREAMS, STEPS, DROPOUT = 200, 2, 20, 35, 0.2
CONTENDERS = ("example", "full", "full-bf16", "sampled", "sampled-bf16", "adaptive")
TURN = 10  # steps


class Seqkit:
    """The product's job and training loop."""

    def __init__(self, given: argparse.Namespace, softmax: str) -> None:
        from seqkit.corpus import load
        from seqkit.data.windows import Streams, WindowSettings
        from seqkit.models.language_model import LanguageModelSettings
        from seqkit.nn.embedding import EmbeddingSettings
        from seqkit.nn.recurrent import EncoderSettings
        from seqkit.nn.softmax import SoftmaxSettings
        from seqkit.tasks.language.language_modelling import (
            LanguageModelling,
            LanguageModellingSettings,
        )
        from seqkit.tasks.language.running_text import UnitSettings
        from seqkit.train.loop import Trainer
        from seqkit.train.optimizers import OptimizerSettings
        from seqkit.train.run import Run
        from seqkit.train.settings import TrainSettings

        kind, _, half = softmax.partition("-")
        optimizer = OptimizerSettings(
            optimizer="lazy_adam", lr=given.lr, schedule="linear", clip_norm=0.25
        )
        settings = LanguageModellingSettings(
            text=UnitSettings(max_words=given.words - 3 if given.words else 0),
            window=WindowSettings(bptt=STEPS),
            model=LanguageModelSettings(
                tied=given.tied,
                embedding=EmbeddingSettings(size=SIZE, dropout=DROPOUT),
                encoder=EncoderSettings(
                    hidden=SIZE, layers=LAYERS, dropout=DROPOUT, bidirectional=False
                ),
                output_dropout=DROPOUT,
                softmax=SoftmaxSettings(
                    softmax=kind,  # type: ignore[arg-type]
                    samples=given.samples,
                    bfloat16=bool(half),
                ),
            ),
            train=TrainSettings(
                epochs=given.epochs, batch_size=STREAMS, optimizer=optimizer, device="cpu"
            ),
        )
        self.job = job = LanguageModelling(settings, load("wikitext2"))
        text = job.text.rows.values[: given.tokens or None]
        job.batches = Streams(text, first=job.vocabulary.eos, batch_size=STREAMS, bptt=STEPS)
        self.ids = text, job._scored["validation"].rows.values
        self.trainer = Trainer(job, settings.train, Run.create(Path(tempfile.mkdtemp())))

    def epoch(self, number: int) -> Iterator[int]:
        """Train, and yield the tokens of each step."""
        self.trainer.model.train()
        for batch in self.job.batches.epoch(number):
            self.trainer._step(batch)
            yield batch.tokens

    def read(self, ids: Any, targets: Any, state: Any) -> tuple[Any, Any]:
        """Return the nats of a validation window, ``(batch, time)``, and the state after it."""
        features, state = self.job.model(ids, state)
        return self.job.model.softmax.nll(features.flatten(0, 1), targets.flatten()).sum(), state

    def judge(self, better: bool) -> None:
        """Do nothing: the schedule is fixed."""


class Example:
    """`main.py` and `model.py` of pytorch/examples/word_language_model."""

    def __init__(self, given: argparse.Namespace) -> None:
        import torch
        from torch import nn

        self.ids = Seqkit(given, "sampled").ids
        words = int(max(ids.max() for ids in self.ids)) + 1
        torch.manual_seed(0)
        self.drop = nn.Dropout(DROPOUT)
        self.encoder = nn.Embedding(words, SIZE)
        self.rnn = nn.LSTM(SIZE, SIZE, LAYERS, dropout=DROPOUT)
        self.decoder = nn.Linear(SIZE, words)
        if given.tied:
            self.decoder.weight = self.encoder.weight
        nn.init.uniform_(self.encoder.weight, -0.1, 0.1)
        nn.init.zeros_(self.decoder.bias)
        nn.init.uniform_(self.decoder.weight, -0.1, 0.1)
        self.model = nn.ModuleList([self.drop, self.encoder, self.rnn, self.decoder])
        self.criterion = nn.NLLLoss()
        self.words, self.lr = words, 20.0
        text = torch.from_numpy(self.ids[0]).long()
        self.text = text[: len(text) // STREAMS * STREAMS].view(STREAMS, -1).t().contiguous()

    def forward(self, ids: Any, hidden: Any) -> tuple[Any, Any]:
        """Return log-probabilities, ``(time * batch, words)``, and the state."""
        from torch.nn import functional as F

        embedded = self.drop(self.encoder(ids))
        output, hidden = self.rnn(embedded, hidden)
        decoded = self.decoder(self.drop(output)).view(-1, self.words)
        return F.log_softmax(decoded, dim=1), hidden

    def epoch(self, _: int) -> Iterator[int]:
        """Train, and yield the tokens of each step."""
        import torch

        self.model.train()
        hidden = tuple(torch.zeros(LAYERS, STREAMS, SIZE) for _ in "hc")
        total = 0.0
        for i in range(0, len(self.text) - 1, STEPS):
            length = min(STEPS, len(self.text) - 1 - i)
            targets = self.text[i + 1 : i + 1 + length].view(-1)
            self.model.zero_grad()
            hidden = tuple(part.detach() for part in hidden)
            output, hidden = self.forward(self.text[i : i + length], hidden)
            loss = self.criterion(output, targets)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 0.25)
            for p in self.model.parameters():
                assert p.grad is not None
                p.data.add_(p.grad, alpha=-self.lr)
            total += loss.item()
            yield len(targets)

    def read(self, ids: Any, targets: Any, state: Any) -> tuple[Any, Any]:
        """Return the nats of a validation window, ``(batch, time)``, and the state after it."""
        output, state = self.forward(ids.t(), state)
        return -output.gather(1, targets.t().reshape(-1, 1)).sum(), state

    def judge(self, better: bool) -> None:
        """Anneal."""
        if not better:
            self.lr /= 4.0


def perplexity(side: Seqkit | Example, limit: int) -> float:
    """Return the perplexity of the validation text, read in ten streams."""
    import torch

    text = torch.from_numpy(side.ids[1][: limit or None]).long()
    streams = text[: len(text) // 10 * 10].view(10, -1)
    model = side.trainer.model if isinstance(side, Seqkit) else side.model
    model.eval()
    nats, state = 0.0, None
    with torch.no_grad():
        for i in range(0, streams.shape[1] - 1, STEPS):
            window = streams[:, i : i + STEPS + 1]
            part, state = side.read(window[:, :-1], window[:, 1:], state)
            nats += float(part)
    return math.exp(nats / (10 * (streams.shape[1] - 1)))


def work(name: str, given: argparse.Namespace) -> None:
    """Be one contender: a turn for every line on standard input."""
    import torch

    torch.set_num_threads(given.threads)
    side = Example(given) if name == "example" else Seqkit(given, name)
    best = math.inf
    print("ready", flush=True)
    for number in range(given.epochs):
        steps, ended = side.epoch(number), False
        while not ended:
            sys.stdin.readline()
            wall, cpu, tokens = time.perf_counter(), time.process_time(), 0
            for _ in range(TURN):
                done = next(steps, 0)
                tokens, ended = tokens + done, not done
                if ended:
                    break
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            row = {"tokens": tokens, "wall": wall, "cpu": cpu, "ended": ended}
            if ended and not given.quick:
                row["perplexity"] = perplexity(side, given.validation)
                side.judge(row["perplexity"] < best)
                best = min(best, row["perplexity"])
            print(json.dumps(row), flush=True)


def alternate(given: argparse.Namespace) -> Iterator[tuple[str, dict[str, Any]]]:
    """Run the contenders in turn and yield what each has done."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(given.threads)}
    workers = {
        name: subprocess.Popen(
            [sys.executable, __file__, *sys.argv[1:], "--work", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for name in given.only
    }
    try:
        for name, worker in workers.items():
            assert worker.stdout is not None
            if worker.stdout.readline().strip() != "ready":
                raise SystemExit(f"{name} failed to start")
        turns = given.turns if given.quick else math.inf
        left = dict.fromkeys(workers, given.epochs)
        while turns > 0 and any(left.values()):
            turns -= 1
            for name, worker in workers.items():
                if left[name]:
                    assert worker.stdin is not None
                    assert worker.stdout is not None
                    worker.stdin.write("go\n")
                    worker.stdin.flush()
                    row = json.loads(worker.stdout.readline())
                    left[name] -= row["ended"]
                    yield name, row
    finally:
        for worker in workers.values():
            worker.kill()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--words", type=int, default=0, help="vocabulary (0: all 33 thousand)")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--tokens", type=int, default=0, help="to train on (0: all 2 million)")
    parser.add_argument("--validation", type=int, default=0, help="validation tokens (0: all)")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--tied", action="store_true", help="tied weights, on both sides")
    parser.add_argument("--lr", type=float, default=5e-3, help="of seqkit's lazy Adam")
    parser.add_argument("--samples", type=int, default=2048)
    parser.add_argument("--only", nargs="*", default=["example", "sampled"], choices=CONTENDERS)
    parser.add_argument("--quick", action="store_true", help="speed alone")
    parser.add_argument("--turns", type=int, default=8, help=f"of {TURN} steps, with --quick")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        work(given.work, given)
        return
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in given.only}
    for name, row in alternate(given):
        rows[name].append(row)
        if "perplexity" in row:
            print(f"{name}: validation perplexity {row['perplexity']:.2f}", file=sys.stderr)
    report(rows)


def report(rows: dict[str, list[dict[str, Any]]]) -> None:
    """Print tokens a second, the ratio to the first contender, and perplexity by epoch."""
    print(f"{'':14}{'tokens/s':>10}{'tokens/CPU-s':>14}{'ratio':>8}{'CPU':>7}  perplexity")
    speeds = {}
    for name, turns in rows.items():
        whole = [t for t in turns if not t["ended"]][1:]  # the first turn warms up
        speeds[name] = [
            statistics.median(t["tokens"] / t[clock] for t in whole) for clock in ("wall", "cpu")
        ]
        wall, cpu = speeds[name]
        first = next(iter(speeds.values()))
        reached = [f"{t['perplexity']:.1f}" for t in turns if "perplexity" in t]
        print(
            f"{name:14}{wall:10,.0f}{cpu:14,.0f}{wall / first[0]:7.2f}x{cpu / first[1]:6.2f}x  "
            f"{' '.join(reached)}"
        )


if __name__ == "__main__":
    main()
