"""Quality of word vectors: seqkit beside gensim on the same text, grid of rates and seeds.

    python benchmarks/vectors.py                       # trains what is missing (hours), writes
    python benchmarks/vectors.py --only seqkit-cbow    # runs whose name begins so
    python benchmarks/vectors.py --only none           # writes the tables from what is there

Texts: the film reviews of `imdb` (train, test and unlabelled) and the articles of `kowiki`, from
SEQKIT_DATA, lower-cased, words and numbers between spaces (Korean: particles stay on). Both sides:
100 features, window 5, 5 negatives, 5 epochs, words that occur 5 times, sample 1e-3, one thread.
The vectors of both are put in the same order of words before they are scored.
"""

import argparse
import gzip
import json
import os
import re
import statistics
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from results import ROOT, sections

from seqkit.vectors import WordVectors
from seqkit.vectors.evaluate import evaluate
from seqkit.vectors.word2vec import Word2VecSettings, train

RUNS = ROOT / "runs" / "results" / "vectors"
TITLE = "Word vectors beside gensim's"
MORE = "Korean word vectors with subwords, and sentences"
SETS = {
    "imdb": {"wordsim353": "WordSim-353", "simlex999": "SimLex-999", "google": "Google analogies"},
    "kowiki": {"ws353-ko": "WS353-ko", "analogies-ko": "Korean analogies"},
}
ANALOGIES = ("google", "analogies-ko")
RESTRICT = {"imdb": 30_000, "kowiki": 300_000}
RATES = {"skipgram": (0.025, 0.05, 0.075), "cbow": (0.025, 0.05, 0.075, 0.1)}
SEEDS, SPARE = (1, 2, 3), (4, 5)  # spare: where three leave it open, on both sides
JAMO, PLAIN = 0.05, 0.075  # the best rates on kowiki, with jamo subwords and without
WORD = re.compile(r"\w+(?:'\w+)?")


def text(name: str) -> Path:
    """Return the file of a text, written once."""
    out = RUNS / f"{name}.txt"
    if out.is_file():
        return out
    RUNS.mkdir(parents=True, exist_ok=True)
    with out.with_suffix(".part").open("w", encoding="utf-8") as file:
        for row in rows(Path(os.environ["SEQKIT_DATA"]) / name, name):
            if words := WORD.findall(row.lower()):
                file.write(" ".join(words) + "\n")
    return out.with_suffix(".part").rename(out)


def rows(folder: Path, name: str) -> Iterator[str]:
    if name == "kowiki":
        with gzip.open(folder / "kowiki.txt.gz", "rt", encoding="utf-8") as file:
            yield from file
        return
    for part in ("train", "test", "unsup"):
        with gzip.open(folder / f"imdb_{part}.tsv.gz", "rt", encoding="utf-8") as file:
            for line in file:
                yield line.rstrip("\n").split("\t")[-1].replace("<br />", " ")


def by_gensim(model: str, path: Path, lr: float, seed: int) -> tuple[WordVectors, float]:
    from gensim.models import Word2Vec

    trained = Word2Vec(sg=int(model == "skipgram"), alpha=lr, seed=seed, workers=1)
    trained.build_vocab(corpus_file=str(path))
    words, count = trained.corpus_total_words, trained.corpus_count
    began = time.process_time()
    trained.train(corpus_file=str(path), total_words=words, total_examples=count, epochs=5)
    speed = 5 * words / (time.process_time() - began)
    counts = [trained.wv.get_vecattr(word, "count") for word in trained.wv.index_to_key]
    return WordVectors.of(trained.wv.index_to_key, trained.wv.vectors, counts=counts), speed


def by_seqkit(model: str, path: Path, lr: float, seed: int) -> tuple[WordVectors, float]:
    if model == "jamo":
        chosen = Word2VecSettings(subwords="jamo", lr=lr, seed=seed)
    else:
        chosen = Word2VecSettings(model=model, lr=lr, seed=seed)  # type: ignore[arg-type]
    began = time.process_time()
    vectors = train(path, chosen, RUNS / "last", overwrite=True)
    words = vectors.card["text_words"] * chosen.epochs  # encoding is in the time
    return vectors, words / (time.process_time() - began)


def in_order(vectors: WordVectors) -> WordVectors:
    """Return the vectors by falling count, then by word: whatever breaks ties on either side."""
    words, counts = vectors.index_to_key, np.asarray(vectors.expandos["count"])
    order = sorted(range(len(words)), key=lambda i: (-counts[i], words[i]))
    return WordVectors.of([words[i] for i in order], vectors.vectors[order], counts=counts[order])


def run(side: str, model: str, name: str, lr: float, seed: int) -> None:
    """Train, score, and keep the scores."""
    out = RUNS / f"{side}-{model}-{name}-{lr}-{seed}.json"
    if out.is_file():
        return
    make = by_gensim if side == "gensim" else by_seqkit
    vectors, speed = make(model, text(name), lr, seed)
    ordered = vectors if model == "jamo" else in_order(vectors)
    analogies = [asked for asked in SETS[name] if asked in ANALOGIES]
    others = [asked for asked in SETS[name] if asked not in ANALOGIES]
    if name == "kowiki" and model != "cbow":
        others.append("korsts")
    found = evaluate(ordered, others, restrict=None)
    found += evaluate(ordered, analogies, restrict=RESTRICT[name])
    scores = [
        [score.name, score.part, score.unknown, score.value, score.known, score.items]
        for score in found
    ]
    line = {"scores": scores, "words_per_cpu_second": round(speed)}
    out.write_text(json.dumps(line, ensure_ascii=False), encoding="utf-8")
    print(out.stem, line["words_per_cpu_second"], json.dumps(scores, ensure_ascii=False)[:300])


def runs() -> Iterator[tuple[str, str, str, float, int]]:
    for seed in SEEDS:
        yield "seqkit", "jamo", "kowiki", JAMO, seed
    for model, name, seed in product(("cbow", "skipgram"), SETS, SEEDS):
        for side, lr in product(("seqkit", "gensim"), RATES[model]):
            yield side, model, name, lr, seed


def value(side: str, model: str, name: str, lr: float, seed: int, asked: str) -> float | None:
    path = RUNS / f"{side}-{model}-{name}-{lr}-{seed}.json"
    if not path.is_file():
        return None
    found: list[Any] = json.loads(path.read_text(encoding="utf-8"))["scores"]
    known = (s[3] for s in found if s[0] == asked and "wrong" not in s[2] and "0" not in s[2])
    return float(next(known))


ABOUT = """\
Trained and scored by `benchmarks/vectors.py`: the same text, epochs and grid of learning rates on
both sides; mean of the seeds, and their standard deviation where there are several. Questions
with unknown words are skipped, the same on both sides. Bold: the best rate of a side. Google
analogies: among the 30,000 most frequent words.
"""
ABOUT_SUBWORDS = """\
`kowiki`, skip-gram, 100 features, each at its best rate: words `lr=0.075`, jamo `subwords=jamo
lr=0.05`, n-grams of jamo and syllables (Park et al. 2018). Mean and standard deviation of the
seeds. KorSTS: test, Spearman, lower-cased words.

| vectors | seeds | set | | value | known | of | unknown words |
|---|---|---|---|---|---|---|---|"""


def tables() -> dict[str, list[str]]:
    lines = [f"## {TITLE}", "", ABOUT]
    for name, model in product(SETS, ("skipgram", "cbow")):
        lines += [
            f"{name}, {model}:",
            "",
            "| | lr | seeds | " + " | ".join(SETS[name].values()) + " |",
        ]
        lines += ["|---" * (3 + len(SETS[name])) + "|"]
        for side in ("seqkit", "gensim"):
            lines += side_rows(side, model, name)
        lines.append("")
    return {TITLE: lines, MORE: subword_table()}


def side_rows(side: str, model: str, name: str) -> Iterator[str]:
    grid = {
        lr: {
            asked: [
                found
                for seed in (*SEEDS, *SPARE)
                if (found := value(side, model, name, lr, seed, asked)) is not None
            ]
            for asked in SETS[name]
        }
        for lr in RATES[model]
    }
    best = {
        asked: max(statistics.mean(row[asked]) for row in grid.values() if row[asked])
        for asked in SETS[name]
        if any(row[asked] for row in grid.values())
    }
    for lr, row in grid.items():
        cells, seeds = [], 0
        for asked, values in row.items():
            if not values:
                continue
            seeds, mean = len(values), statistics.mean(values)
            cell = spread(values)
            cells.append(f"**{cell}**" if mean == best[asked] else cell)
        if cells:
            yield f"| {side} | {lr:g} | {seeds} | {' | '.join(cells)} |"


def subword_table() -> list[str]:
    lines = [f"## {MORE}", "", ABOUT_SUBWORDS]
    for title, model, lr in (("words", "skipgram", PLAIN), ("jamo subwords", "jamo", JAMO)):
        paths = [RUNS / f"seqkit-{model}-kowiki-{lr}-{seed}.json" for seed in SEEDS]
        runs = [json.loads(path.read_text())["scores"] for path in paths if path.is_file()]
        for same in zip(*runs, strict=True):  # the same question, by every seed
            asked, part, unknown, _, *known = same[0]
            numbers = " | ".join(f"{count:,}" for count in known)
            cell = spread([row[3] for row in same])
            lines.append(
                f"| {title} | {len(runs)} | {asked} | {part} | {cell} | {numbers} | {unknown} |"
            )
    return [*lines, ""]


def spread(values: list[float]) -> str:
    """Return a mean with its standard deviation, if there are several values."""
    deviation = f" ± {statistics.stdev(values):.4f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.4f}{deviation}"


def write() -> None:
    """Put the tables into RESULTS.md, in their place or at its end."""
    path = ROOT / "RESULTS.md"
    head = path.read_text(encoding="utf-8").partition("\n## ")[0].rstrip() + "\n"
    found = sections(path) | tables()
    body = ["\n".join(lines).rstrip() for lines in found.values()]
    path.write_text("\n\n".join([head.rstrip(), *body]) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="runs whose name begins with one of these words")
    given = parser.parse_args()
    for each in runs():
        if "-".join(map(str, each)).startswith(tuple(given.only.split(","))):
            run(*each)
    write()


if __name__ == "__main__":
    main()
