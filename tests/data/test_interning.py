from itertools import chain
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from seqkit.data.encoding import encode
from seqkit.data.interning import intern
from seqkit.text.basic import CharacterTokenizer, WhitespaceTokenizer
from seqkit.text.counting import count
from seqkit.text.vocabulary import Vocabulary

TEXTS = st.lists(st.text(alphabet=st.sampled_from("ab 가나\t"), max_size=12), max_size=12)
TOKENIZERS = st.sampled_from([WhitespaceTokenizer(), CharacterTokenizer()])


@given(texts=TEXTS, tokenizer=TOKENIZERS, longest=st.integers(1, 6), min_count=st.integers(1, 3))
def test_one_pass_gives_what_counting_and_encoding_give(
    texts: list[str], tokenizer: Any, longest: int, min_count: int
) -> None:
    interned = intern(texts, tokenizer)
    assert dict(interned.counts()) == count(texts, tokenizer)
    vocabulary = Vocabulary.build(interned.counts(), min_count=min_count)
    whole = interned.ids(vocabulary)
    cut = interned.first(longest).ids(vocabulary)
    for rows, limit in ((whole, None), (cut, longest)):
        expected = encode(texts, tokenizer, vocabulary, max_length=limit)
        np.testing.assert_array_equal(rows.values, expected.values)
        np.testing.assert_array_equal(rows.offsets, expected.offsets)


@given(texts=TEXTS, tokenizer=TOKENIZERS)
def test_the_words_are_those_of_the_texts(texts: list[str], tokenizer: Any) -> None:
    interned = intern(texts, tokenizer)
    for row, text in zip(interned.rows, texts, strict=True):
        assert [interned.words[i] for i in row] == (tokenizer.words(text) or [""])
    everything = chain.from_iterable(tokenizer.words(text) or [""] for text in texts)
    assert list(interned.words) == list(dict.fromkeys(everything))


def test_workers_change_nothing() -> None:
    texts = [f"{'가' * 300} {i % 700} {i * i % 511} word{i % 13}" for i in range(1000)]
    one, two = (intern(texts, WhitespaceTokenizer(), workers=n) for n in (1, 2))
    assert one.words == two.words
    np.testing.assert_array_equal(one.rows.values, two.rows.values)
    np.testing.assert_array_equal(one.rows.offsets, two.rows.offsets)
