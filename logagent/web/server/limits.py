"""What one connection may ask of us."""

from __future__ import annotations

from dataclasses import dataclass

import trio


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """How long and how much one connection may keep us busy, in seconds, bytes and counts."""

    # s; a client that has not taken one burst by then is dropped: it has gone without a word, or reads below 2 KiB/s.
    # Not while it has an unhurried answer under way (a follow): `presence` finds those that are gone.
    write_timeout: float = 60.0
    # s without a request in flight; long enough for a person or a poller to reuse the connection.
    idle_timeout: float = 75.0
    # s without a request in flight for a client that has not read its answer to the end yet, before its connection is
    # reset: time for a person with a pager. It costs no more than an idle connection, and the kernel finds the dead.
    unread_timeout: float = 600.0
    # s during a shutdown for a client that promptly received its answers to show that it has dealt with them, before
    # its connection is reset. Clients that read nothing between requests (httpx) never do so, and lose nothing either.
    farewell_timeout: float = 2.0
    # s for a TLS handshake; several round trips on the worst of links.
    handshake_timeout: float = 10.0
    # Requests in flight on one connection; one more is refused (REFUSED_STREAM: the client may repeat it).
    max_streams: int = 100
    # Requests on one connection before the client must open another; an abuse limit, far above honest use.
    requests_per_connection: int = 1_000_000
    # Bytes of an answer that wait for the client; then the app's send waits. Two bursts: one on its way, one to follow.
    stream_buffer: int = 256 * 1024
    # Bytes handed to the socket at a time: enough to make a write's cost small, little enough to stay fair.
    burst: int = 128 * 1024
    # Requests that a client may abandon (or see refused) at once, and per second after that, before it is cut off.
    resets: int = 1000
    resets_per_second: float = 33.0
    # Bytes of one request's head on HTTP/1.1 (HTTP/2 has h2's own limit of the same size).
    header_bytes: int = 64 * 1024


class Allowance:
    """So many at once, and so many a second after that (a token bucket)."""

    def __init__(self, burst: int, per_second: float) -> None:
        self._burst = burst
        self._per_second = per_second
        self._left = float(burst)
        self._spent_at = trio.current_time()

    def spend(self) -> bool:
        """Takes one, and says whether one was left."""
        now = trio.current_time()
        earned = (now - self._spent_at) * self._per_second
        self._left = min(self._left + earned, self._burst) - 1
        self._spent_at = now
        return self._left >= 0
