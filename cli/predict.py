"""``seqkit predict``: answers of a run."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from seqkit.cli.arguments import (
    STDIN,
    FileOption,
    JsonOption,
    RunArgument,
    TextsArgument,
    is_prompt,
    read_texts,
)

if TYPE_CHECKING:
    from seqkit.errors import SeqkitError
    from seqkit.tasks.answering import Answer, Answerer


def predict(
    run: RunArgument,
    texts: TextsArgument = None,
    file: FileOption = None,
    top: Annotated[
        int | None,
        typer.Option(min=1, help="Show the K best answers [1; next words and names: 5]."),
    ] = None,
    as_json: JsonOption = False,
    sentences: Annotated[
        int | None, typer.Option(min=0, help="To write: whole sentences [1].")
    ] = None,
    beam: Annotated[
        int | None,
        typer.Option(min=1, help="To write: hypotheses searched [texts, names: 8; else 5]."),
    ] = None,
    temperature: Annotated[
        float | None,
        typer.Option(min=0, help="To write: draw sentences at random, as 1 [0: the best]."),
    ] = None,
    top_k: Annotated[
        int | None, typer.Option(min=1, help="To write: draw from the K most probable units.")
    ] = None,
    top_p: Annotated[
        float | None, typer.Option(help="To write: draw from units of this share in all.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="To write: of what is drawn [0].")] = None,
    length: Annotated[
        int | None, typer.Option(min=1, help="To write: units, at most [texts: 120].")
    ] = None,
    min_length: Annotated[
        int | None, typer.Option(min=0, help="To write: units, at least.")
    ] = None,
    length_penalty: Annotated[
        float | None, typer.Option(min=0, help="To write: more favours longer sentences.")
    ] = None,
    coverage_penalty: Annotated[
        float | None, typer.Option(min=0, help="To translate: more leaves less of it out [0].")
    ] = None,
    block_ngrams: Annotated[
        int | None, typer.Option(min=1, help="To write: no N units are written twice.")
    ] = None,
    replace_unknown: Annotated[
        bool, typer.Option("--replace-unknown", help="To translate: copy unknown words.")
    ] = False,
    ensemble: Annotated[
        list[Path] | None,
        typer.Option(metavar="RUN", help="To translate: another run to ask too; repeatable."),
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="To translate: the language that must come out.")
    ] = None,
    unfinished: Annotated[
        bool, typer.Option("--unfinished", help="To write: complete the prompt's last word.")
    ] = False,
    lemmas: Annotated[
        bool,
        typer.Option("--lemmas", help="To write: next words by dictionary form, of morphemes."),
    ] = False,
    half: Annotated[
        bool,
        typer.Option("--half", help="To write: weights of 16 bits, faster for one text at a time."),
    ] = False,
    classify: Annotated[
        bool, typer.Option("--classify", help="Of names: tell the category of each text.")
    ] = False,
    runtime: Annotated[
        Literal["torch", "onnx"],
        typer.Option(help="onnx: what 'seqkit export' wrote, without torch."),
    ] = "torch",
) -> None:
    """Answer texts: an answer for each, in order, a line each.

    A language model goes on with them: next words with their probabilities, then sentences. A
    translator writes one line for each: seqkit predict RUN < source.txt > target.txt
    """
    from seqkit.tasks.answering import ReadsFiles, WritesText

    answerer = _open(run, runtime)
    if ensemble or target:
        answerer = _together(run, answerer, ensemble or [], target, runtime)
    options = {
        "sentences": sentences,
        "beam": beam,
        "temperature": temperature,
        "top_k": top_k,
        "top_p": top_p,
        "seed": seed,
        "length": length,
        "min_length": min_length,
        "length_penalty": length_penalty,
        "coverage_penalty": coverage_penalty,
        "block_ngrams": block_ngrams,
        "replace_unknown": replace_unknown or None,
        "unfinished": unfinished or None,
        "lemmas": lemmas or None,
        "half": half or None,
        "classify": classify or None,
    }
    given_options = {name: value for name, value in options.items() if value is not None}
    if isinstance(answerer, WritesText):
        answerer = answerer.with_options({**({"top": top} if top else {}), **given_options})
        top = answerer.writing.top
    elif given_options:
        raise _writes_nothing(run, next(iter(given_options)))
    top = top or 1
    if isinstance(answerer, ReadsFiles) and file not in (None, STDIN) and not texts:
        _show(answerer.answer_file(file), top, as_json)
        return
    given = read_texts(texts, file)
    if is_prompt(texts, file):
        print("A text a line; Ctrl-D ends.", file=sys.stderr)
    # answers of typed texts at once, of a stream in batches as they come
    at_once = 1 if is_prompt(texts, file) else 1024
    _show(answerer.stream(given, at_once=at_once), top, as_json)


def _open(run: Path, runtime: str) -> "Answerer":
    if runtime == "onnx":
        from seqkit.export.runtime import load as load_exported

        return load_exported(run)
    from seqkit.predict import load

    return load(run)


def _writes_nothing(run: Path, option: str) -> "SeqkitError":
    from seqkit.errors import SeqkitError

    word = f"--{option.replace('_', '-')}"
    return SeqkitError(
        f"{run} writes no text, so {word} means nothing to it: leave it out, or name a run of "
        "language_model, completion or translation."
    )


def _together(
    run: Path, answerer: "Answerer", ensemble: list[Path], target: str | None, runtime: str
) -> "Answerer":
    """Return the answerer, in one with those of other runs, if it writes the right language."""
    from seqkit.errors import SeqkitError
    from seqkit.predict import load
    from seqkit.tasks.answering import Translates

    option = "--ensemble" if ensemble else "--target"
    if runtime == "onnx":
        raise SeqkitError(f"{option} does not work with --runtime onnx: leave one of them out.")
    if not isinstance(answerer, Translates):
        raise SeqkitError(f"{run} does not translate, so {option} means nothing to it.")
    if target:
        answerer.refuse_other(target)
    return answerer.with_ensemble([(str(other), load(other)) for other in ensemble])


def _show(answers: "Iterable[Answer]", top: int, as_json: bool) -> None:
    for answer in answers:
        shown = json.dumps(answer.row(top), ensure_ascii=False) if as_json else answer.line(top)
        print(shown, flush=True)
