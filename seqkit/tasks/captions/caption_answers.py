"""What a captioner answers: sentences about a picture, or why there are none."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from seqkit.decode.writing_settings import ShortWriting
from seqkit.settings import settings


@settings
class CaptionWriting(ShortWriting):
    """How a run answers: with captions of each picture."""


class Caption(NamedTuple):
    """A sentence about a picture.

    Attributes:
        text: as it is written.
        probability: of this caption among all there could be.
        looked_at: the row and column of the feature map, from 0, that had most weight when each
            token was written; empty without attention.
    """

    text: str
    probability: float
    looked_at: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Described:
    """The answer to one picture: captions, the most probable first, or what is wrong with it."""

    picture: str
    captions: tuple[Caption, ...]
    problem: str = ""

    def line(self, top: int) -> str:
        """Return the caption; of several, each with its probability, between tabs."""
        if self.problem:
            return f"error: {self.problem}"
        if top == 1:
            return self.captions[0].text if self.captions else ""
        return "\t".join(f"{c.text}\t{c.probability:.4f}" for c in self.captions[:top])

    def row(self, top: int) -> dict[str, Any]:
        """Return all of it as plain values."""
        if self.problem:
            return {"picture": self.picture, "error": self.problem}
        captions = [caption._asdict() for caption in self.captions[:top]]
        for caption in captions:
            if not caption["looked_at"]:
                del caption["looked_at"]
        return {"picture": self.picture, "captions": captions}
