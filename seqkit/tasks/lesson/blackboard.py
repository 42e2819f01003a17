"""What a teacher puts on the screen: the numbers of a recurrent network, stage by stage."""

import math
from collections.abc import Sequence

from torch import Tensor

from seqkit.models.next_character import Stages
from seqkit.tasks.lesson.pupil import ENDS, Pupil, ScoredStep, shown
from seqkit.train.metrics import Table

DECIMALS = 3

# The recurrence of each cell. * is elementwise; sigmoid gates are between 0 and 1.
RECURRENCE = {
    "rnn": ("h_t = tanh(W x_t + U h_{t-1} + b)",),
    "lstm": (
        "i_t = sigmoid(W_i x_t + U_i h_{t-1} + b_i)",
        "f_t = sigmoid(W_f x_t + U_f h_{t-1} + b_f)",
        "g_t = tanh(W_g x_t + U_g h_{t-1} + b_g)",
        "o_t = sigmoid(W_o x_t + U_o h_{t-1} + b_o)",
        "c_t = f_t * c_{t-1} + i_t * g_t",
        "h_t = o_t * tanh(c_t)",
    ),
    "gru": (
        "r_t = sigmoid(W_r x_t + U_r h_{t-1} + b_r)",
        "z_t = sigmoid(W_z x_t + U_z h_{t-1} + b_z)",
        "n_t = tanh(W_n x_t + b_n + r_t * (U_n h_{t-1} + d_n))",
        "h_t = (1 - z_t) * n_t + z_t * h_{t-1}",
    ),
}
GATES = {"rnn": 1, "lstm": 4, "gru": 3}  # blocks of rows in W, U and b

Part = str | Table


def before(pupil: Pupil, word: str, cell: str) -> list[Part]:
    """Return the task, the shapes, the one-hot rows, and the numbers of the untrained network."""
    stages, steps = _computed(pupil, word)
    pairs = ", ".join(f"{shown(s.reads)} -> {shown(s.next)}" for s in steps)
    start = "h_0 and c_0 are" if cell == "lstm" else "h_0 is"
    return [
        f"{word}: at each step the network reads one character and answers the next.",
        pairs,
        *_ambiguous(steps),
        _shapes(pupil, stages, steps, cell),
        "\n".join([f"The recurrence, where {start} zero:", *(f"  {f}" for f in RECURRENCE[cell])]),
        _weights(stages, cell),
        "W x_t is the column of W that belongs to the character: one-hot times a matrix looks up.",
        _rows("One-hot rows x_t", steps, pupil.vocabulary.words, stages.inputs.int()),
        *_numbers(pupil, stages, steps, "before training"),
        f"{_told(steps)} Calling all {len(pupil.vocabulary)} characters equally probable costs "
        f"ln {len(pupil.vocabulary)} = {math.log(len(pupil.vocabulary)):.{DECIMALS}f}.",
    ]


def after(pupil: Pupil, word: str, cell: str) -> list[Part]:
    """Return the numbers of the trained network, and what it writes by itself."""
    del cell
    stages, steps = _computed(pupil, word)
    known = all(s.right for s in steps)
    more = "" if known else " More units (hidden=8) or more epochs may help."
    first, length = steps[0].reads, len(steps) + 1
    return [
        *_numbers(pupil, stages, steps, "after training"),
        _told(steps) + more,
        *(_told_apart(steps) if known else []),
        f"Given {shown(first)} alone, and then its own answers to read, it writes: "
        f"{pupil.write(first, length)}",
    ]


def _computed(pupil: Pupil, word: str) -> tuple[Stages, tuple[ScoredStep, ...]]:
    steps = pupil.recite([word]).steps
    return pupil.model.stages(pupil.ids([step.reads for step in steps])), steps


def _followers(steps: Sequence[ScoredStep]) -> dict[str, list[ScoredStep]]:
    """Return the characters that are not always followed by the same one, and where they are."""
    reads = {s.reads: [t for t in steps if t.reads == s.reads] for s in steps}
    return {token: found for token, found in reads.items() if len({s.next for s in found}) > 1}


def _ambiguous(steps: Sequence[ScoredStep]) -> list[str]:
    followers = {
        shown(token): dict.fromkeys(shown(s.next) for s in found)
        for token, found in _followers(steps).items()
    }
    if not followers:
        return []
    told = [f"After {token} comes {' or '.join(nexts)}." for token, nexts in followers.items()]
    return [
        f"{' '.join(told)} x_t is the same there: only the hidden state, which depends on what "
        "was read before, can tell which."
    ]


def _told_apart(steps: Sequence[ScoredStep]) -> list[str]:
    return [
        f"{shown(token)} is read at steps {', '.join(str(s.step) for s in found)}: the same x_t, "
        "but other hidden states, and so other answers."
        for token, found in _followers(steps).items()
    ]


def _told(steps: Sequence[ScoredStep]) -> str:
    right, loss = sum(s.right for s in steps), sum(s.loss for s in steps) / len(steps)
    share = f"{right} of {len(steps)} right ({right / len(steps):.0%})"
    return f"Mean loss {loss:.{DECIMALS}f}; {share}."


def _shapes(pupil: Pupil, stages: Stages, steps: Sequence[ScoredStep], cell: str) -> Table:
    batch, time, characters = stages.inputs.shape
    hidden = stages.hidden.shape[2]
    ids = " ".join(map(str, pupil.ids([step.reads for step in steps])[0].tolist()))
    rows: list[list[object]] = [
        ["characters", f"as numbers: {ids}", batch, time, None],
        ["one-hot rows", "x_t = 1 at the character, else 0", batch, time, characters],
    ]
    if stages.memory is not None:
        rows.append(["memory cells", RECURRENCE[cell][-2], batch, time, hidden])
    rows += [
        ["hidden states", RECURRENCE[cell][-1], batch, time, hidden],
        ["logits", "y_t = V h_t + a", batch, time, characters],
        ["probabilities", "p_t = softmax(y_t)", batch, time, characters],
        ["losses", "-ln p_t(next character)", batch, time, None],
        ["loss", "their mean: training lowers it", None, None, None],
    ]
    columns = ["stage", "what is computed", "batch", "time", "features"]
    return Table("The shapes, stage by stage", columns, rows)


def _weights(stages: Stages, cell: str) -> Table:
    characters, hidden = stages.inputs.shape[2], stages.hidden.shape[2]
    rows = GATES[cell] * hidden
    gates = ", ".join(line[0] for line in RECURRENCE[cell][: GATES[cell]])
    blocks = f"; blocks {gates}" if GATES[cell] > 1 else ""
    weights: list[tuple[str, str, int, int | None]] = [
        ("W", f"input to hidden{blocks}", rows, characters),
        ("U", "hidden to hidden, the same at every step", rows, hidden),
        ("b", "bias (torch keeps it as a sum of two)", rows, None),
        ("V", "hidden to logits", characters, hidden),
        ("a", "bias", characters, None),
    ]
    if cell == "gru":
        weights[2] = ("b", "bias (of r and z, torch keeps it as a sum of two)", rows, None)
        weights.insert(3, ("d_n", "bias inside the reset of the candidate n", hidden, None))
    table = [[*weight, weight[2] * (weight[3] or 1)] for weight in weights]
    table.append(["all", "", None, None, sum(weight[2] * (weight[3] or 1) for weight in weights)])
    return Table(
        "The weights: what is learnt", ["name", "use", "rows", "columns", "numbers"], table
    )


def _numbers(pupil: Pupil, stages: Stages, steps: Sequence[ScoredStep], when: str) -> list[Table]:
    words = pupil.vocabulary.words
    units = range(1, stages.hidden.shape[2] + 1)
    tables = []
    if stages.memory is not None:
        names = [f"c{unit}" for unit in units]
        tables.append(_rows(f"Memory cells c_t {when}", steps, names, stages.memory))
    names = [f"h{unit}" for unit in units]
    tables.append(_rows(f"Hidden states h_t {when}", steps, names, stages.hidden))
    tables.append(_rows(f"Logits y_t {when}", steps, words, stages.logits))
    shares = stages.logits.double().softmax(dim=2)
    table = _rows(f"Probabilities p_t and loss {when}", steps, words, shares)
    rows = [[*row, *step.end] for row, step in zip(table.rows, steps, strict=True)]
    return [*tables, table._replace(columns=[*table.columns, *ENDS], rows=rows)]


def _rows(title: str, steps: Sequence[ScoredStep], columns: Sequence[str], values: Tensor) -> Table:
    """Return a row a step of ``values``, ``(1, time, columns)``."""
    rows = zip(steps, values[0].tolist(), strict=True)
    return Table(
        title,
        ["step", "reads", *map(shown, columns)],
        [[s.step, shown(s.reads), *row] for s, row in rows],
        DECIMALS,
    )
