"""How a sequence is written."""

from pydantic import Field, model_validator

from seqkit.errors import SeqkitError
from seqkit.settings import settings


@settings
class DecodeSettings:
    """How a sequence is written: the best one found, or one drawn at random."""

    beam: int = Field(default=1, ge=1, description="hypotheses kept at each step (1: greedy)")
    temperature: float = Field(
        default=0.0, ge=0, description="draw at random, from p ** (1 / temperature) (0: the best)"
    )
    top_k: int = Field(default=0, ge=0, description="draw from the k most probable (0: all)")
    top_p: float = Field(
        default=1.0, gt=0, le=1, description="draw from the fewest tokens that have this share"
    )
    answers: int = Field(default=1, ge=1, description="sequences for each prompt")
    min_length: int = Field(default=0, ge=0, description="tokens before a sequence may end")
    max_length: int = Field(default=100, ge=1, description="tokens, its end not counted")
    max_ratio: float = Field(
        default=0.0, ge=0, description="and so many tokens more for each of the source"
    )
    length_penalty: float = Field(
        default=0.0, ge=0, description="alpha of Wu et al.: above 0 favours longer sequences"
    )
    coverage_penalty: float = Field(
        default=0.0, ge=0, description="beta of Wu et al.: above 0, all of the source is attended"
    )
    block_ngrams: int = Field(
        default=0, ge=0, description="no n-gram of this size is written twice (0: any may)"
    )
    stop_after: float = Field(
        default=0.0,
        ge=0,
        description="a search ends with so many times beam found (0: when none can be better)",
    )
    seed: int = Field(default=0, ge=0, lt=2**63, description="of what is drawn")

    @model_validator(mode="after")
    def _consistent(self) -> "DecodeSettings":
        if self.min_length > self.max_length:
            raise SeqkitError(
                f"min_length = {self.min_length} is more than max_length = {self.max_length}."
            )
        if not self.temperature and (self.top_k or self.top_p < 1):
            raise SeqkitError("top_k and top_p are for drawing: set a temperature too, as 1.")
        if self.temperature and self.beam > 1:
            raise SeqkitError("a beam searches and a temperature draws: set one of the two.")
        if not self.temperature and self.answers > self.beam:
            raise SeqkitError(
                f"{self.answers} answers need a beam of as many (beam={self.answers}), or a "
                "temperature to draw them with."
            )
        return self
