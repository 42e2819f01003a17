"""Figures: the numbers behind each, plain and ready for JSON; what does not fit is refused."""

import json
import math

import numpy as np
import pytest
from gallery import figures

from seqkit.pages.figures import (
    Confusion,
    Figure,
    HeatMap,
    Lines,
    Network,
    Node,
    Parallel,
    Points,
    Section,
    Tree,
)


@pytest.mark.parametrize("figure", figures(), ids=lambda figure: type(figure).__name__)
def test_every_figure_is_plain_json_and_has_a_table_of_even_rows(figure: Figure) -> None:
    values = figure.as_dict()
    assert values["kind"] == type(figure).__name__
    assert json.loads(json.dumps(values, allow_nan=False)) == values
    table = figure.table()
    assert {len(row) for row in table.rows} == {len(table.columns)}
    json.dumps([list(table.columns), [list(row) for row in table.rows]], allow_nan=False)


def test_the_numbers_are_those_given() -> None:
    lines = Lines("t", "", [1, 2], {"a": [0.5, math.nan], "b": [None, math.inf]}, "x", "y")
    assert lines.table() == (["x", "a", "b"], [(1, 0.5, None), (2, None, None)])
    heat = HeatMap("t", "", ["r"], ["가", "나"], np.array([[1.5, np.nan]], np.float32))
    assert heat.table() == (["", "가", "나"], [["r", 1.5, None]])
    assert heat.as_dict()["values"] == [[1.5, None]]
    points = Points(
        "t", "", ["왕", "왕비"], [[0, 1], [2, 3]], [0, 0], ["g"], [[1], [0]], [[0.5]] * 2
    )
    assert points.table().rows[0] == ["왕", 0, 1, "g", "왕비 0.50"]


def test_a_confusion_lists_its_cells_the_largest_first() -> None:
    made = Confusion("t", "", ["긍정", "부정"], [[5, 7], [0, 2]], {(0, 1): ["문장"]})
    assert made.table().rows == [["긍정", "부정", 7], ["긍정", "긍정", 5], ["부정", "부정", 2]]
    assert made.as_dict()["examples"] == [{"true": "긍정", "answered": "부정", "texts": ["문장"]}]


def test_a_section_is_its_figures() -> None:
    made = Section("s", "about", figures()[:2])
    assert [each["kind"] for each in made.as_dict()["figures"]] == ["Lines", "HeatMap"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Lines("", "", [1, 2], {"a": [1]}, "", ""), "line 'a': 1 values, not 2"),
        (lambda: HeatMap("", "", ["r"], ["c"], [[1, 2]]), r"shape \(1, 2\), not \(1, 1\)"),
        (lambda: Tree("", "", [Node(0, "", 0)]), "node 0 has parent 0: parents come first"),
        (lambda: Confusion("", "", ["a"], [[1, 2]], {}), r"shape \(1, 2\), not \(1, 1\)"),
        (lambda: Network("", "", [], ["a"], []), "outputs: 0 values, not 1"),
        (lambda: Parallel("", "", ["a"], [[1, 2]], [1]), "a row: 2 values, not 1"),
        (lambda: Points("", "", ["a"], [], [], [], [], []), "places: 0 values, not 1"),
    ],
)
def test_what_does_not_fit_together_is_refused(make: object, message: str) -> None:
    assert callable(make)
    with pytest.raises(ValueError, match=message):
        make()
