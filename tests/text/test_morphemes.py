import multiprocessing
import pickle
import sys
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqkit.errors import SeqkitError
from seqkit.text.analysis import STANDIN, clean
from seqkit.text.morphemes import KiwiTokenizer, MecabTokenizer
from seqkit.text.tokenizer import Token, create, load, save

pytest.importorskip("mecab", reason="the extra 'mecab' is not installed")
KIWI, MECAB = KiwiTokenizer(), MecabTokenizer()
HARD = [
    *("", " ", "\n\n", "가🙂나", "👨\u200d👩\u200d👧이", "ㅋㅋㅋ ㅠㅠ", "먹었엌ㅋㅋ", "ﾊﾝｶﾞｸ ﾡﾢ①"),
    *("iPhone 15를 1,200원에 샀다!", "가\0나\x07다\x85라", "가\ud83d나\udc00", "\ufffd가\ufffd"),
    *(unicodedata.normalize("NFD", "한국말 했다 café"), "a\r\n\u3000b\t했다", "ᆫ다 ᄒᄒ"),
]
TEXTS = st.lists(st.one_of(st.sampled_from(HARD), st.text(st.characters(), max_size=5))).map(
    "".join
)


@pytest.mark.parametrize("tokenizer", [KIWI, MECAB, MecabTokenizer(decompose=True)], ids=str)
@settings(max_examples=60, deadline=None)
@given(text=TEXTS)
def test_nothing_is_lost(tokenizer: Any, text: str) -> None:
    tokens = tokenizer.tokenize(text)
    assert tokenizer.words(text) == [token.text for token in tokens]
    assert tokenizer.detokenize(tokens) == text
    seen = {i for token in tokens if token.start is not None for i in range(*token[1:3])}
    assert all(i in seen for i, char in enumerate(text) if not char.isspace())
    assert all(token.end <= len(text) for token in tokens if token.end is not None)


def test_kiwi_tells_the_known_analysis() -> None:
    tokens = KIWI.tokenize("아버지가방에들어가신다")
    assert [t.text for t in tokens] == ["아버지", "가", "방", "에", "들어가", "시", "ᆫ다"]
    assert KIWI.tokenize("🙂 먹었다")[1:] == [
        Token("먹", 2, 3, "VV"),
        Token("었", 3, 4, "EP"),
        Token("다", 4, 5, "EF"),
    ]
    assert [t[:3] for t in KIWI.tokenize("했다")] == [("하", 0, 1), ("었", 0, 1), ("다", 1, 2)]


def test_mecab_tells_the_known_analysis() -> None:
    assert MECAB.tokenize("🙂 했다")[1] == Token("했", 2, 3, "VV+EP")
    apart = MecabTokenizer(decompose=True).tokenize("🙂 했다 앞뒤")
    assert apart[1:3] == [Token("하", 2, 3, "VV"), Token("았", 2, 3, "EP")]
    assert apart[-2:] == [Token("앞", 5, 6, "NNG"), Token("뒤", 6, 7, "NNG")]


@pytest.mark.parametrize("tokenizer", [KIWI, MECAB], ids=["kiwi", "mecab"])
def test_offsets_are_into_the_text_that_was_given(tokenizer: Any) -> None:
    text = unicodedata.normalize("NFD", "한국 학교에서")
    tokens = tokenizer.tokenize(text)
    surfaces = [text[token.start : token.end] for token in tokens]
    assert [unicodedata.normalize("NFC", s) for s in surfaces] == ["한국", "학교", "에서"]
    assert tokenizer.words(text) == ["한국", "학교", "에서"]


def test_options() -> None:
    text = "나는 학교에서 밥을 먹었다"
    assert KiwiTokenizer(keep="nouns").words(text) == ["나", "학교", "밥"]
    assert KiwiTokenizer(keep="content", lemma=True).words(text) == ["나", "학교", "밥", "먹다"]
    assert KiwiTokenizer(keep="no_particles").words(text) == ["나", "학교", "밥", "먹", "었", "다"]
    assert KiwiTokenizer(keep="nouns", attach_tag=True).words(text)[1:] == ["학교/NNG", "밥/NNG"]
    assert KiwiTokenizer(tags="sejong").tokenize("고마워")[0].tag == "VA"
    assert KIWI.tokenize("고마워")[0].tag == "VA-I"
    assert MecabTokenizer(lemma=True).words("고마워요") == ["고맙다"]
    assert MecabTokenizer(keep="content", lemma=True).words(text) == ["나", "학교", "밥", "먹다"]
    filtered = KiwiTokenizer(keep="nouns").tokenize(text)
    assert KIWI.detokenize(filtered) == text
    assert KIWI.words("했닼ㅋ") == ["하", "었", "다", "ᆿ", "ㅋ"]
    assert KiwiTokenizer(normalize=True).words("했닼ㅋ") == ["하", "었", "다", "ㅋㅋ"]
    assert KiwiTokenizer(typos="basic").words("외않됀대?") != KIWI.words("외않됀대?")


def test_kiwi_joins_morphemes_without_offsets() -> None:
    bare = [Token(t.text, tag=t.tag) for t in KIWI.tokenize("밥을 먹었다.")]
    assert KIWI.detokenize(bare) == "밥을 먹었다."
    lemma = KiwiTokenizer(lemma=True, tags="sejong", attach_tag=True)
    bare = [Token(t.text, tag=t.tag) for t in lemma.tokenize("밥을 먹었다.")]
    assert lemma.detokenize(bare) == "밥을 먹었다."
    assert MECAB.detokenize([Token("밥", tag="NNG"), Token("을", tag="JKO")]) == "밥 을"
    assert MECAB.detokenize([Token("밥", 0, 1), Token("을", 1, 2), Token("끝", 5, 6)]) == "밥을 끝"


@pytest.mark.parametrize(("name", "score"), [("kiwi", 5), ("mecab", -5000)])
def test_a_user_dictionary_travels_with_the_tokenizer(
    name: str, score: int, tmp_path: Path
) -> None:
    words_file = tmp_path / "words.txt"
    lines = f"# places\n\n학교에서\tNNP\t{score}\n꿀잼각\tNNG\n"
    words_file.write_text(lines, encoding="utf-8")
    tokenizer: Any = create(name, {"dictionary": str(words_file)})
    assert "학교에서" in tokenizer.words("학교에서 썼다")
    assert "학교에서" not in create(name).words("학교에서 썼다")
    save(tokenizer, tmp_path / "saved")
    words_file.unlink()
    for again in (load(tmp_path / "saved"), pickle.loads(pickle.dumps(tokenizer))):
        assert again == tokenizer
        assert hash(again) == hash(tokenizer)
        assert again.words("학교에서") == ["학교에서"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("서울", "line 2 is not a word, a tab and a tag"),
        ("서울\tNNX", "line 2: unknown tag 'NNX'. Did you mean 'NN"),
        ("서울\tNNP\thigh", "line 2: the score 'high' is not a number"),
        ("서울\tNNP\tinf", "line 2: the score 'inf' is not a number"),
        ("한국\tNNP\t1", "line 2: '한국' as NNP came before"),
        ("서\x07울\tNNP", "line 2: .*cannot be printed"),
    ],
)
@pytest.mark.parametrize("name", ["kiwi", "mecab"])
def test_what_a_dictionary_may_not_hold(name: str, line: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text(f"한국\tNNP\n{line}\n", encoding="utf-8")
    with pytest.raises(SeqkitError, match=message) as caught:
        create(name, {"dictionary": str(path)})
    assert "\n" not in str(caught.value)


def test_words_that_mecab_cannot_take() -> None:
    for word in ("바람과 함께", "a,b", 'a"b'):
        with pytest.raises(SeqkitError, match="entry 1: no word of this tokenizer can hold"):
            create("mecab", {"dictionary": [[word, "NNP"]]})
    kiwi = create("kiwi", {"dictionary": [["바람과 함께", "NNP"]]})
    assert kiwi.words("바람과 함께") == ["바람과 함께"]


def test_a_missing_dictionary(tmp_path: Path) -> None:
    with pytest.raises(SeqkitError, match=r"none\.txt"):
        create("kiwi", {"dictionary": str(tmp_path / "none.txt")})


def test_a_missing_backend_names_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    from seqkit.text import morphemes

    monkeypatch.setattr(morphemes, "_backends", {})
    monkeypatch.setitem(sys.modules, "mecab", None)
    with pytest.raises(SeqkitError, match=r"pip install 'seqkit-nlp\[mecab\]'"):
        MECAB.words("가")


def _words(tokenizer: Any) -> list[str]:
    found: list[str] = tokenizer.words("학교에서 밥을 먹었다")
    return found


@pytest.mark.parametrize("tokenizer", [KIWI, MECAB], ids=["kiwi", "mecab"])
def test_threads_and_forked_processes(tokenizer: Any) -> None:
    expected = _words(tokenizer)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(_words, [tokenizer] * 40)) == [expected] * 40
    with multiprocessing.get_context("fork").Pool(1) as processes:
        assert processes.apply(_words, (tokenizer,)) == expected


@pytest.mark.parametrize("tokenizer", [KIWI, MECAB], ids=["kiwi", "mecab"])
@pytest.mark.parametrize("unit", ["밥을 먹었다. ", "가나다라"])
def test_a_very_long_line(tokenizer: Any, unit: str) -> None:
    text = unit * (30_000 // len(unit))
    tokens = tokenizer.tokenize(text)
    assert tokenizer.detokenize(tokens) == text
    assert tokens[-1].end == len(text.rstrip())


def test_clean() -> None:
    text = "가\ud800\0 \u3000" + unicodedata.normalize("NFD", "각é") + "끝"
    made = clean(text)
    assert made.text == f"가{STANDIN}{STANDIN}  각é끝"
    assert made.form(STANDIN, (1, 2)) == "\ud800"
    assert made.form(f"{STANDIN}다", (1, 2)) == "\ud800다"
    assert made.original((5, 6)) == (5, 8)
    assert made.original((6, 8)) == (8, 11)
