"""What villagers ask and answer, and what places around the village are called: pairs of texts."""

from collections.abc import Iterable, Iterator
from itertools import islice, product
from random import Random
from zlib import crc32

from seqkit.corpora._village_nouns import CITIES, COUNTRIES, LANGUAGES
from seqkit.corpus import Pair
from seqkit.errors import SeqkitError
from seqkit.text.hangul import join, particle

OPENINGS = (
    "", "저기요, ", "혹시 ", "선생님, ", "하나만 물어볼게요. ", "궁금한 게 있어요. ", "참, ",
    "음, ", "잘 몰라서 그러는데 ", "안녕하세요. ", "실례지만 ", "숙제 때문에 그러는데 ", "그런데 ",
    "갑자기 궁금한데 ", "아까부터 궁금했는데 ", "하나 여쭤볼게요. ",
)  # fmt: skip
STYLES = ("formal", "polite", "casual")

# A relation's questions, and how each style ends a question and an answer.
CAPITAL = ("{0}의 수도는 어디", "{0} 수도가 어디", "{0}의 수도가 어디")
COUNTRY = ("{0은} 어느 나라의 수도", "{0은} 어떤 나라의 수도", "{0은} 어느 나라 수도")
LANGUAGE = ("{0}에서는 어떤 말을 ", "{0}에서는 무슨 말을 ", "{0} 사람들은 어떤 말을 ")
IS = {"formal": ("입니까?", "입니다."), "polite": ("예요?", "예요."), "casual": ("야?", "야.")}
SPEAK = {"formal": ("씁니까?", "씁니다."), "polite": ("써요?", "써요."), "casual": ("써?", "써.")}

# Letters of Revised Romanization, one at a time and without the changes of sound between them.
_INITIALS = "ㄱg ㄴn ㄷd ㄹr ㅁm ㅂb ㅅs ㅇ ㅈj ㅊch ㅋk ㅌt ㅍp ㅎh"
_MEDIALS = "ㅏa ㅐae ㅓeo ㅔe ㅕyeo ㅗo ㅘwa ㅚoe ㅛyo ㅜu ㅝwo ㅠyu ㅡeu ㅣi"
INITIALS, MEDIALS = ({e[0]: e[1:] for e in t.split()} for t in (_INITIALS, _MEDIALS))
FINALS = {"": "", "ㄱ": "k", "ㄴ": "n", "ㄹ": "l", "ㅁ": "m", "ㅂ": "p", "ㅇ": "ng"}
KINDS_OF_PLACE = (("동", "-dong"), ("리", "-ri"), ("산", "san"), ("천", "cheon"), ("섬", " Island"))


def dialogue(n: int, seed: int) -> dict[str, list[Pair]]:
    """Return questions about countries, and their answers, in Korean, in three splits.

    What is asked of whom, in which style, is in one split only; and what is asked in validation
    or test in one style was answered in training in the two others.

    Raises:
        SeqkitError: if there are fewer questions than ``n``.
    """
    told: dict[str, dict[str, Pair]] = {"train": {}, "validation": {}, "test": {}}
    for relation, subject, answer, asked in _facts():
        draw = crc32(f"{relation} {subject}".encode()) % 10
        for number, style in enumerate(STYLES):
            split = {number: "validation", number + 3: "test"}.get(draw, "train")
            for opening, question in product(OPENINGS, asked):
                pair = _asked(relation, opening + question, subject, answer, style)
                told[split][pair.source] = pair
    return _some({split: list(pairs.values()) for split, pairs in told.items()}, n, seed)


def _facts() -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
    for country, city, language in zip(COUNTRIES, CITIES, LANGUAGES, strict=True):
        yield "capital", country.korean, city.korean, CAPITAL
        yield "country", city.korean, country.korean, COUNTRY
        yield "language", country.korean, language.korean, LANGUAGE


def _asked(relation: str, question: str, subject: str, answer: str, style: str) -> Pair:
    topic = subject + particle(subject, "은/는")
    asked = question.replace("{0은}", topic).replace("{0}", subject)
    end, said = (SPEAK if relation == "language" else IS)[style]
    if relation == "language":
        return Pair(asked + end, f"{answer}{particle(answer, '을/를')} {said}")
    word = f"{answer}의 수도" if relation == "country" else answer
    closed = style != "formal" and particle(word, "이/가") == "이"
    joined = {"예요.": "이에요.", "야.": "이야."}[said] if closed else said  # 서울이에요, 도쿄예요
    return Pair(asked + end, word + joined)


def names(n: int, seed: int, *, to_hangul: bool) -> dict[str, list[Pair]]:
    """Return made-up names of places in Latin letters and in Hangul, in three splits.

    Raises:
        SeqkitError: if ``n`` is more than there are names.
    """
    random, told = Random(f"{seed} names"), dict[str, Pair]()
    for latin, hangul in islice(_named(random), 4 * n):
        told[latin] = Pair(latin, hangul) if to_hangul else Pair(hangul, latin)
    parts: dict[str, list[Pair]] = {"train": [], "validation": [], "test": []}
    for latin, pair in told.items():
        split = {8: "validation", 9: "test"}.get(crc32(latin.encode()) % 10, "train")
        parts[split].append(pair)
    return _some(parts, n, seed)


def _named(random: Random) -> Iterator[tuple[str, str]]:
    while True:
        latin = hangul = ""
        for _ in range(random.randint(1, 3)):
            first, vowel, last = (random.choice(list(t)) for t in (INITIALS, MEDIALS, FINALS))
            hangul += join(first, vowel, last)
            latin += INITIALS[first] + MEDIALS[vowel] + FINALS[last]
        korean, english = random.choice(KINDS_OF_PLACE)
        yield latin.capitalize() + english, hangul + korean


def _some(found: dict[str, list[Pair]], n: int, seed: int) -> dict[str, list[Pair]]:
    """Return ``n`` pairs in all, drawn at random: 80, 10 and 10 percent of them."""
    sizes: Iterable[int] = (n - 2 * (n // 10), n // 10, n // 10)
    drawn = {}
    for (split, pairs), size in zip(found.items(), sizes, strict=True):
        if size > len(pairs):
            raise SeqkitError(
                f"village cannot tell n={n} of these: there are {len(pairs)} for {split}, and "
                f"{size} are needed: give a smaller n."
            )
        Random(f"{seed} {split}").shuffle(pairs)
        drawn[split] = pairs[:size]
    return drawn
