"""The times of a file's lines, independent of the blocks that the file is read in.

A line that states no time has the time of the nearest line before it that states one. At the beginning of the file, or
if no such line is near, it has the time of the nearest line after it, or else the file's modification time.
"""

from __future__ import annotations

import datetime
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from logagent.core.arrays import as_array, as_values
from logagent.core.batch import Column, starts_of
from logagent.core.times.judgement import Distrust, Judgement
from logagent.core.times.named_formats import NamedFormat
from logagent.core.times.objects import opens_object, time_of_object
from logagent.disk.files.reader import Reader
from logagent.disk.times.block_times import BlockTimes
from logagent.disk.times.heads import Heads
from logagent.disk.times.recent import Recent
from logagent.disk.times.sampling import judged
from logagent.disk.times.turns import Hidden, Stretch, stamper_at, stamps_in, stretches

PAGE = 16 * 1024
"""Bytes of a file whose times are read together when a line needs the time of a neighbour."""
NEAR = 64
"""Pages on either side of a line in which a neighbour's time is searched for (1 MiB): more than a stack trace or a dump
takes, and a few milliseconds' work."""
GLANCE = 4 * 1024
"""Bytes at either end of a file that are read first, to find whether its lines state times at all."""
SAMPLE = 64 * 1024
"""Bytes at either end of a file that are read if there is no time in the first `GLANCE` bytes."""
OBJECT = 64 * 1024
"""Bytes of an object that is printed over many lines in which its time is looked for."""


class Times(Protocol):
    """Gives the lines of one file their times, in nanoseconds since the epoch."""

    @property
    def timed(self) -> bool:
        """Whether any line states a time."""

    def times(self, starts: Sequence[int], lines: Sequence[bytes]) -> list[int]:
        """Return a time for each of `lines`, which begin at the offsets `starts`, ascending."""

    def of_block(self, body: bytes, offset: int, starts: Column) -> Column | None:
        """Return a time for each of many lines of a block, much faster than `times` does; may load numpy.

        Args:
            body: the block.
            offset: where it begins in the file.
            starts: where the lines begin in the file, in any order.

        Returns:
            None if they have to be read one by one.
        """

    def alone(self, line: bytes, start: int) -> int:
        """Return the time that a line states, which begins at an offset, or else the file's modification time."""

    def stamps(self, start: int, lines: Sequence[bytes]) -> Sequence[int | None]:
        """Return the times that adjacent lines state, the first of which begins at `start`; None for no time."""


class FileTimes:
    """Gives the lines of one file their times, in nanoseconds since the epoch.

    Args:
        reader: of the file.
        zone: the zone of times that name none.
        modified: the file's modification time.
        judgement: on the file, if it is known; None: it is made now, which reads samples.
        begin: where its first line begins, in bytes.
        trust: whether an earlier page of the answer trusted the times; None: there is none.
        named: the format that was named for it, if one was.
        beside: returns lines of another generation of its log, by which it is judged too if its own are too few.
        unknown: the time of lines of which nobody knows when they were written; None: `modified`, and those at the
            beginning have that of the first line after them.

    Attributes:
        found: the judgement on the file as it is now.
        judgement: the same, as far as an earlier page does not stand against it.
        timed: whether the lines' own times are trusted; if not, all have the modification time.
        first: the earliest time at the beginning of the file; None if none was found, or the file is an archive.
        last: the latest time at the end of the file; None as for `first`.
    """

    found: Judgement
    judgement: Judgement
    timed: bool
    first: int | None = None
    last: int | None = None

    def __init__(
        self,
        reader: Reader,
        zone: datetime.tzinfo,
        modified: int,
        judgement: Judgement | None = None,
        *,
        begin: int = 0,
        trust: bool | None = None,
        named: NamedFormat | None = None,
        beside: Callable[[], Sequence[bytes]] = tuple,
        unknown: int | None = None,
    ) -> None:
        self._heads = Heads(reader.read, reader.size, begin)
        self._modified, self._unknown = modified, unknown
        self._pages = Recent[int, tuple[list[int], list[int]]](2 * NEAR + 2)
        if judgement is None:
            judgement = judged(self._heads, zone, modified, named, beside)
        self._judge(zone, judgement, trust)
        sampled = (self._sampled(GLANCE) or self._sampled(SAMPLE)) if self.timed else None
        self.first, self.last = (min(sampled[0]), max(sampled[-1])) if sampled else (None, None)

    def _judge(self, zone: datetime.tzinfo, found: Judgement, trust: bool | None) -> None:
        self.judgement, self._stretches = divided(self._heads, found.kept(trust), zone, self._modified)
        self._stamper = self._stretches[-1].stamper
        self._block_times = BlockTimes(self._stamper.stamp)
        self.found = replace(found, turns=self.judgement.turns if found.trusted else None)
        self.timed = self.judgement.trusted

    def _sampled(self, size: int) -> list[list[int]]:
        """Return the times at the beginning and at the end of the file; an end without times is left out."""
        begins = sorted({self._heads.begin, max(self._heads.begin, self._heads.size - size)})
        return [times for begin in begins if (times := self.stamped(begin, begin + size)[1])]

    @property
    def _other(self) -> int:
        """The time of lines that state none, where no neighbour's counts."""
        return self._modified if self._unknown is None else self._unknown

    @property
    def is_even(self) -> bool:
        """Whether all lines that look alike mean the same time, wherever they stand in the file."""
        return len(self._stretches) == 1 and not self.judgement.of_objects

    @property
    def is_by_clock(self) -> bool:
        """Whether moreover the first clock of a line is that of its time: a named format may look elsewhere."""
        return self.is_even and self.judgement.named is None

    def times(self, starts: Sequence[int], lines: Sequence[bytes]) -> list[int]:
        """Return a time for each of `lines`, which begin at the offsets `starts`, ascending."""
        if not self.timed:
            return [self._other] * len(lines)
        stamps = self._stated(starts, lines)
        known = [stamp for stamp in stamps if stamp is not None]
        return known if len(known) == len(lines) else self._filled(starts, lines, stamps)

    def of_block(self, body: bytes, offset: int, starts: Column) -> Column | None:
        """Return a time for each of many lines of a block, or None; see `Times`."""
        if not self.timed or not self.is_by_clock:
            return None
        times = self._block_times.of(body, as_array(starts) - offset)
        return None if times is None else as_values(times)

    def alone(self, line: bytes, start: int) -> int:
        """Return the time that a line states, or else the file's modification time; works after the file is closed."""
        stamp = stamper_at(self._stretches, start).stamp(line) if self.timed else None
        return self._other if stamp is None else stamp

    def stamps(self, start: int, lines: Sequence[bytes]) -> Sequence[int | None]:
        """Return the times that adjacent lines state, None for each that states none; in a file without times, its own.

        Args:
            start: where the first of them begins.
        """
        if not self.timed:
            return [self._other] * len(lines)
        if self.is_even:
            return self._stamper.stamps(lines)
        return self._stated(starts_of(start, list(lines)), lines)

    def stamped(self, begin: int, end: int) -> tuple[list[int], list[int]]:
        """Return the offsets and times of the lines that begin from `begin` on and before `end` and state a time."""
        starts, lines = self._heads.columns(begin, end)
        stamps = self._stated(starts, lines)
        if None not in stamps:
            return starts, [stamp for stamp in stamps if stamp is not None]
        timed = [(start, stamp) for start, stamp in zip(starts, stamps, strict=True) if stamp is not None]
        return [start for start, _ in timed], [stamp for _, stamp in timed]

    def stated(self, line: bytes) -> int | None:
        """Return the time that a line states, None if it states none."""
        return self._stamper.stamp(line)

    def _stated(self, starts: Sequence[int], lines: Sequence[bytes]) -> list[int | None]:
        """Return the times that lines state, None for each that states none."""
        if self.is_even:
            return self._stamper.stamps(lines)
        if self.judgement.of_objects:
            return [self._of_object(start, line) for start, line in zip(starts, lines, strict=True)]
        return stamps_in(self._stretches, starts, lines)

    def _of_object(self, start: int, line: bytes) -> int | None:
        """Return the time that the lines below an object's opening line state, None for all other lines."""
        if not opens_object(line):
            return None
        return time_of_object(line, self._below(start + len(line) + 1), self._stamper.stamp)

    def _below(self, start: int) -> Iterator[bytes]:
        for begin in range(start, min(start + OBJECT, self._heads.size), GLANCE):
            yield from (head.text for head in self._heads.between(begin, min(begin + GLANCE, start + OBJECT)))

    def _filled(self, starts: Sequence[int], lines: Sequence[bytes], stamps: Sequence[int | None]) -> list[int]:
        times: list[int] = []
        follows, nearest = -1, None
        for start, line, stamp in zip(starts, lines, stamps, strict=True):
            if stamp is not None:
                nearest = (start, stamp)
            elif nearest is None or start != follows or not _near(nearest[0], start):
                nearest = self._before(start)
            times.append(nearest[1] if nearest is not None else self._first_after(start))
            follows = start + len(line) + 1
        return times

    def _before(self, start: int) -> tuple[int, int] | None:
        """Return the offset and the time of the nearest line before `start` that states one."""
        page = start // PAGE
        for number in range(page, max(0, page - NEAR) - 1, -1):
            starts, times = self._page(number)
            place = bisect_left(starts, start)
            if place:
                return starts[place - 1], times[place - 1]
        return None

    def _first_after(self, start: int) -> int:
        """Return the time of a line at `start` before which none near it states one."""
        return self._after(start) if self._unknown is None else self._unknown

    def _after(self, start: int) -> int:
        page = start // PAGE
        for number in range(page, min(page + NEAR, self._heads.size // PAGE) + 1):
            starts, times = self._page(number)
            place = bisect_right(starts, start)
            if place < len(starts):
                return times[place]
        return self._modified

    def _page(self, number: int) -> tuple[list[int], list[int]]:
        return self._pages.get(number, self._read_page)

    def _read_page(self, number: int) -> tuple[list[int], list[int]]:
        return self.stamped(number * PAGE, (number + 1) * PAGE)


def _near(before: int, start: int) -> bool:
    return before // PAGE >= start // PAGE - NEAR


def divided(
    heads: Heads, judgement: Judgement, zone: datetime.tzinfo, modified: int
) -> tuple[Judgement, list[Stretch]]:
    """Return the parts of a file whose times are read alike, and what is to be judged if these cannot be told.

    Args:
        heads: of its lines.
        judgement: on the file.
        zone: the zone of times that name none.
        modified: when it was last written to, in nanoseconds since the epoch.
    """
    try:
        parts = stretches(heads, judgement, zone, modified)
        return replace(judgement, turns=tuple(part.begin for part in parts if part.turned)), parts
    except Hidden:
        judgement = replace(judgement, distrust=Distrust.TURNS)
        return judgement, stretches(heads, judgement, zone, modified)
