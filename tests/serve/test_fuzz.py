"""Requests made of the server's own OpenAPI document, right and wrong ones: never a 5xx."""

import socket
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the serve extra")

from hypothesis import HealthCheck, Phase, given, settings

from seqkit.serve.app import application
from seqkit.serve.desk import Desk
from seqkit.serve.guard import Guard
from seqkit.serve.limits import Limits

schemathesis: Any = pytest.importorskip("schemathesis", reason="the dev extra")
conformance: Any = pytest.importorskip("schemathesis.specs.openapi.checks")

EXAMPLES = 25  # of each operation, right ones and wrong ones

CHECKS = [
    schemathesis.checks.not_a_server_error,
    conformance.status_code_conformance,
    conformance.content_type_conformance,
    conformance.response_schema_conformance,
    conformance.negative_data_rejection,
]


@pytest.fixture(scope="module")
def document(desk: Desk) -> Any:
    return schemathesis.openapi.from_asgi(
        "/openapi.json", Guard(application(desk), Limits(body=1 << 16))
    )


@pytest.mark.parametrize("mode", ["positive", "negative"])
def test_no_request_finds_a_fault(document: Any, mode: str) -> None:
    called = dict.fromkeys(("/predict", "/generate", "/similar", "/map"), 0)
    for found in document.get_all_operations():
        operation = found.ok()
        if operation.path not in called:  # /served and /health take nothing
            continue

        path = operation.path

        @given(operation.as_strategy(generation_mode=schemathesis.GenerationMode(mode)))
        @settings(
            max_examples=EXAMPLES,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def check(case: Any) -> None:
            called[path] += 1  # noqa: B023 - called before the next path
            case.call_and_validate(checks=CHECKS)

        check()
    assert min(called.values()) >= EXAMPLES // 2


RAW = [
    b"GET / HTTP/1.1\r\n\r\n",
    b"nonsense\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
    b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n",
    b"POST /predict HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b'Content-Length: 12\r\n\r\n\xff\xfe\x00{"a": 1}\x00',
    b"GET /page/%00%ff HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /map?top=%F0%28&model=%ff HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"BREW /predict HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 5000 + b"\r\n",
]


def test_what_is_no_http_is_refused_and_nothing_else_suffers(server: str) -> None:
    host, port = server.removeprefix("http://").split(":")
    for sent in RAW:
        with socket.create_connection((host, int(port)), timeout=10) as line:
            line.sendall(sent)
            line.shutdown(socket.SHUT_WR)
            told = b""
            while part := line.recv(65536):
                told += part
        assert not told.split(b" ", 2)[1:2][:1] or told.split(b" ", 2)[1][:1] in b"24", (sent, told)
    with socket.create_connection((host, int(port)), timeout=10) as line:
        line.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert line.recv(65536).startswith(b"HTTP/1.1 200")
