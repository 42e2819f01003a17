"""The category of a name: a namer read backwards beside linear classifiers over its n-grams.

All see the run's training split and answer the names of its test split; a name of several
categories is a row for each. The linear classifiers read TF-IDF weights of 1- to 4-grams of
characters, the ends of the name marked; their `C` is chosen on the run's validation split.

    seqkit train names --out runs/names
    python benchmarks/names.py runs/names
"""

import argparse
import time
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.svm import LinearSVC

from seqkit.recipe import find
from seqkit.tasks.names.name_writer import NameWriter
from seqkit.tasks.splits import with_validation
from seqkit.train.run import Run

CHOICES = {LinearSVC: (0.1, 0.3, 1.0, 3.0), LogisticRegression: (3.0, 10.0, 30.0)}


def main() -> None:
    """Print accuracy and macro F1 of each, and CPU seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    given = parser.parse_args()
    run = Run.open(given.run)
    saved = run.settings()
    recipe = find(saved["recipe"])
    chosen = recipe.saved_settings(saved["settings"])
    corpus = recipe.read(chosen)
    parts = with_validation(corpus, chosen.validation)
    splits = ("train", "validation", "test")
    names = {s: [row.text for row in parts.examples(s)] for s in splits}
    labels = {s: [row.labels[0] for row in parts.examples(s)] for s in splits}

    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 4), sublinear_tf=True)
    marked = {split: [f"^{name}$" for name in rows] for split, rows in names.items()}
    weights = {"train": vectorizer.fit_transform(marked["train"])}
    weights |= {split: vectorizer.transform(marked[split]) for split in splits[1:]}
    print(f"{'':34} accuracy  macro F1  CPU s")
    for kind, choices in CHOICES.items():
        started, best = time.process_time(), (0.0, choices[0], np.zeros(0))
        for c in choices:
            model = kind(C=c, max_iter=1000).fit(weights["train"], labels["train"])
            right = accuracy_score(labels["validation"], model.predict(weights["validation"]))
            best = max(best, (right, c, model.predict(weights["test"])), key=lambda x: x[0])
        _, c, answers = best
        _print(f"{kind.__name__}, C={c:g}", labels["test"], answers, started)
    started = time.process_time()
    writer = NameWriter.load(run)
    scored = writer.score(corpus, "test", chosen)
    seconds = time.process_time() - started
    figures = f"{scored.scores['accuracy']:8.4f}  {scored.scores['macro_f1']:8.4f}  {seconds:5.1f}"
    print(f"{'seqkit, ' + given.run.name:34} {figures} (to answer)")


def _print(name: str, true: list[str], answers: object, started: float) -> None:
    right, f1 = accuracy_score(true, answers), f1_score(true, answers, average="macro")
    print(f"{name:34} {right:8.4f}  {f1:8.4f}  {time.process_time() - started:5.1f}", flush=True)


if __name__ == "__main__":
    main()
