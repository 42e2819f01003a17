"""The page of a search: which settings won, what mattered, and every trial."""

from collections.abc import Sequence

import numpy as np

from seqkit.pages.figures import Bars, Figure, Grid, Lines, Parallel, Section
from seqkit.pages.page import write
from seqkit.settings import leaves
from seqkit.tune.board import ranked
from seqkit.tune.conclusion import Conclusion
from seqkit.tune.importance import is_named
from seqkit.tune.space import Axis, Range, Value, as_text
from seqkit.tune.study import Study
from seqkit.tune.trial import Trial

CURVES = 8  # trials whose course is drawn


def write_report(study: Study, found: Conclusion) -> None:
    """Write ``report.html`` into the folder of the search."""
    search = study.search
    about = (
        f"{len(found.trials)} trials of {study.recipe.name}, chosen by {search.monitor} on "
        f"validation (search: {search.strategy}, seed {search.seed})."
    )
    file = study.folder / "report.html"
    write(file, f"Search: {study.folder.name}", about, sections(study, found))


def sections(study: Study, found: Conclusion) -> list[Section]:
    """Return what the page shows."""
    return [
        Section(
            "The winner",
            f"Trial {found.best.number}. Test was scored once, for this run alone.",
            [_settings(study, found), _scores(found), _progress(study, found)],
        ),
        Section(
            "Which settings matter",
            "A score is of the validation split; only trials that came to their end are drawn.",
            [_parallel(study, found), *_importance(study, found), *_each(study, found)],
        ),
        Section(
            "All trials",
            "From the best on; then those that were stopped early, and those that failed.",
            [*_courses(study, found), _table(study, found)],
        ),
    ]


def _settings(study: Study, found: Conclusion) -> Figure:
    defaults = {leaf.path: leaf.default for leaf in leaves(study.recipe.defaults)}
    rows = [[p, as_text(v), _text(defaults.get(p))] for p, v in found.best.values.items()]
    return Grid(
        "Its settings", "Those that were searched.", ["setting", "best", "recipe's default"], rows
    )


def _text(value: object) -> str:
    return as_text(value) if isinstance(value, bool | int | float | str | None) else str(value)


def _scores(found: Conclusion) -> Figure:
    names = list(dict.fromkeys(name for scores in found.scores.values() for name in scores))
    rows = [[split, *(s.get(name) for name in names)] for split, s in found.scores.items()]
    about = "Of the weights of its best epoch, on each split."
    return Grid("Its scores", about, ["split", *names], rows)


def _done(found: Conclusion) -> list[Trial]:
    return [trial for trial in found.trials if trial.state == "done"]


def _progress(study: Study, found: Conclusion) -> Figure:
    done, monitor = _done(found), study.search.monitor
    scores = [_score(trial) for trial in done]
    better = np.minimum if study.lower_is_better else np.maximum
    return Lines(
        "The best so far",
        "What each trial reached, in the order in which they were planned.",
        [trial.number for trial in done],
        {"best so far": better.accumulate(scores).tolist(), "trial": scores},
        "trial",
        monitor,
    )


def _parallel(study: Study, found: Conclusion) -> Figure:
    done = _done(found)
    rows = [[_shown(axis, t.values[axis.path]) for axis in study.space.axes] for t in done]
    return Parallel(
        "Settings and scores together",
        "A line for each trial, through its settings to its score.",
        list(study.space.names().values()),
        rows,
        [_score(trial) for trial in done],
        study.search.monitor,
    )


def _shown(axis: Axis, value: Value) -> float | str:
    return value if isinstance(value, int | float) and not is_named(axis) else as_text(value)


def _importance(study: Study, found: Conclusion) -> list[Figure]:
    if not found.importance:
        return []
    names = study.space.names()
    order = sorted(found.importance, key=lambda path: -found.importance[path])
    return [
        Bars(
            "How much each setting matters",
            "The share of the differences between scores (their ranks) that a setting explains by "
            "itself, judged on trials that it has not seen. About 0: not to be told from chance. "
            "What settings do only together is in none of them.",
            [names[path] for path in order],
            [found.importance[path] for path in order],
            "share",
        )
    ]


def _each(study: Study, found: Conclusion) -> list[Figure]:
    return [_against(study, axis, _done(found)) for axis in study.space.axes]


def _against(study: Study, axis: Axis, done: Sequence[Trial]) -> Figure:
    name, monitor = study.space.names()[axis.path], study.search.monitor
    if is_named(axis) or any(isinstance(trial.values[axis.path], bool) for trial in done):
        return _groups(name, monitor, axis, done)
    ordered = sorted(done, key=lambda trial: _number(trial.values[axis.path]))
    return Lines(
        f"{monitor} against {name}",
        f"A dot for each trial; {axis.path}.",
        [_number(trial.values[axis.path]) for trial in ordered],
        {monitor: [_score(trial) for trial in ordered]},
        name,
        monitor,
        log_x=isinstance(axis, Range) and axis.log,
        dots=True,
    )


def _groups(name: str, monitor: str, axis: Axis, done: Sequence[Trial]) -> Figure:
    values = [v for v in axis.grid() if any(t.values[axis.path] == v for t in done)]
    means = [float(np.mean([_score(t) for t in done if t.values[axis.path] == v])) for v in values]
    about = f"The mean over trials with each value of {axis.path}."
    return Bars(
        f"{monitor} by {name}", about, [as_text(v) for v in values], means, f"mean {monitor}"
    )


def _courses(study: Study, found: Conclusion) -> list[Figure]:
    shown = [trial for trial in ranked(study, found.trials) if trial.course][:CURVES]
    epochs = sorted({epoch for trial in shown for epoch in trial.course})
    if len(epochs) < 2:
        return []
    lines = {f"trial {t.number}": [t.course.get(epoch) for epoch in epochs] for t in shown}
    about = f"The best {study.search.monitor} so far, of the first {len(shown)} trials below."
    return [Lines("Over epochs", about, epochs, lines, "epoch", study.search.monitor)]


def _table(study: Study, found: Conclusion) -> Figure:
    names = list(study.space.names().values())
    rows = [
        [
            trial.number,
            trial.score,
            *map(as_text, trial.values.values()),
            max(trial.course, default=0),
            trial.seconds,
            trial.problem or ("" if trial.state == "done" else "stopped early"),
        ]
        for trial in ranked(study, found.trials)
    ]
    columns = ["trial", study.search.monitor, *names, "epochs", "seconds", ""]
    return Grid("Trials", "All of them, with their settings.", columns, rows)


def _score(trial: Trial) -> float:
    assert trial.score is not None
    return trial.score


def _number(value: Value) -> float:
    assert isinstance(value, int | float)
    return float(value)
