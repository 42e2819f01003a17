"""Compiled loops of the search by principal components. Imported only where they are run.

Codes lie so that one vector instruction serves sixteen rows: of each block of ``LANES`` rows, the
first two features of every row, then the next two, and so on. A product with a query is then a
sum down the lanes, and a block none of whose rows scores above the bar costs one comparison.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from seqkit.text.kernels import compiled

LANES = 16  # rows of a block
STEPS = 127  # the largest code
_BYTE, _SHORT, _INT, _INDEX = (ir.IntType(bits) for bits in (8, 16, 32, 64))
_FLOATS = ir.VectorType(ir.FloatType(), LANES)
_SUMS = ir.VectorType(_INT, LANES)


def _block_scores(
    _: Any, codes: Any, block: Any, query: Any, scales: Any, bar: Any, scores: Any
) -> Any:
    """Score the rows of a block, ``scores``; and return which reach the bar, as bits."""

    def generate(context: Any, b: Any, signature: Any, arguments: Any) -> Any:
        arrays = {
            i: context.make_array(signature.args[i])(context, b, arguments[i]) for i in (0, 2, 3, 5)
        }
        pairs = b.extract_value(arrays[2].shape, 0)
        start = b.mul(arguments[1], b.mul(pairs, _INDEX(2 * LANES)))
        sums = _products(b, b.gep(arrays[0].data, [start]), arrays[2].data, pairs)
        kind = _FLOATS.as_pointer()
        scale = b.bitcast(b.gep(arrays[3].data, [b.mul(arguments[1], _INDEX(LANES))]), kind)
        score = b.fmul(b.sitofp(sums, _FLOATS), b.load(scale, align=4))
        lane = b.insert_element(ir.Constant(_FLOATS, ir.Undefined), arguments[4], _INT(0))
        bars = b.shuffle_vector(lane, lane, ir.Constant(_SUMS, [0] * LANES))
        reaches = b.bitcast(b.fcmp_ordered(">", score, bars), ir.IntType(LANES))
        b.store(score, b.bitcast(arrays[5].data, kind), align=4)
        return b.zext(reaches, _INDEX)

    return types.int64(codes, block, query, scales, bar, scores), generate


def _products(b: Any, codes: Any, query: Any, pairs: Any) -> Any:
    """Return the 32-bit product of each row of a block with the query."""
    before = b.block
    inside, after = b.append_basic_block("pairs"), b.append_basic_block("pairs.end")
    b.branch(inside)
    b.position_at_end(inside)
    pair, sums = b.phi(_INDEX), b.phi(_SUMS)
    wide = ir.VectorType(_INT, 2 * LANES)
    place = b.gep(codes, [b.mul(pair, _INDEX(2 * LANES))])
    code = b.load(b.bitcast(place, ir.VectorType(_BYTE, 2 * LANES).as_pointer()), align=1)
    two = b.load(b.gep(query, [pair]))  # both features of the query, 16 bits each
    lane = b.insert_element(ir.Constant(_SUMS, ir.Undefined), two, _INT(0))
    twos = b.shuffle_vector(lane, lane, ir.Constant(_SUMS, [0] * LANES))
    twos = b.bitcast(twos, ir.VectorType(_SHORT, 2 * LANES))
    product = b.mul(b.sext(code, wide), b.sext(twos, wide))  # compilers know this as one step
    even, odd = (
        b.shuffle_vector(product, product, ir.Constant(_SUMS, list(range(i, 2 * LANES, 2))))
        for i in (0, 1)
    )
    total, following = b.add(sums, b.add(even, odd)), b.add(pair, _INDEX(1))
    for phi, first, value in (
        (pair, _INDEX(0), following),
        (sums, ir.Constant(_SUMS, None), total),
    ):
        phi.add_incoming(first, before)
        phi.add_incoming(value, inside)
    b.cbranch(b.icmp_unsigned("<", following, pairs), inside, after)
    b.position_at_end(after)
    return total


block_scores: Any = intrinsic(_block_scores)  # called without its first argument


@compiled
def _replace_least(heap: Any, owners: Any, value: Any, owner: Any) -> None:
    """Put ``value`` and its owner in the place of the least of a binary heap."""
    at, size = 0, len(heap)
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= value:
            break
        heap[at], owners[at] = heap[child], owners[child]
        at = child
    heap[at], owners[at] = value, owner


@compiled
def _highest(codes: Any, scales: Any, query: Any, order: Any, heap: Any, places: Any) -> None:
    """Put the places of the highest scores in some blocks into the heap."""
    scores = np.empty(LANES, np.float32)
    for block in order:
        if block_scores(codes, block, query, scales, heap[0], scores):
            for lane in range(LANES):
                if scores[lane] > heap[0]:
                    _replace_least(heap, places, scores[lane], block * LANES + lane)


@compiled
def _lists_by_distance(
    centres: Any, scales: Any, halves: Any, query: Any, step: Any, lists: Any
) -> Any:
    """Return a heap of all lists, the nearest first, and how near each is."""
    heap, near = np.full(lists, np.float32(np.inf)), np.full(lists, -1)
    scores = np.empty(LANES, np.float32)
    for block in range(len(centres)):
        block_scores(centres, block, query, scales, np.float32(0), scores)
        for lane in range(min(LANES, lists - block * LANES)):
            at = block * LANES + lane
            distance = halves[at] - scores[lane] * step
            while at > 0 and heap[(at - 1) // 2] > distance:
                heap[at], near[at] = heap[(at - 1) // 2], near[(at - 1) // 2]
                at = (at - 1) // 2
            heap[at], near[at] = distance, block * LANES + lane
    return heap, near


@compiled
def _blocks_by_distance(
    centres: Any, scales: Any, halves: Any, starts: Any, query: Any, step: Any, count: Any
) -> Any:
    """Return the blocks of the nearest lists, the nearest first: so many, or all."""
    lists, found = len(starts) - 1, 0
    distances, near = _lists_by_distance(centres, scales, halves, query, step, lists)
    order = np.empty(min(count, starts[lists]), np.int64)
    while found < len(order):
        for block in range(starts[near[0]], starts[near[0] + 1]):
            if found < len(order):
                order[found] = block
                found += 1
        _replace_least(distances, near, np.float32(np.inf), 0)
    return order


@njit(nogil=True, cache=True, fastmath={"reassoc", "contract", "nsz"})
def _cosine(vector: Any, unit: Any) -> Any:
    product = length = 0.0
    for j in range(len(vector)):
        product += np.float64(vector[j]) * unit[j]
        length += np.float64(vector[j]) * vector[j]
    return product / np.sqrt(length) if length > 0 else -2.0  # changed since


@njit(nogil=True, cache=True, fastmath={"reassoc", "contract", "nsz"})
def _projected(axes: Any, unit: Any) -> Any:
    """Return a query's coordinates on the axes, two of 16 bits in a number; and their step."""
    coordinates = np.empty(len(axes), np.float32)
    largest = np.float32(1e-30)
    for i in range(len(axes)):
        total = np.float32(0)
        for j in range(axes.shape[1]):
            total += axes[i, j] * np.float32(unit[j])
        coordinates[i] = total
        largest = max(largest, abs(total))
    # what 16 bits hold, and the sum of all products in 32
    step = np.float32(largest / min(2**15 - 1, (2**31 - 1) // (STEPS * len(axes))))
    return np.rint(coordinates / step).astype(np.int16).view(np.int32), step


@compiled
def _unit(query: Any) -> Any:
    """Return a query at unit length, in float64; zeros as they are."""
    unit = query.astype(np.float64)
    length = np.sqrt((unit * unit).sum())
    return unit / length if length > 0 else unit


@compiled
def _inserted(found: Any, cosines: Any, count: Any, row: Any, cosine: Any) -> Any:
    """Put a row in its place among the ``count`` nearest so far; return how many there are."""
    at = min(count, len(found) - 1)
    if count == len(found) and not _is_before(cosine, row, cosines[at], found[at]):
        return count
    while at > 0 and _is_before(cosine, row, cosines[at - 1], found[at - 1]):
        found[at], cosines[at] = found[at - 1], cosines[at - 1]
        at -= 1
    found[at], cosines[at] = row, cosine
    return min(count + 1, len(found))


@compiled
def _is_before(cosine: Any, row: Any, other: Any, other_row: Any) -> Any:
    return cosine > other or (cosine == other and row < other_row)


@compiled
def nearest(
    axes: Any,
    centres: Any,
    centre_scales: Any,
    halves: Any,
    starts: Any,
    codes: Any,
    scales: Any,
    owners: Any,
    vectors: Any,
    query: Any,
    blocks: Any,
    kept: Any,
    found: Any,
    cosines: Any,
) -> None:
    """Find the rows nearest to a query among those whose codes score highest in some lists.

    Args:
        axes: ``(2 * pairs, features)`` float32, on which rows and query are projected.
        centres: ``(blocks, pairs, LANES, 2)`` int8, the codes of the lists' centres.
        centre_scales: ``(blocks * LANES,)`` float32, what a unit of codes is worth.
        halves: likewise, from which a centre's product is taken to leave half its squared
            distance, but for what all have in common.
        starts: ``(lists + 1,)`` int32, the block with which each list begins.
        codes: as ``centres``, of the rows, list by list.
        scales: likewise; NaN for what is no row.
        owners: ``(blocks * LANES,)`` int32, the row of each place.
        vectors: ``(rows, features)`` float32.
        query: ``(features,)`` float32, of any length.
        blocks: how many blocks of rows are read.
        kept: how many of the highest scores are compared in full.
        found: ``(k,)`` int64, written: the nearest of them; -1 where there are no more.
        cosines: ``(k,)`` float32, written: their cosines, falling; of equal ones the first row
            comes first. NaN where there are no more.
    """
    unit = _unit(query)
    code, step = _projected(axes, unit)
    heap, places = np.full(kept, np.float32(-np.inf)), np.full(kept, -1)
    order = _blocks_by_distance(centres, centre_scales, halves, starts, code, step, blocks)
    _highest(codes, scales, code, order, heap, places)
    found[:], cosines[:] = -1, np.nan
    rows = owners[places[places >= 0]].astype(np.int64)
    count = 0
    for row in rows:
        cosine = np.float32(_cosine(vectors[row], unit))
        count = _inserted(found, cosines, count, row, cosine)
