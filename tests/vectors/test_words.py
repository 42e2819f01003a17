"""Words found in the file itself, against a dict."""

import pickle
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqkit.errors import SeqkitError
from seqkit.vectors.words import Words, WordTable

WORD = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=5)
LISTS = st.lists(WORD, unique=True, max_size=40)


@given(LISTS, st.lists(WORD, max_size=10))
def test_a_table_finds_what_a_dict_finds(words: list[str], others: list[str]) -> None:
    index = {word: row for row, word in enumerate(words)}
    mapped, listed = Words(table=WordTable.of(words)), Words.of(words)
    for word in words + others:
        assert mapped.index(word) == listed.index(word) == index.get(word, -1)
        assert (word in mapped) == (word in index)
    assert [mapped[row] for row in range(len(words))] == words
    assert len(mapped) == len(words)
    assert list(mapped) == mapped.as_list() == words
    assert mapped.as_dict() == index
    assert mapped.table() is not None


def test_words_of_one_hash_are_told_apart() -> None:
    first, second = "plumless", "buckeroo"
    assert crc32(first.encode()) == crc32(second.encode())
    table = WordTable.of(["a", second, "b", first])
    assert (table.index(first), table.index(second)) == (3, 1)
    assert WordTable.of(["a", second]).index(first) == -1


@pytest.mark.parametrize("key", [5, None, 2.5, ("a",), "\ud800"])
def test_what_is_no_word_is_not_found(key: object) -> None:
    assert Words(table=WordTable.of(["a", "5"])).index(key) == -1  # type: ignore[arg-type]


def test_rows_count_from_the_end_too() -> None:
    for words in (Words.of(["a", "b"]), Words(table=WordTable.of(["a", "b"]))):
        assert words[-1] == "b"
        for row in (2, -3):
            with pytest.raises(IndexError):
                words[row]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["a", "b\nc"], r"^the word 'b\\nc' holds a line feed, .*: replace it before saving\.$"),
        (["a", "\ud800"], r"^the word '\\ud800' cannot be written as UTF-8"),
        (["a", 7], r"^row 1 has the key 7, and only words"),
        (["a", None], r"^row 1 has the key None"),
        (["a", "b", "a"], r"^'a' stands twice"),
    ],
)
def test_what_cannot_be_saved(words: list[str], message: str) -> None:
    with pytest.raises(SeqkitError, match=message):
        Words.of(words).table()


@pytest.mark.parametrize("change", ["begin", "end", "middle", "utf-8"])
def test_a_text_that_was_edited(change: str) -> None:
    made = WordTable.of(["one", "two"])
    text, offsets = made.text.copy(), made.offsets.copy()
    if change == "utf-8":
        text[0] = 0xFF
    else:
        offsets[["begin", "middle", "end"].index(change)] += -5 if change == "begin" else 2
    broken = WordTable(text, offsets, made.hashes, made.rows, "words.txt")
    with pytest.raises(SeqkitError, match=r"^words.txt and the word table of its vectors do not"):
        [broken[row] for row in range(2)]
    if change == "utf-8":
        with pytest.raises(SeqkitError, match="do not agree"):
            broken.as_list()


def test_rows_that_are_none_of_the_table() -> None:
    made = WordTable.of(["one", "two"])
    broken = WordTable(made.text, made.offsets, made.hashes, np.full(2, 9, np.int32))
    with pytest.raises(SeqkitError, match="do not agree"):
        broken.index("one")


def test_pickled_words_leave_the_file_behind() -> None:
    words = Words(table=WordTable.of(["a", "서울"]))
    again = pickle.loads(pickle.dumps(words))
    assert again.index("서울") == 1
    assert again.as_list() == ["a", "서울"]
