"""Passing over text that cannot match, or counting in it: in large chunks, and by a second thread too if one is free.

A search that seldom finds anything spends its time on copying from the page cache, on searching the copy, and on
Python's work for every block. A sweep shares copying and searching with a helper thread, and does Python's work once
for a chunk four times as large: it only checks whether the chunk holds any match. A chunk that may hold a match, or
whose read fails, is left to the reader, which finds the match or reports the error. Likewise lines are counted, where
that needs nothing but the lines themselves.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple, Protocol

from logagent.core.matching.conditions import Scout
from logagent.disk.files.blocks import Read, Run
from logagent.disk.files.read_ahead import Announce, announce
from logagent.disk.threads import Work

CHUNK = 1024 * 1024
"""Bytes that are read and searched at a time: Python's part is then a tenth, and a helper ends within 0.1 ms (page
cache) to 10 ms (slow disk)."""
WINDOW = 256
"""Chunks of one sweep, at most."""
SPELL = 0.005
"""Seconds after which a sweep ends, since other queries wait for the thread: about as long as a scan without sweeps
takes between two batches. Much shorter sweeps would wait too often for the helper."""
PAUSE = 32
"""Chunks that are left to the reader at most before the next sweep, if sweeps find little: one chunk in 32 is then read
twice."""
BEYOND = 4096
"""Bytes that are read after a chunk for the end of its last line. If the line is longer, the chunk is not clear."""
WORTH = 4
"""Chunks that a sweep needs at least: a helper takes 0.1 ms to start and to end."""
AHEAD = 4
"""How many chunks ahead of the current one the kernel is told to read ahead."""


class Swept(NamedTuple):
    """The outcome of a sweep.

    Attributes:
        edge: a line's beginning; the lines between it and the beginning of the sweep are dealt with.
        bytes_read: bytes that both threads read.
        runs: what was counted in these lines.
    """

    edge: int
    bytes_read: int
    runs: tuple[Run, ...] = ()


class _Clear(NamedTuple):
    """Where the whole lines of a chunk begin that was dealt with, where they end, and what was counted in them."""

    first: int
    last: int
    runs: Sequence[Run]


class Examiner(Protocol):
    """Deals with lines; for one thread at a time."""

    @property
    def alone(self) -> bool:
        """Whether it is faster without a second thread, as it has seen so far."""

    def examine(self, body: bytes, first: int, last: int) -> Sequence[Run] | None:
        """Return what is to be counted in some lines; None: they are left to the reader.

        Args:
            body: a text that holds them, with pieces of other lines at its ends.
            first: where the first of them begins in it.
            last: where the last of them ends, behind its line break.
        """


class Search:
    """Examines lines by a scout: those that hold no match are dealt with.

    Args:
        scout: tells texts that hold no match.
    """

    alone = False

    def __init__(self, scout: Scout) -> None:
        self._scout = scout

    def examine(self, body: bytes, first: int, last: int) -> Sequence[Run] | None:
        """Return nothing if no line may match, else None."""
        return None if self._scout.may_hold(body) else ()

    @classmethod
    def by(cls, scout: Callable[[], Scout | None]) -> Callable[[], Search | None]:
        """Return a function that makes such examiners, or returns None where there is no scout."""

        def made() -> Search | None:
            found = scout()
            return None if found is None else cls(found)

        return made


class ParallelSweep:
    """Sweeps one file in one direction, for one thread at a time.

    Args:
        descriptor: of a regular file; stays the caller's.
        examiner: makes an examiner; called once for the calling thread and once for the helper, before the first sweep.
            If it returns None, nothing is swept.
        read: `os.pread`, or its stand-in.
        before_read: called before each read of the calling thread, never in the helper; an exception that it raises
            propagates once the helper has stopped.
        helped: runs the given work in a helper thread too, as long as the context lasts.
        clock: tells seconds.
        chunk: bytes of a chunk.
        beyond: bytes read after a chunk, see `BEYOND`.
        announce: tells the kernel what is read next.
    """

    def __init__(
        self,
        descriptor: int,
        examiner: Callable[[], Examiner | None],
        *,
        read: Read = os.pread,
        before_read: Callable[[], object] = lambda: None,
        helped: Callable[[Work], AbstractContextManager[object]] = nullcontext,
        clock: Callable[[], float] = time.monotonic,
        chunk: int = CHUNK,
        beyond: int = BEYOND,
        announce: Announce = announce,
    ) -> None:
        self._descriptor = descriptor
        self._make_examiner = examiner
        self._examiners: list[Examiner] = []
        self._examiners_made = False
        self._read = read
        self._before_read = before_read
        self._helped = helped
        self._clock = clock
        self._until = 0.0
        self._chunk = chunk
        self._beyond = beyond
        self._tell = announce
        self._bytes_read = deque[int]()
        self._pause = chunk
        self._resume: int | None = None

    def before(self, end: int, begin: int = 0) -> Swept:
        """Sweep backward from `end` to `begin`, both at line borders, up to the first chunk that is left."""
        if not self._is_worth_it(begin, end) or (self._resume is not None and end > self._resume):
            return Swept(end, 0)
        ends = range(end, max(begin, end - WINDOW * self._chunk), -self._chunk)
        chunks = [range(max(begin, stop - self._chunk), stop) for stop in ends]
        clear, hit = self._sweep(chunks, range(begin, end), -1)
        edge = clear[-1].first if clear else end
        self._resume = edge - (self._next_pause(len(clear)) if hit else 0)
        return Swept(edge, self._take_bytes_read(), tuple(run for each in clear for run in each.runs))

    def behind(self, begin: int, end: int) -> Swept:
        """Sweep forward from `begin` to `end`, both at line borders, up to the first chunk that is left."""
        if not self._is_worth_it(begin, end) or (self._resume is not None and begin < self._resume):
            return Swept(begin, 0)
        begins = range(begin, min(end, begin + WINDOW * self._chunk), self._chunk)
        chunks = [range(start, min(end, start + self._chunk)) for start in begins]
        clear, hit = self._sweep(chunks, range(begin, end), 1)
        edge = clear[-1].last if clear else begin
        self._resume = edge + (self._next_pause(len(clear)) if hit else 0)
        return Swept(edge, self._take_bytes_read(), tuple(run for each in clear for run in each.runs))

    def _is_worth_it(self, begin: int, end: int) -> bool:
        if end - begin < WORTH * self._chunk:
            return False
        if not self._examiners_made:
            self._examiners_made = True
            self._examiners = [made for _ in range(2) if (made := self._make_examiner()) is not None]
        return bool(self._examiners)

    def _sweep(self, chunks: list[range], region: range, direction: int) -> tuple[list[_Clear], bool]:
        """Return the leading chunks that are dealt with, and whether a chunk was found that is left."""
        self._until = self._clock() + SPELL
        mine, helpers = self._examiners
        clear: dict[int, _Clear] = {}
        left, hit = deque(enumerate(chunks)), False  # shared by threads, and changed in single steps

        def sweep(examiner: Examiner, may_go_on: Callable[[], bool]) -> None:
            nonlocal hit
            while not hit and may_go_on():
                try:
                    number, chunk = left.popleft()
                except IndexError:
                    return
                self._announce(chunk.start + direction * AHEAD * self._chunk, region)
                found = self._look(examiner, chunk, region)
                if found is None:
                    hit = True
                else:
                    clear[number] = found

        helped = nullcontext if mine.alone else self._helped
        with helped(lambda may_go_on: sweep(helpers, may_go_on)):
            sweep(mine, self._may_read)
        return list(_up_to_the_first_missing(clear)), hit

    def _may_read(self) -> bool:
        self._before_read()
        return self._clock() < self._until

    def _look(self, examiner: Examiner, chunk: range, region: range) -> _Clear | None:
        """Return the edges of the whole lines of a chunk, and what is counted in them; None: they are left."""
        begin = max(chunk.start - 1, region.start)  # the byte before tells whether a line begins with the chunk
        end = min(chunk.stop + self._beyond, region.stop)
        try:
            body = self._read(self._descriptor, end - begin, begin)
        except OSError:
            return None
        self._bytes_read.append(len(body))
        if len(body) < end - begin:
            return None
        first = 0 if chunk.start == region.start else body.find(b"\n") + 1
        last = len(body) if chunk.stop == region.stop else body.find(b"\n", chunk.stop - 1 - begin) + 1
        if (first == 0 and chunk.start > region.start) or last == 0:
            return None
        runs = examiner.examine(body, first, last)
        return None if runs is None else _Clear(begin + first, begin + last, runs)

    def _announce(self, begin: int, region: range) -> None:
        """Tell the kernel to read a chunk ahead, unless it is in the page cache."""
        begin = max(begin, region.start)
        if begin < region.stop:
            self._tell(self._descriptor, begin, self._chunk)

    def _next_pause(self, clear: int) -> int:
        """Return the bytes to leave to the reader before the next sweep; more if the last sweeps found little."""
        self._pause = self._chunk if clear > WORTH else min(2 * self._pause, PAUSE * self._chunk)
        return self._pause

    def _take_bytes_read(self) -> int:
        total = sum(self._bytes_read)
        self._bytes_read.clear()
        return total


def _up_to_the_first_missing(clear: dict[int, _Clear]) -> Iterator[_Clear]:
    for number in range(len(clear)):
        if number not in clear:
            return
        yield clear[number]
