"""Tables: whole, or cut with a note of how much is left out."""

from collections.abc import Mapping
from typing import Any

from seqkit.pages.figures import Table
from seqkit.pages.markup import escape, label, number

BRIEF = 32  # characters of a text that stays in one line
ROWS, COLUMNS, CELLS = 200, 60, 6_000  # of a table in a page


def draw(table: Table, words: Mapping[str, str], *, title: str = "") -> str:
    """Return a table as HTML; of one that is too large, its first rows and columns."""
    wide = min(len(table.columns), COLUMNS)
    most = max(20, min(ROWS, CELLS // max(1, wide)))
    rows = [list(row)[:wide] for row in table.rows[:most]]
    numeric = [
        bool(rows) and all(isinstance(row[i], int | float) or row[i] is None for row in rows)
        for i in range(wide)
    ]
    head = "".join(f'<th scope="col">{label(str(name), 80)}</th>' for name in table.columns[:wide])
    body = "".join(f"<tr>{''.join(map(_cell, row, numeric))}</tr>" for row in rows)
    note = _left_out(len(table.rows) - len(rows), len(table.columns) - wide, words)
    caption = f"<caption>{escape(title)}</caption>" if title else ""
    return (
        f'<div class="box" tabindex="0"><table>{caption}<thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>{note}"
    )


def _cell(value: Any, is_number: bool) -> str:
    if isinstance(value, str):
        brief = " class=t" if len(value) <= BRIEF else ""
        return f'<td{brief} dir="auto">{label(value, 2_000)}</td>'
    return f"<td class=n>{number(value)}</td>" if is_number else f"<td>{number(value)}</td>"


def _left_out(rows: int, columns: int, words: Mapping[str, str]) -> str:
    left = [(rows, words["rows"]), (columns, words["columns"])]
    parts = [f"{count:,} {escape(name)}" for count, name in left if count > 0]
    return f'<p class="note">{escape(words["left"])}: {", ".join(parts)}.</p>' if parts else ""
