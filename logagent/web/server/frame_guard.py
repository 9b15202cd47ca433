"""What one HTTP/2 client may cost the server: frames, fruitless requests, and turns that it takes from others."""

from __future__ import annotations

from logagent.web.server.frame_budget import FrameBudget
from logagent.web.server.frame_slices import FrameSlicer
from logagent.web.server.limits import ConnectionLimits, TokenBucket
from logagent.web.server.turnstile import Turnstile

HEAD_FACTOR = 4
"""Bytes of a request's head that are decoded, as a multiple of those that are allowed: up to there the answer says so,
beyond it the connection ends, since a mebibyte takes half a second."""


class FrameGuard:
    """Hands a client's bytes out in slices, as long as the client costs no more than it asks for.

    Args:
        limits: those of the connection.
        turnstile: the server's.

    Attributes:
        budget: the frames that the client may send, to be told of what it is sent.
    """

    def __init__(self, limits: ConnectionLimits, turnstile: Turnstile) -> None:
        self.budget = FrameBudget(limits)
        self._slicer = FrameSlicer()
        self._turnstile = turnstile
        self._fruitless = TokenBucket(limits.resets, limits.resets_per_second)
        self._left = iter(self._slicer.slices(b""))
        self._number = 0
        self._sends_much = False
        self._most_head = HEAD_FACTOR * limits.header_bytes

    def received(self, data: bytes) -> None:
        """Take what was received; call it when `next_slice` has returned None."""
        self._left = iter(self._slicer.slices(data))
        self._number = 0

    async def next_slice(self) -> bytes | None:
        """Return the next slice of it, when it is this client's turn; None: there is none.

        Raises:
            TooMuch: when too many of its frames carry no progress, or a request's head has no end.
        """
        piece = next(self._left, None)
        if piece is None:
            return None
        # A read of one slice is served at once, unless it goes on where the read before it ended.
        if self._number or self._sends_much:
            await self._turnstile.passed()
        self._sends_much = self._number > 0
        self._number += 1
        if piece.head > self._most_head:
            raise TooMuch(f"too many bytes of one request's head, {self._most_head} at most")
        if not self.budget.spend(piece.idle):
            raise TooMuch("too many frames that ask for nothing")
        return piece.data

    def count_fruitless(self, size: int = 0) -> None:
        """Count a request that the client has abandoned before it was sent anything, or that was refused.

        Args:
            size: bytes of its head; a kibibyte takes about as long to decode as another request.

        Raises:
            TooMuch: when there were too many.
        """
        if not self._fruitless.spend(1 + size // 1024):
            raise TooMuch("too many requests that were abandoned or refused")


class TooMuch(Exception):
    """A client costs more than it asks for; says of what there was too much."""
