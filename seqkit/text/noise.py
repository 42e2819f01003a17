"""Noise as people type it, to measure how a model bears misspelt text.

Every kind of noise strikes each place where it can with probability ``rate``:

- ``typo``: one jamo of a Korean syllable (or a lone jamo), or a Latin letter, becomes that of a
  neighbouring key, on the two-set (dubeolsik, KS X 5002) or the QWERTY layout;
- ``space``: a space is left out;
- ``repeat``: a Korean syllable, a lone jamo or a letter is written two to four times.

The same text, seed, rate and kinds give the same result on any machine.
"""

from collections.abc import Iterable, Iterator, Sequence
from random import Random
from typing import Literal

from seqkit.errors import SeqkitError, unknown
from seqkit.text import hangul

Kind = Literal["typo", "space", "repeat"]
KINDS: tuple[Kind, ...] = ("typo", "space", "repeat")

_QWERTY = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_DUBEOLSIK = ("ㅂㅈㄷㄱㅅㅛㅕㅑㅐㅔ", "ㅁㄴㅇㄹㅎㅗㅓㅏㅣ", "ㅋㅌㅊㅍㅠㅜㅡ")
_SHIFTED = {"ㅃ": "ㅂ", "ㅉ": "ㅈ", "ㄸ": "ㄷ", "ㄲ": "ㄱ", "ㅆ": "ㅅ", "ㅒ": "ㅐ", "ㅖ": "ㅔ"}


def _neighbours(rows: Sequence[str]) -> dict[str, str]:
    """Return the keys that touch each key; a row stands half a key right of the one above."""
    near: dict[str, str] = {}
    for y, row in enumerate(rows):
        for x, key in enumerate(row):
            places = (
                (y, x - 1),
                (y, x + 1),
                (y - 1, x),
                (y - 1, x + 1),
                (y + 1, x - 1),
                (y + 1, x),
            )
            near[key] = "".join(
                rows[j][i] for j, i in places if 0 <= j < len(rows) and 0 <= i < len(rows[j])
            )
    return near


_LETTERS = _neighbours(_QWERTY)
_JAMO = _neighbours(_DUBEOLSIK)
_JAMO |= {shifted: _JAMO[key] for shifted, key in _SHIFTED.items()}


def perturb(text: str, *, seed: int, rate: float = 0.1, kinds: Sequence[Kind] = KINDS) -> str:
    """Return ``text`` with noise.

    Args:
        text: any string; its decomposed Hangul is composed first.
        seed: of the noise; at least 0.
        rate: the probability of each kind, 0 (no noise) to 1, at each character it can change.
        kinds: any of :data:`KINDS`.

    Returns:
        A text that is empty only if ``text`` is.

    Raises:
        SeqkitError: if the rate is out of range, or a kind is unknown.
    """
    _check(seed, rate, kinds)
    return _noisy(text, Random(seed), rate, kinds)


def perturb_all(
    texts: Iterable[str], *, seed: int, rate: float = 0.1, kinds: Sequence[Kind] = KINDS
) -> Iterator[str]:
    """Yield each text as ``perturb`` makes it; row ``i`` has a stream of its own.

    Its seed is ``seed * 2**32 + i``: the noise of a row does not depend on the rows before it.
    """
    _check(seed, rate, kinds)
    for row, text in enumerate(texts):
        yield _noisy(text, Random(seed * 2**32 + row), rate, kinds)


def _check(seed: int, rate: float, kinds: Sequence[Kind]) -> None:
    if seed < 0:
        raise SeqkitError(f"seed = {seed}: it must be at least 0.")
    if not 0 <= rate <= 1:
        raise SeqkitError(f"rate = {rate}: it must be from 0 to 1.")
    for kind in kinds:
        if kind not in KINDS:
            raise unknown("kind of noise", kind, KINDS)


def _noisy(text: str, random: Random, rate: float, kinds: Sequence[Kind]) -> str:
    pieces = []
    for char in hangul.compose(text) if rate else text:
        piece = char
        # In the order of KINDS, whatever the caller's: the result depends on the set only.
        if "typo" in kinds and _can_slip(char) and random.random() < rate:
            piece = _slipped(char, random)
        if "space" in kinds and char == " " and random.random() < rate:
            piece = ""
        if "repeat" in kinds and _is_letter(char) and random.random() < rate:
            piece *= 2 + _below(3, random)
        pieces.append(piece)
    return "".join(pieces) or text


def _can_slip(char: str) -> bool:
    return hangul.is_syllable(char) or char in _JAMO or char.lower() in _LETTERS


def _is_letter(char: str) -> bool:
    return hangul.is_syllable(char) or "ㄱ" <= char <= "ㅣ" or (char.isascii() and char.isalpha())


def _slipped(char: str, random: Random) -> str:
    """Return ``char`` with one key of it replaced by a neighbour that can stand in its place."""
    if char in _JAMO:
        return _one_of(_JAMO[char], random)
    if not hangul.is_syllable(char):
        near = _one_of(_LETTERS[char.lower()], random)
        return near.upper() if char.isupper() else near
    parts = list(hangul.split(char))
    allowed = (hangul.INITIALS, hangul.MEDIALS, hangul.FINALS)
    choices = [
        (place, other)
        for place, jamo in enumerate(parts)
        for other in _JAMO.get(jamo, "")  # compound vowels and finals are left alone
        if other in allowed[place]
    ]
    assert choices  # every initial has a neighbouring consonant
    place, other = choices[_below(len(choices), random)]
    parts[place] = other
    return hangul.join(*parts)


def _one_of(options: str, random: Random) -> str:
    return options[_below(len(options), random)]


def _below(limit: int, random: Random) -> int:
    # `random()` alone is promised to give the same numbers in every version of Python.
    return int(random.random() * limit)
