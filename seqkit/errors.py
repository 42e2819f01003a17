"""The one exception that a user is meant to see, and the suggestions in its message."""

from collections.abc import Iterable
from difflib import get_close_matches


class SeqkitError(Exception):
    """A problem its reader can mend.

    The message is one line: what is wrong, where (file and line), and what to do.
    The command line prints it without a traceback and exits with code 2.
    """


def suggest(word: str, known: Iterable[str]) -> str:
    """Return `` Did you mean 'x'?`` for the known word nearest to ``word``, else ``""``."""
    by_fold = {name.casefold(): name for name in known}
    near = get_close_matches(word.casefold(), by_fold, n=1, cutoff=0.6)
    return f" Did you mean '{by_fold[near[0]]}'?" if near else ""


def unknown(kind: str, word: str, known: Iterable[str], where: str = "") -> SeqkitError:
    """Return the error for a name that is not in a table: the nearest name, and all there are."""
    names = list(known)
    listed = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
    place = f" in {where}" if where else ""
    return SeqkitError(f"unknown {kind} '{word}'{place}.{suggest(word, names)} Known: {listed}.")
