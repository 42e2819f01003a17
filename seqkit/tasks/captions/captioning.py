"""One to many: how pictures and their captions become batches, a model, and scores."""

from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import torch
from pydantic import Field, model_validator
from torch import Tensor

from seqkit.corpus import Captioned, Corpus, reader
from seqkit.data.captions import CaptionBatch, CaptionBatches
from seqkit.data.checksum import checksum
from seqkit.data.pictures import View
from seqkit.errors import SeqkitError
from seqkit.models.captioner import CaptionerSettings
from seqkit.models.classifier import parameter_count
from seqkit.settings import settings
from seqkit.tasks.captions.caption_scores import CaptionScores
from seqkit.tasks.captions.caption_writer import (
    CaptionEvaluation,
    CaptionWriter,
    Part,
    build_model,
    read_split,
)
from seqkit.tasks.card import model_card
from seqkit.tasks.start import start_from_file
from seqkit.text import tokenizer as tokenizers
from seqkit.text.tokenizer import Tokenizer
from seqkit.text.vocabulary import Vocabulary
from seqkit.train.run import Run
from seqkit.train.settings import TrainSettings

SPECIALS = ("pad", "unk", "bos", "eos")


@settings
class CaptionTextSettings:
    """How a caption becomes token ids."""

    tokenizer: str = Field(
        default="word", description="units of a caption; 'seqkit tokenize --compare all' shows all"
    )
    options: dict[str, str | int | float | bool] = Field(
        default_factory=dict, description="of the tokenizer, as text.options.lower=true"
    )
    min_count: int = Field(default=1, ge=1, description="rarer tokens are unknown, never written")
    max_words: int = Field(default=0, ge=0, description="the most frequent tokens (0: no limit)")
    max_length: int = Field(
        default=50, ge=1, description="tokens; a longer caption keeps its beginning"
    )

    @model_validator(mode="after")
    def _known(self) -> "CaptionTextSettings":
        self.create()  # refused before any data is read
        return self

    def create(self) -> Tokenizer:
        """Return the tokenizer."""
        return tokenizers.create(self.tokenizer, self.options)


@settings
class CaptioningSettings:
    """All that a captioning job is made of, besides its corpus."""

    text: CaptionTextSettings = CaptionTextSettings()
    captioner: CaptionerSettings = CaptionerSettings()
    evaluation: CaptionEvaluation = CaptionEvaluation()
    train: TrainSettings = TrainSettings()


class Captioning:
    """A captioning job: pictures, their captions as ids, and the model that is to write them.

    The vocabulary, and mean and deviation of the pixels, come from the training split alone.
    """

    task = "captioning"
    monitor = "perplexity"

    def __init__(self, chosen: CaptioningSettings, corpus: Corpus) -> None:
        if corpus.kind is not Captioned:
            raise SeqkitError(
                f"{corpus.name} has {corpus.kind.__name__} examples, and this recipe needs "
                "pictures with captions: choose another corpus, or a folder of pictures."
            )
        self.recipe, self.settings, self.corpus = "", chosen, corpus
        chosen.train.refuse_unjudged(corpus.splits, "data.validation")
        self.splits = [name for name in corpus.splits if name != "train"]
        pictures, captions = read_split(corpus, "train")
        texts = [caption for several in captions for caption in several]
        view = getattr(reader(corpus.card.name), "view", None) if pictures.ndim == 4 else None
        self.writer = self._writer(texts, pictures.shape[1:], view and view(corpus.options))
        self.model = self.writer.model
        self.model.image.learn(torch.from_numpy(pictures))
        self.train = self.writer.part(pictures, captions, "the train split")
        self.unrestored = self._unrestored(texts)
        self.batches = CaptionBatches(
            pictures,
            self.train.rows,
            self.train.owners,
            batch_size=chosen.train.batch_size,
            pad=self.writer.vocabulary.pad,
            shuffle=True,
            seed=chosen.train.seed,
        )
        self.model.decoder.steps = chosen.train.epochs * len(self.batches)

    def _writer(self, texts: list[str], shape: tuple[int, ...], view: View | None) -> CaptionWriter:
        """Learn the words of the training captions."""
        chosen, text = self.settings, self.settings.text
        tokenizer = tokenizers.trained(text.create(), texts)
        counts = Counter(word for caption in texts for word in tokenizer.words(caption))
        vocabulary = Vocabulary.build(
            counts,
            min_count=text.min_count,
            max_size=text.max_words + len(SPECIALS) if text.max_words else None,
            specials=SPECIALS,
        )
        torch.manual_seed(chosen.train.seed)
        model = build_model(chosen.captioner, shape, vocabulary)
        return CaptionWriter(model, tokenizer, vocabulary, view, text.max_length, chosen.evaluation)

    def _unrestored(self, texts: list[str]) -> int:
        """Return how many distinct captions cannot be written: cut, rare, or joined otherwise."""
        once = sorted({" ".join(text.split()) for text in texts})
        ids, join = self.writer.encode(once), self.writer.joiner.join
        return sum(join(ids[row][:-1].tolist()) != text for row, text in enumerate(once))

    @cached_property
    def _parts(self) -> dict[str, Part]:
        return {
            split: self.writer.part(*read_split(self.corpus, split), f"the {split} split")
            for split in self.splits
        }

    def start(self) -> None:
        """Give the words the vectors that the settings name, if they do."""
        if self.settings.captioner.decoder.embedding.vectors:
            start_from_file(self.model.decoder.embedding, self.writer.vocabulary)

    @cached_property
    def fingerprint(self) -> str:
        """A checksum of the training pictures and captions, in their order."""
        pictures, _, rows, owners = self.train
        return checksum([pictures, rows.values, rows.offsets, owners])

    def loss(self, batch: CaptionBatch) -> Tensor:
        """Return the mean loss of a batch."""
        return self.model.loss(batch)

    def report(self, split: str) -> CaptionScores:
        """Return the scores of a split, and what was mistaken."""
        return self.writer.score_part(self._parts[split])

    def evaluate(self, split: str) -> dict[str, float]:
        """Return the scores of a split by name."""
        return self.report(split).scores

    def save(self, run: Run) -> None:
        """Write the tokenizer, the vocabulary, and how pictures are seen."""
        self.writer.save(run)

    @property
    def asked(self) -> str:
        """What ``seqkit predict RUN`` is given."""
        return "picture.png" if self.writer.view is not None else '"0.1 0.2 ..."'

    @property
    def _size(self) -> str:
        shape = self.writer.shape
        each = "x".join(map(str, shape)) if len(shape) == 3 else f"{shape[0]} features"
        return f"{len(self.train.pictures):,} pictures of {each}"

    @property
    def _spelling(self) -> str:
        if not self.unrestored:
            return ""
        return f"{self.unrestored:,} captions that its tokens cannot write as they are"

    @property
    def summary(self) -> str:
        """The size of the data and of the model, in a line."""
        return (
            f"{self._size}, {len(self.train.rows):,} captions, "
            f"{len(self.train.rows.values):,} tokens, {len(self.writer.vocabulary):,} words, "
            f"{parameter_count(self.model):,} weights"
            + (f"; {self._spelling}" if self._spelling else "")
        )

    def card(self, scores: Mapping[str, Mapping[str, float]]) -> str:
        """Return the model card."""
        pictures = self.writer.view is not None
        facts = {
            "task": "a sentence about a picture" if pictures else "a sentence about a vector",
            "training data": f"{self._size}, {len(self.train.rows):,} captions",
            "vocabulary": f"{len(self.writer.vocabulary):,} tokens, of the training captions",
            "captions not restored": self._spelling,
            "feature map": self._map,
            "exact": "share of pictures of which a true caption was written, to the character",
            "chrf": f"chrF2 of sacreBLEU, beam {self.settings.evaluation.beam}",
            "parameters": f"{parameter_count(self.model):,}",
        }
        recipe = Path(self.recipe).stem
        return model_card(recipe, self.corpus.card, facts, self.settings, scores, self.asked)

    @property
    def _map(self) -> str:
        image = self.model.image
        if image.positions is None:
            return ""
        height, width = image.positions
        return f"{height}x{width} places of {image.channels} features"
