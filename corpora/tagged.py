"""Tagged text of the user's own: CoNLL-U, or one word a line with its tags in columns."""

from collections.abc import Iterable
from pathlib import Path

from pydantic import Field

from seqkit.corpora._columns import Columns, parts
from seqkit.corpus import Card, Tagged
from seqkit.settings import settings

CARD = Card(
    name="tagged",
    title="Your own tagged text: CoNLL-U, or a word a line with its tags in columns",
    task="tagging",
    languages=("any",),
    licence="yours",
    citation="",
    homepage="",
    kind=Tagged,
)


@settings
class Options:
    """How a user's own tagged text is read."""

    tag: str = Field(
        default="auto", description="the column to learn: upos, xpos, ... or a number (-1: last)"
    )
    beside: str = Field(default="", description="a second column, for the tagger's beside=")
    word: int = Field(default=1, description="the word's column, where columns have no names")
    test_fraction: float = Field(
        default=0.1, ge=0, lt=1, description="of the sentences, where there is no test file"
    )
    seed: int = Field(default=0, ge=0, description="of the choice of test sentences")

    @property
    def columns(self) -> Columns:
        """The columns that are read."""
        return Columns(self.tag, self.beside, self.word)


def read(options: Options, folder: Path | None) -> dict[str, Iterable[Tagged]]:
    """Return the splits found at ``folder``: a file, or a folder of ``train``, ``dev``, ``test``.

    Raises:
        SeqkitError: here or while the splits are consumed, with the file and line of what is
            malformed.
    """
    assert folder is not None
    return {split: options.columns.read(path) for split, path in parts(folder).items()}
