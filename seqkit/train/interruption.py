"""Ctrl-C, and SIGTERM, by which a cluster ends a job."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

ASKED = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def interruptible(ask: Callable[[], None]) -> Iterator[None]:
    """Call ``ask`` at Ctrl-C or SIGTERM, for the time of a block; only in the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def asked(_signal: int, _frame: FrameType | None) -> None:
        ask()

    before = [signal.signal(number, asked) for number in ASKED]
    try:
        yield
    finally:
        for number, handler in zip(ASKED, before, strict=True):
            signal.signal(number, handler)
