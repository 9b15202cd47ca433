"""Counting the lines of a block in runs that fall into one bucket of time, without reading the time of each line."""

from __future__ import annotations

from itertools import dropwhile
from typing import Any

from logagent.core.arrays import numpy
from logagent.core.hits.uniform_times import CLOCK_LENGTHS, Stamp, uniform_with
from logagent.core.time_range import TimeRange
from logagent.disk.files.blocks import Run
from logagent.disk.times.line_rows import LARGEST, LineRows, Rows, line_at

MAX_RUNS = 64
"""Runs of a block that are told by prefixes, at most: if there are more, reading the time of each line is as fast."""

_Place = tuple[int, int]
"""Whether times lie before (-1), in (0) or behind (1) the range; and if in it, the first nanosecond of their bucket."""


class RunFinder:
    """Divides lines of one file into runs that fall into one bucket of time; for one thread at a time.

    Lines that share a prefix up to their hour, minute or second often share a bucket, too. Where they are too few, the
    time of each line is read.

    Args:
        stated: reads the time of a line of the file.
        asked: the range of the query.
    """

    def __init__(self, stated: Stamp, asked: TimeRange) -> None:
        self._stated = stated
        self._range = asked
        self._rows: LineRows | None = None
        self._step = 0

    def of(self, body: bytes, starts: Any, step: int) -> list[Run] | None:
        """Return the runs of some lines, those outside of the range left out.

        Args:
            body: a block.
            starts: an array that says where in it the lines begin, ascending; at least one.
            step: of the buckets, in nanoseconds.

        Returns:
            None if not all of these lines write their times in one shape.
        """
        self._step = step
        if self._rows is not None and (runs := self._found(self._rows, body, starts)) is not None:
            return runs
        uniform = uniform_with(line_at(body, int(starts[0])))
        if uniform is None:
            return None
        self._rows = LineRows(uniform)
        return self._found(self._rows, body, starts)

    def _found(self, rows: LineRows, body: bytes, starts: Any) -> list[Run] | None:
        # A whole row must follow the beginning of a line; the last ones of a block may be too near to its end.
        far = int(numpy().searchsorted(starts, len(body) - rows.width, "right"))
        runs: list[Run] = []
        if far:
            read = rows.of(body, starts[:far])
            found = None if read is None else self._by_prefixes(rows, read) or self._by_times(rows, read)
            if found is None:
                return None
            runs = [(place[1], lines) for place, lines in found if not place[0]]
        for start in starts[far:].tolist():
            time = self._stated(line_at(body, start))
            if time is None:
                return None
            runs += [(time, 1)] * (not self._place(time)[0])
        return runs

    def _by_prefixes(self, rows: LineRows, read: Rows) -> list[tuple[_Place, int]] | None:
        """Return the runs by the shortest prefixes that tell the buckets; None if there are none, or too many runs."""
        first = read.line(0)
        levels = range(len(CLOCK_LENGTHS))
        for level in dropwhile(lambda level: self._place_at(level, rows, first) is None, levels):
            cuts = rows.cuts(read, MAX_RUNS, level)
            if not cuts:
                return None
            places = [place for cut in cuts if (place := self._place_at(level, rows, read.line(cut))) is not None]
            if len(places) == len(cuts):
                ends = [*cuts[1:], len(read.starts)]
                return [(place, end - cut) for place, cut, end in zip(places, cuts, ends, strict=True)]
        return None

    def _by_times(self, rows: LineRows, read: Rows) -> list[tuple[_Place, int]] | None:
        times = rows.times(read, self._stated)
        if times is None or self._step > LARGEST:
            return None
        np = numpy()
        buckets = times // self._step
        since, until = self._range
        side = np.zeros(len(times), np.int8)
        if since is not None:
            side -= times < since
        if until is not None:
            side += (times >= until) & (side == 0)
        cuts = [0, *(np.flatnonzero((buckets[1:] != buckets[:-1]) | (side[1:] != side[:-1])) + 1).tolist()]
        sides, firsts = side[cuts].tolist(), times[cuts].tolist()
        ends = [*cuts[1:], len(times)]
        return [((s, time), end - cut) for s, time, cut, end in zip(sides, firsts, cuts, ends, strict=True)]

    def _place_at(self, level: int, rows: LineRows, line: bytes) -> _Place | None:
        """Return the place of all lines that share a prefix with one; None if they have not all the same."""
        found = rows.uniform.range_at(level, line, self._stated) if rows.has_signs(line) else None
        if found is None:
            return None
        place = self._place(found[0])
        return place if place == self._place(found[1]) else None

    def _place(self, time: int) -> _Place:
        """Return the place of a time.

        Later times never have smaller places; so if two times share a place, all times between them do.
        """
        since, until = self._range
        if since is not None and time < since:
            return -1, 0
        return (1, 0) if until is not None and time >= until else (0, time - time % self._step)
