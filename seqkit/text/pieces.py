"""SentencePiece models: how text is spelled for them, and how they are learnt and loaded.

SentencePiece changes nothing of a text itself, and cuts characters it never learnt into their
UTF-8 bytes. What it cannot hold is escaped. So a text can be put together again from its pieces.
"""

import io
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import islice
from pathlib import Path
from random import Random
from threading import Lock
from typing import Any, TypeVar

from seqkit.errors import SeqkitError

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


@lru_cache(maxsize=16)
def all_pieces(model: bytes) -> list[str]:
    """Return the pieces of a model, by number."""
    processor = load_model(model)
    return list(map(processor.id_to_piece, range(processor.get_piece_size())))


@lru_cache(maxsize=16)
def load_model(model: bytes) -> Any:
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
    if bytes_of(pieces).decode(errors="replace") != (SPACE + odd).replace(" ", SPACE):
        raise SeqkitError(
            "this SentencePiece model does not keep texts as they are: train it with "
            "normalization_rule_name=identity, remove_extra_whitespaces=false and "
            "byte_fallback=true, or let seqkit train it."
        )
    return processor


def read_model(path: Path) -> bytes:
    """Return the content of a model's file; an error of :func:`load_model` names the file."""
    try:
        model = path.read_bytes()
    except OSError as error:
        raise SeqkitError(f"cannot read the model {path}: {error.strerror or error}.") from None
    try:
        load_model(model)
    except SeqkitError as error:
        raise SeqkitError(f"{path}: {error}") from None
    return model


def learn(kind: str, size: int, coverage: float, lines: Iterator[str]) -> bytes:
    """Return a model of at most ``size`` pieces, learnt from spelled lines.

    Raises:
        SeqkitError: if the characters and bytes alone are more.
    """
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
                f"{size} pieces are too few for the {kind} tokenizer: the bytes and the "
                f"characters of this text take {least[1]}; ask for {least[1]} or more."
            ) from None
        raise SeqkitError(f"SentencePiece cannot learn from this text: {error}") from None
    return model.getvalue()


def lines_of(text: str) -> Iterator[str]:
    """Yield what is learnt from of a text: its lines, without those that are blank."""
    for line in _LINE_ENDS.split(text):
        if not line.isspace():
            yield from (line[at : at + LONGEST] for at in range(0, len(line), LONGEST))


def drawn(lines: Iterable[str], most: int) -> list[str]:
    """Return the lines, or ``most`` of them at random (Vitter 1985, algorithm R), seeded."""
    lines = iter(lines)
    kept, random = list(islice(lines, most)), Random(0).random
    for seen, line in enumerate(lines, most + 1):
        if (place := int(random() * seen)) < most:
            kept[place] = line
    if not kept:
        raise SeqkitError("there is no text to learn pieces from: every line is blank.")
    return kept


def spans(pieces: Iterable[str]) -> Iterator[tuple[int, int]]:
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


def bytes_of(pieces: Iterable[str]) -> bytes:
    """Return the UTF-8 of the text that the pieces spell."""
    return b"".join(_BYTES.get(piece) or piece.encode("utf-8", "replace") for piece in pieces)


def escaped(text: str) -> str:
    """Return the text as SentencePiece can hold it."""
    return text.translate(_ESCAPES) if _has_escapes(text) else text


def unescaped(text: str) -> str:
    """Return the text that :func:`escaped` was given."""
    return _ESCAPED.sub(lambda match: _MEANT.get(match[0], match[0]), text)


_seeding = Lock()


def with_seed(seed: int, draw: Callable[[], T]) -> T:
    """Return ``draw()``, run in a thread of its own.

    SentencePiece seeds a thread's generator once, when the thread first draws.
    """
    from sentencepiece import set_random_generator_seed

    with _seeding, ThreadPoolExecutor(max_workers=1) as thread:
        set_random_generator_seed(seed)
        return thread.submit(draw).result()
