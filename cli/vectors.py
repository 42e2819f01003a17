"""``seqkit vectors``: the table of its subcommands."""

from collections.abc import Callable

import typer

from seqkit.cli import (
    vectors_ask,
    vectors_convert,
    vectors_files,
    vectors_map,
    vectors_query,
    vectors_train,
)
from seqkit.cli.arguments import print_help

COMMANDS: dict[str, Callable[..., None]] = {
    "train": vectors_train.train,
    "similar": vectors_ask.similar,
    "analogy": vectors_ask.analogy,
    "compare": vectors_ask.compare,
    "odd": vectors_ask.odd,
    "sentence": vectors_ask.sentence,
    "query": vectors_query.query,
    "map": vectors_map.map_,
    "eval": vectors_files.evaluate,
    "info": vectors_files.info,
    "index": vectors_files.index,
    "convert": vectors_convert.convert,
}

app = typer.Typer(
    name="vectors",
    help="Train word vectors and look into them.",
    epilog="Vectors are those of --vectors PATH, else of $SEQKIT_VECTORS, else of ./vectors.",
    invoke_without_command=True,
    rich_markup_mode=None,
    callback=print_help,
)
for _name, _command in COMMANDS.items():
    app.command(_name)(_command)
