"""A search from its beginning to its end: the Python behind ``seqkit tune``."""

import logging
import time
from collections.abc import Sequence
from pathlib import Path

from seqkit.errors import SeqkitError
from seqkit.recipe import find
from seqkit.settings import as_dict, check
from seqkit.settings import find as find_setting
from seqkit.tune.board import Board
from seqkit.tune.conclusion import Conclusion, conclude
from seqkit.tune.pictures import write_report
from seqkit.tune.running import Budget, work, work_together
from seqkit.tune.study import SPLITS, Search, Study, require_optuna
from seqkit.tune.words import parse

log = logging.getLogger(__name__)
TRIALS = 20  # if nothing is said of a budget


def begin(
    recipe: str,
    words: Sequence[str],
    folder: Path,
    *,
    config: Path | None = None,
    strategy: str = "random",
    trials: int | None = None,
    minutes: float | None = None,
    prune: str = "none",
    seed: int = 0,
) -> Study:
    """Plan a search into ``folder``, or join it if the same one is there.

    Args:
        recipe: its name, or the path of a file.
        words: ``key=value`` each: what is searched (see :mod:`seqkit.tune.words`) and fixed.
        folder: of the search; made if it is not there.
        config: a TOML file of settings that words come after.
        strategy: ``grid``, ``random``, ``refine`` or ``tpe``.
        trials: in all; if neither these nor ``minutes`` are given 20, or the whole grid.
        minutes: after which no trial is begun.
        prune: how hopeless trials are stopped early: ``none``, ``median`` or ``halving``.
        seed: of the search; that of each training is the setting ``train.seed``.

    Raises:
        SeqkitError: if a setting or value is refused, there is no validation split to judge
            trials by, or ``folder`` holds something else.
    """
    require_optuna()
    found = find(recipe)
    space, base = parse(found, words, found.settings((), config))
    searched = {axis.path for axis in space.axes}
    if strategy == "grid":
        trials = min(trials or len(space.grid()), len(space.grid()))
    elif not minutes:
        trials = trials or TRIALS
    planned = {
        "recipe": found.source,
        "words": [word for word in words if _path(base, word) in searched],
        "base": as_dict(base),
        "strategy": strategy,
        "prune": prune,
        "trials": trials or 0,
        "minutes": minutes or 0.0,
        "seed": seed,
    }
    Study.refuse_existing(folder)
    if (folder / "search.json").is_file():
        study = Study.open(folder)
        study.refuse_other(_search({**planned, "monitor": study.search.monitor}))
        return study
    base.train.find_device()
    job = found.build(base, SPLITS)
    if "validation" not in job.splits:
        raise SeqkitError(
            f"{found.name} has no validation split to judge trials by: hold one out, as "
            "validation=0.1, or search another recipe."
        )
    return Study.create(folder, _search({**planned, "monitor": job.monitor}))


def _search(planned: dict[str, object]) -> Search:
    return check(Search, planned)


def _path(settings: object, word: str) -> str:
    setting = find_setting(settings, word.partition("=")[0].strip())
    return setting.path if setting else ""


def tune(
    study: Study,
    *,
    trials: int | None = None,
    minutes: float | None = None,
    jobs: int = 1,
    quiet: bool = True,
) -> Conclusion | None:
    """Work on a search until its budget is spent, and conclude it.

    Args:
        study: what :func:`begin` planned, or ``Study.open`` found.
        trials: in all, if not as many as planned.
        minutes: of this call, if not as many as planned.
        jobs: processes to work in.
        quiet: show nothing meanwhile.

    Returns:
        What came out; None if it was stopped (Ctrl-C), to be gone on with.

    Raises:
        SeqkitError: if every trial failed, or something is wrong that every trial would meet.
    """
    budget = Budget(
        trials or study.search.trials,
        study.search.minutes if minutes is None else minutes,
        time.time(),
    )
    with Board(study, budget.trials, quiet=quiet) as board:
        alone = jobs == 1
        done = work(study, budget, board) if alone else work_together(study, budget, board, jobs)
    if not done:
        return None
    concluded = conclude(study)
    try:
        write_report(study, concluded)
    except Exception as error:  # a search without its page is as good
        log.warning("%s/report.html was not written: %s", study.folder, error)
    return concluded
