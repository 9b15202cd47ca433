"""The table of the formats that only the whole file can decide about; see `judgement`.

No line by itself tells whether 10/11/2000 is in October or in November, or on which day 13:55:36 was. A file of many
lines may: by a number above 12, or because its clock goes on through one day.
"""

from __future__ import annotations

import re

from logagent.core.times.formats import CLOCK, EPOCH_FRACTION, EPOCH_SECONDS, HALF, Format, clocked, dated, epoch
from logagent.core.times.wall_clock import WallClock

_YEAR = rb"(?P<year>\d{4}|\d\d)"
_MONTH = rb"(?P<month>\d?\d)"
_DAY = rb"(?P<day>\d?\d)"
_END = rb"(?:[T\t :,-]| - | -- |, |  )"
_LEADS = (8, 9, 10, 11, 12, 13, 14, 15, 16)


def _date(first: bytes, second: bytes, third: bytes, marks: bytes) -> bytes:
    return rb"(?<![\d/.-])" + first + b"(?P<separator>" + marks + b")" + second + rb"(?P=separator)" + third + _END


def _clock_alone(found: re.Match[bytes], wall_clock: WallClock) -> int | None:
    return wall_clock.latest_day(found)


DAY_FIRST = clocked("day_first", _date(_DAY, _MONTH, _YEAR, rb"[/-]"), dated, *_LEADS)
"""10/11/2000 13:55:36 in November, also 10-11-00 and 10/11/2000, 1:55:36 PM."""
MONTH_FIRST = clocked("month_first", _date(_MONTH, _DAY, _YEAR, rb"[/-]"), dated, *_LEADS)
"""10/11/2000 13:55:36 in October."""
SHORT_DOTTED = clocked("short_dotted", _date(_DAY, _MONTH, rb"(?P<year>\d\d)", rb"\."), dated, *_LEADS)
"""10.11.00 13:55:36 in November."""
SHORT_YEAR_FIRST = clocked("short_year_first", _date(rb"(?P<year>\d\d)", _MONTH, _DAY, rb"[/.-]"), dated, *_LEADS)
"""00-11-10 13:55:36, 00/11/10 13:55:36."""
CLOCK_ALONE = Format(
    "clock",
    re.compile(rb"(?<![\w.:/-])(?<!\d )" + CLOCK + HALF + rb"(?=(?P<settled>[^\w.,:+-]|[.,:](?:\s|\Z)|\Z))"),
    _clock_alone,
    (2, 1),
)
"""13:55:36, 13:55:36,123: the day is not written."""

CLOCK_BEHIND_PID = Format(
    "clock_behind_pid",
    re.compile(rb"\A(?:\[pid +\d+\]|\d{1,7}) +" + CLOCK + rb"(?P<half>(?!))?(?=(?P<settled>[^\w.,:+-]|\Z))"),
    _clock_alone,
    tuple(range(3, 17)),
)
"""1234 13:55:36.123456, as strace -f -t writes."""
EPOCH_COLUMN = Format(
    "epoch_column",
    re.compile(
        rb"(?<![\w.:/+-])" + EPOCH_SECONDS + EPOCH_FRACTION + rb"(?=[\s,;|:\])}\"]|\Z)(?!:\d)(?P<settled>(?!))?"
    ),
    epoch,
)
"""971186136.123 anywhere in a line: a time only where every line of the file has one in the same column."""

AMBIGUOUS = (DAY_FIRST, MONTH_FIRST, SHORT_DOTTED, SHORT_YEAR_FIRST)
"""Formats that may match the same text, with several meanings."""
CLOCKS = (CLOCK_ALONE, CLOCK_BEHIND_PID)
"""Formats that leave out the day."""
DECIDED = (*AMBIGUOUS, *CLOCKS)
"""All formats around a clock that the file must decide about."""
CLOCK_NAMES = frozenset(form.name for form in CLOCKS)
"""Their names."""
MANIFOLD = CLOCK_NAMES | {EPOCH_COLUMN.name}
"""Names of formats that many texts look like, which are no times."""
