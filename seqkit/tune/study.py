"""A search on disk: what was planned, and the trials so far, which any process may go on with.

==================  =======================================================================
``search.json``     the plan: recipe, settings, what is searched and how
``study.db``        the trials, an Optuna study in SQLite
``trials/0007/``    the run directory of a trial
``locks/``          who is at what: the system lifts the lock of a process that is gone
``best/``           the run of the winner, ready to predict
``best.toml``       its settings, for ``seqkit train --config``
``results.json``    what came out
``report.html``     the same as pictures
==================  =======================================================================
"""

import contextlib
import logging
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from seqkit.errors import SeqkitError
from seqkit.files import read_json, write_json
from seqkit.recipe import Recipe, find
from seqkit.settings import as_dict, check, settings
from seqkit.settings import parse as parse_settings
from seqkit.train.loop import LOWER_IS_BETTER
from seqkit.tune.space import Space, Value, as_words
from seqkit.tune.strategies import STRATEGIES, Plan, Seen, distributions
from seqkit.tune.trial import Held, Trial, read
from seqkit.tune.words import parse

SPLITS = ("train", "validation", "unlabelled")  # what a trial sees of a corpus


@settings
class Search:
    """What is searched, for what and how: all that decides which trials come.

    Attributes:
        words: the settings that are searched, as given: ``train.optimizer.lr=1e-4..1e-2``.
        base: the recipe's resolved settings; of the searched ones, any value.
    """

    recipe: str = Field(default="", description="its name, or the path of a file")
    words: tuple[str, ...] = Field(default=(), description="the settings that are searched")
    base: dict[str, Any] = Field(default_factory=dict, description="all the recipe's settings")
    monitor: str = Field(default="", description="the validation score that decides")
    strategy: Literal["grid", "random", "refine", "tpe"] = Field(
        default="random", description="where the next trial looks"
    )
    prune: Literal["none", "median", "halving"] = Field(
        default="none", description="stop hopeless trials: below the median, or by halving"
    )
    trials: int = Field(default=0, ge=0, description="planned (0: as many as there is time for)")
    minutes: float = Field(default=0.0, ge=0, description="no trial begins after these (0: any)")
    seed: int = Field(default=0, ge=0, lt=2**63, description="of the search")


class Study:
    """A search in a folder; :meth:`create` begins one, or joins the same one, :meth:`open` finds.

    Any number of processes may work on it at a time.
    """

    def __init__(self, folder: Path, search: Search) -> None:
        self.folder, self.search = folder, search

    @classmethod
    def create(cls, folder: Path, search: Search) -> "Study":
        """Begin a search, or join it if ``folder`` has the same one; their minutes may differ.

        Raises:
            SeqkitError: if ``folder`` holds something else.
        """
        cls.refuse_existing(folder)
        try:
            (folder / "locks").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SeqkitError(f"cannot make {folder}: {error.strerror}.") from None
        study = cls(folder, search)
        with study.lock("search"):
            if study.plan_file.is_file():
                cls.open(folder).refuse_other(search)
            else:
                write_json(study.plan_file, as_dict(search))
        return study

    @classmethod
    def refuse_existing(cls, folder: Path) -> None:
        """Raise a :class:`SeqkitError` if ``folder`` holds something that is not a search."""
        if (folder / "search.json").is_file() or not folder.exists():
            return
        if not folder.is_dir() or any(part.name != "locks" for part in folder.iterdir()):
            raise SeqkitError(
                f"{folder} exists already, and is not a search: choose another --out."
            )

    @classmethod
    def open(cls, folder: Path) -> "Study":
        """Find a search.

        Raises:
            SeqkitError: if there is none in ``folder``, or it cannot be read.
        """
        file = folder / "search.json"
        if not file.is_file():
            raise SeqkitError(f"no search in {folder}: it has no search.json.")
        saved = read_json(file)
        if not isinstance(saved, dict):
            raise SeqkitError(f"{file} is not the plan of a search.")
        (folder / "locks").mkdir(exist_ok=True)
        return cls(folder, check(Search, saved, hint=str(file)))

    def refuse_other(self, search: Search) -> None:
        """Raise a :class:`SeqkitError` unless ``search`` is this one, but for its minutes."""
        mine, other = as_dict(self.search), as_dict(search)
        different = [k for k in mine if mine[k] != other[k] and k not in ("minutes", "monitor")]
        if different:
            told = ", ".join("settings" if name == "base" else name for name in different)
            raise SeqkitError(
                f"{self.folder} holds another search ({told} differ): choose another --out, or go "
                f"on with that one by --resume {self.folder}."
            )

    @property
    def plan_file(self) -> Path:
        """The plan."""
        return self.folder / "search.json"

    @cached_property
    def recipe(self) -> Recipe:
        """The recipe that is searched."""
        return find(self.search.recipe)

    @cached_property
    def space(self) -> Space:
        """What is searched."""
        return parse(self.recipe, self.search.words, self.base)[0]

    @cached_property
    def base(self) -> Any:
        """The recipe's settings; of the searched ones, any value."""
        return self.recipe.saved_settings(self.search.base)

    @cached_property
    def plan(self) -> Plan:
        """What a strategy has to know."""
        return Plan(self.space, self.search.trials, self.search.seed)

    @property
    def lower_is_better(self) -> bool:
        """Whether less of the monitored score is more."""
        return self.search.monitor in LOWER_IS_BETTER

    def merit(self, score: float) -> float:
        """Return a score such that more is better."""
        return -score if self.lower_is_better else score

    def settings(self, trial: Trial) -> Any:
        """Return the recipe's settings for a trial.

        Raises:
            SeqkitError: if these values have no sense together.
        """
        return parse_settings(self.base, as_words(trial.values))

    def run_folder(self, number: int) -> Path:
        """Return the run directory of a trial."""
        return self.folder / "trials" / f"{number:04}"

    @contextlib.contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Be the only process in a block of this name."""
        with self._lock(name):
            yield

    def _lock(self, name: str) -> Any:
        from filelock import FileLock

        return FileLock(self.folder / "locks" / f"{name}.lock")

    @cached_property
    def optuna(self) -> Any:
        """The Optuna study.

        Raises:
            SeqkitError: if the file cannot be read as one.
        """
        require_optuna()
        import optuna
        from sqlalchemy.exc import DatabaseError

        direction: Literal["minimize", "maximize"]
        direction = "minimize" if self.lower_is_better else "maximize"
        file = self.folder / "study.db"
        try:
            with self.lock("study"):
                storage = optuna.storages.RDBStorage(
                    f"sqlite:///{file.absolute()}", engine_kwargs={"connect_args": {"timeout": 60}}
                )
                return optuna.create_study(
                    storage=storage,
                    study_name="seqkit",
                    direction=direction,
                    sampler=optuna.samplers.RandomSampler(),  # never asked: see strategies.py
                    pruner=_pruner(self.search.prune),
                    load_if_exists=True,
                )
        except (DatabaseError, optuna.exceptions.OptunaError, RuntimeError) as error:
            told = str(error).splitlines()[0]
            raise SeqkitError(f"{file} cannot be read as an Optuna study ({told}).") from None

    def trials(self) -> list[Trial]:
        """Return all trials so far, in order."""
        paths = [axis.path for axis in self.space.axes]
        found = self.optuna.get_trials(deepcopy=False)
        return [read(each, paths, self.lower_is_better) for each in found]

    def best(self) -> Trial | None:
        """Return the trial that won: of equal ones, the first."""
        done = [trial for trial in self.trials() if trial.state == "done"]
        return max(done, key=lambda t: self.merit(_known(t.score)), default=None)

    def claim(self, limit: int, *, new: bool = True) -> "Held | None":
        """Take a trial to work on: one whose process is gone, or else the next.

        Args:
            limit: trials in all (0: any number).
            new: whether one may be begun.

        Returns:
            The trial, held; None if there is none to take, now or ever: trials that still run may
            have to end first.
        """
        with self.lock("search"):
            trials = self.trials()
            for trial in trials:
                if trial.state == "running" and (held := self._hold(trial)):
                    return held
            full = 0 < limit <= len(trials)
            values = None if full or not new else self._next(trials)
            if values is None:
                return None
            self._add(values)
            return self._hold(self.trials()[-1])

    def _next(self, trials: list[Trial]) -> dict[str, Value] | None:
        strategy, number = STRATEGIES[self.search.strategy], len(trials)
        needed = trials[: strategy.waits_for(self.plan, number)]
        if any(trial.state == "running" for trial in needed):
            return None
        return strategy.propose(self.plan, [self._seen(trial) for trial in trials])

    def _seen(self, trial: Trial) -> Seen:
        scored = trial.state in ("done", "pruned") and trial.score is not None
        return Seen(trial.values, self.merit(_known(trial.score)) if scored else None)

    def _add(self, values: dict[str, Value]) -> None:
        """Write the next trial down, before anything else: from now on it is this one."""
        from optuna.trial import TrialState, create_trial

        self.optuna.add_trial(
            create_trial(
                state=TrialState.RUNNING,
                params=values,
                distributions=distributions(self.space),
                user_attrs={"attempts": 0},
            )
        )

    def _hold(self, trial: Trial) -> "Held | None":
        from filelock import Timeout

        lock = self._lock(f"{trial.number:04}")
        try:
            lock.acquire(blocking=False)
        except Timeout:
            return None
        return Held(self, trial, lock)


def _known(score: float | None) -> float:
    assert score is not None
    return score


def _pruner(name: str) -> Any:
    from optuna import pruners

    if name == "median":  # of the trials that ended, after the same number of epochs
        return pruners.MedianPruner(n_startup_trials=4)
    if name == "halving":  # Li et al. 2020, section 3: the best third goes on, at each power of 3
        return pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=3)
    return pruners.NopPruner()


def require_optuna() -> None:
    """Raise a :class:`SeqkitError` if Optuna is not installed; else have it say nothing."""
    try:
        import optuna
    except ImportError:
        raise SeqkitError("seqkit tune needs Optuna: pip install 'seqkit-nlp[tune]'.") from None
    optuna.logging.disable_default_handler()
    logging.getLogger("optuna").setLevel(logging.CRITICAL)
