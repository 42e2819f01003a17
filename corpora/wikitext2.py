"""WikiText-2: two million words of good English Wikipedia articles, for language models."""

from collections.abc import Iterable
from pathlib import Path

from pydantic import Field

from seqkit.corpora._articles import UNIT_HELP, Unit, documents, joined, lines, titled
from seqkit.corpus import Card, Source, Text
from seqkit.settings import settings
from seqkit.sources import files_of

SHUFFLED = ("train.articles-shuffled.txt", "valid.txt", "test.txt")
PLAIN = ("train.txt", "valid.txt", "test.txt")

CARD = Card(
    name="wikitext2",
    title=(
        "WikiText-2, words with rare ones as <unk> (of a train.articles-shuffled.txt: the official "
        "articles in another order)"
    ),
    task="language modelling",
    languages=("en",),
    licence="CC-BY-SA-3.0",
    citation=(
        "S. Merity, C. Xiong, J. Bradbury, R. Socher, Pointer sentinel mixture models, ICLR 2017."
    ),
    homepage="https://wikitext.smerity.com",
    kind=Text,
    folder="wikitext-2",
    files=("wiki.train.tokens", "wiki.valid.tokens", "wiki.test.tokens"),
    also=(("wikitext-2", PLAIN), ("wikitext2", PLAIN), ("wikitext2", SHUFFLED)),
    sources=(
        Source(
            url="https://wikitext.smerity.com/wikitext-2-v1.zip",
            sha256="92675f1d63015c1c8b51f1656a52d5bdbc33aafa60cc47a218a66e7ee817488c",
            size=4_475_746,
        ),
    ),
)


@settings
class Options:
    """How WikiText-2 is read."""

    unit: Unit = Field(default="line", description=UNIT_HELP)


def read(options: Options, folder: Path | None) -> dict[str, Iterable[Text]]:
    """Return ``train``, ``validation`` and ``test``: 600, 60 and 60 articles.

    Lines stand as they are in the files, blank ones too: with an end of each line they are the
    2,088,628 / 217,646 / 245,569 tokens of the published perplexities.

    Raises:
        SeqkitError: while the splits are consumed, if a file has no text or is not UTF-8.
    """
    assert folder is not None
    files = zip(("train", "validation", "test"), files_of(CARD, folder), strict=True)
    return {
        split: joined(documents(lines(folder / name), _starts), options.unit)
        for split, name in files
    }


def _starts(before: str, line: str, after: str) -> bool:
    """Whether a title is here, between blank lines: tables leave lines as `` = Played , W = ``."""
    return not after.strip() and titled(before, line, after)
