"""Gradient by time lag: how much of a loss reaches back over k steps.

For the loss ``l_t`` of step ``t`` and the hidden state ``h`` of a recurrent layer it is the norm
of ``d l_t / d h_(t-k)`` (Pascanu, Mikolov and Bengio 2013, section 2.1), by autograd through the
model read step by step, in float64. Where a text has one loss (a class), the part of it counts
as ``l_t`` that enters through the layer's output at ``t``: ``l_t = (d l / d y_t) . y_t``, its
factor held constant. These parts add up to the whole gradient.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from seqkit.errors import SeqkitError
from seqkit.explain.cell_gates import HIDDEN, MEMORY, state_names
from seqkit.explain.reading import Reading, model_of
from seqkit.explain.subject import Subject
from seqkit.explain.unrolling import Unrolled, unrolled
from seqkit.nn.cells import CELLS
from seqkit.pages.figures import Figure, Grid, Lines, Section

Floats = NDArray[np.float64]

SHARE = 0.01  # of the gradient at lag 0, below which it counts as vanished
LAGS = 100  # looked back over, at most
STEPS = 12  # losses of a text that are followed back
CELL_NAMES = {kind: name for name, kind in CELLS.items()}


class Place(NamedTuple):
    """What a gradient is taken of: a part of the state of a layer in one direction."""

    layer: str
    part: str
    cell: str


@dataclass(frozen=True, eq=False)
class GradientByLag:
    """How far gradients reach back in one layer.

    Attributes:
        layer: its name.
        part: of its state: ``hidden state`` or ``memory cell``.
        cell: its kind, as ``lstm``.
        norms: ``(lags + 1,)``, the median over losses of the norm of ``d l_t / d h_(t-k)``.
        relative: ``(lags + 1,)``, the median over losses of that norm divided by the loss's own
            at lag 0.
        losses: ``(lags + 1,)``, how many losses were followed back so far.
    """

    layer: str
    part: str
    cell: str
    norms: Floats
    relative: Floats
    losses: NDArray[np.int64]

    def vanishes_at(self, share: float = SHARE) -> int | None:
        """Return the first lag where it is below ``share`` of lag 0, and stays so; None: nowhere.

        A loss that dips and comes back has not been forgotten.
        """
        above = np.flatnonzero(~(self.relative < share))
        lag = int(above[-1]) + 1 if len(above) else 0
        return lag if lag < len(self.relative) else None


def by_lag(subject: Subject) -> list[GradientByLag]:
    """Return how far gradients reach back in every recurrent layer, over the texts of a run."""
    return gathered(followed(model_of(subject), reading) for reading in subject.readings)


def gathered(texts: Iterable[dict[Place, list[Floats]]]) -> list[GradientByLag]:
    """Return the medians over the losses of all texts; see :func:`followed`."""
    rows: dict[Place, list[Floats]] = {}
    for each in texts:
        for place, norms in each.items():
            rows.setdefault(place, []).extend(n for n in norms if n[0] > 0)
    return [_median(place, norms) for place, norms in rows.items() if norms]


def _median(place: Place, rows: Sequence[Floats]) -> GradientByLag:
    table = np.full((len(rows), max(map(len, rows))), np.nan)
    for row, norms in zip(table, rows, strict=True):
        row[: len(norms)] = norms
    relative = np.nanmedian(table / table[:, :1], axis=0)
    losses = (~np.isnan(table)).sum(axis=0)
    return GradientByLag(*place, np.nanmedian(table, axis=0), relative, losses)


def followed(model: nn.Module, reading: Reading) -> dict[Place, list[Floats]]:
    """Follow some losses of a text back through every layer.

    Returns:
        For each part of each layer's state, and each loss (of each row, where a reading has
        several), ``(lags + 1,)`` norms.
    """
    copied, watchers = unrolled(model, list(reading.read))
    losses = reading.losses(copied)
    found: dict[Place, list[Floats]] = {}
    for encoder in dict.fromkeys(each.encoder for each in watchers):
        for backwards in (False, True):
            layers = [w for w in watchers if (w.encoder, w.backwards) == (encoder, backwards)]
            if layers:
                timed = losses if encoder == reading.timed else None
                for place, norms in _followed(layers, losses, timed):
                    found.setdefault(place, []).extend(norms)
    return found


def _followed(
    layers: Sequence[Unrolled], losses: Tensor, timed: Tensor | None
) -> Iterator[tuple[Place, Floats]]:
    """Follow losses back through the layers of one direction, in its order of reading.

    Yields a part of a state and ``(rows, lags + 1)`` norms.
    """
    top = layers[-1]
    count = len(top.states)
    starts: dict[int, tuple[Tensor, Tensor | None]]
    if timed is not None:
        order = range(count - 1, -1, -1) if top.backwards else range(count)
        starts = {r: (timed[t], None) for r, t in enumerate(order)}
    else:
        starts = {}
        starts.update(_entering(top, losses))
    chosen, lags = _chosen(list(starts), count)
    for r in chosen:
        loss, factor = starts[r]
        for layer in layers:
            for part, name in enumerate(state_names(layer.cell)):
                nodes = [layer.states[s][part] for s in range(r - lags, r + 1)]
                given = torch.autograd.grad(
                    loss, nodes, factor, retain_graph=True, allow_unused=True
                )
                place = Place(layer.name, name, CELL_NAMES[type(layer.cell)])
                norms = [_norms(g, nodes[0]) for g in reversed(given)]
                yield place, torch.stack(norms, dim=1).numpy()


def _norms(gradient: Tensor | None, like: Tensor) -> Tensor:
    """Return the norm of each row; a state that the loss does not hang on has none."""
    return like.new_zeros(len(like)) if gradient is None else gradient.norm(dim=1)


def _entering(top: Unrolled, losses: Tensor) -> Iterator[tuple[int, tuple[Tensor, Tensor]]]:
    """Yield the steps at which one loss enters a layer's outputs, and with what gradient."""
    assert top.outputs is not None
    (factors,) = torch.autograd.grad(losses.sum(), top.outputs, retain_graph=True)
    for r, state in enumerate(top.states):
        if factors[:, r].any():
            yield r, (state[0], factors[:, r])


def _chosen(steps: Sequence[int], count: int) -> tuple[list[int], int]:
    """Return the losses to follow back, and over how many steps: the same for all of them.

    So no lag has another mixture of losses than the next. A loss that enters at the last step
    alone is followed to the first.
    """
    if not steps:
        return [], 0
    lags = min(LAGS, 2 * (count - 1) // 3)
    late = [r for r in steps if r >= lags]
    if len(steps) == 1 or not late:
        late, lags = [steps[-1]], min(LAGS, steps[-1])
    places = np.linspace(0, len(late) - 1, min(STEPS, len(late))).round().astype(int)
    return [late[i] for i in dict.fromkeys(places.tolist())], lags


# -- pictures --

ABOUT = (
    "How much of a loss reaches back over k steps: the norm of d loss(t) / d h(t-k), divided by "
    "that of lag 0. The median over losses t, each divided by its own; all lags are of the same "
    "losses. Without dropout, in float64, by autograd."
)


def sections(subject: Subject) -> Iterator[Section]:
    """Yield how far gradients reach back in a run."""
    found = by_lag(subject)
    if not found:
        return
    named = {_named(each): each for each in found}
    yield Section(
        "Gradient by time lag",
        "How far back the model is taught by its mistakes. Where the line falls below 1 %, what "
        "came before is hardly learnt from.",
        list(pictures(named)),
    )


def _named(each: GradientByLag) -> str:
    return f"{each.layer} ({each.cell})" + ("" if each.part == HIDDEN else f", {each.part}")


def pictures(named: dict[str, GradientByLag]) -> Iterator[Figure]:
    """Yield the curves by their names, and where each falls below 1 % of lag 0."""
    yield lines("Gradient by time lag", ABOUT, named)
    rows = [
        [name, _lag(each), *_at(each, (0, 1, 5, 10, 20, 50)), int(each.losses[0])]
        for name, each in named.items()
    ]
    columns = ["layer", "below 1 % from lag", "norm at lag 0"]
    columns += [f"at lag {k}" for k in (1, 5, 10, 20, 50)]
    yield Grid(
        "Where gradients vanish",
        "The first lag from which the gradient stays below 1 % of lag 0; its norm there, and its "
        "share of that at some lags; and how many losses were followed back.",
        [*columns, "losses"],
        rows,
    )


def lines(title: str, about: str, named: dict[str, GradientByLag]) -> Lines:
    """Return the curves by their names."""
    longest = max(len(each.relative) for each in named.values())
    curves = {
        name: [*map(_positive, each.relative.tolist()), *[None] * (longest - len(each.relative))]
        for name, each in named.items()
    }
    y = "gradient, as a share of lag 0"
    return Lines(title, about, list(range(longest)), curves, "lag k", y, log_y=True, level=SHARE)


def _positive(value: float) -> float | None:
    return value if value > 0 else None


def _lag(each: GradientByLag) -> str | int:
    lag = each.vanishes_at()
    return f"not within {len(each.relative) - 1}" if lag is None else lag


def _at(each: GradientByLag, lags: Sequence[int]) -> list[float | None]:
    """Return the norm at lag 0, then shares of it."""
    first, *rest = lags
    shares = [float(each.relative[k]) if k < len(each.relative) else None for k in rest]
    return [float(each.norms[first]), *shares]


def compared(subjects: Sequence[Subject]) -> Iterator[Section]:
    """Yield the gradients of several runs side by side: of their top layers, read forwards.

    Raises:
        SeqkitError: if a run has no recurrent layer.
    """
    named: dict[str, GradientByLag] = {}
    for subject in subjects:
        tops = [each for each in by_lag(subject) if "backwards" not in each.layer]
        if not tops:
            raise SeqkitError(
                f"{subject.run.folder} has no recurrent layer, so no gradient by time lag: leave "
                "it out, or train it with one."
            )
        last = tops[-1].layer
        for each in tops:
            if each.layer == last:
                named[_distinct(f"{subject.run.folder.absolute().name}, {_named(each)}", named)] = (
                    each
                )
    hidden = {name: each for name, each in named.items() if each.part == HIDDEN}
    memory = {name: each for name, each in named.items() if each.part == MEMORY}
    figures = list(pictures(hidden))
    if memory:
        about = f"{ABOUT} Here h is the memory cell of an LSTM, the path that is made to keep."
        figures.append(lines("Gradient by time lag: memory cells", about, memory))
    yield Section(
        "Gradient by time lag, side by side",
        "How far back each model is taught by its mistakes: its top layer, read forwards.",
        figures,
    )


def _distinct(name: str, taken: Iterable[str]) -> str:
    known, number, free = set(taken), 2, name
    while free in known:
        free, number = f"{name} ({number})", number + 1
    return free
