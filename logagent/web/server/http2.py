"""HTTP/2 for one connection: Hypercorn's request streams above, h2 below, one writer beside them.

Hypercorn's own `H2Protocol` loses back-pressure while a window is shut, writes from whichever task happens to send,
leaves unfinished answers hanging, keeps streams that end in trailers, and keeps a tree of priorities (deprecated by
RFC 9113) that a client can overflow. `Http2Protocol` takes its place.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Protocol

import trio
from h2 import events as frames
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.exceptions import ProtocolError, StreamClosedError
from h2.settings import SettingCodes, Settings
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.protocol import events
from hypercorn.typing import ConnectionState, TaskGroup
from hypercorn.utils import filter_pseudo_headers

from logagent.web.server.frame_writer import FrameWriter
from logagent.web.server.limits import Allowance, ConnectionLimits
from logagent.web.server.receipts import Receipts, ServerConnection
from logagent.web.server.request_stream import RequestStream

Headers = list[tuple[bytes, bytes]]

# h2 ends the connection over one stream too many. We refuse such a stream ourselves, and leave h2 only the flood: this
# many times the limit opened within one read, at which its counting of open streams becomes expensive.
FLOOD_FACTOR = 2

# Fields that belong to an HTTP/1.1 connection and do not survive its upgrade (RFC 9113, 8.2.2).
HOP_BY_HOP = {b"connection", b"upgrade", b"http2-settings"}


class NewStream(Protocol):
    """Makes the stream for one request; `send` takes its answer, `credit` the bytes that its app has read."""

    def __call__(
        self,
        send: Callable[[events.Event], Awaitable[None]],
        stream_id: int,
        *,
        credit: Callable[[int], None] | None = None,
    ) -> RequestStream: ...


class Http2Protocol:
    """Serves HTTP/2 over one connection. PRIORITY is ignored, as RFC 9113 allows; there are no pushes and no tunnels.

    Args:
        new_stream: makes the stream for a request.
        tasks: runs the writer, until the connection ends.
        config: Hypercorn's, for the fields that go with every answer.
        state: what the app finds in `scope["state"]`.
        send: takes bytes (`RawData`), idle or not (`Updated`), and the wish to be closed (`Closed`).
        limits: those of the connection.
    """

    def __init__(
        self,
        new_stream: NewStream,
        tasks: TaskGroup,
        config: Config,
        state: ConnectionState,
        send: Callable[[Event], Awaitable[None]],
        limits: ConnectionLimits,
    ) -> None:
        self._receipts = Receipts()
        self.h2 = ServerConnection(self._receipts.given_up)
        self.streams: dict[int, RequestStream] = {}
        self.writer = FrameWriter(self.h2, lambda data: send(RawData(data)), self._receipts, limits)
        self._new_stream = new_stream
        self._tasks = tasks
        self._config = config
        self._state = state
        self._send = send
        self._limits = limits
        self._resets = Allowance(limits.resets, limits.resets_per_second)
        self._requests = 0
        self._upgraded = trio.Event()
        self._draining = False
        self._parting = False
        self._stopping = False
        self._closing = False

    # Opening and closing the connection

    async def initiate(self, headers: Headers | None = None, settings: bytes | None = None) -> None:
        """Greets the client; with `headers`, answers the HTTP/1.1 request that asked for the upgrade as stream 1."""
        self._set_max_streams(self._limits.max_streams)
        if settings is None:
            self.h2.initiate_connection()
        else:
            self.h2.initiate_upgrade_connection(settings)
        self._set_max_streams(self._limits.max_streams * FLOOD_FACTOR)
        self._tasks.spawn(self._write)
        if headers is None:
            await self._send(Updated(idle=True))
        else:
            self.writer.hold()
            self._tasks.spawn(self._await_preface)
            await self._open(1, [field for field in headers if field[0] not in HOP_BY_HOP])
            await self._request_ended(1)

    async def _await_preface(self) -> None:
        """Ends an upgraded connection whose client does not go on in HTTP/2.

        Until it has, it gets no more than fits beside the 101: curl 7.88 takes up to 32 KiB there, and fails on more.
        """
        with trio.move_on_after(self._limits.handshake_timeout):
            await self._upgraded.wait()
        if not self._upgraded.is_set():
            self._close(ErrorCodes.SETTINGS_TIMEOUT)

    def _set_max_streams(self, max_streams: int) -> None:
        values = {
            SettingCodes.MAX_CONCURRENT_STREAMS: max_streams,
            SettingCodes.MAX_HEADER_LIST_SIZE: H2Connection.DEFAULT_MAX_HEADER_LIST_SIZE,
        }
        self.h2.local_settings = Settings(client=False, initial_values=values)

    async def _write(self) -> None:
        await self.writer.run()
        await self._send(Closed())

    @property
    def finished(self) -> bool:
        """Whether all is answered, and the client has shown that it has taken every answer in."""
        return not self.streams and self._receipts.settled

    @property
    def awaiting(self) -> bool:
        """Whether the connection waits for nothing else than that the client shows so."""
        leaving = self._draining or self._parting
        return not (self.streams or self._receipts.settled or (self._receipts.complete and not leaving))

    @property
    def unhurried(self) -> bool:
        """Whether an answer is under way whose client may stop reading for as long as it likes."""
        return any(stream.unhurried for stream in self.streams.values())

    @property
    def patience(self) -> float:
        """s that the connection may go on without a request in flight."""
        if not self.awaiting:
            return self._limits.idle_timeout
        hurried = self._stopping and self._receipts.complete and not self._receipts.late
        return self._limits.farewell_timeout if hurried else self._limits.unread_timeout

    async def drain(self) -> None:
        """Takes no more requests, and says goodbye (GOAWAY) as soon as all are answered and the answers taken in.

        Not earlier: on GOAWAY, a client built on h2 (httpx, for one) drops its streams in flight, and an older curl
        what it has not read yet.
        """
        self._draining = self._stopping = True
        await self._rest()

    async def part(self) -> None:
        """Says goodbye as `drain` does, unless a request comes before the client has taken in its last answer."""
        self._parting = not self.streams
        await self._rest()

    async def _rest(self) -> None:
        """Ends the connection if that was only waited for, and tells whether it is idle."""
        if self._draining or self._parting:
            self._receipts.make_certain()
            self.writer.wake()
            if self._receipts.certain and not self.streams:
                self._tasks.spawn(self._say_goodbye)
        await self._send(Updated(idle=not self.streams))

    async def _say_goodbye(self) -> None:
        await trio.sleep_until(self._receipts.settled_at)
        if self.finished and (self._draining or self._parting):
            self._close()

    async def _retire(self) -> None:
        """Ends a connection that has used up its requests, whatever is still in flight after a while."""
        self._draining = True
        await self._rest()
        await trio.sleep(self._limits.idle_timeout)
        for stream_id in list(self.streams):
            self.writer.reset(stream_id, ErrorCodes.INTERNAL_ERROR)
        await self._close_all()

    def _close(self, error: ErrorCodes = ErrorCodes.NO_ERROR) -> None:
        if not self._closing:
            self._closing = True
            with suppress(ProtocolError):
                self.h2.close_connection(error)
        self.writer.close()

    async def _close_all(self) -> None:
        for stream_id in list(self.streams):
            await self._close_stream(stream_id)

    # What the client sends

    async def handle(self, event: Event) -> None:
        """Takes what the client has sent (`RawData`), or that it has gone (`Closed`)."""
        if isinstance(event, RawData):
            await self._receive(event.data)
        elif isinstance(event, Closed):
            await self._close_all()

    async def _receive(self, data: bytes) -> None:
        if self._closing:
            return
        before = self._receipts.complete, self._receipts.certain
        try:
            received = self.h2.receive_data(data)
        except ProtocolError:
            await self._connection_failed()
        else:
            self._upgraded.set()
            self.writer.release()
            await self._handle_frames(received)
        if before != (self._receipts.complete, self._receipts.certain):
            await self._rest()
        await self.writer.control_written()

    async def _connection_failed(self) -> None:
        self._closing = True  # h2 has made the GOAWAY that says why.
        self.writer.close()
        await self._close_all()

    async def _handle_frames(self, received: list[frames.Event]) -> None:
        # h2 has taken note of them all already: a stream that is reset by a later one can no longer be answered.
        if any(isinstance(event, frames.ConnectionTerminated) for event in received):
            await self._connection_failed()
            return
        abandoned = {event.stream_id for event in received if isinstance(event, frames.StreamReset)}
        for event in received:
            if not (isinstance(event, frames.RequestReceived) and event.stream_id in abandoned):
                await self._handle_frame(event)

    async def _handle_frame(self, event: frames.Event) -> None:
        match event:
            case frames.RequestReceived():
                await self._request_received(event.stream_id, event.headers)
            case frames.DataReceived():
                await self._data_received(event)
            case frames.StreamEnded():
                await self._request_ended(event.stream_id)
            case frames.StreamReset():
                await self._close_stream(event.stream_id)
                self._count_reset()
            case frames.PingAckReceived():
                self._receipts.acknowledged(event.ping_data)
            case frames.WindowUpdated():
                self.writer.take_turns(event.stream_id)
            case frames.RemoteSettingsChanged():
                self.writer.take_turns(*self.writer.buffers)

    async def _request_received(self, stream_id: int, headers: Headers) -> None:
        if self._draining or len(self.streams) >= self._limits.max_streams:
            self.writer.reset(stream_id, ErrorCodes.REFUSED_STREAM)
            self._count_reset()
        elif malformed(headers):
            self._answer_bad_request(stream_id)
        else:
            await self._open(stream_id, headers)

    async def _open(self, stream_id: int, headers: Headers) -> None:
        stream = self._new_stream(self.stream_send, stream_id, credit=partial(self._credit, stream_id))
        self.streams[stream_id] = stream
        self._parting = False
        self.writer.open(stream_id)
        await self._send(Updated(idle=False))
        await stream.handle(_request(stream_id, headers, self._state))
        self._requests += 1
        if self._requests == self._limits.requests_per_connection:
            self._tasks.spawn(self._retire)

    async def _data_received(self, event: frames.DataReceived) -> None:
        stream = self.streams.get(event.stream_id)
        if stream is None:
            # The answer was over before the request. Resetting the stream would make curl fail although it has its
            # answer, and not acknowledging would eat up the connection's window: read it and forget it.
            self._credit(event.stream_id, event.flow_controlled_length)
        else:
            self._credit(event.stream_id, event.flow_controlled_length - len(event.data))
            if event.data:
                await stream.handle(events.Body(stream_id=event.stream_id, data=event.data))

    def _credit(self, stream_id: int, length: int) -> None:
        with suppress(ProtocolError):
            self.h2.acknowledge_received_data(length, stream_id)
        self.writer.wake()

    async def _request_ended(self, stream_id: int) -> None:
        if stream_id in self.streams:
            await self.streams[stream_id].handle(events.EndBody(stream_id=stream_id))

    def _count_reset(self) -> None:
        if not self._resets.spend():
            self._close(ErrorCodes.ENHANCE_YOUR_CALM)

    # What the app sends

    async def stream_send(self, event: events.Event) -> None:
        """Takes a stream's event; returns once there is room for more, at an answer's end once that is sent.

        What comes after a stream's end is dropped: its app is being cancelled.
        """
        stream_id = event.stream_id
        buffer = self.writer.buffers.get(stream_id)
        match event:
            case events.StreamClosed():
                await self._answer_ended(stream_id)
            case _ if buffer is None:
                pass
            case events.Response() | events.InformationalResponse():
                self._send_headers(event)
            case events.Body():
                await self.writer.write(stream_id, event.data)
            case events.Trailers():
                buffer.trailers += event.headers
            case events.EndBody():
                await self.writer.end(stream_id)

    def _send_headers(self, event: events.Response | events.InformationalResponse) -> None:
        status = (b":status", b"%d" % event.status_code)
        try:
            self.h2.send_headers(event.stream_id, [status, *event.headers, *self._config.response_headers("h2")])
        except StreamClosedError:
            pass  # Reset by a frame that is still to be handled.
        except ProtocolError:
            self.writer.reset(event.stream_id, ErrorCodes.INTERNAL_ERROR)
            raise  # For the app: a field that it gave may not be sent.
        self.writer.wake()

    def _answer_bad_request(self, stream_id: int) -> None:
        fields = [(b":status", b"400"), (b"content-length", b"0"), *self._config.response_headers("h2")]
        with suppress(ProtocolError):
            self.h2.send_headers(stream_id, fields, end_stream=True)
            self._receipts.ended(stream_id)

    async def _answer_ended(self, stream_id: int) -> None:
        if stream_id in self.writer.buffers:
            # The app has ended and its answer has not: the client must not take it for complete.
            await self.writer.abort(stream_id)
        await self._close_stream(stream_id)

    async def _close_stream(self, stream_id: int) -> None:
        """Forgets a stream, and only then tells it so: that may cancel the task which is running this."""
        stream = self.streams.pop(stream_id, None)
        if stream is None:
            return
        self.writer.forget(stream_id)
        self._credit(stream_id, stream.unread)
        await self._rest()
        await stream.handle(events.StreamClosed(stream_id=stream_id))


def malformed(headers: Headers) -> bool:
    """Whether a request's pseudo-header fields are none that an app can be given (CONNECT among them)."""
    pseudo = {name: value for name, value in headers if name.startswith(b":")}
    method, path = pseudo.get(b":method", b""), pseudo.get(b":path", b"")
    return method == b"CONNECT" or not method.isalpha() or not path.startswith((b"/", b"*")) or not path.isascii()


def _request(stream_id: int, headers: Headers, state: ConnectionState) -> events.Request:
    """The request as Hypercorn's stream wants it; always with `te: trailers`, without which it sends no trailers."""
    pseudo = {name: value for name, value in headers if name.startswith(b":")}
    fields = [field for field in filter_pseudo_headers(headers) if field[0] != b"te"]
    return events.Request(
        stream_id=stream_id,
        headers=[*fields, (b"te", b"trailers")],
        http_version="2",
        method=pseudo[b":method"].decode("ascii").upper(),
        raw_path=pseudo[b":path"],
        state=state,
    )
