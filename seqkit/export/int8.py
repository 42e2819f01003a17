"""Weights rounded to 8 bits, and activations as they come: dynamic quantisation."""

import logging
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import onnx

from seqkit.errors import SeqkitError
from seqkit.export.checking import SIZES
from seqkit.export.models import Part
from seqkit.export.sessions import session

KINDS = ["MatMul", "Gather", "LSTM"]  # a GRU's weights have no 8-bit operator


def quantised(part: Part) -> onnx.ModelProto:
    """Return the graph with weights of 8 bits; it runs by onnxruntime alone.

    What is not a product, an embedding or an LSTM keeps its precision: a GRU and the cells that
    are a loop. Activations are scaled by the batch they are in: an answer may differ a little
    with its company.

    Raises:
        SeqkitError: if what it says is not finite where the whole model's is.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder) / "whole.onnx", Path(folder) / "int8.onnx"
        before.write_bytes(_untied(part.model).SerializeToString())
        logging.disable(logging.WARNING)  # of a tool's advice to run another one first
        try:
            quantize_dynamic(before, after, op_types_to_quantize=KINDS, weight_type=QuantType.QInt8)
        finally:
            logging.disable(logging.NOTSET)
        model = onnx.load(after)
    runner, random = session(model.SerializeToString(), "int8", threads=1), np.random.default_rng(1)
    for rows, time in SIZES:
        said = runner(part.example(rows, time, random))
        if not all(np.isfinite(value).all() for value in said.values()):
            raise SeqkitError(
                f"rounded to 8 bits, the {part.name} says no numbers: leave out --int8."
            )
    return model


def _untied(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the model with a copy of weights for each product that shares them.

    onnxruntime's tool transposes them for the product, and for whatever else reads them.
    """
    copied = onnx.ModelProto()
    copied.CopyFrom(model)
    graph = copied.graph
    uses = Counter(name for node in graph.node for name in node.input)
    weights = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Gemm" and uses[node.input[1]] > 1:
            graph.initializer.append(weights[node.input[1]])
            graph.initializer[-1].name += "_untied"
            node.input[1] += "_untied"
    return copied
