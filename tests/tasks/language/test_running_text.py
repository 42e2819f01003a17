from collections.abc import Iterable

import numpy as np
import pytest

from seqkit.errors import SeqkitError
from seqkit.settings import check
from seqkit.tasks.language.running_text import RunningText, UnitSettings, cut
from seqkit.text.tokenizer import trained

DOCUMENTS = ["나는  학교에 간다 .\n\n<unk> 는 안 간다", "", "간다", " a b "]


def encoded(texts: Iterable[str], **options: object) -> tuple[RunningText, list[list[str]]]:
    texts = list(texts)
    chosen = check(UnitSettings, options)
    tokenizer = trained(chosen.create(("ko", "en")), texts)
    parts = cut(texts, tokenizer)
    vocabulary = chosen.vocabulary(parts)
    text = parts.encode(vocabulary)
    return text, [vocabulary.tokens(text.rows[i].tolist()) for i in range(len(text.rows))]


def test_documents_become_rows_whose_lines_end_with_eos() -> None:
    text, rows = encoded(DOCUMENTS, tokenizer="whitespace")
    assert rows == [
        ["나는", "학교에", "간다", ".", "<eos>", "<eos>", "<unk>", "는", "안", "간다", "<eos>"],
        ["<eos>"],
        ["간다", "<eos>"],
        ["a", "b", "<eos>"],
    ]
    assert text.tokens == 17
    assert text.unknown == 1  # what the text itself wrote as <unk>
    # by hand: 4 + 1, 0 + 1, 4 + 1 | 0 + 1 | 1 + 1 | 2 + 1 words
    assert text.words == 5 + 1 + 5 + 1 + 2 + 3
    # 12 + 1, 0 + 1, 12 + 1 | 0 + 1 | 2 + 1 | 5 + 1 characters
    assert text.characters == 13 + 1 + 13 + 1 + 3 + 6


@pytest.mark.parametrize("tokenizer", ["whitespace", "word", "character", "syllable", "jamo"])
def test_any_units_measure_the_same_raw_text(tokenizer: str) -> None:
    text, rows = encoded(DOCUMENTS, tokenizer=tokenizer)
    assert (text.words, text.characters) == (17, 37)
    assert sum(row.count("<eos>") for row in rows) == 6
    assert rows[1] == ["<eos>"]
    assert len(rows) == 4


def test_rare_units_are_unknown() -> None:
    text, rows = encoded(["a a b c", "a b b"], tokenizer="whitespace", min_count=2)
    assert rows == [["a", "a", "b", "<unk>", "<eos>"], ["a", "b", "b", "<eos>"]]
    assert text.unknown == 1
    _, rows = encoded(["a a b c", "a b b b"], tokenizer="whitespace", max_words=1)
    assert rows[0] == ["<unk>", "<unk>", "b", "<unk>", "<eos>"]


def test_subwords_are_learnt_and_workers_change_nothing() -> None:
    texts = [f"동해 물과 백두산이 {i} 마르고 닳도록" for i in range(200)]
    one, rows = encoded(texts, tokenizer="bpe", options={"size": 290})
    chosen = check(UnitSettings, {"tokenizer": "bpe", "options": {"size": 290}})
    tokenizer = trained(chosen.create(()), texts)
    parts = cut(texts, tokenizer, workers=2)
    assert np.array_equal(parts.encode(chosen.vocabulary(parts)).rows.values, one.rows.values)
    assert rows[0][-1] == "<eos>"


def test_units_of_a_language() -> None:
    chosen = UnitSettings()
    assert type(chosen.create(("ko",))).__name__ == "SyllableTokenizer"
    assert type(chosen.create(("en",))).__name__ == "WhitespaceTokenizer"


def test_units_that_cannot_be() -> None:
    with pytest.raises(SeqkitError, match=r"unknown tokenizer 'sylable'. Did you mean 'syllable'"):
        check(UnitSettings, {"tokenizer": "sylable"})
    with pytest.raises(
        SeqkitError, match=r"the same way in every epoch: leave out text\.options\.alpha"
    ):
        check(UnitSettings, {"tokenizer": "unigram", "options": {"alpha": 0.1}})
