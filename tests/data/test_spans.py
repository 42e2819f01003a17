"""Spans, read and counted as the shared tasks' scorer does, against counts by hand."""

import itertools

import pytest

from seqkit.data.spans import Span, allowed, are_spans, breaking, span_scores, spans


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("B-NP I-NP O B-VP", [(0, 2, "NP"), (3, 4, "VP")]),
        ("B-NP B-NP I-NP", [(0, 1, "NP"), (1, 3, "NP")]),
        ("I-NP I-NP O I-NP", [(0, 2, "NP"), (3, 4, "NP")]),  # IOB1
        ("I-NP B-NP", [(0, 1, "NP"), (1, 2, "NP")]),  # IOB1: B only between two
        ("B-NP I-VP", [(0, 1, "NP"), (1, 2, "VP")]),  # a type without a beginning
        ("B-NP E-NP E-NP", [(0, 2, "NP"), (2, 3, "NP")]),
        ("S-X B-X I-X E-X I-X", [(0, 1, "X"), (1, 4, "X"), (4, 5, "X")]),
        ("U-X U-X B-X L-X", [(0, 1, "X"), (1, 2, "X"), (2, 4, "X")]),
        ("O O", []),
        ("", []),
        ("B-A-B I-A-B", [(0, 2, "A-B")]),
    ],
)
def test_spans(tags: str, expected: list[tuple[int, int, str]]) -> None:
    assert spans(tags.split()) == [Span(*span) for span in expected]


def conlleval(before: str, tag: str) -> tuple[bool, bool]:
    """Whether a chunk ends before ``tag``, and whether one starts there: the scorer's own rules."""
    (p, pt), (t, tt) = (([*x.split("-", 1), ""])[:2] for x in (before, tag))
    ends = (p, t) in {("B", "B"), ("B", "O"), ("I", "B"), ("I", "O"), ("E", "E"), ("E", "I")}
    ends |= (p, t) in {("E", "O"), ("E", "B")} or (p != "O" and pt != tt)
    starts = (p, t) in {("B", "B"), ("I", "B"), ("O", "B"), ("O", "I"), ("E", "E"), ("E", "I")}
    starts |= (p, t) in {("O", "E"), ("E", "B")} or (t != "O" and pt != tt)
    return ends, starts


def test_begins_and_ends_are_those_of_conlleval() -> None:
    tags = ["O", *(f"{letter}-{kind}" for letter in "BIE" for kind in "XY")]
    for row in itertools.product(tags, repeat=4):
        found, start = [], None
        for place, (before, tag) in enumerate(itertools.pairwise(("O", *row, "O"))):
            ends, starts = conlleval(before, tag)
            if ends and start is not None:
                found.append((start, place))
                start = None
            if starts:
                start = place
        assert [span[:2] for span in spans(row)] == found, row


def test_scores_by_hand() -> None:
    true = [["B-NP", "I-NP", "O", "B-VP"], ["B-NP", "O", "B-PP"]]
    said = [["B-NP", "O", "O", "B-VP"], ["B-NP", "B-NP", "B-VP"]]
    every, np_, pp, vp = span_scores(true, said)
    assert every[4:] == (4, 5, 2)
    assert every.precision == pytest.approx(2 / 5)
    assert every.recall == pytest.approx(2 / 4)
    assert every.f1 == pytest.approx(4 / 9)
    assert np_ == ("NP", pytest.approx(1 / 3), 0.5, pytest.approx(0.4), 2, 3, 1)
    assert pp == ("PP", 0.0, 0.0, 0.0, 1, 0, 0)
    assert vp == ("VP", 0.5, 1.0, pytest.approx(2 / 3), 1, 2, 1)


def test_nothing_to_find_and_nothing_found() -> None:
    assert span_scores([["O"]], [["O"]])[0] == ("", 0, 0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (["B-NP", "I-NP", "O"], True),
        (["O"], False),
        (["NOUN", "X-RAY"], False),
        (["B-NP", "NOUN"], False),
        (["NN", "-LRB-"], False),
    ],
)
def test_which_tags_write_spans(tags: list[str], expected: bool) -> None:
    assert are_spans(tags) is expected


def follows(tags: list[str], rows: dict[str, bool]) -> None:
    rule, number = allowed(tags), {tag: i for i, tag in enumerate(tags)}
    for row, good in rows.items():
        assert breaking([[number[tag] for tag in row.split()]], rule) == [0] * (not good), row


def test_what_may_follow_in_bio() -> None:
    follows(
        ["B-X", "B-Y", "I-X", "I-Y", "O"],
        {
            "B-X I-X I-X O B-Y B-Y": True,
            "O I-X": False,
            "I-X O": False,
            "B-X I-Y": False,
            "B-X I-X I-Y": False,
        },
    )


def test_what_may_follow_in_bioes() -> None:
    follows(
        ["B-X", "E-X", "E-Y", "I-X", "O", "S-X"],
        {
            "B-X I-X E-X S-X O B-X E-X": True,
            "B-X O": False,
            "B-X": False,
            "S-X E-X": False,
            "B-X S-X": False,
            "B-X E-Y": False,
            "E-X": False,
        },
    )
