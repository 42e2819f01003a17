"""A lesson: a network learns one word, and shows all that it computes on the way."""

import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, Protocol, runtime_checkable

import torch
from pydantic import Field, model_validator
from torch import Tensor

from seqkit.corpus import Corpus
from seqkit.data.windows import Window
from seqkit.models.next_character import NetworkSettings, NextCharacter
from seqkit.settings import settings
from seqkit.tasks.card import model_card
from seqkit.tasks.lesson import blackboard
from seqkit.tasks.lesson.pupil import Pupil
from seqkit.text import tokenizer as tokenizers
from seqkit.text.vocabulary import Vocabulary
from seqkit.train.metrics import Table
from seqkit.train.run import Run
from seqkit.train.settings import TrainSettings

LONGEST = 64  # characters of a word that still fits a screen


@runtime_checkable
class Teaching(Protocol):
    """A job that shows what its model computes."""

    def lesson(self, *, trained: bool) -> Sequence[str | Table]:
        """Return what a teacher shows before training, or after it: lines and tables, in order."""
        ...

    @property
    def example(self) -> str:
        """A text to ask the run about."""
        ...


@settings
class LessonSettings:
    """The word, the network, and how it learns."""

    word: str = Field(default="hello", description="what is learnt, in any language")
    tokenizer: Literal["character", "syllable", "jamo"] = Field(
        default="character", description="what a step reads; of Korean, a character is a syllable"
    )
    steps: int = Field(default=20, ge=1, description="updates an epoch: each reads the word once")
    network: NetworkSettings = NetworkSettings()
    train: TrainSettings = TrainSettings()

    @model_validator(mode="after")
    def _teachable(self) -> "LessonSettings":
        tokens = tokenizers.create(self.tokenizer).words(self.word)
        if not 2 <= len(tokens) <= LONGEST:
            raise ValueError(
                f"word='{self.word[:20]}' is too {'short' if len(tokens) < 2 else 'long'}: from "
                f"each character the next is learnt, so give it 2 to {LONGEST} of them"
            )
        if len(set(tokens)) == 1:
            raise ValueError(
                f"word='{self.word}' has one character only, over and over: nothing is to be "
                "learnt of it; give it two different ones"
            )
        return self


class Repeated:
    """One window, ``steps`` times an epoch."""

    def __init__(self, window: Window, steps: int) -> None:
        self.window, self.steps = window, steps

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        return self.steps

    def epoch(self, number: int, start: int = 0) -> Iterator[Window]:
        """Iterate over the batches of an epoch, from the one at ``start``."""
        del number
        return (self.window for _ in range(start, self.steps))


class Lesson:
    """The job: from each character of a word, learn the next one (``hell`` -> ``ello``)."""

    task = "lesson"
    monitor = "accuracy"
    splits = ("test",)

    def __init__(self, chosen: LessonSettings, corpus: Corpus) -> None:
        self.recipe, self.settings, self.corpus = "", chosen, corpus
        (self.word,) = corpus.texts("train")
        tokenizer = tokenizers.create(chosen.tokenizer)
        counts = Counter(tokenizer.words(self.word))  # in order of first occurrence
        vocabulary = Vocabulary(tuple(counts), tuple(counts.values()), specials=())
        torch.manual_seed(chosen.train.seed)
        self.model = NextCharacter(len(vocabulary), chosen.network)
        self.pupil = Pupil(self.model, tokenizer, vocabulary)
        ids = self.pupil.ids(self.pupil.tokens(self.word))
        window = Window(ids[:, :-1], ids[:, 1:], fresh=True, tokens=ids.shape[1] - 1)
        self.batches = Repeated(window, chosen.steps)

    @property
    def fingerprint(self) -> str:
        """A checksum of the word."""
        return f"{zlib.crc32(self.word.encode()):08x}"

    @property
    def summary(self) -> str:
        """The size of the data and of the model, in a line."""
        return (
            f"1 word, {self.batches.window.tokens} steps, {len(self.pupil.vocabulary)} characters, "
            f"{self.settings.network.hidden} hidden units"
        )

    def start(self) -> None:
        """Start from the random weights as they are."""

    def loss(self, batch: Window) -> Tensor:
        """Return the mean loss of the steps."""
        return self.model.loss(batch.inputs, batch.targets)

    def evaluate(self, split: str) -> dict[str, float]:
        """Return the mean loss and the share of right answers."""
        return self.pupil.recite(self.corpus.texts(split)).scores

    def lesson(self, *, trained: bool) -> list[str | Table]:
        """Return the lines and tables of the lesson, with this model's numbers."""
        tell = blackboard.after if trained else blackboard.before
        return tell(self.pupil, self.word, self.settings.network.cell)

    @property
    def example(self) -> str:
        """The word without its end."""
        return self.word[: self.pupil.tokenizer.tokenize(self.word)[-1].start]

    def save(self, run: Run) -> None:
        """Write the tokenizer and the characters."""
        self.pupil.save(run)

    def card(self, scores: Mapping[str, Mapping[str, float]]) -> str:
        """Return the model card."""
        facts = {"word": self.word, "model": self.summary}
        return model_card(self.recipe, self.corpus.card, facts, self.settings, scores)
