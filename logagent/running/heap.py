"""The memory of a process that serves: large blocks are kept for the next while it answers, and given back at rest.

By default glibc's allocator asks the system for each large block anew, or gives the end of its heap back after each, so
that the kernel clears the same pages again and again: a fifth of the time of an answer as NDJSON. Other allocators, as
that of musl, are left as they are. Arrays that are kept for the next large block are let go at rest, and garbage is
collected.
"""

from __future__ import annotations

import ctypes
from collections.abc import Awaitable, Callable

import trio

from logagent.core.arrays import keep_none
from logagent.running.garbage import collect_at_rest, leave_alone_what_stays

KEPT_BLOCKS = 4 * 1024 * 1024
"""Bytes of the largest block whose memory is kept once it is free, and of the free end of a heap that is kept:
more than the largest batch of an answer takes, rendered."""
ARENAS = 2
"""Heaps that all threads share: one for each that works at a time. Else each thread has one of its own, up to eight for
each processor, and each of these keeps what its thread once needed."""
REST = 2.0
"""Seconds without an answer under way after which memory is given back: a poller does not make it be fetched again and
again."""

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""`M_TRIM_THRESHOLD`, `M_MMAP_THRESHOLD` and `M_ARENA_MAX` of glibc's malloc.h; see mallopt(3)."""


class Heap:
    """The heap of this process, as far as its C library lets itself be told about it.

    Args:
        library: the C library; tests pass another.
    """

    def __init__(self, library: ctypes.CDLL | None = None) -> None:
        library = ctypes.CDLL(None) if library is None else library
        self._mallopt = getattr(library, "mallopt", None)
        self._trim = getattr(library, "malloc_trim", None)

    def _keep_blocks(self) -> None:
        if self._mallopt is not None and self._trim is not None:  # musl has neither
            self._mallopt(_MMAP_THRESHOLD, KEPT_BLOCKS)
            self._mallopt(_TRIM_THRESHOLD, KEPT_BLOCKS)
            self._mallopt(_ARENA_MAX, ARENAS)

    async def run(self, at_rest: Callable[[float], Awaitable[None]]) -> None:
        """Keep the memory of large blocks, and give what is free back each time that answers are over, until cancelled.

        It begins before threads are started, since each takes its heap then, and once all is there that stays.

        Args:
            at_rest: returns once an answer has ended and none was under way for so many seconds.
        """
        self._keep_blocks()
        leave_alone_what_stays()
        while True:
            await at_rest(REST)
            keep_none()
            collect_at_rest()
            if self._trim is not None:
                await trio.to_thread.run_sync(self._trim, 0)
