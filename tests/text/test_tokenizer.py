import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from seqkit.errors import SeqkitError
from seqkit.text import tokenizer as tokenizers
from seqkit.text.basic import CharacterTokenizer, WhitespaceTokenizer, WordTokenizer


def test_importing_the_table_imports_no_backend() -> None:
    code = "import sys, seqkit.text.tokenizer; print([m for m in sys.modules if m in (%s)])"
    names = "'regex', 'pydantic', 'torch', 'numpy', 'seqkit.text.basic'"
    run = subprocess.run([sys.executable, "-c", code % names], capture_output=True, text=True)
    assert run.stdout.strip() == "[]", run.stderr


def test_options_are_converted_as_the_command_line_writes_them() -> None:
    assert tokenizers.create("word", {"lower": "true"}) == WordTokenizer(lower=True)
    assert tokenizers.create("word") == WordTokenizer()
    assert tokenizers.create("whitespace") != tokenizers.create("character")


@pytest.mark.parametrize(
    "made",
    [
        WhitespaceTokenizer(lower=True),
        WordTokenizer(),
        WordTokenizer(lower=True, zero_digits=True),
        CharacterTokenizer(),
    ],
)
def test_saved_is_loaded_equal(made: tokenizers.Tokenizer, tmp_path: Path) -> None:
    tokenizers.save(made, tmp_path / "tokenizer")
    again = tokenizers.load(tmp_path / "tokenizer")
    assert again == made
    assert type(again) is type(made)
    assert hash(again) == hash(made)


def test_every_name_in_the_table_can_be_made_and_saved(tmp_path: Path) -> None:
    for name in tokenizers.TOKENIZERS:
        made = tokenizers.create(name)
        tokenizers.save(made, tmp_path / name)
        assert tokenizers.load(tmp_path / name) == made


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("wrod", {}, r"unknown tokenizer 'wrod'\. Did you mean 'word'\? Known: whitespace, word"),
        ("word", {"lowr": True}, r"option of the word tokenizer.*'lowr'\. Did you mean 'lower'\?"),
        ("word", {"lower": "perhaps"}, r"tokenizer 'word': .*'lower' = 'perhaps'.*boolean"),
    ],
)
def test_mistakes_are_named(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(SeqkitError, match=message) as caught:
        tokenizers.create(name, options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not valid JSON"),
        ("[]", "does not describe a tokenizer"),
        ('{"tokenizer": "word"}', "does not describe a tokenizer"),
        ('{"tokenizer": "word", "options": {}, "more": 1}', "does not describe a tokenizer"),
        ('{"tokenizer": "kiwy", "options": {}}', r"tokenizer\.json: unknown tokenizer 'kiwy'"),
        ('{"tokenizer": "word", "options": {"no": 1}}', r"tokenizer\.json: .*'no'"),
    ],
)
def test_broken_files_are_refused(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / tokenizers.FILE).write_text(text)
    with pytest.raises(SeqkitError, match=message):
        tokenizers.load(tmp_path)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SeqkitError, match=r"cannot read .*tokenizer\.json"):
        tokenizers.load(tmp_path)


def test_a_tokenizer_outside_the_table_is_not_saved(tmp_path: Path) -> None:
    class Mine(WordTokenizer):
        pass

    with pytest.raises(SeqkitError, match="cannot save a Mine: it is not in TOKENIZERS"):
        tokenizers.save(Mine(), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_tokenizer_is_removed_and_what_is_beside_it_stays(tmp_path: Path) -> None:
    made = tokenizers.create("unigram", {"size": 300})
    assert isinstance(made, tokenizers.Trainable)
    tokenizers.save(made.train(["나는 밥을 먹는다"] * 9), tmp_path / "a")
    (tmp_path / "a" / "mine.txt").write_text("mine")
    tokenizers.remove(tmp_path / "a")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["mine.txt"]
    tokenizers.save(tokenizers.create("syllable"), tmp_path / "b")
    tokenizers.remove(tmp_path / "b")
    assert not (tmp_path / "b").exists()
    tokenizers.remove(tmp_path / "a")  # no tokenizer there
    assert (tmp_path / "a" / "mine.txt").is_file()
