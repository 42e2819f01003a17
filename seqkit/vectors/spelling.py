"""The nearest spellings of a word that is not known: by jamo in Hangul, by letters elsewhere."""

from collections.abc import Iterable, Sequence
from functools import cache, cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqkit.text import hangul

MOST_EDITS = 4  # of a spelling that a reader would take for the same word
_FAR = 10_000  # no distance


class Spelling:
    """Words made ready to be searched by spelling; a million take a third of a second, once.

    A syllable counts as its two or three jamo, a consonant being the same letter wherever it
    stands; the case of letters does not count.

    Args:
        words: in order of falling frequency, so that of equally near ones the most frequent
            comes first.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._words = words if isinstance(words, list | tuple) else list(words)

    def nearest(self, word: str, n: int = 3, *, within: int | None = None) -> list[str]:
        """Return the ``n`` words nearest to ``word``, nearest first; ``word`` is not among them.

        The distance is Damerau's (1964): letters put in, left out, mistaken, or two neighbours
        swapped, no letter edited twice.

        Args:
            word: as the user wrote it.
            n: how many; fewer come back if fewer are near.
            within: the largest distance; None for a third of the word's letters, at most
                ``MOST_EDITS``.
        """
        return [self._words[number] for number, _ in self.distances(word, n, within=within)]

    def distances(
        self, word: str, n: int = 3, *, within: int | None = None
    ) -> list[tuple[int, int]]:
        """Return as :meth:`nearest` does, but the number of each word and its distance."""
        (letters, _, (ours,)) = _letters([word])
        bound = min(MOST_EDITS, max(1, (len(letters) + 1) // 3)) if within is None else within
        found: list[tuple[int, int]] = []
        for reach in range(min(2, bound), bound + 1):  # most words have a near one: stop there
            numbers = self._candidates(len(letters), ours, reach)
            far = _distances(letters, self._letters, numbers)
            near = np.flatnonzero(far <= reach)
            order = near[np.argsort(far[near], kind="stable")]
            pairs = zip(numbers[order[: n + 1]].tolist(), far[order[: n + 1]].tolist(), strict=True)
            found = [(number, d) for number, d in pairs if self._words[number] != word][:n]
            if len(found) >= n:
                break
        return found

    def _candidates(self, length: int, ours: np.uint64, reach: int) -> NDArray[np.int64]:
        """Return the numbers of words that may be within ``reach``: no edit changes more.

        An edit changes the length by at most one, takes away at most one letter, and brings
        at most one.
        """
        close = np.flatnonzero(np.abs(self._lengths - length) <= reach)
        theirs = self._letters.sets[close]
        fits = (_count(ours & ~theirs) <= reach) & (_count(theirs & ~ours) <= reach)
        return close[fits]

    @cached_property
    def _letters(self) -> "_Letters":
        return _letters(self._words)

    @cached_property
    def _lengths(self) -> NDArray[np.int32]:
        return np.diff(self._letters.offsets).astype(np.int32)


def nearest(word: str, words: Iterable[str], n: int = 3) -> list[str]:
    """Return the ``n`` of ``words`` that are spelt most like ``word``, nearest first.

    To ask more than once, keep a :class:`Spelling`.
    """
    return Spelling(words).nearest(word, n)


class _Letters(NamedTuple):
    """The letters of words: those of word ``i`` are ``values[offsets[i]:offsets[i + 1]]``.

    ``sets`` says as bits which letters each word has; some letters share a bit.
    """

    values: NDArray[np.uint16]
    offsets: NDArray[np.int64]
    sets: NDArray[np.uint64]


def _letters(words: Sequence[str]) -> _Letters:
    codes = np.frombuffer("".join(words).encode("utf-32-le", "surrogatepass"), "<u4")
    codes = codes.astype(np.uint16)  # what lies beyond 16 bits has neither case nor jamo
    ends = np.zeros(len(words) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, words), np.int64, len(words)), out=ends[1:])
    table, sizes, sets = _table()
    parts = table[codes].reshape(-1)
    letter = np.zeros(len(codes) + 1, np.int64)
    np.cumsum(sizes[codes], out=letter[1:])
    bits = np.append(sets[codes], np.uint64(0))  # so that a last empty word has a place
    found = np.bitwise_or.reduceat(bits, ends[:-1]) if words else bits[:0]
    found[ends[1:] == ends[:-1]] = 0
    return _Letters(parts[parts != 0], letter[ends], found)


@cache
def _table() -> tuple[NDArray[np.uint16], NDArray[np.uint8], NDArray[np.uint64]]:
    """Return what each character counts as: letters ``(65536, 3)``, their number, their set."""
    table = np.zeros((0x10000, 3), np.uint16)
    for code in range(0x10000):
        lower = hangul.compatibility(chr(code).lower())
        table[code, 0] = ord(lower) if len(lower) == 1 and lower != "\0" else code or 0xFFFF
    first = np.array([ord(jamo) for jamo in hangul.INITIALS])
    second = np.array([ord(jamo) for jamo in hangul.MEDIALS])
    third = np.array([ord(jamo) if jamo else 0 for jamo in hangul.FINALS])
    syllables = np.stack(np.broadcast_arrays(first[:, None, None], second[:, None], third), -1)
    table[hangul.FIRST : hangul.LAST + 1] = syllables.reshape(-1, 3)
    bits = np.where(table, np.uint64(1) << (table % 64).astype(np.uint64), np.uint64(0))
    return table, (table != 0).sum(axis=1, dtype=np.uint8), np.bitwise_or.reduce(bits, axis=1)


def _count(sets: NDArray[np.uint64]) -> NDArray[np.uint8]:
    if hasattr(np, "bitwise_count"):  # NumPy 2
        return np.asarray(np.bitwise_count(sets))
    return np.asarray(np.unpackbits(sets.view(np.uint8).reshape(-1, 8), axis=1).sum(axis=1))


def _distances(
    word: NDArray[np.uint16], known: _Letters, numbers: NDArray[np.int64]
) -> NDArray[np.int16]:
    """Return the distance of ``word`` from each numbered word: one table, filled for all at once.

    ``cost[j]`` holds, of every word, the distance of its first ``j`` letters.
    """
    starts = known.offsets[numbers]
    lengths = known.offsets[numbers + 1] - starts
    longest = int(lengths.max(initial=0))
    steps = np.arange(longest)[:, None]
    places = np.minimum(starts + steps, len(known.values) - 1)
    theirs = np.where(steps < lengths, known.values[places], 0)  # (longest, words)
    above = np.repeat(np.arange(longest + 1, dtype=np.int16)[:, None], len(numbers), axis=1)
    before = above
    for i, letter in enumerate(word):
        cost = np.empty_like(above)
        cost[0] = i + 1
        differs = (theirs != letter).view(np.uint8)
        np.minimum(above[:-1] + differs, above[1:] + 1, out=cost[1:])
        if i:
            swapped = (theirs[1:] == word[i - 1]) & (theirs[:-1] == letter)
            np.minimum(cost[2:], np.where(swapped, before[:-2] + 1, _FAR), out=cost[2:])
        for j in range(longest):
            np.minimum(cost[j + 1], cost[j] + 1, out=cost[j + 1])
        before, above = above, cost
    result: NDArray[np.int16] = above[lengths, np.arange(len(numbers))]
    return result
