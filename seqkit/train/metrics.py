"""Scores of a classifier: accuracy, precision, recall, F1, and what is taken for what."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

MOST_CONFUSED = 15  # pairs of classes that a person is shown


class Table(NamedTuple):
    """Rows under named columns, as a person is to see them; ``decimals`` of every fraction."""

    title: str | None
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    decimals: int | None = None


@dataclass(frozen=True)
class ClassScore:
    """How one class fared; ``support`` is how many rows truly have it."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Confusion:
    """``count`` rows of class ``true`` were answered with ``predicted``."""

    true: str
    predicted: str
    count: int


@dataclass(frozen=True)
class Report:
    """The scores of a split.

    ``accuracy`` is the share of rows answered exactly (all labels, where there are several);
    ``micro_f1`` counts decisions, ``macro_f1`` is the mean over classes with support.
    """

    rows: int
    loss: float
    accuracy: float
    micro_f1: float
    macro_f1: float
    classes: tuple[ClassScore, ...]
    confusions: tuple[Confusion, ...]

    @property
    def scores(self) -> dict[str, float]:
        """The single figures by name."""
        names = ("loss", "accuracy", "micro_f1", "macro_f1")
        return {name: getattr(self, name) for name in names}

    def tables(self) -> list[Table]:
        """Return the single figures, each class, and what is confused most."""
        figures = [["rows", self.rows], *([name, value] for name, value in self.scores.items())]
        each = [[c.label, c.precision, c.recall, c.f1, c.support] for c in self.classes]
        mixed = [[c.true, c.predicted, c.count] for c in self.confusions[:MOST_CONFUSED]]
        tables = [
            Table(None, ["score", "value"], figures),
            Table(None, ["class", "precision", "recall", "F1", "rows"], [r for r in each if r[4]]),
        ]
        return tables + ([Table(None, ["true", "answered", "times"], mixed)] if mixed else [])

    def as_dict(self) -> dict[str, Any]:
        """Return the whole report as plain values, ready for JSON."""
        return asdict(self)


def report(
    answered: NDArray[np.bool_], true: NDArray[np.bool_], labels: Sequence[str], loss: float
) -> Report:
    """Compare answers with the truth, both ``(rows, labels)`` boolean.

    F1 = 2 tp / (2 tp + fp + fn), 0 where a class is neither answered nor true. Confusions pair
    each missed label with each label answered wrongly in the same row, most frequent first.
    """
    hit = (answered & true).sum(axis=0)
    said = answered.sum(axis=0)
    support = true.sum(axis=0)
    precision = _ratio(hit, said)
    recall = _ratio(hit, support)
    f1 = _ratio(2 * hit, said + support)
    present = support > 0
    classes = tuple(
        ClassScore(label, float(p), float(r), float(f), int(n))
        for label, p, r, f, n in zip(labels, precision, recall, f1, support, strict=True)
    )
    return Report(
        rows=len(true),
        loss=loss,
        accuracy=float((answered == true).all(axis=1).mean()) if len(true) else 0.0,
        micro_f1=float(_ratio(2 * hit.sum(), said.sum() + support.sum())),
        macro_f1=float(f1[present].mean()) if present.any() else 0.0,
        classes=classes,
        confusions=_confusions(answered, true, labels),
    )


def _ratio(part: Any, whole: Any) -> Any:
    part, whole = np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64)
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def _confusions(
    answered: NDArray[np.bool_], true: NDArray[np.bool_], labels: Sequence[str]
) -> tuple[Confusion, ...]:
    missed = (true & ~answered).astype(np.int64)
    wrong = (answered & ~true).astype(np.int64)
    counts = missed.T @ wrong
    pairs = sorted(np.argwhere(counts).tolist(), key=lambda ij: (-counts[ij[0], ij[1]], ij))
    return tuple(Confusion(labels[i], labels[j], int(counts[i, j])) for i, j in pairs)
