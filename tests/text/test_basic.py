import re
import sys
import unicodedata
from typing import Any

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st

from seqkit.text import basic
from seqkit.text.basic import CharacterTokenizer, WhitespaceTokenizer, WordTokenizer
from seqkit.text.tokenizer import Token, Tokenizer

ALL = [
    *(WhitespaceTokenizer(lower=lower) for lower in (False, True)),
    *(WordTokenizer(lower=a, zero_digits=b) for a in (False, True) for b in (False, True)),
    *(CharacterTokenizer(lower=lower) for lower in (False, True)),
]
FAMILY, FLAGS, THUMB = "👨\u200d👩\u200d👧", "🇰🇷🇺🇸", "👍🏽"
PIECES = [
    *("a", "B", "İ", "ß", "Σ", "서울", "각", unicodedata.normalize("NFD", "각하"), "e\u0301"),
    *("1", "٣", "2", ",", ".", "%", "'", "’", '"', "-", "_", "U.S.", FAMILY, FLAGS, THUMB),
    *(" ", "\t", "\r", "\n", "\r\n", "\u3000", "\xa0", "\x1c", "\x85", "\0", "\u200d", "\u0600"),
    *("\ud800", "\udc80", "\ufe0f", "\u20e3", "\u2028", "क\u094dष", "\U000e0067", "²", "ㅋ"),
]
# Any code point, surrogates and controls among them; and the odd ones next to one another.
TEXTS = st.one_of(
    st.text(st.characters()), st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
)


def words(text: str, **options: bool) -> list[str]:
    return WordTokenizer(**options).words(text)


@pytest.mark.parametrize("tokenizer", ALL, ids=str)
@given(text=TEXTS)
@example("\u0600\t1")
@example("ΑΣ ΑΣ.Α")
def test_the_fast_path_and_the_offsets_agree(tokenizer: Any, text: str) -> None:
    tokens = tokenizer.tokenize(text)
    assert tokenizer.words(text) == [token.text for token in tokens]
    end = 0
    for token in tokens:
        assert end <= token.start < token.end <= len(text)
        surface, end = text[token.start : token.end], token.end
        if getattr(tokenizer, "zero_digits", False):
            surface = regex.sub(r"\d", "0", surface)
        assert token.text == (surface.lower() if tokenizer.lower else surface)


@pytest.mark.parametrize("tokenizer", ALL, ids=str)
@given(text=TEXTS)
@example(" \t\n\u3000 ")
@example(" \ud800\ta  ")
@example("\u0600\ta")
def test_every_text_comes_back(tokenizer: Tokenizer, text: str) -> None:
    assert tokenizer.detokenize(tokenizer.tokenize(text)) == text


@given(text=TEXTS)
def test_characters_come_back_without_offsets(text: str) -> None:
    tokenizer = CharacterTokenizer()
    assert tokenizer.detokenize([Token(word) for word in tokenizer.words(text)]) == text


@given(text=TEXTS)
@example("\u0600\ta")
def test_offsets_alone_keep_all_but_the_kind_of_white_space(text: str) -> None:
    for tokenizer in (WhitespaceTokenizer(), WordTokenizer()):
        space = re if isinstance(tokenizer, WhitespaceTokenizer) else regex
        tokens = list(tokenizer.tokenize(text))
        assert tokenizer.detokenize(tokens) == space.sub(r"\s", " ", text).strip(" ")


def test_both_engines_agree_on_every_plain_character() -> None:
    plain = [char for char in map(chr, range(sys.maxunicode + 1)) if basic._is_plain(char)]
    assert len(plain) > 30_000
    for kind in (r"\w", r"\d", r"\s", r"[^\W\d_]", r"[^\w\s]"):
        slow, fast = regex.compile(kind).match, re.compile(kind).match
        assert [c for c in plain if bool(slow(c)) != bool(fast(c))] == []
    for before in ("a", "가", "\u3029", " "):  # none joins the one before it in a cluster
        assert all(len(regex.findall(r"\X", before + char)) == 2 for char in plain)


@given(text=st.text(st.sampled_from("aZé가ㅋ漢 19.,'’-_!\n\"“")))
def test_both_engines_cut_plain_text_alike(text: str) -> None:
    assert basic._PLAIN_WORDS.findall(text) == basic._WORDS.findall(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Oil rose 3.2% to $1,234.5.", ["Oil", "rose", "3.2", "%", "to", "$", "1,234.5", "."]),
        ("don't O’Neill's 'tis", ["don't", "O’Neill's", "'", "tis"]),
        ("the U.S., e.g. Mr. I.", ["the", "U.S.", ",", "e.g.", "Mr", ".", "I", "."]),
        ("a.b.c", ["a", ".", "b", ".", "c"]),
        ("서울에서, 1,234명이 3월에.", ["서울에서", ",", "1,234명이", "3월에", "."]),
        ("well-known 10-12 x_y", ["well", "-", "known", "10", "-", "12", "x_y"]),
        ("no 5, 6.", ["no", "5", ",", "6", "."]),
        (f"{FAMILY}{FLAGS}{THUMB}!", [FAMILY, FLAGS[:2], FLAGS[2:], THUMB, "!"]),
        ("cafe\u0301 हिन्दी", ["cafe\u0301", "हिन्दी"]),
        ("\u1112\u1161\u11ab\u1100\u1173\u11af", ["\u1112\u1161\u11ab\u1100\u1173\u11af"]),
        ("", []),
        (" \n\t", []),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_zero_digits_keeps_the_shape_of_a_number() -> None:
    assert words("1,234 5,678 ٣월", zero_digits=True) == ["0,000", "0,000", "0월"]


def test_offsets_hold_where_lower_case_is_longer() -> None:
    text = "İSTANBUL'DA 3 İ"
    for tokenizer in (WordTokenizer(lower=True), WhitespaceTokenizer(lower=True)):
        tokens = tokenizer.tokenize(text)
        assert [text[t.start : t.end] for t in tokens] == ["İSTANBUL'DA", "3", "İ"]
        assert tokens[-1].text == "i\u0307"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"a{FAMILY}b{FLAGS}", ["a", FAMILY, "b", "🇰🇷", "🇺🇸"]),
        ("e\u0301x\r\n", ["e\u0301", "x", "\r\n"]),
        ("\u1112\u1161\u11ab\u1100\u1173\u11af", ["\u1112\u1161\u11ab", "\u1100\u1173\u11af"]),
        ("한글 ㅋ", ["한", "글", " ", "ㅋ"]),
        ("가\u11a8", ["가\u11a8"]),
    ],
)
def test_characters(text: str, expected: list[str]) -> None:
    assert CharacterTokenizer().words(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        'He said, "no" (twice): 3.2% of $1,234.5!',
        "the U.S. don't; a well-known and/or test.",
        '나는 "좋아!"라고… 했다.'.replace('"라고', '" 라고'),
        "“Yes,” she wrote 《책》.",
    ],
)
def test_words_without_offsets_are_written_as_a_writer_would(text: str) -> None:
    tokenizer = WordTokenizer()
    assert tokenizer.detokenize([Token(word) for word in tokenizer.words(text)]) == text


@pytest.mark.parametrize("tokenizer", ALL, ids=str)
def test_detokenize_begins_at_the_first_token_it_is_given(tokenizer: Tokenizer) -> None:
    tokens = tokenizer.tokenize("ab cd  ef")
    kept = tokens[3:] if isinstance(tokenizer, CharacterTokenizer) else tokens[1:]
    assert tokenizer.detokenize(kept) == "cd  ef"
    assert tokenizer.detokenize([]) == ""
    if not isinstance(tokenizer, CharacterTokenizer):
        assert tokenizer.detokenize([Token("a"), Token("b")]) == "a b"
