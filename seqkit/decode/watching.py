"""Looking on at searches: what each considered, kept and left."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from seqkit.decode.hypothesis import Hypothesis

if TYPE_CHECKING:
    from seqkit.decode.beam import Ways

_watched: ContextVar[list["Search"] | None] = ContextVar("watched", default=None)


class Way(NamedTuple):
    """A way to go on that a beam search considered.

    Attributes:
        prompt: whose it is.
        parent: the place of the way that it goes on from, before its own; -1: the prompt.
        id: the token.
        total: the log-probability of all that is written with it.
        ends: whether the token is an end.
        kept: whether it came into the beam; of an end, whether it was taken as an answer may be.
    """

    prompt: int
    parent: int
    id: int
    total: float
    ends: bool
    kept: bool


class Search:
    """What was seen of one call of :func:`~seqkit.decode.decode`.

    Attributes:
        ways: all that a beam search considered, in the order of their steps; none of other ways
            to write.
        answers: what it returned.
    """

    def __init__(self) -> None:
        self.ways: list[Way] = []
        self.answers: list[list[Hypothesis]] = []
        self._rows: Tensor | None = None  # of each hypothesis of the beam, its way

    def step(
        self, prompts: Tensor, ways: "Ways", end: int, ending: Tensor, live: Tensor, going: Tensor
    ) -> None:
        """Note a step of a beam search.

        Args:
            prompts: ``(prompts,)`` that are not over.
            ways: the best ways to go on, ``(prompts, many)``.
            end: the token that ends a sequence.
            ending: ``(prompts, many)``, those that are taken as ends.
            live: ``(prompts, many)``, those that may come into the beam.
            going: the rows of ``prompts`` that go on.
        """
        kept = ending.clone()
        kept[going] |= live[going]
        seen = ways.totals > -torch.inf
        parents = torch.full_like(ways.parents, -1)
        if self._rows is not None:
            parents = self._rows[ways.parents]
        numbers = torch.full_like(ways.ids, -1)
        numbers[seen] = torch.arange(int(seen.sum()), device=seen.device) + len(self.ways)
        owners = prompts[:, None].expand_as(seen)
        parts = (owners, parents, ways.ids, ways.totals, ways.ids == end, kept)
        columns = [part[seen].tolist() for part in parts]
        self.ways.extend(Way(*row) for row in zip(*columns, strict=True))
        if len(going):
            _, self._rows, _ = ways._replace(ids=numbers).first(live, going)


@contextmanager
def watched() -> Iterator[list[Search]]:
    """Note every search that begins within; it answers as it would without."""
    searches: list[Search] = []
    token = _watched.set(searches)
    try:
        yield searches
    finally:
        _watched.reset(token)


def begun() -> Search | None:
    """Return where a search that begins is to be noted; None if nobody looks on."""
    searches = _watched.get()
    if searches is None:
        return None
    searches.append(Search())
    return searches[-1]
