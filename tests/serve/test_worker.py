import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from seqkit.errors import SeqkitError
from seqkit.serve.limits import Limits
from seqkit.serve.worker import FullError, LateError, StoppingError, Worker


class Echo:
    """Answers an item with itself and how it was asked; the first batch waits for ``go``."""

    def __init__(self) -> None:
        self.batches: list[tuple[Any, list[Any]]] = []
        self.begun, self.go = threading.Event(), threading.Event()

    def __call__(self, how: Any, items: Sequence[Any]) -> list[Any]:
        self.batches.append((how, list(items)))
        self.begun.set()
        assert self.go.wait(5)
        if "bad" in items:
            raise SeqkitError("bad is bad.")
        return [(how, item) for item in items]


@contextmanager
def working(**limits: Any) -> Iterator[tuple[Worker, Echo]]:
    echo = Echo()
    worker = Worker("test", echo, Limits(**limits), prepare=lambda: None)
    try:
        yield worker, echo
    finally:
        echo.go.set()
        worker.stop(5)


async def busy(worker: Worker, echo: Echo) -> "asyncio.Task[Any]":
    """Ask for something that is being answered until ``go``."""
    task = asyncio.ensure_future(worker.ask("a", ["first"]))
    await asyncio.to_thread(echo.begun.wait, 5)
    return task


async def queued(worker: Worker, asked: Sequence[tuple[Any, list[Any]]]) -> list[Any]:
    tasks = [asyncio.ensure_future(worker.ask(how, items)) for how, items in asked]
    await asyncio.sleep(0)
    return tasks


def test_what_waits_is_answered_together_and_each_gets_its_own() -> None:
    async def run() -> None:
        first = await busy(worker, echo)
        tasks = await queued(worker, [("a", [1, 2]), ("b", [3]), ("a", [4]), ("a", [5, 6])])
        assert worker.waiting == 6
        echo.go.set()
        assert await first == [("a", "first")]
        answers = await asyncio.gather(*tasks)
        assert answers == [[("a", 1), ("a", 2)], [("b", 3)], [("a", 4)], [("a", 5), ("a", 6)]]

    with working() as (worker, echo):
        asyncio.run(run())
    assert echo.batches == [("a", ["first"]), ("a", [1, 2, 4, 5, 6]), ("b", [3])]
    assert worker.waiting == 0
    assert worker.answered == 7


def test_a_batch_has_no_more_than_is_read_at_once_unless_one_request_has() -> None:
    async def run() -> None:
        worker.pace = 1e-6  # known: otherwise no more could wait
        await busy(worker, echo)
        tasks = await queued(
            worker, [("a", [1, 2]), ("a", [3, 4]), ("a", [5]), ("a", [6, 7, 8, 9])]
        )
        echo.go.set()
        await asyncio.gather(*tasks)

    with working(at_once=3) as (worker, echo):
        asyncio.run(run())
    assert [items for _, items in echo.batches[1:]] == [[1, 2, 5], [3, 4], [6, 7, 8, 9]]


def test_one_that_cannot_be_answered_spoils_no_other() -> None:
    async def run() -> None:
        await busy(worker, echo)
        tasks = await queued(worker, [("a", [1]), ("a", ["bad"]), ("a", [2])])
        echo.go.set()
        one, bad, two = await asyncio.gather(*tasks, return_exceptions=True)
        assert (one, two) == ([("a", 1)], [("a", 2)])
        assert isinstance(bad, SeqkitError)

    with working() as (worker, echo):
        asyncio.run(run())


def test_a_full_queue_refuses_and_takes_again_when_there_is_room() -> None:
    async def run() -> None:
        await busy(worker, echo)
        tasks = await queued(worker, [("a", [1, 2, 3])])
        with pytest.raises(FullError):
            await worker.ask("a", [4, 5])
        tasks += await queued(worker, [("a", [4])])
        echo.go.set()
        await asyncio.gather(*tasks)
        assert await worker.ask("a", [5, 6]) == [("a", 5), ("a", 6)]

    with working(queue=4) as (worker, echo):
        asyncio.run(run())


def test_who_would_wait_too_long_is_refused_at_once() -> None:
    async def run() -> None:
        worker.pace = 0.5  # seconds an item, as things went
        first = await busy(worker, echo)
        tasks = await queued(worker, [("a", list(range(20)))])  # 0.5 s to wait: it is taken
        with pytest.raises(FullError) as refused:
            await worker.ask("b", [1])
        assert refused.value.seconds == pytest.approx(10.5, abs=0.4)
        echo.go.set()
        await asyncio.gather(first, *tasks)
        assert worker.pace < 0.5  # they were quick
        assert worker.expected() == 0
        assert len(await worker.ask("b", list(range(100)))) == 100  # nothing waits: it is tried

    with working(wait=5) as (worker, echo):
        asyncio.run(run())


def test_what_is_being_answered_is_waited_for_too() -> None:
    async def run() -> None:
        worker.pace = 0.5
        first = asyncio.ensure_future(worker.ask("a", list(range(20))))
        await asyncio.to_thread(echo.begun.wait, 5)
        assert worker.waiting == 0
        with pytest.raises(FullError):
            await worker.ask("a", [1])
        echo.go.set()
        await first
        assert await worker.ask("a", [1]) == [("a", 1)]

    with working(wait=5) as (worker, echo):
        asyncio.run(run())


def test_before_the_pace_is_known_no_more_wait_than_are_read_at_once() -> None:
    async def run() -> None:
        first = await busy(worker, echo)
        tasks = await queued(worker, [("a", [1, 2, 3])])
        with pytest.raises(FullError):
            await worker.ask("a", [4, 5])
        tasks += await queued(worker, [("a", [4])])
        echo.go.set()
        await asyncio.gather(first, *tasks)

    with working(at_once=4) as (worker, echo):
        asyncio.run(run())


def test_what_takes_longer_than_it_did_tells_of_those_that_wait() -> None:
    async def run() -> None:
        worker.pace = 1e-6  # as things went
        first = await busy(worker, echo)
        tasks = await queued(worker, [("a", list(range(100)))])
        await asyncio.sleep(0.2)
        assert worker.expected() > 20  # 100 like the one that has taken 0.2 s by now
        with pytest.raises(FullError):
            await worker.ask("a", [1])
        echo.go.set()
        await asyncio.gather(first, *tasks)

    with working(wait=5) as (worker, echo):
        asyncio.run(run())


def test_the_pace_is_that_of_the_first_and_then_follows() -> None:
    paces = iter((0.05, 0.0))

    def answer(_: Any, items: Sequence[int]) -> Sequence[int]:
        time.sleep(next(paces) * len(items))
        return items

    async def run() -> None:
        await worker.ask("a", [1, 2])
        assert worker.pace == pytest.approx(0.05, rel=0.5)
        before = worker.pace
        await worker.ask("a", [1, 2, 3, 4])  # as many as are read at once: half of the pace
        assert worker.pace == pytest.approx(before / 2, rel=0.2)

    worker = Worker("test", answer, Limits(at_once=4), prepare=lambda: None)
    asyncio.run(run())
    assert worker.stop(5)


def test_what_its_asker_left_is_not_begun_and_makes_room() -> None:
    async def run() -> None:
        first = await busy(worker, echo)
        left, kept = await queued(worker, [("b", [1, 2]), ("c", [3])])
        left.cancel()
        await asyncio.wait([left])
        assert worker.waiting == 1
        kept_too = await queued(worker, [("c", [4, 5])])  # there is room again
        echo.go.set()
        await asyncio.gather(first, kept, *kept_too)

    with working(queue=3) as (worker, echo):
        asyncio.run(run())
    assert [how for how, _ in echo.batches] == ["a", "c"]


def test_a_late_answer_is_given_up_and_what_nobody_waits_for_is_not_begun() -> None:
    async def run() -> None:
        first = await busy(worker, echo)
        (second,) = await queued(worker, [("b", [2])])
        results = await asyncio.gather(first, second, return_exceptions=True)
        assert [type(result) for result in results] == [LateError, LateError]
        echo.go.set()
        assert await worker.ask("c", [3]) == [("c", 3)]

    with working(seconds=0.2) as (worker, echo):
        asyncio.run(run())
    assert [how for how, _ in echo.batches] == ["a", "c"]
    assert worker.waiting == 0


def test_the_end_answers_what_waits_and_begins_nothing_new() -> None:
    async def run() -> None:
        first = await busy(worker, echo)
        (second,) = await queued(worker, [("b", [2])])
        ended = asyncio.ensure_future(asyncio.to_thread(worker.stop, 5))
        await asyncio.sleep(0.05)
        with pytest.raises(StoppingError):
            await worker.ask("c", [3])
        echo.go.set()
        assert await ended
        assert await asyncio.gather(first, second) == [[("a", "first")], [("b", 2)]]

    with working() as (worker, echo):
        asyncio.run(run())


def test_who_waits_when_all_is_given_up_is_told() -> None:
    async def run() -> None:
        first = await busy(worker, echo)
        (second,) = await queued(worker, [("b", [2])])
        worker.abandon()
        results = await asyncio.gather(first, second, return_exceptions=True)
        assert [type(result) for result in results] == [StoppingError, StoppingError]
        assert not worker.stop(0.01)

    with working() as (worker, echo):
        asyncio.run(run())
