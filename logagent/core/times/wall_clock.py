"""Converting a wall clock's date and time to nanoseconds since the epoch: time zones, and dates without a year."""

from __future__ import annotations

import datetime
import re

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
    """

    def __init__(self, zone: datetime.tzinfo, modified: int) -> None:
        self._zone = zone
        self._latest = modified + DAY
        day = min(max(_EPOCH + self._latest // DAY, 1), _LAST_DAY)
        self._year = datetime.date.fromordinal(day).year + 1  # where the zone is ahead of UTC

    def instant(self, found: re.Match[bytes], year: int, month: int, day: int, zone: bytes | None = None) -> int | None:
        """Return the whole second that a date and a clock name, or None if there is no such time.

        An hour that occurs twice (clocks set back) is the first of the two. An hour that is skipped (clocks set
        forward) is read with the offset of the hour before it. A leap second is read as the second after it.

        Args:
            found: the match whose groups `hour`, `minute` and `second` hold the clock.
            year: with all its digits.
            month: from 1.
            day: from 1.
            zone: the name or offset in the line; None: the line names no zone.
        """
        hour, minute, second = int(found["hour"]), int(found["minute"]), int(found["second"])
        try:
            wall = datetime.datetime(year, month, day, hour, minute, min(second, 59), tzinfo=self._zone)
        except ValueError:
            return None
        offset = _local_offset(wall) if zone is None else _named_offset(zone)
        if offset is None:
            return None
        return (wall.toordinal() - _EPOCH) * DAY + hour * HOUR + (minute * 60 + second) * SECOND - offset

    def latest(self, found: re.Match[bytes], month: int, day: int) -> int | None:
        """Return the latest instant of a date without a year that is at most a day after the file was modified.

        Args:
            found: the match whose groups `hour`, `minute` and `second` hold the clock.
            month: from 1.
            day: from 1.

        Returns:
            The whole second, or None if there is no such time.
        """
        leap = SECOND if found["second"] == b"60" else 0
        for year in range(self._year, self._year - 10, -1):  # two leap years are at most eight years apart
            instant = self.instant(found, year, month, day)
            if instant is not None and instant - leap <= self._latest:
                return instant
        return None


def full_year(text: bytes) -> int:
    """Return the year that two or four digits stand for."""
    year = int(text)
    if len(text) > 2:
        return year
    return year + (1900 if year >= _PIVOT else 2000)


def _local_offset(wall: datetime.datetime) -> int | None:
    offset = wall.utcoffset()
    return None if offset is None else offset // _MICROSECOND * 1000


def _named_offset(zone: bytes) -> int | None:
    digits = re.sub(rb"\D", b"", zone).ljust(4, b"0")
    hours, minutes = int(digits[:2]), int(digits[2:])
    if hours > 23 or minutes > 59:
        return None
    return (-1 if b"-" in zone else 1) * (hours * HOUR + minutes * 60 * SECOND)
