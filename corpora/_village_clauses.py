"""Clauses of the village: what is meant, and how Korean and English say it.

Every clause has ``key`` (who or what, and what is said of it), ``korean(style, link)`` and
``english()``, both as lists of tagged words.
"""

from functools import cache
from typing import NamedTuple, Protocol

from seqkit.corpora import _village_english as english
from seqkit.corpora import _village_korean as korean
from seqkit.corpora._village_korean import Link, Negation, Style, Tense, Verb, Word
from seqkit.corpora._village_nouns import Noun, Phrase, attached, marked, thing
from seqkit.corpora._village_words import ADJECTIVES, Action
from seqkit.text.tokenizer import Token

_LONG: dict[Negation, Negation] = {"안": "지 않", "못": "지 못하"}
Time = tuple[tuple[Word, ...], tuple[Word, ...]]  # in Korean and in English


class Clause(Protocol):
    """What every clause of this file can do."""

    @property
    def key(self) -> str:
        """The combination of its content words: sentences are held out by it."""
        ...

    def korean(self, style: Style, link: Link = "") -> list[Word]:
        """Return its Korean words; ``link`` leads on to another clause."""
        ...

    def english(self) -> list[Word]:
        """Return its English words."""
        ...


@cache
def parsed(spec: str, adjective: bool = False) -> tuple[tuple[Word, ...], Verb]:
    """Read a Korean verb with the nouns before it: ``시험을 보`` -> 시험을, Verb(보)."""
    *before, last = spec.split(" ")
    return tuple((word, "NOUN") for word in before), korean.verb(last, adjective=adjective)


def _rank(phrase: Phrase) -> int:
    """Return how far up the family someone stands; a grandmother is not humble to an aunt."""
    return phrase.elder + (phrase.elder and "grand" in phrase.key)


class Act(NamedTuple):
    """Somebody does something: time, subject, companion, place, object, verb."""

    action: Action
    subject: Phrase
    tense: Tense
    object: Phrase | None = None
    place: Phrase | None = None
    time: Time = ((), ())
    companion: Time = ((), ())
    negation: Negation = ""
    progressive: bool = False
    topic: str = "은/는"
    time_first: bool = True

    @property
    def key(self) -> str:
        what = self.object.key if self.object else ""
        return f"{self.subject.key}|{self.action.korean}|{what}"

    def korean(self, style: Style, link: Link = "") -> list[Word]:
        action, what = self.action, self.object
        above = _rank(what) - _rank(self.subject) if what else 0
        humble = bool(action.humble) and above > 0
        nouns, word = parsed(action.humble if humble else action.korean)
        subject = marked(self.subject, self.topic, style)
        said = [*self.time[0], *subject] if self.time_first else [*subject, *self.time[0]]
        said += self.companion[0]
        if self.place:
            said += marked(self.place, "에서", style)
        if what:
            said += marked(what._replace(elder=what.elder and above >= 0), action.mark, style)
        said += nouns
        return said + list(
            korean.predicate(
                word,
                self.tense,
                style,
                honorific=self.subject.elder,
                negation=self.negation,
                progressive=self.progressive,
                link=link,
            )
        )

    def english(self) -> list[Word]:
        base, _, tail = self.action.english.partition(" ")
        said = [*self.subject.english]
        said += english.predicate(
            base,
            self.subject.person,
            self.tense,
            negation=self.negation,
            progressive=self.progressive,
        )
        said += english.words(tail)
        if self.object:
            said += self.object.english
        if self.place:
            said += self.place.english
        return [*said, *self.companion[1], *self.time[1]]


class State(NamedTuple):
    """Something is so: 이 식당은 아주 깨끗합니다, this restaurant is very clean.

    ``whole`` is what the subject is a part of: 이 식당은 음식이 맛있다, the food at this ...
    """

    subject: Phrase
    adjective: str
    tense: Tense = "present"
    negation: Negation = ""
    degree: tuple[str, str] = ("", "")
    topic: str = "은/는"
    whole: Phrase | None = None
    preposition: str = ""

    @property
    def key(self) -> str:
        return f"{self.whole.key if self.whole else ''}|{self.subject.key}|{self.adjective}"

    def korean(self, style: Style, link: Link = "") -> list[Word]:
        said = marked(self.whole, "은/는", style) if self.whole else []
        said += marked(self.subject, "이/가" if self.whole else self.topic, style)
        if self.degree[0]:
            said.append((self.degree[0], "ADV"))
        word = parsed(self.adjective, adjective=True)[1]
        return said + list(
            korean.predicate(
                word,
                self.tense,
                style,
                honorific=self.subject.elder,
                negation=self.negation,
                link=link,
            )
        )

    def english(self) -> list[Word]:
        said = [*self.subject.english]
        if self.whole:
            said += [(self.preposition, "ADP"), *self.whole.english]
        said += english.predicate("be", self.subject.person, self.tense, negation=self.negation)
        degree = self.degree[1]
        if degree and degree != "at all":
            said.append((degree, "ADV"))
        said.append((ADJECTIVES[self.adjective][0], "ADJ"))
        return [*said, ("at", "ADP"), ("all", "DET")] if degree == "at all" else said


class Weather(NamedTuple):
    """It rains, it is cold; here or somewhere. ``event`` is (noun, verb, English) or None."""

    event: tuple[str, str, str] | None
    adjective: str
    tense: Tense
    place: Phrase | None = None
    time: Time = ((), ())
    negation: Negation = ""
    progressive: bool = False

    @property
    def key(self) -> str:
        where = self.place.key if self.place else self.time[1][0][0] if self.time[1] else ""
        return f"{where}|{''.join(self.event[:2]) if self.event else self.adjective}"

    def korean(self, style: Style, link: Link = "") -> list[Word]:
        said = list(self.time[0])
        if self.place:
            said += marked(self.place, "에" if self.event else "은/는", style)
        noun = self.event[0] if self.event else "날씨"
        said.append((attached(noun, "이/가"), "NOUN"))
        word = parsed(self.event[1] if self.event else self.adjective, not self.event)[1]
        return said + list(
            korean.predicate(
                word,
                self.tense,
                style,
                negation=self.negation,
                progressive=self.progressive,
                link=link,
            )
        )

    def english(self) -> list[Word]:
        *subject, base = self.event[2].split() if self.event else ["be"]
        if not subject:
            subject = ["the", "weather"] if self.adjective in ("좋", "나쁘") else ["it"]
        said: list[Word] = (
            [("it", "PRON")] if subject == ["it"] else list(english.words(" ".join(subject)))
        )
        said += english.predicate(
            base, "3s", self.tense, negation=self.negation, progressive=self.progressive
        )
        if not self.event:
            said.append((ADJECTIVES[self.adjective][0], "ADJ"))
        return [*said, *(self.place.english if self.place else ()), *self.time[1]]


class Being(NamedTuple):
    """Someone or something is a thing: 민수는 의사입니다; 서울은 한국의 수도입니다."""

    subject: Phrase
    noun: Noun
    of: Phrase | None = None
    tense: Tense = "present"
    negative: bool = False

    @property
    def key(self) -> str:
        return f"{self.subject.key}|{self.noun.english}|{self.of.key if self.of else ''}"

    def korean(self, style: Style, link: Link = "") -> list[Word]:
        del link  # it comes last
        said = marked(self.subject, "은/는", style)
        if self.of:
            said += marked(self.of, "의", style)
        return said + korean.copula(self.noun.korean, self.tense, style, negative=self.negative)

    def english(self) -> list[Word]:
        said = [*self.subject.english]
        negation = "지 않" if self.negative else ""
        said += english.predicate("be", self.subject.person, self.tense, negation=negation)
        said += thing(self.noun, "the" if self.of else "a").english
        return [*said, ("of", "ADP"), *self.of.english] if self.of else said


class There(NamedTuple):
    """There are some things somewhere: 농장에 소가 세 마리 있습니다."""

    what: Phrase
    noun: Noun
    place: Phrase
    tense: Tense = "present"
    none: bool = False

    @property
    def key(self) -> str:
        number = "no" if self.none else self.what.english[0][0]
        return f"{number}|{self.noun.english}|{self.place.key}"

    def korean(self, style: Style, link: Link = "") -> list[Word]:
        elder = self.what.elder
        said = marked(self.place, "에", style)
        name = thing(self.noun, "a")
        said += marked(name._replace(elder=elder), "은/는" if self.none else "이/가", style)
        if not self.none:
            said += [*self.what.before[-1:], (self.what.head, "NOUN")]
        stem = "없" if self.none else "계시" if elder else "있"
        word = Verb(stem, adjective=not elder)
        return [*said, (korean.finite(word, self.tense, style, elder, link), "VERB")]

    def english(self) -> list[Word]:
        said: list[Word] = [("there", "PRON"), (english.be("pl", self.tense), "VERB")]
        if self.none:
            return [*said, ("no", "DET"), *thing(self.noun, "plural").english, *self.place.english]
        return [*said, *self.what.english, *self.place.english]


class Speak(NamedTuple):
    """What is spoken where: 프랑스에서는 프랑스어를 씁니다, people speak French in France."""

    country: Phrase
    language: Phrase

    @property
    def key(self) -> str:
        return f"{self.country.key}|speak"

    def korean(self, style: Style, link: Link = "") -> list[Word]:
        said = marked(self.country, "에서는", style) + marked(self.language, "을/를", style)
        return said + list(korean.predicate(Verb("쓰"), "present", style, link=link))

    def english(self) -> list[Word]:
        said: list[Word] = [("people", "NOUN"), ("speak", "VERB")]
        return [*said, *self.language.english, ("in", "ADP"), *self.country.english]


class Wish(NamedTuple):
    """Whether the speaker wants to do it again: 이 책을 다시 읽고 싶습니다."""

    what: Phrase
    mark: str
    verb: str
    english_verb: str
    negative: bool
    linked: bool = False  # after a clause about the same thing, which is then *it*

    @property
    def key(self) -> str:
        return f"{self.what.key}|wish|{self.negative}"

    def korean(self, style: Style, link: Link = "") -> list[Word]:
        del link  # it comes last
        said = [] if self.linked else marked(self.what, self.mark, style)
        verb = parsed(self.verb)[1]
        said += [("다시", "ADV"), (verb.stem + "고", "VERB")]
        negation: Negation = "지 않" if self.negative else ""
        wish = korean.predicate(Verb("싶", adjective=True), "present", style, negation=negation)
        return said + [(word, "AUX") for word, _ in wish]

    def english(self) -> list[Word]:
        said: list[Word] = [("I", "PRON")]
        said += english.predicate(
            "want", "1s", "present", negation="지 않" if self.negative else ""
        )
        said += [("to", "PART"), (self.english_verb, "VERB")]
        said += [("it", "PRON")] if self.linked else self.what.english
        return [*said, ("again", "ADV")]


class Sentence(NamedTuple):
    """One clause, or two that are linked; its style; and what it is labelled."""

    clauses: tuple[Clause, ...]
    style: Style
    label: str
    link: Link = ""

    @property
    def key(self) -> str:
        return "||".join(clause.key for clause in self.clauses)

    def plainly(self) -> "Sentence":
        """Return what means the same, said in the one way that all else could be said in too.

        English has one sentence where Korean has several: of three styles, with 은 or 이, with the
        time before or after the subject, with a short or a long negation.
        """
        return self._replace(clauses=tuple(map(_plain, self.clauses)), style="formal")

    def korean(self) -> list[Word]:
        *first, last = self.clauses
        said = [word for clause in first for word in clause.korean(self.style, self.link)]
        return [*said, *last.korean(self.style), (".", "PUNCT")]

    def english(self) -> list[Word]:
        said = self.clauses[0].english()
        for clause in self.clauses[1:]:
            if self.link != "고":
                said.append((",", "PUNCT"))
            said.append(({"고": "and", "지만": "but", "아서": "so"}[self.link], "CCONJ"))
            said += clause.english()
        word, tag = said[0]
        return [(word[0].upper() + word[1:], tag), *said[1:], (".", "PUNCT")]


def _plain(clause: Clause) -> Clause:
    """Return the clause with a topic, its time first and a long negation."""
    if isinstance(clause, Act):
        clause = clause._replace(topic="은/는", time_first=True)
    elif isinstance(clause, State):
        clause = clause._replace(topic="은/는")
    if isinstance(clause, Act | State | Weather):
        return clause._replace(negation=_LONG.get(clause.negation, clause.negation))
    return clause


def spell(words: list[Word]) -> str:
    """Join words with spaces, none before punctuation."""
    text = " ".join([word for word, _ in words])
    return text.replace(" .", ".").replace(" ,", ",")


def tokens(words: list[Word]) -> tuple[Token, ...]:
    """Return the words as tokens, with their offsets into ``spell(words)``."""
    found, end = [], 0
    for word, tag in words:
        start = end + (tag != "PUNCT" and end > 0)
        end = start + len(word)
        found.append(Token(word, start, end, tag))
    return tuple(found)
