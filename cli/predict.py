"""``seqkit predict``: answers of a run."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from seqkit.cli.arguments import JsonOption, RunArgument


def predict(
    run: RunArgument,
    texts: Annotated[
        list[str] | None, typer.Argument(metavar="[TEXT]...", help="Texts; - reads standard input.")
    ] = None,
    file: Annotated[Path | None, typer.Option(help="A file, a text a line.")] = None,
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
        best = answer.top(top)
        if as_json:
            row = {"labels": answer.labels, "probabilities": dict(best)}
            print(json.dumps(row, ensure_ascii=False), flush=True)
        elif top > 1:
            print(
                "\t".join(f"{label} {probability:.4f}" for label, probability in best), flush=True
            )
        else:
            shown = [f"{label}\t{answer.probabilities[label]:.4f}" for label in answer.labels]
            print("\t".join(shown), flush=True)


def _is_prompt(texts: list[str] | None, file: Path | None) -> bool:
    return file is None and texts in (None, [], ["-"]) and sys.stdin.isatty()


def _texts(texts: list[str], file: Path | None) -> Iterator[str]:
    from seqkit.errors import SeqkitError
    from seqkit.files import lines_of, read_lines

    if file is not None:
        if texts:
            raise SeqkitError("give texts or --file, not both.")
        yield from (line for _, line in read_lines(file))
    elif texts and texts != ["-"]:
        yield from texts
    else:
        yield from (line for _, line in lines_of(sys.stdin.buffer, "standard input"))
