"""What a trained run can show: the sections of its page, task by task."""

import logging
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path

from seqkit.errors import SeqkitError
from seqkit.explain.examples import examples
from seqkit.explain.subject import Subject
from seqkit.pages.figures import Section
from seqkit.predict import load
from seqkit.train.run import Run

MOST = 12  # texts on a page

log = logging.getLogger(__name__)

# What is shown of a run of each task, in the order of the page: modules of this package, each with
# ``sections(subject) -> Sequence[Section]``, which has none where there is nothing to show.
EXPLAINERS: dict[str, tuple[str, ...]] = {
    "classification": (
        *("network", "attribution", "attention", "gates", "gradients", "embedding"),
        "training",
    ),
    "tagging": ("network", "attribution", "gates", "gradients", "embedding", "training"),
    "language_modelling": ("network", "beams", "gates", "gradients", "embedding", "training"),
    "translation": (
        *("network", "attention", "beams", "gates", "gradients", "embedding"),
        "training",
    ),
    "captioning": (
        *("network", "attention", "beams", "gates", "gradients", "embedding"),
        "training",
    ),
    "naming": ("network", "beams", "gates", "gradients", "embedding", "training"),
    "series": ("network", "gates", "gradients", "training"),
    "lesson": ("network", "gates", "gradients", "training"),
}


def explain(run: str | Path, texts: Sequence[str] = ()) -> list[Section]:
    """Return all that a run can show.

    Args:
        run: the run directory.
        texts: what it is shown on; none: examples of its own data.

    Raises:
        SeqkitError: if it is no run, or cannot read a text.
    """
    subject = opened(run, texts)
    return list(sections(subject))


def opened(run: str | Path, texts: Sequence[str] = ()) -> Subject:
    """Open a run, and find it examples where no text is given.

    Raises:
        SeqkitError: if it is no run.
        TypeError: if ``texts`` is one string, whose characters would be explained.
    """
    if isinstance(texts, str):
        raise TypeError("explain takes a list of texts: write explain(run, [text])")
    found, answerer = Run.open(Path(run)), load(run)
    task = found.settings()["task"]
    chosen = tuple(dict.fromkeys(texts)) or examples(found, task, answerer)
    if len(chosen) > MOST:
        log.warning("shown on the first %d of %d texts.", MOST, len(chosen))
    return Subject(found, task, answerer, chosen[:MOST], given=bool(texts))


def sections(subject: Subject) -> Iterator[Section]:
    """Yield what each explainer of the task has to show."""
    for name in EXPLAINERS[subject.task]:
        yield from import_module(f"seqkit.explain.{name}").sections(subject)


def compare(runs: Sequence[str | Path], texts: Sequence[str] = ()) -> list[Section]:
    """Return the gradients by lag of several runs, side by side.

    Args:
        runs: two run directories or more.
        texts: what they are shown on; none: examples of each one's own data.

    Raises:
        SeqkitError: if one is no run or has no recurrent layer, or there are not two of them.
    """
    if len(runs) < 2:
        raise SeqkitError("--compare sets runs side by side: name two or more.")
    from seqkit.explain.gradients import compared

    return list(compared([opened(run, texts) for run in runs]))
