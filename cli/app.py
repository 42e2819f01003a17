"""The table of subcommands, and how errors reach the user."""

import os
import sys
from collections.abc import Callable
from typing import Annotated

import typer
from typer.exceptions import TyperException

from seqkit import __version__
from seqkit.cli import cp, data, demo, doctor, evaluate, ls, predict, show, train
from seqkit.errors import SeqkitError

COMMANDS: dict[str, Callable[..., None]] = {
    "ls": ls.ls,
    "show": show.show,
    "cp": cp.cp,
    "train": train.train,
    "eval": evaluate.evaluate,
    "predict": predict.predict,
    "demo": demo.demo,
    "doctor": doctor.doctor,
}
GROUPS = {"data": data.app}

app = typer.Typer(
    name="seqkit",
    help="Train sequence models and word vectors from scratch, in Korean and English.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _name, _command in COMMANDS.items():
    app.command(_name)(_command)
for _name, _group in GROUPS.items():
    app.add_typer(_group, name=_name)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"seqkit {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Train sequence models and word vectors from scratch, in Korean and English."""


def run() -> None:
    """Run the command line; every user's error is one line and exit code 2."""
    try:
        code = app(standalone_mode=False)
    except SeqkitError as error:
        _fail(str(error), 2)
    except TyperException as error:
        _fail(_usage(error), 2)
    except FileNotFoundError as error:
        _fail(f"no such file: {error.filename}.", 2)
    except PermissionError as error:
        _fail(f"no permission for {error.filename}.", 2)
    except (KeyboardInterrupt, typer.Abort):
        _fail("stopped.", 130)
    except BrokenPipeError:  # the reader of our output has gone, as head does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    sys.exit(code if isinstance(code, int) else 0)


def _usage(error: TyperException) -> str:
    say = getattr(error, "format_message", None)
    message = str(say() if say else error).rstrip(".")
    context = getattr(error, "ctx", None)
    hint = f" '{context.command_path} --help' shows how." if context else ""
    return f"{message}.{hint}" if message else hint.strip()


def _fail(message: str, code: int) -> None:
    one_line = " ".join(message.split())
    print(f"seqkit: {one_line}", file=sys.stderr)
    sys.exit(code)
