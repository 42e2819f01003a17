"""What every run can do for a person: answer texts, and be scored."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol, Self

from seqkit.corpus import Corpus
from seqkit.train.metrics import Table
from seqkit.train.run import Run


class Answer(Protocol):
    """The answer to one text."""

    def line(self, top: int) -> str:
        """Return it as one plain line, parts between tabs; ``top`` is how many were asked for."""
        ...

    def row(self, top: int) -> dict[str, Any]:
        """Return it as plain values, ready for JSON."""
        ...


class Scored(Protocol):
    """How a run fared on a number of rows."""

    @property
    def scores(self) -> dict[str, float]:
        """The single figures by name."""
        ...

    def tables(self) -> list[Table]:
        """Return what a person is to see, the single figures first."""
        ...

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as plain values, ready for JSON."""
        ...


class Answerer(Protocol):
    """A trained model with all it needs to read what a person gives it."""

    @classmethod
    def load(cls, run: Run) -> Self:
        """Rebuild it from a run directory.

        Raises:
            SeqkitError: if a part is missing, truncated or of another model.
        """
        ...

    def stream(self, texts: Iterable[str], at_once: int = 1024) -> Iterator[Answer]:
        """Yield one answer for each text, in order, reading ``at_once`` texts at a time."""
        ...

    def score(self, corpus: Corpus, split: str, chosen: Any) -> Scored:
        """Score a split of a corpus, read with the settings ``chosen`` that the run had.

        Raises:
            SeqkitError: if there is no such split, or it does not fit the model.
        """
        ...

    def score_file(self, path: Path, options: Mapping[str, str]) -> Scored:
        """Score a file or folder of the user's own, read with ``options`` of its corpus.

        Raises:
            SeqkitError: if it cannot be read, or does not fit the model.
        """
        ...
