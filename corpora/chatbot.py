"""Chatbot_data: 11,823 Korean questions and answers, of daily life, parting and love."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field

from seqkit.corpora._pairs import parts
from seqkit.corpora.labelled import quoted
from seqkit.corpus import Card, Pair, Source
from seqkit.errors import SeqkitError
from seqkit.settings import settings

FILE = "ChatbotData.csv"

CARD = Card(
    name="chatbot",
    title="Chatbot_data for Korean, version 1.0: questions and comforting answers",
    task="dialogue",
    languages=("ko",),
    licence="MIT",
    citation="Youngsook Song, Chatbot_data_for_Korean v1.0, 2018.",
    homepage="https://github.com/songys/Chatbot_data",
    kind=Pair,
    folder="chatbot_ko",
    files=(FILE,),
    sources=(
        Source(
            url=f"https://raw.githubusercontent.com/songys/Chatbot_data/master/{FILE}",
            sha256="287eb129695b577321c80ad397bb3c2279164d4ca577874d129fd3db5b30afe2",
            size=889_842,
        ),
    ),
)

HEADER = ["Q", "A", "label"]
TOPICS = ("daily", "parting", "love")  # labels 0, 1, 2
HELD = 500  # questions, twice


@settings
class Options:
    """Which questions are read."""

    topic: Literal["all", "daily", "parting", "love"] = Field(
        default="all", description="daily life, parting, or love"
    )

    @property
    def direction(self) -> tuple[str, str]:
        """What is given and what is wanted."""
        return "question", "answer"


def read(options: Options, folder: Path | None) -> dict[str, list[Pair]]:
    """Return ``train``, ``validation`` and ``test``; no question of one is in another.

    Questions that differ in case, punctuation and spaces alone are the same. Answers may be
    shared: many are said to several questions.

    Raises:
        SeqkitError: with the file and line of what is malformed.
    """
    assert folder is not None
    pairs = _pairs(folder / FILE if folder.is_dir() else folder, options.topic)
    return parts(pairs, {"validation": HELD, "test": HELD}, questions=True)


def _pairs(path: Path, topic: str) -> Iterator[Pair]:
    labels = [str(number) for number, _ in enumerate(TOPICS)]
    for number, cells in quoted(path, ","):
        where = f"{path}, line {number}"
        if number == 1:
            if cells != HEADER:
                raise SeqkitError(
                    f"{where} is not the header 'Q,A,label': this is not a file of Chatbot_data."
                )
            continue
        if len(cells) != len(HEADER) or cells[2].strip() not in labels:
            raise SeqkitError(
                f"{where} is not a question, an answer and a label of 0 to 2: correct the line."
            )
        if topic in ("all", TOPICS[int(cells[2])]):
            yield Pair(cells[0].strip(), cells[1].strip())
