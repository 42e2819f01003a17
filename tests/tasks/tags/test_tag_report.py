"""Scores of tags, by hand and against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from seqkit.data.tagged import UNSEEN
from seqkit.tasks.tags.tag_report import TagReport, tag_report


def reported(said: list[int], true: list[int], tags: list[str], ends: list[int]) -> TagReport:
    unknown = np.array([i % 3 == 0 for i in range(len(said))])
    offsets = np.array([0, *ends], dtype=np.int64)
    return tag_report(np.array(said), np.array(true), tags, offsets, unknown=unknown, loss=0.5)


def test_counts_by_hand() -> None:
    found = reported([0, 1, 1, 2, 0], [0, 1, 2, 2, UNSEEN], ["A", "B", "C"], [2, 5])
    assert (found.rows, found.words) == (2, 5)
    assert found.accuracy == pytest.approx(3 / 5)
    assert found.unknown == pytest.approx(2 / 5)
    assert found.unknown_accuracy == 1.0  # the words at 0 and 3
    assert found.unseen_tags == 1
    assert [(c.label, c.precision, c.recall, c.support) for c in found.classes] == [
        ("A", 0.5, 1.0, 1),
        ("B", 0.5, 1.0, 1),
        ("C", 1.0, 0.5, 2),
    ]
    assert {(c.true, c.predicted, c.count) for c in found.confusions} == {
        ("C", "B", 1),
        ("(unseen)", "A", 1),
    }
    assert found.spans == ()
    assert "f1" not in found.scores


def test_against_scikit_learn() -> None:
    random = np.random.default_rng(0)
    true, said = random.integers(0, 4, 300).tolist(), random.integers(0, 4, 300).tolist()
    found = reported(said, true, ["A", "B", "C", "D"], [300])
    assert found.accuracy == pytest.approx(accuracy_score(true, said))
    expected = f1_score(true, said, average=None)
    np.testing.assert_allclose([c.f1 for c in found.classes], expected)


def test_true_spans_are_cut_from_the_tags_as_they_are_written() -> None:
    tags = ["B-EVENT", "O"]  # training had spans of one word alone
    sizes, offsets = np.zeros(3, np.bool_), np.array([0, 3])
    said, true = np.array([0, 1, 1]), np.array([0, UNSEEN, 1])
    found = tag_report(said, true, tags, offsets, unknown=sizes, loss=0.5, unseen={1: "I-EVENT"})
    assert found.spans[0][4:] == (1, 1, 0)  # 0-2 is not 0-1
    true = np.array([UNSEEN, UNSEEN, UNSEEN])
    unseen = {0: "B-NEW", 1: "I-NEW", 2: "I-NEW"}
    found = tag_report(said, true, tags, offsets, unknown=sizes, loss=0.5, unseen=unseen)
    assert found.spans[0][4:] == (1, 1, 0)  # one span of three words, not three


def test_spans_end_with_their_text_and_unseen_ones_are_missed() -> None:
    tags = ["B-X", "I-X", "O"]
    found = reported([0, 1, 1, 2, 0], [0, 1, 1, 2, UNSEEN], tags, [2, 5])
    assert found.spans[0][4:] == (3, 3, 2)  # 0-2, 2-3 and the unseen one; 0-2, 2-3 and 4-5
    assert found.scores["f1"] == pytest.approx(2 / 3)
    assert found.as_dict()["spans"][0]["right"] == 2
    titles = [table.columns[0] for table in found.tables()]
    assert titles == ["score", "span", "tag", "true"]
