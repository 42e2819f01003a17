"""What a person may ask of a run that writes short sequences: captions, names."""

from typing import ClassVar

from pydantic import Field, model_validator

from seqkit.decode.settings import DecodeSettings
from seqkit.settings import settings


@settings
class ShortWriting:
    """How a run answers."""

    BEAM: ClassVar[int] = 5  # hypotheses, unless said or drawn

    top: int = Field(default=1, ge=1, description="answers to each question")
    beam: int = Field(default=0, ge=0, description="hypotheses searched (0: as many as help)")
    temperature: float = Field(
        default=0.0, ge=0, description="draw answers at random (0: the most probable ones)"
    )
    top_k: int = Field(default=0, ge=0, description="draw from the k most probable units (0: all)")
    top_p: float = Field(
        default=1.0, gt=0, le=1, description="draw from the fewest units that have this share"
    )
    length: int = Field(default=50, ge=1, description="the most units of an answer")
    min_length: int = Field(default=1, ge=0, description="units before an answer may end")
    length_penalty: float = Field(
        default=0.0, ge=0, description="alpha of Wu et al.: above 0 favours longer answers"
    )
    block_ngrams: int = Field(
        default=0, ge=0, description="an answer has no n-gram of this size twice (0: it may)"
    )
    seed: int = Field(default=0, ge=0, lt=2**63, description="of what is drawn")

    @model_validator(mode="after")
    def _checked(self) -> "ShortWriting":
        _ = self.decoding  # refused before a run is loaded
        return self

    @property
    def decoding(self) -> DecodeSettings:
        """How answers are written."""
        return DecodeSettings(
            beam=self.beam or (1 if self.temperature else max(self.BEAM, self.top)),
            temperature=self.temperature,
            top_k=self.top_k,
            top_p=self.top_p,
            answers=self.top,
            min_length=self.min_length,
            max_length=self.length,
            length_penalty=self.length_penalty,
            block_ngrams=self.block_ngrams,
            seed=self.seed,
        )
