"""Facts of the village: pairs of words in a relation, for analogies between word vectors."""

from seqkit.corpora import _village_english as english
from seqkit.corpora import _village_words as words
from seqkit.corpora._village_clauses import parsed
from seqkit.corpora._village_korean import STYLES, finite
from seqkit.corpora._village_nouns import CITIES, COUNTRIES, LANGUAGES, group
from seqkit.corpus import Fact


def facts(language: str) -> list[Fact]:
    """Return the facts of a language, ``ko``, ``en`` or ``both``; one relation after another."""
    found = _korean() if language != "en" else []
    return found + _english() if language != "ko" else found


def _korean() -> list[Fact]:
    found = [Fact("capital", a.korean, b.korean) for a, b in zip(COUNTRIES, CITIES, strict=True)]
    found += [
        Fact("language", a.korean, b.korean) for a, b in zip(COUNTRIES, LANGUAGES, strict=True)
    ]
    for pair in words.MALE_FEMALE:
        male, female = (word.partition(":")[0] for word in pair.split())
        found.append(Fact("male-female", male, female))
    verbs = dict.fromkeys(action.korean.split()[-1] for action in words.ACTIONS)
    for spec in verbs:
        verb = parsed(spec)[1]
        plain, formal = (finite(verb, "present", style, False) for style in STYLES[::2])
        past = finite(verb, "past", "formal", False)
        found += [Fact("plain-formal", plain, formal), Fact("present-past", formal, past)]
    return _unique(found)


def _english() -> list[Fact]:
    found = [Fact("capital", a.english, b.english) for a, b in zip(COUNTRIES, CITIES, strict=True)]
    found += [
        Fact("language", a.english, b.english) for a, b in zip(COUNTRIES, LANGUAGES, strict=True)
    ]
    for pair in words.MALE_FEMALE:
        male, female = (word.partition(":")[2] for word in pair.split())
        found.append(Fact("male-female", male, female))
    told_in_past = (action.english for action in words.ACTIONS if not action.present)
    for base in (text.split()[0] for text in told_in_past):
        found.append(Fact("present-past", base, english.past(base)))
    names = "fruit vegetables pets cattle waterfowl wild machines loads books balls"
    found += [
        Fact("singular-plural", noun.english, english.plural(noun.english))
        for noun in group(names)
        if not noun.mass and " " not in noun.english
    ]
    return _unique(found)


def _unique(found: list[Fact]) -> list[Fact]:
    """Drop repeats, and pairs of a word with itself (read, fish)."""
    return [fact for fact in dict.fromkeys(found) if fact.left != fact.right]
