"""Word vectors as a two-dimensional picture: one HTML file that needs nothing but a browser."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from seqkit.errors import SeqkitError, unknown
from seqkit.pages.figures import Points

if TYPE_CHECKING:
    from seqkit.vectors import WordVectors

Method = Literal["pca", "tsne", "umap"]
Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]

MOST = 5_000  # words in one picture: what a browser moves smoothly
COLOURS = 8
ROUNDS = 50  # of k-means, which has settled long before


@dataclass(frozen=True)
class Picture:
    """Words, where they stand in the plane, and what the plane cannot show.

    Attributes:
        words: each once.
        places: ``(words, 2)``; the first axis points right, the second up.
        groups: ``(words,)`` the colour of each word, from 0.
        names: the name of each group.
        nearest: ``(words, k)`` the words of the picture nearest to each in all dimensions.
        cosines: ``(words, k)`` of those.
        about: how the picture was made, in a sentence.
        named: whether the groups were given; the words they are named by stand out then.
    """

    words: tuple[str, ...]
    places: Floats
    groups: Numbers
    names: tuple[str, ...]
    nearest: Numbers
    cosines: Floats
    about: str
    named: bool = False


def draw(
    vectors: "WordVectors",
    words: Sequence[str],
    *,
    groups: Mapping[str, str] | None = None,
    method: Method = "pca",
    neighbours: int = 8,
    seed: int = 0,
) -> Picture:
    """Place words in the plane by the directions of their vectors; lengths do not count.

    The same vectors and words give the same picture.

    Args:
        vectors: that know every word.
        words: 2 to ``MOST`` of them; one that comes again is left out.
        groups: the name of each word's group; None for the clusters that k-means finds.
        method: ``pca``, the two directions in which the words differ most; or ``tsne`` (van der
            Maaten and Hinton 2008) or ``umap`` (McInnes, Healy and Melville 2018, 1802.03426),
            which keep neighbours together and distances not.
        neighbours: of each word, to be listed.
        seed: of t-SNE and UMAP.

    Raises:
        SeqkitError: if there are too few or too many words, or the method is not known, or not
            installed.
    """
    chosen = tuple(dict.fromkeys(words))
    if not 2 <= len(chosen) <= MOST:
        raise SeqkitError(f"a picture has 2 to {MOST:,} words, not {len(chosen):,}.")
    if method not in get_args(Method):
        raise unknown("method", method, get_args(Method))
    rows = np.stack([vectors.get_vector(word) for word in chosen]).astype(np.float64)
    units = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-30)
    if method == "pca":
        places, about = _pca(units)
    else:
        places, about = _tsne(units, seed) if method == "tsne" else _umap(units, seed)
    nearest, cosines = _nearest(units, min(neighbours, len(chosen) - 1))
    if groups is None:
        numbers, centres = clusters(units, min(COLOURS, max(1, len(chosen) // 8)))
        names = tuple(chosen[i] for i in centres)
        about += " Colours are clusters in all dimensions, named by their most central word."
    else:
        names = tuple(dict.fromkeys(groups[word] for word in chosen))
        numbers = np.array([names.index(groups[word]) for word in chosen], np.int64)
    return Picture(chosen, places, numbers, names, nearest, cosines, about, groups is not None)


def _pca(units: Floats) -> tuple[Floats, str]:
    centred = units - units.mean(axis=0)
    values, axes = np.linalg.eigh(centred.T @ centred)
    first = axes[:, ::-1][:, :2]
    first = first * np.where(np.abs(first).max(axis=0) == first.max(axis=0), 1.0, -1.0)
    share = values[::-1][:2].sum() / max(values.sum(), 1e-30)
    places = np.zeros((len(units), 2))
    places[:, : first.shape[1]] = centred @ first
    about = f"PCA of {units.shape[1]} dimensions: the two shown hold {share:.0%} of the variance."
    return places, about


def _tsne(units: Floats, seed: int) -> tuple[Floats, str]:
    try:
        from sklearn.manifold import TSNE
    except ImportError:
        raise SeqkitError(
            "t-SNE needs scikit-learn: pip install 'seqkit-nlp[baseline]', or --method pca."
        ) from None
    if len(units) < 4:
        raise SeqkitError(f"t-SNE needs 4 words or more, not {len(units)}: try --method pca.")
    perplexity = min(30.0, max(2.0, (len(units) - 1) / 12))  # so that small groups stay apart
    start = _pca(units)[0]
    start = 1e-4 * start / max(start[:, 0].std(), 1e-30)  # as van der Maaten's, so the same always
    made = TSNE(2, perplexity=perplexity, init=start, random_state=seed, n_jobs=1)
    about = (
        f"t-SNE of {units.shape[1]} dimensions, perplexity {perplexity:.0f}: "
        "neighbours stay together, far distances mean nothing."
    )
    return np.asarray(made.fit_transform(units), np.float64), about


def _umap(units: Floats, seed: int) -> tuple[Floats, str]:
    try:
        from umap import UMAP
    except ImportError:
        raise SeqkitError(
            "UMAP needs umap-learn: pip install 'seqkit-nlp[umap]', or --method pca."
        ) from None
    if len(units) < 8:
        raise SeqkitError(f"UMAP needs 8 words or more, not {len(units)}: try --method pca.")
    near = min(15, len(units) - 2)
    start = _pca(units)[0]
    start = 10 * start / max(np.abs(start).max(), 1e-30)
    made = UMAP(n_neighbors=near, metric="cosine", init=start, random_state=seed, n_jobs=1)
    about = (
        f"UMAP of {units.shape[1]} dimensions, {near} neighbours: neighbours stay together, far "
        "distances mean nothing."
    )
    return np.asarray(made.fit_transform(units), np.float64), about


def _nearest(units: Floats, k: int) -> tuple[Numbers, Floats]:
    """Return the ``k`` nearest other rows of each, and their cosines, nearest first."""
    cosines = units @ units.T
    np.fill_diagonal(cosines, -np.inf)
    order = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
    return order, np.take_along_axis(cosines, order, axis=1)


def clusters(units: Floats, count: int) -> tuple[Numbers, list[int]]:
    """Group rows by k-means on the sphere (Dhillon and Modha 2001); no chance is in it.

    The first centre is the row nearest to the mean, each next one the row farthest from those
    before.

    Returns:
        ``(rows,)`` the group of each row, the largest group first; and of each group, the row
        nearest to its centre.
    """
    starts = [int(np.argmax(units @ units.mean(axis=0)))]
    while len(starts) < count:
        starts.append(int(np.argmin((units @ units[starts].T).max(axis=1))))
    centres = units[starts]
    group = np.full(len(units), -1)
    for _ in range(ROUNDS):
        before, group = group, np.argmax(units @ centres.T, axis=1)
        if np.array_equal(before, group):
            break
        sums = np.zeros_like(centres)
        np.add.at(sums, group, units)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = np.where(lengths > 0, sums / np.maximum(lengths, 1e-30), centres)
    sizes = np.bincount(group, minlength=len(centres))
    order = [int(i) for i in np.argsort(-sizes, kind="stable") if sizes[i]]
    fits = units @ centres.T
    middle = [int(np.argmax(np.where(group == i, fits[:, i], -np.inf))) for i in order]
    renumbered = np.empty(len(centres), np.int64)
    renumbered[order] = np.arange(len(order))
    return renumbered[group], middle


def write(picture: Picture, path: Path, *, title: str) -> None:
    """Write a picture as one HTML file, which fetches nothing and works offline.

    Raises:
        SeqkitError: if it cannot be written.
    """
    from seqkit.files import write_text
    from seqkit.vectors.picture_page import page

    write_text(path, page(figure(picture, title)))


def figure(picture: Picture, title: str) -> Points:
    """Return a picture as a figure, which stands among others as well."""
    names = set(picture.names)
    return Points(
        title,
        picture.about,
        picture.words,
        picture.places,
        picture.groups.tolist(),
        picture.names,
        picture.nearest,
        picture.cosines,
        [i for i, word in enumerate(picture.words) if picture.named and word in names],
    )
