"""The times of many lines of a block at once: where all have one shape, numpy reads them by few passes over them.

Each line's first bytes, up to where its time is settled, become a row of 64-bit words (see `line_rows`), whose digits
are weighed. A stamper reads the rest.
"""

from __future__ import annotations

from typing import Any

from logagent.core.arrays import numpy
from logagent.core.hits.uniform_times import Stamp, uniform_with
from logagent.disk.times.line_rows import LARGEST, LineRows, line_at

LONGEST_PAUSE = 15
"""Blocks that are not tried, at most, after blocks whose lines have no common shape."""


class BlockTimes:
    """Reads the times of lines that have one shape; for one thread at a time.

    Args:
        stamp: reads the time of a line of the same file.
    """

    def __init__(self, stamp: Stamp) -> None:
        self._stamp = stamp
        self._rows: LineRows | None = None
        self._pause = self._left = 0

    def of(self, body: bytes, starts: Any) -> Any | None:
        """Return the times of lines, in nanoseconds since the epoch, as an array.

        Args:
            body: a block of whole lines.
            starts: an array that says where in it the lines begin, in any order; at least one.

        Returns:
            None if not all of these lines have one shape, or if the clocks change in an hour of theirs.
        """
        if self._left:
            self._left -= 1
            return None
        times = self._times(body, starts)
        self._pause = min(2 * self._pause + 1, LONGEST_PAUSE) if times is None else 0
        self._left = self._pause
        return times

    def _times(self, body: bytes, starts: Any) -> Any | None:
        if self._rows is not None and (times := self._read(self._rows, body, starts)) is not None:
            return times
        uniform = uniform_with(line_at(body, int(starts[0])))
        if uniform is None:
            return None
        self._rows = LineRows(uniform)
        return self._read(self._rows, body, starts)

    def _read(self, rows: LineRows, body: bytes, starts: Any) -> Any | None:
        near = starts > len(body) - rows.width  # too near to the end of the block for a whole row
        if not near.any():
            return self._of_rows(rows, body, starts)
        times = numpy().zeros(len(starts), "int64")
        if not near.all():
            read = self._of_rows(rows, body, starts[~near])
            if read is None:
                return None
            times[~near] = read
        for place in near.nonzero()[0].tolist():
            time = self._stamp(line_at(body, int(starts[place])))
            if time is None or abs(time) > LARGEST:
                return None
            times[place] = time
        return times

    def _of_rows(self, rows: LineRows, body: bytes, starts: Any) -> Any | None:
        read = rows.of(body, starts)
        return None if read is None else rows.times(read, self._stamp)
