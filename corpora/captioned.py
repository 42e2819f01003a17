"""Pictures of the user's own with their captions, or vectors of ready features with theirs.

In a folder: ``captions.tsv``, a picture's file (as the folder sees it), a tab and a caption a
line; a file that comes several times has several captions, and a blank line is nothing. Or
``features.npy``, a vector a row, and beside it ``features.tsv``, the captions of each row, several
between tabs. Or ``features.npz`` with the arrays ``features`` and ``captions``; such a file may
also be named itself. Files named ``train``, ``validation`` and ``test`` in place of ``captions``
or ``features`` are the splits; else shares of the pictures are held out.
"""

import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from seqkit.corpora.labelled import SPLITS
from seqkit.corpus import Captioned, Card
from seqkit.errors import SeqkitError
from seqkit.files import read_lines
from seqkit.settings import settings

if TYPE_CHECKING:  # corpora are listed without numpy
    from seqkit.data.pictures import View

CARD = Card(
    name="captioned",
    title="Your own pictures, or vectors of features, and their captions",
    task="captions of pictures",
    languages=("any",),
    licence="yours",
    citation="",
    homepage="",
    kind=Captioned,
)

WHOLE = ("captions", "features")  # stems of files that are not split
ENDINGS = (".tsv", ".npz", ".npy")  # of one name the last: a .tsv beside a .npy is its captions
HEADER = ["file", "caption"]


@settings
class Options:
    """How pictures are seen, and how many are held out."""

    height: int = Field(default=32, ge=1, le=1024, description="pixels of every picture")
    width: int = Field(default=32, ge=1, le=1024, description="pixels of every picture")
    colour: Literal["rgb", "rgba", "grey", "ink"] = Field(
        default="rgb", description="channels; ink: handwriting, dark on light or light on dark"
    )
    validation: float = Field(
        default=0.1, ge=0, lt=1, description="share of the pictures, if no file is that split"
    )
    test: float = Field(
        default=0.1, ge=0, lt=1, description="share of the pictures, if no file is that split"
    )
    seed: int = Field(default=0, ge=0, description="of the choice of those held out")

    @model_validator(mode="after")
    def _leave_some(self) -> "Options":
        if self.validation + self.test >= 1:
            raise ValueError(
                f"validation={self.validation:g} and test={self.test:g} leave nothing to train on"
            )
        return self


def view(options: Options) -> "View":
    """Return how pictures are seen."""
    from seqkit.data.pictures import View

    return View(height=options.height, width=options.width, colour=options.colour)


def read(options: Options, folder: Path | None) -> dict[str, Iterable[Captioned]]:
    """Return the splits found at ``folder``: a folder, or an ``.npz`` file of features.

    Raises:
        SeqkitError: with the file and line of what is no picture, is missing, has no caption or
            is of another width.
    """
    assert folder is not None
    parts = {split: list(_examples(file, view(options))) for split, file in _files(folder).items()}
    _refuse_other_widths(parts, folder)
    if len(parts) > 1:
        return {**parts}
    return _held_out(parts["train"], options, folder)


def examples(path: Path, options: Options, seen: "View | None") -> Iterator[Captioned]:
    """Yield what is to be scored at a path: its test split if it has one, else all of it.

    Raises:
        SeqkitError: as :func:`read` does, or if it has pictures where ``seen`` is None.
    """
    files = _files(path)
    file = files.get("test", files["train"])
    if seen is None and file.suffix == ".tsv":
        raise SeqkitError(f"{file} names pictures, and the run reads ready vectors: give .npz.")
    yield from _examples(file, seen or view(options))


def _files(path: Path) -> dict[str, Path]:
    """Return the file of each split; one alone is ``train``."""
    if path.is_file():
        if path.suffix != ".npz":
            raise SeqkitError(f"{path} is a file: name its folder, or an .npz file of features.")
        return {"train": path}
    there = {p.stem: p for ending in ENDINGS for p in path.glob(f"*{ending}") if p.is_file()}
    splits = {
        split: next((there[stem] for stem in stems if stem in there), None)
        for split, stems in SPLITS.items()
    }
    found = {split: file for split, file in splits.items() if file is not None}
    if "train" in found:
        return found
    whole = next((there[stem] for stem in WHOLE if stem in there), None)
    if whole is None:
        raise SeqkitError(
            f"{path} has no captions.tsv: write a picture's file, a tab and a caption a line "
            "('seqkit data show captioned' tells of other forms)."
        )
    return {"train": whole}


def _held_out(
    rows: list[Captioned], options: Options, folder: Path
) -> dict[str, Iterable[Captioned]]:
    order = list(range(len(rows)))
    Random(options.seed).shuffle(order)
    shares = {"validation": options.validation, "test": options.test}
    sizes = {split: max(1, round(s * len(rows))) for split, s in shares.items() if s}
    if sum(sizes.values()) >= len(rows):
        raise SeqkitError(
            f"{folder} has {len(rows)} pictures: too few for splits of train, "
            f"{' and '.join(sizes)}; add some, or set data.validation=0 data.test=0."
        )
    parts: dict[str, Iterable[Captioned]] = {}
    for split, size in sizes.items():
        parts[split] = [rows[i] for i in sorted(order[:size])]
        order = order[size:]
    return {"train": [rows[i] for i in sorted(order)], **parts}


def _refuse_other_widths(parts: dict[str, list[Captioned]], folder: Path) -> None:
    shapes = {split: rows[0].shape for split, rows in parts.items()}
    for split, shape in shapes.items():
        if shape != shapes["train"]:
            raise SeqkitError(
                f"{folder}: {split} has {shape[0]} features a row and train "
                f"{shapes['train'][0]}: all must have as many."
            )


def _examples(file: Path, seen: "View") -> Iterator[Captioned]:
    if file.suffix == ".tsv":
        return _pictures(file, seen)
    return _vectors(file)


def _pictures(file: Path, seen: "View") -> Iterator[Captioned]:
    """Yield the pictures that a captions file names, in the order of their first line."""
    from seqkit.data.pictures import read_picture

    captions: dict[str, list[str]] = {}
    lines: dict[str, int] = {}
    for number, line in read_lines(file):
        cells, where = line.split("\t"), f"{file}, line {number}"
        if not line.strip() or (number == 1 and cells == HEADER):
            continue
        if len(cells) != 2 or not cells[0].strip():
            raise SeqkitError(
                f"{where} has {len(cells)} cells: write a picture's file, a tab and a caption."
            )
        if not cells[1].strip():
            raise SeqkitError(f"{where}: the caption of {cells[0]} is empty: write one.")
        captions.setdefault(cells[0], []).append(cells[1])
        lines.setdefault(cells[0], number)
    if not captions:
        raise SeqkitError(f"{file} names no picture: every line is blank.")
    for name, several in captions.items():
        try:
            pixels = read_picture(file.parent / name, seen)
        except SeqkitError as error:
            raise SeqkitError(f"{file}, line {lines[name]}: {error}") from None
        yield Captioned(name, pixels.shape, tuple(pixels.ravel().tolist()), tuple(several))


def _vectors(file: Path) -> Iterator[Captioned]:
    """Yield the rows of a features file, which are not unpickled."""
    import numpy as np

    arrays = _arrays(file)
    features = arrays["features"]
    if features.ndim != 2 or features.dtype.kind not in "fiu" or not features.size:
        raise SeqkitError(
            f"{file}: the features are {features.dtype} of shape {features.shape}: "
            "numbers of (rows, features) are needed."
        )
    captions = _captions(file, arrays)
    if len(captions) != len(features):
        raise SeqkitError(
            f"{file} has {len(features)} rows of features and {len(captions)} of captions."
        )
    features = features.astype(np.float32)
    for row, (vector, several) in enumerate(zip(features, captions, strict=True), start=1):
        if not np.isfinite(vector).all():
            raise SeqkitError(f"{file}, row {row} has a number that is not finite.")
        if not several or not all(caption.strip() for caption in several):
            raise SeqkitError(f"{file}, row {row}: the caption is empty: write one.")
        yield Captioned(str(row), (len(vector),), tuple(vector.tolist()), several)


def _arrays(file: Path) -> dict[str, Any]:
    import numpy as np

    try:
        loaded = np.load(file, allow_pickle=False)
        if file.suffix == ".npy":
            return {"features": loaded}
        with loaded:
            return {name: loaded[name] for name in ("features", "captions")}
    except KeyError as error:
        raise SeqkitError(f"{file} has no array {error}: it needs features and captions.") from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error, AttributeError):
        raise SeqkitError(
            f"{file} is damaged, or holds Python objects, which are never unpickled: save numbers "
            "and a plain array of text."
        ) from None


def _captions(file: Path, arrays: dict[str, Any]) -> list[tuple[str, ...]]:
    if file.suffix == ".npy":
        beside = file.with_suffix(".tsv")
        if not beside.is_file():
            raise SeqkitError(f"{file} has no {beside.name} beside it, with a caption a line.")
        return [tuple(line.split("\t")) for _, line in read_lines(beside)]
    texts = arrays["captions"]
    if texts.dtype.kind != "U" or texts.ndim not in (1, 2):
        raise SeqkitError(f"{file}: the captions are {texts.dtype}, and text is needed.")
    rows = texts.reshape(len(texts), -1).tolist()  # a shorter row of several ends in ""
    return [tuple(caption for caption in row if caption.strip()) for row in rows]
