"""Look-up of the ten nearest words: seqkit, exact and approximate, beside gensim.

    python benchmarks/lookup.py --vectors FILE.bin         # trained vectors, word2vec binary
    python benchmarks/lookup.py                            # generated ones, in clusters
    python benchmarks/lookup.py --vectors FILE.bin --ann faiss usearch
    python benchmarks/lookup.py --million                  # 1,000,000 x 300 too, generated

All in one process; questions alternate between the contenders, each asked for the same words
through `most_similar`; the figure is the median of a question, the ratio that of the medians.
Exact answers must equal gensim's, but for words whose float32 cosines lie within 1e-5. Threads:
as OMP_NUM_THREADS says.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def generated(words: int, size: int) -> Floats:
    """Return vectors in clusters of falling size, which are easier to index than trained ones."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((words // 50, size), np.float32)
    vectors = np.empty((words, size), np.float32)
    for at in range(0, words, 50_000):
        some = vectors[at : at + 50_000]
        rng.standard_normal(some.shape, np.float32, out=some)
        some += centres[(len(centres) * rng.random(len(some)) ** 2).astype(int)]
    return vectors


def median_and_95(seconds: list[float]) -> str:
    return f"{1e3 * np.median(seconds):9.3f} {1e3 * np.quantile(seconds, 0.95):9.3f}"


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    result = call()
    return time.perf_counter() - began, result


def same_answer(ours: list[tuple[str, float]], theirs: list[tuple[str, float]]) -> bool:
    return np.allclose([c for _, c in ours], [c for _, c in theirs], atol=1e-5)


def compare(name: str, words: list[str], vectors: Floats, kinds: list[str], queries: int) -> None:
    from gensim.models import KeyedVectors

    from seqkit.settings import check
    from seqkit.vectors import WordVectors
    from seqkit.vectors.index import IndexSettings, build

    rng = np.random.default_rng(1)
    gensim = KeyedVectors(vectors.shape[1], count=0)
    gensim.index_to_key, gensim.vectors = words, vectors
    gensim.key_to_index = {word: row for row, word in enumerate(words)}
    with tempfile.TemporaryDirectory() as folder:
        WordVectors.of(words, vectors).save(Path(folder) / "v")
        seconds, ours = timed(lambda: WordVectors.load(Path(folder) / "v"))
        first, _ = timed(lambda: ours.most_similar(words[7]))
        threads = os.environ.get("OMP_NUM_THREADS", "default")
        print(f"\n{name}: {len(words):,} x {vectors.shape[1]}, threads: {threads}")
        print(f"opened in {1e3 * seconds:.1f} ms, first answer after {1e3 * first:.0f} ms more")
        contenders: dict[str, Callable[[str], Any]] = {
            "gensim": gensim.most_similar,
            "seqkit exact": ours.most_similar,
        }
        recalls = {}
        for kind in kinds:
            chosen = check(IndexSettings, {"kind": kind})
            seconds, index = timed(partial(build, ours, chosen))
            recalls[f"seqkit {kind}"] = f"recall {index.recall:.3f}, built in {seconds:.0f} s"
            contenders[f"seqkit {kind}"] = partial(ours.most_similar, index=index)
        asked = [words[row] for row in rng.integers(len(words), size=queries)]
        warm = [words[row] for row in rng.integers(len(words), size=80)]
        for word in warm:  # past the searches that pay for the codes
            ours.most_similar(word)
        times: dict[str, list[float]] = {contender: [] for contender in contenders}
        for word in asked:
            answers = {}
            for contender, ask in contenders.items():
                seconds, answers[contender] = timed(partial(ask, word))
                times[contender].append(seconds)
            if not same_answer(answers["seqkit exact"], answers["gensim"]):
                raise SystemExit(f"seqkit and gensim differ on {word!r}")
        base = np.median(times["gensim"])
        print(f"{'':16}{'p50 ms':>9} {'p95 ms':>9} {'ratio':>7}")
        for contender, seconds_each in times.items():
            ratio = base / np.median(seconds_each)
            told = recalls.get(contender, "")
            print(f"{contender:16}{median_and_95(seconds_each)} {ratio:7.1f}  {told}")
        batch(gensim, ours, asked[:64])


def batch(gensim: Any, ours: Any, asked: list[str]) -> None:
    from seqkit.vectors.search import Search

    ours.fill_norms()
    search, units = Search(ours.vectors, ours.norms), ours[asked]
    theirs, mine = [], []
    for _ in range(5):
        theirs.append(timed(lambda: [gensim.most_similar(word) for word in asked])[0])
        mine.append(timed(lambda: search.nearest(units, 11))[0])
    a, b = float(np.median(theirs)), float(np.median(mine))
    print(f"64 at once: gensim {64 / a:.0f}/s, seqkit exact {64 / b:.0f}/s, ratio {a / b:.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vectors", type=Path, help="trained vectors, word2vec binary")
    parser.add_argument("--words", type=int, default=100_000)
    parser.add_argument("--size", type=int, default=300, help="of generated vectors")
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--ann", nargs="*", default=["faiss"], help="faiss, usearch")
    parser.add_argument("--million", action="store_true", help="1,000,000 generated vectors too")
    chosen = parser.parse_args()
    if chosen.vectors is None:
        words = [f"w{row}" for row in range(chosen.words)]
        made = generated(chosen.words, chosen.size)
        compare("generated", words, made, chosen.ann, chosen.queries)
    else:
        from gensim.models import KeyedVectors

        read = KeyedVectors.load_word2vec_format(chosen.vectors, binary=True, limit=chosen.words)
        compare(chosen.vectors.name, read.index_to_key, read.vectors, chosen.ann, chosen.queries)
    if chosen.million:
        words = [f"w{row}" for row in range(1_000_000)]
        compare("generated", words, generated(1_000_000, 300), [], min(chosen.queries, 50))


if __name__ == "__main__":
    main()
