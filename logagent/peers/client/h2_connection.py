"""HTTP/2 to one agent: a connection and the exchanges that share it.

No task owns the reading of a connection. A task that waits for its response reads for all streams, wakes the tasks
whose streams received something, and hands the reading over to another when its own response has arrived. So no task
outlives its request.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable

import h2.errors
import h2.events
import h2.exceptions
import httpcore
import httpx
import trio

from logagent.peers.client.exchange import NETWORK_ERRORS, ONLY_ASKING, READ_SIZE, Header, close, kind_of, message_of
from logagent.peers.client.h2_machine import STREAM_WINDOW, WRITE_TIMEOUT, Http2Machine, name_of, stranger
from logagent.peers.client.h2_stream import Http2Stream, MakeError, request_headers, wake_all, wake_one

SILENCE = 1.0
"""If a wait is cancelled after this many seconds without a byte, the connection may be dead: it gets no new
requests."""
KEEP_IDLE = 60.0
"""Seconds after which an unused connection is not used again: firewalls drop idle connections silently."""


class Http2Connection:
    """One connection and the streams on it.

    It fails as a whole: the first failure ends every unfinished stream, and the last stream to leave closes the
    connection.

    Args:
        network: the socket, which `aclose` closes.
        doubted: called when the connection gets no further requests, since it may be dead.
        window: the flow-control window of each stream, in bytes.

    Attributes:
        closed: whether it was closed.
    """

    def __init__(
        self, network: httpcore.AsyncNetworkStream, doubted: Callable[[], object] = bool, window: int = STREAM_WINDOW
    ) -> None:
        self.closed = False
        self._network = network
        self._machine, self._credit = Http2Machine(window), window // 2
        self._streams: dict[int, Http2Stream] = {}
        self._error: MakeError | None = None
        self._greeted = self._answered = self._reading = self._writing = False
        self._unsent = bytearray()
        self._idle_since = trio.current_time()
        self._heard = trio.current_time()
        self._doubted = False
        self._tell_doubted = doubted
        self._in_cleartext = network.get_extra_info("ssl_object") is None

    async def start(self) -> None:
        """Exchange SETTINGS, so that the agent's limit on streams is known before the first of them.

        Raises:
            TransportError: of httpx, if the agent does not answer with HTTP/2.
        """
        await self.flush()
        while not (self._greeted or self._error):
            await self._read()
        if self._error:
            raise self._error()

    @property
    def available(self) -> bool:
        """Whether one more stream may be opened."""
        usable = not (self._error or self._doubted or self.closed or self.expired)
        return usable and len(self._streams) < self._machine.stream_limit

    @property
    def expired(self) -> bool:
        """Whether it has been without streams for too long to be trusted."""
        return not self._streams and trio.current_time() - self._idle_since > KEEP_IDLE

    def open(self, request: httpx.Request) -> Http2Exchange:
        """Open a stream for a request, whose headers go out with the next flush.

        Raises:
            LocalProtocolError: of httpx, if HTTP/2 forbids the request.
        """
        repeatable = self._answered and request.method in ONLY_ASKING
        try:
            stream = Http2Stream(self._machine.get_next_available_stream_id(), repeatable, self._credit)
            self._machine.send_headers(stream.id, request_headers(request), end_stream=not request.read())
        except h2.exceptions.H2Error as error:
            raise httpx.LocalProtocolError(str(error)) from error
        self._streams[stream.id] = stream
        return Http2Exchange(self, stream, self._machine, request.read())

    async def wait_until(self, stream: Http2Stream, arrived: Callable[[], bool]) -> None:
        """Wait until something has arrived for a stream, reading for all streams if no other task does.

        A connection on which a wait is cancelled after `SILENCE` gets no further requests.
        """
        if arrived():
            return
        started = trio.current_time()
        try:
            while not arrived():
                if self._reading:
                    await stream.waiting.park()
                else:
                    await self._read()
        except trio.Cancelled:
            self._doubt(max(started, self._heard))
            raise
        finally:
            self._hand_over_reading()

    def _doubt(self, silent_since: float) -> None:
        if not self._doubted and trio.current_time() - silent_since > SILENCE:
            self._doubted = True
            self._tell_doubted()

    def retire(self) -> None:
        """Open no more streams, and close when the last one is left."""
        self._doubted = True

    async def give_credit(self, stream: Http2Stream, amount: int) -> None:
        """Give the agent flow-control credit for bytes that were taken out of a stream, once it is worth a write."""
        if due := stream.credit_due(amount):
            self._machine.acknowledge_received_data(due, stream.id)
            await self.flush()

    async def leave(self, stream: Http2Stream) -> None:
        """Remove a stream: credit its unread bytes to the connection, and reset it if the agent has not ended it."""
        if self._streams.pop(stream.id, None) is not None and self._error is None:
            self._machine.acknowledge_received_data(stream.uncredited, stream.id)
            if not stream.ended or stream.uploads:
                with contextlib.suppress(h2.exceptions.StreamClosedError):  # the agent has reset it
                    self._machine.reset_stream(stream.id, h2.errors.ErrorCodes.CANCEL)
            await self.flush()
        self._idle_since = trio.current_time()
        if (self._error or self._doubted) and not self._streams:
            await self.aclose()

    async def flush(self) -> None:
        """Write the bytes that h2 has made; if another task is writing, that task writes them.

        Half a frame would break the connection for all streams, so writes are shielded from cancelling; a write that
        takes longer than `WRITE_TIMEOUT` closes the connection.
        """
        self._unsent += self._machine.data_to_send()
        if self._writing:
            return
        self._writing = True
        try:
            while self._unsent and not self._error:
                outgoing, self._unsent = bytes(self._unsent), bytearray()
                await self._write(outgoing)
                self._unsent += self._machine.data_to_send()
        finally:
            self._writing = False

    async def aclose(self) -> None:
        """Close the connection; its unfinished streams raise."""
        if self.closed:
            return
        self.closed = True
        self._fail(httpx.ReadError, "the connection was closed on this side")
        await close(self._network)

    async def _write(self, outgoing: bytes) -> None:
        with trio.move_on_after(WRITE_TIMEOUT, shield=True) as scope:
            try:
                await self._network.write(outgoing)
            except NETWORK_ERRORS as error:
                self._fail(kind_of(error, httpx.WriteError), message_of(error))
        if scope.cancelled_caught:
            self._fail(httpx.WriteTimeout, f"the agent took nothing for {WRITE_TIMEOUT} s")
        if self._error:
            await self.aclose()

    async def _read(self) -> None:
        self._reading = True
        try:
            received = await self._network.read(READ_SIZE)
            self._receive(received)
        except NETWORK_ERRORS as error:
            self._fail(kind_of(error, httpx.ReadError), message_of(error))
        except h2.exceptions.H2Error as error:
            self._fail(httpx.RemoteProtocolError, self._machine.wrong(error))
        finally:
            self._reading = False
        await self.flush()

    def _receive(self, received: bytes) -> None:
        self._heard = trio.current_time()
        if not self._greeted and (other := stranger(received, in_cleartext=self._in_cleartext)):
            self._fail(httpx.RemoteProtocolError, other)
        elif not received:
            self._fail(httpx.RemoteProtocolError, "the agent closed the connection")
        if self._error is None:
            for event in self._machine.events_of(received):
                self._dispatch(event)

    def _dispatch(self, event: h2.events.Event) -> None:
        stream = self._streams.get(getattr(event, "stream_id", 0))
        match event:
            case h2.events.RemoteSettingsChanged():
                self._greeted = True
            case h2.events.ConnectionTerminated():
                self._fail(httpx.RemoteProtocolError, f"the agent ends the connection ({name_of(event.error_code)})")
            case h2.events.WindowUpdated() if stream is None:  # all streams have room
                wake_all(self._streams.values())
            case h2.events.DataReceived() if not event.data:  # nothing to read, but padding holds credit, too
                self._machine.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            case _ if stream is not None:
                self._answered = True
                stream.receive(event)

    def _fail(self, kind: type[httpx.TransportError], message: str) -> None:
        if self._error is None:
            self._error = functools.partial(kind, message)
            for stream in self._streams.values():
                stream.lose_connection(self._error)

    def _hand_over_reading(self) -> None:
        if not self._reading:
            wake_one(self._streams.values())


class Http2Exchange:
    """One request and its response over HTTP/2; see `Exchange`.

    Args:
        connection: shared with other exchanges.
        stream: the request's own.
        machine: of the connection.
        body: of the request.

    Attributes:
        trailers: complete once the body is read to its end.
    """

    version = b"HTTP/2"

    def __init__(self, connection: Http2Connection, stream: Http2Stream, machine: Http2Machine, body: bytes) -> None:
        self._machine = machine
        self._body = body
        self.trailers = stream.trailers
        self._connection = connection
        self._stream = stream

    async def head(self) -> tuple[int, list[Header]]:
        """Send the request and wait for status and headers."""
        await self._connection.flush()
        await self._upload()
        await self._connection.wait_until(self._stream, self._stream.has_head)
        return self._stream.take_head()

    async def _upload(self) -> None:
        """Send the body of the request as the agent takes it, unless the answer comes before."""
        stream, body = self._stream, self._body
        stream.uploads = bool(body)
        while body and not stream.has_head():
            room = self._machine.room_for(stream.id)
            if not room:
                await self._connection.wait_until(stream, self._may_go_on)
                continue
            piece, body = body[:room], body[room:]
            self._machine.send_data(stream.id, piece, end_stream=not body)
            stream.uploads = bool(body)
            await self._connection.flush()

    def _may_go_on(self) -> bool:
        return self._stream.has_head() or self._machine.room_for(self._stream.id) > 0

    async def chunk(self) -> bytes | None:
        """Return the next bytes of the body; None after the last."""
        await self._connection.wait_until(self._stream, self._stream.has_chunk)
        if (taken := self._stream.take_chunk()) is None:
            return None
        chunk, credit = taken
        await self._connection.give_credit(self._stream, credit)
        return chunk

    def retire(self) -> None:
        """Let no other stream be opened on the connection, which closes when the last stream is left."""
        self._connection.retire()

    async def leave(self) -> None:
        """Abandon the stream, and reset it if the agent has not ended it."""
        self._stream.fail(functools.partial(httpx.ReadError, "the response was left"))
        await self._connection.leave(self._stream)
