"""Next-word accuracy of a completion run beside a Kneser-Ney trigram model of the same text.

Both see the run's training split and complete the same words of its test split, each after what
stands before it in its line; a word is what stands between white spaces, marks included, and an
answer counts only if it is the very word. The run writes its words unit by unit.

    seqkit train completion --out runs/completion
    python benchmarks/completion.py runs/completion --words 5000

The trigram model is interpolated modified Kneser-Ney (benchmarks/kneser_ney.py). All words of
the training text are in its vocabulary, or those of `--min-count`.
"""

import argparse
import time
from pathlib import Path

import torch
from kneser_ney import KneserNey

from seqkit.recipe import find
from seqkit.tasks.language.language_modelling import with_end_held_out
from seqkit.tasks.language.next_word import TOP, asked, next_words
from seqkit.tasks.language.text_writer import TextWriter
from seqkit.train.run import Run

PROMPTS = ("나는 지각을", "그래서 선생님께 혼이", "내 짝은 우리반에서 가장")


def main() -> None:
    """Print both accuracies, and what both say to the prompts of the recipe."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--split", default="test")
    parser.add_argument("--words", type=int, default=5000, help="to complete")
    parser.add_argument("--order", type=int, default=3, help="of the n-gram model")
    parser.add_argument("--min-count", type=int, default=1, help="rarer words are unknown to it")
    given = parser.parse_args()
    torch.set_num_threads(1)
    run = Run.open(given.run)
    saved = run.settings()
    recipe = find(saved["recipe"])
    chosen = recipe.saved_settings(saved["settings"])
    corpus = with_end_held_out(recipe.read(chosen), chosen.validation)
    lines = [line.split() for text in corpus.texts("train") for line in text.split("\n")]
    baseline = KneserNey(lines, order=given.order, min_count=given.min_count)
    pairs = asked(corpus.texts(given.split), given.words)

    started = time.process_time()
    first = among = 0
    for before, word in pairs:
        told = baseline.best(before.split(), TOP)
        first, among = first + (told[:1] == [word]), among + (word in told)
    rows = [(f"Kneser-Ney, order {given.order}", first / len(pairs), among / len(pairs))]
    seconds = [time.process_time() - started]

    started = time.process_time()
    writer = TextWriter.load(run)
    found = next_words(writer.completer, pairs)
    rows.append((f"seqkit, {given.run.name}", found.top1, found.top5))
    seconds.append(time.process_time() - started)

    print(f"{len(pairs):,} words of {corpus.name}, {given.split}")
    print(f"{'':28}{'top 1':>9}{'top 5':>9}{'CPU ms a word':>15}")
    for (name, top1, top5), spent in zip(rows, seconds, strict=True):
        print(f"{name:28}{top1:9.4f}{top5:9.4f}{1000 * spent / len(pairs):15.1f}")
    for prompt, words in zip(PROMPTS, writer.completer.words(PROMPTS, 10), strict=True):
        print(f"\n{prompt} ___")
        print("  seqkit:    ", ", ".join(f"{word.text} {word.probability:.3f}" for word in words))
        print("  Kneser-Ney:", ", ".join(baseline.best(prompt.split(), 10)))


if __name__ == "__main__":
    main()
