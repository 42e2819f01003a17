"""Our own folder of vectors: what is saved comes back, and what is damaged is refused."""

import errno
import json
import multiprocessing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from seqkit.errors import SeqkitError
from seqkit.vectors import WordVectors
from seqkit.vectors.files.folder import CARD, VECTORS, WORDS, map_tensors

WORD = ["the", "서울", "a b", "", "\r", "\u2028"]
MATRIX = np.random.default_rng(0).normal(size=(6, 5)).astype(np.float32)


def example() -> WordVectors:
    made = WordVectors.of(WORD, MATRIX, counts=np.arange(6, 0, -1), card={"corpus": "마을"})
    made.set_vecattr("the", "weight", 0.5)
    return made


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    example().save(tmp_path / "v")
    return tmp_path / "v"


def test_what_is_saved_comes_back(saved: Path) -> None:
    again = WordVectors.load(str(saved))
    np.testing.assert_array_equal(again.vectors, MATRIX)
    np.testing.assert_array_equal(again.norms, np.linalg.norm(MATRIX, axis=1))
    assert again.index_to_key == WORD
    assert [again.get_vecattr(word, "count") for word in WORD] == [6, 5, 4, 3, 2, 1]
    assert again.get_vecattr("the", "weight") == 0.5
    assert again.card["corpus"] == "마을"
    assert (again.card["words"], again.card["size"]) == (6, 5)
    assert again.folder == saved
    assert (saved / WORDS).read_bytes().decode() == "".join(f"{word}\n" for word in WORD)
    again.save(saved.parent / "w")
    for name in (VECTORS, WORDS, CARD):
        assert (saved.parent / "w" / name).read_bytes() == (saved / name).read_bytes()


def test_safetensors_reads_the_file_and_every_tensor_is_aligned(saved: Path) -> None:
    theirs = load_file(saved / VECTORS)
    np.testing.assert_array_equal(theirs["vectors"], MATRIX)
    data = (saved / VECTORS).read_bytes()
    length = int.from_bytes(data[:8], "little")
    for name, entry in json.loads(data[8 : 8 + length]).items():
        if "padding" not in name and name != "__metadata__":
            assert (8 + length + entry["data_offsets"][0]) % 64 == 0
    for name, tensor in map_tensors(saved / VECTORS).items():
        np.testing.assert_array_equal(tensor, theirs[name])


def test_a_folder_made_by_hand(tmp_path: Path) -> None:
    save_file({"vectors": MATRIX[:2]}, tmp_path / VECTORS)
    (tmp_path / WORDS).write_text("서울\n부산\n")
    made = WordVectors.load(tmp_path)
    np.testing.assert_array_equal(made["부산"], MATRIX[1])
    assert made.most_similar("서울")[0][0] == "부산"
    (tmp_path / WORDS).write_text("서울\n부산\n대구\n")
    with pytest.raises(SeqkitError, match=r"words.txt has 3 words for 2 vectors: restore it\.$"):
        WordVectors.load(tmp_path)
    (tmp_path / WORDS).write_text("서울\n서울\n")
    with pytest.raises(SeqkitError, match=r"words.txt: '서울' stands twice"):
        WordVectors.load(tmp_path)
    (tmp_path / WORDS).write_bytes("서울\n부산\n".encode("cp949"))
    with pytest.raises(SeqkitError, match=r"words.txt is not UTF-8"):
        WordVectors.load(tmp_path)


def test_no_words_at_all(tmp_path: Path) -> None:
    WordVectors(5).save(tmp_path)
    again = WordVectors.load(tmp_path)
    assert (len(again), again.vectors.shape, again.index_to_key) == (0, (0, 5), [])
    assert "the" not in again


def test_changes_stay_in_this_process(saved: Path) -> None:
    first, second = WordVectors.load(saved), WordVectors.load(saved, mmap="r")
    first.vectors[0] = 7
    first.fill_norms(force=True)
    assert first.norms is not None
    assert first.norms[0] == pytest.approx(7 * 5**0.5)
    np.testing.assert_array_equal(second.vectors, MATRIX)
    with pytest.raises(ValueError, match="read-only"):
        second.vectors[0] = 7


def test_saving_over_what_is_open(saved: Path) -> None:
    opened = WordVectors.load(saved)
    (saved / "settings.json").write_text("{}")
    opened.unit_normalize_all()
    opened.save(saved)
    np.testing.assert_allclose(np.linalg.norm(WordVectors.load(saved).vectors, axis=1), 1, 1e-6)
    assert {path.name for path in saved.iterdir()} == {VECTORS, WORDS, CARD, "settings.json"}


def _answer(path: Path, queue: Any) -> None:
    queue.put(WordVectors.load(path).most_similar("서울", topn=2))


def test_another_process_answers_alike(saved: Path) -> None:
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    process = context.Process(target=_answer, args=(saved, queue))
    process.start()
    assert queue.get(timeout=30) == WordVectors.load(saved).most_similar("서울", topn=2)
    process.join()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: v.vectors.__setitem__((2, 1), np.nan), "of 'a b' .row 2. holds a number that"),
        (lambda v: v.vectors.__setitem__((0, 0), np.inf), "of 'the' .row 0. .*: not saved"),
        (lambda v: v.add_vectors("b\nc", MATRIX[0]), r"'b\\nc' holds a line feed"),
        (lambda v: v.add_vectors(10**9, MATRIX[0]), "row 6 has the key 1000000000"),
        (lambda v: v.set_vecattr("the", "tag", "DT"), "'tag' is of the type object, .* expandos"),
    ],
)
@pytest.mark.parametrize("before", [True, False])
def test_what_cannot_be_saved_leaves_nothing_behind(
    tmp_path: Path, change: Callable[[Any], Any], message: str, before: bool
) -> None:
    path = tmp_path / "v"
    if before:
        example().save(path)
    made = WordVectors.of(WORD, MATRIX.copy())
    change(made)
    with pytest.raises(SeqkitError, match=message):
        made.save(path)
    if before:
        np.testing.assert_array_equal(WordVectors.load(path).vectors, MATRIX)
    else:
        assert not path.exists()


def test_a_full_disk_keeps_what_was_there(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    before = {path.name: path.read_bytes() for path in saved.iterdir()}
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(SeqkitError, match=r"^the disk is full: .* was not written"):
        WordVectors.of(["other"], MATRIX[:1]).save(saved)
    assert {path.name: path.read_bytes() for path in saved.iterdir()} == before


def _header(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    data = (path / VECTORS).read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    change(header)
    text = json.dumps(header).encode()
    (path / VECTORS).write_bytes(len(text).to_bytes(8, "little") + text + data[8 + length :])


def _cut(name: str, size: int) -> Callable[[Path], Any]:
    return lambda path: (path / name).write_bytes((path / name).read_bytes()[:size])


def _put(name: str, data: bytes) -> Callable[[Path], Any]:
    return lambda path: (path / name).write_bytes(data)


def _nan(path: Path) -> None:
    tensors = load_file(path / VECTORS)
    save_file(tensors | {"norms": np.full(6, np.nan, np.float32)}, path / VECTORS)


def _tensor(name: str, values: Any) -> Callable[[Path], Any]:
    return lambda p: save_file(load_file(p / VECTORS) | {name: np.array(values)}, p / VECTORS)


DAMAGE: dict[str, tuple[Callable[[Path], Any], str]] = {
    "no vectors": (
        lambda p: (p / VECTORS).unlink(),
        "holds no word vectors: there is no vectors.safetensors",
    ),
    "no words": (lambda p: (p / WORDS).unlink(), "cannot read .*words.txt: No such"),
    "empty": (_cut(VECTORS, 0), "it has no header of a safetensors file"),
    "cut header": (_cut(VECTORS, 100), "it has a header that is cut short"),
    "cut": (_cut(VECTORS, -300), "is cut short: '.*' ends at byte .* fetch it again"),
    "no data": (
        lambda p: _cut(VECTORS, 8 + int.from_bytes((p / VECTORS).read_bytes()[:8], "little"))(p),
        "is cut short",
    ),
    "huge header": (_put(VECTORS, b"\xff" * 99), "it has no header"),
    "no JSON": (_put(VECTORS, (9).to_bytes(8, "little") + b"{'a': 1}  "), "is not one of safet"),
    "deep JSON": (_put(VECTORS, (99999).to_bytes(8, "little") + b"[" * 99999), "is not one of saf"),
    "list": (_put(VECTORS, (2).to_bytes(8, "little") + b"[]"), "is not one of safetensors"),
    "no tensors": (_put(VECTORS, (2).to_bytes(8, "little") + b"{}"), "no matrix of numbers named"),
    "shape": (
        lambda p: _header(p, lambda h: h["vectors"].update(shape=[6, 50])),
        "its shape needs",
    ),
    "huge": (lambda p: _header(p, lambda h: h["vectors"].update(shape=[2**61, 5])), "shape needs"),
    "below 0": (lambda p: _header(p, lambda h: h["vectors"].update(shape=[-6, -5])), "not one of"),
    "flat": (lambda p: _header(p, lambda h: h["vectors"].update(shape=[30])), "no matrix of numb"),
    "rows": (lambda p: _header(p, lambda h: h["vectors"].update(shape=[5, 6])), "norms of shape"),
    "type": (lambda p: _header(p, lambda h: h["vectors"].update(dtype="BF16")), "of the type BF16"),
    "whole": (lambda p: _header(p, lambda h: h["vectors"].update(dtype="I32")), "no matrix of num"),
    "order": (
        lambda p: _header(p, lambda h: h["norms"].update(data_offsets=[9, 2])),
        "where its sh",
    ),
    "nan": (_nan, "the vector of 'the' .row 0. holds a number that is not finite: .* damaged"),
    "table": (_tensor("rows", np.arange(5, dtype=np.int32)), "'rows' as int32 .* for 6 words"),
    "counts": (_tensor("counts", [1, 2]), r"'count' of shape \(2,\), 6 words"),
    "n-grams": (_tensor("ngrams", [[1.0]]), r"n-grams of shape \(1, 1\), size 5"),
    "longer": (
        lambda p: _put(WORDS, (p / WORDS).read_bytes() + b"more\n")(p),
        "it was edited or is",
    ),
    "shorter": (_cut(WORDS, 9), "words.txt has 9 bytes where its vectors know 22"),
    "no text": (_cut(WORDS, 0), "words.txt has 0 bytes"),
    "card": (_put(CARD, b"{"), "card.json is not valid JSON"),
    "card list": (_put(CARD, b"[]"), "card.json is not a table of names and values"),
    "format": (_put(CARD, b'{"format": "seqkit-vectors", "version": 2}'), "version 2, and this se"),
}


@pytest.mark.parametrize(("damage", "message"), DAMAGE.values(), ids=DAMAGE)
def test_damage_is_told_in_one_line(
    saved: Path, damage: Callable[[Path], Any], message: str
) -> None:
    damage(saved)
    with pytest.raises(SeqkitError, match=message) as caught:
        WordVectors.load(saved)
    assert "\n" not in str(caught.value)
    assert str(saved) in str(caught.value)


def test_what_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(SeqkitError, match=r"there is no folder .*absent: name one"):
        WordVectors.load(tmp_path / "absent")
    (tmp_path / "file").touch()
    with pytest.raises(SeqkitError, match=r"is a file, not a folder of vectors: .* convert"):
        WordVectors.load(tmp_path / "file")


FILES: dict[str, bytes] = {}


@given(
    name=st.sampled_from([VECTORS, WORDS, CARD]),
    at=st.integers(0, 2000),
    data=st.binary(min_size=1, max_size=9),
    cut=st.none() | st.integers(0, 3000),
)
@settings(max_examples=120, deadline=None)
def test_any_damage_is_refused_or_harmless(
    tmp_path_factory: pytest.TempPathFactory, name: str, at: int, data: bytes, cut: int | None
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzzed"
    if not FILES:
        example().save(path)
        FILES.update({file.name: file.read_bytes() for file in path.iterdir()})
    whole = FILES[name]
    changed = (whole[:at] + data + whole[at + len(data) :])[:cut]
    for file, content in (FILES | {name: changed}).items():
        (path / file).write_bytes(content)
    try:
        opened = WordVectors.load(path)
        opened.get_index("서울", -1)
        opened.most_similar(0)
        assert len(opened.index_to_key) == len(opened.vectors)
    except SeqkitError as error:
        assert "\n" not in str(error)  # noqa: PT017, any of them
