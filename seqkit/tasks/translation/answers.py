"""What a translator answers to one sentence."""

import re
from dataclasses import dataclass
from typing import Any, NamedTuple

_BREAKS = re.compile(r"[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")


class Candidate(NamedTuple):
    """A translation.

    Attributes:
        text: without line ends.
        score: what candidates are ranked by.
        log_probability: of the whole sequence.
    """

    text: str
    score: float
    log_probability: float


@dataclass(frozen=True)
class Translated:
    """The answer to one sentence: its translations, best first, drawn ones as they were drawn."""

    source: str
    candidates: tuple[Candidate, ...]

    @property
    def text(self) -> str:
        """The best translation; empty where there is none."""
        return self.candidates[0].text if self.candidates else ""

    def line(self, top: int) -> str:
        """Return the translation; of several, each and its score, between tabs."""
        if top == 1:
            return self.text
        return "\t".join(f"{c.text}\t{c.score:.4f}" for c in self.candidates[:top])

    def row(self, top: int) -> dict[str, Any]:
        """Return the sentence and its translations as plain values."""
        return {
            "source": self.source,
            "translations": [candidate._asdict() for candidate in self.candidates[:top]],
        }


def in_one_line(text: str) -> str:
    """Return a translation without tabs and line ends."""
    return _BREAKS.sub(" ", text).strip()
