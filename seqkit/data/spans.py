"""Spans (chunks, entities) written as a tag a token: ``B-NP I-NP O``.

Of a tag ``B-NP``, ``B`` says where in a span of type ``NP`` the token stands: B begins, I goes
on, E or L ends, S or U is a span by itself; ``O`` is outside of any.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_TAG = re.compile(r"([BIELSU])-(.+)")
_BEGINS, _ENDS = frozenset("BSU"), frozenset("ELSU")


class Span(NamedTuple):
    """Tokens ``start`` up to, and without, ``end``, and what they are."""

    start: int
    end: int
    type: str


def are_spans(tags: Iterable[str]) -> bool:
    """Whether a set of tags writes spans: each is ``O`` or a letter, a dash and a type."""
    named = [tag for tag in tags if tag != "O"]
    return bool(named) and all(map(_TAG.fullmatch, named))


def _cut(tag: str) -> tuple[str, str]:
    found = _TAG.fullmatch(tag)
    return (found[1], found[2]) if found else ("O", "")


def spans(tags: Sequence[str]) -> list[Span]:
    """Return the spans of a row of tags, in order.

    Read as the shared tasks' ``conlleval`` reads them (Tjong Kim Sang and Buchholz 2000): a span
    begins at a B (S, U), and where a tag has no span of its type to go on with.
    """
    found: list[Span] = []
    start, before, kind = 0, "O", ""
    for place, tag in enumerate((*tags, "O")):
        letter, type_ = _cut(tag)
        goes_on = before != "O" and kind == type_ and letter not in _BEGINS and before not in _ENDS
        if letter == "O" or not goes_on:
            if before != "O":
                found.append(Span(start, place, kind))
            start = place
        before, kind = letter, type_
    return found


def allowed(tags: Sequence[str]) -> NDArray[np.bool_]:
    """Return which tag may follow which, as :class:`seqkit.nn.crf.CRF` takes it.

    Where there are E, L, S or U, a span that was begun has to be ended.

    Returns:
        ``(tags + 1, tags + 1)``: the last row is of what may begin a row, the last column of
        what may end one.
    """
    cut = [*map(_cut, tags), ("O", "")]
    closing = any(letter in _ENDS for letter, _ in cut)
    rule = [[_may_follow(a, b, closing) for b in cut] for a in cut]
    return np.array(rule, dtype=np.bool_)


def _may_follow(a: tuple[str, str], b: tuple[str, str], closing: bool) -> bool:
    is_open, wants_open = a[0] in "BI", b[0] in "IEL"
    if wants_open or (is_open and closing):
        return is_open and wants_open and a[1] == b[1]
    return True


def breaking(rows: Iterable[Sequence[int]], rule: NDArray[np.bool_]) -> list[int]:
    """Return which rows of tag numbers break the rule of :func:`allowed`."""
    edge = len(rule) - 1
    return [n for n, row in enumerate(rows) if not rule[[edge, *row], [*row, edge]].all()]


class SpanScore(NamedTuple):
    """How spans of one type were found; ``type`` is "" for all together."""

    type: str
    precision: float
    recall: float
    f1: float
    true: int
    answered: int
    right: int


def span_scores(
    true: Iterable[Sequence[str]], answered: Iterable[Sequence[str]]
) -> list[SpanScore]:
    """Compare spans, all types together first, then each: right are those equal in all three.

    Precision is the share of answered spans that are right, recall that of true ones found;
    F1 = 2 right / (true + answered); 0 where there is nothing to divide by.
    """
    counts: dict[str, list[int]] = {"": [0, 0, 0]}
    for tags, answers in zip(true, answered, strict=True):
        here, said = set(spans(tags)), set(spans(answers))
        for column, group in enumerate((here, said, here & said)):
            for span in group:
                for name in ("", span.type):
                    counts.setdefault(name, [0, 0, 0])[column] += 1
    return list(_scored(counts))


def _scored(counts: dict[str, list[int]]) -> Iterator[SpanScore]:
    for name in sorted(counts):
        true, answered, right = counts[name]
        yield SpanScore(
            name,
            right / answered if answered else 0.0,
            right / true if true else 0.0,
            2 * right / (true + answered) if true + answered else 0.0,
            true,
            answered,
            right,
        )
