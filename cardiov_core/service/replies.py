"""Errors as replies: the CardioVError's code, message and hint, with the HTTP status that fits."""

from fastapi.responses import JSONResponse
from pydantic import BaseModel

from cardiov_core.errors import (
    CardioVError,
    ConfigurationError,
    ExplanationError,
    MissingMetadataError,
    ProcessLostError,
    RecordError,
    RequestError,
    RequestTooLargeError,
    ServiceBusyError,
    TimeLimitError,
    UnknownClientError,
    WeightsError,
)

CLIENT_GONE = 499
"""Of a client that hung up: nobody reads it, but the metrics count it."""

_AGAIN_S = "5"
# The first class that fits decides.
_STATUS: tuple[tuple[type[CardioVError], int], ...] = (
    (UnknownClientError, 401),
    (RequestTooLargeError, 413),
    (ServiceBusyError, 503),
    (RequestError, 400),
    (TimeLimitError, 504),
    (ProcessLostError, 500),
    (RecordError, 422),
    (ConfigurationError, 400),
    (ExplanationError, 422),
    (WeightsError, 503),
)


class Problem(BaseModel):
    """What is wrong, for programs (`code`, `fields`) and people."""

    code: str
    message: str
    hint: str
    fields: list[str] = []


class ErrorReply(BaseModel):
    """The body of every reply that is no success."""

    error: Problem


def status_of(error: CardioVError) -> int:
    """Return the HTTP status of an error."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def error_reply(error: CardioVError, status: int | None = None) -> JSONResponse:
    """Return the reply that says what is wrong; with the status that fits, unless another one is known."""
    fields = list(error.fields) if isinstance(error, MissingMetadataError) else []
    problem = Problem(code=error.code, message=error.message, hint=error.hint, fields=fields)
    headers = {}
    if isinstance(error, UnknownClientError):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, ServiceBusyError):
        headers["Retry-After"] = _AGAIN_S
    return JSONResponse(ErrorReply(error=problem).model_dump(), status or status_of(error), headers)
