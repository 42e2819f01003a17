import asyncio
import socket
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("uvicorn", reason="the serve extra")

import uvicorn

from seqkit.errors import SeqkitError
from seqkit.serve.server import Connection, bind, hosts, is_loopback, read_token
from seqkit.serve.threads import threads


@pytest.mark.parametrize(
    ("host", "alone"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("example.org", False),
    ],
)
def test_who_can_reach_a_host(host: str, alone: bool) -> None:
    assert is_loopback(host) is alone


def test_by_which_names_a_server_is_called() -> None:
    assert hosts("127.0.0.1", []) == {"localhost", "127.0.0.1", "[::1]"}
    assert "[::1]" in (hosts("::1", ["words.example"]) or ())
    assert "words.example" in (hosts("127.0.0.1", ["words.example"]) or ())
    assert hosts("0.0.0.0", []) is None
    assert "words.example" in (hosts("0.0.0.0", ["words.example"]) or ())


def test_the_token_is_in_a_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SEQKIT_TOKEN", raising=False)
    assert read_token(None) == ""
    monkeypatch.setenv("SEQKIT_TOKEN", " abc \n")
    assert read_token(None) == "abc"
    file = tmp_path / "token"
    with pytest.raises(SeqkitError, match=r"cannot read the token in .*: No such file"):
        read_token(file)
    file.write_text("def\n")
    assert read_token(file) == "def"
    for wrong in ("", "two words"):
        file.write_text(wrong)
        with pytest.raises(SeqkitError, match="holds no token: write one word"):
            read_token(file)
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(SeqkitError, match="not UTF-8"):
        read_token(file)


def test_a_port_that_is_taken_is_told() -> None:
    with bind("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(
            SeqkitError, match=rf"port {port}: .*in use; try another --port, or --port 0"
        ):
            bind("127.0.0.1", port)
    with pytest.raises(SeqkitError, match=r"cannot listen at no\.such\.host\.invalid"):
        bind("no.such.host.invalid", 0)


def test_threads_leave_a_core_to_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(9)), raising=False)
    assert [threads(runs) for runs in (0, 1, 2, 3, 100)] == [8, 8, 4, 2, 1]
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0}, raising=False)
    assert threads(1) == 1


def test_a_head_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seqkit.serve.server.KEPT", 0.2)

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0.7)  # longer than a head may take
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    def until_closed(sent: bytes) -> tuple[bytes, float]:
        begun = time.monotonic()
        with socket.create_connection(address, timeout=10) as line:
            line.sendall(sent)
            told = b""
            while part := line.recv(1024):
                told += part
        return told, time.monotonic() - begun

    async def run() -> list[tuple[bytes, float]]:
        serving = asyncio.ensure_future(server.serve(sockets=[listening]))
        heads = (b"", b"GET / HTTP/1.1\r\nX: ", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        ended = await asyncio.gather(*(asyncio.to_thread(until_closed, head) for head in heads))
        server.should_exit = True
        await serving
        return ended

    config = uvicorn.Config(
        slow, http=Connection, log_config=None, access_log=False, lifespan="off"
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None
    with bind("127.0.0.1", 0) as listening:
        address = listening.getsockname()
        nothing, half, whole = asyncio.run(run())
    assert nothing[0] == half[0] == b""
    assert max(nothing[1], half[1]) < 5
    assert whole[0].startswith(b"HTTP/1.1 204")
