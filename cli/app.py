"""The table of subcommands, and how errors and warnings reach the user."""

import logging
import os
import sys
from collections.abc import Callable
from typing import Annotated

import typer
from typer.exceptions import TyperException

from seqkit import __version__
from seqkit.cli import (
    cp,
    data,
    demo,
    doctor,
    evaluate,
    explain,
    export,
    ls,
    predict,
    serve,
    show,
    tokenize,
    train,
    tune,
    vectors,
    vocab,
)
from seqkit.cli.arguments import print_help
from seqkit.errors import SeqkitError

COMMANDS: dict[str, Callable[..., None]] = {
    "ls": ls.ls,
    "show": show.show,
    "cp": cp.cp,
    "train": train.train,
    "tune": tune.tune,
    "eval": evaluate.evaluate,
    "predict": predict.predict,
    "explain": explain.explain,
    "serve": serve.serve,
    "export": export.export,
    "tokenize": tokenize.tokenize,
    "demo": demo.demo,
    "doctor": doctor.doctor,
}
GROUPS = {"data": data.app, "vocab": vocab.app, "vectors": vectors.app}

app = typer.Typer(
    name="seqkit",
    help="Train sequence models and word vectors from scratch, in Korean and English.",
    invoke_without_command=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _name, _command in COMMANDS.items():
    app.command(_name)(_command)
for _name, _group in GROUPS.items():
    app.add_typer(_group, name=_name)


def version(wanted: bool) -> None:
    """Print the version and end."""
    if wanted:
        print(f"seqkit {__version__}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=version, is_eager=True)
    ] = False,
) -> None:
    """Train sequence models and word vectors from scratch, in Korean and English."""
    print_help(context)


def run() -> None:
    """Run the command line; every user's error is one line and exit code 2."""
    logger, told = logging.getLogger("seqkit"), _Told()
    logger.addHandler(told)
    try:
        _run()
    finally:
        logger.removeHandler(told)


def _run() -> None:
    try:
        code = app(standalone_mode=False)
        sys.stdout.flush()
    except SeqkitError as error:
        _fail(str(error), 2)
    except TyperException as error:
        _fail(_usage(error), 2)
    except (KeyboardInterrupt, typer.Abort):
        _fail("stopped.", 130)
    except (MemoryError, RuntimeError) as error:  # torch has no exception of its own on a CPU
        if "determine home directory" in str(error):  # of Path.expanduser
            _fail("the home directory of a path that begins with ~ is not known: write it out.", 2)
        told = ("allocate memory", "out of memory")
        if isinstance(error, RuntimeError) and not any(words in str(error) for words in told):
            raise
        _fail(
            "out of memory: try a smaller batch_size, max_length or hidden; "
            "of word vectors, a smaller size, buckets or max_words.",
            2,
        )
    except UnicodeEncodeError as error:
        _fail(
            f"{error.object[error.start : error.end][:8]!a} cannot be written in {error.encoding}: "
            "it is no text, or the terminal has no sign for it (PYTHONUTF8=1 may help).",
            2,
        )
    except BrokenPipeError:  # the reader of our output has gone, as head does
        _end_silently()
    except SystemExit as end:  # typer's own answer to that
        if isinstance(end.__context__, BrokenPipeError):
            _end_silently()
        raise
    except OSError as error:
        _silence()
        _fail(f"{error.filename or 'standard output'}: {error.strerror or error}.", 2)
    sys.exit(code if isinstance(code, int) else 0)


def _silence() -> None:
    """Let what is still to be written go nowhere, rather than fail again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _end_silently() -> None:
    _silence()
    sys.exit(141)


def _usage(error: TyperException) -> str:
    say = getattr(error, "format_message", None)
    message = str(say() if say else error).rstrip(".")
    context = getattr(error, "ctx", None)
    return f"{message} ('{context.command_path} --help' shows how)." if context else f"{message}."


def _fail(message: str, code: int) -> None:
    _tell(message)
    sys.exit(code)


def _tell(message: str) -> None:
    one_line = " ".join(message.split())
    print(f"seqkit: {one_line}", file=sys.stderr)


class _Told(logging.Handler):
    """Writes the library's warnings as errors are written."""

    def emit(self, record: logging.LogRecord) -> None:
        _tell(record.getMessage())
