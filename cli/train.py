"""``seqkit train``: a recipe into a run directory."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqkit.cli.arguments import JsonOption, OfflineOption, complete_recipe, go_offline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seqkit.recipe import Recipe
    from seqkit.train.job import Job
    from seqkit.train.metrics import Table
    from seqkit.train.run import Run
    from seqkit.train.settings import TrainSettings


def train(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RECIPE [KEY=VALUE]...",
            help="A recipe's name or path, then its settings ('seqkit show RECIPE' lists them).",
            autocompletion=complete_recipe,
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(help="A TOML file of settings (or awd_lstm); words come after it."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The run directory [runs/RECIPE].")] = None,
    resume: Annotated[Path | None, typer.Option(help="Go on with this run directory.")] = None,
    offline: OfflineOption = False,
    as_json: JsonOption = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Train a recipe, or go on with a run; by several processes under torchrun."""
    from seqkit.processes import launched

    go_offline(offline)
    given = list(words or [])
    if launched():
        from seqkit.processes import process_group

        with process_group() as rank:
            stopped = _train(given, config, out, resume, quiet or rank > 0, as_json)
    else:
        stopped = _train(given, config, out, resume, quiet, as_json)
    if stopped:
        raise typer.Exit(130)


def _train(
    words: list[str],
    config: Path | None,
    out: Path | None,
    resume: Path | None,
    quiet: bool,
    js: bool,
) -> bool:
    """Train, as one process of several or alone; return whether it was stopped before the end."""
    from seqkit.errors import SeqkitError

    if resume is not None:
        if config is not None or out is not None:
            raise SeqkitError("--resume goes on with a run as it is: leave out --config and --out.")
        return _resume(resume, words, quiet, js)
    if not words or "=" in words[0]:
        raise SeqkitError("name a recipe to train ('seqkit ls' lists them), or --resume a run.")
    return _start(words[0], words[1:], config, out, quiet, js)


def _start(
    source: str, words: list[str], config: Path | None, out: Path | None, quiet: bool, js: bool
) -> bool:
    from seqkit.processes import from_first
    from seqkit.recipe import find
    from seqkit.train.run import Run

    recipe = find(source)
    chosen = recipe.settings(words, config)

    def place() -> Path:
        folder = out or Run.next_to(recipe.name)
        Run.refuse_existing(folder)
        return folder

    folder = from_first(place)
    _prepare(chosen.train)
    job = _built(recipe, chosen)
    return _fit(job, from_first(lambda: Run.create(folder)), quiet, js)


def _resume(folder: Path, words: list[str], quiet: bool, js: bool) -> bool:
    from seqkit.errors import SeqkitError
    from seqkit.recipe import find
    from seqkit.train.run import Run

    run = Run.open(folder)
    saved = run.settings()
    if "onnx" in saved:
        raise SeqkitError(
            f"{folder} is an exported folder, which learns no more: --resume the run that it is of."
        )
    recipe = find(saved["recipe"])
    if words and "=" not in words[0]:
        if find(words[0]).source != recipe.source:
            raise SeqkitError(f"{folder} is a run of {recipe.source}, not of {words[0]}.")
        words = words[1:]
    chosen = recipe.resumed_settings(saved["settings"], words)
    _prepare(chosen.train)
    return _fit(_built(recipe, chosen), run, quiet, js)


def _built(recipe: "Recipe", chosen: Any) -> "Job":
    """Assemble the job; of several processes, the first one has fetched the data for all."""
    from seqkit.processes import first_rank_first, launched

    if launched():
        with first_rank_first():
            recipe.read(chosen)
    return recipe.build(chosen)


def _prepare(chosen: "TrainSettings") -> None:
    """Refuse what is not here before any data is read, and set the threads."""
    import torch

    from seqkit.train.events import require_tensorboard

    chosen.find_device()
    if chosen.tensorboard:
        require_tensorboard()
    if chosen.threads:
        torch.set_num_threads(chosen.threads)


def _quoted(run: "Run") -> str:
    import shlex

    return shlex.quote(str(run.folder))


def _fit(job: "Job", run: "Run", quiet: bool, js: bool) -> bool:
    from seqkit.cli.output import print_json, print_table
    from seqkit.errors import SeqkitError
    from seqkit.processes import DesertedError, place
    from seqkit.tasks.card import eval_options
    from seqkit.tasks.lesson.lesson import Teaching
    from seqkit.train.loop import Trainer
    from seqkit.train.progress import Progress

    trainer, folder = Trainer(job, job.settings.train, run, Progress(quiet=quiet)), _quoted(run)
    if place()[0] > 0:  # the first process speaks
        trainer.fit()
        return trainer.interrupted
    teacher = job if isinstance(job, Teaching) else None
    before = teacher.lesson(trained=False) if teacher else []
    if not js:
        _teach(before)
    try:
        scores = trainer.fit()
    except SeqkitError as error:
        if not isinstance(error, DesertedError):  # it is gone on with
            _draw(run, None)  # where it went wrong is to be seen, too
        raise
    _draw(run, job)
    after = teacher.lesson(trained=True) if teacher else []
    names = list(dict.fromkeys(name for figures in scores.values() for name in figures))
    if js:
        shown = {"run": str(run.folder), "finished": not trainer.interrupted, "scores": scores}
        told = {"before": list(map(_plain, before)), "after": list(map(_plain, after))}
        print_json(shown | ({"lesson": told} if teacher else {}))
    else:
        _teach(after)
        rows = [[split, *(f.get(name) for name in names)] for split, f in scores.items()]
        if rows:
            print_table(None, ["split", *names], rows)
            print()
        asked = f'"{teacher.example}"' if teacher else getattr(job, "asked", '"a text"')
        print(f"now: seqkit predict {folder} {asked}; seqkit eval {folder}{eval_options(scores)}")
    if trainer.interrupted:
        print(f"stopped; go on with: {_how()} train --resume {folder}", file=sys.stderr)
    return trainer.interrupted


def _how() -> str:
    from seqkit.processes import place

    _, processes = place()
    return f"torchrun --nproc-per-node {processes} -m seqkit" if processes > 1 else "seqkit"


def _draw(run: "Run", job: "Job | None") -> None:
    """Write the run's page; a run without it is as good."""
    from seqkit.explain.training import write_report

    try:
        write_report(run, job)
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        print(f"{run.report_file} was not written: {reason}", file=sys.stderr)


def _teach(parts: "Sequence[str | Table]") -> None:
    """Print the lines and tables of a lesson, each with a blank line after it."""
    from seqkit.cli.output import print_table

    for part in parts:
        print(part) if isinstance(part, str) else print_table(*part)
        print()


def _plain(part: "str | Table") -> Any:
    if isinstance(part, str):
        return part
    return {"title": part.title, "columns": part.columns, "rows": part.rows}
