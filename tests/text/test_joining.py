"""Tokens to text, and where words begin, for every kind of unit."""

from collections import Counter
from typing import Any

import pytest

from seqkit.text.joining import Joiner
from seqkit.text.tokenizer import Trainable, create
from seqkit.text.vocabulary import Vocabulary

SPECIALS = ("pad", "unk", "eos")
TEXTS = [
    "나는 지각을 했다. 정말로!",
    "그래서 선생님께 혼이 났다",
    'He said (yes), and "no".',
    "ㅋㅋ 값이 3,000원이다…",
]
EXACT = [
    ("syllable", {}),
    ("jamo", {}),
    ("character", {}),
    ("whitespace", {}),
    ("unigram", {"size": 330}),
    ("bpe", {"size": 360, "units": "jamo"}),
]


def joiner(name: str, options: dict[str, Any], texts: list[str]) -> Joiner:
    tokenizer = create(name, options)
    if isinstance(tokenizer, Trainable):
        tokenizer = tokenizer.train(texts * 5)
    counts = Counter(word for text in texts for word in tokenizer.words(text))
    return Joiner(tokenizer, Vocabulary.build(counts, specials=SPECIALS))


def ids(made: Joiner, text: str) -> list[int]:
    return made.vocabulary.ids(made.tokenizer.words(text))


@pytest.mark.parametrize(("name", "options"), EXACT)
def test_these_units_come_back_as_they_were(name: str, options: dict[str, Any]) -> None:
    made = joiner(name, options, TEXTS)
    for text in TEXTS:
        assert made.join(ids(made, text)) == text
    assert made.join([made.vocabulary.eos, *ids(made, TEXTS[0]), made.vocabulary.pad]) == TEXTS[0]


@pytest.mark.parametrize(("name", "options"), [*EXACT, ("word", {})])
def test_words_are_told_apart_by_separators_or_beginnings(
    name: str, options: dict[str, Any]
) -> None:
    """Cutting the tokens at them gives what white space gives."""
    made = joiner(name, options, TEXTS)
    assert bool(made.separators) != bool(made.beginnings)
    for text in (TEXTS[0], TEXTS[1], TEXTS[3]):
        words: list[list[int]] = [[]]
        for token in ids(made, text):
            if token in made.separators:
                words.append([])
            elif token in made.beginnings and words[-1]:
                words.append([token])
            else:
                words[-1].append(token)
        assert [made.join(word).strip() for word in words] == text.split()


def test_words_are_joined_as_a_writer_would() -> None:
    made = joiner("word", {}, TEXTS)
    assert made.join(ids(made, TEXTS[2])) == TEXTS[2]


@pytest.mark.parametrize("name", ["kiwi", "mecab"])
def test_morphemes_with_tags_are_joined_to_words(name: str) -> None:
    pytest.importorskip({"kiwi": "kiwipiepy", "mecab": "mecab"}[name])
    made = joiner(name, {"attach_tag": True}, TEXTS)
    for text in TEXTS[:2]:
        assert made.join(ids(made, text)) == text
    begin = {made.vocabulary.words[i - len(SPECIALS)].split("/")[0] for i in made.beginnings}
    assert {"나", "지각", "선생", "혼"} & begin
    assert not {"을", "이", "께", ".", "!"} & begin


def test_morphemes_tell_words_by_their_tags_alone() -> None:
    pytest.importorskip("kiwipiepy")
    known = Vocabulary.build({"나/NP": 2, "는/JX": 1})
    assert Joiner(create("kiwi", {"attach_tag": True}), known).tells_words
    assert not Joiner(create("kiwi"), known).tells_words
    assert Joiner(create("syllable"), known).tells_words
    for name in ("kiwi", "word"):
        assert not Joiner(create(name), known).spells_text
    assert Joiner(create("jamo"), known).spells_text


@pytest.mark.parametrize(
    ("name", "tags", "attached", "words"),
    [
        ("okt", "sejong", ["와/JC", "에서/JKB"], ["하다/VV", "밥/NNG"]),
        ("okt", "native", ["와/Josa"], ["하는/Verb", "와/Noun"]),
        ("hannanum", "sejong", ["를/JKO", "었/EP"], ["하/VV"]),
        ("kkma", "sejong", ["로/JKB", "는/ETM"], ["하/VV", "그/MM"]),
        ("kiwi", "native", ["히/XSM", "ㅋ/Z_CODA", "ㅅ/Z_SIOT"], ["요란/XR", "안/MAG"]),
    ],
)
def test_tags_of_either_scheme_tell_what_begins_a_word(
    name: str, tags: str, attached: list[str], words: list[str]
) -> None:
    made = Joiner(
        create(name, {"attach_tag": True, "tags": tags}),
        Vocabulary(tuple(attached + words), (1,) * len(attached + words), SPECIALS),
    )
    assert made.beginnings == made.vocabulary.ids(words)


def test_lemmas_are_told_where_stems_are_apart_from_endings() -> None:
    def made(name: str, **options: Any) -> Joiner:
        words = ("하/VV", "밥/NNG", "하다/Verb")
        return Joiner(create(name, options), Vocabulary(words, (1, 1, 1), SPECIALS))

    assert made("kiwi", attach_tag=True).lemmas[3:] == ["하다", "밥", "하다"]
    assert made("hannanum", attach_tag=True, tags="sejong").lemmas[3:5] == ["하다", "밥"]
    assert made("kiwi", attach_tag=True).knows_lemmas
    assert made("okt", attach_tag=True, lemma=True).knows_lemmas
    assert made("okt", attach_tag=True, lemma=True).lemmas[5] == "하다"
    for other in (made("okt", attach_tag=True), made("kiwi"), made("syllable")):
        assert not other.knows_lemmas  # Okt's verbs have their endings: 하는, 하고


def test_without_white_space_each_token_is_a_word() -> None:
    made = joiner("syllable", {"spaces": False}, TEXTS)
    assert made.separators == []
    assert len(made.beginnings) == len(made.vocabulary.words)
