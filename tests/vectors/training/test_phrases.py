import random
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqkit.errors import SeqkitError
from seqkit.settings import check
from seqkit.vectors.training.phrases import Phrases, PhraseSettings, learn
from seqkit.vectors.training.reading import Encoded, encoded

draw = random.Random(0)
NAMES = ["new york times", "서울 특별시", "a_b c"]
TEXT = [
    " ".join(draw.choices([*NAMES, "the", "of", "was", *"xyzwvu"], k=9)).split() for _ in range(200)
]


@pytest.mark.parametrize(
    "chosen",
    [
        PhraseSettings(threshold=0.6),
        PhraseSettings(threshold=0.5, min_count=1, rounds=2),
        PhraseSettings(scoring="npmi", threshold=0.4, rounds=3),
    ],
)
def test_phrases_are_joined_as_gensim_joins_them(chosen: PhraseSettings, tmp_path: Path) -> None:
    gensim = pytest.importorskip("gensim.models.phrases", reason="gensim is not installed")
    expected = TEXT
    for _ in range(chosen.rounds):
        model = gensim.Phrases(
            expected,
            min_count=chosen.min_count,
            threshold=chosen.threshold,
            scoring=chosen.scoring,
        )
        expected = [model[row] for row in expected]
    found = learn(lambda: TEXT, chosen)
    assert expected != TEXT
    found.save(tmp_path / "phrases.json")
    again = Phrases.load(tmp_path / "phrases.json")
    assert again == found
    assert [again.joined(row) for row in TEXT] == expected


@settings(max_examples=50)
@given(
    text=st.lists(st.lists(st.sampled_from(["a", "b", "c", "a_b", "b_c", "_"]), max_size=9)),
    scoring=st.sampled_from(["default", "npmi"]),
    rounds=st.integers(1, 3),
)
def test_any_text_is_joined_as_gensim_joins_it(text: Any, scoring: Any, rounds: int) -> None:
    gensim = pytest.importorskip("gensim.models.phrases", reason="gensim is not installed")
    found = learn(
        lambda: text, PhraseSettings(min_count=1, threshold=0.3, scoring=scoring, rounds=rounds)
    )
    expected = text
    for _ in range(rounds):
        model = gensim.Phrases(expected, min_count=1, threshold=0.3, scoring=scoring)
        expected = [model[row] if row else row for row in expected]
    assert [found.joined(row) for row in text] == expected


def test_a_text_is_read_once_for_its_phrases_and_words(tmp_path: Path) -> None:
    pytest.importorskip("gensim", reason="gensim is not installed")
    chosen = PhraseSettings(threshold=0.3, rounds=2)
    made = encoded(iter(TEXT), tmp_path / "a", min_count=1, phrases=chosen)
    found = Phrases.load(tmp_path / "a" / "phrases.json")
    assert "new_york_times" in made.words
    assert list(made.sentences()) == [found.joined(row) for row in TEXT]
    again = encoded(iter(TEXT), tmp_path / "b", min_count=1, phrases=found)
    assert again.digest == made.digest == Encoded.open(tmp_path / "a").digest
    assert not (tmp_path / "a" / "plain").exists()


def test_bad_phrases_are_refused(tmp_path: Path, monkeypatch: Any) -> None:
    path = tmp_path / "p.json"
    for content in ('{"format": "other"}', "[]", '{"format": "seqkit phrases 1"}'):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(SeqkitError, match=r"p\.json does not hold phrases"):
            Phrases.load(path)
    good = '{"format": "seqkit phrases 1", "settings": {"rounds": 1}, "rounds": [[["a", 1.0]]]}'
    path.write_text(good, encoding="utf-8")
    with pytest.raises(SeqkitError, match="does not hold phrases"):
        Phrases.load(path)
    for values, match in (
        ({"scoring": "npmi"}, r"threshold = 10\.0: for npmi it must be from -1 to 1"),
        ({"threshold": 0.0}, r"threshold = 0\.0: it must be above 0"),
    ):
        with pytest.raises(SeqkitError, match=match):
            check(PhraseSettings, values)
    monkeypatch.setitem(sys.modules, "gensim.models", None)
    with pytest.raises(SeqkitError, match=r"pip install 'seqkit-nlp\[gensim\]'$"):
        learn(lambda: TEXT)
