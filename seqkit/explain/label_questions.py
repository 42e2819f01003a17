"""Why a text has a label: a classifier's output, its n-grams token by token."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from seqkit.data.batch import Batch
from seqkit.data.interning import intern_rows
from seqkit.explain.questions import Contrast, Floats, NGramShares, Question, contrast
from seqkit.explain.tokens import surfaces
from seqkit.nn.wide import SCALE
from seqkit.text.tokenizer import Token

if TYPE_CHECKING:
    from seqkit.tasks.labels.text_classifier import TextClassifier


@dataclass(frozen=True, eq=False)
class LabelQuestion(Question):
    """Why a text has a label.

    Attributes:
        answerer: the classifier.
        text: the text.
        cut: its tokens, as many as the network reads.
        batch: of the text alone.
        chosen: the labels.
    """

    answerer: "TextClassifier"
    text: str
    cut: Sequence[Token]
    batch: Batch
    chosen: Contrast

    def network(self, x: Tensor) -> Tensor:
        """Return ``(n,)``: of logits that are the mean of two parts', its half."""
        model, given = self.answerer.model, self.batch
        n = len(x)
        batch = Batch(given.ids.expand(n, -1), given.lengths.expand(n), np.arange(n), n)
        return share(self.answerer) * self.chosen.of(model.head(model.reader(x, batch)))

    def occluded(self) -> Floats:
        """Return the output of the text without each token, all else cut as it was."""
        words = [token.text for token in self.cut] or [""]
        rows = [words[:i] + words[i + 1 :] for i in range(len(words))]
        bags = None
        if self.answerer.ngrams is not None:
            text = self.text
            spans = [(token.start or 0, token.end or 0) for token in self.cut] or [(0, len(text))]
            bags = self.answerer.ngrams.bags(text[:begin] + text[end:] for begin, end in spans)
        logits = self.answerer.logits(self.answerer.inputs(intern_rows(rows), bags))
        outputs: Floats = self.chosen.of(logits).double().numpy()
        return outputs


def share(answerer: "TextClassifier") -> float:
    """Return what each part of the model counts for: its logits are the mean of theirs."""
    return 1.0 if answerer.model.wide is None else 0.5


def of_text(
    answerer: "TextClassifier", text: str, label: str = "", against: str = ""
) -> LabelQuestion:
    """Ask why a text has a label.

    Args:
        answerer: the classifier.
        text: the text.
        label: empty: the most probable one.
        against: empty: the most probable other one; of a multi-label classifier, none.

    Raises:
        SeqkitError: if a label is unknown, or both are the same.
    """
    cut = answerer.tokenizer.tokenize(text)[: answerer.max_length]
    model = answerer.model
    (batch,) = answerer.batches(answerer.encode([text])).epoch(0)
    batch = batch.to(next(model.parameters()).device)
    with torch.no_grad():
        scores, vectors = model(batch)[0], model.embed(batch)[0]
    names = answerer.labels
    chosen = contrast(scores, names, label, against, alone=answerer.multi_label)
    width = model.embedding.features
    parts = {"word vectors": slice(0, width)}
    if model.word_encoder is not None:
        parts["spelling"] = slice(width, None)
    return LabelQuestion(
        tokens=surfaces(cut, text) or ("<unk>",),
        label=names[chosen.label],
        against="" if chosen.against is None else names[chosen.against],
        word=None,
        vectors=vectors,
        parts=parts,
        ngrams=ngram_shares(answerer, text, cut, chosen) if model.wide is not None else None,
        answerer=answerer,
        text=text,
        cut=cut,
        batch=batch,
        chosen=chosen,
    )


def ngram_shares(
    answerer: "TextClassifier", text: str, cut: Sequence[Token], chosen: Contrast
) -> NGramShares:
    """Return what n-grams add at each token: exactly, for it is a sum of weights times values.

    What one adds is shared equally by its places in the text, by the words of each place, and by
    their characters; those stand in tokens of the network, or in none.
    """
    ngrams, wide = answerer.ngrams, answerer.model.wide
    assert ngrams is not None
    assert wide is not None
    bags, table = ngrams.bags([text]), wide.table.weight.detach().cpu()
    hashes = bags.rows.values.astype(np.int64)
    weights = chosen.of(table[torch.from_numpy(hashes)]).double().numpy()
    added = share(answerer) * SCALE * weights * bags.weights
    words = [token for token in ngrams.tokenizer.tokenize(text) if token.text]
    places = ngrams.places([token.text for token in words])
    distinct, times = np.unique(np.concatenate(places), return_counts=True)
    each = dict.fromkeys(distinct.tolist(), 0.0) | dict(zip(hashes.tolist(), added, strict=True))
    counts = dict(zip(distinct.tolist(), times.tolist(), strict=True))
    by_word = np.zeros(len(words))
    for size, begins in enumerate(places, start=1):
        for begin, key in enumerate(begins.tolist()):
            by_word[begin : begin + size] += each[key] / counts[key] / size
    tokens, rest = handed_on(by_word, words, cut, len(text))
    bias = share(answerer) * float(chosen.of(wide.bias.detach()[None])[0])
    return NGramShares(tokens if cut else np.zeros(1), rest, bias)


def handed_on(
    values: Floats, given: Sequence[Token], to: Sequence[Token], length: int
) -> tuple[Floats, float]:
    """Hand values of tokens of a text on to other tokens, by the characters that they share.

    Args:
        values: of the tokens ``given``.
        given: tokens of the text.
        to: others of it.
        length: of the text.

    Returns:
        ``(to,)``, and the sum of those that share no character with any.
    """
    cover, density, rest = np.zeros(length), np.zeros(length), 0.0
    for token in to:
        cover[_span(token)] += 1
    for value, token in zip(values, given, strict=True):
        seen = np.flatnonzero(cover[_span(token)])
        if len(seen):
            density[_span(token)][seen] += value / len(seen)
        else:
            rest += float(value)
    density /= np.maximum(cover, 1)
    return np.array([density[_span(token)].sum() for token in to]), rest


def _span(token: Token) -> slice:
    """Return where a token stands; one without a surface stands nowhere."""
    return slice(token.start or 0, token.end or 0)
