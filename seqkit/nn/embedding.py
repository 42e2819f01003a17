"""Token ids to vectors: learned, one-hot, or from trained word vectors."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional as F

from seqkit.errors import SeqkitError
from seqkit.settings import PathText, settings


@settings
class EmbeddingSettings:
    """How a token becomes a vector."""

    kind: Literal["learned", "onehot"] = Field(
        default="learned", description="onehot: as wide as the vocabulary, nothing to learn"
    )
    size: int = Field(default=100, ge=1, description="features of a learned vector")
    scale: float = Field(
        default=0.1, gt=0, description="standard deviation of the random vectors at the start"
    )
    dropout: float = Field(
        default=0.0, ge=0, lt=1, description="share of features dropped, alike for all of a row"
    )
    word_dropout: float = Field(
        default=0.0, ge=0, lt=1, description="share of tokens read as <unk> while training"
    )
    vectors: PathText = Field(
        default="", description="word vectors to start from: a folder, a run or a file"
    )
    tune: bool = Field(default=True, description="false keeps the vectors as they start")

    @model_validator(mode="after")
    def _agree(self) -> "EmbeddingSettings":
        if self.kind == "onehot" and self.vectors:
            raise ValueError(
                "embedding.kind=onehot has no use for embedding.vectors: leave out one of them"
            )
        return self


class Embedding(nn.Module):
    """``(batch, time)`` ids to ``(batch, time, features)``; padding is, and stays, zero.

    Dropout is variational (Gal and Ghahramani 2016): one mask of features a row, the same at
    every time step. Word dropout replaces whole tokens by ``unk`` (Iyyer et al. 2015 drop them).

    Args:
        vocabulary_size: how many ids there are.
        chosen: the settings.
        pad: the id of padding.
        unk: the id that word dropout writes.
    """

    table: nn.Embedding | None

    def __init__(
        self,
        vocabulary_size: int,
        chosen: EmbeddingSettings,
        *,
        pad: int,
        unk: int,
    ) -> None:
        super().__init__()
        self.vocabulary_size, self.chosen, self.pad, self.unk = vocabulary_size, chosen, pad, unk
        self.features = chosen.size
        self.table = None
        if chosen.kind == "onehot":
            self.features = vocabulary_size
            return
        self.table = nn.Embedding(vocabulary_size, chosen.size, padding_idx=pad)
        self.table.weight.requires_grad_(chosen.tune)
        self._randomise(self.table.weight, chosen.scale)

    @torch.no_grad()
    def _randomise(self, weight: Tensor, scale: float) -> None:
        weight.normal_(0, scale)
        weight[self.pad] = 0

    def forward(self, ids: Tensor, chosen: EmbeddingSettings | None = None) -> Tensor:
        """Return ``(batch, time, features)``, by the dropouts of ``chosen``, else by its own."""
        chosen = chosen or self.chosen
        if self.training and chosen.word_dropout:
            drop = torch.rand(ids.shape, device=ids.device) < chosen.word_dropout
            ids = ids.masked_fill(drop & (ids != self.pad), self.unk)
        vectors: Tensor
        if self.table is None:
            vectors = F.one_hot(ids, self.vocabulary_size).float()
            vectors[..., self.pad] = 0
        else:
            vectors = self.table(ids)
        if self.training and chosen.dropout:
            ones = vectors.new_ones(len(ids), 1, self.features)
            vectors = vectors * F.dropout(ones, chosen.dropout)
        return vectors

    @torch.no_grad()
    def start_from(self, vectors: NDArray[np.float32]) -> None:
        """Start from ``(vocabulary, size)`` vectors, but for padding and words that have none."""
        assert self.table is not None
        found: NDArray[np.bool_] = (vectors != 0).any(axis=1)
        found[self.pad] = False
        self.table.weight[torch.from_numpy(found)] = torch.from_numpy(vectors[found])

    @torch.no_grad()
    def load_vectors(
        self, tokens: Sequence[str], words: Sequence[str], matrix: NDArray[np.float32]
    ) -> float:
        """Start from trained word vectors.

        A token without a vector tries its lower-case form, and is otherwise drawn with the
        variance of the vectors (Kim 2014, section 3.1).

        Args:
            tokens: every token of the vocabulary, in order of its id.
            words: the words that have a vector.
            matrix: ``(words, size)``, their vectors.

        Returns:
            The share of tokens, padding excluded, that now have a trained vector, 0 to 1.

        Raises:
            SeqkitError: if the vectors are not of the embedding's size.
        """
        if self.table is None:
            raise SeqkitError("embedding.kind=onehot cannot hold word vectors: use kind=learned.")
        width = matrix.shape[1]
        if width != self.features:
            raise SeqkitError(
                f"the word vectors have {width} features and embedding.size is {self.features}: "
                f"set embedding.size={width}."
            )
        index = {word: row for row, word in enumerate(words)}
        found = [index.get(token, index.get(token.lower(), -1)) for token in tokens]
        pairs = [(i, row) for i, row in enumerate(found) if row >= 0 and i != self.pad]
        if not pairs:
            return 0.0
        ids, rows = zip(*pairs, strict=True)
        vectors = torch.from_numpy(matrix[list(rows)])
        self._randomise(self.table.weight, float(vectors.std(correction=0)))
        self.table.weight[list(ids)] = vectors
        return len(pairs) / max(1, len(tokens) - 1)
