"""Finding clients that vanished without closing their connections while answers to them are under way.

A host that lost its power or its network sends nothing any more. Whether a client is alive shows in its kernel's
acknowledgements, not in its reads: a program may be paused for hours, while its kernel still acknowledges bytes, or
window probes once its buffer is full. So a client has vanished if its kernel has acknowledged nothing for a while
although bytes are in flight. If no bytes are in flight, TCP's keepalive probes the client (see `listening`).
"""

from __future__ import annotations

from typing import Protocol

import trio

from logagent.web.server.tcp import TcpDelivery

CHECK_EVERY = 2.0
"""Seconds between two checks of all connections: a system call for each, a microsecond or so."""

MAX_SILENCE = 12.0
"""Seconds without a due acknowledgement after which a client counts as vanished. With `CHECK_EVERY`, and a heartbeat
every 15 s that puts bytes on their way, it is noticed within two heartbeats."""


class MonitoredConnection(Protocol):
    """A connection that the monitor checks."""

    def delivery(self) -> TcpDelivery | None:
        """Return what the kernel knows about the bytes sent; None if it is not known."""
        ...

    def give_up(self) -> None:
        """End the connection of a client that has vanished."""
        ...


class LivenessMonitor:
    """Watches the connections that have answers under way, all of them in one task."""

    def __init__(self) -> None:
        self._due_since: dict[MonitoredConnection, float | None] = {}
        self._anybody = trio.Event()

    def watch(self, connection: MonitoredConnection) -> None:
        """Check a connection from now on; a second call changes nothing."""
        self._due_since.setdefault(connection, None)
        self._anybody.set()

    def unwatch(self, connection: MonitoredConnection) -> None:
        """Stop checking a connection, if it was checked."""
        self._due_since.pop(connection, None)

    async def run(self) -> None:
        """Give up connections whose clients have vanished, until cancelled; no timer runs while none is watched."""
        while True:
            if not self._due_since:
                self._anybody = trio.Event()
                await self._anybody.wait()
            await trio.sleep(CHECK_EVERY)
            for connection in list(self._due_since):
                self._check(connection, trio.current_time())

    def _check(self, connection: MonitoredConnection, now: float) -> None:
        delivery = connection.delivery()
        since = self._due_since[connection]
        if delivery is None or not delivery.unacknowledged:
            self._due_since[connection] = None
        elif since is None or now - delivery.silence > since:
            # Unacknowledged bytes are seen for the first time since the last acknowledgement. They may have been sent
            # just now, however long ago that acknowledgement came.
            self._due_since[connection] = now
        elif now - since >= MAX_SILENCE:
            self.unwatch(connection)
            connection.give_up()
