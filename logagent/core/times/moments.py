"""Moments: the points in time that a client names, as integer nanoseconds since the epoch in UTC."""

from __future__ import annotations

import datetime
import re

from logagent.core.units import SECOND, UNITS

SPELLINGS = "a time such as 2026-11-23T10:00:00Z, seconds since the epoch, or a span back from now such as 15m, 2h, 7d"

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_FIRST, _LAST = -62_135_596_800, 253_402_300_799
"""Seconds from which to which the year has four digits, as RFC 3339 wants it: a zone can lead out of year 1 or 9999."""
_NUMBER = re.compile(r"(-?)([0-9]{1,12})(?:\.([0-9]{1,9}))?")
_SPAN = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,9}))?(ms|[smhdw])")
_RFC3339 = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2})(:[0-9]{2})?(?:[.,]([0-9]{1,20}))?"
    r"([Zz]|[+ -][0-9]{2}:?[0-9]{2})"  # a plus that was not percent-encoded arrives as a space
)


def read(text: str, now: int) -> int | None:
    """The moment that `text` names (see `SPELLINGS`), spans counted back from `now`; None if it names none.

    RFC 3339 with any number of digits, of which nanoseconds are kept, and without seconds too.
    """
    if (number := _NUMBER.fullmatch(text)) is not None:
        sign, whole, fraction = number.groups()
        return (-1 if sign else 1) * _scaled(whole, fraction, SECOND)
    if (span := _SPAN.fullmatch(text)) is not None:
        return now - _scaled(span[1], span[2], UNITS[span[3]])
    return _read_rfc3339(text)


def spelled(moment: int) -> str:
    """Seconds since the epoch, exactly as `read` reads them."""
    seconds, fraction = divmod(abs(moment), SECOND)
    return f"{'-' if moment < 0 else ''}{seconds}.{fraction:09d}"


def whole_second(second: int) -> str:
    """Seconds since the epoch as RFC 3339 has them in UTC, without the zone behind them."""
    moment = _EPOCH + datetime.timedelta(seconds=min(max(second, _FIRST), _LAST))
    return moment.strftime("%Y-%m-%dT%H:%M:%S").zfill(19)


def _read_rfc3339(text: str) -> int | None:
    found = _RFC3339.fullmatch(text)
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
