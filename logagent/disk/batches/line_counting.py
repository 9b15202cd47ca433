"""Counting lines that need nothing but themselves, for a sweep, by two threads at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any

from logagent.core.arrays import as_array, line_starts, starts_of_lines_at
from logagent.core.matching.literal_places import LiteralPlaces
from logagent.core.matching.matcher import Matcher
from logagent.core.time_range import TimeRange
from logagent.disk.batches.runs import RunFinder
from logagent.disk.files.blocks import Run
from logagent.disk.times.stamping import FileTimes

DENSE = 16 * 1024
"""If a block has at most so many bytes for each match, calls back for each take longer than arrays. Two threads
wait for each other then, be they called back or take the many short steps of arrays that are as small."""


class LineCounter:
    """Counts the matching lines of one file that state their times themselves, all in one shape (see `Examiner`).

    It is for one thread at a time; others may count the same file meanwhile.

    Args:
        matcher: finds the lines, for this counter alone.
        runs: finds their buckets, for this counter alone.
        step: returns the step of the buckets, in nanoseconds.

    Attributes:
        alone: whether it is faster without a second thread.
    """

    def __init__(self, matcher: Matcher, runs: RunFinder, step: Callable[[], int]) -> None:
        self._matcher = matcher
        self._runs = runs
        self._step = step
        self._places: LiteralPlaces | None = None
        self.alone = False

    def examine(self, body: bytes, first: int, last: int) -> Sequence[Run] | None:
        """Return the counts of some lines of a text; None if they have to be read in their order."""
        starts = self._starts(body, first, last) if first < last else ()
        return self._runs.of(body, starts, self._step()) if len(starts) else ()

    def _starts(self, body: bytes, first: int, last: int) -> Any:
        """Return where the matching lines begin in the text, as an array."""
        if self._matcher.everything:
            return line_starts(body, first, last)
        if self._places is not None:
            places = self._places.of(body, first, last)
            if len(places) * DENSE < last - first:
                self._places, self.alone = None, False
            return starts_of_lines_at(body, places, first)
        lines = body[first:last]
        spans = self._matcher.some_spans(lines)
        is_dense = spans is None or len(spans) * DENSE > len(lines)
        self._places = self._matcher.places(lines) if is_dense else None
        self.alone = is_dense
        return line_starts(body, first, last) if spans is None else as_array([start for start, _ in spans]) + first


class TimelessCounter:
    """Counts the matching lines of a file whose lines all have one time (see `Examiner`); for one thread at a time.

    Args:
        matcher: finds the lines, for this counter alone.
        time: of all lines, in nanoseconds since the epoch; None: it lies outside of the range.

    Attributes:
        alone: whether it is faster without a second thread.
    """

    def __init__(self, matcher: Matcher, time: int | None) -> None:
        self._matcher = matcher
        self._time = time
        self.alone = False

    def examine(self, body: bytes, first: int, last: int) -> Sequence[Run]:
        """Return the count of some lines of a text."""
        lines = body[first:last]
        spans = self._matcher.some_spans(lines) if lines else []
        self.alone = spans is None or len(spans) * DENSE > len(lines)
        count = len(spans) if spans is not None else lines.count(b"\n") + (not lines.endswith(b"\n"))
        return ((self._time, count),) if count and self._time is not None else ()


def counters(
    matcher: Callable[[], Matcher], stamping: FileTimes, asked: TimeRange, step: Callable[[], int]
) -> Callable[[], LineCounter | TimelessCounter | None]:
    """Return a function that makes counters for several threads; it returns None if the file's lines need their order.

    Args:
        matcher: makes a matcher.
        stamping: gives the file's lines their times; nobody else uses it while these count.
        asked: the range of the query.
        step: returns the step of the buckets, in nanoseconds.
    """
    lock = Lock()

    def stated(line: bytes) -> int | None:
        with lock:  # a stamper is for one thread at a time, and reads a line only now and then
            return stamping.stated(line)

    def made() -> LineCounter | TimelessCounter | None:
        if not stamping.timed:
            times = asked.among(stamping.times([0], [b""]))
            return TimelessCounter(matcher(), times[0] if times else None)
        return LineCounter(matcher(), RunFinder(stated, asked), step) if stamping.is_by_clock else None

    return made
