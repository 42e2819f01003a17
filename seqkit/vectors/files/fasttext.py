"""fastText's ``.bin`` models: the vectors of words and of the n-grams that words are made of.

The layout is that of fastText 0.9 (``FastText::saveModel``), version 12; all numbers are
little-endian. Models of ``skipgram`` and ``cbow`` are read. As in gensim, ``</s>`` has n-grams
like any word.
"""

import struct
from os import PathLike
from pathlib import Path
from typing import IO, Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from seqkit.errors import SeqkitError
from seqkit.files import atomic
from seqkit.vectors.files import streams
from seqkit.vectors.keyed import WordVectors
from seqkit.vectors.subwords import Subwords, SubwordVectors
from seqkit.vectors.words import Words

MAGIC, VERSIONS = struct.pack("<i", 793712314), (11, 12)
LONGEST_WORD = 1 << 16  # bytes
CBOW, SKIPGRAM, SUPERVISED = 1, 2, 3
_NEGATIVE_SAMPLING = 2
_HEAD = struct.Struct("<12id")
_ARGUMENTS = {
    "size": 100, "window": 5, "epochs": 5, "min_count": 1, "negative": 5, "word_ngrams": 1,
    "loss": _NEGATIVE_SAMPLING, "model": SKIPGRAM, "buckets": 0, "min_n": 0, "max_n": 0,
    "rate_updates": 100, "sample": 1e-4,
}  # fmt: skip


def read_fasttext(
    path: str | PathLike[str], *, encoding: str = "utf8", unicode_errors: str = "backslashreplace"
) -> WordVectors:
    """Read a ``.bin`` model of fastText.

    Args:
        path: the file; it may be gzipped.
        encoding: of the words.
        unicode_errors: what to do with bytes that are not of it; by default they are spelt out,
            as gensim does: fastText may cut a long word within a character.

    Returns:
        :class:`~seqkit.vectors.subwords.SubwordVectors`, whose answers for unseen words are
        fastText's; plain vectors if the model was trained without n-grams (``-maxn 0``).

    Raises:
        SeqkitError: if it is not such a file, damaged, quantised, or a classifier.
    """
    path, decode = Path(path), streams.decoder(encoding, unicode_errors)
    with streams.opened(path) as file:
        model = _File(file, path)
        head = _head(model)
        words, counts = _dictionary(model, decode)
        (quantised,) = model.unpack("<?", "its head")
        if quantised:
            raise SeqkitError(
                f"{path} is quantised, which is not read: use the model that it was made of."
            )
        rows, width = model.unpack("<2q", "the size of its matrix")
        if (rows, width) != (len(words) + head["buckets"], head["size"]):
            model.refuse(
                f"its matrix is {rows} x {width}, where {len(words)} words and {head['buckets']} "
                f"buckets of {head['size']} features are due"
            )
        own = model.matrix(len(words), width, "the vectors of its words")
        card = {"source": path.name, "fasttext": head}
        if head["max_n"] < max(1, head["min_n"]) or not head["buckets"]:
            return WordVectors.of(Words(words), own, counts=counts, card=card)
        ngrams = model.matrix(head["buckets"], width, "the vectors of its n-grams")
    chosen = Subwords(min_n=max(1, head["min_n"]), max_n=head["max_n"], buckets=head["buckets"])
    made = SubwordVectors.composed(Words(words), own, ngrams, chosen, counts=counts, card=card)
    if streams.not_finite(made.vectors) is not None:
        model.refuse("vectors of words and n-grams add up to more than float32 holds")
    return made


def write_fasttext(vectors: WordVectors, path: str | PathLike[str]) -> None:
    """Write a ``.bin`` model that fastText and gensim open, with the same answers.

    The rows of the words without their n-grams' are computed from their vectors. Output weights
    are not known and written as zeros, so that training cannot go on from the file.

    Raises:
        SeqkitError: if the n-grams are not fastText's, a word holds a NUL, or the file cannot be
            written.
    """
    path, words = Path(path), vectors.index_to_key
    own, ngrams = np.asarray(vectors.vectors, np.float32), np.empty((0, 0), np.float32)
    head = {**_ARGUMENTS, **_known(vectors.card), "size": vectors.vector_size}
    head |= {"buckets": 0, "min_n": 0, "max_n": 0}
    if isinstance(vectors, SubwordVectors):
        chosen = vectors.subwords
        if chosen.unit != "character":
            raise SeqkitError(
                f"{path} cannot hold n-grams of {chosen.unit}: fastText's are of characters; "
                "save a folder, or the vectors of words alone."
            )
        own, ngrams = vectors.own_rows(), np.asarray(vectors.ngrams, np.float32)
        head |= {"buckets": chosen.buckets, "min_n": chosen.min_n, "max_n": chosen.longest}
    counts = np.asarray(vectors.expandos.get("count", np.ones(len(words))), np.int64)
    with atomic(path) as plain, streams.packed(plain, path) as file:
        file.write(MAGIC + struct.pack("<i", VERSIONS[-1]) + _HEAD.pack(*head.values()))
        file.write(struct.pack("<3i2q", len(words), len(words), 0, counts.sum(), -1))
        for word, count in zip(map(str, words), counts.tolist(), strict=True):
            if "\0" in word:
                raise SeqkitError(f"the word {word!r} cannot be written to {path}: it has a NUL.")
            file.write(word.encode() + struct.pack("<xqb", count, 0))
        file.write(struct.pack("<?2q", False, len(own) + len(ngrams), vectors.vector_size))
        file.write(np.ascontiguousarray(own, "<f4").data)
        file.write(np.ascontiguousarray(ngrams, "<f4").data)
        file.write(struct.pack("<?2q", False, len(words), vectors.vector_size))
        blank = bytes(4 * vectors.vector_size)
        file.writelines(blank for _ in words)


def _known(card: Any) -> dict[str, Any]:
    """Return the arguments of the model that these vectors were read from, if they were."""
    told = card.get("fasttext")
    return {name: told[name] for name in _ARGUMENTS} if isinstance(told, dict) else {}


def _head(model: "_File") -> dict[str, Any]:
    """Read the arguments of a model; refuse what cannot be, and what is no word vectors."""
    if (magic := model.read(4, "its first bytes")) != MAGIC:
        raise SeqkitError(f"{model.path} is no .bin model of fastText: it begins with {magic!r}.")
    (version,) = model.unpack("<i", "its head")
    if version not in VERSIONS:
        raise SeqkitError(
            f"{model.path} is of version {version} of fastText's format, and {VERSIONS[-1]} is "
            "read: train it anew with fastText 0.9, or fetch it again."
        )
    head = dict(zip(_ARGUMENTS, model.unpack(_HEAD.format, "its head"), strict=True))
    if head["model"] == SUPERVISED:
        raise SeqkitError(
            f"{model.path} is a classifier of fastText, trained on labels: only models of "
            "skipgram and cbow are word vectors."
        )
    sizes = [head[name] for name in ("size", "buckets", "min_n", "max_n")]
    if (
        not 1 <= head["size"] <= streams.MOST_FEATURES
        or min(sizes) < 0
        or max(sizes[2:]) > 64
        or head["model"] not in (CBOW, SKIPGRAM)
        or not np.isfinite(head["sample"])
    ):
        model.refuse(
            f"its head makes no sense ({sizes[0]} features, {sizes[1]} buckets, n-grams of "
            f"{sizes[2]} to {sizes[3]})"
        )
    return head


def _dictionary(model: "_File", decode: streams.Decode) -> tuple[list[str], NDArray[np.int64]]:
    """Read the words and how often the text had each."""
    size, count, labels, _, pruned = model.unpack("<3i2q", "its dictionary")
    if size < 1 or count != size or labels:
        model.refuse(f"its dictionary of {size} entries has {count} words and {labels} labels")
    if pruned >= 0:
        raise SeqkitError(
            f"{model.path} is pruned, which is not read: use the model that it was made of."
        )
    words, counts = dict[str, None](), []
    for number in range(1, size + 1):
        raw = model.word(f"word {number} of the {size} in its dictionary")
        occurs, kind = model.unpack("<qb", "its dictionary")
        try:
            word = decode(raw)
        except UnicodeDecodeError as error:
            raise SeqkitError(
                f"{model.path}: the word {raw!r} is not {error.encoding.upper()}: name its "
                "encoding, or what to do with such bytes (unicode_errors='replace')."
            ) from None
        if kind or occurs < 0 or word in words:
            model.refuse(f"word {number} of its dictionary, {word[:40]!r}, cannot be one")
        words[word] = None
        counts.append(occurs)
    return list(words), np.array(counts, np.int64)


class _File:
    """An open model, read with errors that say where it ends or makes no sense."""

    def __init__(self, file: IO[bytes], path: Path) -> None:
        self._file, self.path = file, path
        self._data, self._at = b"", 0

    def refuse(self, problem: str) -> NoReturn:
        raise SeqkitError(f"{self.path}: {problem}: it is cut short or damaged; fetch it again.")

    def _more(self) -> bool:
        read = self._file.read(streams.BYTES)
        self._data, self._at = self._data[self._at :] + read, 0
        return len(read) > 0

    def read(self, size: int, what: str) -> bytes:
        """Read so many bytes, at most some megabytes."""
        while len(self._data) < self._at + size:
            if not self._more():
                self.refuse(f"it ends within {what}")
        self._at += size
        return self._data[self._at - size : self._at]

    def unpack(self, layout: str, what: str) -> tuple[Any, ...]:
        form = struct.Struct(layout)
        return form.unpack(self.read(form.size, what))

    def word(self, what: str) -> bytes:
        """Read up to a NUL, which is left out."""
        while (end := self._data.find(b"\0", self._at)) < 0:
            if len(self._data) > self._at + LONGEST_WORD or not self._more():
                self.refuse(f"it ends within {what}")
        begin, self._at = self._at, end + 1
        return self._data[begin:end]

    def matrix(self, rows: int, width: int, what: str) -> NDArray[np.float32]:
        """Read rows of float32; memory is taken for what the file can hold, or as it is read."""
        room = rows if 4 * rows * width <= self.path.stat().st_size else 1
        data, done = np.empty((room, width), np.float32), 0
        step = max(1, streams.BYTES // (4 * width))
        while done < rows:
            count = min(step, rows - done)
            if done + count > len(data):
                data.resize((done + count + len(data) // 2, width), refcheck=False)
            part = self.read(4 * width * count, what)
            data[done : done + count] = np.frombuffer(part, "<f4").reshape(count, width)
            if streams.not_finite(data[done : done + count]) is not None:
                self.refuse(f"a number in {what} is not finite")
            done += count
        data.resize((rows, width), refcheck=False)
        return data
