"""Korean text cut into syllables, and into the jamo (letters) that syllables are made of."""

import re
import unicodedata
from collections.abc import Sequence

from pydantic import Field

from seqkit.settings import settings
from seqkit.text import hangul
from seqkit.text.basic import lowered
from seqkit.text.tokenizer import Token, Tokens, restored

# A syllable that is written as two or three code points: initial and medial (and final), or a
# syllable without a final and then one. Unicode composes these and no other Hangul.
_OPEN = "".join(map(chr, range(hangul.FIRST, hangul.LAST, 28)))
_CLUSTER = rf"[\u1100-\u1112][\u1161-\u1175][\u11a8-\u11c2]?|[{_OPEN}][\u11a8-\u11c2]"
_SYLLABLES = re.compile(f"{_CLUSTER}|.", re.DOTALL)
_clusters = _SYLLABLES.findall
_has_conjoining = re.compile(r"[\u1100-\u11ff]").search


@settings
class SyllableTokenizer:
    """One token a character: a Korean syllable, a letter, a sign.

    A syllable of conjoining jamo (as in NFD text) is one token, with the text of the composed
    syllable and the offsets of its jamo. ``detokenize(tokenize(text)) == text`` for any text;
    from the texts of the tokens alone it is ``text`` with its Hangul composed (NFC), if white
    space was kept.
    """

    lower: bool = Field(default=False, description="write every token in lower case")
    spaces: bool = Field(default=True, description="make white space a token too")

    def tokenize(self, text: str) -> Tokens:
        """Return the tokens of ``text`` with their offsets."""
        matches = _SYLLABLES.finditer(text)
        spans = [m.span() for m in matches if self.spaces or not m[0].isspace()]
        words = self.words(text)
        return Tokens((Token(w, *span) for w, span in zip(words, spans, strict=True)), text)

    def words(self, text: str) -> list[str]:
        """Return the texts of the tokens."""
        if _has_conjoining(text):
            found = [unicodedata.normalize("NFC", c) if c[1:] else c for c in _clusters(text)]
            found = [word for word in found if self.spaces or not word.isspace()]
        else:
            found = list(text if self.spaces else "".join(text.split()))
        return list(map(str.lower, found)) if self.lower else found

    def letters(self, text: str) -> str | None:
        """Return the string whose characters are ``words(text)``; None if a word is longer."""
        if self.lower or _has_conjoining(text):
            return None
        return text if self.spaces else "".join(text.split())

    def detokenize(self, tokens: Sequence[Token]) -> str:
        """Return the text; of chosen tokens, with spaces where offsets leave room."""
        return restored(tokens, "".join)


@settings
class JamoTokenizer:
    """One token a jamo, and one a character of anything else.

    Jamo are conjoining ones (U+1100...), so an initial and a final are different tokens, and
    ``hangul.compatibility`` makes them readable. All jamo of a syllable have its offsets. What
    stands in the text as a conjoining jamo already (as in NFD text) has a token
    ``hangul.ESCAPE`` before it, so ``detokenize`` is exact for any text, even from the texts of
    the tokens alone. Compatibility jamo (ㅋㅋ, ㅠㅠ) stay what they are.
    """

    lower: bool = Field(default=False, description="write every token in lower case")

    def tokenize(self, text: str) -> Tokens:
        """Return the tokens of ``text``; the jamo of one syllable share its offsets."""
        spelled = enumerate(map(self.words, text))
        return Tokens((Token(jamo, at, at + 1) for at, jamos in spelled for jamo in jamos), text)

    def words(self, text: str) -> list[str]:
        """Return the texts of the tokens."""
        return list(self.letters(text))

    def letters(self, text: str) -> str:
        """Return the string whose characters are ``words(text)``."""
        return hangul.decompose(lowered(text) if self.lower else text)

    def detokenize(self, tokens: Sequence[Token]) -> str:
        """Compose the syllables again."""
        if isinstance(tokens, Tokens):
            return tokens.written()
        return hangul.compose("".join(token.text for token in tokens))
