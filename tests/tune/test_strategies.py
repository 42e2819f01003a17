"""Where trials look: what is planned, whatever was killed, and what the strategies are good for."""

from collections.abc import Callable

import numpy as np
import pytest

from seqkit.tune.space import Choices, Range, Space, Value
from seqkit.tune.strategies import STRATEGIES, Plan, Seen

LR = Range("lr", 1e-4, 1e-1, whole=False, log=True, points=4)
DROPOUT = Range("dropout", 0.0, 0.8, whole=False, log=False, points=2)
HIDDEN = Range("hidden", 4, 64, whole=True, log=True, points=2)
CELL = Choices("cell", ("rnn", "gru", "lstm"))
SPACE = Space((LR, DROPOUT, HIDDEN))
MIXED = Space((LR, HIDDEN, CELL))
Score = Callable[[dict[str, Value]], float | None]


def searched(name: str, plan: Plan, score: Score, trials: int) -> list[Seen]:
    seen: list[Seen] = []
    while len(seen) < trials:
        values = STRATEGIES[name].propose(plan, seen)
        if values is None:
            break
        seen.append(Seen(values, score(values)))
    return seen


def bowl(optimum: list[float], space: Space) -> Score:
    def score(values: dict[str, Value]) -> float:
        return -float(np.linalg.norm(np.array(space.places(values)) - optimum))

    return score


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_trial_follows_from_the_seed_its_number_and_earlier_results(name: str) -> None:
    plan, score = Plan(SPACE, 16, 3), bowl([0.3, 0.6, 0.8], SPACE)
    once = searched(name, plan, score, 16)
    assert once == searched(name, plan, score, 16)
    for number in range(16):  # anew from the middle, as after a kill
        assert STRATEGIES[name].propose(plan, once[:number]) == once[number].values
    other = searched(name, Plan(SPACE, 16, 4), score, 16)
    assert [t.values for t in once] != [t.values for t in other]
    assert len({tuple(t.values.items()) for t in once}) == len(once)


@pytest.mark.parametrize("name", STRATEGIES)
def test_choices_stay_what_they_are(name: str) -> None:
    """Fractions, and whole numbers and words beside them, are never rounded."""
    axes = (Choices("dropout", (0, 0.3, 0.5)), Choices("cell", ("rnn", "gru")), HIDDEN)
    seen = searched(
        name, Plan(Space(axes), 24, 0), lambda values: -abs(values["dropout"] - 0.3), 24
    )  # type: ignore[operator]
    for trial in seen:
        assert trial.values["dropout"] in (0, 0.3, 0.5)
        assert isinstance(trial.values["hidden"], int)
    assert {trial.values["dropout"] for trial in seen} == {0, 0.3, 0.5}
    if name == "tpe":
        late = [trial.values["dropout"] for trial in seen[12:]]
        assert late.count(0.3) >= len(late) / 3


@pytest.mark.parametrize("name", ["grid", "random"])
def test_results_do_not_change_where_grid_and_random_look(name: str) -> None:
    plan = Plan(SPACE, 16, 0)
    good = searched(name, plan, bowl([0.1] * 3, SPACE), 16)
    failed = searched(name, plan, lambda _: None, 16)
    assert [t.values for t in good] == [t.values for t in failed]


def test_refine_waits_for_the_rounds_before_and_for_nothing_else() -> None:
    plan, refine = Plan(SPACE, 16, 0), STRATEGIES["refine"]
    assert [refine.waits_for(plan, n) for n in range(16)] == [0] * 8 + [8] * 4 + [12] * 4
    whole = searched("refine", plan, bowl([0.3, 0.6, 0.8], SPACE), 16)
    blind = [*whole[:8], *(Seen(t.values, None) for t in whole[8:12])]  # of a round at work
    for number in range(8, 12):
        assert refine.propose(plan, blind[:number]) == whole[number].values


def test_refine_zooms_in_around_the_best_and_stays_in_the_space() -> None:
    plan = Plan(SPACE, 20, 1)
    seen = searched("refine", plan, bowl([0.0, 1.0, 0.5], SPACE), 20)
    for start, end, width in ((10, 15, 0.6), (15, 20, 0.36)):
        best = max(seen[:start], key=lambda t: t.merit or -9)
        centre = np.array(SPACE.places(best.values))
        for trial in seen[start:end]:
            places = np.array(SPACE.places(trial.values))
            assert places.min() > -0.01
            assert places.max() < 1.01
            assert np.abs(places - centre).max() < width / 2 + 0.05  # whole numbers are rounded


def test_refine_and_tpe_come_closer_than_grid_and_random() -> None:
    rng = np.random.default_rng(0)

    def distance(name: str) -> float:
        found = []
        for seed in range(20):
            score = bowl(list(rng.random(3)), SPACE)
            seen = searched(name, Plan(SPACE, 16, seed), score, 16)
            found.append(-max(t.merit for t in seen if t.merit is not None))
        return float(np.mean(found))

    reached = {name: distance(name) for name in ("grid", "random", "refine")}
    assert reached["refine"] < 0.9 * reached["random"]
    assert reached["refine"] < 0.9 * reached["grid"]


def test_names_come_from_the_best_more_and_more_often() -> None:
    def score(values: dict[str, Value]) -> float:
        return 1.0 if values["cell"] == "gru" else 0.0

    found = [searched("refine", Plan(MIXED, 40, seed), score, 40) for seed in range(8)]
    late = [t.values["cell"] == "gru" for seen in found for t in seen[30:]]
    early = [t.values["cell"] == "gru" for seen in found for t in seen[:20]]
    assert np.mean(early) < 0.5
    assert np.mean(late) > 0.7


def test_tpe_prefers_where_it_was_good_and_avoids_where_trials_failed() -> None:
    def score(values: dict[str, Value]) -> float | None:
        place = LR.place(values["lr"])
        return None if place > 0.5 else 1 - abs(place - 0.25)

    seen = searched("tpe", Plan(Space((LR, DROPOUT)), 40, 0), score, 40)
    assert np.mean([t.merit is None for t in seen[:10]]) > 0.2
    assert np.mean([t.merit is None for t in seen[20:]]) < 0.2
    assert all(DROPOUT.low <= float(str(t.values["dropout"])) <= DROPOUT.high for t in seen)


@pytest.mark.parametrize("name", ["random", "refine", "tpe", "grid"])
def test_a_small_space_ends_when_all_of_it_is_tried(name: str) -> None:
    small = Space((CELL, Choices("bidirectional", (True, False))))
    seen = searched(name, Plan(small, 40, 0), lambda _: 0.5, 40)
    assert len(seen) == 6
    assert {tuple(t.values.values()) for t in seen} == {
        (cell, both) for cell in CELL.values for both in (True, False)
    }


def test_refine_is_random_where_everything_failed() -> None:
    plan = Plan(SPACE, 10, 0)
    refined = searched("refine", plan, lambda _: None, 10)
    assert refined == searched("random", plan, lambda _: None, 10)
