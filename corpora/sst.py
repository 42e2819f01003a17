"""SST, the Stanford Sentiment Treebank: sentences of film reviews, in two classes or five."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field

from seqkit.corpus import Card, Labelled, Source
from seqkit.errors import SeqkitError
from seqkit.files import read_lines
from seqkit.settings import settings

SPLITS = {"train": "train", "validation": "dev", "test": "test"}
PARTS = tuple(SPLITS.values())
TREES = tuple(f"{part}.txt" for part in PARTS)
SST2 = tuple(f"sst2_{part}.tsv" for part in PARTS)
SST5 = tuple(f"sst5_{part}.txt" for part in PARTS)

CARD = Card(
    name="sst",
    title="SST: Stanford Sentiment Treebank, whole sentences (SST-2 or SST-5)",
    task="sentiment classification",
    languages=("en",),
    licence="none stated; made for research",
    citation=(
        "R. Socher, A. Perelygin, J. Wu, J. Chuang, C. D. Manning, A. Ng, C. Potts, Recursive "
        "deep models for semantic compositionality over a sentiment treebank, EMNLP 2013."
    ),
    homepage="https://nlp.stanford.edu/sentiment/",
    kind=Labelled,
    folder="sst",
    files=TREES,
    also=(("sst", SST2 + SST5),),
    sources=(
        Source(
            url="https://nlp.stanford.edu/sentiment/trainDevTestTrees_PTB.zip",
            sha256="5c613a4f673fc74097d523a2c83f38e0cc462984d847b82c7aaf36b01cbbbfcc",
            size=789_539,
        ),
    ),
)

NAMES = ("very negative", "negative", "neutral", "positive", "very positive")
Scored = tuple[int, str]  # from 0, the worst, to 4; and the sentence

ROOT = re.compile(r"\([0-4] .*\)")
LEAF = re.compile(r"\([0-4] ([^() ]+)\)")

# What the treebank writes in place of characters that mean something in a tree.
ESCAPES = {"-lrb-": "(", "-rrb-": ")", "-lsb-": "[", "-rsb-": "]", "-lcb-": "{", "-rcb-": "}"}


@settings
class Options:
    """How SST is read."""

    version: Literal["sst2", "sst5"] = Field(
        default="sst2", description="sst2: negative or positive, no neutral; sst5: five classes"
    )


def read(options: Options, folder: Path | None) -> dict[str, Iterable[Labelled]]:
    """Return ``train``, ``validation`` and ``test``: whole sentences, no phrases of them.

    Sizes are 6,920 / 872 / 1,821 (sst2) and 8,544 / 1,101 / 2,210 (sst5). ``folder`` has the
    trees of the official archive (``train.txt``, ``dev.txt``, ``test.txt``), or sentences as
    they are passed around: ``sst2_*.tsv`` (sentence, tab, 0 or 1) and ``sst5_*.txt`` (0 to 4,
    space, sentence). Either way they are lower-cased tokens with spaces between, though
    ``sst2_*.tsv`` has lost most of its punctuation and all its accents.

    Raises:
        SeqkitError: while the splits are consumed, with the file and line of what is malformed.
    """
    assert folder is not None
    if all((folder / name).is_file() for name in TREES):
        names, scored = TREES, _trees
    elif options.version == "sst5":
        names, scored = SST5, _lines
    else:
        names, scored = SST2, _table
    named = _fine if options.version == "sst5" else _binary
    return {split: named(scored(folder / name)) for split, name in zip(SPLITS, names, strict=True)}


def _fine(rows: Iterable[Scored]) -> Iterator[Labelled]:
    return (Labelled(text, (NAMES[score],)) for score, text in rows)


def _binary(rows: Iterable[Scored]) -> Iterator[Labelled]:
    """Name the side of neutral that a sentence is on; one that is on none is left out."""
    return (Labelled(text, (NAMES[3 if score > 2 else 1],)) for score, text in rows if score != 2)


def _trees(path: Path) -> Iterator[Scored]:
    """Yield the score at the root of each tree, and its leaves: ``(3 (2 It) (4 works))``."""
    for number, line in read_lines(path):
        leaves = LEAF.findall(line)
        if not (ROOT.fullmatch(line) and leaves and line.count("(") == line.count(")")):
            raise SeqkitError(
                f"{path}, line {number} is not a tree of SST such as '(3 (2 It) (4 works))'."
            )
        yield int(line[1]), _unescaped(leaves)


def _unescaped(tokens: Iterable[str]) -> str:
    words = (token.lower().replace("\\", "") for token in tokens)
    return " ".join(ESCAPES.get(word, word) for word in words)


def _lines(path: Path) -> Iterator[Scored]:
    for number, line in read_lines(path):
        score, space, text = line.partition(" ")
        if not space or score not in ("0", "1", "2", "3", "4"):
            raise SeqkitError(
                f"{path}, line {number} is not a score from 0 to 4, a space and a sentence."
            )
        yield int(score), _unescaped(text.split(" "))


def _table(path: Path) -> Iterator[Scored]:
    """Yield sentences with 1 as a positive score, 0 as a negative one."""
    for number, line in read_lines(path):
        text, tab, label = line.partition("\t")
        if not tab or label not in ("0", "1"):
            raise SeqkitError(f"{path}, line {number} is not a sentence, a tab and 0 or 1.")
        yield (3 if label == "1" else 1), text
