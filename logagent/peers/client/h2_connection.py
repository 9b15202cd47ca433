"""HTTP/2 to one agent: a connection, the streams on it, and the only contact with h2.

Nobody owns the reading of a connection: the task that waits for something reads for all streams, wakes those that got
some, and hands the reading over when it has what it came for. So no task outlives a request, and none is needed.

Private parts touched, all in `_Machine`: h2's `_receive_frame` and `incoming_buffer._data`, hyperframe's `_body_repr`.
"""

from __future__ import annotations

import collections
import functools
from collections.abc import Callable
from typing import TypeAlias

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings
import httpcore
import httpx
import hyperframe.frame
import trio

from logagent.peers.client.exchange import NETWORK_ERRORS, READ_SIZE, Header, Unanswered, close, reason_of

MAX_STREAMS = 100  # per connection, or fewer if the agent says so: one more opens another connection
FRAME_SIZE = 256 * 1024  # bytes: a batch in one frame; each frame costs as much as hundreds of lines
STREAM_WINDOW = 1024 * 1024  # bytes: what a merge that reads slowly holds of one peer; 100 MB/s at 10 ms of round trip
CONNECTION_WINDOW = MAX_STREAMS * STREAM_WINDOW  # bytes: so streams that nobody reads never hold up their neighbours
WRITE_TIMEOUT = 1.0  # s: what is written is small (headers, credit, resets): a socket that takes none of it is dead
SILENCE = 1.0  # s: a connection that was waited on in vain for so long may be dead, and gets no further requests
KEEP_IDLE = 60.0  # s: a connection unused for longer is not trusted: firewalls forget them without telling

_Failure: TypeAlias = Callable[[], httpx.TransportError]
_OF_ONE_CONNECTION = {b"connection", b"host", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"}


class _Machine(h2.connection.H2Connection):
    """h2's connection, without its debugging cost and with a frame's length checked before its body is awaited."""

    def __init__(self) -> None:
        super().__init__(h2.config.H2Configuration(client_side=True))
        code = h2.settings.SettingCodes
        announced = {
            code.ENABLE_PUSH: 0,
            code.MAX_CONCURRENT_STREAMS: MAX_STREAMS,
            code.MAX_HEADER_LIST_SIZE: self.DEFAULT_MAX_HEADER_LIST_SIZE,
            code.INITIAL_WINDOW_SIZE: STREAM_WINDOW,
            code.MAX_FRAME_SIZE: FRAME_SIZE,
        }
        self.local_settings = h2.settings.Settings(client=True, initial_values=announced)
        self.max_inbound_frame_size = FRAME_SIZE
        self.initiate_connection()
        self.increment_flow_control_window(CONNECTION_WINDOW - self.inbound_flow_control_window)

    def events_of(self, received: bytes) -> list[h2.events.Event]:
        """What `received` means. Raises H2Error if it is not HTTP/2.

        h2 by itself looks at a frame's length when it has all of the frame: it would wait for megabytes of what is
        not HTTP/2 at all.
        """
        events = self.receive_data(received)
        length = int.from_bytes(self.incoming_buffer._data[:3])
        if length > FRAME_SIZE:
            raise h2.exceptions.FrameTooLargeError(f"a frame of {length} bytes, at most {FRAME_SIZE} were agreed")
        return events

    def _receive_frame(self, frame: hyperframe.frame.Frame) -> list[h2.events.Event]:
        """h2 formats every frame for its trace, all of its bytes in hexadecimal, whether there is a trace or not."""
        frame._body_repr = str  # type: ignore[method-assign]  # on this one frame; `str()` is empty
        return super()._receive_frame(frame)


class Http2Connection:
    """One connection and the streams on it.

    It fails as a whole: `_failure` is set once, is what every unfinished stream raises, and the last stream to leave
    closes it.
    """

    def __init__(self, network: httpcore.AsyncNetworkStream) -> None:
        self._network = network
        self._machine = _Machine()
        self._streams: dict[int, Http2Stream] = {}
        self._failure: _Failure | None = None
        self._greeted = False
        self._answered = False
        self._reading = False
        self._writing = False
        self._unsent = bytearray()
        self._idle_since = trio.current_time()
        self._heard = trio.current_time()
        self._doubted = False
        self.closed = False

    async def start(self) -> None:
        """Exchange SETTINGS, so that the agent's limit on streams is known before the first of them."""
        await self.flush()
        while not (self._greeted or self._failure):
            await self._read()
        if self._failure:
            raise self._failure()

    @property
    def available(self) -> bool:
        """Whether one more stream may be opened."""
        limit = min(MAX_STREAMS, self._machine.remote_settings.max_concurrent_streams)
        return not (self._failure or self._doubted or self.closed or self.expired) and len(self._streams) < limit

    @property
    def expired(self) -> bool:
        """Whether it has been without streams for too long to be trusted."""
        return not self._streams and trio.current_time() - self._idle_since > KEEP_IDLE

    def open(self, request: httpx.Request) -> Http2Stream:
        """A stream for `request`, whose headers go out with the next flush."""
        repeatable = self._answered and request.method in ("GET", "HEAD")
        try:
            stream = Http2Stream(self, self._machine.get_next_available_stream_id(), repeatable)
            self._machine.send_headers(stream.id, _http2_headers(request), end_stream=True)
        except h2.exceptions.H2Error as error:
            raise httpx.LocalProtocolError(str(error)) from error
        self._streams[stream.id] = stream
        return stream

    async def until(self, stream: Http2Stream, arrived: Callable[[], object]) -> None:
        """Wait for what `stream` needs, reading for all streams if no other task does."""
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
            self._doubted |= trio.current_time() - max(started, self._heard) > SILENCE
            raise
        finally:
            self._hand_over()

    async def credit(self, stream: Http2Stream, amount: int) -> None:
        """Let the agent send `amount` more bytes, now that so many were taken out."""
        self._machine.acknowledge_received_data(amount, stream.id)
        await self.flush()

    async def leave(self, stream: Http2Stream) -> None:
        """Forget a stream: what it holds unread is credited to the connection, and the agent told to stop."""
        if self._streams.pop(stream.id, None) is not None and self._failure is None:
            self._machine.acknowledge_received_data(stream.unread, stream.id)
            if not stream.ended:
                self._machine.reset_stream(stream.id, h2.errors.ErrorCodes.CANCEL)
            await self.flush()
        self._idle_since = trio.current_time()
        if (self._failure or self._doubted) and not self._streams:
            await self.aclose()

    async def flush(self) -> None:
        """Write what h2 has to say; if another task is writing, it takes these bytes along.

        Shielded, since half a frame would garble the connection for all, hence with a deadline: when it passes, the
        connection is closed.
        """
        self._unsent += self._machine.data_to_send()
        if self._writing:
            return
        self._writing = True
        try:
            while self._unsent and not self._failure:
                outgoing, self._unsent = bytes(self._unsent), bytearray()
                await self._write(outgoing)
                self._unsent += self._machine.data_to_send()
        finally:
            self._writing = False

    async def aclose(self) -> None:
        """Close the connection; streams that are not finished raise."""
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
                self._fail(httpx.WriteError, reason_of(error))
        if scope.cancelled_caught:
            self._fail(httpx.WriteTimeout, f"the agent took nothing for {WRITE_TIMEOUT} s")
        if self._failure:
            await self.aclose()

    async def _read(self) -> None:
        self._reading = True
        try:
            received = await self._network.read(READ_SIZE)
            self._receive(received)
        except NETWORK_ERRORS as error:
            self._fail(httpx.ReadError, reason_of(error))
        except h2.exceptions.H2Error as error:
            self._fail(httpx.RemoteProtocolError, f"not valid HTTP/2: {error}")
        finally:
            self._reading = False
        await self.flush()

    def _receive(self, received: bytes) -> None:
        self._heard = trio.current_time()
        if not received:
            self._fail(httpx.RemoteProtocolError, "the agent closed the connection")
        if self._failure is None:
            for event in self._machine.events_of(received):
                self._dispatch(event)

    def _dispatch(self, event: h2.events.Event) -> None:
        stream = self._streams.get(getattr(event, "stream_id", 0))
        match event:
            case h2.events.RemoteSettingsChanged():
                self._greeted = True
            case h2.events.ConnectionTerminated():
                self._fail(httpx.RemoteProtocolError, f"the agent ends the connection ({_name(event.error_code)})")
            case h2.events.DataReceived() if not event.data:  # nothing to read, but padding holds credit, too
                self._machine.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            case _ if stream is not None:
                self._answered = True
                stream.receive(event)

    def _fail(self, kind: type[httpx.TransportError], message: str) -> None:
        if self._failure is None:
            self._failure = functools.partial(kind, message)
            for stream in self._streams.values():
                stream.lose(self._failure)

    def _hand_over(self) -> None:
        if not self._reading:
            for stream in self._streams.values():
                if stream.waiting:
                    stream.waiting.unpark()
                    return


class Http2Stream:
    """One request and its response on an HTTP/2 connection."""

    version = b"HTTP/2"

    def __init__(self, connection: Http2Connection, stream_id: int, repeatable: bool) -> None:
        self._connection = connection
        self._repeatable = repeatable
        self._head: tuple[int, list[Header]] | None = None
        self._chunks: collections.deque[tuple[bytes, int]] = collections.deque()  # and the credit due for each
        self._failure: _Failure | None = None
        self.id = stream_id
        self.trailers: list[Header] = []
        self.ended = False
        self.waiting = trio.lowlevel.ParkingLot()

    @property
    def unread(self) -> int:
        """Bytes of flow control held by what has arrived and was not taken out."""
        return sum(credit for _, credit in self._chunks)

    async def head(self) -> tuple[int, list[Header]]:
        await self._connection.flush()
        await self._connection.until(self, lambda: self._head or self._over)
        if self._head is None:
            raise self._reason_for_end()
        return self._head

    async def chunk(self) -> bytes | None:
        await self._connection.until(self, lambda: self._chunks or self._over)
        if self._chunks:
            chunk, credit = self._chunks.popleft()
            await self._connection.credit(self, credit)
            return chunk
        if self._failure:
            raise self._reason_for_end()
        return None

    async def leave(self) -> None:
        self._fail(functools.partial(httpx.ReadError, "the response was left"))
        await self._connection.leave(self)

    def receive(self, event: h2.events.Event) -> None:
        """Take in what the connection received for this stream."""
        match event:
            case h2.events.ResponseReceived():
                self._receive_head(event.headers)
            case h2.events.DataReceived():
                self._chunks.append((event.data, event.flow_controlled_length))
            case h2.events.TrailersReceived():
                self.trailers.extend(event.headers)
            case h2.events.StreamEnded():
                self.ended = True
            case h2.events.StreamReset():
                reset = f"the agent reset the stream ({_name(event.error_code)})"
                self._fail(functools.partial(httpx.RemoteProtocolError, reset))
                self.ended = True
        self.waiting.unpark_all()

    def lose(self, failure: _Failure) -> None:
        """The connection is gone. Nothing came of it yet: then the request may go out again on another."""
        unanswered = self._repeatable and self._head is None
        self._fail(functools.partial(Unanswered, "no answer") if unanswered else failure)

    @property
    def _over(self) -> bool:
        return self.ended or self._failure is not None

    def _fail(self, failure: _Failure) -> None:
        if not self._over:
            self._failure = failure
        self.waiting.unpark_all()

    def _reason_for_end(self) -> httpx.TransportError:
        return self._failure() if self._failure else httpx.RemoteProtocolError("a response without a head")

    def _receive_head(self, headers: list[Header]) -> None:
        status = dict(headers)[b":status"]
        if len(status) == 3 and status.isdigit():
            self._head = int(status), [header for header in headers if not header[0].startswith(b":")]
        else:
            self._fail(functools.partial(httpx.RemoteProtocolError, f"{status!r} is no status"))


def _http2_headers(request: httpx.Request) -> list[Header]:
    url = request.url
    return [
        (b":method", request.method.encode("ascii")),
        (b":authority", request.headers["host"].encode("ascii")),
        (b":scheme", url.raw_scheme),
        (b":path", url.raw_path),
        *((name.lower(), value) for name, value in request.headers.raw if name.lower() not in _OF_ONE_CONNECTION),
    ]


def _name(code: h2.errors.ErrorCodes | int | None) -> str:
    return code.name if isinstance(code, h2.errors.ErrorCodes) else f"code {code}"
