"""How often each token of a text occurs: in order, in parallel, in bounded memory."""

import heapq
import marshal
import tempfile
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import IO, TypeVar

from seqkit.errors import SeqkitError
from seqkit.files import read_lines
from seqkit.parallel import engine_map
from seqkit.text.tokenizer import Tokenizer

Result = TypeVar("Result")

Pair = tuple[str, int]  # a word and its count
Progress = Callable[[int], None]  # told how much more is done: bytes of a file, else texts

CHUNK = 1 << 16  # characters of text given to a worker at a time
MOST_WORDS = 1 << 20  # distinct words held in memory, or those of so many characters of text:
MOST_CHARACTERS = 1 << 27
MOST_RUNS = 64  # open at a time
BLOCK = 4096  # pairs of a run in memory


def count(
    texts: Iterable[str] | Path,
    tokenizer: Tokenizer,
    *,
    min_count: int = 1,
    workers: int = 1,
    engine: str = "local",
    progress: Progress | None = None,
) -> Counter[str]:
    """Return how often each token of the texts occurs, in order of code points.

    The same for any number of workers and any engine. For more distinct words than memory
    holds, give :func:`sorted_counts` to :meth:`Vocabulary.build`.

    Args:
        texts: read once; or the path of a UTF-8 file (or ``.gz``, ``.zst``) with a text a line.
        tokenizer: cuts a text into tokens.
        min_count: leave out tokens that occur less often.
        workers: processes.
        engine: ``local``, or ``ray`` for the tasks of a Ray cluster in place of processes.
        progress: told as work is done.

    Raises:
        SeqkitError: if the file cannot be read, a worker dies, or an argument has no sense.
    """
    pairs = sorted_counts(
        texts,
        tokenizer,
        min_count=min_count,
        workers=workers,
        engine=engine,
        progress=progress,
    )
    with closing(pairs):
        return Counter(dict(pairs))


def sorted_counts(
    texts: Iterable[str] | Path,
    tokenizer: Tokenizer,
    *,
    min_count: int = 1,
    workers: int = 1,
    engine: str = "local",
    progress: Progress | None = None,
    most_words: int = MOST_WORDS,
) -> Generator[Pair, None, None]:
    """Yield each token and its count, in order of code points, in bounded memory.

    Where there are more than ``most_words`` distinct tokens, sorted runs of them go to
    temporary files without a name, which the system removes however the process ends.
    Other arguments and errors are those of :func:`count`.
    """
    if isinstance(texts, Path) and is_plain_file(texts, tokenizer, workers, engine):
        from seqkit.text import scan

        runs = scan.count(texts, most_words, progress)
    else:
        runs = _spilled(texts, tokenizer, workers, engine, progress, most_words)
    with closing(runs):
        yield from ((word, n) for word, n in runs.merged() if n >= min_count)


def is_plain_file(texts: object, tokenizer: Tokenizer, workers: int, engine: str) -> bool:
    """Whether one process scans it fastest: a file, cut at white space, no letter changed.

    The compiled scan of one process outruns several that cut strings: ``workers`` is not needed.
    """
    from seqkit.text.basic import WhitespaceTokenizer

    return (
        isinstance(texts, Path)
        and tokenizer == WhitespaceTokenizer()
        and engine == "local"
        and workers > 0
    )


def _spilled(
    texts: Iterable[str] | Path,
    tokenizer: Tokenizer,
    workers: int,
    engine: str,
    progress: Progress | None,
    most_words: int,
) -> "Runs":
    runs, table, characters = Runs(), Counter[str](), 0
    parts = mapped(partial(_counted, tokenizer), texts, workers, engine, progress)
    with closing(parts):
        for part, size in parts:
            table.update(part)
            characters += size
            if len(table) > most_words or characters > MOST_CHARACTERS:
                runs.spill(sorted(table.items()))
                table, characters = Counter(), 0
    runs.last(sorted(table.items()))
    return runs


def _counted(tokenizer: Tokenizer, texts: list[str]) -> tuple[dict[str, int], int]:
    counts = Counter(chain.from_iterable(map(tokenizer.words, texts)))
    return dict(counts), sum(map(len, texts))


def mapped(
    function: Callable[[list[str]], Result],
    texts: Iterable[str] | Path,
    workers: int,
    engine: str,
    progress: Progress | None,
) -> Generator[Result, None, None]:
    """Yield ``function(chunk)`` for chunks of the texts, in order."""
    sizes: deque[int] = deque()
    results = engine_map(function, _chunks(texts, sizes, progress is not None), workers, engine)
    try:
        for result in results:
            if progress is not None:
                progress(sizes.popleft())
            yield result
    finally:
        close = getattr(results, "close", None)  # a plain map has none, and no workers to end
        if close is not None:
            close()


def _chunks(texts: Iterable[str] | Path, sizes: deque[int], measured: bool) -> Iterator[list[str]]:
    """Yield lists of about ``CHUNK`` characters of text, and note how much each one is."""
    if isinstance(texts, str):
        raise TypeError("texts are a list of strings, or the Path of a file, not one string")
    is_file = isinstance(texts, Path)
    lines = (line for _, line in read_lines(texts)) if isinstance(texts, Path) else texts
    chunk: list[str] = []
    characters = 0

    def size() -> int:
        return sum(len(text.encode()) + 1 for text in chunk) if is_file else len(chunk)

    for text in lines:
        chunk.append(text)
        characters += len(text) + 1
        if characters >= CHUNK:
            if measured:
                sizes.append(size())
            yield chunk
            chunk, characters = [], 0
    if chunk:
        if measured:
            sizes.append(size())
        yield chunk


class Runs:
    """Sorted runs of words and counts, on disk but for the last, merged as they are read."""

    def __init__(self) -> None:
        self._files: list[IO[bytes]] = []
        self._last: list[Pair] = []

    def spill(self, pairs: Iterable[Pair]) -> None:
        """Write a run, sorted by word, each word once, to a file without a name."""
        if len(self._files) == MOST_RUNS:
            before, self._files = self._files, [write_run(_merged(map(read_run, self._files)))]
            for file in before:
                file.close()
        self._files.append(write_run(pairs))

    def last(self, pairs: list[Pair]) -> None:
        """Keep the last run, sorted by word, in memory."""
        self._last = pairs

    def merged(self) -> Iterator[Pair]:
        """Yield each word once, in order of code points, with the sum of its counts."""
        return _merged([*map(read_run, self._files), self._last])

    def close(self) -> None:
        """Give the disk space back."""
        for file in self._files:
            file.close()


def _merged(runs: Iterable[Iterable[Pair]]) -> Iterator[Pair]:
    pairs = heapq.merge(*runs)
    word, total = next(pairs, ("", 0))
    for each, n in pairs:
        if each == word:
            total += n
        else:
            yield word, total
            word, total = each, n
    if total:
        yield word, total


def write_run(pairs: Iterable[Pair]) -> IO[bytes]:
    """Return a file of blocks of pairs, each after its length. Nothing in it can be run."""
    remaining = iter(pairs)
    try:
        file = tempfile.TemporaryFile(prefix="seqkit-")  # noqa: SIM115, closed by Runs
        while block := list(islice(remaining, BLOCK)):
            data = marshal.dumps(block)
            file.write(len(data).to_bytes(8, "little") + data)
        file.flush()
    except OSError as error:
        raise SeqkitError(
            f"cannot write to the folder of temporary files, {tempfile.gettempdir()} "
            f"({error.strerror}): set TMPDIR to one with more room."
        ) from None
    return file


def read_run(file: IO[bytes]) -> Iterator[Pair]:
    """Yield what :func:`write_run` wrote."""
    file.seek(0)
    while size := file.read(8):
        yield from marshal.loads(file.read(int.from_bytes(size, "little")))
