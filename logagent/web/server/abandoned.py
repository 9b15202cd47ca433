"""Requests that their clients give up before an application has seen them: a line each, by the trace of the request.

An agent that was stopped for a while finds others' questions like this when it runs again: they have left it behind.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from logagent.core.escapes import bare_path
from logagent.core.wire.trace import TRACEPARENT, read_traceparent, trace_id
from logagent.web.server.refusals import spelled

_log = logging.getLogger("logagent.requests")
_TRACEPARENT = TRACEPARENT.encode()


def tell_abandoned(method: str, path: str, fields: Iterable[tuple[bytes, bytes]], client: str) -> None:
    """Tell of a request that was given up, if it belongs to a trace; nobody could ask for a line about any other.

    Args:
        method: of HTTP.
        path: with or without its query.
        fields: of its head.
        client: its address, for people.
    """
    if not _log.isEnabledFor(logging.INFO):
        return
    trace = read_traceparent([value.decode("latin-1") for name, value in fields if name == _TRACEPARENT])
    if trace is None:
        return
    route = bare_path(path.partition("?")[0])
    about: dict[str, Any] = {"event": "ended", "trace_id": trace_id(trace), "method": method, "route": route}
    _log.info(
        "ended: %s %s: the client had left before this agent looked at it",
        *(method, route),
        extra={"fields": about | {"client": client, "client_left": True}},
    )


def tell_abandoned_scope(scope: Mapping[str, Any]) -> None:
    """Tell of a request that was given up, by its ASGI scope; see `tell_abandoned`."""
    client = scope.get("client")
    tell_abandoned(scope["method"], scope["path"], scope["headers"], "" if client is None else spelled(client))
