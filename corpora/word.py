"""``word``: a single word, for the lesson of the recipe hello."""

from collections.abc import Iterable
from pathlib import Path

from pydantic import Field

from seqkit.corpus import Card, Text
from seqkit.settings import settings

CARD = Card(
    name="word",
    title="A single word: what is learnt, and what it is tested on",
    task="a lesson in recurrent networks",
    languages=("any",),
    licence="none needed",
    citation="",
    homepage="",
    kind=Text,
    synthetic=True,
)


@settings
class Options:
    """Which word."""

    word: str = Field(default="hello", description="any, in any language")


def read(options: Options, folder: Path | None = None) -> dict[str, Iterable[Text]]:
    """Return the word as ``train``, and again as ``test``: it is to be known by heart."""
    del folder  # generated, not read
    return {"train": [Text(options.word)], "test": [Text(options.word)]}
