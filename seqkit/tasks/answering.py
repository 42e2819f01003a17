"""What every run can do for a person: answer texts, and be scored."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, Self, runtime_checkable

from seqkit.corpus import Corpus
from seqkit.errors import SeqkitError
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


@runtime_checkable
class ReadsFiles(Protocol):
    """An :class:`Answerer` for which a file is one thing, as a table, and not a text a line."""

    def answer_file(self, path: Path) -> Iterator[Answer]:
        """Yield the answers to a file.

        Raises:
            SeqkitError: if it cannot be read, or does not fit the model.
        """
        ...


class Writing(Protocol):
    """How text is written: settings of a task's own."""

    @property
    def top(self) -> int:
        """How many answers are shown."""
        ...


@runtime_checkable
class WritesText(Protocol):
    """An :class:`Answerer` that writes text; its answers depend on how it is to write."""

    @property
    def writing(self) -> Writing:
        """How it writes."""
        ...

    def with_options(self, options: Mapping[str, Any]) -> Self:
        """Return the same with other options of its ``writing``, ``top`` among them.

        Raises:
            SeqkitError: if one is unknown, or they have no sense together.
        """
        ...


def refuse_senseless(options: Mapping[str, Any], known: Iterable[str], answerer: str) -> None:
    """Make sure that options of the command line mean something to what is to answer.

    Raises:
        SeqkitError: for one that is not among ``known``.
    """
    for name in sorted(options.keys() - set(known)):
        raise SeqkitError(f"--{name.replace('_', '-')} means nothing to {answerer}: leave it out.")


@runtime_checkable
class Translates(Protocol):
    """An :class:`Answerer` from one language to another, which several runs can be together."""

    def with_ensemble(self, others: Sequence[tuple[str, Any]]) -> Self:
        """Return one that averages its probabilities with those of other runs.

        Args:
            others: the name of each, for errors, and its answerer.

        Raises:
            SeqkitError: if they do not fit together.
        """
        ...

    def refuse_other(self, target: str) -> None:
        """Raise a :class:`SeqkitError` unless ``target`` is the language that it writes."""
        ...
