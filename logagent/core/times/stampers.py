"""Which stamper reads the times of a file's lines: by what was found out about it, or by the format named for it."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Protocol

from logagent.core.times.instants import nanoseconds
from logagent.core.times.judgement import Judgement
from logagent.core.times.layout import CACHED
from logagent.core.times.named_formats import NamedFormat, depth_of
from logagent.core.times.places import Kind
from logagent.core.times.stamper import Stamper
from logagent.core.times.wall_clock import WallClock
from logagent.core.units import SECOND

_MINUTE_PARTS = ("year", "month", "day", "day_of_year", "hour", "half", "minute", "zone", "zone_behind", "seconds")
"""What tells the minute of a time, or its second since the epoch."""


class LineStamper(Protocol):
    """Reads the times of one file's lines; for one thread at a time."""

    def stamp(self, line: bytes) -> int | None:
        """Return the time of a line in nanoseconds since the epoch, or None if it has none."""

    def stamps(self, lines: Sequence[bytes]) -> list[int | None]:
        """Return the time of each line, as `stamp` does."""


class NamedStamper:
    """Reads times of a named format; for one thread at a time.

    What the texts of a minute mean is remembered, so that most lines cost one match and a few look-ups.

    Args:
        named: the format.
        wall_clock: reads dates and clocks.
        depth: how far a line must be indented; None: that says nothing.
    """

    def __init__(self, named: NamedFormat, wall_clock: WallClock, depth: int | None = None) -> None:
        self._depth = depth
        self._find, self._instant = named.find, named.form.instant
        self._wall_clock = wall_clock
        omits = named.omits_year or named.omits_day  # then the second may decide about the year or the day
        parts = (*_MINUTE_PARTS, "second") if omits else _MINUTE_PARTS
        self._parts = [part for part in parts if part in named.parts]
        self._has_second, self._has_fraction = "second" in named.parts, "fraction" in named.parts
        self._known: dict[object, int] = {}

    def stamp(self, line: bytes) -> int | None:
        """Return the time of a line in nanoseconds since the epoch, or None if it has none."""
        found = self._find(line)
        if found is None or (self._depth is not None and depth_of(line) != self._depth):
            return None
        second = int(found["second"]) * SECOND if self._has_second else 0
        texts = found.group(*self._parts)
        minute = self._known.get(texts)
        if minute is None:
            whole = self._instant(found, self._wall_clock)
            if whole is None:
                return None
            if len(self._known) >= CACHED:
                self._known.clear()
            minute = self._known[texts] = whole - second
        return minute + second + (nanoseconds(found["fraction"]) if self._has_fraction else 0)

    def stamps(self, lines: Sequence[bytes]) -> list[int | None]:
        """Return the time of each line, as `stamp` does."""
        return list(map(self.stamp, lines))


def stamper_for(
    zone: datetime.tzinfo, modified: int, judgement: Judgement, *, wall_clock: WallClock | None = None
) -> LineStamper:
    """Return what reads the times of one file's lines.

    Args:
        zone: the zone of times that name none, if no format was named, or one without a zone.
        modified: when the file was last written to, in nanoseconds since the epoch.
        judgement: on the file.
        wall_clock: reads times instead of that of `zone` and `modified`.
    """
    named, zone = judgement.named, datetime.UTC if judgement.utc else zone
    if named is None:
        return Stamper(zone, modified, judgement, wall_clock=wall_clock)
    depth = next((place.column for place in judgement.places if place.kind is Kind.MEMBER), None)
    return NamedStamper(named, wall_clock or WallClock(named.zone_or(zone), modified), depth)
