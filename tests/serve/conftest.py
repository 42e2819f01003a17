"""Tiny runs, trained once, and the API over them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from serving import process, tiny_runs

from seqkit.serve.limits import Limits


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("fastapi", reason="the serve extra")
    return tiny_runs(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="session")
def desk(runs: Path) -> Iterator[object]:
    from seqkit.serve.desk import Desk
    from seqkit.serve.served import open_served

    names = ("topics", "tags", "next", "ko-en", "words")
    limits = Limits(texts=8, characters=200, body=4096)
    opened = Desk.open(open_served([str(runs / name) for name in names]), limits, lambda: None)
    yield opened
    opened.close(5)


@pytest.fixture(scope="session")
def server(runs: Path) -> Iterator[str]:
    """The address of a server, a process of its own."""
    names = ("topics", "tags", "next", "ko-en", "words")
    with process(*(runs / name for name in names)) as (address, _):
        yield address
