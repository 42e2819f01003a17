import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqkit.errors import SeqkitError
from seqkit.vectors.search import exact as searching
from seqkit.vectors.search.exact import Search


def brute(vectors, queries, k, start=0, stop=None):
    """Cosines by definition in float64, ranked as float32, equal ones by row, none last."""
    with np.errstate(all="ignore"):
        v, q = vectors[start:stop].astype(np.float64), queries.astype(np.float64)
        q /= np.where(q.any(1), np.sqrt((q * q).sum(1)), 1)[:, None]
        lengths = np.sqrt((v * v).sum(1))
        cosines = ((q[:, None] * v[None]).sum(2) / lengths).astype(np.float32)
    cosines[:, ~np.isfinite(lengths) | (lengths == 0)] = np.nan
    order = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
    return order + start, np.take_along_axis(cosines, order, 1)


def lengths_of(vectors):
    with np.errstate(all="ignore"):
        return np.linalg.norm(vectors, axis=1).astype(np.float32)


def by_floats(vectors):
    search = Search(vectors, lengths_of(vectors))
    search._work = -(10**18)
    return search


def by_codes(vectors):
    search = Search(vectors, lengths_of(vectors))
    search._codes = searching._Codes(vectors)
    return search


WAYS = pytest.mark.parametrize("way", [by_floats, by_codes])


def same(found, expected):
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[1], expected[1])


@st.composite
def hard_vectors(draw):
    """Vectors with duplicates, exact ties, zeros, and rows of any length float32 can hold."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    rows, features = draw(st.integers(1, 300)), draw(st.integers(1, 40))
    kind = draw(st.sampled_from(["normal", "whole", "one-sided", "one large feature"]))
    vectors = rng.standard_normal((rows, features))
    if kind == "whole":
        vectors = rng.integers(-1, 2, (rows, features)).astype(float)
    elif kind == "one-sided":
        vectors = 1 + 1e-4 * vectors
    elif kind == "one large feature":
        vectors[:, 0] *= 1000
    if draw(st.booleans()):
        vectors = vectors[rng.integers(0, max(rows // 3, 1), rows)]
    if draw(st.booleans()):
        vectors *= 10.0 ** rng.integers(-44, 37, rows)[:, None]
    vectors[rng.random(rows) < draw(st.sampled_from([0, 0.1, 0.9]))] = 0
    with np.errstate(over="ignore"):
        vectors = vectors.astype(np.float32)
    queries = rng.standard_normal((draw(st.integers(1, 3)), features)).astype(np.float32)
    queries[0] = np.clip(vectors[rng.integers(rows)], -3e38, 3e38)  # a query is finite
    return vectors, queries


@WAYS
@settings(max_examples=150, deadline=None)
@given(hard_vectors(), st.integers(1, 400), st.integers(0, 310), st.integers(0, 310))
def test_every_way_gives_what_the_definition_gives(way, given_, k, start, first):
    vectors, queries = given_
    stop = min(first, len(vectors))
    found = way(vectors).nearest(queries, k, first, start=start)
    same(found, brute(vectors, queries, k, min(start, stop), stop))


@WAYS
@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 40))
def test_few_of_many_rows(way, seed, k):
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((40, 24))
    vectors = (centres[rng.integers(0, 40, 5000)] + rng.standard_normal((5000, 24))).astype("f4")
    vectors[rng.integers(0, 5000, 500)] = vectors[rng.integers(0, 5000, 500)]
    queries = vectors[rng.integers(0, 5000, 3)]
    same(way(vectors).nearest(queries, k), brute(vectors, queries, k))


def test_codes_are_used_and_leave_few_candidates():
    vectors = np.random.default_rng(0).standard_normal((5000, 64)).astype("f4")
    unit = vectors[7].astype(float) / np.linalg.norm(vectors[7])
    rows = searching._Codes(vectors).candidates(unit, 10, 0, 5000)
    assert rows is not None
    assert 10 <= len(rows) < 200


def test_a_crowd_too_near_for_codes_is_searched_in_floats():
    noise = np.random.default_rng(0).standard_normal((5000, 8))
    vectors = (1 + 1e-5 * noise).astype("f4")
    search = by_codes(vectors)
    assert search._codes.candidates(np.ones(8) / 8**0.5, 10, 0, 5000) is None
    same(search.nearest(vectors[:2], 10), brute(vectors, vectors[:2], 10))


def test_many_queries_give_what_each_gives_alone():
    vectors = np.random.default_rng(1).standard_normal((3000, 30)).astype("f4")
    queries = np.random.default_rng(2).standard_normal((150, 30)).astype("f4")
    search = by_floats(vectors)
    rows, cosines = search.nearest(queries, 7)
    each = [by_codes(vectors).nearest(query[None], 7) for query in queries[:20]]
    same((rows[:20], cosines[:20]), [np.concatenate(part) for part in zip(*each, strict=True)])
    same((rows, cosines), brute(vectors, queries, 7))


def test_rows_that_have_no_direction_come_last_with_nan():
    vectors = np.ones((5, 3), "f4")
    vectors[0], vectors[2, 1], vectors[3, 0] = 0, np.nan, np.inf
    for way in (by_floats, by_codes):
        rows, cosines = way(vectors).nearest(-np.ones((1, 3), "f4"), 9)
        assert rows.tolist() == [[1, 4, 0, 2, 3]]
        np.testing.assert_array_equal(cosines, np.array([[-1, -1, *[np.nan] * 3]], "f4"))
        lone = way(vectors).cosines(np.ones(3, "f4"))
        np.testing.assert_allclose(lone, [np.nan, 1, np.nan, np.nan, 1], rtol=1e-6)


def test_a_query_of_zeros_is_equally_far_from_all():
    vectors = np.random.default_rng(0).standard_normal((50, 4)).astype("f4")
    for way in (by_floats, by_codes):
        rows, cosines = way(vectors).nearest(np.zeros((1, 4), "f4"), 3)
        assert rows.tolist() == [[0, 1, 2]]
        assert not cosines.any()


def test_cosines_of_all_rows_at_any_scale():
    vectors = np.random.default_rng(0).standard_normal((60, 9)).astype("f4")
    scales = (10.0 ** np.arange(-38, 22)[:, None]).astype("f4")
    np.testing.assert_allclose(
        by_floats(vectors * scales).cosines(vectors[3]), by_floats(vectors).cosines(vectors[3]),
        atol=1e-6,
    )  # fmt: skip


def test_the_matrix_is_encoded_once_searches_have_paid_for_it():
    vectors = np.random.default_rng(0).standard_normal((100, 8)).astype("f4")
    search = Search(vectors, lengths_of(vectors))
    before = search.nearest(vectors[:1], 5)
    assert search._codes is None
    search._work = 10**9
    same(search.nearest(vectors[:1], 5), before)
    assert search._codes is not None


def test_the_matrix_is_not_copied(tmp_path):
    np.save(tmp_path / "v.npy", np.eye(4, dtype="f4"))
    mapped = np.load(tmp_path / "v.npy", mmap_mode="r")
    search = Search(mapped, np.ones(4, "f4"))
    assert np.shares_memory(search.vectors, mapped)
    assert search.nearest(mapped[2:3], 1)[0].tolist() == [[2]]


def test_no_rows():
    rows, cosines = by_floats(np.empty((0, 3), "f4")).nearest(np.ones((2, 3), "f4"), 5)
    assert rows.shape == cosines.shape == (2, 0)


@pytest.mark.parametrize(
    ("queries", "k", "message"),
    [
        (np.ones((1, 3), "f4"), 1, r"queries of shape \(1, 3\) for vectors of 2 features"),
        (np.array([[np.nan, 1]], "f4"), 1, "a query is not finite"),
        (np.array([[1e300, 1]]), 1, "a query is not finite"),
        (np.ones((1, 2), "f4"), 0, "k = 0: ask for at least 1 row"),
    ],
)
def test_questions_without_sense_are_refused(queries, k, message):
    with pytest.raises(SeqkitError, match=message):
        by_floats(np.eye(2, dtype="f4")).nearest(queries, k)


def test_norms_that_do_not_fit_are_refused():
    with pytest.raises(SeqkitError, match="norms of shape"):
        Search(np.eye(3, dtype="f4"), np.ones(2, "f4"))
