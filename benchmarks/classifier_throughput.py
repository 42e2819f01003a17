"""Training throughput of a text classifier: seqkit, a plain torch loop, and Keras.

Vocabulary 30,000, embedding 100, one LSTM of 128, batch 64, 2 classes, Adam, texts as long as
film reviews (median 25 tokens, at most 120), one CPU thread each. Every contender is a process
of its own that waits for its turn; rounds alternate, and the figure is the median over rounds of
real tokens (padding excluded) a second.

    python benchmarks/classifier_throughput.py             # all
    python benchmarks/classifier_throughput.py --rounds 9 --batches 60

`naive`: every text padded to the longest of all, nn.LSTM, torch.optim.Adam.
`keras-*`: model.fit on the same padded array; `bucketed`: Keras on batches of like length, padded
each to its own longest, which Keras users have to build by hand.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

WORDS, FEATURES, HIDDEN, BATCH, CLASSES = 30_000, 100, 128, 64, 2
KERAS = ("keras-torch", "keras-tensorflow", "keras-torch-bucketed", "keras-tensorflow-bucketed")
CONTENDERS = ("seqkit", "naive", *KERAS)
Pass = Callable[[], int]  # trains once over the data and returns the number of real tokens


def corpus(batches: int) -> tuple[list[NDArray[np.int32]], NDArray[np.int64]]:
    """Return texts of token ids with Zipf's frequencies, and their labels."""
    rng = np.random.default_rng(0)
    lengths = np.clip(np.exp(rng.normal(3.2, 0.55, BATCH * batches)).astype(int), 4, 120)
    share = 1 / np.arange(1, WORDS - 1) ** 1.05
    ids = rng.choice(WORDS - 2, lengths.sum(), p=share / share.sum()).astype(np.int32) + 2
    return np.split(ids, np.cumsum(lengths)[:-1]), rng.integers(CLASSES, size=len(lengths))


def seqkit_pass(texts: list[NDArray[np.int32]], labels: NDArray[np.int64]) -> Pass:
    """Return the steps of seqkit's own training loop."""
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

    torch.manual_seed(0)
    chosen = ClassifierSettings(
        embedding=EmbeddingSettings(size=FEATURES),
        encoder=EncoderSettings(cell="lstm", hidden=HIDDEN, bidirectional=False),
        pooling=("last",),
    )
    batches = Batches(
        Ragged.from_rows(texts), batch_size=BATCH, pad=0, targets=labels, shuffle=True
    )

    class Job:
        recipe = task = "benchmark"
        settings, monitor, splits, fingerprint, summary = None, "loss", (), "", ""
        model = Classifier(
            chosen, vocabulary_size=WORDS, pad=0, unk=1, labels=CLASSES, multi_label=False
        )

        def start(self) -> None:
            pass

        def loss(self, batch: Any) -> Any:
            return self.model.loss(batch)

    job = Job()
    job.batches = batches  # type: ignore[attr-defined]
    train = TrainSettings(optimizer=OptimizerSettings(optimizer="lazy_adam"))
    trainer = Trainer(job, train, Run.create(Path(tempfile.mkdtemp())))  # type: ignore[arg-type]
    numbers = iter(range(10**9))

    def once() -> int:
        trainer.model.train()
        tokens = 0
        for batch in batches.epoch(next(numbers)):
            trainer._step(batch)
            tokens += batch.tokens
        return tokens

    return once


def padded(texts: list[NDArray[np.int32]], width: int) -> NDArray[np.int32]:
    """Return ``(rows, width)`` ids, zero where a text has ended."""
    result = np.zeros((len(texts), width), np.int32)
    for row, text in zip(result, texts, strict=True):
        row[: len(text)] = text
    return result


def naive_pass(texts: list[NDArray[np.int32]], labels: NDArray[np.int64]) -> Pass:
    """Return the loop of most tutorials."""
    import torch
    from torch import nn

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(WORDS, FEATURES, padding_idx=0)
            self.lstm = nn.LSTM(FEATURES, HIDDEN, batch_first=True)
            self.linear = nn.Linear(HIDDEN, CLASSES)

        def forward(self, ids: torch.Tensor) -> torch.Tensor:
            outputs, _ = self.lstm(self.embedding(ids))
            return self.linear(outputs[:, -1])  # type: ignore[no-any-return]

    ids = torch.from_numpy(padded(texts, max(map(len, texts)))).long()
    truth = torch.from_numpy(labels)
    model = Model()
    optimizer = torch.optim.Adam(model.parameters())
    tokens = sum(map(len, texts))

    def once() -> int:
        for rows in torch.split(torch.randperm(len(ids)), BATCH):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(ids[rows]), truth[rows])
            torch.autograd.backward(loss)
            optimizer.step()
        return tokens

    return once


def keras_pass(texts: list[NDArray[np.int32]], labels: NDArray[np.int64], bucketed: bool) -> Pass:
    """Return Keras's own training loop."""
    import keras

    model = keras.Sequential(
        [
            keras.layers.Embedding(WORDS, FEATURES),
            keras.layers.LSTM(HIDDEN),
            keras.layers.Dense(CLASSES),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer="adam", loss=loss)
    tokens = sum(map(len, texts))
    if not bucketed:
        ids = padded(texts, max(map(len, texts)))

        def once() -> int:
            model.fit(ids, labels, batch_size=BATCH, epochs=1, verbose=0)
            return tokens

        return once

    order = np.argsort([len(text) for text in texts], kind="stable")
    parts = [order[i : i + BATCH] for i in range(0, len(order), BATCH)]
    batches = [
        (padded([texts[i] for i in part], len(texts[part[-1]])), labels[part]) for part in parts
    ]

    class Batches(keras.utils.PyDataset):  # type: ignore[misc]
        def __len__(self) -> int:
            return len(batches)

        def __getitem__(self, number: int) -> Any:
            return batches[number]

    data = Batches()

    def once_bucketed() -> int:
        model.fit(data, epochs=1, verbose=0)
        return tokens

    return once_bucketed


def contender(name: str, batches: int) -> Pass:
    """Return one contender, ready to run."""
    texts, labels = corpus(batches)
    if name == "seqkit":
        return seqkit_pass(texts, labels)
    if name == "naive":
        return naive_pass(texts, labels)
    return keras_pass(texts, labels, name.endswith("bucketed"))


def work(name: str, batches: int) -> None:
    """Be one contender: a pass for every line on standard input."""
    if name.startswith("keras"):
        os.environ["KERAS_BACKEND"] = name.split("-")[1]
    if "tensorflow" not in name:
        import torch

        torch.set_num_threads(1)
    else:
        import tensorflow

        tensorflow.config.threading.set_intra_op_parallelism_threads(1)
        tensorflow.config.threading.set_inter_op_parallelism_threads(1)
    once = contender(name, batches)
    once()  # compiled, allocated and warm
    print("ready", flush=True)
    for _ in sys.stdin:
        started = time.process_time()
        tokens = once()
        print(json.dumps(tokens / (time.process_time() - started)), flush=True)


def alternate(names: list[str], batches: int, rounds: int) -> Iterator[tuple[str, float]]:
    """Run the contenders in turn and yield each one's tokens per CPU second."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    workers: dict[str, subprocess.Popen[str]] = {}
    for name in names:
        worker = subprocess.Popen(
            [sys.executable, __file__, "--work", name, "--batches", str(batches)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        assert worker.stdout is not None
        if worker.stdout.readline().strip() == "ready":
            workers[name] = worker
        else:
            print(f"{name}: left out (not installed, or it failed to start)", file=sys.stderr)
    for _ in range(rounds):
        for name, worker in workers.items():
            assert worker.stdin is not None
            assert worker.stdout is not None
            worker.stdin.write("go\n")
            worker.stdin.flush()
            yield name, float(worker.stdout.readline())
    for worker in workers.values():
        worker.communicate()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=40, help="of a pass")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", nargs="*", default=list(CONTENDERS), choices=CONTENDERS)
    parser.add_argument("--work", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        work(given.work, given.batches)
        return
    rates: dict[str, list[float]] = {}
    for name, rate in alternate(given.only, given.batches, given.rounds):
        rates.setdefault(name, []).append(rate)
    ours = rates["seqkit"]
    print(f"{'':28}{'tokens/CPU-s':>14}{'seqkit is':>12}")
    for name, each in rates.items():
        ratio = statistics.median(a / b for a, b in zip(ours, each, strict=True))
        print(f"{name:28}{statistics.median(each):14,.0f}{ratio:11.2f}x")


if __name__ == "__main__":
    main()
