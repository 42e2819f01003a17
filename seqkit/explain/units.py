"""Units that follow something: the position, quotes, particles (Karpathy et al. 2016)."""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEAST = 4  # tokens with a property, and without, for a correlation to be looked at
STRONG = 0.5  # a correlation, in both halves of the tokens, for a unit to be named after it
QUOTES = {'"': '"', "“": "”", "‘": "’", "「": "」", "『": "』"}
BRACKETS = {"(": ")", "[": "]", "{": "}", "《": "》", "〈": "〉", "<": ">"}
ENDS = frozenset((".", "!", "?", "。", "<eos>"))
PARTICLES = frozenset(
    (
        *("은", "는", "이", "가", "을", "를", "의", "에", "에서", "에게", "께", "께서", "한테"),
        *("와", "과", "도", "만", "로", "으로", "부터", "까지", "보다", "처럼", "이나", "나"),
        *("라도", "마다", "밖에", "조차", "마저", "이랑", "랑", "하고"),
    )
)


@dataclass(frozen=True)
class Tracker:
    """A unit that follows a property of tokens.

    Attributes:
        follows: the property.
        unit: from 0.
        correlation: of the two over all tokens (Pearson), -1 to 1.
        weaker_half: in that half of the tokens where it is weaker; 0 if its sign differs there.
    """

    follows: str
    unit: int
    correlation: float
    weaker_half: float


def trackers(texts: Sequence[Sequence[str]], activity: Floats) -> list[Tracker]:
    """Return for each property the unit that follows it best, if it does in both halves.

    Among many units and few tokens, some correlation is found by chance: so a unit is chosen by
    the weaker of its correlations with the first and the second half of the tokens.

    Args:
        texts: the tokens of each.
        activity: ``(tokens, units)``, of all texts, one after another.
    """
    found, half = [], len(activity) // 2
    for name, property_of in PROPERTIES.items():
        values = np.concatenate([np.asarray(property_of(tokens), float) for tokens in texts])
        if not (_varies(values[:half]) and _varies(values[half:])):
            continue
        first = correlations(values[:half], activity[:half])
        second = correlations(values[half:], activity[half:])
        weaker = np.where(first * second > 0, np.minimum(abs(first), abs(second)), 0.0)
        unit = int(weaker.argmax())
        if weaker[unit] >= STRONG:
            over_all = float(correlations(values, activity)[unit])
            found.append(Tracker(name, unit, over_all, float(weaker[unit] * np.sign(over_all))))
    return found


def correlations(values: Floats, activity: Floats) -> Floats:
    """Return Pearson's correlation of ``(n,)`` values with each unit of ``(n, units)``."""
    x, y = values - values.mean(), activity - activity.mean(axis=0)
    scale = np.sqrt((x**2).sum() * (y**2).sum(axis=0))
    result: Floats = np.divide(x @ y, scale, out=np.zeros_like(scale), where=scale > 0)
    return result


def _varies(values: Floats) -> bool:
    """Whether there is enough of both kinds in values to follow."""
    commonest = np.unique(values, return_counts=True)[1].max(initial=0)
    return len(values) - int(commonest) >= LEAST and len(values) > LEAST


def _position(tokens: Sequence[str]) -> list[float]:
    return list(map(float, range(len(tokens))))


def _in_sentence(tokens: Sequence[str]) -> list[float]:
    found, place = [], 0.0
    for token in tokens:
        found.append(place)
        place = 0.0 if token.strip() in ENDS else place + 1
    return found


def _in_word(tokens: Sequence[str]) -> list[float]:
    """Return the position since white space, where white space is a token of its own."""
    found, place = [], 0.0
    for token in tokens:
        found.append(place)
        place = 0.0 if token.isspace() else place + 1
    return found if any(token.isspace() for token in tokens) else [0.0] * len(tokens)


def _inside(pairs: dict[str, str]) -> Callable[[Sequence[str]], list[float]]:
    """Return what tells whether a token stands between an opening and a closing sign."""

    def inside(tokens: Sequence[str]) -> list[float]:
        found, closing = [], ""
        for token in tokens:
            sign = token.strip()
            if closing:
                found.append(1.0)
                closing = "" if sign == closing else closing
            else:
                closing = pairs.get(sign, "")
                found.append(float(bool(closing)))
        return found

    return inside


def _each(test: Callable[[str], bool]) -> Callable[[Sequence[str]], list[float]]:
    return lambda tokens: [float(test(token.strip())) for token in tokens]


def _is_punctuation(token: str) -> bool:
    return bool(token) and all(unicodedata.category(sign)[0] == "P" for sign in token)


def _is_hangul(token: str) -> bool:
    return any(unicodedata.name(sign, "").startswith("HANGUL") for sign in token)


def _is_particle(token: str) -> bool:
    return token.partition("/")[0].removeprefix("##") in PARTICLES  # a morpheme may have its tag


PROPERTIES: dict[str, Callable[[Sequence[str]], list[float]]] = {
    "position in the text": _position,
    "position in the sentence": _in_sentence,
    "position in the word": _in_word,
    "inside quotes": _inside(QUOTES),
    "inside brackets": _inside(BRACKETS),
    "punctuation": _each(_is_punctuation),
    "white space": lambda tokens: [float(token.isspace()) for token in tokens],
    "digits": _each(lambda token: any(map(str.isdigit, token))),
    "capital letter": _each(lambda token: token[:1].isupper()),
    "Korean particle": _each(_is_particle),
    "Hangul": _each(_is_hangul),
    "length of the token": lambda tokens: [float(len(token.strip())) for token in tokens],
}
