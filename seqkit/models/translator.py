"""Sequence to sequence: a sentence is read, and another one written."""

from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional as F

from seqkit.data.batch import Batch
from seqkit.data.pairs import PairBatch
from seqkit.nn.decoder import Decoder, DecoderSettings, DecoderState
from seqkit.nn.embedding import Embedding, EmbeddingSettings
from seqkit.nn.recurrent import Encoder, EncoderSettings
from seqkit.settings import settings


@settings
class TranslatorSettings:
    """Encoder and decoder (Sutskever et al. 2014), with attention or without."""

    shared: bool = Field(
        default=False,
        description="one vocabulary and one embedding for both languages; each drops its own share",
    )
    source_dropout: float = Field(
        default=0.0, ge=0, lt=1, description="of what the encoder says, alike at all its steps"
    )
    embedding: EmbeddingSettings = EmbeddingSettings(size=256)
    encoder: EncoderSettings = EncoderSettings(hidden=256)
    decoder: DecoderSettings = DecoderSettings()

    @model_validator(mode="after")
    def _agree(self) -> "TranslatorSettings":
        decoder, encoder = self.decoder, self.encoder
        width = encoder.hidden * (2 if encoder.bidirectional else 1)
        for name in ("kind", "size", "scale", "tune") if self.shared else ():
            one, other = getattr(self.embedding, name), getattr(decoder.embedding, name)
            if one != other:
                raise ValueError(
                    f"shared=true has one embedding, and embedding.{name}={one} but "
                    f"decoder.embedding.{name}={other}: make them equal"
                )
        if self.shared and decoder.embedding.vectors:
            raise ValueError(
                "shared=true has one embedding: set model.embedding.vectors, and leave "
                "decoder.embedding.vectors out"
            )
        if decoder.attention == "dot" and decoder.hidden != width:
            raise ValueError(
                f"attention=dot compares decoder states of {decoder.hidden} units with encoder "
                f"outputs of {width}: use attention=general, or decoder.hidden={width}"
            )
        if decoder.bridge == "copy" and decoder.hidden != width:
            raise ValueError(
                f"bridge=copy copies encoder states of {width} units into {decoder.hidden} of the "
                f"decoder: use bridge=linear, or decoder.hidden={width}"
            )
        if decoder.bridge == "copy" and decoder.layers != encoder.layers:
            raise ValueError(
                f"bridge=copy copies {encoder.layers} layers of the encoder into {decoder.layers} "
                "of the decoder: use bridge=linear, or as many layers"
            )
        return self


class Translator(nn.Module):
    """``p(target | source)``.

    Args:
        chosen: the settings.
        source_size: how many ids there are in the source's vocabulary.
        target_size: in the target's; the same one if ``shared``.
        pad: the id of padding, in both.
        unk: the id that word dropout writes, in both.
        bos: the id that the decoder reads first.
        eos: the id that ends a target.
        counts: ``(target_size,)``, how often each id occurs in the training targets.
    """

    def __init__(
        self,
        chosen: TranslatorSettings,
        *,
        source_size: int,
        target_size: int,
        pad: int,
        unk: int,
        bos: int,
        eos: int,
        counts: Tensor | None = None,
    ) -> None:
        super().__init__()
        if chosen.shared and source_size != target_size:
            raise ValueError(f"vocabularies of {source_size} and {target_size} are not shared")
        self.chosen = chosen
        self.embedding = Embedding(source_size, chosen.embedding, pad=pad, unk=unk)
        self.encoder = Encoder(self.embedding.features, chosen.encoder)
        self.decoder = Decoder(
            target_size,
            chosen.decoder,
            pad=pad,
            bos=bos,
            eos=eos,
            context=chosen.encoder.layers * self.encoder.features,
            memory=0 if chosen.decoder.attention == "none" else self.encoder.features,
            unk=unk,
            counts=counts,
            embedding=self.embedding if chosen.shared else None,
        )

    def encode(self, batch: Batch) -> DecoderState:
        """Read the sources; return the decoder's state before the first token."""
        encoded = self.encoder(self.embedding(batch.ids), batch.lengths)
        context = encoded.last.transpose(0, 1).flatten(1)
        return self.decoder.start(context, self._dropped(encoded.outputs), batch.mask)

    def _dropped(self, outputs: Tensor) -> Tensor:
        """Drop features, the same ones at all steps of a row."""
        if not (self.training and self.chosen.source_dropout):
            return outputs
        ones = outputs.new_ones(len(outputs), 1, outputs.shape[2])
        return outputs * F.dropout(ones, self.chosen.source_dropout)

    def loss(self, batch: PairBatch) -> Tensor:
        """Return the mean training loss a target token, a scalar."""
        state = self.encode(batch.source)
        return self.decoder.loss(state, batch.targets, batch.target_lengths)

    def nll(self, batch: PairBatch) -> Tensor:
        """Return ``-log p(target | source)`` in nats, ``(batch,)``, exact and without gradient."""
        state = self.encode(batch.source)
        return self.decoder.nll(state, batch.targets, batch.target_lengths)

    def step(self, ids: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """Read one token of each row, ``(n,)``; see :meth:`Decoder.step`."""
        return self.decoder.step(ids, state)

    def attended(self, state: DecoderState) -> Tensor | None:
        """Return the weights with which the last token was written, ``(n, source time)``."""
        return self.decoder.attended(state)
