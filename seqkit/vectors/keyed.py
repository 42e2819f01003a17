"""Word vectors with the look-ups of gensim's ``KeyedVectors``: the same names, arguments, answers.

Code written for it runs after ``from seqkit.vectors import WordVectors as KeyedVectors``. What
is our own is how they are kept: a folder that opens at once, see
:mod:`seqkit.vectors.files.folder`.
"""

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Literal, Self, cast

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from seqkit.errors import SeqkitError
from seqkit.vectors.files import folder
from seqkit.vectors.neighbours import Key, UnknownKeyError, is_key
from seqkit.vectors.queries import Queries
from seqkit.vectors.words import Words

File = str | PathLike[str]


class WordVectors(Queries):
    """Words (or other keys), each with a vector.

    A key that is a whole number and no word names a row. The matrix of an opened folder is
    memory-mapped; changes to it are this process's alone and never reach the file.

    Attributes:
        vectors: ``(words, vector_size)``, one row for each word.
        norms: ``(words,)``, lengths of the rows; None until they are needed.
        vector_size: features of a vector.
        expandos: more numbers of each word by name: ``count`` is how often the text has it.
        card: what is known of how they were made.
        folder: where they were opened or last saved; None if nowhere.
    """

    def __init__(self, vector_size: int, count: int = 0, dtype: DTypeLike = np.float32) -> None:
        """Make room for ``count`` words, to be named by :meth:`add_vector`."""
        self._set(Words([None] * count, {}), np.zeros((count, vector_size), dtype))  # type: ignore[list-item]
        self.next_index = 0

    def _set(self, words: Words, vectors: NDArray[Any]) -> None:
        self._words, self.vectors = words, vectors
        self.vector_size: int = vectors.shape[1]
        self.norms: NDArray[Any] | None = None
        self.expandos: dict[str, NDArray[Any]] = {}
        self.card: dict[str, Any] = {}
        self.folder: Path | None = None
        self.next_index = len(words)

    @classmethod
    def of(
        cls,
        words: Iterable[str] | Words,
        vectors: NDArray[Any],
        *,
        counts: ArrayLike | None = None,
        norms: NDArray[Any] | None = None,
        card: Mapping[str, Any] | None = None,
    ) -> Self:
        """Name the rows of a matrix, which is not copied.

        Args:
            words: one for each row.
            vectors: ``(words, size)`` floats.
            counts: ``(words,)``, how often the text has each.
            norms: ``(words,)``, lengths of the rows, where they are known.
            card: how the vectors were made.

        Raises:
            SeqkitError: if there are not as many words, or counts, as rows.
        """
        if vectors.ndim != 2 or vectors.dtype.kind != "f":
            raise SeqkitError(
                f"vectors are a matrix of floats, not {vectors.dtype} {vectors.shape}."
            )
        made, named = cls.__new__(cls), Words.of(words)
        if len(named) != len(vectors):
            raise SeqkitError(f"{len(named)} words have {len(vectors)} vectors.")
        made._set(named, vectors)
        if counts is not None:
            made.expandos["count"] = np.asarray(counts)
            if made.expandos["count"].shape != (len(named),):
                raise SeqkitError(f"{len(named)} words have {len(made.expandos['count'])} counts.")
        made.norms, made.card = norms, dict(card or {})
        return made

    @property
    def words(self) -> Words:
        """The words, found without a list or an index of them."""
        return self._words

    @property
    def index_to_key(self) -> list[Any]:
        """The key of each row, made on the first use."""
        return self._words.as_list()

    @index_to_key.setter
    def index_to_key(self, keys: list[Any]) -> None:
        self._words = Words(keys, self.key_to_index)

    @property
    def key_to_index(self) -> dict[Any, int]:
        """The row of each key, made on the first use."""
        return self._words.as_dict()

    @key_to_index.setter
    def key_to_index(self, index: dict[Any, int]) -> None:
        self._words = Words(self.index_to_key, index)

    def __getstate__(self) -> dict[str, Any]:
        made_on_demand = {"_searched", "_indexed"}
        return {name: value for name, value in vars(self).items() if name not in made_on_demand}

    def __len__(self) -> int:
        return len(self._words)

    def __str__(self) -> str:
        return f"{type(self).__name__}<vector_size={self.vector_size}, {len(self)} keys>"

    def __getitem__(self, keys: Key | Sequence[Key]) -> NDArray[Any]:
        """Return the vector ``(vector_size,)`` of a key, or those of many, one a row."""
        if is_key(keys):
            return self.get_vector(keys)
        return np.vstack([self.get_vector(key) for key in cast(Sequence[Key], keys)])

    def __contains__(self, key: object) -> bool:
        return self.has_index_for(key)

    def has_index_for(self, key: object) -> bool:
        """Return whether a key has a row of its own."""
        return self.get_index(key, -1) >= 0

    def get_index(self, key: Any, default: int | None = None) -> int:
        """Return the row of a key; ``default``, if one is given, for an unknown one.

        Raises:
            KeyError: if it is unknown and there is no default.
        """
        row = self._words.index(key)
        if row >= 0:
            return row
        if isinstance(key, (int, np.integer)) and 0 <= key < len(self):
            return key  # type: ignore[return-value]
        if default is not None:
            return default
        raise UnknownKeyError(key)

    def get_vector(self, key: Key, norm: bool = False) -> NDArray[Any]:
        """Return the ``(vector_size,)`` vector of a key, read-only; of unit length if ``norm``.

        Raises:
            KeyError: if the key is unknown.
        """
        row = self.get_index(key)
        vector: NDArray[Any] = self.vectors[row]
        if norm:
            with np.errstate(invalid="ignore"):  # zeros have no direction: NaN
                vector = vector / self._lengths()[row]
        vector.setflags(write=False)
        return vector

    def fill_norms(self, force: bool = False) -> None:
        """Compute the lengths of the rows, if need be; ``force`` after rows were changed."""
        if self.norms is None or force:
            self.norms = np.linalg.norm(self.vectors, axis=1)

    def get_normed_vectors(self) -> NDArray[Any]:
        """Return a copy of the vectors, ``(words, vector_size)``, scaled to unit length."""
        with np.errstate(invalid="ignore"):
            normed: NDArray[Any] = self.vectors / self._lengths()[:, None]
        return normed

    def unit_normalize_all(self) -> None:
        """Scale all vectors to unit length, in place of what they were."""
        self.vectors = self.get_normed_vectors()
        self.norms = np.ones(len(self.vectors))

    def add_vector(self, key: Key, vector: ArrayLike) -> int:
        """Give a key a vector, in the next row that has no name yet, else in a new one.

        Returns:
            The row.
        """
        row = self.next_index
        if row < len(self) and self.index_to_key[row] is None:
            self.index_to_key[row], self.key_to_index[key] = key, row
            self.vectors[row], self.norms = vector, None
        else:
            row = len(self)
            self.add_vectors([key], [vector])
        self.next_index = row + 1
        return row

    def add_vectors(
        self,
        keys: Key | Sequence[Key],
        weights: Any,
        extras: Mapping[str, NDArray[Any]] | None = None,
        replace: bool = False,
    ) -> None:
        """Append keys with their vectors; a known key keeps its own unless ``replace``.

        Args:
            keys: one, or several.
            weights: ``(keys, vector_size)``, or a list of vectors.
            extras: arrays ``(keys,)`` of ``expandos``, by name.
            replace: whether known keys are given the new vectors.
        """
        if is_key(keys):
            keys, weights = [keys], np.reshape(weights, (1, -1))
        named, weights, extras = cast(Sequence[Key], keys), np.asarray(weights), extras or {}
        self.allocate_vecattrs(list(extras), [extra.dtype for extra in extras.values()])
        index = self.key_to_index
        known = np.fromiter((key in index for key in named), np.bool_, len(named))
        old, new = np.flatnonzero(known), np.flatnonzero(known == 0)
        if len(weights) != len(named):
            raise IndexError(f"{len(named)} keys have {len(weights)} vectors")
        vectors = np.vstack((self.vectors, weights[new].astype(self.vectors.dtype)))
        for at in new.tolist():
            index[named[at]] = len(self.index_to_key)
            self.index_to_key.append(named[at])
        self.vectors, self.norms = vectors, None
        self.allocate_vecattrs()
        rows = [index[named[at]] for at in old.tolist()]
        if replace:
            self.vectors[rows] = weights[old]
        for name, extra in extras.items():
            self.expandos[name][len(self) - len(new) :] = extra[new]
            if replace:
                self.expandos[name][rows] = extra[old]

    def __setitem__(self, keys: Key | list[Key], weights: Any) -> None:
        """Give keys vectors, known ones too."""
        if not isinstance(keys, list):
            keys, weights = [keys], np.reshape(weights, (1, -1))
        self.add_vectors(keys, weights, replace=True)

    def allocate_vecattrs(
        self, attrs: Sequence[str] | None = None, types: Sequence[Any] | None = None
    ) -> None:
        """Give the named attributes, or all there are, a number for each word, zero where new.

        Raises:
            TypeError: if an attribute is already of another type.
        """
        if attrs is None or types is None:
            attrs = list(self.expandos)
            types = [self.expandos[name].dtype for name in attrs]
        for name, kind in zip(attrs, types, strict=True):
            # NumPy would give all texts the width of the longest.
            dtype = np.dtype({int: np.int64, str: object}.get(kind, kind))
            old = self.expandos.setdefault(name, np.zeros(len(self), dtype))
            if not np.issubdtype(dtype, old.dtype):
                raise TypeError(f"the attribute '{name}' is of the type {old.dtype}, not {dtype}.")
            if len(old) != len(self):
                new = self.expandos[name] = np.zeros((len(self), *old.shape[1:]), old.dtype)
                kept = min(len(old), len(new))
                new[:kept] = old[:kept]

    def set_vecattr(self, key: Key, attr: str, val: Any) -> None:
        """Set an attribute of a key, such as its ``count``."""
        self.allocate_vecattrs([attr], [type(val)])
        self.expandos[attr][self.get_index(key)] = val

    def get_vecattr(self, key: Key, attr: str) -> Any:
        """Return an attribute of a key.

        Raises:
            KeyError: if the key or the attribute is unknown.
        """
        return self.expandos[attr][self.get_index(key)]

    def sort_by_descending_frequency(self) -> None:
        """Order the words by falling count, of equal ones the last first, as gensim does.

        Raises:
            KeyError: if no counts are known.
        """
        if not len(self):
            return
        counts = np.asarray(self.expandos["count"], dtype=np.int64)
        order = np.lexsort((-np.arange(len(counts)), -counts))
        keys = self.index_to_key
        self._words = Words.of([keys[row] for row in order])
        self.vectors, self.norms = self.vectors[order], None
        self.allocate_vecattrs()
        self.expandos = {name: values[order] for name, values in self.expandos.items()}

    def vectors_for_all(
        self, keys: Iterable[Key], allow_inference: bool = True, copy_vecattrs: bool = False
    ) -> "WordVectors":
        """Return the vectors of those keys that have one, each once, in their order.

        Args:
            keys: any, read once.
            allow_inference: whether unseen words count that have a vector from their n-grams.
            copy_vecattrs: whether to take ``expandos`` too, where a word has them.
        """
        has = self.__contains__ if allow_inference else self.has_index_for
        kept = [key for key in dict.fromkeys(keys) if has(key)]
        made = WordVectors(self.vector_size, len(kept), self.vectors.dtype)
        for key in kept:
            made.add_vector(key, self.get_vector(key))
        made.expandos["count"] = np.arange(len(kept), 0, -1)  # as gensim numbers what has none
        if copy_vecattrs:
            for name in self.expandos:
                for key in filter(self.has_index_for, kept):
                    made.set_vecattr(key, name, self.get_vecattr(key, name))
        return made

    def save(self, fname: File) -> None:
        """Write the folder that :meth:`load` opens; see :mod:`seqkit.vectors.files.folder`.

        Raises:
            SeqkitError: if a vector is not finite, a word holds a line feed, or it cannot be
                written.
        """
        path = Path(fname)
        self.allocate_vecattrs()
        folder.save_folder(
            path, self._words, self.vectors, self._lengths(), attributes=self.expandos,
            ngrams=getattr(self, "ngrams", None), card=self.card,
        )  # fmt: skip
        self.folder = path

    @classmethod
    def load(cls, fname: File, mmap: Literal["r"] | None = None) -> "WordVectors":
        """Open a folder that :meth:`save` wrote, by memory map.

        Args:
            fname: the folder.
            mmap: ``"r"`` has the arrays refuse changes; None keeps changes in this process.

        Raises:
            SeqkitError: if it is missing or damaged.
        """
        opened = folder.open_folder(Path(fname), writable=mmap is None)
        made = WordVectors.of(opened.words, opened.vectors, norms=opened.norms, card=opened.card)
        made.expandos, made.folder = opened.attributes, Path(fname)
        if opened.ngrams is None:
            return made
        from seqkit.vectors.subwords import SubwordVectors

        return SubwordVectors.opened(made, opened.ngrams)

    @classmethod
    def load_word2vec_format(
        cls,
        fname: File,
        fvocab: File | None = None,
        binary: bool = False,
        encoding: str = "utf8",
        unicode_errors: str = "strict",
        limit: int | None = None,
        datatype: DTypeLike = np.float32,
        no_header: bool = False,
    ) -> "WordVectors":
        """Read a file of word2vec's; see :func:`seqkit.vectors.files.formats.read_word2vec`."""
        from seqkit.vectors.files import formats

        return formats.read_word2vec(
            Path(fname), fvocab=fvocab, binary=binary, encoding=encoding,
            unicode_errors=unicode_errors, limit=limit, datatype=datatype, no_header=no_header,
        )  # fmt: skip

    def save_word2vec_format(
        self,
        fname: File,
        fvocab: File | None = None,
        binary: bool = False,
        total_vec: int | None = None,
        write_header: bool = True,
        prefix: str = "",
        append: bool = False,
        sort_attr: str = "count",
    ) -> None:
        """Write a file of word2vec's; see :func:`seqkit.vectors.files.formats.write_word2vec`."""
        from seqkit.vectors.files import formats

        formats.write_word2vec(
            self, Path(fname), fvocab=fvocab, binary=binary, total_vec=total_vec,
            write_header=write_header, prefix=prefix, append=append, sort_attr=sort_attr,
        )  # fmt: skip


def only_an_order(counts: NDArray[Any]) -> bool:
    """Whether counts are those that readers of files without any make up: n, n - 1, ..., 1."""
    return np.array_equal(counts, np.arange(len(counts), 0, -1))
