"""``shakespeare``: a million characters of his plays, known as tiny Shakespeare."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import Field

from seqkit.corpora._articles import UNIT_HELP, Unit, joined, lines
from seqkit.corpus import Card, Source, Text
from seqkit.settings import settings

CARD = Card(
    name="shakespeare",
    title="Tiny Shakespeare: 40,000 lines of the plays, for character language models",
    task="language modelling",
    languages=("en",),
    licence="public domain",
    citation="A. Karpathy, The unreasonable effectiveness of recurrent neural networks, 2015.",
    homepage="https://github.com/karpathy/char-rnn",
    kind=Text,
    folder="tinyshakespeare",
    files=("input.txt",),
    sources=(
        Source(
            url="https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
            sha256="86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
            size=1_115_394,
        ),
    ),
)

SHARES = {"train": 0.90, "validation": 0.95, "test": 1.0}  # where each split ends


@settings
class Options:
    """How the plays are read."""

    unit: Unit = Field(default="line", description=f"{UNIT_HELP}; a document is a whole split")


def read(options: Options, folder: Path | None) -> dict[str, Iterable[Text]]:
    """Return ``train``, ``validation`` and ``test``: the first 90 % of the text, 5 % and 5 %.

    In order, cut after the line in which a share is full. Every line is kept, blank ones too: the
    characters and the ends of lines are the 1,115,394 characters of the text.

    Raises:
        SeqkitError: if the file has no text or is not UTF-8.
    """
    assert folder is not None
    every = list(lines(folder / CARD.files[0]))
    parts = zip(SHARES, _cut(every, tuple(SHARES.values())), strict=True)
    return {split: joined([part] if part else [], options.unit) for split, part in parts}


def _cut(lines: list[str], shares: tuple[float, ...]) -> Iterator[list[str]]:
    """Yield consecutive parts that end where these shares of all characters are full."""
    total = sum(len(line) + 1 for line in lines)
    row = read = 0
    for share in shares:
        first = row
        while row < len(lines) and read < share * total:
            read += len(lines[row]) + 1
            row += 1
        yield lines[first:row]
