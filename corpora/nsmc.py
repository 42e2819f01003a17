"""NSMC, the Naver sentiment movie corpus: 200,000 short Korean film reviews, good or bad."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field

from seqkit.corpus import Card, Labelled, Source
from seqkit.errors import SeqkitError
from seqkit.files import read_lines
from seqkit.settings import settings

CARD = Card(
    name="nsmc",
    title="NSMC: Naver sentiment movie corpus, version 1.0",
    task="sentiment classification",
    languages=("ko",),
    licence="CC0-1.0",
    citation="L. Park, Naver sentiment movie corpus v1.0, 2015.",
    homepage="https://github.com/e9t/nsmc",
    kind=Labelled,
    folder="nsmc",
    files=("ratings_train.txt", "ratings_test.txt"),
    sources=(
        Source(
            url="https://raw.githubusercontent.com/e9t/nsmc/master/ratings_train.txt",
            sha256="e03b7d14e9e41be8d464a28057cd25d7396c53e67aa7fd5f7e552c59b0ee2940",
            size=14_628_807,
        ),
        Source(
            url="https://raw.githubusercontent.com/e9t/nsmc/master/ratings_test.txt",
            sha256="8ac9f64052f11dbf6ae0acb5e038f03d90a76f0eda7820cfb3a92d02edfcebda",
            size=4_893_335,
        ),
    ),
)

HEADER = ["id", "document", "label"]
LABELS = {"0": "negative", "1": "positive"}


@settings
class Options:
    """How NSMC is read."""

    duplicates: Literal["keep", "drop"] = Field(
        default="keep",
        description="training rows whose text is also in test; published scores keep them",
    )


def read(options: Options, folder: Path | None) -> dict[str, Iterable[Labelled]]:
    """Return the splits ``train`` (150,000 rows) and ``test`` (50,000).

    Blank documents (5 and 3) are rows like any other, so that every test row is answered.
    797 texts of test are in train too, most of them a word or two (the blank one included).

    Raises:
        SeqkitError: while the splits are consumed, with the file and line of a malformed row.
    """
    assert folder is not None
    train, test = (folder / name for name in CARD.files)
    return {"train": _train(train, test, options), "test": rows(test)}


def _train(path: Path, test: Path, options: Options) -> Iterator[Labelled]:
    leaked = {row.text for row in rows(test)} if options.duplicates == "drop" else set()
    return (row for row in rows(path) if row.text not in leaked)


def rows(path: Path) -> Iterator[Labelled]:
    """Yield the reviews of one file: tab-separated under a header, with no quoting.

    A ``"`` is a character of the review: 856 reviews begin with one, and most never close it.
    """
    for number, line in read_lines(path):
        cells = line.split("\t")
        where = f"{path}, line {number}"
        if number == 1:
            if cells != HEADER:
                raise SeqkitError(
                    f"{where} is not the header 'id, document, label' (tab-separated): "
                    "this is not a file of NSMC."
                )
            continue
        if len(cells) != len(HEADER):
            raise SeqkitError(
                f"{where} has {len(cells)} cells, and a row of NSMC three (id, document, label): "
                "correct the line, or fetch the file again."
            )
        _, document, label = cells
        if label not in LABELS:
            raise SeqkitError(f"{where}: the label is '{label}', where 0 or 1 is needed.")
        yield Labelled(document, (LABELS[label],))
