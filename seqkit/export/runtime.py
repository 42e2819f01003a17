"""An exported folder -> what answers for it, without torch."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

from seqkit.errors import SeqkitError
from seqkit.train.run import Run

if TYPE_CHECKING:
    from seqkit.tasks.answering import Answerer

# What answers for an exported run of each task: module and class, imported when it is asked for.
ANSWERERS = {
    "classification": ("seqkit.export.labels", "OnnxClassifier"),
    "tagging": ("seqkit.export.tags", "OnnxTagger"),
    "language_modelling": ("seqkit.export.writers", "OnnxWriter"),
    "translation": ("seqkit.export.translators", "OnnxTranslator"),
}
FOLDERS = ("onnx", "onnx-int8")  # of a run, where its export lies if nothing else is said


def load(folder: str | Path) -> "Answerer":
    """Open an exported folder, or a run that has one, float32 first; ``stream(texts)`` answers.

    Raises:
        SeqkitError: if there is none, or a part of it is missing or broken.
    """
    run = Run.open(Path(folder))
    there = [run.folder / name for name in FOLDERS if (run.folder / name).is_dir()]
    if there:
        run = Run.open(there[0])
    saved = run.settings()
    if "onnx" not in saved:
        raise SeqkitError(f"{folder} is not exported yet: seqkit export {folder} --onnx.")
    if saved["task"] not in ANSWERERS:
        raise SeqkitError(f"--runtime onnx has no answers for a run of {saved['task']}.")
    module, name = ANSWERERS[saved["task"]]
    return cast("Answerer", getattr(import_module(module), name).load(run))
