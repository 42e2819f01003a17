import json
import sys

import numpy as np
import pytest

from seqkit.errors import SeqkitError
from seqkit.files import sha256
from seqkit.vectors import WordVectors
from seqkit.vectors.search import approximate
from seqkit.vectors.search.exact import Search
from seqkit.vectors.search.index import IndexSettings, build, open_index

KINDS = ["principal", "faiss", "usearch"]
EVERY = pytest.mark.parametrize("kind", KINDS)


def needs(kind):
    if kind == "principal":
        return
    pytest.importorskip(kind, reason=f"{kind} is not installed: pip install 'seqkit-nlp[ann]'")


@pytest.fixture(scope="module")
def vectors():
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((60, 20))
    matrix = centres[rng.integers(0, 60, 3000)] + 0.7 * rng.standard_normal((3000, 20))
    matrix *= rng.uniform(0.1, 9, 3000)[:, None]
    matrix[7] = 0
    return WordVectors.of([f"w{i}" for i in range(3000)], matrix.astype("f4"))


@pytest.fixture(scope="module")
def built(vectors):
    made = {}

    def of(kind):
        needs(kind)
        if kind not in made:
            made[kind] = build(vectors, IndexSettings(kind=kind))
        return made[kind]

    return of


def exact(vectors, queries, k):
    vectors.fill_norms()
    return Search(vectors.vectors, vectors.norms).nearest(queries, k)


def share_found(index, vectors, rows):
    expected, _ = exact(vectors, vectors.vectors[rows], 11)
    found, _ = index.nearest(vectors.vectors[rows], 11)
    return np.mean([
        len(set(a[a != r][:10]) & set(b[b != r][:10])) / 10
        for a, b, r in zip(expected, found, rows, strict=True)
    ])  # fmt: skip


@EVERY
def test_the_recall_it_tells_is_the_recall_it_has(vectors, built, kind):
    index = built(kind)
    rows = np.random.default_rng(5).choice(np.arange(8, 3000), 600, replace=False)
    assert index.recall >= 0.93
    assert abs(share_found(index, vectors, rows) - index.recall) < 0.03


def test_common_words_are_found_as_well_as_any():
    # The first rows have their neighbours along axes on which all the others hardly differ.
    rng = np.random.default_rng(0)
    common = np.concatenate(
        [0.1 * rng.standard_normal((200, 24)), rng.standard_normal((200, 24))], 1
    )
    others = np.concatenate(
        [rng.standard_normal((7800, 24)), 0.1 * rng.standard_normal((7800, 24))], 1
    )
    matrix = np.concatenate([common, others]).astype("f4")
    mixed = WordVectors.of([f"w{i}" for i in range(8000)], matrix)
    index = build(mixed, IndexSettings())
    for rows in (np.arange(200), np.arange(200, 8000, 20)):
        assert share_found(index, mixed, rows) > 0.93


def test_principal_cosines_are_those_of_exact_search(vectors, built):
    queries = np.random.default_rng(3).standard_normal((40, 20)).astype("f4")
    rows, cosines = built("principal").nearest(queries, 6)
    search = Search(vectors.vectors, vectors.norms)
    expected = search.rescored(queries, rows, 6)
    np.testing.assert_array_equal(rows, expected[0])
    np.testing.assert_allclose(cosines, expected[1], rtol=2e-7)


@EVERY
def test_a_worse_index_tells_a_worse_recall(vectors, kind):
    needs(kind)
    poor = build(vectors, IndexSettings(kind=kind, recall=0.1, lists=500, links=2, axes=4))
    assert poor.recall < 0.93
    assert abs(share_found(poor, vectors, np.arange(8, 1200)) - poor.recall) < 0.06


@EVERY
def test_cosines_are_exact_and_sorted(vectors, built, kind):
    queries = vectors.vectors[[3, 99, 1234]]
    rows, cosines = built(kind).nearest(queries, 5)
    assert rows[:, 0].tolist() == [3, 99, 1234]
    search = Search(vectors.vectors, vectors.norms)
    for query, row, cosine in zip(queries, rows, cosines, strict=True):
        np.testing.assert_allclose(cosine, search.cosines(query)[row], atol=1e-6)
        assert (np.diff(cosine) <= 0).all()


@EVERY
def test_all_rows_can_be_asked_for(vectors, built, kind):
    rows, cosines = built(kind).nearest(vectors.vectors[:1], 4000)
    expected = exact(vectors, vectors.vectors[:1], 4000)
    np.testing.assert_array_equal(rows, expected[0])
    np.testing.assert_array_equal(cosines, expected[1])


@EVERY
def test_it_opens_as_it_was_saved(vectors, built, kind, tmp_path):
    built(kind).save(tmp_path)
    opened = open_index(vectors, tmp_path)
    queries = vectors.vectors[100:120]
    for one, other in zip(opened.nearest(queries, 8), built(kind).nearest(queries, 8), strict=True):
        np.testing.assert_array_equal(one, other)
    assert (opened.recall, opened.card.effort) == (built(kind).recall, built(kind).card.effort)


def test_one_kind_takes_the_place_of_the_other(vectors, built, tmp_path):
    for kind in [*KINDS, "principal"]:
        built(kind).save(tmp_path)
        assert {p.name for p in tmp_path.iterdir()} == {"index.json", f"index.{kind}"}
        assert open_index(vectors, tmp_path).card.kind == kind


@EVERY
@pytest.mark.parametrize("words", [1, 2, 5, 40])
def test_a_few_words(kind, words):
    needs(kind)
    matrix = np.random.default_rng(0).standard_normal((words, 6)).astype("f4")
    few = WordVectors.of([str(i) for i in range(words)], matrix)
    index = build(few, IndexSettings(kind=kind))
    rows, _ = index.nearest(matrix, words)
    np.testing.assert_array_equal(rows, exact(few, matrix, words)[0])
    assert index.recall >= (1 if words == 1 else 0.9)


@EVERY
def test_vectors_of_any_length_and_none(kind):
    needs(kind)
    matrix = np.random.default_rng(0).standard_normal((300, 8))
    matrix *= 10.0 ** np.random.default_rng(1).integers(-30, 30, 300)[:, None]
    matrix[::9] = 0
    odd = WordVectors.of([str(i) for i in range(300)], matrix.astype("f4"))
    with np.errstate(over="ignore"):
        odd.fill_norms()
    rows, cosines = build(odd, IndexSettings(kind=kind)).nearest(odd.vectors[10:14], 1)
    assert rows.ravel().tolist() == [10, 11, 12, 13]
    np.testing.assert_allclose(cosines, 1, rtol=1e-6)


def test_zeros_alone_are_refused():
    with pytest.raises(SeqkitError, match="no vector has a direction"):
        build(WordVectors.of(["a", "b"], np.zeros((2, 3), "f4")))


def test_an_index_of_other_vectors_is_refused(vectors, built, tmp_path):
    built("principal").save(tmp_path)
    changed = vectors.vectors.copy()
    changed[1501] *= -1  # of the same length
    for other in (
        WordVectors.of(vectors.index_to_key, changed),
        WordVectors.of(vectors.index_to_key[:-1], vectors.vectors[:-1]),
        WordVectors.of(vectors.index_to_key, vectors.vectors[::-1].copy()),
    ):
        with pytest.raises(SeqkitError, match=r"of other vectors .*seqkit vectors index"):
            open_index(other, tmp_path)


def test_no_index(vectors, tmp_path):
    with pytest.raises(SeqkitError, match="has no index for approximate search: build it"):
        open_index(vectors, tmp_path)


@EVERY
@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "gone"])
def test_a_damaged_file_is_refused(vectors, built, tmp_path, kind, damage):
    built(kind).save(tmp_path)
    path = tmp_path / f"index.{kind}"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    wrong = {"cut": data[:-9], "flip": data, "empty": b""}
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(wrong[damage])
    with pytest.raises(SeqkitError, match=f"index.{kind}.*build it again"):
        open_index(vectors, tmp_path)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "7", '{"format": "else"}', '{"kind": "annoy"}', '{"effort": -1}', '{"a": 1}'],
)
def test_a_damaged_card_is_refused(vectors, built, tmp_path, text):
    built("principal").save(tmp_path)
    (tmp_path / "index.json").write_text(text)
    with pytest.raises(SeqkitError, match=r"index.json (is damaged|is of other vectors)") as error:
        open_index(vectors, tmp_path)
    assert "\n" not in str(error.value)


@EVERY
def test_a_card_that_points_elsewhere_is_refused(vectors, built, tmp_path, kind):
    built(kind).save(tmp_path)
    card = json.loads((tmp_path / "index.json").read_text())
    card["kind"] = next(other for other in KINDS if other != kind)
    (tmp_path / "index.json").write_text(json.dumps(card))
    with pytest.raises(SeqkitError, match=r"cannot read .* build it again"):
        open_index(vectors, tmp_path)


def test_a_missing_library_is_named(vectors, monkeypatch):
    monkeypatch.setitem(sys.modules, "faiss", None)
    monkeypatch.setattr(approximate.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(SeqkitError, match=r"needs faiss: pip install 'seqkit-nlp\[ann\]'"):
        build(vectors, IndexSettings(kind="faiss"))


def test_a_full_disk_leaves_the_old_index(vectors, built, tmp_path, monkeypatch):
    built("principal").save(tmp_path)

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("seqkit.files.os.fsync", full)
        with pytest.raises(SeqkitError, match="the disk is full"):
            built("principal").save(tmp_path)
    assert open_index(vectors, tmp_path).recall == built("principal").recall


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("owners", lambda a: np.full_like(a, 1 << 30)),
        ("starts", lambda a: a[::-1].copy()),
        ("starts", lambda a: a * 2),
        ("halves", lambda a: np.full_like(a, np.nan)),
        ("codes", lambda a: a[: len(a) // 2]),
        ("axes", lambda a: a[:, :1]),
        ("kept", lambda a: a * 1_000_000),
    ],
)
def test_a_made_up_index_never_leaves_its_arrays(vectors, built, tmp_path, name, change):
    from safetensors.numpy import load_file, save_file

    vectors.save(tmp_path)
    built("principal").save(tmp_path)
    path, card = tmp_path / "index.principal", tmp_path / "index.json"
    arrays = load_file(path)
    save_file({**arrays, name: change(arrays[name])}, path)
    card.write_text(json.dumps({**json.loads(card.read_text()), "file": sha256(path)}))
    with pytest.raises(SeqkitError, match=r"index\.principal is not an index"):
        open_index(vectors, tmp_path)
