"""Passes with negative sampling against a slow reference: losses, gradients, what is drawn."""

from typing import Any

import numpy as np
import pytest
from slow_word2vec import (
    NEGATIVE,
    WIDTH,
    WINDOW,
    WORDS,
    Bits,
    corpus_of,
    pieces_of,
    predictions,
    slow_pass,
    some_pieces,
    some_rows,
    some_weights,
    subsampled,
)

from seqkit.corpora import village
from seqkit.vectors.training import passes
from seqkit.vectors.training.kernels import NOTHING, Own
from seqkit.vectors.training.sampling import sampling_of

SEED = 2**63 + 11
LENGTHS = (9, 0, 1, 2, 30, 5, 3)
KINDS = [
    pytest.param("skipgram", False, True, id="skipgram"),
    pytest.param("skipgram", True, True, id="skipgram-subwords"),
    pytest.param("cbow", False, True, id="cbow"),
    pytest.param("cbow", False, False, id="cbow-sum"),
    pytest.param("cbow", True, True, id="cbow-subwords"),
]
each_kind = pytest.mark.parametrize(("model", "subwords", "mean"), KINDS)
each_model = pytest.mark.parametrize("model", ["skipgram", "cbow"])


def compiled_pass(model: str, subwords: bool = False, mean: bool = True) -> Any:
    if model == "skipgram":
        if subwords:
            return passes.subword_skipgram(WIDTH, NEGATIVE)
        return passes.skipgram(WIDTH, NEGATIVE)
    return passes.cbow(WIDTH, NEGATIVE, subwords, mean)


def counts_of(rows: list[list[int]], words: int = WORDS) -> np.ndarray:
    return np.maximum(1, np.bincount(corpus_of(rows).tokens, minlength=words))


def run(
    train: Any,
    rows: list[list[int]],
    weights: tuple[Any, Any],
    lr: float,
    *,
    sample: float = 0.0,
    pieces: list[list[int]] | None = None,
    seed: int = SEED,
    own: Own = NOTHING,
) -> tuple[float, int, int]:
    words = len(weights[1]) - own.words
    sampling = sampling_of(counts_of(rows, words), sample, 0.75)
    extra = pieces_of(pieces if pieces is not None else [[word] for word in range(words)])
    corpus = corpus_of(rows)
    result: tuple[float, int, int] = train(
        corpus, 0, len(rows), sampling, own, extra, WINDOW, *weights, lr, lr, np.uint64(seed)
    )
    return result


@each_kind
def test_loss_pairs_and_words_are_those_of_the_reference(
    model: str, subwords: bool, mean: bool
) -> None:
    rows, weights, pieces = some_rows(0, LENGTHS * 3), some_weights(), some_pieces(subwords)
    before = [matrix.copy() for matrix in weights]
    sampling = sampling_of(counts_of(rows), 0.05, 0.75)
    slow = slow_pass(
        rows,
        sampling,
        pieces,
        weights,
        SEED,
        model=model,
        mean=mean,
        subwords=subwords,
    )

    train = compiled_pass(model, subwords, mean)
    loss, pairs, words = run(train, rows, weights, 0.0, sample=0.05, pieces=pieces)

    assert words == slow.words < len(corpus_of(rows).tokens)
    assert pairs == slow.pairs
    assert loss == pytest.approx(slow.loss, rel=1e-6)
    assert all((a == b).all() for a, b in zip(weights, before, strict=True))


@each_kind
def test_small_steps_go_down_the_summed_gradient(model: str, subwords: bool, mean: bool) -> None:
    """At a small rate weights hardly change within a pass, so the order of steps is no matter."""
    rows = [*some_rows(1, (3, 2, 4)), [2, 6, 6, 6, 4]]  # a word may be its own neighbour
    weights, pieces = some_weights(), some_pieces(subwords)
    sampling = sampling_of(counts_of(rows), 0, 0.75)
    slow = slow_pass(
        rows,
        sampling,
        pieces,
        weights,
        SEED,
        model=model,
        mean=mean,
        subwords=subwords,
    )
    before, rate = [matrix.copy() for matrix in weights], 2.0**-12

    run(compiled_pass(model, subwords, mean), rows, weights, rate, pieces=pieces)

    for matrix, start, gradient in zip(weights, before, (slow.input, slow.output), strict=True):
        change = (matrix.astype(np.float64) - start) / rate
        assert np.abs(gradient).max() > 0.5
        np.testing.assert_allclose(change, -gradient, atol=5e-3)
        assert (change[(gradient == 0).all(axis=1)] == 0).all()  # nothing else is touched


@each_kind
def test_the_same_seed_gives_the_same_bits_and_another_does_not(
    model: str, subwords: bool, mean: bool
) -> None:
    train, rows = compiled_pass(model, subwords, mean), some_rows(2, (40, 25))
    pieces, results = some_pieces(subwords), []
    for seed in (7, 7, 8):
        weights = some_weights()
        tally = run(train, rows, weights, 0.05, sample=0.1, pieces=pieces, seed=seed)
        results.append((tally, weights[0].tobytes(), weights[1].tobytes()))
    assert results[0] == results[1]
    assert all(a != b for a, b in zip(results[0], results[2], strict=True))


@each_model
def test_the_rate_falls_from_row_to_row(model: str) -> None:
    """A row begins at the rate of the tokens before it: two rows are as each on its own."""
    rows, train = some_rows(3, (6, 18)), compiled_pass(model)
    sampling = sampling_of(counts_of(rows), 0, 0.75)
    corpus, extra = corpus_of(rows), pieces_of(some_pieces(False))
    at_once, one_by_one = some_weights(), some_weights()
    bits = Bits(SEED)
    list(predictions(subsampled(rows[0], sampling, bits), sampling, WINDOW, NEGATIVE, bits))

    for weights, first, last, lr, next_lr, state in (
        (at_once, 0, 2, 0.5, 0.1, SEED),
        (one_by_one, 0, 1, 0.5, 0.5, SEED),
        (one_by_one, 1, 2, 0.4, 0.4, bits.state),  # a quarter of the tokens is done
    ):
        train(
            corpus,
            first,
            last,
            sampling,
            NOTHING,
            extra,
            WINDOW,
            *weights,
            lr,
            next_lr,
            np.uint64(state),
        )

    assert all((a == b).all() for a, b in zip(at_once, one_by_one, strict=True))


@each_kind
@pytest.mark.parametrize("rows", [[], [[]], [[3]], [[], [4], [], [5]]])
def test_without_a_neighbour_there_is_nothing_to_train(
    model: str, subwords: bool, mean: bool, rows: list[list[int]]
) -> None:
    weights = some_weights()
    train = compiled_pass(model, subwords, mean)
    tally = run(train, rows, weights, 0.1, pieces=some_pieces(subwords))
    assert tally == (0, 0, len(corpus_of(rows).tokens))
    assert all((a == b).all() for a, b in zip(weights, some_weights(), strict=True))


@each_model
def test_two_words_are_each_others_only_noise(model: str) -> None:
    """Though a word should not be drawn twice, there is no other."""
    rows, weights = [[0, 1, 0, 0, 1]], some_weights(words=2)
    sampling = sampling_of(counts_of(rows, 2), 0, 0.75)
    slow = slow_pass(rows, sampling, [[0], [1]], weights, SEED, model=model)
    loss, pairs, _ = run(compiled_pass(model), rows, weights, 0.0)
    assert pairs == slow.pairs
    assert loss == pytest.approx(slow.loss, rel=1e-6)


@each_model
@pytest.mark.parametrize("every", [7, 10**9])
def test_a_thread_with_rows_of_its_own_trains_as_without(model: str, every: int) -> None:
    """With nobody else about, what it exchanges is its own."""
    rows, count = some_rows(7, (30, 40, 5, 2)), 6
    plain, roomy = some_weights(), []
    loss, pairs, words = run(compiled_pass(model), rows, plain, 0.05, sample=0.1)
    for matrix in some_weights():
        roomy.append(np.concatenate([matrix[:WORDS], np.zeros((count, WIDTH), np.float32)]))
    before = np.zeros((2, count, WIDTH), np.float32)
    ones = np.ones((2, count), np.float32)
    own = Own(count, WORDS, every, before[0], before[1], ones[0], ones[1])

    found = run(compiled_pass(model), rows, (roomy[0], roomy[1]), 0.05, sample=0.1, own=own)

    assert found[1:] == (pairs, words)
    assert found[0] == pytest.approx(loss, rel=1e-6)
    for one, other in zip(plain, roomy, strict=True):
        assert other[:WORDS] == pytest.approx(one[:WORDS], abs=2e-6)
        assert (other[WORDS:] != 0).any()


@each_model
def test_a_long_row_is_trained_to_its_end(model: str) -> None:
    rows, weights = some_rows(4, (25_000,)), some_weights()
    rows[0][-1] = rows[0][-2] = WORDS - 1
    loss, pairs, words = run(compiled_pass(model), rows, weights, 0.01)
    assert words == 25_000
    assert pairs == 25_000 if model == "cbow" else pairs == pytest.approx(75_000, rel=0.02)
    assert np.isfinite(loss)
    assert (weights[0][:WORDS] != some_weights()[0][:WORDS]).any(axis=1).all()


@each_model
def test_a_diverging_loss_is_infinite_or_large_but_never_negative(model: str) -> None:
    rows, weights = some_rows(6, (200,)), some_weights()
    loss, pairs, _ = run(compiled_pass(model), rows, weights, 1e6)
    assert loss > pairs


@each_kind
def test_the_loss_falls_on_sentences(model: str, subwords: bool, mean: bool) -> None:
    told = village.read(village.Options(kind="text", language="en", n=400))
    texts = [example.text.split() for example in told["train"]]  # type: ignore[union-attr]
    words = sorted({word for text in texts for word in text})
    number = {word: i for i, word in enumerate(words)}
    rows = [[number[word] for word in text] for text in texts]
    random = np.random.default_rng(0)
    input = (random.random((len(words) + 9, WIDTH), np.float32) - 0.5) / WIDTH
    weights = input, np.zeros((len(words), WIDTH), np.float32)
    pieces, train = (
        some_pieces(subwords, len(words)),
        compiled_pass(model, subwords, mean),
    )
    losses = []
    for epoch in range(20):
        loss, pairs, _ = run(train, rows, weights, 0.05, pieces=pieces, seed=epoch)
        losses.append(loss / pairs)
    assert losses[0] < (NEGATIVE + 1) * np.log(2) + 0.01  # of coins thrown
    assert losses[-1] < 0.75 * losses[0], losses
