"""What a setting explains, beside functional ANOVA on known functions."""

import numpy as np
import pytest

from seqkit.tune.importance import importance
from seqkit.tune.space import Choices, Range, Space
from seqkit.tune.strategies import Plan, Seen, distributions, random

LR = Range("lr", 1e-4, 1e-1, whole=False, log=True)
SPACE = Space((LR, Range("idle", 0.0, 1.0, whole=False, log=False), Choices("cell", ("a", "b"))))


def trials(count: int, seed: int = 0) -> list[dict[str, object]]:
    seen: list[Seen] = []
    while len(seen) < count:
        seen.append(Seen(random(Plan(SPACE, count, seed), seen) or {}, None))
    return [dict(each.values) for each in seen]


def hill(values: dict[str, object]) -> float:
    """A hill over the logarithm of lr, and a step by cell, 3 to 1 in variance."""
    place = LR.place(values["lr"])  # type: ignore[arg-type]
    return -4 * (place - 0.5) ** 2 + 0.35 * (values["cell"] == "b")


def test_what_matters_stands_out_and_what_does_not_gets_nothing() -> None:
    found = []
    for seed in range(10):
        values = trials(24, seed)
        found.append(importance(SPACE, values, [hill(v) for v in values]))  # type: ignore[arg-type]
    mean = {path: np.mean([each[path] for each in found]) for path in found[0]}
    assert mean["lr"] > 0.45
    assert mean["idle"] < 0.15
    assert mean["idle"] < mean["cell"] < mean["lr"]


def test_it_agrees_with_functional_anova() -> None:
    pytest.importorskip("sklearn")
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    values = trials(60)
    scores = [hill(each) for each in values]
    mine = importance(SPACE, values, scores)  # type: ignore[arg-type]
    study = optuna.create_study(direction="maximize")
    spaces = distributions(SPACE)
    for each, score in zip(values, scores, strict=True):
        study.add_trial(optuna.trial.create_trial(params=each, distributions=spaces, value=score))
    evaluator = optuna.importance.FanovaImportanceEvaluator(n_trees=16, seed=0)
    theirs = optuna.importance.get_param_importances(study, evaluator=evaluator)
    assert sorted(mine, key=mine.__getitem__) == sorted(theirs, key=theirs.__getitem__)
    assert mine["lr"] / sum(mine.values()) == pytest.approx(theirs["lr"], abs=0.2)


def test_pure_noise_explains_next_to_nothing() -> None:
    rng = np.random.default_rng(0)
    shares = []
    for seed in range(20):
        values = trials(20, seed)
        shares += importance(SPACE, values, rng.random(20).tolist()).values()  # type: ignore[arg-type]
    assert np.mean(shares) < 0.08


def test_a_trial_that_went_very_wrong_does_not_hide_the_rest() -> None:
    values = trials(30)
    scores = [hill(each) for each in values]
    wrong = [*scores[:-1], -1e6]
    there = importance(SPACE, values, wrong)  # type: ignore[arg-type]
    assert there["lr"] == pytest.approx(
        importance(SPACE, values, scores)["lr"],  # type: ignore[arg-type]
        abs=0.25,
    )


def test_too_few_or_equal_scores_say_nothing() -> None:
    values = trials(8)
    assert importance(SPACE, values[:5], [1, 2, 3, 4, 5]) == {}  # type: ignore[arg-type]
    assert importance(SPACE, values, [0.5] * 8) == {}  # type: ignore[arg-type]
