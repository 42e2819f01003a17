"""Tiny runs and vectors to serve, and a server as a process of its own."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from seqkit.recipe import find
from seqkit.train.loop import Trainer
from seqkit.train.progress import Progress
from seqkit.train.run import Run
from seqkit.vectors import WordVectors

TINY = {
    "topics": ("classify", "data.n=200", "epochs=1", "hidden=4", "embedding.size=4"),
    "tags": (
        *("tagging", "data.n=200", "epochs=1", "hidden=4", "embedding.size=4"),
        "word_encoder.features=4",
    ),
    "next": (
        *("completion", "corpus=village", "data.kind=text", "data.language=ko", "data.n=200"),
        *("epochs=1", "hidden=4", "embedding.size=4", "bptt=10", "evaluation.next_words=0"),
    ),
    "ko-en": (
        *("translation", "data.n=200", "epochs=1", "model.embedding.size=8"),
        *("decoder.embedding.size=8", "encoder.hidden=4", "decoder.hidden=8", "pieces=700"),
        *("evaluation.length=12", "beam=2"),
    ),
}


def tiny_runs(folder: Path) -> Path:
    """Train a tiny run of each kind, and make word vectors, in ``folder``."""
    for name, (recipe, *words) in TINY.items():
        found = find(recipe)
        job = found.build(found.settings(words))
        Trainer(job, job.settings.train, Run.create(folder / name), Progress(quiet=True)).fit()
    words_of(folder / "words")
    return folder


def words_of(folder: Path) -> None:
    """Save vectors in which countries and capitals, and two more words, stand where they should."""
    made = {
        "한국": [1, 0, 1, 0], "서울": [1, 1, 1, 0], "일본": [1, 0, 0, 1], "도쿄": [1, 1, 0, 1],
        "고양이": [-1, 0.2, 0, 0], "cat": [-1, 0.1, 0, 0.1],
    }  # fmt: skip
    WordVectors.of(list(made), np.array(list(made.values()), np.float32)).save(folder)


@contextmanager
def process(
    *words: str | Path, seconds: float = 60.0, env: dict[str, str] | None = None
) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """Start ``seqkit serve`` at a free port of this machine; give its address and the process."""
    command = [sys.executable, "-m", "seqkit", "serve", *map(str, words), "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env
    ) as started:
        try:
            assert started.stdout is not None
            for line in started.stdout:
                if found := re.match(r"serving at (http://\S+)", line):
                    yield found[1], started
                    break
            else:
                assert started.stderr is not None
                raise AssertionError(started.stderr.read())
        finally:
            if started.poll() is None:
                started.kill()
