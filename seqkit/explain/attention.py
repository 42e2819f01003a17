"""What a model attends to: source words for each target word, or the words that a label rests on.

The weights are the model's own, those that its answer was made with (Bahdanau et al. 2015, figure
3; Yang et al. 2016, figure 5); for a captioner, of each place of the picture (Xu et al. 2015).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from seqkit.decode import watched
from seqkit.errors import SeqkitError
from seqkit.explain.tokens import brief, legend, shown_all, surfaces
from seqkit.pages.figures import Bars, ColouredText, Figure, HeatMap, Section

if TYPE_CHECKING:
    from seqkit.explain.subject import Subject
    from seqkit.tasks.captions.caption_writer import CaptionWriter
    from seqkit.tasks.labels.text_classifier import TextClassifier
    from seqkit.tasks.translation.text_translator import TextTranslator

Floats = NDArray[np.float64]
SHOWN = 12  # words in a bar chart


@dataclass(frozen=True, eq=False)
class Attention:
    """What was attended to while an answer was made.

    Attributes:
        text: that was read.
        answer: that was given: a translation, a caption, a label.
        source: what can be attended to: the tokens of the text, ``<eos>`` among them where it is
            read; or the places of a picture, row by row.
        target: the tokens that were written; for a classifier, its label alone.
        weights: ``(target, source)``, 0 to 1; each row sums to 1.
        grid: rows and columns of a picture's places; None for texts.
    """

    text: str
    answer: str
    source: tuple[str, ...]
    target: tuple[str, ...]
    weights: Floats
    grid: tuple[int, int] | None = None


def attends(answerer: Any) -> bool:
    """Whether the model of an answerer has attention."""
    model = answerer.model
    if hasattr(model, "decoder"):
        return getattr(model.decoder, "attention", None) is not None
    pooling = getattr(getattr(model, "reader", None), "pooling", None)
    return getattr(pooling, "attention", None) is not None


def of(answerer: Any, text: str) -> Attention:
    """Return what was attended to in answering a text.

    Args:
        answerer: of a translation, captioning or classification run.
        text: what it answers.

    Raises:
        SeqkitError: if its model has no attention, or nothing can be read of the text.
    """
    if not attends(answerer):
        raise SeqkitError(
            "this run's model has no attention: train one with attention=general (a translator), "
            "or pooling=attention (a classifier)."
        )
    if hasattr(answerer, "direction"):
        return _of_translation(answerer, text)
    if hasattr(answerer, "view"):
        return _of_caption(answerer, text)
    return _of_label(answerer, text)


def _of_translation(answerer: "TextTranslator", text: str) -> Attention:
    """Return the attention of the best translation; of an ensemble, the mean of its models'."""
    with watched() as searches:
        (answer,) = answerer.stream([text])
    if not searches or not searches[0].answers[0]:
        raise SeqkitError(f"nothing can be translated of '{brief(text)}'.")
    best = searches[0].answers[0][0]
    assert best.attention is not None
    words = [word for word in answerer.source.tokenizer.words(text) if word]
    source = shown_all([*words[: answerer.max_length], "<eos>"])
    target = shown_all(answerer.target.vocabulary.tokens(best.ids))
    return Attention(text, answer.text, source, target, best.attention.astype(np.float64))


def _of_caption(answerer: "CaptionWriter", text: str) -> Attention:
    with watched() as searches:
        (answer,) = answerer.stream([text])
    if not searches or not searches[0].answers[0]:
        raise SeqkitError(answer.problem or f"nothing was written of '{brief(text)}'.")
    best, grid = searches[0].answers[0][0], answerer.model.image.positions
    assert best.attention is not None
    assert grid is not None
    places = tuple(f"row {i + 1}, column {j + 1}" for i, j in np.ndindex(*grid))
    target = shown_all(answerer.vocabulary.tokens(best.ids))
    weights = best.attention.astype(np.float64)
    return Attention(text, answer.captions[0].text, places, target, weights, grid)


def _of_label(answerer: "TextClassifier", text: str) -> Attention:
    (batch,) = answerer.batches(answerer.encode([text])).epoch(0)
    device = next(answerer.model.parameters()).device
    weights = answerer.model.attention(batch.to(device))
    assert weights is not None
    tokens = answerer.tokenizer.tokenize(text)[: answerer.max_length]
    source = surfaces(tokens, text) or ("<unk>",)
    label = answerer.predict([text])[0].label
    return Attention(text, label, source, (label,), weights.double().cpu().numpy())


def figures(found: Attention) -> list[Figure]:
    """Return the pictures of it: a heat map; for a label, the text in colours and bars."""
    if found.grid is not None:
        return _places(found, found.grid)
    if len(found.target) != 1 or found.target != (found.answer,):
        return [
            HeatMap(
                f"Attention: {brief(found.answer)}",
                f"'{brief(found.text)}' along the top, what was written down the side: in each "
                "row, where the model looked when it wrote that token. A row sums to 1."
                + legend((*found.source, *found.target)),
                rows=found.target,
                columns=found.source,
                values=found.weights,
                low=0.0,
                high=1.0,
            )
        ]
    weights = found.weights[0]
    order = np.argsort(-weights, kind="stable")[:SHOWN]
    about = f"Of all {len(weights)} tokens, what each counts for in '{found.answer}'. Sum: 1."
    return [
        ColouredText(
            f"Attention: {found.answer}", about, found.source, {"weight": weights.tolist()}
        ),
        Bars(
            "Words attended to most",
            f"The {len(order)} largest weights, and the places of their tokens.",
            [f"{found.source[i]} ({i + 1})" for i in order],
            weights[order].tolist(),
            value_name="weight",
        ),
    ]


def _places(found: Attention, grid: tuple[int, int]) -> list[Figure]:
    rows, columns = ([f"{i + 1}" for i in range(size)] for size in grid)
    return [
        HeatMap(
            f"{number + 1}. {word}",
            f"Where in the picture the model looked when it wrote '{word}'. The places sum to 1.",
            rows=rows,
            columns=columns,
            values=weights.reshape(grid),
            low=0.0,
        )
        for number, (word, weights) in enumerate(zip(found.target, found.weights, strict=True))
    ]


def sections(subject: "Subject") -> Sequence[Section]:
    """Return a section on the texts of a run; none where its model has no attention."""
    if not attends(subject.answerer):
        return []
    shown = [figure for text in subject.texts for figure in figures(of(subject.answerer, text))]
    about = "What the model looked at: the very weights with which its answers were made."
    return [Section("Attention", about, shown)] if shown else []
