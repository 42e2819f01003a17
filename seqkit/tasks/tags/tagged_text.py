"""What a tagger answers to one text."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqkit.data import spans
from seqkit.text.tokenizer import Token

LIKELY = 25  # tags of a word whose probabilities are kept: some tag sets have thousands


@dataclass(frozen=True)
class TaggedText:
    """The answer to one text: its tokens with their tags, and what is known of each.

    Attributes:
        tokens: the words, ``tag`` of each answered; offsets are those of the given text.
        likely: ``(tokens, k)``, the numbers in ``tags`` of the most probable tags of each word,
            best first; all of them, or ``LIKELY`` where there are more.
        probabilities: ``(tokens, k)``, how probable those are.
        tags: the names of all tags.
        beside: the second tags, where the run learnt them.
    """

    tokens: tuple[Token, ...]
    likely: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    tags: tuple[str, ...]
    beside: tuple[str, ...] = ()

    @property
    def spans(self) -> list[spans.Span]:
        """The spans that the tags write, if they do: see :mod:`seqkit.data.spans`."""
        named = [token.tag or "O" for token in self.tokens]
        return spans.spans(named) if spans.are_spans(self.tags) else []

    def top(self, place: int, k: int) -> dict[str, float]:
        """Return the ``k`` most probable tags of a word, at most ``LIKELY``, and how probable."""
        numbers, shares = self.likely[place, :k].tolist(), self.probabilities[place, :k].tolist()
        return {self.tags[n]: share for n, share in zip(numbers, shares, strict=True)}

    def line(self, top: int) -> str:
        """Return a line a word, a blank one at the end; with ``top``, the most probable tags."""
        lines = ["\t".join(self._cells(place, top)) for place in range(len(self.tokens))]
        return "\n".join([*lines, ""])

    def _cells(self, place: int, top: int) -> list[str]:
        token = self.tokens[place]
        cells = [token.text, token.tag or "", *self.beside[place : place + 1]]
        likely = self.top(place, top) if top > 1 else {}
        return [*cells, *(f"{tag} {share:.4f}" for tag, share in likely.items())]

    def row(self, top: int) -> dict[str, Any]:
        """Return words, tags, offsets, spans and the ``top`` tags' probabilities."""
        row: dict[str, Any] = {
            "words": [token.text for token in self.tokens],
            "tags": [token.tag for token in self.tokens],
            "offsets": [[token.start, token.end] for token in self.tokens],
            "probabilities": [self.top(place, top) for place in range(len(self.tokens))],
        }
        if self.beside:
            row["beside"] = list(self.beside)
        if spans.are_spans(self.tags):
            row["spans"] = [span._asdict() for span in self.spans]
        return row
