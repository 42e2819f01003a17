"""Word vectors: their files, training and queries."""

from seqkit.vectors.keyed import WordVectors
from seqkit.vectors.subwords import Subwords, SubwordVectors

__all__ = ["SubwordVectors", "Subwords", "WordVectors"]
