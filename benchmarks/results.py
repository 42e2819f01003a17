"""Train everything that RESULTS.md reports, and write it: `make results`.

Every row is a `seqkit train` command, run once for each seed in its own process; runs that are
finished are not trained again, so an interrupted `make results` goes on where it stopped.
The tables are those of `results_tables.py`.
`--only nsmc` trains and refreshes the tables whose key holds the word, and leaves the others.
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
from textwrap import fill
from typing import Any

from results_tables import GRID, NOISE, TABLES, Linear, Row, Table

HEAD = (
    "Each table names the script that made it, or else is of `benchmarks/results.py`; `make "
    "results` runs that and `benchmarks/vectors.py`. Scores are of the test split, means where "
    "several seeds are listed. All settings were chosen on validation data. Reuters, NSMC and "
    "IMDb are then trained on all of the training part (`validation=0`) for as many epochs; "
    "elsewhere the best epoch is that of the validation part. The linear classifiers have no "
    "unlabelled text, from which, where a corpus has some, our embeddings begin too "
    "(`pretrain=cooccurrence`)."
)
MINUTES = (
    "Minutes are of training epochs, a seed, by the clock, as it went: several runs shared the "
    "machine, so alone it takes less; text is cut before that. Those of the linear classifiers are "
    "of reading, fitting once for each C, and answering."
)
ROOT = Path(__file__).parent.parent
RUNS = ROOT / "runs" / "results"


@dataclass(frozen=True)
class Outcome:
    """What one run gave: scores of each split, and seconds of training."""

    scores: dict[str, dict[str, float]]
    seconds: float


def trained(row: Row, seed: int) -> Outcome:
    """Train one row with one seed, unless that was done before, and return its outcome."""
    words, folder = [*row.words, f"seed={seed}"], folder_of(row, seed)
    command = [sys.executable, "-m", "seqkit", "train"]
    rows = logged(folder)
    if not rows or rows[-1]["kind"] != "final":
        print(" ".join(["seqkit", "train", *words]), flush=True)
        begun = (folder / "settings.json").is_file()
        command += ["--resume", str(folder)] if begun else [*words, "--out", str(folder)]
        subprocess.run(command, check=True, cwd=ROOT)
        rows = logged(folder)
    seconds = sum(r["seconds"] for r in rows if r["kind"] == "epoch")
    return Outcome({k: v for k, v in rows[-1].items() if isinstance(v, dict)}, seconds)


def folder_of(row: Row, seed: int) -> Path:
    """Return where the run of a row and a seed lies."""
    return RUNS / "-".join([*row.words, f"seed={seed}"]).replace("=", "_").replace("/", "_")


def logged(folder: Path) -> list[dict[str, Any]]:
    """Return what a run has logged so far."""
    file = folder / "metrics.jsonl"
    return [json.loads(line) for line in file.open(encoding="utf-8")] if file.is_file() else []


def linear(chosen: Linear) -> dict[str, float]:
    """Return the scores of TF-IDF + LinearSVC on test, and on its noisy copy, and ``C``.

    That is chosen on a tenth of the training texts.
    """
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.metrics import f1_score
    from sklearn.model_selection import train_test_split
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.preprocessing import MultiLabelBinarizer
    from sklearn.svm import LinearSVC

    from seqkit.corpus import load
    from seqkit.text.noise import perturb_all

    corpus = load(chosen.corpus, chosen.options)
    features = TfidfVectorizer(
        sublinear_tf=True,
        analyzer="char" if chosen.characters else "word",
        ngram_range=(1, chosen.longest),
    )
    read = features.fit_transform(corpus.splits["train"]["text"])
    texts = list(corpus.splits["test"]["text"])
    names = MultiLabelBinarizer(classes=list(corpus.labels))
    train, truth = (names.fit_transform(corpus.splits[s]["labels"]) for s in ("train", "test"))
    if not corpus.multi_label:
        train, truth = train.argmax(1), truth.argmax(1)

    def fitted(rows: Any, c: float) -> Any:
        model = LinearSVC(C=c)
        model = OneVsRestClassifier(model) if corpus.multi_label else model
        return model.fit(read[rows], train[rows])

    def score(model: Any, given: Any, true: Any) -> float:
        answered = model.predict(given)
        if corpus.multi_label:
            return float(f1_score(true, answered, average="micro"))
        return float((answered == true).mean())

    learnt, held = train_test_split(np.arange(len(train)), test_size=0.1, random_state=0)
    tried = {c: score(fitted(learnt, c), read[held], train[held]) for c in (0.1, 1.0, 10.0)}
    best = max(tried, key=tried.__getitem__)
    model = fitted(np.arange(len(train)), best)
    splits = {"test": texts, "noisy": list(perturb_all(texts, seed=0))}
    return {
        "C": best,
        **{name: score(model, features.transform(s), truth) for name, s in splits.items()},
    }


def table(chosen: Table) -> Iterator[str]:
    """Yield the lines of one table."""
    yield from (f"## {chosen.title}", "")
    if chosen.note:
        yield from (chosen.note, "")
    if chosen.columns:
        yield from by_score(chosen)
        yield from answered(chosen) if chosen.asked else ()
    else:
        yield from grid(chosen) if chosen.is_grid else by_seed(chosen)
    yield ""


def by_seed(chosen: Table) -> Iterator[str]:
    """Yield a line for each row, the mean of its seeds."""
    is_noisy = NOISE in chosen.note
    noisy = " noisy |" if is_noisy else ""
    yield f"| model | test | each seed |{noisy} minutes | command |"
    yield "|---|---|---|---|---|" + "---|" * is_noisy
    if chosen.linear:
        started = time.perf_counter()
        scores = linear(chosen.linear)
        minutes = (time.perf_counter() - started) / 60
        told = f" {scores['noisy']:.4f} |" if is_noisy else ""
        unit = "characters" if chosen.linear.characters else "words"
        what = f"{unit} 1-{chosen.linear.longest}".removesuffix(" 1-1")
        what += f", TF-IDF + LinearSVC, C={scores['C']:g}"
        yield (
            f"| {what} | {scores['test']:.4f} | deterministic |{told} "
            f"{minutes:.1f} | `benchmarks/results.py` |"
        )
    for row in chosen.rows:
        outcomes = [trained(row, seed) for seed in row.seeds]
        tests = [outcome.scores["test"][row.score] for outcome in outcomes]
        minutes = statistics.mean(outcome.seconds for outcome in outcomes) / 60
        each = ", ".join(f"{s:.4f}" for s in tests) if len(tests) > 1 else "one seed alone"
        seeds = ",".join(map(str, row.seeds))
        command = f"`seqkit train {' '.join(row.words)} seed={{{seeds}}}`"
        told = ""
        if is_noisy:
            told = f" {statistics.mean(o.scores['noisy'][row.score] for o in outcomes):.4f} |"
        mean = statistics.mean(tests)
        yield f"| {row.name} | {mean:.4f} | {each} |{told} {minutes:.1f} | {command} |"


def by_score(chosen: Table) -> Iterator[str]:
    """Yield a line for each row with several scores of it, each the mean of its seeds."""
    headings = "".join(f" {heading} |" for heading, _ in chosen.columns)
    yield f"| model |{headings} seeds | minutes | command |"
    yield "|---|" + "---|" * (len(chosen.columns) + 3)
    for row in chosen.rows:
        outcomes = [trained(row, seed) for seed in row.seeds]
        cells = ""
        for _, score in chosen.columns:
            split, _, name = score.rpartition(":")
            mean = statistics.mean(o.scores[split or "test"][name] for o in outcomes)
            cells += f" {written_out(name, mean)} |"
        minutes = statistics.mean(outcome.seconds for outcome in outcomes) / 60
        seeds = ",".join(map(str, row.seeds))
        command = f"`seqkit train {' '.join(row.words)} seed={{{seeds}}}`"
        yield f"| {row.name} |{cells} {len(row.seeds)} | {minutes:.1f} | {command} |"


def written_out(name: str, score: float) -> str:
    """Return a score with as many digits as tell something."""
    if name == "unknown":
        return f"{score:.2%}"
    if score >= 1000:
        return f"{score:,.0f}"
    return f"{score:.3f}" if name.startswith("bits") else f"{score:.{2 if score >= 1 else 4}f}"


def answered(chosen: Table) -> Iterator[str]:
    """Yield what the first row's run answers."""
    import seqkit

    row = chosen.rows[0]
    answerer = seqkit.load(folder_of(row, row.seeds[0]))
    yield from ("", "| asked | answered |", "|---|---|")
    for question, answer in zip(chosen.asked, answerer.stream(chosen.asked), strict=True):
        yield f"| {question} | {answer.line(1)} |"


def grid(chosen: Table) -> Iterator[str]:
    """Yield a line for each run, with what the tokenizer makes of the text."""
    yield "| tokenizer | cell | test | noisy | unknown | noisy unknown | tokens | minutes |"
    yield "|---|---|---|---|---|---|---|---|"
    for row in chosen.rows:
        [outcome] = [trained(row, seed) for seed in row.seeds]
        test, noisy = outcome.scores["test"], outcome.scores["noisy"]
        yield (
            f"| {row.name} | {test['accuracy']:.4f} | {noisy['accuracy']:.4f} "
            f"| {test['unknown']:.2%} | {noisy['unknown']:.2%} "
            f"| {test['tokens_per_text']:.1f} | {outcome.seconds / 60:.1f} |"
        )
    yield from ("", f"Command: `seqkit train {' '.join(GRID)} tokenizer=... cell=...`")


def machine() -> str:
    """Describe the machine's kind in a line."""
    import torch

    processor = f"{platform.machine()}, {torch.backends.cpu.get_cpu_capability()}"
    return (
        f"{os.cpu_count()} CPU cores ({processor}), "
        f"no GPU, {platform.system()}, Python {platform.python_version()}, "
        f"torch {torch.__version__.split('+')[0]}, one thread where it is not said otherwise"
    )


def main() -> None:
    """Train what is missing and write RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="tables whose key holds this word")
    parser.add_argument("--out", type=Path, default=ROOT / "RESULTS.md")
    arguments = parser.parse_args()
    lines = ["# Results", "", *fill(f"{HEAD} Machine: {machine()}. {MINUTES}", 100).split("\n"), ""]
    written = sections(arguments.out)
    for chosen in TABLES:
        if arguments.only in chosen.key:
            lines += table(chosen)
        else:
            lines += written.get(chosen.title, [])
    ours = {chosen.title for chosen in TABLES}
    for title in [title for title in written if title not in ours]:  # of another benchmark
        lines += written[title]
    arguments.out.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


def sections(path: Path) -> dict[str, list[str]]:
    """Return the tables of a file of results by title, each with its lines."""
    found: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else []:
        if line.startswith("## "):
            found[line[3:]] = []
        if found:
            found[list(found)[-1]].append(line)
    return {title: [*"\n".join(lines).rstrip().split("\n"), ""] for title, lines in found.items()}


if __name__ == "__main__":
    main()
