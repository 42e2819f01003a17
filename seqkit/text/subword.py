"""Pieces of words, learnt from text with SentencePiece: unigram and BPE.

Kudo and Richardson, SentencePiece: a simple and language independent subword tokenizer, 2018
(arXiv 1808.06226). Unigram and its sampling: Kudo, Subword regularization, 2018 (1804.10959).
BPE: Sennrich, Haddow and Birch, 2016 (1508.07909); BPE-dropout: Provilkov, Emelianenko and
Voita, 2020 (1910.13267).

SentencePiece sees *spelled* text: of jamo, if the units are those, and with an escape for what
it cannot hold. It changes nothing itself, and cuts characters it never learnt into their UTF-8
bytes, so every text can be put together again from its pieces.
"""

import io
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property, lru_cache, partial
from itertools import chain, islice
from pathlib import Path
from random import Random
from threading import Lock
from typing import Any, ClassVar, Literal, Self, TypeVar

from pydantic import Field, field_validator

from seqkit.errors import SeqkitError
from seqkit.settings import settings
from seqkit.text import hangul
from seqkit.text.basic import lowered
from seqkit.text.tokenizer import Token, Tokens

T = TypeVar("T")

SPACE = "\u2581"  # ▁, as SentencePiece writes a space
ESCAPE = "\x10"  # Unicode's DATA LINK ESCAPE: the character after it stands for another one
LONGEST = 2**18  # characters of a line that are learnt from at a time

# What SentencePiece cannot hold, and how it is spelled: its own mark of a space, halves of
# surrogate pairs (which UTF-8 does not have) as private-use characters, and the escape itself.
_SPELLED = {ESCAPE: ESCAPE * 2, SPACE: f"{ESCAPE}_"}
_SPELLED |= {chr(0xD800 + i): f"{ESCAPE}{chr(0xE000 + i)}" for i in range(0x800)}
_MEANT = {spelled: char for char, spelled in _SPELLED.items()}
_ESCAPES = str.maketrans(_SPELLED)
_has_escapes = re.compile(f"[{ESCAPE}{SPACE}\ud800-\udfff]").search
_ESCAPED = re.compile(f"{ESCAPE}.", re.DOTALL)
_BYTES = {f"<0x{byte:02X}>": bytes([byte]) for byte in range(256)}

# Besides line ends, what makes SentencePiece leave out a whole line that it should learn from.
_LINE_ENDS = re.compile("[\n\0\t\u2585\u2047]")
_TOO_SMALL = re.compile(r"smaller than required_chars. \d+ vs (\d+)")


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
        return _read_model(Path(model)) if isinstance(model, str | Path) and model else model

    @field_validator("model")
    @classmethod
    def _valid(cls, model: bytes) -> bytes:
        if model:
            _processor(model)
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
        lines = _drawn(chain.from_iterable(map(_lines, texts)), self.sample)
        model = _learnt(self.kind, self.size, self.coverage, map(self._spelled, lines))
        learnt = _processor(model).get_piece_size()
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
            for word, (start, end) in zip(words, _spans(words), strict=True)
        )
        return Tokens(tokens, text)

    def words(self, text: str) -> list[str]:
        """Return the texts of the tokens: pieces, with ▁ for a space; bytes as ``<0x0A>``."""
        if self.units == "jamo" or self.lower or ESCAPE in text or SPACE in text:
            text = self._spelled(text)
        try:
            pieces: list[str] = self._encode(text, out_type=str)
        except (RuntimeError, UnicodeError):  # half of a surrogate pair
            pieces = self._encode(_escaped(text), out_type=str)
        return pieces

    def numbers(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the pieces of each text by their numbers in :meth:`pieces`."""
        spelled = list(map(self._spelled, texts))
        numbers: list[list[int]] = self._encode(spelled, out_type=int, num_threads=1)
        return numbers

    def pieces(self) -> list[str]:
        """Return all pieces, by number."""
        return _pieces(self._trained_model)

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
        return _with_seed(seed, lambda: list(map(draw, spelled)))

    def detokenize(self, tokens: Sequence[Token]) -> str:
        """Return the text of the tokens; exactly, unless ``lower``, from their texts alone."""
        if isinstance(tokens, Tokens):
            return tokens.written()
        return self._meant([token.text for token in tokens])

    def _spelled(self, text: str) -> str:
        text = lowered(text) if self.lower else text
        text = hangul.decompose(text) if self.units == "jamo" else text
        return _escaped(text)

    def _meant(self, pieces: list[str]) -> str:
        """Return the text that is spelled by these pieces; a torn character becomes U+FFFD."""
        text = _bytes_of(pieces).decode(errors="replace").removeprefix(SPACE).replace(SPACE, " ")
        text = _ESCAPED.sub(lambda match: _MEANT.get(match[0], match[0]), text)
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
        encode: Callable[..., Any] = _processor(self._trained_model).encode
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


@lru_cache(maxsize=16)
def _pieces(model: bytes) -> list[str]:
    processor = _processor(model)
    return list(map(processor.id_to_piece, range(processor.get_piece_size())))


@lru_cache(maxsize=16)
def _processor(model: bytes) -> Any:
    """Return SentencePiece's processor of a model, made once a process.

    Raises:
        SeqkitError: if it is no model, or one that loses something of a text.
    """
    from sentencepiece import SentencePieceProcessor

    try:
        processor = SentencePieceProcessor(model_proto=model)
    except (RuntimeError, OSError):
        raise SeqkitError(
            f"the {len(model)} bytes of a subword tokenizer's model are not a SentencePiece "
            "model: train it again, or give another file."
        ) from None
    odd = "  \uff21\ufb01\x01\t  e\u0301\U0010fffd "
    pieces = processor.encode(odd, out_type=str)
    if _bytes_of(pieces).decode(errors="replace") != (SPACE + odd).replace(" ", SPACE):
        raise SeqkitError(
            "this SentencePiece model does not keep texts as they are: train it with "
            "normalization_rule_name=identity, remove_extra_whitespaces=false and "
            "byte_fallback=true, or let seqkit train it."
        )
    return processor


def _read_model(path: Path) -> bytes:
    try:
        model = path.read_bytes()
    except OSError as error:
        raise SeqkitError(f"cannot read the model {path}: {error.strerror or error}.") from None
    try:
        _processor(model)
    except SeqkitError as error:
        raise SeqkitError(f"{path}: {error}") from None
    return model


def _learnt(kind: str, size: int, coverage: float, lines: Iterator[str]) -> bytes:
    """Return a model of at most ``size`` pieces."""
    from sentencepiece import SentencePieceTrainer

    model = io.BytesIO()
    try:
        SentencePieceTrainer.train(
            sentence_iterator=lines,
            model_writer=model,
            model_type=kind,
            vocab_size=size,
            hard_vocab_limit=False,  # a small text has fewer pieces
            character_coverage=coverage,
            byte_fallback=True,
            normalization_rule_name="identity",
            remove_extra_whitespaces=False,
            add_dummy_prefix=True,  # a word is cut alike at the start of a text and inside
            max_sentence_length=16 * LONGEST,  # bytes
            num_threads=4,  # of any machine: sums depend on their order
            minloglevel=2,  # errors only
            bos_id=-1,  # this and the next belong to the vocabulary
            eos_id=-1,
            pad_id=-1,
        )
    except RuntimeError as error:
        if least := _TOO_SMALL.search(str(error)):
            raise SeqkitError(
                f"size = {size} is too small for the {kind} tokenizer: the bytes and the "
                f"characters of this text take {least[1]}; set size={least[1]} or more."
            ) from None
        raise SeqkitError(f"SentencePiece cannot learn from this text: {error}") from None
    return model.getvalue()


def _lines(text: str) -> Iterator[str]:
    """Yield what is learnt from of a text: its lines, without those that are blank."""
    for line in _LINE_ENDS.split(text):
        if not line.isspace():
            yield from (line[at : at + LONGEST] for at in range(0, len(line), LONGEST))


def _drawn(lines: Iterable[str], most: int) -> list[str]:
    """Return the lines, or ``most`` of them at random (Vitter 1985, algorithm R), seeded."""
    lines = iter(lines)
    kept, random = list(islice(lines, most)), Random(0).random
    for seen, line in enumerate(lines, most + 1):
        if (place := int(random() * seen)) < most:
            kept[place] = line
    if not kept:
        raise SeqkitError("there is no text to learn pieces from: every line is blank.")
    return kept


def _spans(pieces: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Yield where each piece lies in the text that they spell; bytes, where their character."""
    at = missing = 0
    for piece in pieces:
        if piece not in _BYTES:
            yield at, at + len(piece)
            at += len(piece)
            continue
        lead = _BYTES[piece][0]
        missing = (missing or 1 + (lead >= 0xC0) + (lead >= 0xE0) + (lead >= 0xF0)) - 1
        yield at, at + 1
        at += not missing


def _bytes_of(pieces: Iterable[str]) -> bytes:
    return b"".join(_BYTES.get(piece) or piece.encode("utf-8", "replace") for piece in pieces)


def _escaped(text: str) -> str:
    return text.translate(_ESCAPES) if _has_escapes(text) else text


_seeding = Lock()


def _with_seed(seed: int, draw: Callable[[], T]) -> T:
    """Return ``draw()``, run in a thread of its own.

    SentencePiece seeds a thread's generator once, when the thread first draws.
    """
    from sentencepiece import set_random_generator_seed

    with _seeding, ThreadPoolExecutor(max_workers=1) as thread:
        set_random_generator_seed(seed)
        return thread.submit(draw).result()
