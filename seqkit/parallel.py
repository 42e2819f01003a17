"""One function over many items in several processes: the results in order, the memory bounded."""

import multiprocessing
import os
import pickle
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, islice
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import ModuleType
from typing import Any, TypeVar

from seqkit.errors import SeqkitError, unknown

Item = TypeVar("Item")
Result = TypeVar("Result")

ENGINES = ("local", "ray")
FED = 2  # items a worker holds: the one it works on, and the next
AHEAD = 4  # items a worker may be in front of the one whose turn it is


def engine_map(
    function: Callable[[Item], Result], items: Iterable[Item], workers: int, engine: str
) -> Iterator[Result]:
    """Yield ``function(item)`` in order: in processes of this machine, or on a Ray cluster.

    Raises:
        SeqkitError: if there is no such engine, or see :func:`ordered_map` and
            :func:`seqkit.cluster.ray_map`.
    """
    if engine == "ray":
        from seqkit.cluster import ray_map

        return ray_map(function, items)
    if engine != "local":
        raise unknown("engine", engine, ENGINES)
    return ordered_map(function, items, workers)


def ordered_map(
    function: Callable[[Item], Result], items: Iterable[Item], workers: int
) -> Iterator[Result]:
    """Yield ``function(item)`` for each item, in order, from so many worker processes.

    Items are read as they are needed, and at most ``4 * workers`` of them are held at a time.
    Workers are spawned, never forked: a parent may hold a JVM or threads that no fork survives.
    They end with the iteration, however it ends, and with their parent, however it ends. One
    worker, or one item, is run in this process.

    Args:
        function: of a module's top level (or a ``partial`` of one), since it is pickled.
        items: anything that can be pickled; an item should be some 0.1 to 2 seconds of work.
        workers: processes to start.

    Raises:
        SeqkitError: if ``workers`` is below 1, or a worker dies.
        Exception: what ``function`` raised, at its item's turn.
    """
    if workers < 1:
        raise SeqkitError(f"workers = {workers}: it must be at least 1.")
    items = iter(items)
    first = [] if workers == 1 else list(islice(items, 2))
    if len(first) < 2:
        return map(function, chain(first, items))
    return _in_processes(pickle.dumps(function), chain(first, items), workers)


def _in_processes(function: bytes, items: Iterator[Any], workers: int) -> Iterator[Any]:
    numbered, turn, more = enumerate(items), 0, True
    busy: dict[Connection, int] = {}  # how many items a worker holds
    done: dict[int, tuple[bool, Any]] = {}
    with _crew() as crew:
        while more or busy or done:
            while more and sum(busy.values()) + len(done) < AHEAD * workers:
                worker = _least_busy(crew, busy, function, workers)
                if worker is None:
                    break
                item = next(numbered, None)
                if item is None:
                    more = False
                    break
                busy[worker] = busy.get(worker, 0) + 1
                with _watched(crew[worker]):
                    worker.send_bytes(pickle.dumps(item))
            for worker in _ready(busy):
                with _watched(crew[worker]):
                    number, fine, value = pickle.loads(worker.recv_bytes())
                done[number] = (fine, value)
                busy[worker] -= 1
                if not busy[worker]:
                    del busy[worker]
            while turn in done:
                fine, value = done.pop(turn)
                if not fine:
                    raise value
                yield value
                turn += 1


def _ready(busy: dict[Connection, int]) -> list[Connection]:
    if not busy:  # the items ended just as the last answer came: there is nothing to wait for
        return []
    return [worker for worker in wait(list(busy)) if isinstance(worker, Connection)]


def _least_busy(
    crew: dict[Connection, BaseProcess],
    busy: dict[Connection, int],
    function: bytes,
    workers: int,
) -> Connection | None:
    """Return a worker with room for an item, a new one if all have work; None if all are full."""
    if len(crew) < workers and len(busy) == len(crew):
        connection, process = _start(function)
        crew[connection] = process
        return connection
    worker = min(crew, key=lambda each: busy.get(each, 0))
    return worker if busy.get(worker, 0) < FED else None


def _start(function: bytes) -> tuple[Connection, BaseProcess]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(function, theirs), daemon=True)
    with _no_interrupt(), _main_module(function):
        process.start()
    theirs.close()
    return ours, process


@contextmanager
def _main_module(function: bytes) -> Iterator[None]:
    """Start processes that run the main script again only if the pickled function is from it.

    Spawn always would: a script then needs a guard, and one on standard input cannot be run.
    """
    main = sys.modules["__main__"]
    if b"__main__" not in function:
        sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


@contextmanager
def _no_interrupt() -> Iterator[None]:
    """Start processes that never see Ctrl-C, which a terminal sends to all: the parent ends them.

    The mask, unlike a handler, is inherited and so holds before the process runs any code.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # would lift the mask, if it were started below
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _crew() -> Iterator[dict[Connection, BaseProcess]]:
    crew: dict[Connection, BaseProcess] = {}
    try:
        yield crew
    finally:  # workers own nothing that needs tidying
        for process in crew.values():
            process.kill()
        for connection, process in crew.items():
            process.join()
            connection.close()


@contextmanager
def _watched(process: BaseProcess) -> Iterator[None]:
    try:
        yield
    except (EOFError, ConnectionError):
        process.join()
        code = process.exitcode or 0
        how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
        why = (
            "was it out of memory? Use fewer workers"
            if code < 0
            else 'a script whose own functions they run needs `if __name__ == "__main__":`'
        )
        raise SeqkitError(f"a worker process {how} ({why}).") from None


def _work(function: bytes, connection: Connection) -> None:
    """Be a worker: answer every item, until the parent closes the connection or dies."""
    items: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def receive() -> None:
        try:
            while True:
                items.put(connection.recv_bytes())
        except (EOFError, OSError):
            os._exit(0)  # the parent has gone: nobody waits for what is being worked on

    threading.Thread(target=receive, daemon=True).start()
    call: Callable[[Any], Any] | None = None
    while True:
        number, item = pickle.loads(items.get())
        try:
            call = call or pickle.loads(function)
            answer = pickle.dumps((number, True, call(item)))
        except Exception as error:
            answer = pickle.dumps((number, False, portable(error)))
        try:
            connection.send_bytes(answer)
        except OSError:
            os._exit(0)


def portable(error: Exception) -> Exception:
    """Return an exception that survives the way to the parent, with its traceback as a note."""
    if isinstance(error, SeqkitError):
        return SeqkitError(str(error))
    told = f"in a worker process:\n{''.join(traceback.format_exception(error))}"
    error.add_note(told)
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(told)
    return error
