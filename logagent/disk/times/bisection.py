"""Where a range of time lies in a file, found by bisection over its lines' times, without an index.

Bisection needs times that ascend. Two kinds of disorder are allowed for: lines that come a little late, and the hour
that comes twice where clocks are set back. More than that is noticed where it shows at the places that are looked at:
then the whole file is to be scanned. A clock that jumps and is put right between two such places is not noticed.
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
"""Bytes of a file up to which it is scanned as it is: that takes no longer than to bisect it."""
SAMPLE = 16
"""Places, evenly spaced, that are looked at first to see whether times ascend: each narrows the bisection too."""
PROBE = 4 * 1024
"""Bytes of such a place, and of those where the bisection looks."""
PROBES = 17
"""Reads that the bisection for one end may take: as many as a file of 4 GB needs where each place has a time. When they
are spent, the end stays where it is by then, too far out. With all others, that makes no more than 64 reads."""
QUIET = NEAR * PAGE
"""Bytes that are looked through for a line with a time: no further than lines are given the time of a neighbour."""
GROWTH = 4
"""How many times as much is looked at next where there was no time: all of `QUIET` then takes five reads."""
TOLERANCE = 60 * SECOND
"""How far times may go back, in ns, and still count as ascending: the clock did not jump, threads log late."""
LATE = 5 * SECOND
"""How late, in ns, a line may come and be found however much was logged meanwhile: what buffers hold back. Where lines
are seen to come late, it is twice that, up to `TOLERANCE`."""
MARGIN = 256 * 1024
"""Bytes before and behind all this, for lines that come later still. To read them costs no more than to have looked for
such lines among them, and nothing where enough is found before."""

_AGES = 1 << 80  # ns: before and after all times


class Bounds(NamedTuple):
    """Where a range of time lies: from `begin` on and before `end`, both offsets of line starts or the file's size.

    jumped: times do not ascend, so that all of the file has to be looked at.
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
    """Where the lines are whose time is at least `since` and less than `until`, in ns since the epoch, None being open.

    A line without a time has that of the line before it; at the file's beginning, of that after it. All these lines lie
    within the bounds, and others may as well: lines are still to be told by their times. Lines that have no time near
    (see `NEAR`), and so have the file's modification time, are not sought.

    stamping: of the reader's file, which has times (see `FileTimes.timed`). zone: of times that name none; left out,
    clocks are taken never to be set back. small, probe, margin: see `SMALL`, `PROBE`, `MARGIN`; smaller in tests.

    Costs no reads where both ends are open or the file is small. `Failure` passes through where a read fails.
    """
    if since is not None and until is not None and since >= until:
        return Bounds(0, 0, False)
    if reader.size <= small or (since is None and until is None):
        return Bounds(0, reader.size, False)
    search = _Search(stamping, reader.size, probe)
    begin, end = 0, reader.size
    try:
        search.sample()
        if until is not None:
            late = search.lateness + _set_back(zone, until)
            end = search.line_from(search.crossing(until + late).above + margin)
        if since is not None:
            late = search.lateness + _set_back(zone, since)
            begin = search.line_up_to(search.crossing(since - late).begin - margin)
    except _Disorder:
        return Bounds(0, reader.size, True)
    return Bounds(begin, end, False)


class _Seen(NamedTuple):
    """A stretch of file that was looked at: where it is, and its lines with a time, at least one of them."""

    begin: int
    end: int
    starts: Sequence[int]
    times: Sequence[int]


class _Crossing(NamedTuple):
    """A line whose time is less than asked for, and the next one known whose time is not: where they begin.

    settled: whether no line with a time is between them. Before all lines there is one at -1.
    """

    below: int
    above: int
    settled: bool

    @property
    def begin(self) -> int:
        """From where on lines may have at least that time: those far from a time before them have that after them."""
        near = self.settled and self.below >= 0 and self.above - self.below <= QUIET
        return self.above if near else max(0, self.below)


class _Disorder(Exception):
    """Times do not ascend."""


class _Search:
    """Looks at stretches of a file and remembers their times. Raises `_Disorder` where these do not ascend."""

    def __init__(self, stamping: FileTimes, size: int, probe: int) -> None:
        self.size = size
        self._stamping = stamping
        self._probe = probe
        # Between these two, any time lies.
        self._seen = [_Seen(-1, 0, [-1], [-_AGES]), _Seen(size, size, [size], [_AGES])]
        self._reads = 0
        self._latest = 0  # how far times were seen to go back

    @property
    def lateness(self) -> int:
        """How late lines may come, in ns, by what was seen so far."""
        return min(max(LATE, 2 * self._latest), TOLERANCE)

    def sample(self) -> None:
        """Look at places evenly spaced over the file, its beginning and its end among them."""
        last = max(0, self.size - self._probe)
        places = sorted({last * number // (SAMPLE - 1) for number in range(SAMPLE)})
        for begin, following in zip(places, [*places[1:], self.size], strict=True):
            end = min(begin + self._probe, following)
            starts, times = self._look(begin, end)
            if starts:
                self._seen.insert(-1, _Seen(begin, end, starts, times))

    def crossing(self, time: int) -> _Crossing:
        """Where times come to be at least `time`; if they do so more than once, at any of these places."""
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
        """Look into the middle of what lies before that place among the seen; False if no time was found there."""
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
        """Where a line begins that has a time: at the offset, or not far before it."""
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
        """Where a line begins that has a time: at the offset, or not far behind it; failing that, the file's size."""
        at, size = offset, self._probe
        while at < min(self.size, offset + QUIET):
            stop = min(at + size, self.size)
            starts, _ = self._look(at, stop)
            if starts:
                return starts[0]
            at, size = stop, size * GROWTH
        return min([self.size, *(seen.starts[0] for seen in self._seen if seen.starts[0] >= offset)])

    def _look(self, begin: int, end: int) -> tuple[list[int], list[int]]:
        """The lines with a time that begin in a stretch, once it is sure that they ascend and fit to all others."""
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
    """How far clocks are set back within a day of a moment, in ns: so far may times go back that name no zone."""
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
