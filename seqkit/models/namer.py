"""One to many: a category in, a name out, character by character; and a name's category, by Bayes.

``p(name | category)`` is a recurrent decoder that starts from the category's vector. Read
backwards it tells what a name is: ``p(category | name)`` is proportional to
``p(name | category) p(category)`` (a generative classifier; Yogatama et al. 2017, 1703.01898).
"""

from typing import Any

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from seqkit.data.batch import Batch
from seqkit.nn.decoder import Decoder
from seqkit.nn.decoder_settings import DecoderSettings
from seqkit.nn.embedding import EmbeddingSettings
from seqkit.settings import settings

CELLS = 1 << 16  # tokens that are read at once without gradients


@settings
class NamerSettings:
    """The vector of a category, and the decoder that starts from it."""

    category: int = Field(default=64, ge=1, description="features of a category's vector")
    decoder: DecoderSettings = DecoderSettings(
        cell="gru",
        hidden=192,
        embedding=EmbeddingSettings(size=64),
        output_dropout=0.15,
        attention="none",
        repeat=True,
        tied=False,
    )

    @model_validator(mode="after")
    def _agree(self) -> "NamerSettings":
        if self.decoder.attention != "none":
            raise ValueError("a category is one vector, with nothing to attend: use attention=none")
        if self.decoder.embedding.vectors:
            raise ValueError(
                "embedding.vectors are of words, and a name is spelt: leave embedding.vectors out"
            )
        return self


class Namer(nn.Module):
    """``p(name | category)``; a state is the decoder's.

    Names come as a :class:`Batch` whose rows end in ``eos`` and whose ``targets``, where it has
    them, are categories.

    Args:
        chosen: the settings.
        vocabulary_size: how many ids there are.
        categories: how many categories there are.
        pad: the id of padding.
        bos: the id that a name begins with.
        eos: the id that ends it.
        unk: the id that word dropout writes.
        counts: ``(vocabulary,)``, how often each id occurs in the training names; None: unknown.
    """

    def __init__(
        self,
        chosen: NamerSettings,
        *,
        vocabulary_size: int,
        categories: int,
        pad: int,
        bos: int,
        eos: int,
        unk: int,
        counts: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.chosen = chosen
        self.categories = nn.Embedding(categories, chosen.category)
        self.decoder = Decoder(
            vocabulary_size,
            chosen.decoder,
            pad=pad,
            bos=bos,
            eos=eos,
            context=chosen.category,
            unk=unk,
            counts=counts,
        )

    def start(self, categories: Tensor) -> Any:
        """Return the state before the first character of names of ``categories`` ``(n,)``."""
        return self.decoder.start(self.categories(categories))

    def step(self, ids: Tensor, state: Any) -> tuple[Tensor, Any]:
        """Read one character of each name, ``(n,)``.

        Returns:
            Log-probabilities of the next one, ``(n, vocabulary)``, and the new state.
        """
        result: tuple[Tensor, Any] = self.decoder.step(ids, state)
        return result

    def loss(self, batch: Batch) -> Tensor:
        """Return the mean training loss of a character of names in their categories."""
        assert batch.targets is not None
        loss: Tensor = self.decoder.loss(self.start(batch.targets), batch.ids, batch.lengths)
        return loss

    @torch.no_grad()
    def nll(self, batch: Batch) -> Tensor:
        """Return ``-log p(name | category)`` in nats for the category of each name, ``(n,)``."""
        assert batch.targets is not None
        nats: Tensor = self.decoder.nll(self.start(batch.targets), batch.ids, batch.lengths)
        return nats

    @torch.no_grad()
    def nll_by_category(self, batch: Batch) -> Tensor:
        """Return ``-log p(name | category)`` in nats for every category, ``(n, categories)``."""
        every = self.categories.num_embeddings
        at_once = max(1, CELLS // (every * batch.ids.shape[1]))
        found = []
        for row in range(0, len(batch.ids), at_once):
            ids, lengths = batch.ids[row : row + at_once], batch.lengths[row : row + at_once]
            state = self.start(torch.arange(every, device=ids.device).repeat(len(ids)))
            ids, lengths = ids.repeat_interleave(every, 0), lengths.repeat_interleave(every)
            found.append(self.decoder.nll(state, ids, lengths).view(-1, every))
        return torch.cat(found)
