"""The splits of a labelled corpus: one held out to choose on, and one misspelt."""

from collections.abc import Iterator

from seqkit.corpus import Corpus, Labelled
from seqkit.text.noise import perturb_all

NOISY = "noisy"  # the test split, perturbed


def with_validation(corpus: Corpus, fraction: float) -> Corpus:
    """Return the corpus with a validation split: its own, or one held out of train."""
    if not fraction or "validation" in corpus.splits:
        return corpus
    return corpus.hold_out(fraction, seed=0)


def rows_of(corpus: Corpus, split: str, noise: float) -> Iterator[Labelled]:
    """Return the rows of a split; with ``noise``, there is also one of test misspelt.

    Raises:
        SeqkitError: if there is no such split.
    """
    if split != NOISY or not noise:
        corpus.split(split)
        return corpus.examples(split)
    rows = list(corpus.examples("test"))
    texts = perturb_all((row.text for row in rows), seed=0, rate=noise)
    return (Labelled(text, row.labels) for text, row in zip(texts, rows, strict=True))
