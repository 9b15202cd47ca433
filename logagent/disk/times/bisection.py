"""Finding the part of a file that holds a range of time, by bisection over its lines' times, without an index.

Bisection needs times that ascend. Two kinds of disorder are tolerated: lines that come a little late, and the hour that
occurs twice when clocks are set back. Any other disorder is noticed if it shows at the places that are read: then the
whole file has to be scanned. A clock that jumps and is corrected between two of these places is not noticed.
"""

from __future__ import annotations

import datetime
from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from logagent.core.units import DAY, SECOND
from logagent.disk.files.reader import Reader
from logagent.disk.times.stamping import NEAR, PAGE, FileTimes

SMALL = 1024 * 1024
"""Bytes of a file up to which it is not bisected: a scan takes no longer."""
SAMPLE = 16
"""Places, evenly spaced, that are read first to check whether times ascend; each narrows the bisection too."""
PROBE = 4 * 1024
"""Bytes that are read at each place."""
PROBES = 17
"""Reads for the bisection of one end: as many as a file of 4 GB needs if each place has a time. If they do not suffice,
the bound found so far is used, which is too wide. With all other reads, that makes 64 reads at most."""
QUIET = NEAR * PAGE
"""Bytes in which a line with a time is searched for: the distance within which a line gets the time of a neighbour."""
GROWTH = 4
"""Factor by which the next read is larger after one without a time: all of `QUIET` then takes five reads."""
TOLERANCE = 60 * SECOND
"""Nanoseconds that times may go back and still count as ascending: threads log late without a jump of the clock."""
LATE = 5 * SECOND
"""Nanoseconds that a line may come late and still be found, however much was logged meanwhile: as long as programs
buffer lines. If lines are seen to come later than that, twice their lateness, up to `TOLERANCE`."""
MARGIN = 256 * 1024
"""Bytes added at either end, for lines that come even later. Reading them costs little, and nothing if enough lines are
found before."""

_AGES = 1 << 80  # nanoseconds: larger than any time


class Bounds(NamedTuple):
    """The part of a file that holds a range of time.

    Attributes:
        begin: the offset where its first line begins, or the file's size.
        end: the offset after its last line, or the file's size.
        jumped: whether times do not ascend, so that the whole file has to be scanned.
    """

    begin: int
    end: int
    jumped: bool


def bounds(
    reader: Reader,
    stamping: FileTimes,
    since: int | None,
    until: int | None,
    *,
    zone: datetime.tzinfo | None = None,
    small: int = SMALL,
    probe: int = PROBE,
    margin: int = MARGIN,
) -> Bounds:
    """Find the part of a file that holds all lines of a range of time; other lines may lie in it too.

    A line that states no time has the time of the line before it, or at the file's beginning of the line after it.
    Lines without a time nearby (see `NEAR`) have the file's modification time, and are not searched for. If both ends
    are open, or the file is small, nothing is read. A `Failure` of the reader propagates.

    Args:
        stamping: of the reader's file; its lines have times, see `FileTimes.timed`.
        since: the earliest time, in nanoseconds since the epoch; None: open.
        until: the end of the range, not included; None: open.
        zone: time zone of times that name none; None: clocks are never set back.
        small: see `SMALL`; smaller in tests, as are `probe` and `margin`.
        probe: see `PROBE`.
        margin: see `MARGIN`.
    """
    if since is not None and until is not None and since >= until:
        return Bounds(0, 0, False)
    if reader.size <= small or (since is None and until is None):
        return Bounds(0, reader.size, False)
    search = _Search(stamping, reader.size, probe)
    try:
        search.sample()
        end = reader.size if until is None else _end(search, until, zone, margin)
        begin = 0 if since is None else _begin(search, since, zone, margin)
    except _Disorder:
        return Bounds(0, reader.size, True)
    return Bounds(begin, end, False)


def _end(search: _Search, until: int, zone: datetime.tzinfo | None, margin: int) -> int:
    late = search.lateness + _set_back(zone, until)
    return search.line_from(search.crossing(until + late).above + margin)


def _begin(search: _Search, since: int, zone: datetime.tzinfo | None, margin: int) -> int:
    late = search.lateness + _set_back(zone, since)
    return search.line_up_to(search.crossing(since - late).begin - margin)


class _Seen(NamedTuple):
    """A stretch that was read: its offsets, and the offsets and times of its lines with a time, at least one."""

    begin: int
    end: int
    starts: Sequence[int]
    times: Sequence[int]


class _Crossing(NamedTuple):
    """Two lines between which times reach the time that is searched for.

    Attributes:
        below: the offset of a line with an earlier time; -1: before all lines.
        above: the offset of the next known line, whose time is not earlier.
        settled: whether no line between them states a time.
    """

    below: int
    above: int
    settled: bool

    @property
    def begin(self) -> int:
        """The offset from which on lines may have the time searched for or a later one."""
        near = self.settled and self.below >= 0 and self.above - self.below <= QUIET
        return self.above if near else max(0, self.below)


class _Disorder(Exception):
    """Times do not ascend."""


class _Search:
    """Reads stretches of a file and keeps their times; raises `_Disorder` if times do not ascend."""

    def __init__(self, stamping: FileTimes, size: int, probe: int) -> None:
        self.size = size
        self._stamping = stamping
        self._probe = probe
        # Every time lies between these two.
        self._seen = [_Seen(-1, 0, [-1], [-_AGES]), _Seen(size, size, [size], [_AGES])]
        self._reads = 0
        self._latest = 0  # by how much times were seen to go back

    @property
    def lateness(self) -> int:
        """Nanoseconds that lines may come late, judged by the times seen so far."""
        return min(max(LATE, 2 * self._latest), TOLERANCE)

    def sample(self) -> None:
        """Read places evenly spaced over the file, including its beginning and its end."""
        last = max(0, self.size - self._probe)
        places = sorted({last * number // (SAMPLE - 1) for number in range(SAMPLE)})
        for begin, following in zip(places, [*places[1:], self.size], strict=True):
            end = min(begin + self._probe, following)
            starts, times = self._look(begin, end)
            if starts:
                self._seen.insert(-1, _Seen(begin, end, starts, times))

    def crossing(self, time: int) -> _Crossing:
        """Find where times reach `time`; if they reach it more than once, any of these places."""
        most = self._reads + PROBES
        while True:
            place = bisect_left(self._seen, time, key=lambda seen: seen.times[-1])
            below, above = self._seen[place - 1], self._seen[place]
            if above.times[0] < time:
                line = bisect_left(above.times, time)
                return _Crossing(above.starts[line - 1], above.starts[line], True)
            settled = below.end >= above.begin
            if settled or self._reads >= most or not self._narrow(place, most):
                return _Crossing(below.starts[-1], above.starts[0], settled)

    def _narrow(self, place: int, most: int) -> bool:
        """Read the middle of the gap before the stretch with index `place`; return false if no time was found there."""
        begin, end = self._seen[place - 1].end, self._seen[place].begin
        middle = (begin + end) // 2 if end - begin > self._probe else begin
        at, size = middle, self._probe
        while at < end:
            stop = min(at + size, end)
            starts, times = self._look(at, stop)
            if starts:
                self._seen.insert(place, _Seen(middle, stop, starts, times))
                return True
            if stop < end and (stop - middle >= QUIET or self._reads >= most):
                return False
            at, size = stop, size * GROWTH
        self._seen[place] = self._seen[place]._replace(begin=middle)
        return True

    def line_up_to(self, offset: int) -> int:
        """Return where a line begins that states a time: at the offset, or not far before it."""
        if offset >= self.size:
            return self.size
        at, size = offset + 1, self._probe
        while at > max(0, offset - QUIET):
            stop, at = at, max(0, at - size)
            starts, _ = self._look(at, stop)
            if starts:
                return starts[-1]
            size *= GROWTH
        return max([0, *(seen.starts[-1] for seen in self._seen if seen.starts[-1] <= offset)])

    def line_from(self, offset: int) -> int:
        """Return where a line begins that states a time: at the offset, or not far after it; else the file's size."""
        at, size = offset, self._probe
        while at < min(self.size, offset + QUIET):
            stop = min(at + size, self.size)
            starts, _ = self._look(at, stop)
            if starts:
                return starts[0]
            at, size = stop, size * GROWTH
        return min([self.size, *(seen.starts[0] for seen in self._seen if seen.starts[0] >= offset)])

    def _look(self, begin: int, end: int) -> tuple[list[int], list[int]]:
        """Return the offsets and times of the lines in a stretch; check that they ascend and fit between the others."""
        self._reads += 1
        starts, times = self._stamping.stamped(begin, end)
        highest = max(seen.times[-1] for seen in self._seen if seen.starts[-1] < begin)
        lowest = min(seen.times[0] for seen in self._seen if seen.starts[0] >= end)
        for time in times:
            highest = max(highest, time)
            self._latest = max(self._latest, highest - time)
        self._latest = max(self._latest, highest - lowest)
        if self._latest > TOLERANCE:
            raise _Disorder
        return starts, times


def _set_back(zone: datetime.tzinfo | None, moment: int) -> int:
    """Return the nanoseconds by which clocks are set back within a day of a moment, so that local times repeat."""
    if zone is None:
        return 0
    before, after = (_offset(zone, moment + way) for way in (-DAY, DAY))
    return max(0, before - after)


def _offset(zone: datetime.tzinfo, moment: int) -> int:
    utc = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    try:
        local = (utc + datetime.timedelta(seconds=moment // SECOND)).astimezone(zone)
    except (OverflowError, ValueError):  # beyond the years 1 to 9999, where no clock is set back
        return 0
    offset = local.utcoffset()
    return 0 if offset is None else offset // datetime.timedelta(microseconds=1) * 1000
