"""``kolaw``: the constitution of the Republic of Korea, which the package konlpy ships."""

from collections.abc import Iterable
from pathlib import Path

from pydantic import Field

from seqkit.corpora.text import Unit, lines, units
from seqkit.corpus import Card, Text
from seqkit.settings import settings

CITATION = (
    "E. L. Park, S. Cho, KoNLPy: Korean natural language processing in Python, Proceedings of the "
    "26th Annual Conference on Human and Cognitive Language Technology, 2014."
)

CARD = Card(
    name="kolaw",
    title="Korean law: the constitution of the Republic of Korea (ships in konlpy)",
    task="language modelling, word vectors, tokenizers",
    languages=("ko",),
    licence="law, not subject to copyright; konlpy itself is GPL-3.0-or-later",
    citation=CITATION,
    homepage="https://konlpy.org/en/latest/data/",
    kind=Text,
    folder="kolaw",
    files=("constitution.txt",),
    package="konlpy/data/corpus/kolaw",
)


@settings
class Options:
    """How the text is read."""

    unit: Unit = Field(
        default="line", description="what an example is; blank lines end a paragraph"
    )
    test_fraction: float = Field(
        default=0.0, ge=0, lt=1, description="of the examples, for a test split"
    )
    seed: int = Field(default=0, ge=0, description="of the choice of test examples")


def read(options: Options, folder: Path | None) -> dict[str, Iterable[Text]]:
    """Return all of it as ``train``, as it stands in the file, blank lines left out."""
    assert folder is not None
    return {"train": units(lines(folder / CARD.files[0], "utf-8"), options.unit)}
