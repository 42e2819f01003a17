"""``seqkit vectors train``: a text into word vectors."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqkit.cli.arguments import JsonOption, OfflineOption, go_offline
from seqkit.cli.vectors_answers import DEFAULT
from seqkit.errors import SeqkitError

if TYPE_CHECKING:
    from seqkit.vectors import WordVectors
    from seqkit.vectors.word2vec import Report, Word2VecSettings

HINT = "'seqkit vectors train --settings' lists them"


def train(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="CORPUS... [KEY=VALUE]...",
            help="Text files (.txt, .gz, .zst), - for standard input, or a data set; settings.",
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="The folder to write.")] = Path(DEFAULT),
    start: Annotated[
        Path | None, typer.Option(help="Go on with these vectors, and learn new words.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where the training of --out was stopped.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace vectors that are there.")
    ] = False,
    config: Annotated[
        Path | None, typer.Option(help="A TOML file of settings; words come after it.")
    ] = None,
    device: Annotated[str, typer.Option(help="cpu; or cuda, through torch [cpu].")] = "",
    splits: Annotated[
        str, typer.Option(help="Of a data set: train,unlabelled or all [train].")
    ] = "",
    settings: Annotated[bool, typer.Option("--settings", help="List the settings.")] = False,
    offline: OfflineOption = False,
    as_json: JsonOption = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Train word vectors.

    Skip-gram, or CBOW by model=cbow; --settings lists all that can be chosen. A file has a
    sentence or a text a line, its words between spaces; tokenizer=NAME cuts it otherwise
    (tokenizer.KEY=VALUE are its options). A data set is cut by kiwi, an English one by word,
    unless a tokenizer is named; KEY=VALUE or corpus.KEY=VALUE are the data set's options.
    """
    from seqkit.cli.vectors_corpus import Request
    from seqkit.settings import leaves, parse
    from seqkit.vectors import word2vec
    from seqkit.vectors.files.runs import refuse_run
    from seqkit.vectors.training.course import is_taken

    plain = word2vec.Word2VecSettings()
    if settings:
        _print_settings(plain, as_json)
        return
    if resume and (overwrite or start is not None):
        raise SeqkitError("--resume goes on with --out: leave out --overwrite and --start.")
    go_offline(offline)
    known = [leaf.path for leaf in leaves(plain)]
    request = Request.read(words or [], known, resume=resume)
    before = word2vec.settings_of(out) if resume else plain
    chosen = parse(before, request.settings, config=config, hint=HINT)
    first = os.environ.get("RANK", "0") == "0"  # of the processes of torchrun
    refuse_run(out)
    if first and not resume and not overwrite and is_taken(out):
        raise SeqkitError(
            f"{out} exists already: choose another --out, or give --overwrite, or --resume if its "
            "training was stopped."
        )
    if resume and (request.tokenizer or request.options or request.corpus or splits):
        raise SeqkitError(
            "--resume goes on with the text and the tokenizer that training began with: leave out "
            "what names others."
        )
    texts, tokenizer = ("-", None) if resume else request.texts(splits)
    progress = Progress(quiet=quiet or not first)
    try:
        with progress.running():
            word2vec.train(
                texts,
                chosen,
                out,
                tokenizer=tokenizer,
                start=start,
                resume=resume,
                overwrite=overwrite,
                device=device or request.device or "cpu",
                report=progress.report,
            )
    except KeyboardInterrupt as stop:
        saved = isinstance(stop, word2vec.Stopped)
        _tell_stopped(out, saved=saved, began=progress.last is not None)
        raise typer.Exit(130) from None
    if first:
        _print_end(out, progress.last, as_json)


def _print_settings(plain: "Word2VecSettings", as_json: bool) -> None:
    from seqkit.cli.output import print_json, print_table
    from seqkit.settings import leaves

    found = list(leaves(plain))
    if as_json:
        print_json(
            [
                {"setting": s.path, "type": s.type_name, "default": s.default, "help": s.help}
                for s in found
            ]
        )
        return
    rows = [
        [s.path, s.type_name, "none" if s.default is None else str(s.default), s.help]
        for s in found
    ]
    print_table(None, ["setting", "type", "default", "help"], rows)


def _tell_stopped(out: Path, *, saved: bool, began: bool) -> None:
    """Say what a Ctrl-C left, and how to go on."""
    from shlex import quote

    where = quote(str(out))
    if saved:
        print(
            f"stopped; the vectors so far are in {where}; "
            f"go on: seqkit vectors train --resume --out {where}",
            file=sys.stderr,
        )
    elif began:
        print("stopped at once: what was learnt since the last epoch is lost", file=sys.stderr)
    else:
        print("stopped before training began: nothing was kept", file=sys.stderr)


def _print_end(out: Path, last: "Report | None", as_json: bool) -> None:
    from shlex import quote

    from seqkit.cli.output import print_json
    from seqkit.cli.vectors_answers import open_vectors

    vectors = open_vectors(out)
    found = {"vectors": str(out), "words": len(vectors), "size": vectors.vector_size}
    if last is not None:
        found |= {"trained_words": last.words, "loss": last.loss, "seconds": last.seconds}
    if as_json:
        print_json(found)
        return
    print(f"{out}: {len(vectors):,} words, {vectors.vector_size} dimensions", end="")
    if last is not None:
        print(f"; loss {last.loss:.4f}; {last.words:,} words in {last.seconds:,.1f} s", end="")
    print()
    at = "" if str(out) == DEFAULT else f" -v {quote(str(out))}"
    now = [f"similar {quote(_example(vectors))}", "query", "map", "eval"]
    print("\nnow: " + "; ".join(f"seqkit vectors {command}{at}" for command in now))


def _example(vectors: "WordVectors") -> str:
    """Return a word to ask of: a frequent one, of letters, that is no particle."""
    frequent = list(islice(iter(vectors.words), 1000))
    return next((word for word in frequent[20:] if len(word) > 1 and word.isalpha()), frequent[0])


class Progress:
    """Shows the course of training on standard error: a bar on a terminal, else a line an epoch."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet
        self.last: Report | None = None
        self._live = not quiet and sys.stderr.isatty()
        self._bar: Any = None
        self._task: Any = None

    @contextmanager
    def running(self) -> Iterator[None]:
        """Show a bar for the time of a block; until the first report, that the text is read."""
        if not self._live:
            yield
            self._say(self.last)
            return
        from rich import progress
        from rich.console import Console

        columns = (
            progress.SpinnerColumn(),
            progress.BarColumn(bar_width=24),
            progress.TextColumn("{task.description}"),
            progress.TimeRemainingColumn(compact=True),
        )
        console = Console(stderr=True)
        with progress.Progress(*columns, console=console, transient=True) as self._bar:
            self._task = self._bar.add_task("reading the text", total=None)
            yield
        self._bar = None
        self._say(self.last)

    def report(self, report: "Report") -> None:
        """Show how far training is."""
        before, self.last = self.last, report
        if before is not None and before.epoch != report.epoch:
            self._say(before)
        if self._bar is not None:
            self._bar.update(
                self._task,
                total=report.total_words,
                completed=report.words,
                description=line_of(report),
            )

    def _say(self, report: "Report | None") -> None:
        """Print a line of the end of an epoch, above the bar if there is one."""
        if self.quiet or report is None:
            return
        if self._bar is not None:
            self._bar.console.print(line_of(report), highlight=False, markup=False)
        else:
            print(line_of(report), file=sys.stderr, flush=True)


def line_of(report: "Report") -> str:
    """Return a report in one line."""
    rate = report.words / max(report.seconds, 1e-9)
    return f"epoch {report.epoch}/{report.epochs}  loss {report.loss:.4f}  {rate:,.0f} words/s"
