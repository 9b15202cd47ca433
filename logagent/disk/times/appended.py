"""The times of lines as they are appended: what `FileTimes` is for a file that is read from its ends, but for one that
grows. A line without a time of its own has that of the line before it that has one."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from datetime import tzinfo

from logagent.core.batch import lines_of, starts_of
from logagent.core.times.stamper import Stamper
from logagent.core.units import HOUR

REMEMBERED = 64
"""Blocks whose times are kept: the lines of an event, and of context, are asked for again a little later."""
BEFORE = 64 * 1024
"""Bytes looked through for the time of a line before the first that is followed: more than most stack traces take."""
FRESH = 12 * HOUR
"""After so long a stamper is made anew: times that name no year are read by the time of writing."""


class AppendedTimes:
    """Gives the lines of one growing file their times, in nanoseconds since the epoch. See `FileTimes`.

    before: reads what lies before an offset, up to so many bytes.
    """

    def __init__(self, zone: tzinfo, before: Callable[[int, int], bytes]) -> None:
        self._zone = zone
        self._before = before
        self._made = self._modified = 0
        # One for the threads that read, one for the task that asks: each remembers what it has seen.
        self._reader = self._stamper = Stamper(zone, 0)
        self._blocks: tuple[tuple[int, list[int], list[int]], ...] = ()
        self.timed = False

    def learn(self, offset: int, body: bytes, modified: int) -> None:
        """In a thread: stamp a block of whole lines; reads the disk where its first line may have none."""
        self._refresh(modified)
        lines = lines_of(body)
        stamps = self._reader.stamps(lines)
        if not self.timed:
            known = any(stamp is not None for stamp in stamps)
            self.timed = known or self._time_before(offset) is not None
        if self.timed:
            block = offset + len(body), starts_of(offset, lines), self._filled(offset, stamps)
            self._blocks = (*self._blocks[1 - REMEMBERED :], block)

    def times(self, starts: Sequence[int], lines: Sequence[bytes]) -> list[int]:
        """One time for each of `lines`, which begin at the offsets `starts`."""
        if not self.timed:
            return [self._modified] * len(lines)
        for _, begins, times in reversed(self._blocks):
            if begins and starts and begins[0] <= starts[0] and starts[-1] <= begins[-1]:
                if len(starts) == len(begins):
                    return list(times)
                return [times[bisect_left(begins, start)] for start in starts]
        return [self._time_of(start, line) for start, line in zip(starts, lines, strict=True)]

    def alone(self, line: bytes) -> int:
        """The time of a line as far as it tells by itself, else that of the file's modification."""
        stamp = self._stamper.stamp(line) if self.timed else None
        return self._modified if stamp is None else stamp

    def stamps(self, lines: Sequence[bytes]) -> Sequence[int | None]:
        """The times that lines state themselves; in a file without times every line counts as if it stated one."""
        return self._stamper.stamps(lines) if self.timed else [self._modified] * len(lines)

    def _refresh(self, modified: int) -> None:
        self._modified = modified
        if modified - self._made > FRESH:
            self._made = modified
            self._reader, self._stamper = Stamper(self._zone, modified), Stamper(self._zone, modified)

    def _filled(self, offset: int, stamps: Sequence[int | None]) -> list[int]:
        time = stamps[0] if stamps[0] is not None else self._time_before(offset)
        if time is None:
            time = next((stamp for stamp in stamps if stamp is not None), self._modified)
        times: list[int] = []
        for stamp in stamps:
            time = time if stamp is None else stamp
            times.append(time)
        return times

    def _time_before(self, offset: int) -> int | None:
        """The time of the line that ends at `offset`."""
        for end, _, times in reversed(self._blocks):
            if end == offset:
                return times[-1]
        lines = lines_of(self._before(offset, BEFORE))
        return next((stamp for line in reversed(lines) if (stamp := self._reader.stamp(line)) is not None), None)

    def _time_of(self, start: int, line: bytes) -> int:
        for _, begins, times in reversed(self._blocks):
            if begins and begins[0] <= start <= begins[-1]:
                return times[bisect_left(begins, start)]
        return self.alone(line)
