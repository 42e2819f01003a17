"""The compiled loops of word2vec: skip-gram and CBOW, by negative sampling or a Huffman tree.

One pass over some rows of ids, in place, without the GIL: several threads may train the same
weights without locks (Hogwild, Recht et al. 2011). Each loop is compiled for one width of vectors
and one number of negatives. What makes them fast: the negatives of a centre word are shared by
the words of its window (Ji et al. 2016, section 3), which with their outputs are trained as
small products of matrices (:mod:`seqkit.vectors.training.tiles`); and rows needed for the next
centre are fetched into the cache while this one is trained.
"""

from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numba import njit
from numba.cpython.unsafe import tuple as tuples
from numpy.typing import NDArray

from seqkit.text.kernels import prefetch, prefetch_to_write
from seqkit.vectors.training import tiles
from seqkit.vectors.training.tiles import tile

F = TypeVar("F", bound=Callable[..., Any])
tuple_setitem: Any = tuples.tuple_setitem  # called without its first argument
LINE = 16  # float32 in a line of the cache
MOST_DRAWS = 1000  # of the noise for a word that is not the centre, where all is the centre
TRIES = 4  # to draw a word that was not drawn before
LEAST = 1e-200  # a product of probabilities is turned into a logarithm before it underflows
_MULTIPLIER, _INCREMENT = np.uint64(6364136223846793005), np.uint64(1442695040888963407)
_HALF, _LOWER = np.uint64(32), np.uint64(0xFFFFFFFF)
_POSITIVE, _NEGATIVE = np.float32(-1), np.float32(1)


class Corpus(NamedTuple):
    """Rows of word ids: row ``i`` is ``tokens[offsets[i]:offsets[i + 1]]``."""

    tokens: NDArray[np.int32]
    offsets: NDArray[np.int64]


class Sampling(NamedTuple):
    """Chances as thresholds for 32 random bits.

    Attributes:
        keep: ``(words,)`` uint32, of a token to be trained on.
        noise: ``(words,)`` uint64, in the upper half the chance of a draw from the noise to be this
            word, in the lower half the alias that it is otherwise: one look tells both.
    """

    keep: NDArray[np.uint32]
    noise: NDArray[np.uint64]


class Pieces(NamedTuple):
    """Input rows that make up a word: ``rows[offsets[word]:offsets[word + 1]]``."""

    rows: NDArray[np.int32]
    offsets: NDArray[np.int64]


class Tree(NamedTuple):
    """The Huffman code of each word: output rows from the root, and the turns taken there."""

    nodes: NDArray[np.int32]
    turns: NDArray[np.int8]
    offsets: NDArray[np.int64]


class Own(NamedTuple):
    """Rows of the most frequent words that a thread has to itself, beyond those of all words.

    Attributes:
        words: how many, the first ones; with 0 a thread has none.
        shift: word ``i`` has row ``i + shift``.
        every: words of text between two exchanges with everybody's rows.
        input, output: ``(words, width)``, those rows when last exchanged.
        input_weights, output_weights: ``(words,)``, what a change of each counts for.
    """

    words: int
    shift: int
    every: int
    input: NDArray[np.float32]
    output: NDArray[np.float32]
    input_weights: NDArray[np.float32]
    output_weights: NDArray[np.float32]


_NO_ROWS, _NO_WEIGHTS = np.zeros((0, 0), np.float32), np.zeros(0, np.float32)
NOTHING = Own(0, 0, 1 << 62, _NO_ROWS, _NO_ROWS, _NO_WEIGHTS, _NO_WEIGHTS)

OPTIONS: dict[str, Any] = {
    "nogil": True,
    "fastmath": {"contract", "reassoc", "nsz"},
    "error_model": "numpy",
}


def compiled(function: F) -> F:
    """Compile on first call, kept on disk; sums in any order, but NaN and infinity are as ever."""
    try:
        made: Any = njit(cache=True, **OPTIONS)(function)
    except RuntimeError:  # no folder for the cache: compile in every process
        made = njit(**OPTIONS)(function)
    compiled_function: F = made
    return compiled_function


def compiled_as(*key: Any) -> Callable[[F], F]:
    """Compile a function of a factory, kept on disk under the arguments of the factory.

    Left to itself numba would look it up by the parts it closes over, which are new objects in
    every process: it would never be found, and be stored again each time.
    """

    def compile_it(function: F) -> F:
        made: Any = compiled(function)
        made._cache._index_key = lambda signature, codegen: (
            (signature, codegen.magic_tuple(), _parts(), key)
        )
        compiled_function: F = made
        return compiled_function

    return compile_it


@cache
def _parts() -> str:
    """Return a digest of the source of what is compiled into others: a change makes them anew."""
    files = [Path(__file__), Path(str(tiles.__file__))]
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def inlined(function: F) -> F:
    """Make a part of compiled functions."""
    made: F = njit(forceinline=True, **OPTIONS)(function)
    return made


@inlined
def advance(state: Any) -> Any:
    """Return the next state of a linear congruential generator; its upper 32 bits are random."""
    return state * _MULTIPLIER + _INCREMENT


@inlined
def draw(state: Any, sampling: Any) -> Any:
    """Return the next state and a word of the noise, by the alias method (Walker 1977)."""
    state = advance(state)
    place = _place(state, sampling)
    state, entry = advance(state), sampling.noise[place]
    stays = (state >> _HALF) <= (entry >> _HALF)
    return state, np.int64(place if stays else entry & _LOWER)


@inlined
def foresee(state: Any, sampling: Any, draws: Any) -> None:
    """Have the places of the noise brought near that the next draws will look at.

    They are as many as the words, too many for the cache; waiting for them took a third of
    training.
    """
    for _ in range(draws):
        state = advance(state)
        prefetch(sampling.noise, np.int64(_place(state, sampling)))
        state = advance(state)


@inlined
def _place(state: Any, sampling: Any) -> Any:
    """Return a place of the noise, each as likely."""
    return ((state >> _HALF) * np.uint64(len(sampling.noise))) >> _HALF


@inlined
def subsample(state: Any, tokens: Any, sampling: Any, kept: Any) -> Any:
    """Copy to ``kept`` the tokens that chance keeps; return the next state and their number."""
    count: Any = 0
    for token in tokens:
        state = advance(state)
        kept[count] = token
        count += np.int64((state >> _HALF) <= sampling.keep[token])
    return state, count


@inlined
def own_rows(words: Any, own: Any) -> None:
    """Turn words, in place, into the rows that this thread trains for them."""
    for k in range(len(words)):
        words[k] += own.shift if words[k] < own.words else 0


@inlined
def take(input: Any, output: Any, own: Any) -> None:
    """Begin with everybody's rows of the frequent words."""
    for row in range(own.words):
        for d in range(input.shape[1]):
            input[row + own.shift, d] = own.input[row, d] = input[row, d]
            output[row + own.shift, d] = own.output[row, d] = output[row, d]


@inlined
def exchange(input: Any, output: Any, own: Any) -> None:
    """Add this thread's changes of its rows to everybody's, and go on from there."""
    _exchange(input, own.input, own.input_weights, own)
    _exchange(output, own.output, own.output_weights, own)


@inlined
def _exchange(matrix: Any, before: Any, weights: Any, own: Any) -> None:
    for row in range(own.words):
        mine, weight = row + own.shift, weights[row]
        for d in range(matrix.shape[1]):
            value = matrix[row, d] + weight * (matrix[mine, d] - before[row, d])
            matrix[row, d] = matrix[mine, d] = before[row, d] = value


@inlined
def reach(state: Any, window: Any) -> Any:
    """Return the next state and a distance from 1 to ``window``, each as likely."""
    state = advance(state)
    return state, 1 + np.int64(((state >> _HALF) * np.uint64(window)) >> _HALF)


@cache
def fetch_of(width: int) -> Any:
    """Return ``fetch(matrix, row)`` for compiled code: has a row brought into the cache."""

    @inlined
    def fetch(matrix: Any, row: Any) -> None:
        for place in range(0, width, LINE):
            prefetch_to_write(matrix, row * width + place)

    return fetch


@cache
def fetch_word_of(width: int, subwords: bool) -> Any:
    """Return ``fetch_word(matrix, extra, word)``: has all input rows of a word brought near."""
    fetch = fetch_of(width)

    @inlined
    def fetch_word(matrix: Any, extra: Any, word: Any) -> None:
        if subwords:
            for row in extra.rows[extra.offsets[word] : extra.offsets[word + 1]]:
                fetch(matrix, np.int64(row))
        else:
            fetch(matrix, np.int64(word))

    return fetch_word


@cache
def gather_of(subwords: bool) -> Any:
    """Return ``gather(kept, begin, centre, end, extra, rows) -> int`` for compiled code.

    It writes the input rows of the words around the centre to ``rows``, and returns how many.
    """

    @inlined
    def gather(kept: Any, begin: Any, centre: Any, end: Any, extra: Any, rows: Any) -> Any:
        size = 0
        for at in range(begin, end):
            if at == centre:
                continue
            word = kept[at]
            if subwords:
                for row in extra.rows[extra.offsets[word] : extra.offsets[word + 1]]:
                    rows[size] = row
                    size += 1
            else:
                rows[size] = word
                size += 1
        return size

    return gather


@inlined
def longest(offsets: Any, first: Any, last: Any) -> Any:
    """Return the length of the longest of some rows."""
    length = 0
    for row in range(first, last):
        length = max(length, offsets[row + 1] - offsets[row])
    return length


@inlined
def compose(matrix: Any, rows: Any, before: Any, hidden: Any, mean: Any = True) -> None:
    """Write the mean (or the sum) of the rows to ``before`` and to ``hidden``."""
    before[:] = 0
    for row in rows:
        for d in range(len(before)):
            before[d] += matrix[row, d]
    share = np.float32(1) / np.float32(len(rows)) if mean else np.float32(1)
    for d in range(len(before)):
        before[d] *= share
        hidden[d] = before[d]


@inlined
def spread(matrix: Any, rows: Any, before: Any, after: Any, share: Any) -> None:
    """Add ``share`` of the change of a hidden vector to every row that made it up."""
    for d in range(len(before)):
        before[d] = share * (after[d] - before[d])
    for row in rows:
        for d in range(len(before)):
            matrix[row, d] += before[d]


@cache
def targets_of(width: int, negative: int) -> Any:
    """Return ``draw_targets(state, centre, sampling, own, output)`` for compiled code.

    It gives the next state, and the centre with ``negative`` words of the noise, none of which is
    the centre, all as rows of ``output``. A word drawn twice is drawn anew, so that no change of a
    row is lost; but only a few times, since a small vocabulary may have no more words.
    """
    fetch, blank = fetch_of(width), (0,) * (negative + 1)

    @inlined
    def draw_targets(state: Any, centre: Any, sampling: Any, own: Any, output: Any) -> Any:
        targets = tuple_setitem(blank, 0, centre)
        fetch(output, centre)
        seen = np.uint64(0)
        for k in range(1, negative + 1):
            for _ in range(TRIES):
                word, draws = centre, 0
                while word == centre and draws < MOST_DRAWS:
                    state, word = draw(state, sampling)
                    word += own.shift if word < own.words else 0
                    draws += 1
                if word == centre:
                    word = (centre + 1) % len(sampling.noise)
                mark = np.uint64(1) << (np.uint64(word) & np.uint64(63))
                if not seen & mark or not _among(targets, k, word):
                    break
            seen |= mark
            targets = tuple_setitem(targets, k, word)
            fetch(output, word)
        foresee(advance(state), sampling, negative)  # one draw goes to the reach of the window
        return state, targets

    return draw_targets


@compiled
def _among(targets: Any, count: Any, word: Any) -> Any:
    """Say whether a word is one of the first ``count`` targets."""
    for k in range(count):  # noqa: SIM110, compiled
        if targets[k] == word:
            return True
    return False


@cache
def learn_by_negatives(width: int, negative: int) -> Any:
    """Return ``learn(matrix, rows, output, targets, rate) -> float`` for compiled code.

    It trains rows of ``matrix`` on the centre and its negatives.
    """
    step, signs = tile(width), (_POSITIVE,) + (_NEGATIVE,) * negative

    @inlined
    def learn(matrix: Any, rows: Any, output: Any, targets: Any, rate: Any) -> Any:
        return step(matrix, rows, output, targets, signs, rate)

    return learn


@cache
def learn_by_tree(width: int) -> Any:
    """Return ``learn(matrix, rows, output, tree, word, rate, loss, chance)`` for compiled code.

    It trains rows of ``matrix`` on the path of a word, a few nodes at once, and returns the
    summed loss so far, as ``loss - log(chance)``.
    """
    by_four, by_two, by_one = (_learn_nodes(width, size) for size in (4, 2, 1))

    @inlined
    def learn(
        matrix: Any, rows: Any, output: Any, tree: Any, word: Any, rate: Any, loss: Any, chance: Any
    ) -> Any:
        at, end = tree.offsets[word], tree.offsets[word + 1]
        while end - at >= 4:
            chance *= by_four(matrix, rows, output, tree, at, rate)
            at += 4
            if chance < LEAST:
                loss -= np.log(chance)
                chance = 1.0
        if end - at >= 2:
            chance *= by_two(matrix, rows, output, tree, at, rate)
            at += 2
        if at < end:
            chance *= by_one(matrix, rows, output, tree, at, rate)
        return loss, chance

    return learn


@cache
def fetch_path_of(width: int) -> Any:
    """Return ``fetch_path(output, tree, word)``: has the nodes of a word brought into the cache."""
    fetch = fetch_of(width)

    @inlined
    def fetch_path(output: Any, tree: Any, word: Any) -> None:
        for node in tree.nodes[tree.offsets[word] : tree.offsets[word + 1]]:
            fetch(output, np.int64(node))

    return fetch_path


@cache
def _learn_nodes(width: int, size: int) -> Any:
    step, no_nodes, no_signs = tile(width), (0,) * size, (np.float32(0),) * size

    @inlined
    def learn(matrix: Any, rows: Any, output: Any, tree: Any, at: Any, rate: Any) -> Any:
        nodes, signs = no_nodes, no_signs
        for k in range(size):
            nodes = tuple_setitem(nodes, k, np.int64(tree.nodes[at + k]))
            signs = tuple_setitem(signs, k, np.float32(tree.turns[at + k]))
        return step(matrix, rows, output, nodes, signs, rate)

    return learn
