"""The page of the copy task: how far RNN, LSTM and GRU look back, and what that hangs on."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from seqkit.explain.copying import CopyJob, CopySettings, Learnt, learn
from seqkit.explain.gradients import ABOUT, GradientByLag, followed, gathered, lines
from seqkit.nn.cells import CellName
from seqkit.nn.initialisation import InitialisationName
from seqkit.pages.figures import Figure, Grid, Lines, Section

LAGS = (1, 2, 5, 10, 20, 30, 40, 60, 80, 100)  # at which a network is asked
GOOD = 0.9  # an accuracy at which a lag counts as remembered
CELLS: dict[str, CellName] = {"RNN": "rnn", "LSTM": "lstm", "GRU": "gru"}
WEIGHTS: dict[str, InitialisationName] = {
    "small": "default",
    "larger": "uniform",
    "orthogonal": "orthogonal",
}
FORGET_BIASES = (0.0, 1.0, 3.0)
STEPS_A_POINT = 10  # of the course of gradient norms


@dataclass(frozen=True, eq=False)
class Demonstration:
    """Networks that have learnt the copy task, by what is said of them.

    Attributes:
        cells: RNN, LSTM and GRU, alike but for that.
        others: those that differ from one of them in initialisation or clipping.
    """

    cells: dict[str, Learnt]
    others: dict[str, Learnt]


def demonstrate(
    chosen: CopySettings | None = None, say: Callable[[str], None] | None = None
) -> Demonstration:
    """Train RNN, LSTM and GRU on the copy task, and what initialisation and clipping do.

    Args:
        chosen: the settings that all share.
        say: is told the name of each network before it is trained.
    """
    base, say = chosen or CopySettings(), say or (lambda _: None)

    def learnt(named: Mapping[str, CopySettings]) -> dict[str, Learnt]:
        found = {}
        for name, each in named.items():
            say(name)
            found[name] = learn(each, [lag for lag in LAGS if lag <= each.longest])
        return found

    cells = {name: with_encoder(base, cell=cell) for name, cell in CELLS.items()}
    unclipped = replace(base.train.optimizer, clip_norm=0.0)
    return Demonstration(
        learnt(cells),
        learnt(
            {
                "RNN, orthogonal": with_encoder(cells["RNN"], recurrent="orthogonal"),
                "LSTM, forget bias 0": with_encoder(cells["LSTM"], forget_bias=0.0),
                "RNN, no clipping": replace(
                    cells["RNN"], train=replace(base.train, optimizer=unclipped)
                ),
            }
        ),
    )


def with_encoder(chosen: CopySettings, **changes: Any) -> CopySettings:
    """Return the settings with some of their encoder's changed."""
    return replace(chosen, encoder=replace(chosen.encoder, **changes))


def gradient(job: CopyJob) -> list[GradientByLag]:
    """Return how far the loss reaches back in a network, over the longest lag."""
    return gathered([followed(job.model, job.reading(job.settings.longest))])


# -- the page --


def sections(shown: Demonstration) -> Iterator[Section]:
    """Yield the page: what is remembered, where gradients vanish, initialisation, clipping."""
    yield _copying(shown)
    yield _gradients(shown)
    yield _initialisation(shown)
    yield _clipping(shown)


def _copying(shown: Demonstration) -> Section:
    chosen = next(iter(shown.cells.values())).job.settings
    return Section(
        "The copy task",
        f"One of {chosen.symbols} symbols is read, then noise, and then the symbol is asked for. "
        f"Each network has {chosen.encoder.hidden} units and the same {chosen.steps:,} steps of "
        f"{chosen.rows} rows, each step's lag drawn evenly from 1 to {chosen.longest}. Held fixed "
        f"are the learning rate ({chosen.train.optimizer.lr:g}), clipping "
        f"({chosen.train.optimizer.clip_norm:g}), the rows and the seed; recurrent weights begin "
        "as torch draws them, the LSTM's forget bias as 1. Each is trained once. How far an RNN "
        "gets depends on both: with short lags first, or orthogonal weights, it may get further "
        "(see below).",
        [accuracies("Accuracy by lag", shown.cells), remembered(shown.cells)],
    )


def accuracies(title: str, named: Mapping[str, Learnt]) -> Lines:
    """Return the accuracy of networks by lag."""
    first = next(iter(named.values()))
    chance = 1 / first.job.settings.symbols
    return Lines(
        title,
        f"The share of symbols answered rightly, of 256 new rows a lag; guessing gets {chance:g}.",
        list(first.accuracy),
        {name: list(each.accuracy.values()) for name, each in named.items()},
        "lag",
        "accuracy",
        level=chance,
    )


def remembered(named: Mapping[str, Learnt]) -> Grid:
    """Return the accuracies as a table, and how far each network remembers."""
    lags = list(next(iter(named.values())).accuracy)
    rows = [[name, _furthest(each), *each.accuracy.values()] for name, each in named.items()]
    return Grid(
        "How far each remembers",
        f"The longest lag up to which at least {GOOD:.0%} are right, and the accuracy at each.",
        ["network", f"{GOOD:.0%} right up to lag", *(f"lag {lag}" for lag in lags)],
        rows,
    )


def _furthest(learnt: Learnt) -> int | str:
    furthest: int | str = "none"
    for lag, accuracy in learnt.accuracy.items():
        if accuracy < GOOD:
            break
        furthest = lag
    return furthest


def _gradients(shown: Demonstration) -> Section:
    before = parts({name: gradient(CopyJob(e.job.settings)) for name, e in shown.cells.items()})
    after = parts({name: gradient(each.job) for name, each in shown.cells.items()})
    return Section(
        "Gradient by time lag",
        "How far the last step's loss reaches back. An LSTM carries two things on: its hidden "
        "state, and the memory cell that is made to keep; both are shown.",
        [
            lines("Before learning", ABOUT, before),
            vanishing("Where gradients vanish, before learning", before),
            lines("After learning", f"{SHORT} {LATCH}", after),
            vanishing("Where gradients vanish, after learning", after),
        ],
    )


SHORT = "The norm of d loss(t) / d h(t-k), as a share of that of lag 0."
LATCH = (
    "A network that has learnt to hold a symbol firmly undoes small changes of its state, so that "
    "its gradient shrinks again (Bengio et al. 1994): what it learns from is the picture before."
)


def parts(named: Mapping[str, Sequence[GradientByLag]]) -> dict[str, GradientByLag]:
    """Return the gradients of each part of a state, by network and part."""
    return {
        name if len(several) == 1 else f"{name}, {each.part}": each
        for name, several in named.items()
        for each in several
    }


def vanishing(title: str, named: Mapping[str, GradientByLag]) -> Grid:
    """Return where each gradient falls below 1 % of lag 0."""
    shown = [lag for lag in (1, 5, 10, 20, 50, 100) if lag < _longest(named)]
    rows = [
        [name, _told(each), *(float(each.relative[lag]) for lag in shown)]
        for name, each in named.items()
    ]
    return Grid(
        title,
        "The first lag from which the gradient stays below 1 % of lag 0, and its share of that at "
        "some lags: medians over 64 rows.",
        ["network", "below 1 % from lag", *(f"at lag {lag}" for lag in shown)],
        rows,
    )


def _longest(named: Mapping[str, GradientByLag]) -> int:
    return min(len(each.relative) for each in named.values())


def _told(each: GradientByLag) -> int | str:
    lag = each.vanishes_at()
    return f"not within {len(each.relative) - 1}" if lag is None else lag


def _initialisation(shown: Demonstration) -> Section:
    base = shown.cells["RNN"].job.settings
    recurrent = {
        f"RNN, {name}": gradient(CopyJob(with_encoder(base, recurrent=rule)))
        for name, rule in WEIGHTS.items()
    }
    lstm = shown.cells["LSTM"].job.settings
    biases = {
        f"LSTM, forget bias {bias:g}": gradient(CopyJob(with_encoder(lstm, forget_bias=bias)))
        for bias in FORGET_BIASES
    }
    trained = {
        "RNN, small": shown.cells["RNN"],
        "RNN, orthogonal": shown.others["RNN, orthogonal"],
        "LSTM, forget bias 0": shown.others["LSTM, forget bias 0"],
        "LSTM, forget bias 1": shown.cells["LSTM"],
    }
    figures: list[Figure] = [
        lines("An RNN's recurrent weights", f"{SHORT} Before learning.", parts(recurrent)),
        vanishing("An RNN's recurrent weights: where gradients vanish", parts(recurrent)),
        lines("An LSTM's forget bias", f"{SHORT} Before learning.", parts(biases)),
        vanishing("An LSTM's forget bias: where gradients vanish", parts(biases)),
        accuracies("Accuracy by lag", trained),
        remembered(trained),
    ]
    return Section(
        "What initialisation does",
        "Recurrent weights: small, as torch draws them, from U(-a, a) with a = 1 / sqrt(units); "
        "larger, with a = sqrt(3 / units), so that a state of random signs keeps its length; or "
        "orthogonal, which keep any length (Saxe et al. 2014). And a forget gate that begins half "
        "open (bias 0), mostly open (1; Jozefowicz et al. 2015) or all but fully open (3).",
        figures,
    )


def _clipping(shown: Demonstration) -> Section:
    clip = shown.cells["RNN"].job.settings.train.optimizer.clip_norm
    both = {
        f"RNN, clipped to {clip:g}": shown.cells["RNN"],
        "RNN, no clipping": shown.others["RNN, no clipping"],
    }
    rows = [
        [name, *np.percentile(each.gradient_norms, [50, 99, 100]).tolist(), each.failed or "no"]
        for name, each in both.items()
    ]
    return Section(
        "What clipping does",
        "Where gradients do not vanish they may explode: a step is then as long as the learning "
        "rate allows, in a direction that means little. Clipping bounds the step (Pascanu et al. "
        "2013); it does not bring back what has vanished.",
        [
            _course(both),
            Grid(
                "Gradient norms",
                "Of all training steps, before clipping.",
                ["network", "median", "99 % are below", "largest", "stopped"],
                rows,
            ),
            accuracies("Accuracy by lag", both),
        ],
    )


def _course(named: Mapping[str, Learnt]) -> Lines:
    longest = max(len(each.gradient_norms) for each in named.values())
    ends = list(range(STEPS_A_POINT, longest + STEPS_A_POINT, STEPS_A_POINT))
    curves: dict[str, list[float | None]] = {}
    for name, each in named.items():
        spans = [each.gradient_norms[end - STEPS_A_POINT : end] for end in ends]
        curves[name] = [float(span.max()) if len(span) else None for span in spans]
    return Lines(
        "Gradient norm while learning",
        f"The largest of each {STEPS_A_POINT} steps, before clipping.",
        ends,
        curves,
        "step",
        "gradient norm",
        log_y=True,
    )
