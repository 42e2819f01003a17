"""``seqkit serve``: runs and word vectors over HTTP, and a page to try them on."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seqkit.serve.served import Served


def serve(
    served: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN_OR_VECTORS...", help="Run directories, word vectors; NAME=PATH names one."
        ),
    ],
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0: any free one.")] = 8000,
    host: Annotated[
        str, typer.Option(help="Address; 0.0.0.0: for other machines too.")
    ] = "127.0.0.1",
    token_file: Annotated[
        Path | None,
        typer.Option(help="A file with the token that requests must bear [$SEQKIT_TOKEN]."),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Another name of this server; repeatable."),
    ] = None,
    texts: Annotated[int, typer.Option(min=1, help="Texts of a request, at most.")] = 64,
    characters: Annotated[int, typer.Option(min=1, help="Characters of a text.")] = 4_000,
    body: Annotated[int, typer.Option(min=1024, help="Bytes of a request.")] = 1 << 20,
    queue: Annotated[int, typer.Option(min=1, help="Texts that may wait for a run.")] = 1_000,
    wait: Annotated[
        float, typer.Option(min=0.1, help="Seconds to wait, as expected; more: refused (429).")
    ] = 5.0,
    seconds: Annotated[float, typer.Option(min=0.1, help="Until an answer.")] = 30.0,
    stop: Annotated[float, typer.Option(min=0, help="Seconds to finish at the end.")] = 10.0,
    at_once: Annotated[int, typer.Option(min=1, help="Texts that a run reads together.")] = 32,
) -> None:
    """Serve runs and word vectors: an HTTP API, and a page to try them on.

    Only this machine can ask, unless --host says otherwise. /docs tells the API: /predict,
    /generate, /similar, /map, /served, /health. Ctrl-C ends, and finishes what was begun.
    """
    from seqkit.errors import SeqkitError

    for package in ("fastapi", "uvicorn"):
        if find_spec(package) is None:
            raise SeqkitError(f"serve needs {package}: pip install 'seqkit-nlp[serve]'.")
    from seqkit.serve.limits import Limits
    from seqkit.serve.served import open_served
    from seqkit.serve.server import bind, hosts, is_loopback, read_token
    from seqkit.serve.server import serve as serve_all
    from seqkit.settings import check

    limits = check(
        Limits,
        {
            **{
                "texts": texts,
                "characters": characters,
                "body": body,
                "queue": queue,
                "wait": wait,
            },
            **{"seconds": seconds, "stop": stop, "at_once": at_once},
        },
    )
    token = read_token(token_file)
    with bind(host, port) as listening:
        opened = open_served(served)
        if not is_loopback(host) and not token:
            _warn_open(host)
        address = _address(host, listening.getsockname()[1])
        finished = serve_all(
            opened,
            listening,
            limits,
            token=token,
            called=hosts(host, allow_host or ()),
            ready=lambda: _tell(opened, address),
        )
    if not finished:
        raise SeqkitError(f"stopped after {stop:g} s, before all that was begun was answered.")


def _tell(opened: "Sequence[Served]", address: str) -> None:
    for one in opened:
        print(f"{one.name}: {one.about['task']}")
    print(f"serving at {address}  (Ctrl-C ends)", flush=True)


def _warn_open(host: str) -> None:
    import logging

    logging.getLogger("seqkit").warning(
        "anyone who can reach %s can ask this server: set SEQKIT_TOKEN, or --token-file.", host
    )


def _address(host: str, port: int) -> str:
    shown = "127.0.0.1" if host in ("0.0.0.0", "::", "") else host
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"
