"""Gates over time: what each unit of a recurrent layer lets in, keeps and shows, token by token."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from seqkit.explain.cell_gates import CANDIDATE, HIDDEN, MEMORY
from seqkit.explain.reading import joined, model_of
from seqkit.explain.subject import Subject
from seqkit.explain.tokens import brief, shown_all
from seqkit.explain.units import Floats, Tracker, trackers
from seqkit.explain.unrolling import unrolled
from seqkit.nn.cells import CELLS
from seqkit.pages.figures import ColouredText, Figure, Grid, HeatMap, Section

TOKENS = 48  # columns of a heat map
UNITS = 16  # rows of a heat map: those that vary most
MEAN = "Gates, mean over all units"
CHOICE = 48  # units of a layer that a text can be coloured by

CELL_NAMES = {kind: name for name, kind in CELLS.items()}


@dataclass(frozen=True, eq=False)
class GatesOverTime:
    """All that one recurrent layer, in one direction, did with one text.

    Attributes:
        text: the text.
        layer: its name, as ``layer 1, backwards``.
        cell: its kind, as ``lstm``.
        tokens: that it read, in the order of the text.
        values: ``(time, hidden)`` of each gate, of the candidate, the hidden state and the memory
            cell, where the cell has them.
        top: whether it is the last layer of its encoder.
        backwards: whether it read the last token first.
    """

    text: str
    layer: str
    cell: str
    tokens: tuple[str, ...]
    values: dict[str, Floats]
    top: bool = True
    backwards: bool = False

    @property
    def activity(self) -> Floats:
        """``(time, hidden)``: what a unit tells, from -1 to 1: ``tanh(c)``, else the hidden state.

        As in Karpathy, Johnson and Fei-Fei 2016, section 4.2.
        """
        memory = self.values.get(MEMORY)
        return self.values[HIDDEN] if memory is None else np.tanh(memory)


def over(subject: Subject) -> list[GatesOverTime]:
    """Return what every recurrent layer, in each direction, did with each text.

    They are computed from the weights by the cell's equations, step by step, in float64.
    """
    found, model = [], model_of(subject)
    for reading in subject.readings:
        copied, watchers = unrolled(model, list(reading.read))
        with torch.no_grad():
            reading.losses(copied)
        highest = {each.encoder: each.layer for each in watchers}  # lower layers come first
        found += [
            GatesOverTime(
                reading.text,
                each.name,
                CELL_NAMES[type(each.cell)],
                reading.read[each.encoder],
                each.over_time(),
                each.layer == highest[each.encoder],
                each.backwards,
            )
            for each in watchers
        ]
    return found


def sections(subject: Subject) -> Iterator[Section]:
    """Yield the gates of the top layers over the first text, and the units to colour texts by.

    What is read backwards, and every gate unit by unit, is folded: it is much, and much alike.
    """
    by_layer: dict[str, list[GatesOverTime]] = {}
    for each in over(subject):
        if each.top:
            by_layer.setdefault(each.layer, []).append(each)
    for several in by_layer.values():
        yield from _gates(several[0])
    for several in by_layer.values():
        yield _units(several)


def _gates(gates: GatesOverTime) -> Iterator[Section]:
    """Yield the gates of a layer in a few pictures, then unit by unit."""
    layer = f"{gates.layer} ({gates.cell})"
    about = f"What each unit did as '{gates.text}' was read. {GATES_SAY.get(gates.cell, '')}"
    few: list[Figure] = []
    rest: list[Figure] = []
    for figure in _maps(gates):
        is_first = figure.title in (MEAN, _title(MEMORY if MEMORY in gates.values else HIDDEN))
        (few if is_first else rest).append(figure)
    if gates.backwards:
        few, rest = [], few + rest
    if few:
        yield Section(f"Gates over time: {layer}", about.strip(), few)
    if rest:
        told = about.strip() if gates.backwards else f"Unit by unit, as '{gates.text}' was read."
        title = "Gates over time" if gates.backwards else "Gates, unit by unit"
        yield Section(f"{title}: {layer}", told, rest, folded=True)


GATES_SAY = {
    **dict.fromkeys(
        ("lstm", "mogrifier", "layer_norm_lstm"),
        "Input gate: how much of the candidate goes into the memory cell. Forget gate: how much "
        "of the memory stays (1: all of it). Output gate: how much of the memory is shown.",
    ),
    "gru": "Update gate: how much of the old state stays (1: all of it). Reset gate: how much of "
    "the old state the candidate sees.",
    "mingru": "Update gate: how much of the state is new (1: all of it).",
    "minlstm": "Input and forget gate, of sum one: how much of the state is new, how much stays.",
}


def _maps(gates: GatesOverTime) -> Iterator[Figure]:
    """Yield the mean of each gate, then each gate and state of the units that vary most."""
    columns = shown_all(gates.tokens[:TOKENS])
    named = {name: v[:TOKENS] for name, v in gates.values.items() if name != CANDIDATE}
    opened = {name: v for name, v in named.items() if name not in (HIDDEN, MEMORY)}
    if opened:
        yield HeatMap(
            MEAN,
            f"How far each gate is open at each token, on average over {_width(gates)} units.",
            list(opened),
            columns,
            np.stack([v.mean(axis=1) for v in opened.values()]),
            0.0,
            1.0,
        )
    units = np.argsort(-gates.activity.std(axis=0), kind="stable")[:UNITS]
    rows = [f"unit {unit}" for unit in units.tolist()]
    for name, values in named.items():
        is_gate = name in opened
        about = f"The {len(units)} of {_width(gates)} units that vary most over the text."
        if is_gate:
            about += " 0 is shut, 1 is open."
        low, high = (0.0, 1.0) if is_gate else (None, None)
        yield HeatMap(_title(name), about, rows, columns, values[:, units].T, low, high)


def _title(name: str) -> str:
    return name[0].upper() + name[1:]


def _width(gates: GatesOverTime) -> int:
    return int(gates.activity.shape[1])


def _units(several: Sequence[GatesOverTime]) -> Section:
    """Return the texts coloured by units of one layer, and what these units follow."""
    activity = np.concatenate([each.activity for each in several])
    found = trackers([each.tokens for each in several], activity)
    names = _names(found, activity)
    figures: list[Figure] = [
        ColouredText(
            f"Coloured by one unit: {brief(each.text, 40)}",
            "Each token by what the unit tells after reading it, from -1 to 1; choose the unit.",
            each.tokens if joined(each.tokens) else shown_all(each.tokens),
            {name: each.activity[:, unit].tolist() for unit, name in names.items()},
            joined=joined(each.tokens),
        )
        for each in several
    ]
    if found:
        rows = [[t.follows, f"unit {t.unit}", t.correlation, t.weaker_half] for t in found]
        figures.append(
            Grid(
                "Units that follow something",
                f"The unit that follows each property of a token best, of {activity.shape[1]} "
                f"over {len(activity)} tokens; and its correlation in the half of the tokens "
                "where it is weaker: far from the other, it is chance.",
                ["follows", "unit", "correlation", "in the weaker half"],
                rows,
            )
        )
    first = several[0]
    told = "tanh of the memory cell" if MEMORY in first.values else "the hidden state"
    return Section(
        f"Units: {first.layer} ({first.cell})",
        f"What single units tell ({told}), as in Karpathy et al. 2016.",
        figures,
        folded=first.backwards,
    )


def _names(found: Sequence[Tracker], activity: Floats) -> dict[int, str]:
    """Return the units to choose from, with what they follow; then those that vary most."""
    names: dict[int, str] = {}
    for tracker in sorted(found, key=lambda t: -abs(t.weaker_half)):
        told = f"{tracker.follows} ({tracker.correlation:+.2f})"
        before = names.get(tracker.unit)
        names[tracker.unit] = f"{before}, {told}" if before else f"unit {tracker.unit}: {told}"
    for unit in np.argsort(-activity.std(axis=0), kind="stable").tolist()[:CHOICE]:
        if len(names) < CHOICE:
            names.setdefault(unit, f"unit {unit}")
    return names
