"""What the server refuses before an application sees it: such a response has a trace, such a refusal leaves a line."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from logagent.core.wire.media_types import PROBLEM
from logagent.core.wire.trace import TRACE_HEADER, TRACE_ID_BYTES
from logagent.web.server.tcp import Address

FIRST_REFUSAL = 400
"""The lowest status code of a refusal."""

_log = logging.getLogger("logagent.refusals")

Fields = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class RefusedRequest:
    """A request that is refused, as a problem document (RFC 9457).

    Attributes:
        status: of HTTP.
        detail: why, for people.
        trace_id: 32 hexadecimal digits, which the client and the operator's line have in common.
    """

    status: int
    detail: str
    trace_id: str

    @property
    def fields(self) -> list[tuple[bytes, bytes]]:
        """The fields of the response."""
        return [
            (b"content-type", PROBLEM.encode()),
            (b"content-length", b"%d" % len(self.body)),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
            (TRACE_HEADER.encode(), self.trace_id.encode()),
        ]

    @property
    def body(self) -> bytes:
        """The document."""
        title = HTTPStatus(self.status).phrase
        document = {"title": title, "status": self.status, "detail": self.detail, "trace_id": self.trace_id}
        return json.dumps(document).encode() + b"\n"

    async def send(self, send: Callable[[Any], Awaitable[None]]) -> None:
        """Send it as an ASGI application does."""
        await send({"type": "http.response.start", "status": self.status, "headers": self.fields})
        await send({"type": "http.response.body", "body": self.body, "more_body": False})


class Refusals:
    """What is refused on one connection.

    Args:
        client: the client's address; None: it is not known.

    Attributes:
        peer: that address, for people; empty if it is not known.
    """

    def __init__(self, client: Address | None) -> None:
        self.peer = spelled(client)

    def log(self, status: int | str, reason: str, trace_id: str = "") -> None:
        """Leave one line about a refusal.

        Args:
            status: the HTTP status code, or the name of what was refused.
            reason: for people.
            trace_id: under which the client may ask about it; empty: the client got none.
        """
        _log.warning("%s", reason, extra={"status": status, "peer": self.peer, "trace_id": trace_id, "early": True})

    def signed(self, status: int, fields: Fields) -> Fields:
        """Return the fields of a response; what the server answers by itself gets a trace, and is logged if it refuses.

        Args:
            status: the HTTP status code.
            fields: those of the response; with a trace among them, if an application made it.
        """
        header = TRACE_HEADER.encode()
        if any(name == header for name, _ in fields):
            return fields
        trace_id = secrets.token_hex(TRACE_ID_BYTES)
        if status >= FIRST_REFUSAL:
            self.log(status, f"{HTTPStatus(status).phrase}, as the server found before any route did", trace_id)
        return [*fields, (header, trace_id.encode())]

    def refuse(self, status: int, detail: str, *, asked: str = "") -> RefusedRequest:
        """Make the refusal of a request, and leave a line about it.

        Args:
            status: the HTTP status code.
            detail: why, for people.
            asked: the method and the path, for the line; empty: they are not known.
        """
        refusal = RefusedRequest(status, detail, secrets.token_hex(TRACE_ID_BYTES))
        self.log(status, f"{asked}: {detail}" if asked else detail, refusal.trace_id)
        return refusal

    def ended(self, detail: str) -> None:
        """Leave a line about a connection that is ended, since its client has sent too much."""
        self.log("flood", f"the connection is ended: {detail}")


def spelled(client: Address | None) -> str:
    """Return an address as it stands in a URL; empty if it is not known."""
    if client is None:
        return ""
    host, port = client
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
