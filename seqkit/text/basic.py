"""Tokenizers that need no model: at white space, into words, into characters."""

import re
from collections.abc import Iterator, Sequence

import regex
from pydantic import Field

from seqkit.settings import settings
from seqkit.text.tokenizer import Token, Tokens, restored

# `re` cuts twice as fast as `regex`, which alone knows combining marks and grapheme clusters.
# In texts of these characters only, the two agree (a test asks them about every one), and every
# character is a grapheme cluster. Missing on purpose: the carriage return (CR LF is one cluster).
_PLAIN = "\t\n -~\u00c0-\u024f\u2010-\u2027\u3000-\u3029\u3131-\u318e\u4e00-\u9fff\uac00-\ud7a3"
_is_plain = re.compile(f"[{_PLAIN}]*+").fullmatch

_LETTER = r"[^\W\d_]"
_WORD = (
    r"\w++(?:"
    r"['’]\w++"  # don't, O’Neill
    r"|(?<=\d)[.,]\d++\w*+"  # 1,234.5
    rf"|(?<=\b{_LETTER})(?:\.{_LETTER})++\.(?!\w)"  # U.S.
    r")*+"
)
_SYMBOL = r"\p{Grapheme_Cluster_Break=Prepend}|(?!\s)\X"  # 👍🏽 and 🇰🇷 stay whole
_PLAIN_WORDS = re.compile(rf"{_WORD}|[^\w\s]")
_WORDS = regex.compile(f"{_WORD}|{_SYMBOL}")
_GRAPHEMES = regex.compile(r"\X")
_DIGITS = regex.compile(r"\d")
_PLAIN_DIGITS = re.compile(r"[0-9]")

NO_SPACE_BEFORE = frozenset(",.!?;:)]}%’”…、。》」』-/\u2013~")
_NO_SPACE_AFTER = frozenset("([{$€£₩#@‘“《「『-/\u2013~")


@settings
class WhitespaceTokenizer:
    """Cuts at white space, and nowhere else.

    ``detokenize(tokenize(text)) == text`` for any text, whatever the tokens were made into.
    """

    lower: bool = Field(default=False, description="write every token in lower case")

    def tokenize(self, text: str) -> Tokens:
        """Return the tokens of ``text`` with their offsets."""
        return _tokens(re.finditer(r"\S+", text), text, self.lower)

    def words(self, text: str) -> list[str]:
        """Return the texts of the tokens."""
        return _lower(text.split()) if self.lower else text.split()

    def detokenize(self, tokens: Sequence[Token]) -> str:
        """Return the text; of chosen tokens, with spaces by their offsets, or one between two."""
        return restored(tokens, " ".join)


@settings
class WordTokenizer:
    """Words, numbers and punctuation marks, in any script.

    A word is a run of letters, digits and marks, and may hold apostrophes (``don't``) or be an
    abbreviation of single letters (``U.S.``). A number keeps its separators (``1,234.5``); its
    sign, unit mark and percent sign are tokens of their own. Any other visible character is a
    token; an emoji or flag of many code points is one.

    ``detokenize(tokenize(text)) == text`` for any text, whatever the tokens were made into.
    """

    lower: bool = Field(default=False, description="write every token in lower case")
    zero_digits: bool = Field(
        default=False, description="write every digit as 0: 1,234 and 5,678 become one 0,000"
    )

    def tokenize(self, text: str) -> Tokens:
        """Return the tokens of ``text`` with their offsets."""
        digits = _zero_digits(text) if self.zero_digits else text  # of the same length
        pattern = _PLAIN_WORDS if _is_plain(digits) else _WORDS
        return _tokens(pattern.finditer(digits), text, self.lower)

    def words(self, text: str) -> list[str]:
        """Return the texts of the tokens."""
        if self.zero_digits:
            text = _zero_digits(text)
        if not _is_plain(text):
            found: list[str] = _WORDS.findall(text)
            return _lower(found) if self.lower else found
        if self.lower and text.isascii():  # elsewhere a lower-case letter may depend on the next
            return _PLAIN_WORDS.findall(text.lower())
        found = _PLAIN_WORDS.findall(text)
        return _lower(found) if self.lower else found

    def detokenize(self, tokens: Sequence[Token]) -> str:
        """Return the text; of chosen tokens, with spaces by their offsets, or as a writer would."""
        return restored(tokens, _written)


@settings
class CharacterTokenizer:
    """Characters as a reader counts them: Unicode's extended grapheme clusters (UAX #29).

    A letter with its marks, a syllable of conjoining jamo, a flag and an emoji family are one
    token each. White space is a token too. ``detokenize(tokenize(text)) == text`` for any text;
    unless ``lower`` changed it, also from the texts of the tokens alone.
    """

    lower: bool = Field(default=False, description="write every token in lower case")

    def tokenize(self, text: str) -> Tokens:
        """Return the tokens of ``text`` with their offsets."""
        return _tokens(_GRAPHEMES.finditer(text), text, self.lower)

    def words(self, text: str) -> list[str]:
        """Return the texts of the tokens."""
        found = list(text) if _is_plain(text) else _GRAPHEMES.findall(text)
        return _lower(found) if self.lower else found

    def detokenize(self, tokens: Sequence[Token]) -> str:
        """Return the text; of chosen tokens, with spaces where offsets leave room."""
        return restored(tokens, "".join)


def lowered(text: str) -> str:
    """Return ``text`` in lower case, each character as it is on its own (a final Σ is σ)."""
    return "".join(map(str.lower, text)) if "Σ" in text else text.lower()


def _tokens(
    matches: Iterator["re.Match[str] | regex.Match[str]"], source: str, lower: bool
) -> Tokens:
    if lower:
        return Tokens((Token(match[0].lower(), *match.span()) for match in matches), source)
    return Tokens((Token(match[0], *match.span()) for match in matches), source)


def _lower(words: list[str]) -> list[str]:
    return [word.lower() for word in words]


def _zero_digits(text: str) -> str:
    return _PLAIN_DIGITS.sub("0", text) if text.isascii() else _DIGITS.sub("0", text)


def _written(words: list[str]) -> str:
    """Join words as they are written: ``He said , " no " .`` -> ``He said, "no".``."""
    pieces: list[str] = []
    glued, quoting = True, False
    for word in words:
        if word == '"':
            quoting = not quoting
        closing = word in NO_SPACE_BEFORE or (word == '"' and not quoting)
        pieces.append(word if glued or closing else f" {word}")
        glued = word in _NO_SPACE_AFTER or (word == '"' and quoting)
    return "".join(pieces)
