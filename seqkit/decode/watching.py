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
        self,
        prompts: Tensor,
        ways: "Ways",
        possible: Tensor,
        ends: Tensor,
        taken: Tensor,
        live: Tensor,
        going: Tensor,
    ) -> None:
        """Note a step of a beam search; what is not said to be otherwise is ``(prompts, many)``.

        Args:
            prompts: ``(prompts,)`` that are not over.
            ways: the best ways to go on.
            possible: those that are more than fillings.
            ends: whose token is an end.
            taken: ends that are answers, if good enough.
            live: those that may come into the beam.
            going: ``(some,)``, the rows of ``prompts`` that go on.
        """
        kept = taken.clone()
        kept[going] |= live[going]
        parents = torch.full_like(ways.parents, -1)
        if self._rows is not None:
            parents = self._rows[ways.parents]
        numbers = torch.full_like(ways.ids, -1)
        count = int(possible.sum())
        numbers[possible] = torch.arange(count, device=possible.device) + len(self.ways)
        owners = prompts[:, None].expand_as(possible)
        parts = (owners, parents, ways.ids, ways.totals, ends, kept)
        columns = [part[possible].tolist() for part in parts]
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
