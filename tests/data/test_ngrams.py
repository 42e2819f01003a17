from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqkit.data import ngrams
from seqkit.data.batching import Batches
from seqkit.data.ngrams import Bags, NGrams
from seqkit.data.ragged import Ragged
from seqkit.errors import SeqkitError
from seqkit.text.jamo import SyllableTokenizer

TOKENIZER = SyllableTokenizer()
TEXTS = st.lists(st.text(alphabet="가나다a ", max_size=10), max_size=10)


def every(longest: int, text: str) -> list[str]:
    return [text[i : i + n] for n in range(1, longest + 1) for i in range(len(text) - n + 1)]


@given(train=TEXTS, test=TEXTS, longest=st.integers(1, 4), piece=st.integers(1, 40))
def test_weights_are_those_of_scikit_learn(
    train: list[str], test: list[str], longest: int, piece: int
) -> None:
    text = pytest.importorskip("sklearn.feature_extraction.text", reason="an extra")
    oracle = text.TfidfVectorizer(analyzer=partial(every, longest), sublinear_tf=True)
    twice = [t for t in train for _ in range(2)]  # so that every n-gram is in two texts
    if not "".join(train):
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ngrams, "PIECE", piece)
        learnt, own = NGrams.learn(twice, TOKENIZER, longest, bits=22)
        bags = learnt.bags(test)
    for given_bags, matrix in (
        (own, oracle.fit_transform(twice)),
        (bags, oracle.transform(test) if test else None),
    ):
        for row in range(len(given_bags.rows)):
            begin, end = given_bags.rows.offsets[row : row + 2]
            expected = matrix[row].toarray()[0]
            np.testing.assert_allclose(
                sorted(given_bags.weights[begin:end]), sorted(expected[expected > 0]), rtol=1e-5
            )


def test_an_ngram_has_one_hash_wherever_it_stands_and_rare_ones_have_no_weight() -> None:
    texts = ["가나다", "다가나", "가나", "라"]
    learnt, bags = NGrams.learn(texts, TOKENIZER, 2, bits=24)
    shared = set(bags.rows[0]) & set(bags.rows[1])
    assert len(shared) == 4  # 가, 나, 다, 가나; not 나다 or 다가, each in one text only
    assert set(bags.rows[2]) <= shared
    assert bags.rows.lengths.tolist() == [4, 4, 3, 0]
    assert learnt.bags(["라", "", "나다"]).rows.lengths.tolist() == [0, 0, 2]


@settings(max_examples=20)
@given(size=st.integers(1, 5))
def test_a_batch_has_the_bags_of_its_rows(size: int) -> None:
    texts = ["가나 다", "나다", "", "가", "다다다 가나", "없"]
    _, bags = NGrams.learn([*texts, *texts], TOKENIZER, 3, bits=20)
    rows = Ragged.from_rows([[1]] * 12)
    for batch in Batches(rows, bags=bags, batch_size=size, pad=0, shuffle=True).epoch(0):
        assert batch.bag is not None
        features, weights = batch.bag.features.tolist(), batch.bag.weights.tolist()
        ends = [*batch.bag.starts.tolist()[1:], len(features)]
        for row, begin, end in zip(batch.rows, batch.bag.starts.tolist(), ends, strict=True):
            assert features[begin:end] == bags.rows[row].tolist()
            of_row = slice(*bags.rows.offsets[row : row + 2])
            assert Counter(weights[begin:end]) == Counter(bags.weights[of_row].tolist())


def test_save_and_load(tmp_path: Path) -> None:
    learnt, _ = NGrams.learn(["가나", "나가나"], TOKENIZER, 2, bits=10)
    learnt.save(tmp_path)
    again = NGrams.load(tmp_path)
    assert (again.tokenizer, again.longest) == (learnt.tokenizer, learnt.longest)
    np.testing.assert_array_equal(again.idf, learnt.idf)
    (tmp_path / "idf.npy").write_bytes(b"nothing")
    with pytest.raises(SeqkitError, match="is broken: copy the run again"):
        NGrams.load(tmp_path)


def test_bags_that_do_not_fit_are_refused() -> None:
    bags = Bags(Ragged.from_rows([[1]]), np.ones(1, np.float32))
    with pytest.raises(SeqkitError, match="there are 1 bags for 2 rows"):
        Batches(Ragged.from_rows([[1], [2]]), bags=bags, batch_size=1, pad=0)
