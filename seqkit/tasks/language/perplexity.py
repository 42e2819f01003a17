"""How well a language model predicts a text: exactly, over the full softmax."""

import math
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from pydantic import Field

from seqkit.data.windows import Documents, Streams
from seqkit.errors import SeqkitError
from seqkit.models.language_model import LanguageModel
from seqkit.models.state import continued
from seqkit.settings import settings
from seqkit.tasks.language.adaptation import cached_nats, dynamic_nats
from seqkit.tasks.language.running_text import RunningText
from seqkit.train.metrics import Table

STEPS = 128  # of a window, without gradients
WARMUP = 512  # tokens of context that a parallel stream reads first
DOCUMENTS = 64  # read side by side


@settings
class EvaluationSettings:
    """How a text is read to be scored, and how the model may adapt to it.

    What an adapted model reaches is reported beside the plain figures, never in their place.
    """

    streams: int = Field(
        default=8, ge=1, description="parts read side by side, each after 512 tokens before it"
    )
    dynamic: float = Field(
        default=0.0, ge=0, description="learning rate of dynamic evaluation, as 0.1 (0: none)"
    )
    dynamic_decay: float = Field(
        default=0.001, ge=0, le=1, description="how far each step goes back to the trained weights"
    )
    dynamic_steps: int = Field(default=20, ge=1, description="tokens between two such steps")
    cache: float = Field(
        default=0.0, ge=0, lt=1, description="share of the neural cache, as 0.1 (0: none)"
    )
    cache_theta: float = Field(
        default=0.6, ge=0, description="how much more the cache trusts like states"
    )
    cache_size: int = Field(default=2000, ge=1, description="tokens in the cache")
    next_words: int = Field(
        default=500, ge=0, description="seqkit eval: words to complete, each after those before it"
    )


@dataclass(frozen=True)
class Likelihood:
    """How well a text was predicted.

    Attributes:
        nats: the negative log-likelihood of the whole text.
        tokens: how many there are, ``eos`` at line ends included.
        unknown: how many of them are unknown: their spelling is not accounted for.
        words: of the raw text: runs without white space, and line ends.
        characters: of the raw text: code points, line ends included.
        adapted: perplexity of a token with the model adapted at test time, by method.
    """

    nats: float
    tokens: int
    unknown: int
    words: int
    characters: int
    adapted: dict[str, float] = field(default_factory=dict)

    @property
    def loss(self) -> float:
        """Nats of a token."""
        return self.nats / self.tokens

    @property
    def scores(self) -> dict[str, float]:
        """The figures by name; those of a character or word compare models whatever their units.

        If these spell all of the text: morphemes, and words apart from marks, leave white space
        untold, and are that much cheaper.
        """
        return {
            "loss": self.loss,
            "perplexity": _exp(self.loss),
            "bits_per_character": self.nats / math.log(2) / self.characters,
            "word_perplexity": _exp(self.nats / self.words),
            "unknown": self.unknown / self.tokens,
            **{f"perplexity_{method}": value for method, value in self.adapted.items()},
        }

    @property
    def rows(self) -> int:
        """The number of tokens."""
        return self.tokens

    def tables(self) -> list[Table]:
        """Return the figures as a table."""
        counted = {name: getattr(self, name) for name in ("tokens", "words", "characters")}
        counted["unknown_tokens"] = self.unknown
        figures = [[name, value] for name, value in (counted | self.scores).items()]
        return [Table(None, ["score", "value"], figures)]

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as plain values."""
        return asdict(self) | {"unknown_tokens": self.unknown} | self.scores  # unknown: their share


def likelihood(
    model: LanguageModel,
    text: RunningText,
    *,
    eos: int,
    reset: bool,
    chosen: EvaluationSettings,
    adapt: bool = True,
) -> Likelihood:
    """Score a model on a text, nothing dropped and the softmax full.

    Args:
        model: on any device; its mode is restored.
        text: not empty.
        eos: the id before the first token.
        reset: whether each document is read alone, rather than all as one contiguous text.
        chosen: the settings.
        adapt: whether to score it adapted too, where the settings say how.

    Raises:
        SeqkitError: if the text has no token.
    """
    if text.tokens == 0:
        raise SeqkitError("there is no text to score.")
    windows: Documents | Streams
    if reset:
        windows = Documents(text.rows, first=eos, batch_size=DOCUMENTS, bptt=STEPS)
    else:
        streams = max(1, min(chosen.streams, text.tokens // STEPS))
        windows = Streams(
            text.rows.values,
            first=eos,
            batch_size=streams,
            bptt=STEPS if text.tokens >= streams * STEPS else 0,
            warmup=WARMUP,
        )
    nats = nats_of(model, windows)
    adapted = _adapted(model, text, eos, reset, chosen) if adapt else {}
    perplexities = {method: _exp(n / text.tokens) for method, n in adapted.items()}
    return Likelihood(nats, text.tokens, text.unknown, text.words, text.characters, perplexities)


def _adapted(
    model: LanguageModel, text: RunningText, eos: int, reset: bool, chosen: EvaluationSettings
) -> dict[str, float]:
    """Return the nats of a text by each way to adapt that was chosen."""
    nats = {}
    if chosen.dynamic:
        nats["dynamic"] = dynamic_nats(
            model,
            text.rows,
            first=eos,
            reset=reset,
            lr=chosen.dynamic,
            decay=chosen.dynamic_decay,
            steps=chosen.dynamic_steps,
        )
    if chosen.cache:
        nats["cache"] = cached_nats(
            model,
            text.rows,
            first=eos,
            reset=reset,
            share=chosen.cache,
            theta=chosen.cache_theta,
            size=chosen.cache_size,
        )
    return nats


def nats_of(model: LanguageModel, windows: Documents | Streams) -> float:
    """Return the nats of all targets of the windows of an epoch."""
    device, training = next(model.parameters()).device, model.training
    model.eval()
    total, state = 0.0, None
    with torch.inference_mode():
        for window in windows.epoch(0):
            window = window.to(device)
            features, state = model(window.inputs, continued(state, window))
            real = window.targets >= 0
            total += model.softmax.nll(features[real], window.targets[real]).double().sum().item()
    model.train(training)
    return total


def _exp(nats: float) -> float:
    return math.exp(min(nats, 700.0))  # beyond that there is no float
