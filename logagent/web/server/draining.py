"""Ending an HTTP/2 connection without losing answers.

On GOAWAY, a client built on h2 (such as httpx) drops its streams in flight, and an older curl the bytes that it has not
read yet. So GOAWAY is sent only when every request is answered and the client has shown, by its `receipts`, that it has
read every answer.
"""

from __future__ import annotations

from collections.abc import Collection

import trio
from hypercorn.typing import TaskGroup

from logagent.web.server.frame_writer import FrameWriter
from logagent.web.server.limits import ConnectionLimits
from logagent.web.server.receipts import SETTLING, ReadReceipts

LEAST_FAREWELL = 0.1
"""Seconds for a client that was answered long ago: a slow link's round trip, in which it acknowledges a PING."""


class Draining:
    """Decides when one connection sends GOAWAY, and how long it may wait until then.

    Args:
        streams: requests in flight; not changed here.
        receipts: which answers the client has read.
        writer: sends the PINGs and the GOAWAY.
        tasks: runs the task that sends the GOAWAY.
        limits: those of the connection.

    Attributes:
        takes_requests: whether new requests are answered; if not, they are refused.
    """

    def __init__(
        self,
        streams: Collection[int],
        receipts: ReadReceipts,
        writer: FrameWriter,
        tasks: TaskGroup,
        limits: ConnectionLimits,
    ) -> None:
        self.takes_requests = True
        self._streams = streams
        self._receipts = receipts
        self._writer = writer
        self._tasks = tasks
        self._limits = limits
        self._ends_unless_asked = False
        self._stopping = False

    def shut_down(self) -> None:
        """Take no more requests, as the server ends."""
        self._stopping = True
        self._receipts.hurry()
        self.retire()

    def retire(self) -> None:
        """Take no more requests, and send GOAWAY as soon as the answers under way are read."""
        self.takes_requests = False

    def end_if_idle(self) -> None:
        """Send GOAWAY, unless a request comes before the client has read its last answer."""
        self._ends_unless_asked = not self._streams

    def request_came(self) -> None:
        """Note that the connection is in use again."""
        self._ends_unless_asked = False

    def advance(self) -> None:
        """Take the next step towards the connection's end, if it is to end.

        Call it after each method above, when a stream has opened or closed, and when a PING was acknowledged.
        """
        if self._leaving:
            self._receipts.want_confirmation()
            self._writer.wake()
            if self._receipts.confirmed and not self._streams:
                self._tasks.spawn(self._say_goodbye)

    async def _say_goodbye(self) -> None:
        await trio.sleep_until(self._receipts.settled_at)
        if self.finished and self._leaving:
            self._writer.say_goodbye()

    @property
    def _leaving(self) -> bool:
        return self._ends_unless_asked or not self.takes_requests

    @property
    def finished(self) -> bool:
        """Whether all requests are answered, and the client has shown that it has read every answer."""
        return not self._streams and self._receipts.settled

    @property
    def awaits_receipts(self) -> bool:
        """Whether the connection only waits for the client to read its answers."""
        if self._streams or self._receipts.settled:
            return False
        return self._leaving or not self._receipts.all_received

    @property
    def patience(self) -> float:
        """Seconds that the connection may stay open without a request in flight."""
        if not self.awaits_receipts:
            return self._limits.idle_timeout
        hurried = self._stopping and self._receipts.all_received and not self._receipts.was_late
        if not hurried:
            return self._limits.unread_timeout
        left = self._receipts.received_at + self._limits.farewell_timeout - trio.current_time()
        return max(left, 2 * SETTLING if self._receipts.confirmed else LEAST_FAREWELL)
