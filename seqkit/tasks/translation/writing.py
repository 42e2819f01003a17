"""How a translation is written: the search, its limits, and what stands for unknown words."""

from collections.abc import Sequence
from typing import Any

import torch
from pydantic import Field, model_validator
from torch import Tensor

from seqkit.decode import DecodeSettings, Filter, Hypothesis
from seqkit.settings import settings
from seqkit.tasks.translation.answers import Candidate, in_one_line
from seqkit.tasks.translation.units import Side
from seqkit.text.tokenizer import Tokens

WIDEST = 500  # hypotheses of one sentence: more take minutes, and are no better


@settings
class SearchSettings:
    """How the best translation is searched for."""

    beam: int = Field(
        default=5, ge=1, le=WIDEST, description="hypotheses kept at each step (1: greedy)"
    )
    length_penalty: float = Field(
        default=1.0, ge=0, description="alpha of Wu et al.: above 0 favours longer translations"
    )
    coverage_penalty: float = Field(
        default=0.0, ge=0, description="beta of Wu et al.: above 0 asks to attend to every unit"
    )
    length: int = Field(
        default=0, ge=0, description="units of a translation, at most (0: thrice the source's + 20)"
    )
    min_length: int = Field(default=0, ge=0, description="units of a translation, at least")
    block_ngrams: int = Field(
        default=0, ge=0, description="write no sequence of so many units twice (0: may)"
    )
    replace_unknown: bool = Field(
        default=False, description="write the attended source word for an unknown one"
    )

    @model_validator(mode="after")
    def _checked(self) -> "SearchSettings":
        _ = self.decoding  # refused before a run is loaded
        return self

    @property
    def decoding(self) -> DecodeSettings:
        """The settings of the search."""
        return DecodeSettings(**self._decoding())

    def _decoding(self) -> dict[str, Any]:
        names = ("beam", "length_penalty", "coverage_penalty", "block_ngrams", "min_length")
        longest: dict[str, float] = {"max_length": self.length}
        if not self.length:
            longest = {"max_length": max(20, self.min_length), "max_ratio": 3.0}
        return {name: getattr(self, name) for name in names} | longest


@settings
class WritingSettings(SearchSettings):
    """How a run translates for a person: searched for, or drawn at random."""

    top: int = Field(default=1, ge=1, le=WIDEST, description="translations of each sentence")
    temperature: float = Field(default=0.0, ge=0, description="draw at random (0: the best ones)")
    top_k: int = Field(default=0, ge=0, description="draw from the k most probable units (0: all)")
    top_p: float = Field(
        default=1.0, gt=0, le=1, description="draw from the fewest units that have this share"
    )
    seed: int = Field(default=0, ge=0, lt=2**63, description="of what is drawn")

    def _decoding(self) -> dict[str, Any]:
        drawn = {name: getattr(self, name) for name in ("temperature", "top_k", "top_p", "seed")}
        return super()._decoding() | drawn | {"answers": self.top}


def only(target: Side, chosen: SearchSettings) -> Filter:
    """Return a filter against what is no text; unknown words only where they are replaced."""
    vocabulary = target.vocabulary
    never = [vocabulary.pad, vocabulary.bos]
    never += [] if chosen.replace_unknown else [vocabulary.unk]

    def filtered(log_probabilities: Tensor, _written: Tensor, _prompts: Tensor) -> Tensor:
        log_probabilities[:, never] = -torch.inf
        return log_probabilities

    return filtered


def written(
    target: Side, hypotheses: Sequence[Hypothesis], source: Tokens | None
) -> list[Candidate]:
    """Return hypotheses as text; ``source`` where unknown words are to be replaced."""
    found = []
    for hypothesis in hypotheses:
        unknown = _attended(target, hypothesis, source) if source is not None else []
        text = target.joiner.join(hypothesis.ids, unknown)
        plain = in_one_line(text)
        found.append(Candidate(plain, hypothesis.score, hypothesis.log_probability))
    return found


def _attended(target: Side, hypothesis: Hypothesis, source: Tokens) -> list[str]:
    """Return the source word that each unknown word of a hypothesis attended to most."""
    unk, weights = target.vocabulary.unk, hypothesis.attention
    places = [i for i, token in enumerate(hypothesis.ids) if token == unk]
    if weights is None or not source:
        return [""] * len(places)
    # the last place is the end's, and a longer source was read in part
    tokens = [source[int(weights[i, :-1].argmax())] for i in places]
    return [
        t.text if t.start is None or t.end is None else source.source[t.start : t.end]
        for t in tokens
    ]
