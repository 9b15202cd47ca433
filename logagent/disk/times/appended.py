"""The times of lines as they are appended to a file that grows.

A line that states no time has the time of the nearest line before it that states one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from datetime import tzinfo

from logagent.core.batch import Column, lines_of, starts_of
from logagent.core.times.judgement import Judgement
from logagent.core.times.named_formats import NamedFormat
from logagent.core.times.named_judging import judge_with
from logagent.core.times.objects import opens_object, time_of_object
from logagent.core.times.stampers import LineStamper, stamper_for
from logagent.core.units import HOUR
from logagent.disk.times.heads import Heads, heads_of
from logagent.disk.times.sampling import sampled_lines

REMEMBERED = 64
"""Blocks whose times are cached: those of an event's lines and of context are needed again a little later."""
BEFORE = 64 * 1024
"""Bytes before the first followed line in which a time is searched for: more than most stack traces take."""
FRESH = 12 * HOUR
"""Nanoseconds after which new stampers are made, since they derive missing years from the time of modification."""
SAMPLED = 200
"""Lines by which the file is judged, as long as the judgement is not settled."""


class AppendedTimes:
    """Gives the lines of one growing file their times, in nanoseconds since the epoch.

    Args:
        zone: time zone of times that name none.
        before: reads the bytes before an offset; its second argument is their number at most.
        named: the format that was named for the file, if one was.
        sample: lines of the file before it in its log.

    Attributes:
        sample: lines by which it is judged.
        judgement: on the file, as far as it was followed; None before its first line.
        timed: whether the lines' own times are trusted; until they are, all lines have the modification time.
    """

    def __init__(
        self,
        zone: tzinfo,
        before: Callable[[int, int], bytes],
        named: NamedFormat | None = None,
        sample: Sequence[bytes] = (),
    ) -> None:
        self._zone = zone
        self._before = before
        self._named = named
        self._made = self._modified = 0
        self.sample = list(sample)
        # One stamper for the threads that read and one for the event loop, since a stamper has a cache.
        self._reader = self._stamper = stamper_for(zone, 0, Judgement())
        # Up to where an object was read whose time is not known yet, and its opening line.
        self._unfinished: tuple[int, bytes | None] = (0, None)
        self._blocks: tuple[tuple[int, list[int], list[int]], ...] = ()
        self.judgement: Judgement | None = None

    @property
    def timed(self) -> bool:
        """Whether the lines' own times are trusted."""
        return self.judgement is not None and self.judgement.trusted

    def learn(self, offset: int, body: bytes, modified: int) -> None:
        """Note the times of a block of whole lines, in a thread; reads the disk if its first line states no time.

        Args:
            offset: where the block begins in the file.
            modified: the file's modification time, in nanoseconds since the epoch.
        """
        self._judge(offset, body, modified)
        self._refresh(modified)
        if self.timed:
            lines = lines_of(body)
            stamps = self._continued(offset, offset + len(body), lines)
            block = (offset + len(body), starts_of(offset, lines), self._filled(offset, stamps))
            self._blocks = (*self._blocks[1 - REMEMBERED :], block)

    def times(self, starts: Sequence[int], lines: Sequence[bytes]) -> list[int]:
        """Return a time for each of `lines`, which begin at the offsets `starts`."""
        if not self.timed:
            return [self._modified] * len(lines)
        for _, begins, times in reversed(self._blocks):
            if begins and starts and begins[0] <= starts[0] and starts[-1] <= begins[-1]:
                if len(starts) == len(begins):
                    return list(times)
                return [times[bisect_left(begins, start)] for start in starts]
        return [self._time_of(start, line) for start, line in zip(starts, lines, strict=True)]

    def of_block(self, body: bytes, offset: int, starts: Column) -> None:
        """Return nothing: few lines are appended at a time, and their times are noted by `learn`."""

    def alone(self, line: bytes, _: int) -> int:
        """Return the time that a line states, or else the file's modification time."""
        stamp = self._stamper.stamp(line) if self.timed else None
        return self._modified if stamp is None else stamp

    def stamps(self, _: int, lines: Sequence[bytes]) -> Sequence[int | None]:
        """Return the times that adjacent lines state, None for each that states none; if they are not trusted, the
        time of modification."""
        return self._stated(self._stamper, lines) if self.timed else [self._modified] * len(lines)

    def _judge(self, offset: int, body: bytes, modified: int) -> None:
        if self.judgement is not None and self.judgement.is_settled:
            return
        if self.judgement is None and offset:
            self.sample = sampled_lines(Heads(lambda begin, end: self._before(end, end - begin), offset))
        self.sample = [*self.sample[-SAMPLED:], *sampled_lines(heads_of(body))]
        judgement = judge_with(self._named, self.sample, self._zone, modified)
        if self.judgement is None or judgement.places != self.judgement.places:
            self._made = 0
        self.judgement = judgement

    def _refresh(self, modified: int) -> None:
        self._modified = modified
        if modified - self._made > FRESH or not self._made:
            self._made = modified
            self._reader, self._stamper = (
                stamper_for(self._zone, modified, self.judgement or Judgement()) for _ in range(2)
            )

    def _stated(self, stamper: LineStamper, lines: Sequence[bytes]) -> Sequence[int | None]:
        if self.judgement is None or not self.judgement.of_objects:
            return stamper.stamps(lines)
        return [
            time_of_object(line, lines[number + 1 :], stamper.stamp) if opens_object(line) else None
            for number, line in enumerate(lines)
        ]

    def _continued(self, offset: int, end: int, lines: Sequence[bytes]) -> Sequence[int | None]:
        """Return the times that lines of a block state; of an object that began before it, by the rest of it."""
        stamps = list(self._stated(self._reader, lines))
        if self.judgement is None or not self.judgement.of_objects:
            return stamps
        reached, opening = self._unfinished
        if reached == offset and opening is not None and stamps[0] is None:
            stamps[0] = time_of_object(opening, lines, self._reader.stamp)
        last = next((number for number in reversed(range(len(lines))) if opens_object(lines[number])), None)
        opening = opening if last is None else lines[last]
        self._unfinished = end, opening if stamps[last or 0] is None else None
        return stamps

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
        """Return the time of the line that ends at `offset`, None if it is not known."""
        for end, _, times in reversed(self._blocks):
            if end == offset:
                return times[-1]
        lines = lines_of(self._before(offset, BEFORE))
        return next((stamp for line in reversed(lines) if (stamp := self._reader.stamp(line)) is not None), None)

    def _time_of(self, start: int, line: bytes) -> int:
        for _, begins, times in reversed(self._blocks):
            if begins and begins[0] <= start <= begins[-1]:
                return times[bisect_left(begins, start)]
        return self.alone(line, start)
