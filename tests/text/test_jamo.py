import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seqkit.text import hangul
from seqkit.text.jamo import JamoTokenizer, SyllableTokenizer
from seqkit.text.tokenizer import Token

HANGUL = "가각한힣ㅋㅠ\u1100\u1112\u1161\u1175\u11a8\u11c2\u11a7\u1113\u034f"
TEXTS = st.one_of(st.text(st.characters()), st.text(HANGUL + "aZİΣé \t\n😀\ud800"))


@given(text=TEXTS, lower=st.booleans(), spaces=st.booleans())
@example(text="\u1100 \u1161", lower=False, spaces=False)
def test_syllable_offsets_and_fast_path_agree(text: str, lower: bool, spaces: bool) -> None:
    tokenizer = SyllableTokenizer(lower=lower, spaces=spaces)
    tokens = tokenizer.tokenize(text)
    assert tokenizer.words(text) == [token.text for token in tokens]
    for token in tokens:
        surface = text[token.start : token.end]
        composed = unicodedata.normalize("NFC", surface) if len(surface) > 1 else surface
        assert token.text == (composed.lower() if lower else composed)
        assert spaces or not surface.isspace()
    assert tokenizer.detokenize(tokens) == text


@given(text=st.text(HANGUL.replace("\u034f", "") + "ab 1"))
def test_syllables_are_the_characters_of_nfc(text: str) -> None:
    assert SyllableTokenizer().words(text) == list(unicodedata.normalize("NFC", text))


def test_an_nfd_syllable_is_one_token_with_its_own_offsets() -> None:
    text = unicodedata.normalize("NFD", "한글") + "x"
    assert SyllableTokenizer().tokenize(text) == [
        Token("한", 0, 3),
        Token("글", 3, 6),
        Token("x", 6, 7),
    ]
    assert SyllableTokenizer(spaces=False, lower=True).words("가 A\t나\u3000") == ["가", "a", "나"]


@given(text=TEXTS)
def test_jamo_without_offsets_are_exact(text: str) -> None:
    tokenizer = JamoTokenizer()
    tokens = tokenizer.tokenize(text)
    assert tokenizer.words(text) == [token.text for token in tokens]
    assert tokenizer.detokenize(tokens) == text
    assert tokenizer.detokenize([Token(word) for word in tokenizer.words(text)]) == text
    assert {i for t in tokens for i in range(t.start or 0, t.end or 0)} == set(range(len(text)))


@given(text=TEXTS)
def test_jamo_in_lower_case_keep_their_offsets(text: str) -> None:
    tokenizer = JamoTokenizer(lower=True)
    tokens = tokenizer.tokenize(text)
    assert tokenizer.words(text) == [token.text for token in tokens]
    assert tokenizer.detokenize(tokens) == text


def test_initials_and_finals_are_different_tokens() -> None:
    tokens = JamoTokenizer().tokenize("각ㄱ")
    assert tokens[0].text != tokens[2].text != "ㄱ"
    assert [(t.start, t.end) for t in tokens] == [(0, 1), (0, 1), (0, 1), (1, 2)]
    assert [hangul.compatibility(t.text) for t in tokens] == ["ㄱ", "ㅏ", "ㄱ", "ㄱ"]


@pytest.mark.parametrize("text", ["한국어 text 123!", "漢字 ㅋㅋㅠㅠ “인용” … 끝。"])
def test_plain_text_takes_the_same_way_as_any_other(text: str) -> None:
    assert hangul.decompose(text) == hangul.decompose(text + "😀")[:-1]
