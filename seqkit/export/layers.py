"""The layers of :mod:`seqkit.nn` as ONNX, each from the trained module.

A value is ``(batch, time, features)`` unless it says otherwise; ``mask`` is ``(batch, time)``,
true at real tokens. What only training does (dropout) is left out.
"""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from seqkit.export.graph import Value
from seqkit.nn.convolution import TextCNN
from seqkit.nn.embedding import Embedding
from seqkit.nn.head import Head
from seqkit.nn.pooling import Attention, Pooling
from seqkit.nn.softmax import AdaptiveSoftmax, FullSoftmax
from seqkit.nn.tag_scores import ComposedScores
from seqkit.nn.wide import SCALE, Wide
from seqkit.nn.word_encoder import BUCKETS, Pieces, WordEncoder

Array = NDArray[Any]


def array(tensor: Tensor) -> Array:
    """Return a tensor's numbers."""
    numbers: Array = tensor.detach().cpu().numpy()
    return numbers


def mask_of(lengths: Value, time: Value) -> Value:
    """Return ``(rows, time)``, true where a row of ``lengths`` ``(rows,)`` has something."""
    steps = lengths.graph.constant(0).op("Range", time, 1)
    return steps.unsqueeze(0) < lengths.unsqueeze(1)


def joined(values: Sequence[Value], axis: int) -> Value:
    """Put values side by side."""
    first, *others = values
    return first.op("Concat", *others, axis=axis) if others else first


def linear(x: Value, layer: nn.Linear) -> Value:
    """Return ``W x + b``."""
    product = x @ array(layer.weight).T
    return product if layer.bias is None else product + array(layer.bias)


def activated(x: Value, name: str) -> Value:
    """Apply an activation function of :data:`seqkit.nn.activation.ACTIVATIONS`."""
    match name:
        case "leaky_relu":
            return x.op("LeakyRelu", alpha=0.01)
        case "gelu":
            return x * 0.5 * ((x / 2**0.5).op("Erf") + 1.0)
        case _:
            return x.op(name.capitalize())


def embedded(ids: Value, embedding: Embedding) -> Value:
    """Return the vectors of ids."""
    if embedding.table is not None:
        return ids.graph.constant(array(embedding.table.weight)).op("Gather", ids)
    kept = np.ones(embedding.vocabulary_size, np.float32)
    kept[embedding.pad] = 0
    values = np.array([0, 1], np.float32)
    return ids.op("OneHot", np.array(embedding.vocabulary_size), values) * kept


def masked_mean(x: Value, mask: Value) -> Value:
    """Return the mean over real time steps, ``(batch, features)``."""
    return x.where(mask.unsqueeze(2), 0.0).sum(1) / mask.float().sum(1, keep=True)


def masked_max(x: Value, mask: Value) -> Value:
    """Return the maximum over real time steps, ``(batch, features)``."""
    return x.where(mask.unsqueeze(2), -np.inf).max(1)


def pooled(outputs: Value, last: Value, mask: Value, pooling: Pooling) -> Value:
    """Return ``(batch, features)``; ``last`` is ``(batch, features)`` of the top layer."""
    ways = {
        "last": lambda: last,
        "mean": lambda: masked_mean(outputs, mask),
        "max": lambda: masked_max(outputs, mask),
        "attention": lambda: _attended(outputs, mask, cast(Attention, pooling.attention)),
    }
    return joined([ways[name]() for name in pooling.names], axis=1)


def _attended(outputs: Value, mask: Value, attention: Attention) -> Value:
    scores = linear(linear(outputs, attention.project).op("Tanh"), attention.query).squeeze(2)
    weights = scores.where(mask, -np.inf).op("Softmax", axis=1)
    return (weights.unsqueeze(1) @ outputs).squeeze(1)


def convolved(x: Value, lengths: Value, mask: Value, cnn: TextCNN) -> Value:
    """Return ``(batch, filters * widths)``; windows past a row's own are masked out."""
    chosen, found = cnn.chosen, []
    channels = x.where(mask.unsqueeze(2), 0.0).transpose(0, 2, 1)
    for width, module in zip(chosen.widths, cnn.convolutions, strict=True):
        convolution = cast(nn.Conv1d, module)
        if chosen.padding == "same":
            left, first = (width - 1) // 2, lengths - 1
        else:
            left, first = 0, (lengths - width).op("Max", 0)
        assert convolution.bias is not None
        values = channels.op(
            "Conv",
            array(convolution.weight),
            array(convolution.bias),
            strides=[chosen.stride],
            pads=[left, width - 1 - left],
        )
        values = activated(values, chosen.activation).transpose(0, 2, 1)
        windows = mask_of(first / chosen.stride + 1, values.size(1))
        found.append((masked_max if chosen.reduce == "max" else masked_mean)(values, windows))
    return joined(found, axis=1)


def headed(x: Value, head: Head, activation: str) -> Value:
    """``(batch, features)`` to ``(batch, labels)``."""
    for layer, norm in zip(head.hidden, head.norms, strict=True):
        x = activated(_normalised(linear(x, cast(nn.Linear, layer)), norm), activation)
    return linear(x, head.output)


def _normalised(x: Value, norm: nn.Module) -> Value:
    if isinstance(norm, nn.LayerNorm):
        gain, bias = array(norm.weight), array(norm.bias)
        return x.op("LayerNormalization", gain, bias, epsilon=norm.eps, axis=-1)
    if isinstance(norm, nn.BatchNorm1d):
        assert norm.running_mean is not None
        assert norm.running_var is not None
        scale = norm.weight / (norm.running_var + norm.eps).sqrt()
        return x * array(scale) + array(norm.bias - norm.running_mean * scale)
    return x


def weighed(ngrams: Value, weights: Value, wide: Wide) -> Value:
    """Return logits of bags of n-grams, both ``(batch, n-grams)``; padding weighs 0."""
    vectors = ngrams.graph.constant(array(wide.table.weight)).op("Gather", ngrams)
    return (vectors * (weights * SCALE).unsqueeze(2)).sum(1) + array(wide.bias)


def tag_scores(x: Value, output: nn.Module) -> Value:
    """Return a tagger's scores; sums over the parts of tags are taken now, once for all."""
    if isinstance(output, nn.Sequential):
        for module in output:
            x = x.op("Relu") if isinstance(module, nn.ReLU) else tag_scores(x, module)
        return x
    if isinstance(output, ComposedScores):
        bags = output.places, output.parts, output.starts
        weights = array(nn.functional.embedding_bag(*bags, mode="sum"))
        return x @ np.ascontiguousarray(weights[:, :-1].T) + weights[:, -1]
    return linear(x, cast(nn.Linear, output))


def tag_count(output: nn.Module) -> int:
    """Return how many tags a tagger's output scores."""
    last = output[-1] if isinstance(output, nn.Sequential) else output
    return (
        len(last.starts) if isinstance(last, ComposedScores) else cast(nn.Linear, last).out_features
    )


def log_probabilities(x: Value, layer: FullSoftmax | AdaptiveSoftmax) -> Value:
    """``(n, features)`` to ``(n, V)``."""
    if isinstance(layer, FullSoftmax):
        return _product(x, array(layer.weight), array(layer.bias)).op("LogSoftmax", axis=1)
    weights, biases = layer._weights(), [array(bias) for bias in layer.biases]
    first = layer.bounds[0]
    head = _product(x, array(weights[0]), biases[0]).op("LogSoftmax", axis=1)
    found = [head.slice(0, first, 1)]
    for i, project in enumerate(layer.projections):
        below = _product(
            linear(x, cast(nn.Linear, project)), array(weights[i + 1]), biases[i + 1]
        ).op("LogSoftmax", axis=1)
        found.append(below + head.slice(first + i, first + i + 1, 1))
    return joined(found, axis=1)


def _product(x: Value, weight: Array, bias: Array) -> Value:
    """Return ``W x + b`` of ``(n, features)``, so that tied weights are kept once."""
    return x.op("Gemm", weight, bias, transB=1)


def spelt(words: Value, units: Value, lengths: Value, encoder: WordEncoder) -> Value:
    """Return the vectors of words by their spelling; inputs are those of ``Spelling``."""
    from seqkit.export.recurrent import encoded

    with torch.no_grad():
        every = torch.arange(encoder.embedding.vocabulary_size)
        table = encoder.embedding(every[None])[0]
        if encoder.parts is not None:
            table = table + encoder.parts(every)
    vectors = units.graph.constant(array(table)).op("Gather", units)
    mask = mask_of(lengths, units.size(1))
    if isinstance(encoder.reader, TextCNN):
        read = convolved(vectors, lengths, mask, encoder.reader)
    else:
        outputs, last, _ = encoded(vectors, lengths, encoder.reader)
        keep = encoder.chosen.keep
        parts = [masked_max(outputs, mask)] if keep != "last" else []
        read = joined([*parts, *([last[-1]] if keep != "max" else [])], axis=1)
    if encoder.pieces is not None:
        read = joined([read, _pieced(units, lengths, encoder.pieces)], axis=1)
    return read.op("Gather", words)


def _pieced(units: Value, lengths: Value, pieces: Pieces) -> Value:
    """Return sums over a word's pieces; the hash is that of :class:`Pieces`, in 64 bits."""
    graph, longest = units.graph, units.size(1)
    buckets, counts = [], []
    # Right of a word stands padding, so that each place is the beginning of a piece of each size.
    wide = units.op("Pad", np.array([0, 0, 0, max(pieces.sizes)]), 0)
    for size in pieces.sizes:
        hashes: Value | None = None
        for place in range(size):
            end = (longest + place).unsqueeze(0)
            there = wide.op("Slice", np.array([place]), end, np.array([1]))
            mixed = (there + size if hashes is None else hashes + there + size) * 0x9E3779B1
            # A shift of signed numbers divides and rounds down, and Div rounds towards zero.
            shifted = (mixed - mixed.op("Mod", 1 << 15)) / (1 << 15)
            hashes = mixed.op("BitwiseXor", shifted)
        assert hashes is not None
        real = mask_of(lengths - (size - 1), longest)
        buckets.append(hashes.op("Mod", BUCKETS).where(real, BUCKETS))
        counts.append(real.float().sum(1, keep=True))
    weight = array(pieces.table.weight)
    table = np.concatenate([weight, np.zeros_like(weight[:1])])  # the last: no piece
    summed = graph.constant(table).op("Gather", joined(buckets, axis=1)).sum(1)
    number = counts[0]
    for more in counts[1:]:
        number = number + more
    return summed / number.op("Max", 1.0).op("Sqrt")
