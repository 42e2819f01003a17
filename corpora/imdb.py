"""The Large Movie Review Dataset: 50,000 film reviews from IMDb, and 50,000 without a label."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field

from seqkit.corpus import Card, Labelled, Source
from seqkit.errors import SeqkitError
from seqkit.files import read_lines
from seqkit.settings import settings

TABLES = ("imdb_train.tsv.gz", "imdb_test.tsv.gz", "imdb_unsup.tsv.gz")

CARD = Card(
    name="imdb",
    title="IMDb: Large Movie Review Dataset, version 1.0",
    task="sentiment classification",
    languages=("en",),
    licence="free for research, with the citation; none stated; reviews belong to their authors",
    citation=(
        "A. L. Maas, R. E. Daly, P. T. Pham, D. Huang, A. Y. Ng, C. Potts, Learning word vectors "
        "for sentiment analysis, ACL 2011."
    ),
    homepage="https://ai.stanford.edu/~amaas/data/sentiment/",
    kind=Labelled,
    folder="aclImdb",
    files=("train/pos", "train/neg", "test/pos", "test/neg", "train/unsup"),
    also=(("imdb", TABLES),),
    sources=(
        Source(
            url="https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
            sha256="c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe",
            size=84_125_825,
        ),
    ),
)

HEADER = ["id", "rating", "label", "text"]
LABELS: dict[str, tuple[str, ...]] = {"0": ("negative",), "1": ("positive",), "-1": ()}
FOLDERS: dict[str, tuple[str, ...]] = {"pos": ("positive",), "neg": ("negative",), "unsup": ()}

BREAK = re.compile(r"<[bB][rR]\s*/?>")


@settings
class Options:
    """How the reviews are read."""

    breaks: Literal["space", "newline", "keep"] = Field(
        default="space", description="what stands for '<br />' marks, however many in a row"
    )


def read(options: Options, folder: Path | None) -> dict[str, Iterable[Labelled]]:
    """Return the splits ``train`` and ``test``, 25,000 rows each, and 50,000 ``unlabelled``.

    ``folder`` is the ``aclImdb`` of the official archive, a text file a review; or it holds the
    same in three tables (columns id, rating, label, text). Rows come in the same order, positive
    ones first. 123 texts are in both train and test, as they were published.

    Raises:
        SeqkitError: while the splits are consumed, with the file and line of what is malformed.
    """
    assert folder is not None
    if (folder / "train/pos").is_dir():
        splits = {
            "train": _folders(folder / "train", "pos", "neg"),
            "test": _folders(folder / "test", "pos", "neg"),
            "unlabelled": _folders(folder / "train", "unsup"),
        }
    else:
        tables = (_table(folder / name) for name in TABLES)
        splits = dict(zip(("train", "test", "unlabelled"), tables, strict=True))
    return {name: _broken(rows, options.breaks) for name, rows in splits.items()}


def _broken(rows: Iterable[Labelled], breaks: str) -> Iterator[Labelled]:
    """Write ``<br />`` marks, and the blanks around them, as the option says."""
    between = " " if breaks == "space" else "\n"
    for row in rows:
        if breaks != "keep" and len(parts := BREAK.split(row.text)) > 1:
            text = between.join(part for part in map(str.strip, parts) if part)
            yield Labelled(text, row.labels)
        else:
            yield row


def _folders(split: Path, *names: str) -> Iterator[Labelled]:
    for name in names:
        files = sorted((split / name).glob("*.txt"), key=_number)
        if not files:
            raise SeqkitError(f"{split / name} holds no .txt file: unpack aclImdb_v1.tar.gz again.")
        for file in files:
            yield Labelled("\n".join(line for _, line in read_lines(file)), FOLDERS[name])


def _number(file: Path) -> tuple[int, str]:
    """Return the place of a file named ``ID_RATING.txt``."""
    number = file.name.partition("_")[0]
    return (int(number) if number.isdecimal() else -1), file.name


def _table(path: Path) -> Iterator[Labelled]:
    for number, line in read_lines(path):
        cells = line.split("\t")  # no quoting: a '"' is a character of the review
        where = f"{path}, line {number}"
        if number == 1:
            if cells != HEADER:
                raise SeqkitError(
                    f"{where} is not the header 'id, rating, label, text' (tab-separated)."
                )
            continue
        if len(cells) != len(HEADER):
            raise SeqkitError(
                f"{where} has {len(cells)} cells, where there should be four "
                "(id, rating, label, text): no tab may stand inside a text."
            )
        _, _, label, text = cells
        if label not in LABELS:
            raise SeqkitError(f"{where}: the label is '{label}', where 0, 1 or -1 is needed.")
        yield Labelled(text, LABELS[label])
