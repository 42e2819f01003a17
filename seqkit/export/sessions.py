"""ONNX files of anybody's, run without torch: read whole, and from one file alone."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqkit.errors import SeqkitError

# Where in an ONNX file there are messages with tensors in them: field number to kind of message.
_INSIDE = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {13: "external", 14: "external"},
}


@dataclass(frozen=True)
class Session:
    """An ONNX model that runs: arrays by name to arrays by name.

    Attributes:
        name: for errors.
        inputs: their names.
        outputs: likewise.
        runner: onnxruntime's session.
    """

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    runner: Any

    def __call__(self, given: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Return the outputs; of ``given``, what the model does not ask for is left out.

        Raises:
            SeqkitError: if an input is missing or does not fit.
        """
        missing = [name for name in self.inputs if name not in given]
        if missing:
            raise SeqkitError(f"{self.name} asks for '{missing[0]}', which its task has not.")
        fed = {name: np.ascontiguousarray(given[name]) for name in self.inputs}
        try:
            found = self.runner.run(self.outputs, fed)
        except Exception as error:  # onnxruntime has one of its own for every code
            raise SeqkitError(f"{self.name} does not fit its folder: {_told(error)}") from None
        return dict(zip(self.outputs, found, strict=True))

    def refuse_misfit(self, output: str, size: int) -> None:
        """Make sure that there is an output of so many numbers a row.

        Raises:
            SeqkitError: if there is none: the graph is of another run than its folder.
        """
        widths = {made.name: made.shape[-1] for made in self.runner.get_outputs() if made.shape}
        if widths.get(output) != size:
            raise SeqkitError(
                f"{self.name} does not fit its folder, which asks for '{output}' of {size}: export "
                "the run again."
            )


def open_session(path: Path) -> Session:
    """Return what runs the ONNX file at ``path``.

    Raises:
        SeqkitError: if there is none, it is broken, or it would read other files.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SeqkitError(
            f"cannot read {path} ({error.strerror}): 'seqkit export RUN --onnx' writes it."
        ) from None
    return session(data, str(path))


def session(data: bytes, name: str, *, threads: int = 0) -> Session:
    """Return what runs an ONNX model.

    Args:
        data: the file.
        name: for errors.
        threads: of one run; 0 for all cores.

    Raises:
        SeqkitError: if it is broken, it would read other files, or onnxruntime is missing.
    """
    try:
        import onnxruntime
    except ImportError:
        raise SeqkitError(
            "ONNX models need the package onnxruntime: pip install 'seqkit-nlp[onnx]'."
        ) from None
    refuse_external(data, name)
    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 3, threads
    try:
        made = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has one of its own for every code
        raise SeqkitError(f"{name} is no model that onnxruntime runs: {_told(error)}") from None
    inputs, outputs = made.get_inputs(), made.get_outputs()
    return Session(name, tuple(i.name for i in inputs), tuple(o.name for o in outputs), made)


def _told(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def refuse_external(data: bytes, name: str) -> None:
    """Make sure that an ONNX file is all there is to a model.

    A tensor may name another file by any path: a model from others could read what it likes.

    Raises:
        SeqkitError: if a tensor lies elsewhere, or it is no ONNX file.
    """
    try:
        elsewhere = any(_external(memoryview(data), "model"))
    except (ValueError, RecursionError):
        raise SeqkitError(f"{name} is broken, or no ONNX file: export the run again.") from None
    if elsewhere:
        raise SeqkitError(
            f"{name} keeps weights in other files, which are not read: one file only."
        )


def _external(message: memoryview, kind: str) -> Iterator[bool]:
    """Yield True for every tensor in a message that says that its numbers lie elsewhere."""
    for number, content in _fields(message):
        inner = _INSIDE[kind].get(number)
        if inner == "external":
            yield bool(content)
        elif inner and isinstance(content, memoryview):
            yield from _external(content, inner)


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yield number and content of the fields of a protobuf message."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(message, at)
            yield number, value
            continue
        size = {1: 8, 5: 4}.get(wire, -1)
        if wire == 2:
            size, at = _varint(message, at)
        if size < 0 or at + size > len(message):
            raise ValueError("it is not a protobuf message")
        yield number, message[at : at + size]
        at += size


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(message):
            break
        byte, at = message[at], at + 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError("it is not a protobuf message")
