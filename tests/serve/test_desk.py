import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the serve extra")

from starlette.requests import Request

from seqkit.serve.desk import Desk, Refusal
from seqkit.serve.limits import Limits


class Slow:
    """Answers once ``go`` is set."""

    def __init__(self, name: str) -> None:
        self.name, self.about = name, {"can": ["predict"]}
        self.begun, self.go = threading.Event(), threading.Event()
        self.answered: list[Any] = []

    def answer(self, how: Any, items: Sequence[Any]) -> list[Any]:
        self.begun.set()
        assert self.go.wait(5)
        self.answered += items
        return list(items)


def asking(*, gone: "asyncio.Event") -> Request:
    """Return a request whose sender goes when ``gone`` is set."""
    coming = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Any:
        if not coming:
            await gone.wait()
        return coming.pop() if coming else {"type": "http.disconnect"}

    return Request({"type": "http"}, receive)


def test_what_whoever_went_asked_for_is_not_begun() -> None:
    async def run() -> None:
        gone, never = asyncio.Event(), asyncio.Event()
        first = asyncio.ensure_future(desk.ask(asking(gone=never), "slow", "a", [1]))
        await asyncio.to_thread(slow.begun.wait, 5)
        left = asyncio.ensure_future(desk.ask(asking(gone=gone), "slow", "b", [2]))
        await asyncio.sleep(0.05)
        assert desk.workers["slow"].waiting == 1
        gone.set()
        with pytest.raises(Refusal, match="has gone"):
            await left
        await asyncio.sleep(0.05)
        assert desk.workers["slow"].waiting == 0
        slow.go.set()
        assert await first == [1]
        assert await desk.ask(asking(gone=never), "slow", "c", [3]) == [3]

    slow = Slow("slow")
    desk = Desk.open([slow], Limits(), lambda: None)
    asyncio.run(run())
    assert desk.close(5)
    assert slow.answered == [1, 3]


def test_what_is_slow_keeps_nobody_waiting_for_what_is_fast() -> None:
    async def run() -> None:
        never = asyncio.Event()
        waiting = [
            asyncio.ensure_future(desk.ask(asking(gone=never), "slow", how, [how]))
            for how in range(20)
        ]
        await asyncio.to_thread(slow.begun.wait, 5)
        assert await desk.ask(asking(gone=never), "fast", "a", [1]) == [1]
        assert not any(one.done() for one in waiting)
        slow.go.set()
        assert await asyncio.gather(*waiting) == [[how] for how in range(20)]

    slow, fast = Slow("slow"), Slow("fast")
    fast.go.set()
    desk = Desk.open([slow, fast], Limits(), lambda: None)
    asyncio.run(run())
    assert desk.close(5)


def test_who_is_refused_is_told_when_to_come_again() -> None:
    async def run() -> None:
        never = asyncio.Event()
        desk.workers["slow"].pace = 9.5
        first = asyncio.ensure_future(desk.ask(asking(gone=never), "slow", "a", [1]))
        await asyncio.to_thread(slow.begun.wait, 5)
        with pytest.raises(Refusal, match="'slow' has too much to do: come again in 10 s") as told:
            await desk.ask(asking(gone=never), "slow", "a", [2])
        assert (told.value.status, told.value.more) == (429, {"retry": 10})
        slow.go.set()
        await first

    slow = Slow("slow")
    desk = Desk.open([slow], Limits(wait=5), lambda: None)
    asyncio.run(run())
    assert desk.close(5)
