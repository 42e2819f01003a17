"""What a tokenizer is, and the table of all of them."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol


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
