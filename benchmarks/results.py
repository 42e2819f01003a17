"""Train everything that RESULTS.md reports, and write it: `make results`.

Every row is a `seqkit train` command, run once for each seed in its own process; runs that are
finished are not trained again, so an interrupted `make results` goes on where it stopped.
`--only reuters` trains and refreshes the rows whose name contains the word.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
RUNS = ROOT / "runs" / "results"


@dataclass(frozen=True)
class Row:
    """One line of a table: a command, and the score that it is about."""

    name: str
    words: tuple[str, ...]
    score: str = "accuracy"
    seeds: tuple[int, ...] = (0, 1, 2)


@dataclass(frozen=True)
class Outcome:
    """What one run gave: test scores, and seconds of training."""

    test: dict[str, float]
    seconds: float


def reuters(version: str, score: str = "accuracy") -> list[Row]:
    """Return the rows of one version of Reuters: the recurrent model and the baselines."""
    base = ("reuters", f"version={version}", "validation=0")
    models = {
        "BiLSTM": (),
        "CNN": ("model=cnn",),
        "MLP": ("model=mlp", "head.units=200", "epochs=30", "lr=0.005"),
    }
    return [Row(name, (*base, *words), score) for name, words in models.items()]


TABLES = {
    "Reuters R8 (5,485 / 2,189), accuracy": ("r8", reuters("r8")),
    "Reuters R52 (6,532 / 2,568), accuracy": ("r52", reuters("r52")),
    "Reuters ModApte, 90 topics (7,770 / 3,019), micro-F1": (
        "modapte",
        reuters("modapte", "micro_f1"),
    ),
}


def trained(row: Row, seed: int) -> Outcome:
    """Train one row with one seed, unless that was done before, and return its outcome."""
    words = [*row.words, f"seed={seed}"]
    folder = RUNS / "-".join(words).replace("=", "_").replace("/", "_")
    command = [sys.executable, "-m", "seqkit", "train"]
    rows = logged(folder)
    if not rows or rows[-1]["kind"] != "final":
        print(" ".join(["seqkit", "train", *words]), flush=True)
        begun = (folder / "settings.json").is_file()
        command += ["--resume", str(folder)] if begun else [*words, "--out", str(folder)]
        subprocess.run(command, check=True, cwd=ROOT)
        rows = logged(folder)
    seconds = sum(r["seconds"] for r in rows if r["kind"] == "epoch")
    return Outcome(rows[-1]["test"], seconds)


def logged(folder: Path) -> list[dict[str, Any]]:
    """Return what a run has logged so far."""
    file = folder / "metrics.jsonl"
    return [json.loads(line) for line in file.open(encoding="utf-8")] if file.is_file() else []


def linear(version: str) -> float:
    """Return the test score of TF-IDF + LinearSVC, the first thing a user would try."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.metrics import f1_score
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.preprocessing import MultiLabelBinarizer
    from sklearn.svm import LinearSVC

    from seqkit.corpus import load

    corpus = load("reuters", {"version": version})
    features = TfidfVectorizer(sublinear_tf=True)
    train = features.fit_transform(corpus.splits["train"]["text"])
    test = features.transform(corpus.splits["test"]["text"])
    if corpus.multi_label:
        names = MultiLabelBinarizer(classes=list(corpus.labels))
        truth = names.fit_transform(corpus.splits["test"]["labels"])
        model = OneVsRestClassifier(LinearSVC()).fit(
            train, names.transform(corpus.splits["train"]["labels"])
        )
        return float(f1_score(truth, model.predict(test), average="micro"))
    only = [labels[0] for labels in corpus.splits["train"]["labels"]]
    answered = LinearSVC().fit(train, only).predict(test)
    return float((answered == [labels[0] for labels in corpus.splits["test"]["labels"]]).mean())


def table(title: str, version: str, rows: list[Row]) -> Iterator[str]:
    """Yield the lines of one table."""
    yield from (f"## {title}", "", "| model | test | each seed | minutes | command |")
    yield "|---|---|---|---|---|"
    started = time.perf_counter()
    score = linear(version)
    minutes = (time.perf_counter() - started) / 60
    script = "`benchmarks/results.py`"
    yield f"| TF-IDF + LinearSVC | {score:.4f} | deterministic | {minutes:.1f} | {script} |"
    for row in rows:
        outcomes = [trained(row, seed) for seed in row.seeds]
        scores = [outcome.test[row.score] for outcome in outcomes]
        minutes = statistics.mean(outcome.seconds for outcome in outcomes) / 60
        each = ", ".join(f"{s:.4f}" for s in scores)
        seeds = ",".join(map(str, row.seeds))
        command = f"`seqkit train {' '.join(row.words)} seed={{{seeds}}}`"
        mean = statistics.mean(scores)
        yield f"| {row.name} | **{mean:.4f}** | {each} | {minutes:.1f} | {command} |"
    yield ""


def machine() -> str:
    """Describe the machine's kind in a line."""
    import torch

    processor = f"{platform.machine()}, {torch.backends.cpu.get_cpu_capability()}"
    return (
        f"{os.cpu_count()} CPU cores ({processor}), "
        f"no GPU, {platform.system()}, Python {platform.python_version()}, "
        f"torch {torch.__version__.split('+')[0]}, {torch.get_num_threads()} threads"
    )


def main() -> None:
    """Train what is missing and write RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="tables whose version is this word")
    parser.add_argument("--out", type=Path, default=ROOT / "RESULTS.md")
    arguments = parser.parse_args()
    lines = ["# Results", "", "Written by `make results`. Mean over the seeds, on the test split."]
    lines += ["Settings were chosen on a validation split held out of the training data;"]
    lines += ["the figures are of models trained on all of it, for the fixed number of epochs.", ""]
    lines += [f"Machine: {machine()}. Minutes are of training, a seed.", ""]
    for title, (version, rows) in TABLES.items():
        if arguments.only in version:
            lines += table(title, version, rows)
    arguments.out.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
