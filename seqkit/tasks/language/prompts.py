"""What is asked of a prompt, and how tokens become an answer: all of it that needs no torch.

The rule for prompts: a prompt is made of whole words, with or without a space at its end, and
the word after it is asked for. If its last word is to be completed instead, it is ``unfinished``.
A character that the vocabulary does not have is read as ``<unk>`` and kept in what is shown.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqkit.errors import SeqkitError
from seqkit.tasks.language.spelling import Units, ways
from seqkit.text.joining import Joiner, printed

LONGEST_WORD = 64  # tokens; a longer word is not offered
LONGEST_BEGINNING = 200  # characters of an unfinished word; a longer one counts as finished
STOPS = (".", "?", "!", "。", "…")  # after them a sentence may be over


class Word(NamedTuple):
    """A word that may come next, and how probable it is, given that a word does."""

    text: str
    probability: float


class Sentence(NamedTuple):
    """A prompt with what was written after it; ``ended``: whether that came to an end by itself."""

    text: str
    log_probability: float
    ended: bool


class Prompt(NamedTuple):
    """What is read of a prompt, and what must be written first."""

    ids: list[int]
    text: str  # what the ids were read from
    beginning: str = ""  # of an unfinished word, as its tokens spell it
    fresh: bool = False  # whether a word begins next
    head: str = ""  # what is read of the unfinished word: the bracket of "(an"


@dataclass(frozen=True)
class Completion:
    """The answer to one prompt.

    Attributes:
        prompt: as it was given.
        words: that may come next, most probable first; of an unfinished word, what it may become.
        sentences: that begin with the prompt, best first; drawn ones in the order of drawing.
        unknown: the prompt's tokens that the vocabulary does not have.
    """

    prompt: str
    words: tuple[Word, ...]
    sentences: tuple[Sentence, ...]
    unknown: tuple[str, ...]

    def line(self, top: int) -> str:
        """Return words and probabilities, then sentences, between tabs."""
        words = [f"{printed(word.text)}\t{word.probability:.4f}" for word in self.words[:top]]
        return "\t".join([*words, *(printed(sentence.text) for sentence in self.sentences)])

    def row(self, top: int) -> dict[str, Any]:
        """Return all of it as plain values."""
        return {
            "prompt": self.prompt,
            "words": [word._asdict() for word in self.words[:top]],
            "sentences": [sentence._asdict() for sentence in self.sentences],
            "unknown": list(self.unknown),
        }


def refuse_lemmas(joiner: Joiner, *, unfinished: bool) -> None:
    """Make sure that words can be told by their dictionary form.

    Raises:
        SeqkitError: if the units are no morphemes with tags, or unfinished words are asked for.
    """
    if unfinished:
        raise SeqkitError("lemmas are of whole words: leave out --lemmas or --unfinished.")
    if not joiner.knows_lemmas:
        raise SeqkitError(
            "--lemmas needs a run whose units are morphemes with their tags, stems apart from "
            "endings: train with tokenizer=kiwi text.options.attach_tag=true."
        )


@dataclass(frozen=True, eq=False)
class Prompts:
    """What reads prompts and puts answers together.

    Attributes:
        model: what writes.
        joiner: its vocabulary, and how its tokens become text.
        first: the id before the first token of a text.
    """

    model: Any
    joiner: Joiner
    first: int

    def unknown(self, prompt: str) -> list[str]:
        """Return the tokens of a prompt that the vocabulary does not have, each once."""
        words = self.joiner.tokenizer.words(prompt)
        return list(dict.fromkeys(w for w in words if w not in self.joiner.vocabulary))

    def _merged(self, hypotheses: Sequence[Any], k: int) -> list[Word]:
        shares: dict[str, float] = {}
        for hypothesis in hypotheses:
            text = self.joiner.join(hypothesis.ids).strip()
            if hypothesis.ended and text.split() == [text]:  # pieces may spell a space, or nothing
                probability = math.exp(hypothesis.log_probability)
                shares[text] = shares.get(text, 0.0) + probability
        best = sorted(shares.items(), key=lambda item: (-item[1], item[0]))
        return [Word(text, share) for text, share in best[:k]]

    def _whole_words(
        self, prompts: Sequence["Prompt"], found: Sequence[Sequence[Word]]
    ) -> list[list[Word]]:
        """Return words with what each prompt has of them already."""
        return [
            [Word(prompt.head + word.text, word.probability) for word in words]
            for prompt, words in zip(prompts, found, strict=True)
        ]

    def _by_lemma(self, shares: NDArray[np.floating[Any]], k: int) -> list[list[Word]]:
        """Sum ``(prompts, V)`` probabilities by dictionary form; return up to ``k`` of each row."""
        names, groups = self._lemmas
        answers = []
        for row in shares:
            summed = np.bincount(groups, row, len(names))
            summed[0] = 0.0  # special tokens, the unknown word among them
            best = np.argsort(-summed, kind="stable")[:k].tolist()
            answers.append([Word(names[i], float(summed[i])) for i in best if summed[i] > 0])
        return answers

    @cached_property
    def _lemmas(self) -> tuple[list[str], NDArray[np.int64]]:
        """The dictionary forms, none at first, and ``(V,)`` which is that of each token."""
        lemmas = self.joiner.lemmas
        names = list(dict.fromkeys(["", *lemmas]))
        numbers = {name: number for number, name in enumerate(names)}
        return names, np.array([numbers[lemma] for lemma in lemmas])

    # -- what is read of a prompt --

    def _ids(self, text: str) -> list[int]:
        return self.joiner.vocabulary.ids(self.joiner.tokenizer.words(text)) if text else []

    def _whole(self, prompt: str, unfinished: bool) -> Prompt:
        """Read a prompt up to where its next word begins, or its unfinished last one."""
        if unfinished and (begun := self._unfinished(prompt)):
            return begun
        text = prompt.rstrip()
        ids = [self.first, *self._ids(text)]
        if text and self.joiner.separators:
            ids.append(self.joiner.separators[0])
        return Prompt(ids, text, fresh=True)

    def _as_it_stands(self, prompt: str, unfinished: bool) -> Prompt:
        if unfinished and (begun := self._unfinished(prompt)):
            return begun
        if self.joiner.separators or prompt == prompt.rstrip():
            return Prompt([self.first, *self._ids(prompt)], prompt)
        text = prompt.rstrip()  # a space is part of the piece after it
        return Prompt([self.first, *self._ids(text)], text, fresh=True)

    def _unfinished(self, prompt: str) -> Prompt | None:
        """Read a prompt without its last word; None if there is none, or none known begins so."""
        if not prompt or prompt[-1].isspace():
            return None
        last = prompt.split()[-1]
        head = last[: self._last_begins(last)]
        before = prompt[: len(prompt) - len(last) + len(head)]
        beginning = "".join(self.joiner.tokenizer.words(last[len(head) :]))
        if len(beginning) > LONGEST_BEGINNING or not self._ways(beginning, begun=False):
            return None
        text = before if self.joiner.separators else before.rstrip()
        return Prompt([self.first, *self._ids(text)], text, beginning, True, head)

    def _last_begins(self, word: str) -> int:
        """Return where the last token that begins a word does, in what has no white space."""
        if self.joiner.separators:
            return 0
        tokens = self.joiner.tokenizer.tokenize(word)
        return max((t.start or 0 for t in tokens if self.joiner.begins(t.text)), default=0)

    def _open(self, prompts: Sequence[Prompt]) -> list[bool]:
        """Whether a sentence of each prompt is to go on, as it does not end like one."""
        return [not prompt.text.rstrip().endswith(STOPS) for prompt in prompts]

    # -- what may be written --

    @cached_property
    def _word_ends(self) -> list[int]:
        return [*self.joiner.separators, *self.joiner.beginnings, self.joiner.vocabulary.eos]

    @cached_property
    def _never(self) -> list[int]:
        """Special tokens, which are not written; ``eos`` is."""
        specials = enumerate(self.joiner.vocabulary.specials)
        return [number for number, name in specials if name != "eos"]

    @cached_property
    def _beginning(self) -> NDArray[np.bool_]:
        """``(V,)``, True for tokens that can begin a word."""
        vocabulary = self.joiner.vocabulary
        allowed = np.zeros(len(vocabulary), dtype=np.bool_)
        allowed[self.joiner.beginnings or slice(len(vocabulary.specials), None)] = True
        allowed[self.joiner.separators] = False
        allowed[vocabulary.unk] = True  # not offered, but its share is no other word's
        return allowed

    def _spelled(self, token: int) -> str:
        vocabulary = self.joiner.vocabulary
        at = token - len(vocabulary.specials)
        return vocabulary.words[at] if at >= 0 else ""

    @cached_property
    def _units(self) -> tuple[Units, Units]:
        """The units that can begin a word, and those inside one."""
        first = len(self.joiner.vocabulary.specials)
        spelled = [(w, i) for i, w in enumerate(self.joiner.vocabulary.words, start=first)]
        if not (beginnings := set(self.joiner.beginnings)):
            units = Units(spelled)
            return units, units
        begin = Units((w, i) for w, i in spelled if i in beginnings)
        return begin, Units((w, i) for w, i in spelled if i not in beginnings)

    def _ways(self, text: str, *, begun: bool) -> list[int]:
        """Return the tokens to write next where ``text`` is what a word is still to begin with."""
        first, inside = self._units
        return ways(text, inside if begun else first, inside)

    def _left(self, prompt: "Prompt", written: Sequence[int]) -> str:
        """Return what is not written yet of a prompt's unfinished word."""
        return prompt.beginning[len("".join(map(self._spelled, written))) :]

    @cached_property
    def _stops(self) -> NDArray[np.bool_]:
        """``(V,)``, True for tokens after which a sentence may be over."""
        words = self.joiner.vocabulary.words
        marks = [word.partition("/")[0].endswith(STOPS) or word.endswith(STOPS) for word in words]
        return np.array([False] * len(self.joiner.vocabulary.specials) + marks)

    def _written(self, prompt: Prompt, ids: Sequence[int]) -> str:
        """Return the prompt's own text and what comes after it.

        A jamo may go on with the last syllable of the prompt, which is then written anew.
        """
        before = self.joiner.join(prompt.ids)
        after = self.joiner.join([*prompt.ids, *ids])
        same = 0
        while same < min(len(before), len(after)) and before[same] == after[same]:
            same += 1
        kept = len(prompt.text) - (len(before) - same)
        new = after[same:].lstrip() if prompt.head else after[same:]
        return (prompt.text[: max(kept, 0)] + new).rstrip()
