"""Phrases: words that come together more often than chance has it, joined into one, ``new_york``.

Mikolov et al. 2013, "Distributed Representations of Words and Phrases and their
Compositionality", section 4; ``npmi`` is of Bouma 2009, "Normalized (Pointwise) Mutual
Information in Collocation Extraction". They are learnt by gensim's ``Phrases``, and from then on
need gensim no more.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from seqkit.errors import SeqkitError
from seqkit.files import read_json, write_json
from seqkit.settings import as_dict, check, settings

FORMAT = "seqkit phrases 1"
JOIN = "_"
PHRASES_FILE = "phrases.json"


@settings
class PhraseSettings:
    """What makes two words a phrase, as gensim's ``Phrases`` has it."""

    min_count: int = Field(default=5, ge=1, description="least occurrences of a phrase")
    threshold: float = Field(
        default=10.0, description="least score of a phrase; for npmi from -1 to 1"
    )
    scoring: Literal["default", "npmi"] = Field(default="default", description="the score")
    rounds: int = Field(
        default=1, ge=1, le=5, description="passes: 2 finds new_york_times, of three or four words"
    )

    def __post_init__(self) -> None:
        if self.scoring == "default" and self.threshold <= 0:
            raise ValueError(f"threshold = {self.threshold}: it must be above 0")
        if self.scoring == "npmi" and not -1 <= self.threshold <= 1:
            raise ValueError(f"threshold = {self.threshold}: for npmi it must be from -1 to 1")


@dataclass(frozen=True)
class Phrases:
    """The phrases that were learnt, and how.

    Attributes:
        settings: they were learnt with.
        rounds: the score of each pair of words that is a phrase, for every round.
    """

    settings: PhraseSettings
    rounds: tuple[dict[tuple[str, str], float], ...]

    def joined(self, words: Iterable[str]) -> list[str]:
        """Return the words with phrases joined, as gensim's ``Phrases`` joins them.

        From the left: a word that has ended a phrase begins no other of the same round.
        """
        for phrases in self.rounds:
            words = _joined(words, phrases)
        return list(words)

    def save(self, path: Path) -> None:
        """Write the phrases to a JSON file."""
        rounds = [[[*pair, score] for pair, score in phrases.items()] for phrases in self.rounds]
        about = {"format": FORMAT, "settings": as_dict(self.settings), "rounds": rounds}
        write_json(Path(path), about)

    @classmethod
    def load(cls, path: Path) -> "Phrases":
        """Read what :meth:`save` wrote.

        Raises:
            SeqkitError: if the file is missing or is not one of ours.
        """
        match read_json(Path(path)):
            case {"format": str(made), "settings": dict(chosen), "rounds": [*rounds]} if (
                made == FORMAT and all(map(_is_round, rounds))
            ):
                pairs = ({(a, b): score for a, b, score in phrases} for phrases in rounds)
                return cls(check(PhraseSettings, chosen), tuple(pairs))
        raise SeqkitError(f"{path} does not hold phrases ({FORMAT}): learn them again.")


def learn(
    sentences: Callable[[], Iterable[list[str]]], chosen: PhraseSettings | None = None
) -> Phrases:
    """Find the phrases of a text, in as many passes over it as there are rounds.

    Args:
        sentences: begins a new pass over the text: lists of words.
        chosen: the settings; None for the defaults.

    Raises:
        SeqkitError: if gensim is not installed.
    """
    try:
        from gensim.models import phrases as gensim
    except ImportError:
        raise SeqkitError(
            "to learn phrases a package is missing: pip install 'seqkit-nlp[gensim]'"
        ) from None
    chosen = chosen or PhraseSettings()
    found = Phrases(chosen, ())
    for _ in range(chosen.rounds):
        model = gensim.Phrases(
            map(found.joined, sentences()),
            min_count=chosen.min_count,
            threshold=chosen.threshold,
            scoring=chosen.scoring,
            delimiter=JOIN,
        )
        found = Phrases(chosen, (*found.rounds, dict(_scored(model))))
    return found


def _scored(model: Any) -> Iterator[tuple[tuple[str, str], float]]:
    """Yield the pairs of words that a model of gensim's joins.

    Its ``export_phrases`` looks at the first and last part of ``new_york_times`` alone, and so
    misses the phrases of a second round.
    """
    for phrase in model.vocab:
        for at in (i for i, letter in enumerate(phrase) if letter == JOIN):
            pair = phrase[:at], phrase[at + 1 :]
            score = model.score_candidate(*pair, [])[1]
            if score is not None:
                yield pair, float(score)


def _joined(words: Iterable[str], phrases: Collection[tuple[str, str]]) -> Iterator[str]:
    before = ""
    for word in words:
        if (before, word) in phrases:
            yield f"{before}{JOIN}{word}"
            before = ""
        else:
            if before:
                yield before
            before = word
    if before:
        yield before


def _is_round(phrases: Any) -> bool:
    return isinstance(phrases, list) and all(map(_is_phrase, phrases))


def _is_phrase(phrase: Any) -> bool:
    match phrase:
        case [str(), str(), float()]:
            return True
    return False
