"""Where requests are taken in: what is served, each with its worker, and what is refused."""

import asyncio
import math
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from seqkit.asking import UnknownWordError
from seqkit.errors import SeqkitError, unknown
from seqkit.serve.limits import Limits
from seqkit.serve.served import Served
from seqkit.serve.worker import FullError, LateError, StoppingError, Worker

LONGEST = 60  # seconds after which one may come again, at most


class Refusal(Exception):  # noqa: N818 - a reason to be told, of whatever kind
    """A request that is not answered; ``more`` is told beside the error."""

    def __init__(self, status: int, error: str, **more: Any) -> None:
        super().__init__(error)
        self.status, self.more = status, more


@dataclass(eq=False)
class Desk:
    """All that is served, each with its worker."""

    served: Mapping[str, Served]
    workers: Mapping[str, Worker]
    limits: Limits

    @classmethod
    def open(cls, served: Sequence[Served], limits: Limits, prepare: Callable[[], None]) -> "Desk":
        """Start a worker for each thing served; ``prepare`` is called first in each thread."""
        workers = {s.name: Worker(s.name, s.answer, limits, prepare=prepare) for s in served}
        return cls({s.name: s for s in served}, workers, limits)

    def named(self, name: str | None, can: str) -> str:
        """Return what is asked: the one of that name, or the only one that can.

        Raises:
            Refusal: if there is none, or several could be meant.
        """
        able = [s.name for s in self.served.values() if can in s.about["can"]]
        listed = ", ".join(able)
        if name is None and len(able) == 1:
            return able[0]
        if not able:
            raise Refusal(404, f"nothing that is served answers /{can}.")
        if name is None:
            raise Refusal(422, f"name a model, one of: {listed}.")
        if name not in self.served:
            raise Refusal(404, str(unknown("model", name, able)))
        if name not in able:
            raise Refusal(400, f"'{name}' does not answer /{can}; what does: {listed}.")
        return name

    async def ask(
        self, request: Request, name: str, how: Hashable, items: Sequence[Any]
    ) -> Sequence[Any]:
        """Return the answers of what is served, unless whoever asked goes before they are there.

        Raises:
            Refusal: if it cannot answer, or not now.
        """
        asking = asyncio.ensure_future(self._ask(name, how, items))
        gone = asyncio.ensure_future(_gone(request))
        try:
            await asyncio.wait((asking, gone), return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                raise Refusal(503, "whoever asked has gone.")  # and does not read this
            return asking.result()
        finally:
            gone.cancel()
            asking.cancel()

    async def _ask(self, name: str, how: Hashable, items: Sequence[Any]) -> Sequence[Any]:
        try:
            return await self.workers[name].ask(how, items)
        except FullError as full:
            later = min(max(1, math.ceil(full.seconds)), LONGEST)
            raise Refusal(
                429, f"'{name}' has too much to do: come again in {later} s.", retry=later
            ) from None
        except StoppingError:
            raise Refusal(503, "the server is stopping: ask again when it is back.") from None
        except LateError:
            most = self.limits.seconds
            raise Refusal(504, f"no answer within {most:g} s: ask for less at once.") from None
        except UnknownWordError as error:
            raise Refusal(400, str(error), word=error.word, nearest=error.nearest) from None
        except SeqkitError as error:
            raise Refusal(400, str(error)) from None

    def check(self, texts: Sequence[str]) -> None:
        """Raise a :class:`Refusal` for more, or longer, texts than are taken."""
        limits = self.limits
        if len(texts) > limits.texts:
            raise Refusal(413, f"{len(texts):,} texts are more than {limits.texts:,}: send fewer.")
        for number, text in enumerate(texts, start=1):
            if len(text) > limits.characters:
                raise Refusal(
                    413,
                    f"text {number} has {len(text):,} characters, more than "
                    f"{limits.characters:,}: send less of it.",
                )

    def abandon(self) -> None:
        """Tell all who wait that nothing comes any more."""
        for worker in self.workers.values():
            worker.abandon()

    def close(self, seconds: float) -> bool:
        """End the workers; return whether they ended in time."""
        end = time.monotonic() + seconds
        ended = [worker.stop(max(0.0, end - time.monotonic())) for worker in self.workers.values()]
        return all(ended)


async def _gone(request: Request) -> None:
    """Return once whoever asked has gone, or has been answered."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
