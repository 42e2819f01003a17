"""``kobill``: ten bills of the National Assembly of Korea, which the package konlpy ships."""

from collections.abc import Iterable
from pathlib import Path

from seqkit.corpora.kolaw import CITATION
from seqkit.corpora.kolaw import Options as Options
from seqkit.corpora.text import lines, units
from seqkit.corpus import Card, Text

CARD = Card(
    name="kobill",
    title="Korean bills: ten of the National Assembly, 2010 (ships in konlpy)",
    task="language modelling, word vectors, tokenizers",
    languages=("ko",),
    licence="public documents of the National Assembly; konlpy itself is GPL-3.0-or-later",
    citation=CITATION,
    homepage="https://konlpy.org/en/latest/data/",
    kind=Text,
    folder="kobill",
    files=tuple(f"{number}.txt" for number in range(1_809_890, 1_809_900)),
    package="konlpy/data/corpus/kobill",
)


def read(options: Options, folder: Path | None) -> dict[str, Iterable[Text]]:
    """Return all ten as ``train``, bill by bill, as they stand in the files.

    They were printed pages: a line ends where the page did, and page numbers stand between.
    """
    assert folder is not None
    files = (folder / name for name in CARD.files)
    texts = (text for file in files for text in units(lines(file, "utf-8"), options.unit))
    return {"train": texts}
