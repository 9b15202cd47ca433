"""Moments: the points in time that a client names, as integer nanoseconds since the epoch, UTC."""

from __future__ import annotations

import datetime
import re

from logagent.core.time_range import FARTHEST
from logagent.core.units import SECOND, UNITS

SPELLINGS = "a time such as 2026-11-23T10:00:00Z, seconds since the epoch, or a span back from now such as 15m, 2h, 7d"
"""What `read` understands, for error messages and help texts."""

NUMBER = r"(-?)([0-9]{1,12})(?:\.([0-9]{1,9}))?"
SPAN = r"([0-9]{1,9})(?:\.([0-9]{1,9}))?(ms|[smhdw])"
RFC3339 = (
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2})(:[0-9]{2})?(?:[.,]([0-9]{1,20}))?"
    r"([Zz]|[+ -][0-9]{2}:?[0-9]{2})"  # a plus that was not percent-encoded arrives as a space
)
"""The three ways to spell a moment, as patterns."""

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_FIRST, _LAST = -62_135_596_800, 253_402_300_799
"""The first and the last second whose year has four digits, which RFC 3339 requires; a zone can lead beyond them."""


def read(text: str, now: int) -> int | None:
    """Read a moment as a client spells it (see `SPELLINGS`).

    An RFC 3339 time may have up to twenty digits after the second, of which nine are kept, or no seconds at all.

    Args:
        text: the spelling.
        now: nanoseconds since the epoch, from which spans count back.

    Returns:
        Nanoseconds since the epoch, or None if the text names no moment; a span that goes back too far leads to the
        earliest moment that can be spelled.
    """
    if (number := re.fullmatch(NUMBER, text)) is not None:
        sign, whole, fraction = number.groups()
        return (-1 if sign else 1) * _scaled(whole, fraction, SECOND)
    if (span := re.fullmatch(SPAN, text)) is not None:
        return max(-FARTHEST, now - _scaled(span[1], span[2], UNITS[span[3]]))
    return _read_rfc3339(text)


def spelled(moment: int) -> str:
    """Spell a moment, given in nanoseconds since the epoch, as seconds that `read` reads back exactly."""
    seconds, fraction = divmod(abs(moment), SECOND)
    return f"{'-' if moment < 0 else ''}{seconds}.{fraction:09d}"


def whole_second(second: int) -> str:
    """Spell seconds since the epoch as RFC 3339 does in UTC, without the zone at the end."""
    moment = _EPOCH + datetime.timedelta(seconds=min(max(second, _FIRST), _LAST))
    return moment.isoformat()[:19]


def _read_rfc3339(text: str) -> int | None:
    found = re.fullmatch(RFC3339, text)
    if found is None:
        return None
    day, clock, seconds, fraction, zone = found.groups()
    leap = seconds == ":60"
    try:
        whole = datetime.datetime.fromisoformat(
            f"{day}T{clock}{':59' if leap else seconds or ':00'}{zone.upper().replace(' ', '+')}"
        )
    except ValueError:
        return None
    elapsed = whole - _EPOCH
    return (elapsed.days * 86400 + elapsed.seconds + leap) * SECOND + int((fraction or "")[:9].ljust(9, "0"))


def _scaled(whole: str, fraction: str | None, unit: int) -> int:
    digits = fraction or ""
    return int(whole) * unit + (int(digits) * unit // 10 ** len(digits) if digits else 0)
