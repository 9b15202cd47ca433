"""Writes to one client: burst by burst, each within a deadline."""

from __future__ import annotations

import math
from collections.abc import Callable

import trio

from logagent.web.server.limits import ConnectionLimits


class BurstWriter:
    """Writes to one client's stream, one task at a time.

    Args:
        stream: the client's; not closed here.
        limits: of a burst and of the time for it.
        unhurried: returns whether the client may take any time; called before each burst.
        failed: called when a write did not complete. Nothing may follow half a write, so the connection must end.
    """

    def __init__(
        self,
        stream: trio.abc.Stream,
        limits: ConnectionLimits,
        unhurried: Callable[[], bool],
        failed: Callable[[], None],
    ) -> None:
        self._stream = stream
        self._limits = limits
        self._unhurried = unhurried
        self._failed = failed
        self._lock = trio.Lock()

    async def write(self, data: bytes) -> None:
        """Write bytes; return once the socket has taken them, or the write has failed."""
        # HTTP/1.1 writes whole chunks, however large, but the deadline is for one burst: chunks are cut accordingly.
        pieces = max(1, len(data) // self._limits.burst)
        size = math.ceil(len(data) / pieces)
        async with self._lock:
            for number in range(pieces):
                await self._write_burst(memoryview(data)[number * size : (number + 1) * size])

    async def _write_burst(self, data: memoryview) -> None:
        complete = False
        try:
            with trio.move_on_after(math.inf if self._unhurried() else self._limits.write_timeout):
                await self._stream.send_all(data)
                complete = True
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # The client has gone; the reader may not have noticed yet.
        finally:
            if not complete:
                self._failed()
