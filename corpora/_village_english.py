"""English of the village: plurals, articles, and verbs that agree."""

from functools import cache
from typing import Literal

from seqkit.corpora._village_korean import Word

Tense = Literal["past", "present", "future"]
Person = Literal["1s", "3s", "pl"]

PLURALS = {
    "child": "children", "fish": "fish", "sheep": "sheep", "deer": "deer", "mouse": "mice",
    "goose": "geese", "wolf": "wolves", "fisherman": "fishermen", "person": "people",
    "woman": "women", "man": "men", "radish": "radishes", "leaf": "leaves", "knife": "knives",
    "tooth": "teeth", "foot": "feet", "calf": "calves",
}  # fmt: skip
PASTS = {
    "go": "went", "eat": "ate", "drink": "drank", "make": "made", "buy": "bought", "cut": "cut",
    "see": "saw", "wear": "wore", "take": "took", "give": "gave", "write": "wrote", "sell": "sold",
    "build": "built", "grow": "grew", "draw": "drew", "have": "had", "sleep": "slept",
    "run": "ran", "hide": "hid", "feed": "fed", "leave": "left", "teach": "taught", "read": "read",
    "do": "did", "swim": "swam", "throw": "threw", "ride": "rode", "win": "won", "lose": "lost",
    "wake": "woke", "speak": "spoke", "blow": "blew", "come": "came", "get": "got", "hear": "heard",
    "send": "sent", "meet": "met", "sing": "sang", "find": "found", "rise": "rose",
    "catch": "caught", "tell": "told", "keep": "kept", "bring": "brought", "drive": "drove",
    "choose": "chose", "put": "put", "fly": "flew",
}  # fmt: skip
DOUBLED = (
    "cut", "run", "hug", "swim", "plan", "stop", "pet", "win", "get", "rob", "chat", "put"
)  # fmt: skip
FUNCTION_TAGS = {
    "a": "DET", "an": "DET", "the": "DET", "to": "ADP", "of": "ADP", "for": "ADP", "in": "ADP",
    "at": "ADP", "on": "ADP", "up": "ADP", "about": "ADP", "with": "ADP", "from": "ADP",
    "along": "ADP", "around": "ADP", "after": "ADP", "under": "ADP", "into": "ADP", "by": "ADP",
    "my": "PRON", "our": "PRON", "his": "PRON", "her": "PRON", "every": "DET", "this": "DET",
    "that": "DET", "last": "ADJ", "next": "ADJ", "ago": "ADV", "now": "ADV",
    "sometimes": "ADV", "everyone": "PRON", "all": "DET", "younger": "ADJ", "older": "ADJ",
    "home": "ADV",
}  # fmt: skip


def plural(noun: str) -> str:
    """Return the plural of a noun: apple -> apples, child -> children."""
    if noun in PLURALS:
        return PLURALS[noun]
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    sibilant = noun.endswith(("s", "x", "z", "ch", "sh"))
    return noun + ("es" if sibilant or noun in ("potato", "tomato") else "s")


def article(noun: str) -> str:
    """Return ``a`` or ``an``, by the first sound."""
    return "an" if noun[0] in "aeiou" and not noun.startswith(("uni", "eu")) else "a"


def third(base: str) -> str:
    """Return the third person singular: go -> goes, carry -> carries, have -> has."""
    if base == "have":
        return "has"
    if base.endswith("y") and base[-2] not in "aeiou":
        return base[:-1] + "ies"
    return base + ("es" if base.endswith(("s", "x", "z", "ch", "sh", "o")) else "s")


def past(base: str) -> str:
    """Return the past tense: go -> went, carry -> carried, hug -> hugged."""
    if base in PASTS:
        return PASTS[base]
    if base.endswith("y") and base[-2] not in "aeiou":
        return base[:-1] + "ied"
    if base in DOUBLED:
        return base + base[-1] + "ed"
    return base + ("d" if base.endswith("e") else "ed")


def gerund(base: str) -> str:
    """Return the form in -ing: make -> making, run -> running, see -> seeing."""
    if base in DOUBLED:
        return base + base[-1] + "ing"
    return (base[:-1] if base.endswith("e") and base[-2] not in "eo" else base) + "ing"


def be(person: Person, tense: Tense) -> str:
    """Return the form of *be*, present or past."""
    if tense == "past":
        return "were" if person == "pl" else "was"
    return {"1s": "am", "3s": "is", "pl": "are"}[person]


@cache
def words(text: str, noun: str = "NOUN") -> tuple[Word, ...]:
    """Tag a fixed phrase: function words by a table, capitalised words as names."""
    return tuple(
        (word, FUNCTION_TAGS.get(word, "PROPN" if word[0].isupper() else noun))
        for word in text.split()
    )


@cache
def predicate(
    base: str,
    person: Person,
    tense: Tense,
    *,
    negation: str = "",
    progressive: bool = False,
) -> tuple[Word, ...]:
    """Return a verb that agrees: ate, does not eat, could not eat, is eating, will not eat."""
    if base == "be":
        return _be(person, tense, bool(negation))
    no: tuple[Word, ...] = (("not", "PART"),) if negation else ()
    if progressive:
        return ((be(person, tense), "AUX"), *no, (gerund(base), "VERB"))
    if tense == "future":
        return (("will", "AUX"), *no, (base, "VERB"))
    if negation in ("못", "지 못하"):
        could: tuple[Word, ...] = (("could", "AUX"), *no)
        return (*(could if tense == "past" else (("cannot", "AUX"),)), (base, "VERB"))
    if negation:
        do = "did" if tense == "past" else "does" if person == "3s" else "do"
        return ((do, "AUX"), *no, (base, "VERB"))
    if tense == "past":
        return ((past(base), "VERB"),)
    return ((third(base) if person == "3s" else base, "VERB"),)


def _be(person: Person, tense: Tense, negative: bool) -> tuple[Word, ...]:
    no: tuple[Word, ...] = (("not", "PART"),) if negative else ()
    if tense == "future":
        return (("will", "AUX"), *no, ("be", "AUX"))
    return ((be(person, tense), "AUX"), *no)
