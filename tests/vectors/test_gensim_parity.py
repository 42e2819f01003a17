"""The same vectors give the same answers in gensim and here, exceptions included."""

import math
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seqkit.vectors import WordVectors

gensim = pytest.importorskip("gensim", reason="gensim is not installed: pip install gensim")

from gensim.models import KeyedVectors  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::DeprecationWarning")

SIZE = 12
WORDS = ["king", "queen", "man", "woman", "Paris", "paris", "서울", "도쿄", "the", "of"]
WORDS += [f"word{i}" for i in range(190)]
RNG = np.random.default_rng(4)
MATRIX = RNG.normal(size=(len(WORDS), SIZE)).astype(np.float32)
MATRIX[1] = MATRIX[0] - MATRIX[2] + MATRIX[3] + 0.05
COUNTS = RNG.integers(1, 1000, len(WORDS))
VECTOR = RNG.normal(size=SIZE).astype(np.float32)


def theirs(words: list[str] = WORDS, matrix: Any = MATRIX, counts: Any = COUNTS) -> Any:
    made = KeyedVectors(matrix.shape[1], len(words), dtype=matrix.dtype)
    for word, row in zip(words, matrix, strict=True):
        made.add_vector(word, row)
    for word, n in zip(words, counts, strict=True):
        made.set_vecattr(word, "count", int(n))
    return made


def ours(words: list[str] = WORDS, matrix: Any = MATRIX, counts: Any = COUNTS) -> WordVectors:
    return WordVectors.of(words, matrix.copy(), counts=counts.copy())


@pytest.fixture(scope="module", params=["memory", "folder", "pickle"])
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    made = ours()
    if request.param == "folder":
        path = tmp_path_factory.mktemp("vectors") / "saved"
        made.save(path)
        made = WordVectors.load(path)
    if request.param == "pickle":
        made = pickle.loads(pickle.dumps(made))
    return theirs(), made


def outcome(call: Callable[..., Any], *given: Any) -> Any:
    try:
        return call(*given)
    except Exception as error:
        return error


def same(a: Any, b: Any) -> None:
    """Fail unless b is what gensim's a is: type, order, and numbers to the rounding of float32."""
    if isinstance(a, Exception):
        assert isinstance(b, type(a)), repr(b)
        return
    assert not isinstance(b, Exception), repr(b)
    if isinstance(a, np.ndarray):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        if a.dtype.kind == "f":
            np.testing.assert_allclose(b, a, rtol=2e-5, atol=2e-6)
        else:
            np.testing.assert_array_equal(a, b)
    elif isinstance(a, (list, tuple)):
        assert isinstance(b, type(a))
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            same(x, y)
    elif isinstance(a, dict):
        assert a.keys() == b.keys()
        for key in a:
            same(a[key], b[key])
    elif isinstance(a, (float, np.floating)):
        assert type(a) is type(b)
        assert b == pytest.approx(a, rel=2e-5, abs=2e-6, nan_ok=True)
    else:
        assert (type(a), a) == (type(b), b)


QUESTIONS: dict[str, Callable[[Any], Any]] = {
    "one word": lambda v: v.most_similar("king"),
    "list": lambda v: v.most_similar(["king", "woman"], ["man"]),
    "analogy, single": lambda v: v.most_similar(positive=["king", "woman"], negative="man"),
    "weights": lambda v: v.most_similar([("king", 0.5), ("woman", 2)], [("man", -0.1), "the"]),
    "vector": lambda v: v.most_similar(VECTOR),
    "list of vectors": lambda v: v.most_similar([VECTOR, "king"], [(VECTOR[::-1], -0.5)]),
    "matrix": lambda v: v.most_similar(MATRIX[3:6]),
    "row": lambda v: v.most_similar(5),
    "row in list": lambda v: v.most_similar([np.int64(5), 7]),
    "negative alone": lambda v: v.most_similar(negative=["king"]),
    "the same twice": lambda v: v.most_similar(["king", "king"]),
    "topn": lambda v: v.most_similar("king", topn=3),
    "topn 0": lambda v: v.most_similar("king", topn=0),
    "topn below 0": lambda v: v.most_similar("king", topn=-3),
    "topn 0 of an unknown word": lambda v: v.most_similar("absent", topn=0),
    "topn None": lambda v: v.most_similar("king", topn=None),
    "topn beyond": lambda v: v.most_similar("king", topn=10**6),
    "topn numpy": lambda v: v.most_similar("king", topn=np.int64(4)),
    "topn text": lambda v: v.most_similar("king", topn="4"),
    "topn True": lambda v: v.most_similar("king", topn=True),
    "clip": lambda v: v.most_similar("king", clip_start=20, clip_end=40),
    "clip start": lambda v: v.most_similar("king", clip_start=150),
    "clip end": lambda v: v.most_similar("king", clip_end=3),
    "clip end 0": lambda v: v.most_similar("king", clip_end=0),
    "clip end beyond": lambda v: v.most_similar("king", clip_end=10**6),
    "clip from the end": lambda v: v.most_similar("king", clip_start=-50),
    "clip to the end": lambda v: v.most_similar("king", clip_end=-50),
    "clip nothing": lambda v: v.most_similar("king", clip_start=40, clip_end=20),
    "clip None": lambda v: v.most_similar("king", clip_start=5, clip_end=30, topn=None),
    "restrict": lambda v: v.most_similar("word50", restrict_vocab=30),
    "restrict 0": lambda v: v.most_similar("word50", restrict_vocab=0),
    "restrict beyond": lambda v: v.most_similar("word50", restrict_vocab=10**6),
    "restrict None": lambda v: v.most_similar("word50", restrict_vocab=30, topn=None),
    "restrict below 0": lambda v: v.most_similar("word50", restrict_vocab=-150),
    "restrict wins": lambda v: v.most_similar("king", restrict_vocab=9, clip_start=50),
    "indexer": lambda v: v.most_similar("king", topn=2, indexer=Indexer()),
    "indexer, all": lambda v: v.most_similar("king", topn=None, indexer=Indexer()),
    "nothing": lambda v: v.most_similar(),
    "nothing in a list": lambda v: v.most_similar([], []),
    "unknown": lambda v: v.most_similar("absent"),
    "unknown negative": lambda v: v.most_similar("king", ["absent"]),
    "unknown row": lambda v: v.most_similar(10**6),
    "tuple": lambda v: v.most_similar(("king", "man")),
    "empty word": lambda v: v.most_similar(""),
    "wrong size": lambda v: v.most_similar(VECTOR[:3]),
    "by_word": lambda v: v.similar_by_word("서울", 4, 100),
    "by_word, all": lambda v: v.similar_by_word("서울", topn=None),
    "by_word, unknown": lambda v: v.similar_by_word("absent"),
    "by_key": lambda v: v.similar_by_key("서울", topn=4),
    "by_vector": lambda v: v.similar_by_vector(VECTOR, topn=4, restrict_vocab=50),
    "by_vector, zeros": lambda v: sorted(c for _, c in v.similar_by_vector(VECTOR * 0)),
    "cosmul": lambda v: v.most_similar_cosmul(["king", "woman"], ["man"]),
    "cosmul, words": lambda v: v.most_similar_cosmul("king", "man", topn=3),
    "cosmul, vector": lambda v: v.most_similar_cosmul(VECTOR / np.linalg.norm(VECTOR)),
    "cosmul, all": lambda v: v.most_similar_cosmul("king", "man", topn=None),
    "cosmul, 0": lambda v: v.most_similar_cosmul("king", topn=0),
    "cosmul, restrict": lambda v: v.most_similar_cosmul("king", restrict_vocab=3),
    "cosmul, nothing": lambda v: v.most_similar_cosmul(negative=["king"]),
    "cosmul, unknown": lambda v: v.most_similar_cosmul("absent"),
    "similarity": lambda v: v.similarity("king", "queen"),
    "similarity, itself": lambda v: v.similarity("king", "king"),
    "similarity, rows": lambda v: v.similarity(3, 4),
    "similarity, unknown": lambda v: v.similarity("king", "absent"),
    "distance": lambda v: v.distance("king", "queen"),
    "distance, unknown": lambda v: v.distance("absent", "queen"),
    "distances": lambda v: v.distances("king"),
    "distances, some": lambda v: v.distances("king", ["man", "the"]),
    "distances, tuple": lambda v: v.distances("king", ("man", 4)),
    "distances, vector": lambda v: v.distances(VECTOR),
    "distances, None": lambda v: v.distances("king", None),
    "distances, unknown": lambda v: v.distances("king", ["man", "absent"]),
    "distances, unknown first": lambda v: v.distances("absent"),
    "n_similarity": lambda v: v.n_similarity(["king", "man"], ["queen", "woman", "absent"]),
    "n_similarity, empty": lambda v: v.n_similarity([], ["queen"]),
    "n_similarity, all unknown": lambda v: v.n_similarity(["absent"], ["queen"]),
    "doesnt_match": lambda v: v.doesnt_match(["king", "queen", "word9", "man"]),
    "doesnt_match, unknown": lambda v: v.doesnt_match(["king", "absent", "word9", "man"]),
    "doesnt_match, all unknown": lambda v: v.doesnt_match(["absent"]),
    "doesnt_match, none": lambda v: v.doesnt_match([]),
    "doesnt_match, one": lambda v: v.doesnt_match(["king"]),
    "centrality": lambda v: v.rank_by_centrality(["king", "queen", "man"]),
    "centrality, lengths": lambda v: v.rank_by_centrality(["king", "the", "man"], use_norm=False),
    "to_given": lambda v: v.most_similar_to_given("king", ["man", "queen", "the"]),
    "to_given, none": lambda v: v.most_similar_to_given("king", []),
    "to_given, unknown": lambda v: v.most_similar_to_given("king", ["absent"]),
    "closer_than": lambda v: v.closer_than("king", "word9"),
    "closer_than, itself": lambda v: v.closer_than("king", "king"),
    "closer_than, unknown": lambda v: v.closer_than("king", "absent"),
    "rank": lambda v: v.rank("king", "word77"),
    "rank, unknown": lambda v: v.rank("absent", "king"),
    "relative": lambda v: v.relative_cosine_similarity("king", "queen"),
    "relative, topn": lambda v: v.relative_cosine_similarity("king", "queen", topn=3),
    "relative, 0": lambda v: v.relative_cosine_similarity("king", "queen", topn=0),
    "relative, unknown": lambda v: v.relative_cosine_similarity("king", "absent"),
    "get_vector": lambda v: v.get_vector("king"),
    "get_vector, norm": lambda v: v.get_vector("king", norm=True),
    "get_vector, row": lambda v: v.get_vector(7),
    "get_vector, row below 0": lambda v: v.get_vector(-1),
    "get_vector, unknown": lambda v: v.get_vector("absent"),
    "get_vector, writing": lambda v: v.get_vector("king").__setitem__(0, 1),
    "get_index": lambda v: (v.get_index("man"), v.get_index("absent", default=-1)),
    "get_index, unknown": lambda v: v.get_index("absent"),
    "get_index, list": lambda v: v.get_index(None, 3),
    "has_index_for": lambda v: (v.has_index_for("man"), v.has_index_for("x"), v.has_index_for(9)),
    "in": lambda v: ("man" in v, "absent" in v, 5 in v, 10**6 in v, "" in v, "\ud800" in v),
    "[]": lambda v: v["man"],
    "[row]": lambda v: v[3],
    "[list]": lambda v: v[["man", "king", 5]],
    "[tuple]": lambda v: v["man", "king"],
    "[empty]": lambda v: v[[]],
    "[unknown]": lambda v: v["absent"],
    "[unknown in list]": lambda v: v[["man", "absent"]],
    "len": len,
    "str": lambda v: str(v).partition("<")[2],
    "mean": lambda v: v.get_mean_vector(["king", "man", 3]),
    "mean, weights": lambda v: v.get_mean_vector(["king", "man"], [1, -0.5]),
    "mean, array": lambda v: v.get_mean_vector(["king", "man"], np.array([1, -0.5])),
    "mean, lengths": lambda v: v.get_mean_vector(["king", "man"], pre_normalize=False),
    "mean, unit": lambda v: v.get_mean_vector(["king", VECTOR], post_normalize=True),
    "mean, missing": lambda v: v.get_mean_vector(["king", "absent"]),
    "mean, all missing": lambda v: v.get_mean_vector(["absent"]),
    "mean, none": lambda v: v.get_mean_vector([]),
    "mean, refused": lambda v: v.get_mean_vector(["king", "absent"], ignore_missing=False),
    "mean, weights that do not fit": lambda v: v.get_mean_vector(["king", "man"], [1, 2, 3]),
    "mean, weights that cancel": lambda v: v.get_mean_vector(["king", "man"], [0, 0]),
    "normed": lambda v: v.get_normed_vectors(),
    "cosines": lambda v: v.cosine_similarities(VECTOR, MATRIX[:9]),
    "vectors": lambda v: v.vectors,
    "vector_size": lambda v: v.vector_size,
    "index_to_key": lambda v: v.index_to_key,
    "key_to_index": lambda v: v.key_to_index,
    "count": lambda v: int(v.get_vecattr("man", "count")),
    "no such attribute": lambda v: v.get_vecattr("man", "colour"),
    "attribute of unknown": lambda v: v.get_vecattr("absent", "count"),
    "for_all": lambda v: table(v.vectors_for_all(["man", "absent", "king", "man", 5])),
    "for_all, attributes": lambda v: table(v.vectors_for_all(["man", "king"], copy_vecattrs=True)),
}


class Indexer:
    def most_similar(self, vector: Any, topn: int) -> list[tuple[str, float]]:
        assert vector.dtype == np.float32
        return [("answered", float(vector.sum()) + topn)]


def table(vectors: Any) -> Any:
    vectors.fill_norms()
    return {
        "keys": list(vectors.index_to_key), "rows": dict(vectors.key_to_index),
        "vectors": np.array(vectors.vectors), "norms": np.array(vectors.norms),
        "counts": np.array(vectors.expandos.get("count", []), dtype=np.int64),
    }  # fmt: skip


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_answers(both: Any, question: Callable[[Any], Any]) -> None:
    them, us = both
    same(outcome(question, them), outcome(question, us))


def test_errors_name_the_key(both: Any) -> None:
    for call in (
        lambda v: v["없음"],
        lambda v: v.most_similar("없음"),
        lambda v: v.rank("the", "없음"),
    ):
        error = outcome(call, both[1])
        assert "없음" in str(error)
        assert "\n" not in str(error)


# What changes vectors: the question is asked of all that is left behind.
CHANGES: dict[str, Callable[[Any], Any]] = {
    "add": lambda v: v.add_vectors(["new", "king"], MATRIX[:2] * 2),
    "add, list": lambda v: v.add_vectors(["new", "newer"], [VECTOR, -VECTOR]),
    "add, replace": lambda v: v.add_vectors(["new", "king"], MATRIX[5:7] * 2, replace=True),
    "add, one": lambda v: v.add_vectors("new", VECTOR),
    "add, float64": lambda v: v.add_vectors(["new"], VECTOR[None].astype(np.float64)),
    "add, nothing": lambda v: v.add_vectors([], np.zeros((0, SIZE), np.float32)),
    "add, too few": lambda v: v.add_vectors(["new", "newer"], [VECTOR]),
    "add, too narrow": lambda v: v.add_vectors(["new"], [VECTOR[:3]]),
    "add_vector": lambda v: v.add_vector("new", VECTOR),
    "[] =": lambda v: v.__setitem__("king", VECTOR),
    "[list] =": lambda v: v.__setitem__(["king", "new"], [VECTOR, -VECTOR]),
    "sort": lambda v: v.sort_by_descending_frequency(),
    "unit": lambda v: v.unit_normalize_all(),
    "attribute": lambda v: v.set_vecattr("man", "count", 7),
    "attribute of another type": lambda v: v.set_vecattr("man", "count", "many"),
    "attribute of unknown": lambda v: v.set_vecattr("absent", "count", 7),
    "new attribute": lambda v: v.set_vecattr("man", "weight", 7.5),
}


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("mapped", [False, True])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_changes(change: Callable[[Any], Any], mapped: bool, tmp_path: Path) -> None:
    them, us = theirs(), ours()
    if mapped:
        us.save(tmp_path)
        us = WordVectors.load(tmp_path)
        us.most_similar("king")
    first, second = outcome(change, them), outcome(change, us)
    same(first, second)
    if isinstance(first, Exception):
        return
    them.norms = us.norms = None  # gensim keeps the lengths from before the change
    a, b = table(them), table(us)
    a["counts"] = np.pad(a["counts"], (0, len(them) - len(a["counts"])))  # and leaves these short
    same(a, b)
    same(them.most_similar("king"), us.most_similar("king"))
    if mapped:
        same(theirs().vectors, WordVectors.load(tmp_path).vectors)


def test_room_made_in_advance() -> None:
    made = [kind(SIZE, count=3) for kind in (KeyedVectors, WordVectors)]
    for vectors in made:
        assert [vectors.add_vector(w, MATRIX[i]) for i, w in enumerate(["a", "b"])] == [0, 1]
    same(table(made[0]), table(made[1]))
    same(made[0].most_similar("a"), made[1].most_similar("a"))


@pytest.mark.parametrize("kind", [np.float16, np.float64])
def test_other_types_of_numbers(kind: Any, tmp_path: Path) -> None:
    matrix = MATRIX.astype(kind)
    them, us = theirs(matrix=matrix), ours(matrix=matrix)
    us.save(tmp_path)
    for made in (us, WordVectors.load(tmp_path)):
        assert made.vectors.dtype == kind
        for (a, x), (b, y) in zip(
            them.most_similar("king"), made.most_similar("king"), strict=True
        ):
            assert a == b
            assert x == pytest.approx(y, abs=2e-3 if kind is np.float16 else 1e-6)
        assert them.similarity("king", "man") == pytest.approx(
            us.similarity("king", "man"), abs=1e-3
        )


def test_one_word() -> None:
    them, us = theirs(["only"], MATRIX[:1], COUNTS[:1]), ours(["only"], MATRIX[:1], COUNTS[:1])
    for question in (
        lambda v: v.most_similar("only"),
        lambda v: v.most_similar(VECTOR),
        lambda v: v.most_similar("only", topn=None),
        lambda v: v.doesnt_match(["only"]),
        lambda v: v.rank("only", "only"),
        lambda v: v.relative_cosine_similarity("only", "only"),
        lambda v: v.most_similar_cosmul("only"),
    ):
        same(outcome(question, them), outcome(question, us))


def test_no_word() -> None:
    them, us = KeyedVectors(3), WordVectors(3)
    for question in (
        len,
        lambda v: v.most_similar("a"),
        lambda v: v.sort_by_descending_frequency(),
    ):
        same(outcome(question, them), outcome(question, us))


def test_zeros() -> None:
    matrix = MATRIX[:8].copy()
    matrix[[2, 5]] = 0
    them, us = (make(WORDS[:8], matrix, COUNTS[:8]) for make in (theirs, ours))
    for question in (
        lambda v: v.most_similar("king", topn=3),
        lambda v: v.most_similar("king", topn=None),
        lambda v: v.most_similar("king", clip_start=3, topn=2),
        lambda v: v.similarity("king", "man"),
        lambda v: v.get_vector("man", norm=True),
        lambda v: v.distances("king"),
        lambda v: v.distances("man"),
        lambda v: v.closer_than("king", "woman"),
        lambda v: v.rank("king", "man"),
        lambda v: [c for _, c in v.most_similar("man", topn=3)],
        lambda v: [c for _, c in v.most_similar("king", topn=100)],
        lambda v: v.get_normed_vectors(),
    ):
        same(outcome(question, them), outcome(question, us))
    # All are found in the end; those without direction last, with no number.
    assert {w for w, _ in us.most_similar("king", topn=100)[-2:]} == {"man", WORDS[5]}


WEIGHTED = st.lists(
    st.tuples(st.sampled_from(WORDS), st.floats(-2, 2).map(lambda x: round(x, 2))), max_size=3
)


@given(WEIGHTED, WEIGHTED, st.integers(0, 40), st.integers(0, 190), st.integers(0, 200))
@settings(max_examples=60, deadline=None)
def test_any_arithmetic(positive: Any, negative: Any, topn: int, start: int, length: int) -> None:
    def ask(v: Any) -> Any:
        return v.most_similar(positive, negative, topn, clip_start=start, clip_end=start + length)

    first, second = outcome(ask, THEM), outcome(ask, US)
    if isinstance(first, list) and first and min(abs(c) for _, c in first) == 0:
        return  # a sum of nothing: every order is as good
    same(first, second)


THEM, US = theirs(), ours()


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    """Analogies with a planted right answer, unknown words, odd case and broken lines."""
    lines = [": royalty", "man king woman queen", "MAN King woman queen", "man king woman the"]
    lines += ["man king woman absent", "one two three", "", ": rest "]
    rng = np.random.default_rng(0)
    lines += [" ".join(rng.choice(WORDS, 4)) for _ in range(60)]
    lines += [": empty", "absent a b c", ": none"]
    path = tmp_path / "questions.txt"
    path.write_text("\n".join(lines))
    return path


@pytest.mark.parametrize("restrict", [300000, None, 20])
@pytest.mark.parametrize("fold", [True, False])
@pytest.mark.parametrize("dummy", [True, False])
def test_analogies(both: Any, questions: Path, restrict: Any, fold: bool, dummy: bool) -> None:
    first, second = (
        v.evaluate_word_analogies(
            str(questions), restrict_vocab=restrict, case_insensitive=fold, dummy4unknown=dummy
        )
        for v in both
    )
    same(first, second)
    assert ("MAN", "KING", "WOMAN", "QUEEN") in first[1][0]["correct"] or not fold


@pytest.mark.parametrize(
    "text", ["", "a b c d\n: late\n", ": only a section\n", ": s\nabsent a b c\n", None]
)
def test_analogies_refused(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "questions.txt"
    if text is not None:
        path.write_text(text)
    first, second = (outcome(v.evaluate_word_analogies, str(path)) for v in (THEM, US))
    same(first, second)
    if isinstance(second, Exception):
        assert str(path) in str(second)


@pytest.mark.parametrize("restrict", [300000, None, 20])
@pytest.mark.parametrize("fold", [True, False])
@pytest.mark.parametrize("dummy", [True, False])
def test_pairs(both: Any, tmp_path: Path, restrict: Any, fold: bool, dummy: bool) -> None:
    rng = np.random.default_rng(1)
    lines = [
        "# a comment",
        "king\tqueen\t9.5",
        "KING\tqueen\t9",
        "king\tabsent\t3",
        "a\tb\tten",
        "",
    ]
    lines += [f"{a}\t{b}\t{rng.uniform(0, 10):.2f}" for a, b in rng.choice(WORDS, (40, 2))]
    path = tmp_path / "pairs.tsv"
    path.write_text("\n".join(lines) + "\n")
    first, second = (
        v.evaluate_word_pairs(
            str(path), restrict_vocab=restrict, case_insensitive=fold, dummy4unknown=dummy
        )
        for v in both
    )
    assert [type(part) for part in first] == [type(part) for part in second]
    for part in (0, 1):
        assert second[part].statistic == pytest.approx(first[part].statistic, abs=1e-6, nan_ok=True)
        assert second[part].pvalue == pytest.approx(first[part].pvalue, abs=1e-6, nan_ok=True)
    assert first[2] == pytest.approx(second[2])


@pytest.mark.parametrize("text", ["", "a\tb\t1\n", "king queen 3\n", b"\xff\t\t3\n", None])
def test_pairs_refused(tmp_path: Path, text: Any) -> None:
    path = tmp_path / "pairs.tsv"
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    first, second = (outcome(v.evaluate_word_pairs, str(path)) for v in (THEM, US))
    assert isinstance(first, Exception)
    if isinstance(first, UnicodeDecodeError):
        first = ValueError()  # of which that is a kind: ours names the file
    same(first, second)
    assert str(path) in str(second)


@pytest.fixture
def pot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POT_BACKEND_DISABLE_PYTORCH", "1")  # it would be imported, for nothing
    pytest.importorskip("ot", reason="POT, which gensim asks, is not installed: pip install pot")


DOCUMENT = st.lists(st.sampled_from([*WORDS[:15], "absent"]), max_size=12)


@pytest.mark.usefixtures("pot")
@given(DOCUMENT, DOCUMENT, st.booleans())
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_word_movers_distance(first: list[str], second: list[str], norm: bool) -> None:
    expected = THEM.wmdistance(first, second, norm=norm)
    found = US.wmdistance(first, second, norm=norm)
    assert math.isinf(expected) if math.isinf(found) else found == pytest.approx(expected, abs=1e-6)


def test_the_saved_text_is_read_by_gensim(tmp_path: Path) -> None:
    for binary in (False, True):
        ours().save_word2vec_format(str(tmp_path / "v"), binary=binary)
        theirs().save_word2vec_format(str(tmp_path / "g"), binary=binary)
        loads = [
            kind.load_word2vec_format(str(tmp_path / name), binary=binary)
            for kind, name in ((KeyedVectors, "v"), (WordVectors, "g"))
        ]
        a, b = map(table, loads)
        for name in ("keys", "rows", "vectors"):
            same(a[name], b[name])
