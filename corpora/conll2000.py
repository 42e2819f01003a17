"""CoNLL-2000: phrases (chunks) of sentences of the Wall Street Journal."""

from collections.abc import Iterable
from pathlib import Path

from pydantic import Field

from seqkit.corpora._columns import Columns
from seqkit.corpus import Card, Tagged
from seqkit.settings import settings

CARD = Card(
    name="conll2000",
    title="CoNLL-2000 shared task: chunking",
    task="chunking (spans)",
    languages=("en",),
    licence="none stated; part of the Penn Treebank, for research",
    citation=(
        "E. F. Tjong Kim Sang and S. Buchholz, Introduction to the CoNLL-2000 shared task: "
        "Chunking, CoNLL 2000."
    ),
    homepage="https://www.cnts.ua.ac.be/conll2000/chunking/",
    kind=Tagged,
    folder="conll2000",
    files=("train.txt", "test.txt"),
)

COLUMNS = {"chunk": "3", "pos": "2"}


@settings
class Options:
    """Which column is learnt."""

    tag: str = Field(
        default="chunk", pattern="^(chunk|pos)$", description="chunk (BIO), or pos, the Brill tags"
    )
    beside: str = Field(
        default="", pattern="^(chunk|pos|)$", description="a second column, for tagger.beside"
    )

    @property
    def columns(self) -> Columns:
        """The columns that are read."""
        return Columns(COLUMNS[self.tag], COLUMNS.get(self.beside, ""))


def read(options: Options, folder: Path | None) -> dict[str, Iterable[Tagged]]:
    """Return ``train`` (8,936 sentences, sections 15-18) and ``test`` (2,012, section 20).

    The part of speech is the Brill tagger's, not the treebank's own: in the shared task it is
    given, at test time too.

    Raises:
        SeqkitError: while the splits are consumed, with the file and line of what is malformed.
    """
    assert folder is not None
    return {split: options.columns.read(folder / f"{split}.txt") for split in ("train", "test")}
