"""A trained language model with all it needs to go on with a text: what a run answers with."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, Self

from seqkit.corpus import Corpus, load, resolve
from seqkit.errors import SeqkitError
from seqkit.models.language_model import LanguageModel, LanguageModelSettings
from seqkit.models.stepping import stepping
from seqkit.settings import as_dict, check
from seqkit.tasks.answering import refuse_senseless
from seqkit.tasks.language.completion import Completer, WritingSettings
from seqkit.tasks.language.language_modelling import build_model, encoded, with_end_held_out
from seqkit.tasks.language.next_word import NextWords, asked, next_words
from seqkit.tasks.language.perplexity import EvaluationSettings, Likelihood, likelihood
from seqkit.tasks.language.prompts import Completion, Sentence, Word, refuse_lemmas
from seqkit.tasks.language.running_text import RunningText, cut
from seqkit.text import tokenizer as tokenizers
from seqkit.text.joining import Joiner
from seqkit.text.tokenizer import Tokenizer
from seqkit.text.vocabulary import Vocabulary
from seqkit.train import checkpoint
from seqkit.train.metrics import Table
from seqkit.train.run import Run

CELLS = 1 << 23  # log-probabilities held at once

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class WriterScores:
    """How well a text was predicted, token by token and word by word."""

    likelihood: Likelihood
    next: NextWords

    @property
    def rows(self) -> int:
        """The number of tokens."""
        return self.likelihood.rows

    @property
    def scores(self) -> dict[str, float]:
        """The figures by name; ``next_word`` is the accuracy of whole words."""
        if not self.next.words:
            return self.likelihood.scores
        share = {"next_word": self.next.top1, "next_word_top5": self.next.top5}
        return self.likelihood.scores | share

    def tables(self) -> list[Table]:
        """Return the figures as a table."""
        (table,) = self.likelihood.tables()
        named = [["words completed", self.next.words], ["next word, first answer", self.next.top1]]
        named += [["next word, among five", self.next.top5]]
        return [table._replace(rows=[*table.rows, *(named if self.next.words else [])])]

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as plain values."""
        return self.likelihood.as_dict() | self.scores | {"next": asdict(self.next)}


@dataclass(frozen=True, eq=False)
class TextWriter:
    """A language model with all it needs to read a prompt and to go on with it.

    Attributes:
        model: the network.
        tokenizer: cuts a text into units.
        vocabulary: gives units their ids.
        reset: whether a text that is scored is read document by document.
        evaluation: how a text is scored.
        writing: how a prompt is completed.
    """

    model: LanguageModel
    tokenizer: Tokenizer
    vocabulary: Vocabulary
    reset: bool
    evaluation: EvaluationSettings
    writing: WritingSettings = field(default_factory=WritingSettings)

    @classmethod
    def load(cls, run: Run) -> Self:
        """Rebuild the writer of a run directory.

        Raises:
            SeqkitError: if a part is missing, truncated or of another model.
        """
        saved = run.settings()["settings"]
        try:
            chosen = check(LanguageModelSettings, saved["model"])
            evaluation = check(EvaluationSettings, saved["evaluation"])
            reset = bool(saved["window"]["reset"])
        except (KeyError, TypeError):
            raise SeqkitError(
                f"{run.settings_file} is not of a language model's run: copy the run again, or "
                "train it anew."
            ) from None
        vocabulary = Vocabulary.load(run.vocabulary_file)
        model = build_model(chosen, vocabulary)
        checkpoint.restore_run(model, run)
        tokenizer = tokenizers.load(run.tokenizer_folder)
        return cls(model.eval(), tokenizer, vocabulary, reset, evaluation)

    def with_options(self, options: Mapping[str, Any]) -> Self:
        """Return the same writer with other :class:`WritingSettings`; ``top`` is ``words`` there.

        Raises:
            SeqkitError: if one is unknown, or they have no sense together.
        """
        named = {"words" if name == "top" else name: value for name, value in options.items()}
        refuse_senseless(named, as_dict(self.writing), "a language model")
        writing = check(WritingSettings, named)
        if writing.lemmas:
            joiner = Joiner(self.tokenizer, self.vocabulary)
            refuse_lemmas(joiner, unfinished=writing.unfinished)
        return replace(self, writing=writing)

    @cached_property
    def completer(self) -> Completer:
        """What completes words and sentences."""
        joiner = Joiner(self.tokenizer, self.vocabulary)
        return Completer(stepping(self.model, short=self.writing.half), joiner, self.vocabulary.eos)

    def predict(self, prompts: Sequence[str]) -> list[Completion]:
        """Return one answer for each prompt, in order.

        Raises:
            TypeError: if ``prompts`` is one string, whose characters would be answered.
        """
        if isinstance(prompts, str):
            raise TypeError("predict takes a list of texts: write predict([text])")
        return list(self.stream(prompts))

    def stream(self, texts: Iterable[str], at_once: int = 1024) -> Iterator[Completion]:
        """Yield one answer for each prompt, in order, reading at most ``at_once`` at a time."""
        remaining, chosen = iter(texts), self.writing
        if chosen.words and not Joiner(self.tokenizer, self.vocabulary).tells_words:
            log.warning(
                "next words are single morphemes, which do not say where a word ends: train with "
                "text.options.attach_tag=true, or by the recipe completion, to have whole words."
            )
        width = max(4 * chosen.words, chosen.decoding.beam, chosen.sentences)
        at_once = max(1, min(at_once, CELLS // (width * len(self.vocabulary))))
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

    def score(self, corpus: Corpus, split: str, chosen: Any) -> WriterScores:
        """Score a split of a corpus, read with the settings ``chosen`` that the run had.

        Raises:
            SeqkitError: if there is no such split, or no text in it.
        """
        if split != "test" or split not in corpus.splits:  # train is without what was held out
            corpus = with_end_held_out(corpus, chosen.validation)
        text = encoded(corpus, split, self.tokenizer, self.vocabulary)
        writer = replace(self, evaluation=chosen.evaluation)
        return writer._score(text, list(corpus.texts(split)))

    def score_file(self, path: Path, options: Mapping[str, str]) -> WriterScores:
        """Score a plain text of the user's own, or the texts of a labelled file.

        Raises:
            SeqkitError: if it cannot be read, or has no text.
        """
        texts = list(_texts(path, options))
        return self._score(cut(texts, self.tokenizer).encode(self.vocabulary), texts)

    def _score(self, text: RunningText, texts: Sequence[str]) -> WriterScores:
        if not self.completer.joiner.spells_text:
            log.warning(
                "figures per character and word leave out the white space, which these units do "
                "not spell: compare them with those of the same units alone."
            )
        found = likelihood(
            self.model, text, eos=self.vocabulary.eos, reset=self.reset, chosen=self.evaluation
        )
        pairs = asked(texts, self.evaluation.next_words)
        if pairs and not self.completer.joiner.tells_words:
            pairs = []
            log.warning(
                "next words are not scored: morphemes without tags do not say where a word ends; "
                "train with text.options.attach_tag=true to have them."
            )
        return WriterScores(found, next_words(self.completer, pairs))


def _texts(path: Path, options: Mapping[str, str]) -> Iterator[str]:
    """Return all texts of a file: those of a labelled one whatever their labels."""
    module, _ = resolve(str(path), "")
    if module.CARD.name == "labelled":
        from seqkit.corpora.labelled import parts, rows

        return (row.text for row in rows(parts(path)["train"], options))
    if "test_fraction" in {each.name for each in fields(module.Options)}:
        options = {"test_fraction": "0", **options}
    return iter(load(str(path), options).texts("train"))
