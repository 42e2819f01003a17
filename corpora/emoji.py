"""``emoji``: small colour pictures and their names in Korean and English.

A *concept* is what several pictures show in different skin tones; its variants are the pictures.
"""

import re
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pydantic import Field, model_validator

from seqkit.corpus import Captioned, Card
from seqkit.errors import SeqkitError
from seqkit.files import read_lines
from seqkit.settings import settings

if TYPE_CHECKING:  # corpora are listed without numpy
    import numpy as np
    from numpy.typing import NDArray

    from seqkit.data.pictures import View

CARD = Card(
    name="emoji",
    title="Emoji, 32x32 pixels, and their names in Korean and English",
    task="captions of pictures",
    languages=("ko", "en"),
    licence="pictures CC BY 4.0 (Twemoji), names Unicode licence (CLDR)",
    citation="Twemoji by Twitter and contributors; names by the Unicode CLDR project.",
    homepage="https://github.com/iamcal/emoji-data",
    kind=Captioned,
    folder="emoji_captions",
    files=("emoji32_twitter.npz", "emoji32_twitter.tsv"),
)

COLUMNS = ["hex", "category", "skin_variant", "en", "ko", "en_tags", "ko_tags"]
SKIN = re.compile("-1F3F[B-F]")
SIDE = 32


@settings
class Options:
    """How the pictures are read, and which of them are held out."""

    language: Literal["ko", "en"] = Field(default="en", description="of the names")
    colour: Literal["rgb", "rgba", "grey"] = Field(
        default="rgb", description="channels, on white; rgba has opacity too"
    )
    category: str = Field(
        default="", description="only these, as Food & Drink (empty: all categories)"
    )
    validation: float = Field(
        default=0.1, ge=0, lt=1, description="share of the variants of a concept, on average"
    )
    test: float = Field(
        default=0.2, ge=0, lt=1, description="share of the variants of a concept, on average"
    )
    concepts: float = Field(
        default=0.05, ge=0, lt=1, description="share of the concepts, for a split of unseen ones"
    )
    seed: int = Field(default=0, ge=0, description="of what is held out")

    @model_validator(mode="after")
    def _leave_some(self) -> "Options":
        if self.validation + self.test >= 1:
            raise ValueError(
                f"validation={self.validation:g} and test={self.test:g} leave nothing to train on"
            )
        return self


class Emoji(NamedTuple):
    """A row of the table: code points, what kind of thing it is, and its name."""

    hex: str
    category: str
    name: str

    @property
    def concept(self) -> str:
        """What it shows, whatever the skin."""
        return SKIN.sub("", self.hex).replace("-FE0F", "")


def read(options: Options, folder: Path | None) -> dict[str, Iterable[Captioned]]:
    """Return ``train``, ``validation``, ``test`` and ``concepts``.

    In ``validation`` and ``test`` are variants of concepts that have others in train; a concept
    of a single picture is in train. In ``concepts`` are all pictures of concepts that no other
    split has: names never seen whole.

    Raises:
        SeqkitError: if a file is damaged, with the line of what is malformed.
    """
    assert folder is not None
    pictures, table = (folder / name for name in CARD.files)
    pixels, emojis = _pixels(pictures), list(rows(table, options.language))
    if len(pixels) != len(emojis):
        raise SeqkitError(
            f"{pictures} has {len(pixels)} pictures and {table} {len(emojis)} rows: "
            "they are not of one set."
        )
    categories = {emoji.category for emoji in emojis}
    if options.category and options.category not in categories:
        from seqkit.errors import unknown

        raise unknown("category", options.category, sorted(categories), str(table))
    chosen = _split(emojis, options)
    return {split: _examples(numbers, emojis, pixels, options) for split, numbers in chosen.items()}


def view(options: Options) -> "View":
    """Return how a picture of the user's own is to be seen."""
    from seqkit.data.pictures import View

    return View(height=SIDE, width=SIDE, colour=options.colour)


def rows(path: Path, language: Literal["ko", "en"]) -> Iterator[Emoji]:
    """Yield the rows of the table, tab-separated under a header.

    Raises:
        SeqkitError: with the line of what is malformed.
    """
    for number, line in read_lines(path):
        cells, where = line.split("\t"), f"{path}, line {number}"
        if number == 1:
            if cells != COLUMNS:
                raise SeqkitError(f"{where} is not the header '{', '.join(COLUMNS)}'.")
            continue
        if len(cells) != len(COLUMNS):
            raise SeqkitError(f"{where} has {len(cells)} cells, and needs {len(COLUMNS)}.")
        row = dict(zip(COLUMNS, cells, strict=True))
        if not row[language].strip():
            raise SeqkitError(f"{where}: the name ({language}) is empty: write one.")
        yield Emoji(row["hex"], row["category"], row[language])


def _pixels(path: Path) -> "NDArray[np.uint8]":
    """Return ``(pictures, 32, 32, 4)``; nothing is unpickled."""
    import numpy as np

    try:
        with np.load(path, allow_pickle=False) as file:
            found: Any = file["rgba"]
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error):
        raise SeqkitError(f"{path} is damaged or holds no array 'rgba': get it again.") from None
    if found.dtype != np.uint8 or found.shape[1:] != (SIDE, SIDE, 4):
        raise SeqkitError(
            f"{path}: 'rgba' is {found.dtype} of shape {found.shape}, where uint8 of "
            f"(pictures, {SIDE}, {SIDE}, 4) is needed."
        )
    return np.asarray(found)


def _split(emojis: list[Emoji], options: Options) -> dict[str, list[int]]:
    """Return the rows of each split."""
    variants: defaultdict[str, list[int]] = defaultdict(list)
    for number, emoji in enumerate(emojis):
        if options.category in ("", emoji.category):
            variants[emoji.concept].append(number)
    draw = Random(options.seed)
    names = sorted(variants)
    draw.shuffle(names)
    unseen = round(options.concepts * len(names))
    splits: dict[str, list[int]] = {"train": [], "validation": [], "test": [], "concepts": []}
    splits["concepts"] = [number for name in names[:unseen] for number in variants[name]]
    due = {"validation": 0.0, "test": 0.0}  # carried over: few concepts have ten variants
    for name in names[unseen:]:
        numbers = list(variants[name])
        draw.shuffle(numbers)
        if len(numbers) > 1:
            for split, share in (("test", options.test), ("validation", options.validation)):
                due[split] += share * len(variants[name])
                while due[split] >= 1 and len(numbers) > 1:
                    splits[split].append(numbers.pop())
                    due[split] -= 1
        splits["train"] += numbers
    return {split: sorted(numbers) for split, numbers in splits.items() if numbers}


def _examples(
    numbers: list[int], emojis: list[Emoji], pixels: "NDArray[np.uint8]", options: Options
) -> Iterator[Captioned]:
    from seqkit.data.pictures import seen

    for number in numbers:
        values = seen(pixels[number], options.colour)
        emoji = emojis[number]
        yield Captioned(emoji.hex, values.shape, tuple(values.ravel().tolist()), (emoji.name,))
