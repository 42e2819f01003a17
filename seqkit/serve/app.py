"""The HTTP API: what may be asked of runs and word vectors, and how problems are told."""

import json
import math
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from seqkit import __version__
from seqkit.asking import UnknownWordError
from seqkit.errors import SeqkitError, unknown
from seqkit.serve import messages
from seqkit.serve.documents import document
from seqkit.serve.limits import Limits
from seqkit.serve.page_files import page_files
from seqkit.serve.served import MAP, Generate, Nearest, Overview, Predict, Served
from seqkit.serve.worker import FullError, LateError, StoppingError, Worker

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
ABOUT = (
    "Answers of trained runs and word vectors. A problem is told in one line, `error`. Where a "
    "token is asked for, send `Authorization: Bearer TOKEN`."
)


class Refusal(Exception):  # noqa: N818 - a reason to be told, of whatever kind
    """A request that is not answered; ``more`` is told beside the error."""

    def __init__(self, status: int, error: str, **more: Any) -> None:
        super().__init__(error)
        self.status, self.more = status, more


@dataclass(eq=False)
class Desk:
    """All that is served, each with its worker: where requests are taken in."""

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

    async def ask(self, name: str, how: Hashable, items: Sequence[Any]) -> Sequence[Any]:
        """Return the answers of what is served.

        Raises:
            Refusal: if it cannot answer, or not now.
        """
        try:
            return await self.workers[name].ask(how, items)
        except FullError:
            raise Refusal(429, f"'{name}' has too much to do: come again in a moment.") from None
        except StoppingError:
            raise Refusal(503, "the server is stopping: ask again when it is back.") from None
        except LateError:
            seconds = self.limits.seconds
            raise Refusal(504, f"no answer within {seconds:g} s: ask for less at once.") from None
        except UnknownWordError as error:
            raise Refusal(400, str(error), nearest=error.nearest) from None
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


def application(desk: Desk) -> FastAPI:
    """Return the API and the page, without what guards them."""
    app = FastAPI(
        title="seqkit",
        version=__version__,
        description=ABOUT,
        docs_url=None,  # FastAPI's own load scripts from another host
        redoc_url=None,
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
    async def predict(question: messages.Question) -> Response:
        desk.check(question.texts)
        name = desk.named(question.model, "predict")
        how = Predict(question.top, question.attention)
        return _json({"model": name, "answers": await desk.ask(name, how, question.texts)})

    @app.post("/generate", response_model=messages.Answers, summary="Go on with texts, or write")
    async def generate(question: messages.Writing) -> Response:
        desk.check(question.texts)
        name = desk.named(question.model, "generate")
        given = question.model_dump(exclude={"model", "texts"}, exclude_none=True)
        how = Generate(tuple(sorted(given.items())))
        return _json({"model": name, "answers": await desk.ask(name, how, question.texts)})


def _add_words(app: FastAPI, desk: Desk) -> None:
    @app.post("/similar", response_model=messages.Similar, summary="Words near a word, or a sum")
    async def similar(question: messages.WordQuestion) -> Response:
        desk.check([question.question])
        name = desk.named(question.model, "similar")
        how = Nearest(question.top, question.cosmul, question.plane)
        (answer,) = await desk.ask(name, how, [question.question])
        return _json({"model": name, **answer})

    @app.get("/map", response_model=messages.Map, summary="The most frequent words in a plane")
    async def map_(
        model: str | None = None, top: Annotated[int, Query(ge=2, le=MAP)] = 200
    ) -> Response:
        name = desk.named(model, "similar")
        (answer,) = await desk.ask(name, Overview(), [top])
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
        return "the body is not JSON"
    if item["type"] == "model_attributes_type":
        return "the body is no JSON object: send one, with Content-Type: application/json"
    place = ".".join(str(part) for part in item["loc"] if part not in ("body", "query"))
    message = str(item["msg"]).removeprefix("Value error, ")
    return f"{place or 'the body'}: {message[0].lower()}{message[1:]}"


def _problem(status: int, error: str, **more: Any) -> Response:
    answer = _json({"error": " ".join(error.split()), **more}, status)
    if status == 429:
        answer.headers["retry-after"] = "1"
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
