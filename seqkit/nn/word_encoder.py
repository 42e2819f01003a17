"""From the spelling of a word to a vector: so that a word never seen has a meaning too."""

from collections.abc import Sequence
from typing import Literal

import torch
from pydantic import Field, PositiveInt, model_validator
from torch import Tensor, nn
from torch.nn import functional as F

from seqkit.data.batch import Spelling
from seqkit.nn.cells import CellName
from seqkit.nn.convolution import ConvolutionSettings, TextCNN
from seqkit.nn.embedding import Embedding, EmbeddingSettings
from seqkit.nn.pooling import masked_max
from seqkit.nn.recurrent import Encoder, EncoderSettings
from seqkit.settings import settings
from seqkit.text import hangul

GROUPS = 4  # of words of like lengths, which a cell reads apart: less padding
BUCKETS = 1 << 16  # of pieces: by their hash, so that a few share a vector


@settings
class WordEncoderSettings:
    """How a word is read from its units: jamo, syllables or letters."""

    reader: Literal["cnn"] | CellName = Field(
        default="cnn", description="cnn, or the cell of a layer that reads a word both ways"
    )
    unit_size: int = Field(default=32, ge=1, description="features of a unit's vector")
    features: int = Field(default=100, ge=1, description="of a word, about: a share a width")
    windows: tuple[PositiveInt, ...] = Field(
        default=(2, 3, 4, 5), description="cnn: units that a filter sees at once"
    )
    keep: Literal["max", "last", "both"] = Field(
        default="max", description="a cell: of what it says at each unit, or where it ends"
    )
    pieces: tuple[PositiveInt, ...] = Field(
        default=(), description="lengths of runs of units with a vector of their own, as 2,3,4"
    )
    piece_size: int = Field(default=64, ge=1, description="features of the sum of those vectors")
    piece_dropout: float = Field(
        default=0.0, ge=0, lt=1, description="share of a word's pieces left out while training"
    )
    shared: bool = Field(
        default=False, description="give a unit its parts' vectors too: jamo, or the small letter"
    )
    dropout: float = Field(default=0.2, ge=0, lt=1, description="share of features dropped")

    @model_validator(mode="after")
    def _agree(self) -> "WordEncoderSettings":
        if not self.windows:
            raise ValueError(
                "word_encoder.windows names no width: use word_encoder.windows=2,3,4,5"
            )
        return self


class WordEncoder(nn.Module):
    """Reads each distinct word of a batch once, and hands its vector to all its places.

    With ``cnn``, the character-aware encoder of Kim et al. 2016 (section 2.2, without the
    highway); with a cell, that of Ling et al. 2015, where it ends, or a maximum over the units.

    Args:
        units: what each unit is, ``<pad>`` and the like among them.
        chosen: the settings.
        pad: the unit id of padding.
        unk: the unit id of what training never saw.

    Attributes:
        features: of a word's vector.
    """

    def __init__(
        self,
        units: Sequence[str],
        chosen: WordEncoderSettings,
        *,
        pad: int,
        unk: int,
    ) -> None:
        super().__init__()
        self.chosen = chosen
        self.embedding = Embedding(
            len(units), EmbeddingSettings(size=chosen.unit_size, scale=0.5), pad=pad, unk=unk
        )
        self.parts = Parts(units, chosen.unit_size) if chosen.shared else None
        self.dropout = nn.Dropout(chosen.dropout)
        self.reader: TextCNN | Encoder
        if chosen.reader == "cnn":
            filters = -(-chosen.features // len(chosen.windows))
            self.reader = TextCNN(
                chosen.unit_size, ConvolutionSettings(filters=filters, widths=chosen.windows)
            )
            self.features = self.reader.features
        else:
            self.reader = Encoder(
                chosen.unit_size,
                EncoderSettings(cell=chosen.reader, hidden=-(-chosen.features // 2)),
            )
            self.features = self.reader.features * (2 if chosen.keep == "both" else 1)
        self.pieces = None
        if chosen.pieces:
            self.pieces = Pieces(chosen.pieces, chosen.piece_size, chosen.piece_dropout)
        self.features += chosen.piece_size if chosen.pieces else 0

    def forward(self, spelling: Spelling) -> Tensor:
        """Return ``(batch, time, features)``."""
        if isinstance(self.reader, TextCNN):
            words = self._read(spelling.units, spelling.lengths)
        else:
            words = self._read_by_length(spelling.units, spelling.lengths)
        if self.pieces is not None:
            words = torch.cat([words, self.pieces(spelling.units, spelling.lengths)], dim=1)
        result: Tensor = self.dropout(words)[spelling.words]
        return result

    def _read_by_length(self, units: Tensor, lengths: Tensor) -> Tensor:
        """Read words in groups of like lengths: most are far shorter than the longest."""
        order = lengths.argsort()
        groups = order.chunk(GROUPS)
        longest = [int(lengths[group[-1]]) for group in groups]
        words = torch.cat(
            [self._read(units[g, :n], lengths[g]) for g, n in zip(groups, longest, strict=True)]
        )
        return words[order.argsort()]

    def _read(self, units: Tensor, lengths: Tensor) -> Tensor:
        """``(words, longest)`` unit ids to ``(words, features)``."""
        vectors = self.embedding(units)
        if self.parts is not None:
            vectors = vectors + self.parts(units)
        mask = torch.arange(units.shape[1], device=units.device) < lengths[:, None]
        if isinstance(self.reader, TextCNN):
            read: Tensor = self.reader(vectors, lengths, mask)
            return read
        encoded, keep = self.reader(vectors, lengths), self.chosen.keep
        end: Tensor = encoded.last[-1]
        if keep == "last":
            return end
        highest = masked_max(encoded.outputs, mask)
        return highest if keep == "max" else torch.cat([highest, end], dim=1)


class Pieces(nn.Module):
    """The vectors of a word's pieces, its n-grams of units, summed (Bojanowski et al. 2017).

    They hold what a stem, an ending or a particle alone tells, at almost no cost. The sum is
    divided by the root of their number, so that its size does not grow with the word's. All start
    at zero: a piece that training never saw says nothing.

    Args:
        sizes: lengths of a piece; marks of a word's beginning and end count as units.
        features: of a vector.
        dropout: share of the pieces left out while training, so that a word's longest ones,
            which are its alone, are not all that is learnt of it.
    """

    def __init__(self, sizes: Sequence[int], features: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.sizes, self.dropout = sizes, dropout
        self.table = nn.EmbeddingBag(BUCKETS, features, mode="sum")
        nn.init.zeros_(self.table.weight)

    def forward(self, units: Tensor, lengths: Tensor) -> Tensor:
        """``(words, longest)`` unit ids to ``(words, features)``; 0 where a word has no piece."""
        buckets, counts = [], torch.zeros_like(lengths)
        for size in self.sizes:
            hashes = torch.zeros_like(units[:, : max(0, units.shape[1] - size + 1)])
            for place in range(size):  # a polynomial, whose low bits depend on all units
                hashes = (hashes + units[:, place : place + hashes.shape[1]] + size) * 0x9E3779B1
                hashes = hashes ^ (hashes >> 15)
            steps = torch.arange(hashes.shape[1], device=units.device)
            real = steps < (lengths - size + 1)[:, None]
            if self.training and self.dropout:
                real = real & (torch.rand(real.shape, device=units.device) >= self.dropout)
            buckets.append(torch.where(real, hashes & (BUCKETS - 1), -1))
            counts = counts + real.sum(dim=1)
        every = torch.cat(buckets, dim=1)
        starts = counts.cumsum(0) - counts
        summed: Tensor = self.table(every[every >= 0], starts)
        return summed / counts.clamp(min=1)[:, None].sqrt()


class Parts(nn.Module):
    """Vectors of what units consist of, summed: jamo of a syllable; a capital's small letter.

    A syllable that training hardly has is then known by its jamo.

    Args:
        spelt: what each unit is; one of several characters, as ``<pad>``, has no parts.
        features: of a vector.
    """

    places: Tensor
    starts: Tensor

    def __init__(self, spelt: Sequence[str], features: int) -> None:
        super().__init__()
        number: dict[str, int] = {}
        bags = [[number.setdefault(part, len(number)) for part in parts_of(unit)] for unit in spelt]
        starts = torch.tensor([0, *map(len, bags)]).cumsum(0)[:-1]
        places = torch.tensor([place for bag in bags for place in bag], dtype=torch.int64)
        self.register_buffer("places", places, persistent=False)
        self.register_buffer("starts", starts, persistent=False)
        self.vectors = nn.Parameter(torch.randn(max(1, len(number)), features) * 0.3)

    def forward(self, units: Tensor) -> Tensor:
        """Ids of any shape to their vectors, with ``features`` last."""
        table = F.embedding_bag(self.places, self.vectors, self.starts, mode="sum")
        return F.embedding(units, table)


def parts_of(unit: str) -> list[str]:
    """Return the parts of a unit: of a syllable its jamo, else the small letter and its kind."""
    if len(unit) != 1:
        return []
    if hangul.is_syllable(unit):
        return list(hangul.decompose(unit))
    kind = "digit" if unit.isdigit() else "capital" if unit.isupper() else "other"
    return [unit.lower(), kind]
