import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest

from seqkit.serve.guard import CSP, Guard, Message, Receive, Send
from seqkit.serve.limits import Limits

LIMITS = Limits(body=1024, seconds=0.2)
HEADERS = {"host": "127.0.0.1:8000"}


async def inner(scope: Message, receive: Receive, send: Send) -> None:
    """Answer with the body that came."""
    body = b""
    if dict(scope["headers"]).keys() & {b"content-length", b"transfer-encoding"}:
        body = (await receive())["body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


def ask(
    guard: Guard,
    path: str = "/predict",
    headers: dict[str, str] | None = None,
    parts: Sequence[bytes | None] = (),
) -> tuple[int, bytes, dict[bytes, bytes]]:
    """Return status, body and headers; of ``parts``, None stands for one that never comes."""
    sent: list[Message] = []
    coming = list(parts)

    async def receive() -> Message:
        part = coming.pop(0) if coming else None
        if part is None:
            await asyncio.sleep(60)
        return {"type": "http.request", "body": part, "more_body": bool(coming)}

    async def send(message: Message) -> None:
        sent.append(message)

    given = {**HEADERS, **(headers or {})}
    raw = [(name.lower().encode(), value.encode()) for name, value in given.items()]
    scope: Any = {"type": "http", "method": "POST", "path": path, "headers": raw}
    asyncio.run(guard(scope, receive, send))
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], body, dict(sent[0]["headers"])


def error(answer: tuple[int, bytes, Any]) -> tuple[int, str]:
    return answer[0], json.loads(answer[1])["error"]


LOCAL = {"127.0.0.1", "localhost", "[::1]"}


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "LOCALHOST", "[::1]:80", "localhost:1"])
def test_the_servers_own_names_are_answered(host: str) -> None:
    assert ask(Guard(inner, LIMITS, hosts=LOCAL), headers={"host": host})[0] == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:8000", "", "[::2]"])
def test_another_name_is_refused_whoever_it_points_here(host: str) -> None:
    status, told = error(ask(Guard(inner, LIMITS, hosts=LOCAL), headers={"host": host}))
    assert status == 400
    assert told.startswith(f"this server is not called '{host.split(':8')[0]}'")
    assert ask(Guard(inner, LIMITS, hosts=None), headers={"host": host})[0] == 200


def test_a_token_is_asked_for_where_there_is_one() -> None:
    guard = Guard(inner, LIMITS, token="숨김s3cret")
    for given in ({}, {"authorization": "Bearer s3cret"}, {"authorization": "Basic 숨김s3cret"}):
        status, body, headers = ask(guard, headers=given)
        assert status == 401
        assert b"a token is needed" in body
        assert headers[b"www-authenticate"] == b"Bearer"
    assert ask(guard, headers={"authorization": "bearer 숨김s3cret"})[0] == 200
    for path in ("/", "/page/main.js", "/health", "/docs"):  # which hold nothing
        assert ask(guard, path)[0] == 200
    assert ask(guard, "/served")[0] == 401


def test_a_body_comes_whole_and_no_larger_than_is_allowed() -> None:
    guard = Guard(inner, LIMITS)
    whole = ask(guard, headers={"transfer-encoding": "chunked"}, parts=[b"a" * 1000, b"b" * 24])
    assert whole[1] == b"a" * 1000 + b"b" * 24
    told = (413, "the request is larger than 1,024 bytes: send less.")
    large = {"transfer-encoding": "chunked"}
    assert error(ask(guard, headers=large, parts=[b"a" * 1000, b"b" * 25])) == told
    # refused by its head, before anything of it is read
    assert error(ask(guard, headers={"content-length": "1025"}, parts=[None])) == told
    assert error(ask(guard, headers={"content-length": "9" * 400}, parts=[None])) == told


def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    answer = ask(Guard(inner, LIMITS), headers={"content-length": "10"}, parts=[b"12", None])
    assert error(answer) == (408, "the request did not come to its end in time.")
    assert answer[2][b"connection"] == b"close"


def test_every_answer_is_told_to_a_browser_as_safe() -> None:
    for answer in (ask(Guard(inner, LIMITS)), ask(Guard(inner, LIMITS, token="x"))):
        headers = answer[2]
        assert headers[b"content-security-policy"].decode() == CSP
        assert headers[b"x-content-type-options"] == b"nosniff"
        assert headers[b"cross-origin-resource-policy"] == b"same-origin"
        assert headers[b"cache-control"] == b"no-store"
    assert "unsafe" not in CSP
    assert "http" not in CSP


def test_at_the_end_a_body_is_not_waited_for() -> None:
    guard = Guard(inner, Limits(seconds=60))

    async def go() -> list[Message]:
        sent: list[Message] = []

        async def receive() -> Message:
            await asyncio.sleep(60)
            raise AssertionError

        async def send(message: Message) -> None:
            sent.append(message)

        headers = [(b"content-length", b"10")]
        scope: Any = {"type": "http", "method": "POST", "path": "/predict", "headers": headers}
        task = asyncio.ensure_future(guard(scope, receive, send))
        await asyncio.sleep(0.05)
        guard.abandon()
        await task
        return sent

    sent = asyncio.run(go())
    assert sent[0]["status"] == 503
    assert b"the server is stopping" in sent[1]["body"]
