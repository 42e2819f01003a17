"""Compiled loops over the characters of words. Imported only where they are run."""

from typing import Any

import numpy as np

from seqkit.text.hangul import FINALS, INITIALS
from seqkit.text.kernels import compiled

_OFFSET, _PRIME = np.uint32(2166136261), np.uint32(16777619)
BEGIN, END, NO_FINAL = 0x3C, 0x3E, 0x11A7  # "<", ">", and the place before the first final

_INITIALS = np.array([ord(char) for char in INITIALS], np.uint32)
_FINALS = np.array([NO_FINAL, *map(ord, FINALS[1:])], np.uint32)


@compiled
def _mixed(code: Any, byte: Any) -> Any:
    """One step of FNV-1a as fastText takes it: the byte's sign is extended to 32 bits."""
    byte = np.uint32(byte)
    if byte >= np.uint32(128):
        byte |= np.uint32(0xFFFFFF00)
    return np.uint32((code ^ byte) * _PRIME)


@compiled
def hashed(code: Any, char: Any) -> Any:
    """Return the hash ``code`` continued by the UTF-8 bytes of the code point ``char``."""
    if char < 0x80:
        return _mixed(code, char)
    if char < 0x800:
        return _mixed(_mixed(code, 0xC0 | (char >> 6)), 0x80 | (char & 63))
    if char < 0x10000:
        code = _mixed(_mixed(code, 0xE0 | (char >> 12)), 0x80 | ((char >> 6) & 63))
        return _mixed(code, 0x80 | (char & 63))
    code = _mixed(_mixed(code, 0xF0 | (char >> 18)), 0x80 | ((char >> 12) & 63))
    return _mixed(_mixed(code, 0x80 | ((char >> 6) & 63)), 0x80 | (char & 63))


@compiled
def _spelt(chars: Any, begin: Any, end: Any, jamo: Any, units: Any, starts: Any) -> Any:
    """Write ``<``, the units of one word and ``>`` to ``units``; return how many they are.

    ``starts`` gets 1 where a syllable begins, 2 where another character of the word stands, and
    0 within a syllable and at both marks.
    """
    units[0] = BEGIN
    starts[0] = 0
    size = 1
    for at in range(begin, end):
        char = np.int64(chars[at])
        if jamo and 0xAC00 <= char <= 0xD7A3:
            place = char - 0xAC00
            units[size] = _INITIALS[place // 588]
            units[size + 1] = 0x314F + place % 588 // 28
            units[size + 2] = _FINALS[place % 28]
            starts[size], starts[size + 1], starts[size + 2] = 1, 0, 0
            size += 3
        else:
            units[size] = char
            starts[size] = 2
            size += 1
    units[size] = END
    starts[size] = 0
    return size + 1


@compiled
def _short(
    units: Any, size: Any, min_n: Any, max_n: Any, buckets: Any, ids: Any, count: Any
) -> Any:
    """Append the buckets of all n-grams of ``min_n`` to ``max_n`` units, as fastText orders them.

    A mark alone is none. Nothing is written where ``ids`` is empty.
    """
    for i in range(size):
        code = _OFFSET
        for j in range(i, min(i + max_n, size)):
            code = hashed(code, units[j])
            n = j - i + 1
            if n >= min_n and not (n == 1 and (i == 0 or j == size - 1)):
                if len(ids):
                    ids[count] = np.int64(code) % buckets
                count += 1
    return count


@compiled
def _whole(
    units: Any,
    starts: Any,
    size: Any,
    min_n: Any,
    max_n: Any,
    longest: Any,
    buckets: Any,
    ids: Any,
    count: Any,
) -> Any:
    """Append the buckets of runs of 1 to ``longest`` whole characters with a syllable in them.

    Those that :func:`_short` has written already are left out.
    """
    for i in range(1, size - 1):
        if starts[i] == 0:
            continue
        code, characters, syllables = _OFFSET, 0, 0
        for j in range(i, size - 1):
            characters += starts[j] != 0
            if characters > longest:
                break
            syllables += starts[j] == 1
            code = hashed(code, units[j])
            n = j - i + 1
            whole = j + 1 == size - 1 or starts[j + 1] != 0
            if whole and syllables and not min_n <= n <= max_n:
                if len(ids):
                    ids[count] = np.int64(code) % buckets
                count += 1
    return count


@compiled
def ngrams(
    chars: Any,
    offsets: Any,
    jamo: Any,
    min_n: Any,
    max_n: Any,
    syllables: Any,
    buckets: Any,
    ends: Any,
    ids: Any,
) -> None:
    """Find the buckets of the n-grams of many words.

    Args:
        chars: the code points of all words, end to end, uint32.
        offsets: ``(words + 1,)`` int64, where each begins.
        jamo: whether syllables are cut into three jamo.
        min_n: units of the shortest n-gram.
        max_n: of the longest.
        syllables: characters of the longest run of whole ones; 0 for none.
        buckets: how many there are.
        ends: ``(words + 1,)`` int64, written: where each word's buckets begin and end.
        ids: ``(n-grams,)`` int32, written; empty to count alone.
    """
    most = 0
    for word in range(len(offsets) - 1):
        most = max(most, offsets[word + 1] - offsets[word])
    units, starts = np.empty(3 * most + 2, np.int64), np.empty(3 * most + 2, np.int8)
    count = 0
    ends[0] = 0
    for word in range(len(offsets) - 1):
        size = _spelt(chars, offsets[word], offsets[word + 1], jamo, units, starts)
        count = _short(units, size, min_n, max_n, buckets, ids, count)
        if syllables:
            count = _whole(units, starts, size, min_n, max_n, syllables, buckets, ids, count)
        ends[word + 1] = count


@compiled
def composed(own: Any, table: Any, ids: Any, offsets: Any, out: Any) -> None:
    """Write the mean of each word's own row and the rows of its n-grams, added in this order.

    Args:
        own: ``(words, size)`` float32; no rows for words that have none of their own.
        table: ``(buckets, size)`` float32.
        ids: int32, the buckets of all words, end to end.
        offsets: ``(words + 1,)`` int64.
        out: ``(words, size)`` float32, written; zeros for a word with nothing to add up.
    """
    for word in range(len(offsets) - 1):
        row = out[word]
        if len(own):
            row[:] = own[word]
        else:
            row[:] = np.float32(0)
        for at in range(offsets[word], offsets[word + 1]):
            other = table[ids[at]]
            for i in range(len(row)):
                row[i] += other[i]
        parts = offsets[word + 1] - offsets[word] + (1 if len(own) else 0)
        if parts:
            for i in range(len(row)):
                row[i] = row[i] / np.float32(parts)
