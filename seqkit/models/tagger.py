"""Aligned many-to-many: a tag for every word of a text."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from seqkit.data.batch import Batch
from seqkit.data.tagged import UNSEEN, TaggedBatch
from seqkit.nn.crf import CRF
from seqkit.nn.embedding import Embedding, EmbeddingSettings
from seqkit.nn.recurrent import Encoder, EncoderSettings
from seqkit.nn.tag_scores import ComposedScores
from seqkit.nn.word_encoder import WordEncoder, WordEncoderSettings
from seqkit.settings import settings

GIVEN = 32  # features of a second tag that is read
SAID = 32  # features of what is said of the first tag, which a second one reads
MISSING = 0.1  # share of the training texts that are read without their second tags


@settings
class TaggerSettings:
    """A tagger: word embedding, word encoder, recurrent encoder, output."""

    embedding: EmbeddingSettings = EmbeddingSettings()
    word_encoder: WordEncoderSettings = WordEncoderSettings(
        reader="lstm",
        unit_size=40,
        features=160,
        keep="last",
        pieces=(2, 3, 4),
        piece_dropout=0.3,
        shared=True,
    )
    encoder: EncoderSettings = EncoderSettings()
    output: Literal["linear", "crf"] = Field(
        default="linear", description="each tag by itself, or all of a text together"
    )
    join: str = Field(
        default="", description="what joins the parts of a tag, as + in ncn+jca (none: no parts)"
    )
    beside: Literal["target", "input"] = Field(
        default="target", description="a second column, if there is one: learn it too, or read it"
    )
    bottleneck: int = Field(
        default=128, ge=0, description="features between encoder and tags (0: straight to the tags)"
    )
    rare_dropout: float = Field(
        default=0.25, ge=0, description="a: read a word of n occurrences as <unk> a / (a + n)"
    )
    dropout: float = Field(
        default=0.3, ge=0, lt=1, description="before and after the encoder, alike for all of a row"
    )


class Emissions(NamedTuple):
    """Scores ``(batch, time, tags)`` of each tag, and of each second tag where it is learnt."""

    tags: Tensor
    beside: Tensor | None


class Tagger(nn.Module):
    """Each word by itself and by its spelling, in the context of its text.

    Args:
        chosen: the settings.
        counts: ``(vocabulary,)``, how often training has each word; 0 for special tokens.
        pad: the id of padding, of words and of units alike.
        unk: the id of what is unknown, likewise.
        units: what words are spelt with (jamo, letters), special tokens first.
        tags: their names.
        beside: the names of the second tags; none where there is no second column.
        allowed: which tag may follow which, for the CRF; see :func:`seqkit.data.spans.allowed`.
    """

    rarity: Tensor

    def __init__(
        self,
        chosen: TaggerSettings,
        *,
        counts: Sequence[int],
        pad: int,
        unk: int,
        units: Sequence[str],
        tags: Sequence[str],
        beside: Sequence[str] = (),
        allowed: NDArray[np.bool_] | None = None,
    ) -> None:
        super().__init__()
        self.chosen, self.pad, self.unk = chosen, pad, unk
        self.embedding = Embedding(len(counts), chosen.embedding, pad=pad, unk=unk)
        self.word_encoder = WordEncoder(units, chosen.word_encoder, pad=pad, unk=unk)
        width = self.embedding.features + self.word_encoder.features
        self.given: nn.Embedding | None = None
        if beside and chosen.beside == "input":
            self.given = nn.Embedding(len(beside) + 1, GIVEN)
            width += GIVEN
        self.encoder = Encoder(width, chosen.encoder)
        self.output = self._output(tags)
        self.second: nn.Module | None = None
        if beside and chosen.beside == "target":
            self.said = nn.Linear(len(tags), SAID, bias=False)
            self.second = self._output(beside, SAID)
        self.crf = CRF(len(tags), allowed) if chosen.output == "crf" else None
        rarity = chosen.rare_dropout / (chosen.rare_dropout + torch.tensor(counts).clamp(min=1))
        rarity[[pad, unk]] = 0.0
        self.register_buffer("rarity", rarity, persistent=False)  # only training reads it

    def _output(self, tags: Sequence[str], more: int = 0) -> nn.Module:
        """Return the layers from the encoder, and ``more`` features, to the scores of tags."""
        features, narrow = self.encoder.features + more, self.chosen.bottleneck
        if not narrow:
            return _scores(features, tags, self.chosen.join)
        return nn.Sequential(
            nn.Linear(features, narrow), nn.ReLU(), _scores(narrow, tags, self.chosen.join)
        )

    def forward(self, batch: TaggedBatch) -> Emissions:
        """Return the scores of tags at every place."""
        return self.emissions(self.read(batch), batch.words.lengths)

    def emissions(self, read: Tensor, lengths: Tensor) -> Emissions:
        """Return the scores of tags, of what :meth:`read` returned of rows of ``lengths``."""
        outputs = self._dropped(self.encoder(self._dropped(read), lengths).outputs)
        tags = self.output(outputs)
        if self.second is None:
            return Emissions(tags, None)
        said = self.said(tags.detach().softmax(dim=2))  # a second tag often follows from the first
        return Emissions(tags, self.second(torch.cat([outputs, said], dim=2)))

    def read(self, batch: TaggedBatch) -> Tensor:
        """Return ``(batch, time, features)``: of a word its vector, its spelling's, its tag's."""
        words = batch.words
        assert words.spelling is not None
        parts = [self.embedding(self._forgotten(words)), self.word_encoder(words.spelling)]
        if self.given is not None:
            parts.append(self.given(self._given(batch)))
        return torch.cat(parts, dim=2)

    def _forgotten(self, words: Batch) -> Tensor:
        """Return the ids, while training with rare words as unknown, the rarer the more often.

        Kiperwasser and Goldberg 2016, section 4: the model learns to do without a word's vector.
        """
        if not (self.training and self.chosen.rare_dropout):
            return words.ids
        drop = torch.rand(words.ids.shape, device=words.ids.device) < self.rarity[words.ids]
        return words.ids.masked_fill(drop, self.unk)

    def _given(self, batch: TaggedBatch) -> Tensor:
        """Return the second tags as ids, the last of which is for one that is not known."""
        assert self.given is not None
        unknown = self.given.num_embeddings - 1
        if batch.beside is None:
            return torch.full_like(batch.words.ids, unknown)
        ids = torch.where(batch.beside == UNSEEN, unknown, batch.beside)
        if self.training:  # a text now and then without them, so that it can be read without
            missing = torch.rand(len(ids), 1, device=ids.device) < MISSING
            ids = ids.masked_fill(missing, unknown)
        return ids

    def _dropped(self, x: Tensor) -> Tensor:
        """Drop features of ``(batch, time, features)``, the same at all of a row's places."""
        if not self.training or not self.chosen.dropout:
            return x
        return x * F.dropout(x.new_ones(len(x), 1, x.shape[2]), self.chosen.dropout)

    def loss(self, batch: TaggedBatch) -> Tensor:
        """Return the mean negative log-likelihood of a word's tag, plus that of its second."""
        emissions, mask = self(batch), batch.words.mask
        assert batch.tags is not None
        total = self.nll(emissions.tags, batch.tags, batch.words.lengths).sum()
        if emissions.beside is not None and batch.beside is not None:
            total = total + F.cross_entropy(
                emissions.beside[mask], batch.beside[mask], reduction="sum"
            )
        return total / batch.tokens

    def nll(self, scores: Tensor, tags: Tensor, lengths: Tensor) -> Tensor:
        """Return the negative log-likelihood of the tags of each row, ``(batch,)``.

        Of a tag that training had not, nothing can be said: with ``linear`` it is left out, with
        ``crf`` its row counts as zero.
        """
        unseen = tags == UNSEEN
        if self.crf is not None:
            known = ~(unseen & _mask(tags, lengths)).any(dim=1)
            return self.crf.nll(scores, tags.clamp(min=0), lengths) * known
        each = F.cross_entropy(scores.transpose(1, 2), tags, ignore_index=UNSEEN, reduction="none")
        return (each * _mask(tags, lengths)).sum(dim=1)

    def decode(self, scores: Tensor, lengths: Tensor) -> Tensor:
        """Return the best tags, ``(batch, time)``; what stands past a row's end has no meaning."""
        return scores.argmax(dim=2) if self.crf is None else self.crf.decode(scores, lengths)

    def probabilities(self, scores: Tensor, lengths: Tensor) -> Tensor:
        """Return the probability of each tag at each place, ``(batch, time, tags)``."""
        return scores.softmax(dim=2) if self.crf is None else self.crf.marginals(scores, lengths)


def _mask(tags: Tensor, lengths: Tensor) -> Tensor:
    return torch.arange(tags.shape[1], device=tags.device) < lengths[:, None]


def _scores(features: int, tags: Sequence[str], join: str) -> nn.Module:
    is_composed = join and any(len(tag.split(join)) > 1 for tag in tags)
    return ComposedScores(features, tags, join) if is_composed else nn.Linear(features, len(tags))
