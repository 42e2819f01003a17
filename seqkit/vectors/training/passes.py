"""One pass of training over some rows: skip-gram and CBOW, for words alone or with subwords.

Each factory returns ``train(corpus, first, last, sampling, own, extra, window, input, output, lr,
next_lr, seed) -> (loss, pairs, words)``, compiled:

    corpus: :class:`~seqkit.vectors.training.kernels.Corpus`.
    first, last: the rows to train on, ``last`` excluded.
    sampling: :class:`~seqkit.vectors.training.kernels.Sampling`.
    own: :class:`~seqkit.vectors.training.kernels.Own` rows of this thread (none with subwords).
    extra: :class:`~seqkit.vectors.training.kernels.Pieces` of each word (read with subwords only).
    window: the most words on either side; each centre draws its own reach from 1 to ``window``.
    input, output: ``(rows, width)`` float32, changed in place; the width is a multiple of 8, to
        which the caller pads vectors with zeros, and they stay zeros.
    lr, next_lr: the rate falls from one to the other over the tokens.
    seed: uint64; the same seed draws the same.

and back come the summed loss of all pairs (see :mod:`seqkit.vectors.training.tiles`), the number
of pairs (CBOW: of centres), and of tokens that subsampling kept.
"""

from functools import cache
from typing import Any

import numpy as np

from seqkit.vectors.training.kernels import (
    LEAST,
    compiled_as,
    compose,
    exchange,
    fetch_of,
    fetch_word_of,
    gather_of,
    learn_by_negatives,
    longest,
    own_rows,
    reach,
    spread,
    subsample,
    take,
    targets_of,
)


@cache
def skipgram(width: int, negative: int) -> Any:
    """Return the pass of skip-gram with negative sampling (Mikolov et al. 2013b, section 2.2).

    As in word2vec, the words of the window are the inputs that predict the centre.
    """
    learn, draw_targets = learn_by_negatives(width, negative), targets_of(width, negative)
    fetch, blank = fetch_of(width), (0,) * (negative + 1)

    @compiled_as(width, negative)
    def train(
        corpus: Any,
        first: Any,
        last: Any,
        sampling: Any,
        own: Any,
        extra: Any,  # noqa: ARG001, words have but one row
        window: Any,
        input: Any,
        output: Any,
        lr: Any,
        next_lr: Any,
        seed: Any,
    ) -> Any:
        tokens, offsets = corpus
        kept = np.empty(longest(offsets, first, last), np.int32)
        state, upcoming = np.uint64(seed), blank
        loss, chance, pairs, words = 0.0, 1.0, 0, 0
        begin, total = offsets[first], max(1, offsets[last] - offsets[first])
        exchanged = begin
        take(input, output, own)
        for row in range(first, last):
            rate = np.float32(lr + (next_lr - lr) * ((offsets[row] - begin) / total))
            state, count = subsample(state, tokens[offsets[row] : offsets[row + 1]], sampling, kept)
            words += count
            if offsets[row] - exchanged >= own.every:
                exchange(input, output, own)
                exchanged = offsets[row]
            own_rows(kept[:count], own)
            if count < 2:
                continue
            for centre in range(-1, count):
                targets = upcoming
                if centre + 1 < count:
                    word = np.int64(kept[centre + 1])
                    state, upcoming = draw_targets(state, word, sampling, own, output)
                    if centre + 1 + window < count:
                        fetch(input, np.int64(kept[centre + 1 + window]))
                if centre < 0:
                    continue
                state, distance = reach(state, window)
                at, end = max(0, centre - distance), min(count, centre + distance + 1)
                pairs += end - at - 1
                while at < end:
                    if at == centre:
                        at += 1
                        continue
                    second = at + 1 if at + 1 != centre else at + 2
                    x = np.int64(kept[at])
                    y = np.int64(kept[second]) if second < end else x
                    if x != y:
                        chance *= learn(input, (x, y), output, targets, rate)
                        at = second + 1
                    else:
                        chance *= learn(input, (x,), output, targets, rate)
                        at += 1
                    if chance < LEAST:
                        loss -= np.log(chance)
                        chance = 1.0
        exchange(input, output, own)
        return loss - np.log(chance), pairs, words

    return train


@cache
def subword_skipgram(width: int, negative: int) -> Any:
    """Return the pass of skip-gram with subwords (Bojanowski et al. 2017, section 3).

    As in fastText, the centre is the input that predicts each word of its window, against noise
    of that word's own. Its vector is the mean of its rows: composed once, trained on all its
    window, and then the change is added to every one of the rows, before the next centre is
    composed: neighbours share many n-grams, and must not learn them twice.
    """
    learn, draw_targets = learn_by_negatives(width, negative), targets_of(width, negative)
    fetch_word, blank = fetch_word_of(width, True), (0,) * (negative + 1)

    @compiled_as(width, negative)
    def train(
        corpus: Any,
        first: Any,
        last: Any,
        sampling: Any,
        own: Any,
        extra: Any,
        window: Any,
        input: Any,
        output: Any,
        lr: Any,
        next_lr: Any,
        seed: Any,
    ) -> Any:
        tokens, offsets = corpus
        kept = np.empty(longest(offsets, first, last), np.int32)
        context = np.empty(2 * window, np.int64)
        hidden, before = np.zeros((1, width), np.float32), np.zeros(width, np.float32)
        state, upcoming = np.uint64(seed), blank
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
                size = 0
                for at in range(max(0, centre - distance), min(count, centre + distance + 1)):
                    if at != centre:
                        context[size] = kept[at]
                        size += 1
                pairs += size
                state, upcoming = draw_targets(state, context[0], sampling, own, output)
                if centre + 1 < count:
                    new = kept[centre + 1]
                    fetch_word(input, extra, new)
                word = kept[centre]
                pieces = extra.rows[extra.offsets[word] : extra.offsets[word + 1]]
                compose(input, pieces, before, hidden[0])
                for number in range(size):
                    targets = upcoming
                    if number + 1 < size:
                        following = context[number + 1]
                        state, upcoming = draw_targets(state, following, sampling, own, output)
                    chance *= learn(hidden, (0,), output, targets, rate)
                    if chance < LEAST:
                        loss -= np.log(chance)
                        chance = 1.0
                spread(input, pieces, before, hidden[0], np.float32(1))
        return loss - np.log(chance), pairs, words

    return train


@cache
def cbow(width: int, negative: int, subwords: bool, mean: bool) -> Any:
    """Return the pass of CBOW with negative sampling (Mikolov et al. 2013a, section 3.1).

    The hidden vector is the mean, or the sum, of the input rows of the window's words. As in
    word2vec, each of these rows takes the whole change of a mean, and its share of the change of
    a sum.
    """
    learn = learn_by_negatives(width, negative)
    draw_targets = targets_of(width, negative)
    gather, fetch_word = gather_of(subwords), fetch_word_of(width, subwords)
    blank = (0,) * (negative + 1)

    @compiled_as(width, negative, subwords, mean)
    def train(
        corpus: Any,
        first: Any,
        last: Any,
        sampling: Any,
        own: Any,
        extra: Any,
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
        state, upcoming = np.uint64(seed), blank
        loss, chance, pairs, words = 0.0, 1.0, 0, 0
        begin, total = offsets[first], max(1, offsets[last] - offsets[first])
        exchanged = begin
        take(input, output, own)
        for row in range(first, last):
            done = (offsets[row] - begin) / total
            rate = np.float32(lr + (next_lr - lr) * done)
            state, count = subsample(state, tokens[offsets[row] : offsets[row + 1]], sampling, kept)
            words += count
            if offsets[row] - exchanged >= own.every:
                exchange(input, output, own)
                exchanged = offsets[row]
            own_rows(kept[:count], own)
            if count < 2:
                continue
            pairs += count
            for centre in range(-1, count):
                targets = upcoming
                if centre + 1 < count:
                    word = np.int64(kept[centre + 1])
                    state, upcoming = draw_targets(state, word, sampling, own, output)
                    if centre + 1 + window < count:
                        new = kept[centre + 1 + window]
                        fetch_word(input, extra, new)
                if centre < 0:
                    continue
                state, distance = reach(state, window)
                begin_at, end_at = max(0, centre - distance), min(count, centre + distance + 1)
                size = gather(kept, begin_at, centre, end_at, extra, rows)
                compose(input, rows[:size], before, hidden[0], mean)
                chance *= learn(hidden, (0,), output, targets, rate)
                share = np.float32(1) if mean else np.float32(1) / np.float32(size)
                spread(input, rows[:size], before, hidden[0], share)
                if chance < LEAST:
                    loss -= np.log(chance)
                    chance = 1.0
        exchange(input, output, own)
        return loss - np.log(chance), pairs, words

    return train
