"""What words say of a search, and the values that come of them."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqkit.errors import SeqkitError
from seqkit.recipe import find
from seqkit.settings import as_dict
from seqkit.settings import parse as parse_settings
from seqkit.tune.space import Choices, Range, Space, as_words
from seqkit.tune.words import parse

RECIPE = find("classify")
LR = "train.optimizer.lr"


def parsed(*words: str, recipe: Any = RECIPE) -> tuple[Space, Any]:
    return parse(recipe, words, recipe.defaults)


def axis(word: str) -> Range | Choices:
    (found,) = parsed(word)[0].axes
    return found


def test_ranges_follow_the_type_of_the_setting() -> None:
    assert axis("lr=1e-4..1e-2") == Range(LR, 1e-4, 1e-2, whole=False, log=True)
    assert axis("layers=1..3") == Range("classifier.encoder.layers", 1, 3, whole=True, log=False)
    assert axis("hidden=16..256") == Range(
        "classifier.encoder.hidden", 16, 256, whole=True, log=True
    )
    assert axis("head.dropout=0..0.5:6").points == 6  # type: ignore[union-attr]
    assert not axis("lr=1e-3..9e-3").log  # type: ignore[union-attr]
    assert axis("lr=1e-3..9e-3:log").log  # type: ignore[union-attr]
    assert not axis("lr=1e-4..1e-2:5:linear").log  # type: ignore[union-attr]


def test_choices_have_the_type_of_the_setting() -> None:
    assert axis("hidden=64,128, 256").grid() == [64, 128, 256]
    assert axis("cell=gru,lstm").grid() == ["gru", "lstm"]
    assert axis("bidirectional=true,no").grid() == [True, False]
    assert axis("lr=1e-3,2e-3").grid() == [1e-3, 2e-3]


def test_a_list_is_one_value_and_its_choices_stand_between_slashes() -> None:
    assert parsed("pooling=max,mean", "lr=1e-3,2e-3")[1].classifier.pooling == ("max", "mean")
    assert axis("pooling=max/max,mean").grid() == ["max", "max,mean"]


def test_paths_may_hold_dots_and_options_of_a_corpus_are_of_any_type() -> None:
    space, base = parsed("path=../here", "data.n=100..300", "data.language=ko,en")
    assert base.path.endswith("/here")
    assert space.axes[0] == Range("data.n", 100, 300, whole=True, log=False)
    assert space.axes[1].grid() == ["ko", "en"]


def test_what_is_fixed_is_in_the_settings_and_a_searched_one_has_its_first_value() -> None:
    space, base = parsed("epochs=3", "lr=1e-4..1e-2", "cell=gru,lstm")
    assert base.train.epochs == 3
    assert (base.train.optimizer.lr, base.classifier.encoder.cell) == (1e-4, "gru")
    assert space.names() == {LR: "lr", "classifier.encoder.cell": "cell"}


def test_names_are_as_short_as_they_can_be() -> None:
    space = parsed("head.dropout=0..0.5", "encoder.dropout=0..0.5", "lr=1e-3..1e-2")[0]
    assert list(space.names().values()) == ["head.dropout", "encoder.dropout", "lr"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["lrr=1e-4..1e-2"], r"unknown setting 'lrr'\. Did you mean 'lr'\?"),
        (["lrr=1..2", "hiden=3"], "unknown setting 'lrr'.*unknown setting 'hiden'"),
        (["dropout=0..0.5"], "'dropout' could be .*: write one in full"),
        (["lr=1e-2..1e-4"], "empty range: write 0.0001..0.01"),
        (["lr=0.1..0.1"], r"empty range: write train\.optimizer\.lr=0\.1 to fix it"),
        (["weight_decay=0..0.1:log"], "begins above 0: write 1e-6 instead of 0"),
        (["lr=0..0.1"], r"'train.optimizer.lr' = '0.0': input should be greater than 0"),
        (["layers=1..2.5"], "is a whole number, and so are its ends"),
        (["lr=a..b"], "'a' is no number: a range is written low..high"),
        (["lr=nan..1"], "'nan' is no number"),
        (["lr=1e-3..1e-1:1"], "how many points a grid has, 2 or more.* not '1'"),
        (["lr=1e-3..1e-1:lots"], "not 'lots'"),
        (["hidden=64,,128"], "'hidden=64,,128' has an empty choice"),
        (["hidden=64,64"], "has a choice twice: 64, 64"),
        (["cell=gru,lstn"], "'lstn'.*Did you mean 'lstm'"),
        (["layers=0..3"], "'classifier.encoder.layers' = '0'.*greater than or equal to 1"),
        (["lr=1e-3..1e-2", "lr=0.1"], "is given twice"),
        (["lr=1e-3..1e-2", "optimizer.lr=1e-4,1e-3"], "is given twice"),
        (["epochs=3"], "nothing to search: give a setting several values"),
        (["epochs"], "'epochs' is not of the form key=value"),
    ],
)
def test_what_is_refused(words: list[str], told: str) -> None:
    with pytest.raises(SeqkitError, match=told) as error:
        parsed(*words)
    assert "\n" not in str(error.value)


def test_a_grid_takes_points_whole_numbers_and_choices() -> None:
    grid = parsed("lr=1e-4..1e-2:3", "layers=1..2", "cell=gru,lstm")[0].grid()
    assert len(grid) == 12
    every = [grid[i] for i in range(len(grid))]
    assert every[0] == {LR: 1e-4, "classifier.encoder.layers": 1, "classifier.encoder.cell": "gru"}
    assert every[-1] == {
        LR: 1e-2,
        "classifier.encoder.layers": 2,
        "classifier.encoder.cell": "lstm",
    }
    assert sorted({values[LR] for values in every}) == [1e-4, 1e-3, 1e-2]
    assert len({tuple(values.values()) for values in every}) == 12
    assert axis("hidden=1..100:4").grid() == [1, 5, 22, 100]
    assert axis("layers=1..3:9").grid() == [1, 2, 3]


def test_a_grid_needs_a_number_of_points() -> None:
    with pytest.raises(SeqkitError, match=r"write train.optimizer.lr=0.0001..0.01:5 for five"):
        parsed("lr=1e-4..1e-2")[0].grid()
    with pytest.raises(SeqkitError, match=r"classifier.encoder.hidden=16..256:5"):
        parsed("hidden=16..256")[0].grid()
    many = [f"{name}=0..0.5:1000" for name in ("head.dropout", "encoder.dropout", "word_dropout")]
    with pytest.raises(SeqkitError, match="the grid has 1,000,000,000 points"):
        parsed(*many)[0].grid()


@given(st.floats(0, 1), st.floats(1e-6, 1e3), st.floats(1.1, 1e6), st.booleans())
def test_a_value_lies_in_its_range_and_is_found_again(
    place: float, low: float, ratio: float, log: bool
) -> None:
    range_ = Range("x", low, low * ratio, whole=False, log=log)
    value = range_.at(place)
    assert isinstance(value, float)
    assert range_.low <= value <= range_.high
    assert range_.at(range_.place(value)) == pytest.approx(value, rel=1e-3)
    assert range_.at(0.0) == pytest.approx(range_.low, rel=1e-3)
    assert range_.at(1.0) == pytest.approx(range_.high, rel=1e-3)


@given(st.integers(1, 50), st.integers(1, 500), st.booleans())
def test_whole_numbers_are_found_again(low: int, width: int, log: bool) -> None:
    range_ = Range("x", low, low + width, whole=True, log=log)
    for value in {low, low + width // 2, low + width}:
        assert range_.at(range_.place(value)) == value


def test_places_are_uniform_by_the_logarithm() -> None:
    rng = np.random.default_rng(0)
    lr, layers_ = axis("lr=1e-4..1e-2"), axis("layers=1..4")
    drawn = [lr.at(place) for place in rng.random(4000)]
    below = sum(isinstance(v, float) and v < 1e-3 for v in drawn) / 4000
    assert below == pytest.approx(0.5, abs=0.03)  # a decade is half of two
    layers = [layers_.at(place) for place in rng.random(4000)]
    for value in (1, 2, 3, 4):
        assert layers.count(value) / 4000 == pytest.approx(0.25, abs=0.03)


@given(st.floats(0, 0.999), st.floats(0, 0.999), st.floats(0, 0.999))
def test_words_of_a_trial_are_its_settings(a: float, b: float, c: float) -> None:
    space, base = SPACE
    values = space.at((a, b, c))
    chosen = parse_settings(base, as_words(values))
    assert chosen.train.optimizer.lr == values[LR]
    assert chosen.classifier.encoder.hidden == values["classifier.encoder.hidden"]
    assert chosen.classifier.encoder.bidirectional is values["classifier.encoder.bidirectional"]
    assert as_dict(chosen)["text"] == as_dict(base)["text"]
    assert space.at(space.places(values)) == values or math.isclose(
        float(str(values[LR])), float(str(space.at(space.places(values))[LR])), rel_tol=1e-3
    )


SPACE = parsed("lr=1e-4..1e-2", "hidden=2..64", "bidirectional=true,false")
