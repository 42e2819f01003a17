"""What every command prints with: tables that align, in Hangul too, and JSON."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal


def print_json(value: Any) -> None:
    """Print ``value`` as indented JSON, Hangul left readable."""
    print(json.dumps(value, ensure_ascii=False, indent=2))


def print_table(
    title: str | None,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    decimals: int | None = None,
) -> None:
    """Print a table to standard output; columns of numbers are aligned to the right.

    Fractions have four significant digits, or so many ``decimals``. On a terminal it is drawn
    and wraps to fit; when piped it is plain text, two spaces between columns, a Hangul syllable
    two columns wide, nothing cut off.
    """
    given = [list(row) for row in rows]
    fraction = ".4g" if decimals is None else f".{decimals}f"
    table = [[_cell(value, fraction) for value in row] for row in given]
    right = [
        bool(given) and all(isinstance(row[i], int | float) or row[i] is None for row in given)
        for i in range(len(columns))
    ]
    if sys.stdout.isatty():
        _print_rich(title, columns, table, right)
    else:
        _print_plain(title, columns, table, right)


@contextmanager
def progress_bar(doing: str, total: int | None = None) -> Iterator[Callable[[int], None] | None]:
    """Show a bar on standard error for the time of a block; call what it gives as work is done.

    It gives None, and shows nothing, where standard error is no terminal.
    """
    if not sys.stderr.isatty():
        yield None
        return
    from rich import progress
    from rich.console import Console

    with progress.Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(doing, total=total)
        yield lambda done: bar.advance(task, done)


def _cell(value: object, fraction: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:{fraction}}"
    return " ".join(str(value).split())


def _print_rich(
    title: str | None, columns: Sequence[str], rows: list[list[str]], right: list[bool]
) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for i, (name, is_number) in enumerate(zip(columns, right, strict=True)):
        side: Literal["right", "left"] = "right" if is_number else "left"
        table.add_column(name, justify=side, overflow="fold", no_wrap=i == 0)
    for row in rows:
        table.add_row(*map(Text, row))  # Text: a cell that holds [brackets] is not markup
    Console().print(table)


def _print_plain(
    title: str | None, columns: Sequence[str], rows: list[list[str]], right: list[bool]
) -> None:
    from rich.cells import cell_len

    lines = [list(columns), *rows]
    widths = [max(cell_len(line[i]) for line in lines) for i in range(len(columns))]
    if title:
        print(title)
    for line in lines:
        padded = []
        for cell, width, is_number in zip(line, widths, right, strict=True):
            space = " " * (width - cell_len(cell))
            padded.append(space + cell if is_number else cell + space)
        print("  ".join(padded).rstrip())
