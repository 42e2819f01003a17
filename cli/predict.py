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
    top: Annotated[int, typer.Option(min=1, help="Show the K most probable labels.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Answer texts: an answer for each, in order, a line each."""
    from seqkit.predict import load

    classifier = load(run)
    given = read_texts(texts, file)
    if is_prompt(texts, file):
        print("A text a line; Ctrl-D ends.", file=sys.stderr)
    # answers of typed texts at once, of a stream in batches as they come
    for answer in classifier.stream(given, at_once=1 if is_prompt(texts, file) else 1024):
        shown = {label: answer.probabilities[label] for label in answer.labels}
        if top > 1 or as_json:
            shown |= answer.top(top)
        if as_json:
            row = {"labels": answer.labels, "probabilities": shown}
            print(json.dumps(row, ensure_ascii=False), flush=True)
        else:
            cells = [f"{label}\t{probability:.4f}" for label, probability in shown.items()]
            print("\t".join(cells), flush=True)
