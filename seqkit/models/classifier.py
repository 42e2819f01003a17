"""Many-to-one: a text in, a score for each label out."""

from collections.abc import Sequence
from typing import Literal

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional as F

from seqkit.data.batch import Batch
from seqkit.nn.convolution import ConvolutionSettings, TextCNN
from seqkit.nn.embedding import Embedding, EmbeddingSettings
from seqkit.nn.head import Head, HeadSettings
from seqkit.nn.pooling import Pooling, PoolingName, masked_mean
from seqkit.nn.recurrent import Encoded, Encoder, EncoderSettings
from seqkit.nn.wide import Wide
from seqkit.nn.word_encoder import WordEncoder, WordEncoderSettings
from seqkit.settings import settings


@settings
class ClassifierSettings:
    """A text classifier: embedding, reader (rnn, mlp or cnn), head."""

    model: Literal["rnn", "mlp", "cnn"] = Field(
        default="rnn", description="the reader; mlp: the mean of the embeddings"
    )
    embedding: EmbeddingSettings = EmbeddingSettings()
    word_encoder: WordEncoderSettings = WordEncoderSettings()
    encoder: EncoderSettings = EncoderSettings()
    pooling: tuple[PoolingName, ...] = Field(
        default=("max",), description="rnn: last, mean, max, attention, or several"
    )
    skip: bool = Field(
        default=False, description="rnn: pool over each token's embedding and output together"
    )
    convolution: ConvolutionSettings = ConvolutionSettings()
    head: HeadSettings = HeadSettings()
    label_smoothing: float = Field(
        default=0.0, ge=0, lt=1, description="share of the target spread over all labels"
    )
    class_weights: Literal["none", "balanced"] = Field(
        default="none", description="balanced: rare labels weigh more in the loss"
    )

    @model_validator(mode="after")
    def _agree(self) -> "ClassifierSettings":
        if not self.pooling:
            raise ValueError("pooling names nothing: use pooling=max")
        if len(set(self.pooling)) < len(self.pooling):
            raise ValueError(f"pooling={','.join(self.pooling)} names one of them twice")
        if self.skip and "last" in self.pooling:
            raise ValueError(
                "skip=true pools over all tokens, which pooling=last does not: use pooling=max"
            )
        return self


class Recurrent(nn.Module):
    """Encoder and pooling; with ``skip``, the recurrent CNN of Lai et al. 2015 (eqs. 3-5)."""

    def __init__(self, features: int, chosen: ClassifierSettings) -> None:
        super().__init__()
        self.encoder = Encoder(features, chosen.encoder)
        width = self.encoder.features
        self.join = nn.Linear(features + width, width) if chosen.skip else None
        self.pooling = Pooling(chosen.pooling, width)
        self.features = self.pooling.features

    def forward(self, inputs: Tensor, batch: Batch) -> Tensor:
        """``(batch, time, features)`` to ``(batch, pooled features)``."""
        pooled: Tensor = self.pooling(self.encode(inputs, batch), batch.mask)
        return pooled

    def encode(self, inputs: Tensor, batch: Batch) -> Encoded:
        """Return what is pooled over."""
        encoded: Encoded = self.encoder(inputs, batch.lengths)
        if self.join is None:
            return encoded
        joined = torch.tanh(self.join(torch.cat([inputs, encoded.outputs], dim=2)))
        return Encoded(joined, encoded.last)


class Bag(nn.Module):
    """The mean of the embeddings (Iyyer et al. 2015): word order plays no part."""

    def __init__(self, features: int, _: ClassifierSettings) -> None:
        super().__init__()
        self.features = features

    def forward(self, inputs: Tensor, batch: Batch) -> Tensor:
        """``(batch, time, features)`` to ``(batch, features)``."""
        return masked_mean(inputs, batch.mask)


class Convolutional(nn.Module):
    """The TextCNN of Kim 2014."""

    def __init__(self, features: int, chosen: ClassifierSettings) -> None:
        super().__init__()
        self.cnn = TextCNN(features, chosen.convolution)
        self.features = self.cnn.features

    def forward(self, inputs: Tensor, batch: Batch) -> Tensor:
        """``(batch, time, features)`` to ``(batch, filters * widths)``."""
        pooled: Tensor = self.cnn(inputs, batch.lengths, batch.mask)
        return pooled


READERS: dict[str, type[Recurrent] | type[Bag] | type[Convolutional]] = {
    "rnn": Recurrent,
    "mlp": Bag,
    "cnn": Convolutional,
}


class Classifier(nn.Module):
    """Embedding, reader and head.

    Args:
        chosen: the settings.
        vocabulary_size: how many ids there are.
        pad: the id of padding.
        unk: the id of an unknown token.
        labels: how many there are.
        units: what each unit is, if each token's spelling is read as well, with the same ids for
            padding and unknown; none if not.
        ngrams: how many hashes of n-grams there are, if a linear part weighs them; 0 if not.
        multi_label: whether a text may have any number of labels, or exactly one.
        class_weights: ``(labels,)``, what a text of each label counts for in the loss; with
            ``multi_label``, what the label's presence counts for. None: 1 each.
    """

    class_weights: Tensor | None

    def __init__(
        self,
        chosen: ClassifierSettings,
        *,
        vocabulary_size: int,
        pad: int,
        unk: int,
        labels: int,
        units: Sequence[str] = (),
        ngrams: int = 0,
        multi_label: bool = False,
        class_weights: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.chosen, self.multi_label = chosen, multi_label
        self.embedding = Embedding(vocabulary_size, chosen.embedding, pad=pad, unk=unk)
        features = self.embedding.features
        self.word_encoder: WordEncoder | None = None
        if units:
            self.word_encoder = WordEncoder(units, chosen.word_encoder, pad=pad, unk=unk)
            features += self.word_encoder.features
        self.reader = READERS[chosen.model](features, chosen)
        self.head = Head(self.reader.features, chosen.head, labels)
        self.wide = Wide(ngrams, labels) if ngrams else None
        # Only the loss reads them: a trained model is complete without.
        self.register_buffer("class_weights", class_weights, persistent=False)

    @torch.no_grad()
    def expect(self, shares: Tensor) -> None:
        """Start the output biases so that each label is as probable as in the training data.

        A multi-label model that begins by expecting every label half the time spends its first
        epochs on unlearning that (Lin et al. 2017, "Focal Loss", section 4.1).

        Args:
            shares: ``(labels,)``, the share of texts with each label, above 0 and below 1.
        """
        self.head.output.bias.copy_(torch.logit(shares))
        if self.wide is not None:
            self.wide.bias.copy_(torch.logit(shares))

    def forward(self, batch: Batch) -> Tensor:
        """Return logits, ``(batch, labels)``: the mean of those of the parts."""
        parts = self.parts(batch)
        return torch.stack(parts).mean(dim=0) if len(parts) > 1 else parts[0]

    def parts(self, batch: Batch) -> list[Tensor]:
        """Return the logits of the network, and of the linear part if there is one."""
        parts = [self.head(self.reader(self.embed(batch), batch))]
        if self.wide is not None:
            assert batch.bag is not None
            parts.append(self.wide(batch.bag))
        return parts

    def embed(self, batch: Batch) -> Tensor:
        """Return ``(batch, time, features)``: each token's vector and what its spelling says."""
        vectors: Tensor = self.embedding(batch.ids)
        if self.word_encoder is None:
            return vectors
        assert batch.spelling is not None
        return torch.cat([vectors, self.word_encoder(batch.spelling)], dim=2)

    def loss(self, batch: Batch) -> Tensor:
        """Return the mean loss over the rows of ``batch``, a scalar.

        It is the negative log-likelihood of a row's labels. One label a text: cross-entropy.
        Several: binary cross-entropy, summed over labels.
        Label smoothing is that of Szegedy et al. 2016, section 7.

        Each part has a loss of its own, and the result is their mean: parts that learnt to lean
        on one another would err together, and their mean be worth less.
        """
        parts = [self._loss(logits, batch) for logits in self.parts(batch)]
        return torch.stack(parts).mean()

    def _loss(self, logits: Tensor, batch: Batch) -> Tensor:
        assert batch.targets is not None
        smoothing = self.chosen.label_smoothing
        if self.multi_label:
            targets = batch.targets.to(logits.dtype) * (1 - smoothing) + smoothing / 2
            bits = F.binary_cross_entropy_with_logits(
                logits, targets, pos_weight=self.class_weights, reduction="sum"
            )
            return bits / len(logits)
        # torch's own mean divides by the weights of the batch, which vary from batch to batch.
        total = F.cross_entropy(
            logits,
            batch.targets,
            weight=self.class_weights,
            label_smoothing=smoothing,
            reduction="sum",
        )
        return total / len(logits)

    @torch.no_grad()
    def attention(self, batch: Batch) -> Tensor | None:
        """Return what each token counts for, ``(batch, time)``; None without such a pooling."""
        reader = self.reader
        if not isinstance(reader, Recurrent) or reader.pooling.attention is None:
            return None
        outputs = reader.encode(self.embed(batch), batch).outputs
        return reader.pooling.attention.weights(outputs, batch.mask)


def parameter_count(model: nn.Module) -> int:
    """Return how many numbers training may change."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)
