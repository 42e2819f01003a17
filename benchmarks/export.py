"""Runs by torch beside their ONNX graphs, whole and with weights of 8 bits: size, speed, score.

    seqkit train sentiment corpus=sst data.version=sst2 epochs=1 pretrain=none \
        text.ngrams.bits=16 embedding.size=100 noise=0 --out runs/sst
    seqkit train tagging corpus=ud data.treebank=en_ewt epochs=1 hidden=100 --out runs/ewt
    seqkit train language_model corpus=shakespeare tokenizer=character bptt=64 epochs=1 \
        hidden=256 layers=1 embedding.size=64 model.projection=true --out runs/shakespeare
    seqkit train translation epochs=2 data.n=2000 --out runs/village
    python benchmarks/export.py runs/sst runs/ewt runs/shakespeare runs/village

Times are of one call on one thread, in CPU milliseconds, the median of many: of 1 and of 8 rows
of 25 tokens; of a language model and a decoder, of one token of each row. Scores are of the test
split, at most `--rows` of it: accuracy; perplexity of a character, each after those before it in
its row; BLEU of greedy translations.
"""

import argparse
import math
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from seqkit.cli.output import print_table
from seqkit.corpus import Corpus
from seqkit.export import runtime
from seqkit.export.exporting import PARTS, export
from seqkit.export.models import Part
from seqkit.export.sessions import session
from seqkit.predict import load
from seqkit.recipe import find
from seqkit.train.run import Run

STEPS = ("language_modelling", "decoder")  # what is called for one token
LENGTH = 25  # tokens of a row that is read at once


def main() -> None:
    """Print one table of all runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--rows", type=int, default=1000, help="of the test split")
    given = parser.parse_args()
    torch.set_num_threads(1)
    table: list[list[object]] = []
    with tempfile.TemporaryDirectory() as folder:
        for run in given.runs:
            whole, small = Path(folder) / run.name, Path(folder) / f"{run.name}-int8"
            export(run, whole)
            export(run, small, int8=True)
            table += rows_of(run, [whole, small], given.rows)
    columns = ("run", "by", "MB", "ms, 1 row", "ms, 8 rows", "score")
    print_table(None, columns, table)


def rows_of(run: Path, exported: Sequence[Path], most: int) -> list[list[object]]:
    """Return a row for each graph of a run and each way to run it."""
    saved = Run.open(run).settings()
    task, recipe = saved["task"], find(saved["recipe"])
    corpus = recipe.read(recipe.saved_settings(saved["settings"]))
    torch_answers = load(run)
    answerers = [torch_answers, *map(runtime.load, exported)]
    scores = [SCORES[task](answerer, corpus, most) for answerer in answerers]
    table: list[list[object]] = []
    for part in PARTS[task](torch_answers):
        steps = part.name in STEPS or task in STEPS
        inputs = [part.example(n, 1 if steps else LENGTH, np.random.default_rng(0)) for n in (1, 8)]
        ways: list[tuple[str, float, Callable[[Any], Any]]] = [
            ("torch", (run / "model.safetensors").stat().st_size, torch_call(part, torch_answers)),
        ]
        for name, folder in zip(("onnx", "onnx int8"), exported, strict=True):
            data = (folder / f"{part.name}.onnx").read_bytes()
            ways.append((name, len(data), session(data, name, threads=1)))
        name = run.name if part.name == "model" else f"{run.name} {part.name}"
        for (by, size, call), score in zip(ways, scores, strict=True):
            times = [1000 * seconds(call, arrays) for arrays in inputs]
            table.append([name, by, size / 1e6, *times, score])
    return table


def torch_call(part: Part, answerer: Any) -> Callable[[Any], Any]:
    """Return torch's own way; of a language model, the lean step that decoding takes."""
    if not hasattr(answerer, "completer"):
        return torch.inference_mode()(part.expected)
    model = answerer.completer.model

    def step(arrays: Any) -> Any:
        rows = len(arrays["ids"])
        return model.step(torch.from_numpy(arrays["ids"][:, 0]), model.initial_state(rows))

    return torch.inference_mode()(step)


def seconds(call: Callable[[Any], Any], given: Any, times: int = 60) -> float:
    """Return the median CPU time of a call."""
    found = []
    for _ in range(times):
        began = time.process_time()
        call(given)
        found.append(time.process_time() - began)
    return median(found[times // 6 :])


def accuracy(answerer: Any, corpus: Corpus, most: int) -> float:
    """Return the share of texts whose label is right."""
    examples = [row for row, _ in zip(corpus.examples("test"), range(most), strict=False)]
    answers = answerer.stream(row.text for row in examples)
    right = [a.label in e.labels for a, e in zip(answers, examples, strict=True)]
    return sum(right) / len(right)


def tag_accuracy(answerer: Any, corpus: Corpus, most: int) -> float:
    """Return the share of words whose tag is right."""
    examples = [row for row, _ in zip(corpus.examples("test"), range(most), strict=False)]
    answers = answerer.tag([token.text for token in row.tokens] for row in examples)
    right = [
        said.tag == true.tag
        for answer, row in zip(answers, examples, strict=True)
        for said, true in zip(answer.tokens, row.tokens, strict=True)
    ]
    return float(sum(right) / len(right))


def perplexity(answerer: Any, corpus: Corpus, most: int) -> float:
    """Return the perplexity of a token, of rows that are read side by side, a token a step."""
    known = getattr(answerer, "completer").joiner  # noqa: B009, of either runtime's writer
    text = "\n".join(corpus.texts("test"))[: most * 50]
    ids = np.array(known.vocabulary.ids(known.tokenizer.words(text)))
    rows = ids[: len(ids) // 50 * 50].reshape(-1, 50)
    completer, nats = answerer.completer, 0.0
    onnx = not hasattr(completer.model, "initial_state")
    if onnx:
        sizes = {i.name: i.shape[1] for i in completer.model.runner.get_inputs()[2:]}
        state: Any = {n: np.zeros((len(rows), size), np.float32) for n, size in sizes.items()}
    else:
        state = completer.model.initial_state(len(rows))
    for at in range(49):
        if onnx:
            logs, state = completer.step(rows[:, at], state)
        else:
            with torch.inference_mode():
                said, state = completer.model.step(torch.from_numpy(rows[:, at]), state)
            logs = said.numpy()
        nats -= float(np.take_along_axis(logs, rows[:, at + 1, None], axis=1).sum())
    return math.exp(nats / (49 * len(rows)))


def bleu(answerer: Any, corpus: Corpus, most: int) -> float:
    """Return the BLEU of greedy translations."""
    from sacrebleu import corpus_bleu

    pairs = [row for row, _ in zip(corpus.examples("test"), range(most), strict=False)]
    greedy = answerer.with_options({"beam": 1, "top": 1})
    texts = [answer.text for answer in greedy.stream(pair.source for pair in pairs)]
    return float(corpus_bleu(texts, [[pair.target for pair in pairs]]).score)


SCORES: dict[str, Callable[[Any, Corpus, int], float]] = {
    "classification": accuracy,
    "tagging": tag_accuracy,
    "language_modelling": perplexity,
    "translation": bleu,
}

if __name__ == "__main__":
    main()
