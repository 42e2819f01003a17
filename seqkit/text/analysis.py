"""What all morphological analysers share: clean input, exact offsets, tags, filters.

An analyser is given short pieces of clean text (NFC, no character it could choke on) and tells
morphemes; this file maps their offsets back to the string that was given, restores the
characters that were replaced, and adds whatever the analyser left out.
"""

import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

import regex
from pydantic import Field

from seqkit.settings import settings
from seqkit.text.alignment import Span, chunks, spans
from seqkit.text.tags import VERBS, Keep, is_kept, sejong
from seqkit.text.tokenizer import Token, Tokens, restored

STANDIN = "\ufffd"  # takes the place of a character that an analyser must not see
_ODD = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd\ud800-\udfff"
UNSAFE = re.compile(f"[{_ODD}]")
UNSAFE_OUTSIDE_BMP = re.compile(f"[{_ODD}\U00010000-\U0010ffff]")
_WHITE = re.compile(r"[^\S\n ]")


class Morpheme(NamedTuple):
    """What an analyser found; ``span`` is in the piece of text that it was given."""

    form: str
    tag: str
    span: Span


@dataclass(frozen=True)
class Clean:
    """A text made fit for an analyser, and the way back.

    ``text`` and ``written`` are of one length: ``written`` is the given text in NFC, ``text``
    has stand-ins in it. ``starts[i]`` and ``ends[i]`` are the offsets, in the given text, of what
    its character i was made of; both are None where nothing moved.
    """

    text: str
    written: str
    starts: list[int] | None = None
    ends: list[int] | None = None

    def form(self, form: str, span: Span) -> str:
        """Return a morpheme with the characters in it again that stand-ins took the place of."""
        if span is None or STANDIN not in form:
            return form
        if form == self.text[slice(*span)]:
            return self.written[slice(*span)]
        pairs = zip(self.text[slice(*span)], self.written[slice(*span)], strict=True)
        hidden = (old for new, old in pairs if new == STANDIN)
        return "".join(next(hidden, char) if char == STANDIN else char for char in form)

    def original(self, span: Span) -> Span:
        """Return a span of the given text."""
        if span is None or self.starts is None or self.ends is None:
            return span
        return self.starts[span[0]], self.ends[span[1] - 1]


def clean(text: str, unsafe: "re.Pattern[str]" = UNSAFE) -> Clean:
    """Write a text in NFC, its white space as spaces, with stand-ins for ``unsafe`` characters."""
    if unicodedata.is_normalized("NFC", text):
        return Clean(_replaced(text, unsafe), text)
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for match in regex.finditer(r"\X", text):
        begin, end = match.span()
        composed = unicodedata.normalize("NFC", match[0])
        if composed == match[0]:
            starts.extend(range(begin, end))
            ends.extend(range(begin + 1, end + 1))
        else:
            starts.extend([begin] * len(composed))
            ends.extend([end] * len(composed))
        pieces.append(composed)
    written = "".join(pieces)
    return Clean(_replaced(written, unsafe), written, starts, ends)


def _replaced(text: str, unsafe: "re.Pattern[str]") -> str:
    if text.isprintable() and unsafe is UNSAFE and STANDIN not in text:
        return text
    return unsafe.sub(STANDIN, _WHITE.sub(" ", text))


def located(text: str, analysed: Iterable[tuple[str, str]]) -> list[Morpheme]:
    """Give each ``(form, tag)`` of an analyser without offsets the span that it comes from."""
    told = [(form, tag) for form, tag in analysed if form and not form.isspace()]
    places = spans(text, [form for form, _ in told])
    return [Morpheme(form, tag, span) for (form, tag), span in zip(told, places, strict=True)]


@settings
class MorphologicalAnalyzer(ABC):
    """The options and methods of every tokenizer that cuts into morphemes.

    ``detokenize(tokenize(text)) == text`` for any text. Tokens are in the order of the text;
    their spans may overlap where one syllable holds two morphemes (했 is 하 + 았). Every
    character that is not white space lies in some token before filters are applied: what the
    analyser left out is a token with its tag for the unknown. White space counts as a space.
    """

    tags: Literal["native", "sejong"] = Field(
        default="native", description="the tag scheme: the analyser's own, or that of Sejong"
    )
    keep: Keep = Field(
        default="all",
        description="the tokens to keep: all, nouns, content words, or all but particles",
    )
    attach_tag: bool = Field(default=False, description="write every token as form/TAG")

    table: ClassVar[Mapping[str, str]] = {}  # the analyser's own tags -> Sejong's
    has_stems: ClassVar[bool] = True  # verbs are cut from their endings
    unknown: ClassVar[str] = "NA"  # the analyser's own tag for what it does not know
    unsafe: ClassVar["re.Pattern[str]"] = UNSAFE
    limit: ClassVar[int] = 8000  # characters a piece
    longest_word: ClassVar[int] = 8000  # of them without white space

    def tokenize(self, text: str) -> Tokens:
        """Return the morphemes of ``text`` with tags and their offsets.

        Raises:
            SeqkitError: if the analyser is not installed, with the command that installs it.
        """
        source = clean(text, self.unsafe)
        tokens = (
            _token(form, tag, source.original(span)) for form, tag, span in self._kept(source)
        )
        return Tokens(tokens, text)

    def common_tag(self, form: str, tag: str) -> str:
        """Return Sejong's tag of a token with a tag of this analyser's scheme."""
        return tag if self.tags == "sejong" else sejong(tag, form, self.table)

    def words(self, text: str) -> list[str]:
        """Return the texts of the tokens."""
        return [form for form, _, _ in self._kept(clean(text, self.unsafe))]

    def detokenize(self, tokens: Sequence[Token]) -> str:
        """Return the source of the tokens; without it, by offsets; else with spaces between."""
        return _by_offsets(tokens) or restored(tokens, " ".join)

    @abstractmethod
    def _analysed(self, text: str) -> list[Morpheme]:
        """Return the morphemes of a short piece of clean text."""

    def _lemma(self, form: str, tag: str) -> str:
        """Return the dictionary form of a morpheme with a Sejong tag."""
        return form + "다" if tag.partition("+")[0] in VERBS else form

    def _kept(self, source: Clean) -> Iterator[Morpheme]:
        """Yield the morphemes as the options ask for them, with their spans in clean text."""
        plain = self.tags == "native" and self.keep == "all"
        lemma = getattr(self, "lemma", False)
        for start, end in chunks(source.text, self.limit, self.longest_word):
            piece = source.text[start:end]
            for form, tag, span in _covering(piece, self._analysed(piece), self.unknown):
                if span is not None and start:
                    span = (span[0] + start, span[1] + start)
                if STANDIN in form:
                    form = source.form(form, span)
                if not plain or lemma:
                    common = sejong(tag, form, self.table)
                    if not is_kept(common, self.keep):
                        continue
                    form = self._lemma(form, common) if lemma else form
                    tag = common if self.tags == "sejong" else tag
                yield Morpheme(f"{form}/{tag}" if self.attach_tag else form, tag, span)


def _token(form: str, tag: str, span: Span) -> Token:
    return Token(form, None, None, tag) if span is None else Token(form, span[0], span[1], tag)


def _covering(text: str, morphemes: list[Morpheme], unknown: str) -> list[Morpheme]:
    """Add a morpheme for every run of visible characters that lies in none."""
    done = 0
    added: list[tuple[int, Morpheme]] = []
    for position, (_, _, span) in enumerate(morphemes):
        if span is not None:
            if span[0] > done:
                added += [(position, m) for m in _unknown(text, done, span[0], unknown)]
            done = max(done, span[1])
    if done < len(text):
        added += [(len(morphemes), m) for m in _unknown(text, done, len(text), unknown)]
    if not added:
        return morphemes
    result = list(morphemes)
    for position, morpheme in reversed(added):
        result.insert(position, morpheme)
    return result


def _unknown(text: str, start: int, end: int, tag: str) -> list[Morpheme]:
    runs = re.finditer(r"\S+", text[start:end])
    return [Morpheme(m[0], tag, (m.start() + start, m.end() + start)) for m in runs]


def _by_offsets(tokens: Sequence[Token]) -> str:
    """Not for :class:`Tokens`: forms are no surfaces, so offsets only tell where spaces go."""
    if isinstance(tokens, Tokens) or any(token.start is None for token in tokens):
        return ""
    pieces: list[str] = []
    end: int | None = None
    for token in tokens:
        if end is not None and token.start is not None and token.start > end:
            pieces.append(" ")
        pieces.append(token.text)
        end = max(end or 0, token.end or 0)
    return "".join(pieces)
