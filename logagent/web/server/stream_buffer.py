"""The buffer of one HTTP/2 answer: bytes that wait for the client's window."""

from __future__ import annotations

from collections import deque

import trio

SMALL_ANSWER = 16 * 1024
"""Bytes of an answer that is to go out in one write with its end: one DATA frame."""


class StreamBuffer:
    """The bytes of one answer for which the client's window has no room yet.

    Chunks are kept unchanged and cut by views, so that taking bytes off the front moves none.

    Args:
        limit: bytes at which `room` begins to wait. A chunk is never split, so `size` may pass it by one chunk.

    Attributes:
        size: bytes waiting.
        begun: whether bytes were taken.
        ended: whether no more bytes come.
        trailers: fields to send after the last byte.
        finished: set when the last frame of the answer is made, or the answer is dropped.
    """

    def __init__(self, limit: int) -> None:
        self.size = 0
        self.begun = False
        self.ended = False
        self.trailers: list[tuple[bytes, bytes]] = []
        self.finished = trio.Event()
        self._limit = limit
        self._chunks: deque[memoryview] = deque()
        self._has_room = trio.Event()
        self._is_empty = trio.Event()

    @property
    def may_end_soon(self) -> bool:
        """Whether so few bytes wait, of an answer of which nothing was sent, that its end may follow at once."""
        return self.size <= SMALL_ANSWER and not (self.begun or self.ended)

    def add(self, chunk: bytes) -> None:
        """Put a chunk at the end; follow it by `room`."""
        self._chunks.append(memoryview(chunk))
        self.size += len(chunk)

    async def room(self) -> None:
        """Return once fewer bytes than the limit wait, or the stream is over; not a checkpoint if so already."""
        while self.size >= self._limit:
            if self._has_room.is_set():
                self._has_room = trio.Event()
            await self._has_room.wait()

    async def drained(self) -> None:
        """Return once no bytes wait any more, or the stream is over."""
        while self.size:
            self._is_empty = trio.Event()
            await self._is_empty.wait()

    def take(self, length: int) -> list[memoryview]:
        """Take bytes off the front, in pieces; whoever waits for room wakes once half of the limit is free.

        Args:
            length: bytes to take at most.
        """
        pieces = []
        self.begun = True
        wanted = min(length, self.size)
        self.size -= wanted
        while wanted:
            chunk = self._chunks.popleft()
            if len(chunk) > wanted:
                self._chunks.appendleft(chunk[wanted:])
                chunk = chunk[:wanted]
            pieces.append(chunk)
            wanted -= len(chunk)
        if self.size < self._limit // 2:
            self._has_room.set()
        if not self.size:
            self._is_empty.set()
        return pieces

    def close(self) -> None:
        """Drop what is left and wake everybody who waits here."""
        self._chunks.clear()
        self.size = 0
        self._has_room.set()
        self._is_empty.set()
        self.finished.set()
