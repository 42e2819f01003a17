"""What a namer answers: names of a category, or the categories of a name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from pydantic import Field

from seqkit.decode.writing_settings import ShortWriting
from seqkit.settings import settings
from seqkit.text.joining import printed


@settings
class NameWriting(ShortWriting):
    """How a run answers: with names of each category, or with the categories of each name."""

    BEAM: ClassVar[int] = 8

    top: int = Field(default=5, ge=1, description="names to write")
    length: int = Field(default=40, ge=1, description="the most units of a name to write")
    classify: bool = Field(default=False, description="tell the category of each text instead")


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
