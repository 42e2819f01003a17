"""What comes next: the next words of a text, and its best continuations to the sentence's end."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from zlib import crc32

import torch
from pydantic import Field, model_validator
from torch import Tensor

from seqkit.decode import DecodeSettings, Filter, Start, decode, read
from seqkit.settings import settings
from seqkit.tasks.language.prompts import LONGEST_WORD, Prompt, Prompts, Sentence, Word

__all__ = ["Completer", "Sentence", "Word", "Writer", "WritingSettings"]


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
        default=0.0,  # above 0 a long run of dots can beat every sentence
        ge=0,
        description="alpha of Wu et al.: above 0 favours longer sentences",
    )
    block_ngrams: int = Field(
        default=0, ge=0, description="a sentence has no n-gram of this size twice (0: it may)"
    )
    seed: int = Field(default=0, ge=0, lt=2**63, description="of what is drawn")
    unfinished: bool = Field(default=False, description="the prompt's last word is to be completed")
    lemmas: bool = Field(
        default=False, description="next words by dictionary form, where units are morphemes"
    )
    half: bool = Field(
        default=False,
        description="weights of 16 bits: a large model draws faster, a little rounded",
    )

    @model_validator(mode="after")
    def _checked(self) -> "WritingSettings":
        _ = self.decoding  # refused before a run is loaded
        return self

    @property
    def top(self) -> int:
        """How many words are shown."""
        return self.words

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
            block_ngrams=self.block_ngrams,
            seed=self.seed,
        )


@dataclass(frozen=True, eq=False)
class Completer(Prompts):
    """Completes texts with a language model.

    Attributes:
        model: the model, in evaluation mode.
        joiner: its vocabulary, and how its tokens become text.
        first: the id before the first token of a text.
    """

    model: Writer

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
        found = self.words_after(start, k, beam=beam, filters=self._begun(read_as))
        return self._whole_words(read_as, found)

    def words_after(
        self, start: Start, k: int, *, beam: int = 0, filters: Sequence[Filter] = ()
    ) -> list[list[Word]]:
        """Return what :meth:`words` does, after what a model has read."""
        chosen = DecodeSettings(beam=max(beam, 4 * k), answers=2 * k, max_length=LONGEST_WORD)
        start = self._word_begins(start[0]), start[1]
        filters = [self._no_specials, *filters]
        found = decode(self.model, start, self._word_ends, chosen, filters=filters, opening=1)
        return [self._merged(hypotheses, k) for hypotheses in found]

    @torch.inference_mode()
    def lemmas(self, prompts: Sequence[str], k: int) -> list[list[Word]]:
        """Return up to ``k`` most probable dictionary forms of the next word of each prompt.

        One stands for all words that begin with its morpheme: 하다 for 했다, 하고, 한 and so on.
        Its probability is exact, and is given that a word comes next.
        """
        logs, _ = self._start([self._whole(prompt, False) for prompt in prompts])
        return self._by_lemma(self._word_begins(logs).double().exp().cpu().numpy(), k)

    @torch.inference_mode()
    def sentences(
        self, prompts: Sequence[str], chosen: DecodeSettings, *, unfinished: bool = False
    ) -> list[list[Sentence]]:
        """Return up to ``chosen.answers`` sentences that begin with each prompt, as it stands.

        One ends with its text, or after a full stop, question or exclamation mark that a new word
        would follow; not right after the prompt, unless that ends so. What is drawn depends on the
        seed and on the prompt alone.
        """
        read_as = [self._as_it_stands(prompt, unfinished) for prompt in prompts]
        found = decode(
            self.model,
            self._start(read_as),
            [self.joiner.vocabulary.eos],
            chosen,
            filters=[
                self._no_specials,
                *self._begun(read_as),
                self._goes_on(read_as),
                self._sentence_ends,
            ],
            keys=[crc32(prompt.encode("utf-8", "surrogatepass")) for prompt in prompts],
        )
        return [
            [Sentence(self._written(prompt, h.ids), h.log_probability, h.ended) for h in hypotheses]
            for prompt, hypotheses in zip(read_as, found, strict=True)
        ]

    def _start(self, prompts: Sequence[Prompt]) -> Start:
        state = self.model.initial_state(len(prompts))
        log_probabilities, state = read(self.model, [p.ids for p in prompts], state)
        rows = [i for i, p in enumerate(prompts) if p.fresh and not self.joiner.separators]
        if rows:
            log_probabilities = log_probabilities.clone()
            log_probabilities[rows] = self._word_begins(log_probabilities[rows])
        return log_probabilities, state

    # -- what may be written --

    def _word_begins(self, log_probabilities: Tensor) -> Tensor:
        """Leave only what can begin a word, and give it all of the probability."""
        return _renormalised(
            log_probabilities, torch.from_numpy(self._beginning).to(log_probabilities.device)
        )

    def _no_specials(self, log_probabilities: Tensor, _written: Tensor, _rows: Tensor) -> Tensor:
        log_probabilities[:, self._never] = -torch.inf
        return log_probabilities

    def _begun(self, prompts: Sequence[Prompt]) -> list[Filter]:
        """Return a filter that lets nothing through but what begins as unfinished words do."""
        if not any(prompt.beginning for prompt in prompts):
            return []
        longest = max(len(prompt.beginning) for prompt in prompts)

        def filtered(log_probabilities: Tensor, written: Tensor, rows: Tensor) -> Tensor:
            if written.shape[1] >= longest:
                return log_probabilities
            for i, (row, ids) in enumerate(zip(rows.tolist(), written.tolist(), strict=True)):
                left = self._left(prompts[row], ids)
                if left:
                    allowed = torch.zeros_like(log_probabilities[i], dtype=torch.bool)
                    allowed[self._ways(left, begun=bool(ids))] = True
                    log_probabilities[i] = _renormalised(log_probabilities[i], allowed)
            return log_probabilities

        return [filtered]

    def _goes_on(self, prompts: Sequence[Prompt]) -> Filter:
        """Return a filter that lets no sentence end where its prompt does."""
        going, eos = torch.tensor(self._open(prompts)), self.joiner.vocabulary.eos

        def filtered(log_probabilities: Tensor, written: Tensor, rows: Tensor) -> Tensor:
            if written.shape[1] == 0:
                log_probabilities[going.to(rows.device)[rows], eos] = -torch.inf
            return log_probabilities

        return filtered

    def _sentence_ends(self, log_probabilities: Tensor, written: Tensor, _rows: Tensor) -> Tensor:
        """After a full stop, take the beginning of a new word for the end of the sentence."""
        if written.shape[1] == 0:
            return log_probabilities
        over = torch.from_numpy(self._stops).to(written.device)[written[:, -1]]
        if not over.any():
            return log_probabilities
        eos, ends = self.joiner.vocabulary.eos, self._word_ends
        pooled = log_probabilities[:, ends].logsumexp(1)
        ended = log_probabilities.index_fill(1, torch.tensor(ends), -torch.inf)
        ended[:, eos] = pooled
        return torch.where(over[:, None], ended, log_probabilities)


def _renormalised(log_probabilities: Tensor, allowed: Tensor) -> Tensor:
    """Give what is allowed all of the probability; where that has none, nothing has any."""
    kept = log_probabilities.masked_fill(~allowed, -torch.inf)
    return kept - kept.logsumexp(-1, keepdim=True).nan_to_num(neginf=0.0)
