import dataclasses
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqkit.errors import SeqkitError
from seqkit.text.basic import WhitespaceTokenizer, WordTokenizer
from seqkit.text.counting import count
from seqkit.text.vocabulary import Vocabulary

ODD = ["", " ", "\\", "\\t", "\\u2028", "\t", "\n", "\r", "\0", "\u2028", "\ud800", "\udfff"]
ODD += ["\ufeff", "<unk>", "<pad>", "#", "\U000e0067", "\uffff", "👨\u200d👩", "\x85", "서울"]
WORDS = st.one_of(st.text(st.characters()), st.lists(st.sampled_from(ODD)).map("".join))


def example() -> Vocabulary:
    return Vocabulary.build({"the": 3, "a\tb": 2, "서울": 2, "\u2028": 1})


def test_count_counts_every_token() -> None:
    texts = (text for text in ["a b a", "", "b c"])
    assert count(texts, WhitespaceTokenizer()) == Counter(a=2, b=2, c=1)


def test_order_is_by_frequency_then_code_point() -> None:
    words = {"나": 2, "b": 2, "Z": 2, "a": 2, "rare": 1, "often": 9, "\U0001f600": 2, "\uffff": 2}
    made = Vocabulary.build(words)
    assert made.words == ("often", "Z", "a", "b", "나", "\uffff", "\U0001f600", "rare")
    assert made == Vocabulary.build(dict(reversed(words.items())))


@given(counts=st.dictionaries(WORDS, st.integers(1, 5)), least=st.integers(1, 4))
def test_limits(counts: dict[str, int], least: int) -> None:
    everything = Vocabulary.build(counts, min_count=least)
    assert set(everything.words) == {word for word, n in counts.items() if n >= least}
    for size in range(3, len(everything) + 2):
        made = Vocabulary.build(counts, min_count=least, max_size=size)
        assert made.words == everything.words[: size - 2]


@given(counts=st.dictionaries(WORDS, st.integers(0, 10**12)))
def test_a_saved_vocabulary_comes_back_exactly(
    tmp_path_factory: pytest.TempPathFactory, counts: dict[str, int]
) -> None:
    path = tmp_path_factory.mktemp("vocabulary") / "vocabulary.txt"
    made = Vocabulary(tuple(counts), tuple(counts.values()), ("pad", "unk", "bos", "eos"))
    made.save(path)
    again = Vocabulary.load(path)
    assert again == made
    assert again.ids(made.words) == made.ids(made.words) == list(range(4, 4 + len(counts)))
    lines = path.read_bytes().decode("utf-8").splitlines()  # none is torn by an odd character
    assert len(lines) == len(counts) + 1


def test_the_file_is_one_a_person_can_read(tmp_path: Path) -> None:
    example().save(tmp_path / "v.txt")
    assert (tmp_path / "v.txt").read_text(encoding="utf-8") == (
        "seqkit-vocabulary 1, 4 words, specials: pad unk\nthe\t3\na\\tb\t2\n서울\t2\n\\u2028\t1\n"
    )


def test_special_tokens_never_meet_words_spelt_alike(tmp_path: Path) -> None:
    text = "<unk> <unk> <pad> pad unk never"
    made = Vocabulary.build(count([text], WhitespaceTokenizer()), specials=("pad", "unk", "eos"))
    made.save(tmp_path / "v.txt")
    for vocabulary in (made, Vocabulary.load(tmp_path / "v.txt")):
        ids = vocabulary.ids(text.split())
        assert min(ids) > vocabulary.eos > vocabulary.unk > vocabulary.pad == 0
        assert vocabulary.tokens(ids) == text.split()
        assert "<unk>" in vocabulary
    assert "<eos>" not in made
    assert made.ids(["<eos>"]) == [made.unk]
    assert made.tokens([made.pad, made.eos]) == ["<pad>", "<eos>"]


def test_unknown_words_get_unk() -> None:
    made = example()
    assert made.ids(["the", "never seen", "서울"]) == [2, made.unk, 4]
    assert made.ids(iter(["the"])) == [2]
    assert "never seen" not in made
    assert len(made) == 6


def test_it_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        example().words = ()  # type: ignore[misc]
    assert example() == example()
    assert hash(example()) == hash(example())
    assert example() != Vocabulary.build({"the": 3})


def test_no_word_is_known_from_a_text_that_has_none() -> None:
    made = Vocabulary.build(count(["", " "], WordTokenizer()))
    assert len(made) == 2
    assert made.ids(["a"]) == [made.unk]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: Vocabulary.build({}, min_count=0), "min_count = 0: it must be at least 1"),
        (lambda: Vocabulary.build({}, max_size=2), "max_size = 2: .*2 special tokens"),
        (lambda: Vocabulary.build({}, specials=("pad", "pad")), "name each once"),
        (lambda: Vocabulary.build({}, specials=("a b",)), "bad special tokens 'a b'"),
        (lambda: Vocabulary(("a", "a"), (1, 1)), "the word 'a' stands twice"),
        (lambda: Vocabulary(("a",), ()), "1 words have 0 counts"),
        (lambda: Vocabulary(("a",), (-1,)), "count -1"),
        (lambda: example().bos, r"no special token 'bos' \(it has: pad, unk\)"),
        (lambda: Vocabulary.build({}, specials=()).ids(["x"]), "'x' is not in the vocabulary"),
        (lambda: example().tokens([2, 6]), "id 6 is not in the vocabulary of 6 entries"),
        (lambda: example().tokens([-1]), "id -1 is not"),
    ],
)
def test_mistakes_are_named(wrong: Callable[[], object], message: str) -> None:
    with pytest.raises(SeqkitError, match=message):
        wrong()


HEAD = "seqkit-vocabulary 1, 2 words, specials: pad unk\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"v\.txt, line 1 is not the first line of a seqkit vocabulary"),
        ("the\t3\n", "line 1 is not the first line"),
        (HEAD.replace(" 1,", " 2,") + "a\t1\nb\t1\n", "line 1 is not the first line"),
        (HEAD + "a\t1\n", r"v\.txt holds 1 words, its line 1 says 2: it is truncated"),
        (HEAD + "a\t1\nb\t1\nc\t1\n", "holds 3 words, its line 1 says 2"),
        (HEAD + "a\t1\nb\n", r"v\.txt, line 3 is not a word, a tab and a count"),
        (HEAD + "a\t1\nb\tx\n", "line 3 is not a word"),
        (HEAD + "a\t1\nb\t-1\n", "line 3 is not a word"),
        (HEAD + "a\t1\nb\tc\t1\n", "line 3 is not a word"),
        (HEAD + "a\t1\n\n", "line 3 is not a word"),
        (HEAD + "a\t1\na\t2\n", "line 3: the word 'a' came before"),
        (HEAD + "a\t1\n\\q\t2\n", "line 3 has a backslash that begins no escape"),
        (HEAD + "a\t1\n\\U00110000\t2\n", "line 3 has a backslash that begins no escape"),
        (HEAD + "a\t1\nb\0\t2\n", "line 3 holds a NUL byte"),
        (HEAD.replace("pad unk", "pad pad") + "a\t1\nb\t1\n", "bad special tokens 'pad pad'"),
    ],
)
def test_broken_files_are_refused(content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "v.txt"
    path.write_text(content, encoding="utf-8", newline="")
    with pytest.raises(SeqkitError, match=message) as caught:
        Vocabulary.load(path)
    assert "\n" not in str(caught.value)


def test_every_truncation_of_a_file_is_refused_or_harmless(tmp_path: Path) -> None:
    path, made = tmp_path / "v.txt", example()
    made.save(path)
    whole = path.read_bytes()
    for size in range(len(whole) - 1):  # all but the last line feed
        path.write_bytes(whole[:size])
        with pytest.raises(SeqkitError, match=r"v\.txt"):
            Vocabulary.load(path)


def test_missing_and_foreign_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SeqkitError, match=r"cannot read .*v\.txt"):
        Vocabulary.load(tmp_path / "v.txt")
    (tmp_path / "v.txt").write_bytes(HEAD.encode() + "서울\t1\n".encode("cp949"))
    with pytest.raises(SeqkitError, match="line 2 is not UTF-8"):
        Vocabulary.load(tmp_path / "v.txt")


def test_a_word_too_long_for_a_line_is_refused_before_writing(tmp_path: Path) -> None:
    with pytest.raises(SeqkitError, match=r"a word of .* characters: 'xxx"):
        Vocabulary.build({"x" * 2**22: 1}).save(tmp_path / "v.txt")
    assert list(tmp_path.iterdir()) == []
