"""What a search comes to: the winner, scored on test once, ready to predict, and its settings."""

import logging
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from seqkit.errors import SeqkitError
from seqkit.files import atomic_folder, read_json, write_json, write_text
from seqkit.settings import as_dict
from seqkit.train.job import Job
from seqkit.train.loop import Trainer
from seqkit.train.progress import Progress
from seqkit.train.run import Run
from seqkit.tune.importance import importance
from seqkit.tune.running import set_threads
from seqkit.tune.study import Study
from seqkit.tune.toml import as_toml
from seqkit.tune.trial import Trial

log = logging.getLogger(__name__)
Scores = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Conclusion:
    """What came out.

    Attributes:
        best: the trial that won on validation.
        scores: of its run on every split, test among them: by split, then by name.
        trials: all of them.
        importance: of each searched setting, by path: see :mod:`seqkit.tune.importance`.
    """

    best: Trial
    scores: Scores
    trials: list[Trial]
    importance: Mapping[str, float]

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values, ready for JSON."""
        return asdict(self)


def conclude(study: Study) -> Conclusion:
    """Choose the winner on validation, score it on test, and keep its run and its settings.

    The run is copied to ``best/`` and test is scored there: once, and for no other trial. Done
    again, and by another process, it finds what was found before.

    Raises:
        SeqkitError: if no trial came to its end.
    """
    with study.lock("conclusion"):
        trials, best = study.trials(), study.best()
        if best is None:
            raise _nothing(study, trials)
        results = study.folder / "results.json"
        saved = read_json(results) if results.is_file() else {}
        if saved.get("best", {}).get("number") == best.number and (study.folder / "best").is_dir():
            scores: Scores = saved["scores"]
        else:
            scores = _keep(study, best)
        found = Conclusion(best, scores, trials, _importance(study, trials))
        write_json(results, found.as_dict())
    return found


def _nothing(study: Study, trials: list[Trial]) -> SeqkitError:
    failed = [trial for trial in trials if trial.state == "failed"]
    if not failed:
        return SeqkitError(f"no trial of {study.folder} has come to its end: give it more time.")
    return SeqkitError(
        f"none of the {len(trials)} trials came to its end; trial {failed[0].number}: "
        f"{failed[0].problem}"
    )


def _keep(study: Study, best: Trial) -> Scores:
    """Copy the winner's run, score it on every split, and write its settings down."""
    for left in study.folder.glob(".best.*.part"):  # of a process that was killed here
        shutil.rmtree(left, ignore_errors=True)
    chosen = study.settings(best)
    job = study.recipe.build(chosen)
    set_threads(chosen.train.threads)
    with atomic_folder(study.folder / "best") as folder:
        shutil.copytree(study.run_folder(best.number), folder, dirs_exist_ok=True)
        scores = Trainer(job, chosen.train, Run(folder), Progress(quiet=True)).fit()
        _draw(Run(folder), job, f"{study.folder.absolute().name}/best")
    write_text(study.folder / "best.toml", _settings_file(study, best, chosen))
    return scores


def _draw(run: Run, job: Job, title: str) -> None:
    """Write the run's own page; a run without it is as good."""
    from seqkit.explain.training import write_report

    try:
        write_report(run, job, title)
    except Exception as error:
        log.warning("%s was not written: %s", run.report_file.name, error)


def _settings_file(study: Study, best: Trial, chosen: Any) -> str:
    about = (
        f"# Trial {best.number} of {study.folder.name}: {study.search.monitor} {best.score:.4f} on "
        f"validation.\n# seqkit train {study.search.recipe} --config best.toml\n\n"
    )
    return about + as_toml(as_dict(chosen), best.values, "searched")


def _importance(study: Study, trials: list[Trial]) -> dict[str, float]:
    done = [trial for trial in trials if trial.state == "done"]
    scores = [trial.score for trial in done if trial.score is not None]
    return importance(study.space, [trial.values for trial in done], scores)
