"""``seqkit explain``: what a run does inside, as one HTML page."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqkit.cli.arguments import FileOption, read_texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seqkit.pages.figures import Section

PAGE, COMPARISON = "explain.html", "compare.html"  # where no --out is given, in the (first) run


def explain(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="RUN [TEXT]...", help="A run directory, then texts [examples]."),
    ] = None,
    file: FileOption = None,
    compare: Annotated[
        bool,
        typer.Option("--compare", help="RUN RUN ...: the gradients of several, side by side."),
    ] = False,
    out: Annotated[Path | None, typer.Option(help="The page [RUN/explain.html].")] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a file that is there.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="All numbers as JSON; a page too, only with --out.")
    ] = False,
) -> None:
    """Show what a run does inside, as one HTML page that works offline.

    Its network, gates and gradients over your text, what decided its answer, its training. With
    --compare, all words are runs and texts come from --file.
    """
    from seqkit.errors import SeqkitError

    given = list(words or [])
    if not given:
        raise SeqkitError("name a run to explain: seqkit explain RUN [TEXT]...")
    runs, texts = (given, []) if compare else (given[:1], given[1:])
    page = _place(runs[0], out, COMPARISON if compare else PAGE, overwrite)
    texts = [text for text in _texts(texts, file) if text.strip()]
    if compare:
        title, about, sections = _compared(runs, texts)
    else:
        title, about, sections = _explained(runs[0], texts)
    if as_json:
        _print_numbers(title, sections)
    if out is not None or not as_json:
        _write(page, title, about, sections, quiet=as_json)


def _texts(texts: "list[str]", file: Path | None) -> "list[str]":
    """Return the texts that a person gave, if any: standard input is read only if named."""
    return list(read_texts(texts, file)) if texts or file is not None else []


def _place(run: str, out: Path | None, name: str, overwrite: bool) -> Path:
    """Return where the page goes; its own of before may be replaced, another file may not."""
    from seqkit.errors import SeqkitError

    if out is None:
        return Path(run) / name
    if out.is_dir() or (out.exists() and not overwrite):
        raise SeqkitError(f"{out} exists already: choose another --out, or give --overwrite.")
    return out


def _explained(run: str, texts: "list[str]") -> "tuple[str, str, Sequence[Section]]":
    from seqkit.explain.explaining import opened, sections

    subject = opened(run, texts)
    recipe = Path(subject.run.settings()["recipe"]).stem
    shown = "texts of yours" if texts else "examples of its data"
    task = subject.task.replace("_", " ")
    of = recipe if task in recipe.replace("_", " ") else f"{recipe} ({task})"
    about = f"A run of {of}, shown on {shown}."
    return Path(run).absolute().name, about, list(sections(subject))


def _compared(runs: "list[str]", texts: "list[str]") -> "tuple[str, str, Sequence[Section]]":
    from seqkit.explain.explaining import compare

    names = [Path(run).absolute().name for run in runs]
    return " / ".join(names), "Runs side by side.", compare(runs, texts)


def _print_numbers(title: str, sections: "Sequence[Section]") -> None:
    from seqkit.cli.output import print_json

    shown: dict[str, Any] = {"title": title, "sections": [each.as_dict() for each in sections]}
    print_json(shown)


def _write(
    path: Path, title: str, about: str, sections: "Sequence[Section]", *, quiet: bool
) -> None:
    from seqkit.pages import page

    page.write(path, title, about, sections)
    if not quiet:
        figures = sum(len(section.figures) for section in sections)
        print(f"{path}: {figures} figures; open it in a browser")
