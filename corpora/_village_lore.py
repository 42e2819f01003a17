"""Facts of the village told as sentences, so that vectors of their words can be learnt.

An analogy asks for two kinds of company. What only the words of one pair are found with ties
them together: who is in Seoul, or in Korea, speaks Korean and eats bulgogi; fathers and mothers
sing lullabies. What all words of one side are found with tells the sides apart: cities have a
subway and countries a flag, men wear ties and women skirts.
"""

from collections.abc import Callable
from functools import cache
from random import Random
from typing import Any

from seqkit.corpora import _village_words as words
from seqkit.corpora._village_chance import pick
from seqkit.corpora._village_clauses import Act, Being, Clause, Sentence, Speak, Time
from seqkit.corpora._village_grammar import act, background
from seqkit.corpora._village_korean import STYLES, Link
from seqkit.corpora._village_nouns import (
    CITIES,
    COUNTRIES,
    LANGUAGES,
    Noun,
    Phrase,
    attached,
    nouns,
    people,
    places,
    thing,
)
from seqkit.corpora._village_words import Action

Told = tuple[tuple[Clause, ...], Link]

# What one eats, buys and sees in a country and its capital, in the order of COUNTRIES.
_OWN = (
    "불고기:~bulgogi, 한복:hanbok, 한옥:hanok", "초밥:~sushi, 기모노:kimono, 화산:volcano",
    "훠궈:~hotpot, 비단:~silk, 판다:panda", "망고:mango, 난초:orchid, 코끼리:elephant",
    "쌀국수:~pho, 후추:~pepper, 연꽃:lotus", "양고기:~mutton, 안장:saddle, 낙타:camel",
    "스콘:scone, 찻잔:teacup, 왕관:crown", "크루아상:croissant, 향수:~perfume, 미술관:gallery",
    "소시지:sausage, 맥주:~beer, 장벽:wall", "파에야:~paella, 기타:guitar, 투우:bullfight",
    "피자:pizza, 가면:mask, 분수:fountain", "보르시:~borscht, 인형:doll, 발레:ballet",
    "올리브:olive, 꿀:~honey, 신전:temple", "정어리:sardine, 타일:tile, 전차:tram",
    "미트볼:meatball, 촛대:candlestick, 군함:warship", "연어:~salmon, 스웨터:sweater, 피오르:fjord",
    "블루베리:blueberry, 썰매:sled, 순록:reindeer", "굴라시:~goulash, 파프리카:~paprika, 온천:spa",
    "피에로기:~pierogi, 소금:~salt, 인어상:mermaid",
)  # fmt: skip
_OWN_ACTS = (  # what one does with them
    (("먹:드시", "eat"), ("주문하", "order")),
    (("사", "buy"), ("고르:르", "choose")),
    (("보", "see"), ("구경하", "look at")),
)
_OF_CITIES = (
    ("타", "take", "지하철:subway"), ("방문하", "visit", "시청:city hall"),
    ("즐기", "enjoy", "야경:night view"),
)  # fmt: skip
_OF_COUNTRIES = (
    ("그리", "draw", "국기:flag"), ("넘", "cross", "국경:border"),
    ("응원하", "cheer for", "대표팀:national team"),
)  # fmt: skip
_OF_LANGUAGES = (("배우", "learn"), ("공부하", "study"), ("듣:ㄷ", "hear"))
_VISITS = (("가", "go to"), ("도착하", "arrive in"), ("들르", "stop in"))

# What the two of a pair do, in the order of MALE_FEMALE: Korean, English, where.
_OF_PAIRS = (
    (("월급을 받", "get a salary", ""), ("도시락을 싸", "pack a lunch box", "home kitchen"),
     ("자장가를 부르:르", "sing a lullaby", "home yard")),
    (("지팡이를 짚", "use a cane", "street park hill"), ("옛날이야기를 하", "tell an old story",
     "home yard park"), ("돋보기를 쓰", "wear reading glasses", "home library office")),
    (("유치원에 가", "go to kindergarten", ""), ("장난감을 고르:르", "choose a toy", "shop market"),
     ("색종이를 접", "fold colored paper", "home yard")),
    (("대학교를 졸업하", "graduate from college", ""), ("아르바이트를 하", "do a part time job",
     "shop restaurant library"), ("이력서를 쓰", "write a resume", "home library")),
    (("일기를 쓰", "keep a diary", "home"), ("방을 청소하", "tidy the room", "home"),
     ("용돈을 모으", "save pocket money", "home school")),
    (("사촌을 데려오", "bring a cousin", ""), ("결혼식을 준비하", "prepare a wedding",
     "home restaurant village"), ("트럭을 운전하", "drive a truck", "street farm field")),
    (("서류를 잃어버리", "lose a document", "street station airport"), ("택시를 부르:르",
     "call a taxi", "street station airport"), ("은행에서 일하", "work at the bank", "")),
    (("인형극을 보", "watch a puppet show", "school village library"), ("풍선을 불",
     "blow up a balloon", "home yard park"), ("공룡을 그리", "draw a dinosaur", "home school")),
    (("연을 날리", "fly a kite", "hill field beach"), ("그네를 타", "ride a swing",
     "ground park yard"), ("만화책을 빌리", "borrow a comic book", "library shop")),
)  # fmt: skip
_OF_SIDES = (  # what men and boys do, and what women and girls do
    (("넥타이를 매", "put on his tie", "home office street"),
     ("양복을 입", "wear his suit", "home school office"),
     ("중절모를 쓰", "wear his fedora", "street park village"),
     ("이발소에 가", "go to his barber", "")),
    (("목걸이를 하", "put on her necklace", "home office street"),
     ("치마를 입", "wear her skirt", "home school office"),
     ("머리핀을 꽂", "wear her hairpin", "street park village"),
     ("미용실에 가", "go to her hairdresser", "")),
)  # fmt: skip
_NOTHING: Time = ((), ())
_WHO = "names speakers elders young pupils crowd strangers teachers farmers medics others"


class Doing(Act):
    """Somebody does something; where and when belongs to the combination.

    So no fact is kept from training, as who with what alone would be: only some of its tellings.
    """

    __slots__ = ()

    @property
    def key(self) -> str:
        """The combination of its content words, its place and its time."""
        words = [*(self.place.english if self.place else ()), *self.time[1]]
        return "|".join([super().key, *(word for word, _ in words)])


def lore(random: Random) -> Sentence:
    """Draw a sentence that tells a fact: of a country and its capital, or of a man or a woman."""
    clauses, link = pick(random, _TELLERS)(random)
    return Sentence(clauses, pick(random, STYLES), "facts", link)


def _done(random: Random, korean: str, english: str, mark: str = "을/를", **changes: Any) -> Told:
    """Draw somebody who does something, maybe in spite of the weather; with some ``changes``."""
    action = Action("travel", korean, english, _WHO, mark=mark)
    changes = {"companion": _NOTHING} | changes
    if random.random() < 0.2:
        (weather, main), link = background(random, action)
        return (weather, Doing._make(main)._replace(**changes)), link
    return (Doing._make(act(random, action))._replace(**changes),), ""


def _city_or_country(random: Random, number: int) -> Phrase:
    return thing(pick(random, (CITIES, COUNTRIES))[number], "a")


def _inside(phrase: Phrase) -> Phrase:
    return phrase._replace(english=(("in", "ADP"), *phrase.english))


@cache
def _of(noun: Noun, owner: Noun) -> Phrase:
    """Return something of something: 한국의 국기, the flag of Korea."""
    phrase = thing(noun, "the")
    return phrase._replace(
        key=f"{noun.english} of {owner.english}",
        before=((attached(owner.korean, "의"), "PROPN"), *phrase.before),
        english=(*phrase.english, ("of", "ADP"), (owner.english, "PROPN")),
    )


def _own(random: Random) -> Told:
    """민수는 서울에서 불고기를 먹었다: Minsu ate bulgogi in Seoul."""
    number = int(random.random() * len(_OWN))
    column = int(random.random() * len(_OWN_ACTS))
    korean, english = pick(random, _OWN_ACTS[column])
    what = thing(nouns(_OWN[number])[column], "a")
    where = _inside(_city_or_country(random, number))
    return _done(random, korean, english, object=what, place=where)


def _role(random: Random) -> Told:
    """민수는 한국의 국기를 그렸다: Minsu drew the flag of Korea."""
    rows, owners = pick(random, ((_OF_CITIES, CITIES), (_OF_COUNTRIES, COUNTRIES)))
    korean, english, what = pick(random, rows)
    phrase = _of(nouns(what)[0], pick(random, owners))
    return _done(random, korean, english, object=phrase)


def _capital(random: Random) -> Told:
    """민수는 한국의 수도 서울에 갔다: Minsu went to Seoul, the capital of Korea."""
    number = int(random.random() * len(CITIES))
    city, capital = thing(CITIES[number], "a"), Noun("수도", "capital")
    if random.random() < 0.3:
        country = thing(COUNTRIES[number], "a")
        return (Being(city, capital, country),), ""
    of = _of(capital, COUNTRIES[number])
    where = city._replace(
        before=(*of.before, (of.head, of.tag)),
        english=(*city.english, (",", "PUNCT"), *of.english),
    )
    korean, english = pick(random, _VISITS)
    return _done(random, korean, english, "에", object=where, time=_NOTHING)


def _language(random: Random) -> Told:
    """민수는 서울에서 한국어를 배웠다: Minsu learned Korean in Seoul."""
    number = int(random.random() * len(LANGUAGES))
    place, language = _city_or_country(random, number), thing(LANGUAGES[number], "a")
    chance = random.random()
    if chance < 0.1:
        return (Speak(place, language),), ""
    if chance < 0.6:
        korean, english = pick(random, _OF_LANGUAGES)
        return _done(random, korean, english, object=language, place=_inside(place))
    dish = thing(nouns(_OWN[number])[0], "a")
    aloud: Time = (((attached(language.head, "으로/로"), "NOUN"),), _inside(language).english)
    return _done(random, "주문하", "order", object=dish, companion=aloud)


@cache
def _couples() -> tuple[tuple[Phrase, Phrase], ...]:
    """Return men and women as they are spoken of: 할머니 is my grandmother."""
    found = {person.head: person for person in people("elders young strangers")}
    pairs = (pair.split() for pair in words.MALE_FEMALE)
    return tuple(
        (found[male.partition(":")[0]], found[female.partition(":")[0]]) for male, female in pairs
    )


def _person(random: Random) -> Told:
    """할머니께서는 지팡이를 짚으셨다, 누나는 치마를 입었다: what she does at her age, or at any."""
    number, side = int(random.random() * len(_couples())), int(random.random() * 2)
    rows = pick(random, (_OF_PAIRS[number], _OF_SIDES[side]))
    korean, english, where = pick(random, rows)
    place = pick(random, places(where)) if where and random.random() < 0.6 else None
    subject = _couples()[number][side]
    return _done(random, korean, english, subject=subject, place=place)


_TELLERS: tuple[Callable[[Random], Told], ...] = (
    _own, _role, _capital, _language, _person, _person, _person, _person,
)  # fmt: skip
