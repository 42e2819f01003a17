"""What a captioner answers: sentences about a picture, or why there are none."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from pydantic import Field, model_validator

from seqkit.decode import DecodeSettings
from seqkit.settings import settings


@settings
class CaptionWriting:
    """How a run answers."""

    top: int = Field(default=1, ge=1, description="captions of each picture")
    beam: int = Field(default=0, ge=0, description="hypotheses searched (0: 5, or the captions)")
    temperature: float = Field(
        default=0.0, ge=0, description="draw captions at random (0: the most probable ones)"
    )
    top_k: int = Field(default=0, ge=0, description="draw from the k most probable tokens (0: all)")
    top_p: float = Field(
        default=1.0, gt=0, le=1, description="draw from the fewest tokens that have this share"
    )
    length: int = Field(default=50, ge=1, description="the most tokens of a caption to write")
    min_length: int = Field(default=1, ge=0, description="tokens before a caption may end")
    length_penalty: float = Field(
        default=0.0, ge=0, description="alpha of Wu et al.: above 0 favours longer captions"
    )
    seed: int = Field(default=0, ge=0, lt=2**63, description="of what is drawn")

    @model_validator(mode="after")
    def _checked(self) -> "CaptionWriting":
        _ = self.decoding  # refused before a run is loaded
        return self

    @property
    def decoding(self) -> DecodeSettings:
        """How captions are written."""
        return DecodeSettings(
            beam=self.beam or (1 if self.temperature else max(5, self.top)),
            temperature=self.temperature,
            top_k=self.top_k,
            top_p=self.top_p,
            answers=self.top,
            min_length=self.min_length,
            max_length=self.length,
            length_penalty=self.length_penalty,
            seed=self.seed,
        )


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
