"""A trained captioner with all it needs to see pictures: what a run answers with."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Self
from zlib import crc32

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field

from seqkit.corpus import Captioned, Corpus
from seqkit.data.captions import CaptionBatches, Pictures
from seqkit.data.pictures import ENDINGS, View, read_picture
from seqkit.data.ragged import Ragged
from seqkit.decode import DecodeSettings, Hypothesis, decode, forbid, read
from seqkit.errors import SeqkitError
from seqkit.files import read_json, read_lines, write_json
from seqkit.models.captioner import Captioner, CaptionerSettings
from seqkit.settings import as_dict, check, settings
from seqkit.tasks.answering import refuse_senseless
from seqkit.tasks.captions.caption_answers import Caption, CaptionWriting, Described
from seqkit.tasks.captions.caption_scores import CaptionScores, caption_scores
from seqkit.text import tokenizer as tokenizers
from seqkit.text.joining import Joiner
from seqkit.text.tokenizer import Tokenizer
from seqkit.text.vocabulary import Vocabulary
from seqkit.train import checkpoint
from seqkit.train.run import Run

FILE = "pictures.json"
AT_ONCE = 128  # pictures in a batch without gradients


@settings
class CaptionEvaluation:
    """How captions are scored."""

    beam: int = Field(default=5, ge=1, description="hypotheses searched (1: greedy)")
    length_penalty: float = Field(
        default=0.0, ge=0, description="alpha of Wu et al.: above 0 favours longer captions"
    )


class Part(NamedTuple):
    """One split as the model reads it.

    Attributes:
        pictures: ``(pictures, *shape)``.
        captions: of each picture.
        rows: ids of all captions, each row ending in ``eos``.
        owners: ``(rows,)``, the picture of each.
    """

    pictures: Pictures
    captions: Sequence[Sequence[str]]
    rows: Ragged
    owners: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class CaptionWriter:
    """A captioner with all it needs to see a picture and to write of it.

    Attributes:
        model: the network.
        tokenizer: cuts a caption into tokens.
        vocabulary: gives tokens their ids.
        view: how a picture of the user's is to be seen; None if the model reads ready vectors.
        max_length: a longer caption keeps its first so many tokens.
        evaluation: how captions are scored.
        writing: how a run answers.
    """

    model: Captioner
    tokenizer: Tokenizer
    vocabulary: Vocabulary
    view: View | None
    max_length: int
    evaluation: CaptionEvaluation = field(default_factory=CaptionEvaluation)
    writing: CaptionWriting = field(default_factory=CaptionWriting)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of a picture, or of a ready vector."""
        return self.model.image.shape

    def with_options(self, options: Mapping[str, Any]) -> Self:
        """Return the same writer with other :class:`CaptionWriting`.

        Raises:
            SeqkitError: if one is unknown, or they have no sense together.
        """
        refuse_senseless(options, as_dict(self.writing), "a run that writes captions")
        return replace(self, writing=check(CaptionWriting, options))

    @cached_property
    def joiner(self) -> Joiner:
        """What puts tokens together to text."""
        return Joiner(self.tokenizer, self.vocabulary)

    # -- what is read --

    def part(self, pictures: Pictures, captions: Sequence[Sequence[str]], where: str) -> Part:
        """Return pictures and their captions as the model reads them.

        Raises:
            SeqkitError: if the pictures are of another shape than those of training.
        """
        if pictures.shape[1:] != self.shape:
            raise SeqkitError(
                f"{where} has {_shape(pictures.shape[1:])}, and the model reads "
                f"{_shape(self.shape)}: give the like."
            )
        owners = np.repeat(np.arange(len(captions)), [len(several) for several in captions])
        rows = self.encode(caption for several in captions for caption in several)
        return Part(pictures, captions, rows, owners)

    def encode(self, captions: Iterable[str]) -> Ragged:
        """Return the ids of captions, each ending in ``eos``."""
        eos, longest = self.vocabulary.eos, self.max_length
        words = (self.tokenizer.words(" ".join(caption.split())) for caption in captions)
        return Ragged.from_rows([*self.vocabulary.ids(w[:longest]), eos] for w in words)

    def picture(self, text: str) -> Pictures:
        """Return what a text stands for: the path of a picture, or the numbers of a vector.

        Raises:
            SeqkitError: if it cannot be read, or a vector is of another width.
        """
        if self.view is not None:
            if not text.strip():
                raise SeqkitError("an empty line names no picture.")
            return read_picture(Path(text), self.view)
        cells = [cell for cell in re.split(r"[\s,;]+", text.strip()) if cell]
        (width,) = self.shape
        if len(cells) != width:
            raise SeqkitError(
                f"'{_short(text)}' has {len(cells)} numbers, and a vector of this run {width}: "
                "give them between commas or spaces."
            )
        try:
            values = np.array([float(cell) for cell in cells], dtype=np.float32)
        except ValueError:
            raise SeqkitError(f"'{_short(text)}' holds what is not a number.") from None
        if not np.isfinite(values).all():
            raise SeqkitError(f"'{_short(text)}' holds a number that is not finite.")
        return values

    # -- answers --

    def predict(self, texts: Sequence[str]) -> list[Described]:
        """Return one answer for each path of a picture (or vector, as text), in order.

        Raises:
            TypeError: if ``texts`` is one string, whose characters would be answered.
        """
        if isinstance(texts, str):
            raise TypeError("predict takes a list of paths: write predict([path])")
        return list(self.stream(texts))

    def stream(self, texts: Iterable[str], at_once: int = 1024) -> Iterator[Described]:
        """Yield one answer for each path of a picture (or vector, as text), in order.

        What cannot be read has an answer too, which says why.
        """
        remaining = iter(texts)
        while chunk := list(islice(remaining, min(at_once, AT_ONCE))):
            problems, pictures = {}, []
            for number, text in enumerate(chunk):
                try:
                    pictures.append(self.picture(text))
                except SeqkitError as error:
                    problems[number] = str(error)
            names = (t.encode("utf-8", "surrogatepass") for t in chunk)
            keys = [crc32(name) for n, name in enumerate(names) if n not in problems]
            found = iter(self.write(np.array(pictures), self.writing.decoding, keys))
            for number, text in enumerate(chunk):
                if number in problems:
                    yield Described(text, (), problems[number])
                else:
                    yield Described(text, tuple(map(self._caption, next(found))))

    def answer_file(self, path: Path) -> Iterator[Described]:
        """Yield the answer to a picture, or to each line of a text file.

        Raises:
            SeqkitError: if the text file cannot be read.
        """
        if self.view is not None and path.suffix.lower() in ENDINGS:
            yield from self.stream([str(path)])
        else:
            yield from self.stream(line for _, line in read_lines(path))

    def _caption(self, found: Hypothesis) -> Caption:
        probability = math.exp(found.log_probability)
        weights, positions = found.attention, self.model.image.positions
        if weights is None or positions is None:
            return Caption(self.joiner.join(found.ids), probability)
        places = [divmod(int(place), positions[1]) for place in weights.argmax(axis=1)]
        return Caption(self.joiner.join(found.ids), probability, tuple(places))

    @torch.inference_mode()
    def write(
        self, pictures: Pictures, chosen: DecodeSettings, keys: Sequence[int] | None = None
    ) -> list[list[Hypothesis]]:
        """Return captions of each picture, the most probable first."""
        if not len(pictures):
            return []
        device = next(self.model.parameters()).device
        vocabulary, written = self.vocabulary, []
        never = forbid([vocabulary.pad, vocabulary.unk, vocabulary.bos])
        for begin in range(0, len(pictures), AT_ONCE):
            some = torch.from_numpy(pictures[begin : begin + AT_ONCE]).to(device)
            start = read(self.model, [[vocabulary.bos]] * len(some), self.model.encode(some))
            own = keys[begin : begin + AT_ONCE] if keys is not None else None
            ends = [vocabulary.eos]
            written += decode(self.model, start, ends, chosen, filters=[never], keys=own)
        return written

    # -- scores --

    def score(self, corpus: Corpus, split: str, chosen: Any) -> CaptionScores:
        """Score a split of a corpus, read with the settings ``chosen`` that the run had.

        Raises:
            SeqkitError: if there is no such split, or its pictures are of another shape.
        """
        writer = replace(self, evaluation=chosen.evaluation)
        pictures, captions = read_split(corpus, split)
        return writer.score_part(writer.part(pictures, captions, f"the {split} split"))

    def score_file(self, path: Path, options: Mapping[str, str]) -> CaptionScores:
        """Score a folder of pictures with a captions file, or a file of vectors.

        Its test split is scored if it has one, else all of it; options: those of ``captioned``.

        Raises:
            SeqkitError: if it cannot be read, or its pictures are of another shape.
        """
        from seqkit.corpora.captioned import Options, examples

        seen = as_dict(self.view) if self.view is not None else {}
        unknown = {name: value for name, value in options.items() if name not in seen}
        captioned = list(examples(path, check(Options, unknown), self.view))
        pictures, captions = gathered(captioned, str(path))
        return self.score_part(self.part(pictures, captions, str(path)))

    def score_part(self, part: Part) -> CaptionScores:
        """Write of every picture of a part, and compare."""
        chosen, training = self.evaluation, self.model.training
        self.model.eval()
        found = self.write(
            part.pictures,
            DecodeSettings(
                beam=chosen.beam,
                min_length=1,
                max_length=self.max_length,
                length_penalty=chosen.length_penalty,
            ),
        )
        nats = self._nats(part)
        self.model.train(training)
        return caption_scores(
            [self.joiner.join(best[0].ids) if best else "" for best in found],
            part.captions,
            nats=nats,
            tokens=len(part.rows.values),
            unknown=int((part.rows.values == self.vocabulary.unk).sum()),
        )

    @torch.inference_mode()
    def _nats(self, part: Part) -> float:
        pad, device = self.vocabulary.pad, next(self.model.parameters()).device
        batches = CaptionBatches(part.pictures, part.rows, part.owners, batch_size=AT_ONCE, pad=pad)
        return sum(float(self.model.nll(b.to(device)).double().sum()) for b in batches.epoch(0))

    # -- the run directory --

    def save(self, run: Run) -> None:
        """Write everything but the weights and settings into a run directory."""
        tokenizers.save(self.tokenizer, run.tokenizer_folder)
        self.vocabulary.save(run.vocabulary_file)
        view = as_dict(self.view) if self.view is not None else None
        write_json(run.folder / FILE, {"shape": self.shape, "view": view})

    @classmethod
    def load(cls, run: Run) -> Self:
        """Rebuild the writer of a run directory.

        Raises:
            SeqkitError: if a part is missing, truncated or of another model.
        """
        saved, known = run.settings()["settings"], read_json(run.folder / FILE)
        try:
            chosen = check(CaptionerSettings, saved["captioner"])
            evaluation = check(CaptionEvaluation, saved["evaluation"])
            longest = int(saved["text"]["max_length"])
            shape = tuple(int(size) for size in known["shape"])
            view = check(View, known["view"]) if known["view"] is not None else None
        except (KeyError, TypeError, ValueError):
            raise SeqkitError(
                f"{run.settings_file} or {FILE} is not of a captioner's run: copy the run again, "
                "or train it anew."
            ) from None
        vocabulary = Vocabulary.load(run.vocabulary_file)
        model = build_model(chosen, shape, vocabulary)
        checkpoint.restore_run(model, run)
        tokenizer = tokenizers.load(run.tokenizer_folder)
        return cls(model.eval(), tokenizer, vocabulary, view, longest, evaluation)


def build_model(
    chosen: CaptionerSettings, shape: tuple[int, ...], vocabulary: Vocabulary
) -> Captioner:
    """Return a captioner with random weights, of the size that the data asks for."""
    return Captioner(
        chosen,
        shape=shape,
        vocabulary_size=len(vocabulary),
        pad=vocabulary.pad,
        unk=vocabulary.unk,
        bos=vocabulary.bos,
        eos=vocabulary.eos,
    )


def read_split(corpus: Corpus, split: str) -> tuple[Pictures, list[tuple[str, ...]]]:
    """Return the pictures of a split as one array, and the captions of each.

    Raises:
        SeqkitError: if there is no such split, it is empty, or shapes differ in it.
    """
    dataset = corpus.split(split)
    shapes = {tuple(shape) for shape in dataset["shape"]}
    _refuse_unequal(shapes, f"the {split} split of {corpus.name}")
    (shape,) = shapes
    numbers = dataset.select_columns(["values"]).with_format("numpy")
    blocks = [np.asarray(rows["values"], dtype=np.float32) for rows in numbers.iter(1000)]
    captions = [tuple(several) for several in dataset["captions"]]
    return np.concatenate(blocks).reshape(-1, *shape), captions


def gathered(examples: Sequence[Captioned], where: str) -> tuple[Pictures, list[tuple[str, ...]]]:
    """Return the pictures of examples as one array, and the captions of each.

    Raises:
        SeqkitError: if there is none, or shapes differ.
    """
    shapes = {example.shape for example in examples}
    _refuse_unequal(shapes, where)
    (shape,) = shapes
    values = np.array([example.values for example in examples], dtype=np.float32)
    return values.reshape(-1, *shape), [example.captions for example in examples]


def _refuse_unequal(shapes: set[tuple[int, ...]], where: str) -> None:
    if not shapes:
        raise SeqkitError(f"{where} has no pictures.")
    if len(shapes) > 1:
        told = " and ".join(_shape(shape) for shape in sorted(shapes)[:2])
        raise SeqkitError(f"{where} has {told}: all must be of one shape.")


def _shape(shape: Sequence[int]) -> str:
    if len(shape) == 1:
        return f"vectors of {shape[0]} features"
    return f"pictures of {'x'.join(map(str, shape[:2]))} pixels in {shape[2]} channels"


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."
