"""An n-gram model of words: interpolated modified Kneser-Ney (Chen and Goodman 1999, section 3).

The baseline of `benchmarks/completion.py`, small and plain: counts in dictionaries, all orders
interpolated, three discounts an order from counts of counts. Words seen fewer than `min_count`
times are unknown, as in any n-gram toolkit's closed vocabulary.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from heapq import nlargest

BEGIN, END, UNKNOWN = "<s>", "</s>", "<unk>"
Context = tuple[str, ...]


class KneserNey:
    """``p(word | context)``, interpolated over orders from ``order`` down to uniform.

    Args:
        lines: the training text, a list of words each.
        order: 3 for a trigram model.
        min_count: rarer words are unknown.
    """

    def __init__(self, lines: Iterable[Sequence[str]], order: int = 3, min_count: int = 1) -> None:
        self.order = order
        lines = [list(line) for line in lines]
        counts = Counter(word for line in lines for word in line)
        self.known = {word for word, n in counts.items() if n >= min_count}
        self.words = [*sorted(self.known), END, UNKNOWN]
        padded = [[BEGIN, *map(self._known, line), END] for line in lines]
        # By order from the highest, whose n-grams are counted as they come. Below it, of how many
        # different words stand before them (section 3, "continuation" counts); nothing stands
        # before what begins a line, which counts as it comes there too (as in SRILM and KenLM).
        tables = [Counter(ngram for line in padded for ngram in _ngrams(line, order))]
        for length in range(order - 1, 0, -1):
            table = Counter(ngram[1:] for ngram in tables[-1])
            if length > 1:  # the beginning alone is never predicted
                table.update(tuple(line[:length]) for line in padded if len(line) >= length)
            tables.append(table)
        tables.reverse()
        self.discounts = [_discounts(Counter(table.values())) for table in tables]
        self.followers = [_followers(table) for table in tables]
        self.totals = [{c: sum(f.values()) for c, f in level.items()} for level in self.followers]
        self.left = [
            {c: self._left(f, level) / self.totals[level][c] for c, f in table.items()}
            for level, table in enumerate(self.followers)
        ]
        followers = self.followers[0][()]
        words = sorted(self.known, key=lambda word: (-followers[word], word))
        self.frequent = [word for word in words if word not in (END, UNKNOWN)]

    def _known(self, word: str) -> str:
        return word if word in self.known else UNKNOWN

    def _discount(self, count: int, level: int) -> float:
        return self.discounts[level][min(count, 3)]

    def _left(self, followers: Counter[str], level: int) -> float:
        return sum(self._discount(n, level) for n in followers.values())

    def contexts(self, before: Sequence[str]) -> list[Context]:
        """Return the contexts after these words, the empty one first, back to where lines begin."""
        known = [BEGIN, *map(self._known, before)]
        return [tuple(known[len(known) - n :]) for n in range(min(self.order, len(known) + 1))]

    def probability(self, word: str, before: Sequence[str]) -> float:
        """Return the probability of a word after ``before``."""
        word = word if word == END else self._known(word)
        share = 1 / len(self.words)
        for level, context in enumerate(self.contexts(before)):
            followers = self.followers[level].get(context)
            if followers is None:
                break
            n = followers[word]
            kept = max(n - self._discount(n, level), 0.0) / self.totals[level][context]
            share = kept + self.left[level][context] * share
        return share

    def best(self, before: Sequence[str], k: int) -> list[str]:
        """Return the ``k`` most probable next words; neither the end nor the unknown word is one.

        A word that follows none of the longer contexts is ranked by its frequency as a
        continuation alone: so of these only the first can be among the best.
        """
        candidates: set[str] = set()
        for level, context in enumerate(self.contexts(before)[1:], start=1):
            candidates.update(self.followers[level].get(context, ()))
        candidates.update(self.frequent[: k + len(candidates)])
        candidates -= {END, UNKNOWN}
        return nlargest(k, candidates, key=lambda word: (self.probability(word, before), word))


def _ngrams(line: Sequence[str], length: int) -> Iterable[Context]:
    """Return the n-grams of a line whose last word is to be predicted."""
    return (tuple(line[i : i + length]) for i in range(length == 1, len(line) - length + 1))


def _followers(table: Counter[Context]) -> dict[Context, Counter[str]]:
    followers: defaultdict[Context, Counter[str]] = defaultdict(Counter)
    for (*context, word), n in table.items():
        followers[tuple(context)][word] = n
    return dict(followers)


def _discounts(times: Counter[int]) -> tuple[float, float, float, float]:
    """Return ``D(0)`` to ``D(3+)`` from counts of counts (Chen and Goodman 1999, eq. 26)."""
    n1, n2, n3, n4 = (times[i] for i in (1, 2, 3, 4))
    if not (n1 and n2):
        return 0.0, 0.5, 0.5, 0.5
    y = n1 / (n1 + 2 * n2)
    d2 = 2 - 3 * y * n3 / n2
    d3 = 3 - 4 * y * n4 / n3 if n3 else d2
    return 0.0, min(max(1 - 2 * y * n2 / n1, 0.0), 1.0), min(max(d2, 0.0), 2.0), min(max(d3, 0), 3)
