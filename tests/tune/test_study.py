"""A search on disk: who works on which trial, and what survives a process that is gone."""

from pathlib import Path
from typing import Any

import pytest

from seqkit.errors import SeqkitError
from seqkit.recipe import find
from seqkit.settings import as_dict
from seqkit.tune import running
from seqkit.tune import study as studies
from seqkit.tune.study import Search, Study
from seqkit.tune.trial import ATTEMPTS, Held
from seqkit.tune.words import parse

pytest.importorskip("optuna")
WORDS = ("lr=1e-4..1e-2", "cell=gru,lstm")


def search(**changed: Any) -> Search:
    recipe = find("classify")
    base = parse(recipe, WORDS, recipe.defaults)[1]
    given = {"recipe": "classify", "words": WORDS, "base": as_dict(base), "monitor": "accuracy"}
    return Search(**{**given, "trials": 4, **changed})


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study.create(tmp_path / "s", search())


def taken(study: Study, limit: int = 4) -> Held:
    held = study.claim(limit)
    assert held is not None
    return held


def test_processes_share_the_trials_and_none_works_on_anothers(study: Study) -> None:
    other = Study.open(study.folder)
    mine, theirs = taken(study), taken(other)
    assert (mine.trial.number, theirs.trial.number) == (1, 2)
    assert mine.trial.values != theirs.trial.values
    third, fourth = taken(study), taken(other)
    assert (third.trial.number, fourth.trial.number) == (3, 4)
    assert study.claim(4) is None
    mine.finish(0.5, 1.0)
    mine.release()
    assert study.claim(4) is None
    assert [t.state for t in other.trials()] == ["done", "running", "running", "running"]
    assert taken(study, limit=5).trial.number == 5


def test_a_trial_whose_process_is_gone_is_taken_first_with_what_it_had(study: Study) -> None:
    held = taken(study)
    held.report(1, 0.25)
    held.report(2, 0.5)
    held._lock.release()  # what the system does for a process that is killed
    again = taken(Study.open(study.folder))
    assert again.trial.number == 1
    assert again.trial.values == held.trial.values
    assert (again.trial.course, again.trial.score) == ({1: 0.25, 2: 0.5}, 0.5)
    assert again.trial.attempts == 1
    again.report(2, 0.5)  # the epoch that its checkpoint did not know of: no warning
    again.finish(0.75, 3.0)
    again.release()
    (trial,) = study.trials()
    assert (trial.state, trial.score, trial.seconds, trial.attempts) == ("done", 0.75, 3.0, 2)


def test_a_trial_that_kills_its_process_every_time_is_lost(study: Study) -> None:
    for _ in range(ATTEMPTS):
        held = taken(study)
        assert not held.is_lost
        held._lock.release()
    assert taken(study).is_lost


def test_a_trial_that_gets_on_each_time_is_not_lost_however_often_it_is_killed(
    study: Study,
) -> None:
    for epoch in range(1, 2 * ATTEMPTS):
        held = taken(study)
        assert not held.is_lost
        held.report(epoch, 0.5)
        held._lock.release()
    assert taken(study).trial.attempts == 2 * ATTEMPTS - 1


def test_a_stop_in_good_order_is_no_attempt(study: Study) -> None:
    for _ in range(2 * ATTEMPTS):
        held = taken(study)
        assert not held.is_lost
        held.release(stopped=True)


@pytest.mark.parametrize(("ended", "stopped"), [(False, True), (True, False)])
def test_a_training_that_was_stopped_gives_its_trial_back(
    study: Study, monkeypatch: pytest.MonkeyPatch, ended: bool, stopped: bool
) -> None:
    held, told = taken(study), []
    monkeypatch.setattr(running, "_try", lambda *_: ended)
    monkeypatch.setattr(Held, "release", lambda _, stopped: told.append(stopped))
    assert running._work_on(held, object(), None) is ended  # type: ignore[arg-type]
    assert told == [stopped]


def test_no_trial_is_begun_when_it_is_too_late_but_one_is_gone_on_with(study: Study) -> None:
    assert study.claim(4, new=False) is None
    taken(study)._lock.release()
    held = study.claim(4, new=False)
    assert held is not None
    assert held.trial.number == 1


def test_refine_lets_a_round_end_before_it_zooms_in(tmp_path: Path) -> None:
    study = Study.create(tmp_path / "r", search(strategy="refine"))
    first, second = taken(study), taken(study)
    second.finish(0.9, 1.0)
    assert study.claim(4) is None
    first.fail("it diverged")
    third = taken(study)
    assert third.trial.number == 3
    assert [t.problem for t in study.trials()] == ["it diverged", "", ""]


@pytest.mark.parametrize(("monitor", "winner"), [("accuracy", 2), ("perplexity", 3)])
def test_the_best_is_the_first_of_the_best_that_came_to_their_end(
    tmp_path: Path, monitor: str, winner: int
) -> None:
    study = Study.create(tmp_path / "b", search(monitor=monitor, trials=6))
    for score in (0.5, 0.9, 0.1, 0.9, 0.1):
        taken(study, 6).finish(score, 1.0)
    best = study.best()
    assert best is not None
    assert best.number == winner
    failed = taken(study, 6)
    failed.report(1, 0.0 if monitor == "perplexity" else 1.0)
    failed.fail("why")
    assert study.best() == best
    assert study.trials()[-1].score is None


@pytest.mark.parametrize(("monitor", "good", "bad"), [("accuracy", 0.9, 0.2), ("loss", 0.2, 0.9)])
def test_median_stops_what_is_worse_than_half(
    tmp_path: Path, monitor: str, good: float, bad: float
) -> None:
    study = Study.create(tmp_path / "m", search(monitor=monitor, prune="median", trials=0))
    for _ in range(4):
        held = taken(study, 0)
        assert not held.report(1, bad)  # nothing to compare it with yet
        assert not held.report(2, good)
        held.finish(good, 1.0)
    hopeful, hopeless = taken(study, 0), taken(study, 0)
    assert not hopeful.report(1, good)
    assert not hopeful.report(2, good)
    assert not hopeless.report(1, bad)
    assert hopeless.report(2, bad)
    hopeless.prune(2.0)
    trial = study.trials()[-1]
    assert (trial.state, trial.score, max(trial.course)) == ("pruned", bad, 2)


def test_halving_lets_the_best_third_go_on(tmp_path: Path) -> None:
    study = Study.create(tmp_path / "h", search(prune="halving", trials=0))
    scores = (0.5, 0.4, 0.3, 0.2, 0.6, 0.1)
    held = [taken(study, 0) for _ in scores]
    stopped = [each.report(1, score) for each, score in zip(held, scores, strict=True)]
    assert stopped == [False, True, True, True, False, True]


def test_a_folder_of_another_search_is_refused_and_the_same_is_joined(tmp_path: Path) -> None:
    first = Study.create(tmp_path / "s", search())
    taken(first).finish(0.5, 1.0)
    joined = Study.create(tmp_path / "s", search(minutes=3.0))
    assert len(joined.trials()) == 1
    for changed, told in (
        ({"seed": 1}, "seed differ"),
        ({"strategy": "grid"}, "strategy differ"),
        ({"words": ("lr=1e-4..1e-1",)}, "words differ"),
        ({"base": {}}, "settings differ"),
        ({"trials": 9}, "trials differ"),
    ):
        with pytest.raises(SeqkitError, match=rf"holds another search \({told}\).*--resume"):
            Study.create(tmp_path / "s", search(**changed))


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "thesis.txt").write_text("mine")
    with pytest.raises(SeqkitError, match="exists already, and is not a search"):
        Study.create(tmp_path / "x", search())
    assert [p.name for p in (tmp_path / "x").iterdir()] == ["thesis.txt"]
    with pytest.raises(SeqkitError, match="no search in"):
        Study.open(tmp_path / "x")
    (tmp_path / "x" / "search.json").write_text("[1]")
    with pytest.raises(SeqkitError, match="is not the plan of a search"):
        Study.open(tmp_path / "x")
    (tmp_path / "x" / "search.json").write_text('{"trails": 3}')
    with pytest.raises(SeqkitError, match="unknown setting 'trails'"):
        Study.open(tmp_path / "x")


def test_a_broken_file_of_trials_is_told_in_a_line(study: Study) -> None:
    (study.folder / "study.db").write_bytes(b"no SQLite at all" * 100)
    with pytest.raises(SeqkitError, match=r"study.db cannot be read as an Optuna study") as error:
        study.trials()
    assert "\n" not in str(error.value)


def test_without_optuna_the_command_to_install_it_is_named(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "optuna", None)
    with pytest.raises(SeqkitError, match=r"pip install 'seqkit-nlp\[tune\]'"):
        studies.require_optuna()
    with pytest.raises(SeqkitError, match=r"pip install 'seqkit-nlp\[tune\]'"):
        study.trials()


def test_choices_come_back_as_what_they_are(tmp_path: Path) -> None:
    words = ("bidirectional=true,false", "layers=1,2", "lr=0.001,0.01", "pooling=max/max,mean")
    recipe = find("classify")
    base = as_dict(parse(recipe, words, recipe.defaults)[1])
    study = Study.create(tmp_path / "c", search(words=words, base=base, strategy="grid"))
    trials = [taken(study, 0) for _ in range(16)]  # held: all are different ones
    for held, stored in zip(trials, Study.open(study.folder).trials(), strict=True):
        assert held.trial.values == stored.values
        kinds = [type(value) for value in stored.values.values()]
        assert kinds == [bool, int, float, str]
        chosen = study.settings(stored)
        assert chosen.classifier.pooling in (("max",), ("max", "mean"))
        assert chosen.classifier.encoder.layers == stored.values["classifier.encoder.layers"]
    assert study.claim(0) is None
