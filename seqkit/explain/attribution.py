"""What decided an answer: what each token of a text adds to it.

Two methods that fail in different ways. Integrated gradients (Sundararajan, Taly and Yan 2017,
1703.01365) share out the whole difference between a text and a baseline; occlusion (Zeiler and
Fergus 2014, section 2.1; Li, Monroe and Jurafsky 2016, 1612.08220) asks again without each token.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqkit.errors import SeqkitError
from seqkit.explain.label_questions import of_text
from seqkit.explain.questions import NGramShares, Question
from seqkit.explain.tag_questions import of_word
from seqkit.pages.figures import Bars, ColouredText, Figure, Section

if TYPE_CHECKING:
    from seqkit.explain.subject import Subject

Floats = NDArray[np.float64]

FEWEST, MOST = 32, 1024  # steps of the integral
CLOSE = 1e-3  # of the difference: what attributions may miss of it before more steps are taken
CELLS = 1 << 13  # tokens read at once with gradients
SHOWN = 8  # tokens in a bar chart


@dataclass(frozen=True, eq=False)
class Attribution:
    """What each token adds to an output: a difference of logits, in nats.

    Attributes:
        method: ``integrated gradients`` or ``occlusion``.
        tokens: of the text.
        values: ``(tokens,)``: above 0 speaks for the label.
        parts: of the values, by what is read of a token: its vector, its spelling, n-grams.
        label: that is explained.
        against: the label that it is compared with; empty: the output is the label's log-odds.
        word: the place of the word whose tag it is; None for a text's label.
        output: of the text.
        baseline: of a text of as many tokens that say nothing: vectors of zeros, no n-grams.
            NaN for occlusion, which has none.
        rest: what n-grams add at no token that the network reads (past its longest text).
        steps: of the integral; 0 for occlusion.
    """

    method: str
    tokens: tuple[str, ...]
    values: Floats
    parts: Mapping[str, Floats]
    label: str
    against: str
    word: int | None
    output: float
    baseline: float
    rest: float = 0.0
    steps: int = 0

    @property
    def difference(self) -> float:
        """The output, less that of the baseline: what the attributions are to sum to."""
        return self.output - self.baseline

    @property
    def gap(self) -> float:
        """What they miss of it: 0 if the integral is exact (completeness, section 3)."""
        return self.difference - float(self.values.sum()) - self.rest


def ask(
    answerer: Any, text: str, *, label: str = "", against: str = "", word: int | None = None
) -> Question:
    """Return what is to be explained.

    Args:
        answerer: of a classification or tagging run.
        text: what it answers.
        label: empty: the answered one.
        against: the label it is compared with; empty: the most probable other one, or, of a
            multi-label classifier, none.
        word: of a tagger, the place of a word, from 0; None: that of the least certain tag.

    Raises:
        SeqkitError: if the run is of another task, or a label or place is unknown.
    """
    if hasattr(answerer, "labels"):
        if word is not None:
            raise SeqkitError("a classifier labels whole texts: leave word out.")
        return of_text(answerer, text, label, against)
    if hasattr(answerer, "tags"):
        return of_word(answerer, text, word, label, against)
    raise SeqkitError("attribution is of labels and tags: give a run that classifies or tags.")


def integrated_gradients(asked: Question, *, steps: int = 0) -> Attribution:
    """Attribute the output to all that is read of each token, from zero to what it is.

    ``x_i * integral over a of dF(a x) / dx_i`` (equation 1, baseline 0), summed over the features
    of a token, by Gauss-Legendre quadrature; the vectors of words and of their spelling are on
    one path. N-grams are weighed linearly: what they add is known without an integral.

    Args:
        asked: what is to be explained.
        steps: of the integral; 0: twice as many until the gap is below ``CLOSE``, ``MOST`` at most.
    """
    x = asked.vectors
    with torch.no_grad():
        ends = asked.network(torch.stack([torch.zeros_like(x), x])).double().tolist()
    count = steps or FEWEST
    while True:
        each = (x.double() * _mean_gradient(asked, count)).cpu().numpy()
        gap = abs(ends[1] - ends[0] - each.sum())
        if steps or count >= MOST or gap <= CLOSE * max(1.0, abs(ends[1] - ends[0])):
            break
        count *= 2
    parts = {name: each[:, part].sum(1) for name, part in asked.parts.items()}
    if asked.ngrams is not None:
        parts["n-grams"] = asked.ngrams.tokens
    ngrams = asked.ngrams or NGramShares(np.zeros(1), 0.0, 0.0)
    return Attribution(
        "integrated gradients",
        asked.tokens,
        np.sum(list(parts.values()), axis=0),
        parts,
        asked.label,
        asked.against,
        asked.word,
        output=ends[1] + _added(asked),
        baseline=ends[0] + ngrams.bias,
        rest=ngrams.rest,
        steps=count,
    )


def _added(asked: Question) -> float:
    """Return all that n-grams add to the output."""
    if asked.ngrams is None:
        return 0.0
    return asked.ngrams.bias + asked.ngrams.rest + float(asked.ngrams.tokens.sum())


def _mean_gradient(asked: Question, steps: int) -> Tensor:
    """Return ``(time, features)`` float64: the mean gradient on the way from zero."""
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    shares, halves = torch.from_numpy((nodes + 1) / 2), torch.from_numpy(weights / 2)
    total = torch.zeros_like(asked.vectors, dtype=torch.float64)
    at_once = max(1, CELLS // len(asked.vectors))
    for begin in range(0, steps, at_once):
        some, weight = shares[begin : begin + at_once], halves[begin : begin + at_once]
        x = (some.to(asked.vectors)[:, None, None] * asked.vectors).requires_grad_()
        (gradient,) = torch.autograd.grad(asked.network(x).sum(), x)
        total += torch.einsum("n,ntf->tf", weight.to(total.device), gradient.double())
    return total


def occlusion(asked: Question) -> Attribution:
    """Attribute to each token what the output loses without it.

    A classifier reads the text without the token; a tagger reads an unknown word in its place, so
    that every other word keeps its own.

    Args:
        asked: what is to be explained.
    """
    with torch.no_grad():
        output = float(asked.network(asked.vectors[None])[0])
    output += _added(asked)
    return Attribution(
        "occlusion",
        asked.tokens,
        output - asked.occluded(),
        {},
        asked.label,
        asked.against,
        asked.word,
        output,
        baseline=float("nan"),
    )


def figures(found: Attribution, other: Attribution | None = None) -> list[Figure]:
    """Return the text in colours and bars of its tokens, of integrated gradients and occlusion."""
    rows = {found.method: found.values.tolist()}
    if other is not None:
        rows[other.method] = other.values.tolist()
    if len(found.parts) > 1:
        rows |= {name: values.tolist() for name, values in found.parts.items()}
    order = np.argsort(-np.abs(found.values), kind="stable")[:SHOWN]
    title = f"Why '{found.label}'" + (f", not '{found.against}'" if found.against else "")
    if found.word is not None:
        title += f": {found.tokens[found.word]}"
    return [
        ColouredText(title, _about(found), found.tokens, rows),
        Bars(
            f"What counted most for '{found.label}'",
            f"The {len(order)} tokens of the largest shares, by {found.method}: to the right, for "
            f"'{found.label}'.",
            [f"{found.tokens[i]} ({i + 1})" for i in order],
            found.values[order].tolist(),
            value_name="nats",
        ),
    ]


def _about(found: Attribution) -> str:
    what = f"log-odds of '{found.label}'"
    if found.against:
        what = f"log p('{found.label}') - log p('{found.against}')"
    told = [
        f"What each token adds to {what}, in nats (0.69: twice as probable). It is "
        f"{found.output:+.3f}; of as many tokens that say nothing, {found.baseline:+.3f}. Shares "
        f"sum to {found.values.sum():+.3f}"
    ]
    if found.rest:
        told.append(f", n-grams of what the network does not read to {found.rest:+.3f}")
    told.append(f"; {found.steps} steps miss {abs(found.gap):.1g}.")
    return "".join(told)


def explained(answerer: Any, text: str) -> list[Figure]:
    """Return the pictures of why a text, or its least certain word, is answered as it is."""
    asked = ask(answerer, text)
    return figures(integrated_gradients(asked), occlusion(asked))


def sections(subject: "Subject") -> Sequence[Section]:
    """Return a section on the texts of a run; none where there is nothing to explain."""
    texts = [text for text in subject.texts if text.strip()]
    shown = [each for text in texts for each in explained(subject.answerer, text)]
    about = (
        "What speaks for the answer and what against it. Integrated gradients share out the "
        "difference to a text that says nothing; occlusion is what is lost without a token: it "
        "is left out, or read by a tagger as an unknown word."
    )
    return [Section("What decided it", about, shown)] if shown else []
