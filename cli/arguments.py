"""Arguments that several subcommands share, and what they stand for."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

if TYPE_CHECKING:
    from seqkit.text.tokenizer import Tokenizer

STDIN = Path("-")


def complete_recipe(incomplete: str) -> list[str]:
    """Return the recipes that a word may become."""
    from seqkit.recipe import names

    return [name for name in names() if name.startswith(incomplete)]


def complete_tokenizer(incomplete: str) -> list[str]:
    """Return the tokenizers that a word may become."""
    from seqkit.text.tokenizer import TOKENIZERS

    return [name for name in TOKENIZERS if name.startswith(incomplete)]


RecipeArgument = Annotated[
    str,
    typer.Argument(help="A recipe's name, or the path of a file.", autocompletion=complete_recipe),
]
RunArgument = Annotated[Path, typer.Argument(help="A run directory.", metavar="RUN")]
TextsArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[TEXT]...", help="Texts; - reads standard input.")
]
FileOption = Annotated[Path | None, typer.Option(help="A file, a text a line; - is stdin.")]
TokenizerOption = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="A tokenizer's name, or a folder where one was saved.",
        autocompletion=complete_tokenizer,
    ),
]
OptionOption = Annotated[
    list[str] | None,
    typer.Option("--option", metavar="KEY=VALUE", help="An option of the tokenizer; repeatable."),
]
WorkersOption = Annotated[int, typer.Option(min=1, help="Processes to work in.")]
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


def is_prompt(texts: list[str] | None, file: Path | None) -> bool:
    """Whether the texts are typed by a person, one by one."""
    reads_stdin = file in (None, STDIN) and texts in (None, [], ["-"])
    return reads_stdin and sys.stdin is not None and sys.stdin.isatty()


def read_texts(texts: list[str] | None, file: Path | None) -> Iterator[str]:
    """Yield the texts given as words, in a file, or else on standard input, as they come."""
    from seqkit.errors import SeqkitError
    from seqkit.files import lines_of, read_lines

    if file is not None and file != STDIN:
        if texts:
            raise SeqkitError("give texts or --file, not both.")
        yield from (line for _, line in read_lines(file))
    elif texts and texts != ["-"]:
        yield from texts
    elif sys.stdin is None:
        raise SeqkitError("standard input is closed: give texts, or --file.")
    else:
        yield from (line for _, line in lines_of(sys.stdin.buffer, "standard input"))


def open_tokenizer(name: str, options: Sequence[str] | None = None) -> "Tokenizer":
    """Return a tokenizer by its name and ``key=value`` options, or the one saved in a folder.

    The folder is a run directory, what ``vocab build`` wrote, or where ``tokenizer.json`` lies.

    Raises:
        SeqkitError: if there is none, or an option is unknown or of a bad value.
    """
    from dataclasses import fields

    from seqkit.errors import SeqkitError, unknown
    from seqkit.settings import parse
    from seqkit.text.tokenizer import FILE, TOKENIZERS, create, load

    if name in TOKENIZERS:
        plain: Any = create(name)
        known = ", ".join(field.name for field in fields(plain))
        return cast("Tokenizer", parse(plain, options or [], hint=f"{name} has: {known}"))
    folders = [f for f in (Path(name) / "tokenizer", Path(name)) if (f / FILE).is_file()]
    if not folders and (Path(name).exists() or len(Path(name).parts) != 1):
        raise SeqkitError(f"{name} holds no tokenizer: name a run, or what 'vocab build' wrote.")
    if not folders:
        raise unknown("tokenizer", name, TOKENIZERS)
    if options:
        raise SeqkitError(f"the tokenizer in {name} has its options already: leave out --option.")
    return load(folders[0])
