"""Counting and encoding text: seqkit beside gensim, plain library loops, and one process.

    python benchmarks/tokenization.py                      # all
    python benchmarks/tokenization.py scan --text FILE     # a file of your own
    python benchmarks/tokenization.py memory --gigabytes 1

`scan`: vocabulary and encoding of white-space text, against gensim's build_vocab, which only
counts, over LineSentence and over corpus_file. `kiwi`: encoding of NSMC in one and two processes.
`loops`: encoding with jamo, syllables and SentencePiece against the plain way. `memory`: the most
memory of the process tree while a large generated text is counted. Rounds alternate; a ratio is
the median over rounds, of CPU seconds where all is one thread. Data sets: in $SEQKIT_DATA.
"""

import argparse
import gzip
import multiprocessing
import os
import statistics
import sys
import tempfile
import threading
import time
import unicodedata
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from seqkit.data.encoding import build, encode
from seqkit.files import read_lines
from seqkit.text.basic import WhitespaceTokenizer
from seqkit.text.counting import count, sorted_counts
from seqkit.text.tokenizer import create, trained
from seqkit.text.vocabulary import Vocabulary

MEGABYTE = 1_000_000
Contenders = dict[str, Callable[[], Any]]


def plain_loop(
    cut: Callable[[str], list[str]], known: dict[str, int], texts: list[str]
) -> list[list[int]]:
    return [[known.get(word, 1) for word in cut(text)] for text in texts]


def plain_pieces(processor: Any, texts: list[str]) -> list[list[int]]:
    return [processor.encode(text) for text in texts]


def compare(
    title: str, contenders: Contenders, rounds: int, clock: Callable[[], float] = time.process_time
) -> None:
    """Run the contenders in turn; print (CPU) seconds, and how much faster the first one is."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, call in contenders.items():
            started = clock()
            call()
            seconds[name].append(clock() - started)
    ours = next(iter(seconds.values()))
    print(f"{title:44}{'seconds':>10}{'first is':>12}")
    for name, each in seconds.items():
        ratio = statistics.median(b / a for a, b in zip(ours, each, strict=True))
        print(f"  {name:42}{statistics.median(each):10.2f}{ratio:10.2f}x", flush=True)


def data(name: str) -> Path:
    path = Path(os.environ.get("SEQKIT_DATA", ".")) / name
    if not path.exists():
        sys.exit(f"{path} is missing: set SEQKIT_DATA, or choose another part")
    return path


def scan(text: Path | None, folder: Path, rounds: int) -> None:
    from gensim.models.word2vec import LineSentence, Word2Vec

    if text is None:
        text = folder / "text.txt"
        with gzip.open(data("kowiki/kowiki.txt.gz")) as packed:
            whole = packed.read(50 * MEGABYTE)
        text.write_bytes(whole[: whole.rfind(b"\n") + 1])
    rows, peer = folder / "rows", partial(Word2Vec, min_count=5, vector_size=2, workers=1)
    build(text, rows, min_count=5)  # compiled
    contenders: Contenders = {
        "seqkit: vocabulary + encoding": lambda: build(text, rows, min_count=5, unknown="drop"),
        "gensim: build_vocab(LineSentence)": lambda: peer().build_vocab(LineSentence(str(text))),
        "gensim: build_vocab(corpus_file)": lambda: peer().build_vocab(corpus_file=str(text)),
    }
    compare(f"scan of {text.stat().st_size / MEGABYTE:.0f} MB", contenders, rounds)


def reviews(limit: int | None) -> list[str]:
    lines = islice(read_lines(data("nsmc/ratings_train.txt")), 1, limit and limit + 1)
    return [line.split("\t")[1] for _, line in lines]


def kiwi(rounds: int, limit: int | None) -> None:
    texts = reviews(limit)
    vocabulary = Vocabulary.build(count(texts[:2000], create("kiwi")))
    spawn = multiprocessing.get_context("spawn")

    def encoded(workers: int) -> None:  # from a fresh process: each way loads its own models
        process = spawn.Process(target=kiwi_pass, args=(texts, vocabulary, workers))
        process.start()
        process.join()

    contenders: Contenders = {f"{n} process(es)": partial(encoded, n) for n in (2, 1)}
    compare(f"kiwi, {len(texts):,} reviews, wall clock", contenders, rounds, time.perf_counter)


def kiwi_pass(texts: list[str], vocabulary: Vocabulary, workers: int) -> None:
    encode(texts, create("kiwi"), vocabulary, workers=workers)


def loops(rounds: int) -> None:
    import sentencepiece

    texts = reviews(50_000)
    plain: dict[str, Callable[[str], list[str]]] = {
        "syllable": list,
        "jamo": lambda text: list(unicodedata.normalize("NFD", text)),
    }
    for name in ("syllable", "jamo"):
        tokenizer, cut = create(name), plain[name]
        vocabulary = Vocabulary.build(count(texts, tokenizer))
        known = {word: i for i, word in enumerate(vocabulary.words, start=2)}
        contenders: Contenders = {
            "seqkit": partial(encode, texts, tokenizer, vocabulary),
            "plain loop": partial(plain_loop, cut, known, texts),
        }
        compare(f"{name}, {len(texts):,} reviews", contenders, rounds)
    for name in ("unigram", "bpe"):
        learnt: Any = trained(create(name, {"size": 8000}), texts)
        vocabulary = Vocabulary.build(count(texts, learnt))
        processor = sentencepiece.SentencePieceProcessor(model_proto=learnt.model)
        contenders = {
            "seqkit": partial(encode, texts, learnt, vocabulary),
            "plain loop": partial(plain_pieces, processor, texts),
        }
        compare(f"{name}, {len(texts):,} reviews", contenders, rounds)


def generated(gigabytes: float) -> Iterator[str]:
    """Yield lines of words with Zipf's frequencies, a great many of them rare."""
    rng, left = np.random.default_rng(0), int(gigabytes * 1e9)
    while left > 0:
        numbers = rng.zipf(1.2, 100_000) % 10**12
        for row in numbers.reshape(-1, 20).tolist():
            line = " ".join(f"w{number:x}" for number in row)
            left -= len(line) + 1
            yield line


def tree_memory() -> int:
    """Return the resident bytes of this process and its descendants (Linux)."""
    parents, sizes = {}, {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int(
                    (entry / "stat").read_text().rsplit(")")[-1].split()[1]
                )
                sizes[int(entry.name)] = int((entry / "statm").read_text().split()[1])
            except OSError:
                continue
    ours, before = {os.getpid()}, 0
    while len(ours) > before:
        before = len(ours)
        ours |= {pid for pid, parent in parents.items() if parent in ours}
    return sum(sizes.get(pid, 0) for pid in ours) * os.sysconf("SC_PAGESIZE")


def memory(gigabytes: float, folder: Path) -> None:
    path = folder / "large.txt"
    with path.open("w", encoding="ascii") as file:
        file.writelines(f"{line}\n" for line in generated(gigabytes))
    whitespace = WhitespaceTokenizer()
    kept: dict[str, Callable[[], Any]] = {
        "compiled scan": lambda: path,
        "strings, 2 processes": lambda: (line for _, line in read_lines(path)),
    }
    for name, texts in kept.items():
        peak, ended = [0], threading.Event()

        def watch(peak: list[int] = peak, ended: threading.Event = ended) -> None:
            while not ended.wait(0.05):
                peak[0] = max(peak[0], tree_memory())

        watcher = threading.Thread(target=watch)
        watcher.start()
        started = time.perf_counter()
        made = Vocabulary.build(
            sorted_counts(texts(), whitespace, workers=2), min_count=2, max_size=100_000
        )
        ended.set()
        watcher.join()
        print(
            f"memory, {name}: {peak[0] / MEGABYTE:,.0f} MB at most for "
            f"{path.stat().st_size / MEGABYTE:,.0f} MB of text, {len(made):,} words, "
            f"{time.perf_counter() - started:.0f} s",
            flush=True,
        )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parts = ("scan", "kiwi", "loops", "memory")
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(parts)}")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--text", type=Path, help="for scan")
    parser.add_argument("--reviews", type=int, help="for kiwi; all if left out")
    parser.add_argument("--gigabytes", type=float, default=1, help="for memory")
    given = parser.parse_args()
    chosen = given.parts or parts
    with tempfile.TemporaryDirectory() as name:
        if "scan" in chosen:
            scan(given.text, Path(name), given.rounds)
        if "kiwi" in chosen:
            kiwi(given.rounds, given.reviews)
        if "loops" in chosen:
            loops(given.rounds)
        if "memory" in chosen:
            memory(given.gigabytes, Path(name))


if __name__ == "__main__":
    main()
