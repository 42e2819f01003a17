"""Compiled reading of vectors from the bytes of their files. Imported only where it is run."""

from typing import Any

import numpy as np

from seqkit.text.kernels import compiled

# What a row of text turned out to be.
READ, SHORT, LONG, NO_WORD = 0, 1, 2, 3

_LONGEST_EXACT = 1 << 53  # whole numbers up to here are doubles, and so is 10**22
_SMALLEST, _LARGEST = -280, 280  # powers of ten that leave no double below the normal ones
POWERS = np.array([float(f"1e{n}") for n in range(_SMALLEST, _LARGEST + 1)])
_DIGITS = 19  # as many as 64 bits hold


@compiled
def _number(text: Any, at: Any, single: Any, powers: Any) -> Any:
    """Read the number that begins at ``at`` and ends before a space or the end of the line.

    A mantissa below 2**53 and a power of ten up to 10**22 are exact doubles, so that one
    rounding gives what ``float`` gives (Clinger 1990). Otherwise the product is within two parts
    in 2**50 of the number; if both ends of that range round to the same float32, so does the
    double in it. What is left, and what is no plain decimal number, is not read here.

    Returns:
        The number, where it ends, and whether it was read.
    """
    negative = text[at] == 45
    if negative or text[at] == 43:
        at += 1
    mantissa, digits, exponent, some, exact = np.uint64(0), 0, 0, False, True
    point = False
    while True:
        byte = text[at]
        if 48 <= byte <= 57:
            some = True
            if digits < _DIGITS:
                mantissa = mantissa * np.uint64(10) + np.uint64(byte - 48)
                digits += mantissa != 0
                exponent -= point
            else:
                exact = exact and byte == 48
                exponent += not point
        elif byte == 46 and not point:
            point = True
        else:
            break
        at += 1
    if some and (text[at] == 101 or text[at] == 69):
        at += 1
        down = text[at] == 45
        if down or text[at] == 43:
            at += 1
        some = False
        power: Any = 0
        while 48 <= text[at] <= 57:
            some = True
            power = min(power * 10 + np.int64(text[at]) - 48, 100000)
            at += 1
        exponent += -power if down else power
    value, read = 0.0, some and (text[at] == 32 or text[at] == 10 or text[at] == 13)
    if mantissa != 0 and read:
        value = np.float64(mantissa)
        if exact and mantissa <= _LONGEST_EXACT and -22 <= exponent <= 22:
            scale = powers[abs(exponent) - _SMALLEST]
            value = value / scale if exponent < 0 else value * scale
        elif single and _SMALLEST <= exponent <= _LARGEST and value < 1e20:
            value *= powers[exponent - _SMALLEST]
            low, high = value * (1 - 2.0**-49), value * (1 + 2.0**-49)
            read = np.float32(low) == np.float32(high) and value > 1e-260
        else:
            read = False
    while text[at] != 32 and text[at] != 10:
        at += 1
    return (-value if negative else value), at, read


@compiled
def text_rows(
    text: Any, width: Any, single: Any, powers: Any, words: Any, out: Any, odd: Any
) -> Any:
    """Read lines of a word and ``width`` numbers, parted by single spaces.

    Stops before a line that is something else.

    Args:
        text: ``(bytes,)`` uint8, whole lines, each ended by a line feed.
        width: numbers in a line.
        single: whether the numbers are wanted as float32.
        powers: ``POWERS``.
        words: ``(rows, 2)`` int64, written: where each word begins and ends.
        out: ``(rows, width)`` float32 or float64, written; it can be shorter.
        odd: ``(numbers, 3)`` int64, written: row and column of each number that has to be read
            in another way, and where it begins.

    Returns:
        Lines read, odd numbers, where the first line that was not read begins, and what it is.
    """
    at = row = odds = 0
    while at < len(text) and row < len(out):
        begin = at
        while text[at] != 32 and text[at] != 10 and text[at] != 13:
            at += 1
        if at == begin:
            return row, odds, begin, NO_WORD
        words[row, 0], words[row, 1] = begin, at
        if odds + width > len(odd):
            return row, odds, begin, READ
        first = odds
        for column in range(width):
            if text[at] != 32 or text[at + 1] == 10 or text[at + 1] == 13:
                return row, first, begin, SHORT
            start = at + 1
            value, at, read = _number(text, start, single, powers)
            out[row, column] = value
            if not read:
                odd[odds, 0], odd[odds, 1], odd[odds, 2] = row, column, start
                odds += 1
        while text[at] == 32 or text[at] == 13:
            at += 1
        if text[at] != 10:
            return row, first, begin, LONG
        at += 1
        row += 1
    return row, odds, at, READ


@compiled
def binary_rows(data: Any, rows: Any, words: Any, out: Any) -> Any:
    """Read vectors of which each follows its word and a space; line feeds before a word go.

    Args:
        data: ``(bytes,)`` uint8.
        rows: how many to read at most.
        words: ``(rows, 2)`` int64, written: where each word begins and ends.
        out: ``(rows, bytes of a vector)`` uint8, written.

    Returns:
        Rows read, where the first that is not whole begins, and whether its word has ended.
    """
    at = row = 0
    size = out.shape[1]
    while row < rows:
        begin = at
        while at < len(data) and data[at] == 10:
            at += 1
        words[row, 0] = at
        while at < len(data) and data[at] != 32:
            at += 1
        words[row, 1] = at
        at += 1
        if at + size > len(data):
            return row, begin, at <= len(data)
        vector, copy = data[at : at + size], out[row]
        for i in range(size):
            copy[i] = vector[i]
        at += size
        row += 1
    return row, at, False


@compiled
def joined(data: Any, places: Any, arena: Any) -> Any:
    """Write the words between the ``(words, 2)`` places, a line feed after each.

    Returns:
        Whether none of them holds a line feed.
    """
    at, plain = 0, True
    for row in range(len(places)):
        for i in range(places[row, 0], places[row, 1]):
            plain = plain and data[i] != 10
            arena[at] = data[i]
            at += 1
        arena[at] = 10
        at += 1
    return plain
