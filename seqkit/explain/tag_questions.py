"""Why a word has a tag: a tagger's output at one place, as a function of all words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from seqkit.data.interning import intern_rows
from seqkit.data.tagged import TaggedBatch, TaggedBatches
from seqkit.errors import SeqkitError
from seqkit.explain.questions import Contrast, Floats, Question, contrast
from seqkit.explain.reading import LONGEST
from seqkit.explain.tokens import surfaces
from seqkit.nn.crf import CRF, FORBIDDEN

if TYPE_CHECKING:
    from seqkit.tasks.tags.text_tagger import TextTagger

UNKNOWN = "\ue000"  # of Unicode's private use: a word that no training text has


@dataclass(frozen=True, eq=False)
class TagQuestion(Question):
    """Why a word has a tag.

    Attributes:
        answerer: the tagger.
        words: of the text.
        given: the second tags, where the tagger reads them and they are known.
        place: of the word.
        chosen: the tags.
    """

    answerer: "TextTagger"
    words: Sequence[str]
    given: Sequence[str]
    place: int
    chosen: Contrast

    def network(self, x: Tensor) -> Tensor:
        """Return ``log p(tag) - log p(other)`` at the place, ``(n,)``."""
        lengths = torch.full((len(x),), len(self.words), device=x.device)
        return self._output(self.answerer.model.emissions(x, lengths).tags, lengths)

    def occluded(self) -> Floats:
        """Return the output with an unknown word for each; every other word keeps its place."""
        words = self.words
        rows = [[*words[:i], UNKNOWN, *words[i + 1 :]] for i in range(len(words))]
        batch = tagged(self.answerer, rows, self.given)
        with torch.no_grad():
            outputs = self._output(self.answerer.model(batch).tags, batch.words.lengths)
        result = np.empty(len(rows))
        result[batch.words.rows] = outputs.double().cpu().numpy()
        return result

    def _output(self, scores: Tensor, lengths: Tensor) -> Tensor:
        crf, tag, other = self.answerer.model.crf, self.chosen.label, self.chosen.against
        if crf is None:
            return self.chosen.of(scores[:, self.place])
        label = held(crf, scores, lengths, self.place, tag)
        return label if other is None else label - held(crf, scores, lengths, self.place, other)


def held(crf: CRF, scores: Tensor, lengths: Tensor, place: int, tag: int) -> Tensor:
    """Return the log of the sum over all sequences of tags with this tag at a place, ``(n,)``.

    The difference of two such sums is that of the log-probabilities of two tags.
    """
    rule = torch.zeros_like(scores)
    rule[:, place] = FORBIDDEN
    rule[:, place, tag] = 0.0
    return crf.log_partition(scores + rule, lengths)


def tagged(answerer: "TextTagger", rows: Sequence[list[str]], given: Sequence[str]) -> TaggedBatch:
    """Return rows of words, each with the second tags that are given, as one batch."""
    beside = [given] * len(rows) if answerer.reads_beside else []
    encoded = answerer.rows(intern_rows(rows), beside=beside)
    batches = TaggedBatches(encoded, batch_size=len(rows), pad=answerer.vocabulary.pad)
    (batch,) = batches.epoch(0)
    return batch.to(next(answerer.model.parameters()).device)


def of_word(
    answerer: "TextTagger", text: str, word: int | None = None, label: str = "", against: str = ""
) -> TagQuestion:
    """Ask why a word of a text has a tag.

    Args:
        answerer: the tagger.
        text: the text, as the tagger takes it; of a long one, its first ``LONGEST`` words.
        word: its place, from 0; None: the word of the least certain tag.
        label: empty: the answered tag.
        against: empty: the most probable other one.

    Raises:
        SeqkitError: if the text has no words or no such place, or a tag is unknown.
    """
    cut = answerer.cut(text)[:LONGEST]
    if not cut:
        raise SeqkitError("a text without words has no tags: give one with words.")
    if word is not None and not 0 <= word < len(cut):
        raise SeqkitError(f"there is no word {word} in a text of {len(cut)}: count from 0.")
    words, given = [token.text for token, _ in cut], [tag for _, tag in cut]
    beside = [given] if answerer.reads_beside else ()
    (answer,) = answerer.answer(answerer.rows(intern_rows([words]), beside=beside))
    place = int(answer.probabilities[:, 0].argmin()) if word is None else word
    batch, model = tagged(answerer, [words], given), answerer.model
    with torch.no_grad():
        vectors = model.read(batch)
        scores = model.emissions(vectors, batch.words.lengths).tags
        shares = model.probabilities(scores, batch.words.lengths)[0, place]
    names = answerer.tags
    chosen = contrast(shares, names, label or names[answer.tags[place]], against)
    width = model.embedding.features
    spelt = slice(width, width + model.word_encoder.features)
    parts = {"word vectors": slice(0, width), "spelling": spelt}
    if model.given is not None:
        parts["given tags"] = slice(spelt.stop, None)
    return TagQuestion(
        tokens=surfaces([token for token, _ in cut], text),
        label=names[chosen.label],
        against="" if chosen.against is None else names[chosen.against],
        word=place,
        vectors=vectors[0],
        parts=parts,
        ngrams=None,
        answerer=answerer,
        words=words,
        given=given,
        place=place,
        chosen=chosen,
    )
