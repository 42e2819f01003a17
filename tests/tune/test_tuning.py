"""A search from its beginning to its end, on a tiny job: what trials see, and how they end."""

import errno
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from seqkit.corpus import Corpus
from seqkit.errors import SeqkitError
from seqkit.files import write_error
from seqkit.predict import load
from seqkit.recipe import find
from seqkit.train import checkpoint
from seqkit.train.loop import Trainer
from seqkit.train.run import Run
from seqkit.tune.board import Board
from seqkit.tune.conclusion import Conclusion, conclude
from seqkit.tune.running import Budget, work_together
from seqkit.tune.study import Study
from seqkit.tune.trial import ATTEMPTS
from seqkit.tune.tuning import begin, tune

pytest.importorskip("optuna")
TINY = (
    *("data.n=150", "data.language=en", "epochs=2", "hidden=4", "embedding.size=4"),
    *("pretrain=none", "tokenizer=whitespace"),
)


def started(folder: Path, *words: str, recipe: str = "classify", **options: Any) -> Study:
    return begin(recipe, [*TINY, *words] if recipe == "classify" else words, folder, **options)


def searched(folder: Path, *words: str, **options: Any) -> Conclusion:
    found = tune(started(folder, *words, **options))
    assert found is not None
    return found


def test_trials_never_see_test_and_the_winner_is_scored_on_it_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    examples = Corpus.examples

    def seen(corpus: Corpus, split: str) -> Iterator[Any]:
        read.append(split)
        return examples(corpus, split)

    monkeypatch.setattr(Corpus, "examples", seen)
    monkeypatch.setattr("seqkit.tune.tuning.conclude", lambda _: read.append("CONCLUDE"))
    monkeypatch.setattr("seqkit.tune.tuning.write_report", lambda *_: None)
    study = started(tmp_path / "s", "lr=1e-3..1e-1", trials=3)
    tune(study)
    assert set(read[: read.index("CONCLUDE")]) == {"train", "validation"}
    found = conclude(study)
    assert read[read.index("CONCLUDE") :].count("test") == 2  # its texts and its labels
    finals = {
        folder.name: Run(folder).metrics()[-1].keys()
        for folder in (tmp_path / "s/trials").iterdir()
    }
    assert len(finals) == 3
    assert all("validation" in keys and "test" not in keys for keys in finals.values())
    before = len(read)
    assert conclude(Study.open(study.folder)).scores == found.scores
    assert len(read) == before


def test_the_winner_is_ready_and_its_settings_train_the_same_again(tmp_path: Path) -> None:
    found = searched(tmp_path / "s", "lr=1e-3..1e-1", "cell=gru,lstm", trials=4)
    assert [t.state for t in found.trials] == ["done"] * 4
    assert found.best.score == max(t.score for t in found.trials if t.score is not None)
    assert found.scores["validation"]["accuracy"] == found.best.score
    best = tmp_path / "s" / "best"
    (answer,) = load(best).stream(["the teacher reads a book"])
    assert answer.line(1)
    assert (best / "report.html").is_file()
    recipe = find("classify")
    again = recipe.settings((), tmp_path / "s" / "best.toml")
    assert again == recipe.saved_settings(Run.open(best).settings()["settings"])
    assert again.train.optimizer.lr == found.best.values["train.optimizer.lr"]
    told = json.loads((tmp_path / "s" / "results.json").read_text())
    assert told["best"]["number"] == found.best.number
    assert told["scores"]["test"] == found.scores["test"]
    page = (tmp_path / "s" / "report.html").read_text()
    for kind in ("Parallel", "Lines", "Grid", "Bars"):
        assert f'data-kind="{kind}"' in page


def test_a_trial_that_diverges_has_failed_and_the_search_goes_on(tmp_path: Path) -> None:
    words = ("optimizer=sgd", "lr=1e-2,1e38,1e-1")
    found = searched(tmp_path / "s", *words, strategy="grid")
    (failed,) = [t for t in found.trials if t.state == "failed"]
    assert failed.values["train.optimizer.lr"] == 1e38
    assert "smaller learning rate" in failed.problem
    assert len([t for t in found.trials if t.state == "done"]) == 2


def test_values_that_have_no_sense_together_are_one_failed_trial(tmp_path: Path) -> None:
    words = ("epochs=1,2", "average_epochs=1,2")
    with pytest.raises(SeqkitError, match="given twice"):
        started(tmp_path / "x", *words)  # TINY has fixed the epochs
    study = begin(
        "classify",
        [*(w for w in TINY if "epochs" not in w), *words],
        tmp_path / "s",
        strategy="grid",
    )
    found = tune(study)
    assert found is not None
    (failed,) = [t for t in found.trials if t.state == "failed"]
    assert failed.problem.startswith("average_epochs=2 is more than epochs=1")


def test_if_every_trial_fails_the_first_reason_is_told(tmp_path: Path) -> None:
    study = started(tmp_path / "s", "optimizer=sgd", "lr=1e36..1e38", trials=2)
    with pytest.raises(SeqkitError, match="none of the 2 trials came to its end; trial 1: the "):
        tune(study)


def test_without_validation_there_is_nothing_to_judge_by(tmp_path: Path) -> None:
    with pytest.raises(SeqkitError, match="hello has no validation split to judge trials by"):
        started(tmp_path / "s", "steps=2..4", recipe="hello")
    assert not (tmp_path / "s").exists()


def test_a_bad_search_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    for words, options, told in (
        (("lr=1e-3..1e-1",), {"strategy": "grid"}, "a grid needs to know how many"),
        (("lrr=1e-3..1e-1",), {}, "Did you mean 'lr'"),
        (("lr=1e-3..1e-1",), {"strategy": "greed"}, "strategy.*'greed'"),
        ((), {}, "nothing to search"),
    ):
        with pytest.raises(SeqkitError, match=told):
            started(tmp_path / "s", *words, **options)
    with pytest.raises(SeqkitError, match=r"unknown recipe 'clasify'.*'classify'"):
        started(tmp_path / "s", "lr=1e-3..1e-1", recipe="clasify")
    assert not (tmp_path / "s").exists()


def test_a_full_disk_stops_the_search_and_the_trial_goes_on_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = searched(tmp_path / "whole", "lr=1e-3..1e-1", trials=2)
    study = started(tmp_path / "s", "lr=1e-3..1e-1", trials=2)
    log, rows = Run.log, []

    def full(run: Run, row: Any) -> None:
        rows.append(row)
        if len(rows) == 5:
            error = OSError(errno.ENOSPC, "no space")
            raise write_error(run.metrics_file, error) from error
        log(run, row)

    with monkeypatch.context() as patch:
        patch.setattr(Run, "log", full)
        with pytest.raises(SeqkitError, match="the disk is full"):
            tune(study)
    assert [t.state for t in study.trials()] == ["running"]
    found = tune(Study.open(study.folder))
    assert found is not None
    assert [t.values for t in found.trials] == [t.values for t in whole.trials]
    assert [t.score for t in found.trials] == [t.score for t in whole.trials]


def test_a_trial_that_meets_an_error_of_ours_every_time_does_not_stop_the_search_for_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study, fit, broken = started(tmp_path / "s", "lr=1e-3..1e-1", trials=2), Trainer.fit, "0001"

    def fails(trainer: Trainer) -> Any:
        return [][1] if trainer.run.folder.name == broken else fit(trainer)

    monkeypatch.setattr(Trainer, "fit", fails)
    for _ in range(ATTEMPTS):
        with pytest.raises(IndexError):
            tune(study)
    found = tune(study)
    assert found is not None
    assert [t.state for t in found.trials] == ["failed", "done"]
    assert found.trials[0].problem.startswith("its process died 3 times")


def test_a_page_that_cannot_be_drawn_is_told_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("seqkit.tune.pictures.sections", lambda *_: [][1])
    searched(tmp_path / "s", "lr=1e-3..1e-1", trials=1)
    assert "report.html was not written: list index out of range" in caplog.text
    assert (tmp_path / "s/results.json").is_file()


def test_what_every_process_meets_is_told_once(tmp_path: Path) -> None:
    study = started(tmp_path / "s", "lr=1e-3..1e-1", trials=2)
    study.trials()
    study.plan_file.write_text("[1]")
    board = Board(study, 2, quiet=True)
    with pytest.raises(SeqkitError, match=r"search.json is not the plan of a search\.$"):
        work_together(study, Budget(2), board, jobs=1)


def test_ctrl_c_stops_and_the_search_goes_on_to_the_same_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options: dict[str, Any] = {"strategy": "refine", "trials": 4, "seed": 1}
    words = ("lr=1e-3..1e-1", "checkpoint_every=1", "head.dropout=0.3")
    whole = searched(tmp_path / "whole", *words, **options)
    study = started(tmp_path / "s", *words, **options)
    log, rows = Run.log, []

    def stop(run: Run, row: Any) -> None:
        log(run, row)
        rows.append(row)
        if len(rows) == 12:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Run, "log", stop)
        assert tune(study) is None
    assert study.trials()[-1].state == "running"
    found = tune(Study.open(study.folder))
    assert found is not None
    assert [(t.values, t.score, t.course) for t in found.trials] == [
        (t.values, t.score, t.course) for t in whole.trials
    ]
    for number in range(1, 5):
        weights = [
            checkpoint.load(tmp_path / name / f"trials/{number:04}/model.safetensors")[0]
            for name in ("whole", "s")
        ]
        assert all(weights[0][name].equal(weights[1][name]) for name in weights[0])


def test_hopeless_trials_stop_early_and_cannot_win(tmp_path: Path) -> None:
    values = "0.05,0.06,0.07,0.08,1e-9,2e-9"
    words = (f"lr={values}", "epochs=4", "data.n=300")
    fixed = [w for w in TINY if not w.startswith(("epochs", "data.n"))]
    study = begin(
        "classify", [*fixed, *words], tmp_path / "s", strategy="grid", prune="median", seed=4
    )
    found = tune(study)
    assert found is not None
    pruned = [t for t in found.trials if t.state == "pruned"]
    assert pruned
    assert all(float(str(t.values["train.optimizer.lr"])) < 1e-3 for t in pruned)
    assert all(max(t.course) < 4 for t in pruned)
    assert found.best.values["train.optimizer.lr"] not in (1e-9, 2e-9)
    for trial in pruned:
        run = Run.open(study.run_folder(trial.number))
        assert (run.folder / "README.md").is_file()  # an ordinary run, stopped
        assert sum(row["kind"] == "epoch" for row in run.metrics()) == max(trial.course)


def test_more_trials_go_on_where_the_search_ended(tmp_path: Path) -> None:
    first = searched(tmp_path / "s", "lr=1e-3..1e-1", trials=2)
    more = tune(Study.open(tmp_path / "s"), trials=3)
    assert more is not None
    assert more.trials[:2] == first.trials
    assert len(more.trials) == 3


def test_no_trial_begins_after_the_minutes(tmp_path: Path) -> None:
    study = started(tmp_path / "s", "lr=1e-3..1e-1", minutes=1e-9)
    assert study.search.trials == 0
    with pytest.raises(SeqkitError, match=r"no trial of .* give it more time"):
        tune(study)
    found = tune(study, trials=1, minutes=5.0)
    assert found is not None
    assert len(found.trials) == 1
