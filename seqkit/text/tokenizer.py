"""What a tokenizer is, the table of all of them, and how one is made, saved and loaded."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, Protocol, cast

from seqkit.errors import SeqkitError, unknown

# name -> where its class is, imported on first use: a backend that is never asked for costs
# nothing, and need not be installed. A class is a `@settings` whose fields are its options.
TOKENIZERS: dict[str, str] = {
    "whitespace": "seqkit.text.basic:WhitespaceTokenizer",
    "word": "seqkit.text.basic:WordTokenizer",
    "character": "seqkit.text.basic:CharacterTokenizer",
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


class Tokenizer(Protocol):
    """Cuts a string into tokens. Frozen, comparable, and rebuilt from its settings."""

    def tokenize(self, text: str) -> list[Token]:
        """Return the tokens of ``text`` with their offsets."""
        ...

    def words(self, text: str) -> list[str]:
        """Return ``[token.text for token in self.tokenize(text)]``, as fast as can be."""
        ...

    def detokenize(self, tokens: Sequence[Token]) -> str:
        """Return the text that the tokens were cut from, as far as they keep it."""
        ...


def create(name: str, options: Mapping[str, Any] | None = None) -> Tokenizer:
    """Make a tokenizer from its name in ``TOKENIZERS`` and its options.

    Raises:
        SeqkitError: if the name or an option is unknown, or an option has a bad value.
    """
    from seqkit.settings import check

    cls, options = _class(name), dict(options or {})
    for option in options:
        if option not in cls.__dataclass_fields__:
            raise unknown(f"option of the {name} tokenizer:", option, cls.__dataclass_fields__)
    try:
        return cast(Tokenizer, check(cls, options))
    except SeqkitError as error:
        raise SeqkitError(f"tokenizer '{name}': {error}") from None


def save(tokenizer: Tokenizer, folder: Path) -> None:
    """Write ``folder/tokenizer.json``: the tokenizer's name in ``TOKENIZERS`` and its options."""
    from seqkit.files import write_json
    from seqkit.settings import as_dict

    for name in TOKENIZERS:
        if TOKENIZERS[name] == f"{type(tokenizer).__module__}:{type(tokenizer).__qualname__}":
            write_json(Path(folder) / FILE, {"tokenizer": name, "options": as_dict(tokenizer)})
            return
    raise SeqkitError(
        f"cannot save a {type(tokenizer).__name__}: it is not in TOKENIZERS of "
        "seqkit/text/tokenizer.py; add a line for it there."
    )


def load(folder: Path) -> Tokenizer:
    """Rebuild the tokenizer that :func:`save` wrote to ``folder``; it equals the saved one.

    Raises:
        SeqkitError: if the file is missing, broken, or names what this version does not know.
    """
    from seqkit.files import read_json

    path = Path(folder) / FILE
    match read_json(path):
        case {"tokenizer": str(name), "options": dict(options), **rest} if not rest:
            try:
                return create(name, options)
            except SeqkitError as error:
                raise SeqkitError(f"{path}: {error}") from None
    raise SeqkitError(f"{path} does not describe a tokenizer; save it again.")


def _class(name: str) -> Any:
    if name not in TOKENIZERS:
        raise unknown("tokenizer", name, TOKENIZERS)
    module, _, attribute = TOKENIZERS[name].partition(":")
    return getattr(import_module(module), attribute)
