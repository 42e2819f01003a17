"""Subwords, and vectors that answer for unseen words: gensim and the paper are the oracles."""

import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqkit.errors import SeqkitError
from seqkit.settings import check
from seqkit.vectors import WordVectors
from seqkit.vectors.subwords import Subwords, SubwordVectors

gensim = pytest.importorskip("gensim.models.fasttext")

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(st.lists(words, max_size=6), st.integers(1, 4), st.integers(0, 4), st.integers(1, 3000))
@settings(max_examples=80, deadline=None)
def test_characters_are_those_of_fasttext(
    texts: list[str], min_n: int, more: int, buckets: int
) -> None:
    rows = Subwords(min_n=min_n, max_n=min_n + more, buckets=buckets).rows(texts)
    for i, text in enumerate(texts):
        assert rows[i].tolist() == gensim.ft_ngram_hashes(text, min_n, min_n + more, buckets)


EMPTY = "\u11a7"
PARTS = {"먹": "ㅁㅓㄱ", "었": "ㅇㅓㅆ", "다": "ㄷㅏ" + EMPTY, "강": "ㄱㅏㅇ", "아": "ㅇㅏ" + EMPTY}


def jamo_ngrams(word: str, shortest: int, longest: int, syllables: int) -> list[str]:
    """The n-grams by their definition, of words of the syllables above and letters."""
    units = [PARTS.get(char, char) for char in unicodedata.normalize("NFC", word)]
    marked = "<" + "".join(units) + ">"
    found = [
        marked[i : i + n]
        for n in range(shortest, longest + 1)
        for i in range(len(marked) - n + 1)
        if marked[i : i + n] not in ("<", ">")
    ]
    for n in range(1, syllables + 1):
        for i in range(len(units) - n + 1):
            run = units[i : i + n]
            is_short = shortest <= len("".join(run)) <= longest
            if not is_short and any(part in PARTS.values() for part in run):
                found.append("".join(run))
    return found


@pytest.mark.parametrize(
    "word", ["먹었다", "강아", "다", "a다b", "abc", "", "2강a아먹다었먹다", "ㅋㅋ다"]
)
@pytest.mark.parametrize("shape", [(3, 5, 6), (1, 2, 4), (4, 4, 1), (3, 5, 0)])
def test_jamo_are_those_of_the_paper(word: str, shape: tuple[int, int, int]) -> None:
    shortest, longest, syllables = shape
    chosen = Subwords(
        unit="jamo", min_n=shortest, max_n=longest, syllables=syllables, buckets=2**31 - 1
    )
    expected = [
        gensim.ft_hash_bytes(ngram.encode()) % (2**31 - 1)
        for ngram in jamo_ngrams(word, shortest, longest, syllables)
    ]
    assert sorted(chosen.of(word).tolist()) == sorted(expected)
    np.testing.assert_array_equal(chosen.of(unicodedata.normalize("NFD", word)), chosen.of(word))


def test_every_syllable_is_spelt() -> None:
    """The three jamo of a syllable are those that Unicode's decomposition has."""
    from seqkit.text import hangul

    chosen = Subwords(unit="jamo", min_n=5, max_n=5, syllables=0)
    for char in map(chr, range(hangul.FIRST, hangul.LAST + 1, 7)):
        spelt = "<" + "".join(part or EMPTY for part in hangul.split(char)) + ">"
        assert chosen.of(char).tolist() == [gensim.ft_hash_bytes(spelt.encode()) % 2_000_000]


def test_misspelt_words_share_jamo() -> None:
    chosen = Subwords(unit="jamo")
    right, wrong = set(chosen.of("안녕하세요").tolist()), set(chosen.of("안녕하새요").tolist())
    other = set(chosen.of("컴퓨터").tolist())
    assert len(right & wrong) > len(right) / 3
    assert not right & other


def test_settings_are_checked() -> None:
    with pytest.raises(SeqkitError, match="min_n=9 is above max_n=6: no n-gram is left"):
        check(Subwords, {"min_n": 9})
    assert Subwords().longest == 6
    assert Subwords(unit="jamo").longest == 5


Pair = tuple[SubwordVectors, Any]
KNOWN = ["the", "cat", "sat", "naïve", "한국어", "a"]
ASKED = [*KNOWN, "cats", "한국", "zzz", "", "𝒳"]


@pytest.fixture
def pair() -> tuple[SubwordVectors, Any]:
    random = np.random.default_rng(5)
    own = random.normal(size=(len(KNOWN), 8)).astype(np.float32)
    ngrams = random.normal(size=(200, 8)).astype(np.float32)
    theirs = gensim.FastTextKeyedVectors(8, 3, 6, 200)
    theirs.index_to_key = list(KNOWN)
    theirs.key_to_index = {word: row for row, word in enumerate(KNOWN)}
    theirs.init_post_load(np.vstack([own, ngrams]))
    ours = SubwordVectors.composed(KNOWN, own, ngrams, Subwords(buckets=200))
    return ours, theirs


def test_known_words_are_composed_as_gensim_does(pair: Pair) -> None:
    ours, theirs = pair
    np.testing.assert_array_equal(ours.vectors, theirs.vectors)
    np.testing.assert_allclose(ours.own_rows(), theirs.vectors_vocab, atol=2e-6)


@pytest.mark.parametrize("word", ASKED)
@pytest.mark.parametrize("norm", [False, True])
def test_vectors_are_gensims(pair: Pair, word: str, norm: bool) -> None:
    ours, theirs = pair
    assert (word in ours) == (word in theirs)
    assert ours.has_index_for(word) == theirs.has_index_for(word)
    expected = theirs.get_vector(word, norm=norm)
    np.testing.assert_allclose(ours.get_vector(word, norm=norm), expected, atol=1e-6)


def test_queries_are_gensims(pair: Pair) -> None:
    ours, theirs = pair
    questions: list[Callable[[Any], list[tuple[str, float]]]] = [
        lambda v: v.most_similar("cats"),
        lambda v: v.most_similar(positive=["cats", "the"], negative=["한국"], topn=4),
        lambda v: v.most_similar("cat", topn=3),
        lambda v: v.similar_by_word("catz", topn=2),
        lambda v: [("", v.similarity("cats", "cat")), ("", v.distance("cats", "dogs"))],
        lambda v: [("", v.n_similarity(["cats", "sat"], ["한국"]))],
        lambda v: [(v.doesnt_match(["cat", "cats", "한국어"]), 0.0)],
        lambda v: list(zip("abcdef", v.distances("cats").tolist(), strict=True)),
        lambda v: [("", x) for x in v.get_sentence_vector(["cats", "the"]).tolist()],
        lambda v: [("", x) for x in v[["cats", "the"]].ravel().tolist()],
        lambda v: [(w, 0.0) for w in v.vectors_for_all(["dogs", "the"]).index_to_key],
    ]
    for ask in questions:
        mine, other = ask(ours), ask(theirs)
        assert [name for name, _ in mine] == [name for name, _ in other]
        np.testing.assert_allclose([x for _, x in mine], [x for _, x in other], atol=1e-6)


def test_a_folder_keeps_the_ngrams(tmp_path: Path, pair: Pair) -> None:
    ours, _ = pair
    ours.save(tmp_path / "v")
    opened = WordVectors.load(tmp_path / "v")
    assert isinstance(opened, SubwordVectors)
    assert opened.subwords == ours.subwords
    np.testing.assert_array_equal(opened["cats"], ours["cats"])
    np.testing.assert_array_equal(opened["cat"], ours["cat"])


def test_a_folder_whose_card_lies(tmp_path: Path, pair: Pair) -> None:
    ours, _ = pair
    ours.save(tmp_path)
    card, text = tmp_path / "card.json", (tmp_path / "card.json").read_text()
    card.write_text(text.replace('"buckets": 200', '"buckets": 100'))
    with pytest.raises(SeqkitError, match=r"n-grams are \(200, 8\), where 100 buckets"):
        WordVectors.load(tmp_path)
    card.write_text(text.replace('"subwords"', '"other"'))
    with pytest.raises(SeqkitError, match="does not say which n-grams"):
        WordVectors.load(tmp_path)
    card.write_text(text.replace('"character"', '"letter"'))
    with pytest.raises(SeqkitError, match="setting 'unit' = 'letter'"):
        WordVectors.load(tmp_path)
