"""What compiled loops of recurrent cells are made of, in float32. Imported where they run.

Exponentials are polynomials, which the compiler turns into vector instructions; they are within
3e-7 of the functions, and hand on what is not a number.
"""

from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray

F = TypeVar("F", bound=Callable[..., Any])
Floats = NDArray[np.float32]


def compiled(function: F, *, inline: bool = False) -> F:
    """Compile on first call, without the GIL; kept on disk where a folder can be written."""
    # Sums may be reordered, divisions by zero are infinite: else nothing becomes vectors. That
    # nothing is NaN or infinite is not assumed: a training that diverged must show.
    options: dict[str, Any] = {
        "nogil": True,
        "error_model": "numpy",
        "fastmath": {"contract", "nsz", "reassoc", "arcp"},
    }
    if inline:
        made: Any = njit(inline="always", **options)(function)
    else:
        try:
            made = njit(cache=True, **options)(function)
        except RuntimeError:  # no folder for the cache: compile in every process
            made = njit(**options)(function)
        # numba sees changes of a function's own file, not of what was compiled into it from here.
        made._cache._index_key = lambda signature, codegen: (
            (signature, codegen.magic_tuple(), _digest())
        )
    compiled_function: F = made
    return compiled_function


@cache
def _digest() -> str:
    return sha256(Path(__file__).read_bytes()).hexdigest()


def inlined(function: F) -> F:
    """Compile into each caller."""
    return compiled(function, inline=True)


def _power_of_two(_: Any, exponent: Any) -> Any:  # noqa: ARG001, known by position
    """Return ``2 ** exponent`` of an int32 from -127 to 127, as float32."""

    def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        number = ir.IntType(32)
        biased = builder.add(arguments[0], ir.Constant(number, 127))
        return builder.bitcast(builder.shl(biased, ir.Constant(number, 23)), ir.FloatType())

    return types.float32(types.int32), generate


power_of_two: Any = intrinsic(_power_of_two)  # called without its first argument


def _floats(*numbers: float) -> tuple[np.float32, ...]:
    return tuple(np.float32(number) for number in numbers)


# Cephes' expf: the exponent in base 2, then a polynomial on [-log(2) / 2, log(2) / 2].
LEAST, MOST, PER_LOG2, LOG2_HIGH, LOG2_LOW = _floats(
    -87.0, 87.0, 1.4426950408889634, 0.693359375, -2.12194440e-4
)
E0, E1, E2, E3, E4, E5 = _floats(
    1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 0.5
)
# Eigen's tanh: a quotient of polynomials, constant (1 but for a rounding) from END on.
END, T1, T3, T5, T7, T9, T11, T13 = _floats(
    7.9053111,
    4.89352455891786e-3,
    6.37261928875436e-4,
    1.48572235717979e-5,
    5.12229709037114e-8,
    -8.60467152213735e-11,
    2.00018790482477e-13,
    -2.76076847742355e-16,
)
D0, D2, D4, D6 = _floats(
    4.89352518554385e-3, 2.26843463243900e-3, 1.18534705686654e-4, 1.19825839466702e-6
)
ZERO, HALF, ONE, TWO = _floats(0.0, 0.5, 1.0, 2.0)


@inlined
def exp(x: Any) -> Any:
    """``e ** x``, of x from -87 to 87."""
    x = LEAST if x < LEAST else x
    x = MOST if x > MOST else x
    n = np.floor(x * PER_LOG2 + HALF)
    r = x - n * LOG2_HIGH - n * LOG2_LOW
    p = ((((E0 * r + E1) * r + E2) * r + E3) * r + E4) * r + E5
    return (p * r * r + r + ONE) * power_of_two(np.int32(n))


@inlined
def sigmoid(x: Any) -> Any:
    """``1 / (1 + e ** -x)``."""
    return ONE / (ONE + exp(-x))


@inlined
def tanh(x: Any) -> Any:
    """``(e ** x - e ** -x) / (e ** x + e ** -x)``."""
    x = -END if x < -END else x
    x = END if x > END else x
    s = x * x
    p = x * ((((((T13 * s + T11) * s + T9) * s + T7) * s + T5) * s + T3) * s + T1)
    return p / (((D6 * s + D4) * s + D2) * s + D0)


@inlined
def gate_of(row: Any, number: int, units: int) -> Any:
    """Return one gate's part of a row, which the compiler then knows to overlap with no other."""
    return row[number * units : (number + 1) * units]
