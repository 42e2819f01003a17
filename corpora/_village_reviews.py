"""Reviews and moods of the village: sentences with a sentiment.

Negation and contrast turn what single words say: *not bad*, *expensive, but the food is good*.
The last clause decides.
"""

from functools import cache
from random import Random
from typing import cast

from seqkit.corpora import _village_english as english
from seqkit.corpora import _village_words as words
from seqkit.corpora._village_chance import adjectives, mood_of, pick, shade, times
from seqkit.corpora._village_clauses import Act, Sentence, State, Wish, parsed
from seqkit.corpora._village_korean import STYLES, Link, Word, adnominal
from seqkit.corpora._village_nouns import Noun, Phrase, nouns, people, thing
from seqkit.corpora._village_words import Action

SENTIMENTS = ("negative", "positive")

# How one deals with what is reviewed: Korean verb and particle, English verb, preposition.
_DEALINGS = {
    "restaurant": ("가", "에", "visit", "at"), "hotel": ("가", "에", "visit", "at"),
    "shop": ("가", "에", "visit", "at"), "park": ("가", "에", "visit", "in"),
    "village": ("가", "에", "visit", "in"), "film": ("보", "을/를", "watch", "in"),
    "book": ("읽", "을/를", "read", "in"), "class": ("듣:ㄷ", "을/를", "take", "in"),
    "trip": ("하", "을/를", "take", "on"), "train": ("타", "을/를", "take", "on"),
}  # fmt: skip
Review = tuple[str, str, str, tuple[tuple[str, str, str], ...]]


def _judgement(
    random: Random,
    review: Review,
    mood: int,
    subject: Phrase,
    *,
    avoid: str = "",
    part: bool = True,
) -> State:
    """Draw what is good (``mood`` 1) or bad (-1) about a thing or, if ``part``, a part of it."""
    whole: Phrase | None = None
    _, good, bad, parts = review
    if part and random.random() < 0.5:
        name, good, bad = pick(random, parts)
        noun = nouns(name.removesuffix("+"))[0]
        whole = subject
        subject = thing(noun, "the") if name[-1] != "+" else _several(noun)
        if noun.english == "people":
            subject = subject._replace(person="pl")
    flip = random.random() < 0.3 or not (good if mood > 0 else bad)
    flip = flip and bool(bad if mood > 0 else good)
    names = adjectives(good if (mood > 0) != flip else bad)
    adjective = pick(random, tuple(name for name in names if name != avoid) or names)
    negation, degree = shade(random, adjective, 1.0 if flip else 0.0)
    if adjective == "나쁘" and not flip and subject.key != "weather":
        # A thing is 나쁘지 않다, but what is not good at all is rather 형편없다.
        adjective, degree = "형편없", pick(random, (("정말", "really"), ("", "")))
    return State(subject, adjective, "present", negation, degree, "은/는", whole)


@cache
def _several(noun: Noun) -> Phrase:
    phrase = thing(noun, "plural")
    return phrase._replace(english=(("the", "DET"), *phrase.english))


def _remembered(random: Random, noun: Noun, verb: str, text: str) -> Phrase:
    """Name the thing of some past day: 어제 본 영화, the film I watched yesterday."""
    past = times("past")[2:3] if noun.english == "trip" else times("past")[:4]
    time = pick(random, past)[0]
    said = (adnominal(parsed(verb)[1], "past"), "VERB")
    told: tuple[Word, ...] = (("I", "PRON"), (english.past(text), "VERB"), *time[1])
    phrase = thing(noun, "the")
    return phrase._replace(before=(*time[0], said), english=(*phrase.english, *told))


def feeling(random: Random, label: str) -> Sentence:
    """Draw a sentence of a sentiment, ``positive`` or ``negative``: a review, or a mood."""
    mood = 1 if label == "positive" else -1
    style = pick(random, STYLES)
    if random.random() < 0.12:
        return Sentence((mood_of(random, mood),), style, label)
    review = cast("Review", pick(random, words.REVIEWS))
    noun = nouns(review[0])[0]
    verb, mark, text, preposition = _DEALINGS[noun.english]
    this = thing(noun, "this")
    chance = random.random()
    if chance < 0.15:
        return Sentence((Wish(this, mark, verb, text, mood < 0),), style, label)
    if chance < 0.3:
        liking = Action("", "좋아하", "like", "") if random.random() < 0.6 else Action(
            "", "싫어하", "dislike", "")  # fmt: skip
        negative = (liking.english == "like") != (mood > 0)
        who = pick(random, people("names speakers elders young strangers crowd"))
        act = Act(liking, who, "present", this, negation="지 않" if negative else "")
        return Sentence((act,), style, label)
    if chance < 0.42:
        subject = _remembered(random, noun, verb, text)
        said = _judgement(random, review, mood, subject, part=False)
        return Sentence((said._replace(tense="past"),), style, label)
    if chance < 0.6:
        said = _judgement(random, review, mood, this)
        return Sentence((said._replace(preposition=preposition),), style, label)
    contrast = random.random() < 0.75
    first = _judgement(random, review, -mood if contrast else mood, this, part=False)
    link: Link = "지만" if contrast else "고"
    if random.random() < 0.25:
        wish = Wish(this, mark, verb, text, mood < 0, linked=True)
        return Sentence((first, wish), style, label, link)
    part = _judgement(random, review, mood, this, avoid=first.adjective)
    while part.whole is None or part.adjective == first.adjective:
        part = _judgement(random, review, mood, this, avoid=first.adjective)
    return Sentence((first, part._replace(whole=None, topic="이/가")), style, label, link)
