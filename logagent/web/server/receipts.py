"""Which answers a client has taken in, as far as it has shown: only then may it be told that the connection ends.

A client that reads slowly has the end of its answer lying unread in its kernel's buffers, where TCP has acknowledged
it long ago. curl before version 8 drops that end, trailers and all, and exits 0, as soon as GOAWAY or the end of the
connection arrives behind it. HTTP/2 has one thing that a client does in the order of what it reads: it acknowledges a
PING (RFC 9113, 6.7). So a PING goes behind the end of each answer.

That acknowledgement comes with the client's last read, before it has dealt with what it read: curl may then wait for
whom it writes to, or for its `--limit-rate`, and would still lose the trailers. One more PING, sent only after that,
is acknowledged with a later read, which goes on until there is nothing more to read and then ends the answer. SETTLING
leaves it the time to find out that there is nothing more.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress

import trio
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import Event
from h2.exceptions import ProtocolError
from hyperframe.frame import Frame, RstStreamFrame

# Streams whose end is remembered. An acknowledgement stands for all that was sent before it, so that of more than these
# the oldest can be forgotten.
MAX_UNREAD = 1000

# s from the last acknowledgement until a client is done with its last read: no round trip, but its process must have
# its turn on a busy machine.
SETTLING = 0.5

# s from a PING to its acknowledgement by a client that keeps up with its answer, a slow link's round trip included.
PROMPT = 0.5


class ServerConnection(H2Connection):
    """h2's connection, that tells of every stream which the client resets.

    h2 keeps quiet about those that have ended already; but so a client says that it will not read what is on its way.
    Private part touched: `_receive_rst_stream_frame`.
    """

    def __init__(self, reset: Callable[[int], None]) -> None:
        self._reset = reset
        super().__init__(H2Configuration(client_side=False, header_encoding=None))

    def _receive_rst_stream_frame(self, frame: RstStreamFrame) -> tuple[list[Frame], list[Event]]:
        self._reset(frame.stream_id)
        return super()._receive_rst_stream_frame(frame)


class Receipts:
    """The answers that have ended and that the client may not have read to their end."""

    def __init__(self) -> None:
        self._unread: dict[int, int] = {}  # Stream by stream, the number of the PING behind its end.
        self._pings = 0
        self._wanted = 0
        self._last = 0  # The number of the PING that removes the doubt.
        self._doubtful = False
        self._pinged_at = -math.inf
        self.settled_at = -math.inf
        self.late = False  # Whether the client took its time for the last answer: it may do so again.

    @property
    def complete(self) -> bool:
        """Whether the client has received, or given up, all answers that have ended."""
        return not self._unread

    @property
    def certain(self) -> bool:
        """Whether it has also gone on to read what came after them."""
        return not (self._unread or self._doubtful)

    @property
    def settled(self) -> bool:
        """Whether it has had the time to end them, too."""
        return self.certain and trio.current_time() >= self.settled_at

    def ended(self, stream_id: int) -> None:
        """Notes that h2 has made the last frame of an answer."""
        self._doubtful = True
        self._wanted = self._unread[stream_id] = self._pings + 1
        if len(self._unread) > MAX_UNREAD:
            del self._unread[next(iter(self._unread))]

    def make_certain(self) -> None:
        """Wants the PING that removes the doubt, once the answers are received; again and again is as good as once."""
        if self.complete:
            self._wanted = max(self._wanted, self._last)

    def ping(self, connection: H2Connection) -> None:
        """Has the wanted PING follow the frames that were made so far.

        The one behind an answer's end belongs into the same write: some clients (httpx) read nothing more once they
        have their answer.
        """
        if self._wanted > self._pings:
            self._pings += 1
            self._pinged_at = trio.current_time()
            with suppress(ProtocolError):
                connection.ping(self._pings.to_bytes(8))

    def acknowledged(self, ping: bytes) -> None:
        """Takes the client's acknowledgement of a PING; one that it makes up harms the client alone."""
        number = int.from_bytes(ping)
        if self.complete and self._doubtful and number >= self._last:
            self._doubtful = False
            self.settled_at = trio.current_time() + SETTLING
        for stream_id in [stream_id for stream_id, behind in self._unread.items() if behind <= number]:
            self.given_up(stream_id)
            self.late = trio.current_time() - self._pinged_at > PROMPT

    def given_up(self, stream_id: int) -> None:
        """Notes that the client will read no more of a stream, whether that had ended or not."""
        if self._unread.pop(stream_id, None) is not None:
            self._last = self._pings + 1
