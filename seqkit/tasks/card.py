"""The model card: what a run was trained on, how, and how well it does."""

from collections.abc import Mapping
from typing import Any

from seqkit import __version__
from seqkit.corpus import Card
from seqkit.settings import leaves


def model_card(
    recipe: str,
    data: Card,
    facts: Mapping[str, str],
    chosen: Any,
    scores: Mapping[str, Mapping[str, float]],
    asked: str = '"a text"',
) -> str:
    """Return a model card in Markdown.

    Args:
        recipe: its name.
        data: the card of the corpus.
        facts: a name and a value a line.
        chosen: the resolved settings.
        scores: figures by name, for each split.
        asked: what ``seqkit predict RUN`` is to be given.
    """
    names = list(dict.fromkeys(name for figures in scores.values() for name in figures))
    lines = [f"# {recipe}: {data.title}", ""]
    lines += [f"Trained from scratch by seqkit {__version__}.", "", "## Scores", ""]
    if scores:
        lines += _table(
            ["split", *names],
            [
                [split, *(f"{figures[name]:.4f}" if name in figures else "" for name in names)]
                for split, figures in scores.items()
            ],
        )
    lines += ["", "## Data and model", ""]
    origin = {"corpus": data.title, "licence": data.licence, "citation": data.citation}
    lines += [f"- {name}: {value}" for name, value in (origin | dict(facts)).items() if value]
    if data.synthetic:
        lines += ["", "The corpus is synthetic: the scores say nothing about real text."]
    use = [f"seqkit predict RUN {asked}", f"seqkit eval RUN{eval_options(scores)}"]
    lines += ["", "## Use", "", "```", *use, "```"]
    lines += ["", "## Settings", ""]
    lines += _table(["setting", "value"], [[s.path, f"{s.default}"] for s in leaves(chosen)])
    return "\n".join(lines) + "\n"


def eval_options(scores: Mapping[str, Mapping[str, float]]) -> str:
    """Return what ``seqkit eval RUN`` needs beside it, where there is no test split."""
    if "test" in scores:
        return ""
    return " --split validation" if scores else " --file FILE"


def _table(columns: list[str], rows: list[list[str]]) -> list[str]:
    escaped = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    rule = ["---"] * len(columns)
    return [f"| {' | '.join(row)} |" for row in [columns, rule, *escaped]]
