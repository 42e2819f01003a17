"""``kowiki``: 78,673 articles of the Korean Wikipedia as plain text."""

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from pathlib import Path

from pydantic import Field

from seqkit.corpora._articles import UNIT_HELP, Unit, joined
from seqkit.corpora.kowiki_lm import PARENTHESES_HELP, Parentheses, articles
from seqkit.corpus import Card, Text
from seqkit.errors import SeqkitError
from seqkit.settings import settings
from seqkit.sources import files_of

CARD = Card(
    name="kowiki",
    title="Korean Wikipedia: 78,673 plain articles under '= title =' (kowiki_lm may share some)",
    task="word vectors, language modelling, tokenizers",
    languages=("ko",),
    licence="CC-BY-SA-3.0",
    citation="The authors of the Korean Wikipedia, https://ko.wikipedia.org.",
    homepage="https://dumps.wikimedia.org/kowiki/",
    kind=Text,
    folder="kowiki",
    files=("kowiki.txt.gz",),
    also=(("kowiki", ("kowiki.txt",)),),
)


@settings
class Options:
    """How the articles are read, and which are held out."""

    unit: Unit = Field(default="line", description=UNIT_HELP)
    parentheses: Parentheses = Field(default="keep", description=PARENTHESES_HELP)
    validation_fraction: float = Field(
        default=0.01, ge=0, lt=0.5, description="of the articles, for validation (0: no such split)"
    )
    test_fraction: float = Field(
        default=0.01, ge=0, lt=0.5, description="of the articles, for test (0: no such split)"
    )
    seed: int = Field(default=0, ge=0, description="of the choice of articles")


def read(options: Options, folder: Path | None) -> dict[str, Iterable[Text]]:
    """Return ``train``, ``validation`` and ``test``: whole articles, drawn by their titles.

    An article keeps its place whatever others there are, and two of one title stand together.
    The blank lines between articles are left out.

    Raises:
        SeqkitError: while the splits are consumed, if the file has no text or is not UTF-8, or a
            split has no article.
    """
    assert folder is not None
    path = folder / files_of(CARD, folder)[0]
    fractions = {"validation": options.validation_fraction, "test": options.test_fraction}
    names = ("train", *(name for name, fraction in fractions.items() if fraction))
    return {name: joined(_part(path, name, options), options.unit) for name in names}


def _part(path: Path, split: str, options: Options) -> Iterator[list[str]]:
    found = False
    for article in articles(path, options.parentheses):
        if split_of(article[0], options) == split:
            found = True
            yield article
    if not found:
        raise SeqkitError(f"{path} has no article for {split}: give it a larger share.")


def split_of(title: str, options: Options) -> str:
    """Return the split that the article of a title belongs to."""
    digest = blake2b(f"{options.seed} {title}".encode(), digest_size=8).digest()
    draw = int.from_bytes(digest, "big") / 2**64
    if draw < options.test_fraction:
        return "test"
    if draw < options.test_fraction + options.validation_fraction:
        return "validation"
    return "train"
