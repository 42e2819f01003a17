"""Random choices that the grammar and the reviews of the village share."""

from collections.abc import Sequence
from functools import cache
from random import Random
from typing import TypeVar

from seqkit.corpora import _village_english as english
from seqkit.corpora import _village_words as words
from seqkit.corpora._village_clauses import State, Time
from seqkit.corpora._village_korean import Negation
from seqkit.corpora._village_nouns import people

T = TypeVar("T")

DEGREES = (("아주", "very"), ("정말", "really"), ("무척", "extremely"), ("꽤", "quite"))
_COLOURS = ("하얗:ㅎ", "까맣:ㅎ", "빨갛:ㅎ")


def pick(random: Random, items: Sequence[T]) -> T:
    """Return one of ``items``; several times faster than ``random.choice``."""
    return items[int(random.random() * len(items))]


@cache
def times(*tenses: str) -> tuple[tuple[Time, str, str], ...]:
    """Return the times of some tenses, each with its tense and its Korean words."""
    found = []
    for korean, text, tense in words.TIMES:
        if tense in tenses:
            phrase, tag = korean.split(":")
            *first, last = phrase.split()
            in_korean = (*((word, "NOUN") for word in first), (last, tag))
            in_english = english.words(text.partition(":")[0])
            if text == "two days ago:":
                in_english = (("two", "NUM"), *in_english[1:])
            found.append(((in_korean, in_english), tense, phrase))
    return tuple(found)


@cache
def _stem(spec: str) -> str:
    """Return an adjective with its class: ``춥:ㅂ`` for ``춥``."""
    found = [name for name in words.ADJECTIVES if name.partition(":")[0] == spec]
    return found[0]


@cache
def adjectives(text: str) -> tuple[str, ...]:
    return tuple(_stem(spec) for spec in text.split())


def shade(random: Random, adjective: str, negate: float) -> tuple[Negation, tuple[str, str]]:
    """Choose a negation and a degree that go together: 별로 ... 지 않다, 아주 ..."""
    stem = adjective.partition(":")[0]
    if random.random() < negate:
        if random.random() < 0.35:
            bad = words.POLARITY.get(stem, words.ADJECTIVES[adjective][1]) < 0
            return "지 않", ("전혀", "at all") if bad else ("별로", "very")
        short = len(stem) <= 2 and not stem.endswith(("있", "없", "하", "쁘", "지"))
        return ("안" if short and random.random() < 0.5 else "지 않"), ("", "")
    if adjective not in _COLOURS and random.random() < 0.5:
        return "", pick(random, DEGREES)
    return "", ("", "")


def mood_of(random: Random, mood: int) -> State:
    adjective = pick(random, adjectives(words.FEELINGS[mood]))
    who = pick(random, people("names speakers elders young pupils strangers farmers crowd"))
    degree = pick(random, DEGREES) if random.random() < 0.4 else ("", "")
    return State(who, adjective, "past", "", degree, pick(random, ("은/는", "이/가")))
