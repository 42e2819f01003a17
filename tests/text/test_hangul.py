"""Hangul arithmetic against Unicode's own tables, and particles against a hand-made list."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqkit.errors import SeqkitError
from seqkit.text import hangul

# Text in which composition is most likely to go wrong.
TRICKY = st.text(alphabet="가각한힣\u1100\u1112\u1161\u1175\u11a8\u11c2\u11a7\u1113\u034fㄱㅏa \n")


@given(st.one_of(st.text(), TRICKY))
def test_compose_undoes_decompose(text: str) -> None:
    assert hangul.compose(hangul.decompose(text)) == text


@given(st.text(alphabet=st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3)))
def test_decompose_is_the_canonical_decomposition(text: str) -> None:
    assert hangul.decompose(text) == unicodedata.normalize("NFD", text)
    assert hangul.compose(unicodedata.normalize("NFD", text)) == text


def test_every_syllable_splits_and_joins() -> None:
    syllables = [chr(code) for code in range(0xAC00, 0xD7A4)]
    assert [hangul.join(*hangul.split(syllable)) for syllable in syllables] == syllables
    assert len({hangul.split(syllable) for syllable in syllables}) == 11_172
    assert hangul.split("닭") == ("ㄷ", "ㅏ", "ㄺ")
    assert hangul.split("뷁") == ("ㅂ", "ㅞ", "ㄺ")


@pytest.mark.parametrize("jamo", hangul.INITIALS)
def test_initials_convert_by_unicode_name(jamo: str) -> None:
    conjoining = hangul.conjoining(jamo, "initial")
    # NFKC of a compatibility jamo is its conjoining initial or medial.
    assert unicodedata.normalize("NFKC", jamo) == conjoining
    assert hangul.compatibility(conjoining) == jamo


def test_finals_and_medials_convert() -> None:
    for jamo in hangul.MEDIALS:
        assert hangul.conjoining(jamo, "medial") == unicodedata.normalize("NFKC", jamo)
    for jamo in hangul.FINALS[1:]:
        part = hangul.conjoining(jamo, "final")
        assert unicodedata.normalize("NFC", "\u1100\u1161" + part) == hangul.join("ㄱ", "ㅏ", jamo)
        assert hangul.compatibility(part) == jamo


def test_initials() -> None:
    assert hangul.initials("한국 사람 123 abc ㅋ") == "ㅎㄱ ㅅㄹ 123 abc ㅋ"


@pytest.mark.parametrize(
    ("word", "final"),
    [
        ("책", "ㄱ"), ("사과", ""), ("서울", "ㄹ"), ("닭", "ㄺ"), ("", ""), ("?!", ""),
        ("0", "ㅇ"), ("1", "ㄹ"), ("2", ""), ("3", "ㅁ"), ("4", ""), ("5", ""), ("6", "ㄱ"),
        ("7", "ㄹ"), ("8", "ㄹ"), ("9", ""), ("10", "ㅂ"), ("300", "ㄱ"), ("2,000", "ㄴ"),
        ("50000", "ㄴ"), ("3000000", "ㄴ"), ("100000000", "ㄱ"), ("10" + "0" * 12, ""),
        ("12", ""), ("1.50", "ㅇ"), ("제3", "ㅁ"), ("00", "ㅇ"),
        ("A", ""), ("L", "ㄹ"), ("M", "ㅁ"), ("N", "ㄴ"), ("R", "ㄹ"), ("PDF", ""), ("HTML", "ㄹ"),
        ("SVM", "ㅁ"), ("LSTM", "ㅁ"), ("RNN", "ㄴ"), ("apple", "ㄹ"), ("game", "ㅁ"),
        ("phone", "ㄴ"), ("king", "ㅇ"), ("book", "ㄱ"), ("cup", "ㅂ"), ("coffee", ""),
        ("computer", ""), ("cake", ""), ("email", "ㄹ"), ("model", "ㄹ"), ("the", ""),
        ("'책'", "ㄱ"), ("서울(Seoul)", "ㄹ"), ("50%", ""), ("20℃", ""), ("ㄱ", "ㄱ"), ("ㅏ", ""),
        ("日本", ""), ("Москва", ""),
    ],
)  # fmt: skip
def test_last_sound(word: str, final: str) -> None:
    assert hangul.final(word) == hangul.final(unicodedata.normalize("NFD", word)) == final
    assert hangul.has_final(word) == bool(final)


@pytest.mark.parametrize(
    ("word", "pair", "expected"),
    [
        ("책", "은/는", "은"), ("사과", "은/는", "는"), ("책", "이/가", "이"),
        ("나", "이/가", "가"),
        ("물", "을/를", "을"), ("차", "을/를", "를"), ("형", "과/와", "과"),
        ("누나", "과/와", "와"),
        ("집", "으로/로", "으로"), ("서울", "으로/로", "로"), ("파리", "으로/로", "로"),
        ("칼", "으로써/로써", "로써"), ("은별", "아/야", "아"), ("민수", "아/야", "야"),
        ("밥", "이나/나", "이나"), ("차", "이나/나", "나"), ("길동", "이라고/라고", "이라고"),
        ("영희", "이라고/라고", "라고"), ("학생", "이에요/예요", "이에요"), ("7", "으로/로", "로"),
        ("3", "으로/로", "으로"), ("LSTM", "을/를", "을"), ("GRU", "을/를", "를"),
    ],
)  # fmt: skip
def test_particles(word: str, pair: str, expected: str) -> None:
    assert hangul.particle(word, pair) == expected


def test_errors_name_the_fix() -> None:
    with pytest.raises(SeqkitError, match=r"unknown particle '은/가'.*Did you mean"):
        hangul.particle("책", "은/가")
    with pytest.raises(SeqkitError, match="'a' is not one Hangul syllable"):
        hangul.split("a")
    with pytest.raises(SeqkitError, match="no syllable is made of 'ㅏ', 'ㄱ' and ''"):
        hangul.join("ㅏ", "ㄱ")
    with pytest.raises(SeqkitError, match="'ㄸ' cannot be the final"):
        hangul.conjoining("ㄸ", "final")
