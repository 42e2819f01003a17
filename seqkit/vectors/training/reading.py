"""Any text to what word vectors are trained on: words, their counts, and rows of their numbers."""

import hashlib
import re
import shutil
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from seqkit.data import lists, streams
from seqkit.data.draft import Draft, Tokens, TokenTable, numbered
from seqkit.data.ragged import Ragged, ragged_writer
from seqkit.data.streams import Source
from seqkit.errors import SeqkitError
from seqkit.files import read_json, write_json
from seqkit.text.basic import WhitespaceTokenizer
from seqkit.text.counting import Pair, Progress, mapped
from seqkit.text.scan import WordTable
from seqkit.text.tokenizer import Tokenizer
from seqkit.text.vocabulary import Vocabulary
from seqkit.vectors.training.phrases import PHRASES_FILE, Phrases, PhraseSettings, learn

ROWS, WORDS, ABOUT = "rows", "vocabulary.txt", "encoded.json"
PLAIN = "plain"
MOST_WORDS = 1 << 22  # distinct words held in memory: vectors of so many take gigabytes anyway
_UNWRITABLE = re.compile(r"[\n\r\0\ud800-\udfff]")

Texts = Path | Literal["-"] | str | Iterable[Path] | Iterable[str] | Iterable[Iterable[str]]


@dataclass(frozen=True, eq=False)
class Encoded:
    """A text as numbers of its words, most of it on disk.

    Attributes:
        words: known words first, then the others: by frequency, then by code point.
        counts: ``(words,)`` int64, how often each occurs in this text; 0 of a known word that
            does not.
        rows: a row a line, sentence or text, of places in ``words``; other words are left out, so
            that a row can be empty. Memory-mapped, and of any length: a window slides over it.
        total_words: of the text, those that were left out among them.
        known: how many of ``words`` were known before.
        digest: a fingerprint of the words and rows.
    """

    words: list[str]
    counts: NDArray[np.int64]
    rows: Ragged
    total_words: int
    known: int
    digest: str

    def sentences(self) -> Iterator[list[str]]:
        """Yield the words of each row."""
        words = np.array(self.words, dtype=object)
        for row in range(len(self.rows)):
            yield words[self.rows[row]].tolist()

    @classmethod
    def open(cls, folder: Path) -> "Encoded":
        """Open what :func:`encoded` left in its folder, without a look at the text.

        Raises:
            SeqkitError: if it was not finished, or is broken.
        """
        folder = Path(folder)
        vocabulary = Vocabulary.load(folder / WORDS)
        counts = np.asarray(vocabulary.counts, np.int64)
        match read_json(folder / ABOUT):
            case {"total_words": int(total), "known": int(known), "digest": str(digest)}:
                rows = Ragged.open(folder / ROWS)
                return cls(list(vocabulary.words), counts, rows, total, known, digest)
        raise SeqkitError(f"{folder / ABOUT} is broken: delete its folder and begin anew.")


def encoded(
    texts: Texts,
    folder: Path,
    *,
    tokenizer: Tokenizer | None = None,
    min_count: int = 5,
    max_words: int | None = None,
    vocabulary: Iterable[str] | None = None,
    phrases: PhraseSettings | Phrases | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> Encoded:
    """Read a text once and leave it in ``folder`` as numbers of its words.

    The result is the same however the text is given. Memory holds the distinct words, never the
    text.

    Args:
        texts: a UTF-8 file with a row a line (plain, ``.gz`` or ``.zst``), a folder of such files,
            a list of Paths, or ``"-"`` for standard input; or an iterable of lists of words; or,
            with a tokenizer, an iterable of strings. Read once.
        folder: of the caller's, kept: :meth:`Encoded.open` needs nothing else.
        tokenizer: cuts lines and strings into words; None cuts lines at white space.
        min_count: leave out words that occur less often.
        max_words: the most words to keep, known ones among them, which all stay.
        vocabulary: words that are known already: they come first, whatever their counts.
        phrases: to join, or how to learn them from this text; ``phrases.json`` keeps them.
        workers: processes that run the tokenizer.
        progress: told how much more is read: bytes of files, else texts.

    Raises:
        SeqkitError: if the text cannot be read, is of the wrong kind or has too few words, or
            the folder cannot be written.
    """
    folder, known = Path(folder), list(vocabulary or ())
    if phrases is not None:
        plain = encoded(
            texts,
            folder / PLAIN,
            tokenizer=tokenizer,
            min_count=1,
            workers=workers,
            progress=progress,
        )
        if isinstance(phrases, PhraseSettings):
            phrases = learn(plain.sentences, phrases)
        texts, tokenizer, progress = map(phrases.joined, plain.sentences()), None, None
    with closing(_drafted(texts, folder / ROWS, tokenizer, workers, progress)) as draft:
        chosen = _chosen(draft, known, min_count, max_words)
        with suppress(OSError):  # where it cannot be written, the next lines say so
            (folder / ABOUT).unlink()  # what it tells of is about to change
        if isinstance(phrases, Phrases):
            phrases.save(folder / PHRASES_FILE)
        else:  # those of a text that was here before
            (folder / PHRASES_FILE).unlink(missing_ok=True)
        with ragged_writer(folder / ROWS) as writer:
            for values, lengths in draft.rows(chosen, -1):
                writer.add(values, lengths)
    chosen.save(folder / WORDS)
    rows = Ragged.open(folder / ROWS)
    about = {"total_words": draft.tokens, "known": len(known), "digest": _digest(chosen, rows)}
    write_json(folder / ABOUT, about)
    shutil.rmtree(folder / PLAIN, ignore_errors=True)
    return Encoded.open(folder)


def _drafted(
    texts: Texts,
    folder: Path,
    tokenizer: Tokenizer | None,
    workers: int,
    progress: Progress | None,
) -> Draft[Any]:
    """Return a draft of all the text.

    Raises:
        SeqkitError: if it has no words at all.
    """
    sources, items = _sorted_out(texts)
    pieces: Generator[tuple[Any, bool], None, None]
    if sources and tokenizer in (None, WhitespaceTokenizer()):
        pieces = _blocks(sources, progress)
    elif tokenizer is None:
        pieces = _whole(lists.word_lists(items, progress))
    else:
        each = _lines(sources) if sources else lists.strings(items)
        pieces = _whole(mapped(partial(_cut, tokenizer), each, workers, "local", progress))
    draft: Draft[Any] = Draft(folder, WordTable, partial(streams.refuse, sources), MOST_WORDS)
    try:
        with closing(pieces):
            for piece, whole in pieces:
                if isinstance(piece, Tokens) and draft.make is WordTable:
                    draft.turn_to(TokenTable)
                draft.add(piece, whole=whole)
        if draft.tokens == 0:
            raise SeqkitError(_no_words(texts, sources))
    except BaseException:
        draft.close()
        raise
    return draft


def _sorted_out(texts: Texts) -> tuple[list[Source], Iterator[Any]]:
    """Return the files to read, or if there are none the items of an iterable."""
    if texts == "-":
        return ["-"], iter(())
    if isinstance(texts, str | Path):
        return streams.files_in(Path(texts)), iter(())
    items: Iterator[Any] = iter(texts)
    first = next(items, None)
    if not isinstance(first, Path):
        return [], iter(()) if first is None else chain([first], items)
    every = chain([first], items)
    return [file for path in every for file in streams.files_in(Path(path))], iter(())


def _no_words(texts: Texts, sources: list[Source]) -> str:
    if len(sources) == 1:
        return f"{streams.name_of(sources[0])} has no words: it is empty or every line is blank."
    if sources:
        return f"{streams.name_of(sources[0])} and {len(sources) - 1} more files have no words."
    told = "the iterable of texts gave no words"
    if isinstance(texts, Iterator):
        return f"{told}: a generator can be read but once; make it anew, or give a list."
    return f"{told}: it is empty, or every text in it is."


def _blocks(
    sources: list[Source], progress: Progress | None
) -> Generator[tuple[bytes, bool], None, None]:
    for source in sources:
        for block, whole in streams.blocks(source):
            yield block, whole
            if progress is not None:
                progress(len(block))


def _lines(sources: list[Source]) -> Iterator[str]:
    return chain.from_iterable(map(streams.lines, sources))


def _whole(parts: Generator[Any, None, None]) -> Generator[tuple[Any, bool], None, None]:
    with closing(parts):
        for part in parts:
            yield part, True


def _cut(tokenizer: Tokenizer, texts: list[str]) -> Tokens:
    return numbered(list(map(tokenizer.words, texts)))


def _chosen(
    draft: Draft[Any], known: list[str], min_count: int, max_words: int | None
) -> Vocabulary:
    """Return the words to train: those known before, then the most frequent others."""
    if max_words is not None and max_words < max(2, len(known)):
        raise SeqkitError(
            f"max_words = {max_words}: it must be at least {max(2, len(known))}"
            + (", the words that are known already." if known else ".")
        )
    counts: dict[str, int] = dict.fromkeys(known, 0)
    if len(counts) < len(known):
        raise SeqkitError("a word stands twice among the known words.")

    def others() -> Iterator[Pair]:
        for word, n in draft.counts(1 if known else min_count):
            if word in counts:
                counts[word] = n
            else:
                yield word, n

    room = None if max_words is None else max_words - len(known)
    if room == 0:
        deque(others(), maxlen=0)
        new = Vocabulary((), (), ())
    else:
        new = Vocabulary.build(others(), min_count=min_count, max_size=room, specials=())
    words, times = (*counts, *new.words), (*counts.values(), *new.counts)
    if not any(times):
        raise SeqkitError(_too_rare(draft, known, min_count))
    if len(words) == 1:
        raise SeqkitError(
            f"only one word, '{words[0]}', occurs {min_count} times or more, and vectors compare "
            "words: lower min_count or give more text."
        )
    _writable(words)
    return Vocabulary(words, times, ())


def _too_rare(draft: Draft[Any], known: list[str], min_count: int) -> str:
    word, most = max(draft.counts(1), key=itemgetter(1))
    told = f"'{word}' has the most, {most}" + (", and none was known before" if known else "")
    return f"no word occurs {min_count} times or more ({told}): lower min_count to {most} or less."


def _writable(words: Iterable[str]) -> None:
    """Refuse words that no file of vectors, a word a line, can hold."""
    for word in words:
        if _UNWRITABLE.search(word):
            raise SeqkitError(
                f"the word {word!r:.60} holds a line break or half of a surrogate pair, which no "
                "file of word vectors can hold: clean the lists of words."
            )


def _digest(vocabulary: Vocabulary, rows: Ragged) -> str:
    """Return the SHA-256 of words and rows, in hexadecimal; it takes a second for 1e8 words."""
    hashed = hashlib.sha256("\n".join(vocabulary.words).encode("utf-8", "surrogatepass"))
    for array in (rows.offsets, rows.values):
        hashed.update(np.ascontiguousarray(array).data)
    return hashed.hexdigest()
