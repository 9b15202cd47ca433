"""What the server refuses before an application sees it: such a response has a trace, such a refusal leaves a line."""

from __future__ import annotations

import logging
import secrets
from http import HTTPStatus

from logagent.core.wire.trace import TRACE_HEADER, TRACE_ID_BYTES
from logagent.web.server.tcp import Address

FIRST_REFUSAL = 400
"""The lowest status code of a refusal."""

_log = logging.getLogger("logagent.refusals")

Fields = list[tuple[bytes, bytes]]


class Refusals:
    """What is refused on one connection.

    Args:
        client: the client's address; None: it is not known.
    """

    def __init__(self, client: Address | None) -> None:
        self._peer = spelled(client)

    def log(self, status: int | str, reason: str, trace_id: str = "") -> None:
        """Leave one line about a refusal.

        Args:
            status: the HTTP status code, or the name of what was refused.
            reason: for people.
            trace_id: under which the client may ask about it; empty: the client got none.
        """
        _log.warning("%s", reason, extra={"status": status, "peer": self._peer, "trace_id": trace_id})

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


def spelled(client: Address | None) -> str:
    """Return an address as it stands in a URL; empty if it is not known."""
    if client is None:
        return ""
    host, port = client
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
