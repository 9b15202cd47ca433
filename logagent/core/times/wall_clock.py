"""From a wall clock's date and time to nanoseconds since the epoch: time zones, and years that are left out."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from itertools import pairwise

from logagent.core.times import zones
from logagent.core.units import DAY, HOUR, SECOND

_EPOCH = datetime.date(1970, 1, 1).toordinal()
_LAST_DAY = datetime.date.max.toordinal()
_MICROSECOND = datetime.timedelta(microseconds=1)
_PIVOT = 69
"""Two-digit years from here on are in the last century, as in POSIX's strptime: 69 is 1969, 68 is 2068."""


class WallClock:
    """Turns dates and times of day into nanoseconds since the epoch, UTC, for one file.

    Args:
        zone: the zone of times that name none.
        modified: when the file was last written to, in nanoseconds since the epoch.
        latest: the latest time that a line may have whose year or day is left out; None: a day after `modified`.
        again: whether an hour that comes twice is the second of the two.
    """

    def __init__(self, zone: datetime.tzinfo, modified: int, latest: int | None = None, *, again: bool = False) -> None:
        self._zone = zone
        self._fold = int(again)
        self._latest = modified + DAY if latest is None else latest
        self._latest_clock = modified + HOUR if latest is None else latest
        day = min(max(_EPOCH + self._latest // DAY, 1), _LAST_DAY)
        self._year = datetime.date.fromordinal(day).year + 1  # where the zone is ahead of UTC

    def instant(self, found: re.Match[bytes], year: int, month: int, day: int, zone: bytes | None = None) -> int | None:
        """Return the whole second that a date and a clock name, or None if there is no such time.

        An hour that comes twice (clocks set back) is the first of the two, or the second with `again`. An hour that is
        skipped (clocks set forward) has the offset of the hour before it. A leap second is the second after it.

        Args:
            found: the match whose groups `hour`, `minute` and `second` hold the clock, of which those that are left
                out are 0, and perhaps `half` its AM or PM, and `zone` or `zone_behind` a zone.
            year: with all its digits.
            month: from 1.
            day: from 1.
            zone: if the format says it rather than the match.
        """
        parts = found.groupdict()
        hour, minute, second = _hour(parts), int(parts.get("minute") or b"0"), int(parts.get("second") or b"0")
        if hour is None:
            return None
        try:
            wall = datetime.datetime(year, month, day, hour, minute, min(second, 59), 0, self._zone, fold=self._fold)
        except ValueError:
            return None
        zone = zone or parts.get("zone") or parts.get("zone_behind")
        offset = _offset(wall, zone)
        if offset is None:
            return None
        return (wall.toordinal() - _EPOCH) * DAY + hour * HOUR + (minute * 60 + second) * SECOND - offset

    def latest(self, found: re.Match[bytes], month: int, day: int) -> int | None:
        """Return the latest instant of a date without a year that is at most a day after the file was modified.

        Args:
            found: the match with the clock, see `instant`.
            month: from 1.
            day: from 1.

        Returns:
            The whole second, or None if there is no such time.
        """
        leap = SECOND if found.groupdict().get("second") == b"60" else 0
        for year in range(self._year, self._year - 10, -1):  # 29 February is back after eight years at most
            instant = self.instant(found, year, month, day)
            if instant is not None and instant - leap <= self._latest:
                return instant
        return None

    def latest_day(self, found: re.Match[bytes]) -> int | None:
        """Return the latest instant of a clock whose day is left out, at most an hour after the file was modified.

        Args:
            found: the match with the clock, see `instant`.

        Returns:
            The whole second, or None if there is no such time.
        """
        latest = datetime.date.fromordinal(min(max(_EPOCH + self._latest_clock // DAY + 1, 3), _LAST_DAY))
        for back in range(3):
            day = latest - datetime.timedelta(days=back)
            instant = self.instant(found, day.year, day.month, day.day)
            if instant is not None and instant <= self._latest_clock:
                return instant
        return None


def full_year(text: bytes) -> int:
    """Return the year that four digits or two stand for."""
    year = int(text)
    if len(text) > 2:
        return year
    return year + (1900 if year >= _PIVOT else 2000)


def set_backs(zone: datetime.tzinfo, first: int, last: int) -> list[tuple[int, int]]:
    """Return when the clocks of a zone are set back in a range of time.

    Args:
        zone: whose clocks.
        first: the beginning of the range, in nanoseconds since the epoch.
        last: the end of the range.

    Returns:
        For each such moment its nanoseconds since the epoch, and the nanoseconds by which clocks are set back.
    """
    found = []
    weeks = range(max(first // SECOND, _OLDEST), min(last // SECOND, _NEWEST) + _WEEK, _WEEK)
    for begin, end in pairwise([min(first // SECOND, weeks.start) - _WEEK, *weeks] if weeks else []):
        back = _east(zone, begin) - _east(zone, end)
        if back > 0:
            moment = _change(zone, begin, end) * SECOND
            found += [(moment, back * SECOND)] if first <= moment + back * SECOND and moment <= last else []
    return found


_OLDEST, _NEWEST, _WEEK = 0, 4_102_444_800, 7 * 86400
"""Seconds since the epoch between which set-backs are looked for, up to the year 2100; and the step of the search."""


def _change(zone: datetime.tzinfo, begin: int, end: int) -> int:
    before = _east(zone, begin)
    while end - begin > 1:
        middle = (begin + end) // 2
        begin, end = (middle, end) if _east(zone, middle) == before else (begin, middle)
    return end


def _east(zone: datetime.tzinfo, second: int) -> int:
    """Return how many seconds east of UTC a zone's clocks are."""
    offset = datetime.datetime.fromtimestamp(second, zone).utcoffset()
    return round(offset.total_seconds()) if offset is not None else 0


def _offset(wall: datetime.datetime, zone: bytes | None) -> int | None:
    local = _local_offset(wall)
    if zone is None or local in zones.AMBIGUOUS.get(zone.strip(), ()) or zone.strip() == _name(wall):
        return local
    return zones.offset_of(zone)


def _name(wall: datetime.datetime) -> bytes:
    return (wall.tzname() or "").encode()


def _local_offset(wall: datetime.datetime) -> int | None:
    offset = wall.utcoffset()
    return None if offset is None else offset // _MICROSECOND * 1000


def _hour(parts: Mapping[str, bytes | None]) -> int | None:
    """Return the hour of a clock, from 0 to 23, or None if it contradicts its AM or PM."""
    hour, half = int(parts.get("hour") or b"0"), (parts.get("half") or b"")[:1].upper()
    if not half or hour > 12:
        return hour
    if hour == 0:
        return None if half == b"P" else 0
    return hour % 12 + (12 if half == b"P" else 0)
