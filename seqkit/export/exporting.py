"""A run as ONNX: built, checked against torch, and only then written."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqkit.errors import SeqkitError
from seqkit.export import models, translator
from seqkit.export.checking import SIZES, check
from seqkit.export.graph import OPSET
from seqkit.export.int8 import quantised
from seqkit.export.models import Part
from seqkit.export.runtime import FOLDERS
from seqkit.files import atomic_folder, write_bytes, write_json
from seqkit.predict import load
from seqkit.train.run import Run

# What an answerer needs besides the model, as it lies in a run.
KEPT = (
    *("tokenizer", "vocabulary.txt", "spelling", "ngrams", "labels.json"),
    *("target_tokenizer", "target_vocabulary.txt", "languages.json"),
)
# The graphs of a run of each task, from what answers for it.
PARTS: dict[str, Callable[[Any], list[Part]]] = {
    "classification": lambda answerer: [models.classifier(answerer.model)],
    "tagging": lambda answerer: [models.tagger(answerer.model)],
    "language_modelling": lambda answerer: [models.language_model(answerer.model)],
    "translation": lambda answerer: translator.parts(answerer.model),
}


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes:
        path: the folder, or the one file.
        bytes: of each graph, by its file's name.
        difference: the largest between ONNX and torch, before any rounding to 8 bits.
        sizes: (rows, time) at which they were compared.
    """

    path: Path
    bytes: dict[str, int]
    difference: float
    sizes: Sequence[tuple[int, int]]


def export(run: Path, out: Path | None = None, *, int8: bool = False) -> Exported:
    """Write a run as ONNX.

    Args:
        run: the run directory.
        out: a folder, which then answers without torch; or a file that ends in ``.onnx``, the
            graph alone. None: ``onnx`` or ``onnx-int8`` in the run.
        int8: round the weights of products, embeddings and LSTMs to 8 bits.

    Raises:
        SeqkitError: if the run cannot be exported, ONNX and torch differ, or ``out`` exists.
    """
    opened = Run.open(run)
    saved = opened.settings()
    if "onnx" in saved:
        raise SeqkitError(f"{run} is an exported folder already: name the run that it is of.")
    if saved["task"] not in PARTS:
        raise SeqkitError(
            f"{run} is a run of {saved['task']}, which has no ONNX form: those of "
            f"{', '.join(PARTS)} do."
        )
    out = out or opened.folder / FOLDERS[int8]
    if out.exists():
        raise SeqkitError(f"{out} exists already: choose another --out, or remove it.")
    parts = PARTS[saved["task"]](load(run))
    if out.suffix == ".onnx" and len(parts) > 1:
        raise SeqkitError(
            f"a run of {saved['task']} is {len(parts)} graphs: name a folder by --out."
        )
    difference = max(check(part) for part in parts)
    graphs = {f"{part.name}.onnx": _written(part, int8) for part in parts}
    if out.suffix == ".onnx":
        write_bytes(out, next(iter(graphs.values())))
    else:
        about = {"int8": int8, "opset": OPSET, "difference": difference}
        _write_folder(opened, out, graphs, {**saved, "onnx": about})
    return Exported(out, {name: len(data) for name, data in graphs.items()}, difference, SIZES)


def _written(part: Part, int8: bool) -> bytes:
    model = quantised(part) if int8 else part.model
    data = model.SerializeToString()
    assert isinstance(data, bytes)
    return data


def _write_folder(run: Run, out: Path, graphs: dict[str, bytes], settings: dict[str, Any]) -> None:
    with atomic_folder(out) as folder:
        for name in KEPT:
            source = run.folder / name
            if source.is_dir():
                shutil.copytree(source, folder / name)
            elif source.is_file():
                shutil.copyfile(source, folder / name)
        for name, data in graphs.items():
            write_bytes(folder / name, data)
        write_json(folder / "settings.json", settings)
