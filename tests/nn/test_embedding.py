"""Embeddings: padding, dropout, one-hot, loaded vectors."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from seqkit.errors import SeqkitError
from seqkit.nn.embedding import Embedding, EmbeddingSettings
from seqkit.settings import check, parse

IDS = torch.tensor([[2, 3, 2, 5], [4, 0, 0, 0]])


def make(vocabulary_size: int = 6, **chosen: Any) -> Embedding:
    torch.manual_seed(0)
    settings = EmbeddingSettings(**chosen)
    return Embedding(vocabulary_size, settings, pad=0, unk=1)


def table(embedding: Embedding) -> nn.Embedding:
    assert embedding.table is not None
    return embedding.table


@pytest.mark.parametrize("sparse", [False, True])
def test_only_rows_of_the_batch_get_a_gradient_and_never_padding(sparse: bool) -> None:
    embedding = make(size=3)
    assert embedding.table is not None
    embedding.table.sparse = sparse  # as lazy_adam does
    (embedding(IDS) * torch.randn(2, 4, 3)).sum().backward()
    gradient = table(embedding).weight.grad
    assert gradient is not None
    assert gradient.is_sparse == sparse
    if sparse:
        assert gradient.coalesce().indices().tolist() == [[2, 3, 4, 5]]
        gradient = gradient.to_dense()
    assert gradient.abs().sum(1).ne(0).tolist() == [False, False, True, True, True, True]
    assert (table(embedding).weight[0] == 0).all()


def test_sparse_may_be_switched_later() -> None:
    embedding = make(size=3)
    table(embedding).sparse = True
    embedding(IDS).sum().backward()
    gradient = table(embedding).weight.grad
    assert gradient is not None
    assert gradient.is_sparse


def test_padding_stays_zero_under_training() -> None:
    embedding = make(size=3)
    optimizer = torch.optim.AdamW(embedding.parameters(), lr=0.1, weight_decay=0.1)
    before = table(embedding).weight.detach().clone()
    for _ in range(3):
        optimizer.zero_grad()
        (embedding(IDS) ** 2 + embedding(IDS)).sum().backward()
        optimizer.step()
    assert (table(embedding).weight[0] == 0).all()
    assert (table(embedding).weight[2:] != before[2:]).all()


def test_frozen() -> None:
    embedding = make(size=3, tune=False)
    assert not any(p.requires_grad for p in embedding.parameters())


def test_random_vectors_have_the_scale() -> None:
    weight = table(make(vocabulary_size=2000, size=50, scale=0.3)).weight[1:]
    assert weight.std().item() == pytest.approx(0.3, rel=0.02)


def test_onehot_is_learned_with_the_identity() -> None:
    onehot, learned = make(kind="onehot"), make(size=6)
    identity = torch.eye(6)
    identity[0] = 0
    table(learned).weight.data = identity
    assert onehot.features == 6
    assert list(onehot.parameters()) == []
    assert torch.equal(onehot(IDS), learned(IDS))


def test_word_dropout_has_its_rate_and_spares_padding() -> None:
    embedding = make(kind="onehot", vocabulary_size=4, word_dropout=0.2).train()
    ids = torch.randint(2, 4, (200, 100))
    ids[:, 90:] = 0
    read = embedding(ids)
    assert read[:, :90, 1].mean().item() == pytest.approx(0.2, abs=0.01)  # unk
    assert (read[:, 90:] == 0).all()
    assert (read[:, :90].sum(2) == 1).all()
    assert (embedding.eval()(ids)[..., 1] == 0).all()


def test_dropout_is_one_mask_a_row() -> None:
    embedding = make(size=400, dropout=0.25).train()
    table(embedding).weight.data[1:] = 1.0
    out = embedding(torch.ones(30, 7, dtype=torch.int64))
    assert (out == out[:, :1]).all()
    assert not torch.equal(out[0], out[1])
    kept = out != 0
    assert kept.float().mean().item() == pytest.approx(0.75, abs=0.02)
    torch.testing.assert_close(out[kept], torch.full_like(out[kept], 1 / 0.75))
    assert (embedding.eval()(torch.ones(3, 7, dtype=torch.int64)) == 1).all()


def test_load_vectors() -> None:
    embedding = make(vocabulary_size=1005, size=20)
    tokens = ["<pad>", "<unk>", "Seoul", "rain", "비", *(f"x{i}" for i in range(1000))]
    words = ["seoul", "비", "snow", "Seoul", "<pad>"]
    matrix = np.random.default_rng(0).normal(0, 0.7, (5, 20)).astype(np.float32)
    assert embedding.load_vectors(tokens, words, matrix) == pytest.approx(2 / 1004)
    weight = table(embedding).weight.detach().numpy()
    np.testing.assert_array_equal(weight[2], matrix[3])  # its own case first
    np.testing.assert_array_equal(weight[4], matrix[1])
    assert (weight[0] == 0).all()  # padding, whatever the file says
    assert weight[5:].std() == pytest.approx(matrix[[3, 1]].std(), rel=0.03)
    assert table(embedding).weight.requires_grad


def test_load_vectors_falls_back_to_lower_case() -> None:
    embedding = make(vocabulary_size=3, size=2)
    matrix = np.array([[1, 2]], np.float32)
    assert embedding.load_vectors(["<pad>", "<unk>", "RAIN"], ["rain"], matrix) == 0.5
    assert table(embedding).weight[2].tolist() == [1, 2]


def test_load_vectors_without_a_match_changes_nothing() -> None:
    embedding = make(vocabulary_size=3, size=2)
    before = table(embedding).weight.detach().clone()
    matrix = np.array([[1, 2]], np.float32)
    assert embedding.load_vectors(["<pad>", "<unk>", "a"], ["b"], matrix) == 0
    assert torch.equal(table(embedding).weight, before)


def test_load_vectors_of_another_width() -> None:
    with pytest.raises(SeqkitError, match=r"have 5 features .* is 3: set embedding.size=5"):
        make(size=3).load_vectors(["a"], ["a"], np.ones((1, 5), np.float32))


def test_onehot_has_no_place_for_vectors() -> None:
    with pytest.raises(SeqkitError, match="kind=onehot cannot hold"):
        make(kind="onehot").load_vectors(["a"], ["a"], np.ones((1, 5), np.float32))
    with pytest.raises(SeqkitError, match="onehot has no use for embedding"):
        parse(EmbeddingSettings(), ["kind=onehot", "vectors=glove.txt"])


def test_settings_out_of_range() -> None:
    with pytest.raises(SeqkitError, match=r"'dropout' = 1\.5"):
        check(EmbeddingSettings, {"dropout": 1.5})


def test_start_from_leaves_padding_and_words_without_a_vector() -> None:
    embedding = make(vocabulary_size=4, size=2)
    before = table(embedding).weight.detach().clone()
    vectors = np.array([[9, 9], [0, 0], [1, 2], [0, -3]], np.float32)
    embedding.start_from(vectors)
    weight = table(embedding).weight
    assert weight[0].tolist() == [0, 0]
    assert torch.equal(weight[1], before[1])
    assert weight[2:].tolist() == [[1, 2], [0, -3]]
