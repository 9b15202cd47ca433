"""Finding out which answers a client has read, since only then GOAWAY may be sent without losing an answer.

If a client reads slowly, the end of its answer is still in its kernel's buffers long after TCP has acknowledged it.
curl before version 8 drops that end with its trailers, and exits 0, as soon as GOAWAY or the end of the connection
arrives after it. An HTTP/2 client acknowledges a PING in the order in which it reads (RFC 9113, 6.7). So a PING is sent
after the end of each answer.

The acknowledgement comes with the client's last read, before the client has handled the bytes: curl may then wait for
the program it writes to, or for its `--limit-rate`, and would still lose the trailers. A second PING, sent only after
that acknowledgement, is acknowledged with a later read, which continues until there is nothing more to read and then
ends the answer. `SETTLING` gives the client time to find that there is nothing more.
"""

from __future__ import annotations

import math
from contextlib import suppress

import trio
from h2.connection import H2Connection
from h2.exceptions import ProtocolError

MAX_UNREAD = 1000
"""Ended streams that are remembered. An acknowledgement covers all answers before it, so beyond this number the oldest
can be dropped."""

SETTLING = 0.5
"""Seconds from the last acknowledgement until a client has finished its last read: no round trip is needed, but its
process must be scheduled on a busy machine."""

LONG_AGO = 2.0
"""Seconds after a client has received an answer in which it has had all the time of `SETTLING`."""

PROMPT = 0.5
"""Seconds from a PING to its acknowledgement by a client that keeps up with its answer, a slow link's round trip
included."""


class ReadReceipts:
    """The answers that have ended and that the client may not have read to their end.

    Attributes:
        received_at: when the client acknowledged its last answer; on Trio's clock.
        settled_at: when the client has had time to finish its last read; on Trio's clock.
        was_late: whether the client was slow to receive its last answer: it may be slow again.
    """

    def __init__(self) -> None:
        self._unread: dict[int, int] = {}
        """The number of the PING after the end of each stream."""
        self._sent_pings = 0
        self._wanted_pings = 0
        self._confirming_ping = 0
        """The number of the PING whose acknowledgement shows that the client has read on."""
        self._needs_confirmation = False
        self._hurried = False
        self._pinged_at = -math.inf
        self.received_at = -math.inf
        self.settled_at = -math.inf
        self.was_late = False

    @property
    def all_received(self) -> bool:
        """Whether the client has received, or given up, all answers that have ended."""
        return not self._unread

    @property
    def confirmed(self) -> bool:
        """Whether the client has also acknowledged a PING that was sent after it had received all answers."""
        return not (self._unread or self._needs_confirmation)

    @property
    def settled(self) -> bool:
        """Whether the client has also had time to finish its last read."""
        return self.confirmed and trio.current_time() >= self.settled_at

    def hurry(self) -> None:
        """Give no time for a last read to clients that have had it since they received their last answer."""
        self._hurried = True

    def answer_ended(self, stream_id: int) -> None:
        """Note that h2 has made the last frame of an answer."""
        self._needs_confirmation = True
        self._wanted_pings = self._unread[stream_id] = self._sent_pings + 1
        if len(self._unread) > MAX_UNREAD:
            del self._unread[next(iter(self._unread))]

    def stream_given_up(self, stream_id: int) -> None:
        """Note that the client will read no more of a stream, whether or not its answer had ended."""
        if self._unread.pop(stream_id, None) is not None:
            self._confirming_ping = self._sent_pings + 1

    def want_confirmation(self) -> None:
        """Request the confirming PING, if all answers are received; idempotent."""
        if self.all_received:
            self._wanted_pings = max(self._wanted_pings, self._confirming_ping)

    def send_ping(self, connection: H2Connection) -> None:
        """Make the wanted PING, if any, after the frames that h2 has made so far.

        The PING after an answer's end must be in the same write: some clients (httpx) read nothing more once they have
        their answer.
        """
        if self._wanted_pings > self._sent_pings:
            self._sent_pings += 1
            self._pinged_at = trio.current_time()
            with suppress(ProtocolError):
                connection.ping(self._sent_pings.to_bytes(8))

    def ping_acknowledged(self, opaque_data: bytes) -> None:
        """Note the client's acknowledgement of a PING; an invented one harms that client alone.

        Args:
            opaque_data: the 8 bytes that the PING had.
        """
        number = int.from_bytes(opaque_data)
        if self.all_received and self._needs_confirmation and number >= self._confirming_ping:
            self._needs_confirmation = False
            has_had_time = self._hurried and trio.current_time() - self.received_at >= LONG_AGO
            self.settled_at = trio.current_time() + (0.0 if has_had_time else SETTLING)
        for stream_id in [stream_id for stream_id, ping in self._unread.items() if ping <= number]:
            self.stream_given_up(stream_id)
            self.received_at = trio.current_time()
            self.was_late = trio.current_time() - self._pinged_at > PROMPT
