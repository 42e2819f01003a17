"""What a classifier or tagger takes for what, how sure it is, and how long the texts are."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqkit.corpus import Corpus
from seqkit.data.tagged import UNSEEN
from seqkit.pages.figures import Bars, Confusion, Figure, Grid, Lines

ROWS = 2_000  # rows of a split that are looked at, evenly apart
WORDS = 40_000  # words of a tagger's rows
EXAMPLES = 8  # of a cell
LABELS = 40  # of a confusion matrix; of more, those with the most errors
NONE = "(none)"  # beside a label that was missed, or answered, with nothing in its place
UNKNOWN = "(unseen)"  # a tag that training had not
SURE, NEAR = 20, 12  # the errors that are listed; words around a tagged one
LONGEST = 300  # characters of an example
BINS = 10


@dataclass(frozen=True)
class Mistakes:
    """Answers beside the truth, for a number of texts, or of words.

    Attributes:
        of: ``texts`` or ``words``.
        split: that they are of.
        total: texts of the split; those looked at are evenly apart.
        labels: names.
        right: ``(n,)`` whether all of the answer is right.
        confidence: ``(n,)`` the probability that the model gave to its answer.
        lengths: ``(n,)`` tokens of the text.
        pairs: ``(m, 3)`` the item, its true label, the answered one, as numbers: one for each
            item, but where a text may have several labels one for each label that is right, and
            for each missed one with each wrong one.
        texts: of each item; of a word, the words around it.
    """

    of: str
    split: str
    total: int
    labels: tuple[str, ...]
    right: NDArray[np.bool_]
    confidence: NDArray[np.float64]
    lengths: NDArray[np.int64]
    pairs: NDArray[np.int64]
    texts: Sequence[str]


def of_texts(classifier: Any, corpus: Corpus, split: str) -> Mistakes:
    """Return the answers of a classifier to a split beside the truth.

    Args:
        classifier: a :class:`~seqkit.tasks.labels.labelling.Labeller`.
        corpus: labelled texts.
        split: of it.
    """
    examples = list(_evenly(corpus, split, ROWS))
    inputs = classifier.encode(example.text for example in examples)
    shares = classifier.probabilities(inputs)
    answered = classifier.answers(shares)
    number = {label: i for i, label in enumerate(classifier.labels)}
    true = np.zeros_like(answered)
    for row, example in enumerate(examples):
        for label in example.labels:
            if label in number:
                true[row, number[label]] = True
    if classifier.multi_label:  # of all decisions together
        confidence = np.where(answered, shares, 1 - shares).astype(np.float64).prod(axis=1)
    else:
        confidence = shares.max(axis=1).astype(np.float64)
    return Mistakes(
        "texts",
        split,
        len(corpus.split(split)),
        (*classifier.labels, NONE),
        (answered == true).all(axis=1),
        confidence,
        np.asarray(inputs.rows.lengths, np.int64),
        _pairs(answered, true),
        [example.text for example in examples],
    )


def _pairs(answered: NDArray[np.bool_], true: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Pair labels as :func:`seqkit.train.metrics.report` does; what has no partner, with none."""
    none = true.shape[1]
    pairs: list[tuple[int, int, int]] = []
    for row in range(len(true)):
        pairs += [(row, i, i) for i in np.flatnonzero(true[row] & answered[row]).tolist()]
        missed = np.flatnonzero(true[row] & ~answered[row]).tolist()
        wrong = np.flatnonzero(answered[row] & ~true[row]).tolist()
        if missed or wrong:
            pairs += [(row, i, j) for i in missed or [none] for j in wrong or [none]]
    return np.array(pairs, np.int64).reshape(-1, 3)


def of_words(tagger: Any, corpus: Corpus, split: str) -> Mistakes:
    """Return the answers of a tagger to the words of a split beside the truth.

    Args:
        tagger: a :class:`~seqkit.tasks.tags.text_tagger.TextTagger`.
        corpus: tagged texts.
        split: of it.
    """
    examples: list[Any] = []
    words = 0
    for example in _evenly(corpus, split, ROWS):
        words += len(example.tokens)
        if words > WORDS and examples:
            break
        if example.tokens:
            examples.append(example)
    rows = tagger.examples(examples, f"the {split} split")
    answers = list(tagger.answer(rows))
    said = np.concatenate([answer.tags for answer in answers])
    hits = [answer.likely == answer.tags[:, None] for answer in answers]
    shares = [
        (answer.probabilities * hit).sum(axis=1) for answer, hit in zip(answers, hits, strict=True)
    ]
    true = np.asarray(rows.tags, np.int64)
    unseen = len(tagger.tags)
    pairs = np.stack([np.arange(len(said)), np.where(true == UNSEEN, unseen, true), said], axis=1)
    return Mistakes(
        "words",
        split,
        len(corpus.split(split)),
        (*tagger.tags, UNKNOWN),
        said == true,
        np.concatenate(shares).astype(np.float64),
        np.repeat(rows.words.lengths, rows.words.lengths).astype(np.int64),
        pairs.astype(np.int64),
        list(_around(examples)),
    )


def _around(examples: Iterable[Any]) -> Iterator[str]:
    """Yield each word of each text, marked, with those around it."""
    for example in examples:
        words = [token.text for token in example.tokens]
        for place, word in enumerate(words):
            before = words[max(0, place - NEAR) : place]
            after = words[place + 1 : place + 1 + NEAR]
            yield " ".join([*before, f"⟦{word}⟧", *after])


def _evenly(corpus: Corpus, split: str, most: int) -> Iterator[Any]:
    """Yield at most so many examples, evenly apart: a split may be in the order of its labels."""
    every = -(-len(corpus.split(split)) // most)
    return (each for i, each in enumerate(corpus.examples(split)) if i % max(1, every) == 0)


def figures(found: Mistakes) -> list[Figure]:
    """Return the mistakes as figures: who is taken for whom, when, and how surely."""
    if not len(found.right):
        return []
    return [confusion(found), by_length(found), calibration(found), surest(found)]


def confusion(found: Mistakes) -> Confusion:
    """Return what was answered for what, with examples of each cell, surest errors first."""
    names, pairs = found.labels, found.pairs
    counts = np.zeros((len(names), len(names)), np.int64)
    np.add.at(counts, (pairs[:, 1], pairs[:, 2]), 1)
    wrong = counts - np.diag(counts.diagonal())
    weight = wrong.sum(axis=0) + wrong.sum(axis=1)
    used = np.flatnonzero(counts.sum(axis=0) + counts.sum(axis=1))
    shown = np.sort(used[np.argsort(-weight[used], kind="stable")][:LABELS])
    cut = (
        f" The {LABELS} of {len(used):,} labels with the most errors." if len(used) > LABELS else ""
    )
    looked = f"{len(found.right):,} {found.of} of the {found.split} split, " if found.of else ""
    number = {int(label): i for i, label in enumerate(shown)}
    examples: dict[tuple[int, int], list[str]] = {}
    for item, true, said in pairs[
        np.argsort(-found.confidence[pairs[:, 0]], kind="stable")
    ].tolist():
        if true in number and said in number:
            cell = examples.setdefault((number[true], number[said]), [])
            if len(cell) < EXAMPLES:
                cell.append(_cut(found.texts[item]))
    return Confusion(
        f"What is taken for what ({found.split})",
        f"{looked}{found.right.mean():.1%} right. Each row is a true label, and its colours are "
        f"shares of it. Choose a cell to read examples, the surest first.{cut}",
        [names[i] for i in shown],
        counts[np.ix_(shown, shown)],
        examples,
    )


def by_length(found: Mistakes) -> Bars:
    """Return the share of errors by the length of the text, in tenths of the items."""
    edges = np.unique(np.quantile(found.lengths, np.linspace(0, 1, 9)).astype(np.int64))
    if len(edges) == 1:
        edges = np.array([edges[0], edges[0] + 1])
    bins = np.clip(np.searchsorted(edges, found.lengths, side="right") - 1, 0, len(edges) - 2)
    names, values = [], []
    for place in range(len(edges) - 1):
        inside = bins == place
        if inside.any():
            low, high = found.lengths[inside].min(), found.lengths[inside].max()
            span = f"{low}" if low == high else f"{low} to {high}"
            names.append(f"{span} ({inside.sum():,})")
            values.append(float((~found.right[inside]).mean()))
    return Bars(
        "Errors by length",
        f"The share of wrong {found.of} by the tokens of a text; in brackets, how many there are.",
        names,
        values,
        "share wrong",
    )


def calibration(found: Mistakes) -> Lines:
    """Return how often the answers of each confidence are right.

    The expected calibration error is the mean over items of the distance between the two
    (Guo et al. 2017, 1706.04599, section 2).
    """
    bins = np.minimum((found.confidence * BINS).astype(np.int64), BINS - 1)
    counts = np.bincount(bins, minlength=BINS)
    used = np.flatnonzero(counts)
    mean = np.bincount(bins, found.confidence, BINS)[used] / counts[used]
    right = np.bincount(bins, found.right.astype(np.float64), BINS)[used] / counts[used]
    gap = float((counts[used] * np.abs(mean - right)).sum() / counts.sum())
    wrong = found.confidence[~found.right]
    sure = (
        f" Errors have a confidence of {np.median(wrong):.2f} in the median." if len(wrong) else ""
    )
    return Lines(
        "Confidence",
        "How often an answer is right that the model was so sure of. Below the dashed line it is "
        f"surer than it should be. Expected calibration error {gap:.3f}.{sure}",
        [float(f"{x:.4g}") for x in mean],
        {"share right": right.tolist(), "as it should be": mean.tolist()},
        "confidence of the answer",
        "share right",
    )


def surest(found: Mistakes) -> Grid:
    """Return the errors that the model was surest of."""
    rows, seen = [], set[int]()
    order = np.argsort(-found.confidence[found.pairs[:, 0]], kind="stable")
    for item, true, said in found.pairs[order].tolist():
        if found.right[item] or item in seen:
            continue
        seen.add(item)
        confidence, length = round(float(found.confidence[item]), 3), int(found.lengths[item])
        text = _cut(found.texts[item])
        rows.append([found.labels[true], found.labels[said], confidence, length, text])
        if len(rows) == SURE:
            break
    return Grid(
        "The surest errors",
        "What the model was most sure of and wrong: hard cases, and labels to check.",
        ["true", "answered", "confidence", "tokens", "text"],
        rows,
    )


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"
