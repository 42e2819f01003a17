import re
from pathlib import Path

import pytest

from seqkit import recipe
from seqkit.errors import SeqkitError
from seqkit.settings import as_dict


def test_every_recipe_says_what_it_is_and_builds_settings() -> None:
    assert {"classify", "reuters"} <= set(recipe.names())
    for name in recipe.names():
        about = recipe.about(name)
        assert about == recipe.find(name).module.ABOUT
        assert about.shape in ("one-to-many", "many-to-one", "many-to-many", "aligned")
        assert (recipe.path_of(name).read_text(encoding="utf-8").count("\n")) <= 80


def test_an_unknown_recipe_gets_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(SeqkitError, match=r"unknown recipe 'reuter'. Did you mean 'reuters'\?"):
        recipe.find("reuter")
    with pytest.raises(SeqkitError, match="no recipe file at"):
        recipe.find(str(tmp_path / "none.py"))


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("x = 1\n", "is not a recipe: it has no 'Settings'"),
        ("a = 1\nb = a.b\n", r"mine.py, line 2: AttributeError"),
        ("a = 1\nb = = 2\n", r"mine.py, line 2: SyntaxError"),
        ("import not_there\n", r"mine.py, line 1: ModuleNotFoundError"),
    ],
)
def test_a_broken_file_is_named_by_line(tmp_path: Path, code: str, message: str) -> None:
    path = tmp_path / "mine.py"
    path.write_text(code, encoding="utf-8")
    with pytest.raises(SeqkitError, match=message):
        recipe.find(str(path))


def test_resume_changes_only_where_training_ends_and_runs() -> None:
    found = recipe.find("classify")
    saved = as_dict(found.settings(["hidden=8", "epochs=2"]))
    again = found.resumed_settings(saved, ["epochs=5", "train.threads=1"])
    assert (again.train.epochs, again.train.threads) == (5, 1)
    assert again.classifier.encoder.hidden == 8
    with pytest.raises(SeqkitError, match="'hidden' cannot change when a run is resumed"):
        found.resumed_settings(saved, ["hidden=16"])


def test_every_command_a_shipped_configuration_shows_is_taken() -> None:
    shipped = sorted(recipe._folder().glob("*.toml"))
    assert shipped
    for file in shipped:
        shown = re.findall(r"^# +seqkit train (\S+) --config (\S+)(.*)$", file.read_text(), re.M)
        assert shown
        for name, config, words in shown:
            assert config == file.stem
            recipe.find(name).settings(words.split("#")[0].split(), Path(config))
