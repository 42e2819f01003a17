"""Word vectors held against what people say: rated pairs, and analogies.

The two formats are those of the sets that everyone uses: a pair and its rating a line; four words
a line, in sections that begin with ``: name``.
"""

import io
import logging
from collections.abc import Callable, Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqkit.errors import SeqkitError
from seqkit.files import opened

log = logging.getLogger(__name__)

File = str | PathLike[str]
Question = tuple[str, str, str, str]
Section = dict[str, Any]  # gensim's: "section", "correct", "incorrect"


class MissingFileError(SeqkitError, FileNotFoundError):
    """A file of questions that is not there."""


class BadQuestionsError(SeqkitError, ValueError):
    """A file of questions that makes no sense, or of which none can be answered."""


class NoQuestionsError(SeqkitError, ZeroDivisionError):
    """A file of analogies that holds none."""


def vocabulary(keys: list[Any], fold: bool) -> dict[Any, int]:
    """Return the row of each key; of keys that differ in case alone, where folded, the first's."""
    rows = range(len(keys) - 1, -1, -1)
    return {k.upper() if fold else k: row for row, k in zip(rows, reversed(keys), strict=True)}


def read_pairs(
    path: File, delimiter: str, encoding: str, fold: bool
) -> list[tuple[str, str, float]]:
    """Return (word, word, rating) of each line; comments (#) and other lines are skipped."""
    found = []
    for number, line in _lines(path, encoding):
        parts = (line.upper() if fold else line).split(delimiter)
        if line.startswith("#"):
            continue
        try:
            first, second, rating = parts
            found.append((first, second, float(rating)))
        except ValueError:
            log.info("%s, line %d is skipped: not two words and a number", path, number)
    return found


def correlations(
    pairs: list[tuple[str, str, float]],
    known: Mapping[Any, int],
    similarity: Callable[[int, int], float],
    dummy4unknown: bool,
    where: str,
) -> tuple[Any, Any, float]:
    """Return Pearson's and Spearman's correlation of similarities with ratings, as SciPy does.

    And the share of pairs with unknown words, in per cent: they are left out, or of similarity 0
    if ``dummy4unknown``.

    Raises:
        BadQuestionsError: if no pair is left.
    """
    from scipy import stats

    answered = [pair for pair in pairs if pair[0] in known and pair[1] in known]
    kept = pairs if dummy4unknown else answered
    if not kept:
        raise BadQuestionsError(
            f"no valid similarity judgements in {where}: it has none, or all words are unknown."
        )
    ratings = [rating for _, _, rating in kept]
    rows = [(known.get(first, -1), known.get(second, -1)) for first, second, _ in kept]
    given = [similarity(a, b) if a >= 0 and b >= 0 else 0.0 for a, b in rows]
    return (
        stats.pearsonr(ratings, given),
        stats.spearmanr(ratings, given),
        (len(pairs) - len(answered)) / len(pairs) * 100,
    )


def read_analogies(path: File, fold: bool) -> list[tuple[str, list[Question]]]:
    """Return each section's name and its questions; lines of not four words are skipped.

    Raises:
        BadQuestionsError: if a question comes before the first section.
    """
    sections: list[tuple[str, list[Question]]] = []
    for number, line in _lines(path, "utf-8"):
        if line.startswith(": "):
            sections.append((line.lstrip(": ").strip(), []))
        elif not sections:
            raise BadQuestionsError(
                f"{path}, line {number} comes before the first section: begin it with ': name'."
            )
        elif len(words := (line.upper() if fold else line).split()) == 4:
            sections[-1][1].append((words[0], words[1], words[2], words[3]))
        else:
            log.info("%s, line %d is skipped: not four words", path, number)
    return sections


Answer = Callable[[NDArray[np.int64]], list[list[Any]]]


def analogies(
    sections: list[tuple[str, list[Question]]],
    known: Mapping[Any, int],
    answer: Answer,
    fold: bool,
    dummy4unknown: bool,
    where: str,
) -> tuple[float, list[Section]]:
    """Return the share of right answers, and the questions of each section by right and wrong.

    Args:
        sections: names and questions.
        known: the row of each word that may be asked.
        answer: gives each ``(questions, 3)`` row of words a, b, c the keys nearest to b - a + c.
        fold: whether an answer may differ in case.
        dummy4unknown: whether questions with unknown words are wrong, rather than left out.
        where: the file, for errors.

    Raises:
        NoQuestionsError: if there are none.
    """
    every = [question for _, questions in sections for question in questions]
    if not every:
        raise NoQuestionsError(f"{where} has no question: give lines of four words.")
    asked = list(dict.fromkeys(q for q in every if all(word in known for word in q)))
    rows = np.array([[known[word] for word in q[:3]] for q in asked], np.int64).reshape(-1, 3)
    right: dict[Question, bool] = {}
    for question, keys in zip(asked, answer(rows), strict=True):
        right[question] = _predicted(question, keys, known, fold) == question[3]
    scored: list[Section] = []
    for name, questions in sections:
        kept = [q for q in questions if q in right or dummy4unknown]
        scored.append(_section(name, kept, right))
    total = _section("Total accuracy", [], right)
    for part in ("correct", "incorrect"):
        total[part] = [question for section in scored for question in section[part]]
    counts = len(total["correct"]), len(total["incorrect"])
    return (counts[0] / sum(counts) if sum(counts) else 0.0), [*scored, total]


def _section(name: str, questions: list[Question], right: Mapping[Question, bool]) -> Section:
    correct = [q for q in questions if right.get(q, False)]
    incorrect = [q for q in questions if not right.get(q, False)]
    return {"section": name, "correct": correct, "incorrect": incorrect}


def _predicted(question: Question, keys: list[Any], known: Mapping[Any, int], fold: bool) -> Any:
    """Return the first answer that is a known word and none of the question's, else the last."""
    predicted = None
    for key in keys:
        predicted = key.upper() if fold else key
        if predicted in known and predicted not in question[:3]:
            break
    return predicted


def _lines(path: File, encoding: str) -> Iterator[tuple[int, str]]:
    path = Path(path)
    if not path.exists():
        raise MissingFileError(f"there is no file {path}.")
    with opened(path) as file:
        text = io.TextIOWrapper(file, encoding=encoding)
        try:
            yield from enumerate(text, 1)
        except UnicodeDecodeError as error:
            raise BadQuestionsError(f"{path} is not {encoding} ({error.reason}).") from None
