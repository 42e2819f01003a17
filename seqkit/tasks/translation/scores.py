"""How good translations are: BLEU and chrF as sacreBLEU counts them, and perplexity beside."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from pydantic import Field

from seqkit.settings import settings
from seqkit.tasks.translation.writing import SearchSettings
from seqkit.train.metrics import Table

BleuTokenizer = Literal["13a", "intl", "char", "none"]


@settings
class EvaluationSettings(SearchSettings):
    """How a run is scored: the search, and the metrics."""

    greedy: int = Field(
        default=0,
        ge=0,
        description="validation sentences translated after each epoch, to choose by BLEU (0: none)",
    )
    bleu: BleuTokenizer = Field(
        default="13a", description="what BLEU counts: sacreBLEU's words (13a, intl), or char"
    )


@dataclass(frozen=True)
class TranslationScores:
    """How well a number of sentences was translated.

    Attributes:
        rows: sentences.
        tokens: units of the references, the end of each counted.
        nats: the negative log-likelihood of the references.
        bleu: corpus BLEU (Papineni et al. 2002), 0 to 100, cased and detokenised.
        chrf: chrF2 (Popovic 2015), 0 to 100.
        accuracy: the share of sentences that are their reference, letter by letter.
        signatures: sacreBLEU's, by the name of the metric.
    """

    rows: int
    tokens: int
    nats: float
    bleu: float
    chrf: float
    accuracy: float
    signatures: dict[str, str] = field(default_factory=dict)

    @property
    def scores(self) -> dict[str, float]:
        """The single figures by name; perplexity is of a unit."""
        named = {name: getattr(self, name) for name in ("bleu", "chrf", "accuracy")}
        return likelihood(self.nats, self.tokens) | named

    def tables(self) -> list[Table]:
        """Return the figures, and how they were counted."""
        counted = [["sentences", self.rows], ["units", self.tokens]]
        figures = [*counted, *([name, value] for name, value in self.scores.items())]
        signatures = [[name, text] for name, text in self.signatures.items()]
        return [
            Table(None, ["score", "value"], figures),
            Table(None, ["metric", "sacreBLEU signature"], signatures),
        ]

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as plain values."""
        return asdict(self) | self.scores


def likelihood(nats: float, tokens: int) -> dict[str, float]:
    """Return nats a unit as ``loss``, and ``perplexity``."""
    loss = nats / max(1, tokens)
    return {"loss": loss, "perplexity": math.exp(min(loss, 700.0))}


def metrics(tokenize: BleuTokenizer = "13a") -> dict[str, Any]:
    """Return sacreBLEU's metrics by name."""
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    return {"BLEU": BLEU(tokenize=tokenize), "chrF": CHRF()}


def signatures(tokenize: BleuTokenizer) -> dict[str, str]:
    """Return sacreBLEU's signatures, which say how a metric was counted, by its name."""
    found = metrics(tokenize)
    for metric in found.values():
        metric.corpus_score([""], [[""]])  # before that it does not know of how many references
    return {name: str(metric.get_signature()) for name, metric in found.items()}


def bleu(written: Sequence[str], references: Sequence[str], tokenize: BleuTokenizer) -> float:
    """Return corpus BLEU, 0 to 100."""
    found: float = metrics(tokenize)["BLEU"].corpus_score(written, [list(references)]).score
    return found


def score(
    written: Sequence[str],
    references: Sequence[str],
    *,
    nats: float,
    tokens: int,
    tokenize: BleuTokenizer,
) -> TranslationScores:
    """Compare translations with a reference each, cased and detokenised, a sentence a line."""
    both = metrics(tokenize)
    found = {name: metric.corpus_score(written, [references]) for name, metric in both.items()}
    same = sum(one == other for one, other in zip(written, references, strict=True))
    return TranslationScores(
        rows=len(references),
        tokens=tokens,
        nats=nats,
        bleu=found["BLEU"].score,
        chrf=found["chrF"].score,
        accuracy=same / max(1, len(references)),
        signatures=signatures(tokenize),
    )
