"""What a tokenizer is, the table of all of them, and how one is made, saved and loaded."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields, replace
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, Protocol, Self, cast, runtime_checkable

from seqkit.errors import SeqkitError, unknown

# name -> where its class is, imported on first use: a backend that is never asked for costs
# nothing, and need not be installed. A class is a `@settings` whose fields are its options.
TOKENIZERS: dict[str, str] = {
    "whitespace": "seqkit.text.basic:WhitespaceTokenizer",
    "word": "seqkit.text.basic:WordTokenizer",
    "character": "seqkit.text.basic:CharacterTokenizer",
    "syllable": "seqkit.text.jamo:SyllableTokenizer",
    "jamo": "seqkit.text.jamo:JamoTokenizer",
    "kiwi": "seqkit.text.morphemes:KiwiTokenizer",
    "mecab": "seqkit.text.morphemes:MecabTokenizer",
    "okt": "seqkit.text.konlpy:OktTokenizer",
    "komoran": "seqkit.text.konlpy:KomoranTokenizer",
    "hannanum": "seqkit.text.konlpy:HannanumTokenizer",
    "kkma": "seqkit.text.konlpy:KkmaTokenizer",
    "unigram": "seqkit.text.subword:UnigramTokenizer",
    "bpe": "seqkit.text.subword:BpeTokenizer",
}

FILE = "tokenizer.json"


class Token(NamedTuple):
    """A piece of text.

    ``start`` and ``end`` are character offsets into the very string that was given to the
    tokenizer, so ``string[start:end]`` is the surface; both are None for a piece that has no
    surface of its own. ``text`` is what the vocabulary sees (it may be lower-cased, say).
    ``tag`` is the part of speech, where the tokenizer knows it.
    """

    text: str
    start: int | None = None
    end: int | None = None
    tag: str | None = None


class Tokens(list[Token]):
    """The tokens of one text, and the text itself, of which tokens may leave out parts.

    Equal to any list of the same tokens; a slice of it is a plain list.
    """

    source: str

    def __init__(self, tokens: Iterable[Token], source: str) -> None:
        super().__init__(tokens)
        self.source = source

    def written(self) -> str:
        """Return the text again, put together from the surfaces and what lies between them."""
        pieces, done = [], 0
        for token in self:
            if token.start is not None and token.end is not None and token.end > done:
                pieces.append(self.source[done : token.start])
                pieces.append(self.source[max(done, token.start) : token.end])
                done = token.end
        return "".join(pieces) + self.source[done:]


class Tokenizer(Protocol):
    """Cuts a string into tokens. Frozen, comparable, and rebuilt from its settings.

    It can be pickled and used in threads, forked and spawned processes: a backend is created
    on first use, once a process.
    """

    def tokenize(self, text: str) -> Tokens:
        """Return the tokens of ``text`` with their offsets."""
        ...

    def words(self, text: str) -> list[str]:
        """Return ``[token.text for token in self.tokenize(text)]``, as fast as can be."""
        ...

    def detokenize(self, tokens: Sequence[Token]) -> str:
        """Return the text of the tokens.

        Exactly, if they are :class:`Tokens`; otherwise as far as their offsets tell; without
        offsets, as a writer would put them together.
        """
        ...


@runtime_checkable
class Trainable(Protocol):
    """A tokenizer that learns its pieces from text before it can cut any."""

    @property
    def is_trained(self) -> bool:
        """Whether it has learnt them."""
        ...

    def train(self, texts: Iterable[str]) -> Self:
        """Return a tokenizer of the same options that has learnt from ``texts``, read once."""
        ...


@runtime_checkable
class Lettered(Protocol):
    """A tokenizer whose tokens are single characters: encoding then goes by code points."""

    def letters(self, text: str) -> str | None:
        """Return the string whose characters are ``words(text)``; None if a word is longer."""
        ...


@runtime_checkable
class Numbered(Protocol):
    """A tokenizer whose backend numbers its tokens itself: encoding then writes no strings."""

    def pieces(self) -> list[str]:
        """Return all tokens there are, by number."""
        ...

    def numbers(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the numbers of the tokens of each text, those that ``words`` returns."""
        ...


@runtime_checkable
class Sampling(Protocol):
    """A tokenizer that can also cut texts at random, for training: subword regularisation."""

    @property
    def alpha(self) -> float:
        """How much is left to chance; 0 is nothing."""
        ...

    def sampled(self, texts: Iterable[str], *, seed: int) -> list[list[str]]:
        """Return the words of each text, cut at random; the same for the same seed."""
        ...


def trained(tokenizer: Tokenizer, texts: Iterable[str]) -> Tokenizer:
    """Return the tokenizer ready for use: if it still has to learn, from ``texts``."""
    if isinstance(tokenizer, Trainable) and not tokenizer.is_trained:
        return tokenizer.train(texts)
    return tokenizer


def restored(tokens: Sequence[Token], write: Callable[[list[str]], str]) -> str:
    """Return the text of tokens: their source's; else by offsets; else as ``write`` joins them."""
    if isinstance(tokens, Tokens):
        return tokens.written()
    if any(token.start is None for token in tokens):
        return write([token.text for token in tokens])
    pieces, end = [], None
    for token in tokens:
        if end is not None and token.start is not None:
            pieces.append(" " * (token.start - end))
        pieces.append(token.text)
        end = token.end
    return "".join(pieces)


def create(name: str, options: Mapping[str, Any] | None = None) -> Tokenizer:
    """Make a tokenizer from its name in ``TOKENIZERS`` and its options.

    Raises:
        SeqkitError: if the name or an option is unknown, or an option has a bad value.
    """
    from seqkit.settings import check

    cls, options = _class(name), dict(options or {})
    known = [field.name for field in fields(cls)]
    for option in options:
        if option not in known:
            raise unknown(f"option of the {name} tokenizer:", option, known)
    try:
        return cast(Tokenizer, check(cls, options))
    except SeqkitError as error:
        raise SeqkitError(f"tokenizer '{name}': {error}") from None


def save(tokenizer: Tokenizer, folder: Path) -> None:
    """Write ``folder/tokenizer.json``: the tokenizer's name in ``TOKENIZERS`` and its options.

    An option of bytes (a trained model) is a file of its own beside it, named as the option.
    """
    from seqkit.files import write_bytes, write_json
    from seqkit.settings import as_dict

    folder, values, name = Path(folder), vars(tokenizer), name_of(tokenizer)
    files = {option: v for option, v in values.items() if isinstance(v, bytes) and v}
    options = as_dict(replace(cast(Any, tokenizer), **dict.fromkeys(files, b"")))
    for option, content in files.items():
        write_bytes(folder / option, content)
        options[option] = {"file": option}
    write_json(folder / FILE, {"tokenizer": name, "options": options})


def remove(folder: Path) -> None:
    """Delete what :func:`save` wrote to a folder, and the folder if nothing else is in it."""
    from seqkit.files import read_json

    path = Path(folder) / FILE
    if not path.is_file():
        return
    with suppress(SeqkitError, KeyError, TypeError, AttributeError):
        saved = read_json(path)["options"].values()
        for option in [value["file"] for value in saved if isinstance(value, dict)]:
            (Path(folder) / Path(option).name).unlink(missing_ok=True)
    path.unlink()
    with suppress(OSError):
        Path(folder).rmdir()


def replace_kept(folder: Path, tokenizer: Tokenizer | None) -> None:
    """Save a tokenizer where another one may lie; if there is none, delete that."""
    if tokenizer is not None:
        save(tokenizer, folder)
    else:
        remove(folder)


def kept(folder: Path) -> Tokenizer | None:
    """Return the tokenizer that was saved to a folder, if one was.

    Raises:
        SeqkitError: as :func:`load`, if it is broken.
    """
    return load(folder) if (Path(folder) / FILE).is_file() else None


def load(folder: Path) -> Tokenizer:
    """Rebuild the tokenizer that :func:`save` wrote to ``folder``; it equals the saved one.

    Raises:
        SeqkitError: if the file is missing, broken, or names what this version does not know.
    """
    from seqkit.files import read_json

    path = Path(folder) / FILE
    match read_json(path):
        case {"tokenizer": str(name), "options": dict(options), **rest} if not rest:
            for option, value in options.items():
                if value == {"file": option}:
                    options[option] = _read_bytes(path.parent / option)
            try:
                return create(name, options)
            except SeqkitError as error:
                raise SeqkitError(f"{path}: {error}") from None
    raise SeqkitError(f"{path} does not describe a tokenizer; save it again.")


def name_of(tokenizer: Tokenizer) -> str:
    """Return the tokenizer's name in ``TOKENIZERS``.

    Raises:
        SeqkitError: if it has none.
    """
    place = f"{type(tokenizer).__module__}:{type(tokenizer).__qualname__}"
    for name in TOKENIZERS:
        if TOKENIZERS[name] == place:
            return name
    raise SeqkitError(
        f"cannot save a {type(tokenizer).__name__}: it is not in TOKENIZERS of "
        "seqkit/text/tokenizer.py; add a line for it there."
    )


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SeqkitError(f"cannot read {path}: {error.strerror or error}.") from None


def _class(name: str) -> Any:
    if name not in TOKENIZERS:
        raise unknown("tokenizer", name, TOKENIZERS)
    module, _, attribute = TOKENIZERS[name].partition(":")
    return getattr(import_module(module), attribute)
