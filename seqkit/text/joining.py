"""From the tokens that a model writes back to text, and where its words begin.

A *word* is what stands between two white spaces of a text (eojeol, in Korean), whatever the
tokens are: some units spell it with white space around them (syllables, jamo, characters), some
pieces say themselves that they begin one (words, subwords, morphemes with their tags).
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from seqkit.text import hangul
from seqkit.text.analysis import MorphologicalAnalyzer
from seqkit.text.basic import NO_SPACE_BEFORE, WordTokenizer
from seqkit.text.pieces import SPACE
from seqkit.text.tags import VERBS
from seqkit.text.tokenizer import Numbered, Token, Tokenizer
from seqkit.text.vocabulary import Vocabulary

# Morphemes that are written onto the one before them: particles, endings, suffixes, 이다, marks.
_ATTACHED = ("J", "E", "XS", "VCP", "SF", "SP", "SE")
_ATTACHED_OWN = ("XSM", "Z_CODA", "Z_SIOT")  # of Kiwi and Kkma: 요란+히, 어요+ㅋ; not in Sejong's
_CLOSING = frozenset(")]}>’”》〉」』】）")


@dataclass(frozen=True, eq=False)
class Joiner:
    """Puts tokens of a vocabulary together to text.

    Attributes:
        tokenizer: what cut the text that the vocabulary was built of.
        vocabulary: its tokens.
    """

    tokenizer: Tokenizer
    vocabulary: Vocabulary

    @cached_property
    def _texts(self) -> list[str]:
        """The text of each id; special tokens have none."""
        specials = [""] * len(self.vocabulary.specials)
        return [*specials, *self.vocabulary.words]

    @cached_property
    def separators(self) -> list[int]:
        """Ids of tokens that are white space, the most frequent first."""
        found = [i for i, text in enumerate(self._texts) if text.isspace()]
        counts = self.vocabulary.counts
        first = len(self.vocabulary.specials)
        return sorted(found, key=lambda i: (-counts[i - first], i))

    @cached_property
    def beginnings(self) -> list[int]:
        """Ids of tokens that begin a word; none, where words are told apart by separators."""
        if self.separators:
            return []
        first = len(self.vocabulary.specials)
        words = enumerate(self.vocabulary.words, start=first)
        return [number for number, word in words if self.begins(word)]

    @property
    def tells_words(self) -> bool:
        """Whether the tokens say where a word begins; morphemes do by their tags alone."""
        tokenizer = self.tokenizer
        return not isinstance(tokenizer, MorphologicalAnalyzer) or tokenizer.attach_tag

    @property
    def spells_text(self) -> bool:
        """Whether the tokens spell all of a text; morphemes and single marks leave spaces out."""
        return not isinstance(self.tokenizer, MorphologicalAnalyzer | WordTokenizer)

    @property
    def knows_lemmas(self) -> bool:
        """Whether the tokens are morphemes whose tags tell their dictionary forms."""
        tokenizer = self.tokenizer
        if not isinstance(tokenizer, MorphologicalAnalyzer) or not tokenizer.attach_tag:
            return False
        return tokenizer.has_stems or bool(getattr(tokenizer, "lemma", False))

    @cached_property
    def lemmas(self) -> list[str]:
        """The dictionary form of the morpheme of each id; special tokens have none.

        Verbs and adjectives end in 다; a token of several morphemes (했, ``VV+EP``) stays as it is.
        """
        assert isinstance(self.tokenizer, MorphologicalAnalyzer)
        found = []
        for text in self._texts:
            form, tag = _parted(text)
            is_verb = "+" not in tag and self.tokenizer.common_tag(form, tag) in VERBS
            found.append(form.removesuffix("다") + "다" if is_verb and form != "다" else form)
        return found

    def begins(self, word: str) -> bool:
        """Whether a token begins a word, where words are not told apart by separators."""
        tokenizer = self.tokenizer
        if isinstance(tokenizer, Numbered):  # subwords
            return word.startswith(SPACE)
        if isinstance(tokenizer, WordTokenizer):
            return word not in NO_SPACE_BEFORE
        if isinstance(tokenizer, MorphologicalAnalyzer) and tokenizer.attach_tag:
            form, tag = _parted(word)
            return not _is_attached(form, tag, tokenizer)
        return True  # every token is a word

    def join(self, ids: Iterable[int], unknown: Iterable[str] = ()) -> str:
        """Return the text of tokens; special ones have none.

        Exactly for syllables, jamo, characters and subwords; words and morphemes are written as
        the tokenizer joins them.

        Args:
            ids: the tokens.
            unknown: words for those that are unknown, in order; where there are too few, none.
        """
        unk, words = self.vocabulary.unk, iter(unknown)
        each = (next(words, "") if i == unk else self._texts[i] for i in ids)
        texts = [text for text in each if text]
        tokenizer = self.tokenizer
        if isinstance(tokenizer, MorphologicalAnalyzer) and tokenizer.attach_tag:
            return _written(tokenizer, texts)
        return tokenizer.detokenize([Token(text) for text in texts])


def printed(text: str) -> str:
    """Return a text in one line for a person to read.

    Its jamo are composed to syllables, and those that make none are written as letters (ㄱ):
    conjoining ones alone are drawn badly, or not at all.
    """
    composed = hangul.compatibility(unicodedata.normalize("NFC", text))
    return " ".join(composed.split())


def _parted(word: str) -> tuple[str, str]:
    form, _, tag = word.rpartition("/")
    return form, tag


def _is_attached(form: str, tag: str, tokenizer: MorphologicalAnalyzer) -> bool:
    if tag in _ATTACHED_OWN:
        return True
    common = tokenizer.common_tag(form, tag).partition("+")[0]
    return common.startswith(_ATTACHED) or form in _CLOSING


def _written(tokenizer: MorphologicalAnalyzer, texts: Sequence[str]) -> str:
    """Join morphemes to words, each as the analyser writes it, and words with spaces."""
    words: list[list[Token]] = []
    for text in texts:
        form, tag = _parted(text)
        if not words or not _is_attached(form, tag, tokenizer):
            words.append([])
        words[-1].append(Token(text, None, None, tag))
    return " ".join(_one(tokenizer, word) for word in words)


def _one(tokenizer: MorphologicalAnalyzer, word: list[Token]) -> str:
    if hasattr(tokenizer, "_joinable"):  # Kiwi knows how morphemes melt into each other
        return "".join(tokenizer.detokenize(word).split())
    forms = []
    for token in word:
        form, tag = _parted(token.text)
        verb = getattr(tokenizer, "lemma", False) and tokenizer.common_tag(form, tag) in VERBS
        forms.append(form.removesuffix("다") if verb else form)
    return "".join(forms)
