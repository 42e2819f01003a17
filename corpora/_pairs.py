"""What corpora of sentence pairs share: a direction, parallel files, and parts that do not leak."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from zlib import crc32

from seqkit.corpus import Pair
from seqkit.errors import SeqkitError
from seqkit.files import read_lines


def direction(source: str, target: str, languages: Sequence[str]) -> tuple[str, str]:
    """Return the language translated from and the one translated to.

    Args:
        source: one of ``languages``, or "" for the first that is not the target.
        target: one of ``languages``, or "" for the first that is not the source.
        languages: those there are, in the order of choice.

    Raises:
        SeqkitError: if both are the same.
    """
    if source and source == target:
        others = " or ".join(f"target={name}" for name in languages if name != source)
        raise SeqkitError(f"source and target are both '{source}': set {others}.")
    source = source or next(name for name in languages if name != target)
    return source, target or next(name for name in languages if name != source)


def parallel(source: Path, target: Path) -> Iterator[Pair]:
    """Yield line n of one file with line n of the other, without white space at their ends.

    A blank line is one side of a pair as any other: what is done with it is for a task to say.

    Raises:
        SeqkitError: if one has more lines, or all lines of one are blank.
    """
    number, said = 0, [False, False]
    rows = zip_longest(read_lines(source), read_lines(target))
    for number, (one, other) in enumerate(rows, start=1):
        if one is None or other is None:
            rest = sum(1 for _ in rows)
            raise _unequal(source, target, number, rest, one is None)
        pair = Pair(one[1].strip(), other[1].strip())
        said = [before or bool(text) for before, text in zip(said, pair, strict=True)]
        yield pair
    for path, any_text in zip((source, target), said, strict=True):
        if not any_text:
            what = f"all of its {number} lines are blank" if number else "it is empty"
            raise SeqkitError(f"{path} has no text ({what}), so there is nothing to pair.")


def _unequal(source: Path, target: Path, number: int, rest: int, short: bool) -> SeqkitError:
    shorter, longer = (source, target) if short else (target, source)
    return SeqkitError(
        f"{longer} has {number + rest} lines and {shorter} {number - 1}: line n of one must be "
        f"paired with line n of the other, and {longer}, line {number} has no partner."
    )


def some(pairs: Iterable[Pair], where: Path | str) -> Iterator[Pair]:
    """Pass pairs on, each side of which must have text somewhere.

    Raises:
        SeqkitError: if there is no pair, or one side of all of them is empty.
    """
    number, said = 0, [False, False]
    for pair in pairs:
        number += 1
        said = [before or bool(text) for before, text in zip(said, pair, strict=True)]
        yield pair
    for side, any_text in zip(("source", "target"), said, strict=True):
        if not any_text:
            what = f"the {side} of all its {number} pairs is empty" if number else "it has no pair"
            raise SeqkitError(f"{where}: {what}, so there is nothing to learn from.")


def parts(
    pairs: Iterable[Pair], sizes: Mapping[str, int], *, questions: bool = False
) -> dict[str, list[Pair]]:
    """Return ``train`` and the splits of ``sizes``, such that none has a sentence of another.

    Pairs that share a source or a target, but for case, punctuation and spaces, stay together,
    with all that share one with them in turn; so each split has at least as many rows as asked.
    The split of a sentence does not depend on the order of the pairs, nor on their direction.

    Args:
        pairs: all of them.
        sizes: rows to hold out, by the name of the split.
        questions: whether only sources must not be shared, as answers to questions may be.

    Raises:
        SeqkitError: if no training pair would be left.
    """
    rows = list(pairs)
    groups = _groups(rows, questions)
    order = sorted(groups, key=lambda name: (crc32(name.encode("utf-8", "surrogatepass")), name))
    held: dict[str, list[int]] = {"train": [], **{split: [] for split in sizes}}
    wanted = iter(sizes)
    split = next(wanted, "train")
    for name in order:
        while split != "train" and len(held[split]) >= sizes[split]:
            split = next(wanted, "train")
        held[split].extend(groups[name])
    if not held["train"]:
        raise SeqkitError(
            f"{len(rows)} pairs, in {len(groups)} groups that share no sentence, are too few to "
            "hold any out: add pairs, or give validation and test files."
        )
    return {split: [rows[i] for i in sorted(numbers)] for split, numbers in held.items()}


def _groups(rows: Sequence[Pair], questions: bool) -> dict[str, list[int]]:
    """Group rows by the connected components of shared sentences, each named by one of them."""
    parent: dict[str, str] = {}

    def root(text: str) -> str:
        while (above := parent.setdefault(text, text)) != text:
            parent[text] = text = parent[above]
        return text

    keys = [(_key(pair.source), _key(pair.target)) for pair in rows]
    for source, target in keys:
        one = root(source)
        other = one if questions else root(target)
        parent[max(one, other)] = min(one, other)  # the name is the least: the same in any order
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for number, (source, _) in enumerate(keys):
        groups[root(source)].append(number)
    return groups


def _key(text: str) -> str:
    """Return what two sentences that differ in case, marks and spaces alone have in common."""
    return " ".join(re.findall(r"\w+", text.casefold())) or text
