"""The sweep: going over what holds no match in large chunks, by as many threads as there are places for.

A search that seldom finds anything spends its time on copying out of the page cache, on searching what was copied, and
on what Python does for every block. Here the first two are shared with a thread that helps, and the last is done once
for a chunk four times as large: is there any match in it at all? What is not seen to be clear is left to the reader,
who also finds out what is wrong where a read fails.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import NamedTuple

from logagent.core.matching.matcher import Scout
from logagent.disk.threads import Work

CHUNK = 1024 * 1024
"""Bytes that are read and searched at a time: Python's part is then a tenth, and a helper is rid of in less than
0.1 ms (page cache) to 10 ms (slow disk)."""
WINDOW = 256
"""Chunks of one sweep at most."""
SPELL = 0.005
"""Seconds after which a sweep ends, since others wait for their turn meanwhile: about what a scan took between two
batches before there were sweeps. With much less, one waits too often for the helper."""
PAUSE = 32
"""Chunks at most that are left to the reader where sweeps are not worth it: one in so many is then read twice."""
BEYOND = 4096
"""Bytes that are read behind a chunk for the end of its last line. Where a line is longer the chunk is not clear."""
WORTH = 4
"""Chunks below which nothing is swept: a helper takes 0.1 ms to come and to go."""
AHEAD = 4
"""Chunks that a sweep is ahead of itself in telling the kernel what it will read."""

Read = Callable[[int, int, int], bytes]
"""`os.pread`: descriptor, number of bytes, offset."""


class Swept(NamedTuple):
    """edge: where a line begins up to which, from where the sweep began, nothing matches. bytes_read: for that."""

    edge: int
    bytes_read: int


class _Edges(NamedTuple):
    """The lines that begin in a clear chunk, but for the first: where they begin, and where they end."""

    first: int
    last: int


class ParallelSweep:
    """Sweeps one file in one direction, for one thread at a time, whoever helps it.

    descriptor: of a regular file; stays the caller's. scout: makes one, for the thread that asks and for the helper
    each, once there is something to sweep; None: nothing is swept. read: `os.pread` or what stands in for it.
    before_read: called before each read of the thread that asks, never in the helper; what it raises passes through,
    once the helper has stopped. helped: has its argument done by a helper, too, as long as the context lasts. clock:
    tells seconds. chunk, beyond: bytes.
    """

    def __init__(
        self,
        descriptor: int,
        scout: Callable[[], Scout | None],
        *,
        read: Read = os.pread,
        before_read: Callable[[], object] = lambda: None,
        helped: Callable[[Work], AbstractContextManager[object]] = nullcontext,
        clock: Callable[[], float] = time.monotonic,
        chunk: int = CHUNK,
        beyond: int = BEYOND,
    ) -> None:
        self._descriptor = descriptor
        self._make_scout = scout
        self._scouts: list[Scout] = []
        self._scouts_made = False
        self._read = read
        self._before_read = before_read
        self._helped = helped
        self._clock = clock
        self._until = 0.0
        self._chunk = chunk
        self._beyond = beyond
        self._bytes_read = deque[int]()
        self._pause = chunk
        self._resume: int | None = None

    def before(self, end: int, begin: int = 0) -> Swept:
        """How far down from `end` to `begin`, both where lines begin, no line matches."""
        if not self._is_worth_it(begin, end) or (self._resume is not None and end > self._resume):
            return Swept(end, 0)
        ends = range(end, max(begin, end - WINDOW * self._chunk), -self._chunk)
        chunks = [range(max(begin, stop - self._chunk), stop) for stop in ends]
        clear, hit = self._sweep(chunks, range(begin, end), -1)
        edge = clear[-1].first if clear else end
        self._resume = edge - (self._next_pause(len(clear)) if hit else 0)
        return Swept(edge, self._take_bytes_read())

    def behind(self, begin: int, end: int) -> Swept:
        """How far up from `begin` to `end`, both where lines begin or the file ends, no line matches."""
        if not self._is_worth_it(begin, end) or (self._resume is not None and begin < self._resume):
            return Swept(begin, 0)
        begins = range(begin, min(end, begin + WINDOW * self._chunk), self._chunk)
        chunks = [range(start, min(end, start + self._chunk)) for start in begins]
        clear, hit = self._sweep(chunks, range(begin, end), 1)
        edge = clear[-1].last if clear else begin
        self._resume = edge + (self._next_pause(len(clear)) if hit else 0)
        return Swept(edge, self._take_bytes_read())

    def _is_worth_it(self, begin: int, end: int) -> bool:
        if end - begin < WORTH * self._chunk:
            return False
        if not self._scouts_made:
            self._scouts_made = True
            self._scouts = [scout for _ in range(2) if (scout := self._make_scout()) is not None]
        return bool(self._scouts)

    def _sweep(self, chunks: list[range], region: range, direction: int) -> tuple[list[_Edges], bool]:
        """The first of the chunks, as many as are clear one after the other; and whether one was not clear."""
        self._until = self._clock() + SPELL
        mine, helpers = self._scouts
        clear: dict[int, _Edges] = {}
        left, hit = deque(enumerate(chunks)), False  # shared by threads, and changed in single steps

        def sweep(scout: Scout, may_go_on: Callable[[], bool]) -> None:
            nonlocal hit
            while not hit and may_go_on():
                try:
                    number, chunk = left.popleft()
                except IndexError:
                    return
                self._announce(chunk.start + direction * AHEAD * self._chunk, region)
                edges = self._look(scout, chunk, region)
                if edges is None:
                    hit = True
                else:
                    clear[number] = edges

        with self._helped(lambda may_go_on: sweep(helpers, may_go_on)):
            sweep(mine, self._may_read)
        return list(_up_to_the_first_missing(clear)), hit

    def _may_read(self) -> bool:
        self._before_read()
        return self._clock() < self._until

    def _look(self, scout: Scout, chunk: range, region: range) -> _Edges | None:
        """None unless all the lines that begin in the chunk, but perhaps the first, are seen whole and do not match."""
        size = min(chunk.stop + self._beyond, region.stop) - chunk.start
        try:
            body = self._read(self._descriptor, size, chunk.start)
        except OSError:
            return None
        self._bytes_read.append(len(body))
        if len(body) < size or scout.may_hold(body):
            return None
        first = 0 if chunk.start == region.start else body.find(b"\n") + 1
        last = size if chunk.stop == region.stop else body.find(b"\n", len(chunk) - 1) + 1
        if (first == 0 and chunk.start > region.start) or last == 0:
            return None
        return _Edges(chunk.start + first, chunk.start + last)

    def _announce(self, begin: int, region: range) -> None:
        """Have the kernel fetch a chunk that is soon read, unless it has it."""
        begin = max(begin, region.start)
        if begin >= region.stop:
            return
        try:
            os.preadv(self._descriptor, [bytearray(1)], begin, os.RWF_NOWAIT)  # 0.3 µs: announcing takes 16
        except OSError:  # it is not at hand, or the file system cannot tell
            with suppress(OSError):  # a hint: where it is not taken, the read tells what is wrong
                os.posix_fadvise(self._descriptor, begin, self._chunk, os.POSIX_FADV_WILLNEED)

    def _next_pause(self, clear: int) -> int:
        """Bytes for the reader alone before the next sweep: the longer, the less the last sweeps were worth."""
        self._pause = self._chunk if clear > WORTH else min(2 * self._pause, PAUSE * self._chunk)
        return self._pause

    def _take_bytes_read(self) -> int:
        total = sum(self._bytes_read)
        self._bytes_read.clear()
        return total


def _up_to_the_first_missing(clear: dict[int, _Edges]) -> Iterator[_Edges]:
    for number in range(len(clear)):
        if number not in clear:
            return
        yield clear[number]
