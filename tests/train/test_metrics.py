import numpy as np
import pytest

from seqkit.train.metrics import report


def one_hot(classes: list[int], n: int) -> np.ndarray:
    return np.eye(n, dtype=bool)[classes]


def test_figures_worked_out_by_hand() -> None:
    true, said = one_hot([0, 0, 0, 1, 1, 2], 4), one_hot([0, 0, 1, 1, 0, 0], 4)
    found = report(said, true, ["a", "b", "c", "d"], loss=0.25)
    assert found.rows == 6
    assert found.accuracy == pytest.approx(3 / 6)
    assert found.micro_f1 == pytest.approx(3 / 6)
    a, b, c, d = found.classes
    assert (a.precision, a.recall, a.support) == (pytest.approx(2 / 4), pytest.approx(2 / 3), 3)
    assert b.f1 == pytest.approx(0.5)
    assert (c.precision, c.recall, c.f1) == (0, 0, 0)
    assert d.support == 0
    assert found.macro_f1 == pytest.approx((4 / 7 + 0.5 + 0) / 3)  # d has no support
    pairs = [(x.true, x.predicted, x.count) for x in found.confusions]
    assert pairs == [("a", "b", 1), ("b", "a", 1), ("c", "a", 1)]


@pytest.mark.parametrize("multi_label", [False, True])
def test_agreement_with_scikit_learn(multi_label: bool) -> None:
    sk = pytest.importorskip("sklearn.metrics", reason="scikit-learn is the oracle")
    rng = np.random.default_rng(0)
    if multi_label:
        true, said = rng.random((300, 7)) < 0.3, rng.random((300, 7)) < 0.3
        truth, answer = true, said
    else:
        truth, answer = rng.integers(7, size=300), rng.integers(7, size=300)
        true, said = one_hot(truth.tolist(), 7), one_hot(answer.tolist(), 7)
    found = report(said, true, [str(i) for i in range(7)], 0.0)
    assert found.accuracy == pytest.approx(sk.accuracy_score(truth, answer))
    assert found.micro_f1 == pytest.approx(sk.f1_score(truth, answer, average="micro"))
    assert found.macro_f1 == pytest.approx(sk.f1_score(truth, answer, average="macro"))
    p, r, f, n = sk.precision_recall_fscore_support(truth, answer)
    ours = [(c.precision, c.recall, c.f1, c.support) for c in found.classes]
    np.testing.assert_allclose(ours, np.stack([p, r, f, n], 1))
