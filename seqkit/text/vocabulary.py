r"""The words a model knows, each with its id, and the file that keeps them.

``vocabulary.txt`` begins with a line that names the format, the special tokens and the number
of words::

    seqkit-vocabulary 1, 3 words, specials: pad unk
    the	120
    서울	17
    1\t2	1

The special tokens have the first ids, in the order of that line; each line after it is a word,
a tab, and how often the training text has it. Backslash, tab and line ends are written ``\\``,
``\t``, ``\n``, ``\r``; other characters that a reader cannot see or an editor may change are
written as ``\u2028`` or ``\U000e0067``. So any Python string comes back as it was, even one that
holds half of a surrogate pair.
"""

import heapq
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from operator import itemgetter
from pathlib import Path

from seqkit.errors import SeqkitError
from seqkit.files import LONGEST_LINE, read_lines, write_text

# Controls, unusual spaces, invisible and directional marks, surrogates, tags, noncharacters:
# listed here, since `str.isprintable` changes with the version of Python.
_ODD = re.compile(
    "[\\\\\0-\x1f\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u1680\u180b-\u180f\u2000-\u200f"
    "\u2028-\u202f\u205f-\u206f\u3000\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U000e0000-\U000e0fff]"
)
_SHORT = {"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"}
_LONG = {written: char for char, written in _SHORT.items()}
_ESCAPE = re.compile(r"\\(?:[\\tnr]|u[0-9a-f]{4}|U000[0-9a-f]{5}|U0010[0-9a-f]{4})")
_HEADER = re.compile(r"seqkit-vocabulary 1, ([0-9]{1,15}) words, specials:((?: [a-z][a-z0-9_]*)*)")
_LINE = re.compile(r"((?:[^\\\t]|\\.)*)\t([0-9]{1,18})", re.DOTALL)
_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Vocabulary:
    """Words and their ids: the special tokens first, then ``words`` in order. Immutable.

    A special token is known by its name alone and is never a word: where a text holds the
    letters ``<unk>``, that is a word as any other, with an id of its own.

    Attributes:
        words: the words, each once.
        counts: how often the training text has each.
        specials: names of the special tokens, ``pad``, ``unk``, ``bos`` and ``eos`` among them.
    """

    words: tuple[str, ...]
    counts: tuple[int, ...]
    specials: tuple[str, ...] = ("pad", "unk")

    def __post_init__(self) -> None:
        if len(self.words) != len(self.counts):
            raise SeqkitError(f"{len(self.words)} words have {len(self.counts)} counts.")
        if min(self.counts, default=0) < 0:
            raise SeqkitError(f"a word has the count {min(self.counts)}: it must be at least 0.")
        if len(self._index) != len(self.words):
            twice = next(word for word, times in Counter(self.words).items() if times > 1)
            raise SeqkitError(f"the word {_escape(twice)!r} stands twice in a vocabulary.")
        odd = [name for name in self.specials if not _NAME.fullmatch(name)]
        if odd or len(set(self.specials)) != len(self.specials):
            raise SeqkitError(
                f"bad special tokens {' '.join(self.specials)!r}: name each once, in lower-case "
                "letters, digits and underscores."
            )

    @classmethod
    def build(
        cls,
        counts: Mapping[str, int] | Iterable[tuple[str, int]],
        *,
        min_count: int = 1,
        max_size: int | None = None,
        specials: Sequence[str] = ("pad", "unk"),
    ) -> "Vocabulary":
        """Keep the most frequent words; of equally frequent ones, the first by code point.

        Args:
            counts: occurrences in the training text, as :func:`seqkit.text.counting.count`
                finds them; or a stream of pairs, of which no more than the words to keep are
                held (:func:`seqkit.text.counting.sorted_counts`).
            min_count: leave out words with fewer occurrences, at least 1.
            max_size: the most entries to have, special tokens included; None for all.
            specials: names of the special tokens.

        Raises:
            SeqkitError: if ``min_count`` or ``max_size`` leaves no sense.
        """
        if min_count < 1:
            raise SeqkitError(f"min_count = {min_count}: it must be at least 1.")
        if max_size is not None and max_size <= len(specials):
            raise SeqkitError(
                f"max_size = {max_size}: it must be more than the {len(specials)} special tokens."
            )
        pairs = counts.items() if isinstance(counts, Mapping) else counts
        frequent = (pair for pair in pairs if pair[1] >= min_count)
        if max_size is None:  # two sorts by one plain key each: twice as fast as by both
            kept = sorted(frequent, key=itemgetter(0))
            kept.sort(key=itemgetter(1), reverse=True)
        else:
            room = max_size - len(specials)
            kept = heapq.nsmallest(room, frequent, key=lambda pair: (-pair[1], pair[0]))
        return cls(tuple(word for word, _ in kept), tuple(n for _, n in kept), tuple(specials))

    @cached_property
    def _index(self) -> dict[str, int]:
        return dict(zip(self.words, range(len(self.specials), len(self)), strict=False))

    @cached_property
    def _texts(self) -> tuple[str, ...]:
        return (*(f"<{name}>" for name in self.specials), *self.words)

    def __len__(self) -> int:
        return len(self.specials) + len(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self._index

    @property
    def pad(self) -> int:
        """The id that fills a row up to the length of its batch."""
        return self.special("pad")

    @property
    def unk(self) -> int:
        """The id of every word that is not in the vocabulary."""
        return self.special("unk")

    @property
    def bos(self) -> int:
        """The id that begins a sequence."""
        return self.special("bos")

    @property
    def eos(self) -> int:
        """The id that ends a sequence."""
        return self.special("eos")

    def special(self, name: str) -> int:
        """Return the id of the special token of this name.

        Raises:
            SeqkitError: if the vocabulary was built without it.
        """
        if name not in self.specials:
            raise SeqkitError(
                f"the vocabulary has no special token '{name}' (it has: "
                f"{', '.join(self.specials) or 'none'}); build it with specials=(..., '{name}')."
            )
        return self.specials.index(name)

    def ids(self, words: Iterable[str]) -> list[int]:
        """Return the id of each word, ``unk`` for those it does not know.

        Raises:
            SeqkitError: for a word it does not know, where it has no ``unk``.
        """
        if "unk" in self.specials:
            return list(map(self._index.get, words, repeat(self.unk)))
        try:
            return list(map(self._index.__getitem__, words))
        except KeyError as error:
            raise SeqkitError(
                f"'{_escape(error.args[0])}' is not in the vocabulary, which has no 'unk'."
            ) from None

    def tokens(self, ids: Iterable[int]) -> list[str]:
        """Return the word of each id, special tokens written as ``<pad>``.

        Raises:
            SeqkitError: if an id is not from this vocabulary.
        """
        ids = list(ids)
        if ids and not 0 <= min(ids) <= max(ids) < len(self):
            wrong = next(i for i in ids if not 0 <= i < len(self))
            raise SeqkitError(f"id {wrong} is not in the vocabulary of {len(self)} entries.")
        return list(map(self._texts.__getitem__, ids))

    def save(self, path: Path) -> None:
        """Write the vocabulary to a text file, whole or not at all.

        Raises:
            SeqkitError: if it cannot be written, or a word is too long for a line of text.
        """
        names = "".join(f" {name}" for name in self.specials)
        lines = [f"seqkit-vocabulary 1, {len(self.words)} words, specials:{names}\n"]
        lines += [f"{_escape(w)}\t{n}\n" for w, n in zip(self.words, self.counts, strict=True)]
        if len(longest := max(lines, key=len)) > LONGEST_LINE // 4:  # bytes a character, at most
            raise SeqkitError(f"a word of {len(longest)} characters: '{longest[:20]}...'; cut it.")
        write_text(Path(path), "".join(lines))

    @classmethod
    def load(cls, path: Path) -> "Vocabulary":
        """Read the file that :meth:`save` wrote; the result equals the saved vocabulary.

        Raises:
            SeqkitError: if the file is missing, truncated or broken, with the line.
        """
        path = Path(path)
        lines = read_lines(path)
        header = _HEADER.fullmatch(next(lines, (1, ""))[1])
        if header is None:
            raise SeqkitError(
                f"{path}, line 1 is not the first line of a seqkit vocabulary (version 1)."
            )
        counts: dict[str, int] = {}
        for number, line in lines:
            word, n = _parse(line, f"{path}, line {number}")
            if word in counts:
                raise SeqkitError(f"{path}, line {number}: the word '{_escape(word)}' came before.")
            counts[word] = n
        if len(counts) != int(header[1]):
            raise SeqkitError(
                f"{path} holds {len(counts)} words, its line 1 says {header[1]}: it is truncated "
                "or was edited; restore it from where it was made."
            )
        return cls(tuple(counts), tuple(counts.values()), tuple(header[2].split()))


def _escape(word: str) -> str:
    return _ODD.sub(_write, word) if _ODD.search(word) else word


def _write(match: re.Match[str]) -> str:
    code = ord(match[0])
    return _SHORT.get(match[0]) or (f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")


def _read(match: re.Match[str]) -> str:
    return _LONG.get(match[0]) or chr(int(match[0][2:], 16))


def _parse(line: str, where: str) -> tuple[str, int]:
    found = _LINE.fullmatch(line)
    if found is None:
        raise SeqkitError(f"{where} is not a word, a tab and a count.")
    word, n = found.groups()
    if "\\" in word:
        if "\\" in _ESCAPE.sub("", word):
            raise SeqkitError(f"{where} has a backslash that begins no escape; write it twice.")
        word = _ESCAPE.sub(_read, word)
    return word, int(n)
