"""``seqkit eval``: the scores of a run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqkit.cli.arguments import JsonOption, OfflineOption, RunArgument, go_offline

if TYPE_CHECKING:
    from seqkit.tasks.answering import Scored


def evaluate(
    run: RunArgument,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[KEY=VALUE]...",
            help="evaluation.* of a run, as evaluation.cache=0.1; with --file, how it is read, as "
            "text=review label=stars ('seqkit data show').",
        ),
    ] = None,
    split: Annotated[str, typer.Option(help="The split to score on.")] = "test",
    file: Annotated[
        Path | None, typer.Option(help="Score on a file or folder of your own instead.")
    ] = None,
    offline: OfflineOption = False,
    as_json: JsonOption = False,
) -> None:
    """Score a run: its figures, each class, what is confused."""
    from seqkit.cli.output import print_json, print_table
    from seqkit.predict import load

    go_offline(offline)
    if file is not None:
        result = load(run).score_file(file, _options(words or []))
    else:
        result = _on_split(run, split, words or [])
    if as_json:
        print_json(result.as_dict())
        return
    for number, table in enumerate(result.tables()):
        if number:
            print()
        print_table(*table)


def _options(words: list[str]) -> dict[str, str]:
    from seqkit.errors import SeqkitError

    options = dict(word.split("=", 1) for word in words if "=" in word)
    if len(options) < len(words):
        wrong = next((word for word in words if "=" not in word), words[-1])
        raise SeqkitError(f"'{wrong}' is not of the form key=value, or comes twice.")
    return options


def _on_split(run: Path, split: str, words: list[str]) -> "Scored":
    from seqkit.predict import load
    from seqkit.recipe import find
    from seqkit.train.run import Run

    answerer, saved = load(run), Run.open(run).settings()
    recipe = find(saved["recipe"])
    chosen = recipe.scoring_settings(saved["settings"], words)
    return answerer.score(recipe.read(chosen), split, chosen)
