"""User dictionaries: words that a morphological analyser is to know, read from a text file."""

import math
from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

from seqkit.errors import SeqkitError, suggest
from seqkit.files import read_lines


class Entry(NamedTuple):
    """A word, its tag, and how much it is preferred, in the unit of the backend."""

    word: str
    tag: str
    score: float | None = None


def entries(
    value: Any, tags: Collection[str], *, scores: bool = True, refused: str = ""
) -> tuple[Entry, ...]:
    """Return the entries of a dictionary: of a file at a path, or already in lists.

    A line of the file is a word, a tab, a tag, and optionally a tab and a score. Blank lines
    and lines that begin with ``#`` are skipped.

    Args:
        value: a path, ``""`` for no dictionary, or a list of ``(word, tag, score)``.
        tags: the tags that the backend knows.
        scores: whether the backend takes scores.
        refused: characters that the backend takes in no word.

    Raises:
        SeqkitError: for the first line that cannot be used, with its number.
    """
    if isinstance(value, str | Path):
        if not str(value):
            return ()
        path = Path(value).expanduser()
        rows = [
            (f"{path}, line {number}", line.rstrip().split("\t"))
            for number, line in read_lines(path)
            if line.strip() and not line.startswith("#")
        ]
    elif len(value) == 1 and isinstance(value[0], str):  # `dictionary=words.txt` on a command line
        return entries(value[0], tags, scores=scores, refused=refused)
    else:
        rows = [(f"dictionary, entry {n}", list(row)) for n, row in enumerate(value, 1)]
    found: dict[tuple[str, str], Entry] = {}
    for where, row in rows:
        entry = _entry(row, where, tags, scores)
        if odd := [char for char in entry.word if char in refused]:
            raise SeqkitError(f"{where}: no word of this tokenizer can hold {odd[0]!r}; remove it.")
        if entry[:2] in found:
            raise SeqkitError(f"{where}: '{entry.word}' as {entry.tag} came before; remove one.")
        found[entry[:2]] = entry
    return tuple(found.values())


def _entry(row: list[Any], where: str, tags: Collection[str], scores: bool) -> Entry:
    columns = [str(column).strip() for column in row if column is not None]
    if not 2 <= len(columns) <= 3 or not columns[0]:
        raise SeqkitError(f"{where} is not a word, a tab and a tag (such as NNP).")
    word, tag = columns[:2]
    if any(not char.isprintable() for char in word):
        raise SeqkitError(f"{where}: {word!r} holds a character that cannot be printed; remove it.")
    if tag not in tags:
        known = ", ".join(tags)
        raise SeqkitError(f"{where}: unknown tag '{tag}'.{suggest(tag, tags)} Known: {known}.")
    if len(columns) == 2:
        return Entry(word, tag)
    if not scores:
        raise SeqkitError(f"{where}: this tokenizer takes no scores; write the word and tag only.")
    try:
        score = float(columns[2])
    except ValueError:
        score = math.nan
    if not math.isfinite(score):
        raise SeqkitError(f"{where}: the score '{columns[2]}' is not a number.")
    return Entry(word, tag, score)
