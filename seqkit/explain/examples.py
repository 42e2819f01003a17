"""Examples to show a run on, where a person gives none."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

from seqkit.corpus import Corpus
from seqkit.errors import SeqkitError
from seqkit.train.run import Run

COUNT = 3  # texts on a page
LOOKED_AT = 200  # examples, of which those of a length to show are taken
SHORT, LONG = 6, 40  # words of a text to show
PLAIN = (
    "할머니께서 부엌에서 김치를 만드셨습니다.",
    "어제 비가 많이 와서 우리는 집에 있었어요.",
    "My grandfather took a photo in Paris.",
)


def examples(run: Run, task: str, answerer: Any) -> tuple[str, ...]:
    """Return texts that the run can be shown on.

    They are of the validation rows of its corpus, or test or training rows where there are none;
    of its categories for names. Where the corpus is not on this machine, they are sentences that
    any run can read.

    Raises:
        SeqkitError: if its corpus is not here, and no sentence will do for its task.
    """
    if task == "naming":
        return tuple(answerer.categories[:COUNT])
    if task == "captioning":
        return ()
    try:
        corpus = corpus_of(run)
    except SeqkitError as error:
        if task in ("lesson", "series"):
            raise SeqkitError(f"{run.folder} has no example at hand ({error}) Give one.") from error
        return PLAIN
    if task == "series":
        return (_frames(answerer, corpus),)
    return tuple(_of_a_length(_texts(corpus)))


def corpus_of(run: Run) -> Corpus:
    """Open the corpus of a run, as it lies on this machine: nothing is fetched to show a run.

    Raises:
        SeqkitError: if it is not here.
    """
    from seqkit.recipe import find

    saved = run.settings()
    recipe = find(saved["recipe"])
    with _offline():
        return recipe.read(recipe.saved_settings(saved["settings"]))


@contextmanager
def _offline() -> Iterator[None]:
    """Refuse the network for the time of a block."""
    before = os.environ.get("SEQKIT_OFFLINE")
    os.environ["SEQKIT_OFFLINE"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["SEQKIT_OFFLINE"]
        else:
            os.environ["SEQKIT_OFFLINE"] = before


def held_out(corpus: Corpus) -> str:
    """Return the name of the split that examples are taken from."""
    return next(name for name in ("validation", "test", "train") if name in corpus.splits)


def _texts(corpus: Corpus) -> Iterator[str]:
    """Yield texts to read: of a pair, the source; of running text, its lines."""
    for example in corpus.examples(held_out(corpus)):
        if hasattr(example, "tokens"):
            yield "\t".join(token.text for token in example.tokens)
        elif hasattr(example, "source"):
            yield example.source
        elif hasattr(example, "labels"):
            yield " ".join(example.text.split())
        else:
            yield from filter(str.strip, example.text.split("\n"))


def _of_a_length(texts: Iterator[str]) -> list[str]:
    """Return a few texts, rather ones that fit a picture."""
    looked_at = list(islice(texts, LOOKED_AT))
    fitting = [text for text in looked_at if SHORT <= len(text.split()) <= LONG]
    rest = sorted((text for text in looked_at if text not in fitting), key=len)
    return [*fitting, *rest][:COUNT]


def _frames(reader: Any, corpus: Corpus) -> str:
    """Return a window of a series as a person would write it."""
    split = held_out(corpus)
    part = reader.part(corpus.examples(split), f"the {split} split", labelled=False)
    window = part.values[: reader.window].tolist()
    return "; ".join(",".join(f"{value:.6g}" for value in frame) for frame in window)
