"""Texts in memory: iterables of lists of words, or of strings, checked as they come."""

from collections.abc import Generator, Iterable, Iterator
from typing import Any

from seqkit.data.draft import Tokens, numbered
from seqkit.errors import SeqkitError
from seqkit.text.counting import Progress
from seqkit.text.scan import Cut, cut

CHUNK = 1 << 15  # tokens that are numbered at a time


def strings(items: Iterable[Any]) -> Iterator[str]:
    """Yield the items; the first that is not a string raises SeqkitError."""
    for number, text in enumerate(items, start=1):
        if not isinstance(text, str):
            raise SeqkitError(
                f"text {number} is a {type(text).__name__}, not a string: with a tokenizer give "
                "strings, or leave the tokenizer out for lists of words."
            )
        yield text


def word_lists(
    items: Iterator[Any], progress: Progress | None
) -> Generator[Cut | Tokens, None, None]:
    """Yield lists of words, many at a time, as the text that they are if put together.

    Compiled loops number its words several times faster than a dict does. From the first word
    that is empty or holds white space on, they are numbered by a dict after all.

    Raises:
        SeqkitError: for what is not a list of words.
    """
    odd, done = False, 0
    for rows in _chunks(items):
        piece = None if odd else _joined(rows)
        odd = piece is None
        yield _checked(rows, done) if piece is None else piece
        done += len(rows)
        if progress is not None:
            progress(len(rows))


def _chunks(items: Iterator[Any]) -> Iterator[list[Any]]:
    rows: list[Any] = []
    tokens = 0
    for number, row in enumerate(items, start=1):
        rows.append(row if type(row) is list else _words_of(row, number))
        tokens += len(rows[-1])
        if tokens >= CHUNK:
            yield rows
            rows, tokens = [], 0
    if rows:
        yield rows


def _joined(rows: list[Any]) -> Cut | None:
    """Return the words as text, cut at white space; None if that does not give them again."""
    try:
        block = ("\n".join(map(" ".join, rows)) + "\n").encode()
    except (TypeError, UnicodeEncodeError):
        return None
    lengths = list(map(len, rows))
    tokens, spaces = sum(lengths), sum(lengths) + lengths.count(0)
    found = cut(block)
    same = len(found.begins) == tokens and len(block) - int(found.lengths.sum()) == spaces
    return found if same and b"\0" not in block else None


def _words_of(row: Any, number: int) -> Any:
    """Return a text's words as a list or tuple."""
    if isinstance(row, str):
        shown = row if len(row) < 40 else f"{row[:37]}..."
        raise SeqkitError(
            f"text {number} is the string {shown!r}, where a list of words is due: give "
            "text.split() or a tokenizer (or, for files, Path objects)."
        )
    try:
        return row if isinstance(row, tuple) else list(row)
    except TypeError:
        raise SeqkitError(
            f"text {number} is a {type(row).__name__}, where a list of words is due."
        ) from None


def _checked(rows: list[Any], done: int) -> Tokens:
    try:
        part = numbered(rows)
    except TypeError:  # a list cannot be looked up
        part = None
    if part is not None and set(map(type, part.words)) <= {str}:
        return part
    for number, row in enumerate(rows, start=done + 1):
        for word in row:
            if not isinstance(word, str):
                raise SeqkitError(
                    f"text {number} holds {word!r:.40}, a {type(word).__name__}, where a word is "
                    "due: give lists of strings."
                )
    assert part is not None
    return part  # of a subclass of str
