"""``seqkit eval``: the scores of a run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqkit.cli.arguments import JsonOption, OfflineOption, RunArgument, go_offline

if TYPE_CHECKING:
    from seqkit.train.metrics import Report


def evaluate(
    run: RunArgument,
    split: Annotated[str, typer.Option(help="The split to score on.")] = "test",
    file: Annotated[
        Path | None, typer.Option(help="Score on a labelled file or folder of your own instead.")
    ] = None,
    text: Annotated[str, typer.Option(help="--file: the column of texts.")] = "text",
    label: Annotated[str, typer.Option(help="--file: the column of labels.")] = "label",
    separator: Annotated[str, typer.Option(help="--file: between several labels.")] = "",
    offline: OfflineOption = False,
    as_json: JsonOption = False,
) -> None:
    """Score a run: accuracy, F1, each class, what is confused."""
    from seqkit.cli.output import print_json

    go_offline(offline)
    if file is not None:
        result = _on_file(run, file, {"text": text, "label": label, "separator": separator})
    else:
        result = _on_split(run, split)
    if as_json:
        print_json(result.as_dict())
    else:
        _print(result)


def _on_file(run: Path, file: Path, options: dict[str, str]) -> "Report":
    from seqkit.corpora.labelled import rows
    from seqkit.predict import load
    from seqkit.tasks.text_classifier import encode_labels

    classifier = load(run)
    examples = list(rows(file, options))
    true = encode_labels([e.labels for e in examples], classifier.labels, str(file))
    return classifier.report(classifier.encode(e.text for e in examples), true)


def _on_split(run: Path, split: str) -> "Report":
    from seqkit.predict import load
    from seqkit.recipe import find
    from seqkit.tasks.classification import rows_of, with_validation
    from seqkit.tasks.text_classifier import encode_labels
    from seqkit.train.run import Run

    classifier, saved = load(run), Run.open(run).settings()
    recipe = find(saved["recipe"])
    chosen = recipe.saved_settings(saved["settings"])
    corpus = recipe.read(chosen)
    if split == "validation":
        corpus = with_validation(corpus, chosen.validation)
    examples = list(rows_of(corpus, split, chosen.noise))
    true = encode_labels([e.labels for e in examples], classifier.labels, f"the {split} split")
    return classifier.report(classifier.encode(e.text for e in examples), true)


def _print(result: "Report") -> None:
    from seqkit.cli.output import print_table

    scores = [[name, value] for name, value in result.scores.items()]
    print_table(None, ["score", "value"], [["rows", result.rows], *scores])
    print()
    print_table(
        None,
        ["class", "precision", "recall", "F1", "rows"],
        [[c.label, c.precision, c.recall, c.f1, c.support] for c in result.classes if c.support],
    )
    if result.confusions:
        print()
        print_table(
            None,
            ["true", "answered", "times"],
            [[c.true, c.predicted, c.count] for c in result.confusions[:15]],
        )
