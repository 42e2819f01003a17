"""Whole models as ONNX graphs, each beside what torch says to the same numbers."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from seqkit.data.batch import Bag, Batch, Spelling
from seqkit.data.tagged import TaggedBatch
from seqkit.export import layers
from seqkit.export.graph import Graph, Value
from seqkit.export.recurrent import encoded
from seqkit.models.classifier import Bag as BagReader
from seqkit.models.classifier import Classifier, Convolutional, Recurrent
from seqkit.models.language_model import LanguageModel
from seqkit.models.tagger import Tagger
from seqkit.nn.recurrent import Encoder
from seqkit.nn.word_encoder import WordEncoder

Arrays = dict[str, NDArray[np.generic]]
ROWS = ("batch", "time")


@dataclass(frozen=True)
class Part:
    """One graph of a model, and what to check it by.

    Attributes:
        name: of its file, without its ending.
        model: the graph.
        example: inputs for it, random ones of ``(rows, time)``.
        expected: what torch gives for such inputs, by the names of the graph's outputs.
    """

    name: str
    model: onnx.ModelProto
    example: Callable[[int, int, np.random.Generator], Arrays]
    expected: Callable[[Arrays], dict[str, Tensor]]


def classifier(model: Classifier) -> Part:
    """Return a text classifier: its logits, ``(batch, labels)``."""
    graph = Graph()
    ids, lengths = read_rows(graph)
    mask = layers.mask_of(lengths, ids.size(1))
    x = layers.embedded(ids, model.embedding)
    if model.word_encoder is not None:
        x = layers.joined([x, layers.spelt(*_spelling(graph), model.word_encoder)], axis=2)
    reader = model.reader
    if isinstance(reader, Recurrent):
        outputs, last, _ = encoded(x, lengths, reader.encoder)
        if reader.join is not None:
            outputs = layers.linear(layers.joined([x, outputs], axis=2), reader.join).op("Tanh")
        read = layers.pooled(outputs, last[-1], mask, reader.pooling)
    elif isinstance(reader, Convolutional):
        read = layers.convolved(x, lengths, mask, reader.cnn)
    else:
        assert isinstance(reader, BagReader)
        read = layers.masked_mean(x, mask)
    logits = layers.headed(read, model.head, model.chosen.head.activation)
    if model.wide is not None:
        ngrams = graph.input("ngrams", "int64", ["batch", "ngrams"])
        weights = graph.input("ngram_weights", "float32", ["batch", "ngrams"])
        logits = (logits + layers.weighed(ngrams, weights, model.wide)) * 0.5
    graph.output("logits", logits, ["batch", model.head.output.out_features])

    def example(rows: int, time: int, random: np.random.Generator) -> Arrays:
        arrays = random_rows(rows, time, model.embedding.vocabulary_size, random)
        if model.word_encoder is not None:
            arrays |= _random_spelling(rows, time, model.word_encoder, random)
        if model.wide is not None:
            shape, most = (rows, 2 * time), model.wide.table.num_embeddings
            arrays["ngrams"] = random.integers(0, most, shape)
            arrays["ngram_weights"] = random.random(shape, np.float32)
        return arrays

    def expected(arrays: Arrays) -> dict[str, Tensor]:
        return {"logits": model(as_batch(arrays))}

    return Part("model", graph.model("a text classifier"), example, expected)


def tagger(model: Tagger) -> Part:
    """Return a tagger: scores of tags ``(batch, time, tags)``, before the CRF if it has one."""
    graph = Graph()
    ids, lengths = read_rows(graph)
    spelling = layers.spelt(*_spelling(graph), model.word_encoder)
    parts = [layers.embedded(ids, model.embedding), spelling]
    if model.given is not None:
        beside = graph.input("beside", "int64", ROWS)
        table = graph.constant(layers.array(model.given.weight))
        parts.append(table.op("Gather", beside))
    outputs, _, _ = encoded(layers.joined(parts, axis=2), lengths, model.encoder)
    scores, tags = layers.tag_scores(outputs, model.output), layers.tag_count(model.output)
    graph.output("scores", scores, [*ROWS, tags])
    if model.crf is not None:
        for name, part in zip(("start", "transitions", "end"), model.crf._scores(), strict=True):
            graph.output(name, graph.constant(layers.array(part).copy()), [tags] * part.dim())
    if model.second is not None:
        said = layers.linear(scores.op("Softmax", axis=2), model.said)
        second = layers.tag_scores(layers.joined([outputs, said], axis=2), model.second)
        graph.output("beside_scores", second, [*ROWS, "beside_tags"])

    def example(rows: int, time: int, random: np.random.Generator) -> Arrays:
        arrays = random_rows(rows, time, model.embedding.vocabulary_size, random)
        arrays |= _random_spelling(rows, time, model.word_encoder, random)
        if model.given is not None:
            arrays["beside"] = random.integers(0, model.given.num_embeddings, (rows, time))
        return arrays

    def expected(arrays: Arrays) -> dict[str, Tensor]:
        given = torch.from_numpy(arrays["beside"]) if "beside" in arrays else None
        emissions = model(TaggedBatch(as_batch(arrays), beside=given))
        named = {"scores": emissions.tags}
        if model.crf is not None:
            named |= zip(("start", "transitions", "end"), model.crf._scores(), strict=True)
        return named if emissions.beside is None else named | {"beside_scores": emissions.beside}

    return Part("model", graph.model("a tagger"), example, expected)


def language_model(model: LanguageModel) -> Part:
    """Return a language model that reads some tokens on from a state.

    Outputs are the log-probabilities of the token after each row's last, ``(batch, V)``, and the
    state. With a time of 1 this is a step.
    """
    graph, names = Graph(), state_names(model.encoder)
    ids, lengths = read_rows(graph)
    state = [
        [graph.input(name, "float32", ["batch", size]) for name, size in layer] for layer in names
    ]
    x = layers.embedded(ids, model.embedding)
    _, (*_, last), after = encoded(x, lengths, model.encoder, state)
    if isinstance(model.project, nn.Linear):
        last = layers.linear(last, model.project)
    said = layers.log_probabilities(last, model.softmax.layer)
    graph.output("log_probabilities", said, ["batch", model.vocabulary_size])
    flat = [value for layer in after for value in layer]
    pairs = [pair for layer in names for pair in layer]
    for (name, size), value in zip(pairs, flat, strict=True):
        graph.output(f"next_{name}", value, ["batch", size])

    def example(rows: int, time: int, random: np.random.Generator) -> Arrays:
        arrays = random_rows(rows, time, model.vocabulary_size, random)
        for name, size in pairs:
            arrays[name] = random.standard_normal((rows, size)).astype(np.float32) * 0.3
        return arrays

    def expected(arrays: Arrays) -> dict[str, Tensor]:
        def one(row: int) -> list[Tensor]:  # a token a step, on what decoding calls
            state = tuple(
                tuple(torch.from_numpy(arrays[name][row : row + 1]) for name, _ in layer)
                for layer in names
            )
            for token in arrays["ids"][row, : arrays["lengths"][row]].tolist():
                said, state = model.step(torch.tensor([token]), state)
            return [said, *(part for layer in state for part in layer)]

        parts = zip(*(one(row) for row in range(len(arrays["ids"]))), strict=True)
        outputs = ["log_probabilities", *(f"next_{name}" for name, _ in pairs)]
        return dict(zip(outputs, map(torch.cat, parts), strict=True))

    return Part("model", graph.model("a language model"), example, expected)


def state_names(encoder: Encoder) -> list[list[tuple[str, int]]]:
    """Return name and width of each part of the state, a list a layer: ``h0``, ``c0``, ``h1``."""
    return [
        [(f"{'hc'[i]}{layer}", part.shape[1]) for i, part in enumerate(parts)]
        for layer, parts in enumerate(encoder.initial_state(1))
    ]


def read_rows(graph: Graph) -> tuple[Value, Value]:
    """Return the inputs that every text has: ids and lengths."""
    return graph.input("ids", "int64", ROWS), graph.input("lengths", "int64", ["batch"])


def _spelling(graph: Graph) -> tuple[Value, Value, Value]:
    words = graph.input("words", "int64", ROWS)
    units = graph.input("units", "int64", ["words", "longest"])
    return words, units, graph.input("unit_lengths", "int64", ["words"])


def random_rows(rows: int, time: int, vocabulary: int, random: np.random.Generator) -> Arrays:
    """Return ids, the first row full and the others padded, by 0 or not: it is not to be read."""
    lengths = random.integers(1, time + 1, rows)
    lengths[0] = time
    return {"ids": random.integers(0, vocabulary, (rows, time)), "lengths": lengths}


def _random_spelling(
    rows: int, time: int, encoder: WordEncoder, random: np.random.Generator
) -> Arrays:
    distinct, longest = rows * time // 2 + 1, 3 + time
    lengths = random.integers(1, longest + 1, distinct)
    units = random.integers(0, encoder.embedding.vocabulary_size, (distinct, longest))
    words = random.integers(0, distinct, (rows, time))
    return {"words": words, "units": units, "unit_lengths": lengths}


def as_batch(arrays: Arrays) -> Batch:
    """Return a batch of the arrays that a graph reads."""
    given = {name: torch.from_numpy(array) for name, array in arrays.items()}
    spelling = bag = None
    if "words" in given:
        spelling = Spelling(given["words"], given["units"], given["unit_lengths"])
    if "ngrams" in given:
        each = given["ngrams"].shape[1]
        starts = torch.arange(len(given["ids"])) * each
        bag = Bag(given["ngrams"].flatten(), given["ngram_weights"].flatten(), starts)
    rows, tokens = np.arange(len(given["ids"])), int(given["lengths"].sum())
    return Batch(given["ids"], given["lengths"], rows, tokens, None, spelling, bag)
