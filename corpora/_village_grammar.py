"""The grammar of the village: draws the meaning of a sentence at random.

Nothing here spells a word; ``_village_clauses`` does.
"""

from functools import cache
from random import Random
from typing import cast

from seqkit.corpora import _village_words as words
from seqkit.corpora._village_chance import adjectives, mood_of, pick, shade, times
from seqkit.corpora._village_clauses import (
    Act,
    Being,
    Clause,
    Sentence,
    Speak,
    State,
    There,
    Time,
    Weather,
)
from seqkit.corpora._village_korean import STYLES, Link, Negation, Tense
from seqkit.corpora._village_nouns import (
    CITIES,
    COUNTRIES,
    LANGUAGES,
    Noun,
    Phrase,
    counted,
    group,
    nouns,
    people,
    places,
    thing,
)
from seqkit.corpora._village_words import Action

_LONG = ("짓:ㅅ", "키우", "배우", "가르치", "일하", "여행하", "가", "도착하", "떠나")  # fits a year
_BY_DAY = ("무지개를 보", "심", "시험을 보", "수업을 듣:ㄷ", "키우", "가르치")
_STATIVE = ("좋아하", "사랑하", "걱정하")
_UNWILLED = (*_STATIVE, "기다리", "경기에서 지")  # one does not fail to do these
_SKILLS = ("하", "치", "수영하", "자전거를 타", "헤엄치", "문제를 풀", "고치", "읽", "요리하")
_NEVER_SHORT = ("안", "달리", "쓰다듬")
_SOCIAL = ("food", "school", "sport", "travel")
_COMPANIONS: tuple[Time, ...] = tuple(
    (((korean, "NOUN"), ("함께", "ADV")), (("with", "ADP"), ("a", "DET"), (text, "NOUN")))
    for korean, text in (("친구와", "friend"), ("이웃과", "neighbor"))
)
_CHANGEABLE = ("animals", "sport", "travel", "work")  # topics with weather in the background
_SEEN = ("cities hill beach village field farm", "park beach hill street river village")


def _negation(random: Random, korean: str, tense: Tense) -> Negation:
    """Choose 안, 못, -지 않다 or -지 못하다, as far as the verb and the tense allow."""
    if random.random() > 0.15:
        return ""
    last = korean.split()[-1].partition(":")[0]
    short = (
        len(last) <= 2 and (last == "하" or not last.endswith("하")) and last not in _NEVER_SHORT
    )
    able = (tense == "past" and korean not in _UNWILLED) or (
        tense == "present" and korean in _SKILLS
    )
    allowed: list[Negation] = ["지 않"]
    allowed += ["안"] if short else []
    allowed += ["지 못하"] if able else []
    allowed += ["못"] if able and short else []
    return pick(random, allowed)


def _when(random: Random, action: Action) -> tuple[Time, Tense, bool]:
    """Choose a time, its tense and whether it is going on."""
    if action.present:
        return ((), ()), "present", False
    if random.random() < 0.45:
        return ((), ()), pick(random, ("past", "past", "present", "future")), False
    kind = pick(random, ("past", "past", "present", "now", "future"))
    if kind == "present" and (action.topic == "travel" or action.korean.startswith("경기에서")):
        kind = "past"  # nobody leaves for Paris, or wins, every day
    time, _, text = pick(random, times(kind))
    if (text in ("작년에", "내년에") and action.korean not in _LONG) or (
        text == "어젯밤에" and action.korean in _BY_DAY
    ):
        time, _, text = times(kind)[0]
    return time, cast("Tense", "present" if kind == "now" else kind), kind == "now"


@cache
def _actions(topic: str) -> tuple[Action, ...]:
    return tuple(action for action in words.ACTIONS if action.topic == topic)


def act(random: Random, action: Action, tense: Tense | None = None, where: str = "") -> Act:
    """Draw who does ``action``, to what, where and when; in ``tense``, without a time, if given."""
    subject = pick(random, people(action.who))
    time, chosen, progressive = _when(random, action)
    if tense is not None:
        time, chosen, progressive = ((), ()), tense, False
    habit = chosen == "present" and time != ((), ())
    negation: Negation = "" if habit else _negation(random, action.korean, chosen)
    topic = pick(random, ("은/는", "이/가"))
    what = _object(random, action, subject, negation) if action.what else None
    if action.topic == "animals" and not what and random.random() < 0.4:
        name = pick(random, [n for n in group(action.who) if n.english == subject.key] or [None])
        if name:
            subject, topic = counted(name, int(random.random() * 4)), "이/가"
    place = None
    if where or (action.where and random.random() < 0.55):
        place = pick(random, places(where or action.where))
    companion: Time = ((), ())
    if action.topic in _SOCIAL and action not in _ALONE and random.random() < 0.12:
        companion = pick(random, _COMPANIONS)
    return Act(
        action, subject, chosen, what, place, time, companion, negation, progressive, topic,
        random.random() < 0.6 or topic == "이/가",
    )  # fmt: skip


_ALONE = tuple(
    action
    for action in words.ACTIONS
    if action.english.split()[0] in ("like", "win", "lose", "kick", "throw", "memorize", "wash")
    or action.korean in ("가르치", "시험을 보", "자르:르", "굽:ㅂ")
)


def _object(random: Random, action: Action, subject: Phrase, negation: Negation) -> Phrase:
    if action.topic == "family":
        others = [person for person in people(action.what) if person.key != subject.key]
        return pick(random, others)
    noun = pick(random, group(action.what))
    while noun.english == subject.key:  # no fox chases a fox
        noun = pick(random, group(action.what))
    if action.plural:
        return thing(noun, "plural")
    countable = noun.counter and action.mark == "을/를" and not negation
    if countable and random.random() < 0.3:
        return counted(noun, int(random.random() * random.random() * len(words.NUMBERS)))
    return thing(noun, "a")


def state(random: Random, topic: str) -> State:
    """Draw a clause about how somebody or something is, for any topic but the weather."""
    rows = [row for row in words.STATES if row[0] == topic]
    _, subjects, said = pick(random, rows)
    name = pick(random, subjects.split(", ") if ":" in subjects else subjects.split())
    adjective = pick(random, adjectives(said))
    generic = name in ("cities", "countries", "games", "racket")
    if name in words.PEOPLE:
        subject = pick(random, people(name))
    else:
        noun = pick(random, group(name) if ":" not in name else nouns(name))
        subject = thing(noun, "a" if generic else "the")
    negation, degree = shade(random, adjective, 0.2)
    psychic = adjective.partition(":")[0] in words.PSYCHIC
    tense: Tense = "past" if psychic or random.random() < 0.35 else "present"
    mark = "은/는" if generic else pick(random, ("은/는", "은/는", "이/가"))
    return State(subject, adjective, tense, negation, degree, mark)


def weather(random: Random, *, mood: int = 0, tense: Tense | None = None) -> Weather:
    """Draw the weather: of a ``mood`` (1 good, -1 bad, 0 any), in a ``tense`` if given."""
    place = pick(random, places(_SEEN[0])) if random.random() < 0.6 else None
    time: Time = ((), ())
    progressive = False
    if tense is None:
        kind = pick(random, ("past", "past", "now", "future", "today"))
        tense = cast("Tense", "present" if kind in ("now", "today") else kind)
        if kind == "today":
            time = ((("오늘", "ADV"),), (("today", "NOUN"),))
        elif kind != "now":
            time = pick(random, [t[0] for t in times(kind) if "year" not in str(t[0][1])])
        progressive = kind == "now"
    elif random.random() < 0.4:
        time = pick(random, [t[0] for t in times(tense) if "year" not in str(t[0][1])])
    if time[1] != (("today", "NOUN"),) and random.random() < 0.5:
        events = [e for e in words.WEATHER_EVENTS if mood in (0, e[3])]
        noun, verb, text, _ = pick(random, events)
        if noun == "해":
            morning = tense == "past" and random.random() < 0.5
            place, progressive = None, False
            time = times("past")[4][0] if morning else ((), ())
        if progressive:
            time = times("now")[0][0]
        negation = _negation(random, "오:", "future") if not progressive and not mood else ""
        return Weather((noun, verb, text), "", tense, place, time, negation, progressive)
    names = [a for a in adjectives(words.WEATHER_ADJECTIVES)
             if mood in (0, words.ADJECTIVES[a][1])]  # fmt: skip
    adjective = pick(random, names)
    if progressive:
        time = times("now")[0][0]
    negation = "지 않" if not mood and random.random() < 0.15 else ""
    return Weather(None, adjective, tense, place, time, negation)


def _weather_sentence(random: Random) -> tuple[tuple[Clause, ...], Link]:
    chance = random.random()
    if chance < 0.55:
        return (weather(random),), ""
    mood = pick(random, (1, -1))
    if chance < 0.8:
        return (weather(random, mood=mood, tense="past"), mood_of(random, mood)), "아서"
    return (act(random, pick(random, _actions("weather"))),), ""


@cache
def _outdoors(action: Action) -> bool:
    """Whether the weather matters to it."""
    if action.topic in ("sport", "travel"):
        return not {"gym", "home", "airport"} & set(action.where.split())
    open_air = {"field", "yard", "farm", "village", "lake", "hill", "market", "park"}
    return bool(action.where) and set(action.where.split()) <= open_air


def background(random: Random, action: Action) -> tuple[tuple[Weather, Act], Link]:
    """Draw two clauses: it rained, but they played all the same; it was warm, and they played."""
    mood = pick(random, (1, -1))
    first = weather(random, mood=mood, tense="past")
    main = act(random, action, "past")._replace(negation="", topic="은/는")
    return (first._replace(place=None), main), "고" if mood > 0 else "지만"


def _being(random: Random, topic: str) -> Clause | None:
    if topic == "work":
        job = pick(random, nouns(words.JOBS))
        past: Tense = "past" if random.random() < 0.25 else "present"
        return Being(
            pick(random, people("names strangers young")),
            job,
            None,
            past,
            random.random() < 0.15,
        )
    if topic == "travel":
        place = int(random.random() * len(CITIES))
        country = thing(COUNTRIES[place], "a")
        if random.random() < 0.4:
            return Speak(country, thing(LANGUAGES[place], "a"))
        wrong = random.random() < 0.3
        city = pick(random, CITIES) if wrong else CITIES[place]
        capital = Noun("수도", "capital")
        return Being(thing(city, "a"), capital, country, "present", city != CITIES[place])
    rows = [row for row in words.EXISTENCE if row[0] == topic]
    if not rows:
        return None
    _, things, where = pick(random, rows)
    noun = pick(
        random, [n for n in (nouns(things) if ":" in things else group(things)) if n.counter]
    )
    what = counted(noun, int(random.random() * random.random() * len(words.NUMBERS)))
    tense: Tense = "past" if random.random() < 0.4 else "present"
    none = random.random() < 0.15 and not what.elder
    return There(what, noun, pick(random, places(where)), tense, none)


def _topical(random: Random, topic: str) -> tuple[tuple[Clause, ...], Link]:
    if topic == "weather":
        return _weather_sentence(random)
    chance = random.random()
    if chance < 0.12 and (clause := _being(random, topic)):
        return (clause,), ""
    if chance < 0.32:
        return (state(random, topic),), ""
    action = pick(random, _actions(topic))
    if chance < 0.45 and topic in _CHANGEABLE and _outdoors(action):
        return background(random, action)
    return (act(random, action),), ""


def about(random: Random, topic: str) -> Sentence:
    """Draw a sentence on a topic (one of ``TOPICS``)."""
    clauses, link = _topical(random, topic)
    return Sentence(clauses, pick(random, STYLES), topic, link)
