"""The service: what it answers to, who may ask, and what happens to requests that are too large, too many or given up.

A request's files go to a worker process, the same engine that grades archives; here nothing is computed, so that the
service answers while records are worked on.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from fastapi import Depends, FastAPI, Request
from fastapi.params import Depends as Dependency
from fastapi.responses import JSONResponse, Response
from fastapi.security import HTTPBearer
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Message

from cardiov_core.domain import JsonObject
from cardiov_core.errors import (
    CardioVError,
    RequestError,
    RequestTooLargeError,
    ServiceBusyError,
    UnknownClientError,
)
from cardiov_core.scoring import Grading, Scorer, Workers
from cardiov_core.service.access import Clients
from cardiov_core.service.answers import (
    AnalyzeOptions,
    Files,
    Options,
    ReportOptions,
    analysis_json,
    name_of,
    report_pdf,
)
from cardiov_core.service.limits import Limits
from cardiov_core.service.prometheus import MEDIA_TYPE, Metrics
from cardiov_core.service.replies import CLIENT_GONE, ErrorReply, error_reply
from cardiov_core.version import installed_version

_Wish = TypeVar("_Wish", bound=Options)
_FILE = "file"
# How often a waiting request is asked whether its client is still there.
_LOOK_S = 0.5
_MULTIPART_SLACK = 65536
_FORM_HINT = "Send multipart/form-data with the files of one record, each under the name 'file'."


class _Gone(Exception):  # noqa: N818 - nobody is told: the client hung up
    """The client is not there any more."""


@dataclass
class _Service:
    """What all requests of one service share."""

    workers: Workers[Scorer]
    clients: Clients
    limits: Limits
    metrics: Metrics = field(default_factory=Metrics)
    n_waiting: int = 0
    ready: "Future[str] | None" = None

    async def replied(
        self, request: Request, work: Callable[[Scorer, Files, _Wish], bytes], wish: type[_Wish], media_type: str
    ) -> Response:
        """Answer one request, whatever happens to it."""
        begun_s, client, path = time.monotonic(), "unknown", request.url.path
        try:
            client = self.clients.client_of(request.headers.get("authorization"))
            content = await self._worked(request, work, wish)
            reply: Response = Response(content, media_type=media_type)
        except (_Gone, ClientDisconnect):
            reply = Response(status_code=CLIENT_GONE)
        except CardioVError as error:
            self.metrics.count_error(error.code)
            reply = error_reply(error)
        self.metrics.count(path, reply.status_code, client, time.monotonic() - begun_s)
        return reply

    async def _worked(
        self, request: Request, work: Callable[[Scorer, Files, _Wish], bytes], wish: type[_Wish]
    ) -> bytes:
        if self.n_waiting >= self.limits.max_waiting:
            raise ServiceBusyError(f"{self.n_waiting} requests wait already.", "Send it again in some seconds.")
        self.n_waiting += 1
        self.metrics.waiting.set(self.n_waiting)
        try:
            files, options = await self._taken(request, wish)
            future = self.workers.submit(work, files, options, timeout_s=self.limits.timeout_s)
            return await _result_of(future, request)
        finally:
            self.n_waiting -= 1
            self.metrics.waiting.set(self.n_waiting)

    async def _taken(self, request: Request, wish: type[_Wish]) -> tuple[Files, _Wish]:
        """Read the form within the limits; those are counted as it comes in, whatever its headers announce."""
        announced = request.headers.get("content-length", "")
        if announced.isdecimal():
            self._check_size(int(announced) - _MULTIPART_SLACK)
        total, receive = 0, request.receive

        async def counted() -> Message:
            nonlocal total
            message = await receive()
            total += len(message.get("body", b""))
            self._check_size(total - _MULTIPART_SLACK)
            return message

        limited = Request(request.scope, counted)
        try:
            form = await limited.form(max_files=self.limits.max_files, max_fields=len(wish.model_fields))
        except HTTPException as error:
            # Starlette's own words: no boundary, too many files ...
            raise RequestError(f"{error.detail}".rstrip(".") + ".", _FORM_HINT) from error
        async with _closing(form):
            files = [
                (one.filename or "upload", await one.read())
                for one in form.getlist(_FILE)
                if isinstance(one, UploadFile)
            ]
            self._check_size(sum(len(content) for _, content in files))
            return files, _options(form, wish, bool(files))

    def _check_size(self, n_bytes: int) -> None:
        if n_bytes > self.limits.max_bytes:
            raise RequestTooLargeError(
                f"The files have more than {self.limits.max_bytes / 1024**2:g} MiB.", "Send a shorter recording."
            )


def _options(form: FormData, wish: type[_Wish], any_file: bool) -> _Wish:
    if not any_file:
        raise RequestError("The request has no file.", _FORM_HINT)
    values = {name: value for name, value in form.items() if name != _FILE}
    try:
        return wish.model_validate(values)
    except ValidationError as error:
        wrong = error.errors()[0]
        name = ".".join(map(str, wrong["loc"]))
        raise RequestError(f"{name}: {wrong['msg']}.", "The fields are described in /openapi.json.") from error


@asynccontextmanager
async def _closing(form: FormData) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await form.close()


async def _result_of(future: "Future[bytes]", request: Request) -> bytes:
    """Wait for a worker, and give up what nobody waits for any more unless it was begun."""
    waited = asyncio.wrap_future(future)
    while True:
        done, _ = await asyncio.wait({waited}, timeout=_LOOK_S)
        if done:
            return waited.result()
        if await request.is_disconnected():
            waited.cancel()
            raise _Gone


def make_app(
    grading: Grading, n_processes: int, clients: Clients | None = None, limits: Limits | None = None
) -> FastAPI:
    """Make the service; its worker processes start with it and end with it.

    Parameters
    ----------
    grading : Grading
        By what records are graded.
    n_processes : int
        Worker processes.
    clients : Clients, optional
        Who may ask; whoever reaches it by default.
    limits : Limits, optional
        What a request may cost.

    Returns
    -------
    FastAPI
        An ASGI application.
    """
    known, allowed = clients or Clients(), limits or Limits()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with Workers(n_processes, Scorer, grading) as workers:
            service = _Service(workers, known, allowed)
            # One for each, so that no request waits for networks to be loaded.
            service.ready, *_ = [workers.submit(name_of) for _ in range(n_processes)]
            app.state.service = service
            yield

    app = FastAPI(
        title="CardioV",
        version=installed_version("cardiov"),
        description="The critical value of a 12-lead ECG, and why. For research and education. Not a medical device.",
        lifespan=lifespan,
        # Its pages load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
    )
    # For the description alone: the token is looked at before anything is read, and refused in this service's words.
    token = [Depends(HTTPBearer(auto_error=False, description="One token per client."))]
    _add_record_paths(app, token)
    _add_state_paths(app, token)
    return app


def _add_record_paths(app: FastAPI, token: Sequence[Dependency]) -> None:
    problems: dict[int | str, dict[str, Any]] = {
        status: {"model": ErrorReply} for status in (400, 401, 413, 422, 500, 503, 504)
    }

    @app.exception_handler(HTTPException)
    async def refuse(request: Request, error: HTTPException) -> Response:
        wrong = RequestError(f"{request.method} {request.url.path}: {error.detail}.", "The paths are in /openapi.json.")
        return error_reply(wrong, error.status_code)

    @app.post(
        "/v1/analyze",
        dependencies=token,
        summary="Analyse one record",
        description="Returns the object that `cardiov analyze --json` prints.",
        responses={200: {"description": "The analysis", "content": {"application/json": {}}}, **problems},
        openapi_extra=_form_of(AnalyzeOptions),
    )
    async def analyze(request: Request) -> Response:
        return await _of(request).replied(request, analysis_json, AnalyzeOptions, "application/json")

    @app.post(
        "/v1/report",
        dependencies=token,
        summary="Write one record's report",
        description="Returns the PDF that `cardiov report` writes.",
        responses={200: {"description": "The report", "content": {"application/pdf": {}}}, **problems},
        openapi_extra=_form_of(ReportOptions),
    )
    async def report(request: Request) -> Response:
        return await _of(request).replied(request, report_pdf, ReportOptions, "application/pdf")


def _add_state_paths(app: FastAPI, token: Sequence[Dependency]) -> None:
    @app.get(
        "/health", summary="Whether records are taken", responses={503: {"description": "Not yet, or not any more"}}
    )
    async def health(request: Request) -> Response:
        ready = _of(request).ready
        if ready is None or not ready.done():
            return JSONResponse({"status": "starting"}, 503)
        error = ready.exception()
        if error is not None:
            return JSONResponse({"status": "failed", "message": str(error)}, 503)
        return JSONResponse({"status": "ok", "version": app.version, "model": ready.result()})

    @app.get("/metrics", summary="Counters for Prometheus", responses={401: {"model": ErrorReply}}, dependencies=token)
    async def metrics(request: Request) -> Response:
        service = _of(request)
        try:
            service.clients.client_of(request.headers.get("authorization"))
        except UnknownClientError as error:
            return error_reply(error)
        return Response(service.metrics.text(), media_type=MEDIA_TYPE)


def _of(request: Request) -> _Service:
    service: _Service = request.app.state.service
    return service


def _form_of(options: type[Options]) -> JsonObject:
    """Describe a form for OpenAPI: it is read by hand, after the token, so FastAPI does not know it."""
    schema = options.model_json_schema()
    file: JsonObject = {
        "type": "array",
        "items": {"type": "string", "format": "binary"},
        "description": "All files of one record.",
    }
    content: JsonObject = {"type": "object", "properties": {_FILE: file, **schema["properties"]}, "required": [_FILE]}
    return {
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": content}}},
    }


def run_service(app: FastAPI, host: str, port: int) -> None:
    """Serve until the process is ended.

    Parameters
    ----------
    app : FastAPI
        Of `make_app`.
    host : str
        The address to listen at.
    port : int
        The port.
    """
    import uvicorn

    uvicorn.run(app, host=host, port=port, server_header=False)
