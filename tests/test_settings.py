from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Literal

import pytest
from pydantic import Field

from seqkit.errors import SeqkitError, suggest
from seqkit.settings import as_dict, check, leaves, parse, settings


@settings
class Inner:
    hidden: int = Field(default=128, ge=1, description="width")
    cell: Literal["rnn", "lstm", "gru"] = "lstm"
    widths: tuple[int, ...] = (3, 4)
    dropout: float = 0.0


@settings
class Outer:
    epochs: int = Field(default=10, ge=1)
    limit: int | None = 5
    shuffle: bool = True
    title: str = "none"
    options: dict[str, str | bool | int | float] = Field(
        default_factory=lambda: {"lower": True}, description="of the tokenizer"
    )
    encoder: Inner = Inner(hidden=64)
    dropout: float = Field(default=0.1, ge=0, lt=1)


def test_defaults_of_a_group_instance_survive_a_change_inside_the_group() -> None:
    assert parse(Outer(), ["encoder.cell=gru"]).encoder == Inner(hidden=64, cell="gru")


@pytest.mark.parametrize(
    ("word", "path", "value"),
    [
        ("cell=gru", ("encoder", "cell"), "gru"),
        ("encoder.cell=rnn", ("encoder", "cell"), "rnn"),
        ("widths=2,3,4", ("encoder", "widths"), (2, 3, 4)),
        ("widths=[7]", ("encoder", "widths"), (7,)),
        ("widths=", ("encoder", "widths"), ()),
        ("limit=none", ("limit",), None),
        ("title=none", ("title",), "none"),
        ("title=a=b", ("title",), "a=b"),
        ("shuffle=false", ("shuffle",), False),
        ("dropout=0.5", ("dropout",), 0.5),  # the full path wins over an ending
        ("encoder.dropout=0.3", ("encoder", "dropout"), 0.3),
    ],
)
def test_a_word_changes_one_setting(word: str, path: tuple[str, ...], value: object) -> None:
    found: object = parse(Outer(), [word])
    for part in path:
        found = getattr(found, part)
    assert found == value


def test_a_free_group_takes_any_key_and_keeps_its_defaults() -> None:
    assert parse(Outer(), ["options.size=3"]).options == {"lower": True, "size": "3"}

    @settings
    class Deep:
        outer: Outer = Outer()

    for key in ("outer.options.size", "options.size"):
        assert parse(Deep(), [f"{key}=3"]).outer.options == {"lower": True, "size": "3"}


def test_words_come_after_the_file(tmp_path: Path) -> None:
    config = tmp_path / "mine.toml"
    config.write_text('epochs = 3\n[encoder]\ncell = "gru"\nwidths = [5]\n', encoding="utf-8")
    found = parse(Outer(), ["epochs=4"], config=config)
    assert (found.epochs, found.encoder.cell, found.encoder.widths) == (4, "gru", (5,))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["epoch=3"], r"unknown setting 'epoch'. Did you mean 'epochs'\?"),
        (["encoder.cel=gru"], r"unknown setting 'encoder.cel'. Did you mean 'encoder.cell'\?"),
        (["celll=gru"], r"Did you mean 'cell'\?"),
        (["cell=lstn"], r"setting 'encoder.cell' = 'lstn'.*Did you mean 'lstm'\?"),
        (["epochs=0"], r"setting 'epochs' = '0': input should be greater than or equal to 1"),
        (["epochs=ten"], r"setting 'epochs' = 'ten': .*integer"),
        (["hidden"], r"'hidden' is not of the form key=value"),
        (["epoch=1", "hiden=2"], r"'epoch'.*'hiden'"),
        (["dropout=nan"], r"finite"),
        (["widths=a,3"], r"'encoder.widths.0' = 'a'"),
    ],
)
def test_a_bad_word_is_refused_with_the_way_out(words: list[str], message: str) -> None:
    with pytest.raises(SeqkitError, match=message) as caught:
        parse(Outer(), words, hint="'seqkit show mine' lists them")
    assert "\n" not in str(caught.value)
    assert "seqkit show mine" in str(caught.value)


def test_an_ambiguous_ending_names_the_choices() -> None:
    @settings
    class Two:
        a: Inner = Inner()
        b: Inner = Inner()

    with pytest.raises(SeqkitError, match=r"'cell' could be a.cell or b.cell"):
        parse(Two(), ["cell=gru"])


def test_a_broken_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SeqkitError, match="no settings file"):
        parse(Outer(), config=tmp_path / "none.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("epochs = = 3", encoding="utf-8")
    with pytest.raises(SeqkitError, match=r"not a TOML file.*line 1"):
        parse(Outer(), config=broken)


def test_settings_go_through_json_and_back() -> None:
    chosen = parse(Outer(), ["widths=9", "limit=none", "cell=gru"])
    assert check(Outer, as_dict(chosen)) == chosen


def test_leaves_show_the_defaults_of_the_instance() -> None:
    found = {leaf.path: leaf for leaf in leaves(Outer())}
    assert found["encoder.hidden"].default == 64
    assert found["encoder.hidden"].help == "width"
    assert found["encoder.cell"].type_name == "rnn | lstm | gru"
    assert found["encoder.widths"].type_name == "list of int"
    assert found["limit"].type_name == "int | none"


def test_settings_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        Outer().epochs = 3  # type: ignore[misc]


def test_suggest_ignores_case_and_says_nothing_when_nothing_is_near() -> None:
    assert suggest("Reuter", ["reuters", "village"]) == " Did you mean 'reuters'?"
    assert suggest("zzz", ["reuters"]) == ""
