"""Hierarchical softmax: a word's probability is that of the turns that lead to it in a tree.

Morin and Bengio 2005; with a Huffman tree, Mikolov et al. 2013b, section 2.1. Every inner node
has an output row, from which an input tells the probability of either turn; a word's is the
product over its path, so that those of all words sum to one, at log2(words) products each.

Each factory of a pass returns ``train(corpus, first, last, sampling, extra, tree, window, input,
output, lr, next_lr, seed) -> (loss, pairs, words)``, compiled; arguments and results are as in
:mod:`seqkit.vectors.training.passes`, with the tree of :func:`huffman_tree`, whose nodes are
the rows of ``output``. The loss of a pair is minus the logarithm of the centre's probability.
"""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqkit.vectors.training.kernels import (
    LEAST,
    Tree,
    compiled,
    compiled_as,
    compose,
    fetch_of,
    fetch_path_of,
    fetch_word_of,
    gather_of,
    learn_by_tree,
    longest,
    reach,
    spread,
    subsample,
)


def huffman_tree(counts: NDArray[np.int64]) -> Tree:
    """Return the Huffman code of words of these counts: the fewest nodes in all (Huffman 1952).

    Nodes are numbered from the root, 0, downwards; ``words - 1`` of them. A turn is the sign
    that :func:`seqkit.vectors.training.tiles.tile` takes: -1 or +1.

    Args:
        counts: ``(words,)``, of at least 0, in any order.
    """
    order = np.argsort(counts, kind="stable")
    parents, signs = np.zeros(2 * len(order), np.int32), np.zeros(2 * len(order), np.int8)
    offsets = np.zeros(len(order) + 1, np.int64)
    _grow(np.asarray(counts, np.int64)[order], order, parents, signs, offsets)
    nodes, turns = np.empty(offsets[-1], np.int32), np.empty(offsets[-1], np.int8)
    _trace(order, parents, signs, offsets, nodes, turns)
    return Tree(nodes, turns, offsets)


@compiled
def _grow(counts: Any, order: Any, parents: Any, signs: Any, offsets: Any) -> None:
    """Join the two rarest trees until one is left (two queues, van Leeuwen 1976).

    Leaf i is the word ``order[i]``, node ``len(counts) + i`` the i-th join. Of equal trees a leaf
    is taken first, which keeps the longest code short.
    """
    words = len(counts)
    totals = np.empty(words, np.int64)
    leaf, oldest = 0, 0
    for made in range(words - 1):
        totals[made] = 0
        for sign in (-1, 1):
            if leaf < words and (oldest == made or counts[leaf] <= totals[oldest]):
                child = leaf
                totals[made] += counts[leaf]
                leaf += 1
            else:
                child = words + oldest
                totals[made] += totals[oldest]
                oldest += 1
            parents[child], signs[child] = words + made, sign
    depths = np.zeros(2 * words, np.int64)
    for child in range(2 * words - 3, -1, -1):  # the root, 2 * words - 2, is at 0
        depths[child] = depths[parents[child]] + 1
    for i in range(words):
        offsets[order[i] + 1] = depths[i]
    for word in range(words):
        offsets[word + 1] += offsets[word]


@compiled
def _trace(order: Any, parents: Any, signs: Any, offsets: Any, nodes: Any, turns: Any) -> None:
    """Write each word's path, from the leaf up to the root."""
    words = len(order)
    for i in range(words):
        child = i
        for at in range(offsets[order[i] + 1] - 1, offsets[order[i]] - 1, -1):
            turns[at] = signs[child]
            child = parents[child]
            nodes[at] = 2 * words - 2 - child


@cache
def skipgram(width: int) -> Any:
    """Return the pass of skip-gram with hierarchical softmax.

    The words of a window are the inputs that predict its centre, as in
    :func:`seqkit.vectors.training.passes.skipgram`.
    """
    learn, fetch, fetch_path = learn_by_tree(width), fetch_of(width), fetch_path_of(width)

    @compiled_as(width)
    def train(
        corpus: Any,
        first: Any,
        last: Any,
        sampling: Any,
        extra: Any,  # noqa: ARG001, words have but one row
        tree: Any,
        window: Any,
        input: Any,
        output: Any,
        lr: Any,
        next_lr: Any,
        seed: Any,
    ) -> Any:
        tokens, offsets = corpus
        kept = np.empty(longest(offsets, first, last), np.int32)
        state = np.uint64(seed)
        loss, chance, pairs, words = 0.0, 1.0, 0, 0
        begin, total = offsets[first], max(1, offsets[last] - offsets[first])
        for row in range(first, last):
            rate = np.float32(lr + (next_lr - lr) * ((offsets[row] - begin) / total))
            state, count = subsample(state, tokens[offsets[row] : offsets[row + 1]], sampling, kept)
            words += count
            if count < 2:
                continue
            for centre in range(count):
                if centre + 1 < count:
                    fetch_path(output, tree, kept[centre + 1])
                if centre + 1 + window < count:
                    fetch(input, np.int64(kept[centre + 1 + window]))
                state, distance = reach(state, window)
                at, end = max(0, centre - distance), min(count, centre + distance + 1)
                pairs += end - at - 1
                word = kept[centre]
                while at < end:
                    if at == centre:
                        at += 1
                        continue
                    second = at + 1 if at + 1 != centre else at + 2
                    x = np.int64(kept[at])
                    y = np.int64(kept[second]) if second < end else x
                    if x != y:
                        loss, chance = learn(input, (x, y), output, tree, word, rate, loss, chance)
                        at = second + 1
                    else:
                        loss, chance = learn(input, (x,), output, tree, word, rate, loss, chance)
                        at += 1
                    if chance < LEAST:
                        loss -= np.log(chance)
                        chance = 1.0
        return loss - np.log(chance), pairs, words

    return train


@cache
def subword_skipgram(width: int) -> Any:
    """Return the pass of skip-gram with subwords and hierarchical softmax.

    The centre is the input that predicts each word of its window, as in
    :func:`seqkit.vectors.training.passes.subword_skipgram`.
    """
    learn, fetch_path = learn_by_tree(width), fetch_path_of(width)
    fetch_word = fetch_word_of(width, True)

    @compiled_as(width)
    def train(
        corpus: Any,
        first: Any,
        last: Any,
        sampling: Any,
        extra: Any,
        tree: Any,
        window: Any,
        input: Any,
        output: Any,
        lr: Any,
        next_lr: Any,
        seed: Any,
    ) -> Any:
        tokens, offsets = corpus
        kept = np.empty(longest(offsets, first, last), np.int32)
        hidden, before = np.zeros((1, width), np.float32), np.zeros(width, np.float32)
        state = np.uint64(seed)
        loss, chance, pairs, words = 0.0, 1.0, 0, 0
        begin, total = offsets[first], max(1, offsets[last] - offsets[first])
        for row in range(first, last):
            rate = np.float32(lr + (next_lr - lr) * ((offsets[row] - begin) / total))
            state, count = subsample(state, tokens[offsets[row] : offsets[row + 1]], sampling, kept)
            words += count
            if count < 2:
                continue
            for centre in range(count):
                state, distance = reach(state, window)
                if centre + window + 1 < count:
                    fetch_path(output, tree, kept[centre + window + 1])
                if centre + 1 < count:
                    new = kept[centre + 1]
                    fetch_word(input, extra, new)
                word = kept[centre]
                pieces = extra.rows[extra.offsets[word] : extra.offsets[word + 1]]
                compose(input, pieces, before, hidden[0])
                for at in range(max(0, centre - distance), min(count, centre + distance + 1)):
                    if at == centre:
                        continue
                    pairs += 1
                    loss, chance = learn(hidden, (0,), output, tree, kept[at], rate, loss, chance)
                    if chance < LEAST:
                        loss -= np.log(chance)
                        chance = 1.0
                spread(input, pieces, before, hidden[0], np.float32(1))
        return loss - np.log(chance), pairs, words

    return train


@cache
def cbow(width: int, subwords: bool, mean: bool) -> Any:
    """Return the pass of CBOW with hierarchical softmax.

    The hidden vector and its rows' changes are as in :func:`seqkit.vectors.training.passes.cbow`.
    """
    learn, fetch_path = learn_by_tree(width), fetch_path_of(width)
    gather, fetch_word = gather_of(subwords), fetch_word_of(width, subwords)

    @compiled_as(width, subwords, mean)
    def train(
        corpus: Any,
        first: Any,
        last: Any,
        sampling: Any,
        extra: Any,
        tree: Any,
        window: Any,
        input: Any,
        output: Any,
        lr: Any,
        next_lr: Any,
        seed: Any,
    ) -> Any:
        tokens, offsets = corpus
        kept = np.empty(longest(offsets, first, last), np.int32)
        most = longest(extra.offsets, 0, len(extra.offsets) - 1) if subwords else 1
        rows = np.empty(2 * window * most, np.int32)
        hidden, before = np.zeros((1, width), np.float32), np.zeros(width, np.float32)
        state = np.uint64(seed)
        loss, chance, pairs, words = 0.0, 1.0, 0, 0
        begin, total = offsets[first], max(1, offsets[last] - offsets[first])
        for row in range(first, last):
            rate = np.float32(lr + (next_lr - lr) * ((offsets[row] - begin) / total))
            state, count = subsample(state, tokens[offsets[row] : offsets[row + 1]], sampling, kept)
            words += count
            if count < 2:
                continue
            pairs += count
            for centre in range(count):
                if centre + 1 < count:
                    fetch_path(output, tree, kept[centre + 1])
                if centre + 1 + window < count:
                    new = kept[centre + 1 + window]
                    fetch_word(input, extra, new)
                state, distance = reach(state, window)
                begin_at, end_at = max(0, centre - distance), min(count, centre + distance + 1)
                size = gather(kept, begin_at, centre, end_at, extra, rows)
                compose(input, rows[:size], before, hidden[0], mean)
                loss, chance = learn(hidden, (0,), output, tree, kept[centre], rate, loss, chance)
                share = np.float32(1) if mean else np.float32(1) / np.float32(size)
                spread(input, rows[:size], before, hidden[0], share)
                if chance < LEAST:
                    loss -= np.log(chance)
                    chance = 1.0
        return loss - np.log(chance), pairs, words

    return train
