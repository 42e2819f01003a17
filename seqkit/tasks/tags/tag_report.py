"""Scores of a tagger: accuracy, also on unknown words; spans; what is taken for what."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqkit.data.spans import SpanScore, are_spans, span_scores
from seqkit.data.tagged import UNSEEN
from seqkit.train.metrics import MOST_CONFUSED, ClassScore, Confusion, Table

OTHER = "S-(unseen)"  # a span that training had not, where its name is not told


@dataclass(frozen=True)
class TagReport:
    """The scores of a split.

    Attributes:
        rows: texts.
        words: their words.
        loss: mean negative log-likelihood of a word's tag, of tags that training had.
        accuracy: share of words with the right tag; one that training had not is never right.
        unknown: share of words that are not in the vocabulary.
        unknown_accuracy: accuracy on those.
        unseen_tags: words whose tag training had not.
        classes: each tag.
        confusions: what was answered for what, the most frequent first.
        spans: all together, then each type, where the tags write spans; else none.
        beside_accuracy: share of words with the right second tag, where they are learnt.
        multiword_ranges: in a CoNLL-U file of the user's: their words are scored.
        empty_nodes: likewise; they are left out.
    """

    rows: int
    words: int
    loss: float
    accuracy: float
    unknown: float
    unknown_accuracy: float
    unseen_tags: int
    classes: tuple[ClassScore, ...]
    confusions: tuple[Confusion, ...]
    spans: tuple[SpanScore, ...] = ()
    beside_accuracy: float | None = None
    multiword_ranges: int = 0
    empty_nodes: int = 0

    @property
    def scores(self) -> dict[str, float]:
        """The single figures by name; of spans, precision, recall and F1 of all together."""
        names = ["loss", "accuracy", "unknown", "unknown_accuracy", "unseen_tags"]
        scores: dict[str, float] = {name: getattr(self, name) for name in names}
        if self.spans:
            every = self.spans[0]
            scores |= {"precision": every.precision, "recall": every.recall, "f1": every.f1}
        if self.beside_accuracy is not None:
            scores["beside_accuracy"] = self.beside_accuracy
        return scores

    def tables(self) -> list[Table]:
        """Return the single figures, each span type or tag, and what is confused most."""
        figures: list[list[object]] = [["texts", self.rows], ["words", self.words]]
        for name in ("multiword_ranges", "empty_nodes"):
            if getattr(self, name):
                figures.append([name, getattr(self, name)])
        figures += [[name, value] for name, value in self.scores.items()]
        tables = [Table(None, ["score", "value"], figures)]
        if self.spans:
            each = [[s.type, s.precision, s.recall, s.f1, s.true] for s in self.spans[1:]]
            tables.append(Table(None, ["span", "precision", "recall", "F1", "spans"], each))
        classes = [[c.label, c.precision, c.recall, c.f1, c.support] for c in self.classes]
        tables.append(Table(None, ["tag", "precision", "recall", "F1", "words"], classes))
        mixed = [[c.true, c.predicted, c.count] for c in self.confusions[:MOST_CONFUSED]]
        return tables + ([Table(None, ["true", "answered", "times"], mixed)] if mixed else [])

    def as_dict(self) -> dict[str, Any]:
        """Return the whole report as plain values, ready for JSON."""
        return asdict(self) | self.scores | {"spans": [span._asdict() for span in self.spans]}


def tag_report(
    answered: NDArray[np.integer[Any]],
    true: NDArray[np.integer[Any]],
    tags: Sequence[str],
    offsets: NDArray[np.int64],
    *,
    unknown: NDArray[np.bool_],
    loss: float,
    unseen: Mapping[int, str] | None = None,
) -> TagReport:
    """Compare tags, ``(words,)`` numbers of texts end to end; ``offsets`` says where one ends.

    Args:
        answered: numbers of ``tags``.
        true: likewise, or ``UNSEEN``.
        tags: their names.
        offsets: ``(texts + 1,)``.
        unknown: ``(words,)``, True where the word is not in the vocabulary.
        loss: of a word.
        unseen: the true tag at places where ``true`` is ``UNSEEN``, of which spans are cut.
    """
    right = answered == true
    mixed = Counter(zip(true[~right].tolist(), answered[~right].tolist(), strict=True))
    write_spans = are_spans(tags)
    names = [*tags, OTHER if write_spans else "(unseen)"]  # at UNSEEN, -1
    ordered = sorted(mixed.items(), key=lambda item: (-item[1], item[0]))
    return TagReport(
        rows=len(offsets) - 1,
        words=len(true),
        loss=loss,
        accuracy=_share(right),
        unknown=_share(unknown),
        unknown_accuracy=_share(right[unknown]),
        unseen_tags=int((true == UNSEEN).sum()),
        classes=tuple(_classes(answered, true, tags)),
        confusions=tuple(Confusion(names[a], names[b], n) for (a, b), n in ordered),
        spans=_spans(answered, true, names, offsets, unseen or {}) if write_spans else (),
    )


def _share(of: NDArray[np.bool_]) -> float:
    return float(of.mean()) if of.size else 0.0


def _classes(
    answered: NDArray[np.integer[Any]], true: NDArray[np.integer[Any]], tags: Sequence[str]
) -> list[ClassScore]:
    size = len(tags)
    support = np.bincount(true[true != UNSEEN], minlength=size)
    said = np.bincount(answered, minlength=size)
    hit = np.bincount(answered[answered == true], minlength=size)
    scores = []
    for tag, n, s, h in zip(tags, support.tolist(), said.tolist(), hit.tolist(), strict=True):
        if n:
            scores.append(ClassScore(tag, h / s if s else 0.0, h / n, 2 * h / (n + s), n))
    return scores


def _spans(
    answered: NDArray[np.integer[Any]],
    true: NDArray[np.integer[Any]],
    names: Sequence[str],
    offsets: NDArray[np.int64],
    unseen: Mapping[int, str],
) -> tuple[SpanScore, ...]:
    def rows(named: list[str]) -> list[list[str]]:
        return [named[begin:end] for begin, end in pairwise(offsets.tolist())]

    right = [unseen.get(i, names[number]) for i, number in enumerate(true.tolist())]
    return tuple(span_scores(rows(right), rows([names[number] for number in answered.tolist()])))
