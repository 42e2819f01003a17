"""What a person sees while a search goes on: a live table, or a plain line a trial in a pipe."""

import sys
from collections.abc import Sequence
from typing import Any

from seqkit.tune.space import as_text
from seqkit.tune.study import Study
from seqkit.tune.trial import Trial

SHOWN = 12  # trials in the live table: those at work, then the best


class Board:
    """Shows trials on standard error: of all processes that work on the search."""

    def __init__(self, study: Study, trials: int, *, quiet: bool = False) -> None:
        self.study, self.trials, self.quiet = study, trials, quiet
        self.names = study.space.names()
        self._told: set[int] = set()
        self._live: Any = None

    def __enter__(self) -> "Board":
        """Open the live table, on a terminal."""
        self._told = {t.number for t in self.study.trials() if t.state != "running"}
        if not self.quiet and self._told:
            _print(f"going on: {len(self._told)} trials are done")
        if not self.quiet and sys.stderr.isatty():
            from rich.console import Console
            from rich.live import Live

            self._live = Live(console=Console(stderr=True), transient=True, auto_refresh=False)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Close the table."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def show(self, trials: Sequence[Trial]) -> None:
        """Show the trials as they stand."""
        if self._live is not None:
            self._live.update(self._table(trials), refresh=True)
        if self.quiet or self._live is not None:
            return
        best = best_of(self.study, trials)
        for trial in trials:
            if trial.state != "running" and trial.number not in self._told:
                self._told.add(trial.number)
                _print(self._line(trial, trial is best))

    def _line(self, trial: Trial, best: bool) -> str:
        of = f"/{self.trials}" if self.trials else ""
        what = {"done": "", "pruned": f"  stopped after epoch {max(trial.course, default=0)}"}
        score = (
            f"  {self.study.search.monitor} {trial.score:.4f}" if trial.score is not None else ""
        )
        told = f"  failed: {trial.problem}" if trial.state == "failed" else what[trial.state]
        return (
            f"trial {trial.number}{of}{score}  {self.described(trial)}  {trial.seconds:.0f} s"
            f"{'  best' if best else ''}{told}"
        )

    def described(self, trial: Trial) -> str:
        """Return the searched settings of a trial in a line."""
        return " ".join(f"{self.names[p]}={as_text(v)}" for p, v in trial.values.items())

    def _table(self, trials: Sequence[Trial]) -> Any:
        from rich import box
        from rich.table import Table
        from rich.text import Text

        ended = sum(trial.state != "running" for trial in trials)
        of = f" of {self.trials}" if self.trials else ""
        table = Table(
            title=f"{self.study.folder}: {ended}{of} trials",
            title_justify="left",
            box=box.SIMPLE_HEAD,
        )
        for name in ("trial", self.study.search.monitor, *self.names.values(), "epochs", ""):
            table.add_column(name, justify="left" if name in ("", "trial") else "right")
        running = [trial for trial in trials if trial.state == "running"]
        for trial in [*running, *ranked(self.study, trials)][:SHOWN]:
            state = "" if trial.state == "done" else trial.state
            score = "" if trial.score is None else f"{trial.score:.4f}"
            epochs = str(max(trial.course, default=0))
            values = map(as_text, trial.values.values())
            table.add_row(*map(Text, (str(trial.number), score, *values, epochs, state)))
        return table


def ranked(study: Study, trials: Sequence[Trial]) -> list[Trial]:
    """Return the trials that ended: done ones from the best on, then pruned ones, then failed."""

    def rank(trial: Trial) -> tuple[int, float, int]:
        order = ("done", "pruned", "failed").index(trial.state)
        return order, -study.merit(trial.score) if trial.score is not None else 0.0, trial.number

    return sorted((trial for trial in trials if trial.state != "running"), key=rank)


def best_of(study: Study, trials: Sequence[Trial]) -> Trial | None:
    """Return the best of the trials that are done."""
    first = next(iter(ranked(study, trials)), None)
    return first if first is not None and first.state == "done" else None


def _print(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
