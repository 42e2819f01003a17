"""The analysers that konlpy brings: Okt, Komoran, Hannanum, Kkma. They run in Java.

konlpy: Park and Cho, KoNLPy: Korean natural language processing in Python, HCLT 2014. None of
its analysers tells offsets: they are found by alignment (``alignment.py``). Java is started on
first use; none has to be installed beforehand (``jvm.py``).
"""

import re
from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field

from seqkit.settings import settings
from seqkit.text import jvm, tags
from seqkit.text.analysis import (
    UNSAFE_OUTSIDE_BMP,
    Morpheme,
    MorphologicalAnalyzer,
    located,
)
from seqkit.text.dictionary import Entry, entries

_HANNANUM_MARKS = re.compile(r"(/+|\++)")

KomoranEntries = Annotated[
    tuple[Entry, ...],
    BeforeValidator(lambda value: entries(value, list(tags.KOMORAN), scores=False)),
]


@settings
class OktTokenizer(MorphologicalAnalyzer):
    """Open Korean Text: made for tweets; words rather than morphemes, and few tags."""

    normalize: bool = Field(default=False, description="correct spelling: 되나욬 as 되나요")
    lemma: bool = Field(default=False, description="write verbs and adjectives with 다")

    table: ClassVar[Mapping[str, str]] = tags.OKT
    has_stems: ClassVar[bool] = False
    unknown: ClassVar[str] = "Unknown"
    limit: ClassVar[int] = 300
    longest_word: ClassVar[int] = 60

    def _analysed(self, text: str) -> list[Morpheme]:
        options = (("norm", self.normalize), ("stem", self.lemma))
        return located(text, jvm.analyse("okt", options, text))

    def _lemma(self, form: str, tag: str) -> str:  # noqa: ARG002
        return form  # Okt has written it itself


@settings
class KomoranTokenizer(MorphologicalAnalyzer):
    """KOMORAN: all of Sejong's tags; takes phrases with spaces as words of the dictionary."""

    lemma: bool = Field(default=False, description="write verbs and adjectives with 다")
    dictionary: KomoranEntries = Field(
        default=(), description="a file of words to know: word, tab, tag"
    )

    table: ClassVar[Mapping[str, str]] = tags.KOMORAN
    unsafe: ClassVar["re.Pattern[str]"] = UNSAFE_OUTSIDE_BMP
    limit: ClassVar[int] = 300
    longest_word: ClassVar[int] = 60

    def _analysed(self, text: str) -> list[Morpheme]:
        options = (("dictionary", tuple(map(tuple, self.dictionary))),)
        return located(text, jvm.analyse("komoran", options, text))


@settings
class HannanumTokenizer(MorphologicalAnalyzer):
    """Hannanum, of KAIST, with its 22 tags."""

    lemma: bool = Field(default=False, description="write verbs and adjectives with 다")

    table: ClassVar[Mapping[str, str]] = tags.HANNANUM
    unknown: ClassVar[str] = "UN"
    unsafe: ClassVar["re.Pattern[str]"] = UNSAFE_OUTSIDE_BMP
    limit: ClassVar[int] = 200
    longest_word: ClassVar[int] = 40

    def _analysed(self, text: str) -> list[Morpheme]:
        found: list[tuple[str, str]] = []
        for part in _HANNANUM_MARKS.split(text):  # it writes 가/NC+를/JC, and escapes nothing
            if part and part[0] in "/+":
                found.append((part, "SP" if part[0] == "/" else "SY"))
            else:
                found += jvm.analyse("hannanum", (), part)
        return located(text, found)


@settings
class KkmaTokenizer(MorphologicalAnalyzer):
    """Kkma, of Seoul National University: the finest tags, and by far the slowest."""

    lemma: bool = Field(default=False, description="write verbs and adjectives with 다")

    table: ClassVar[Mapping[str, str]] = tags.KKMA
    unknown: ClassVar[str] = "UN"
    unsafe: ClassVar["re.Pattern[str]"] = UNSAFE_OUTSIDE_BMP
    limit: ClassVar[int] = 100
    longest_word: ClassVar[int] = 20

    def _analysed(self, text: str) -> list[Morpheme]:
        return located(text, jvm.analyse("kkma", (), text))
