"""The prompt of ``seqkit vectors query`` on a terminal: history, completion, tables."""

from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

if TYPE_CHECKING:
    from seqkit.cli.vectors_query import Prompt
    from seqkit.vectors import WordVectors

COMPLETED = 200_000  # of the most frequent words: sorted in a moment, at the first Tab
SHOWN = 100  # completions at most
KEPT = 1_000  # lines of history
HISTORY = "vectors_history"


def talk(prompt: "Prompt") -> None:
    """Ask and answer until Ctrl-D or ``:quit``; Ctrl-C drops the line that is being typed."""
    with _line_editing(Completer(prompt.answerer.vectors)):
        while True:
            try:
                line = input("> ")
                answers = prompt.answers(line)
            except EOFError:
                print()
                return
            except KeyboardInterrupt:
                print()
                continue
            for answer in answers:
                if answer.get("quit"):
                    return
                show(answer)


class Completer:
    """Completes the last word of a line: words of the vectors, or commands after a colon."""

    def __init__(self, vectors: "WordVectors") -> None:
        self._vectors = vectors
        self._sorted: list[str] | None = None
        self._found: list[str] = []

    def __call__(self, text: str, state: int) -> str | None:
        """Return the completion of this number, as readline asks for them; None after the last."""
        if state == 0:
            self._found = self.completions(text)
        return self._found[state] if state < len(self._found) else None

    def completions(self, text: str) -> list[str]:
        """Return what ``text`` may become, a sign before it kept."""
        from seqkit.cli.vectors_query import COMMANDS

        if text.startswith(":"):
            return [name for name in COMMANDS if name.startswith(text)]
        sign = text[:1] if text[:1] in ("+", "-") else ""
        start = normalize("NFC", text[len(sign) :])
        words = self._words()
        first = bisect_left(words, start)
        found: list[str] = []
        for word in islice(words, first, first + SHOWN):
            if not word.startswith(start):
                break
            found.append(sign + word)
        return found

    def _words(self) -> list[str]:
        if self._sorted is None:
            self._sorted = sorted(islice(iter(self._vectors.words), COMPLETED))
        return self._sorted


@contextmanager
def _line_editing(completer: Completer) -> Iterator[None]:
    """Give ``input`` a history that is kept and completion, where Python has readline."""
    try:
        import readline
    except ImportError:  # Windows
        yield
        return
    from seqkit.sources import cache_folder

    file = cache_folder() / HISTORY
    with suppress(OSError):
        readline.read_history_file(file)
    readline.set_history_length(KEPT)
    readline.set_completer(completer)
    readline.set_completer_delims(" \t")
    libedit = "libedit" in (readline.__doc__ or "")
    readline.parse_and_bind("bind ^I rl_complete" if libedit else "tab: complete")
    try:
        yield
    finally:
        with suppress(OSError):  # a history is a convenience
            file.parent.mkdir(parents=True, exist_ok=True)
            readline.write_history_file(file)


def show(answer: dict[str, Any]) -> None:
    """Print an answer for a person."""
    from seqkit.cli.vectors_answers import Found, comparison_line, told

    if note := told([Found(word, "subwords") for word in answer.get("from_subwords", [])]):
        print(f"({note})")
    if "error" in answer:
        print(answer["error"])
    elif "help" in answer:
        print(answer["help"])
    elif "info" in answer:
        for name, value in answer["info"].items():
            print(f"{name}: {value}")
    elif "cosine" in answer:
        print(comparison_line(answer))
    elif "top" in answer or "cosmul" in answer:
        print(", ".join(f"{name}: {value}" for name, value in answer.items() if name != "query"))
    else:
        _show_words(answer)


def _show_words(answer: dict[str, Any]) -> None:
    from seqkit.cli.output import print_table
    from seqkit.cli.vectors_answers import table_of

    rows = next(answer[key] for key in ("similar", "answers", "odd") if key in answer)
    title = answer.get("analogy") or answer["query"]
    if not rows:
        print(f"{title}: no other word.")
        return
    print_table(title, *table_of(rows))
