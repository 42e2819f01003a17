"""The language model: one token in, the probability of every next one out."""

from typing import cast

from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional as F

from seqkit.nn.embedding import Embedding, EmbeddingSettings
from seqkit.nn.recurrent import Encoder, EncoderSettings, EncoderState
from seqkit.nn.softmax import Softmax, SoftmaxSettings
from seqkit.settings import settings

ENCODER = EncoderSettings(hidden=320, layers=2, bidirectional=False, variational=True)


@settings
class LanguageModelSettings:
    """Embedding, encoder and softmax, with the regularisation of Merity et al. 2018."""

    tied: bool = Field(
        default=True, description="the softmax has the embedding's vectors (Press and Wolf 2017)"
    )
    projection: bool = Field(
        default=False,
        description="tied, of unlike sizes: a linear layer, not a narrower last recurrent one",
    )
    embedding_dropout: float = Field(
        default=0.0, ge=0, lt=1, description="share of words whose vector is left out, a batch"
    )
    output_dropout: float = Field(
        default=0.0, ge=0, lt=1, description="of the last layer's outputs, alike at all steps"
    )
    ar: float = Field(default=0.0, ge=0, description="weight of the penalty on large outputs (AR)")
    tar: float = Field(
        default=0.0, ge=0, description="weight of the penalty on their change in time (TAR)"
    )
    embedding: EmbeddingSettings = EmbeddingSettings(size=320)
    encoder: EncoderSettings = ENCODER
    softmax: SoftmaxSettings = SoftmaxSettings()

    @model_validator(mode="after")
    def _agree(self) -> "LanguageModelSettings":
        if self.encoder.bidirectional:
            raise ValueError("a language model cannot read ahead: use encoder.bidirectional=false")
        if self.tied and self.embedding.kind == "onehot":
            raise ValueError("embedding.kind=onehot has no vectors to share: use tied=false")
        if self.tied and self.softmax.softmax == "adaptive" and self.softmax.shrink > 1:
            raise ValueError(
                "softmax=adaptive has shorter vectors for rare words, which cannot be the "
                "embedding's: use tied=false or shrink=1"
            )
        return self


class LanguageModel(nn.Module):
    """``p(next token | all before)``, exact at evaluation, however it is trained.

    A state is nested tuples of ``(batch, units)`` tensors, one tuple a layer.

    Args:
        chosen: the settings.
        vocabulary_size: how many ids there are.
        pad: the id of padding.
        unk: the id that word dropout writes.
        counts: ``(vocabulary,)``, how often each id occurs in the training text; None for
            unknown.
    """

    def __init__(
        self,
        chosen: LanguageModelSettings,
        *,
        vocabulary_size: int,
        pad: int,
        unk: int,
        counts: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.chosen, self.vocabulary_size = chosen, vocabulary_size
        self.embedding = Embedding(vocabulary_size, chosen.embedding, pad=pad, unk=unk)
        width = self.embedding.features
        last = width if chosen.tied and not chosen.projection else None
        self.encoder = Encoder(width, chosen.encoder, last=last)
        self.features = width if chosen.tied else self.encoder.features
        self.project: nn.Module = nn.Identity()
        if self.features != self.encoder.features:
            self.project = nn.Linear(self.encoder.features, self.features)
        tied: nn.Parameter | None = None
        if chosen.tied and self.embedding.table is not None:
            tied = cast(nn.Parameter, self.embedding.table.weight)
        self.softmax = Softmax(
            self.features, vocabulary_size, chosen.softmax, counts=counts, tied=tied
        )

    def initial_state(self, batch: int) -> EncoderState:
        """Return the state before the first token of ``batch`` rows."""
        return self.encoder.initial_state(batch)

    def forward(
        self, ids: Tensor, state: EncoderState | None = None
    ) -> tuple[Tensor, EncoderState]:
        """Read ``(batch, time)`` ids on from ``state``; None is a fresh one.

        Returns:
            What the softmax reads, ``(batch, time, features)``, and the state after the last.
        """
        outputs, state = self.encoder.read(self._embedded(ids), state)
        return self.project(outputs), state

    def step(self, ids: Tensor, state: EncoderState) -> tuple[Tensor, EncoderState]:
        """Read one token of each row, ``(batch,)``.

        Returns:
            Log-probabilities of the next token, ``(batch, vocabulary)``, and the new state.
        """
        x, state = self.encoder.step(self.embedding(ids[:, None])[:, 0], state)
        return self.softmax.log_probabilities(self.project(x)), state

    def loss(
        self, ids: Tensor, targets: Tensor, state: EncoderState | None = None
    ) -> tuple[Tensor, EncoderState]:
        """Return the mean training loss of a window, and the state after it.

        The penalties are those of Merity et al. 2018, section 4.6 (Merity et al. 2017): AR on
        the outputs as the softmax sees them, TAR on them before dropout.

        Args:
            ids: ``(batch, time)``.
            targets: ``(batch, time)``, the id after each; below 0 where there is none.
            state: to go on from; None for a fresh one.
        """
        chosen = self.chosen
        outputs, state = self(ids, state)
        dropped = self._locked(outputs)
        real = targets >= 0
        hidden = dropped[real]
        loss = self.softmax.loss(hidden, targets[real])
        if self.training and chosen.ar:
            loss = loss + chosen.ar * hidden.pow(2).mean()
        if self.training and chosen.tar and ids.shape[1] > 1:
            change = (outputs[:, 1:] - outputs[:, :-1])[real[:, 1:]]
            loss = loss + chosen.tar * change.pow(2).sum() / max(1, change.numel())
        return loss, state

    def _embedded(self, ids: Tensor) -> Tensor:
        """Return vectors, those of some words left out (Gal and Ghahramani 2016, section 4.2)."""
        vectors: Tensor = self.embedding(ids)
        if self.training and self.chosen.embedding_dropout:
            kept = F.dropout(vectors.new_ones(self.vocabulary_size), self.chosen.embedding_dropout)
            vectors = vectors * kept[ids][:, :, None]
        return vectors

    def _locked(self, outputs: Tensor) -> Tensor:
        """Drop features, the same ones at all steps of a row."""
        if not (self.training and self.chosen.output_dropout):
            return outputs
        ones = outputs.new_ones(len(outputs), 1, outputs.shape[2])
        return outputs * F.dropout(ones, self.chosen.output_dropout)
