"""The units that can spell a word whose beginning is given."""

from bisect import bisect_left
from collections.abc import Iterable
from functools import cached_property
from itertools import islice, takewhile


class Units:
    """Units of a vocabulary by what they spell.

    Args:
        spelled: the text of each, and its id.
    """

    def __init__(self, spelled: Iterable[tuple[str, int]]) -> None:
        self.ids = dict(spelled)

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self.ids)

    def begun_by(self, text: str) -> list[int]:
        """Return the ids of all units that begin with ``text``, itself among them."""
        place = bisect_left(self._sorted, text)
        found = takewhile(lambda unit: unit.startswith(text), islice(self._sorted, place, None))
        return [self.ids[unit] for unit in found]

    def any_begun_by(self, text: str) -> bool:
        """Whether a unit begins with ``text``."""
        place = bisect_left(self._sorted, text)
        return place < len(self._sorted) and self._sorted[place].startswith(text)


def ways(text: str, first: Units, inside: Units) -> list[int]:
    """Return the ids of ``first`` that may be written where ``text`` is still to be spelt.

    They begin with all of it; or spell its beginning, and units ``inside`` a word can spell the
    rest, the last of them perhaps more than that.
    """
    size = len(text)
    spellable = [False] * size  # the rest from there on, by units inside a word
    for start in reversed(range(1, size)):
        spellable[start] = inside.any_begun_by(text[start:]) or any(
            spellable[end] and text[start:end] in inside.ids for end in range(start + 1, size)
        )
    shorter = (first.ids.get(text[:end]) for end in range(1, size) if spellable[end])
    return [*(number for number in shorter if number is not None), *first.begun_by(text)]
