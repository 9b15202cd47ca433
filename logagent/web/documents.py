"""Responses that are one JSON document: answers of routes, and problems (RFC 9457)."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from quart_trio import QuartTrio
from quart_trio.wrappers import TrioResponse
from werkzeug.exceptions import HTTPException

from logagent.core.escapes import in_line
from logagent.core.outcome import Failure, Status
from logagent.core.query import BadParameter

RETRY_AFTER = 1
"""Seconds after which a client that was refused for now may ask again: most answers take less."""

_STATUS_CODES = {Status.NOT_FOUND: HTTPStatus.NOT_FOUND, Status.PERMISSION_DENIED: HTTPStatus.FORBIDDEN}


class Refusal(Exception):
    """A request is refused, with a problem document.

    Args:
        status: the HTTP status code.
        detail: what is wrong, for people.
        headers: of the response, besides those that every document has.
        members: further members of the document.
    """

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None, **members: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers or {}
        self.members = members


def refuse_for_now(detail: str) -> Refusal:
    """Make the refusal of a request that may succeed when it is repeated."""
    return Refusal(503, detail, {"retry-after": str(RETRY_AFTER)})


def to_response(document: dict[str, Any], mimetype: str = "application/json", status: int = 200) -> TrioResponse:
    """Make the response that holds a document; it is never cached."""
    body = json.dumps(document, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
    response = TrioResponse(body, status=status, content_type=mimetype)
    response.headers["cache-control"] = "no-store"
    response.headers["x-content-type-options"] = "nosniff"
    return response


def to_problem(refusal: Refusal) -> TrioResponse:
    """Make the response to a refused request."""
    title = HTTPStatus(refusal.status).phrase
    document = {"title": title, "status": refusal.status, "detail": in_line(refusal.detail), **refusal.members}
    response = to_response(document, "application/problem+json", refusal.status)
    response.headers.update(refusal.headers)
    return response


def failure_to_problem(status: Status, message: str) -> TrioResponse:
    """Make the response to a query that failed before its answer began."""
    return to_problem(Refusal(_STATUS_CODES.get(status, 500), message))


def answer_errors_with_problems(app: QuartTrio) -> None:
    """Make an application answer every error with a problem document."""
    app.errorhandler(Refusal)(_refused)
    app.errorhandler(BadParameter)(_bad_parameter)
    app.errorhandler(Failure)(_failed)
    app.errorhandler(HTTPException)(_http_error)


async def _refused(refusal: Refusal) -> TrioResponse:
    return to_problem(refusal)


async def _bad_parameter(error: BadParameter) -> TrioResponse:
    return to_problem(Refusal(400, str(error), parameter=error.name))


async def _failed(failure: Failure) -> TrioResponse:
    return failure_to_problem(failure.status, failure.message)


async def _http_error(error: HTTPException) -> TrioResponse:
    headers = {name: value for name, value in error.get_headers() if name.lower() == "allow"}
    return to_problem(Refusal(error.code or 500, error.description or error.name, headers))
