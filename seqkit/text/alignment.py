"""Where in a text each morpheme comes from, found by aligning them jamo by jamo.

Analysers write morphemes in their dictionary form: 했다 becomes 하 + 았 + 다. Both sides are
taken apart into simple letters (했 is ㅎ ㅏ ㅣ ㅆ, since ㅐ is ㅏ + ㅣ) and aligned at the least
number of insertions and deletions, by dynamic programming in a band around the diagonal
(E. Ukkonen, Algorithms for approximate string matching, 1985).
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from seqkit.text.hangul import compatibility, is_syllable, split

Span = tuple[int, int] | None

# Vowels and final consonants that are written as one and sound as, or contract, two.
_SIMPLE = {
    "ㅐ": "ㅏㅣ", "ㅔ": "ㅓㅣ", "ㅒ": "ㅣㅏㅣ", "ㅖ": "ㅣㅓㅣ", "ㅑ": "ㅣㅏ", "ㅕ": "ㅣㅓ",
    "ㅛ": "ㅣㅗ", "ㅠ": "ㅣㅜ", "ㅘ": "ㅗㅏ", "ㅙ": "ㅗㅏㅣ", "ㅚ": "ㅗㅣ", "ㅝ": "ㅜㅓ",
    "ㅞ": "ㅜㅓㅣ", "ㅟ": "ㅜㅣ", "ㅢ": "ㅡㅣ", "ㄳ": "ㄱㅅ", "ㄵ": "ㄴㅈ", "ㄶ": "ㄴㅎ",
    "ㄺ": "ㄹㄱ", "ㄻ": "ㄹㅁ", "ㄼ": "ㄹㅂ", "ㄽ": "ㄹㅅ", "ㄾ": "ㄹㅌ", "ㄿ": "ㄹㅍ",
    "ㅀ": "ㄹㅎ", "ㅄ": "ㅂㅅ",
}  # fmt: skip


def spans(text: str, forms: Sequence[str]) -> list[Span]:
    """Return the span of each form in ``text``; None where nothing of it is to be seen.

    Spans are in order; those of neighbours overlap where one character holds letters of both.
    A form is given every character from the first to the last that one of its letters is
    aligned with. White space counts for nothing.
    """
    exact = _exact(text, forms)
    if exact is not None:
        return exact
    source = [(letter, at) for at, char in enumerate(text) for letter in letters(char)]
    target = [(letter, k) for k, form in enumerate(forms) for c in form for letter in letters(c)]
    found: list[Span] = [None] * len(forms)
    for i, j in alignment([letter for letter, _ in source], [letter for letter, _ in target]):
        at, k = source[i][1], target[j][1]
        start, end = found[k] or (at, at + 1)
        found[k] = min(start, at), max(end, at + 1)
    return found


def _exact(text: str, forms: Sequence[str]) -> list[Span] | None:
    """Return the spans where the forms are the very text, cut; the common case."""
    found: list[Span] = []
    at = 0
    for form in forms:
        while text[at : at + 1].isspace() and not text.startswith(form, at):
            at += 1
        if not text.startswith(form, at):
            return None
        found.append((at, at + len(form)) if form else None)
        at += len(form)
    return found


@lru_cache(maxsize=20_000)
def letters(char: str) -> str:
    """Return the simple letters of one character: 했 -> ㅎㅏㅣㅆ; nothing for white space."""
    if char.isspace():
        return ""
    jamo = "".join(split(char)) if is_syllable(char) else compatibility(char)
    return "".join(_SIMPLE.get(letter, letter) for letter in jamo)


def alignment(source: Sequence[str], target: Sequence[str]) -> list[tuple[int, int]]:
    """Return index pairs, rising in both, of a cheapest alignment of two sequences.

    A letter left out on either side costs 1, two unlike letters aligned cost 2. Among equals,
    letters are aligned rather than left out.
    """
    n, m, head, tail = len(source), len(target), 0, 0
    shorter = min(n, m)  # what begins or ends both alike is aligned in some cheapest one
    while tail < shorter and source[n - 1 - tail] == target[m - 1 - tail]:
        tail += 1
    while head < shorter - tail and source[head] == target[head]:
        head += 1
    pairs = [(i, i) for i in range(head)]
    rest = [(n - i, m - i) for i in range(tail, 0, -1)]
    source, target = source[head : n - tail], target[head : m - tail]
    # A path of cost c strays at most c from the diagonal: widen the band until that is certain.
    band = abs(n - m) + 4
    while True:
        costs = _costs(source, target, band)
        if costs[-1].get(len(target), band + 1) <= band or band > n + m:
            middle = [(i + head, j + head) for i, j in _path(source, target, costs)]
            return pairs + middle + rest
        band *= 2


def _costs(source: Sequence[str], target: Sequence[str], band: int) -> list[dict[int, int]]:
    """Return a row a letter of ``source``: the cost of every prefix of ``target`` in the band."""
    rows = [{j: j for j in range(min(band, len(target)) + 1)}]
    beyond = len(source) + len(target) + 1
    for i, letter in enumerate(source, 1):
        above, row, left = rows[-1], {}, beyond
        for j in range(max(0, i - band), min(i + band, len(target)) + 1):
            best = min(left, above.get(j, beyond)) + 1
            if j and (corner := above.get(j - 1)) is not None:
                best = min(best, corner + 2 * (letter != target[j - 1]))
            row[j] = left = best
        rows.append(row)
    return rows


def _path(
    source: Sequence[str], target: Sequence[str], costs: list[dict[int, int]]
) -> list[tuple[int, int]]:
    pairs, i, j = [], len(source), len(target)
    while i and j:
        cost, corner = costs[i][j], costs[i - 1].get(j - 1)
        if corner is not None and corner + 2 * (source[i - 1] != target[j - 1]) == cost:
            i, j = i - 1, j - 1
            pairs.append((i, j))
        elif costs[i - 1].get(j) == cost - 1:
            i -= 1
        else:
            j -= 1
    return pairs[::-1]


def chunks(text: str, limit: int, longest_word: int) -> list[tuple[int, int]]:
    """Cut a long text where an analyser would not look across anyway; return ``(start, end)``.

    Always at line feeds; at white space before more than ``limit`` characters; inside a word
    only after ``longest_word`` of them. White space at the cuts belongs to no chunk.
    """
    if len(text) <= min(limit, longest_word) and "\n" not in text:
        return [(0, len(text))] if text and not text.isspace() else []
    found, start, end = [], -1, -1
    for match in re.finditer(rf"\S{{1,{longest_word}}}", text):
        begin, stop = match.span()
        if start >= 0 and (begin == end or stop - start > limit or "\n" in text[end:begin]):
            found.append((start, end))
            start = begin
        start, end = max(start, 0) if start >= 0 else begin, stop
    return [*found, (start, end)] if start >= 0 else []
