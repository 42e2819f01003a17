from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqkit.errors import SeqkitError
from seqkit.text.basic import WhitespaceTokenizer
from seqkit.text.counting import count
from seqkit.text.statistics import LENGTHS, Measured, coverage, measure
from seqkit.text.vocabulary import Vocabulary


@given(lengths=st.lists(st.integers(0, 40), min_size=1, max_size=150), bins=st.integers(1, 20))
def test_lengths_by_rank_and_in_ranges(lengths: list[int], bins: int) -> None:
    measured = Measured(lengths, 0)
    summary = measured.summary()
    assert summary.pop("mean") == pytest.approx(sum(lengths) / len(lengths))
    for name, value in summary.items():  # the least length that so many texts do not exceed
        enough = LENGTHS[name] * len(lengths)
        assert value == min(v for v in lengths if 100 * sum(x <= v for x in lengths) >= enough)
    counts, width = measured.histogram(bins)
    assert counts == [sum(i * width <= x < (i + 1) * width for x in lengths) for i in range(bins)]
    assert bins * width > summary["95 %"]


@given(texts=st.lists(st.text("ab c", max_size=12), max_size=9), size=st.integers(3, 5))
def test_what_is_measured_is_what_tokenizing_gives(texts: list[str], size: int) -> None:
    tokenizer = WhitespaceTokenizer()
    counts = count(texts, tokenizer)
    vocabulary = Vocabulary.build(counts, max_size=size)
    cut = [text.split() for text in texts]
    running = list(chain.from_iterable(cut))
    measured = measure(texts, tokenizer, vocabulary)
    assert list(measured.lengths) == list(map(len, cut))
    assert measured.unknown == sum(word not in vocabulary.words for word in running)
    assert measured.unknown_share == measured.unknown / max(1, len(running))
    for n, share in coverage(vocabulary.words, counts, [0, 1, 99]).items():
        covered = sum(word in vocabulary.words[:n] for word in running)
        assert share == covered / max(1, len(running))


def test_nothing_has_no_lengths() -> None:
    with pytest.raises(SeqkitError, match="there are no texts to measure"):
        Measured([], 0).summary()
