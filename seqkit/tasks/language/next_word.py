"""How often a model that completes words has the next one right."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from seqkit.tasks.language.completion import Completer

TOP = 5
AT_ONCE = 64  # prompts


@dataclass(frozen=True)
class NextWords:
    """Accuracy of the next word of a text.

    Attributes:
        words: how many were asked for.
        top1: share of them that are the model's first answer.
        top5: share of them that are among its first five.
    """

    words: int
    top1: float
    top5: float


def asked(texts: Iterable[str], words: int) -> list[tuple[str, str]]:
    """Return pairs of what stands before a word in its line, and the word.

    They are all words of lines evenly spread over the text, about ``words`` of them in all; of
    the whole text, if it has no more. A word is what stands between two white spaces.
    """
    lines = [line for text in texts for line in text.split("\n") if line.strip()]
    total = sum(len(line.split()) for line in lines)
    kept = min(1.0, words / max(1, total))
    chosen = [line for i, line in enumerate(lines) if int((i + 1) * kept) > int(i * kept)]
    return [
        (line[: match.start()], match[0]) for line in chosen for match in re.finditer(r"\S+", line)
    ]


def next_words(completer: Completer, pairs: Sequence[tuple[str, str]]) -> NextWords:
    """Ask for the word after each prompt; an answer must be the very word, marks included."""
    first = among = 0
    order = sorted(pairs, key=lambda pair: len(pair[0]))  # prompts of like lengths together
    for at in range(0, len(order), AT_ONCE):
        part = order[at : at + AT_ONCE]
        answers = completer.words([before for before, _ in part], TOP)
        for (_, true), words in zip(part, answers, strict=True):
            told = [word.text for word in words]
            first += told[:1] == [true]
            among += true in told
    return NextWords(len(order), first / max(1, len(order)), among / max(1, len(order)))
