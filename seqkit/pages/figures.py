"""What a page can show: plain figures with the numbers behind each.

A figure is data, no drawing: :mod:`seqkit.pages.page` draws it, ``as_dict`` gives it to ``--json``.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats: TypeAlias = NDArray[np.float64]
Over = Literal["inputs", "outputs", "once", "beside"]
Pattern = Literal["many-to-one", "one-to-many", "aligned", "seq2seq"]


class Table(NamedTuple):
    """Rows under named columns; a cell is a text, a number, or None."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


class Node(NamedTuple):
    """A hypothesis of a :class:`Tree`.

    Attributes:
        parent: the place of the node it continues, before its own; -1 for the root.
        text: what it adds.
        score: its log-probability so far.
        kept: whether the search went on from it.
    """

    parent: int
    text: str
    score: float
    kept: bool = True


class Layer(NamedTuple):
    """A layer of a :class:`Network`.

    Attributes:
        name: what it is called in the model, as ``encoder``.
        kind: what it is, as ``LSTM``.
        shape: of what it gives, as ``(1, 12, 256)``.
        parameters: how many weights it has.
        over: what it is repeated over: the ``inputs``, the ``outputs``, or nothing (``once``); what
            stands ``beside`` the others is in the table alone.
        passes: which way it passes a state from token to token, if it does.
    """

    name: str
    kind: str
    shape: str
    parameters: int
    over: Over = "inputs"
    passes: Literal["", "ahead", "back", "both"] = ""


@dataclass(frozen=True)
class Figure(ABC):
    """What all figures have: ``about`` says in a sentence or two what one sees."""

    title: str
    about: str

    @abstractmethod
    def table(self) -> Table:
        """Return the numbers behind the picture."""

    def as_dict(self) -> dict[str, Any]:
        """Return the figure as plain values, ready for JSON: its kind, then its fields.

        What is not a finite number becomes None.
        """
        values = {each.name: plain(getattr(self, each.name)) for each in fields(self)}
        return {"kind": type(self).__name__, **values}


@dataclass(frozen=True)
class Lines(Figure):
    """Curves over one axis.

    Attributes:
        x: the places that all lines share.
        lines: the values of each line by its name; None or NaN leaves a gap.
        x_name, y_name: what the axes measure.
        log_y: powers of ten on the vertical axis; values that are not positive are gaps.
        log_x: powers of ten on the horizontal axis, where all ``x`` are positive.
        level: where a dashed horizontal mark goes.
        dots: mark each value with a dot and draw no line, for what has no order.
    """

    x: Sequence[float]
    lines: Mapping[str, Sequence[float | None]]
    x_name: str
    y_name: str
    log_y: bool = False
    level: float | None = None
    log_x: bool = False
    dots: bool = False

    def __post_init__(self) -> None:
        for name, values in self.lines.items():
            _same(f"line '{name}'", len(values), len(self.x))

    def table(self) -> Table:
        """Return a row for each ``x``, a column for each line."""
        rows = list(zip(plain(self.x), *(plain(v) for v in self.lines.values()), strict=True))
        return Table([self.x_name, *self.lines], rows)


@dataclass(frozen=True)
class HeatMap(Figure):
    """A matrix in colours: from ``low`` to ``high``, or both ways from 0 if a value is negative.

    Attributes:
        rows, columns: the label of each, whole; tokens may repeat.
        values: ``(rows, columns)``; NaN is drawn as missing.
        low, high: the ends of the scale [those of the values].
    """

    rows: Sequence[str]
    columns: Sequence[str]
    values: ArrayLike
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        shape, expected = np.shape(self.values), (len(self.rows), len(self.columns))
        if shape != expected and not (0 in expected and 0 in shape):
            raise ValueError(f"values have shape {shape}, not {expected} (rows, columns)")

    def table(self) -> Table:
        """Return the matrix with its row labels before it."""
        columns = ["", *self.columns]
        rows = [[name, *row] for name, row in zip(self.rows, plain(self.values), strict=False)]
        return Table(columns, rows)


@dataclass(frozen=True)
class Bars(Figure):
    """A bar for each name; negative ones go to the other side."""

    names: Sequence[str]
    values: Sequence[float]
    value_name: str = "value"

    def __post_init__(self) -> None:
        _same("names", len(self.names), len(self.values))

    def table(self) -> Table:
        """Return a row for each bar."""
        rows = list(zip(self.names, plain(self.values), strict=True))
        return Table(["name", self.value_name], rows)


@dataclass(frozen=True)
class ColouredText(Figure):
    """A text whose tokens have colours: by one named row of values, chosen by the reader.

    Attributes:
        tokens: in order.
        values: a value for each token, by the name of a unit, a method or a label.
        joined: draw the tokens without spaces between, as characters are.
    """

    tokens: Sequence[str]
    values: Mapping[str, Sequence[float]]
    joined: bool = False

    def __post_init__(self) -> None:
        for name, values in self.values.items():
            _same(f"values '{name}'", len(values), len(self.tokens))

    def table(self) -> Table:
        """Return a row for each token, a column for each row of values."""
        columns = [plain(each) for each in self.values.values()]
        return Table(["token", *self.values], list(zip(self.tokens, *columns, strict=True)))


@dataclass(frozen=True)
class Tree(Figure):
    """Hypotheses that grow out of one another, as in a beam search; parents come first."""

    nodes: Sequence[Node]

    def __post_init__(self) -> None:
        for place, node in enumerate(self.nodes):
            if not -1 <= node.parent < place:
                raise ValueError(f"node {place} has parent {node.parent}: parents come first")

    def table(self) -> Table:
        """Return a row for each node."""
        rows = [
            [place, "" if node.parent < 0 else node.parent, node.text, plain(node.score), node.kept]
            for place, node in enumerate(self.nodes)
        ]
        return Table(["node", "from", "text", "score", "kept"], rows)


@dataclass(frozen=True)
class Points(Figure):
    """Words in the plane: zoom, search, and on hover those nearest in all dimensions.

    Attributes:
        names: of the points, each once.
        places: ``(n, 2)``; the first axis points right, the second up.
        groups: ``(n,)`` the colour of each, from 0.
        group_names: one for each group.
        neighbours: ``(n, k)`` the points nearest to each, nearest first.
        cosines: ``(n, k)`` of those.
        prominent: points that stand out.
    """

    names: Sequence[str]
    places: ArrayLike
    groups: Sequence[int]
    group_names: Sequence[str]
    neighbours: ArrayLike
    cosines: ArrayLike
    prominent: Sequence[int] = ()

    def __post_init__(self) -> None:
        _same("places", len(np.asarray(self.places)), len(self.names))
        _same("groups", len(self.groups), len(self.names))
        _same("neighbours", len(np.asarray(self.neighbours)), len(self.names))

    def table(self) -> Table:
        """Return a row for each point: where it is, its group, its neighbours with cosines."""
        near = np.asarray(self.neighbours, np.int64).reshape(len(self.names), -1).tolist()
        rows = [
            [name, x, y, self.group_names[group], _listed(self.names, others, cosines)]
            for name, (x, y), group, others, cosines in zip(
                self.names, plain(self.places), self.groups, near, plain(self.cosines), strict=True
            )
        ]
        return Table(["name", "x", "y", "group", "nearest"], rows)


@dataclass(frozen=True)
class Confusion(Figure):
    """What was taken for what; a click on a cell shows examples.

    Attributes:
        labels: the classes.
        counts: ``(n, n)`` how many of the row's class were answered with the column's.
        examples: some texts of a cell, by ``(true, answered)``.
    """

    labels: Sequence[str]
    counts: ArrayLike
    examples: Mapping[tuple[int, int], Sequence[str]]

    def __post_init__(self) -> None:
        expected = (len(self.labels), len(self.labels))
        if np.shape(self.counts) != expected:
            raise ValueError(f"counts have shape {np.shape(self.counts)}, not {expected}")

    def table(self) -> Table:
        """Return a row for each cell that is not 0, the largest first."""
        counts = np.asarray(self.counts)
        cells = sorted(np.argwhere(counts).tolist(), key=lambda ij: (-counts[ij[0], ij[1]], ij))
        rows = [[self.labels[i], self.labels[j], plain(counts[i, j])] for i, j in cells]
        return Table(["true", "answered", "times"], rows)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values; ``examples`` become a list of ``true, answered, texts``."""
        examples = [
            {"true": self.labels[i], "answered": self.labels[j], "texts": list(texts)}
            for (i, j), texts in self.examples.items()
        ]
        return {
            "kind": "Confusion",
            "title": self.title,
            "about": self.about,
            "labels": list(self.labels),
            "counts": plain(self.counts),
            "examples": examples,
        }


@dataclass(frozen=True)
class Network(Figure):
    """A network for one input: its layers, and how they are unrolled over the tokens.

    Attributes:
        layers: from the input up; one without a shape does not run over this input, and is in
            the table alone.
        inputs: the tokens that are read (for one-to-many the one thing, as a picture).
        outputs: what is answered: one (many-to-one), one a token (aligned), or its own sequence.
        pattern: ``many-to-one``, ``one-to-many``, ``aligned`` or ``seq2seq``.
        bidirectional: whether the inputs are read from both ends.
    """

    layers: Sequence[Layer]
    inputs: Sequence[str]
    outputs: Sequence[str]
    pattern: Pattern = "aligned"
    bidirectional: bool = False

    def __post_init__(self) -> None:
        if self.pattern == "aligned":
            _same("outputs", len(self.outputs), len(self.inputs))

    def table(self) -> Table:
        """Return a row for each layer, and their sum."""
        rows: list[list[Any]] = [list(layer[:4]) for layer in self.layers]
        rows.append(["all", "", "", sum(layer.parameters for layer in self.layers)])
        return Table(["layer", "kind", "shape", "parameters"], rows)


@dataclass(frozen=True)
class Parallel(Figure):
    """Parallel coordinates: an axis for each setting, a line for each trial, colour by score.

    Attributes:
        axes: the settings.
        rows: of each trial its value of each setting; texts make an axis of names.
        scores: of each trial; NaN where it has none.
        score_name: of the last axis, which is the score's.
    """

    axes: Sequence[str]
    rows: Sequence[Sequence[float | str]]
    scores: Sequence[float]
    score_name: str = "score"

    def __post_init__(self) -> None:
        _same("rows", len(self.rows), len(self.scores))
        for row in self.rows:
            _same("a row", len(row), len(self.axes))

    def table(self) -> Table:
        """Return a row for each trial."""
        scored = zip(plain(self.rows), plain(self.scores), strict=True)
        return Table([*self.axes, self.score_name], [[*row, score] for row, score in scored])


@dataclass(frozen=True)
class Grid(Figure):
    """Just a table."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]

    def __post_init__(self) -> None:
        for row in self.rows:
            _same("a row", len(row), len(self.columns))

    def table(self) -> Table:
        """Return itself."""
        return Table(self.columns, plain(self.rows))


@dataclass(frozen=True)
class Section:
    """Figures that belong together, under a heading; ``folded`` ones open at a click."""

    title: str
    about: str
    figures: Sequence[Figure]
    folded: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return the section as plain values, ready for JSON."""
        figures = [figure.as_dict() for figure in self.figures]
        return {"title": self.title, "about": self.about, "figures": figures}


def plain(value: Any) -> Any:
    """Return a value with its arrays as lists and what is not a finite number as None."""
    if hasattr(value, "tolist"):  # an array, or a tensor; torch is not imported for it
        value = value.tolist()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        if hasattr(value, "_asdict"):  # a named tuple
            return {key: plain(each) for key, each in value._asdict().items()}
        return [plain(each) for each in value]
    return value


def _same(what: str, got: int, expected: int) -> None:
    if got != expected:
        raise ValueError(f"{what}: {got} values, not {expected}")


def _listed(names: Sequence[str], others: Sequence[int], cosines: Sequence[float]) -> str:
    pairs = zip(others, cosines, strict=True)
    return ", ".join(f"{names[i]} {c:.2f}" for i, c in pairs if c is not None)
