"""The requests in flight on one HTTP/2 connection, and their answers: Hypercorn's streams between h2 and the writer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

from h2.connection import H2Connection
from h2.events import DataReceived
from h2.exceptions import ProtocolError
from hypercorn.config import Config
from hypercorn.protocol import events
from hypercorn.typing import ConnectionState

from logagent.web.server.frame_writer import FrameWriter
from logagent.web.server.http2_requests import Fields, to_request
from logagent.web.server.refusals import Refusals, RefusedRequest
from logagent.web.server.request_stream import NewStream, RequestStream


class Http2Streams:
    """The streams of one connection, each with one request.

    Args:
        new_stream: makes the stream for a request.
        connection: h2's.
        writer: sends the answers.
        config: Hypercorn's, for the fields that go with every answer.
        state: what the application finds in `scope["state"]`.
        changed: called after a stream was opened or closed.
        refusals: what is refused on the connection.

    Attributes:
        in_flight: the streams whose requests are not answered yet, by id.
    """

    def __init__(
        self,
        new_stream: NewStream,
        connection: H2Connection,
        writer: FrameWriter,
        config: Config,
        state: ConnectionState,
        changed: Callable[[], Awaitable[None]],
        refusals: Refusals,
    ) -> None:
        self.in_flight: dict[int, RequestStream] = {}
        self._new_stream = new_stream
        self._h2 = connection
        self._writer = writer
        self._config = config
        self._state = state
        self._changed = changed
        self._refusals = refusals

    @property
    def unhurried(self) -> bool:
        """Whether an answer is under way whose client may stop reading for any time."""
        return any(stream.unhurried for stream in self.in_flight.values())

    # Requests

    async def open(self, stream_id: int, fields: Fields) -> None:
        """Hand a request to the application; return once the application has begun."""
        stream = self._new_stream(self._send, stream_id, credit=partial(self._credit, stream_id))
        stream.beside = len(self.in_flight)
        self.in_flight[stream_id] = stream
        self._writer.open(stream_id)
        await self._changed()
        await stream.handle(to_request(stream_id, fields, self._state))

    def refuse(self, refusal: RefusedRequest, stream_id: int, *, head: bool) -> None:
        """Answer a request that no application is given.

        Args:
            refusal: the answer.
            stream_id: the request's stream.
            head: whether only the head of the answer was asked for.
        """
        with suppress(ProtocolError):  # The client may have reset the stream by now.
            self._h2.send_headers(stream_id, self._head(refusal.status, refusal.fields), end_stream=head)
            if not head:
                self._writer.open(stream_id)
                self._writer.buffers[stream_id].add(refusal.body)
                self._writer.buffers[stream_id].ended = True
                self._writer.take_turns(stream_id)

    async def data_received(self, event: DataReceived) -> None:
        """Hand a piece of a request's body to its stream; return once there is room for more of that body."""
        stream = self.in_flight.get(event.stream_id)
        if stream is None:
            # The answer ended before the request. Resetting the stream would make curl fail although it has its
            # answer, and not acknowledging would use up the connection's window: drop the bytes and acknowledge them.
            self._credit(event.stream_id, event.flow_controlled_length)
        else:
            self._credit(event.stream_id, event.flow_controlled_length - len(event.data))
            if event.data:
                await stream.handle(events.Body(stream_id=event.stream_id, data=event.data))

    async def request_ended(self, stream_id: int) -> None:
        """Tell a stream that its request is complete."""
        if stream_id in self.in_flight:
            await self.in_flight[stream_id].handle(events.EndBody(stream_id=stream_id))

    def _credit(self, stream_id: int, length: int) -> None:
        """Give bytes of a request's body back to the client's windows."""
        with suppress(ProtocolError):
            self._h2.acknowledge_received_data(length, stream_id)
        self._writer.wake()

    # Answers

    async def _send(self, event: events.Event) -> None:
        """Take a stream's event; return once there is room for more, or, at an answer's end, once that is sent.

        Events after a stream's end are dropped: its application is being cancelled.
        """
        stream_id = event.stream_id
        buffer = self._writer.buffers.get(stream_id)
        match event:
            case events.StreamClosed():
                await self._answer_ended(stream_id)
            case _ if buffer is None:
                pass
            case events.Response() | events.InformationalResponse():
                self._writer.send_headers(stream_id, self._head(event.status_code, event.headers))
            case events.Body():
                await self._writer.write(stream_id, event.data)
            case events.Trailers():
                buffer.trailers += event.headers
            case events.EndBody():
                await self._writer.end(stream_id)

    def _head(self, status: int, fields: Fields) -> Fields:
        fields = self._refusals.signed(status, fields)
        return [(b":status", b"%d" % status), *fields, *self._config.response_headers("h2")]

    async def _answer_ended(self, stream_id: int) -> None:
        if stream_id in self._writer.buffers:
            # The application has ended and its answer has not: the client must not take it for complete.
            await self._writer.abort(stream_id)
        await self.close(stream_id)

    def has_begun(self, stream_id: int) -> bool:
        """Return whether bytes of an answer's body are on their way to the client."""
        buffer = self._writer.buffers.get(stream_id)
        return buffer is not None and buffer.begun

    # Ends

    async def close(self, stream_id: int) -> None:
        """Remove a stream, and only then tell the stream: that may cancel the task that runs this."""
        self._writer.forget(stream_id)
        stream = self.in_flight.pop(stream_id, None)
        if stream is None:
            return
        self._credit(stream_id, stream.unread)
        await self._changed()
        await stream.handle(events.StreamClosed(stream_id=stream_id))

    async def close_all(self) -> None:
        """Remove all streams."""
        for stream_id in list(self.in_flight):
            await self.close(stream_id)
