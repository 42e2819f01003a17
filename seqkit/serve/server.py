"""The server: a socket, the threads, and an end that finishes what it began."""

import asyncio
import gc
import ipaddress
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from seqkit.errors import SeqkitError
from seqkit.serve.app import application
from seqkit.serve.desk import Desk
from seqkit.serve.guard import Guard
from seqkit.serve.limits import Limits
from seqkit.serve.served import Served
from seqkit.serve.threads import compute_with, threads

TOKEN = "SEQKIT_TOKEN"  # the environment variable
LOCAL = ("localhost", "127.0.0.1", "[::1]")
KEPT = 15  # seconds that an idle connection is kept


def read_token(file: Path | None) -> str:
    """Return the token that requests must bear: a file's, else the environment's, else none.

    It is never a word of the command line, which other users of a machine can read.

    Raises:
        SeqkitError: if the file cannot be read, or holds no token.
    """
    if file is None:
        return os.environ.get(TOKEN, "").strip()
    try:
        token = file.expanduser().read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        told = getattr(error, "strerror", None) or "it is not UTF-8"
        raise SeqkitError(f"cannot read the token in {file}: {told}.") from None
    if not token or len(token.split()) != 1:
        raise SeqkitError(f"{file} holds no token: write one word into it, of your own making.")
    return token


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that listens at an address; port 0: any that is free.

    Raises:
        SeqkitError: if there is no such address here, or the port is taken.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        made = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        told = getattr(error, "strerror", None) or error
        raise SeqkitError(f"cannot listen at {host}: {told}.") from None
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(2048)
    except OSError as error:
        made.close()
        raise SeqkitError(
            f"cannot listen at {host}, port {port}: {error.strerror}; try another --port, or "
            "--port 0 for any that is free."
        ) from None
    return made


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach a host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def hosts(host: str, more: Collection[str]) -> set[str] | None:
    """Return the names by which the server may be called; None: any, as it is meant for others."""
    if not is_loopback(host) and not more:
        return None
    own = f"[{host}]" if ":" in host else host
    return {*LOCAL, own, *more}


def serve(
    served: Sequence[Served],
    listening: socket.socket,
    limits: Limits,
    *,
    token: str = "",
    called: Collection[str] | None = None,
    ready: Callable[[], None] = lambda: None,
) -> bool:
    """Answer requests until a signal comes, then finish what was begun.

    Args:
        served: runs and word vectors.
        listening: the socket.
        limits: of requests and of the end.
        token: that requests must bear; empty: none.
        called: the names by which the server may be called; None: any.
        ready: called once requests are answered.

    Returns:
        Whether all that was begun was finished within ``limits.stop``.
    """
    wanted = threads(len(served))
    desk = Desk.open(served, limits, lambda: compute_with(wanted))
    guard = Guard(application(desk), limits, token=token, hosts=called)
    config = uvicorn.Config(
        guard,
        http=Connection,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # nobody can pass for another by a header
        ws="none",
        lifespan="off",
        timeout_keep_alive=KEPT,
        timeout_graceful_shutdown=round(limits.stop) + 1,
    )
    gc.collect()
    gc.freeze()  # what was loaded stays: no collection needs to look at it again
    server = _Server(config, desk, guard, ready)
    # seqkit.tasks would tell the terminal, at each request, which words of it were unknown
    with _errors_only("uvicorn", "seqkit.tasks"):
        server.run(sockets=[listening])
    return server.finished


@contextmanager
def _errors_only(*loggers: str) -> Iterator[None]:
    levels = {name: logging.getLogger(name).level for name in loggers}
    try:
        for name in loggers:
            logging.getLogger(name).setLevel(logging.ERROR)
        yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


class Connection(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """uvicorn's, which would wait for ever for the head of a request that has begun to come."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to look."""
        super().connection_made(transport)
        self._look(None)

    def connection_lost(self, error: Exception | None) -> None:
        """Look no more."""
        self._timer.cancel()
        super().connection_lost(error)

    def _look(self, before: object) -> None:
        """Close the connection if nothing is being answered, nor was anything since before."""
        idle = self.cycle is None or self.cycle.response_complete
        if idle and before == (idle, self.cycle):
            self.transport.close()
        self._timer = self.loop.call_later(KEPT, self._look, (idle, self.cycle))


class _Server(uvicorn.Server):
    """uvicorn's server, which tells when it is ready, and ends without a signal's exit code."""

    def __init__(
        self, config: uvicorn.Config, desk: Desk, guard: Guard, ready: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._desk, self._guard, self._ready = desk, guard, ready
        self.finished = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        late = asyncio.get_running_loop().call_later(self._desk.limits.stop, self._abandon)
        await super().shutdown(sockets)
        late.cancel()
        self.finished = self._desk.close(1.0) and self.finished

    def _abandon(self) -> None:
        self.finished = False
        self._desk.abandon()
        self._guard.abandon()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take signals as a wish to end; uvicorn would raise them again after the end."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        asked = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self.handle_exit) for number in asked}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
