"""How well names are predicted, and how well their category is told from them."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from seqkit.corpus import Labelled
from seqkit.errors import SeqkitError, unknown
from seqkit.settings import settings
from seqkit.train.metrics import Report, Table, report


@settings
class NamingEvaluation:
    """How names are scored."""

    prior: Literal["train", "uniform"] = Field(
        default="train", description="of categories, when names are read backwards"
    )
    read_back: int = Field(
        default=500,
        ge=0,
        description="validation names read backwards in an epoch (0: all); of test it is all",
    )
    drawn: int = Field(
        default=500, ge=0, description="names drawn to see how many are new (0: none)"
    )


@dataclass(frozen=True)
class NameScores:
    """The scores of a number of names, each in its category.

    A name of several categories is a row for each, of which one at most can be told right:
    ``ceiling`` is the accuracy of one who knows all names and their categories.

    Attributes:
        nats: the negative log-likelihood of all names in their categories, ends included.
        units: of the names, as the model spells them, ends included.
        unknown: how many of those are unknown: their spelling is not accounted for.
        characters: of the names: code points, ends included.
        ceiling: of each name the rows of its commonest category, a row.
        new: the share of names drawn from the model that are no training names; None if not known.
        rows: the names.
        report: how well categories were told; where they are many, of some names alone.
    """

    nats: float
    units: int
    unknown: int
    characters: int
    ceiling: float
    new: float | None
    rows: int
    report: Report

    @property
    def scores(self) -> dict[str, float]:
        """The figures by name; those of a character compare models of any units."""
        figures = {
            "loss": self.nats / self.units,
            "perplexity": math.exp(min(self.nats / self.characters, 700.0)),
            "bits_per_character": self.nats / math.log(2) / self.characters,
            "accuracy": self.report.accuracy,
            "macro_f1": self.report.macro_f1,
            "unknown": self.unknown / self.units,
        }
        return figures if self.new is None else figures | {"new": self.new}

    def tables(self) -> list[Table]:
        """Return the figures, each category, and what is confused most."""
        counted = {"names": self.rows, "characters": self.characters}
        figures = counted | self.scores | {"best possible accuracy": self.ceiling}
        _, *others = self.report.tables()
        return [Table(None, ["score", "value"], [[n, v] for n, v in figures.items()]), *others]

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as plain values."""
        return self.report.as_dict() | asdict(self) | self.scores  # the loss: of a unit


def posterior(nats: NDArray[np.float64], prior: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``p(category | name)`` by Bayes' rule.

    Args:
        nats: ``-log p(name | category)``, ``(names, categories)``.
        prior: ``p(category)``, ``(categories,)``, above 0.
    """
    joint = np.log(prior) - nats
    joint -= joint.max(axis=1, keepdims=True)
    shares = np.exp(joint)
    result: NDArray[np.float64] = shares / shares.sum(axis=1, keepdims=True)
    return result


def told(
    nats: NDArray[np.float64],
    prior: NDArray[np.float64],
    true: NDArray[np.int64],
    categories: Sequence[str],
) -> Report:
    """Compare the most probable category of each name with the true one, ``(names,)``."""
    shares = posterior(nats, prior)
    every = np.arange(len(categories))
    loss = -np.log(np.maximum(shares[np.arange(len(true)), true], 1e-300)).mean()
    answered = shares.argmax(axis=1)[:, None] == every
    return report(answered, true[:, None] == every, categories, float(loss))


def ceiling(rows: Sequence[Labelled]) -> float:
    """Return the accuracy of one who tells the commonest category of every name."""
    counts: dict[str, Counter[str]] = {}
    for row in rows:
        counts.setdefault(row.text, Counter()).update(row.labels)
    return sum(max(each.values()) for each in counts.values()) / len(rows)


def category_numbers(
    rows: Sequence[Labelled], categories: Sequence[str], where: str
) -> NDArray[np.int64]:
    """Return the number of each row's category, ``(rows,)``.

    Raises:
        SeqkitError: if a row has none or several, or one that training had not.
    """
    number = {name: i for i, name in enumerate(categories)}
    found = np.zeros(len(rows), dtype=np.int64)
    for place, row in enumerate(rows):
        if len(row.labels) != 1:
            raise SeqkitError(
                f"row {place + 1} of {where} has {len(row.labels)} categories: a name is one row "
                "for each of its own."
            )
        (label,) = row.labels
        if label not in number:
            raise unknown("category", label, categories, f"row {place + 1} of {where}")
        found[place] = number[label]
    return found
