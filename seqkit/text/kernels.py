"""Compiled loops over the bytes of white-space text. Imported only where they are run."""

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile on first call, without the GIL; kept on disk where a folder can be written."""
    try:
        made: Any = njit(nogil=True, cache=True)(function)
    except RuntimeError:  # no folder for the cache: compile in every process
        made = njit(nogil=True)(function)
    compiled_function: F = made
    return compiled_function


def _kinds() -> Any:
    """For each byte: 0 in a word, 1 white space, 2 may begin a white-space character."""
    kinds = np.zeros(256, np.uint8)
    kinds[[*range(0x09, 0x0E), *range(0x1C, 0x21)]] = 1
    kinds[[0xC2, 0xE1, 0xE2, 0xE3]] = 2
    return kinds


KINDS = _kinds()
_OFFSET, _PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)
_LOW, _HALF = np.uint64(0xFFFFFFFF), np.uint64(32)


def _prefetch(write: int) -> Any:
    """Return what has ``array[index]`` fetched into the cache, to read or to write, unawaited."""

    def prefetch(_: Any, array: Any, index: Any) -> Any:  # noqa: ARG001, known by position
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
            byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
            place = builder.bitcast(builder.gep(data, [arguments[1]]), byte)
            kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
            call = builder.module.declare_intrinsic("llvm.prefetch", [byte], kind)
            builder.call(call, [place, number(write), number(3), number(1)])  # keep; data
            return context.get_dummy_value()

        return types.void(array, types.int64), generate

    return intrinsic(prefetch)


# Called without the first argument. Fetched to be written, a line is taken from other threads
# once, not first shared and then taken.
prefetch, prefetch_to_write = _prefetch(0), _prefetch(1)


@compiled
def _space(text: Any, at: Any) -> Any:
    """Length of the white-space character of two or three bytes at ``at``, 0 if there is none.

    U+0085, U+00A0, U+1680, U+2000-200A, U+2028, U+2029, U+202F, U+205F, U+3000: with the single
    bytes of ``KINDS``, the characters of ``str.isspace``. A block ends with a line feed, so the
    byte after a lead byte can be read; the third only if the second fits.
    """
    first, second = text[at], text[at + 1]
    if first == 0xC2:
        return 2 if second == 0x85 or second == 0xA0 else 0
    if first == 0xE1:
        return 3 if second == 0x9A and text[at + 2] == 0x80 else 0
    if first == 0xE3:
        return 3 if second == 0x80 and text[at + 2] == 0x80 else 0
    if second == 0x80:
        third = text[at + 2]
        if 0x80 <= third <= 0x8A or third == 0xA8 or third == 0xA9 or third == 0xAF:
            return 3
        return 0
    return 3 if second == 0x81 and text[at + 2] == 0x9F else 0


@compiled
def cut(text: Any, kinds: Any, begins: Any, lengths: Any, codes: Any, ends: Any) -> Any:
    """Cut the bytes of whole lines into words, and hash them (FNV-1a, then mixed).

    Args:
        text: ``(bytes,)`` uint8, ends with a line feed.
        kinds: ``KINDS``.
        begins: ``(len(text) // 2 + 1,)`` int32, written: where each word begins.
        lengths: likewise, how many bytes it has.
        codes: likewise uint64, its hash.
        ends: ``(lines,)`` int64, written: how many words there are up to the end of each line.

    Returns:
        How many words there are.
    """
    at = tokens = lines = 0
    while at < len(text):
        kind = kinds[text[at]]
        if kind == 1:
            if text[at] == 10:
                ends[lines] = tokens
                lines += 1
            at += 1
            continue
        if kind == 2:
            skip = _space(text, at)
            if skip:
                at += skip
                continue
        begin, code = at, _OFFSET
        while True:
            code = (code ^ np.uint64(text[at])) * _PRIME
            at += 1
            kind = kinds[text[at]]
            if kind == 1 or (kind == 2 and _space(text, at)):
                break
        code = (code ^ (code >> _HALF)) * _PRIME
        begins[tokens] = begin
        lengths[tokens] = at - begin
        codes[tokens] = code ^ (code >> np.uint64(29))
        tokens += 1
    return tokens


@compiled
def look_up(
    text: Any,
    begins: Any,
    lengths: Any,
    codes: Any,
    token: Any,
    slots: Any,
    arena: Any,
    starts: Any,
    counts: Any,
    hashes: Any,
    words: Any,
    ids: Any,
) -> Any:
    """Give each word of a text its number, in the order of first occurrence, and count it.

    A slot of the open-addressing table holds the upper half of a word's hash and its number + 1;
    equal halves are settled by the bytes themselves. Tables larger than the processor's cache
    cost a wait at every step from slot to word to bytes: each is fetched some words ahead.
    Stops early where the table or the arena is full.

    Args:
        text: ``(bytes,)`` uint8.
        begins: written by :func:`cut`.
        lengths: likewise.
        codes: likewise.
        token: where to begin.
        slots: uint64, a power of two of them, at least twice ``len(counts)``; 0 is free.
        arena: uint8, the words, each followed by a line feed.
        starts: ``(len(counts) + 1,)`` int64, where each word begins in the arena.
        counts: int64.
        hashes: ``(len(counts),)`` uint64, the hash of each word.
        words: how many are in the table.
        ids: ``(tokens,)`` int32, written.

    Returns:
        ``token`` and ``words``, as far as it came.
    """
    mask = np.uint64(len(slots) - 1)
    while token < len(ids):
        if token + 24 < len(ids):
            prefetch(slots, np.int64(codes[token + 24] & mask))
            slot = slots[codes[token + 16] & mask]
            if slot:
                prefetch(starts, np.int64(slot & _LOW) - 1)
                prefetch(counts, np.int64(slot & _LOW) - 1)
            slot = slots[codes[token + 8] & mask]
            if slot:
                prefetch(arena, starts[np.int64(slot & _LOW) - 1])
        begin, length, code = begins[token], lengths[token], codes[token]
        place, half = code & mask, code >> _HALF
        while True:
            slot = slots[place]
            if slot == 0:
                start = starts[words]
                if words == len(counts) or start + length + 1 > len(arena):
                    return token, words
                slots[place] = (half << _HALF) | np.uint64(words + 1)
                for i in range(length):
                    arena[start + i] = text[begin + i]
                arena[start + length] = 10
                counts[words] = 1
                hashes[words] = code
                ids[token] = words
                words += 1
                starts[words] = start + length + 1
                break
            if slot >> _HALF == half:
                word = np.int64(slot & _LOW) - 1
                start = starts[word]
                if starts[word + 1] - start == length + 1:
                    same = True
                    for i in range(length):
                        if arena[start + i] != text[begin + i]:
                            same = False
                            break
                    if same:
                        counts[word] += 1
                        ids[token] = word
                        break
            place = (place + np.uint64(1)) & mask
        token += 1
    return token, words


@compiled
def rehash(slots: Any, hashes: Any) -> None:
    """Enter words, of which the hashes are given, into empty ``slots``."""
    mask = np.uint64(len(slots) - 1)
    for word in range(len(hashes)):
        place = hashes[word] & mask
        while slots[place] != 0:
            place = (place + np.uint64(1)) & mask
        slots[place] = ((hashes[word] >> _HALF) << _HALF) | np.uint64(word + 1)


@compiled
def renumber(
    ids: Any, ends: Any, numbers: Any, longest: Any, fill: Any, values: Any, lengths: Any
) -> Any:
    """Give every token its new number and leave out those whose number is negative.

    Args:
        ids: ``(tokens,)`` int32.
        ends: ``(rows,)`` int64, where each row ends in ``ids``.
        numbers: int32, the new number of each old one; negative to leave it out.
        longest: tokens of a row to keep, counted after leaving out.
        fill: the one token of a row that has none; negative to leave it empty.
        values: ``(tokens + rows,)`` int32, written.
        lengths: ``(rows,)`` int64, written.

    Returns:
        How many values were written.
    """
    at = written = 0
    for row in range(len(ends)):
        begin = written
        while at < ends[row]:
            number = numbers[ids[at]]
            at += 1
            if number >= 0:
                values[written] = number
                written += 1
                if written - begin == longest:
                    at = ends[row]
        if written == begin and fill >= 0:
            values[written] = fill
            written += 1
        lengths[row] = written - begin
    return written
