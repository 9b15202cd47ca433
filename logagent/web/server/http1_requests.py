"""Parsing requests over HTTP/1.1: h11's parser, which is told what else a server must refuse.

What two programs could read in two ways is refused (RFC 9112, 11.2): whoever stands between client and agent may have
read the other one. And what comes in pieces too small to be worth their parsing is.
"""

from __future__ import annotations

import re
from typing import Any

import h11

from logagent.web.server.limits import ConnectionLimits

_FOLDED = re.compile(rb"\n[ \t]")
_BARE_CR = re.compile(rb"\r(?!\n)")
_HEAD_END = re.compile(rb"\n\r?\n")

SMALL_PIECE = 64
"""Bytes of a piece of a request's body that is worth its parsing."""
MOST_SMALL_PIECES = 100
"""Smaller pieces of one request's body: no route takes any."""


class RequestParser(h11.Connection):
    """h11's parser for a server, which refuses more, and passes over what a client sends behind its last request.

    Args:
        limits: of a request's head and target.

    Attributes:
        complaint: why a request was refused; empty while none was.
        method: of the newest request.
    """

    def __init__(self, limits: ConnectionLimits) -> None:
        super().__init__(h11.SERVER, max_incomplete_event_size=limits.header_bytes)
        self.complaint = ""
        self.method = b""
        self._limits = limits
        self._small_pieces = 0

    def next_event(self) -> Any:
        """Parse the next event.

        Raises:
            h11.RemoteProtocolError: for bytes that are no request, or none that is served; its hint is the status.
        """
        if self.their_state is h11.MUST_CLOSE:
            return h11.NEED_DATA  # h11 calls it an error, and the last request would be refused in place of answered.
        try:
            if self.their_state is h11.IDLE:
                self._check_head(self.trailing_data[0])
            event = super().next_event()
            if isinstance(event, h11.Request):
                self._check_framing(event)
            elif isinstance(event, h11.Data):
                self._count(event)
        except h11.RemoteProtocolError as error:
            self.complaint = self.complaint or f"no HTTP request: {_in_words(error)}"
            raise
        return event

    def _check_head(self, received: bytes) -> None:
        end = _HEAD_END.search(received)
        head = received[: end.end()] if end else received
        _, _, rest = head.partition(b"\n")[0].partition(b" ")
        if len(rest.partition(b" ")[0]) > self._limits.target_bytes:
            self._refuse(414, f"the address is longer than {self._limits.target_bytes} bytes")
        if len(head) > self._limits.header_bytes:
            self._refuse(431, f"the head of the request is longer than {self._limits.header_bytes} bytes")
        if end and _FOLDED.search(head):
            self._refuse(400, "a header field is folded over several lines")
        if end and _BARE_CR.search(head):
            self._refuse(400, "a carriage return without a line feed")

    def _check_framing(self, request: h11.Request) -> None:
        self.method = request.method
        names = {name for name, _ in request.headers}
        if b"transfer-encoding" not in names:
            return
        if b"content-length" in names:
            self._refuse(400, "both Content-Length and Transfer-Encoding")
        if request.http_version < b"1.1":
            self._refuse(400, "a Transfer-Encoding over HTTP/1.0")

    def _count(self, piece: h11.Data) -> None:
        self._small_pieces += len(piece.data) < SMALL_PIECE
        if self._small_pieces > MOST_SMALL_PIECES:
            self._refuse(400, "the body comes in pieces that are too small")

    def _refuse(self, status: int, complaint: str) -> None:
        self.complaint = complaint
        raise h11.RemoteProtocolError(complaint, error_status_hint=status)


def _in_words(error: h11.RemoteProtocolError) -> str:
    """Return what h11 says of a request, without the bytes that it shows as Python writes them."""
    return str(error).partition(": bytearray(")[0]
