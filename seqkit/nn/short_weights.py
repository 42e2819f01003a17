"""Products of a matrix and a vector with weights of 16 bits: half of the memory to be read.

A row's weights are whole numbers from -32767 to 32767 times a scale of the row's own, which is
the largest of them over 32767: an error of at most 1.6e-5 of the row's largest weight.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqkit.nn.elementary import compiled

Floats = NDArray[np.float32]
LEVELS = 32767


class ShortMatrix:
    """A matrix of 16-bit weights; ``matrix @ x`` is a vector of float32.

    Args:
        weight: ``(rows, columns)`` float32.
    """

    def __init__(self, weight: Floats) -> None:
        largest = np.abs(weight).max(axis=1)
        self.scale = (np.maximum(largest, np.float32(1e-30)) / LEVELS).astype(np.float32)
        self.levels = np.rint(weight / self.scale[:, None]).astype(np.int16)

    def __matmul__(self, x: Floats) -> Floats:
        result = np.empty(len(self.scale), np.float32)
        _product(self.levels, self.scale, np.ascontiguousarray(x), result)
        return result


def _product_of(levels: Any, scale: Any, x: Any, result: Any) -> None:
    rows, columns = levels.shape
    for row in range(rows):
        total = np.float32(0)
        for column in range(columns):
            total += np.float32(levels[row, column]) * x[column]
        result[row] = total * scale[row]


_product = compiled(_product_of)
