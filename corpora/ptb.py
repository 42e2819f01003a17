"""``ptb``: the Penn Treebank as language models know it, a million words of the WSJ."""

from collections.abc import Iterable
from pathlib import Path

from seqkit.corpora._articles import lines
from seqkit.corpus import Card, Text
from seqkit.settings import settings
from seqkit.sources import files_of

PLAIN = ("train.txt", "valid.txt", "test.txt")
NAMES = ("ptb.train.txt", "ptb.valid.txt", "ptb.test.txt")

CARD = Card(
    name="ptb",
    title="Penn Treebank for language models: WSJ text, 10,000 words, as Mikolov prepared it",
    task="language modelling",
    languages=("en",),
    licence="LDC User Agreement (LDC99T42): not free",
    citation=(
        "M. P. Marcus, B. Santorini, M. A. Marcinkiewicz, Building a large annotated corpus of "
        "English: the Penn Treebank, Computational Linguistics 19(2), 1993; T. Mikolov, "
        "M. Karafiat, L. Burget, J. Cernocky, S. Khudanpur, Recurrent neural network based "
        "language model, Interspeech 2010."
    ),
    homepage="https://catalog.ldc.upenn.edu/LDC99T42",
    kind=Text,
    folder="ptb",
    files=NAMES,
    also=(
        ("simple-examples/data", NAMES),
        ("ptb", PLAIN),
        ("penn", PLAIN),
        ("wsj", NAMES),
        ("wsj", PLAIN),
        ("wsj", ("wsj.train.txt", "wsj.valid.txt", "wsj.test.txt")),
    ),
)


@settings
class Options:
    """The Penn Treebank has no options: sentences are lines, and stand in no documents."""


def read(options: Options, folder: Path | None) -> dict[str, Iterable[Text]]:
    """Return ``train``, ``validation`` and ``test``: 42,068, 3,370 and 3,761 sentences.

    With an end of each line they are the 929,589 / 73,760 / 82,430 tokens of the published
    perplexities.

    Raises:
        SeqkitError: while the splits are consumed, if a file has no text or is not UTF-8.
    """
    del options
    assert folder is not None
    files = zip(("train", "validation", "test"), files_of(CARD, folder), strict=True)
    return {split: map(Text, lines(folder / name)) for split, name in files}
