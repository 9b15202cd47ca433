"""Turns: the places of a file from which on its times mean something else, though they look the same.

Where times leave out the year, a file that is years old holds the same dates again; where they leave out the day, the
same clock. Where clocks are set back, an hour comes twice. Such a turn shows by a step back between two lines. It is
looked for between samples, and then bisected; so a file is not read whole.
"""

from __future__ import annotations

import datetime
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from logagent.core.times.judgement import Judgement, Omitted
from logagent.core.times.stampers import LineStamper, stamper_for
from logagent.core.times.wall_clock import WallClock, set_backs
from logagent.core.units import DAY, MINUTE, SECOND
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
BOOT = DAY
"""Nanoseconds for which a machine without a clock of its own may run on a wrong date until it hears the right one."""
BOOT_BYTES = 256 * 1024
"""Bytes that such a machine may write until then."""


class Stretch(NamedTuple):
    """A part of a file whose times are read alike.

    Attributes:
        begin: where its first line begins, in bytes.
        stamper: reads the times of its lines.
    """

    begin: int
    stamper: LineStamper


class Hidden(Exception):
    """There are more turns than can be found."""


class _Timed(NamedTuple):
    start: int
    time: int


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
    whole = Stretch(0, stamper_for(zone, modified, judgement))
    if not judgement.trusted:
        return [whole]
    if judgement.omitted is not Omitted.NOTHING:
        return _Turning(heads, whole.stamper).omitted(judgement, zone, modified)
    if judgement.local and (found := _Turning(heads, whole.stamper).doubled(judgement, zone, modified)):
        return found
    return [whole]


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
    """Finds turns by reading times at samples of a file, as the times of its end are read."""

    def __init__(self, heads: Heads, stamper: LineStamper) -> None:
        self._heads = heads
        self._stamper = stamper

    def omitted(self, judgement: Judgement, zone: datetime.tzinfo, modified: int) -> list[Stretch]:
        """Return the parts of a file whose times leave out the year or the day."""
        by_year = judgement.omitted is Omitted.YEAR
        turns = self._turns(self._heads.begin, self._heads.size, YEAR_BACK if by_year else DAY_BACK)
        turns = [turn for turn in turns if not self._is_boot(turn, zone)] if by_year else turns
        if len(turns) > MAX_TURNS:
            raise Hidden
        found = [Stretch(0, self._stamper)]
        for turn in reversed(turns):
            first = found[0].stamper
            later = next((time for _, time in self._read(turn.after.start, PLACE_BYTES, first)), modified)
            found[0] = Stretch(turn.after.start, first)
            found.insert(
                0, Stretch(0, stamper_for(zone, modified, judgement, wall_clock=WallClock(zone, modified, later - 1)))
            )
        return found

    def doubled(self, judgement: Judgement, zone: datetime.tzinfo, modified: int) -> list[Stretch]:
        """Return the parts of a file that holds an hour twice; none if it does not."""
        first = next(iter(self._read(self._heads.begin, PLACE_BYTES, self._stamper)), None)
        last = self._read(max(0, self._heads.size - PLACE_BYTES), PLACE_BYTES, self._stamper)[-1:]
        if first is None or not last:
            return []
        found = [Stretch(0, self._stamper)]
        for moment, back in set_backs(zone, first.time, last[0].time):
            begin, end = self._reaching(moment - back), self._reaching(moment)
            for turn in self._turns(begin, end, min(HOUR_BACK, back // 2))[:1]:
                again = stamper_for(zone, modified, judgement, wall_clock=WallClock(zone, modified, again=True))
                found += [Stretch(turn.after.start, again), Stretch(end, self._stamper)]
        return found if len(found) > 1 else []

    def _turns(self, begin: int, end: int, back: int) -> list[_Turn]:
        size = max(PLACE_BYTES, (end - begin) // PLACES)
        samples = [_Timed(-1, -_LONG)]
        for place in range(begin, end, size):
            samples += self._read(place, min(PLACE_BYTES, end - place), self._stamper)
        return [self._exact(*pair, back) for pair in pairwise(samples) if pair[1].time < pair[0].time - back]

    def _exact(self, before: _Timed, after: _Timed, back: int) -> _Turn:
        """Bisect the text between two lines for the place where times step back."""
        while after.start - before.start > PLACE_BYTES:
            middle = (before.start + after.start) // 2
            between = self._read(middle, min(PLACE_BYTES, after.start - middle), self._stamper)
            if not between:
                between = self._read(before.start + 1, middle - before.start - 1, self._stamper)[-1:]
            if not between:
                break
            near = [before, *between, after]
            step = next((pair for pair in pairwise(near) if pair[1].time < pair[0].time - back), None)
            if step is None:
                break
            before, after = step
        near = [before, *self._read(before.start + 1, after.start - before.start - 1, self._stamper), after]
        return _Turn(*next(pair for pair in pairwise(near) if pair[1].time < pair[0].time - back))

    def _is_boot(self, turn: _Turn, zone: datetime.tzinfo) -> bool:
        """Return whether a machine without a clock of its own was started: at New Year, until its clock is set."""
        before, after = turn
        day = datetime.datetime.fromtimestamp(after.time // SECOND, zone)
        if (day.month, day.day) not in ((1, 1), (12, 31)):
            return False
        times = [time for _, time in self._read(after.start, BOOT_BYTES, self._stamper)]
        risen = next((time for time in times if time > after.time + BOOT), None)
        return risen is not None and before.time - BOOT <= risen <= before.time + 2 * BOOT

    def _reaching(self, time: int) -> int:
        """Return where the first line at or after a time begins; times ascend but for the hour that comes twice."""
        begin, end = 0, self._heads.size
        while end - begin > PLACE_BYTES:
            middle = (begin + end) // 2
            times = self._read(middle, PLACE_BYTES, self._stamper)
            if times and times[0].time < time:
                begin = middle
            else:
                end = middle
        return next((start for start, at in self._read(begin, 2 * PLACE_BYTES, self._stamper) if at >= time), end)

    def _read(self, begin: int, size: int, stamper: LineStamper) -> list[_Timed]:
        heads = self._heads.between(begin, begin + max(size, 0))
        stamps = stamper.stamps([head.text for head in heads])
        return [_Timed(head.start, time) for head, time in zip(heads, stamps, strict=True) if time is not None]


_LONG = 1 << 80  # nanoseconds: longer than any file lasts


class _Turn(NamedTuple):
    """The lines on either side of a turn."""

    before: _Timed
    after: _Timed
