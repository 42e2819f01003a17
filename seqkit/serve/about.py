"""What is told of a run that is served: its languages, its labels, what it can do."""

from collections.abc import Iterable
from typing import Any

SHARE = 0.05  # of a vocabulary that is of a script: it reads that language
LABELS = 200  # that are listed


def about_run(name: str, answerer: Any, task: str) -> dict[str, Any]:
    """Return what ``/served`` lists."""
    from seqkit.tasks.answering import WritesText

    source = getattr(answerer, "source", None)
    vocabulary = getattr(source or answerer, "vocabulary", None)
    words = list(getattr(vocabulary, "words", ()))
    reads, writes = getattr(answerer, "direction", ("", ""))
    labels = [
        names for part in ("labels", "tags", "categories") if (names := getattr(answerer, part, ()))
    ]
    can = ["predict"]
    can += ["generate"] if isinstance(answerer, WritesText) else []
    can += ["attention"] if _attends(answerer) else []
    return {
        "name": name,
        "task": task,
        "can": can,
        "languages": [reads] if reads in ("ko", "en") else languages(words),
        "writes": writes,
        "labels": list(labels[0][:LABELS]) if labels else [],
        "words": len(words),
        "examples": list(labels[0][:12]) if task == "naming" else [],
    }


def _attends(answerer: Any) -> bool:
    """Return whether a run can tell what it attended to; one without torch cannot."""
    from seqkit.explain.attention import attends

    return getattr(answerer, "model", None) is not None and attends(answerer)


def languages(words: Iterable[str]) -> list[str]:
    """Return which of Korean and English the words are of: ``ko``, ``en``, both or none."""
    listed = list(words)[:20_000]
    hangul = sum(any("가" <= c <= "힣" or "ㄱ" <= c <= "ㅣ" or "ᄀ" <= c <= "ᇿ" for c in word)
                 for word in listed)  # fmt: skip
    latin = sum(any("a" <= c <= "z" for c in word.lower()) for word in listed)
    shares = {"ko": hangul, "en": latin}
    return [name for name, count in shares.items() if count > SHARE * len(listed)]
