"""Maps of a run's vectors: the model's own, neighbours by brute force, what is left out."""

import sys
from functools import cache
from types import ModuleType, SimpleNamespace
from typing import Any, Literal

import numpy as np
import pytest
import torch

from seqkit.errors import SeqkitError
from seqkit.explain.embedding import Table, figure, figures, map_of, tables
from seqkit.nn.embedding import Embedding, EmbeddingSettings
from seqkit.recipe import find
from seqkit.text.vocabulary import Vocabulary

NAMES = ["corpus=village", "data.language=ko", "data.n=60", "hidden=8", "embedding.size=6"]
TRANSLATION = ["data.n=80", "encoder.hidden=4", "tokenizer=syllable", "decoder.hidden=8"]


@cache
def job(recipe: str, *words: str) -> Any:
    found = find(recipe)
    return found.build(found.settings(words))


def test_neighbours_are_the_models_own_by_cosine() -> None:
    writer = job("names", *NAMES).writer
    tokens, categories = tables(writer)
    assert (tokens.name, categories.name) == ("tokens", "categories")
    assert tokens.tokens == tuple(writer.vocabulary.words)
    assert categories.tokens == writer.categories
    points = figure(map_of(tokens, neighbours=3))
    weight = writer.model.decoder.embedding.table.weight.detach().double().numpy()
    rows = {word: weight[writer.vocabulary.ids([word])[0]] for word in writer.vocabulary.words}
    name = tokens.tokens[5]
    cosine = {
        other: float(row @ rows[name] / np.linalg.norm(row) / np.linalg.norm(rows[name]))
        for other, row in rows.items()
        if other != name
    }
    nearest = sorted(cosine, key=lambda other: -cosine[other])[:3]
    place = list(points.names).index(name)
    neighbours, cosines = np.asarray(points.neighbours), np.asarray(points.cosines)
    assert [points.names[i] for i in neighbours[place]] == nearest
    assert cosines[place].tolist() == pytest.approx([cosine[other] for other in nearest])


def test_a_translator_has_one_map_a_side_or_one_that_is_shared() -> None:
    sizes = ("model.embedding.size=6", "decoder.embedding.size=6")
    apart = list(tables(job("translation", *TRANSLATION, *sizes).translator))
    assert [table.name for table in apart] == ["source tokens", "target tokens"]
    assert any("가" <= word <= "힣" for word in apart[0].tokens)
    assert not any("가" <= word <= "힣" for word in apart[1].tokens)
    shared = job("translation", *TRANSLATION, *sizes, "shared=true").translator
    assert [table.name for table in tables(shared)] == ["source tokens"]


def answerer(kind: Literal["learned", "onehot"], words: dict[str, int]) -> Any:
    """What answers for a run, as far as a map asks."""
    vocabulary = Vocabulary.build(words, specials=("pad", "unk"))
    torch.manual_seed(0)
    chosen = EmbeddingSettings(kind=kind, size=4)
    embedding = Embedding(len(vocabulary), chosen, pad=vocabulary.pad, unk=vocabulary.unk)
    return SimpleNamespace(vocabulary=vocabulary, model=SimpleNamespace(embedding=embedding))


def test_one_hot_vectors_have_no_map_and_special_tokens_no_place() -> None:
    words = {"하나": 9, "둘": 5, "셋": 4}
    assert figures(answerer("onehot", words)) == []
    (points,) = figures(answerer("learned", words))
    assert points.names == ("하나", "둘", "셋")  # type: ignore[attr-defined]
    assert figures(answerer("learned", {"하나": 1})) == []


def test_the_rarest_are_left_out_and_counted() -> None:
    (table,) = tables(answerer("learned", {f"w{i:02}": 50 - i for i in range(30)}))
    found = map_of(table, most=10)
    assert found.picture.words == tuple(f"w{i:02}" for i in range(10))
    assert found.left_out == 20
    assert "The 20 rarest are left out." in figure(found).about
    with pytest.raises(SeqkitError, match="the tokens of this run are 1: too few for a map"):
        map_of(table, most=1)


def test_tokens_shown_alike_are_told_apart() -> None:
    first, last = "\u1100", "\u11a8"  # the jamo ㄱ, before the vowel and after it
    found = map_of(Table("tokens", (first, last, " ", "가"), np.eye(4, dtype=np.float32)))
    assert found.picture.words == ("ㄱ", "ㄱ (2)", "␣", "가")


def test_umap_is_asked_for_cosines_from_a_fixed_start(monkeypatch: pytest.MonkeyPatch) -> None:
    (table,) = tables(answerer("learned", {f"w{i:02}": 50 - i for i in range(30)}))
    asked: dict[str, Any] = {}

    class Fake:
        def __init__(self, **given: Any) -> None:
            asked.update(given)

        def fit_transform(self, units: Any) -> Any:
            assert np.linalg.norm(units, axis=1) == pytest.approx(1)
            return np.arange(2.0 * len(units)).reshape(-1, 2)

    module = ModuleType("umap")
    module.UMAP = Fake  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "umap", module)
    found = map_of(table, method="umap", seed=3)
    assert found.picture.places.tolist() == [[2.0 * i, 2.0 * i + 1] for i in range(30)]
    assert (asked["metric"], asked["random_state"], asked["n_neighbors"]) == ("cosine", 3, 15)
    assert np.abs(asked["init"]).max() == pytest.approx(10)
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(SeqkitError, match=r"UMAP needs umap-learn: pip install 'seqkit-nlp\[umap"):
        map_of(table, method="umap")
