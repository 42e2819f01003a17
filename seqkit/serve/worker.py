"""One thread for each thing served: what waits is answered together, in order.

Nothing is delayed to fill a batch. While one is being answered, more requests come to wait, and
the next batch takes what waits: alone, a request is answered at once; under load, batches grow.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from seqkit.serve.limits import Limits

# How items of one kind are answered: (how they are asked, items) -> an answer for each.
Answering = Callable[[Any, Sequence[Any]], Sequence[Any]]


class FullError(Exception):
    """The queue is full: the request may come again in a moment."""


class StoppingError(Exception):
    """The server is stopping, and begins nothing new."""


class LateError(Exception):
    """The time for a request is over."""


@dataclass(eq=False)
class _Job:
    how: Hashable
    items: Sequence[Any]
    deadline: float
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[Sequence[Any]]"
    result: Sequence[Any] | Exception = field(default=())

    def deliver(self) -> None:
        if self.future.done():  # nobody waits for it any more
            return
        if isinstance(self.result, Exception):
            self.future.set_exception(self.result)
        else:
            self.future.set_result(self.result)


class Worker:
    """A thread with a bounded queue in front of it."""

    def __init__(
        self, name: str, answer: Answering, limits: Limits, *, prepare: Callable[[], None]
    ) -> None:
        """Start the thread.

        Args:
            name: of the thread.
            answer: answers items that are asked in the same way, an answer for each.
            limits: ``queue``, ``at_once`` and ``seconds`` of them.
            prepare: called first, in the thread.
        """
        self._answer, self._limits, self._prepare = answer, limits, prepare
        self._jobs: deque[_Job] = deque()
        self._changed = threading.Condition()
        self._stopping = False
        self.waiting = 0  # items in the queue
        self.answered = 0  # items, since the start
        self.pace = 0.0  # seconds an item, of late
        self._open: set[_Job] = set()  # that somebody waits for; of the loop's thread alone
        self._thread = threading.Thread(target=self._work, name=f"seqkit {name}", daemon=True)
        self._thread.start()

    async def ask(self, how: Hashable, items: Sequence[Any]) -> Sequence[Any]:
        """Return the answers to items, once it is their turn.

        Args:
            how: they are asked; equal ones are answered together.
            items: one or more.

        Raises:
            FullError: if too many wait already.
            StoppingError: after :meth:`stop`.
            LateError: if the time for it is over.
            SeqkitError: if an item cannot be answered.
        """
        loop, seconds = asyncio.get_running_loop(), self._limits.seconds
        job = _Job(how, items, time.monotonic() + seconds, loop, loop.create_future())
        with self._changed:
            if self._stopping:
                raise StoppingError
            if self._is_too_much(len(items)):
                raise FullError
            self._jobs.append(job)
            self.waiting += len(items)
            self._changed.notify()
        self._open.add(job)
        try:
            return await asyncio.wait_for(job.future, seconds)
        except TimeoutError:
            raise LateError from None
        finally:
            self._open.discard(job)

    def _is_too_much(self, items: int) -> bool:
        """Whether the queue is full, or so long that the answer would hardly come in time."""
        if not self.waiting:
            return False
        whole = self.waiting + items
        return whole > self._limits.queue or whole * self.pace > self._limits.seconds / 2

    def abandon(self) -> None:
        """Tell all who wait that nothing comes any more; to be called in the loop's thread."""
        for job in self._open:
            if not job.future.done():
                job.future.set_exception(StoppingError())

    def stop(self, seconds: float) -> bool:
        """Let what was asked be answered, and end the thread; return whether it ended in time."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _work(self) -> None:
        self._prepare()
        while batch := self._next():
            self._do(batch)
            for job in batch:
                with suppress(RuntimeError):  # the loop has ended, and nobody waits
                    job.loop.call_soon_threadsafe(job.deliver)
            del job, batch  # so that nothing of them is kept until the next ones come

    def _next(self) -> list[_Job]:
        """Wait for jobs; return the first and those asked alike; none at the end."""
        with self._changed:
            while True:
                self._drop_late()
                if self._jobs:
                    break
                if self._stopping:
                    return []
                self._changed.wait()
            first = self._jobs[0]
            batch, rest, count = [first], deque[_Job](), len(first.items)
            for job in list(self._jobs)[1:]:
                if job.how == first.how and count + len(job.items) <= self._limits.at_once:
                    batch.append(job)
                    count += len(job.items)
                else:
                    rest.append(job)
            self._jobs = rest
            self.waiting -= count
            return batch

    def _drop_late(self) -> None:
        now = time.monotonic()
        while self._jobs and (self._jobs[0].deadline < now or self._jobs[0].future.cancelled()):
            self.waiting -= len(self._jobs.popleft().items)

    def _do(self, batch: Sequence[_Job]) -> None:
        """Answer jobs together; where that fails, each alone, so that one spoils no other."""
        items = [item for job in batch for item in job.items]
        begun = time.monotonic()
        try:
            answers = self._answer(batch[0].how, items)
        except Exception as error:
            if len(batch) > 1:
                for job in batch:
                    self._do([job])
                return
            batch[0].result = error
            return
        self.answered += len(items)
        self.pace += ((time.monotonic() - begun) / len(items) - self.pace) / 8
        begin = 0
        for job in batch:
            job.result = answers[begin : begin + len(job.items)]
            begin += len(job.items)
