"""The network as a picture: its layers for one text, with shapes and parameter counts."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor, nn

from seqkit.explain.reading import Reading, model_of
from seqkit.explain.subject import Subject
from seqkit.explain.tokens import shown_all
from seqkit.nn.cell import Cell
from seqkit.nn.cells import CELLS
from seqkit.nn.crf import CRF
from seqkit.nn.embedding import Embedding
from seqkit.nn.recurrent import Encoder
from seqkit.nn.word_encoder import WordEncoder
from seqkit.pages.figures import Layer, Network, Over, Section

WHOLE = (Cell, CRF, Embedding, WordEncoder)  # modules that are one layer, whatever is in them
METHODS = ("forward", "step", "log_probabilities", "weights", "decode")  # what runs a layer
WIDE = "wide"  # a classifier's n-grams, which no token is read for
CELL_NAMES = {kind: name for name, kind in CELLS.items()}


@dataclass(eq=False)
class _Part:
    """A layer of a model, and what it gave when it was last run."""

    name: str
    module: nn.Module
    weights: list[nn.Parameter]
    shapes: list[tuple[int, ...]] = field(default_factory=list)


def layers(model: nn.Module, reading: Reading) -> list[Layer]:
    """Return the layers of a model in the order in which a text runs through them.

    Args:
        model: of the run.
        reading: the text.

    Returns:
        Name, kind, shape of what it gives (``batch x time x features``) and number of parameters
        of each, which together are those of the model. A layer that runs step by step says how
        often. What does not run over this text comes last, without a shape.
    """
    copied = deepcopy(model).cpu().eval()
    counted: set[int] = set()
    parts = list(_parts(copied, "", counted))
    order: list[_Part] = []
    _watch(parts, order)
    with torch.no_grad():
        reading.losses(copied)
    run = list(dict.fromkeys(order))
    left = [part for part in parts if part not in run and part.weights]
    return [
        Layer(
            part.name,
            _kind(part.module),
            _shape(part),
            sum(w.numel() for w in part.weights),
            _over(part, reading),
            _passes(part),
        )
        for part in [*run, *left]
    ]


def _over(part: _Part, reading: Reading) -> Over:
    """Return what a layer is repeated over, as its shapes tell."""
    if part.name.partition(".")[0] == WIDE:
        return "beside"
    writes = reading.pattern in ("seq2seq", "one-to-many")
    steps = part.shapes[-1][:2] if part.shapes else ()
    if writes and (len(part.shapes) > 1 or len(reading.outputs) in steps[1:]):
        return "outputs"
    times = len(part.shapes)  # what reads token by token runs once for each
    return "inputs" if len(reading.inputs) in (*steps, times) else "once"


def _passes(part: _Part) -> Literal["", "ahead", "back"]:
    """Return which way a layer passes a state from token to token, if it does."""
    if not isinstance(part.module, Cell):
        return ""
    return "back" if "back" in part.name.split(".") else "ahead"


def _parts(module: nn.Module, name: str, counted: set[int]) -> Iterator[_Part]:
    """Yield the layers of a module; a weight that two of them share is the first one's."""
    children = [] if isinstance(module, WHOLE) else list(module.named_children())
    own = module.parameters(recurse=not children)
    weights = [w for w in own if id(w) not in counted]
    counted.update(map(id, weights))
    if not children or weights:
        yield _Part(name or "all", module, weights)
    for child_name, child in children:
        yield from _parts(child, f"{name}.{child_name}" if name else child_name, counted)


def _watch(parts: list[_Part], order: list[_Part]) -> None:
    """Let each part note, as it is run, that it is, in ``order``, and the shape it gives."""
    for part in parts:
        for method in METHODS:
            if callable(getattr(part.module, method, None)):
                setattr(part.module, method, _noting(part, getattr(part.module, method), order))


def _noting(part: _Part, run: Any, order: list[_Part]) -> Any:
    def noted(*given: Any, **options: Any) -> Any:
        result = run(*given, **options)
        first = _first(result)
        if first is not None:
            part.shapes.append(tuple(first.shape))
            order.append(part)
        return result

    return noted


def _first(result: Any) -> Tensor | None:
    """Return the first tensor of what a layer gives."""
    while isinstance(result, tuple) and result:
        result = result[0]
    return result if isinstance(result, Tensor) else None


def _shape(part: _Part) -> str:
    if not part.shapes:
        return ""
    shape = " × ".join(map(str, part.shapes[-1]))
    times = len(part.shapes)
    return f"{times} steps of {shape}" if times > 1 else shape


def _kind(module: nn.Module) -> str:
    if isinstance(module, Cell):
        return CELL_NAMES[type(module)]
    return type(module).__name__


def sections(subject: Subject) -> list[Section]:
    """Return the network of a run, unrolled over the first text."""
    model = model_of(subject)
    return [picture(model, subject.readings[0])]


def picture(model: nn.Module, reading: Reading) -> Section:
    """Return a network, unrolled over a text."""
    found = layers(model, reading)
    total = sum(layer.parameters for layer in found)
    encoders = [m for name, m in model.named_modules() if name in reading.read]
    both = any(isinstance(m, Encoder) and m.chosen.bidirectional for m in encoders)
    figure = Network(
        f"The network, unrolled over '{reading.text}'",
        f"{SAYS[reading.pattern]} {total:,} parameters; shapes are batch × time × features."
        + (BESIDE if any(layer.over == "beside" for layer in found) else ""),
        found,
        shown_all(reading.inputs),
        shown_all(reading.outputs),
        reading.pattern,
        both,
    )
    return Section("The network", "Its layers in the order that a text runs through.", [figure])


BESIDE = (
    " Not drawn: beside the network stands a linear classifier of the text's n-grams (wide); the "
    "answer is the mean of both."
)
SAYS = {
    "many-to-one": "Many-to-one: a whole text in, one answer out.",
    "one-to-many": "One-to-many: one thing in, a sequence out.",
    "aligned": "Many-to-many, aligned: an answer for every token.",
    "seq2seq": "Many-to-many: a sequence is read, then another one written.",
}
