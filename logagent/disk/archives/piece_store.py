"""Small pieces of bytes that are kept for long, in memory of their own.

Kept where large buffers come and go, each of them would take a little of the room that a buffer left, so that the next
one would not fit there and memory would grow by a buffer for each piece.
"""

from __future__ import annotations

from collections import deque
from mmap import mmap
from typing import NamedTuple

AREA = 1024 * 1024
"""Bytes of an area, which is asked of the kernel and given back to it at once; larger pieces have one of their own."""


class StoredPiece(NamedTuple):
    """Where a piece lies: from `begin` to `end` in an area."""

    area: mmap
    begin: int
    end: int


class PieceStore:
    """Holds pieces in the order in which they are added; they are dropped at either end.

    An area goes back to the kernel with the last piece in it.
    """

    def __init__(self) -> None:
        self._pieces: deque[StoredPiece] = deque()

    def add(self, piece: bytes) -> None:
        """Add a piece behind the newest."""
        newest = self._pieces[-1] if self._pieces else None
        begin = 0 if newest is None else newest.end
        if newest is None or begin + len(piece) > len(newest.area):
            area, begin = _area(max(AREA, len(piece))), 0
        else:
            area = newest.area
        stored = StoredPiece(area, begin, begin + len(piece))
        area[stored.begin : stored.end] = piece
        self._pieces.append(stored)

    def take_newest(self) -> bytes:
        """Return the newest piece, and drop it."""
        piece = self._pieces.pop()
        return piece.area[piece.begin : piece.end]

    def drop_oldest(self) -> None:
        """Drop the oldest piece."""
        self._pieces.popleft()


def _area(size: int) -> mmap:
    try:
        return mmap(-1, size)
    except OSError:
        raise MemoryError from None
