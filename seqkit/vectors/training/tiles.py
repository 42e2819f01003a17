"""The innermost step of word2vec, written as vectors of eight numbers for the compiler.

A *tile* trains a few input rows (skip-gram: two words of a window) on a few output rows (the
centre word and its negatives) at once: every row is then loaded once for several products, and
the compiler need not guess which arrays overlap. It is LLVM's own language, so it becomes the
best vector instructions of whatever processor runs it, and costs users no C compiler.
"""

from collections.abc import Callable
from functools import cache
from math import factorial, log
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

LANES = 8  # numbers in a vector; the width of a row is a multiple of it
FURTHEST = 12.0  # logits are held to +-12, where the sigmoid is 6e-6 from its limit

_FLOAT, _DOUBLE, _INDEX, _INT = ir.FloatType(), ir.DoubleType(), ir.IntType(64), ir.IntType(32)
_VECTOR = ir.VectorType(_FLOAT, LANES)
_FAST = ("contract", "reassoc", "nsz")  # a*b+c in one instruction; sums in any order


@cache
def tile(width: int) -> Any:
    """Return ``step(inputs, rows, outputs, targets, signs, rate) -> float`` for compiled code.

    One step of gradient descent, of the size ``rate``, on the sum over all pairs of
    ``-log sigmoid(-sign * input . output)``: a sign of -1 makes a pair positive, +1 negative
    (Mikolov et al. 2013b, equation 4). All products are of the rows as they were before.

    Args of ``step``:
        inputs: ``(any, width)`` float32, contiguous, changed in place.
        rows: tuple of int64, different rows of ``inputs``.
        outputs: ``(any, width)`` float32, another array, changed in place.
        targets: tuple of int64, different rows of ``outputs``.
        signs: tuple of float32, one a target.
        rate: float32.

    Returns of ``step``:
        the product over pairs of ``sigmoid(-sign * input . output)``, float64, above 0; minus
        its logarithm is the loss.
    """
    if width % LANES:
        raise ValueError(f"rows of {width} numbers are not whole vectors of {LANES}")

    def step(
        _: Any, inputs: Any, rows: Any, outputs: Any, targets: Any, signs: Any, rate: Any
    ) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            kinds = signature.args
            data = [
                context.make_array(kinds[i])(context, builder, arguments[i]).data for i in (0, 2)
            ]
            places = [
                [
                    builder.gep(array, [builder.mul(row, _INDEX(width))])
                    for row in _items(builder, arguments[i], len(kinds[i]))
                ]
                for array, i in zip(data, (1, 3), strict=True)
            ]
            given = _items(builder, arguments[4], len(kinds[4]))
            return _step(builder, width, places[0], places[1], given, arguments[5])

        return types.float64(inputs, rows, outputs, targets, signs, rate), generate

    return intrinsic(step)


def _step(b: Any, width: int, xs: list[Any], ts: list[Any], signs: list[Any], rate: Any) -> Any:
    pairs = [(i, k) for i in range(len(xs)) for k in range(len(ts))]
    zero = ir.Constant(_VECTOR, [0.0] * LANES)

    def products(d: Any, sums: list[Any]) -> list[Any]:
        x, t = [_load(b, p, d) for p in xs], [_load(b, p, d) for p in ts]
        return [_fma(b, x[i], t[k], s) for (i, k), s in zip(pairs, sums, strict=True)]

    sums = _loop(b, width, [zero] * len(pairs), products)
    gradients, chance = _gradients(b, sums, [signs[k] for _, k in pairs], rate)

    def descend(d: Any, _: list[Any]) -> list[Any]:
        x, t = [_load(b, p, d) for p in xs], [_load(b, p, d) for p in ts]
        new_x, new_t = list(x), list(t)
        for (i, k), g in zip(pairs, gradients, strict=True):
            new_x[i], new_t[k] = _fma(b, g, t[k], new_x[i]), _fma(b, g, x[i], new_t[k])
        for place, value in zip(xs + ts, new_x + new_t, strict=True):
            _store(b, value, place, d)
        return []

    _loop(b, width, [], descend)
    return chance


def _gradients(b: Any, sums: list[Any], signs: list[Any], rate: Any) -> tuple[list[Any], Any]:
    """Return a vector for each pair, all lanes the factor of its rows' change; and the chance."""
    gradients, chances = [], []
    for first in range(0, len(sums), LANES):
        some = sums[first : first + LANES]
        sign = _gather(b, signs[first : first + LANES])  # 0 in spare lanes
        logit = _clamped(b, b.fmul(sign, _totals(b, some), flags=_FAST))
        odds = _exp(b, logit)
        right = b.fdiv(_constant(1.0), b.fadd(_constant(1.0), odds))  # sigmoid(-logit)
        wrong = b.fmul(odds, right)
        factor = b.fmul(b.fmul(sign, wrong), _splat(b, b.fneg(rate)))
        gradients += [_splat_lane(b, factor, lane) for lane in range(len(some))]
        live = ir.Constant(
            ir.VectorType(ir.IntType(1), LANES), [i < len(some) for i in range(LANES)]
        )
        chances.append(b.select(live, right, _constant(1.0)))
    return gradients, _product(b, chances)


def _totals(b: Any, sums: list[Any]) -> Any:
    """Return the vector of the sums over each vector's lanes: a transposition that adds up."""
    zero = ir.Constant(_VECTOR, [0.0] * LANES)
    level, stride = sums + [zero] * (LANES - len(sums)), 1
    while stride < LANES:
        low = [lane if not lane & stride else LANES + lane - stride for lane in range(LANES)]
        high = [lane + stride if not lane & stride else LANES + lane for lane in range(LANES)]
        level = [
            b.fadd(_shuffle(b, a, c, low), _shuffle(b, a, c, high), flags=_FAST)
            for a, c in zip(level[::2], level[1::2], strict=True)
        ]
        stride *= 2
    return level[0]


def _exp(b: Any, x: Any) -> Any:
    """Return e^x to float32's precision, |x| <= 2 * FURTHEST: 2^n times a polynomial."""
    power = b.fmul(x, _constant(1 / log(2)))
    shifted = b.fadd(power, _constant(64.5))  # positive, so that cutting is rounding
    whole = b.sub(b.fptosi(shifted, ir.VectorType(_INT, LANES)), _integers(64))
    rest = b.fsub(power, b.sitofp(whole, _VECTOR))  # -0.5 .. 0.5
    value = _constant(log(2) ** 6 / factorial(6))
    for n in range(5, -1, -1):
        value = _fma(b, value, rest, _constant(log(2) ** n / factorial(n)))
    two = b.bitcast(b.shl(b.add(whole, _integers(127)), _integers(23)), _VECTOR)
    return b.fmul(value, two)


def _clamped(b: Any, x: Any) -> Any:
    """Hold x to +-FURTHEST; NaN too becomes a number, which a later check can report."""
    low = b.select(b.fcmp_ordered("<", x, _constant(FURTHEST)), x, _constant(FURTHEST))
    return b.select(b.fcmp_ordered(">", low, _constant(-FURTHEST)), low, _constant(-FURTHEST))


def _product(b: Any, vectors: list[Any]) -> Any:
    """Multiply all lanes: four at a time in float32 (which holds 1e-21), the rest in float64."""
    four = ir.VectorType(_DOUBLE, LANES // 2)
    total = None
    for vector in vectors:
        halves = [_shuffle(b, vector, vector, range(i, i + LANES // 2)) for i in (0, LANES // 2)]
        wide = b.fpext(b.fmul(*halves), four)
        total = wide if total is None else b.fmul(total, wide)
    lanes = [b.extract_element(total, _INT(i)) for i in range(LANES // 2)]
    return b.fmul(b.fmul(lanes[0], lanes[1]), b.fmul(lanes[2], lanes[3]))


def _loop(
    b: Any, width: int, first: list[Any], body: Callable[[Any, list[Any]], list[Any]]
) -> list[Any]:
    """Run ``body(place, values) -> values`` for each vector of a row."""
    before = b.block
    inside, after = b.append_basic_block("tile"), b.append_basic_block("tile.end")
    b.branch(inside)
    b.position_at_end(inside)
    place = b.phi(_INDEX)
    values = [b.phi(value.type) for value in first]
    new = body(place, values)
    following = b.add(place, _INDEX(LANES))
    for phi, start, end in zip(
        [place, *values], [_INDEX(0), *first], [following, *new], strict=True
    ):
        phi.add_incoming(start, before)
        phi.add_incoming(end, inside)
    b.cbranch(b.icmp_unsigned("<", following, _INDEX(width)), inside, after)
    b.position_at_end(after)
    return new


def _items(b: Any, value: Any, count: int) -> list[Any]:
    return [b.extract_value(value, i) for i in range(count)]


def _at(b: Any, row: Any, place: Any) -> Any:
    return b.bitcast(b.gep(row, [place]), _VECTOR.as_pointer())


def _load(b: Any, row: Any, place: Any) -> Any:
    return b.load(_at(b, row, place), align=4)


def _store(b: Any, value: Any, row: Any, place: Any) -> None:
    b.store(value, _at(b, row, place), align=4)


def _fma(b: Any, x: Any, y: Any, z: Any) -> Any:
    return b.fadd(b.fmul(x, y, flags=_FAST), z, flags=_FAST)


def _constant(value: float) -> Any:
    return ir.Constant(_VECTOR, [value] * LANES)


def _integers(value: int) -> Any:
    return ir.Constant(ir.VectorType(_INT, LANES), [value] * LANES)


def _shuffle(b: Any, x: Any, y: Any, lanes: Any) -> Any:
    mask = list(lanes)
    return b.shuffle_vector(x, y, ir.Constant(ir.VectorType(_INT, len(mask)), mask))


def _gather(b: Any, scalars: list[Any]) -> Any:
    vector = ir.Constant(_VECTOR, [0.0] * LANES)
    for lane, scalar in enumerate(scalars):
        vector = b.insert_element(vector, scalar, _INT(lane))
    return vector


def _splat(b: Any, scalar: Any) -> Any:
    return _splat_lane(b, _gather(b, [scalar]), 0)


def _splat_lane(b: Any, vector: Any, lane: int) -> Any:
    return _shuffle(b, vector, vector, [lane] * LANES)
