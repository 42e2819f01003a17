"""``seqkit cp``: a recipe to start one's own from."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from seqkit.cli.arguments import complete_recipe


def cp(
    recipe: Annotated[
        str, typer.Argument(help="A recipe that ships.", autocompletion=complete_recipe)
    ],
    to: Annotated[Path, typer.Argument(help="The file to write, ending in .py.")],
) -> None:
    """Copy a recipe to a file of your own, to change and train."""
    from seqkit.errors import SeqkitError
    from seqkit.files import write_text
    from seqkit.recipe import path_of

    source = path_of(recipe)
    if to.suffix != ".py":
        raise SeqkitError(f"{to} must end in .py.")
    if to.exists():
        raise SeqkitError(f"{to} exists already: name another file.")
    write_text(to, source.read_text(encoding="utf-8"))
    path = shlex.quote(str(to if to.is_absolute() else f"./{to}"))
    print(f"{to}: change it, then run: seqkit train {path}")
