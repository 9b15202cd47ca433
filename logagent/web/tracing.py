"""The trace of each request: taken from it or begun, named in its response, and in a line about its refusal."""

from __future__ import annotations

import logging
import secrets
from http import HTTPStatus
from typing import Any

from logagent.core.access.caller import ANONYMOUS, Caller
from logagent.core.escapes import bare_path
from logagent.core.wire.frames import SCOPE_HEADER
from logagent.core.wire.trace import (
    SPAN_ID_BYTES,
    TRACE_ID_BYTES,
    TRACEPARENT,
    TRACESTATE,
    begin_trace,
    read_traceparent,
    read_tracestate,
    trace_id,
)
from logagent.telemetry.hook import Story, Telemetry, current

_log = logging.getLogger("logagent.refusals")
_PLACE = "trace"
_UNTOLD = "refusal_untold"
_CALLER = "caller"
_LOGGED = "refusal_logged"
LONGEST_SHOWN = 200
"""Characters that are shown of who asks: a name of an identity provider may take hundreds."""


def trace_of(scope: Any) -> str:
    """Return the trace of a request as a `traceparent`; the first call begins one if the request belongs to none.

    Args:
        scope: of the request, in which the trace is kept.
    """
    trace: str | None = scope.get(_PLACE)
    if trace is None:
        begun = begin_trace(secrets.token_bytes(TRACE_ID_BYTES), secrets.token_bytes(SPAN_ID_BYTES))
        trace = scope[_PLACE] = read_traceparent(_values(scope, TRACEPARENT)) or begun
    return trace


def begin_story(scope: Any, telemetry: Telemetry) -> Story:
    """Begin what is told of a request, and return it; the trace that its observers settle on is the request's."""
    given = read_traceparent(_values(scope, TRACEPARENT))
    story = Story(
        trace=trace_of(scope),
        tracestate=read_tracestate(_values(scope, TRACESTATE)) if given else "",
        is_root=given is None,
        method=scope["method"],
        path=bare_path(scope["path"]),
        client=_peer(scope.get("client")),
        version=scope["http_version"],
        scheme=scope["scheme"],
    )
    telemetry.begin(story)
    scope[_PLACE] = story.trace
    return story


def _values(scope: Any, header: str) -> list[str]:
    wanted = header.encode()
    return [value.decode("latin-1") for name, value in scope["headers"] if name == wanted]


def leave_untold(scope: Any) -> None:
    """Leave no line about the refusal of a request, since the answer of the agent that asks tells it."""
    scope[_UNTOLD] = True


def note_caller(scope: Any, caller: Caller) -> None:
    """Note who asks, for what is told of his request, or of its refusal."""
    scope[_CALLER] = caller
    story = current()
    story.caller, story.chain = shown(caller.identity), caller.chain


def note_reason(scope: Any, reason: str) -> None:
    """Note why a request is refused, if a line about that is to say something else than its response."""
    scope[_LOGGED] = reason


def logged_reason(scope: Any, reason: str) -> str:
    """Return what the agent's own log says of a refusal, whose response gives this reason."""
    noted: str = scope.get(_LOGGED, reason)
    return noted


def shown(identity: str) -> str:
    """Return an identity for people, of which a long one is cut."""
    return identity if len(identity) <= LONGEST_SHOWN else f"{identity[:LONGEST_SHOWN]}..."


def log_refusal(scope: Any, status: int, reason: str) -> None:
    """Leave one line about a refused request; of its URL only the path, since its query may hold what is secret.

    None is left where another agent asks this one for files that it does not have: that is a part of most answers.

    Args:
        scope: of the request.
        status: the HTTP status code of its response.
        reason: why it was refused, for people.
    """
    missing = status == HTTPStatus.NOT_FOUND and (SCOPE_HEADER.encode(), b"own") in scope["headers"]
    if missing or scope.get(_UNTOLD):
        return
    current().refusal_told = True
    about = {"status": status, "peer": _peer(scope.get("client")), "trace_id": trace_id(trace_of(scope))}
    caller: Caller | None = scope.get(_CALLER)
    if caller is not None and caller != ANONYMOUS:
        about["caller"] = shown(caller.identity) + (f" through {' and '.join(caller.chain)}" if caller.chain else "")
    _log.warning("%s %s: %s", scope["method"], bare_path(scope["path"]), logged_reason(scope, reason), extra=about)


def _peer(client: tuple[str, int] | None) -> str:
    if client is None:
        return ""
    host, port = client
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
