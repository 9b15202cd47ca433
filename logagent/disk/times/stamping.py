"""The times of a file's lines, independent of the blocks that the file is read in.

A line that states no time has the time of the nearest line before it that states one. At the beginning of the file, or
if no such line is near, it has the time of the nearest line after it, or else the file's modification time.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

from logagent.core.times.locating import SEEN
from logagent.core.times.stamper import Stamper
from logagent.disk.archives.archive import Archive
from logagent.disk.files.reader import Reader

PAGE = 16 * 1024
"""Bytes of a file whose times are read together when a line needs the time of a neighbour."""
NEAR = 64
"""Pages on either side of a line in which a neighbour's time is searched for (1 MiB): more than a stack trace or a dump
takes, and a few milliseconds' work."""
GLANCE = 4 * 1024
"""Bytes at either end of a file that are read first, to find whether its lines state times at all."""
SAMPLE = 64 * 1024
"""Bytes at either end of a file that are read if there is no time in the first `GLANCE` bytes."""
BEHIND = 4 * 1024
"""Bytes that are read after a stretch for the end of its last line: more than nearly all lines have."""


class Times(Protocol):
    """Gives the lines of one file their times, in nanoseconds since the epoch."""

    @property
    def timed(self) -> bool:
        """Whether any line states a time."""

    def times(self, starts: Sequence[int], lines: Sequence[bytes]) -> list[int]:
        """Return a time for each of `lines`, which begin at the offsets `starts`, ascending."""

    def alone(self, line: bytes) -> int:
        """Return the time that a line states, or else the file's modification time."""

    def stamps(self, lines: Sequence[bytes]) -> Sequence[int | None]:
        """Return the times that lines state, None for each that states none."""


class FileTimes:
    """Gives the lines of one file their times, in nanoseconds since the epoch.

    Args:
        reader: of the file.
        stamper: finds the time that a line states.
        modified: the file's modification time.

    Attributes:
        timed: whether a line at either end of the file states a time; if none does, all have the modification time.
        first: the earliest time at the beginning of the file; None if none was found, or the file is an archive.
        last: the latest time at the end of the file; None as for `first`.
    """

    first: int | None = None
    last: int | None = None

    def __init__(self, reader: Reader, stamper: Stamper, modified: int) -> None:
        self._reader = reader
        self._stamper = stamper
        self._modified = modified
        self._page = lru_cache(maxsize=2 * NEAR + 2)(self._read_page)
        sampled = self._sampled(GLANCE) or self._sampled(SAMPLE)
        self.timed = bool(sampled)
        self.first, self.last = (min(sampled[0]), max(sampled[-1])) if sampled else (None, None)

    def _sampled(self, size: int) -> list[list[int]]:
        """Return the times at the beginning and at the end of the file; an end without times is left out."""
        begins = (0, max(0, self._reader.size - size))
        return [times for begin in begins if (times := self.stamped(begin, begin + size)[1])]

    def times(self, starts: Sequence[int], lines: Sequence[bytes]) -> list[int]:
        """Return a time for each of `lines`, which begin at the offsets `starts`, ascending."""
        if not self.timed:
            return [self._modified] * len(lines)
        stamps = self._stamper.stamps(lines)
        known = [stamp for stamp in stamps if stamp is not None]
        return known if len(known) == len(lines) else self._filled(starts, lines, stamps)

    def alone(self, line: bytes) -> int:
        """Return the time that a line states, or else the file's modification time; works after the file is closed."""
        stamp = self._stamper.stamp(line) if self.timed else None
        return self._modified if stamp is None else stamp

    def stamps(self, lines: Sequence[bytes]) -> Sequence[int | None]:
        """Return the times that lines state, None for each that states none; in a file without times, its own time."""
        return self._stamper.stamps(lines) if self.timed else [self._modified] * len(lines)

    def stamped(self, begin: int, end: int) -> tuple[list[int], list[int]]:
        """Return the offsets and times of the lines that begin from `begin` on and before `end` and state a time."""
        heads = self._heads(begin, end)
        stamps = self._stamper.stamps([head for _, head in heads])
        timed = [(start, stamp) for (start, _), stamp in zip(heads, stamps, strict=True) if stamp is not None]
        return [start for start, _ in timed], [stamp for _, stamp in timed]

    def stated(self, line: bytes) -> int | None:
        """Return the time that a line states, None if it states none."""
        return self._stamper.stamp(line)

    def _filled(self, starts: Sequence[int], lines: Sequence[bytes], stamps: Sequence[int | None]) -> list[int]:
        times: list[int] = []
        follows, nearest = -1, None
        for start, line, stamp in zip(starts, lines, stamps, strict=True):
            if stamp is not None:
                nearest = (start, stamp)
            elif nearest is None or start != follows or not _near(nearest[0], start):
                nearest = self._before(start)
            times.append(nearest[1] if nearest is not None else self._after(start))
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

    def _after(self, start: int) -> int:
        page = start // PAGE
        for number in range(page, min(page + NEAR, self._reader.size // PAGE) + 1):
            starts, times = self._page(number)
            place = bisect_right(starts, start)
            if place < len(starts):
                return times[place]
        return self._modified

    def _read_page(self, number: int) -> tuple[list[int], list[int]]:
        return self.stamped(number * PAGE, (number + 1) * PAGE)

    def _read_lines(self, base: int, end: int) -> bytes:
        """Return the text from `base` on, past `end` as far as the last line before `end` needs to state its time."""
        size = self._reader.size
        text = self._reader.read(base, min(end + BEHIND, size))
        last = text.rfind(b"\n", 0, end - base) + 1
        if base + len(text) == size or text.find(b"\n", last) >= 0:
            return text
        return self._reader.read(base, min(end + SEEN, size))

    def _heads(self, begin: int, end: int) -> list[tuple[int, bytes]]:
        """Return the offsets and the heads of the lines that begin from `begin` on and before `end`."""
        base = max(0, begin - 1)  # a line begins at `begin` if the byte before it is a line break
        text = self._read_lines(base, end)
        end = min(end - base, len(text))
        start = text.find(b"\n") + 1 if begin else 0
        heads: list[tuple[int, bytes]] = []
        while start < end and (start or not begin):
            stop = text.find(b"\n", start)
            stop = stop if stop >= 0 else len(text)
            heads.append((base + start, text[start : min(stop, start + SEEN)]))
            start = stop + 1
        return heads


def _near(before: int, start: int) -> bool:
    return before // PAGE >= start // PAGE - NEAR


class ArchiveTimes(FileTimes):
    """Gives the lines of an archive their times, from the text that is held in memory.

    Args:
        stamper: finds the time that a line states.
        modified: the file's modification time, in nanoseconds since the epoch.
        beginning: the first `SAMPLE` bytes of the text.

    Attributes:
        timed: whether a line in the beginning states a time.
    """

    def __init__(self, archive: Archive, stamper: Stamper, modified: int, beginning: bytes) -> None:
        self._archive = archive
        self._stamper = stamper
        self._modified = modified
        self.timed = any(stamp is not None for stamp in stamper.stamps(beginning.split(b"\n")))

    def _before(self, start: int) -> tuple[int, int] | None:
        begin, text = self._archive.before(start)
        line_end = len(text) - 1
        while line_end > 0:
            line_begin = text.rfind(b"\n", 0, line_end) + 1
            stamp = self._stamper.stamp(text[line_begin : min(line_end, line_begin + SEEN)])
            if stamp is not None:
                return begin + line_begin, stamp
            line_end = line_begin - 1
        return None

    def _after(self, start: int) -> int:
        lines = self._archive.read(start, start + NEAR * PAGE).split(b"\n")
        return next((stamp for stamp in self._stamper.stamps(lines) if stamp is not None), self._modified)
