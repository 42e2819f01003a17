"""A language model's answers by onnxruntime: next words, and sentences by search."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from itertools import islice
from typing import Any, Self

import numpy as np
from pydantic import Field

from seqkit.errors import SeqkitError
from seqkit.export.search import (
    Filter,
    Floats,
    Hypothesis,
    Numbers,
    Search,
    State,
    logsumexp,
    search,
)
from seqkit.export.sessions import Session, open_session
from seqkit.settings import check, settings
from seqkit.tasks.language.prompts import (
    LONGEST_WORD,
    Completion,
    Prompt,
    Prompts,
    Sentence,
    Word,
    refuse_lemmas,
)
from seqkit.text import tokenizer as tokenizers
from seqkit.text.joining import Joiner
from seqkit.text.vocabulary import Vocabulary
from seqkit.train.run import Run

CELLS = 1 << 23  # log-probabilities held at once

log = logging.getLogger(__name__)


@settings
class OnnxWritingSettings:
    """How an exported run goes on with a prompt: what torch's settings say, without drawing."""

    words: int = Field(default=5, ge=0, description="next words to show (0: none)")
    sentences: int = Field(default=1, ge=0, description="whole sentences to show (0: none)")
    beam: int = Field(default=0, ge=0, description="hypotheses searched (0: 8, or the sentences)")
    length: int = Field(default=120, ge=1, description="the most tokens of a sentence to write")
    min_length: int = Field(default=0, ge=0, description="tokens before a sentence may end")
    length_penalty: float = Field(default=0.0, ge=0, description="alpha of Wu et al.")
    block_ngrams: int = Field(default=0, ge=0, description="never write so many units twice")
    unfinished: bool = Field(default=False, description="the prompt's last word is to be completed")
    lemmas: bool = Field(default=False, description="next words by dictionary form")

    @property
    def top(self) -> int:
        """How many words are shown."""
        return self.words

    @property
    def decoding(self) -> Search:
        """How sentences are written."""
        beam = self.beam or max(8, self.sentences)
        if self.min_length > self.length or self.sentences > beam:
            raise SeqkitError(
                f"{self.sentences} sentences of {self.min_length} to {self.length} units cannot be "
                f"found with a beam of {beam}: use a wider beam, or a lower min_length."
            )
        return Search(
            beam=beam,
            answers=max(1, self.sentences),
            min_length=self.min_length,
            max_length=self.length,
            length_penalty=self.length_penalty,
            block_ngrams=self.block_ngrams,
        )


def refuse_unknown(options: Mapping[str, Any], known: Sequence[str]) -> None:
    """Make sure that options work without torch.

    Raises:
        SeqkitError: for one that does not.
    """
    for name in options:
        if name not in known:
            usable = ["top" if one in ("words", "answers") else one for one in known]
            words = ", ".join(f"--{one.replace('_', '-')}" for one in usable)
            raise SeqkitError(
                f"--{name.replace('_', '-')} does not work with --runtime onnx, where only these "
                f"do: {words}. Leave it out, or use --runtime torch on the run itself."
            )


@dataclass(frozen=True, eq=False)
class OnnxCompleter(Prompts):
    """Completes texts with a language model whose ``model`` is an ONNX graph."""

    model: Session

    def step(self, ids: Numbers, state: State) -> tuple[Floats, State]:
        """Read one token of each row."""
        return self._read(ids[:, None], np.ones(len(ids), np.int64), state)

    def _read(self, ids: Numbers, lengths: Numbers, state: State) -> tuple[Floats, State]:
        said = self.model({"ids": ids, "lengths": lengths, **state})
        return said["log_probabilities"], {name: said[f"next_{name}"] for name in state}

    def _start(self, prompts: Sequence[Prompt]) -> tuple[Floats, State]:
        lengths = np.array([len(prompt.ids) for prompt in prompts])
        ids = np.zeros((len(prompts), lengths.max()), np.int64)
        for row, prompt in enumerate(prompts):
            ids[row, : len(prompt.ids)] = prompt.ids
        sizes = {i.name: i.shape[1] for i in self.model.runner.get_inputs()[2:]}
        zeros = {name: np.zeros((len(ids), size), np.float32) for name, size in sizes.items()}
        logs, state = self._read(ids, lengths, zeros)
        fresh = [i for i, p in enumerate(prompts) if p.fresh and not self.joiner.separators]
        logs[fresh] = _renormalised(logs[fresh], self._beginning)
        return logs, state

    def words(
        self, prompts: Sequence[str], k: int, *, beam: int = 0, unfinished: bool = False
    ) -> list[list[Word]]:
        """Return up to ``k`` most probable next words of each prompt, as torch's ``Completer``."""
        read_as = [self._whole(prompt, unfinished) for prompt in prompts]
        logs, state = self._start(read_as)
        logs = _renormalised(logs, self._beginning)
        chosen = Search(beam=max(beam, 4 * k), answers=2 * k, max_length=LONGEST_WORD)
        filters = [self._no_specials, *self._begun(read_as)]
        found = search(
            self.step, (logs, state), self._word_ends, chosen, filters=filters, opening=1
        )
        return self._whole_words(read_as, [self._merged(hypotheses, k) for hypotheses in found])

    def lemmas(self, prompts: Sequence[str], k: int) -> list[list[Word]]:
        """Return the most probable dictionary forms of the next word, as torch's ``Completer``."""
        logs, _ = self._start([self._whole(prompt, False) for prompt in prompts])
        return self._by_lemma(np.exp(_renormalised(logs, self._beginning)), k)

    def sentences(
        self, prompts: Sequence[str], chosen: Search, *, unfinished: bool = False
    ) -> list[list[Sentence]]:
        """Return up to ``chosen.answers`` sentences that begin with each prompt."""
        read_as = [self._as_it_stands(prompt, unfinished) for prompt in prompts]
        filters = [self._no_specials, *self._begun(read_as), self._goes_on(read_as)]
        filters.append(self._sentence_ends)
        eos = self.joiner.vocabulary.eos
        found = search(self.step, self._start(read_as), [eos], chosen, filters=filters)
        return [
            [self._sentence(prompt, hypothesis) for hypothesis in hypotheses]
            for prompt, hypotheses in zip(read_as, found, strict=True)
        ]

    def _sentence(self, prompt: Prompt, found: Hypothesis) -> Sentence:
        return Sentence(self._written(prompt, found.ids), found.log_probability, found.ended)

    def _no_specials(self, logs: Floats, _written: Numbers, _rows: Numbers) -> Floats:
        logs[:, self._never] = -np.inf
        return logs

    def _begun(self, prompts: Sequence[Prompt]) -> list[Filter]:
        """Return a filter that lets nothing through but what begins as unfinished words do."""
        if not any(prompt.beginning for prompt in prompts):
            return []

        def filtered(logs: Floats, written: Numbers, rows: Numbers) -> Floats:
            for i, (row, ids) in enumerate(zip(rows.tolist(), written.tolist(), strict=True)):
                if left := self._left(prompts[row], ids):
                    allowed = np.zeros(logs.shape[1], np.bool_)
                    allowed[self._ways(left, begun=bool(ids))] = True
                    logs[i] = _renormalised(logs[i], allowed)
            return logs

        return [filtered]

    def _goes_on(self, prompts: Sequence[Prompt]) -> Filter:
        """Return a filter that lets no sentence end where its prompt does."""
        going, eos = np.array(self._open(prompts)), self.joiner.vocabulary.eos

        def filtered(logs: Floats, written: Numbers, rows: Numbers) -> Floats:
            if written.shape[1] == 0:
                logs[going[rows], eos] = -np.inf
            return logs

        return filtered

    def _sentence_ends(self, logs: Floats, written: Numbers, _rows: Numbers) -> Floats:
        """After a full stop, take the beginning of a new word for the end of the sentence."""
        if written.shape[1] == 0:
            return logs
        over = np.flatnonzero(self._stops[written[:, -1]])
        ends = np.ix_(over, np.array(self._word_ends))
        pooled = logsumexp(logs[ends])[:, 0]
        logs[ends] = -np.inf
        logs[over, self.joiner.vocabulary.eos] = pooled
        return logs


def _renormalised(logs: Floats, allowed: Any) -> Floats:
    kept = np.where(allowed, logs, -np.inf)
    result: Floats = kept - np.nan_to_num(logsumexp(kept), neginf=0.0)
    return result


@dataclass(frozen=True, eq=False)
class OnnxWriter:
    """An exported language model with all it needs to go on with a text."""

    completer: OnnxCompleter
    writing: OnnxWritingSettings = field(default_factory=OnnxWritingSettings)

    def with_options(self, options: Mapping[str, Any]) -> Self:
        """Return the same writer with other options; ``top`` is ``words`` there.

        Raises:
            SeqkitError: if one is of a bad value, or does not work without torch.
        """
        named = {"words" if name == "top" else name: value for name, value in options.items()}
        refuse_unknown(named, [f.name for f in fields(OnnxWritingSettings)])
        writing = check(OnnxWritingSettings, named)
        _ = writing.decoding
        if writing.lemmas:
            refuse_lemmas(self.completer.joiner, unfinished=writing.unfinished)
        return replace(self, writing=writing)

    @cached_property
    def _vocabulary(self) -> Vocabulary:
        return self.completer.joiner.vocabulary

    def stream(self, texts: Iterable[str], at_once: int = 1024) -> Iterator[Completion]:
        """Yield one answer for each prompt, in order, reading at most ``at_once`` at a time."""
        remaining, chosen = iter(texts), self.writing
        width = max(4 * chosen.words, chosen.decoding.beam)
        at_once = max(1, min(at_once, CELLS // (width * len(self._vocabulary))))
        while prompts := list(islice(remaining, at_once)):
            yield from self._completed(prompts)

    def _completed(self, prompts: Sequence[str]) -> Iterator[Completion]:
        chosen, ask, nothing = self.writing, self.completer, [()] * len(prompts)
        words: Sequence[Sequence[Word]] = nothing
        sentences: Sequence[Sequence[Sentence]] = nothing
        if chosen.words and chosen.lemmas:
            words = ask.lemmas(prompts, chosen.words)
        elif chosen.words:
            words = ask.words(prompts, chosen.words, unfinished=chosen.unfinished)
        if chosen.sentences:
            sentences = ask.sentences(prompts, chosen.decoding, unfinished=chosen.unfinished)
        for prompt, several, whole in zip(prompts, words, sentences, strict=True):
            unknown = ask.unknown(prompt)
            if unknown:
                told = ", ".join(f"'{token}'" for token in unknown[:5])
                log.warning("'%s': read as unknown, never seen in training: %s.", prompt, told)
            yield Completion(prompt, tuple(several), tuple(whole), tuple(unknown))

    @classmethod
    def load(cls, run: Run) -> Self:
        """Rebuild the writer of an exported folder.

        Raises:
            SeqkitError: if a part is missing, broken or of another model.
        """
        model = open_session(run.folder / "model.onnx")
        vocabulary = Vocabulary.load(run.vocabulary_file)
        model.refuse_misfit("log_probabilities", len(vocabulary))
        joiner = Joiner(tokenizers.load(run.tokenizer_folder), vocabulary)
        return cls(OnnxCompleter(model, joiner, vocabulary.eos))
