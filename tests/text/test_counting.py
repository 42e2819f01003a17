import gzip
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqkit.errors import SeqkitError
from seqkit.text import counting
from seqkit.text.basic import CharacterTokenizer, WhitespaceTokenizer, WordTokenizer
from seqkit.text.counting import Runs, count, sorted_counts
from seqkit.text.vocabulary import Vocabulary

TEXTS = st.lists(st.text(st.characters(), max_size=30), max_size=20)


@given(texts=TEXTS, chunk=st.integers(1, 40), most=st.integers(0, 5), least=st.integers(1, 3))
@pytest.mark.parametrize("tokenizer", [WordTokenizer(), CharacterTokenizer()])
def test_it_is_a_counter_whatever_the_chunks_and_spills(
    tokenizer: Any, texts: list[str], chunk: int, most: int, least: int
) -> None:
    expected = Counter(token.text for text in texts for token in tokenizer.tokenize(text))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counting, "CHUNK", chunk)
        patch.setattr(counting, "MOST_RUNS", 2)
        patch.setattr(counting, "BLOCK", 3)
        made = list(sorted_counts(iter(texts), tokenizer, min_count=least, most_words=most))
    assert made == sorted((w, n) for w, n in expected.items() if n >= least)
    assert list(count(texts, tokenizer).items()) == sorted(expected.items())


def test_a_vocabulary_is_built_from_the_stream() -> None:
    texts = [f"w{i % 7} w{i % 11} w{i}" for i in range(200)]
    whole = count(texts, WordTokenizer())
    for size in (3, 5, 30, None):
        stream = sorted_counts(texts, WordTokenizer(), most_words=10)
        assert Vocabulary.build(stream, min_count=2, max_size=size) == Vocabulary.build(
            whole, min_count=2, max_size=size
        )


def test_it_is_the_same_in_any_number_of_processes(monkeypatch: Any, tmp_path: Path) -> None:
    texts = [f"영화{i % 7}은 good{i % 11}! {i}" for i in range(300)]
    expected = list(count(texts, WordTokenizer()).items())
    path = tmp_path / "texts.txt"
    path.write_text("\n".join(texts) + "\n", encoding="utf-8")
    monkeypatch.setattr(counting, "CHUNK", 400)
    for workers in (2, 3):
        done: list[int] = []
        made = count(path, WordTokenizer(), workers=workers, progress=done.append)
        assert list(made.items()) == expected
        assert sum(done) == path.stat().st_size


def test_progress_counts_texts() -> None:
    done: list[int] = []
    count(["a b", "", "c"], WhitespaceTokenizer(), progress=done.append)
    assert sum(done) == 3


def test_one_string_is_not_texts() -> None:
    with pytest.raises(TypeError, match="not one string"):
        count("a b c", WhitespaceTokenizer())


def test_a_full_disk_is_one_line(monkeypatch: Any) -> None:
    def full(**_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", full)
    with pytest.raises(SeqkitError, match=r"temporary files.*No space left.*set TMPDIR"):
        Runs().spill([("a", 1)])


SPACES = [chr(c) for c in range(0x110000) if chr(c).isspace() and c != 10]
NEARLY = ["\u2060", "\u200b", "\ufeff", "\u180e", "\u3001", "\u1681", "\u2027", "\u00a1", "\u0086"]
LINE = st.text(
    st.one_of(
        st.sampled_from(["a", "b", "서", "울", "😀", *SPACES, *NEARLY]),
        st.characters(exclude_categories=["Cs"], exclude_characters="\n\0"),
    ),
    max_size=30,
)


@settings(max_examples=200, deadline=None)  # the first call compiles
@given(lines=st.lists(LINE, max_size=12), most=st.integers(0, 9), size=st.integers(1, 40))
def test_the_scan_of_a_file_is_the_tokenizer_on_its_lines(
    lines: list[str], most: int, size: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("scan") / "text.txt"
    path.write_bytes("\n".join(lines).encode())
    expected = Counter(word for line in lines for word in line.removeprefix("\ufeff").split())
    if lines:  # a byte-order mark begins the file only, and is no text
        expected = Counter(
            word
            for i, line in enumerate(lines)
            for word in (line.removeprefix("\ufeff") if i == 0 else line).split()
        )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("seqkit.text.scan.BYTES", size)
        made = list(sorted_counts(path, WhitespaceTokenizer(), most_words=most))
    assert made == sorted(expected.items())


def test_many_words_and_long_ones_are_told_apart(tmp_path: Path) -> None:
    words = [f"w{i * 7919 % 30011}" for i in range(40_000)] + ["x" * 100_000, "x" * 100_001]
    path = tmp_path / "text.txt.gz"
    path.write_bytes(gzip.compress(" ".join(words).encode()))
    assert count(path, WhitespaceTokenizer()) == Counter(words)


BAD = [
    (b"ok\n\xff\xfe\n", "line 2 is not UTF-8"),
    (b"ok\n\xe3\n\x80\x80\n", "line 2 is not UTF-8"),
    (b"\xe3 \x80\x80", "line 1 is not UTF-8"),
    (b"a\nb \xed\xa0\x80\n", "line 2 is not UTF-8"),
    (b"a\n\0\n", "line 2 holds a NUL byte"),
    (b"a\n" + b"x" * (8 * 1024**2 + 1), "line 2 is longer than 8 MiB"),
]


@pytest.mark.parametrize(("data", "message"), BAD)
def test_a_file_that_is_not_text_is_refused_with_its_line(
    data: bytes, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(data)
    for tokenizer in (WhitespaceTokenizer(), WordTokenizer()):
        with pytest.raises(SeqkitError, match=rf"text\.txt, {message}"):
            count(path, tokenizer)
    with pytest.raises(SeqkitError, match=r"cannot read .*none\.txt: No such file"):
        count(tmp_path / "none.txt", WhitespaceTokenizer())


SCRIPT = """
import sys, itertools, pathlib
from seqkit.text.basic import WordTokenizer
from seqkit.text.vocabulary import Vocabulary
from seqkit.text import counting
from seqkit.data.encoding import encode_to
def texts():
    for i in itertools.count():
        if i == 100_000: print("going", flush=True)
        yield f"word{i} and more"
if __name__ == "__main__":
    counting.MOST_WORDS = 5000
    v = Vocabulary.build({"and": 1})
    what, workers = sys.argv[1], int(sys.argv[2])
    if what == "count": list(counting.sorted_counts(
        texts(), WordTokenizer(), workers=workers, most_words=5000))
    else: encode_to(pathlib.Path("out/rows"), texts(), WordTokenizer(), v, workers=workers)
"""


@pytest.mark.parametrize("what", ["count", "encode"])
def test_ctrl_c_leaves_no_files_and_no_processes(what: str, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    (tmp_path / "out").mkdir()
    (tmp_path / "tmp").mkdir()
    process = subprocess.Popen(
        [sys.executable, script, what, "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        start_new_session=True,
        env={**os.environ, "TMPDIR": str(tmp_path / "tmp")},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "going\n"
    os.killpg(process.pid, signal.SIGINT)
    try:
        _, err = process.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    assert err.rstrip().endswith("KeyboardInterrupt")
    assert err.count("Traceback") == 1  # the caller's own; none of a worker
    assert list((tmp_path / "out").iterdir()) == list((tmp_path / "tmp").iterdir()) == []
    until = time.monotonic() + 5
    while time.monotonic() < until:
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.02)
    pytest.fail("a process is left")
