"""Arguments that several subcommands share."""

from pathlib import Path
from typing import Annotated

import typer


def complete_recipe(incomplete: str) -> list[str]:
    """Return the recipes that a word may become."""
    from seqkit.recipe import names

    return [name for name in names() if name.startswith(incomplete)]


RecipeArgument = Annotated[
    str,
    typer.Argument(help="A recipe's name, or the path of a file.", autocompletion=complete_recipe),
]
RunArgument = Annotated[Path, typer.Argument(help="A run directory.", metavar="RUN")]
JsonOption = Annotated[bool, typer.Option("--json", help="As JSON.")]
OfflineOption = Annotated[bool, typer.Option("--offline", help="Never fetch anything.")]


def print_help(context: typer.Context) -> None:
    """Answer a command that was given no subcommand with its help."""
    if context.invoked_subcommand is None:
        print(context.get_help())


def go_offline(offline: bool) -> None:
    """Refuse the network for the rest of this process."""
    import os

    if offline:
        os.environ["SEQKIT_OFFLINE"] = "1"
