"""Word vectors so small that every answer is known by hand."""

import math

import numpy as np

from seqkit.vectors import WordVectors

# word: direction in degrees, length, count in the text
WORDS = {
    "서울": (0, 1.0, 90),
    "부산": (10, 2.0, 80),
    "대구": (25, 1.5, 70),
    "사과": (90, 1.0, 60),
    "과일": (100, 3.0, 50),
    "seoul": (5, 1.0, 40),
}
ROYAL = ("왕", "여왕", "남자", "여자")  # a rectangle: royal is one axis, female another


def circle() -> WordVectors:
    """Return two-dimensional vectors with the angles of ``WORDS``."""
    rows = [
        [length * math.cos(math.radians(angle)), length * math.sin(math.radians(angle))]
        for angle, length, _ in WORDS.values()
    ]
    counts = [count for _, _, count in WORDS.values()]
    return WordVectors.of(list(WORDS), np.array(rows, np.float32), counts=counts)


def royal() -> WordVectors:
    """Return vectors in which 왕 - 남자 + 여자 is 여왕, and one word that is far from all."""
    rows = [[1, 0, 1, 0], [1, 1, 1, 0], [0, 0, 1, 0], [0, 1, 1, 0], [0, 0, 0, 1]]
    return WordVectors.of([*ROYAL, "감자"], np.array(rows, np.float32))
