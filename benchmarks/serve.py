"""Load on `seqkit serve`: many clients at once, and its memory over many requests.

    python benchmarks/serve.py                        # 200 clients for two minutes, then memory
    python benchmarks/serve.py --seconds 20 --memory 10000
    python benchmarks/serve.py topics=runs/classify ko-en=runs/translation --seconds 120

The server is a process of its own on 127.0.0.1, and so are the clients: one process with a
connection for each client, which asks again as soon as it is answered (no pause). Without runs of
your own, small ones are trained on the village corpus first. What is asked, in turn: a label, the
tags, words near a sum, a label, the next words and the sentence's end, a translation; each of a
sentence of the village, Korean and English by turns. Over the many requests for memory, one in 25
is a completion and one a translation, so that they end.

An answer of 429 (too much waits) or 503 (the server is stopping) is deliberate; any other that is
no 200 counts as an error, and so does a lost connection. Every load is bounded in time and number.
"""

import argparse
import asyncio
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, cycle, islice
from pathlib import Path
from typing import Any

RECIPES = {
    "topics": ("classify", "epochs=2"),
    "tags": ("tagging", "data.n=3000", "epochs=2", "hidden=48"),
    "next": (
        *("completion", "corpus=village", "data.kind=text", "data.language=ko", "data.n=8000"),
        *("epochs=2", "hidden=96", "embedding.size=64", "evaluation.next_words=0"),
    ),
    "ko-en": ("translation", "data.n=3000", "epochs=2", "encoder.hidden=64", "decoder.hidden=128"),
}
VECTORS = ("village", "kind=text", "language=ko", "n=20000", "epochs=5")
WORDS = ("고양이", "서울 - 한국 + 일본", "할머니 - 할아버지 + 아버지", "김치")
DELIBERATE = (429, 503)
MOST = 500_000  # requests of a load, whatever its time


@dataclass
class Load:
    """What came of a load."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    by_run: dict[str, list[float]] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)  # no 200, by run
    statuses: Counter[int] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)

    @property
    def errors(self) -> int:
        """Answers that are neither 200 nor deliberate, and connections lost."""
        wrong = (n for status, n in self.statuses.items() if status not in (200, *DELIBERATE))
        return sum(wrong) + self.lost.total()

    def row(self, latencies: Sequence[float]) -> str:
        """Return requests, p50, p99 and the longest, in milliseconds."""
        if not latencies:
            return "0 | - | - | -"
        ordered = sorted(latencies)
        p50, p99 = (ordered[int(share * (len(ordered) - 1))] for share in (0.5, 0.99))
        return f"{len(ordered):,} | {1e3 * p50:.0f} | {1e3 * p99:.0f} | {1e3 * ordered[-1]:.0f}"


CHEAP = ("classification", "tagging", "vectors")
COSTLY = ("language_modelling", "translation")


def requests(
    served: Sequence[dict[str, Any]], sentences: Sequence[str], rounds: int = 1
) -> Iterator[tuple[str, bytes]]:
    """Yield the name of a run and a request to it, for ever.

    In turn ``rounds`` of the cheap kinds, a label more, and the costly ones.
    """
    by_task = {one["task"]: one["name"] for one in served}
    kinds = (*(CHEAP * rounds), "classification", *COSTLY)
    texts, words = cycle(sentences), cycle(WORDS)
    for task in cycle([kind for kind in kinds if kind in by_task]):
        name = by_task[task]
        asked: dict[str, Any] = {"model": name}
        if task == "vectors":
            yield name, request("/similar", {**asked, "question": next(words), "plane": True})
        elif task == "language_modelling":
            beginning = next(texts)[:12]
            more = {"texts": [beginning], "top": 6, "length": 40}
            yield name, request("/generate", {**asked, **more})
        else:
            yield name, request("/predict", {**asked, "texts": [next(texts)], "top": 3})


def request(path: str, body: dict[str, Any]) -> bytes:
    written = json.dumps(body, ensure_ascii=False).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(written)}\r\n\r\n".encode() + written


async def answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Return the status and body of an answer."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head)
    assert length is not None, head
    return int(head.split(b" ", 2)[1]), await reader.readexactly(int(length[1]))


async def client(
    port: int, asked: Iterator[tuple[str, bytes]], load: Load, left: Iterator[int], until: float
) -> None:
    """Ask, and ask again when answered, until the time or the number is over."""
    reader = writer = None
    while time.monotonic() < until and next(left, None) is not None:
        name, sent = next(asked)
        begun = time.monotonic()
        try:
            if writer is None:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
            assert reader is not None
            writer.write(sent)
            status, _ = await asyncio.wait_for(answer(reader), 60)
        except (OSError, EOFError, TimeoutError) as error:
            load.lost[type(error).__name__] += 1
            if writer is not None:
                writer.close()
            writer = None
            await asyncio.sleep(0.1)
            continue
        took = time.monotonic() - begun
        load.statuses[status] += 1
        if status == 200:
            load.latencies.append(took)
            load.by_run.setdefault(name, []).append(took)
        else:
            load.refused[name] += 1
            await asyncio.sleep(0.5)  # told to come again later
    if writer is not None:
        writer.close()


async def load_of(
    port: int, asked: Iterator[tuple[str, bytes]], clients: int, seconds: float, most: int
) -> Load:
    """Let so many clients ask at once, for a time or so many requests."""
    load, left = Load(), iter(range(min(most, MOST)))
    begun = time.monotonic()
    until = begun + seconds
    await asyncio.gather(*(client(port, asked, load, left, until) for _ in range(clients)))
    load.seconds = time.monotonic() - begun
    return load


def rss(process: int) -> float:
    """Return the memory of a process in MiB."""
    status = Path(f"/proc/{process}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) / 1024


def cpu(process: int) -> float:
    """Return the CPU seconds that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def made(folder: Path) -> list[str]:
    """Train the small runs and vectors that are served where none are named."""
    seqkit = [sys.executable, "-m", "seqkit"]
    for name, words in RECIPES.items():
        if not (folder / name).is_dir():
            out = ["--out", str(folder / name), "-q"]
            subprocess.run([*seqkit, "train", *words, *out], check=True, stdout=subprocess.DEVNULL)
    if not (folder / "words").is_dir():
        out = ["--out", str(folder / "words"), "-q"]
        command = [*seqkit, "vectors", "train", *VECTORS, *out]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return [str(folder / name) for name in (*RECIPES, "words")]


def sentences() -> list[str]:
    """Return sentences of the village, in both languages by turns."""
    from seqkit.corpus import load

    found = []
    for language in ("ko", "en"):
        rows = load("village", {"language": language, "n": "400"}).examples("test")
        found.append([row.text for row in islice(rows, 200)])
    mixed = [text for pair in zip(*found, strict=False) for text in pair]
    random.Random(0).shuffle(mixed)
    return mixed


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("served", nargs="*", help="runs and vectors, as seqkit serve takes them")
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=120.0, help="of the load (0: none)")
    parser.add_argument("--memory", type=int, default=100_000, help="requests (0: none)")
    parser.add_argument("--folder", type=Path, help="where small runs are made, and kept")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        served = chosen.served or made(chosen.folder or Path(temporary))
        command = [sys.executable, "-m", "seqkit", "serve", *served, "--port", "0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            try:
                measure(server, chosen)
            finally:
                server.send_signal(signal.SIGTERM)
                print(f"server ended with {server.wait(30)}")


def measure(server: "subprocess.Popen[str]", chosen: argparse.Namespace) -> None:
    assert server.stdout is not None
    lines = iter(server.stdout)
    found = next(m for line in lines if (m := re.search(r"serving at http://[^:]+:(\d+)", line)))
    port, texts = int(found[1]), sentences()

    async def listed() -> list[dict[str, Any]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /served HTTP/1.1\r\nHost: localhost\r\n\r\n")
        _, body = await answer(reader)
        writer.close()
        told: list[dict[str, Any]] = json.loads(body)["served"]
        return told

    served = asyncio.run(listed())
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    busy, memory = os.getloadavg()[0], rss(server.pid)
    print(f"{cores} cores, load before: {busy:.1f}; memory of the server: {memory:.0f} MiB")
    if chosen.seconds:
        before = cpu(server.pid)
        load = asyncio.run(
            load_of(port, requests(served, texts), chosen.clients, chosen.seconds, MOST)
        )
        tell(load, chosen.clients, cpu(server.pid) - before)
    if chosen.memory:
        remember(server.pid, port, requests(served, texts, rounds=16), chosen.memory)


def tell(load: Load, clients: int, used: float) -> None:
    number = max(1, len(load.latencies))
    rate, each = number / load.seconds, 1e3 * used / number
    print(f"\n{clients} clients for {load.seconds:.0f} s: {rate:.0f} answers a second")
    print(f"CPU of the server: {used / load.seconds:.2f} cores, {each:.1f} ms an answer")
    print(f"statuses {dict(load.statuses)}, lost {dict(load.lost)}, errors {load.errors}\n")
    print("| run | not now | answers | p50 ms | p99 ms | longest ms |\n|---|---|---|---|---|---|")
    for name in sorted({*load.by_run, *load.refused}):
        print(f"| {name} | {load.refused[name]:,} | {load.row(load.by_run.get(name, []))} |")
    print(f"| all | {load.refused.total():,} | {load.row(load.latencies)} |")


def remember(process: int, port: int, asked: Iterator[tuple[str, bytes]], most: int) -> None:
    """Ask in ten parts, and tell the memory of the server after each."""
    print("\n| requests | MiB | errors |\n|---|---|---|")
    series, part = [], max(1, most // 10)
    for number in islice(count(1), 10):
        load = asyncio.run(load_of(port, asked, 32, 600.0, part))
        series.append(rss(process))
        print(f"| {number * part:,} | {series[-1]:.1f} | {load.errors} |", flush=True)
    half = series[len(series) // 2 :]
    print(f"from the half on: {min(half):.1f} to {max(half):.1f} MiB")


if __name__ == "__main__":
    main()
