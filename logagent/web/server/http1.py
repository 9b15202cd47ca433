"""HTTP/1.1 for one connection: Hypercorn's protocol, with corrections for requests that make it fail."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import h11
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.exceptions import ProtocolError
from hypercorn.events import Closed, Event, RawData
from hypercorn.protocol import events
from hypercorn.protocol.h11 import H11Protocol
from hyperframe.exceptions import HyperframeError

from logagent.web.server.http1_requests import RequestParser
from logagent.web.server.limits import ConnectionLimits, TokenBucket
from logagent.web.server.refusals import Refusals
from logagent.web.server.request_stream import NewStream, RequestStream
from logagent.web.server.targets import BadTarget, check_authority, parse_target
from logagent.web.server.turnstile import Turnstile

SMALL_READ = 64
"""Bytes of a read that is worth its handling: a client that sends fewer at a time may do so only so often."""


class Http1Protocol(H11Protocol):
    """Serves HTTP/1.1 over one connection: Hypercorn's protocol, with our request streams and an orderly end.

    Private parts of Hypercorn touched: `_create_stream`, `_check_protocol`, `_send_error_response`, `_send_h11_event`.

    Args:
        new_stream: makes the stream for a request.
        limits: those of the connection.
        turnstile: the server's, passed before each request that came before the answer to the one before it.
        refusals: what is refused on the connection.
        others: as in `H11Protocol`.

    Attributes:
        silenced: whether the connection is ended because the client has sent too much.
        unread: whether answers are sent that the client may not have read; not known over HTTP/1.1.
    """

    silenced = False
    unread = False

    def __init__(
        self,
        new_stream: NewStream,
        limits: ConnectionLimits,
        turnstile: Turnstile,
        refusals: Refusals,
        *others: Any,
    ) -> None:
        super().__init__(*others)
        self.connection: RequestParser = RequestParser(limits)
        self._new_stream = new_stream
        self._refusals = refusals
        self._turnstile = turnstile
        self._pieces = TokenBucket(limits.idle_frames, limits.idle_frames_per_second)
        self._pipelined = self._has_refused = False

    @property
    def uploading(self) -> bool:
        """Whether the client is still sending its request."""
        return bool(self.connection.their_state is h11.SEND_BODY)

    @property
    def cut_unseen(self) -> bool:
        """Whether an answer has begun and not ended, of which only the end of the connection shows where it ends."""
        begun = self.connection.our_state in {h11.SEND_BODY, h11.ERROR}
        return begun and (self.connection.their_http_version or b"1.0") < b"1.1"

    @property
    def unhurried(self) -> bool:
        """Whether an answer is under way whose client may stop reading for any time."""
        return isinstance(self.stream, RequestStream) and self.stream.unhurried

    async def drain(self) -> None:
        """End the connection if no request is in flight; otherwise Hypercorn ends it after the answer."""
        if self.stream is None:
            await self.send(Closed())

    async def stream_send(self, event: events.Event) -> None:
        """Take a stream's event; during a shutdown the answer says that the connection ends with it.

        What it says of a request that was refused meanwhile, since its body is malformed, is dropped.
        """
        if self._has_refused:
            return
        if isinstance(event, events.Response) and self.context.terminated.is_set():
            event.headers.append((b"connection", b"close"))
        await super().stream_send(event)

    async def handle(self, event: Event) -> None:
        """Handle bytes from the client (`RawData`), or its end (`Closed`)."""
        if not isinstance(event, RawData) or len(event.data) >= SMALL_READ or self._pieces.spend():
            self._pipelined = False
            await super().handle(event)
        else:
            self.silenced = True
            self._refusals.ended("its requests come in pieces that are too small")
            await self.send(Closed())

    async def _send_h11_event(self, event: Any) -> None:
        if isinstance(event, h11.Response):
            headers = self._refusals.signed(event.status_code, list(event.headers))
            event = h11.Response(status_code=event.status_code, headers=headers)
        await super()._send_h11_event(event)

    async def _create_stream(self, request: h11.Request) -> None:
        # Like Hypercorn's, without WebSockets: an upgrade to them is ignored, and the request answered as it stands.
        try:
            path, headers = _origin_form(request)
        except BadTarget as error:
            self.connection.complaint = str(error)
            await self._send_error_response(HTTPStatus.BAD_REQUEST)
            await self.send(Closed())
            return
        if self._pipelined:
            await self._turnstile.passed()
        self._pipelined = True
        self.stream = self._new_stream(self.stream_send, 1)
        await self.stream.handle(
            events.Request(
                stream_id=1,
                headers=headers,
                http_version=request.http_version.decode("ascii"),
                method=request.method.decode("ascii").upper(),
                raw_path=path,
                state=self.connection_state,
            )
        )
        self.keep_alive_requests += 1

    async def _send_error_response(self, status_code: int) -> None:
        self._has_refused = True
        refusal = self._refusals.refuse(status_code, self.connection.complaint)
        fields = [*refusal.fields, (b"connection", b"close"), *self.config.response_headers("h11")]
        await self._send_h11_event(h11.Response(status_code=status_code, headers=fields))
        if self.connection.method != b"HEAD":
            await self._send_h11_event(h11.Data(data=refusal.body))
        await self._send_h11_event(h11.EndOfMessage())

    async def _check_protocol(self, event: h11.Request) -> None:
        # Hypercorn answers "101 Switching Protocols" before it looks at the settings.
        settings = [value for name, value in event.headers if name == b"http2-settings"]
        if b"h2c" not in [value.lower() for name, value in event.headers if name == b"upgrade"] or are_valid(settings):
            await super()._check_protocol(event)


def _origin_form(request: h11.Request) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """Return a request's path with its query, and its fields, of which `Host` is that of the target if it names one."""
    target = parse_target(request.target)
    fields = list(request.headers)
    if target.authority is not None:
        fields = [(b"host", target.authority), *(field for field in fields if field[0] != b"host")]
    for name, value in fields:
        if name == b"host":
            check_authority(value)
    return target.path, fields


def are_valid(settings: list[bytes]) -> bool:
    """Return whether a request's HTTP2-Settings allow an upgrade to h2c: exactly one good field (RFC 7540, 3.2.1)."""
    trial = H2Connection(H2Configuration(client_side=False))
    try:
        [encoded] = settings
        trial.initiate_upgrade_connection(encoded)
    except (ValueError, ProtocolError, HyperframeError):
        return False
    return True
