"""``digits``: real handwritten digits, which the package scikit-learn ships, and their names.

The caption spells the number and says what it is: 숫자 칠, 홀수, 소수; the digit seven, odd, prime.
"""

import gzip
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from seqkit.corpus import Captioned, Card
from seqkit.errors import SeqkitError
from seqkit.settings import settings

if TYPE_CHECKING:  # corpora are listed without numpy
    from seqkit.data.pictures import View

CITATION = (
    "E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning "
    "Repository, 1998."
)

CARD = Card(
    name="digits",
    title="Handwritten digits, 8x8 pixels, and their names in Korean and English",
    task="captions of pictures",
    languages=("ko", "en"),
    licence="CC BY 4.0 (UCI); scikit-learn itself is BSD-3-Clause",
    citation=CITATION,
    homepage="https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits",
    kind=Captioned,
    folder="digits",
    files=("digits.csv.gz",),
    package="sklearn/datasets/data",
    extra="images",
)

SIDE = 8
TRAIN, VALIDATION = 1287, 128  # pictures of ten forms, and of one
DARKEST = 16  # of a pixel: how many of the 4x4 dots that it covers have ink
KOREAN = ("영", "일", "이", "삼", "사", "오", "육", "칠", "팔", "구")
ENGLISH = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
PRIMES, SQUARES = (2, 3, 5, 7), (0, 1, 4, 9)

Language = Literal["ko", "en", "both"]


@settings
class Options:
    """How the digits are read."""

    language: Language = Field(
        default="both", description="of the captions; both: Korean, then English, in one caption"
    )
    n: int = Field(default=0, ge=0, description="pictures of each digit to train on (0: all)")


def read(options: Options, folder: Path | None) -> dict[str, Iterable[Captioned]]:
    """Return ``train`` (1,287 pictures), ``validation`` (128) and ``test`` (382).

    The same 130 digits recur in the same order, fourteen times: forms that people filled in.
    Ten forms are learnt from, the next is for validation and the last three are for test, so
    that no handwriting is on two sides.

    Raises:
        SeqkitError: with the line of what is malformed.
    """
    assert folder is not None
    pictures = list(rows(folder / CARD.files[0], options.language))
    train = pictures[:TRAIN]
    return {
        "train": list(_first(train, options.n)) if options.n else train,
        "validation": pictures[TRAIN : TRAIN + VALIDATION],
        "test": pictures[TRAIN + VALIDATION :],
    }


def view(_options: Options) -> "View":
    """Return how a picture of the user's own is to be seen."""
    from seqkit.data.pictures import View

    return View(height=SIDE, width=SIDE, colour="ink")


def caption(digit: int, language: Language) -> str:
    """Return what is said of a digit, from 0 to 9."""
    korean = [f"숫자 {KOREAN[digit]}", "홀수" if digit % 2 else "짝수"]
    english = [f"the digit {ENGLISH[digit]}", "odd" if digit % 2 else "even"]
    if digit in PRIMES:
        korean.append("소수")
        english.append("prime")
    if digit in SQUARES:
        korean.append("제곱수")
        english.append("square")
    said = {"ko": ", ".join(korean), "en": ", ".join(english)}
    return said[language] if language != "both" else f"{said['ko']}; {said['en']}"


def digits(path: Path) -> Iterator[tuple[int, tuple[float, ...]]]:
    """Yield each digit and its 64 pixels, row by row, from 0 (paper) to 1 (ink).

    Raises:
        SeqkitError: with the line of what is malformed.
    """
    try:
        with gzip.open(path, "rt", encoding="ascii") as file:
            for number, line in enumerate(file, start=1):
                yield _digit(line, f"{path}, line {number}")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError):
        raise SeqkitError(
            f"{path} is damaged: pip install --force-reinstall scikit-learn."
        ) from None


def _digit(line: str, where: str) -> tuple[int, tuple[float, ...]]:
    try:
        *pixels, digit = map(int, line.split(","))
    except ValueError:
        raise SeqkitError(f"{where} holds what is not a number: this is not digits.csv.") from None
    if len(pixels) != SIDE * SIDE or not 0 <= digit <= 9 or not 0 <= min(pixels) <= DARKEST:
        raise SeqkitError(f"{where} is not of 64 pixels and a digit: this is not digits.csv.")
    return digit, tuple(pixel / DARKEST for pixel in pixels)


def rows(path: Path, language: Language) -> Iterator[Captioned]:
    """Yield the pictures with their captions."""
    for number, (digit, pixels) in enumerate(digits(path)):
        name = f"{number:04}-{digit}"
        yield Captioned(name, (SIDE, SIDE, 1), pixels, (caption(digit, language),))


def _first(pictures: Iterable[Captioned], n: int) -> Iterator[Captioned]:
    seen: dict[tuple[str, ...], int] = {}
    for picture in pictures:
        seen[picture.captions] = seen.get(picture.captions, 0) + 1
        if seen[picture.captions] <= n:
            yield picture
