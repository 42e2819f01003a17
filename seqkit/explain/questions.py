"""What is asked of a classifier or tagger: why this label, and not that one; as a function.

The output that is explained is a difference of logits. Of a softmax it is the log of how many
times as probable one label is as the other; of a multi-label classifier, the log-odds of a label.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqkit.data.batch import Batch
from seqkit.data.batching import Batches
from seqkit.data.interning import intern_rows
from seqkit.data.tagged import TaggedBatch, TaggedBatches
from seqkit.errors import SeqkitError, unknown
from seqkit.explain.tokens import surfaces
from seqkit.nn.crf import FORBIDDEN
from seqkit.nn.wide import SCALE

if TYPE_CHECKING:
    from seqkit.tasks.labels.text_classifier import TextClassifier
    from seqkit.tasks.tags.text_tagger import TextTagger

Floats = NDArray[np.float64]

UNKNOWN = "\ue000"  # of Unicode's private use: a word that no training text has


@dataclass(frozen=True, eq=False)
class Question:
    """Why ``label`` and not ``against``, of one text.

    Attributes:
        tokens: of the text, as they stand in it.
        label: that is asked about.
        against: the one it is compared with; empty for the label's log-odds.
        word: the place of the word whose tag is asked about; None for a text's label.
        vectors: ``(time, features)``, all that the network reads of each token.
        parts: what the features are, by name, as slices of them.
        network: ``(n, time, features)`` to ``(n,)`` outputs.
        linear: ``(tokens,)``, what n-grams add to the output; None where none are read.
        rest: what n-grams add that no token shows.
        bias: the output of n-grams where there are none.
        occluded: the output with each token left out, ``(tokens,)``, when asked for.
    """

    tokens: tuple[str, ...]
    label: str
    against: str
    word: int | None
    vectors: Tensor
    parts: Mapping[str, slice]
    network: Callable[[Tensor], Tensor]
    occluded: Callable[[], Floats]
    linear: Floats | None = None
    rest: float = 0.0
    bias: float = 0.0

    @property
    def added(self) -> float:
        """All that n-grams add to the output, their bias included."""
        return self.bias + self.rest + (0.0 if self.linear is None else float(self.linear.sum()))


# -- a text's label --


def of_text(answerer: "TextClassifier", text: str, label: str = "", against: str = "") -> Question:
    """Ask why a text has a label.

    Args:
        answerer: the classifier.
        text: the text.
        label: empty: the most probable one.
        against: empty: the most probable other one; of a multi-label classifier, none.

    Raises:
        SeqkitError: if a label is unknown, or there is no other.
    """
    cut = answerer.tokenizer.tokenize(text)[: answerer.max_length]
    inputs = answerer.encode([text])
    (batch,) = Batches(
        inputs.rows,
        spellings=inputs.spellings,
        bags=inputs.bags,
        batch_size=1,
        pad=answerer.vocabulary.pad,
    ).epoch(0)
    model = answerer.model
    with torch.no_grad():
        scores = model(batch)[0]
        vectors = model.embed(batch)[0]
    chosen = _contrast(scores, answerer.labels, label, against, alone=answerer.multi_label)
    share = 1.0 if model.wide is None else 0.5  # the logits are the mean of those of the parts

    def network(x: Tensor) -> Tensor:
        logits = model.head(model.reader(x, _repeated(batch, len(x))))
        return share * _difference(logits, chosen)

    def occluded() -> Floats:
        words = [token.text for token in cut] or [""]
        rows = [words[:i] + words[i + 1 :] for i in range(len(words))]
        bags = None
        if answerer.ngrams is not None:
            spans = [(token.start or 0, token.end or 0) for token in cut] or [(0, len(text))]
            bags = answerer.ngrams.bags(text[:begin] + text[end:] for begin, end in spans)
        logits = answerer.logits(answerer.inputs(intern_rows(rows), bags))
        return _difference(logits, chosen).double().numpy()

    width = model.embedding.features
    parts = {"vectors of words": slice(0, width)}
    if model.word_encoder is not None:
        parts["spelling"] = slice(width, None)
    asked = Question(
        surfaces(cut, text) or ("<unk>",),
        answerer.labels[chosen[0]],
        "" if chosen[1] is None else answerer.labels[chosen[1]],
        None,
        vectors,
        parts,
        network,
        occluded,
    )
    if model.wide is None:
        return asked
    return replace(asked, **_linear(answerer, text, chosen, share))


def _linear(
    answerer: "TextClassifier", text: str, chosen: tuple[int, int | None], share: float
) -> dict[str, Floats | float]:
    """Return what n-grams add at each token of the network, at none of them, and without any.

    What an n-gram adds, weight times value, is shared equally by its places in the text, by the
    tokens of each place, and by their characters.
    """
    assert answerer.ngrams is not None
    assert answerer.model.wide is not None
    bag = answerer.ngrams.bags([text])
    table, bias = answerer.model.wide.table.weight.detach(), answerer.model.wide.bias.detach()
    values = _difference(table[torch.from_numpy(bag.rows.values.astype(np.int64))], chosen)
    added = share * SCALE * values.double().numpy() * bag.weights
    by_hash = dict(zip(bag.rows.values.tolist(), added.tolist(), strict=True))
    words = [token for token in answerer.ngrams.tokenizer.tokenize(text) if token.text]
    places = answerer.ngrams.places([token.text for token in words])
    hashes, times = np.unique(np.concatenate(places), return_counts=True)
    each = {
        h: by_hash.get(h, 0.0) / n for h, n in zip(hashes.tolist(), times.tolist(), strict=True)
    }
    by_word = np.zeros(len(words))
    for size, begins in enumerate(places, start=1):
        for begin, key in enumerate(begins.tolist()):
            by_word[begin : begin + size] += each[key] / size
    spans = [(token.start, token.end) for token in words]
    cut = answerer.tokenizer.tokenize(text)[: answerer.max_length]
    linear = _shared(by_word, spans, [(token.start, token.end) for token in cut], len(text))
    rest = float(added.sum() - linear.sum())
    return {
        "linear": linear if len(cut) else np.zeros(1),
        "rest": rest,
        "bias": share * float(_difference(bias[None], chosen)[0]),
    }


Spans = Sequence[tuple[int | None, int | None]]


def _shared(values: Floats, given: Spans, wanted: Spans, length: int) -> Floats:
    """Hand values of spans of a text on to other spans, by the characters that they share."""
    result, cover = np.zeros(len(wanted)), np.zeros(length)
    for begin, end in wanted:
        cover[begin:end] += 1 if begin is not None else 0
    density = np.zeros(length)
    for value, (begin, end) in zip(values, given, strict=True):
        if begin is None or end is None:
            continue
        seen = np.flatnonzero(cover[begin:end]) + begin
        density[seen] += value / max(1, len(seen))
    density /= np.maximum(cover, 1)
    for place, (begin, end) in enumerate(wanted):
        if begin is not None:
            result[place] = density[begin:end].sum()
    return result


def _repeated(batch: Batch, rows: int) -> Batch:
    """Return a batch of one row as one of that row again and again."""
    return Batch(
        batch.ids.expand(rows, -1),
        batch.lengths.expand(rows),
        np.arange(rows),
        batch.tokens * rows,
    )


# -- a word's tag --


def of_word(
    answerer: "TextTagger",
    text: str,
    word: int | None = None,
    label: str = "",
    against: str = "",
) -> Question:
    """Ask why a word of a text has a tag.

    Args:
        answerer: the tagger.
        text: the text, as the tagger takes it.
        word: its place, from 0; None: the word of the least certain tag.
        label: empty: the answered tag.
        against: empty: the most probable other one.

    Raises:
        SeqkitError: if the text has no words or no such place, or a tag is unknown.
    """
    answer = answerer.predict([text])[0]
    if not answer.tokens:
        raise SeqkitError("a text without words has no tags: give one with words.")
    place = _place(answer.probabilities[:, 0] if word is None else None, len(answer.tokens), word)
    cut = answerer.cut(text)
    words = [token.text for token, _ in cut]
    given = [[tag for _, tag in cut]] if answerer.reads_beside else []
    batch = _tagged(answerer, [words], given)
    model = answerer.model
    with torch.no_grad():
        vectors = model.read(batch)[0]
        scores = model.probabilities(
            model.emissions(vectors[None], batch.words.lengths).tags, batch.words.lengths
        )[0, place].log()
    chosen = _contrast(scores, answerer.tags, label or answer.tokens[place].tag or "", against)

    def network(x: Tensor) -> Tensor:
        lengths = batch.words.lengths.expand(len(x))
        return _tag_output(answerer, model.emissions(x, lengths).tags, lengths, place, chosen)

    def occluded() -> Floats:
        rows = [words[:i] + [UNKNOWN] + words[i + 1 :] for i in range(len(words))]
        several = _tagged(answerer, rows, given * len(rows))
        with torch.no_grad():
            scores, lengths = model(several).tags, several.words.lengths
            outputs = _tag_output(answerer, scores, lengths, place, chosen).double().numpy()
        result = np.empty_like(outputs)
        result[several.words.rows] = outputs
        return result

    width = model.embedding.features
    spelt = slice(width, width + model.word_encoder.features)
    parts = {"vectors of words": slice(0, width), "spelling": spelt}
    if model.given is not None:
        parts["given tags"] = slice(spelt.stop, None)
    return Question(
        surfaces([token for token, _ in cut], text),
        answerer.tags[chosen[0]],
        "" if chosen[1] is None else answerer.tags[chosen[1]],
        place,
        vectors,
        parts,
        network,
        occluded,
    )


def _place(certainties: NDArray[np.float32] | None, words: int, word: int | None) -> int:
    if word is None:
        assert certainties is not None
        return int(certainties.argmin())
    if not -words <= word < words:
        raise SeqkitError(f"there is no word {word} in a text of {words}: count from 0.")
    return word % words


def _tagged(
    answerer: "TextTagger", rows: Sequence[list[str]], given: Sequence[Sequence[str]]
) -> TaggedBatch:
    encoded = answerer.rows(intern_rows(rows), beside=given)
    batches = TaggedBatches(encoded, batch_size=len(rows), pad=answerer.vocabulary.pad)
    (batch,) = batches.epoch(0)
    return batch


def _tag_output(
    answerer: "TextTagger",
    scores: Tensor,
    lengths: Tensor,
    place: int,
    chosen: tuple[int, int | None],
) -> Tensor:
    """Return ``log p(tag) - log p(other tag)`` at a place, of emissions ``(n, time, tags)``.

    With a CRF it is the difference of two partition functions, the place held at each tag.
    """
    crf = answerer.model.crf
    if crf is None:
        return _difference(scores[:, place], chosen)

    def held(tag: int) -> Tensor:
        rule = torch.full_like(scores, 0.0)
        rule[:, place] = FORBIDDEN
        rule[:, place, tag] = 0.0
        return crf.log_partition(scores + rule, lengths)

    label, other = chosen
    assert other is not None
    return held(label) - held(other)


# -- both --


def _contrast(
    scores: Tensor, names: Sequence[str], label: str, against: str, *, alone: bool = False
) -> tuple[int, int | None]:
    """Return the numbers of the label asked about and of what it is compared with.

    Raises:
        SeqkitError: if one is unknown, or both are the same.
    """
    for name in (label, against):
        if name and name not in names:
            raise unknown("label", name, names)
    first = names.index(label) if label else int(scores.argmax())
    if against:
        second = names.index(against)
        if second == first:
            raise SeqkitError(f"'{against}' cannot be compared with itself: name another label.")
        return first, second
    if alone or len(names) == 1:
        return first, None
    others = scores.clone()
    others[first] = -torch.inf
    return first, int(others.argmax())


def _difference(scores: Tensor, chosen: tuple[int, int | None]) -> Tensor:
    """Return ``(n,)`` of ``(n, labels)``: the label's score, less that of the other."""
    first, second = chosen
    return scores[:, first] if second is None else scores[:, first] - scores[:, second]
