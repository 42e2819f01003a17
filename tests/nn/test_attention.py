"""Attention against its formulas, written out by loops."""

import math

import pytest
import torch
from torch import Tensor

from seqkit.errors import SeqkitError
from seqkit.nn.attention import ATTENTIONS, Additive, Attention, AttentionName, General

QUERIES, FEATURES, STEPS = 4, 6, 3
LENGTHS = [5, 1, 3]
NAMES: list[AttentionName] = ["additive", "dot", "general", "concat"]


def made(name: AttentionName) -> Attention:
    """Return attention with weights large enough that a mistake in them shows."""
    torch.manual_seed(3)
    attention = ATTENTIONS[name](FEATURES if name == "dot" else QUERIES, FEATURES)
    for parameter in attention.parameters():
        torch.nn.init.normal_(parameter)
    return attention


def score(attention: Attention, query: list[float], place: list[float]) -> float:
    """Return the papers' scores, a number at a time."""
    if isinstance(attention, Additive):
        w, u = attention.query.weight.tolist(), attention.key.weight.tolist()
        total = 0.0
        for k, v in enumerate(attention.score.weight[0].tolist()):
            inner = sum(w[k][i] * query[i] for i in range(len(query)))
            inner += sum(u[k][i] * place[i] for i in range(len(place)))
            total += v * math.tanh(inner)
        return total
    if isinstance(attention, General):
        w = attention.key.weight.tolist()
        place = [sum(row[i] * place[i] for i in range(len(place))) for row in w]
    return sum(a * b for a, b in zip(query, place, strict=True))


def masked(lengths: list[int]) -> Tensor:
    """Return which places are real."""
    return torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]


@pytest.mark.parametrize("name", NAMES)
def test_weights_and_contexts_are_the_formulas(name: AttentionName) -> None:
    attention = made(name)
    values = torch.randn(3, 5, FEATURES)
    queries = torch.randn(3, STEPS, attention.queries)
    contexts, weights = attention(queries, attention.memory(values, masked(LENGTHS)))
    for row, length in enumerate(LENGTHS):
        for step in range(STEPS):
            query, places = queries[row, step].tolist(), values[row, :length].tolist()
            scores = [math.exp(score(attention, query, place)) for place in places]
            shares = [one / sum(scores) for one in scores]
            context = [
                sum(a * place[i] for a, place in zip(shares, places, strict=True))
                for i in range(FEATURES)
            ]
            expected = torch.tensor(shares + [0.0] * (5 - length))
            torch.testing.assert_close(weights[row, step], expected, rtol=1e-4, atol=1e-5)
            found = contexts[row, step]
            torch.testing.assert_close(found, torch.tensor(context), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_one_query_is_as_several(name: AttentionName) -> None:
    attention = made(name)
    memory = attention.memory(torch.randn(3, 5, FEATURES), masked(LENGTHS))
    queries = torch.randn(3, STEPS, attention.queries)
    contexts, weights = attention(queries, memory)
    for step in range(STEPS):
        context, weight = attention(queries[:, step], memory)
        torch.testing.assert_close(context, contexts[:, step])
        torch.testing.assert_close(weight, weights[:, step])


@pytest.mark.parametrize("name", NAMES)
def test_what_lies_at_padding_has_no_effect(name: AttentionName) -> None:
    attention = made(name)
    values, queries = torch.randn(3, 5, FEATURES), torch.randn(3, STEPS, attention.queries)
    before = attention(queries, attention.memory(values, masked(LENGTHS)))
    values[~masked(LENGTHS)] = 1e4
    after = attention(queries, attention.memory(values, masked(LENGTHS)))
    for one, other in zip(before, after, strict=True):
        assert torch.equal(one, other)


def test_without_a_mask_all_is_real() -> None:
    attention, values = made("general"), torch.randn(3, 5, FEATURES)
    queries = torch.randn(3, QUERIES)
    plain = attention(queries, attention.memory(values))
    whole = attention(queries, attention.memory(values, torch.ones(3, 5, dtype=torch.bool)))
    assert torch.equal(plain[0], whole[0])
    assert (plain[1] > 0).all()


def test_dot_needs_equal_widths() -> None:
    with pytest.raises(SeqkitError, match=r"4 units .* 6 features: use attention=general"):
        ATTENTIONS["dot"](4, 6)
