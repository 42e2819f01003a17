"""A trial: what is known of it, and how a process works on it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from seqkit.tune.space import Value

if TYPE_CHECKING:
    from seqkit.tune.study import Study

ATTEMPTS = 3  # at a trial whose process is killed before an epoch ends, as for want of memory
State = Literal["running", "done", "pruned", "failed"]


@dataclass(frozen=True)
class Trial:
    """A trial: ``number`` counts from 1.

    Attributes:
        values: of the searched settings, by path.
        score: the monitored validation score: of the best epoch so far while it runs or if it
            was pruned; None before the first, or if it failed.
        course: that score after each epoch, by its number.
        seconds: of training; 0.0 while it runs.
        problem: why it failed.
        attempts: how many processes have been at it.
        fruitless: how many of them, of the last ones, were killed before an epoch ended.
    """

    number: int
    values: dict[str, Value]
    state: State
    score: float | None
    course: Mapping[int, float]
    seconds: float = 0.0
    problem: str = ""
    attempts: int = 1
    fruitless: int = 0


def read(found: Any, paths: list[str], lower_is_better: bool) -> Trial:
    """Return a trial as Optuna has it: its values in the order of ``paths``."""
    names: dict[str, State] = {"COMPLETE": "done", "PRUNED": "pruned", "FAIL": "failed"}
    state: State = names.get(found.state.name, "running")
    course = dict(sorted(found.intermediate_values.items()))
    best = (min if lower_is_better else max)(course.values(), default=None)
    score = found.value if state == "done" else None if state == "failed" else best
    told = found.user_attrs
    return Trial(
        number=found.number + 1,
        values={path: found.params[path] for path in paths},
        state=state,
        score=score,
        course=course,
        seconds=float(told.get("seconds", 0.0)),
        problem=str(told.get("problem", "")),
        attempts=int(told.get("attempts", 1)),
        fruitless=int(told.get("fruitless", 0)),
    )


class Held:
    """A trial that this process works on, and no other."""

    def __init__(self, study: "Study", trial: Trial, lock: Any) -> None:
        from optuna.trial import Trial as Handle

        self.study, self.trial, self._lock = study, trial, lock
        frozen = study.optuna.get_trials(deepcopy=False)[trial.number - 1]
        self._handle = Handle(study.optuna, frozen._trial_id)
        self._reported = set(trial.course)
        self._fruitless = trial.fruitless
        self._count(1)

    @property
    def is_lost(self) -> bool:
        """Whether too many processes that were at it have been killed."""
        return self.trial.fruitless >= ATTEMPTS

    @property
    def is_hopeless(self) -> bool:
        """Whether its scores so far say that it is to be stopped."""
        return bool(self._reported) and bool(self._handle.should_prune())

    def report(self, epoch: int, score: float) -> bool:
        """Write down the best score after an epoch; return whether to stop as hopeless."""
        if epoch not in self._reported:
            self._handle.report(score, epoch)
            self._reported.add(epoch)
            self._fruitless = 0
            self._set("fruitless", 0)
        return self.is_hopeless

    def finish(self, score: float, seconds: float) -> None:
        """Write down the final score."""
        self._set("seconds", seconds)
        self._tell("COMPLETE", score)

    def prune(self, seconds: float) -> None:
        """Write down that it was stopped as hopeless."""
        self._set("seconds", seconds)
        self._tell("PRUNED")

    def fail(self, problem: str) -> None:
        """Write down that it failed, and why."""
        self._set("problem", problem)
        self._tell("FAIL")

    def release(self, *, stopped: bool = False) -> None:
        """Let others have it; ``stopped``: in good order, to be gone on with."""
        if stopped:
            self._count(0)
        self._lock.release()

    def _count(self, more: int) -> None:
        self._set("attempts", self.trial.attempts + more)
        self._set("fruitless", self._fruitless + more)

    def _set(self, name: str, value: Any) -> None:
        self._handle.set_user_attr(name, value)

    def _tell(self, state: str, score: float | None = None) -> None:
        from optuna.trial import TrialState

        self.study.optuna.tell(self.trial.number - 1, score, state=TrialState[state])
