"""From the spelling of a word to a vector: so that a word never seen has a meaning too."""

from typing import Literal

import torch
from pydantic import Field, PositiveInt, model_validator
from torch import Tensor, nn

from seqkit.data.batch import Spelling
from seqkit.nn.convolution import ConvolutionSettings, TextCNN
from seqkit.nn.embedding import Embedding, EmbeddingSettings
from seqkit.nn.pooling import masked_max
from seqkit.nn.recurrent import CellName, Encoder, EncoderSettings
from seqkit.settings import settings


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
    highway); with a cell, that of Ling et al. 2015 with a maximum over the units.

    Args:
        units: how many unit ids there are.
        chosen: the settings.
        pad: the unit id of padding.
        unk: the unit id of what training never saw.

    Attributes:
        features: of a word's vector.
    """

    def __init__(self, units: int, chosen: WordEncoderSettings, *, pad: int, unk: int) -> None:
        super().__init__()
        self.embedding = Embedding(
            units, EmbeddingSettings(size=chosen.unit_size, scale=0.5), pad=pad, unk=unk
        )
        self.dropout = nn.Dropout(chosen.dropout)
        self.reader: TextCNN | Encoder
        if chosen.reader == "cnn":
            filters = -(-chosen.features // len(chosen.windows))
            self.reader = TextCNN(
                chosen.unit_size, ConvolutionSettings(filters=filters, widths=chosen.windows)
            )
        else:
            self.reader = Encoder(
                chosen.unit_size,
                EncoderSettings(cell=chosen.reader, hidden=-(-chosen.features // 2)),
            )
        self.features = self.reader.features

    def forward(self, spelling: Spelling) -> Tensor:
        """Return ``(batch, time, features)``."""
        units, lengths = self.embedding(spelling.units), spelling.lengths
        mask = torch.arange(units.shape[1], device=units.device) < lengths[:, None]
        if isinstance(self.reader, TextCNN):
            words = self.reader(units, lengths, mask)
        else:
            words = masked_max(self.reader(units, lengths).outputs, mask)
        result: Tensor = self.dropout(words)[spelling.words]
        return result
