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
    """Too much waits: the request may come again after so many ``seconds``."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class StoppingError(Exception):
    """The server is stopping, and begins nothing new."""


class LateError(Exception):
    """The time for a request is over."""


@dataclass(eq=False)
class _Job:
    how: Hashable
    items: Sequence[Any]
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[Sequence[Any]]"
    begun: bool = False
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
            limits: ``queue``, ``wait``, ``at_once`` and ``seconds`` of them.
            prepare: called first, in the thread.
        """
        self._answer, self._limits, self._prepare = answer, limits, prepare
        self._jobs: deque[_Job] = deque()
        self._changed = threading.Condition()
        self._stopping = False
        self.waiting = 0  # items in the queue
        self.answered = 0  # items, since the start
        self.pace = 0.0  # seconds an item, of late
        self._answering, self._since = 0, 0.0  # items that are being answered, and since when
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
        job = _Job(how, items, loop, loop.create_future())
        with self._changed:
            if self._stopping:
                raise StoppingError
            if self._is_too_much(len(items)):
                raise FullError(self.expected())
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
            self._forget(job)

    def _forget(self, job: _Job) -> None:
        """Take out of the queue what nobody waits for any more."""
        with self._changed:
            if not job.begun:
                self._jobs.remove(job)
                self.waiting -= len(job.items)

    def _is_too_much(self, items: int) -> bool:
        if not (self.waiting or self._answering):
            return False  # whatever was slow is tried again
        known = self.pace > 0
        most = self._limits.queue if known else min(self._limits.queue, self._limits.at_once)
        full = self.waiting > 0 and self.waiting + items > most
        return full or self.expected() > self._limits.wait

    def expected(self) -> float:
        """Return in how many seconds what is asked now would be begun, at the pace of late.

        What is being answered may be slower than that: it has taken as long as it has.
        """
        if not self._answering:
            return self.waiting * self.pace
        taken = time.monotonic() - self._since
        pace = max(self.pace, taken / self._answering)
        return (self.waiting + self._answering) * pace - taken

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
            self._note(sum(len(job.items) for job in batch))
            for job in batch:
                with suppress(RuntimeError):  # the loop has ended, and nobody waits
                    job.loop.call_soon_threadsafe(job.deliver)
            del job, batch  # so that nothing of them is kept until the next ones come

    def _next(self) -> list[_Job]:
        """Wait for jobs; return the first and those asked alike; none at the end."""
        with self._changed:
            while not self._jobs:
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
            for job in batch:
                job.begun = True
            self._jobs = rest
            self.waiting -= count
            self._answering, self._since = count, time.monotonic()
            return batch

    def _note(self, items: int) -> None:
        """Note how long items took: a large batch tells more of the pace than a small one."""
        with self._changed:
            each = (time.monotonic() - self._since) / items
            share = items / (items + self._limits.at_once) if self.pace else 1.0
            self.pace += share * (each - self.pace)
            self._answering = 0

    def _do(self, batch: Sequence[_Job]) -> None:
        """Answer jobs together; where that fails, each alone, so that one spoils no other."""
        items = [item for job in batch for item in job.items]
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
        begin = 0
        for job in batch:
            job.result = answers[begin : begin + len(job.items)]
            begin += len(job.items)
