"""An index for approximate search, kept with the vectors that it was built from.

It finds rows; their cosines are then computed from the vectors themselves, so an answer can miss
a row but never has a wrong number. How much it misses is measured when it is built: the
effort of a search is set so that the wanted share of the ten nearest is found, both of words as
they are asked for, the common ones most, and of words drawn evenly; the share that is reported,
the lesser of the two, is of other words.

=========== ======================================================================
index.json  its kind, effort and recall, and the digests of its file and vectors
index.KIND  codes and axes (principal), or the file of the library that searches
=========== ======================================================================
"""

import hashlib
from contextlib import ExitStack
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from seqkit.errors import SeqkitError
from seqkit.files import atomic, read_json, sha256, write_json
from seqkit.settings import as_dict, check, settings
from seqkit.vectors.keyed import WordVectors
from seqkit.vectors.search.approximate import KINDS, Backend, available, drawn
from seqkit.vectors.search.exact import Floats, Found, Search

CARD = "index.json"
NEAREST = 10  # recall is of so many
HELD = 500  # words that tune the effort, and as many others that measure the recall
MARGIN = 0.01  # of recall, for the chance in the words that tune
HASHED = 1 << 16  # rows in the digest at once
REBUILD = "build it again with `seqkit vectors index`"


@settings
class IndexSettings:
    """How an index is built."""

    kind: Literal["principal", "faiss", "usearch"] = Field(
        default="principal",
        description="a scan of principal components; inverted lists by faiss; a graph by usearch",
    )
    recall: float = Field(
        default=0.95, gt=0, lt=1, description="share of the ten nearest that a search is to find"
    )
    axes: int | None = Field(
        default=None, ge=1, description="principal: components; none for what is cheapest"
    )
    lists: int | None = Field(
        default=None, ge=1, description="faiss: lists; none for 4 square roots of the words"
    )
    links: int = Field(default=32, ge=2, le=256, description="usearch: links of a word")
    seed: int = Field(default=0, ge=0, description="draws the words that tune and measure")


@settings
class IndexCard:
    """What ``index.json`` says."""

    format: Literal["seqkit-index"] = "seqkit-index"
    version: Literal[1] = 1
    kind: Literal["principal", "faiss", "usearch"] = "principal"
    words: int = Field(default=0, ge=0, description="rows of the vectors")
    size: int = Field(default=0, ge=0, description="features of a vector")
    effort: int = Field(
        default=1, ge=1, description="words compared in full; lists; words of the graph"
    )
    recall: float = Field(default=0.0, ge=0, le=1, description="share of the ten nearest found")
    queries: int = Field(default=0, ge=0, description="words that measured it")
    vectors: str = Field(default="", description="digest of the vectors")
    file: str = Field(default="", description="SHA-256 of the file beside")


class Index:
    """Approximate nearest rows of word vectors, made by :func:`build` or :func:`open_index`."""

    def __init__(self, card: IndexCard, backend: Backend, search: Search) -> None:
        self.card, self._backend, self._search = card, backend, search

    @property
    def recall(self) -> float:
        """The share of the ten nearest that it found, when it was built, of held words."""
        return self.card.recall

    def nearest(self, queries: Floats, k: int) -> Found:
        """Return about the ``k`` nearest rows of each query, and their exact cosines.

        As :meth:`seqkit.vectors.search.exact.Search.nearest` does; where the index proposes fewer
        than ``k`` rows, the search is exact.

        Raises:
            SeqkitError: if a query has another number of features or is not finite, or ``k`` is
                below 1.
        """
        return self._nearest(queries, k, self.card.effort)

    def _nearest(self, queries: Floats, k: int, effort: int) -> Found:
        queries = self._search.checked(queries, k)
        k = min(k, len(self._search.vectors))
        rows, cosines = self._backend.nearest(queries, k, effort)
        if (rows < 0).any():
            short = np.flatnonzero((rows < 0).any(1))
            rows[short], cosines[short] = self._search.nearest(queries[short], k)
        return rows, cosines

    def save(self, folder: Path) -> None:
        """Write the index into the folder of its vectors, in place of one that is there.

        Raises:
            SeqkitError: if it cannot be written.
        """
        folder = Path(folder)
        path = folder / f"index.{self.card.kind}"
        with ExitStack() as files:
            file = files.enter_context(atomic(path))
            data = self._backend.serialized()
            file.write(data)
            digest = hashlib.sha256(data).hexdigest()
        write_json(folder / CARD, {**as_dict(self.card), "file": digest})
        for old in {f"index.{kind}" for kind in KINDS} - {path.name}:
            (folder / old).unlink(missing_ok=True)


def build(vectors: WordVectors, chosen: IndexSettings | None = None) -> Index:
    """Build an index and measure its recall.

    Raises:
        SeqkitError: if the library is not installed, or no vector has a direction.
    """
    chosen = chosen or IndexSettings()
    made = available(chosen.kind)
    search = _search(vectors)
    rows = search.directed()
    if not len(rows):
        raise SeqkitError("no vector has a direction, all are zeros: there is nothing to index.")
    backend = made.build(search, rows, chosen)
    groups = drawn(rows, 2 * HELD, chosen.seed)
    tuning = [group[::2] for group in groups]
    held = [group[1::2] if len(group) > 1 else group for group in groups]
    index = Index(IndexCard(kind=chosen.kind), backend, search)
    effort = _least_effort(index, tuning, min(chosen.recall + MARGIN, (1 + chosen.recall) / 2))
    card = IndexCard(
        kind=chosen.kind, words=len(search.vectors), size=search.vectors.shape[1], effort=effort,
        recall=min(_recall(index, each, _bars(search, each), effort) for each in held),
        queries=sum(map(len, held)), vectors=digest_of(search),
    )  # fmt: skip
    return Index(card, backend, search)


def open_index(vectors: WordVectors, folder: Path) -> Index:
    """Open the index that was saved with these vectors.

    Raises:
        SeqkitError: if there is none, it is damaged, it was built from other vectors, or the
            library is not installed.
    """
    folder, search = Path(folder), _search(vectors)
    if not (folder / CARD).is_file():
        raise SeqkitError(
            f"{folder} has no index for approximate search: {REBUILD} {folder}, or search exactly."
        )
    try:
        told = read_json(folder / CARD)
        card = check(IndexCard, told if isinstance(told, dict) else {"": told})
    except SeqkitError as error:
        raise SeqkitError(f"{folder / CARD} is damaged ({error}): {REBUILD}.") from None
    path = folder / f"index.{card.kind}"
    if card.vectors != digest_of(search):
        raise SeqkitError(f"{folder / CARD} is of other vectors than these are now: {REBUILD}.")
    made = available(card.kind)
    try:
        is_whole = sha256(path) == card.file  # these libraries trust what they read
    except OSError as error:
        raise SeqkitError(f"cannot read {path} ({error.strerror}): {REBUILD}.") from None
    if not is_whole:
        raise SeqkitError(f"{path} is damaged, or not of this {CARD}: {REBUILD}.")
    return Index(card, made.open(path, search), search)


def _search(vectors: WordVectors) -> Search:
    vectors.fill_norms()
    assert vectors.norms is not None
    return Search(vectors.vectors, vectors.norms)


def digest_of(search: Search) -> str:
    """Return a digest of the vectors, of every number: about 0.6 s for 1 GB."""
    digest = hashlib.sha256(repr(search.vectors.shape).encode())
    for at in range(0, len(search.vectors), HASHED):
        digest.update(np.ascontiguousarray(search.vectors[at : at + HASHED], np.float32).data)
    return digest.hexdigest()


def _bars(search: Search, rows: NDArray[np.int64]) -> Floats:
    """Return for each row, as a query, the cosine of its tenth nearest beside itself."""
    _, cosines = search.nearest(search.vectors[rows], NEAREST + 1)
    return np.nan_to_num(cosines[:, -1:], nan=-1)


def _recall(index: Index, rows: NDArray[np.int64], bars: Floats, effort: int) -> float:
    """Return the share of the nearest ten beside itself that are found, of these rows."""
    found, cosines = index._nearest(index._search.vectors[rows], NEAREST + 1, effort)
    wanted = cosines.shape[1] - 1
    if not wanted:
        return 1.0  # one word alone has no other to find
    is_near = (found != rows[:, None]) & (cosines >= bars)  # an equal cosine is as good
    return float(np.minimum(is_near.sum(1), wanted).mean() / wanted)


def _least_effort(index: Index, groups: list[NDArray[np.int64]], wanted: float) -> int:
    """Return the least effort that reaches the wanted recall on each group, or the most."""
    bars, efforts = [_bars(index._search, rows) for rows in groups], index._backend.efforts()
    low, high = 0, len(efforts) - 1
    while low < high:
        middle = (low + high) // 2
        if all(
            _recall(index, rows, bar, efforts[middle]) >= wanted
            for rows, bar in zip(groups, bars, strict=True)
        ):
            high = middle
        else:
            low = middle + 1
    return efforts[low]
