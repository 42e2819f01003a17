"""``seqkit serve`` as a process of its own: it begins, answers, and ends well."""

import http.client
import json
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the serve extra")

from command_line import Seqkit
from serving import process, words_of

ASKED = json.dumps({"question": "서울 - 한국 + 일본"}).encode()


@pytest.fixture(scope="module")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("serve") / "words"
    words_of(folder)
    return folder


@pytest.fixture
def seqkit(vectors: Path) -> Seqkit:
    return Seqkit(vectors.parent, "serve")


def answer(line: socket.socket) -> tuple[int, Any]:
    response = http.client.HTTPResponse(line)
    response.begin()
    return response.status, json.loads(response.read())


def connect(address: str) -> socket.socket:
    host, port = address.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=30)


def head(token: str = "") -> bytes:
    """Return a request, bearing a token, without its body."""
    bears = f"Authorization: Bearer {token}\r\n" if token else ""
    return (
        "POST /similar HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"{bears}Content-Length: {len(ASKED)}\r\n\r\n"
    ).encode()


def test_it_answers_and_at_sigterm_finishes_what_it_began(vectors: Path) -> None:
    with process(vectors, f"same={vectors}") as (address, server):
        with connect(address) as begun, connect(address) as idle:
            idle.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert answer(idle)[0] == 200
            idle.sendall(b"HEAD /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            with http.client.HTTPResponse(idle, method="HEAD") as told_of:
                told_of.begin()
                assert told_of.status == 200
                assert int(told_of.headers["content-length"]) > 0
            begun.sendall(head() + ASKED[:10])
            idle.sendall(b"GET /served HTTP/1.1\r\nHost: localhost\r\n\r\n")
            names = [one["name"] for one in answer(idle)[1]["served"]]
            assert names == ["words", "same"]
            server.send_signal(signal.SIGTERM)
            assert idle.recv(1) == b""  # who asks for nothing is let go
            begun.sendall(ASKED[10:])
            status, told = answer(begun)
            assert (status, told["error"]) == (422, "name a model, one of: words, same.")
        out, err = server.communicate(timeout=30)
    assert server.returncode == 0
    assert (out, err) == ("", "")


def test_what_does_not_end_is_not_waited_for_and_the_token_is_no_argument(vectors: Path) -> None:
    env = {**os.environ, "SEQKIT_TOKEN": "숨김s3cret"}
    with process(vectors, "--stop", "0.2", env=env) as (address, server):
        with connect(address) as line:
            line.sendall(head())
            assert answer(line) == (
                401,
                {"error": "a token is needed: send the header 'Authorization: Bearer TOKEN'."},
            )
        with connect(address) as line:
            bearer = head("숨김s3cret")
            line.sendall(bearer + ASKED)
            status, told = answer(line)
            assert (status, told["answers"][0]["word"]) == (200, "도쿄")
            line.sendall(bearer)  # and never the rest
            server.send_signal(signal.SIGINT)
            _, err = server.communicate(timeout=30)
    assert server.returncode == 2
    assert err == ("seqkit: stopped after 0.2 s, before all that was begun was answered.\n")


WRONG = [
    ((), "Missing argument"),
    (("nothing-here",), "there is no run and there are no word vectors at nothing-here."),
    (("words", "words"), "two are named 'words'"),
    (("words", "--token-file", "no-token"), "cannot read the token in no-token: No such file"),
    (("words", "--host", "no.such.host.invalid"), "cannot listen at no.such.host.invalid"),
    (("words", "--body", "1"), "--body"),
    (("words", "--seconds", "1e9"), "setting 'seconds'"),
]


@pytest.mark.parametrize(("given", "error"), WRONG)
def test_what_is_wrong_is_told_in_one_line(
    seqkit: Seqkit, given: tuple[str, ...], error: str
) -> None:
    ran = seqkit(*given, *(["--port", "0"] if "--port" not in given else []), ok=False)
    assert ran.returncode == 2
    assert error in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_a_missing_package_is_told_with_how_to_install_it(
    seqkit: Seqkit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seqkit.cli.serve.find_spec", lambda name: None)
    ran = seqkit("words", ok=False)
    assert ran.stderr == "seqkit: serve needs fastapi: pip install 'seqkit-nlp[serve]'.\n"


@pytest.fixture
def unserved(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Let nothing be served, nor listened to; return how it would have been."""
    how: dict[str, Any] = {}

    def serve(*parts: Any, ready: Any, **options: Any) -> bool:
        how.update(options)
        ready()
        return True

    monkeypatch.setattr("seqkit.serve.server.serve", serve)
    monkeypatch.setattr("seqkit.serve.server.bind", lambda host, port: socket.socket())
    monkeypatch.delenv("SEQKIT_TOKEN", raising=False)
    return how


def test_who_serves_to_others_without_a_token_is_warned(
    seqkit: Seqkit, unserved: dict[str, Any], vectors: Path
) -> None:
    ran = seqkit("words", "--host", "0.0.0.0")
    assert "anyone who can reach 0.0.0.0 can ask this server: set SEQKIT_TOKEN" in ran.stderr
    assert unserved["called"] is None
    (vectors.parent / "token").write_text("s3cret\n")
    ran = seqkit("words", "--host", "0.0.0.0", "--token-file", "token", "--allow-host", "x.example")
    assert ran.stderr == ""
    assert unserved["token"] == "s3cret"
    assert "x.example" in unserved["called"]
    assert seqkit("words").stderr == ""
