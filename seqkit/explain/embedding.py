"""A run's own vectors in the plane: what of its vocabulary it takes for alike."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import nn

from seqkit.errors import SeqkitError
from seqkit.explain.tokens import shown_all
from seqkit.pages.figures import Figure, Points, Section
from seqkit.text.vocabulary import Vocabulary
from seqkit.vectors import WordVectors
from seqkit.vectors.picture import Method, Picture, draw

if TYPE_CHECKING:
    from seqkit.explain.subject import Subject

TOKENS = 1_000  # in one picture, unless said


class Table(NamedTuple):
    """An embedding of a run.

    Attributes:
        name: what it is of.
        tokens: of each row; special ones are left out.
        vectors: ``(tokens, features)``, the most frequent first.
    """

    name: str
    tokens: tuple[str, ...]
    vectors: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class EmbeddingMap:
    """An embedding in the plane.

    Attributes:
        name: what it is of.
        picture: the tokens, where they stand, their clusters, and their neighbours.
        left_out: tokens that are too rare for the picture.
    """

    name: str
    picture: Picture
    left_out: int


def tables(answerer: Any) -> Iterator[Table]:
    """Yield the embeddings of a run's model; none of vectors that nothing was learnt of (onehot).

    A translator has one of what it reads and one of what it writes, a namer one of its categories.
    """
    model = answerer.model
    written = getattr(model, "decoder", None)
    if hasattr(model, "embedding"):
        reads = "source tokens" if hasattr(answerer, "source") else "tokens"
        side = getattr(answerer, "source", answerer)
        yield from _table(reads, side.vocabulary, model.embedding)
    if written is not None and written.embedding is not getattr(model, "embedding", None):
        side = getattr(answerer, "target", answerer)
        name = "target tokens" if hasattr(answerer, "target") else "tokens"
        yield from _table(name, side.vocabulary, written.embedding)
    if isinstance(categories := getattr(model, "categories", None), nn.Embedding):
        vectors = categories.weight.detach().float().cpu().numpy()
        yield Table("categories", tuple(answerer.categories), vectors)


def _table(name: str, vocabulary: Vocabulary, embedding: Any) -> Iterator[Table]:
    if embedding.table is not None:
        vectors = embedding.table.weight.detach().float().cpu().numpy()
        yield Table(name, tuple(vocabulary.words), vectors[len(vocabulary.specials) :])


def map_of(
    table: Table, *, most: int = TOKENS, method: Method = "pca", neighbours: int = 8, seed: int = 0
) -> EmbeddingMap:
    """Place the most frequent tokens of an embedding in the plane, by the directions of vectors.

    Args:
        table: one of :func:`tables`.
        most: tokens in the picture, 2 to 5,000.
        method: ``pca``, ``tsne``, or ``umap`` (McInnes, Healy and Melville 2018).
        neighbours: of each token, in all dimensions, to be listed.
        seed: of what is drawn at random.

    Raises:
        SeqkitError: if there are fewer than two tokens, or the method is not installed.
    """
    names = _distinct(table.tokens[:most])
    if len(names) < 2:
        raise SeqkitError(f"the {table.name} of this run are {len(names)}: too few for a map.")
    vectors = WordVectors.of(names, table.vectors[: len(names)])
    picture = draw(vectors, names, method=method, neighbours=neighbours, seed=seed)
    return EmbeddingMap(table.name, picture, len(table.tokens) - len(names))


def _distinct(tokens: Sequence[str]) -> list[str]:
    """Return tokens as they are shown; of those shown alike, the later ones with a number.

    Jamo are: the first and the last of a syllable.
    """
    seen: dict[str, int] = {}
    names = []
    for name in shown_all(tokens):
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return names


def figure(found: EmbeddingMap) -> Points:
    """Return the picture of it."""
    picture = found.picture
    rest = f" The {found.left_out:,} rarest are left out." if found.left_out else ""
    return Points(
        f"Embedding of {found.name}",
        f"{picture.about}{rest} Point at a token for those nearest to it in all dimensions.",
        names=picture.words,
        places=picture.places,
        groups=picture.groups.tolist(),
        group_names=picture.names,
        neighbours=picture.nearest,
        cosines=picture.cosines,
    )


def figures(answerer: Any, *, most: int = TOKENS, method: Method = "pca") -> list[Figure]:
    """Return a map of each embedding of a run that has two tokens or more."""
    found = [table for table in tables(answerer) if len(table.tokens) > 1]
    return [figure(map_of(table, most=most, method=method)) for table in found]


def sections(subject: "Subject") -> Sequence[Section]:
    """Return a section with the maps of a run; none where it learnt no vectors."""
    shown = figures(subject.answerer)
    about = "Vectors that point the same way stand together: what the model takes for alike."
    return [Section("Embedding", about, shown)] if shown else []
