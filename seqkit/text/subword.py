"""Pieces of words, learnt from text with SentencePiece: unigram and BPE.

Kudo and Richardson, SentencePiece: a simple and language independent subword tokenizer, 2018
(arXiv 1808.06226). Unigram and its sampling: Kudo, Subword regularization, 2018 (1804.10959).
BPE: Sennrich, Haddow and Birch, 2016 (1508.07909); BPE-dropout: Provilkov, Emelianenko and
Voita, 2020 (1910.13267).

SentencePiece sees *spelled* text: of jamo, if the units are those, and with an escape for what
it cannot hold (:mod:`seqkit.text.pieces`).
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cached_property, partial
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, field_validator

from seqkit.errors import SeqkitError
from seqkit.settings import settings
from seqkit.text import hangul
from seqkit.text.basic import lowered
from seqkit.text.pieces import (
    ESCAPE,
    SPACE,
    all_pieces,
    bytes_of,
    drawn,
    escaped,
    learn,
    lines_of,
    load_model,
    read_model,
    spans,
    unescaped,
    with_seed,
)
from seqkit.text.tokenizer import Token, Tokens


@settings
class _SubwordTokenizer:
    """What unigram and BPE share; ``model`` is the content of a SentencePiece ``.model`` file."""

    kind: ClassVar[str]

    size: int = Field(default=16_000, ge=1, description="pieces to learn, the 256 bytes among them")
    units: Literal["syllable", "jamo"] = Field(
        default="syllable", description="what Korean pieces are made of"
    )
    lower: bool = Field(default=False, description="write every piece in lower case")
    coverage: float = Field(
        default=0.9995,
        gt=0.9,
        le=1,
        description="share of the text whose characters become pieces; the rarest stay bytes",
    )
    sample: int = Field(
        default=2_000_000, ge=1, description="lines to learn from, drawn at random where more"
    )
    alpha: float = Field(default=0, ge=0, description="strength of random cuts; 0 is none")
    model: bytes = Field(
        default=b"", repr=False, description="a trained model; a path is read as one"
    )

    @field_validator("model", mode="before")
    @classmethod
    def _read(cls, model: Any) -> Any:
        return read_model(Path(model)) if isinstance(model, str | Path) and model else model

    @field_validator("model")
    @classmethod
    def _valid(cls, model: bytes) -> bytes:
        if model:
            load_model(model)
        return model

    @property
    def _best(self) -> int:
        return -1

    @property
    def is_trained(self) -> bool:
        """Whether it has a model."""
        return bool(self.model)

    def train(self, texts: Iterable[str]) -> Self:
        """Return a tokenizer of the same options with pieces learnt from ``texts``, read once.

        The same texts give the same model. If they do not hold ``size`` different pieces, it
        has fewer, and a warning is logged.

        Raises:
            SeqkitError: if there is no text, or ``size`` is too small for its characters.
        """
        lines = drawn(chain.from_iterable(map(lines_of, texts)), self.sample)
        model = learn(self.kind, self.size, self.coverage, map(self._spelled, lines))
        learnt = load_model(model).get_piece_size()
        if learnt < self.size:
            logging.getLogger(__name__).warning(
                "the text holds fewer than %d pieces: the %s tokenizer has %d.",
                *(self.size, self.kind, learnt),
            )
        return replace(self, model=model)

    def tokenize(self, text: str) -> Tokens:
        """Return the tokens of ``text``.

        A piece of part of a character (a jamo, a byte) has the offsets of the whole character.
        The first piece begins with the mark of a space that no text has: if it is only that, it
        has no offsets.
        """
        words = self.words(text)
        # Where each character that SentencePiece sees comes from; the first one from nowhere.
        origin = [-1, *(at for at, char in enumerate(text) for _ in self._spelled(char))]
        tokens = (
            Token(word, max(origin[start], 0), origin[end - 1] + 1) if end > 1 else Token(word)
            for word, (start, end) in zip(words, spans(words), strict=True)
        )
        return Tokens(tokens, text)

    def words(self, text: str) -> list[str]:
        """Return the texts of the tokens: pieces, with ▁ for a space; bytes as ``<0x0A>``."""
        if self.units == "jamo" or self.lower or ESCAPE in text or SPACE in text:
            text = self._spelled(text)
        try:
            pieces: list[str] = self._encode(text, out_type=str)
        except (RuntimeError, UnicodeError):  # half of a surrogate pair
            pieces = self._encode(escaped(text), out_type=str)
        return pieces

    def numbers(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the pieces of each text by their numbers in :meth:`pieces`."""
        spelled = list(map(self._spelled, texts))
        numbers: list[list[int]] = self._encode(spelled, out_type=int, num_threads=1)
        return numbers

    def pieces(self) -> list[str]:
        """Return all pieces, by number."""
        return all_pieces(self._trained_model)

    def sampled(self, texts: Iterable[str], *, seed: int) -> list[list[str]]:
        """Return the pieces of each text as :meth:`words` does, but cut at random by ``alpha``.

        For training only: ask anew, with another seed, in each epoch. The same texts in the
        same order with the same seed are cut alike; ``alpha = 0`` cuts as :meth:`words`.
        """
        if not self.alpha:
            return list(map(self.words, texts))
        spelled = list(map(self._spelled, texts))
        options = {"enable_sampling": True, "alpha": self.alpha, "nbest_size": self._best}
        draw = partial(self._encode, out_type=str, **options)
        return with_seed(seed, lambda: list(map(draw, spelled)))

    def detokenize(self, tokens: Sequence[Token]) -> str:
        """Return the text of the tokens; exactly, unless ``lower``, from their texts alone."""
        if isinstance(tokens, Tokens):
            return tokens.written()
        return self._meant([token.text for token in tokens])

    def _spelled(self, text: str) -> str:
        text = lowered(text) if self.lower else text
        text = hangul.decompose(text) if self.units == "jamo" else text
        return escaped(text)

    def _meant(self, pieces: list[str]) -> str:
        """Return the text that is spelled by these pieces; a torn character becomes U+FFFD."""
        text = bytes_of(pieces).decode(errors="replace").removeprefix(SPACE).replace(SPACE, " ")
        text = unescaped(text)
        return hangul.compose(text) if self.units == "jamo" else text

    @property
    def _trained_model(self) -> bytes:
        if not self.model:
            raise SeqkitError(
                f"the {self.kind} tokenizer has learnt no pieces yet: train it first, as with "
                f"`seqkit vocab build --tokenizer {self.kind} ...`, or give it a model."
            )
        return self.model

    @cached_property
    def _encode(self) -> Callable[..., Any]:
        encode: Callable[..., Any] = load_model(self._trained_model).encode
        return encode

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_encode"}


@settings
class UnigramTokenizer(_SubwordTokenizer):
    """Pieces of a unigram language model: of all ways to cut a text, the most probable one.

    With ``alpha``, :meth:`sampled` draws a way with probability p ** alpha / sum(p ** alpha).
    """

    kind = "unigram"

    alpha: float = Field(
        default=0, ge=0, description="smoothness of random cuts for training, as 0.1; 0 is none"
    )
    nbest: int = Field(
        default=-1, ge=-1, description="draw from so many best cuts, at least 2; -1 is all"
    )

    @field_validator("nbest")
    @classmethod
    def _sensible(cls, nbest: int) -> int:
        if nbest in (0, 1):
            raise ValueError("nbest must be -1 or at least 2")
        return nbest

    @property
    def _best(self) -> int:
        return self.nbest


@settings
class BpeTokenizer(_SubwordTokenizer):
    """Byte-pair encoding: the most frequent pair of pieces becomes a piece, again and again.

    With ``alpha``, :meth:`sampled` leaves out each merge with that probability (BPE-dropout).
    """

    kind = "bpe"

    alpha: float = Field(
        default=0, ge=0, le=1, description="share of merges left out in training, as 0.1; 0 is none"
    )
