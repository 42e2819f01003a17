"""A picture (or a vector) in, a sentence out: one to many."""

from typing import Any

from torch import Tensor, nn

from seqkit.data.captions import CaptionBatch
from seqkit.errors import SeqkitError
from seqkit.nn.decoder import Decoder, DecoderSettings, DecoderState
from seqkit.nn.embedding import EmbeddingSettings
from seqkit.nn.image import ImageEncoder, ImageSettings
from seqkit.settings import settings


@settings
class CaptionerSettings:
    """What sees, and what writes of it."""

    image: ImageSettings = ImageSettings()
    decoder: DecoderSettings = DecoderSettings(
        embedding=EmbeddingSettings(size=64), hidden=128, attention="none"
    )


class Captioner(nn.Module):
    """A picture's vector as the first state of a decoder (Vinyals et al. 2015, section 3).

    Or read again at each step (``decoder.repeat``), or attended to place by place
    (``decoder.attention``; Xu et al. 2015, section 3.1): by setting.

    Args:
        chosen: the settings.
        shape: ``(height, width, channels)`` of pictures, ``(features,)`` of ready vectors.
        vocabulary_size: how many ids there are.
        pad: the id of padding.
        unk: the id of unknown tokens.
        bos: the id that is read first.
        eos: the id that ends a caption.

    Raises:
        SeqkitError: if the pictures are too small, or there is no map to attend to.
    """

    def __init__(
        self,
        chosen: CaptionerSettings,
        *,
        shape: tuple[int, ...],
        vocabulary_size: int,
        pad: int,
        unk: int,
        bos: int,
        eos: int,
    ) -> None:
        super().__init__()
        self.chosen = chosen
        self.image = ImageEncoder(shape, chosen.image)
        if chosen.decoder.attention != "none" and self.image.positions is None:
            raise SeqkitError(
                f"attention={chosen.decoder.attention} looks at places of a picture, and a ready "
                "vector has none: use attention=none."
            )
        self.decoder = Decoder(
            vocabulary_size,
            chosen.decoder,
            pad=pad,
            bos=bos,
            eos=eos,
            context=self.image.features,
            memory=0 if chosen.decoder.attention == "none" else self.image.channels,
            unk=unk,
        )

    def encode(self, pictures: Tensor) -> DecoderState:
        """Return the decoder's state before the first token, of ``(batch, *shape)``."""
        seen = self.image(pictures)
        attends = self.chosen.decoder.attention != "none"
        return self.decoder.start(seen.vector, seen.map if attends else None)

    def loss(self, batch: CaptionBatch) -> Tensor:
        """Return the mean training loss a token, a scalar."""
        return self.decoder.loss(self.encode(batch.pictures), batch.targets, batch.lengths)

    def nll(self, batch: CaptionBatch) -> Tensor:
        """Return the negative log-likelihood of each caption in nats, ``(batch,)``."""
        return self.decoder.nll(self.encode(batch.pictures), batch.targets, batch.lengths)

    def step(self, ids: Tensor, state: Any) -> tuple[Tensor, Any]:
        """Read one token of each row; return log-probabilities ``(n, V)`` and the new state."""
        return self.decoder.step(ids, state)

    def attended(self, state: Any) -> Tensor | None:
        """Return the weights with which the last token was written, ``(n, positions)``.

        None without attention.
        """
        return None if self.decoder.attention is None else self.decoder.attended(state)
