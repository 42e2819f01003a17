"""Word vectors trained from text: skip-gram and CBOW (Mikolov et al. 2013), with subwords."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from seqkit.errors import SeqkitError
from seqkit.settings import check, settings
from seqkit.text.tokenizer import Tokenizer
from seqkit.vectors.keyed import WordVectors
from seqkit.vectors.subwords import Subwords
from seqkit.vectors.training.objective import Objective
from seqkit.vectors.training.phrases import PhraseSettings
from seqkit.vectors.training.reading import Texts


@settings
class Word2VecSettings:
    """How word vectors are trained."""

    model: Literal["skipgram", "cbow"] = Field(
        default="skipgram",
        description="a word is predicted from each word near it, or from all at once",
    )
    size: int = Field(default=100, ge=1, le=10_000, description="features of a vector")
    window: int = Field(
        default=5, ge=1, le=1000, description="most words on either side; drawn anew from 1 to it"
    )
    negative: int = Field(
        default=5, ge=1, le=50, description="words of noise beside each one that is predicted"
    )
    hierarchical: bool = Field(
        default=False, description="hierarchical softmax in place of negative sampling"
    )
    mean: bool = Field(default=True, description="cbow: the mean of the words near, else the sum")
    sample: float = Field(
        default=1e-3, ge=0, le=1, description="share of the text above which a word is thinned out"
    )
    noise: float = Field(
        default=0.75, ge=-2, le=2, description="exponent of the counts in the noise"
    )
    min_count: int = Field(default=5, ge=1, description="leave out words that occur less often")
    max_words: int | None = Field(default=None, ge=2, description="the most words to keep")
    lr: float = Field(default=0.025, gt=0, le=1, description="learning rate at the beginning")
    min_lr: float = Field(default=1e-4, ge=0, le=1, description="learning rate at the end")
    epochs: int = Field(default=5, ge=1, le=10_000, description="passes over the text")
    seed: int = Field(default=0, ge=0, description="of all that is drawn")
    workers: int = Field(default=1, ge=1, le=256, description="threads")
    deterministic: bool = Field(
        default=False, description="the same bits from several workers too; each has its own copy"
    )
    subwords: Literal["none", "character", "jamo"] = Field(
        default="none", description="n-grams that give vectors to unseen words"
    )
    min_n: int = Field(default=3, ge=1, le=64, description="shortest n-gram")
    max_n: int | None = Field(
        default=None, ge=1, le=64, description="longest n-gram (none: 6 characters, or 5 jamo)"
    )
    syllables: int = Field(
        default=6, ge=0, le=64, description="longest run of whole syllables (jamo)"
    )
    buckets: int = Field(
        default=2_000_000, ge=1, le=2**31 - 1, description="rows that n-grams are hashed to"
    )
    phrases: int = Field(
        default=0, ge=0, le=5, description="rounds of joining words that go together (new_york)"
    )
    phrase_threshold: float = Field(default=10.0, description="least score of a phrase")
    phrase_scoring: Literal["default", "npmi"] = Field(
        default="default", description="score of a phrase, as gensim names it"
    )

    @model_validator(mode="after")
    def _agree(self) -> "Word2VecSettings":
        if self.min_lr > self.lr:
            raise ValueError(f"min_lr={self.min_lr} is above lr={self.lr}: the rate falls")
        _ = self.ngrams, self.collocations  # which check themselves
        return self

    @property
    def ngrams(self) -> Subwords | None:
        """The n-grams of a word, if it has any."""
        if self.subwords == "none":
            return None
        return Subwords(
            unit=self.subwords,
            min_n=self.min_n,
            max_n=self.max_n,
            syllables=self.syllables,
            buckets=self.buckets,
        )

    @property
    def collocations(self) -> PhraseSettings | None:
        """How phrases are learnt, if they are."""
        if not self.phrases:
            return None
        return PhraseSettings(
            min_count=self.min_count,
            threshold=self.phrase_threshold,
            scoring=self.phrase_scoring,
            rounds=self.phrases,
        )

    @property
    def objective(self) -> Objective:
        """What is trained, whatever trains it."""
        return Objective(self.model, self.window, self.negative, self.mean, self.sample, self.noise)


class Stopped(KeyboardInterrupt):
    """A Ctrl-C ended training, and its vectors and state are saved."""


@dataclass(frozen=True)
class Report:
    """How far training is.

    Attributes:
        epoch: from 1.
        epochs: of all.
        words: of the text, passed so far, over all epochs.
        total_words: of all epochs.
        seconds: of training, an earlier part that was resumed included.
        loss: mean objective of a pair: since the epoch began, while it is learnt from; at the end
            of an epoch on a sample of the text, with the weights at rest, as the log keeps it.
        lr: the learning rate now.
    """

    epoch: int
    epochs: int
    words: int
    total_words: int
    seconds: float
    loss: float
    lr: float


def train(
    texts: Texts,
    chosen: Word2VecSettings,
    out: Path,
    *,
    tokenizer: Tokenizer | None = None,
    start: Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
    device: str = "cpu",
    report: Callable[[Report], None] | None = None,
) -> WordVectors:
    """Train word vectors and leave them in a folder.

    The folder is what :meth:`WordVectors.load` opens. In its ``training`` lies the state after
    the last epoch (or Ctrl-C, which saves the vectors as they are): ``resume`` goes on from there
    as if nothing had happened, to the last bit where training is reproducible (but for a Ctrl-C
    within an epoch of several deterministic workers, which joins their copies early); ``start``
    goes on with another text.

    Args:
        texts: as :func:`seqkit.vectors.training.reading.encoded` takes them. Not read again on
            resume.
        chosen: the settings; on resume, but for ``epochs`` and ``workers``, those of before.
        out: the folder.
        tokenizer: cuts texts into words, and is kept beside the vectors, to cut sentences
            likewise, if it is one of ``TOKENIZERS``; None cuts lines at white space. On resume,
            not needed.
        start: a folder of vectors whose words, and what they have learnt, come first.
        resume: go on with the training of ``out``.
        overwrite: replace what ``out`` holds.
        device: ``cpu``, or ``cuda`` to train through torch.
        report: told now and then how far it is.

    Raises:
        SeqkitError: if the text or settings cannot be used, ``out`` holds something else, the
            vectors of ``start`` are of another kind, or training diverges.
        Stopped: after a Ctrl-C, once all is saved; it is a KeyboardInterrupt.
    """
    from seqkit.processes import launched, own_device, process_group

    how = partial(
        _train, texts, chosen, Path(out), tokenizer, start, resume, overwrite, report=report
    )
    if not launched():
        return how(device=device, rank=0)
    with process_group(device) as rank:
        return how(device=own_device(device), rank=rank)


def _train(
    texts: Texts,
    chosen: Word2VecSettings,
    out: Path,
    tokenizer: Tokenizer | None,
    start: Path | None,
    resume: bool,
    overwrite: bool,
    *,
    report: Callable[[Report], None] | None,
    device: str,
    rank: int,
) -> WordVectors:
    """Train as one process of several, or as the only one."""
    from seqkit.processes import check_same, launched
    from seqkit.vectors.training.course import Training
    from seqkit.vectors.training.engines import check_device

    if device != "cpu":  # before the text is read
        check_device(chosen, device)
    if resume:
        training = Training.resumed(out, chosen, rank=rank)
    else:
        training = Training.begun(
            texts, chosen, out, tokenizer=tokenizer, start=start, overwrite=overwrite, rank=rank
        )
    if launched():
        position = training.state.position
        check_same("text", position.digest)
        check_same("settings", position.settings)
        check_same("state of training", (position.epoch, position.block))
    try:
        return training.run(device, report if rank == 0 else None, time.perf_counter())
    except FloatingPointError:
        raise SeqkitError(
            f"training has diverged: its vectors are no numbers any more. Lower lr={chosen.lr}."
        ) from None


def settings_of(out: Path) -> Word2VecSettings:
    """Return the settings that the training of a folder was begun with.

    Raises:
        SeqkitError: if the folder has no state of a training.
    """
    from seqkit.vectors.training.state import position_of

    return check(Word2VecSettings, position_of(Path(out)).settings)
