"""``seqkit predict``: answers of a run."""

import json
import sys
from typing import Annotated

import typer

from seqkit.cli.arguments import (
    FileOption,
    JsonOption,
    RunArgument,
    TextsArgument,
    is_prompt,
    read_texts,
)


def predict(
    run: RunArgument,
    texts: TextsArgument = None,
    file: FileOption = None,
    top: Annotated[int, typer.Option(min=1, help="Show the K most probable answers.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Answer texts: an answer for each, in order, a line each."""
    from seqkit.predict import load

    answerer = load(run)
    given = read_texts(texts, file)
    if is_prompt(texts, file):
        print("A text a line; Ctrl-D ends.", file=sys.stderr)
    # answers of typed texts at once, of a stream in batches as they come
    for answer in answerer.stream(given, at_once=1 if is_prompt(texts, file) else 1024):
        shown = json.dumps(answer.row(top), ensure_ascii=False) if as_json else answer.line(top)
        print(shown, flush=True)
