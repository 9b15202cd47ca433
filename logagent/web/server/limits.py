"""Limits on what one connection may ask of the server."""

from __future__ import annotations

from dataclasses import dataclass

import trio


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """How long and how much one connection may keep the server busy.

    Attributes:
        write_timeout: seconds in which a client must take `timed_bytes`; otherwise it has vanished, or reads below
            4 KiB/s, and its connection ends. Not applied while an unhurried answer (a follow) is under way: then
            `liveness` finds the clients that have vanished.
        idle_timeout: seconds without a request in flight; long enough for a person or a poller to reuse the
            connection.
        unread_timeout: seconds without a request in flight after which the connection of a client that has not read
            its answer to the end is reset. A person with a pager has that time. Such a connection costs no more than
            an idle one, and the kernel finds clients that are dead.
        farewell_timeout: seconds after a client has received its answer promptly in which, during a shutdown, it must
            show that it has read it, before its connection is reset. Clients that read nothing between requests
            (httpx) never show it, and lose nothing either.
        handshake_timeout: seconds for a TLS handshake; several round trips on the worst of links.
        max_streams: requests in flight at once; further ones are refused (REFUSED_STREAM: the client may repeat them).
        requests_per_connection: requests until the client must open another connection; against abuse, and far above
            honest use.
        timed_bytes: bytes for which a client has that time.
        stream_buffer: bytes of an answer that wait for the client; at this size the application's send waits. A large
            batch has more, so that one is on its way and one can follow.
        burst: bytes made ready for the socket at once; enough to make the cost of a write small, few enough for
            others to have their turns. A large batch has as many, so that each is one burst.
        resets: requests that a client may abandon before anything of their answers was sent, or see refused, at once:
            twice as many as can be in flight. One more ends the connection.
        resets_per_second: such requests per second after that.
        idle_frames: HTTP/2 frames without progress that a client may send at once, beyond those that answers to it
            earn (see `frame_budget`); one more ends the connection. They take the processor a twentieth of a second.
            Over HTTP/1.1, reads of a few bytes count likewise.
        idle_frames_per_second: such frames per second after that: far more than keep-alives take.
        header_bytes: bytes of one request's head; for HTTP/2, of its fields as RFC 9113, 6.5.2, counts them.
        target_bytes: bytes of a request's path and query: the longest cursor, its question, and room to spare.
    """

    write_timeout: float = 60.0
    idle_timeout: float = 75.0
    unread_timeout: float = 600.0
    farewell_timeout: float = 2.0
    handshake_timeout: float = 10.0
    max_streams: int = 100
    requests_per_connection: int = 1_000_000
    timed_bytes: int = 256 * 1024
    stream_buffer: int = 384 * 1024
    burst: int = 512 * 1024
    resets: int = 200
    resets_per_second: float = 33.0
    idle_frames: int = 1000
    idle_frames_per_second: float = 50.0
    header_bytes: int = 64 * 1024
    target_bytes: int = 60 * 1024


class TokenBucket:
    """Allow a number of events at once, and a number per second after that.

    Args:
        capacity: tokens at the beginning, and the most that are ever kept.
        per_second: tokens added per second, up to the capacity.
    """

    def __init__(self, capacity: int, per_second: float) -> None:
        self._capacity = capacity
        self._per_second = per_second
        self._tokens = float(capacity)
        self._updated_at = trio.current_time()

    def spend(self, tokens: int = 1) -> bool:
        """Take tokens, and return whether so many were left.

        A bucket that is overdrawn stays so until enough tokens were added.
        """
        now = trio.current_time()
        self.add((now - self._updated_at) * self._per_second)
        self._tokens -= tokens
        self._updated_at = now
        return self._tokens >= 0

    def add(self, tokens: float) -> None:
        """Put tokens in, up to the capacity."""
        self._tokens = min(self._tokens + tokens, self._capacity)
