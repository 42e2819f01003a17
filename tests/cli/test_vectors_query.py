"""``seqkit vectors query``: a question a line, piped and on a terminal."""

import json
import os
import select
import sys
import time
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from command_line import Seqkit
from tiny_vectors import circle, royal

from seqkit.cli.vectors_answers import Answerer, Found, terms_of
from seqkit.cli.vectors_query import Prompt
from seqkit.cli.vectors_terminal import Completer, show
from seqkit.errors import SeqkitError


@pytest.fixture
def query(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Seqkit:
    monkeypatch.delenv("SEQKIT_VECTORS", raising=False)
    circle().save(tmp_path / "vectors")
    royal().save(tmp_path / "royal")
    return Seqkit(tmp_path, "vectors", "query")


@pytest.fixture
def prompt() -> Prompt:
    return Prompt(Answerer(royal()), top=2)


def found(prompt: Prompt, line: str) -> dict[str, Any]:
    (answer,) = prompt.answers(line)
    return answer


def test_piped_it_answers_line_after_line(query: Seqkit) -> None:
    said = query("-n", "2", given="서울\n\n부산 사과\n".encode()).stdout
    assert said == "서울\tseoul\t0.9962\t부산\t0.9848\n부산\tseoul\t0.9962\t서울\t0.9848\n" + (
        "사과\t과일\t0.9848\t대구\t0.4226\n"
    )


def test_a_sign_before_a_word_is_a_sign_though_subwords_would_make_a_word_of_both() -> None:
    def of_subwords(word: str) -> Found:
        return Found(word, "word" if word in ("왕", "여자", "-er") else "subwords")

    terms, signed = terms_of("왕 -남자 +여자", of_subwords)
    assert signed
    assert [(term.found.word, term.sign) for term in terms] == [
        ("왕", 1),
        ("남자", -1),
        ("여자", 1),
    ]
    (suffix,), signed = terms_of("-er", of_subwords)
    assert (suffix.found.word, signed) == ("-er", False)


def test_what_is_unknown_is_a_line_too_and_the_next_is_answered(query: Seqkit) -> None:
    said = query("-n", "1", given="부신\n서울\n".encode()).stdout.splitlines()
    assert said[0] == "부신\t? '부신' is not among the words. Spelt like it: 부산."
    assert said[1] == "서울\tseoul\t0.9962"


def test_json_is_an_object_a_line(query: Seqkit) -> None:
    lines = "왕 - 남자 + 여자\n:compare 왕 여왕\n:odd 왕 남자 감자\n없다\n:analogy 왕 남자\n"
    said = query("royal", "--json", "-n", "1", given=lines.encode()).stdout.splitlines()
    summed, compared, odd, unknown, wrong = map(json.loads, said)
    assert summed["query"] == "왕 - 남자 + 여자"
    assert summed["similar"][0]["word"] == "여왕"
    assert compared["degrees"] == pytest.approx(35.264, abs=1e-3)  # arc cosine of 2 / sqrt 6
    assert odd["odd"][0]["word"] == "감자"
    assert unknown["error"].startswith("'없다' is not among the words.")
    assert wrong["error"] == "':analogy' has 3 words, not 2."


def test_a_byte_that_is_not_utf8_is_one_line(query: Seqkit) -> None:
    ran = query(given=b"\xb0\xa1\n", ok=False)
    assert ran.returncode == 2
    assert "standard input, line 1 is not UTF-8" in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_quit_ends_before_the_rest(query: Seqkit) -> None:
    assert query(given="서울\n:quit\n부산\n".encode(), ok=True).stdout.count("\n") == 2


def test_a_sum_and_an_analogy_are_the_same_question(prompt: Prompt) -> None:
    summed = found(prompt, "왕 - 남자 + 여자")["similar"]
    assert summed == found(prompt, ":analogy 왕 남자 여자")["answers"]
    assert summed == found(prompt, "왕 -남자 +여자")["similar"]
    assert summed == found(prompt, "왕 − 남자 + 여자")["similar"]


def test_top_and_cosmul_stay(prompt: Prompt) -> None:
    assert found(prompt, ":top 1") == {"query": ":top 1", "top": 1}
    assert len(found(prompt, "왕")["similar"]) == 1
    assert found(prompt, ":cosmul")["cosmul"] is True
    assert "score" in found(prompt, "왕")["similar"][0]
    assert found(prompt, ":cosmul")["cosmul"] is False


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (":top x", "':top N' has a number, at least 1."),
        (":top 0", "':top N' has a number, at least 1."),
        (":analgy a b c", "Did you mean ':analogy'?"),
        ("왕 +", "'왕 +': a word is missing; write A - B + C."),
        ("왕 + - 남자", "two signs in a row"),
        ("- 왕", "nothing is added; write A - B, with A first."),
        (":odd 왕 여왕", "three words or more"),
        (":compare 왕", "':compare' has 2 words, not 1."),
    ],
)
def test_what_cannot_be_answered_is_told(prompt: Prompt, line: str, error: str) -> None:
    assert error in found(prompt, line)["error"]


def test_words_may_hold_signs() -> None:
    known = {"e-mail", "c++", "-", "-ly", "a"}

    def look_up(word: str) -> Found:
        if word not in known:
            from seqkit.cli.vectors_answers import UnknownWordError

            raise UnknownWordError(word, [])
        return Found(word)

    def signs(text: str) -> list[tuple[str, int]]:
        return [(term.found.word, term.sign) for term in terms_of(text, look_up)[0]]

    assert signs("e-mail + c++") == [("e-mail", 1), ("c++", 1)]
    assert signs("a -ly") == [("a", 1), ("-ly", 1)]  # a known word, sign and all
    assert signs("c++ -a") == [("c++", 1), ("a", -1)]
    with pytest.raises(SeqkitError, match="a word is missing"):
        terms_of("   ", look_up)


def test_completion_is_over_the_vocabulary_and_the_commands() -> None:
    completer = Completer(royal())
    assert completer.completions("여") == ["여왕", "여자"]
    assert completer.completions("-여왕") == ["-여왕"]
    assert completer.completions(unicodedata.normalize("NFD", "남")) == ["남자"]
    assert completer.completions("없") == []
    assert completer.completions(":co") == [":compare", ":cosmul"]
    assert [completer("여", state) for state in range(3)] == ["여왕", "여자", None]


def test_what_a_person_sees(prompt: Prompt, capsys: pytest.CaptureFixture[str]) -> None:
    for line in (
        "왕",
        ":analogy 왕 남자 여자",
        ":compare 왕 여왕",
        ":top 3",
        ":info",
        ":help",
        "x",
    ):
        show(found(prompt, line))
    said = capsys.readouterr().out
    assert "남자 : 왕 = 여자 : 여왕   (왕 - 남자 + 여자)" in said
    assert "왕, 여왕: cosine 0.8165, angle 35.3°\ntop: 3\nwords: 5\n" in said
    assert "'x' is not among the words." in said


def test_on_a_terminal_it_completes_keeps_history_and_bears_ctrl_c(query: Seqkit) -> None:
    pty = pytest.importorskip("pty", reason="no terminals on this system")
    pytest.importorskip("readline", reason="Python without readline")
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(query.folder)
        os.environ |= {"XDG_CACHE_HOME": str(query.folder), "SEQKIT_CACHE": str(query.folder)}
        os.environ |= {"TERM": "dumb", "LC_ALL": "C.UTF-8"}
        os.execv(sys.executable, [sys.executable, "-m", "seqkit", "vectors", "query", "royal"])
    said = ""

    def wait(text: str) -> None:
        nonlocal said
        end = time.monotonic() + 30
        while text not in said:
            if time.monotonic() > end or not select.select([terminal], [], [], 30)[0]:
                raise AssertionError(said)
            said += os.read(terminal, 4096).decode(errors="replace")
        said = said.partition(text)[2]

    wait("> ")
    time.sleep(0.3)  # a Ctrl-C between the prompt and the reading is seen only with the next key
    os.write(terminal, b"half a line\x03")
    wait("> ")
    os.write(terminal, "감\t\n".encode())  # completed to 감자
    wait("word")
    wait("> ")
    os.write(terminal, b"\x04")
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    (history,) = query.folder.rglob("vectors_history")
    assert history.read_text(encoding="utf-8").splitlines()[-1].strip() == "감자"
