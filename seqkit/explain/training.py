"""How a run was trained: the course of its losses, scores and weights, and the errors it makes."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from seqkit.corpus import Corpus
from seqkit.errors import SeqkitError
from seqkit.pages.figures import Figure, Grid, Lines, Section
from seqkit.train.run import Run

if TYPE_CHECKING:
    from seqkit.explain.mistakes import Mistakes
    from seqkit.explain.subject import Subject

POINTS = 400  # of a curve; more steps are drawn by their mean and highest value
PARAMETERS = 12  # whose weights are drawn, the first of the model's that are no biases
HIDDEN = {
    *("kind", "epoch", "step", "best", "train_loss", "seconds", "tokens_per_second"),
    *("bits_per_character", "word_perplexity"),  # the perplexity by another unit
}

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Course:
    """What a run logged, as plain arrays.

    Attributes:
        steps: of each update: its number, ``loss``, ``gradient_norm`` and ``lr``, each ``(n,)``.
        epochs: of each epoch: its number, ``train_loss`` and every score, each ``(e,)``; NaN
            where an epoch has none.
        shares: ``(q,)``, of the quantiles.
        weights: ``(w, q)`` the quantiles of each parameter, by its name; a row for each of
            ``weight_epochs``.
        final: the scores of each split.
    """

    steps: Mapping[str, Floats]
    epochs: Mapping[str, Floats]
    shares: Floats
    weights: Mapping[str, Floats]
    weight_epochs: Floats
    final: Mapping[str, Mapping[str, float]]


def course(run: Run) -> Course:
    """Read what a run logged.

    Raises:
        SeqkitError: if a row is broken.
    """
    rows: dict[str, list[dict[str, Any]]] = {"step": [], "epoch": [], "weights": [], "final": []}
    for row in run.metrics():
        rows.get(row.get("kind", ""), []).append(row)
    kept = rows["weights"]
    names = list(kept[-1]["parameters"]) if kept else []
    final = rows["final"][-1] if rows["final"] else {}
    scores = [key for row in rows["epoch"] for key, value in row.items() if _is_number(value)]
    return Course(
        {name: _column(rows["step"], name) for name in ("step", "loss", "gradient_norm", "lr")},
        {name: _column(rows["epoch"], name) for name in dict.fromkeys(scores)},
        np.array(kept[-1]["shares"] if kept else [], np.float64),
        {name: np.array([row["parameters"][name] for row in kept], np.float64) for name in names},
        _column(kept, "epoch"),
        {split: scores for split, scores in final.items() if isinstance(scores, dict)},
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _column(rows: Sequence[Mapping[str, Any]], name: str) -> Floats:
    values = [row.get(name) for row in rows]
    return np.array([v if _is_number(v) else math.nan for v in values], np.float64)


def sections(subject: "Subject") -> list[Section]:
    """Return how the run of a subject was trained, and the errors that it makes."""
    from seqkit.explain.examples import corpus_of

    found = None
    if subject.task in ("classification", "tagging"):
        try:
            corpus = _judged(corpus_of(subject.run), subject.run)
        except SeqkitError:
            corpus = None  # the data is not on this machine: what was logged is
        found = mistakes(subject.task, subject.answerer, corpus) if corpus else None
    return training(subject.run, found)


def _judged(corpus: Corpus, run: Run) -> Corpus:
    """Return the corpus with the validation split that the run held out."""
    from seqkit.tasks.splits import with_validation

    return with_validation(corpus, run.settings()["settings"].get("validation", 0.0))


def mistakes(task: str, answerer: Any, corpus: Corpus) -> "Mistakes | None":
    """Return the errors of a classifier or tagger on validation, or test where there is none."""
    from seqkit.explain import mistakes as errors

    split = next((name for name in ("validation", "test") if name in corpus.splits), None)
    if split is None or not len(corpus.split(split)):
        return None
    look = errors.of_texts if task == "classification" else errors.of_words
    return look(answerer, corpus, split)


def training(run: Run, found: "Mistakes | None" = None) -> list[Section]:
    """Return the sections of a run's training: its course, its errors, its weights."""
    read = course(run)
    parts = [Section("Training", _told(read), [*_scores(read), *_epochs(read), *_steps(run, read)])]
    if found is not None:
        from seqkit.explain.mistakes import figures

        about = "What it gets wrong, when, and how sure it is of it."
        parts.append(Section("Errors", about, figures(found)))
    about = "After each epoch, the values below which such a share of a parameter's weights lie."
    parts.append(Section("Weights", about, _weights(read), folded=True))
    return [part for part in parts if part.figures]


def _told(read: Course) -> str:
    steps, epochs = len(read.steps["step"]), len(read.epochs.get("epoch", ()))
    seconds = float(np.nansum(read.epochs.get("seconds", 0.0)))
    told = f"{epochs} epochs, {steps:,} steps" if epochs != 1 else f"1 epoch, {steps:,} steps"
    if not epochs:
        told = f"{steps:,} steps of its first epoch"
    best = int(read.epochs["best"][-1]) if epochs and "best" in read.epochs else 0
    kept = f"; the weights are those of epoch {best}" if best and epochs > 1 else ""
    return f"{told}{f', {seconds:,.0f} seconds' if seconds >= 1 else ''}{kept}."


def _scores(read: Course) -> list[Figure]:
    if not read.final:
        return []
    names = list(dict.fromkeys(name for scores in read.final.values() for name in scores))
    rows = [[split, *(scores.get(n) for n in names)] for split, scores in read.final.items()]
    columns = ["split", *map(_in_words, names)]
    return [Grid("Final scores", "Of the weights that are kept.", columns, rows)]


def _in_words(name: str) -> str:
    return name.replace("_", " ")


def _epochs(read: Course) -> list[Figure]:
    """Return losses and scores by epoch; those between 0 and 1 in one picture."""
    epochs = read.epochs
    if not epochs or (read.final and len(epochs["epoch"]) == 1):  # the scores say all of one
        return []
    x = epochs["epoch"].tolist()
    losses = {"training": epochs["train_loss"]}
    if "loss" in epochs:
        losses["validation"] = epochs["loss"]
    about = "Of training it is the mean over the epoch, while the model learns and with dropout."
    figures: list[Figure] = [Lines("Loss by epoch", about, x, _lists(losses), "epoch", "loss")]
    shares: dict[str, Floats] = {}
    others: dict[str, Floats] = {}
    for name, values in epochs.items():
        known = values[np.isfinite(values)]
        if name in HIDDEN or name == "loss" or not len(known):
            continue
        if len(values) > 1 and np.ptp(known) == 0:
            continue  # a fact about the data
        if any(np.array_equal(values, each) for each in [*shares.values(), *others.values()]):
            continue  # micro F1 is the accuracy where each text has one label
        in_words = _in_words(name)
        (shares if known.min() >= 0 and known.max() <= 1 else others)[in_words] = values
    if shares:
        about = "On the validation split."
        figures.append(Lines("Scores by epoch", about, x, _lists(shares), "epoch", "score"))
    for name, values in others.items():
        title = f"{name.capitalize()} by epoch"
        figures.append(Lines(title, "On validation.", x, _lists({name: values}), "epoch", name))
    return figures


def _steps(run: Run, read: Course) -> list[Figure]:
    """Return loss, gradient norm and learning rate by step."""
    steps = read.steps
    count = len(steps["step"])
    if not count:
        return []
    every = -(-count // POINTS)
    x = thinned(steps["step"], every, "last").tolist()
    each = "" if every == 1 else f" Each point stands for {every:,} steps."
    loss = {"loss": thinned(steps["loss"], every, "mean")}
    norm = {"mean" if every > 1 else "norm": thinned(steps["gradient_norm"], every, "mean")}
    if every > 1:
        norm["highest"] = thinned(steps["gradient_norm"], every, "max")
    clip = _clipped(run)
    told = (
        f"Before it is clipped to {clip:g}, the dashed line.{each}"
        if clip
        else f"Not clipped.{each}"
    )
    rate = {"learning rate": thinned(steps["lr"], every, "mean")}
    constant = bool(np.ptp(steps["lr"]) == 0)
    about = f"Of a batch, in training.{each}"
    if constant:
        about += f" The learning rate is {steps['lr'][0]:g} at every step."
    figures: list[Figure] = [
        Lines("Loss by step", about, x, _lists(loss), "step", "loss"),
        Lines(
            *("Gradient norm by step", told, x, _lists(norm), "step", "norm of the gradient"),
            log_y=bool(np.nanmax(steps["gradient_norm"]) > 0),
            level=clip,
        ),
        Lines("Learning rate by step", each.strip(), x, _lists(rate), "step", "learning rate"),
    ]
    return figures[:-1] if constant else figures


def _clipped(run: Run) -> float | None:
    try:
        clip = run.settings()["settings"]["train"]["optimizer"]["clip_norm"]
    except (KeyError, TypeError):
        return None
    return float(clip) if clip else None


def _weights(read: Course) -> list[Figure]:
    names = [f"{share:.0%}" if 0 < share < 1 else "" for share in read.shares.tolist()]
    if names:
        names[0], names[-1] = "least", "greatest"
    if not read.weights:
        return []
    x = read.weight_epochs.tolist()
    drawn = sorted(read.weights, key=lambda name: "bias" in name)[:PARAMETERS]
    if len(x) == 1:  # no course to draw
        drawn = []
    figures: list[Figure] = [_spread(read.weights, names, len(drawn))]
    for name in drawn:
        by_share = reversed(read.weights[name].T.tolist())
        lines = dict(zip(reversed(names), by_share, strict=True))
        figures.append(Lines(name, "", x, lines, "epoch", "weight"))
    return figures


def _spread(weights: Mapping[str, Floats], names: Sequence[str], drawn: int) -> Grid:
    rows = [[name, *values[-1].tolist()] for name, values in weights.items()]
    about = "All parameters, after the last epoch."
    if drawn < len(weights) and drawn:
        about += f" {drawn} of them are drawn below."
    return Grid("All parameters", about, ["parameter", *names], rows)


def thinned(values: Floats, every: int, how: str) -> Floats:
    """Return one value for ``every`` of them: their ``mean``, ``max``, or the ``last``."""
    starts = np.arange(0, len(values), every)
    if every == 1 or not len(values):
        return values
    if how == "last":
        last: Floats = values[np.minimum(starts + every, len(values)) - 1]
        return last
    if how == "max":
        highest: Floats = np.fmax.reduceat(values, starts)
        return highest
    known = np.isfinite(values)
    sums = np.add.reduceat(np.where(known, values, 0.0), starts)
    counts = np.add.reduceat(known.astype(np.float64), starts)
    means: Floats = np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)
    return means


def _lists(lines: Mapping[str, Floats]) -> dict[str, list[float]]:
    return {name: values.tolist() for name, values in lines.items()}


def write_report(run: Run, job: Any = None, title: str = "") -> None:
    """Write the training page into a run directory; of a run that logged nothing, none.

    Args:
        run: of the job.
        job: that was trained; of a classifier or tagger, the errors are looked at too.
        title: of the page; empty: the folder's name.

    Raises:
        SeqkitError: if the page cannot be written.
    """
    from seqkit.pages import page

    answerers, found = {"classification": "classifier", "tagging": "tagger"}, None
    if job is not None and job.task in answerers:
        found = mistakes(job.task, getattr(job, answerers[job.task]), job.corpus)
    parts = training(run, found)
    if not parts:
        return
    saved = run.settings()
    recipe = Path(saved["recipe"]).stem
    about = f"The training of a run of {recipe} ({saved['task'].replace('_', ' ')})."
    page.write(run.report_file, title or run.folder.absolute().name, about, parts)
