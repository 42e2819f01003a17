"""Noun phrases of the village in both languages, made from the tables of ``_village_words``."""

from functools import cache
from typing import NamedTuple

from seqkit.corpora import _village_english as english
from seqkit.corpora import _village_words as words
from seqkit.corpora._village_english import Person
from seqkit.corpora._village_korean import Style, Word
from seqkit.text import hangul


class Noun(NamedTuple):
    """An entry of a table: Korean, English, counter and unit; ``mass`` has no plural."""

    korean: str
    english: str
    counter: str = ""
    unit: str = ""
    mass: bool = False


class Phrase(NamedTuple):
    """A noun phrase. ``before`` are the Korean words before ``head``, which takes the particle.

    ``key`` names what it is about, whatever its number and article. ``elder`` asks for honorifics.
    """

    key: str
    before: tuple[Word, ...]
    head: str
    tag: str
    english: tuple[Word, ...]
    person: Person = "3s"
    elder: bool = False


@cache
def attached(word: str, particle: str) -> str:
    """Return a word with the form of a particle that fits it; one without ``/`` has one form."""
    return word + (hangul.particle(word, particle) if "/" in particle else particle)


def marked(phrase: Phrase, particle: str, style: Style) -> list[Word]:
    """Return the Korean words of a phrase with its particle (나 becomes 저, 내가, 제가)."""
    head = phrase.head
    if head == "나":
        short, long = ("나", "내") if style == "plain" else ("저", "제")
        head = long if particle == "이/가" else short
    elif phrase.elder:
        particle = {"은/는": "께서는", "이/가": "께서", "에게": "께"}.get(particle, particle)
    return [*phrase.before, (attached(head, particle), phrase.tag)]


def _noun(entry: str, *, mass: bool = False) -> Noun:
    korean, text, counter, unit = (*entry.split(":"), "", "")[:4]
    return Noun(korean, text.removeprefix("~"), counter, unit, mass or text[0] == "~")


@cache
def nouns(spec: str) -> tuple[Noun, ...]:
    """Read ``Korean:English:counter:unit, ...``, or the name of a group of them."""
    return tuple(_noun(entry) for entry in words.THINGS.get(spec, spec).split(", "))


@cache
def thing(noun: Noun, form: str) -> Phrase:
    """Return a thing: ``a`` apple, ``the`` apple, ``this`` apple, apples (``plural``)."""
    *first, last = noun.english.split()
    tagged = "PROPN" if noun.english[0].isupper() else "NOUN"
    many = form == "plural" and not noun.mass
    text = [*first, english.plural(last) if many else last]
    names: tuple[Word, ...] = tuple((word, tagged) for word in text)
    if form in ("the", "this") or (form == "a" and not noun.mass):
        names = ((english.article(text[0]) if form == "a" else form, "DET"), *names)
    *before, head = noun.korean.split()
    words_before: tuple[Word, ...] = tuple((word, "NOUN") for word in before)
    if form == "this":
        words_before = (("이", "DET"), *words_before)
    person: Person = "pl" if many else "3s"
    korean_tag = tagged if noun.korean[-1] != "어" else "NOUN"
    return Phrase(noun.english, words_before, head, korean_tag, names, person)


@cache
def counted(noun: Noun, number: int) -> Phrase:
    """Return a number of things: 사과 세 개, three apples; 물 두 잔, two glasses of water."""
    korean, text = words.NUMBERS[number]
    *first, last = noun.english.split()
    names: tuple[Word, ...]
    if noun.mass:
        unit: Word = (english.plural(noun.unit), "NOUN")
        names = (unit, ("of", "ADP"), *english.words(noun.english))
    else:
        names = (*((word, "NOUN") for word in first), (english.plural(last), "NOUN"))
    before: list[Word] = [(word, "NOUN") for word in noun.korean.split()]
    return Phrase(
        noun.english,
        (*before, (korean, "NUM")),
        noun.counter,
        "NOUN",
        ((text, "NUM"), *names),
        "pl",
        noun.counter == "분",
    )


def _person(entry: str, group: str) -> Phrase:
    korean, text, *mark = entry.split(":")
    *before, head = korean.split()
    tags = {"우리": "PRON", "그": "DET"}
    speaks = group == "speakers"
    tag = "PRON" if speaks else "PROPN" if group == "names" else "NOUN"
    person: Person = "1s" if text == "I" else "pl" if mark == ["+"] else "3s"
    return Phrase(
        text,
        tuple((word, tags.get(word, "NOUN")) for word in before),
        head,
        tag,
        ((text, "PRON"),) if speaks else english.words(text),
        person,
        mark == ["!"],
    )


PEOPLE: dict[str, tuple[Phrase, ...]] = {
    group: tuple(_person(entry, group) for entry in text.split(", "))
    for group, text in words.PEOPLE.items()
}
COUNTRIES, CITIES, LANGUAGES = (
    tuple(_noun(country[column], mass=True) for country in words.COUNTRIES)  # names: no article
    for column in range(3)
)
NAMES_OF_PLACES = {"cities": CITIES, "countries": COUNTRIES, "languages": LANGUAGES}


@cache
def group(names: str) -> tuple[Noun, ...]:
    """Return the things of several groups, parted by spaces."""
    found: list[Noun] = []
    for name in names.split():
        found += NAMES_OF_PLACES.get(name) or nouns(name)
    return tuple(found)


@cache
def people(names: str) -> tuple[Phrase, ...]:
    """Return the subjects of several groups: people, or animals with *the*."""
    found: list[Phrase] = []
    for name in names.split():
        found += PEOPLE.get(name) or [thing(noun, "the") for noun in group(name)]
    return tuple(found)


@cache
def places(names: str) -> tuple[Phrase, ...]:
    """Return places with their English preposition: 공원, in the park; 파리, in Paris."""
    found: list[Phrase] = []
    for name in names.split():
        if name in NAMES_OF_PLACES:
            for noun in NAMES_OF_PLACES[name]:
                phrase = thing(noun, "a")
                found.append(phrase._replace(english=(("in", "ADP"), *phrase.english)))
        else:
            korean, text = words.PLACES[name].split(":")
            *before, head = korean.split()
            tagged: tuple[Word, ...] = tuple((word, "NOUN") for word in before)
            in_english = (
                english.words(text) if text != "at home" else (("at", "ADP"), ("home", "NOUN"))
            )
            found.append(Phrase(name, tagged, head, "NOUN", in_english))
    return tuple(found)
