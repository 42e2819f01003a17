"""An ONNX graph, written as arithmetic on values instead of as nodes with names.

``(x @ w + b).op("Tanh")`` adds a product, a sum and a hyperbolic tangent to the graph of ``x``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from seqkit.errors import SeqkitError

OPSET = 18
IR = 9  # the file format of that time, so that older runtimes read it too
LARGEST = 2_000_000_000  # bytes of a file: a protobuf message has 2 GiB at most
TYPES = {"int64": TensorProto.INT64, "float32": TensorProto.FLOAT, "bool": TensorProto.BOOL}


@dataclass(frozen=True, eq=False)
class Value:
    """What a node of a graph gives."""

    graph: "Graph"
    name: str

    def op(self, kind: str, *more: Any, **attributes: Any) -> "Value":
        """Return the one output of a node whose first input this is."""
        (result,) = self.graph.node(kind, [self, *more], 1, **attributes)
        return result

    def __add__(self, other: Any) -> "Value":
        return self.op("Add", other)

    def __sub__(self, other: Any) -> "Value":
        return self.op("Sub", other)

    def __mul__(self, other: Any) -> "Value":
        return self.op("Mul", other)

    def __truediv__(self, other: Any) -> "Value":
        """Divide; whole numbers are cut towards zero."""
        return self.op("Div", other)

    def __matmul__(self, other: Any) -> "Value":
        return self.op("MatMul", other)

    def __lt__(self, other: Any) -> "Value":
        return self.op("Less", other)

    def unsqueeze(self, *axes: int) -> "Value":
        """Return it with new axes of size 1."""
        return self.op("Unsqueeze", np.array(axes))

    def squeeze(self, *axes: int) -> "Value":
        """Return it without these axes, of size 1."""
        return self.op("Squeeze", np.array(axes))

    def transpose(self, *order: int) -> "Value":
        """Return it with its axes in another order."""
        return self.op("Transpose", perm=order)

    def sum(self, axis: int, *, keep: bool = False) -> "Value":
        """Return the sum over an axis."""
        return self.op("ReduceSum", np.array([axis]), keepdims=int(keep))

    def max(self, axis: int) -> "Value":
        """Return the maximum over an axis."""
        return self.op("ReduceMax", np.array([axis]), keepdims=0)

    def size(self, axis: int) -> "Value":
        """Return the size of an axis, a scalar."""
        return self.op("Shape", start=axis, end=axis + 1).squeeze(0)

    def float(self) -> "Value":
        """Return it as float32."""
        return self.op("Cast", to=TensorProto.FLOAT)

    def where(self, mask: "Value", other: Any) -> "Value":
        """Return it where ``mask``, and ``other`` elsewhere."""
        return mask.op("Where", self, other)

    def split(self, parts: int, axis: int = -1) -> list["Value"]:
        """Return it in equal parts."""
        return self.graph.node("Split", [self], parts, axis=axis, num_outputs=parts)

    def slice(self, begin: int, end: int, axis: int) -> "Value":
        """Return a range of an axis."""
        return self.op("Slice", np.array([begin]), np.array([end]), np.array([axis]))


@dataclass(eq=False)
class Graph:
    """A graph that is being built."""

    inputs: list[onnx.ValueInfoProto] = field(default_factory=list)
    outputs: list[onnx.ValueInfoProto] = field(default_factory=list)
    weights: dict[str, onnx.TensorProto] = field(default_factory=dict)
    scopes: list[list[onnx.NodeProto]] = field(default_factory=lambda: [[]])
    count: int = 0
    known: dict[tuple[Any, ...], Value] = field(default_factory=dict)  # constants there are
    kept: list[NDArray[Any]] = field(default_factory=list)  # so that no other takes their memory

    def _new(self, stem: str) -> str:
        self.count += 1
        return f"{stem}_{self.count}"

    def input(self, name: str, kind: str, shape: Sequence[str | int]) -> Value:
        """Return a new input; a size that is a word is open."""
        self.inputs.append(helper.make_tensor_value_info(name, TYPES[kind], list(shape)))
        return Value(self, name)

    def output(self, name: str, value: Value, shape: Sequence[str | int]) -> None:
        """Make a float32 value an output."""
        self.scopes[0].append(helper.make_node("Identity", [value.name], [name]))
        self.outputs.append(helper.make_tensor_value_info(name, TYPES["float32"], list(shape)))

    def constant(self, given: Any) -> Value:
        """Return numbers as a value: an array as it is, an int as int64, a float as float32."""
        if isinstance(given, Value):
            return given
        if isinstance(given, float):
            given = np.float32(given)
        array = np.asarray(given)
        # Of small numbers the content, of weights the memory: tied ones are written once.
        place = array.tobytes() if array.size <= 64 else (array.ctypes.data, array.strides)
        key = (array.dtype.str, array.shape, place)
        if key not in self.known:
            name = self._new("weight")
            self.kept.append(array)
            self.weights[name] = numpy_helper.from_array(array.copy(order="C"), name)
            self.known[key] = Value(self, name)
        return self.known[key]

    def node(
        self, kind: str, inputs: Sequence[Any], outputs: int, **attributes: Any
    ) -> list[Value]:
        """Add a node; None is an input that is left out."""
        names = ["" if given is None else self.constant(given).name for given in inputs]
        results = [Value(self, self._new(kind.lower())) for _ in range(outputs)]
        made = helper.make_node(kind, names, [value.name for value in results], **attributes)
        self.scopes[-1].append(made)
        return results

    def scan(
        self,
        step: Callable[[list[Value], list[Value]], list[Value]],
        state: Sequence[Value],
        inputs: Sequence[Value],
    ) -> tuple[list[Value], Value]:
        """Take ``step(state, inputs at a time) -> state`` over the first axis of ``inputs``.

        Returns:
            The last state, and the first part of the states of all times.
        """
        before = [Value(self, self._new("state")) for _ in state]
        given = [Value(self, self._new("given")) for _ in inputs]
        self.scopes.append([])
        after = [value.op("Identity") for value in step(before, given)]
        seen = after[0].op("Identity")
        body = helper.make_graph(
            self.scopes.pop(),
            self._new("step"),
            [helper.make_tensor_value_info(v.name, TYPES["float32"], None) for v in before + given],
            [helper.make_tensor_value_info(v.name, TYPES["float32"], None) for v in [*after, seen]],
        )
        results = self.node(
            "Scan", [*state, *inputs], len(state) + 1, body=body, num_scan_inputs=len(inputs)
        )
        return results[:-1], results[-1]

    def model(self, description: str) -> onnx.ModelProto:
        """Return the graph as a model.

        Raises:
            SeqkitError: if it is too large for one file.
        """
        (nodes,) = self.scopes
        if sum(len(weight.raw_data) for weight in self.weights.values()) > LARGEST:
            raise SeqkitError("the model is larger than 2 GB, which an ONNX file cannot be.")
        graph = helper.make_graph(
            nodes, "seqkit", self.inputs, self.outputs, list(self.weights.values())
        )
        opsets = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR)
        model.producer_name, model.doc_string = "seqkit", description
        return model
