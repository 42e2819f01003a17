"""The course of a training of word vectors: begun, run block by block, stopped and resumed."""

import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from shutil import rmtree
from typing import Any, Self

import numpy as np

from seqkit.data.ragged import Ragged
from seqkit.errors import SeqkitError
from seqkit.files import write_bytes, write_text
from seqkit.processes import launched
from seqkit.settings import as_dict, check
from seqkit.text.tokenizer import Tokenizer, kept, name_of, replace_kept
from seqkit.vectors.files.runs import refuse_run
from seqkit.vectors.keyed import WordVectors
from seqkit.vectors.subwords import SubwordVectors
from seqkit.vectors.training.engines import engine_of
from seqkit.vectors.training.objective import Engine
from seqkit.vectors.training.phrases import PHRASES_FILE as PHRASES
from seqkit.vectors.training.reading import ABOUT, Encoded, Texts, encoded
from seqkit.vectors.training.start import Start, buckets_of
from seqkit.vectors.training.state import (
    FILE,
    FOLDER,
    Position,
    State,
    into,
    load,
    width_of,
)
from seqkit.vectors.word2vec import Report, Stopped, Word2VecSettings

TEXT, LOG, TOKENIZER = "text", "log.jsonl", "tokenizer"
LONGEST = 10_000  # words of a row; a longer one is cut, as by word2vec and gensim
BLOCK = 400_000  # words of text between two reports; some tenths of a second
UNTRAINED = 1 << 32  # blocks that are not trained on are numbered from here
SAMPLES, SAMPLE = 20, 10_000  # stretches of the text, and their words, that tell the loss
CHANGEABLE = ("epochs", "workers")
Progress = Callable[[Report], None]


class Training:
    """Word vectors in training.

    Args:
        out: the folder that they are left in.
        text: what they are trained on.
        state: weights and position.
        chosen: the settings.
        rank: of this process, where ``torchrun`` started several; 0 is the one that writes.
    """

    def __init__(
        self, out: Path, text: Encoded, state: State, chosen: Word2VecSettings, rank: int = 0
    ) -> None:
        self.out, self.text, self.state, self.chosen, self.rank = out, text, state, chosen, rank
        self.rows = cut(text.rows, LONGEST)
        self._stop = False

    @classmethod
    def begun(
        cls,
        texts: Texts,
        chosen: Word2VecSettings,
        out: Path,
        *,
        tokenizer: Tokenizer | None,
        start: Path | None,
        overwrite: bool,
        rank: int,
    ) -> Self:
        """Read the text and draw the first weights; see :func:`seqkit.vectors.word2vec.train`."""
        if out.exists() and not out.is_dir():
            raise SeqkitError(f"{out} is a file: choose a folder.")
        refuse_run(out)
        if not overwrite and not rank and is_taken(out):
            raise SeqkitError(f"{out} exists already: choose another folder, or overwrite it.")
        before = None if start is None else Start(Path(start), chosen)
        text = encoded(
            texts,
            text_folder(out, rank),
            tokenizer=tokenizer,
            min_count=chosen.min_count,
            max_words=chosen.max_words,
            vocabulary=None if before is None else before.words,
            phrases=(before and before.phrases) or chosen.collocations,
            workers=chosen.workers,
        )
        if not rank:
            replace_kept(out / FOLDER / TOKENIZER, _named(tokenizer))
        blocks = max(1, round(len(text.rows.values) / BLOCK))
        position = Position(as_dict(chosen), text.digest, blocks)
        width, buckets = width_of(chosen.size), buckets_of(chosen)
        weights = into(None, (len(text.words) + buckets, width))
        state = State(weights, into(None, (len(text.words), width)), text.counts.copy(), position)
        made = cls(out, text, state, chosen, rank)
        made._draw()
        if before is not None:
            before.put_into(state)
        return made

    @classmethod
    def resumed(cls, out: Path, chosen: Word2VecSettings, *, rank: int) -> Self:
        """Open a training that was stopped.

        Raises:
            SeqkitError: if there is none, its text is gone, or the settings are others.
        """
        refuse_run(out)
        state = load(out)
        kept(out / FOLDER / TOKENIZER)  # if it is broken, now is the time to say so
        before = check(Word2VecSettings, state.position.settings)
        again = replace(chosen, **{name: getattr(before, name) for name in CHANGEABLE})
        if again != before:
            now, then = as_dict(again), as_dict(before)
            name = next(name for name in now if now[name] != then[name])
            raise SeqkitError(
                f"{out} was begun with {name}={then[name]}, not {now[name]}: resume with the same "
                "settings (only epochs and workers may change)."
            )
        folder = text_folder(out, rank)
        if not folder.is_dir():
            raise SeqkitError(
                f"the training of {out} is finished: to go on with it, start from it into another "
                "folder."
            )
        text = Encoded.open(folder)
        if text.digest != state.position.digest:
            raise SeqkitError(f"{folder} is not the text that the training began with.")
        return cls(out, text, state, chosen, rank)

    def _draw(self) -> None:
        """Draw the input rows: uniform within 1 / size of zero, as gensim does; outputs are 0.

        Buckets that no known word has stay zero: an unseen word's n-gram that was never trained
        adds nothing to its vector.
        """
        size, words = self.chosen.size, len(self.text.words)
        rows = np.arange(words)
        if self.pieces is not None:
            rows = np.unique(np.concatenate([rows, self.pieces.values]))
        random = np.random.default_rng(self.chosen.seed)
        for some in np.array_split(rows, -(-len(rows) // 65_536)):
            drawn = random.random((len(some), size), np.float32)
            self.state.input[some, :size] = (2 * drawn - 1) / size

    @property
    def pieces(self) -> Ragged | None:
        """The input rows of each word: its own, then its n-grams' after those of all words."""
        ngrams = self.chosen.ngrams
        if ngrams is None:
            return None
        if not hasattr(self, "_pieces"):
            words = len(self.text.words)
            grams = ngrams.rows(self.text.words)
            values = np.insert(grams.values + words, grams.offsets[:-1], np.arange(words))
            offsets = grams.offsets + np.arange(words + 1)
            self._pieces = Ragged(values.astype(np.int32), offsets)
        return self._pieces

    def run(self, device: str, report: Progress | None, began: float) -> WordVectors:
        """Train to the end, or to a Ctrl-C; the vectors are saved in either case.

        Raises:
            FloatingPointError: if a weight is no finite number any more.
            Stopped: after a Ctrl-C.
        """
        position, chosen = self.state.position, self.chosen
        spent = position.seconds
        cuts = blocks_of(self.rows, position.blocks)
        with engine_of(self, device) as (engine, settle), self._interruptible():
            if not (self.rank or position.epoch or position.block):
                self.state.save(self.out)  # killed in the first epoch, it resumes without the text
            while position.epoch < chosen.epochs and not self._stop:
                number = position.epoch * position.blocks + position.block
                lr, next_lr = (self._rate(n, position.blocks) for n in (number, number + 1))
                first, last = cuts[position.block], cuts[position.block + 1]
                tally = engine.run(first, last, lr, next_lr, seed_of(chosen.seed, number))
                position.block += 1
                position.loss += tally.loss
                position.pairs += tally.pairs
                position.kept += tally.words
                position.seconds = spent + time.perf_counter() - began
                loss = position.loss / max(1, position.pairs)
                if position.block == position.blocks:
                    settle()
                    loss = self._loss_at_rest(engine)
                if report is not None:
                    report(self._report(next_lr, loss))
                if position.block == position.blocks:
                    self._end_epoch(loss)
                    if position.epoch < chosen.epochs and not self.rank:
                        self.state.save(self.out)
            settle()
        vectors = self._vectors()
        if not self.rank:
            self._save(vectors)
        if self._stop:
            raise Stopped
        rmtree(text_folder(self.out, self.rank), ignore_errors=True)
        return vectors

    @property
    def by_epochs(self) -> bool:
        """Whether a resumed training begins its epoch anew.

        Replicas are merged when training stops, which they would not have been: reproducible
        threads go on from the last epoch instead.
        """
        return self.chosen.deterministic and self.chosen.workers > 1

    def _rate(self, number: int, blocks: int) -> float:
        """Return the learning rate before a block: it falls linearly over all of them."""
        done = number / (blocks * self.chosen.epochs)
        return self.chosen.lr + (self.chosen.min_lr - self.chosen.lr) * done

    def _loss_at_rest(self, engine: Engine) -> float:
        """Return the mean loss of a pair on samples of the text, without learning from them.

        While it learns, training meets pairs just after it was trained on others of the same
        window, which makes them easy, the more so the higher the rate: the running loss can rise
        though the vectors get better.
        """
        offsets = np.asarray(self.rows.offsets)
        begins = np.linspace(0, offsets[-1], SAMPLES + 1)[:-1]
        firsts = np.searchsorted(offsets[:-1], begins)
        lasts = np.searchsorted(offsets, np.minimum(begins + SAMPLE, offsets[-1]))
        seed = partial(seed_of, self.chosen.seed)
        tallies = [
            engine.run(int(first), int(last), 0.0, 0.0, seed(UNTRAINED + number))
            for number, (first, last) in enumerate(zip(firsts, lasts, strict=True))
            if first < last
        ]
        return sum(t.loss for t in tallies) / max(1, sum(t.pairs for t in tallies))

    def _report(self, lr: float, loss: float) -> Report:
        position, words = self.state.position, self.text.total_words
        done = position.epoch + position.block / position.blocks
        epochs = self.chosen.epochs
        return Report(
            epoch=position.epoch + 1,
            epochs=epochs,
            words=round(done * words),
            total_words=epochs * words,
            seconds=position.seconds,
            loss=loss,
            lr=lr,
        )

    def _end_epoch(self, loss: float) -> None:
        position = self.state.position
        if not all(np.isfinite(weights.sum()) for weights in (self.state.input, self.state.output)):
            raise FloatingPointError
        row = {
            "epoch": position.epoch + 1,
            "loss": loss,
            "running_loss": position.loss / max(1, position.pairs),
            "pairs": position.pairs,
            "kept_words": position.kept,
            "seconds": round(position.seconds, 3),
        }
        position.log.append(row)
        position.epoch, position.block = position.epoch + 1, 0
        position.loss, position.pairs, position.kept = 0.0, 0, 0

    def _vectors(self) -> WordVectors:
        """Return the vectors as they are."""
        position, words = self.state.position, self.text.words
        weights, size = self.state.input, self.chosen.size
        card = {
            "made_by": "seqkit vectors train",
            "settings": as_dict(self.chosen),
            "text_words": self.text.total_words,
            "epochs": position.epoch + round(position.block / position.blocks, 3),
            "loss": position.log[-1]["loss"] if position.log else None,
            "seconds": round(position.seconds, 3),
        }
        counts, own = self.state.counts, np.ascontiguousarray(weights[: len(words), :size])
        if (ngrams := self.chosen.ngrams) is None:
            return WordVectors.of(words, own, counts=counts, card=card)
        buckets = np.ascontiguousarray(weights[len(words) :, :size])
        return SubwordVectors.composed(words, own, buckets, ngrams, counts=counts, card=card)

    def _save(self, vectors: WordVectors) -> None:
        """Write the vectors, what cut their text, the log and the state."""
        vectors.save(self.out)
        log = self.state.position.log
        write_text(self.out / LOG, "".join(json.dumps(row) + "\n" for row in log))
        if (phrases := self.out / FOLDER / TEXT / PHRASES).is_file():
            write_bytes(self.out / PHRASES, phrases.read_bytes())
        else:  # those of vectors that were there before
            (self.out / PHRASES).unlink(missing_ok=True)
        if not (self._stop and self.by_epochs):
            self.state.save(self.out)
        replace_kept(self.out / TOKENIZER, kept(self.out / FOLDER / TOKENIZER))

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        """Let a Ctrl-C end training after the block that is running; a second one at once."""
        if launched() or threading.current_thread() is not threading.main_thread():
            yield
            return

        def stop(*_: Any) -> None:
            if self._stop:
                raise KeyboardInterrupt
            self._stop = True

        before = signal.signal(signal.SIGINT, stop)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)


def _named(tokenizer: Tokenizer | None) -> Tokenizer | None:
    """Return the tokenizer, if it is one that can be kept."""
    if tokenizer is not None:
        with suppress(SeqkitError):
            name_of(tokenizer)
            return tokenizer
    return None


def is_taken(out: Path) -> bool:
    """Return whether a path holds more than what was left of a text that could not be read."""
    if not out.is_dir():
        return out.exists()
    if any(path.name != FOLDER for path in out.iterdir()):
        return True
    return (out / FOLDER / FILE).exists() or (text_folder(out, 0) / ABOUT).exists()


def text_folder(out: Path, rank: int) -> Path:
    """Return where a process keeps its encoded text."""
    return out / FOLDER / (f"{TEXT}-{rank}" if rank else TEXT)


def cut(rows: Ragged, longest: int) -> Ragged:
    """Return the rows with long ones cut into several."""
    lengths = rows.lengths
    if lengths.max(initial=0) <= longest:
        return rows
    parts = np.maximum(1, -(-lengths // longest))
    starts = np.repeat(np.asarray(rows.offsets[:-1]), parts)
    within = np.arange(parts.sum()) - np.repeat(np.cumsum(parts) - parts, parts)
    return Ragged(rows.values, np.append(starts + within * longest, rows.offsets[-1]))


def blocks_of(rows: Ragged, blocks: int) -> list[int]:
    """Return where blocks of about as many words begin, and where the last one ends."""
    from seqkit.vectors.training.merging import shares

    return shares(np.asarray(rows.offsets), 0, len(rows), blocks)


def seed_of(seed: int, number: int) -> int:
    """Return the seed of a block."""
    from seqkit.vectors.training.merging import mixed

    return mixed(seed, number)
