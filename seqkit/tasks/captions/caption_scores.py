"""How well captions are written: exactly, nearly (chrF), and how probable the true ones are."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from seqkit.train.metrics import MOST_CONFUSED, Confusion, Table


@dataclass(frozen=True)
class CaptionScores:
    """The scores of a number of pictures.

    Attributes:
        rows: pictures.
        nats: the negative log-likelihood of all their captions, ends included.
        tokens: of those captions, ends included.
        unknown: how many of those tokens the model does not know.
        exact: the share of pictures of which a true caption was written, character by character.
        chrf: of what was written, against all captions of a picture (Popovic 2015), 0 to 100.
        signature: how sacreBLEU counted it.
        mistaken: what was written for what, the most frequent first; of several captions of a
            picture, the first.
    """

    rows: int
    nats: float
    tokens: int
    unknown: int
    exact: float
    chrf: float
    signature: str
    mistaken: tuple[Confusion, ...]

    @property
    def scores(self) -> dict[str, float]:
        """The figures by name; ``loss`` is in nats a token."""
        loss = self.nats / max(1, self.tokens)
        return {
            "loss": loss,
            "perplexity": math.exp(min(loss, 700.0)),
            "exact": self.exact,
            "chrf": self.chrf,
            "unknown": self.unknown / max(1, self.tokens),
        }

    def tables(self) -> list[Table]:
        """Return the figures, and what was mistaken."""
        figures: list[list[object]] = [["pictures", self.rows], *map(list, self.scores.items())]
        figures.append(["chrF by", self.signature])
        mixed = [[c.true, c.predicted, c.count] for c in self.mistaken[:MOST_CONFUSED]]
        tables = [Table(None, ["score", "value"], figures)]
        return tables + ([Table(None, ["true", "written", "times"], mixed)] if mixed else [])

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as plain values."""
        return {**asdict(self), **self.scores}


def caption_scores(
    written: Sequence[str],
    true: Sequence[Sequence[str]],
    *,
    nats: float,
    tokens: int,
    unknown: int,
) -> CaptionScores:
    """Compare what was written of each picture with its captions, at least one each."""
    from sacrebleu.metrics.chrf import CHRF

    texts = [" ".join(text.split()) for text in written]
    captions = [[" ".join(text.split()) for text in several] for several in true]
    wrong = Counter(
        (several[0], text)
        for text, several in zip(texts, captions, strict=True)
        if text not in several
    )
    most = max(map(len, captions), default=0)
    # sacreBLEU takes None where a row has fewer references than another
    references: Any = [[c[i] if i < len(c) else None for c in captions] for i in range(most)]
    metric = CHRF()
    chrf = metric.corpus_score(texts, references).score if texts else 0.0
    ranked = sorted(wrong.items(), key=lambda item: (-item[1], item[0]))
    return CaptionScores(
        rows=len(texts),
        nats=nats,
        tokens=tokens,
        unknown=unknown,
        exact=1 - sum(wrong.values()) / max(1, len(texts)),
        chrf=float(chrf),
        signature=f"sacreBLEU, chrF2, {metric.get_signature()}" if texts else "",
        mistaken=tuple(Confusion(caption, text, count) for (caption, text), count in ranked),
    )
