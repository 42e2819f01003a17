"""How good word vectors are: human judgements of similarity, and analogies.

Every figure tells its coverage, and what became of questions with unknown words: a figure on
the questions that a small vocabulary happens to know says less than it seems to.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from seqkit.text.tokenizer import Tokenizer
from seqkit.vectors import judgements
from seqkit.vectors.keyed import WordVectors
from seqkit.vectors.questions import Analogy, Pair, Questions, available, load
from seqkit.vectors.sentences import SentenceVectors, Weighting, has_subwords, unit

NO_UNKNOWN = "no unknown words"
SKIPPED = "questions with unknown words skipped"
ZERO = "pairs with unknown words given similarity 0"
WRONG = "questions with unknown words counted wrong"
SUBWORDS = "unknown words answered by their subwords"
LEFT_OUT = "unknown words left out; without any known word, similarity 0"
RESTRICT = 300_000  # words that are searched, as gensim does
TRIES = 5  # answers looked at for one that is no word of the question, as gensim does


@dataclass(frozen=True)
class Score:
    """A figure, what it covers, and what became of unknown words.

    Attributes:
        name: of the set of questions.
        part: a section of it, or how sentences were weighted; empty for the whole.
        measure: ``spearman`` (-1 to 1) or ``accuracy`` (0 to 1).
        value: the figure; None where it is not defined, as nothing was known.
        unknown: the policy for unknown words, in words.
        known: questions of which every word is in the vocabulary (of sentences: any word).
        items: questions in all.
        parts: the same figure for each section.
    """

    name: str
    part: str
    measure: Literal["spearman", "accuracy"]
    value: float | None
    unknown: str
    known: int
    items: int
    parts: tuple["Score", ...] = ()

    @property
    def coverage(self) -> float:
        """The share of questions that are known, 0 to 1."""
        return self.known / self.items if self.items else 0.0


def evaluate(
    vectors: WordVectors,
    names: Iterable[str] = (),
    *,
    restrict: int | None = RESTRICT,
    fold_case: bool = True,
    tokenizer: Tokenizer | None = None,
) -> list[Score]:
    """Return the scores of vectors on sets of questions, one for each policy that matters.

    Args:
        vectors: of words, in order of falling frequency.
        names: of sets (see :data:`seqkit.vectors.questions.SETS`), or files; none for all that
            are on this machine, but for those of which nothing is known.
        restrict: only the first so many words are known and searched; None for all.
        fold_case: whether the case of letters is ignored; of words that differ in it alone, the
            first counts.
        tokenizer: cuts sentences into words; lower-cased words if None.

    Raises:
        SeqkitError: if a set is unknown, not on this machine, or cannot be read.
    """
    chosen = list(names)
    asked = [load(name) for name in chosen or available()]
    words = _Words(vectors, asked, restrict, fold_case)
    scores = []
    for questions in asked:
        if questions.kind == "pairs":
            found = _pairs(words, questions.name, questions.pairs)
        elif questions.kind == "analogies":
            found = _analogies(words, questions.name, questions.analogies)
        else:
            found = _sentences(vectors, questions.name, questions.pairs, tokenizer)
        scores += [score for score in found if chosen or score.known]
    return scores


class _Words:
    """What answers questions about words.

    ``known`` gives each word of the vocabulary its row. ``all`` also has the words of the
    questions that their subwords alone give a vector: their rows follow those of the vocabulary.
    """

    def __init__(
        self,
        vectors: WordVectors,
        asked: Sequence[Questions],
        restrict: int | None,
        fold_case: bool,
    ) -> None:
        self.vectors, self.restrict, self.fold_case = vectors, restrict, fold_case
        written = {self.fold(word): word for each in asked for word in each.words()}
        self.known = judgements.vocabulary(vectors.words.as_list()[:restrict], fold_case)
        self.has_subwords = has_subwords(vectors)
        unseen = [word for word in written if word not in self.known] if self.has_subwords else []
        self.made = np.array([vectors.get_vector(written[word]) for word in unseen], np.float32)
        self.all = self.known | {word: len(vectors) + i for i, word in enumerate(unseen)}

    def fold(self, word: str) -> str:
        """Return what a word counts as."""
        return word.upper() if self.fold_case else word

    def units(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return unit vectors, ``(rows, size)``."""
        is_made = rows >= len(self.vectors)
        found = np.empty((len(rows), self.vectors.vector_size), np.float32)
        found[~is_made] = self.vectors.vectors[rows[~is_made]]
        if is_made.any():
            found[is_made] = self.made[rows[is_made] - len(self.vectors)]
        return unit(found)

    def similarity(self, first: int, second: int) -> float:
        """Return the cosine of two rows."""
        a, b = self.units(np.array([first, second]))
        return float(a @ b)

    def answers(self, rows: NDArray[np.int64]) -> list[list[str]]:
        """Return the words nearest to b - a + c for each ``(questions, 3)`` row of a, b, c."""
        a, b, c = (self.units(column) for column in rows.T)
        keys = self.vectors.words.as_list()
        stop = len(keys[: self.restrict])
        found, _ = self.vectors._nearest(b - a + c, TRIES + 3, 0, stop)
        return [
            [keys[row] for row in near if row not in given][:TRIES]
            for near, given in zip(found.tolist(), rows.tolist(), strict=True)
        ]


def _pairs(words: _Words, name: str, pairs: Sequence[Pair]) -> list[Score]:
    rated = [(words.fold(pair.left), words.fold(pair.right), pair.score) for pair in pairs]
    count = sum(left in words.known and right in words.known for left, right, _ in rated)
    policies = [(SKIPPED, words.known, False), (ZERO, words.known, True)]
    if words.has_subwords:
        policies = [(SUBWORDS, words.all, False), policies[0]]
    if count == len(rated):
        policies = [(NO_UNKNOWN, words.known, False)]
    scores = []
    for policy, known, zero in policies:
        value = _correlation(words, rated, known, zero)
        scores.append(Score(name, "", "spearman", value, policy, count, len(rated)))
    return scores


def _correlation(
    words: _Words, rated: list[tuple[str, str, float]], known: Mapping[str, int], zero: bool
) -> float | None:
    if sum(left in known and right in known for left, right, _ in rated) < 2:
        return None
    _, found, _ = judgements.correlations(rated, known, words.similarity, zero, "the pairs")
    return None if np.isnan(found.statistic) else float(found.statistic)


def _analogies(words: _Words, name: str, questions: Sequence[Analogy]) -> list[Score]:
    sections: dict[str, list[judgements.Question]] = {}
    for section, *asked in questions:
        a, b, c, answer = map(words.fold, asked)
        sections.setdefault(section, []).append((a, b, c, answer))
    _, scored = judgements.analogies(
        list(sections.items()), words.all, words.answers, words.fold_case, True, name
    )
    right = set(scored[-1]["correct"])  # the last is of all sections
    if all(word in words.known for asked in sections.values() for q in asked for word in q):
        policies = [NO_UNKNOWN]
    elif words.has_subwords:
        policies = [f"{SUBWORDS}, unknown answers wrong", SKIPPED]
    else:
        policies = [SKIPPED, WRONG]
    scores = []
    for policy in policies:
        parts = tuple(
            _accuracy(name, section, policy, words.known, asked, right)
            for section, asked in sections.items()
            if section
        )
        every = [question for asked in sections.values() for question in asked]
        whole = _accuracy(name, "", policy, words.known, every, right)
        scores.append(replace(whole, parts=parts))
    return scores


def _accuracy(
    name: str,
    section: str,
    policy: str,
    known: Mapping[str, int],
    asked: Sequence[judgements.Question],
    right: Container[judgements.Question],
) -> Score:
    answerable = [question for question in asked if all(word in known for word in question)]
    counted = answerable if policy == SKIPPED else asked
    hits = sum(question in right for question in counted)
    value = hits / len(counted) if counted else None
    return Score(name, section, "accuracy", value, policy, len(answerable), len(asked))


def _sentences(
    vectors: WordVectors, name: str, pairs: Sequence[Pair], tokenizer: Tokenizer | None
) -> list[Score]:
    """Score sentence vectors of each weighting, fitted to the sentences of the set."""
    from seqkit.text.tokenizer import create

    cut = tokenizer or create("word", {"lower": True})
    people = np.array([pair.score for pair in pairs])
    left, right = [pair.left for pair in pairs], [pair.right for pair in pairs]
    policy = SUBWORDS if has_subwords(vectors) else LEFT_OUT
    scores = []
    for weighting in get_args(Weighting):
        model = SentenceVectors(vectors, cut, weighting).fit([*left, *right])
        a, b = model.read(left), model.read(right)
        cosines = np.einsum("ij,ij->i", unit(a.vectors), unit(b.vectors))
        known = int(((a.known > 0) & (b.known > 0)).sum())
        value = spearman(cosines, people)
        scores.append(Score(name, weighting, "spearman", value, policy, known, len(pairs)))
    return scores


def spearman(a: NDArray[np.floating], b: NDArray[np.floating]) -> float | None:
    """Return the rank correlation of two sequences; None where one of them never changes."""
    from scipy.stats import spearmanr

    if len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    return float(spearmanr(a, b).statistic)
