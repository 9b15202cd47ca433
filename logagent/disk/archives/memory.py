"""The memory that all archives together take while they are read: the windows of their decoders, and what passes keep.

Each archive has limits of its own; these hold for a process, however many are read at a time.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

MAX_WINDOWS = 512 * 1024 * 1024
"""Bytes that the decoders of all archives may hold: sixty of `zstd -19`, or four of the largest that are read."""
MAX_KEPT = 256 * 1024 * 1024
"""Bytes that all passes, newest first, may keep of their archives: ten at their most. One that gets less takes further
passes."""
SHARE = 1024 * 1024
"""Bytes that a pass takes of these at a time."""


class Memory:
    """Bytes that several threads may take and give back.

    Args:
        most: bytes in all.

    Attributes:
        taken: bytes that are taken now.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.taken = 0
        self._lock = threading.Lock()

    def take(self, size: int) -> bool:
        """Take some bytes, if they can be had; return whether they can."""
        with self._lock:
            if self.taken + size > self.most:
                return False
            self.taken += size
            return True

    def give_back(self, size: int) -> None:
        """Give back bytes that were taken."""
        with self._lock:
            self.taken -= size


WINDOWS = Memory(MAX_WINDOWS)
KEPT = Memory(MAX_KEPT)


class NoMemory(Exception):
    """The decoders of other archives hold too much; the message says how much."""


@contextmanager
def windowed(size: int) -> Iterator[None]:
    """Hold the memory of a decoder until the block ends.

    Raises:
        NoMemory: when it cannot be had.
    """
    memory = WINDOWS
    if not memory.take(size):
        text = f"needs {size} bytes for its decoder, and those of other archives hold {memory.taken} of {memory.most}"
        raise NoMemory(f"{text}, which is the limit for all; ask again later")
    try:
        yield
    finally:
        memory.give_back(size)


class Room:
    """The bytes that one pass may keep: as many as it needs, up to its limit, and as far as others leave some.

    Args:
        most: its limit.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._memory = KEPT
        self._taken = 0

    def holds(self, size: int) -> bool:
        """Return whether so many bytes may be kept now."""
        if size > self._most:
            return False
        if size <= self._taken:
            return True
        more = min(self._most, -(-size // SHARE) * SHARE) - self._taken
        if not self._memory.take(more):
            return False
        self._taken += more
        return True

    def give_back(self) -> None:
        """Give back all that was taken."""
        self._memory.give_back(self._taken)
        self._taken = 0
