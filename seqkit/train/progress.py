"""What a person sees while a model learns: a bar on a terminal, a plain line an epoch in a pipe."""

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any


class Progress:
    """Shows the course of training on standard error.

    On a terminal: a bar with loss, last validation score, tokens/s (padding excluded) and time
    left. Elsewhere: one line an epoch. ``quiet``: nothing.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet
        self.live = not quiet and sys.stderr.isatty()
        self._bar: Any = None
        self._task: Any = None
        self._loss: float | None = None
        self._score = ""
        self._tokens = 0
        self._since = 0.0

    @contextmanager
    def training(self, steps: int, done: int) -> Iterator[None]:
        """Show a bar of ``steps`` steps, of which ``done`` are done, for the time of a block."""
        self._since, self._tokens, self._loss = time.perf_counter(), 0, None
        if not self.live:
            yield
            return
        from rich import progress
        from rich.console import Console

        columns = (
            progress.BarColumn(bar_width=24),
            progress.TextColumn("{task.completed}/{task.total} steps"),
            progress.TextColumn("{task.fields[figures]}"),
            progress.TimeRemainingColumn(compact=True),
        )
        console = Console(stderr=True)
        with progress.Progress(*columns, console=console, transient=True) as self._bar:
            self._task = self._bar.add_task("", total=steps, completed=done, figures="")
            yield
        self._bar = None

    def step(self, loss: float, tokens: int) -> None:
        """Show one more step with its loss and its number of real tokens."""
        if self._bar is None:
            return
        self._loss = loss if self._loss is None else 0.95 * self._loss + 0.05 * loss
        self._tokens += tokens
        rate = self._tokens / (time.perf_counter() - self._since)
        figures = f"loss {_loss(self._loss)}  {self._score}{rate:,.0f} tokens/s"
        self._bar.update(self._task, advance=1, figures=figures)

    def epoch(self, row: Mapping[str, Any], epochs: int, monitor: str) -> None:
        """Show the scores at the end of an epoch."""
        score = f"{monitor} {row[monitor]:.4f}  " if monitor in row else ""
        self._score = score
        best = "  best" if row["best"] == row["epoch"] and score else ""
        self.say(
            f"epoch {row['epoch']}/{epochs}  loss {_loss(row['train_loss'])}  {score}"
            f"{row['tokens_per_second']:,} tokens/s{best}"
        )

    def say(self, line: str) -> None:
        """Print one line, above the bar if there is one."""
        if self.quiet:
            return
        if self._bar is not None:
            self._bar.console.print(line, highlight=False, markup=False)
        else:
            print(line, file=sys.stderr, flush=True)


def _loss(value: float) -> str:
    return f"{value:.4f}" if abs(value) < 1e4 else f"{value:.3g}"
