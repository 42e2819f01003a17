"""Hierarchical softmax: the tree against gensim's, passes against a slow reference."""

import heapq
from collections import Counter
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from slow_word2vec import (
    WIDTH,
    WINDOW,
    WORDS,
    corpus_of,
    loss_by_tree,
    pieces_of,
    slow_pass,
    some_pieces,
    some_rows,
    some_weights,
)

from seqkit.corpora import village
from seqkit.vectors.training import hierarchical
from seqkit.vectors.training.hierarchical import huffman_tree
from seqkit.vectors.training.kernels import Tree
from seqkit.vectors.training.sampling import sampling_of

SEED = 12345
KINDS = [
    pytest.param("skipgram", False, True, id="skipgram"),
    pytest.param("skipgram", True, True, id="skipgram-subwords"),
    pytest.param("cbow", False, True, id="cbow"),
    pytest.param("cbow", True, False, id="cbow-sum-subwords"),
]
each_kind = pytest.mark.parametrize(("model", "subwords", "mean"), KINDS)
counts_of_words = st.lists(st.integers(0, 30) | st.integers(1, 10**9), min_size=1, max_size=50)


def least_cost(counts: list[int]) -> int:
    """Return the nodes on the paths of all tokens together in the best tree."""
    heap, cost = list(counts), 0
    heapq.heapify(heap)
    while len(heap) > 1:
        joined = heapq.heappop(heap) + heapq.heappop(heap)
        cost += joined
        heapq.heappush(heap, joined)
    return cost


@given(counts_of_words)
def test_no_tree_has_shorter_paths(counts: list[int]) -> None:
    tree = huffman_tree(np.array(counts))
    assert int(np.diff(tree.offsets) @ np.array(counts)) == least_cost(counts)


@given(counts_of_words)
def test_nodes_are_numbered_from_the_root_and_paths_are_of_one_tree(counts: list[int]) -> None:
    tree = huffman_tree(np.array(counts))
    ends: dict[tuple[int, int], int] = {}
    for word in range(len(counts)):
        path = slice(tree.offsets[word], tree.offsets[word + 1])
        nodes, turns = tree.nodes[path].tolist(), tree.turns[path].tolist()
        assert nodes == sorted(nodes)
        assert nodes[:1] == ([0] if len(counts) > 1 else [])
        for turn, after in zip(
            zip(nodes, turns, strict=True), [*nodes[1:], -1 - word], strict=False
        ):
            assert ends.setdefault(turn, after) == after
    assert len(ends) == 2 * (len(counts) - 1)  # either turn of each node
    assert {node for node, _ in ends} == set(range(len(counts) - 1))


def test_codes_are_as_long_as_those_of_gensim() -> None:
    word2vec = pytest.importorskip("gensim.models.word2vec")
    random = np.random.default_rng(0)
    counts = np.unique((random.pareto(0.7, 3000) * 1e6 + 10).astype(np.int64))[::-1]
    random.shuffle(counts)  # a vocabulary that grew is not in the order of its counts
    model = word2vec.Word2Vec(hs=1, negative=0, min_count=1, vector_size=1, sorted_vocab=0)
    model.build_vocab_from_freq({str(i): int(count) for i, count in enumerate(counts)})
    gensim = [len(model.wv.get_vecattr(str(i), "code")) for i in range(len(counts))]
    assert np.diff(huffman_tree(counts).offsets).tolist() == gensim


def test_a_code_may_be_as_long_as_counts_can_make_it() -> None:
    fibonacci = [1, 1]
    while len(fibonacci) < 80:
        fibonacci.append(fibonacci[-1] + fibonacci[-2])
    assert np.diff(huffman_tree(np.array(fibonacci)).offsets).max() == 79


@pytest.mark.parametrize("words", [1, 2, 3, 100])
def test_probabilities_of_all_words_sum_to_one(words: int) -> None:
    random = np.random.default_rng(words)
    tree = huffman_tree(random.integers(1, 1000, words))
    vector, output = (
        torch.tensor(random.normal(size=8)),
        torch.tensor(random.normal(size=(words, 8))),
    )
    chances = [(-loss_by_tree(vector, output, tree, word)).exp().item() for word in range(words)]
    assert sum(chances) == pytest.approx(1, abs=1e-12)


def compiled_pass(model: str, subwords: bool = False, mean: bool = True) -> Any:
    if model == "skipgram":
        if subwords:
            return hierarchical.subword_skipgram(WIDTH)
        return hierarchical.skipgram(WIDTH)
    return hierarchical.cbow(WIDTH, subwords, mean)


def tree_of(rows: list[list[int]], words: int = WORDS) -> Any:
    counts = np.bincount(corpus_of(rows).tokens, minlength=words)
    return counts, huffman_tree(counts)


def run(
    train: Any,
    rows: list[list[int]],
    weights: tuple[Any, Any],
    lr: float,
    *,
    sample: float = 0.0,
    pieces: list[list[int]],
    seed: int = SEED,
    tree: Tree | None = None,
) -> tuple[float, int, int]:
    counts, built = tree_of(rows, len(weights[1]))
    tree = built if tree is None else tree
    sampling = sampling_of(np.maximum(1, counts), sample, 0.75)
    corpus, extra = corpus_of(rows), pieces_of(pieces)
    result: tuple[float, int, int] = train(
        corpus, 0, len(rows), sampling, extra, tree, WINDOW, *weights, lr, lr, np.uint64(seed)
    )
    return result


@each_kind
def test_loss_pairs_and_words_are_those_of_the_reference(
    model: str, subwords: bool, mean: bool
) -> None:
    rows, weights = some_rows(0, (9, 0, 1, 2, 30, 5, 3) * 3), some_weights()
    pieces, before = some_pieces(subwords), [matrix.copy() for matrix in weights]
    counts, tree = tree_of(rows)
    assert set(np.diff(tree.offsets)) >= {2, 3, 4, 5, 6}  # each remainder of nodes at once
    sampling = sampling_of(np.maximum(1, counts), 0.05, 0.75)
    slow = slow_pass(
        rows, sampling, pieces, weights, SEED, model=model, mean=mean, tree=tree, subwords=subwords
    )

    train = compiled_pass(model, subwords, mean)
    loss, pairs, words = run(train, rows, weights, 0.0, sample=0.05, pieces=pieces)

    assert words == slow.words < counts.sum()
    assert pairs == slow.pairs
    assert loss == pytest.approx(slow.loss, rel=1e-6)
    assert all((a == b).all() for a, b in zip(weights, before, strict=True))


@each_kind
def test_small_steps_go_down_the_summed_gradient(model: str, subwords: bool, mean: bool) -> None:
    """At a small rate weights hardly change within a pass, so the order of steps is no matter."""
    rows = [*some_rows(1, (3, 2, 4)), [2, 6, 6, 6, 4]]  # a word may be its own neighbour
    weights, pieces = some_weights(), some_pieces(subwords)
    counts, tree = tree_of(rows)
    sampling = sampling_of(np.maximum(1, counts), 0, 0.75)
    slow = slow_pass(
        rows, sampling, pieces, weights, SEED, model=model, mean=mean, tree=tree, subwords=subwords
    )
    before, rate = [matrix.copy() for matrix in weights], 2.0**-12

    run(compiled_pass(model, subwords, mean), rows, weights, rate, pieces=pieces)

    for matrix, start, gradient in zip(weights, before, (slow.input, slow.output), strict=True):
        change = (matrix.astype(np.float64) - start) / rate
        assert np.abs(gradient).max() > 0.3
        np.testing.assert_allclose(change, -gradient, atol=5e-3)
        assert (change[(gradient == 0).all(axis=1)] == 0).all()  # nothing else is touched


@each_kind
def test_the_same_seed_gives_the_same_bits(model: str, subwords: bool, mean: bool) -> None:
    train, rows = compiled_pass(model, subwords, mean), some_rows(2, (40, 25))
    pieces, results = some_pieces(subwords), []
    for seed in (7, 7, 8):
        weights = some_weights()
        tally = run(train, rows, weights, 0.05, sample=0.1, pieces=pieces, seed=seed)
        results.append((tally, weights[0].tobytes(), weights[1].tobytes()))
    assert results[0] == results[1]
    assert all(a != b for a, b in zip(results[0], results[2], strict=True))


@each_kind
def test_a_vocabulary_of_one_word_is_predicted_for_sure(
    model: str, subwords: bool, mean: bool
) -> None:
    weights, train = some_weights(words=1), compiled_pass(model, subwords, mean)
    loss, pairs, words = run(train, [[0, 0, 0]], weights, 0.1, pieces=some_pieces(subwords, 1))
    assert (loss, words) == (0, 3)
    assert pairs == 3 if model == "cbow" else 4 <= pairs <= 6
    assert all((a == b).all() for a, b in zip(weights, some_weights(words=1), strict=True))


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


def test_the_loss_of_a_long_path_does_not_underflow() -> None:
    """Turns that are all wrong at a path of 79 nodes: probabilities below what float64 holds."""
    fibonacci = [1, 1]
    while len(fibonacci) < 80:
        fibonacci.append(fibonacci[-1] + fibonacci[-2])
    tree = huffman_tree(np.array(fibonacci))
    path = slice(tree.offsets[0], tree.offsets[1])
    input, output = np.ones((80, WIDTH), np.float32), np.zeros((80, WIDTH), np.float32)
    output[tree.nodes[path]] = tree.turns[path, None]
    sampling = sampling_of(np.ones(80, np.int64), 0, 0.75)
    rows, extra = corpus_of([[0, 1, 0]]), pieces_of([[word] for word in range(80)])
    loss, pairs, _ = hierarchical.cbow(WIDTH, False, True)(
        rows, 0, 1, sampling, extra, tree, WINDOW, input, output, 0.0, 0.0, np.uint64(1)
    )
    assert pairs == 3
    assert loss == pytest.approx(12 * (79 * 2 + 78), rel=1e-4)  # logits are held to 12


def village_rows() -> tuple[list[list[int]], int]:
    """Return sentences as numbers of words, the commonest first, and how many words there are."""
    told = village.read(village.Options(kind="text", language="en", n=400))
    texts = [example.text.split() for example in told["train"]]  # type: ignore[union-attr]
    counts = Counter(word for text in texts for word in text)
    number = {word: i for i, (word, _) in enumerate(counts.most_common())}
    return [[number[word] for word in text] for text in texts], len(number)


@each_kind
def test_the_loss_falls_on_sentences(model: str, subwords: bool, mean: bool) -> None:
    rows, words = village_rows()
    random = np.random.default_rng(0)
    input = (random.random((words + 9, WIDTH), np.float32) - 0.5) / WIDTH
    weights = input, np.zeros((words, WIDTH), np.float32)
    pieces, train = some_pieces(subwords, words), compiled_pass(model, subwords, mean)
    losses = []
    for epoch in range(20):
        loss, pairs, _ = run(train, rows, weights, 0.05, pieces=pieces, seed=epoch)
        losses.append(loss / pairs)
    share = tree_of(rows, words)[0] / sum(map(len, rows))
    assert losses[-1] < 0.75 * losses[0]
    assert losses[-1] < -(share @ np.log(share))  # of words that know no neighbours


@pytest.mark.parametrize("model", ["skipgram", "cbow"])
def test_the_loss_falls_as_that_of_gensim(model: str) -> None:
    """From the same first weights, on the same tree; both weights are scored by our pass."""
    word2vec = pytest.importorskip("gensim.models.word2vec")
    rows, words = village_rows()
    counts, _ = tree_of(rows, words)
    gensim = word2vec.Word2Vec(
        vector_size=WIDTH,
        window=WINDOW,
        sample=0,
        sg=int(model == "skipgram"),
        hs=1,
        negative=0,
        min_count=1,
        workers=1,
    )
    gensim.build_vocab_from_freq({str(i): int(count) for i, count in enumerate(counts)})
    paths, codes = (
        [gensim.wv.get_vecattr(str(word), name) for word in range(words)]
        for name in ("point", "code")
    )
    tree = Tree(
        np.concatenate(paths).astype(np.int32),
        2 * np.concatenate(codes).astype(np.int8) - 1,
        np.cumsum([0, *map(len, paths)]),
    )
    order = [gensim.wv.key_to_index[str(word)] for word in range(words)]
    ours = gensim.wv.vectors[order], np.zeros((words, WIDTH), np.float32)
    texts, rate = [[str(word) for word in row] for row in rows], 0.05
    gensim.train(texts, total_examples=len(rows), epochs=10, start_alpha=rate, end_alpha=rate)
    train, pieces = compiled_pass(model), [[word] for word in range(words)]
    for epoch in range(10):
        run(train, rows, ours, rate, pieces=pieces, seed=epoch, tree=tree)
    losses = [
        run(train, rows, weights, 0.0, pieces=pieces, seed=99, tree=tree)[0]
        for weights in (ours, (gensim.wv.vectors[order], gensim.syn1))
    ]
    assert losses[0] == pytest.approx(losses[1], rel=0.03)
