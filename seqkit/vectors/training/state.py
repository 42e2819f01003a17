"""The state of a training of word vectors: weights, and how far it has come."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqkit.errors import SeqkitError
from seqkit.files import atomic
from seqkit.vectors.files.folder import map_tensors, write_tensors
from seqkit.vectors.training.tiles import LANES

Floats = NDArray[np.float32]
FOLDER, FILE = "training", "state.safetensors"


@dataclass
class Position:
    """How far a training has come.

    Attributes:
        settings: it was begun with.
        digest: of the words and text, which a resumed training must find again.
        epoch: finished ones.
        block: finished ones of the next epoch.
        blocks: of an epoch.
        seconds: spent on training.
        loss: summed over the pairs of the unfinished epoch.
        pairs: of the unfinished epoch.
        kept: tokens of it that subsampling left.
        log: a row for each finished epoch.
    """

    settings: dict[str, Any]
    digest: str
    blocks: int
    epoch: int = 0
    block: int = 0
    seconds: float = 0.0
    loss: float = 0.0
    pairs: int = 0
    kept: int = 0
    log: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class State:
    """Weights, padded to whole vectors of the processor, and the position.

    Attributes:
        input: ``(words + buckets, width)`` float32.
        output: ``(words, width)`` float32.
        counts: ``(words,)`` int64, of all text that the words were ever trained on.
        position: how far it is.
    """

    input: Floats
    output: Floats
    counts: NDArray[np.int64]
    position: Position

    def save(self, out: Path) -> None:
        """Write all of it to the folder of training, atomically."""
        about = json.dumps(asdict(self.position), ensure_ascii=False).encode()
        with atomic(out / FOLDER / FILE) as file:
            weights: dict[str, NDArray[Any]] = {"input": self.input, "output": self.output}
            rest: dict[str, NDArray[Any]] = {"counts": self.counts}
            rest["position"] = np.frombuffer(about, np.uint8)
            write_tensors(file, {**weights, **rest})


def load(out: Path) -> State:
    """Read what :meth:`State.save` wrote.

    Raises:
        SeqkitError: if there is none or it is damaged.
    """
    tensors = _tensors(out)
    try:
        first, second = (into(tensors[name], tensors[name].shape) for name in ("input", "output"))
        return State(first, second, np.array(tensors["counts"]), _position(tensors))
    except (KeyError, ValueError, TypeError):
        raise _damaged(out) from None


def position_of(out: Path) -> Position:
    """Read the position alone, as :func:`load` does."""
    try:
        return _position(_tensors(out))
    except (KeyError, ValueError, TypeError):
        raise _damaged(out) from None


def _tensors(out: Path) -> dict[str, NDArray[Any]]:
    path = Path(out) / FOLDER / FILE
    if not path.is_file():
        raise SeqkitError(f"{out} holds no state of a training to go on from: begin without it.")
    return map_tensors(path)


def _position(tensors: dict[str, NDArray[Any]]) -> Position:
    return Position(**json.loads(tensors["position"].tobytes()))


def _damaged(out: Path) -> SeqkitError:
    path = Path(out) / FOLDER / FILE
    return SeqkitError(f"{path} is damaged: train anew, with --overwrite.")


def width_of(size: int) -> int:
    """Return the width of rows for vectors of a size: whole vectors of the processor."""
    return -(-size // LANES) * LANES


def into(values: Floats | None, shape: tuple[int, ...]) -> Floats:
    """Return an array of a shape that begins with the values, zeros elsewhere.

    It lies at a multiple of 64 bytes, and zeros that are never touched take no memory.
    """
    count = int(np.prod(shape))
    raw = np.zeros(count * 4 + 64, np.uint8)
    begin = -raw.ctypes.data % 64
    array: Floats = raw[begin : begin + count * 4].view(np.float32).reshape(shape)
    if values is not None:
        array[: values.shape[0], : values.shape[1]] = values
    return array
