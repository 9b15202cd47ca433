"""Writes to one client: burst by burst, within a deadline for each piece of one."""

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
        # Bursts, and the chunks of HTTP/1.1, may be of any size, but the deadline is for so many bytes.
        pieces = max(1, len(data) // self._limits.timed_bytes)
        size = math.ceil(len(data) / pieces)
        await self._locked()
        try:
            for number in range(pieces):
                await self._write_piece(memoryview(data)[number * size : (number + 1) * size])
        finally:
            self._lock.release()

    async def _locked(self) -> None:
        """Take the lock: at once if it is free, since a checkpoint would cost each burst a pass of the event loop."""
        try:
            self._lock.acquire_nowait()
        except trio.WouldBlock:
            await self._lock.acquire()

    async def _write_piece(self, data: memoryview) -> None:
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
