"""Words a second of training word vectors: seqkit beside gensim, on the same text, alternating.

    python benchmarks/word2vec.py [TEXT] [--only skipgram,cbow,subwords] [--rounds 3]

gensim trains from the file (``corpus_file``, its fastest way, which reads the text as it trains);
seqkit from the encoded text, which it makes once before all epochs (its time is told apart).
Both have the vocabulary of the whole text and train on its first part. TEXT has a text a line,
its words between spaces; without it, the film reviews of ``imdb`` in SEQKIT_DATA are written to
a temporary file. Words a second of wall time, and in brackets of processor time; run it on a
machine that has nothing else to do.
"""

import argparse
import os
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from gensim.models import FastText, Word2Vec

from seqkit.data.ragged import Ragged
from seqkit.vectors.training.engine import CpuEngine, FrequentRows, HogwildEngine, room
from seqkit.vectors.training.merging import update_rates
from seqkit.vectors.training.objective import Engine
from seqkit.vectors.training.reading import Encoded, encoded
from seqkit.vectors.training.state import into, width_of
from seqkit.vectors.word2vec import Word2VecSettings

BUCKETS = 500_000


@dataclass(frozen=True)
class Case:
    """One comparison: the settings, how many lines gensim trains on, and the aim."""

    name: str
    chosen: Word2VecSettings
    share: float  # of the lines, so that gensim takes about ten seconds
    aim: float


PLAIN = Word2VecSettings(min_count=1, seed=1)
CASES = (
    Case("skipgram 100", PLAIN, 0.10, 8),
    Case("skipgram 300", replace(PLAIN, size=300), 0.05, 5),
    Case("skipgram 100, sample 1e-5", replace(PLAIN, sample=1e-5), 0.15, 8),
    Case("cbow 100", replace(PLAIN, model="cbow"), 0.30, 4),
    Case("cbow 300", replace(PLAIN, model="cbow", size=300), 0.15, 2.5),
    Case("subwords 100", replace(PLAIN, subwords="character", buckets=BUCKETS), 0.02, 4),
)
Timed = tuple[float, float]  # seconds of wall and of processor time


def timed(job: Callable[[], object]) -> Timed:
    wall, cpu = time.perf_counter(), time.process_time()
    job()
    return time.perf_counter() - wall, time.process_time() - cpu


def imdb(out: Path) -> None:
    """Write the film reviews, lower-cased, without mark-up and punctuation."""
    from seqkit.corpora import imdb as corpus

    splits = corpus.read(corpus.Options(), Path(os.environ["SEQKIT_DATA"]) / "imdb")
    with out.open("w", encoding="utf-8") as file:
        for examples in splits.values():
            for example in examples:
                text = example.text.replace("<br />", " ").lower()
                file.write(" ".join(re.findall(r"\w+(?:'\w+)?", text)) + "\n")


def gensim_model(chosen: Word2VecSettings, text: Path, threads: int) -> Word2Vec:
    common = {
        "vector_size": chosen.size,
        "window": chosen.window,
        "negative": chosen.negative,
        "min_count": chosen.min_count,
        "sample": chosen.sample,
        "sg": int(chosen.model == "skipgram"),
        "alpha": chosen.lr,
        "seed": 1,
        "workers": threads,
    }
    if chosen.subwords == "none":
        model = Word2Vec(**common)
    else:
        model = FastText(**common, min_n=3, max_n=6, bucket=chosen.buckets)
    model.build_vocab(corpus_file=str(text))
    return model


def seqkit_engine(chosen: Word2VecSettings, text: Encoded, threads: int) -> Engine:
    words, width = len(text.words), width_of(chosen.size)
    random, ngrams, pieces, buckets = np.random.default_rng(1), chosen.ngrams, None, 0
    if ngrams is not None:
        grams, buckets = ngrams.rows(text.words), ngrams.buckets
        values = np.insert(grams.values + words, grams.offsets[:-1], np.arange(words))
        pieces = Ragged(values.astype(np.int32), grams.offsets + np.arange(words + 1))
    spare = threads * room(words, width) if threads > 1 and not buckets else 0
    first = into(None, (words + buckets + spare, width))
    for rows in np.array_split(np.arange(len(first)), 64):
        first[rows, : chosen.size] = (2 * random.random((len(rows), chosen.size)) - 1) / chosen.size
    second = into(None, (words + spare, width))
    engine = CpuEngine(text.rows, text.counts, first, second, chosen.objective, pieces=pieces)
    if threads == 1:
        return engine
    rates = update_rates(text.counts, chosen.objective)
    frequent = FrequentRows(width, rates, len(text.rows.values), threads) if spare else None
    return HogwildEngine(engine, text.rows, threads, frequent)


def lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8") as file:
        yield from file


def compare(case: Case, text: Path, whole: Encoded, threads: int, rounds: int) -> list[str]:
    count = max(100, int(len(whole.rows) * case.share))
    part = text.with_suffix(".part")
    part.write_text("".join(islice(lines(text), count)), encoding="utf-8")
    words = int(whole.rows.offsets[count])
    model = gensim_model(case.chosen, text, threads)
    engine = seqkit_engine(case.chosen, whole, threads)
    engine.run(0, 10, case.chosen.lr, case.chosen.lr, 1)  # compiles
    theirs: list[Timed] = []
    ours: list[Timed] = []
    rate = case.chosen.lr, case.chosen.min_lr
    for number in range(rounds):
        theirs.append(
            timed(
                lambda: model.train(
                    corpus_file=str(part), total_words=words, total_examples=count, epochs=1
                )
            )
        )
        ours.append(timed(partial(engine.run, 0, count, *rate, number)))

    def speed(times: list[Timed], of: int) -> float:
        return words / statistics.median(each[of] for each in times)

    ratios = [speed(ours, of) / speed(theirs, of) for of in (0, 1)]
    return [
        case.name,
        str(threads),
        *(f"{speed(t, 0) / 1e3:,.0f}k ({speed(t, 1) / 1e3:,.0f}k)" for t in (theirs, ours)),
        f"{ratios[0]:.1f}x ({ratios[1]:.1f}x)",
        f"{case.aim:g}x",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("text", nargs="?", type=Path)
    parser.add_argument("--only", default="", help="cases that begin with these words")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder) / "text.txt"
        if given.text is None:
            imdb(text)
        else:
            text.symlink_to(given.text.absolute())
        wall, _ = timed(lambda: encoded(text, Path(folder) / "encoded", min_count=1))
        whole = Encoded.open(Path(folder) / "encoded")
        print(
            f"{whole.total_words:,} words, vocabulary {len(whole.words):,}; "
            f"seqkit encodes them in {wall:.1f} s\n"
        )
        print(f"{'':28}threads  {'gensim words/s':>18}  {'seqkit words/s':>18}  ratio    aim")
        for case in CASES:
            if given.only and not case.name.startswith(tuple(given.only.split(","))):
                continue
            for threads in map(int, given.threads.split(",")):
                name, *rest = compare(case, text, whole, threads, given.rounds)
                cells = [f"{c:>{w}}" for c, w in zip(rest, (7, 18, 18, 13, 5), strict=True)]
                print(f"{name:28}{'  '.join(cells)}", flush=True)


if __name__ == "__main__":
    main()
