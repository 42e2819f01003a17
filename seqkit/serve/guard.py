"""What stands before the API: who may ask, how much, and what every answer says to a browser."""

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any

from seqkit.serve.limits import Limits

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = (
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    (b"cache-control", b"no-store"),
)
OPEN = ("/health", "/docs", "/openapi.json", "/favicon.ico", "/")  # without a token, and /page/


class Guard:
    """An ASGI application around another, which it asks only what may be asked."""

    def __init__(
        self,
        inner: Application,
        limits: Limits,
        *,
        token: str = "",
        hosts: Collection[str] | None = None,
    ) -> None:
        """Wrap an application.

        Args:
            inner: what answers.
            limits: ``body`` and ``seconds`` of them.
            token: that a request must bear; empty: none.
            hosts: names by which the server may be called, without ports; None: any. Otherwise
                a page of another site could have its own name point here (DNS rebinding).
        """
        self._inner, self._limits = inner, limits
        self._token = token.encode()
        self._coming: set[asyncio.Future[bytes | None]] = set()
        self._stopped = False
        self._hosts = None if hosts is None else {host.lower() for host in hosts}

    def abandon(self) -> None:
        """Wait for no request any more that has not come whole; in the loop's thread."""
        self._stopped = True
        for coming in self._coming:
            coming.cancel()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "lifespan":
            await self._inner(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        if scope["method"] == "HEAD":  # as GET; uvicorn leaves the body out (RFC 9110, 9.3.2)
            scope = {**scope, "method": "GET"}
        guarded = _with_headers(send)
        headers = dict(scope["headers"])
        if problem := self._refused(scope, headers):
            await refuse(guarded, *problem)
            return
        if not (b"content-length" in headers or b"transfer-encoding" in headers):
            await self._inner(scope, receive, guarded)
            return
        coming = asyncio.ensure_future(self._body(headers, receive))
        self._coming.add(coming)
        try:
            body = await asyncio.wait_for(coming, self._limits.seconds)
        except asyncio.CancelledError:
            if not self._stopped:
                raise
            await refuse(guarded, 503, "the server is stopping, before the request came whole.")
            return
        except TimeoutError:
            await refuse(guarded, 408, "the request did not come to its end in time.")
            return
        except _TooLargeError:
            most = self._limits.body
            await refuse(guarded, 413, f"the request is larger than {most:,} bytes: send less.")
            return
        finally:
            self._coming.discard(coming)
        if body is not None:
            await self._inner(scope, _once(body, receive), guarded)

    def _refused(
        self, scope: Message, headers: MutableMapping[bytes, bytes]
    ) -> tuple[int, str] | None:
        if self._hosts is not None:
            host = _without_port(headers.get(b"host", b"").decode("latin-1").lower())
            if host not in self._hosts:
                return 400, f"this server is not called '{_short(host)}': name it by --allow-host."
        path = scope["path"]
        if self._token and not (path in OPEN or path.startswith("/page/")):
            kind, _, given = headers.get(b"authorization", b"").partition(b" ")
            right = hmac.compare_digest(given.strip(), self._token)
            if not (right and kind.lower() == b"bearer"):
                return 401, "a token is needed: send the header 'Authorization: Bearer TOKEN'."
        return None

    async def _body(self, headers: MutableMapping[bytes, bytes], receive: Receive) -> bytes | None:
        """Return the whole body; None if whoever asked has gone."""
        told = headers.get(b"content-length", b"0")
        if told.isdigit() and int(told[:20]) > self._limits.body:
            raise _TooLargeError
        parts, size = [], 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > self._limits.body:
                raise _TooLargeError
            if not message.get("more_body"):
                return b"".join(parts)


class _TooLargeError(Exception):
    """A body is larger than is allowed."""


def _once(body: bytes, receive: Receive) -> Receive:
    """Return a ``receive`` that gives the body, and then what comes after it."""
    given = False

    async def receive_again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = {name.lower() for name, _ in message["headers"]}
            more = [pair for pair in HEADERS if pair[0] not in own]
            message["headers"] = [*message["headers"], *more]
        await send(message)

    return send_with_headers


async def refuse(send: Send, status: int, error: str) -> None:
    """Answer with a problem in one line."""
    body = json.dumps({"error": error}, ensure_ascii=False).encode("utf-8", "replace")
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if status in (408, 413, 503):  # the rest of the request is not read
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"
