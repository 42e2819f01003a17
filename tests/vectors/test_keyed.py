"""What word vectors do beyond gensim's answers, which test_gensim_parity.py holds them to."""

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from seqkit.errors import SeqkitError
from seqkit.vectors import WordVectors
from seqkit.vectors.neighbours import UnknownKeyError, highest

RNG = np.random.default_rng(2)
WORDS = [f"낱말{i}" for i in range(50)]
MATRIX = RNG.normal(size=(50, 6)).astype(np.float32)


@pytest.fixture
def opened(tmp_path: Path) -> WordVectors:
    WordVectors.of(WORDS, MATRIX, counts=range(50)).save(tmp_path)
    return WordVectors.load(tmp_path)


def brute(vectors: WordVectors, query: Any, k: int, without: set[int]) -> list[str]:
    matrix = np.asarray(vectors.vectors, np.float64)
    cosines = matrix @ query / np.linalg.norm(matrix, axis=1)
    rows = [row for row in np.argsort(-cosines) if row not in without]
    return [vectors.index_to_key[row] for row in rows[:k]]


def test_questions_build_neither_list_nor_index(
    opened: WordVectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("as_list", "as_dict"):
        monkeypatch.setattr(type(opened.words), name, lambda self: pytest.fail("was built"))
    found = opened.most_similar(["낱말3", "낱말9"], ["낱말4"], topn=5)
    assert opened.similarity("낱말3", found[0][0]) != 0
    assert opened.get_vecattr("낱말7", "count") == 7
    assert "없음" not in opened
    assert opened.rank("낱말3", "낱말3") == 1
    assert len(opened) == 50
    assert opened.n_similarity(["낱말3"], ["낱말9"]) == opened.similarity("낱말3", "낱말9")


def test_no_vector_is_copied(opened: WordVectors) -> None:
    made = WordVectors.of(WORDS, MATRIX)
    assert made.vectors is MATRIX
    assert np.shares_memory(made["낱말3"], MATRIX)
    assert not np.shares_memory(opened.vectors, WordVectors.load(opened.folder or "").vectors)


def test_list_and_index_are_the_words(opened: WordVectors) -> None:
    assert opened.index_to_key is opened.index_to_key
    opened.key_to_index["별명"] = 7
    np.testing.assert_array_equal(opened["별명"], MATRIX[7])
    opened.index_to_key = [word + "!" for word in WORDS]
    assert opened.most_similar("낱말3")[0][0].endswith("!")
    opened.key_to_index = {"x": 1}
    assert "낱말3" not in opened
    np.testing.assert_array_equal(opened["x"], MATRIX[1])


@pytest.mark.parametrize(
    "change",
    [
        lambda v: v.add_vectors(["새말"], MATRIX[3:4] + 0.01),
        lambda v: v.add_vectors(["낱말40"], MATRIX[3:4] * 2, replace=True),
        lambda v: v.unit_normalize_all(),
        lambda v: v.sort_by_descending_frequency(),
        lambda v: v.__dict__.update(vectors=v.vectors[::-1].copy(), norms=None),
        lambda v: v.vectors.__setitem__(40, MATRIX[3] * 2) or v.fill_norms(force=True),
    ],
)
def test_answers_follow_changes(opened: WordVectors, change: Callable[[Any], Any]) -> None:
    for _ in range(3):
        opened.most_similar("낱말3")
    change(opened)
    row = opened.get_index("낱말3")
    expected = brute(opened, opened.vectors[row], 5, {row})
    assert [word for word, _ in opened.most_similar("낱말3", topn=5)] == expected


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))]
)
def test_copies(opened: WordVectors, duplicate: Callable[[Any], Any], tmp_path: Path) -> None:
    opened.most_similar("낱말3")
    again = duplicate(opened)
    assert type(again.vectors) is np.ndarray
    assert again.most_similar("낱말3") == opened.most_similar("낱말3")
    assert again.get_vecattr("낱말7", "count") == 7
    again.add_vectors(["새말"], MATRIX[:1])
    assert "새말" in again
    if duplicate is not copy.copy:
        assert "새말" not in opened


def test_a_pickle_holds_no_search(opened: WordVectors) -> None:
    before = len(pickle.dumps(opened))
    opened.most_similar("낱말3")
    assert len(pickle.dumps(opened)) == before


def test_an_unknown_word_is_one_line_and_a_key_error(opened: WordVectors) -> None:
    with pytest.raises(UnknownKeyError, match=r"^Key '두\\n줄' not present") as caught:
        opened["두\n줄"]
    assert isinstance(caught.value, KeyError)
    assert isinstance(caught.value, SeqkitError)
    assert pickle.loads(pickle.dumps(caught.value)).key == "두\n줄"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: WordVectors.of(WORDS[:3], MATRIX), r"^3 words have 50 vectors\.$"),
        (lambda: WordVectors.of(WORDS, MATRIX[0]), r"a matrix of floats, not float32 \(6,\)"),
        (lambda: WordVectors.of(WORDS, MATRIX.astype(int)), "a matrix of floats, not int64"),
        (lambda: WordVectors.of(WORDS, MATRIX, counts=[1, 2]), "^50 words have 2 counts"),
    ],
)
def test_what_does_not_fit(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(SeqkitError, match=message):
        make()


def test_movers_distance_of_equal_shares_is_an_assignment(opened: WordVectors) -> None:
    first, second = WORDS[:7], WORDS[5:12]
    costs = np.linalg.norm(MATRIX[:7, None] - MATRIX[None, 5:12], axis=2)
    expected = costs[linear_sum_assignment(costs)].sum() / 7
    assert opened.wmdistance(first, second, norm=False) == pytest.approx(expected, rel=1e-6)
    assert opened.wmdistance(second, first, norm=False) == pytest.approx(expected, rel=1e-6)
    assert opened.wmdistance([*first, "없음"], first) == pytest.approx(0, abs=1e-9)
    assert opened.wmdistance(first, ["없음"]) == float("inf")


class TestIndex:
    @pytest.fixture
    def indexed(self, opened: WordVectors) -> WordVectors:
        pytest.importorskip("usearch", reason="usearch is not installed: pip install usearch")
        from seqkit.vectors.search.index import IndexSettings, build

        assert opened.folder is not None
        build(opened, IndexSettings(kind="usearch")).save(opened.folder)
        return opened

    def test_answers(self, indexed: WordVectors) -> None:
        exact = indexed.most_similar(["낱말3", "낱말4"], ["낱말5"], topn=5)
        found = indexed.most_similar(["낱말3", "낱말4"], ["낱말5"], topn=5, index="ann")
        assert found == exact  # of 50 words, all are proposed
        for key in ("_searched", "_indexed"):
            assert key not in indexed.__getstate__()

    def test_other_vectors_refuse_it(self, indexed: WordVectors) -> None:
        indexed.most_similar("낱말3", index="ann")
        indexed.sort_by_descending_frequency()
        with pytest.raises(SeqkitError, match="is of other vectors"):
            indexed.most_similar("낱말3", index="ann")

    @pytest.mark.parametrize(
        ("asked", "message"),
        [
            ({"index": "ann"}, "has no index for approximate search"),
            ({"index": "exact"}, "^index = 'exact': it is 'ann' or none"),
            ({"index": "ann", "restrict_vocab": 9}, "^an index searches all words"),
        ],
    )
    def test_refused(self, opened: WordVectors, asked: dict[str, Any], message: str) -> None:
        with pytest.raises(SeqkitError, match=message):
            opened.most_similar("낱말3", **asked)

    def test_nowhere(self) -> None:
        with pytest.raises(SeqkitError, match=r"^these vectors have no index: save them"):
            WordVectors.of(WORDS, MATRIX).most_similar("낱말3", index="ann")


@pytest.mark.parametrize("k", [1, 3, 6, 9])
@pytest.mark.parametrize(
    "scores", [[1, 3, 3, 2, 3, 0], [1, np.nan, 2, np.nan, 0, 5], [np.nan] * 6, [0.0] * 6, []]
)
def test_highest(scores: list[float], k: int) -> None:
    array = np.array(scores, dtype=np.float64)
    order = sorted(range(len(scores)), key=lambda i: (np.isnan(scores[i]), -scores[i], i))
    expected = [i for i in order if not np.isnan(scores[i])]
    expected += [i for i in order if np.isnan(scores[i])]
    assert highest(array, k).tolist() == expected[:k]
