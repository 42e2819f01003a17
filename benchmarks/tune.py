"""Does coarse to fine beat a grid? The same recipe, ranges and number of trials, three seeds.

python benchmarks/tune.py

Each search has 16 trials of ``seqkit train classify`` on the village's sentences (synthetic). The
grid is the one a person would write: four learning rates, two sizes, two rates of dropout. What
is compared is what a search is for: the validation score of its winner, and that winner's score
on test, which no search has seen.
"""

import json
import sys
import tempfile
import time
from pathlib import Path
from statistics import mean

from seqkit.tune.conclusion import Conclusion
from seqkit.tune.tuning import begin, tune

TRIALS = 16
FIXED = (
    *("data.language=en", "data.n=2000", "epochs=5", "embedding.size=16", "pretrain=none"),
    *("tokenizer=word", "max_words=0", "clip_norm=1"),
)
SEARCHED = ("lr=1e-4..1e-1:4", "hidden=4..64:2", "head.dropout=0..0.6:2")
SEARCHES = ("grid", "random", "refine")


def searched(strategy: str, seed: int, folder: Path) -> Conclusion:
    """Return what a search finds; its seed is that of its trainings, too."""
    words = [*FIXED, *SEARCHED, f"train.seed={seed}"]
    study = begin("classify", words, folder, strategy=strategy, trials=TRIALS, seed=seed)
    found = tune(study)
    assert found is not None
    return found


def main() -> None:
    """Run all searches and print a line for each, then the means as JSON."""
    names = sys.argv[1:] or SEARCHES
    figures: dict[str, dict[str, list[float]]] = {}
    for seed in range(3):
        for strategy in names:
            began = time.process_time()
            with tempfile.TemporaryDirectory() as folder:
                found = searched(strategy, seed, Path(folder) / "search")
            row = {
                "validation accuracy": found.scores["validation"]["accuracy"],
                "test accuracy": found.scores["test"]["accuracy"],
                "CPU seconds": time.process_time() - began,
            }
            print(f"{strategy} seed {seed}: {json.dumps(row)} {found.best.values}", flush=True)
            for name, value in row.items():
                figures.setdefault(strategy, {}).setdefault(name, []).append(value)
    means = {s: {name: mean(v) for name, v in rows.items()} for s, rows in figures.items()}
    print(json.dumps({"trials": TRIALS, "seeds": 3, "means": means, "each": figures}, indent=2))


if __name__ == "__main__":
    main()
