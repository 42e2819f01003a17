"""``seqkit predict``: answers of a run."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from seqkit.cli.arguments import JsonOption, RunArgument

STDIN = Path("-")


def predict(
    run: RunArgument,
    texts: Annotated[
        list[str] | None, typer.Argument(metavar="[TEXT]...", help="Texts; - reads standard input.")
    ] = None,
    file: Annotated[Path | None, typer.Option(help="A file, a text a line; - is stdin.")] = None,
    top: Annotated[int, typer.Option(min=1, help="Show the K most probable labels.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Answer texts: an answer for each, in order, a line each."""
    from seqkit.predict import load

    classifier = load(run)
    given = _texts(texts or [], file)
    if _is_prompt(texts, file):
        print("A text a line; Ctrl-D ends.", file=sys.stderr)
    # answers of typed texts at once, of a stream in batches as they come
    for answer in classifier.stream(given, at_once=1 if _is_prompt(texts, file) else 1024):
        shown = {label: answer.probabilities[label] for label in answer.labels}
        if top > 1 or as_json:
            shown |= answer.top(top)
        if as_json:
            row = {"labels": answer.labels, "probabilities": shown}
            print(json.dumps(row, ensure_ascii=False), flush=True)
        else:
            cells = [f"{label}\t{probability:.4f}" for label, probability in shown.items()]
            print("\t".join(cells), flush=True)


def _is_prompt(texts: list[str] | None, file: Path | None) -> bool:
    reads_stdin = file in (None, STDIN) and texts in (None, [], ["-"])
    return reads_stdin and sys.stdin is not None and sys.stdin.isatty()


def _texts(texts: list[str], file: Path | None) -> Iterator[str]:
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
