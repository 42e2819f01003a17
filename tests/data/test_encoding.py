from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqkit.data import ragged
from seqkit.data.encoding import build, encode, encode_to
from seqkit.data.ragged import Ragged
from seqkit.errors import SeqkitError
from seqkit.text import counting
from seqkit.text.basic import WhitespaceTokenizer, WordTokenizer
from seqkit.text.counting import count
from seqkit.text.tokenizer import Tokenizer, create, trained
from seqkit.text.vocabulary import Vocabulary


def lists(rows: Ragged) -> list[list[int]]:
    return [rows[i].tolist() for i in range(len(rows))]


@given(
    texts=st.lists(st.text("ab c\n.,1가", max_size=20)),
    longest=st.none() | st.integers(1, 5),
    chunk=st.integers(1, 50),
)
def test_encode_is_tokenize_then_look_up(
    texts: list[str], longest: int | None, chunk: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    tokenizer = WordTokenizer()
    vocabulary = Vocabulary.build(count(texts[::2], tokenizer), min_count=2)
    folder = tmp_path_factory.mktemp("rows") / "new" / "rows"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counting, "CHUNK", chunk)
        made = encode(iter(texts), tokenizer, vocabulary, max_length=longest)
        kept = encode_to(folder, iter(texts), tokenizer, vocabulary, max_length=longest)
    known = {word: i for i, word in enumerate(vocabulary.words, start=2)}
    for text, row in zip(texts, lists(made), strict=True):
        expected = [known.get(token.text, 1) for token in tokenizer.tokenize(text)][:longest]
        assert row == (expected or [1])
    assert lists(kept) == lists(made)
    assert [kept.values.dtype, kept.offsets.dtype] == [np.int32, np.int64]


@given(
    texts=st.lists(st.text(st.characters() | st.sampled_from("한글ㅋᄒ\u1161 \ud800"), max_size=9)),
    longest=st.none() | st.integers(1, 5),
)
@pytest.mark.parametrize("name", ["syllable", "jamo", "unigram"])
def test_letters_and_pieces_take_a_faster_way_to_the_same_ids(
    texts: list[str], longest: int | None, name: str
) -> None:
    tokenizer = _learnt(name)
    vocabulary = Vocabulary.build(count(["한글 하나 abc", *texts[::2]], tokenizer))
    made = encode(texts, tokenizer, vocabulary, max_length=longest)
    for text, row in zip(texts, lists(made), strict=True):
        expected = vocabulary.ids(tokenizer.words(text))[:longest]
        assert row == (expected or [vocabulary.unk])


@cache
def _learnt(name: str) -> Tokenizer:
    tokenizer = create(name, {"size": 300} if name == "unigram" else {})
    return trained(tokenizer, ["한글 하나, 한글 둘; abc"] * 9)


LINES = st.lists(st.text("ab c\u3000\r\u00a0가", max_size=20), min_size=1)


@settings(deadline=None)  # the first call compiles
@given(lines=LINES, longest=st.none() | st.integers(1, 3), most=st.integers(0, 4))
def test_a_file_is_encoded_as_its_lines_are(
    lines: list[str], longest: int | None, most: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder, tokenizer = tmp_path_factory.mktemp("rows"), WhitespaceTokenizer()
    path = folder / "text.txt"
    path.write_bytes("".join(f"{line}\n" for line in lines).encode())
    vocabulary = Vocabulary.build(count(lines, tokenizer), min_count=2, max_size=5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counting, "MOST_WORDS", most)
        patch.setattr("seqkit.text.scan.BYTES", 7)
        made = encode(path, tokenizer, vocabulary, max_length=longest)
        assert lists(made) == lists(encode(lines, tokenizer, vocabulary, max_length=longest))
        both: Any = {"min_count": 2, "max_size": 5, "most_words": most}
        same, rows = build(path, folder / "rows", **both)
        _, fewer = build(path, folder / "fewer", unknown="drop", **both)
    assert same == vocabulary
    assert lists(rows) == lists(encode(lines, tokenizer, vocabulary))
    known = {word: i for i, word in enumerate(vocabulary.words, start=2)}
    assert lists(fewer) == [[known[w] for w in line.split() if w in known] for line in lines]


def test_it_is_the_same_in_any_number_of_processes(monkeypatch: Any) -> None:
    texts = [f"영화{i % 7}은 good{i % 11}! {i}" * (i % 5) for i in range(300)]
    vocabulary = Vocabulary.build(count(texts, WordTokenizer()), min_count=2)
    expected = lists(encode(texts, WordTokenizer(), vocabulary))
    monkeypatch.setattr(counting, "CHUNK", 400)
    for workers in (2, 3):
        assert lists(encode(texts, WordTokenizer(), vocabulary, workers=workers)) == expected


def test_encode_refuses_what_it_cannot_do() -> None:
    tokenizer = WhitespaceTokenizer()
    bare = Vocabulary.build({"a": 1}, specials=("pad",))
    assert lists(encode(["a a"], tokenizer, bare)) == [[1, 1]]
    with pytest.raises(SeqkitError, match="no special token 'unk'"):
        encode(["a", ""], tokenizer, bare)
    with pytest.raises(SeqkitError, match="max_length = 0: it must be at least 1"):
        encode(["a"], tokenizer, bare, max_length=0)


def test_pieces_need_no_unk_where_the_vocabulary_has_all_that_occur() -> None:
    texts, tokenizer = ["한글 하나 abc", "abc 하나"], _learnt("unigram")
    with_unk, without = (
        Vocabulary.build(count(texts, tokenizer), specials=names) for names in (("unk",), ("pad",))
    )
    assert lists(encode(texts, tokenizer, without)) == lists(encode(texts, tokenizer, with_unk))


def test_a_file_without_unk_names_its_word(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("a\nb\n", encoding="utf-8")
    bare = Vocabulary.build({"a": 1}, specials=("pad",))
    with pytest.raises(SeqkitError, match="'b' is not in the vocabulary, which has no 'unk'"):
        encode(tmp_path / "text", WhitespaceTokenizer(), bare)


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    vocabulary, new, old = Vocabulary.build({"a": 1}), tmp_path / "new", tmp_path / "old"
    Ragged.from_rows([[7]]).save(old)

    def texts() -> Any:
        yield "a" * 2
        raise KeyboardInterrupt

    for folder in (new, old):
        with pytest.raises(KeyboardInterrupt):
            encode_to(folder, texts(), WordTokenizer(), vocabulary)
    (tmp_path / "text").write_bytes(b"a\n\xff\n")
    for folder in (new, old):
        with pytest.raises(SeqkitError, match="line 2 is not UTF-8"):
            build(tmp_path / "text", folder)
    assert not new.exists()
    assert lists(Ragged.open(old)) == [[7]]
    assert sorted(p.name for p in old.iterdir()) == sorted([ragged.VALUES, ragged.OFFSETS])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["old", "text"]
