"""Finding the clients that are gone without a word, while answers to them are under way.

A host that lost its power or its network says nothing any more. What it owes is told by its kernel, not by its program:
a program may be paused for hours, and its kernel acknowledges all the same what arrives, be it only that there is no
room for more. So a client is gone when its kernel has acknowledged nothing for a while although something is on its
way to it. Where nothing is, TCP's keepalive asks (see `listening`); it does not as long as something is.

Source: tcp(7), and `struct tcp_info` in Linux's include/uapi/linux/tcp.h, whose beginning is fixed.
"""

from __future__ import annotations

import socket
import struct
import sys
from contextlib import suppress
from typing import NamedTuple, Protocol

import trio

LOOK_EVERY = 2.0
"""s between two looks at all connections: a system call for each, a microsecond or so."""
SILENCE = 12.0
"""s without an acknowledgement that is owed, after which a client is taken for gone. With `LOOK_EVERY` and a heartbeat
of 15 s that sets something on its way, it is noticed within two heartbeats."""

_TCP_INFO = struct.Struct("=3xB20xI28xI")
"""tcpi_probes; tcpi_unacked (segments on their way); tcpi_last_ack_recv (ms)."""
_SUPPORTED = sys.platform == "linux"


class Delivery(NamedTuple):
    """How it stands with what was sent to a client: whether something of it is owed an acknowledgement (data, or more
    than one question whether there is room again), and s since the last one came."""

    owed: bool
    silence: float


class Reachable(Protocol):
    """A connection that can be asked how it stands. `delivery` is None where nobody knows."""

    def delivery(self) -> Delivery | None: ...

    def give_up(self) -> None: ...


class Presence:
    """The connections with answers under way, looked at by one task for all of them."""

    def __init__(self) -> None:
        self._owed_since: dict[Reachable, float | None] = {}
        self._somebody = trio.Event()

    def enter(self, connection: Reachable) -> None:
        """Look at a connection from now on; a second time changes nothing."""
        self._owed_since.setdefault(connection, None)
        self._somebody.set()

    def leave(self, connection: Reachable) -> None:
        """Look at it no more, if it was looked at."""
        self._owed_since.pop(connection, None)

    async def watch(self) -> None:
        """Give up the connections whose clients are gone, until cancelled. No timer runs while there are none."""
        while True:
            if not self._owed_since:
                self._somebody = trio.Event()
                await self._somebody.wait()
            await trio.sleep(LOOK_EVERY)
            for connection in list(self._owed_since):
                self._look(connection, trio.current_time())

    def _look(self, connection: Reachable, now: float) -> None:
        delivery = connection.delivery()
        since = self._owed_since[connection]
        if delivery is None or not delivery.owed:
            self._owed_since[connection] = None
        elif since is None or now - delivery.silence > since:
            # What is owed since the last acknowledgement is seen for the first time: it may be a moment old only,
            # however long it is since that one came.
            self._owed_since[connection] = now
        elif now - since >= SILENCE:
            self.leave(connection)
            connection.give_up()


def delivery(stream: trio.abc.Stream) -> Delivery | None:
    """How it stands with what was sent over a TCP connection, with TLS or without; None for any other stream."""
    transport = stream.transport_stream if isinstance(stream, trio.SSLStream) else stream
    if not (_SUPPORTED and isinstance(transport, trio.SocketStream)):
        return None
    with suppress(OSError):
        told = transport.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO.size)
        if isinstance(told, bytes) and len(told) == _TCP_INFO.size:
            probes, on_their_way, last = _TCP_INFO.unpack(told)
            return Delivery(on_their_way > 0 or probes > 1, last / 1000)
    return None
