"""What comes next: the next words of a text, and its best continuations to the sentence's end.

The rule for prompts: a prompt is made of whole words, with or without a space at its end, and
the word after it is asked for. If its last word is to be completed instead, it is ``unfinished``.
A character that the vocabulary does not have is read as ``<unk>`` and kept in what is shown.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, takewhile
from typing import Any, NamedTuple, Protocol
from zlib import crc32

import torch
from pydantic import Field, model_validator
from torch import Tensor

from seqkit.decode import DecodeSettings, Filter, Start, decode, read
from seqkit.settings import settings
from seqkit.text.joining import Joiner

LONGEST_WORD = 64  # tokens; a longer word is not offered
STOPS = (".", "?", "!", "。", "…")  # after them a sentence may be over


class Writer(Protocol):
    """A language model, a step at a time."""

    def initial_state(self, batch: int) -> Any:
        """Return the state before the first token of ``batch`` texts."""
        ...

    def step(self, ids: Tensor, state: Any) -> tuple[Tensor, Any]:
        """Read ``ids`` ``(batch,)``; return log-probabilities ``(batch, V)`` and the state."""
        ...


@settings
class WritingSettings:
    """How a run goes on with a prompt."""

    words: int = Field(default=5, ge=0, description="next words to show (0: none)")
    sentences: int = Field(default=1, ge=0, description="whole sentences to show (0: none)")
    beam: int = Field(default=0, ge=0, description="hypotheses searched (0: 8, or the sentences)")
    temperature: float = Field(
        default=0.0, ge=0, description="draw sentences at random (0: the best ones)"
    )
    top_k: int = Field(default=0, ge=0, description="draw from the k most probable tokens (0: all)")
    top_p: float = Field(
        default=1.0, gt=0, le=1, description="draw from the fewest tokens that have this share"
    )
    length: int = Field(default=120, ge=1, description="the most tokens of a sentence to write")
    min_length: int = Field(default=0, ge=0, description="tokens before a sentence may end")
    length_penalty: float = Field(
        default=0.6, ge=0, description="alpha of Wu et al.: above 0 favours longer sentences"
    )
    seed: int = Field(default=0, ge=0, lt=2**63, description="of what is drawn")
    unfinished: bool = Field(default=False, description="the prompt's last word is to be completed")

    @model_validator(mode="after")
    def _checked(self) -> "WritingSettings":
        _ = self.decoding  # refused before a run is loaded
        return self

    @property
    def decoding(self) -> DecodeSettings:
        """How sentences are written."""
        beam = self.beam or (1 if self.temperature else max(8, self.sentences))
        return DecodeSettings(
            beam=beam,
            temperature=self.temperature,
            top_k=self.top_k,
            top_p=self.top_p,
            answers=max(1, self.sentences),
            min_length=self.min_length,
            max_length=self.length,
            length_penalty=self.length_penalty,
            seed=self.seed,
        )


class Word(NamedTuple):
    """A word that may come next, and how probable it is, given that a word does."""

    text: str
    probability: float


class Sentence(NamedTuple):
    """A prompt with what was written after it; ``ended``: whether that came to an end by itself."""

    text: str
    log_probability: float
    ended: bool


class _Prompt(NamedTuple):
    """What is read of a prompt, and what must be written first."""

    ids: list[int]
    text: str  # what the ids were read from
    beginning: str = ""  # of an unfinished word, as its tokens spell it
    fresh: bool = False  # whether a word begins next


@dataclass(frozen=True, eq=False)
class Completer:
    """Completes texts with a language model.

    Attributes:
        model: the model, in evaluation mode.
        joiner: its vocabulary, and how its tokens become text.
        first: the id before the first token of a text.
    """

    model: Writer
    joiner: Joiner
    first: int

    @torch.inference_mode()
    def words(
        self, prompts: Sequence[str], k: int, *, beam: int = 0, unfinished: bool = False
    ) -> list[list[Word]]:
        """Return up to ``k`` most probable next words of each prompt, whole ones.

        A word is written unit by unit, by a beam of at least ``4 * k``, until what ends it: white
        space, the beginning of another word, or the end of the text, whose probabilities are
        summed. Where several cuts of a word into pieces were found, theirs are summed too; so a
        probability is exact for units that spell a word in one way only, else a lower bound.
        Words with an unknown unit are not offered, and their share is no other word's.
        """
        read_as = [self._whole(prompt, unfinished) for prompt in prompts]
        start = self._start(read_as)
        return self.words_after(start, k, beam=beam, filters=self._begun(read_as))

    def words_after(
        self, start: Start, k: int, *, beam: int = 0, filters: Sequence[Filter] = ()
    ) -> list[list[Word]]:
        """Return what :meth:`words` does, after what a model has read."""
        chosen = DecodeSettings(beam=max(beam, 4 * k), answers=2 * k, max_length=LONGEST_WORD)
        start = self._word_begins(start[0]), start[1]
        filters = [self._no_specials, *filters]
        found = decode(self.model, start, self._word_ends, chosen, filters=filters, opening=1)
        return [self._merged(hypotheses, k) for hypotheses in found]

    def _merged(self, hypotheses: Sequence[Any], k: int) -> list[Word]:
        shares: dict[str, float] = {}
        for hypothesis in hypotheses:
            text = self.joiner.join(hypothesis.ids).strip()
            if hypothesis.ended and text.split() == [text]:  # pieces may spell a space, or nothing
                probability = float(torch.tensor(hypothesis.log_probability).exp())
                shares[text] = shares.get(text, 0.0) + probability
        best = sorted(shares.items(), key=lambda item: (-item[1], item[0]))
        return [Word(text, share) for text, share in best[:k]]

    @torch.inference_mode()
    def sentences(
        self, prompts: Sequence[str], chosen: DecodeSettings, *, unfinished: bool = False
    ) -> list[list[Sentence]]:
        """Return up to ``chosen.answers`` sentences that begin with each prompt, as it stands.

        One ends with its text, or after a full stop, question or exclamation mark that a new word
        would follow. What is drawn depends on the seed and on the prompt alone.
        """
        read_as = [self._as_it_stands(prompt, unfinished) for prompt in prompts]
        found = decode(
            self.model,
            self._start(read_as),
            [self.joiner.vocabulary.eos],
            chosen,
            filters=[self._no_specials, *self._begun(read_as), self._sentence_ends],
            keys=[crc32(prompt.encode("utf-8", "surrogatepass")) for prompt in prompts],
        )
        return [
            [Sentence(self._written(prompt, h.ids), h.log_probability, h.ended) for h in hypotheses]
            for prompt, hypotheses in zip(read_as, found, strict=True)
        ]

    def unknown(self, prompt: str) -> list[str]:
        """Return the tokens of a prompt that the vocabulary does not have, each once."""
        words = self.joiner.tokenizer.words(prompt)
        return list(dict.fromkeys(w for w in words if w not in self.joiner.vocabulary))

    # -- what is read of a prompt --

    def _ids(self, text: str) -> list[int]:
        return self.joiner.vocabulary.ids(self.joiner.tokenizer.words(text)) if text else []

    def _whole(self, prompt: str, unfinished: bool) -> _Prompt:
        """Read a prompt up to where its next word begins, or its unfinished last one."""
        if (begun := self._unfinished(prompt)) and unfinished:
            return begun
        text = prompt.rstrip()
        ids = [self.first, *self._ids(text)]
        if text and self.joiner.separators:
            ids.append(self.joiner.separators[0])
        return _Prompt(ids, text, fresh=True)

    def _as_it_stands(self, prompt: str, unfinished: bool) -> _Prompt:
        if (begun := self._unfinished(prompt)) and unfinished:
            return begun
        if self.joiner.separators or prompt == prompt.rstrip():
            return _Prompt([self.first, *self._ids(prompt)], prompt)
        text = prompt.rstrip()  # a space is part of the piece after it
        return _Prompt([self.first, *self._ids(text)], text, fresh=True)

    def _unfinished(self, prompt: str) -> _Prompt | None:
        """Read a prompt without its last word; None if there is none, or none known begins so."""
        if not prompt or prompt[-1].isspace():
            return None
        last = prompt.split()[-1]
        before = prompt[: len(prompt) - len(last)]
        beginning = "".join(self.joiner.tokenizer.words(last))
        if not self._ways(beginning):
            return None
        text = before if self.joiner.separators else before.rstrip()
        return _Prompt([self.first, *self._ids(text)], text, beginning, True)

    def _start(self, prompts: Sequence[_Prompt]) -> Start:
        state = self.model.initial_state(len(prompts))
        log_probabilities, state = read(self.model, [p.ids for p in prompts], state)
        rows = [i for i, p in enumerate(prompts) if p.fresh and not self.joiner.separators]
        if rows:
            log_probabilities = log_probabilities.clone()
            log_probabilities[rows] = self._word_begins(log_probabilities[rows])
        return log_probabilities, state

    # -- what may be written --

    @cached_property
    def _word_ends(self) -> list[int]:
        return [*self.joiner.separators, *self.joiner.beginnings, self.joiner.vocabulary.eos]

    def _word_begins(self, log_probabilities: Tensor) -> Tensor:
        """Leave only what can begin a word, and give it all of the probability."""
        return _renormalised(log_probabilities, self._beginning.to(log_probabilities.device))

    @cached_property
    def _beginning(self) -> Tensor:
        vocabulary = self.joiner.vocabulary
        allowed = torch.zeros(len(vocabulary), dtype=torch.bool)
        allowed[self.joiner.beginnings or slice(len(vocabulary.specials), None)] = True
        allowed[self.joiner.separators] = False
        allowed[vocabulary.unk] = True  # not offered, but its share is no other word's
        return allowed

    def _no_specials(self, log_probabilities: Tensor, _written: Tensor, _rows: Tensor) -> Tensor:
        vocabulary = self.joiner.vocabulary
        never = [i for i, name in enumerate(vocabulary.specials) if name != "eos"]
        log_probabilities[:, never] = -torch.inf
        return log_probabilities

    def _begun(self, prompts: Sequence[_Prompt]) -> list[Filter]:
        """Return a filter that lets nothing through but what begins as unfinished words do."""
        if not any(prompt.beginning for prompt in prompts):
            return []
        longest = max(len(prompt.beginning) for prompt in prompts)

        def filtered(log_probabilities: Tensor, written: Tensor, rows: Tensor) -> Tensor:
            if written.shape[1] >= longest:
                return log_probabilities
            for i, (row, ids) in enumerate(zip(rows.tolist(), written.tolist(), strict=True)):
                left = prompts[row].beginning[len("".join(map(self._spelled, ids))) :]
                if left:
                    allowed = torch.zeros_like(log_probabilities[i], dtype=torch.bool)
                    allowed[self._ways(left)] = True
                    log_probabilities[i] = _renormalised(log_probabilities[i], allowed)
            return log_probabilities

        return [filtered]

    def _spelled(self, token: int) -> str:
        vocabulary = self.joiner.vocabulary
        at = token - len(vocabulary.specials)
        return vocabulary.words[at] if at >= 0 else ""

    @cached_property
    def _sorted_words(self) -> list[tuple[str, int]]:
        first = len(self.joiner.vocabulary.specials)
        return sorted((w, i) for i, w in enumerate(self.joiner.vocabulary.words, start=first))

    def _ways(self, text: str) -> list[int]:
        """Return the tokens that spell the beginning of ``text``, or begin with all of it."""
        vocabulary, words = self.joiner.vocabulary, self._sorted_words
        shorter = [text[:end] for end in range(1, len(text)) if text[:end] in vocabulary]
        place = bisect_left(words, (text,))
        longer = takewhile(lambda word: word[0].startswith(text), islice(words, place, None))
        return [*vocabulary.ids(shorter), *(number for _, number in longer)]

    @cached_property
    def _stops(self) -> Tensor:
        """``(V,)``, True for tokens after which a sentence may be over."""
        words = self.joiner.vocabulary.words
        marks = [word.partition("/")[0].endswith(STOPS) or word.endswith(STOPS) for word in words]
        return torch.tensor([False] * len(self.joiner.vocabulary.specials) + marks)

    def _sentence_ends(self, log_probabilities: Tensor, written: Tensor, _rows: Tensor) -> Tensor:
        """After a full stop, take the beginning of a new word for the end of the sentence."""
        if written.shape[1] == 0:
            return log_probabilities
        over = self._stops.to(written.device)[written[:, -1]]
        if not over.any():
            return log_probabilities
        eos, ends = self.joiner.vocabulary.eos, self._word_ends
        pooled = log_probabilities[:, ends].logsumexp(1)
        ended = log_probabilities.index_fill(1, torch.tensor(ends), -torch.inf)
        ended[:, eos] = pooled
        return torch.where(over[:, None], ended, log_probabilities)

    def _written(self, prompt: _Prompt, ids: Sequence[int]) -> str:
        """Return the prompt's own text and what comes after it.

        A jamo may go on with the last syllable of the prompt, which is then written anew.
        """
        before = self.joiner.join(prompt.ids)
        after = self.joiner.join([*prompt.ids, *ids])
        same = 0
        while same < min(len(before), len(after)) and before[same] == after[same]:
            same += 1
        kept = len(prompt.text) - (len(before) - same)
        return (prompt.text[: max(kept, 0)] + after[same:]).rstrip()


def _renormalised(log_probabilities: Tensor, allowed: Tensor) -> Tensor:
    kept = log_probabilities.masked_fill(~allowed, -torch.inf)
    return kept - kept.logsumexp(-1, keepdim=True)
