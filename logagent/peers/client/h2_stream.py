"""The stream of one request on an HTTP/2 connection: what arrived of its response, and how it ended."""

from __future__ import annotations

import collections
import functools
from collections.abc import Callable, Iterable
from typing import TypeAlias

import h2.events
import httpx
import trio

from logagent.peers.client.exchange import Header, Unanswered
from logagent.peers.client.h2_machine import STREAM_WINDOW, name_of

MakeError: TypeAlias = Callable[[], httpx.TransportError]
"""Makes the error that ended a stream; a new one for each task that raises it, since each needs its own traceback."""

_OF_ONE_CONNECTION = {b"connection", b"host", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"}

CREDIT = STREAM_WINDOW // 2
"""Bytes taken out of a stream for which the agent gets credit at a time, of a window of usual size, and half of any
other: each is a write, and wakes the agent."""


class Http2Stream:
    """The part of one response that has arrived and was not taken yet; it does no I/O.

    Args:
        stream_id: its number on the connection.
        repeatable: whether the request may be sent again on another connection if no response arrives here.
        credit: bytes taken out of it for which the agent gets credit at a time.

    Attributes:
        id: its number on the connection.
        head: status and headers of the response, once they are there.
        trailers: complete once the body is read to its end.
        ended: whether the agent sends no more: it has ended or reset the stream.
        uploads: whether a part of the request's body is not sent.
        waiting: the tasks that wait for more to arrive.
    """

    def __init__(self, stream_id: int, repeatable: bool, credit: int = CREDIT) -> None:
        self.id = stream_id
        self._credit = credit
        self.head: tuple[int, list[Header]] | None = None
        self.trailers: list[Header] = []
        self.ended = self.uploads = False
        self._owed = 0
        self.waiting = trio.lowlevel.ParkingLot()
        self._repeatable = repeatable
        self._chunks: collections.deque[tuple[bytes, int]] = collections.deque()  # and the credit due for each
        self._error: MakeError | None = None

    @property
    def uncredited(self) -> int:
        """Bytes of flow control for which the agent has no credit yet, those of unread chunks among them."""
        return self._owed + sum(credit for _, credit in self._chunks)

    @property
    def is_over(self) -> bool:
        """Whether nothing more will arrive."""
        return self.ended or self._error is not None

    def has_head(self) -> bool:
        """Whether the head is there, or will never be."""
        return self.head is not None or self.is_over

    def has_chunk(self) -> bool:
        """Whether there is a piece of the body to take, or no more will arrive."""
        return bool(self._chunks) or self.is_over

    def take_chunk(self) -> tuple[bytes, int] | None:
        """Take the next piece of the body.

        Returns:
            The bytes, and the credit that is due for them; None after the last piece.

        Raises:
            TransportError: of httpx, if the stream failed.
        """
        if self._chunks:
            return self._chunks.popleft()
        if self._error:
            raise self._error()
        return None

    def credit_due(self, amount: int) -> int:
        """Return the credit to give now that so many bytes more were taken: none until it is worth a write."""
        owed = self._owed + amount
        self._owed = 0 if owed >= self._credit else owed
        return owed - self._owed

    def take_head(self) -> tuple[int, list[Header]]:
        """Return status and headers, once they are there.

        Raises:
            TransportError: of httpx, if the stream ended without them.
        """
        if self.head is None:
            raise self._error() if self._error else httpx.RemoteProtocolError("a response without a head")
        return self.head

    def receive(self, event: h2.events.Event) -> None:
        """Handle an event of the connection for this stream."""
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
                reset = f"the agent reset the stream ({name_of(event.error_code)})"
                self.fail(functools.partial(httpx.RemoteProtocolError, reset))
                self.ended = True
        self.waiting.unpark_all()

    def lose_connection(self, error: MakeError) -> None:
        """End the stream because its connection is gone.

        If the head has not arrived and the request is repeatable, the error is `Unanswered`.
        """
        unanswered = self._repeatable and self.head is None
        self.fail(functools.partial(Unanswered, "no answer") if unanswered else error)

    def fail(self, error: MakeError) -> None:
        """End the stream with an error, unless it is over, and wake all who wait for it."""
        if not self.is_over:
            self._error = error
        self.waiting.unpark_all()

    def _receive_head(self, headers: list[Header]) -> None:
        status = dict(headers)[b":status"]
        if len(status) == 3 and status.isdigit():
            self.head = int(status), [header for header in headers if not header[0].startswith(b":")]
        else:
            self.fail(functools.partial(httpx.RemoteProtocolError, f"{status!r} is no status"))


def wake_one(streams: Iterable[Http2Stream]) -> None:
    """Wake a task that waits for one of these streams, which then reads for all."""
    waiting = next((stream.waiting for stream in streams if stream.waiting), None)
    if waiting is not None:
        waiting.unpark()


def wake_all(streams: Iterable[Http2Stream]) -> None:
    """Wake all tasks that wait for these streams."""
    for stream in streams:
        stream.waiting.unpark_all()


def request_headers(request: httpx.Request) -> list[Header]:
    """Return a request's headers for HTTP/2, without those that belong to one HTTP/1.1 connection."""
    url = request.url
    return [
        (b":method", request.method.encode("ascii")),
        (b":authority", request.headers["host"].encode("ascii")),
        (b":scheme", url.raw_scheme),
        (b":path", url.raw_path),
        *((name.lower(), value) for name, value in request.headers.raw if name.lower() not in _OF_ONE_CONNECTION),
    ]
