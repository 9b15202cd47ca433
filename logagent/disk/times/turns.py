"""Turns: the places of a file from which on its times mean something else, though they look the same.

Where times leave out the year, a file that is years old holds the same dates again; where they leave out the day, the
same clock. Such a turn shows by a step back between two lines, if all dates are read in one year, and all clocks on one
day. Where clocks are set back, an hour comes twice, which shows by a step back too. Turns are looked for between
samples, and then bisected; so a file is not read whole.
"""

from __future__ import annotations

import datetime
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from logagent.core.times.judgement import Judgement, Omitted
from logagent.core.times.locating import SEEN
from logagent.core.times.stampers import LineStamper, stamper_for
from logagent.core.times.wall_clock import WallClock, set_backs
from logagent.core.units import DAY, HOUR, MINUTE, SECOND
from logagent.disk.times.heads import Heads

PLACES = 64
"""Places of a file that are looked at: a turn is found if there are fewer than two between neighbours."""
PLACE_BYTES = 4 * 1024
"""Bytes that are read at each place."""
MAX_TURNS = 16
"""Turns of a file at most. If there are more, others may be hidden between two places."""
YEAR_BACK = 7 * DAY
"""Nanoseconds back that make the turn of a year; a clock that is corrected by as much is rare."""
DAY_BACK = MINUTE
"""Nanoseconds back that make the turn of a day; threads log late by less."""
HOUR_BACK = 15 * MINUTE
"""Nanoseconds back that make the beginning of the hour that comes twice."""
FEW = 4
"""Lines that are looked at in each place, if the places do not adjoin; all, if these few state no time."""
LATE = 10
"""Lines at the end of a part that may be written late."""
BOOT = DAY
"""Nanoseconds for which a machine without a clock of its own may run on a wrong date until it hears the right one."""
BOOT_BYTES = 256 * 1024
"""Bytes that such a machine may write until then."""


_LONG = 1 << 80  # nanoseconds: longer than any file lasts


class Stretch(NamedTuple):
    """A part of a file whose times are read alike.

    Attributes:
        begin: where its first line begins, in bytes.
        stamper: reads the times of its lines.
        latest: the latest time of a line, in nanoseconds since the epoch; None: that is not known.
        turned: whether times mean another year or day from its beginning on.
    """

    begin: int
    stamper: LineStamper
    latest: int | None = None
    turned: bool = False


class Hidden(Exception):
    """There are more turns than can be found."""


class _Timed(NamedTuple):
    start: int
    time: int


class _Turn(NamedTuple):
    """The lines on either side of a turn."""

    before: _Timed
    after: _Timed


class _Period(NamedTuple):
    """What times leave out.

    Attributes:
        reference: the latest time of the period in which all of them are read to compare them.
        length: nanoseconds of it at most.
        back: nanoseconds back that make a turn.
    """

    reference: int
    length: int
    back: int


def stretches(heads: Heads, judgement: Judgement, zone: datetime.tzinfo, modified: int) -> list[Stretch]:
    """Divide a file at its turns; reads it only where there may be some.

    Args:
        heads: of the lines of the file.
        judgement: on the file.
        zone: the zone of times that name none.
        modified: when the file was last written to, in nanoseconds since the epoch.

    Returns:
        The parts in the order of the file; nearly always a single one.

    Raises:
        Hidden: when there are too many turns to find them all.
    """
    turning = _Turning(heads, judgement, zone, modified)
    if not judgement.trusted:
        return [turning.whole]
    parts = turning.omitted() if judgement.omitted is not Omitted.NOTHING else [turning.whole]
    return turning.doubled(parts) if judgement.local else parts


def stamper_at(parts: Sequence[Stretch], start: int) -> LineStamper:
    """Return what reads the time of the line that begins at an offset."""
    place = bisect_right(parts, start, key=lambda part: part.begin)
    return parts[max(0, place - 1)].stamper


def stamps_in(parts: Sequence[Stretch], starts: Sequence[int], lines: Sequence[bytes]) -> list[int | None]:
    """Return the times that lines state, None for each that states none.

    Args:
        parts: of their file.
        starts: where they begin, ascending.
        lines: as many.
    """
    stamps: list[int | None] = []
    ends = [bisect_left(starts, part.begin) for part in parts[1:]]
    for part, (begin, end) in zip(parts, pairwise([0, *ends, len(lines)]), strict=True):
        stamps += part.stamper.stamps(lines[begin:end])
    return stamps


class _Turning:
    """Finds turns by reading times at samples of a file."""

    def __init__(self, heads: Heads, judgement: Judgement, zone: datetime.tzinfo, modified: int) -> None:
        self._heads = heads
        self._judgement = judgement
        self._zone = zone
        self._modified = modified
        self.whole = Stretch(0, stamper_for(zone, modified, judgement))

    def omitted(self) -> list[Stretch]:
        """Return the parts of a file whose times leave out the year or the day."""
        period, turns = self._period(), self._judgement.turns
        return self._dated([0, *(self._found(period) if turns is None else turns)], period)

    def _found(self, period: _Period) -> list[int]:
        """Return where the lines begin from which on times mean another year or day."""
        compared = self._stamper(period.reference)
        turns = self._lasting(self._turns(compared, self._heads.begin, self._heads.size, period.back, period.length))
        turns = [turn for turn in turns if not self._is_boot(turn, compared)]
        if len(turns) > MAX_TURNS:
            raise Hidden
        return [turn.after.start for turn in turns]

    def _period(self) -> _Period:
        by_year = self._judgement.omitted is Omitted.YEAR
        reference = datetime.datetime(2024, 12 if by_year else 1, 31, 23, 59, 59, tzinfo=self._zone)  # a leap year
        nanoseconds = round(reference.timestamp()) * SECOND
        return _Period(nanoseconds, 366 * DAY, YEAR_BACK) if by_year else _Period(nanoseconds, DAY, DAY_BACK)

    def _dated(self, begins: Sequence[int], period: _Period) -> list[Stretch]:
        """Return the parts that begin at these places, each in the year or on the day before the next."""
        parts: list[Stretch] = []
        limit = self._modified + (DAY if self._judgement.omitted is Omitted.YEAR else HOUR)
        for begin, end in reversed(list(pairwise([*begins, self._heads.size]))):
            last = self._last(begin, end, self._stamper(limit), period)
            first = next(iter(self._read(begin, PLACE_BYTES, self._stamper(last))), _Timed(begin, last))
            latest = min(limit, max(last, first.time + period.length - 2 * period.back))
            parts.insert(0, Stretch(begin, self._stamper(latest), latest, turned=begin > 0))
            limit = first.time - 1
        return parts

    def _last(self, begin: int, end: int, stamper: LineStamper, period: _Period) -> int:
        """Return the latest time at the end of a part, of whose last lines some may be written late."""
        for size in (PLACE_BYTES, SEEN):
            found = self._read(max(begin, end - size), min(size, end - begin), stamper)
            if found:
                return max(time for _, time in found[-LATE:] if abs(time - found[-1].time) < period.back)
        return self._modified

    def doubled(self, parts: Sequence[Stretch]) -> list[Stretch]:
        """Return the parts of a file, divided where an hour comes twice."""
        found: list[Stretch] = []
        for part, end in zip(parts, [*(part.begin for part in parts[1:]), self._heads.size], strict=True):
            found += [part, *self._again(part, end)]
        return found

    def _again(self, part: Stretch, end: int) -> list[Stretch]:
        first = next(iter(self._read(part.begin, PLACE_BYTES, part.stamper)), None)
        last = self._read(max(part.begin, end - PLACE_BYTES), min(PLACE_BYTES, end - part.begin), part.stamper)[-1:]
        if first is None or not last:
            return []
        found = []
        for moment, back in set_backs(self._zone, first.time, last[0].time + 3 * HOUR):
            begin, stop = (self._reaching(time, part, end) for time in (moment - back, moment))
            for turn in self._turns(part.stamper, begin, stop, min(HOUR_BACK, back // 2))[:1]:
                again = self._stamper(part.latest, again=True)
                found.append(part._replace(begin=turn.after.start, stamper=again, turned=False))
                found += [part._replace(begin=stop, turned=False)] if stop < end else []
        return found

    def _stamper(self, latest: int | None, *, again: bool = False) -> LineStamper:
        clock = WallClock(self._zone, self._modified, latest, again=again)
        return stamper_for(self._zone, self._modified, self._judgement, wall_clock=clock)

    def _turns(self, stamper: LineStamper, begin: int, end: int, back: int, length: int = _LONG) -> list[_Turn]:
        """Return where times step back, and where they step forward by nearly as much as a period is long."""
        size = max(PLACE_BYTES, (end - begin) // PLACES)
        samples: list[_Timed] = []
        for place in sorted({*range(begin, end, size), max(begin, end - PLACE_BYTES)}):
            place = max(place, samples[-1].start + 1) if samples else place
            few = FEW if size > PLACE_BYTES else None
            samples += self._read(place, min(PLACE_BYTES, end - place), stamper, few)
        return [
            self._exact(stamper, *pair, back) if pair[1].time < pair[0].time else _Turn(*pair)
            for pair in pairwise(samples)
            if pair[1].time < pair[0].time - back or pair[1].time > pair[0].time + length - back
        ]

    def _lasting(self, turns: Sequence[_Turn]) -> list[_Turn]:
        """Leave out the turns that are undone by the next: lines that are written late at New Year, or at midnight."""
        lasting: list[_Turn] = []
        undone = 0
        for turn in turns:
            if turn.after.time > turn.before.time:
                undone += 1
            elif undone:
                undone -= 1
            else:
                lasting.append(turn)
        return lasting

    def _exact(self, stamper: LineStamper, before: _Timed, after: _Timed, back: int) -> _Turn:
        """Bisect the text between two lines for the place where times step back."""
        while after.start - before.start > PLACE_BYTES:
            middle = (before.start + after.start) // 2
            between = self._read(middle, min(PLACE_BYTES, after.start - middle), stamper)
            if not between:
                between = self._read(before.start + 1, middle - before.start - 1, stamper)[-1:]
            if not between:
                break
            near = [before, *between, after]
            step = next((pair for pair in pairwise(near) if pair[1].time < pair[0].time - back), None)
            if step is None:
                break
            before, after = step
        near = [before, *self._read(before.start + 1, after.start - before.start - 1, stamper), after]
        return _Turn(*next((pair for pair in pairwise(near) if pair[1].time < pair[0].time - back), (before, after)))

    def _is_boot(self, turn: _Turn, stamper: LineStamper) -> bool:
        """Return whether a machine without a clock of its own was started: at New Year, until its clock is set."""
        before, after = turn
        day = datetime.datetime.fromtimestamp(after.time // SECOND, self._zone)
        if self._judgement.omitted is not Omitted.YEAR or (day.month, day.day) not in ((1, 1), (12, 31)):
            return False
        times = [time for _, time in self._read(after.start, BOOT_BYTES, stamper)]
        risen = next((time for time in times if time > after.time + BOOT), None)
        return risen is not None and risen >= before.time - BOOT

    def _reaching(self, time: int, part: Stretch, end: int) -> int:
        """Return where the first line at or after a time begins; times ascend but for the hour that comes twice."""
        begin, stop = part.begin, end
        while stop - begin > PLACE_BYTES:
            middle = (begin + stop) // 2
            times = self._read(middle, PLACE_BYTES, part.stamper)
            if times and times[0].time < time:
                begin = middle
            else:
                stop = middle
        timed = self._read(begin, min(2 * PLACE_BYTES, end - begin), part.stamper)
        return next((start for start, at in timed if at >= time), end)

    def _read(self, begin: int, size: int, stamper: LineStamper, most: int | None = None) -> list[_Timed]:
        """Return the lines that begin in a stretch and state times; of the first `most` lines, if these have any."""
        starts, lines = self._heads.columns(begin, begin + max(size, 0))
        stamps = stamper.stamps(lines[:most])
        timed = [_Timed(start, time) for start, time in zip(starts, stamps, strict=False) if time is not None]
        return timed if timed or most is None else self._read(begin, size, stamper)
