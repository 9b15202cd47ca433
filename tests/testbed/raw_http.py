"""Clients in memory that speak raw HTTP to one connection: they may send anything, and see every frame."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NoReturn

import trio
from h2 import events
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes
from trio.testing import MockClock, wait_all_tasks_blocked

from logagent.web.server.client_connection import ClientConnection
from logagent.web.server.http2 import Http2Protocol
from logagent.web.server.receipts import SETTLING

FIRST_WINDOW = 65_535
"""Bytes that HTTP/2 lets either side send before the first WINDOW_UPDATE."""
GET = b"GET / HTTP/1.1\r\nhost: test\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"

Headers = list[tuple[bytes, bytes]]


@dataclass
class Received:
    """What has arrived of one answer so far."""

    stream_id: int
    headers: dict[bytes, bytes] = field(default_factory=dict)
    trailers: dict[bytes, bytes] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)
    ended: bool = False
    reset: int | None = None

    @property
    def status(self) -> int:
        return int(self.headers[b":status"])


class Http2Client:
    """Sends what a test tells it to, well-formed or not; a task in the background takes what comes back.

    `credits` False: it never opens a window again. `reading` unset: what arrives lies unread; `last_ping`: so from that
    PING on, which it still acknowledges.
    """

    def __init__(self, stream: trio.abc.Stream, connection: ClientConnection) -> None:
        self.stream = stream
        self.connection = connection
        self.answers: dict[int, Received] = {}
        self.credits = True
        self.reading = trio.Event()
        self.reading.set()
        self.pings = 0
        self.last_ping: int | None = None
        self.goaways: list[int] = []
        self.closed = trio.Event()
        self.arrivals: list[tuple[int, int]] = []
        config = H2Configuration(
            header_encoding=None, validate_outbound_headers=False, normalize_outbound_headers=False
        )
        self.h2 = H2Connection(config)

    @property
    def goaway(self) -> int | None:
        """The error code of the first GOAWAY."""
        return self.goaways[0] if self.goaways else None

    async def open(self, nursery: trio.Nursery, window: int | None = None) -> None:
        """Greets; `window` is what streams and the connection may have on their way to us."""
        self.h2.initiate_connection()
        if window is not None:
            self.h2.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: window})
            self.h2.increment_flow_control_window(window - self.h2.inbound_flow_control_window)
        nursery.start_soon(self._receive)
        await self.flush()

    async def flush(self) -> None:
        """Sends what h2 has made, and returns once nobody has anything left to do."""
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            await self.stream.send_all(self.h2.data_to_send())
        await wait_all_tasks_blocked()

    async def raw(self, data: bytes) -> None:
        """Sends bytes of no matter what kind."""
        await self.stream.send_all(data)
        await wait_all_tasks_blocked()

    def start(
        self, path: bytes = b"/", extra: Headers | None = None, *, method: bytes = b"GET", end: bool = True
    ) -> Received:
        """Has a request made, to go out with the next `flush`."""
        pseudo = [(b":method", method), (b":path", path), (b":scheme", b"http"), (b":authority", b"test")]
        return self.start_with([*pseudo, *(extra or [])], end=end)

    def start_with(self, headers: Headers, *, end: bool = True) -> Received:
        """As `start`, with these very header fields."""
        stream_id = self.h2.get_next_available_stream_id()
        self.h2.send_headers(stream_id, headers, end_stream=end)
        self.answers[stream_id] = Received(stream_id)
        return self.answers[stream_id]

    async def ask(self, path: bytes = b"/", extra: Headers | None = None, **others: Any) -> Received:
        """Asks, and returns what has arrived once nobody has anything left to do."""
        answer = self.start(path, extra, **others)
        await self.flush()
        return answer

    async def _receive(self) -> None:
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError, ProtocolError):
            while received := await self.stream.receive_some():
                await self.reading.wait()
                for event in self.h2.receive_data(received):
                    self._note(event)
                await self.stream.send_all(self.h2.data_to_send())
        self.closed.set()

    def _note(self, event: events.Event) -> None:
        match event:
            case events.ResponseReceived():
                self.answers[event.stream_id].headers = dict(event.headers)
            case events.TrailersReceived():
                self.answers[event.stream_id].trailers = dict(event.headers)
            case events.DataReceived():
                self.arrivals.append((event.stream_id, len(event.data)))
                self.answers[event.stream_id].body += event.data
                if self.credits:
                    self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            case events.StreamEnded():
                self.answers[event.stream_id].ended = True
            case events.StreamReset():
                self.answers[event.stream_id].reset = event.error_code
            case events.PingReceived():
                self.pings += 1
                if self.pings == self.last_ping:
                    self.reading = trio.Event()
            case events.ConnectionTerminated():
                self.goaways.append(int(event.error_code or 0))


class Http1Client:
    """Sends bytes, and keeps those that come back; `ended` once the other side has said that there are no more."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.received = b""
        self.ended = False

    async def send(self, data: bytes) -> bytes:
        await self.stream.send_all(data)
        await wait_all_tasks_blocked()
        return self.received

    async def receive(self) -> None:
        while chunk := await self.stream.receive_some():
            self.received += chunk
        self.ended = True


class WriteLog:
    """A stream that keeps every write."""

    def __init__(self, stream: trio.StapledStream[Any, Any]) -> None:
        self._stream = stream
        self.writes: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    async def send_all(self, data: bytes) -> None:
        self.writes.append(bytes(data))
        await self._stream.send_all(data)


class Deaf:
    """A stream of whose incoming bytes nothing is taken."""

    def __init__(self, stream: trio.StapledStream[Any, Any]) -> None:
        self._stream = stream

    async def send_all(self, data: bytes) -> None:
        await self._stream.send_all(data)

    async def receive_some(self) -> NoReturn:
        await trio.sleep_forever()


def http2(client: Http2Client) -> Http2Protocol:
    """The server's side of a client's connection."""
    protocol = client.connection.protocol
    assert isinstance(protocol, Http2Protocol)
    return protocol


async def settle(clock: MockClock) -> None:
    """Lets a client's last acknowledgement lie back long enough."""
    clock.jump(SETTLING)
    await wait_all_tasks_blocked()


async def upload(client: Http2Client, answer: Received, length: int) -> int:
    """Sends up to so many bytes of a request's body; returns how many the windows let through."""
    sent = 0
    while sent < length:
        room = min(client.h2.local_flow_control_window(answer.stream_id), 16 * 1024, length - sent)
        if room == 0:
            break
        client.h2.send_data(answer.stream_id, bytes(room))
        sent += room
        await client.flush()
    return sent
