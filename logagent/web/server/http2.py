"""HTTP/2 for one connection: Hypercorn's request streams above, h2 below, and one task that writes.

Hypercorn's own `H2Protocol` loses back-pressure while a window is shut, writes from whichever task happens to send,
leaves unfinished answers hanging, keeps streams that end in trailers, and keeps a tree of priorities (deprecated by
RFC 9113) that a client can overflow. `Http2Protocol` takes its place.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import trio
from h2 import events as frames
from h2.errors import ErrorCodes
from h2.exceptions import ProtocolError
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.typing import ConnectionState, TaskGroup

from logagent.web.server.abandoned import tell_abandoned
from logagent.web.server.draining import Draining
from logagent.web.server.frame_guard import FrameGuard, TooMuch
from logagent.web.server.frame_writer import FrameWriter
from logagent.web.server.http2_requests import Fields, fault_of, is_head, method_and_path, size_of, without_hop_by_hop
from logagent.web.server.http2_streams import Http2Streams
from logagent.web.server.limits import ConnectionLimits
from logagent.web.server.receipts import ReadReceipts
from logagent.web.server.refusals import Refusals
from logagent.web.server.request_stream import NewStream
from logagent.web.server.server_connection import ServerConnection
from logagent.web.server.turnstile import Turnstile


class Http2Protocol:
    """Serves HTTP/2 over one connection.

    PRIORITY is ignored, as RFC 9113 allows; there are no pushes and no tunnels.

    Args:
        new_stream: makes the stream for a request.
        tasks: runs the writer, until the connection ends.
        config: Hypercorn's, for the fields that go with every answer.
        state: what the application finds in `scope["state"]`.
        send: takes bytes to write (`RawData`), whether the connection is idle (`Updated`), and its end (`Closed`).
        limits: those of the connection.
        turnstile: the server's, passed before each slice of frames but the first of a read.
        refusals: what is refused on the connection.

    Attributes:
        uploading: whether the client is still sending a request; it does no harm over HTTP/2.
        cut_unseen: whether an answer is cut that looks whole if the connection ends in order; never over HTTP/2.
        silenced: whether the connection is ended because the client has sent too much.
        streams: the requests in flight.
        writer: sends their answers.
        draining: decides when the connection sends GOAWAY.
    """

    uploading = cut_unseen = silenced = False

    def __init__(
        self,
        new_stream: NewStream,
        tasks: TaskGroup,
        config: Config,
        state: ConnectionState,
        send: Callable[[Event], Awaitable[None]],
        limits: ConnectionLimits,
        turnstile: Turnstile,
        refusals: Refusals,
    ) -> None:
        self._receipts = ReadReceipts()
        self._h2 = ServerConnection(self._receipts.stream_given_up)
        self._guard = FrameGuard(limits, turnstile)
        self.writer = FrameWriter(
            self._h2, lambda data: send(RawData(data)), self._receipts, self._guard.budget, limits
        )
        self.streams = Http2Streams(new_stream, self._h2, self.writer, config, state, self._advance, refusals)
        self.draining = Draining(self.streams.in_flight.keys(), self._receipts, self.writer, tasks, limits)
        self._tasks = tasks
        self._send = send
        self._limits = limits
        self._refusals = refusals
        self._requests = 0
        self._upgraded = trio.Event()

    # Opening and ending the connection

    async def initiate(self, fields: Fields | None = None, settings: bytes | None = None) -> None:
        """Send the first frames.

        Args:
            fields: those of the HTTP/1.1 request that asked for the upgrade, answered as stream 1; None: none did.
            settings: the HTTP2-Settings of that request.
        """
        self._h2.greet(self._limits.max_streams, settings)
        self._tasks.spawn(self._write)
        if fields is None:
            await self._send(Updated(idle=True))
        else:
            self.writer.hold()
            self._tasks.spawn(self._await_preface)
            await self._open(1, without_hop_by_hop(fields))
            await self.streams.request_ended(1)

    async def _await_preface(self) -> None:
        """End an upgraded connection if its client sends no HTTP/2 preface.

        Until the preface, bodies are held back: curl 7.88 accepts up to 32 KiB after the 101, and fails on more.
        """
        with trio.move_on_after(self._limits.handshake_timeout):
            await self._upgraded.wait()
        if not self._upgraded.is_set():
            self.writer.say_goodbye(ErrorCodes.SETTINGS_TIMEOUT)

    async def _write(self) -> None:
        await self.writer.run()
        await self._send(Closed())

    @property
    def unread(self) -> bool:
        """Whether the client may not have read all of its answers."""
        return not self.draining.finished

    @property
    def unhurried(self) -> bool:
        """Whether an answer is under way whose client may stop reading for any time."""
        return self.streams.unhurried

    async def drain(self) -> None:
        """End the connection as soon as all requests are answered and the answers read."""
        self.draining.shut_down()
        await self._advance()

    async def end_if_idle(self) -> None:
        """End the connection, unless a request comes before the client has read its last answer."""
        self.draining.end_if_idle()
        await self._advance()

    async def _retire(self) -> None:
        """End a connection that has used up its requests; those in flight are cut after a while."""
        self.draining.retire()
        await self._advance()
        await trio.sleep(self._limits.idle_timeout)
        for stream_id in list(self.streams.in_flight):
            self.writer.reset(stream_id, ErrorCodes.INTERNAL_ERROR)
        await self.streams.close_all()

    async def _advance(self) -> None:
        """Take the next step towards the connection's end, if it is to end, and report whether it is idle."""
        self.draining.advance()
        await self._send(Updated(idle=not self.streams.in_flight))

    # What the client sends

    async def handle(self, event: Event) -> None:
        """Handle bytes from the client (`RawData`), or its end (`Closed`)."""
        if isinstance(event, RawData):
            await self._receive(event.data)
        elif isinstance(event, Closed):
            await self.streams.close_all()

    async def _receive(self, data: bytes) -> None:
        self._guard.received(data)
        try:
            while not self.writer.closing and (piece := await self._guard.next_slice()) is not None:
                await self._take(piece)
        except TooMuch as cost:
            self.silenced = True
            self._refusals.ended(str(cost))
            self.writer.say_goodbye(ErrorCodes.ENHANCE_YOUR_CALM, str(cost))
            await self.streams.close_all()

    async def _take(self, data: bytes) -> None:
        before = self._receipts.all_received, self._receipts.confirmed
        try:
            received = self._h2.receive_data(data)
        except ProtocolError:
            await self._connection_failed()
        else:
            self._upgraded.set()
            self.writer.release()
            await self._handle_frames(received)
        if before != (self._receipts.all_received, self._receipts.confirmed):
            await self._advance()
        await self.writer.control_written()

    async def _connection_failed(self) -> None:
        self.writer.close()  # h2 has made the GOAWAY that says why.
        await self.streams.close_all()

    async def _handle_frames(self, received: list[frames.Event]) -> None:
        if any(isinstance(event, frames.ConnectionTerminated) for event in received):
            await self._connection_failed()
            return
        for event in without_abandoned(received, self._refusals.peer):
            await self._handle_frame(event)

    async def _handle_frame(self, event: frames.Event) -> None:
        match event:
            case frames.RequestReceived():
                await self._request_received(event.stream_id, event.headers)
            case frames.DataReceived():
                await self.streams.data_received(event)
            case frames.StreamEnded():
                await self.streams.request_ended(event.stream_id)
            case frames.StreamReset():
                begun = self.streams.has_begun(event.stream_id)
                await self.streams.close(event.stream_id)
                if not begun:
                    self._guard.count_fruitless()
            case frames.PingAckReceived():
                self._receipts.ping_acknowledged(event.ping_data)
            case frames.WindowUpdated():
                self.writer.take_turns(event.stream_id)
            case frames.RemoteSettingsChanged():
                self.writer.take_turns(*self.writer.buffers)

    async def _request_received(self, stream_id: int, fields: Fields) -> None:
        if not self.draining.takes_requests or len(self.streams.in_flight) >= self._limits.max_streams:
            self.writer.reset(stream_id, ErrorCodes.REFUSED_STREAM)
            self._guard.count_fruitless()
        elif (fault := fault_of(fields, self._limits)) is not None:
            self.streams.refuse(self._refusals.refuse(*fault), stream_id, head=is_head(fields))
            self._guard.count_fruitless(size_of(fields))
        else:
            await self._open(stream_id, fields)

    async def _open(self, stream_id: int, fields: Fields) -> None:
        self.draining.request_came()
        await self.streams.open(stream_id, fields)
        self._requests += 1
        if self._requests == self._limits.requests_per_connection:
            self._tasks.spawn(self._retire)


def without_abandoned(received: list[frames.Event], client: str) -> list[frames.Event]:
    """Leave out the requests that a later frame resets: h2 has handled all frames, so they can be answered no more.

    Of those that belong to a trace it is told.

    Args:
        received: in their order.
        client: its address, for people.
    """
    abandoned = {event.stream_id for event in received if isinstance(event, frames.StreamReset)}
    if not abandoned:
        return received
    kept = []
    for event in received:
        if isinstance(event, frames.RequestReceived) and event.stream_id in abandoned:
            tell_abandoned(*method_and_path(event.headers), event.headers, client)
        else:
            kept.append(event)
    return kept
