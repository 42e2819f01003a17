"""A translator as two ONNX graphs: what reads a sentence, and a step of what writes one."""

from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from seqkit.export import layers
from seqkit.export.graph import Graph, Value
from seqkit.export.models import Arrays, Part, as_batch, random_rows, read_rows, state_names
from seqkit.export.recurrent import encoded
from seqkit.models.translator import Translator
from seqkit.nn.attention import Additive, Attention, Memory
from seqkit.nn.bridge import Bridge
from seqkit.nn.decoder import Decoder, DecoderState


def parts(model: Translator) -> list[Part]:
    """Return the encoder and the decoder."""
    return [_encoder(model), _decoder(model)]


def _shapes(decoder: Decoder) -> dict[str, list[str | int]]:
    """Return name and shape of each part of the decoder's state, in order.

    A row is a hypothesis; keys, values and mask have one for each sentence, whose hypotheses are
    consecutive rows of the rest.
    """
    shapes: dict[str, list[str | int]] = {
        name: ["rows", size] for layer in state_names(decoder.encoder) for name, size in layer
    }
    attention = decoder.attention
    if attention is not None:
        keyed = hasattr(attention, "key")
        width = attention.queries if keyed else attention.features
        shapes["keys"] = ["batch", "time", width]
        shapes["values"] = ["batch", "time", attention.features]
        shapes["mask"] = ["batch", "time"]
    if decoder.chosen.input_feeding:
        shapes["vector"] = ["rows", decoder.features]
    if decoder.chosen.repeat:
        shapes["context"] = ["rows", decoder.context]
    return shapes


def _flat(decoder: Decoder, state: DecoderState) -> dict[str, Tensor]:
    """Return a state as tensors by name; the last attention is none, it is read by no step."""
    recurrent, memory, vector, _, repeated = state
    tensors = [part for layer in recurrent for part in layer]
    tensors += [part.float() for part in (*memory, *vector, *repeated)]
    return dict(zip(_shapes(decoder), tensors, strict=True))


def _nested(decoder: Decoder, arrays: Arrays) -> DecoderState:
    """Return what :func:`_flat` was given, of arrays."""
    given = {name: torch.from_numpy(arrays[name]) for name in _shapes(decoder)}
    names = state_names(decoder.encoder)
    recurrent = tuple(tuple(given[name] for name, _ in layer) for layer in names)
    memory = Memory()
    weights: tuple[Tensor, ...] = ()
    if "mask" in given:
        memory = Memory((given["keys"], given["values"], given["mask"] > 0))
        weights = (torch.zeros(len(recurrent[0][0]), given["mask"].shape[1]),)
    vector, context = ((given[name],) if name in given else () for name in ("vector", "context"))
    return recurrent, memory, vector, weights, context


def _encoder(model: Translator) -> Part:
    """Return what reads sources: the decoder's state before the first token."""
    graph, decoder = Graph(), model.decoder
    ids, lengths = read_rows(graph)
    outputs, ends, _ = encoded(layers.embedded(ids, model.embedding), lengths, model.encoder)
    context = layers.joined(ends, axis=1)
    state = _bridged(context, decoder.context, decoder.bridge)
    if decoder.attention is not None:
        state += [_keys(outputs, decoder.attention), outputs]
        state.append(layers.mask_of(lengths, ids.size(1)).float())
    if decoder.chosen.input_feeding:
        state.append(context.sum(1, keep=True) * np.zeros((1, decoder.features), np.float32))
    if decoder.chosen.repeat:
        state.append(context)
    for (name, shape), value in zip(_shapes(decoder).items(), state, strict=True):
        graph.output(name, value, ["batch", *shape[1:]])

    def example(rows: int, time: int, random: np.random.Generator) -> Arrays:
        return random_rows(rows, time, model.embedding.vocabulary_size, random)

    def expected(arrays: Arrays) -> dict[str, Tensor]:
        return _flat(decoder, model.encode(as_batch(arrays)))

    return Part("encoder", graph.model("reads a sentence"), example, expected)


def _bridged(context: Value, context_width: int, bridge: Bridge) -> list[Value]:
    """Return the first state of the decoder's layers, all parts in a row."""
    every, units = sum(bridge.parts), bridge.units
    if bridge.kind == "zero":
        zeros = np.zeros((1, units), np.float32)
        return [context.sum(1, keep=True) * zeros for _ in range(every)]
    if bridge.layer is not None:
        state = layers.linear(context, bridge.layer).op("Tanh")
        return [state.slice(i * units, (i + 1) * units, 1) for i in range(every)]
    many = context_width // units  # a layer of the context for each, or one for all
    copies = []
    for layer, count in enumerate(bridge.parts):
        at = (layer % many) * units
        copies += [context.slice(at, at + units, 1)] * count
    return copies


def _keys(values: Value, attention: Attention) -> Value:
    key = getattr(attention, "key", None)
    return values if key is None else layers.linear(values, cast(nn.Linear, key))


def _decoder(model: Translator) -> Part:
    """Return a step of what writes: log-probabilities of the next token, and the new state."""
    graph, decoder = Graph(), model.decoder
    chosen, shapes = decoder.chosen, _shapes(decoder)
    ids = graph.input("ids", "int64", ["rows"])
    state = {name: graph.input(name, "float32", shape) for name, shape in shapes.items()}
    x = layers.embedded(ids, decoder.embedding)
    read, contexts = [x, *([state["context"]] if chosen.repeat else [])], None
    if chosen.attention == "additive":
        contexts = _attended(state["h0"], state, decoder)
        read.append(contexts)
    read += [state["vector"]] if chosen.input_feeding else []
    names = [[name for name, _ in layer] for layer in state_names(decoder.encoder)]
    before = [[state[name] for name in layer] for layer in names]
    ones = ids * 0 + 1
    steps = layers.joined(read, axis=1).unsqueeze(1)
    _, (*_, output), after = encoded(steps, ones, decoder.encoder, before)
    if decoder.attention is not None and contexts is None:
        contexts = _attended(output, state, decoder)
    vector = output
    if decoder.output is not None:
        additive = chosen.attention == "additive"
        joined = [output] if contexts is None else [output, contexts, *([x] if additive else [])]
        vector = layers.linear(layers.joined(joined, axis=1), decoder.output)
        vector = vector if contexts is None else vector.op("Tanh")
    said = layers.log_probabilities(vector, decoder.softmax)
    graph.output("log_probabilities", said, ["rows", decoder.vocabulary_size])
    for layer, values in zip(names, after, strict=True):
        for name, value in zip(layer, values, strict=True):
            graph.output(f"next_{name}", value, shapes[name])
    if chosen.input_feeding:
        graph.output("next_vector", vector, shapes["vector"])

    def example(rows: int, time: int, random: np.random.Generator) -> Arrays:
        arrays: Arrays = {"ids": random.integers(0, decoder.vocabulary_size, 2 * rows)}
        for name, (first, *others) in shapes.items():
            sizes = [time if size == "time" else int(size) for size in others]
            shape = (rows if first == "batch" else 2 * rows, *sizes)  # two hypotheses of each
            arrays[name] = random.standard_normal(shape).astype(np.float32) * 0.3
        if "mask" in shapes:
            lengths: Any = random_rows(rows, time, 1, random)["lengths"]
            arrays["mask"] = (np.arange(time) < lengths[:, None]).astype(np.float32)
        return arrays

    def expected(arrays: Arrays) -> dict[str, Tensor]:
        given = _nested(decoder, arrays)
        said, after = decoder.step(torch.from_numpy(arrays["ids"]), given)
        wanted = {f"next_{name}": value for name, value in _flat(decoder, after).items()}
        made = {output.name for output in graph.outputs}
        return {"log_probabilities": said} | {n: v for n, v in wanted.items() if n in made}

    return Part("decoder", graph.model("writes a token"), example, expected)


def _attended(queries: Value, state: dict[str, Value], decoder: Decoder) -> Value:
    """Return the context of each row, ``(rows, features)``."""
    attention = decoder.attention
    assert attention is not None
    graph, keys = queries.graph, state["keys"]
    several = graph.constant(np.array([-1, attention.queries]))
    sentences = keys.op("Shape", start=0, end=1)
    asked = queries.op("Reshape", layers.joined([sentences, several], axis=0))
    if isinstance(attention, Additive):
        together = layers.linear(asked, attention.query).unsqueeze(2) + keys.unsqueeze(1)
        scores = layers.linear(together.op("Tanh"), attention.score).squeeze(3)
    else:
        scores = asked @ keys.transpose(0, 2, 1)
    real = state["mask"].op("Greater", 0.5).unsqueeze(1)
    weights = scores.where(real, -np.inf).op("Softmax", axis=2)
    return (weights @ state["values"]).op("Reshape", np.array([-1, attention.features]))
