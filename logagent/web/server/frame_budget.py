"""How many frames without progress an HTTP/2 client may send: a number that grows with what it is sent.

A client that reads an answer sends WINDOW_UPDATEs for it, so DATA earns frames; so does the end of an answer, which is
followed by acknowledgements. All else that honest clients send without a request (SETTINGS, PINGs that keep alive,
PRIORITY) comes seldom. Envoy counts alike (`max_inbound_window_update_frames_per_data_frame_sent`).
"""

from __future__ import annotations

from collections.abc import Sequence

from logagent.web.server.limits import ConnectionLimits, TokenBucket

EARNED_BY_ANSWER = 8
"""Frames for the end of an answer: WINDOW_UPDATEs of its stream and of the connection, and acknowledged PINGs."""
EARNED_BY_DATA = 2
"""Frames for a DATA frame: a WINDOW_UPDATE of its stream and one of the connection."""
BYTES_PER_FRAME = 1024
"""Bytes of a DATA frame that earn one frame more, for clients that open their windows as they read."""
LEAST_DATA = 256
"""Bytes of a DATA frame that earns anything, unless it is all there is to send: else a client could open its window
byte by byte for ever."""


class FrameBudget:
    """The frames without progress that one client may still send.

    Args:
        limits: how many there are at once, and per second after that.
    """

    def __init__(self, limits: ConnectionLimits) -> None:
        self._bucket = TokenBucket(limits.idle_frames, limits.idle_frames_per_second)

    def spend(self, frames: int) -> bool:
        """Take frames, and return whether so many were left."""
        return not frames or self._bucket.spend(frames)

    def data_sent(self, lengths: Sequence[int], *, waiting: int) -> None:
        """Note DATA frames to the client, one behind the other.

        Args:
            lengths: bytes in each.
            waiting: bytes of the same answer that had no room in them.
        """
        behind = sum(lengths) + waiting
        for length in lengths:
            behind -= length
            if length >= LEAST_DATA or not behind:
                self._bucket.add(EARNED_BY_DATA + length // BYTES_PER_FRAME)

    def answer_sent(self) -> None:
        """Note the end of an answer."""
        self._bucket.add(EARNED_BY_ANSWER)
