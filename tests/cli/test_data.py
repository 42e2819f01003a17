import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from seqkit.cli.data import app
from seqkit.cli.output import print_table
from seqkit.errors import SeqkitError

ROWS = [
    ("좋아요 정말 좋아요", "긍정"),
    ("싫어요", "부정"),
    ("나쁘지 않아요", "긍정"),
    ("별로", "부정"),
]


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("SEQKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("SEQKIT_DATA", raising=False)
    monkeypatch.delenv("SEQKIT_OFFLINE", raising=False)
    path = tmp_path / "mine.csv"
    path.write_text("text,label\n" + "".join(f"{t},{y}\n" for t, y in ROWS), encoding="utf-8")
    return str(path)


def run(*words: str) -> str:
    result = CliRunner().invoke(app, list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_ls_says_what_is_here(mine: str) -> None:
    rows = {row["name"]: row for row in json.loads(run("ls", "--json"))}
    assert rows["reuters"]["here"] == "fetch"
    assert rows["reuters"]["languages"] == "en"
    assert rows["labelled"]["here"] == "by path"
    lines = run("ls").splitlines()
    assert lines[0].split()[:3] == ["name", "languages", "task"]
    assert {line.split()[0] for line in lines[1:]} == set(rows)


def test_ls_finds_the_folders_of_seqkit_data(
    mine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from seqkit.corpora.reuters import CARD

    monkeypatch.setenv("SEQKIT_DATA", str(tmp_path))
    (tmp_path / CARD.folder).mkdir()
    for name in CARD.files:
        (tmp_path / CARD.folder / name).touch()
    rows = {row["name"]: row for row in json.loads(run("ls", "--json"))}
    assert rows["reuters"]["here"] == str(tmp_path / CARD.folder)
    assert "is already at" in run("fetch", "reuters")


def test_show_counts_and_measures(mine: str) -> None:
    shown = json.loads(run("show", mine, "test_fraction=0", "--json"))
    assert shown["splits"] == [{"split": "train", "rows": 4, "words": 7}]
    assert shown["labels"] == [{"label": "긍정", "train": 2}, {"label": "부정", "train": 2}]
    words = next(row for row in shown["lengths"] if row["length in"] == "words")
    assert words == {"split": "train", "length in": "words", "p5": 1, "p25": 1, "p50": 2,
                     "p75": 2, "p95": 3, "max": 3}  # fmt: skip
    option = next(row for row in shown["options"] if row["option"] == "test_fraction")
    assert option["type"] == "float"
    assert option["default"] == 0.1
    assert "test split" in option["help"]
    plain = run("show", mine, "test_fraction=0")
    assert "\x1b" not in plain
    assert "긍정" in plain


def test_show_describes_what_is_not_here_and_fetches_nothing(mine: str) -> None:
    shown = run("show", "reuters")
    assert "seqkit data fetch reuters" in shown
    assert "r8 | r52 | modapte" in shown
    assert "research" in shown


def test_head(mine: str) -> None:
    rows = json.loads(run("head", mine, "test_fraction=0", "-n", "2", "--json"))
    assert rows == [{"text": t, "labels": [y]} for t, y in ROWS[:2]]
    assert len(run("head", mine, "test_fraction=0", "-n", "3").splitlines()) == 4
    assert len(run("head", mine, "--split", "test").splitlines()) == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["show", "{mine}", "lable=x"], "unknown setting 'lable'. Did you mean 'label'"),
        (["show", "{mine}", "label"], "'label' is not of the form key=value"),
        (["head", "{mine}", "--split", "tset"], "unknown split 'tset'.*Did you mean 'test'"),
        (["head", "reutres"], "unknown corpus 'reutres'.*Did you mean 'reuters'"),
        (["head", "reuters", "--offline"], "not on this machine and the network is switched off"),
        (["fetch", "reuters", "--offline"], "not on this machine and the network is switched off"),
        (["show", "reuters", "--path", "/nowhere/at/all"], "no file or folder at /nowhere/at/all"),
    ],
)
def test_errors(mine: str, words: list[str], message: str) -> None:
    with pytest.raises(SeqkitError, match=message):
        run(*(word.format(mine=mine) for word in words))


def test_plain_tables_align_hangul_and_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    print_table("counts", ["word", "n", "note"], [["한국", 1234, "x"], ["a", None, "[b] c\nd"]])
    assert capsys.readouterr().out.splitlines() == [
        "counts",
        "word      n  note",
        "한국  1,234  x",
        "a            [b] c d",
    ]


def test_drawn_tables_keep_brackets(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    print_table("title", ["name"], [["[bold] is text"]])
    assert "[bold] is text" in capsys.readouterr().out


def test_plain_text_of_ones_own(mine: str, tmp_path: Path) -> None:
    poem = tmp_path / "poem.txt"
    poem.write_bytes("산에는 꽃 피네\n\n꽃이 피네\n".encode("cp949"))
    shown = json.loads(run("show", str(poem), "encoding=cp949", "--json"))
    assert shown["splits"] == [{"split": "train", "rows": 2, "words": 5}]
    assert shown["labels"] == []
    head = run("head", str(poem), "encoding=cp949", "unit=document").splitlines()
    assert [line.strip() for line in head] == ["text", "산에는 꽃 피네 꽃이 피네"]
    with pytest.raises(SeqkitError, match=r"line 1 is not UTF-8 .* encoding=cp949"):
        run("show", str(poem))


def test_show_of_text_in_a_package_that_is_not_here(
    mine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seqkit.sources.find_spec", lambda name: None)
    shown = json.loads(run("show", "kolaw", "--json"))
    assert shown["here"] == "in konlpy"
    assert "splits" not in shown
    with pytest.raises(SeqkitError, match=r"pip install 'seqkit-nlp\[konlpy\]'"):
        run("fetch", "kolaw")
