"""The table of formats: the ways in which log lines write times, a row each.

A *clocked* format holds `hh:mm:ss`. It is looked for at fixed distances before a *landmark*, the first `:mm:ss` (or
`:hh:mm`) of a clock. A *leading* format holds no such clock, and counts only at the beginning of a line or of a time
field's value: elsewhere any number could be an epoch time.

Zones are Z, UTC, GMT and offsets. Other names are ambiguous (CST is used on three continents): times with such a name
are read in the zone that is given for times without a zone, which usually is the writer's. Dates such as 10/11/2000 and
clocks of twelve hours are ambiguous, and are not read.

To add a format:

1. The row: in `CLOCKED` or `LEADING`, below a comment with the program that writes it and an example. Its pattern is
   made of the pieces above the tables, and has the groups that its `Instant` reads: `_dated` wants year, month, day,
   hour, minute and second, `_zoned` also a zone, which may be left out, and `_yearless` no year. The
   pattern ends so that a longer number is no time, as `_PLAIN_CLOCK` does. Earlier rows win.
2. For a clocked row its leads: the bytes from its beginning to the landmark, for each length that the date may have.
   For a leading row its hint: what follows its first four digits in `_AFTER_FOUR_DIGITS`, or a line of its own in
   `LEADING_HINTS`. Without a hint the row is never tried.
3. The test: a line with such a time, and the instant, in `SAMPLES` of `tests/testbed/times.py`. With that,
   `pytest tests/core/times` checks the row, its leads and its hint. Texts that only look like such a time go to the
   tables of `tests/core/times/test_formats.py`.
4. A line in `CHANGELOG.md`, and the program's name in the README's list of formats.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from logagent.core.times.wall_clock import WallClock, full_year
from logagent.core.units import SECOND

LEAD = 17
"""Bytes before a landmark that decide whether a format matches there: the longest lead, and the byte before it."""

Instant = Callable[[re.Match[bytes], WallClock], int | None]
"""Returns the whole second of a match, in nanoseconds since the epoch; None if there is no such time."""


class Format(NamedTuple):
    """One way of writing a time.

    Attributes:
        name: as `/files` shows it.
        pattern: matches the time; its group `fraction` holds the digits after the second. The pattern of a clocked
            format holds `_CLOCK` and ends with an optional group `settled`.
        instant: reads a match of the pattern.
        leads: of a clocked format, the bytes from its beginning to its landmark, each less than `LEAD`.
    """

    name: str
    pattern: re.Pattern[bytes]
    instant: Instant
    leads: tuple[int, ...] = ()


_MONTHS = {name: number for number, name in enumerate(b"jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}

_MONTH = rb"(?P<month>(?i:Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec))"
_WEEKDAY = rb"(?i:Mon|Tue|Wed|Thu|Fri|Sat|Sun) "
_CLOCK = rb"(?P<hour>[ \d]?\d):(?P<minute>\d\d):(?P<second>[0-5]\d|60)(?!\d)(?:[.,:](?P<fraction>\d++))?+"
_OFFSET = rb"[+-]\d\d(?::?\d\d)?(?!\d)"
_ZONE = rb"(?P<zone>[Zz]|" + _OFFSET + rb"| (?:(?:(?:UTC|GMT)\b)?" + _OFFSET + rb"|(?:UTC|GMT)\b))?"
_ZONE_AND_YEAR = rb"(?:(?: (?:(?P<zone>UTC|GMT|" + _OFFSET + rb")|[A-Z]{2,5}))? (?P<year>\d{4})(?!\d))?"
_NO_TWELVE_HOURS = rb"(?! ?[AaPp]\.?[Mm])"

# The text after a time that settles its end, whatever follows that text: up to three bytes, or the line's end.
# A time whose end is not settled is read all the same, but its layout is not remembered.
_NO_DIGITS = rb"\Z|[^\d.,:]|[.,:](?:\Z|\D)"
_NO_YEAR = rb"(?(year)(?:\Z|\D)|(?:\Z|[^\d.,: ]|[.,:](?:\Z|\D)| (?:\Z|[^\dA-Z+-])))"
_NO_ZONE = rb"\Z|[^\d.,:Zz+ -]|[.,:](?:\Z|\D)| (?:\Z|[^UG+-]|U(?:\Z|[^T])|G(?:\Z|[^M])|[+-](?:\Z|\D))"
_NO_HALF_DAY = rb"\Z|[^\d.,:Zz+ AaPp-]|[.,:](?:\Z|\D)| (?:\Z|[^UG+AaPp-]|U(?:\Z|[^T])|G(?:\Z|[^M])|[+-](?:\Z|\D))"


def _pattern(date: bytes, after: bytes, settled: bytes) -> re.Pattern[bytes]:
    return re.compile(date + _CLOCK + after + rb"(?:(?=(?P<settled>" + settled + rb")))?")


def _month(found: re.Match[bytes]) -> int:
    text = found["month"]
    return int(text) if text.isdigit() else _MONTHS[text[:3].lower()]


def _dated(found: re.Match[bytes], wall_clock: WallClock) -> int | None:
    return wall_clock.instant(found, full_year(found["year"]), _month(found), int(found["day"]))


def _zoned(found: re.Match[bytes], wall_clock: WallClock) -> int | None:
    return wall_clock.instant(found, full_year(found["year"]), _month(found), int(found["day"]), found["zone"])


def _yearless(found: re.Match[bytes], wall_clock: WallClock) -> int | None:
    return wall_clock.latest(found, _month(found), int(found["day"]))


def _ctime(found: re.Match[bytes], wall_clock: WallClock) -> int | None:
    return _zoned(found, wall_clock) if found["year"] is not None else _yearless(found, wall_clock)


def _epoch(found: re.Match[bytes], _: WallClock) -> int | None:
    return int(found["seconds"]) * SECOND


def _scientific(found: re.Match[bytes], _: WallClock) -> int | None:
    return int(found["first"] + found["seconds"].ljust(9, b"0")) * SECOND


def _clocked(name: str, date: bytes, instant: Instant, *leads: int) -> Format:
    """Make a format that ends with a clock, or, if `instant` is `_zoned`, with a clock and an optional zone."""
    zoned = instant is _zoned
    return Format(name, _pattern(date, _ZONE if zoned else b"", _NO_ZONE if zoned else _NO_DIGITS), instant, leads)


def _leading(name: str, pattern: bytes, instant: Instant) -> Format:
    """Make a leading format; without a group `fraction` in its pattern, it has only whole seconds."""
    fraction = b"" if b"(?P<fraction>" in pattern else b"(?P<fraction>)"
    return Format(name, re.compile(rb"\A" + pattern + fraction), instant)


_YEAR = rb"(?<!\d)(?P<year>\d{4})"
_ISO_DATE = _YEAR + rb"-(?P<month>\d\d)-(?P<day>\d\d)(?:[Tt\t ]|  |, )"
_COMMON_DATE = rb"(?<!\d)(?P<day>\d\d)/" + _MONTH + rb"/(?P<year>\d{4})[: ]"
_SLASHED_DATE = _YEAR + rb"(?P<separator>[/.])(?P<month>\d\d)(?P=separator)(?P<day>\d\d)[T -]"
_COMPACT_DATE = _YEAR + rb"(?P<month>\d\d)(?P<day>\d\d)[T -]"
_MONTH_DAY = _MONTH + rb" (?P<day>[ \d]\d|\d)"
_DAY_MONTH_YEAR = rb"(?<!\d)(?P<day>\d?\d)(?P<separator>[ -])" + _MONTH + rb"(?P=separator)(?P<year>\d{4})(?: |::?)"
_YEAR_MONTH_DAY = _YEAR + rb"(?P<separator>[ /-])" + _MONTH + rb"(?P=separator)(?P<day>[ \d]\d) "
_SHORT_DATE = rb"(?P<year>\d\d)(?P<month>0[1-9]|1[0-2])(?P<day>0[1-9]|[12]\d|3[01])"
_LONG_DATE = rb"(?P<year>(?:19|20)\d\d)(?P<month>0[1-9]|1[0-2])(?P<day>0[1-9]|[12]\d|3[01])"
_PLAIN_CLOCK = rb"(?P<hour>[01]\d|2[0-3])(?P<minute>[0-5]\d)(?P<second>[0-5]\d|60)(?!\d)"
_FRACTION = rb"(?:[.,](?P<fraction>\d+))?+"

EPOCH_SECONDS = rb"(?P<seconds>[1-3]\d{9}|40\d{8})"
"""From 9 September 2001, where seconds get ten digits, to 2 December 2099, also as milli-, micro- or nanoseconds."""
EPOCH_FRACTION = rb"(?:(?:\.(?=\d)|(?=(?:\d{3}|\d{6}|\d{9})(?!\d)))(?P<fraction>\d++)(?:\.(?P<more>\d++))?+)?+"
"""Digits after `EPOCH_SECONDS`: a fraction, or three, six or nine digits and perhaps `more` after a point."""
_EPOCH_END = rb"(?=[\s\],;|:)}\"]|\Z)"

CLOCKED = (
    # RFC 3339, ISO 8601, log4j, Python's logging, PostgreSQL, MySQL, Docker's CRI: 2000-10-10T13:55:36.123456+02:00
    _clocked("iso", _ISO_DATE, _zoned, 12, 13, 14),
    # Common log format, HAProxy's, Django's: 10/Oct/2000:13:55:36 -0700
    _clocked("common", _COMMON_DATE, _zoned, 11, 12, 14, 15),
    # C's asctime, date(1), Apache's error log, where syslog's would miss the year: Tue Oct 10 13:55:36.123456 2000
    Format("ctime", _pattern(_WEEKDAY + _MONTH_DAY + b" ", _ZONE_AND_YEAR, _NO_YEAR), _ctime, (12, 13, 14)),
    # RFC 3164: Oct 10 13:55:36
    _clocked("syslog", _MONTH_DAY + b" ", _yearless, 8, 9, 10),
    # Cisco IOS, JavaScript's Date: Oct 10 2000 13:55:36 GMT+0200
    Format(
        "month_day_year",
        _pattern(_MONTH_DAY + rb",? (?P<year>\d{4}) ", _NO_TWELVE_HOURS + _ZONE, _NO_HALF_DAY),
        _zoned,
        (13, 14, 15, 16),
    ),
    # nginx's error log, Go's log, Samba, Redis before 2.8: 2000/10/10 13:55:36
    _clocked("slashed", _SLASHED_DATE, _zoned, 13),
    # glog and klog, with their --log_year_in_prefix: I1010 13:55:36.123456
    _clocked("glog", rb"(?<!\w)[IWEF](?P<month>\d\d)(?P<day>\d\d) ", _yearless, 8),
    _clocked("glog_year", rb"(?<!\w)[IWEF]" + _LONG_DATE + b" ", _dated, 12),
    # RFC 5322, Redis, PHP, BIND, Tomcat, Oracle, RabbitMQ: 10 Oct 2000 13:55:36, 10-Oct-2000 13:55:36
    _clocked("day_month_year", _DAY_MONTH_YEAR, _zoned, 10, 11, 12, 13, 14, 15),
    # Redis 2.8: 10 Oct 13:55:36.123
    _clocked("day_month", rb"(?<!\d)(?P<day>\d?\d) " + _MONTH + b" ", _yearless, 8, 9, 10),
    # Cisco ASA, Boost.Log: 2000 Oct 10 13:55:36, 2000-Oct-10 13:55:36
    _clocked("year_month_day", _YEAR_MONTH_DAY, _zoned, 14, 15),
    # German and Swiss: 10.10.2000 13:55:36
    _clocked("dotted", rb"(?<!\d)(?P<day>\d\d)\.(?P<month>\d\d)\.(?P<year>\d{4}) ", _zoned, 13),
    # ISO 8601 with a basic date: 20001010-13:55:36:123
    _clocked("compact", _COMPACT_DATE, _zoned, 10, 11),
    # MySQL up to 5.6: 001010 13:55:36, 001010  3:55:36
    _clocked("mysql", rb"\A" + _SHORT_DATE + b" ", _dated, 9),
    # Spark: 00/10/10 13:55:36
    _clocked("spark", rb"\A\[?(?P<year>\d\d)/(?P<month>\d\d)/(?P<day>\d\d) ", _dated, 11, 12),
    # Android's logcat: 10-10 13:55:36.123
    _clocked("android", rb"\A(?P<month>\d\d)-(?P<day>\d\d) ", _yearless, 8),
    # Proxifier: [10.10 13:55:36]
    _clocked("month_day", rb"\A\[(?P<month>\d\d)\.(?P<day>\d\d) ", _yearless, 9),
)
"""The clocked formats; where several match at one place, the first counts."""

LEADING = (
    # Seconds since the epoch, milli-, micro- and nanoseconds: journald's short-unix, Squid, Nagios
    _leading("epoch", rb"[\[(]?" + EPOCH_SECONDS + EPOCH_FRACTION + _EPOCH_END, _epoch),
    # Seconds since the epoch as zap prints them to terminals: 9.711861361234e+08
    _leading(
        "scientific",
        rb"[\[(]?(?P<first>[1-3])\.(?P<seconds>\d{1,9})(?P<fraction>\d*)[Ee]\+?0?9" + _EPOCH_END,
        _scientific,
    ),
    # The Linux audit log: type=SYSCALL msg=audit(971186136.123:24287):
    _leading("audit", rb"(?:node=\S+ )?type=\S+ msg=audit\(" + EPOCH_SECONDS + _FRACTION + rb"(?=:)", _epoch),
    # Blue Gene and Thunderbird: - 971186136 2000.10.10
    _leading("bgl", rb"(?:-|[A-Z_]{3,16}) " + EPOCH_SECONDS + rb" \d{4}\.\d\d\.\d\d ", _epoch),
    # HDFS: 001010 135536
    _leading("hdfs", _SHORT_DATE + b" " + _PLAIN_CLOCK + rb"(?=\s|\Z)", _dated),
    # ISO 8601's basic form: 20001010T135536Z
    _leading("basic", rb"\[?" + _LONG_DATE + rb"[T ]?" + _PLAIN_CLOCK + _FRACTION + _ZONE, _zoned),
    # DB2: 2000-10-10-13.55.36.123456
    _leading(
        "db2",
        rb"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)-(?P<hour>\d\d)\.(?P<minute>\d\d)\.(?P<second>[0-5]\d)(?!\d)"
        + _FRACTION,
        _dated,
    ),
    # Chromium: [1010/135536.123456:ERROR:file.cc(12)]
    _leading("chromium", rb"\[(?:\d+:\d+:)?(?P<month>\d\d)(?P<day>\d\d)/" + _PLAIN_CLOCK + _FRACTION + b":", _yearless),
)
"""The leading formats; the first that matches counts, and epoch times must come first."""

_AFTER_FOUR_DIGITS = (
    rb"\d{4}(?:\d|[T ]\d{6})",  # epoch, basic
    rb"\d\d \d{6}",  # hdfs
    rb"/\d{6}",  # chromium
    rb"-\d\d-\d\d-\d\d\.",  # db2
)
_DIGITS = rb"\d(?:\d{3}(?:" + b"|".join(_AFTER_FOUR_DIGITS) + rb")|\.\d{1,40}[Ee])"  # the last: scientific
LEADING_HINTS = (
    _DIGITS,
    rb"[\[(]" + _DIGITS,
    rb"\[\d+:\d+:\d{4}/",  # chromium
    rb"- \d{10}",  # bgl
    rb"[A-Z_][A-Z_]{2,15} \d{10}",  # bgl
    rb"node=\S+ ",  # audit
    rb"type=\S+ ",  # audit
)
"""Patterns one of which matches the beginning of every line with a leading format, and of few other lines. They are
tried on every line, so each begins with a character or a set, and those for digits share their beginning."""
