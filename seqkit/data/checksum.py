"""Whether training data are what a run began with."""

import zlib
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray


def checksum(arrays: Iterable[NDArray[Any]], start: str = "") -> str:
    """Return the CRC-32 of what is in ``arrays``, in their order, after that of a text."""
    value = zlib.crc32(start.encode())
    for array in arrays:
        value = zlib.crc32(np.ascontiguousarray(array).tobytes(), value)
    return f"{value:08x}"
