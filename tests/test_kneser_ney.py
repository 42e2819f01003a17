"""The n-gram baseline of benchmarks/completion.py, against the formulas written out."""

import importlib.util
import random
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

FILE = Path(__file__).parent.parent / "benchmarks" / "kneser_ney.py"


@pytest.fixture(scope="module")
def kneser_ney() -> ModuleType:
    spec = importlib.util.spec_from_file_location("kneser_ney", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sample(seed: int, lines: int = 60) -> list[list[str]]:
    draw = random.Random(seed)
    words = list("abcdefgh")
    weights = [1 / (i + 1) for i in range(len(words))]
    return [draw.choices(words, weights, k=draw.randrange(1, 7)) for _ in range(lines)]


def test_probabilities_are_those_of_the_formulas(kneser_ney: ModuleType) -> None:
    """Chen and Goodman 1999, eqs. 24-27, from lists of n-grams alone."""
    lines = sample(0)
    model = kneser_ney.KneserNey(lines)
    padded = [["<s>", *line, "</s>"] for line in lines]
    three = Counter(tuple(p[i - 2 : i + 1]) for p in padded for i in range(2, len(p)))
    two = Counter(ngram[1:] for ngram in three)  # how many words stand before it
    two.update((p[0], p[1]) for p in padded)  # before the first bigram there is none
    one = Counter(ngram[1:] for ngram in two)
    assert set(one) == {(word,) for line in lines for word in line} | {("</s>",)}

    def discounts(counts: Counter[tuple[str, ...]]) -> list[float]:
        n = [sum(c == i for c in counts.values()) for i in range(5)]
        y = n[1] / (n[1] + 2 * n[2]) if n[1] and n[2] else None
        if y is None:
            return [0, 0.5, 0.5, 0.5]
        d3 = 3 - 4 * y * n[4] / n[3] if n[3] else 2 - 3 * y * n[3] / n[2]
        return [0, 1 - 2 * y * n[2] / n[1], 2 - 3 * y * n[3] / n[2], d3]

    def kn(level: int, context: tuple[str, ...], word: str) -> float:
        if level == 0:
            return 1 / len(model.words)
        counts = [one, two, three][level - 1]
        d = [max(0.0, min(x, i)) for i, x in enumerate(discounts(counts))]
        if level > len(context) + 1:
            return kn(level - 1, context, word)
        inside = context[len(context) - level + 1 :] if level > 1 else ()
        below = kn(level - 1, context, word)
        here = {ngram[-1]: n for ngram, n in counts.items() if ngram[:-1] == inside}
        if not here:
            return below
        total = sum(here.values())
        n = here.get(word, 0)
        left = sum(d[min(c, 3)] for c in here.values()) / total
        return max(n - d[min(n, 3)], 0) / total + left * below

    for before in ([], ["a"], ["a", "b"], ["c", "a", "h"], ["h", "h"], ["zz", "a"]):
        known = [w if w != "zz" else "<unk>" for w in before]
        context = tuple(["<s>", *known][-2:])
        for word in model.words:
            assert model.probability(word, before) == pytest.approx(kn(3, context, word))


def test_what_begins_a_line_counts_as_often_as_it_does(kneser_ney: ModuleType) -> None:
    """By hand, from a b / a b / a c / d b, as SRILM's -kndiscount -interpolate counts it.

    Before ``<s>`` stands nothing, so ``<s> a`` counts 3 and ``<s> d`` 1, not 1 each. Other
    bigrams count the words before them: ``a b``, ``a c`` and ``d b`` the ``<s>``; ``b </s>`` the
    a and the d; ``c </s>`` the a. Bigrams that count 1: ``<s> d``, ``a b``, ``a c``, ``d b`` and
    ``c </s>``, so n1 = 5; 2: ``b </s>``, n2 = 1; 3: ``<s> a``, n3 = 1; none counts 4.
    """
    model = kneser_ney.KneserNey([["a", "b"], ["a", "b"], ["a", "c"], ["d", "b"]])
    assert model.followers[1][("<s>",)] == {"a": 3, "d": 1}
    assert model.followers[1][("b",)] == {"</s>": 2}
    assert model.followers[1][("a",)] == {"b": 1, "c": 1}
    y = 5 / (5 + 2 * 1)
    assert model.discounts[1] == pytest.approx((0, 1 - 2 * y / 5, 0, 3))  # 2 - 3 y < 0
    # Words: a after <s>; b after a and d; c after a; d after <s>; </s> after b and c.
    assert model.followers[0][()] == {"a": 1, "b": 2, "c": 1, "d": 1, "</s>": 2}
    assert model.discounts[0] == pytest.approx((0, 1 - 2 * (3 / 7) * 2 / 3, 2, 2))
    # p(a) = (1 - 3/7) / 7 + (3 * 3/7 + 2 * 2) / 7 * 1/6; the end and <unk> are words too.
    below = (4 / 7) / 7 + (3 * 3 / 7 + 4) / 7 / 6
    assert model.probability("a", ["x", "y"]) == pytest.approx(below)
    # p(a | <s>) = (3 - 3) / 4 + (3 + 1 - 2 y / 5) / 4 * p(a)
    assert model.probability("a", []) == pytest.approx((3 + 1 - 2 * y / 5) / 4 * below)


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize("min_count", [1, 10])
def test_probabilities_sum_to_one_and_the_best_are_the_best(
    kneser_ney: ModuleType, order: int, min_count: int
) -> None:
    model = kneser_ney.KneserNey(sample(1), order=order, min_count=min_count)
    for before in ([], ["a"], ["b", "a"], ["g", "h", "g"], ["unseen"]):
        shares = {word: model.probability(word, before) for word in model.words}
        assert sum(shares.values()) == pytest.approx(1)
        words = [word for word in shares if word not in ("</s>", "<unk>")]
        for k in (1, 3):
            best = sorted((shares[word] for word in words), reverse=True)[:k]
            assert best
            found = [shares[word] for word in model.best(before, k)]
            assert found == pytest.approx(best)


def test_a_word_seen_twice_in_one_place_is_less_likely_elsewhere(kneser_ney: ModuleType) -> None:
    """Kneser and Ney's own example: San Francisco."""
    others = [[first, "glass"] for first in ("the", "my", "a", "one", "her")]
    model = kneser_ney.KneserNey([["san", "francisco"]] * 8 + others, order=2)
    assert model.probability("glass", ["unseen"]) > model.probability("francisco", ["unseen"])
