"""A data set as ``seqkit vocab`` reads it: the texts of its splits, and how many there are."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seqkit.corpus import Corpus


@dataclass(frozen=True)
class Opened:
    """A corpus, or the path of a plain text file, which is streamed and never copied.

    Attributes:
        corpus: None for a plain text file.
        file: None for a corpus.
        rows: the most texts of a split to use; None for all.
    """

    corpus: "Corpus | None"
    file: Path | None
    rows: int | None = None

    @property
    def splits(self) -> tuple[str, ...]:
        """The names of its splits."""
        return ("train",) if self.corpus is None else tuple(self.corpus.splits)

    def texts(self, split: str) -> Iterator[str]:
        """Yield the texts of a split; of a plain text file, its lines that are not blank."""
        return islice(self._texts(split), self.rows)

    def _texts(self, split: str) -> Iterator[str]:
        from seqkit.files import read_lines

        if self.corpus is not None:
            yield from self.corpus.texts(split)
        elif self.file is not None:
            yield from (line for _, line in read_lines(self.file) if line.strip())

    def countable(self, split: str) -> Iterable[str] | Path:
        """Return what is fastest to count: the path of a whole text file, else the texts.

        The file has blank lines too, which have no words.
        """
        return self.file if self.file is not None and self.rows is None else self.texts(split)

    def size(self, split: str) -> int | None:
        """Return the amount of work in what :meth:`countable` gives, as its progress is told."""
        if self.corpus is None:
            plain = self.file is not None and self.rows is None and self.file.suffix == ".txt"
            return self.file.stat().st_size if self.file and plain else None
        return min(len(self.corpus.split(split)), self.rows or 2**63)


def open_source(
    name_or_path: str, words: list[str] | None, path: str = "", rows: int | None = None
) -> Opened:
    """Open a corpus by its name or path and its ``key=value`` options."""
    from seqkit import settings
    from seqkit.corpus import load, resolve
    from seqkit.errors import SeqkitError

    module, place = resolve(name_or_path, path)
    file = Path(place)
    if module.CARD.name == "text" and not words and file.is_file():
        opened = Opened(None, file, rows)
        if next(opened.texts("train"), None) is None:
            raise SeqkitError(f"{file} has no text: every line is blank.")
        return opened
    hint = f"'seqkit data show {module.CARD.name}' lists the options of this corpus"
    options = settings.parse(module.Options(), words or [], hint=hint)
    corpus = load(name_or_path, settings.as_dict(options), path=path)
    corpus.split("train")  # refused by name before anything is read
    return Opened(corpus, None, rows)
