"""What a run of the lesson answers with: for each character of a text, the next one."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from seqkit.corpus import Corpus, load
from seqkit.errors import SeqkitError
from seqkit.models.next_character import NetworkSettings, NextCharacter
from seqkit.settings import check
from seqkit.text import hangul
from seqkit.text import tokenizer as tokenizers
from seqkit.text.jamo import JamoTokenizer
from seqkit.text.tokenizer import Tokenizer
from seqkit.text.vocabulary import Vocabulary
from seqkit.train import checkpoint
from seqkit.train.metrics import Table
from seqkit.train.run import Run

ENDS = ("next", "answers", "right", "loss")  # the last columns of a table of steps
FINALS = "\u11a8", "\u11c2"  # the first and the last conjoining jamo that close a syllable


def shown(token: str) -> str:
    """Return a character as a person reads it: a space as ``␣``, a jamo that closes as ``-ㄴ``."""
    if token.isspace():
        return "␣"
    close = "-" if FINALS[0] <= token <= FINALS[1] else ""
    return close + hangul.compatibility(token)


@dataclass(frozen=True)
class Step:
    """A time step: the character read and the probability of every next one, the best first."""

    reads: str
    probabilities: tuple[tuple[str, float], ...]

    @property
    def answer(self) -> str:
        """The most probable next character."""
        return self.probabilities[0][0]

    def of(self, token: str) -> float:
        """Return the probability of a next character."""
        return dict(self.probabilities)[token]


@dataclass(frozen=True)
class Continuation:
    """The answer to one text: the most probable next character at each step."""

    text: str
    steps: tuple[Step, ...]

    def line(self, top: int) -> str:
        """Return the answer; of ``top`` above 1, also the best of each step."""
        if top == 1:
            return self.text
        return "\t".join([self.text, *(_said(step, top) for step in self.steps)])

    def row(self, top: int) -> dict[str, Any]:
        """Return the answer and the best of each step as plain values."""
        steps = [{"reads": s.reads, "next": dict(s.probabilities[:top])} for s in self.steps]
        return {"text": self.text, "steps": steps}


def _said(step: Step, top: int) -> str:
    best = ", ".join(f"{shown(token)} {share:.4f}" for token, share in step.probabilities[:top])
    return f"{shown(step.reads)}: {best}"


@dataclass(frozen=True)
class ScoredStep:
    """A step of a text whose next character is known; ``loss`` is -ln of its probability."""

    text: str
    step: int
    reads: str
    next: str
    answer: str
    loss: float

    @property
    def right(self) -> bool:
        """Whether the next character was the most probable."""
        return self.answer == self.next

    @property
    def end(self) -> list[object]:
        """What a table says of the answer, under ``ENDS``."""
        return [shown(self.next), shown(self.answer), self.right, self.loss]


@dataclass(frozen=True)
class Recital:
    """How a run fared on a number of texts, step by step."""

    rows: int
    steps: tuple[ScoredStep, ...]

    @property
    def scores(self) -> dict[str, float]:
        """The mean loss, and the share of steps whose next character was the most probable."""
        right = sum(step.right for step in self.steps)
        loss = sum(step.loss for step in self.steps)
        return {"loss": loss / len(self.steps), "accuracy": right / len(self.steps)}

    def tables(self) -> list[Table]:
        """Return the single figures and each step."""
        figures = [["rows", self.rows], *([name, value] for name, value in self.scores.items())]
        columns = ["text", "step", "reads", *ENDS]
        each = [[s.text, s.step, shown(s.reads), *s.end] for s in self.steps]
        return [Table(None, ["score", "value"], figures), Table(None, columns, each)]

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as plain values, ready for JSON."""
        return {"rows": self.rows, **self.scores, "steps": [vars(step) for step in self.steps]}


@dataclass(frozen=True)
class Pupil:
    """A network with all it needs to read a text, character by character."""

    model: NextCharacter
    tokenizer: Tokenizer
    vocabulary: Vocabulary

    @classmethod
    def load(cls, run: Run) -> "Pupil":
        """Rebuild it from a run directory.

        Raises:
            SeqkitError: if a part is missing, truncated or of another model.
        """
        chosen = check(NetworkSettings, run.settings()["settings"].get("network", {}))
        vocabulary = Vocabulary.load(run.vocabulary_file)
        model = NextCharacter(len(vocabulary), chosen)
        checkpoint.restore_run(model, run)
        return cls(model.eval(), tokenizers.load(run.tokenizer_folder), vocabulary)

    def save(self, run: Run) -> None:
        """Write the tokenizer and the characters."""
        tokenizers.save(self.tokenizer, run.tokenizer_folder)
        self.vocabulary.save(run.vocabulary_file)

    def tokens(self, text: str) -> list[str]:
        """Return the characters of a text.

        Raises:
            SeqkitError: if the run has never seen one of them.
        """
        tokens = self.tokenizer.words(text)
        for number, token in enumerate(tokens, start=1):
            if token not in self.vocabulary:
                known = " ".join(map(shown, self.vocabulary.words))
                raise SeqkitError(
                    f"'{shown(token)}', character {number} of '{text}', is not one that this run "
                    f"has learnt: {known}."
                )
        return tokens

    def ids(self, tokens: Sequence[str]) -> Tensor:
        """Return the ids of characters, ``(1, time)``, on the model's device."""
        device = self.model.output.weight.device
        return torch.tensor([self.vocabulary.ids(tokens)], dtype=torch.int64, device=device)

    def read(self, tokens: Sequence[str]) -> tuple[Step, ...]:
        """Return what is answered at each character; nothing where there is none."""
        if not tokens:
            return ()
        ids = self.ids(tokens)
        shares = self.model.stages(ids).logits[0].double().softmax(dim=1).cpu()
        order = shares.argsort(dim=1, descending=True, stable=True).tolist()
        words = self.vocabulary.words
        return tuple(
            Step(token, tuple((words[j], float(row[j])) for j in best))
            for token, row, best in zip(tokens, shares, order, strict=True)
        )

    def predict(self, texts: Iterable[str]) -> list[Continuation]:
        """Return the answer to each text: a next character for each of its characters."""
        return list(self.stream(texts))

    def stream(self, texts: Iterable[str], at_once: int = 1024) -> Iterator[Continuation]:
        """Yield the answer to each text as it comes; ``at_once`` is of no consequence here."""
        del at_once
        for text in texts:
            steps = self.read(self.tokens(text))
            yield Continuation(self._written([step.answer for step in steps]), steps)

    def write(self, first: str, length: int) -> str:
        """Return ``length`` characters: ``first``, then at each step the answer, read again."""
        tokens = [first]
        for _ in range(length - 1):  # a few characters: what there is is read again each time
            tokens.append(self.read(tokens)[-1].answer)
        return self._written(tokens)

    def _written(self, tokens: Sequence[str]) -> str:
        joined = "".join(tokens)
        if not isinstance(self.tokenizer, JamoTokenizer):
            return joined
        return hangul.compatibility(hangul.compose(joined))

    def recite(self, texts: Iterable[str]) -> Recital:
        """Score every step of ``texts`` that has a next character.

        Raises:
            SeqkitError: if there is none, or a character is unknown.
        """
        given = list(texts)
        scored = tuple(step for text in given for step in self._scored(text))
        if not scored:
            raise SeqkitError("there is nothing to score: a text needs two characters or more.")
        return Recital(len(given), scored)

    def _scored(self, text: str) -> Iterator[ScoredStep]:
        tokens = self.tokens(text)
        for number, (step, following) in enumerate(
            zip(self.read(tokens[:-1]), tokens[1:], strict=True), start=1
        ):
            loss = -math.log(step.of(following))
            yield ScoredStep(text, number, step.reads, following, step.answer, loss)

    def score(self, corpus: Corpus, split: str, chosen: Any) -> Recital:
        """Score a split of a corpus of texts."""
        del chosen
        corpus.split(split)
        return self.recite(corpus.texts(split))

    def score_file(self, path: Path, options: Mapping[str, str]) -> Recital:
        """Score the lines of a text file."""
        corpus = load(str(path), options)
        return self.recite(corpus.texts("train"))
