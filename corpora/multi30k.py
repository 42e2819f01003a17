"""Multi30k: 31,014 descriptions of photographs in English, German and French."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from seqkit.corpora._pairs import direction, parallel
from seqkit.corpus import Card, Pair
from seqkit.settings import settings

LANGUAGES = ("de", "en", "fr")
SPLITS = {"train": "train", "validation": "val", "test": "test_2016_flickr"}

CARD = Card(
    name="multi30k",
    title="Multi30k, task 1: descriptions of photographs, test set 2016 (Flickr)",
    task="translation",
    languages=LANGUAGES,
    licence="research and education; descriptions after Flickr30k, whose terms hold",
    citation=(
        "D. Elliott, S. Frank, K. Sima'an, L. Specia, Multi30K: Multilingual English-German Image "
        "Descriptions, Workshop on Vision and Language 2016; French: D. Elliott, S. Frank, "
        "L. Barrault, F. Bougares, L. Specia, WMT 2017."
    ),
    homepage="https://github.com/multi30k/dataset",
    kind=Pair,
    folder="multi30k",
    files=tuple(f"{part}.{language}" for part in SPLITS.values() for language in ("de", "en")),
)


@settings
class Options:
    """From which language to which."""

    source: Literal["", "de", "en", "fr"] = Field(
        default="", description="language to translate from (de)"
    )
    target: Literal["", "de", "en", "fr"] = Field(
        default="", description="language to translate to (en; from en: de)"
    )

    @model_validator(mode="after")
    def _checked(self) -> "Options":
        _ = self.direction
        return self

    @property
    def direction(self) -> tuple[str, str]:
        """The languages of source and target."""
        return direction(self.source, self.target, LANGUAGES)


def card(options: Options, path: str) -> Card:
    """Return the card of the two languages that are read."""
    del path
    both = options.direction
    files = tuple(f"{part}.{language}" for part in SPLITS.values() for language in both)
    return replace(CARD, languages=both, files=files)


def read(options: Options, folder: Path | None) -> dict[str, Iterable[Pair]]:
    """Return ``train`` (29,000 pairs), ``validation`` (1,014) and ``test`` (1,000): raw, cased.

    Raises:
        SeqkitError: while the splits are consumed, if two files differ in their number of lines.
    """
    assert folder is not None
    one, other = options.direction
    return {
        split: parallel(folder / f"{part}.{one}", folder / f"{part}.{other}")
        for split, part in SPLITS.items()
    }
