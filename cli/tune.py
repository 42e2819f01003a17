"""``seqkit tune``: the settings of a recipe that win on validation."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from seqkit.cli.arguments import JsonOption, OfflineOption, complete_recipe, go_offline

if TYPE_CHECKING:
    from seqkit.tune.conclusion import Conclusion
    from seqkit.tune.study import Study

SHOWN = 10  # trials in the table at the end


def tune(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RECIPE [KEY=VALUES]...",
            help="A recipe, then settings: lr=1e-4..1e-2 (a range; of a grid: lr=1e-4..1e-2:5), "
            "hidden=64,128 (choices), epochs=5 (fixed).",
            autocompletion=complete_recipe,
        ),
    ] = None,
    search: Annotated[
        Literal["grid", "random", "refine", "tpe"] | None,
        typer.Option(help="refine: random first, then ever closer around the best [random]."),
    ] = None,
    trials: Annotated[
        int | None, typer.Option(min=1, help="Trials in all [20; grid: every combination].")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(help="Begin no trial after so many minutes.")
    ] = None,
    prune: Annotated[
        Literal["none", "median", "halving"] | None,
        typer.Option(help="Stop hopeless trials early, by their score after an epoch [none]."),
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of the search [0].")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Processes, a trial each at a time.")] = 1,
    config: Annotated[
        Path | None, typer.Option(help="A TOML file of settings; words come after it.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The folder of the search [runs/RECIPE-tune].")
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(help="Go on with the search in this folder.")
    ] = None,
    offline: OfflineOption = False,
    as_json: JsonOption = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Search the settings of a recipe that score best on validation."""
    from seqkit.errors import SeqkitError
    from seqkit.processes import launched, process_group
    from seqkit.train.run import Run
    from seqkit.tune.study import Study
    from seqkit.tune.tuning import begin
    from seqkit.tune.tuning import tune as work

    go_offline(offline)
    if launched():
        with process_group():  # of all these processes, one tells it
            raise SeqkitError(
                "a search works in several processes by --jobs N, not by torchrun: leave that out."
            )
    given = list(words or [])
    if minutes is not None and not minutes > 0:
        raise SeqkitError(f"--minutes {minutes:g}: give more than 0.")
    if resume is not None:
        if given or config or out or search or prune or seed is not None:
            raise SeqkitError(
                "--resume goes on with a search as it is: beside it, only --trials, --minutes and "
                "--jobs may be given."
            )
        study = Study.open(resume)
    elif not given or "=" in given[0]:
        raise SeqkitError("name a recipe to tune ('seqkit ls' lists them), or --resume a search.")
    else:
        study = begin(
            given[0],
            given[1:],
            out or Run.next_to(f"{Path(given[0]).stem}-tune"),
            config=config,
            strategy=search or "random",
            trials=trials,
            minutes=minutes,
            prune=prune or "none",
            seed=seed or 0,
        )
    found = work(study, trials=trials, minutes=minutes, jobs=jobs, quiet=quiet)
    if found is None:
        print(f"stopped; go on with: seqkit tune --resume {_quoted(study.folder)}", file=sys.stderr)
        raise typer.Exit(130)
    _tell(study, found, as_json)


def _quoted(folder: Path) -> str:
    import shlex

    return shlex.quote(str(folder))


def _tell(study: "Study", found: "Conclusion", as_json: bool) -> None:
    from seqkit.cli.output import print_json, print_table
    from seqkit.tune.board import ranked

    if as_json:
        print_json({"folder": str(study.folder), "search": _plain(study)} | found.as_dict())
        return
    names, monitor = study.space.names(), study.search.monitor
    rows = [
        [trial.number, trial.score, *trial.values.values(), _note(trial)]
        for trial in ranked(study, found.trials)[:SHOWN]
    ]
    print_table(None, ["trial", f"validation {monitor}", *names.values(), ""], rows)
    if left := len(found.trials) - len(rows):
        print(f"and {left} more")
    print()
    if found.importance:
        order = sorted(found.importance.items(), key=lambda item: -item[1])
        shares = ", ".join(f"{names[path]} {share:.0%}" for path, share in order)
        print(f"what each setting explains by itself: {shares}")
    split = "test" if "test" in found.scores else "validation"
    print(f"best: trial {found.best.number}, {split} {monitor} {found.scores[split][monitor]:.4f}")
    folder = _quoted(study.folder)
    print(f"report: {folder}/report.html; settings: {folder}/best.toml")
    print(
        f'now: seqkit predict {folder}/best "a text"; '
        f"seqkit train {study.search.recipe} --config {folder}/best.toml"
    )


def _note(trial: Any) -> str:
    return {"done": "", "pruned": "stopped early"}.get(trial.state) or str(trial.problem)


def _plain(study: "Study") -> dict[str, Any]:
    from seqkit.settings import as_dict

    return {name: value for name, value in as_dict(study.search).items() if name != "base"}
