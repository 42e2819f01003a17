"""A tagger's answers by onnxruntime; the CRF, if it has one, in NumPy."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqkit.data.batching import Batches
from seqkit.data.tagged import UNSEEN, TaggedRows
from seqkit.export.crf import Chain
from seqkit.export.labels import softmax
from seqkit.export.sessions import Session, open_session
from seqkit.tasks.tags.tagged_text import LIKELY
from seqkit.tasks.tags.word_tagger import ROWS_AT_ONCE, RowAnswer, WordTagger
from seqkit.train.run import Run


@dataclass(frozen=True)
class OnnxTagger(WordTagger):
    """A tagger whose ``model`` is an ONNX graph."""

    model: Session

    @property
    def reads_beside(self) -> bool:
        """Whether the model reads the second tags."""
        return "beside" in self.model.inputs

    def answer(self, rows: TaggedRows) -> Iterator[RowAnswer]:
        """Return the answers to rows, in order."""
        batches = Batches(
            rows.words,
            spellings=rows.spellings,
            batch_size=ROWS_AT_ONCE,
            pad=self.vocabulary.pad,
        )
        answers: dict[int, RowAnswer] = {}
        for some in batches.plan(0):
            given = batches.arrays(some)
            places, unknown = rows.words.places(some), len(self.beside)
            beside = np.full(places.shape, UNSEEN) if rows.beside is None else rows.beside[places]
            given["beside"] = np.where(beside == UNSEEN, unknown, beside).astype(np.int64)
            answers |= zip(some.tolist(), self._answered(given), strict=True)
        return (answers[row] for row in range(len(rows.words)))

    def _answered(self, given: dict[str, NDArray[Any]]) -> Iterator[RowAnswer]:
        said, lengths = self.model(given), given["lengths"]
        scores = said["scores"]
        if "transitions" in said:
            chain = Chain(said["start"], said["transitions"], said["end"])
            best, shares = chain.decode(scores, lengths), chain.marginals(scores, lengths)
        else:
            best, shares = scores.argmax(axis=2), softmax(scores)
        likely = np.argsort(-shares, axis=2, kind="stable")[:, :, :LIKELY]
        shares = np.take_along_axis(shares, likely, axis=2)
        second = said["beside_scores"].argmax(axis=2) if "beside_scores" in said else best[:, :0]
        for row, length in enumerate(lengths.tolist()):
            yield RowAnswer(  # copies: a slice would keep the whole batch in memory
                tags=best[row, :length].copy(),
                beside=second[row, :length].copy(),
                likely=likely[row, :length].copy(),
                probabilities=shares[row, :length].copy(),
            )

    @classmethod
    def load(cls, run: Run) -> "OnnxTagger":
        """Rebuild the tagger of an exported folder.

        Raises:
            SeqkitError: if a part is missing, broken or of another model.
        """
        model, parts = open_session(run.folder / "model.onnx"), cls.parts(run)
        model.refuse_misfit("scores", len(parts["tags"]))
        return cls(model=model, **parts)
