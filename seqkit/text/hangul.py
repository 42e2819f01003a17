"""Hangul by arithmetic: syllables and their jamo, initials, and the particle a word takes.

The 11,172 modern syllables lie in one block (Unicode 3.12): with 19 initials, 21 medials and
28 finals (the first is none), syllable = 0xAC00 + (initial * 21 + medial) * 28 + final.

This file is arithmetic only. The jamo and syllable tokenizers belong in a file of their own
beside ``basic.py`` and call :func:`decompose` and :func:`compose`.
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from typing import Literal, NamedTuple

from seqkit.errors import SeqkitError, unknown

# Compatibility jamo: the ones that keyboards and dictionaries write on their own.
INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
MEDIALS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
FINALS = ("", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ")

FIRST, LAST = 0xAC00, 0xD7A3
ESCAPE = "\u034f"  # combining grapheme joiner: invisible, and stops composition in Unicode too

# Conjoining jamo: the ones that Unicode defines to be parts of a syllable.
_INITIALS = [chr(0x1100 + i) for i in range(19)]
_MEDIALS = [chr(0x1161 + i) for i in range(21)]
_FINALS = ["", *(chr(0x11A8 + i) for i in range(27))]
_CONJOINING: Mapping[str, Mapping[str, str]] = {
    "initial": dict(zip(INITIALS, _INITIALS, strict=True)),
    "medial": dict(zip(MEDIALS, _MEDIALS, strict=True)),
    "final": dict(zip(FINALS[1:], _FINALS[1:], strict=True)),
}
_COMPATIBILITY = {ord(part): jamo for table in _CONJOINING.values() for jamo, part in table.items()}
_INITIAL, _MEDIAL, _FINAL = r"\u1100-\u1112", r"\u1161-\u1175", r"\u11a8-\u11c2"
_DECOMPOSED = re.compile(f"{ESCAPE}(.)|([{_INITIAL}])([{_MEDIAL}])([{_FINAL}]?)", re.DOTALL)
# In texts of these characters only, Unicode's NFD (in C) does what `decompose` does.
_PLAIN = "\0-\x7f\u2010-\u2027\u3001-\u3029\u3131-\u318e\u4e00-\u9fff\uac00-\ud7a3"
_is_plain = re.compile(f"[{_PLAIN}]*+").fullmatch


class Syllable(NamedTuple):
    """The parts of one syllable as compatibility jamo; ``final`` is ``""`` where there is none."""

    initial: str
    medial: str
    final: str = ""


def is_syllable(char: str) -> bool:
    """Whether ``char`` is one modern Hangul syllable."""
    return len(char) == 1 and FIRST <= ord(char) <= LAST


def split(char: str) -> Syllable:
    """Cut one syllable into compatibility jamo: 한 -> (ㅎ, ㅏ, ㄴ).

    Raises:
        SeqkitError: if ``char`` is not one modern Hangul syllable.
    """
    if not is_syllable(char):
        raise SeqkitError(f"{char!r} is not one Hangul syllable; look with is_syllable first.")
    rest, final = divmod(ord(char) - FIRST, 28)
    initial, medial = divmod(rest, 21)
    return Syllable(INITIALS[initial], MEDIALS[medial], FINALS[final])


def join(initial: str, medial: str, final: str = "") -> str:
    """Make one syllable of compatibility jamo: (ㅎ, ㅏ, ㄴ) -> 한.

    Raises:
        SeqkitError: if a part cannot stand in its place.
    """
    try:
        places = INITIALS.index(initial), MEDIALS.index(medial), FINALS.index(final)
    except ValueError:
        raise SeqkitError(
            f"no syllable is made of {initial!r}, {medial!r} and {final!r}: "
            "give an initial consonant, a vowel and a final consonant or ''."
        ) from None
    return chr(FIRST + (places[0] * 21 + places[1]) * 28 + places[2])


def decompose(text: str) -> str:
    """Write every syllable as two or three conjoining jamo; all else stays.

    Conjoining jamo that stand in ``text`` already (and ``ESCAPE`` itself) get an ``ESCAPE``
    before them, so that ``compose(decompose(text)) == text`` for every string. On text without
    those, this is Unicode's canonical decomposition (NFD) of the Hangul in it.
    """
    if _is_plain(text):
        return unicodedata.normalize("NFD", text)
    return text.translate(_decompositions())


@cache
def _decompositions() -> Mapping[int, str]:
    syllables = map(chr, range(FIRST, LAST + 1))
    jamo = (*_INITIALS, *_MEDIALS, *_FINALS[1:], ESCAPE)
    return {ord(char): _parts(char) for char in (*syllables, *jamo)}


def _parts(char: str) -> str:
    if not is_syllable(char):
        return ESCAPE + char
    rest, final = divmod(ord(char) - FIRST, 28)
    initial, medial = divmod(rest, 21)
    return _INITIALS[initial] + _MEDIALS[medial] + _FINALS[final]


def compose(text: str) -> str:
    """Join conjoining jamo into syllables; the inverse of :func:`decompose`.

    Jamo that make no syllable stay as they are.
    """
    return _DECOMPOSED.sub(_whole, text)


def _whole(match: re.Match[str]) -> str:
    escaped, initial, medial, final = match.groups()
    if escaped is not None:
        return str(escaped)
    place = (ord(initial) - 0x1100) * 21 + ord(medial) - 0x1161
    return chr(FIRST + place * 28 + (ord(final) - 0x11A7 if final else 0))


def compatibility(text: str) -> str:
    """Replace modern conjoining jamo (U+1100...) by compatibility jamo (ㄱ); all else stays."""
    return text.translate(_COMPATIBILITY)


def conjoining(jamo: str, place: Literal["initial", "medial", "final"]) -> str:
    """Return the conjoining form of one compatibility jamo; a consonant has two, by its place.

    Raises:
        SeqkitError: if ``jamo`` cannot stand there (ㄸ is never a final).
    """
    try:
        return _CONJOINING[place][jamo]
    except KeyError:
        raise SeqkitError(f"{jamo!r} cannot be the {place} of a syllable.") from None


def initials(text: str) -> str:
    """Replace every syllable by its initial consonant (chosung): 한국 사람 -> ㅎㄱ ㅅㄹ."""
    return re.sub("[가-힣]", lambda m: INITIALS[(ord(m[0]) - FIRST) // 588], compose(text))


# How the last sound of what is not Hangul is read in Korean.
_DIGITS = ("영", "일", "이", "삼", "사", "오", "육", "칠", "팔", "구")
_UNITS = ("십", "백", "천", "만", "만", "만", "만", "억", "억", "억", "억", "조", "조", "조", "조")
_SYMBOLS = {"%": "트", "℃": "도", "°": "도", "+": "스", "&": "드", "$": "러", "₩": "원", "㎏": "램"}
_LETTERS = dict(zip("LMNR", "엘엠엔알", strict=True))  # the letter names that end in a consonant
_NUMBER = re.compile(r"([0-9][0-9,]*)(\.[0-9]+)?$")
_LATIN = re.compile(r"[A-Za-z]+$")
_NASAL_OR_L = re.compile(r"(?:(ng)|([lmn])|[aeiouyl]([lmn])e|[bcdfgkpstz](l)e)$")
_STOP = re.compile(r"(?:^|[^aeiou])(?:[aeiou]|oo)(ck|[bckpt])$")
_SOUNDS = {"ng": "ㅇ", "l": "ㄹ", "m": "ㅁ", "n": "ㄴ", "p": "ㅂ", "b": "ㅂ", "t": "ㅅ"}


def final(word: str) -> str:
    """Return the final consonant of the last sound of ``word``, read in Korean, else ``""``.

    - Hangul: the final of the last syllable; a lone consonant counts by its name (ㄱ 기역).
    - Numbers are read: 3 삼, 10 십, 2,000 이천, 1.50 일 점 오영.
    - One Latin letter, or capitals alone, are spelt out: L 엘, PDF 피디에프.
    - Other Latin words, by their spelling: a last l, m, n, ng is a final (with a silent e too:
      game, apple); so are b, c, k, ck, p, t after one short vowel (cup, book); nothing else is.
      English spelling allows no exact rule: ``set`` counts as 셋, though many say 세트.
    - Closing quotes, brackets and other marks are skipped, %, ℃ and some more are read.
    - Any other script counts as open.
    """
    word = compose(word)
    while word and not (word[-1].isalnum() or word[-1] in _SYMBOLS):
        word = word[:-1]
    if not word:
        return ""
    last = _SYMBOLS.get(word[-1], word[-1])
    if is_syllable(last):
        return split(last).final
    if last in FINALS[1:] or last in INITIALS:
        return {"ㄲ": "ㄱ", "ㄸ": "ㄷ", "ㅃ": "ㅂ", "ㅆ": "ㅅ", "ㅉ": "ㅈ"}.get(last, last)
    if number := _NUMBER.search(word):
        return split(_last_of_number(number[1].replace(",", ""), bool(number[2]), last)).final
    if latin := _LATIN.search(word):
        return _final_of_latin(latin[0])
    return ""


def _last_of_number(whole: str, decimal: bool, last: str) -> str:
    zeros = len(whole) - len(whole.rstrip("0"))
    if decimal or zeros == 0 or zeros == len(whole):
        return _DIGITS[int(last)]
    return _UNITS[zeros - 1] if zeros <= len(_UNITS) else "경"


def _final_of_latin(word: str) -> str:
    if word.isupper() or len(word) == 1:
        name = _LETTERS.get(word[-1].upper())
        return split(name).final if name else ""
    word = word.lower()
    if match := _NASAL_OR_L.search(word):
        return _SOUNDS[next(group for group in match.groups() if group)]
    if match := _STOP.search(word):
        return _SOUNDS.get(match[1], "ㄱ")
    return ""


def has_final(word: str) -> bool:
    """Whether the last sound of ``word``, read in Korean, ends in a consonant (:func:`final`)."""
    return final(word) != ""


# Written after a consonant / after a vowel.
PARTICLES = (
    "은/는", "이/가", "을/를", "과/와", "으로/로", "으로서/로서", "으로써/로써", "으로부터/로부터",
    "아/야", "이나/나", "이랑/랑", "이라고/라고", "이라는/라는", "이란/란", "이라도/라도",
    "이든/든", "이며/며", "이고/고", "이여/여", "이야/야", "이다/다", "이에요/예요", "이었/였",
    "이면/면", "이지만/지만", "이니/니", "이라서/라서",
)  # fmt: skip
_FORMS = {pair: tuple(pair.split("/")) for pair in PARTICLES}


def particle(word: str, pair: str) -> str:
    """Return the form of a particle that ``word`` takes: ``particle("책", "은/는") == "은"``.

    으로/로 and what is built on it take 로 after ㄹ as well (서울로).

    Raises:
        SeqkitError: if ``pair`` is not in :data:`PARTICLES`.
    """
    if pair not in _FORMS:
        raise unknown("particle", pair, PARTICLES)
    closed, open_ = _FORMS[pair]
    sound = final(word)
    return closed if sound and not (sound == "ㄹ" and closed.startswith("으로")) else open_
