"""Run directory -> what answers for it."""

from pathlib import Path

from seqkit.errors import unknown
from seqkit.tasks.text_classifier import TextClassifier
from seqkit.train.run import Run

ANSWERERS = {"classification": TextClassifier}


def load(run: str | Path) -> TextClassifier:
    """Open a run directory; the result's ``predict(texts)`` answers.

    Nothing but the folder is needed, and nothing in it is unpickled.

    Raises:
        SeqkitError: if it is no run directory, or a part of it is missing or broken.
    """
    opened = Run.open(Path(run))
    task = opened.settings()["task"]
    if task not in ANSWERERS:
        raise unknown("task", task, ANSWERERS, str(opened.settings_file))
    return ANSWERERS[task].load(opened)
