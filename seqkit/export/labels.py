"""A classifier's answers by onnxruntime."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqkit.data.batching import Batches
from seqkit.export.sessions import Session, open_session
from seqkit.tasks.labels.labelling import Inputs, Labeller
from seqkit.train.run import Run

ROWS_AT_ONCE = 256


@dataclass(frozen=True)
class OnnxClassifier(Labeller):
    """A classifier whose ``model`` is an ONNX graph."""

    model: Session

    def probabilities(self, inputs: Inputs) -> NDArray[np.float32]:
        """Return ``(rows, labels)`` probabilities."""
        batches = Batches(
            inputs.rows,
            spellings=inputs.spellings,
            bags=inputs.bags,
            batch_size=ROWS_AT_ONCE,
            pad=self.vocabulary.pad,
        )
        logits = np.empty((len(inputs.rows), len(self.labels)), np.float32)
        for rows in batches.plan(0):
            logits[rows] = self.model(batches.arrays(rows))["logits"]
        if self.multi_label:
            return (1 / (1 + np.exp(-logits))).astype(np.float32)
        return softmax(logits)

    @classmethod
    def load(cls, run: Run) -> "OnnxClassifier":
        """Rebuild the classifier of an exported folder.

        Raises:
            SeqkitError: if a part is missing, broken or of another model.
        """
        model, parts = open_session(run.folder / "model.onnx"), cls.parts(run)
        model.refuse_misfit("logits", len(parts["labels"]))
        return cls(model=model, **parts)


def softmax(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return probabilities over the last axis."""
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    total: NDArray[np.float32] = shares / shares.sum(axis=-1, keepdims=True)
    return total
