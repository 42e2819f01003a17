"""What a namer answers: names of a category, or the categories of a name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from pydantic import Field, model_validator

from seqkit.decode import DecodeSettings
from seqkit.settings import settings
from seqkit.text.joining import printed


@settings
class NameWriting:
    """How a run answers."""

    top: int = Field(default=5, ge=1, description="names to write")
    beam: int = Field(default=0, ge=0, description="hypotheses searched (0: 8, or the names)")
    temperature: float = Field(
        default=0.0, ge=0, description="draw names at random (0: the most probable ones)"
    )
    top_k: int = Field(default=0, ge=0, description="draw from the k most probable units (0: all)")
    top_p: float = Field(
        default=1.0, gt=0, le=1, description="draw from the fewest units that have this share"
    )
    length: int = Field(default=40, ge=1, description="the most units of a name to write")
    min_length: int = Field(default=1, ge=0, description="units before a name may end")
    length_penalty: float = Field(
        default=0.0, ge=0, description="alpha of Wu et al.: above 0 favours longer names"
    )
    seed: int = Field(default=0, ge=0, lt=2**63, description="of what is drawn")
    classify: bool = Field(default=False, description="tell the category of each text instead")

    @model_validator(mode="after")
    def _checked(self) -> "NameWriting":
        _ = self.decoding  # refused before a run is loaded
        return self

    @property
    def decoding(self) -> DecodeSettings:
        """How names are written."""
        return DecodeSettings(
            beam=self.beam or (1 if self.temperature else max(8, self.top)),
            temperature=self.temperature,
            top_k=self.top_k,
            top_p=self.top_p,
            answers=self.top,
            min_length=self.min_length,
            max_length=self.length,
            length_penalty=self.length_penalty,
            seed=self.seed,
        )


class Name(NamedTuple):
    """A name, and how probable it is in its category; ``ended``: not cut at the longest."""

    text: str
    log_probability: float
    ended: bool


@dataclass(frozen=True)
class Written:
    """Names of a category, the most probable first; drawn ones in the order of drawing."""

    category: str
    names: tuple[Name, ...]

    def line(self, top: int) -> str:
        """Return the names between tabs."""
        return "\t".join(printed(name.text) for name in self.names[:top])

    def row(self, top: int) -> dict[str, Any]:
        """Return them as plain values."""
        return {
            "category": self.category,
            "names": [name._asdict() for name in self.names[:top]],
        }


@dataclass(frozen=True)
class Told:
    """The categories that a name may be of, and how probable each is."""

    name: str
    probabilities: Mapping[str, float]

    def top(self, k: int) -> list[tuple[str, float]]:
        """Return the ``k`` most probable categories."""
        return sorted(self.probabilities.items(), key=lambda item: -item[1])[:k]

    def line(self, top: int) -> str:
        """Return categories and their probabilities between tabs."""
        return "\t".join(f"{category}\t{share:.4f}" for category, share in self.top(top))

    def row(self, top: int) -> dict[str, Any]:
        """Return them as plain values."""
        return {"name": self.name, "probabilities": dict(self.top(top))}
