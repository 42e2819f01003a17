"""Run directory -> what answers for it."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

from seqkit.errors import SeqkitError, unknown
from seqkit.train.run import Run

if TYPE_CHECKING:
    from seqkit.tasks.answering import Answerer

# What answers for a run of each task: module and class, imported when it is asked for.
ANSWERERS = {
    "captioning": ("seqkit.tasks.captions.caption_writer", "CaptionWriter"),
    "classification": ("seqkit.tasks.labels.text_classifier", "TextClassifier"),
    "language_modelling": ("seqkit.tasks.language.text_writer", "TextWriter"),
    "naming": ("seqkit.tasks.names.name_writer", "NameWriter"),
    "tagging": ("seqkit.tasks.tags.text_tagger", "TextTagger"),
    "series": ("seqkit.tasks.numbers.series_reader", "SeriesReader"),
    "translation": ("seqkit.tasks.translation.text_translator", "TextTranslator"),
    "lesson": ("seqkit.tasks.lesson.pupil", "Pupil"),
}


def load(run: str | Path) -> "Answerer":
    """Open a run directory; the result's ``stream(texts)`` answers.

    Nothing but the folder is needed, and nothing in it is unpickled.

    Raises:
        SeqkitError: if it is no run directory, or a part of it is missing or broken.
    """
    opened = Run.open(Path(run))
    saved = opened.settings()
    if "onnx" in saved:
        raise SeqkitError(
            f"{run} is an exported folder, without torch's weights: seqkit predict {run} --runtime "
            "onnx."
        )
    task = saved["task"]
    if task not in ANSWERERS:
        raise unknown("task", task, ANSWERERS, str(opened.settings_file))
    module, name = ANSWERERS[task]
    return cast("Answerer", getattr(import_module(module), name).load(opened))
