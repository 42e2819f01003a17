"""Nearest spellings against a slow table of distances."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqkit.text import hangul
from seqkit.vectors.spelling import Spelling, nearest

WORDS = st.text(alphabet="abcAB가각나낙ㄱ다\u1100😀", max_size=6)


def letters(word: str) -> list[str]:
    found: list[str] = []
    for char in word:
        parts = hangul.split(char) if hangul.is_syllable(char) else [char]
        found += [hangul.compatibility(part).lower() for part in parts if part]
    return found


def distance(first: str, second: str) -> int:
    """Optimal string alignment, as its recurrence is written (Boytsov 2011, section 2.2)."""
    a, b = letters(first), letters(second)
    d = {(i, 0): i for i in range(len(a) + 1)} | {(0, j): j for j in range(len(b) + 1)}
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            differ = a[i - 1] != b[j - 1]
            costs = [d[i - 1, j] + 1, d[i, j - 1] + 1, d[i - 1, j - 1] + differ]
            if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
                costs.append(d[i - 2, j - 2] + 1)
            d[i, j] = min(costs)
    return d[len(a), len(b)]


@given(WORDS, st.lists(WORDS, max_size=12, unique=True), st.integers(1, 4), st.integers(0, 6))
def test_the_nearest_are_those_of_the_table(
    word: str, known: list[str], n: int, within: int
) -> None:
    far = [(distance(word, each), i) for i, each in enumerate(known) if each != word]
    expected = [(i, d) for d, i in sorted(far) if d <= within][:n]
    assert Spelling(known).distances(word, n, within=within) == expected


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("경찰소", "경찰서"),  # a vowel
        ("일거", "읽어"),  # as it sounds
        ("recieve", "receive"),  # a swap
        ("SEOUL", "Seoul"),  # case alone
        ("컴퓨터터", "컴퓨터"),
        (unicodedata.normalize("NFD", "서울"), "서울"),
    ],
)
def test_misspelt_words_find_the_right_one(word: str, expected: str) -> None:
    known = ["경찰서", "경찰로", "읽어", "relieved", "receive", "Seoul", "서울", "컴퓨터", "바다"]
    assert nearest(word, known)[0] == expected


def test_of_equally_near_words_the_more_frequent_comes_first() -> None:
    assert nearest("cat", ["hat", "bat", "cap", "cat", "rat"]) == ["hat", "bat", "cap"]
    assert nearest("cat", ["chat", "cap"], 1) == ["chat"]


def test_nothing_is_near_to_a_word_of_its_own() -> None:
    assert nearest("zzzzqqqq", ["the", "cat"]) == []
    assert nearest("", ["a", "", "abc"]) == ["a"]
    assert nearest("a", []) == []
