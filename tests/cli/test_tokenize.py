"""``seqkit tokenize`` as a user meets it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import Seqkit
from rich.cells import cell_len

from seqkit.text.tokenizer import TOKENIZERS, create, save

SENTENCE = "아버지가 방에 들어가신다."
COMMAND = [sys.executable, "-m", "seqkit", "tokenize"]


@pytest.fixture
def tokenize(tmp_path: Path) -> Seqkit:
    return Seqkit(tmp_path, "tokenize")


def test_tokens_stand_between_spaces(tokenize: Seqkit) -> None:
    assert tokenize("--tokenizer", "word", "Don't go, 철수야!").stdout == "Don't go , 철수야 !\n"


def test_kiwi_is_the_default_and_knows_tags(tokenize: Seqkit) -> None:
    assert tokenize(SENTENCE, "--tags").stdout.startswith("아버지/NNG 가/JKS 방/NNG 에/JKB ")
    both = tokenize(SENTENCE, "--tags", "--offsets").stdout
    assert both.startswith("아버지/NNG@0-3 가/JKS@3-4 방/NNG@5-6 ")


def test_offsets_are_of_the_line(tokenize: Seqkit) -> None:
    said = tokenize("--tokenizer", "word", "--offsets", given="가 나🙂.\n  다\n".encode()).stdout
    assert said == "가@0-1 나@2-3 🙂@3-4 .@4-5\n다@2-3\n"


def test_tags_are_left_out_where_there_are_none(tokenize: Seqkit) -> None:
    assert tokenize("--tokenizer", "word", "--tags", "가 나").stdout == "가 나\n"


def test_a_space_that_is_a_token_can_be_seen(tokenize: Seqkit) -> None:
    assert tokenize("--tokenizer", "character", "가 \t나").stdout == "가 ␣ ␣ 나\n"
    assert tokenize("--tokenizer", "character", "a\nb").stdout == "a ␣ b\n"


def test_a_line_for_each_line(tokenize: Seqkit) -> None:
    text = "\n하나\n\n\r\n \u2028둘\x0c\x85셋\n\n🙂\n\nlast"
    for options in ([], ["--offsets"], ["--tags"], ["--json"]):
        for name in ("whitespace", "word", "character", "kiwi"):
            ran = tokenize("--tokenizer", name, *options, given=text.encode())
            assert ran.stdout.endswith("\n")
            lines = ran.stdout.split("\n")[:-1]
            assert len(lines) == len(text.split("\n"))
            if options != ["--json"]:
                assert [bool(line) for line in lines[:4]] == [False, True, False, False]


def test_json_holds_the_text_and_exact_offsets(tokenize: Seqkit) -> None:
    texts = ['그는 "네"라고\t했다.', "", "🙂 ok"]
    ran = tokenize("--json", "--tokenizer", "word", *texts)
    rows = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [row["text"] for row in rows] == texts
    assert rows[1]["tokens"] == []
    for row in rows:
        for token in row["tokens"]:
            assert set(token) == {"text", "start", "end", "tag"}
            assert row["text"][token["start"] : token["end"]] == token["text"]
    assert "네" in ran.stdout  # readable, not \uXXXX


def test_texts_come_from_words_a_file_and_standard_input_alike(tokenize: Seqkit) -> None:
    texts = ["가나 다", "", "Rain, again."]
    joined = "\n".join(texts)
    (tokenize.folder / "in.txt").write_text(joined, encoding="utf-8")
    words = ["--tokenizer", "word"]
    expected = "가나 다\n\nRain , again .\n"
    assert tokenize(*words, *texts).stdout == expected
    assert tokenize(*words, given=joined.encode()).stdout == expected
    assert tokenize(*words, "-", given=joined.encode()).stdout == expected
    assert tokenize(*words, "--file", "-", given=joined.encode()).stdout == expected
    assert tokenize(*words, "--file", "in.txt").stdout == expected
    assert tokenize(*words, given=b"").stdout == ""


def test_options_of_the_tokenizer(tokenize: Seqkit) -> None:
    words = ["--tokenizer", "word", "--option", "lower=true", "--option", "zero_digits=yes"]
    assert tokenize(*words, "In 1984").stdout == "in 0000\n"


def test_a_saved_tokenizer_by_its_folder(tokenize: Seqkit) -> None:
    save(create("word", {"lower": True}), tokenize.folder / "run" / "tokenizer")
    for name in ("run", "run/tokenizer"):
        assert tokenize("--tokenizer", name, "A Cat").stdout == "a cat\n"


def test_workers_give_what_one_process_gives(tokenize: Seqkit) -> None:
    lines = [f"줄 {i}, 말{i % 7} {'길다 ' * (i % 90)}" for i in range(900)]
    given = "\n".join(lines).encode()
    for options in ([], ["--json"]):
        one = tokenize("--tokenizer", "word", *options, given=given)
        two = tokenize("--tokenizer", "word", *options, "--workers", "2", given=given)
        assert two.stdout == one.stdout
        assert one.stdout.count("\n") == len(lines)


def test_piped_output_is_plain(tokenize: Seqkit) -> None:
    for words in (["--tokenizer", "word"], ["--compare", "word,character"]):
        ran = tokenize(*words, SENTENCE)
        assert "\x1b" not in ran.stdout
        assert ran.stderr == ""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--tokenizer", "kiwii", "x"], "unknown tokenizer 'kiwii'. Did you mean 'kiwi'?"),
        (["--tokenizer", "no/where", "x"], "no/where holds no tokenizer"),
        (["--tokenizer", ".", "x"], ". holds no tokenizer"),
        (["--tokenizer", "word", "--option", "lowr=1", "x"], "Did you mean 'lower'?"),
        (["--tokenizer", "word", "--option", "lower", "x"], "not of the form key=value"),
        (["--tokenizer", "word", "--option", "lower=perhaps", "x"], "'lower' = 'perhaps'"),
        (["--tokenizer", "saved", "--option", "lower=1", "x"], "leave out --option"),
        (["--tokenizer", "broken", "x"], "tokenizer.json is not valid JSON"),
        (["--tokenizer", "unigram", "x"], "seqkit vocab build CORPUS --tokenizer unigram"),
        (["--tokenizer", "bpe", "x"], "the bpe tokenizer has learnt no pieces yet"),
        (["--tokenizer", "word", "--file", "none.txt"], "cannot read none.txt"),
        (["--tokenizer", "word", "--file", "none.txt", "x"], "give texts or --file, not both"),
        (["--tokenizer", "word", "--workers", "0", "x"], "--workers"),
        (["--compare", "word,wrod", "x"], "unknown tokenizer 'wrod'. Did you mean 'word'?"),
        (["--compare", ",", "x"], "--compare names no tokenizer"),
        (["--compare", "word", "--option", "lower=1", "x"], "--option is for one --tokenizer"),
        (["--compare", "bpe", "--text", "vilage", "x"], "Did you mean 'village'?"),
        (["--tokenizer", "word", "bad \udcff"], "text 1 is not UTF-8"),
    ],
)
def test_every_mistake_gets_one_line(tokenize: Seqkit, words: list[str], message: str) -> None:
    save(create("word"), tokenize.folder / "saved")
    (tokenize.folder / "broken").mkdir()
    (tokenize.folder / "broken" / "tokenizer.json").write_text("{")
    ran = tokenize(*words, ok=False)
    assert ran.returncode == 2
    assert message in ran.stderr
    assert ran.stderr.count("\n") == 1
    assert ran.stdout == ""


def test_what_is_no_text_is_refused_with_its_line(tokenize: Seqkit) -> None:
    for workers in ("1", "2"):
        given = "좋다\n".encode() + "나쁘다".encode("cp949")
        ran = tokenize("--tokenizer", "word", "--workers", workers, given=given, ok=False)
        assert "standard input, line 2 is not UTF-8" in ran.stderr
        assert ran.returncode == 2


def columns(line: str) -> list[int]:
    """Return where each cell of a piped table begins, in columns of a terminal."""
    starts, at, gap = [], 0, 2
    for char in line:
        if char == " ":
            gap += 1
        else:
            if gap >= 2:
                starts.append(at)
            gap = 0
        at += cell_len(char)
    return starts


def test_compare_is_a_table_with_times(tokenize: Seqkit) -> None:
    lines = tokenize("--compare", "whitespace,word,kiwi", "--tags", SENTENCE).stdout.splitlines()
    assert lines[0].split() == ["tokenizer", "tokens", "ms", "load", "ms", "cut"]
    assert [line.split()[0] for line in lines[1:]] == ["whitespace", "word", "kiwi"]
    assert [line.split()[1] for line in lines[1:3]] == ["3", "4"]
    assert lines[1].endswith("아버지가 · 방에 · 들어가신다.")
    assert "아버지/NNG · 가/JKS · 방/NNG" in lines[3]
    assert len({columns(line)[-1] for line in lines}) == 1  # the last column stands in line


def test_compare_aligns_names_in_hangul_by_their_width(tokenize: Seqkit) -> None:
    save(create("word"), tokenize.folder / "나의자르개")
    lines = tokenize("--compare", "나의자르개,word", "가 나.").stdout.splitlines()
    ends = [cell_len(line[: line.index("가")]) for line in lines[1:]]
    assert ends[0] == ends[1] == cell_len(lines[0][: lines[0].index("cut")])


def test_compare_of_several_texts_and_as_json(tokenize: Seqkit) -> None:
    texts = ["가 나", "하나 둘 셋"]
    said = tokenize("--compare", "word, character", *texts).stdout
    assert [said.count(text) for text in texts] >= [1, 1]
    rows = json.loads(tokenize("--compare", "word, character", "--json", *texts).stdout)
    assert [(r["text"], r["tokenizer"]) for r in rows] == [
        (text, name) for text in texts for name in ("word", "character")
    ]
    for row in rows:
        assert [t["text"] for t in row["tokens"]] == create(row["tokenizer"]).words(row["text"])
        assert 0 < row["ms"] < 1000
        assert row["load_ms"] > 0
        assert row["problem"] == ""


def test_compare_learns_subwords_from_the_village(tokenize: Seqkit) -> None:
    said = tokenize("--compare", "word,unigram,bpe", "할머니께서 김치를 만드셨습니다.").stdout
    assert "unigram, bpe: 1,500 pieces learnt here" in said
    assert "village" in said.splitlines()[-1]
    (tokenize.folder / "own.txt").write_text("가나 가나 가다\n" * 50, encoding="utf-8")
    words = ["--compare", "bpe", "--text", "own.txt", "--json", "가나"]
    (row,) = json.loads(tokenize(*words).stdout)
    assert row["learnt_here"]
    assert any("가나" in token["text"] for token in row["tokens"])  # a frequent pair became one


def test_compare_shows_how_to_get_what_is_missing(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['mecab'] = None\n"
        "sys.argv = ['seqkit', 'tokenize', '--compare', 'word,mecab', '가 나']\n"
        "from seqkit.cli import main; main()"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    lines = ran.stdout.splitlines()
    assert lines[1].endswith("가 · 나")
    assert lines[2].startswith("mecab ")
    assert "pip install 'seqkit-nlp[mecab]'" in lines[2]
    code = code.replace("'--compare', 'word,mecab'", "'--tokenizer', 'mecab'")
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.returncode == 2
    assert "pip install 'seqkit-nlp[mecab]'" in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_lines_come_as_they_are_given_and_ctrl_c_is_clean() -> None:
    process = subprocess.Popen(
        [*COMMAND, "--tokenizer", "word"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("비가 온다.\n".encode())
    process.stdin.flush()
    assert process.stdout.readline().decode() == "비가 온다 .\n"  # before the input ends
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=20)
    assert process.returncode == 130
    assert stderr == b""


def test_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    file = tmp_path / "long.txt"
    file.write_text("가 나 다\n" * 50_000, encoding="utf-8")
    process = subprocess.Popen(
        [*COMMAND, "--tokenizer", "whitespace", "--file", str(file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    assert process.wait(20) == 141


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_person_is_prompted_and_answered_line_by_line() -> None:
    import pty

    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "--tokenizer", "word"],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    os.close(theirs)
    assert process.stdout is not None
    os.write(ours, "가, 나\n".encode())
    assert process.stdout.readline().decode() == "가 , 나\n"
    os.write(ours, b"\x04")
    _, stderr = process.communicate(timeout=20)
    os.close(ours)
    assert "A text a line; Ctrl-D ends." in stderr.decode()
    assert process.returncode == 0


def test_help_names_every_option(tokenize: Seqkit) -> None:
    said = tokenize("--help").stdout
    for option in ("tokenizer", "tags", "offsets", "json", "workers", "option", "compare", "file"):
        assert f"--{option}" in said


def test_every_tokenizer_is_known_by_name(tokenize: Seqkit) -> None:
    from seqkit.cli.arguments import complete_tokenizer

    assert complete_tokenizer("") == list(TOKENIZERS)
    assert complete_tokenizer("ki") == ["kiwi"]


def test_compare_shows_jamo_that_a_terminal_can_draw(tokenize: Seqkit) -> None:
    said = tokenize("--compare", "jamo,whitespace", "각 \u1100\u1161\u11a8").stdout
    assert "ㄱ · ㅏ · ㄱ · ␣" in said
    assert "각 · 각" in said
