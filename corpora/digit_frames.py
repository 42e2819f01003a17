"""``digit_frames``: handwritten digits side by side, read column by column; a label each.

A frame is a column of pixels (or a picture), its label the digit that it is part of. One column
alone may be of many digits: what tells them apart is what stands before and after it.
"""

from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import Literal

from pydantic import Field

from seqkit.corpora import digits
from seqkit.corpora.digits import SIDE, TRAIN, VALIDATION
from seqkit.corpus import Card, Series
from seqkit.settings import settings

CARD = Card(
    name="digit_frames",
    title="Handwritten digits in a row, a frame each column of pixels, a label each frame",
    task="labels of time steps",
    languages=("any",),
    licence=digits.CARD.licence,
    citation=digits.CARD.citation,
    homepage=digits.CARD.homepage,
    kind=Series,
    folder=digits.CARD.folder,
    files=digits.CARD.files,
    package=digits.CARD.package,
    extra=digits.CARD.extra,
)

Picture = tuple[int, tuple[float, ...]]  # a digit and its pixels, row by row


@settings
class Options:
    """How the pictures become frames."""

    frame: Literal["column", "picture"] = Field(
        default="column", description="a frame: a column of 8 pixels, or all 64 of a picture"
    )
    n: int = Field(default=0, ge=0, description="pictures of each split (0: all)")
    seed: int = Field(default=0, ge=0, description="of the order of the pictures")


def read(options: Options, folder: Path | None) -> dict[str, Iterable[Series]]:
    """Return ``train``, ``validation`` and ``test``, of other handwriting each, as in ``digits``.

    Pictures stand in a random order: people filled in forms of one order, which would tell the
    next digit. Columns ``y1`` (top) to ``y8``, or ``p1`` to ``p64``, are the pixels from 0 to 1;
    ``digit`` is the label.

    Raises:
        SeqkitError: if the file is damaged.
    """
    assert folder is not None
    pictures = list(digits.digits(folder / CARD.files[0]))
    parts = {
        "train": pictures[:TRAIN],
        "validation": pictures[TRAIN : TRAIN + VALIDATION],
        "test": pictures[TRAIN + VALIDATION :],
    }
    return {split: _columns(part, options) for split, part in parts.items()}


def _columns(pictures: list[Picture], options: Options) -> list[Series]:
    Random(options.seed).shuffle(pictures)
    frames: list[tuple[float, ...]] = []
    labels: list[str] = []
    for digit, pixels in pictures[: options.n or None]:
        whole = options.frame == "picture"
        new = [pixels] if whole else [pixels[x::SIDE] for x in range(SIDE)]
        frames += new
        labels += [str(digit)] * len(new)
    name = "p" if options.frame == "picture" else "y"
    numbers = [
        Series(f"{name}{row}", "number", values, (), 0)
        for row, values in enumerate(zip(*frames, strict=True), start=1)
    ]
    return [*numbers, Series("digit", "label", (), tuple(labels), 0)]
