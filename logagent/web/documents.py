"""Responses that are one JSON document: answers of routes, and problems (RFC 9457)."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from quart import current_app, request
from quart_trio import QuartTrio
from quart_trio.wrappers import TrioResponse
from werkzeug.exceptions import HTTPException

from logagent.core.escapes import in_line
from logagent.core.outcome import Failure, Status
from logagent.core.query import BadParameter
from logagent.core.rendering.json_text import without_line_breaks
from logagent.core.wire.media_types import JSON, PROBLEM
from logagent.core.wire.parameter_values import BadValue
from logagent.core.wire.parameters import HITS_PARAMETERS, PARAMETERS
from logagent.core.wire.trace import trace_id
from logagent.web.tracing import note_reason, trace_of

RETRY_AFTER = 1
"""Seconds after which a client that was refused for now may ask again: most answers take less."""

_SEARCHED_FOR = frozenset({"keyword", "exclude", "regex", "exclude_regex"})
_NAMES = frozenset({*PARAMETERS, *HITS_PARAMETERS, "query", "form"})
"""The names of parameters, and what stands for all of them in a URL and in a body."""
_STATUS_CODES = {
    Status.NOT_FOUND: HTTPStatus.NOT_FOUND,
    Status.PERMISSION_DENIED: HTTPStatus.FORBIDDEN,
    Status.RESOURCE_EXHAUSTED: HTTPStatus.LOOP_DETECTED,  # of a question that came through too many agents
}


class Refusal(Exception):
    """A request is refused, with a problem document.

    Args:
        status: the HTTP status code.
        detail: what is wrong, for people.
        headers: of the response, besides those that every document has.
        logged: what the agent's own log says; empty: the same.
        members: further members of the document.
    """

    def __init__(
        self, status: int, detail: str, headers: dict[str, str] | None = None, *, logged: str = "", **members: str
    ) -> None:
        super().__init__(detail)
        self.logged = logged
        self.status = status
        self.detail = detail
        self.headers = headers or {}
        self.members = members


def refuse_for_now(detail: str, logged: str = "") -> Refusal:
    """Make the refusal of a request that may succeed when it is repeated; see `Refusal`."""
    return Refusal(503, detail, {"retry-after": str(RETRY_AFTER)}, logged=logged)


class DocumentResponse(TrioResponse):
    """The response that holds a JSON document, or the text of one; it is never cached."""

    def __init__(self, document: dict[str, Any] | bytes, mimetype: str = JSON, status: int = 200) -> None:
        if not isinstance(document, bytes):
            document = without_line_breaks(json.dumps(document, ensure_ascii=False))
        super().__init__(document + b"\n", status=status, content_type=mimetype)
        self.headers["cache-control"] = "no-store"
        self.headers["x-content-type-options"] = "nosniff"


class Problem(DocumentResponse):
    """The response to a refused request.

    Args:
        refusal: why it is refused.
        trace: the request's `traceparent`; None: it is not known.

    Attributes:
        detail: why it is refused, for people.
    """

    def __init__(self, refusal: Refusal, trace: str | None) -> None:
        self.detail = in_line(refusal.detail)
        title = HTTPStatus(refusal.status).phrase
        document = {"title": title, "status": refusal.status, "detail": self.detail, **refusal.members}
        document |= {"trace_id": trace_id(trace)} if trace else {}
        super().__init__(document, PROBLEM, refusal.status)
        self.headers.update(refusal.headers)


def failure_to_problem(status: Status, message: str, trace: str | None) -> Problem:
    """Make the response to a query that failed before its answer began; see `Problem`."""
    return Problem(Refusal(_STATUS_CODES.get(status, 500), message), trace)


def answer_errors_with_problems(app: QuartTrio) -> None:
    """Make an application answer every error with a problem document."""
    app.errorhandler(Refusal)(_refused)
    app.errorhandler(BadParameter)(_bad_parameter)
    app.errorhandler(Failure)(_failed)
    app.errorhandler(HTTPException)(_http_error)


async def _refused(refusal: Refusal) -> Problem:
    if refusal.logged:
        note_reason(request.scope, refusal.logged)
    return Problem(refusal, trace_of(request.scope))


async def _bad_parameter(error: BadParameter) -> Problem:
    note_reason(request.scope, unquoted(error))
    return Problem(Refusal(400, str(error), parameter=error.name), trace_of(request.scope))


def unquoted(error: BadParameter) -> str:
    """Return what the agent's own log says of a parameter that cannot be used: nothing of what was searched for.

    A name or a number that is none may be a word in the wrong place, and what is wrong with an expression quotes it.
    """
    if isinstance(error, BadValue):
        return error.unquoted
    if error.name in _SEARCHED_FOR:
        return f"{error.name}: cannot be used; the response says why"
    return str(error) if error.name in _NAMES else "unknown parameter; the response says which"


async def _failed(failure: Failure) -> Problem:
    return failure_to_problem(failure.status, failure.message, trace_of(request.scope))


def _said_of(error: HTTPException, headers: dict[str, str]) -> str:
    if error.code == HTTPStatus.NOT_FOUND:
        routes = {rule.rule for rule in current_app.url_map.iter_rules() if rule.endpoint != "static"}
        return f"there is no such route; there are {', '.join(sorted(routes))}"
    if error.code == HTTPStatus.METHOD_NOT_ALLOWED:
        return f"this method is not for this route, which takes {headers.get('Allow') or 'GET'}"
    return error.description or error.name


async def _http_error(error: HTTPException) -> Problem:
    headers = {name: value for name, value in error.get_headers() if name.lower() == "allow"}
    refusal = Refusal(error.code or 500, _said_of(error, headers), headers)
    return Problem(refusal, trace_of(request.scope))
