"""Look-up of the ten nearest words: seqkit, exact and approximate, beside gensim.

    python benchmarks/lookup.py --vectors FILE.bin         # trained vectors, word2vec binary
    python benchmarks/lookup.py                            # generated ones, in clusters
    python benchmarks/lookup.py --vectors FILE.bin --ann principal faiss usearch
    python benchmarks/lookup.py --million                  # 1,000,000 x 300 too, generated

All in one process; questions alternate between the contenders, so that each finds the processor's
caches full of another's numbers; each is asked for the same words through `most_similar`. Figures
are medians of a question, by the clock and by the processor's time of this process, which is the
one to trust on a busy machine; the ratio is that of processor time. Exact answers must have
gensim's words, but where cosines lie within 1e-5, which float32 cannot tell. Words are drawn
evenly, and from the first twentieth, the common ones. Threads: as OMP_NUM_THREADS says.
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


def timed(call: Callable[[], Any]) -> tuple[tuple[float, float], Any]:
    """Return the seconds that a call takes, by the clock and of the processor; and its result."""
    clock, processor = time.perf_counter(), time.process_time()
    result = call()
    return (time.perf_counter() - clock, time.process_time() - processor), result


def same_answer(ours: list[tuple[str, float]], theirs: list[tuple[str, float]]) -> bool:
    """Whether both name the same words with the same cosines, up to ties of float32."""
    known, last = dict(theirs), theirs[-1][1]
    return np.allclose([c for _, c in ours], [c for _, c in theirs], atol=1e-5) and all(
        abs(cosine - known.get(word, last)) < 1e-5 for word, cosine in ours
    )


def share(found: list[tuple[str, float]], exact: list[tuple[str, float]]) -> float:
    return len({word for word, _ in found} & {word for word, _ in exact}) / len(exact)


def compare(name: str, words: list[str], vectors: Floats, kinds: list[str], queries: int) -> None:
    from gensim.models import KeyedVectors

    from seqkit.settings import check
    from seqkit.vectors import WordVectors
    from seqkit.vectors.search.index import IndexSettings, build

    rng = np.random.default_rng(1)
    gensim = KeyedVectors(vectors.shape[1], count=0)
    gensim.index_to_key, gensim.vectors = words, vectors
    gensim.key_to_index = {word: row for row, word in enumerate(words)}
    with tempfile.TemporaryDirectory() as folder:
        WordVectors.of(words, vectors).save(Path(folder) / "v")
        (seconds, _), ours = timed(lambda: WordVectors.load(Path(folder) / "v"))
        (first, _), _ = timed(lambda: ours.most_similar(words[7]))
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
            (_, seconds), index = timed(partial(build, ours, chosen))
            recalls[f"seqkit {kind}"] = (
                f"(told {index.recall:.3f}; {seconds:.0f} s of CPU to build)"
            )
            contenders[f"seqkit {kind}"] = partial(ours.most_similar, index=index)
        for row in rng.integers(len(words), size=80):  # past the searches that pay for the codes
            for ask in contenders.values():
                ask(words[row])
        for drawn, last in (("any", len(words)), ("common", len(words) // 20)):
            asked = [words[row] for row in rng.integers(last, size=queries)]
            print(f"{drawn + ' words':18}{'p50 ms':>9} {'p95':>8} {'CPU p50':>9} {'ratio':>6}")
            table(contenders, asked, recalls)
        batch(gensim, ours, asked[:64])


def table(contenders: dict[str, Callable[[str], Any]], asked: list[str], told: Any) -> None:
    times: dict[str, list[tuple[float, float]]] = {contender: [] for contender in contenders}
    shares: dict[str, list[float]] = {contender: [] for contender in contenders}
    for word in asked:
        answers = {}
        for contender, ask in contenders.items():
            seconds, answers[contender] = timed(partial(ask, word))
            times[contender].append(seconds)
            shares[contender].append(share(answers[contender], answers["gensim"]))
        if not same_answer(answers["seqkit exact"], answers["gensim"]):
            raise SystemExit(f"seqkit and gensim differ on {word!r}")
    base = np.median([processor for _, processor in times["gensim"]])
    for contender, pairs in times.items():
        clock, processor = 1e3 * np.array(pairs).T
        middle = np.median(processor)
        print(
            f"{contender:18}{np.median(clock):9.3f} {np.quantile(clock, 0.95):8.3f} {middle:9.3f} "
            f"{1e3 * base / middle:6.1f}  recall@10 {np.mean(shares[contender]):.3f} "
            f"{told.get(contender, '')}"
        )


def batch(gensim: Any, ours: Any, asked: list[str]) -> None:
    from seqkit.vectors.search.exact import Search

    ours.fill_norms()
    search, units = Search(ours.vectors, ours.norms), ours[asked]
    theirs, mine = [], []
    for _ in range(5):
        theirs.append(timed(lambda: [gensim.most_similar(word) for word in asked])[0][1])
        mine.append(timed(lambda: search.nearest(units, 11))[0][1])
    a, b = float(np.median(theirs)), float(np.median(mine))
    print(f"64 at once: gensim {64 / a:.0f}/s, seqkit exact {64 / b:.0f}/s, ratio {a / b:.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vectors", type=Path, help="trained vectors, word2vec binary")
    parser.add_argument("--words", type=int, default=100_000)
    parser.add_argument("--size", type=int, default=300, help="of generated vectors")
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--ann", nargs="*", default=["principal"], help="principal, faiss, usearch")
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
