"""Korean of the village: particles, and verbs conjugated by rule from stem and irregular class.

A sentence is a list of words (eojeol) with Universal POS tags. Three styles: ``plain`` (간다, as
in a diary), ``polite`` (가요) and ``formal`` (갑니다).
"""

from functools import cache
from typing import Literal, NamedTuple

from seqkit.text import hangul

Word = tuple[str, str]  # surface, Universal POS tag
Tense = Literal["past", "present", "future"]
Style = Literal["plain", "polite", "formal"]
Negation = Literal["", "안", "못", "지 않", "지 못하"]
Link = Literal["", "고", "지만", "아서"]
STYLES: tuple[Style, ...] = ("plain", "polite", "formal")


class Verb(NamedTuple):
    """A verb or adjective. ``irregular`` is ㅂ, ㄷ, ㅅ, ㅎ or 르, where the stem cannot tell.

    하, ㅡ and ㄹ stems are known by their looks. ``honorific`` is the stem that takes the place
    of this one for people who are looked up to, where it is another word (먹 -> 드시).
    """

    stem: str
    irregular: str = ""
    adjective: bool = False
    honorific: str = ""


def verb(spec: str, *, adjective: bool = False) -> Verb:
    """Read ``stem:irregular or honorific stem``: 춥:ㅂ, 부르:르, 먹:드시."""
    stem, _, more = spec.partition(":")
    irregular = more if more in ("ㅂ", "ㄷ", "ㅅ", "ㅎ", "르") else ""
    return Verb(stem, irregular, adjective, "" if irregular else more)


def _with_final(text: str, jamo: str) -> str:
    """Put a final consonant under the last syllable: 가 + ㄴ -> 간."""
    initial, medial, _ = hangul.split(text[-1])
    return text[:-1] + hangul.join(initial, medial, jamo)


def infinitive(word: Verb) -> str:
    """Return the form in 아/어: 가, 먹어, 추워, 들어, 지어, 불러, 써, 해, 빨개."""
    stem, before = word.stem, word.stem[:-1]
    initial, medial, final = hangul.split(stem[-1])
    if stem.endswith("하"):
        return before + "해"
    if word.irregular == "르":
        bright = hangul.split(before[-1]).medial in "ㅏㅗ"
        return _with_final(before, "ㄹ") + ("라" if bright else "러")
    if word.irregular == "ㅂ":
        return before + hangul.join(initial, medial) + ("와" if stem in ("돕", "곱") else "워")
    if word.irregular == "ㅎ":
        medial = "ㅐ" if stem in ("그렇", "이렇", "저렇", "어떻") else medial
        return before + hangul.join(
            initial, {"ㅏ": "ㅐ", "ㅑ": "ㅒ", "ㅓ": "ㅔ"}.get(medial, medial)
        )
    if word.irregular in ("ㄷ", "ㅅ"):
        root = before + hangul.join(initial, medial, "ㄹ" if word.irregular == "ㄷ" else "")
        return root + ("아" if medial in "ㅏㅗ" else "어")
    if final:
        return stem + ("아" if medial in "ㅏㅑㅗ" else "어")
    if medial == "ㅡ":
        bright = bool(before) and hangul.split(before[-1]).medial in "ㅏㅗ"
        return before + hangul.join(initial, "ㅏ" if bright else "ㅓ")
    contracted = {"ㅗ": "ㅘ", "ㅜ": "ㅝ", "ㅣ": "ㅕ", "ㅚ": "ㅙ"}.get(medial, medial)
    return before + hangul.join(initial, contracted) + ("어" if medial in "ㅟㅢ" else "")


def attach(word: Verb, ending: str) -> str:
    """Join an ending that takes 으 after a consonant: ㄴ, ㄹ, 시, 면 (들은, 추울, 지으시)."""
    stem, before = word.stem, word.stem[:-1]
    initial, medial, final = hangul.split(stem[-1])
    if word.irregular == "ㅂ":
        base = before + hangul.join(initial, medial) + "우"
    elif word.irregular == "ㄷ":
        base = before + hangul.join(initial, medial, "ㄹ") + "으"
    elif word.irregular == "ㅅ":
        base = before + hangul.join(initial, medial) + "으"
    elif word.irregular == "ㅎ" or (final == "ㄹ" and ending[0] in "ㄴㄹㅂ시니"):
        base = before + hangul.join(initial, medial)
    else:
        base = stem if final in ("", "ㄹ") else stem + "으"
    return _with_final(base, ending[0]) + ending[1:] if ending[0] in "ㄴㄹㅂ" else base + ending


def honored(word: Verb) -> Verb:
    """Return the verb with the honorific 시: 가시, 드시, 들으시."""
    return Verb(word.honorific or attach(word, "시"), adjective=word.adjective)


def _present(word: Verb, style: Style, honorific: bool) -> str:
    joins = hangul.split(word.stem[-1]).final in ("", "ㄹ")
    if style == "polite":
        return word.stem[:-1] + "세요" if honorific else infinitive(word) + "요"
    if style == "formal":
        return attach(word, "ㅂ니다") if joins else word.stem + "습니다"
    if word.adjective:
        return word.stem + "다"
    return attach(word, "ㄴ다") if joins else word.stem + "는다"


def finite(word: Verb, tense: Tense, style: Style, honorific: bool, link: Link = "") -> str:
    """Return a past or present form that ends a clause, or links it to the next."""
    if link == "아서":
        return (word.stem[:-1] + "셔" if honorific else infinitive(word)) + "서"
    form = word.stem[:-1] + "셔" if honorific else infinitive(word)
    past = _with_final(form, "ㅆ")
    if link:
        return (past if tense == "past" else word.stem) + link
    if tense == "past":
        return past + {"plain": "다", "polite": "어요", "formal": "습니다"}[style]
    return _present(word, style, honorific)


@cache
def predicate(
    word: Verb,
    tense: Tense,
    style: Style,
    *,
    honorific: bool = False,
    negation: Negation = "",
    progressive: bool = False,
    link: Link = "",
) -> tuple[Word, ...]:
    """Return the words of a predicate: 안 갑니다, 가지 않을 것입니다, 드시고 계세요."""
    tag = "ADJ" if word.adjective else "VERB"
    words: list[Word] = []
    if progressive:
        # Only the last verb is honorific (읽고 계십니다), but 드시고, 주무시고 remain.
        main = honored(word) if honorific and word.honorific else word
        words, tag = [(main.stem + "고", tag)], "AUX"
        word = Verb("계시") if honorific else Verb("있", adjective=True)
    elif honorific:
        word = honored(word)
    if negation in ("안", "못"):
        words.append((negation, "ADV"))
    elif negation:
        words.append((word.stem + "지", tag))
        word, tag, honorific = Verb(negation[2:], adjective=word.adjective), "AUX", False
    if tense == "future" and not link:
        thing = {"plain": "것이다", "polite": "거예요", "formal": "것입니다"}[style]
        return (*words, (attach(word, "ㄹ"), tag), (thing, "AUX"))
    return (*words, (finite(word, tense, style, honorific, link), tag))


def copula(noun: str, tense: Tense, style: Style, *, negative: bool = False) -> list[Word]:
    """Return a noun as predicate: 의사입니다, 학생이에요, 의사가 아니다."""
    past = tense == "past"
    if negative:
        present = {"plain": "아니다", "polite": "아니에요", "formal": "아닙니다"}[style]
        was = finite(Verb("아니", adjective=True), "past", style, False)
        return [(noun + hangul.particle(noun, "이/가"), "NOUN"), (was if past else present, "ADJ")]
    if past:
        ending = {"plain": "다", "polite": "어요", "formal": "습니다"}[style]
        return [(noun + hangul.particle(noun, "이었/였") + ending, "NOUN")]
    ends = {"plain": "이다", "polite": hangul.particle(noun, "이에요/예요"), "formal": "입니다"}
    return [(noun + ends[style], "NOUN")]


def adnominal(word: Verb, tense: Tense = "present") -> str:
    """Return the form before a noun: 추운, 큰, 맛있는, 먹는, 읽은 (past), 들은 (past)."""
    habit = word.stem.endswith(("있", "없")) or not word.adjective
    if tense == "present" and habit:
        open_ = hangul.split(word.stem[-1]).final == "ㄹ"
        return (attach(word, "니")[:-1] if open_ else word.stem) + "는"
    return attach(word, "ㄴ")
