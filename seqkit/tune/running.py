"""Working on a search: trial by trial, in one process or several."""

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqkit.errors import SeqkitError
from seqkit.train.loop import Trainer
from seqkit.train.progress import Progress
from seqkit.train.run import Run
from seqkit.tune.board import Board
from seqkit.tune.study import SPLITS, Study
from seqkit.tune.trial import ATTEMPTS, Held

WAIT = 0.3  # seconds between two looks at what other processes do


@dataclass(frozen=True)
class Budget:
    """How much a search may do: ``trials`` in all, none begun after ``minutes`` (0: no limit)."""

    trials: int = 0
    minutes: float = 0.0
    started: float = 0.0  # by time.time()

    @property
    def is_over(self) -> bool:
        """Whether it is too late to begin a trial."""
        return self.minutes > 0 and time.time() - self.started > 60 * self.minutes


class Watch(Progress):
    """Follows the training of a trial: writes its scores down, and stops it if it is hopeless."""

    def __init__(self, held: Held, board: Board, parent: int | None = None) -> None:
        super().__init__(quiet=True)
        self.held, self.board, self.parent = held, board, parent
        self.trainer: Trainer | None = None
        self.best: float | None = None
        self.pruned = False

    def step(self, loss: float, tokens: int) -> None:  # noqa: ARG002
        """Stop in good order if the process that this one works for is gone."""
        if self.parent not in (None, os.getppid()):
            self._stop()

    def epoch(self, row: Mapping[str, Any], epochs: int, monitor: str) -> None:
        """Report the best score so far."""
        study, score = self.held.study, float(row[monitor])
        if self.best is None or study.merit(score) > study.merit(self.best):
            self.best = score
        if self.held.report(int(row["epoch"]), self.best) and int(row["epoch"]) < epochs:
            self.pruned = True
            self._stop()
        self.board.show(study.trials())

    def _stop(self) -> None:
        if self.trainer is not None:
            self.trainer.interrupted = True


def work(study: Study, budget: Budget, board: Board, parent: int | None = None) -> bool:
    """Work on trials until none is left; return whether it got that far.

    Args:
        study: the search.
        budget: how much of it is to be done.
        board: where it is shown.
        parent: the process without which this one stops.

    Raises:
        SeqkitError: if something is wrong that the next trial would meet too, as a full disk.
    """
    board.show(study.trials())
    while True:
        held = study.claim(budget.trials, new=not budget.is_over)
        if held is None:
            if not any(trial.state == "running" for trial in study.trials()):
                return True
            time.sleep(WAIT)  # others are at the last ones: they may yet be killed
        elif not _work_on(held, board, parent):
            return False
        board.show(study.trials())


def _work_on(held: Held, board: Board, parent: int | None) -> bool:
    """Bring a trial to its end; return False if it was stopped, to be gone on with."""
    ended, counts = False, True
    try:
        ended = counts = _try(held, Watch(held, board, parent))
    except KeyboardInterrupt:
        counts = False
    except (SeqkitError, OSError):  # not its fault
        counts = False
        raise
    finally:
        held.release(stopped=not ended and not counts)
    return ended


def _try(held: Held, watch: Watch) -> bool:
    if held.is_lost:
        held.fail(f"its process died {ATTEMPTS} times, as for want of memory")
        return True
    try:
        _train(held, watch)
    except SeqkitError as error:
        if isinstance(error.__cause__, OSError):  # a full disk is no fault of the trial
            raise
        held.fail(str(error))
        return True
    except (MemoryError, RuntimeError) as error:  # torch has no exception of its own on a CPU
        told = ("allocate memory", "out of memory")
        if isinstance(error, RuntimeError) and not any(words in str(error) for words in told):
            raise
        held.fail("out of memory")
        return True
    return watch.pruned or not (watch.trainer and watch.trainer.interrupted)


def _train(held: Held, watch: Watch) -> None:
    """Train a trial by the ordinary loop, into an ordinary run directory, without test data."""
    study = held.study
    chosen = study.settings(held.trial)
    job = study.recipe.build(chosen, SPLITS)
    run = Run(study.run_folder(held.trial.number))
    if held.is_hopeless and max(held.trial.course) < chosen.train.epochs:
        held.prune(_seconds(run))  # what its last process knew, but had no time to write down
        watch.pruned = True
        return
    run.folder.mkdir(parents=True, exist_ok=True)
    set_threads(chosen.train.threads)
    watch.best = held.trial.score
    watch.trainer = Trainer(job, chosen.train, run, watch)
    scores = watch.trainer.fit()
    if watch.pruned:
        held.prune(_seconds(run))
    elif not watch.trainer.interrupted:
        held.finish(scores["validation"][study.search.monitor], _seconds(run))


def set_threads(threads: int) -> None:
    """Use so many CPU threads (0: as many as torch takes by itself)."""
    import torch

    if threads:
        torch.set_num_threads(threads)


def _seconds(run: Run) -> float:
    rows = run.metrics()
    seconds = [float(row["seconds"]) for row in rows if row["kind"] == "epoch"]
    return round(sum(seconds), 3)


def work_together(study: Study, budget: Budget, board: Board, jobs: int) -> bool:
    """Work on a search in several processes; return whether all of it is done.

    Raises:
        SeqkitError: if a process met something that is wrong, as a full disk.
    """
    context = multiprocessing.get_context("spawn")  # never forked: torch has threads
    problems = context.SimpleQueue()
    of_each = (study.folder, budget, os.getpid(), problems)
    workers = [context.Process(target=_worker, args=of_each, daemon=False) for _ in range(jobs)]
    with _without_ctrl_c():
        for worker in workers:
            worker.start()
    try:
        while any(worker.is_alive() for worker in workers):
            board.show(study.trials())
            time.sleep(WAIT)
    except KeyboardInterrupt:
        for worker in workers:
            if worker.pid is not None and worker.is_alive():
                os.kill(worker.pid, signal.SIGTERM)
    for worker in workers:
        worker.join()
    board.show(study.trials())
    if not problems.empty():
        raise SeqkitError(problems.get())
    return any(worker.exitcode == 0 for worker in workers)


@contextmanager
def _without_ctrl_c() -> Iterator[None]:
    """Let processes that are started in the block hear nothing of Ctrl-C: they are told by us."""
    try:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    except ValueError:  # not in the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _worker(folder: Path, budget: Budget, parent: int, problems: Any) -> None:
    """Work on a search as one of several processes; exit with 0 if it is done."""
    os.setpgrp()  # Ctrl-C on a terminal would reach it too, and the loop takes two for "at once"
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        study = Study.open(folder)
        done = work(study, budget, Board(study, budget.trials, quiet=True), parent)
    except SeqkitError as error:
        problems.put(str(error))
        sys.exit(2)
    except KeyboardInterrupt:
        done = False
    sys.exit(0 if done else 130)
