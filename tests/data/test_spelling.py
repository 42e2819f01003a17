from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqkit.data.batching import Batches
from seqkit.data.interning import intern
from seqkit.data.ragged import Ragged
from seqkit.data.spelling import LONGEST, Speller, Spellings
from seqkit.errors import SeqkitError
from seqkit.text.basic import CharacterTokenizer, WhitespaceTokenizer
from seqkit.text.jamo import JamoTokenizer
from seqkit.text.vocabulary import Vocabulary

TEXTS = st.lists(
    st.lists(st.text(alphabet="ab각하ㅋ", min_size=1, max_size=4), max_size=6).map(" ".join),
    min_size=1,
    max_size=12,
)


def speller(*words: str) -> Speller:
    return Speller.learn(CharacterTokenizer(), Counter(words * 2).items())


@given(texts=TEXTS, size=st.integers(1, 12))
def test_a_batch_spells_each_of_its_tokens_and_each_word_once(texts: list[str], size: int) -> None:
    interned = intern(texts, WhitespaceTokenizer())
    spell = Speller.learn(CharacterTokenizer(), ((word, 2) for word in interned.words if word))
    rows = interned.ids(Vocabulary.build(interned.counts()))
    batches = Batches(rows, spellings=interned.spellings(spell), batch_size=size, pad=0)
    for batch in batches.epoch(0):
        spelling = batch.spelling
        assert spelling is not None
        of_batch = {word for row in batch.rows for word in texts[row].split() or [""]}
        assert len(spelling.units) == len(of_batch)
        for i, row in enumerate(batch.rows):
            for j, word in enumerate(texts[row].split() or [""]):
                place = spelling.words[i, j]
                units = spelling.units[place][: spelling.lengths[place]].tolist()
                assert spell.vocabulary.tokens(units) == ["<bos>", *word, "<eos>"]
                assert (spelling.units[place][spelling.lengths[place] :] == 0).all()


def test_long_words_keep_their_beginning_and_unknown_units_are_unk() -> None:
    spell = speller("ab")
    [long, odd, empty] = spell.spell(["ab" * LONGEST, "axb", ""])
    assert spell.vocabulary.tokens(long) == ["<bos>", *("ab" * LONGEST)[:LONGEST], "<eos>"]
    assert spell.vocabulary.tokens(odd) == ["<bos>", "a", "<unk>", "b", "<eos>"]
    assert spell.vocabulary.tokens(empty) == ["<bos>", "<eos>"]


def test_a_unit_seen_once_is_unknown() -> None:
    spell = Speller.learn(CharacterTokenizer(), [("ab", 1), ("a", 1)])
    assert spell.vocabulary.words == ("a",)


def test_save_and_load(tmp_path: Path) -> None:
    spell = Speller.learn(JamoTokenizer(), [("각하", 3)])
    spell.save(tmp_path)
    assert Speller.load(tmp_path) == spell


def test_what_does_not_fit_is_refused() -> None:
    rows = Ragged.from_rows([[1, 2], [3]])
    with pytest.raises(SeqkitError, match="word 1 is spelt with nothing"):
        Spellings(np.zeros(3, np.int32), Ragged.from_rows([[1], []]))
    two = Spellings(np.zeros(2, np.int32), Ragged.from_rows([[1]]))
    with pytest.raises(SeqkitError, match="2 tokens are spelt, and the rows have 3"):
        Batches(rows, spellings=two, batch_size=1, pad=0)
