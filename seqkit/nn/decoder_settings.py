"""The settings of a decoder."""

from dataclasses import fields
from typing import Literal

from pydantic import Field, model_validator

from seqkit.nn.attention import AttentionName
from seqkit.nn.cells import CellName
from seqkit.nn.embedding import EmbeddingSettings
from seqkit.nn.initialisation import InitialisationName
from seqkit.nn.recurrent import EncoderSettings
from seqkit.settings import settings

BridgeName = Literal["zero", "copy", "linear"]


@settings
class DecoderSettings:
    """A stack of recurrent layers that writes: embedding, attention, bridge, training."""

    embedding: EmbeddingSettings = EmbeddingSettings(size=256)
    cell: CellName = Field(default="lstm", description="the recurrent unit; rnn is with tanh")
    hidden: int = Field(default=256, ge=1, description="units of a layer")
    layers: int = Field(default=1, ge=1, description="recurrent layers, one above the other")
    dropout: float = Field(default=0.0, ge=0, lt=1, description="between layers")
    variational: bool = Field(
        default=False, description="dropout between layers: one mask for all time steps of a row"
    )
    weight_dropout: float = Field(
        default=0.0, ge=0, lt=1, description="share of hidden-to-hidden weights, a mask a pass"
    )
    output_dropout: float = Field(
        default=0.0, ge=0, lt=1, description="of what the softmax reads, alike at all steps"
    )
    initialisation: InitialisationName = Field(
        default="xavier", description="of input-to-hidden weights"
    )
    recurrent: InitialisationName = Field(
        default="orthogonal", description="initialisation of hidden-to-hidden weights"
    )
    forget_bias: float = Field(
        default=1.0, description="forget-gate bias at the start, where a cell has such a gate"
    )
    attention: AttentionName = Field(
        default="general", description="additive: Bahdanau et al. 2015; the others: Luong et al."
    )
    input_feeding: bool = Field(
        default=False, description="each step also reads what the last one attended to (Luong)"
    )
    bridge: BridgeName = Field(
        default="linear", description="what the first state is: nothing, the vector, a layer of it"
    )
    repeat: bool = Field(
        default=False, description="read the vector again at each step, not in the state alone"
    )
    tied: bool = Field(
        default=True, description="the softmax has the embedding's vectors (Press and Wolf 2017)"
    )
    label_smoothing: float = Field(
        default=0.0, ge=0, lt=1, description="share of the target spread over all tokens"
    )
    scheduled_sampling: float = Field(
        default=0.0, ge=0, le=1, description="share of tokens fed, in the end, that it wrote itself"
    )
    bfloat16: bool = Field(
        default=False, description="softmax in training: products in bfloat16 (AVX512-BF16, GPUs)"
    )

    @model_validator(mode="after")
    def _agree(self) -> "DecoderSettings":
        if self.input_feeding and self.attention == "none":
            raise ValueError(
                "input_feeding=true feeds what was attended to, and attention=none attends to "
                "nothing: use attention=general, or input_feeding=false"
            )
        if self.attention == "none" and self.bridge == "zero" and not self.repeat:
            raise ValueError(
                "bridge=zero with attention=none and repeat=false writes without having seen the "
                "input: use bridge=linear"
            )
        if self.tied and self.embedding.kind == "onehot":
            raise ValueError("embedding.kind=onehot has no vectors to share: use tied=false")
        if self.weight_dropout and (self.stepwise or self.scheduled_sampling):
            raise ValueError(
                "weight_dropout is for a target read in one pass, not for attention=additive, "
                "input_feeding=true or scheduled_sampling: use weight_dropout=0"
            )
        self.stack()  # has checks of its own
        return self

    @property
    def stepwise(self) -> bool:
        """Whether a step reads what the one before it attended to."""
        return self.input_feeding or self.attention == "additive"

    def stack(self) -> EncoderSettings:
        """Return the settings of the recurrent layers."""
        names = {field.name for field in fields(EncoderSettings)} - {"bidirectional"}
        return EncoderSettings(bidirectional=False, **{n: getattr(self, n) for n in names})
