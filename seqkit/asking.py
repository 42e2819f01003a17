"""Questions to word vectors and their answers as plain values, whoever asks."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal
from unicodedata import normalize

from seqkit.errors import SeqkitError

if TYPE_CHECKING:
    from seqkit.vectors import WordVectors
    from seqkit.vectors.spelling import Spelling

NEAREST = 3  # spellings to name for a word that is not known


class UnknownWordError(SeqkitError):
    """A word that has no vector, and the known words that are spelt like it."""

    def __init__(self, word: str, nearest: Sequence[str]) -> None:
        near = f" Spelt like it: {', '.join(nearest)}." if nearest else ""
        super().__init__(f"'{word}' is not among the words.{near}")
        self.word, self.nearest = word, list(nearest)


@dataclass(frozen=True)
class Found:
    """A word that has a vector: of its own, or made of its subwords'."""

    word: str
    source: Literal["word", "subwords"] = "word"


@dataclass(frozen=True)
class Term:
    """A word that is added or taken away."""

    found: Found
    sign: int = 1


class Asked:
    """Word vectors that were opened once, and answer questions."""

    def __init__(self, vectors: "WordVectors", *, ann: bool = False) -> None:
        self.vectors = vectors
        self._index = "ann" if ann else None

    def find(self, word: str) -> Found:
        """Return the word as the vectors spell it; Hangul typed as jamo is composed.

        Raises:
            UnknownWordError: if it has no vector.
        """
        composed = normalize("NFC", word)
        for form in (word, composed):
            if self.vectors.has_index_for(form):
                return Found(form)
        if word and composed in self.vectors:  # so is any word with a known subword
            return Found(composed, "subwords")
        raise UnknownWordError(word, self._spelling.nearest(composed, NEAREST))

    @cached_property
    def _spelling(self) -> "Spelling":
        from seqkit.vectors.spelling import Spelling

        return Spelling(self.vectors.index_to_key)

    def neighbours(
        self, terms: Sequence[Term], top: int, *, cosmul: bool = False
    ) -> list[dict[str, Any]]:
        """Return the words nearest to a sum: ``word``, ``cosine`` and, where known, ``count``.

        With ``cosmul`` there is a ``score`` in place of the cosine.
        """
        plus = [term.found.word for term in terms if term.sign > 0]
        minus = [term.found.word for term in terms if term.sign < 0]
        if cosmul:
            found = self.vectors.most_similar_cosmul(positive=plus, negative=minus, topn=top)
        else:
            found = self.vectors.most_similar(plus, minus, topn=top, index=self._index)
        name = "score" if cosmul else "cosine"
        return [
            {"word": word, name: float(value), **self._count(word)}
            for word, value in found
            if math.isfinite(value)
        ]

    def around(self, found: Found, count: int) -> list[str]:
        """Return the ``count`` words nearest to one."""
        rows = self.neighbours([Term(found)], count) if count else []
        return [row["word"] for row in rows]

    def _count(self, word: str) -> dict[str, int]:
        if not self._has_counts:
            return {}
        return {"count": int(self.vectors.get_vecattr(word, "count"))}

    @cached_property
    def _has_counts(self) -> bool:
        """Whether the counts are real: readers of files without any number words backwards."""
        counts = self.vectors.expandos.get("count")
        if counts is None or not len(counts):
            return False
        ends = [int(counts[0]), int(counts[-1])]
        return ends != [len(counts), 1]

    def analogy(self, found: Sequence[Found], top: int, *, cosmul: bool = False) -> dict[str, Any]:
        """Return the answers to A - B + C, and a line that says the best of them."""
        a, b, c = found
        rows = self.neighbours([Term(a), Term(b, -1), Term(c)], top, cosmul=cosmul)
        best = rows[0]["word"] if rows else "?"
        line = f"{b.word} : {a.word} = {c.word} : {best}   ({a.word} - {b.word} + {c.word})"
        return {"analogy": line, "answers": rows}

    def compared(self, first: Found, second: Found) -> dict[str, Any]:
        """Return the cosine of two words and the angle between them, in degrees.

        Raises:
            SeqkitError: if one of them has a vector of zeros.
        """
        import numpy as np

        a, b = self._direction(first), self._direction(second)
        return {
            "words": [first.word, second.word],
            "cosine": float(np.clip(a @ b, -1, 1)),
            # Kahan's: exact for small angles too, where the arc cosine is not
            "degrees": math.degrees(2 * math.atan2(np.linalg.norm(a - b), np.linalg.norm(a + b))),
        }

    def odd_one(self, found: Sequence[Found]) -> list[dict[str, Any]]:
        """Return words with their cosine to the mean of all, the one that fits least first.

        Raises:
            SeqkitError: if there are fewer than three, or one has a vector of zeros.
        """
        import numpy as np

        if len(found) < 3:
            raise SeqkitError("name three words or more, to see which of them is the odd one.")
        units = np.stack([self._direction(each) for each in found])
        mean = units.mean(axis=0)
        cosines = units @ mean / (np.linalg.norm(mean) or 1.0)
        order = np.argsort(cosines, kind="stable")
        return [{"word": found[i].word, "cosine": float(cosines[i])} for i in order]

    def _direction(self, found: Found) -> Any:
        import numpy as np

        vector = np.asarray(self.vectors.get_vector(found.word), dtype=np.float64)
        length = np.linalg.norm(vector)
        if not length:
            raise SeqkitError(f"the vector of '{found.word}' is all zeros: it has no direction.")
        return vector / length


def told(found: Sequence[Found]) -> str:
    """Return what to say of words that have no vector of their own; ``""`` if all have."""
    made = [f"'{each.word}'" for each in found if each.source == "subwords"]
    return f"{', '.join(made)}: not among the words; answered from subwords" if made else ""


def asked(found: Sequence[Found]) -> dict[str, Any]:
    """Return what was asked, for JSON."""
    return {
        "words": [each.word for each in found],
        "from_subwords": [each.word for each in found if each.source == "subwords"],
    }


SIGNS = {"+": 1, "-": -1, "−": -1, "–": -1}


def terms_of(text: str, look_up: Callable[[str], Found]) -> tuple[list[Term], bool]:
    """Return the words of ``A - B + C``, and whether anything was added or taken away.

    A sign stands between spaces or before a word: ``e-mail`` and ``c++`` are words.

    Raises:
        SeqkitError: if a sign has no word, or a word no vector.
    """
    terms: list[Term] = []
    sign, signed = 0, False
    for part in text.split():
        if part in SIGNS:
            if sign:
                raise SeqkitError(f"'{text}': two signs in a row; write A - B + C.")
            sign, signed = SIGNS[part], True
            continue
        word, before = part, sign or 1
        if not sign and part[0] in SIGNS:
            if (whole := _own_word(part, look_up)) is not None:
                terms.append(Term(whole))
                continue
            word, before, signed = part[1:], SIGNS[part[0]], True
        terms.append(Term(look_up(word), before))
        sign = 0
    if sign or not terms:
        raise SeqkitError(f"'{text}': a word is missing; write A - B + C.")
    if all(term.sign < 0 for term in terms):
        raise SeqkitError(f"'{text}': nothing is added; write A - B, with A first.")
    return terms, signed


def _own_word(part: str, look_up: Callable[[str], Found]) -> Found | None:
    """Return a word with a sign in it that has a vector of its own; subwords would make any."""
    try:
        found = look_up(part)
    except UnknownWordError:
        return None
    return found if found.source == "word" else None
