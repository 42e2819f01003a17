"""What one pass of word2vec computes, in plain Python and float64: the specification of passes.

It replays the random numbers of the compiled passes, so that with weights that stay as they are
(a rate of 0) the loss and the number of predictions must come out the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import torch

from seqkit.vectors.training.kernels import Corpus, Pieces, Sampling, Tree

WIDTH, NEGATIVE, WINDOW = 16, 3, 2
WORDS, BUCKETS = 20, 9


class Bits:
    """A linear congruential generator modulo 2**64 (Knuth's), of which 32 upper bits are used."""

    def __init__(self, seed: int) -> None:
        self.state = seed

    def __call__(self) -> int:
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return self.state >> 32

    def below(self, n: int) -> int:
        return self() * n >> 32


@dataclass
class Prediction:
    """A centre, the words of its window, and the words of noise."""

    centre: int
    context: list[int]
    noise: list[int]


def subsampled(row: Sequence[int], sampling: Sampling, bits: Bits) -> list[int]:
    """Return the words of a row that chance keeps."""
    return [word for word in row if bits() <= sampling.keep[word]]


def predictions(
    kept: list[int], sampling: Sampling, window: int, negative: int, bits: Bits
) -> Iterator[Prediction]:
    """Yield what the words of a row are trained on. Noise is drawn one centre ahead."""
    if len(kept) < 2:
        return
    upcoming = noise(kept[0], sampling, negative, bits)
    for at, centre in enumerate(kept):
        drawn = upcoming
        if at + 1 < len(kept):
            upcoming = noise(kept[at + 1], sampling, negative, bits)
        reach = 1 + bits.below(window)
        context = kept[max(0, at - reach) : at] + kept[at + 1 : at + 1 + reach]
        yield Prediction(centre, context, drawn)


def from_centres(
    kept: list[int], sampling: Sampling, window: int, negative: int, bits: Bits
) -> Iterator[Prediction]:
    """Yield what skip-gram with subwords is trained on: the centre predicts each word near it."""
    if len(kept) < 2:
        return
    for at, centre in enumerate(kept):
        reach = 1 + bits.below(window)
        for word in kept[max(0, at - reach) : at] + kept[at + 1 : at + 1 + reach]:
            yield Prediction(word, [centre], noise(word, sampling, negative, bits))


def noise(centre: int, sampling: Sampling, negative: int, bits: Bits) -> list[int]:
    """Draw words that are not the centre; one drawn already is drawn anew, up to three times."""
    drawn: list[int] = []
    for _ in range(negative):
        for _ in range(4):
            word = centre
            while word == centre:
                place = bits.below(len(sampling.noise))
                stay, alias = divmod(int(sampling.noise[place]), 2**32)
                word = place if bits() <= stay else alias
            if word not in drawn:
                break
        drawn.append(word)
    return drawn


def hidden_vectors(
    input: Any, context: list[int], pieces: list[list[int]], model: str, mean: bool
) -> list[Any]:
    """Return what predicts the centre: a vector for each word of the window, or one for all.

    Its gradient reaches each row that made it up by word2vec's conventions, which are not those
    of calculus: all of it, be it a mean; a sum of n rows gives each 1 / n of it.
    """
    groups = [pieces[word] for word in context]
    if model == "cbow":
        groups = [list(chain(*groups))]
    vectors = []
    for group in groups:
        total = input[group].sum(0)
        value = total / len(group) if mean or model == "skipgram" else total
        way = total if mean or model == "skipgram" else total / len(group)
        vectors.append(value.detach() + way - way.detach())
    return vectors


def loss_by_negatives(vector: Any, output: Any, prediction: Prediction) -> Any:
    """Mikolov et al. 2013b, equation 4, negated."""
    right = torch.nn.functional.logsigmoid(vector @ output[prediction.centre])
    return -right - torch.nn.functional.logsigmoid(-(output[prediction.noise] @ vector)).sum()


def loss_by_tree(vector: Any, output: Any, tree: Tree, word: int) -> Any:
    """Mikolov et al. 2013b, equation 3: minus the logarithm of the word's probability."""
    path = slice(tree.offsets[word], tree.offsets[word + 1])
    turns = -torch.tensor(tree.turns[path], dtype=torch.float64)
    logits = output[torch.tensor(tree.nodes[path], dtype=torch.int64)] @ vector
    return -torch.nn.functional.logsigmoid(turns * logits).sum()


@dataclass
class Result:
    """What a pass came to, and the gradients of its loss with the weights as they were."""

    loss: float
    pairs: int
    words: int
    input: Any
    output: Any


def slow_pass(
    rows: Sequence[Sequence[int]],
    sampling: Sampling,
    pieces: list[list[int]],
    weights: tuple[Any, Any],
    seed: int,
    *,
    model: str,
    mean: bool = True,
    tree: Tree | None = None,
    subwords: bool = False,
) -> Result:
    """Return what a compiled pass must; with a tree there is no noise."""
    input, output = (torch.tensor(w, dtype=torch.float64, requires_grad=True) for w in weights)
    negative = NEGATIVE if tree is None else 0
    bits, pairs, words = Bits(seed), 0, 0
    loss = 0 * input.sum() + 0 * output.sum()
    for row in rows:
        kept = subsampled(row, sampling, bits)
        words += len(kept)
        pattern = from_centres if subwords and model == "skipgram" else predictions
        for prediction in pattern(kept, sampling, WINDOW, negative, bits):
            vectors = hidden_vectors(input, prediction.context, pieces, model, mean)
            pairs += len(vectors)
            for vector in vectors:
                if tree is None:
                    loss = loss + loss_by_negatives(vector, output, prediction)
                else:
                    loss = loss + loss_by_tree(vector, output, tree, prediction.centre)
    torch.autograd.backward(loss)
    assert input.grad is not None
    assert output.grad is not None
    return Result(loss.item(), pairs, words, input.grad.numpy(), output.grad.numpy())


def corpus_of(rows: Sequence[Sequence[int]]) -> Corpus:
    flat = np.array([word for row in rows for word in row], np.int32)
    return Corpus(flat, np.cumsum([0, *map(len, rows)]).astype(np.int64))


def pieces_of(words: list[list[int]]) -> Pieces:
    corpus = corpus_of(words)
    return Pieces(corpus.tokens, corpus.offsets)


def some_rows(seed: int, lengths: Sequence[int], words: int = WORDS) -> list[list[int]]:
    """Return rows of words drawn with Zipf's frequencies."""
    rng = np.random.default_rng(seed)
    chances = 1 / np.arange(1, words + 1)
    return [rng.choice(words, n, p=chances / chances.sum()).tolist() for n in lengths]


def some_pieces(subwords: bool, words: int = WORDS) -> list[list[int]]:
    """Return the input rows of each word: its own, and with subwords up to three buckets."""
    rng = np.random.default_rng(5)
    return [
        [word, *(words + rng.integers(BUCKETS, size=rng.integers(4)) if subwords else [])]
        for word in range(words)
    ]


def some_weights(words: int = WORDS) -> tuple[Any, Any]:
    """Return float32 input rows of words and buckets, and output rows."""
    rng = np.random.default_rng(3)
    shapes = [(words + BUCKETS, WIDTH), (words, WIDTH)]
    first, second = [rng.normal(scale=0.3, size=shape).astype(np.float32) for shape in shapes]
    return first, second
