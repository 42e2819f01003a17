"""The HTTP API: what may be asked of runs and word vectors, and how problems are told."""

import json
import math
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from seqkit import __version__
from seqkit.serve import messages
from seqkit.serve.desk import Desk, Refusal
from seqkit.serve.documents import document
from seqkit.serve.page_files import page_files
from seqkit.serve.served import MAP, Generate, Nearest, Overview, Predict

PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"model": messages.Problem, "description": "it cannot be answered; `error` says why"},
    401: {"model": messages.Problem, "description": "the token is missing or wrong"},
    404: {"model": messages.Problem, "description": "nothing of that name is served"},
    408: {"model": messages.Problem, "description": "the request did not come to its end"},
    413: {"model": messages.Problem, "description": "more than the server takes at once"},
    422: {"model": messages.Problem, "description": "a field is missing, unknown or out of range"},
    429: {
        "model": messages.Problem,
        "description": "too many wait now: come again in a moment",
    },
    503: {"model": messages.Problem, "description": "the server is stopping"},
    504: {"model": messages.Problem, "description": "it took too long"},
}
NO_JSON = "the body is not JSON in UTF-8 that can be read."
LINE = 400  # characters of an error, which may quote what was sent
ABOUT = (
    "Answers of trained runs and word vectors. A problem is told in one line, `error`. Where a "
    "token is asked for, send `Authorization: Bearer TOKEN`."
)


def application(desk: Desk) -> FastAPI:
    """Return the API and the page, without what guards them."""
    app = FastAPI(
        title="seqkit",
        version=__version__,
        description=ABOUT,
        docs_url=None,  # FastAPI's own load scripts from another host
        redoc_url=None,
        redirect_slashes=False,
        responses=PROBLEMS,
    )
    _tell_problems(app)
    _add_answers(app, desk)
    _add_words(app, desk)
    _add_about(app, desk)
    _add_page(app)
    return app


def _add_answers(app: FastAPI, desk: Desk) -> None:
    @app.post("/predict", response_model=messages.Answers, summary="Answer texts, as the run does")
    async def predict(request: Request, question: messages.Question) -> Response:
        desk.check(question.texts)
        name = desk.named(question.model, "predict")
        how = Predict(question.top, question.attention)
        answers = await desk.ask(request, name, how, question.texts)
        return _json({"model": name, "answers": answers})

    @app.post("/generate", response_model=messages.Answers, summary="Go on with texts, or write")
    async def generate(request: Request, question: messages.Writing) -> Response:
        desk.check(question.texts)
        name = desk.named(question.model, "generate")
        given = question.model_dump(exclude={"model", "texts"}, exclude_none=True)
        how = Generate(tuple(sorted(given.items())))
        answers = await desk.ask(request, name, how, question.texts)
        return _json({"model": name, "answers": answers})


def _add_words(app: FastAPI, desk: Desk) -> None:
    @app.post("/similar", response_model=messages.Similar, summary="Words near a word, or a sum")
    async def similar(request: Request, question: messages.WordQuestion) -> Response:
        desk.check([question.question])
        name = desk.named(question.model, "similar")
        how = Nearest(question.top, question.cosmul, question.plane)
        (answer,) = await desk.ask(request, name, how, [question.question])
        return _json({"model": name, **answer})

    @app.get("/map", response_model=messages.Map, summary="The most frequent words in a plane")
    async def map_(
        request: Request,
        model: messages.Name | None = None,
        top: Annotated[int, Query(ge=2, le=MAP)] = 200,
    ) -> Response:
        name = desk.named(model, "similar")
        (answer,) = await desk.ask(request, name, Overview(), [top])
        return _json({"model": name, **answer})


def _add_about(app: FastAPI, desk: Desk) -> None:
    started = time.monotonic()

    @app.get("/served", response_model=messages.ServedList, summary="What is served")
    async def served() -> Response:
        listed = [dict(one.about) for one in desk.served.values()]
        return _json({"served": listed, "limits": asdict(desk.limits)})

    @app.get("/health", response_model=messages.Health, summary="Whether the server answers")
    async def health() -> Response:
        workers = desk.workers.values()
        return _json(
            {
                "status": "ok",
                "version": __version__,
                "seconds": round(time.monotonic() - started, 3),
                "answered": sum(worker.answered for worker in workers),
                "waiting": sum(worker.waiting for worker in workers),
            }
        )


def _add_page(app: FastAPI) -> None:
    files = page_files()

    @app.get("/", include_in_schema=False)
    async def page() -> Response:
        return HTMLResponse(files["index.html"][0])

    @app.get("/page/{name}", include_in_schema=False)
    async def file(name: str) -> Response:
        if name not in files:
            raise Refusal(404, "there is no such file.")
        content, kind = files[name]
        return Response(content, media_type=kind)

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        return HTMLResponse(document(app.openapi()))


# -- problems --


def _tell_problems(app: FastAPI) -> None:
    @app.exception_handler(Refusal)
    async def refused(_: Request, refusal: Exception) -> Response:
        assert isinstance(refusal, Refusal)
        return _problem(refusal.status, str(refusal), **refusal.more)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        status = 400 if any(item["type"] == "json_invalid" for item in error.errors()) else 422
        return _problem(status, "; ".join(map(_explain, error.errors()[:5])) + ".")

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        said = {
            400: NO_JSON,
            404: f"there is nothing at {request.url.path}: GET /docs lists what there is.",
            405: f"{request.url.path} is not asked by {request.method}: GET /docs shows how.",
        }
        answer = _problem(error.status_code, said.get(error.status_code, str(error.detail)))
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(Exception)
    async def failed(_: Request, error: Exception) -> Response:
        del error  # logged, with where it happened
        return _problem(500, "something is wrong here: the server's log has what.")


def _explain(item: Mapping[str, Any]) -> str:
    if item["type"] == "json_invalid":
        return NO_JSON.removesuffix(".")
    if item["loc"] == ("body",) and item["type"] == "missing":
        return "the body is empty: send a JSON object"
    if item["type"] == "model_attributes_type":
        return "the body is no JSON object: send one, with Content-Type: application/json"
    place = ".".join(str(part) for part in item["loc"] if part not in ("body", "query"))
    message = str(item["msg"]).removeprefix("Value error, ")
    return f"{place or 'the body'}: {message[0].lower()}{message[1:]}"


def _problem(status: int, error: str, retry: int | None = None, **more: Any) -> Response:
    line = " ".join(error.split())
    answer = _json({"error": line if len(line) <= LINE else f"{line[: LINE - 1]}…", **more}, status)
    if retry is not None:
        answer.headers["retry-after"] = str(retry)
    return answer


def _json(value: Any, status: int = 200) -> Response:
    try:
        written = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except ValueError:
        written = json.dumps(_finite(value), ensure_ascii=False, separators=(",", ":"))
    body = written.encode("utf-8", "replace")
    return Response(body, status, media_type="application/json")


def _finite(value: Any) -> Any:
    """Return a value in which what JSON has no number for is null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: _finite(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(part) for part in value]
    return value
