"""What a format of times is: a pattern and what it means, and the pieces that patterns are made of.

A *clocked* format holds `hh:mm:ss`. It is looked for at fixed distances before a *landmark*, the first `:mm:ss` (or
`:hh:mm`) of a clock, or, if it is a *worded* one with the full or foreign name of a month, anywhere shortly before it.
A *leading* format counts only at the beginning of a line or of a time field's value: any number could be an epoch time
elsewhere.

A clock of twelve hours is read with its AM or PM, and never without. Zones are offsets, UTC, GMT and the abbreviations
in `zones`. Left out as ambiguous are dates such as 10/11/2000, unless all else in the format belongs to one program.

To add a format:

1. The row: in `CLOCKED` or `WORDED` of `clocked_formats`, or in `LEADING` of `leading_formats`, below a comment with
   the program that writes it and an example. Its pattern is made of the pieces in this module, and has the groups that
   its `Instant` reads: `dated` wants year, month, day, hour, minute and second, and reads a zone, `dated_or_latest` no
   year. Earlier rows win.
2. For a clocked row its leads: the bytes from its beginning to the landmark, for each length that the date may have.
   For a leading row its hint, a line in `LEADING_HINTS`. Without a hint the row counts nowhere.
3. The test: a line with such a time, and the instant, in `SAMPLES` of `tests/testbed/times.py`. With that,
   `pytest tests/core/times` checks the row, its leads and its hint. Further lines, also those that only look like such
   a time, go to `tests/core/times/corpus.txt`.
4. A line in `CHANGELOG.md`, and the program's name in the list of formats in docs/logs.md.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from logagent.core.times.months import month_number
from logagent.core.times.wall_clock import WallClock, full_year
from logagent.core.times.zones import ABBREVIATIONS, AMBIGUOUS, MINUS, SMALL, WORDS, none_of
from logagent.core.units import SECOND

LEAD = 17
"""Bytes before a landmark that decide about it: the longest lead of a format, and the byte in front of that."""

Instant = Callable[[re.Match[bytes], WallClock], int | None]
"""Returns the whole second of a match, in nanoseconds since the epoch; None if there is no such time."""


class Format(NamedTuple):
    """One way of writing a time.

    Attributes:
        name: as `/files` tells it.
        pattern: matches the time; its group `fraction` holds the digits behind the second, `half` AM or PM. That of a
            clocked format holds `CLOCK` and ends with an optional group `settled`.
        instant: reads a match of the pattern.
        leads: of a clocked format, the bytes from its beginning to its landmark, fewer than `LEAD`; none for a worded.
        is_leading: whether it counts only at the beginning.
    """

    name: str
    pattern: re.Pattern[bytes]
    instant: Instant
    leads: tuple[int, ...] = ()
    is_leading: bool = False


MONTH = rb"(?P<month>(?i:Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec))"
"""A month's English name, short or nearly so."""
YEAR = rb"(?<!\d)(?<![ (=<>,]')(?P<year>\d{4})"
"""A year of four digits at a date's beginning, which is not one in single quotes, as in a statement in SQL."""
SHORT_DATE = rb"(?P<year>\d\d)(?P<month>0[1-9]|1[0-2])(?P<day>0[1-9]|[12]\d|3[01])"
"""A date of six digits."""
LONG_DATE = rb"(?P<year>(?:19|20)\d\d)(?P<month>0[1-9]|1[0-2])(?P<day>0[1-9]|[12]\d|3[01])"
"""A date of eight digits."""
DAY_OF_YEAR = rb"(?P<day_of_year>[0-2]\d\d|3[0-6]\d)"
"""A day of the year, from 001."""
FRACTION = rb"(?:[.,](?P<fraction>\d+))?+"
"""An optional fraction of a second."""
CLOCK = (
    rb"(?P<hour>[ \d]?\d):(?P<minute>\d\d):(?P<second>[0-5]\d|60)(?!\d)"
    rb"(?:[.,:](?P<fraction>(?<!,)\d++|\d{1,9}+(?!\d)))?+"
)
"""A clock of a clocked format; ten digits or more behind a comma are a column of their own."""
PLAIN_CLOCK = rb"(?P<hour>[01]\d|2[0-3])(?P<minute>[0-5]\d)(?P<second>[0-5]\d|60)(?!\d)"
"""A clock of six digits."""
EPOCH_SECONDS = rb"(?P<seconds>[1-3]\d{9}|40\d{8})"
"""From 9 September 2001, where seconds get ten digits, to 2 December 2099, also as milli-, micro- or nanoseconds."""
EPOCH_FRACTION = rb"(?:(?:\.(?=\d)|(?=(?:\d{3}|\d{6}|\d{9})(?!\d)))(?P<fraction>\d++)(?:\.(?P<more>\d++))?+)?+"
"""Digits behind `EPOCH_SECONDS`: a fraction, or three, six or nine digits and perhaps `more` behind a point."""

_HALVES = (b"AM", b"PM", b"am", b"pm", b"Am", b"Pm", b"A.M.", b"P.M.", b"a.m.", b"p.m.", b"a. m.", b"p. m.")
_NARROW = rb"\xc2\xa0|\xe2\x80\xaf"  # spaces that do not break: newer tables of locales write one before AM and PM
HALF = rb"(?:(?:[ \t]|" + _NARROW + rb")?(?P<half>[AP][Mm]|[ap]m|[AP]\.M\.|[ap]\.[ ]?m\.|[ap]\.\xc2\xa0m\.)(?!\w))?"
"""AM or PM, or none."""


def _any(names: Iterable[bytes]) -> bytes:
    return b"(?:" + b"|".join(sorted(names, reverse=True)) + b")"


_NAMES = [*ABBREVIATIONS, *AMBIGUOUS]
_NAME = b"(?:" + _any([*_NAMES, *SMALL]) + rb"(?!\w)|" + _any(WORDS) + rb"(?=[)\]>\"]|\Z))"
_CAPITALS = _any(_NAMES)
_OFFSET = rb"(?:[+-]|" + MINUS + rb")\d\d(?::?\d\d)?(?!\d)"
_UTC = rb"(?:UTC|GMT)(?:[+-]\d{1,2}(?::?\d\d)?(?!\d))?(?!\w)"
_ZONE = rb"[Zz]|" + _OFFSET + rb"|[ \t]?(?:" + _UTC + b"|" + _NAME + rb")|[ \t]" + _OFFSET
_YEAR_BEHIND = rb"(?P<year_behind>19[7-9]\d|20\d\d)(?![\w.-]|:\d)"
_YEAR_AHEAD = rb"[ \t](?:19[7-9]\d|20\d\d)(?![\w.-]|:\d)"
# In front of a host, a name in capital letters is a zone only where something else shows it.
_SHOWN = rb"(?=[:)\]>,]|[ \t]\[|" + _YEAR_AHEAD + b")"
_BEFORE_YEAR = (
    rb"(?P<zone>[Zz](?!\w)|"
    + _OFFSET
    + rb"|[ \t](?:"
    + _OFFSET
    + b"|"
    + _UTC
    + b"|"
    + _CAPITALS
    + _SHOWN
    + b"|[A-Z]{2,5}(?="
    + _YEAR_AHEAD
    + rb")))?(?:[ \t]"
    + _YEAR_BEHIND
    + rb"(?P<zone_behind>(?:[ \t]|  )(?:"
    + _OFFSET
    + b"|"
    + _UTC
    + b"|"
    + _NAME
    + b"))?)?"
)

AFTER_DATED = HALF + b"(?P<zone>" + _ZONE + b")?"
"""What may follow the clock of a format whose date has a year: AM or PM, and a zone."""
AFTER_YEARLESS = HALF + _BEFORE_YEAR
"""What may follow the clock of a format whose date has no year: AM or PM, a zone, the year, a zone."""

# What follows a time and settles that it ends there, whatever comes behind: a few bytes, or the line's end. A time that
# nothing settles is read all the same, but its layout is not remembered. \xc2 and \xe2 begin signs that may belong to a
# time.
_ALL_NAMES = [*_NAMES, *WORDS, *SMALL, b"UTC", b"GMT"]
_NO_DIGIT = rb"[.,:](?:\Z|\D)|[+-](?:\Z|\D)"
_NO_MINUS = rb"[+-](?:\Z|\D)|\xe2(?:\Z|[^\x88])"
_NO_HALF = rb"[AaPp](?:\Z|[^Mm.])"
_NO_ZONE = (
    rb"\Z|[^\w.,:+ \t\xc2\xe2-]|" + _NO_DIGIT
    + rb"|[ \t](?:" + _NO_MINUS + b"|" + none_of([*_ALL_NAMES, *_HALVES], rb"+\-\xe2") + b")"
)  # fmt: skip
_ZONE_ENDS = rb"\Z|[^\w.,:+ -]| (?:\Z|[^UG+-]|[+-](?:\Z|\D))|" + _NO_DIGIT
_SETTLED = b"(?(zone)(?:" + _ZONE_ENDS + b")|(?:" + _NO_ZONE + b"))"

_NO_YEAR = rb"[03-9]|1(?:\Z|[^9]|9(?:\Z|[^7-9]))|2(?:\Z|[^0])|(?:19[7-9]|20\d)(?:\Z|\D|\d(?:[\w.-]|:\d))|20(?:\Z|\D)"
_OTHER_WORD = rb"[A-Z]{1,5}(?:\Z|[^A-Z .:)\]>,\t]|[ \t](?:\Z|[^\d\[]|" + _NO_YEAR + rb"))|[A-Z]{6}"
_NEITHER = (
    rb"\Z|[^\d.,:Zz+ \t\xc2\xe2AaPpUG-]|" + _NO_HALF + b"|" + _NO_DIGIT + rb"|[ \t](?:\Z|[^\dA-Zap+\-\xe2]|"
    + _NO_MINUS + rb"|[ap](?:\Z|[^m.])|[ap]m\w|[ap]\.(?:\Z|[^m ])|" + _OTHER_WORD + b"|" + _NO_YEAR + b")"
)  # fmt: skip
_NO_ZONE_BEHIND = (
    rb"\Z|[^\w.: \t-]|[ \t](?:" + _NO_MINUS + b"|" + none_of(_ALL_NAMES, rb"+\-\xe2 ") + b")"
)  # fmt: skip
_NO_YEAR_BEHIND = rb"\Z|[^\w.,:+ \t-]|" + _NO_DIGIT + rb"|[ \t](?:\Z|[^\dA-Z]|" + _OTHER_WORD + b"|" + _NO_YEAR + b")"
_SETTLED_YEARLESS = (
    b"(?(zone_behind)(?:" + _ZONE_ENDS + b")|(?(year_behind)(?:" + _NO_ZONE_BEHIND + b")|"
    b"(?(zone)(?:" + _NO_YEAR_BEHIND + b")|(?:" + _NEITHER + b"))))"
)  # fmt: skip


def dated(found: re.Match[bytes], wall_clock: WallClock) -> int | None:
    """Read a date with a year, and perhaps a zone."""
    return wall_clock.instant(found, full_year(found["year"]), month_number(found["month"]), int(found["day"]))


def dated_or_latest(found: re.Match[bytes], wall_clock: WallClock) -> int | None:
    """Read a date whose year stands behind the clock, or between, or is left out."""
    year = found["year_behind"] or found.groupdict().get("year")
    if year is None:
        return latest(found, wall_clock)
    return wall_clock.instant(found, int(year), month_number(found["month"]), int(found["day"]))


def latest(found: re.Match[bytes], wall_clock: WallClock) -> int | None:
    """Read a date whose year is left out."""
    return wall_clock.latest(found, month_number(found["month"]), int(found["day"]))


def numbered(found: re.Match[bytes], wall_clock: WallClock) -> int | None:
    """Read a year and the day of that year."""
    year, number = full_year(found["year"]), int(found["day_of_year"])
    if not 1 <= year < datetime.MAXYEAR or not number:
        return None
    date = datetime.date(year, 1, 1) + datetime.timedelta(days=number - 1)
    return wall_clock.instant(found, year, date.month, date.day) if date.year == year else None


def weekly(found: re.Match[bytes], wall_clock: WallClock) -> int | None:
    """Read a year of weeks, the week's number and the day of the week from Monday."""
    try:
        date = datetime.date.fromisocalendar(int(found["year"]), int(found["week"]), int(found["weekday"]))
    except ValueError:
        return None
    return wall_clock.instant(found, date.year, date.month, date.day)


def epoch(found: re.Match[bytes], _: WallClock) -> int | None:
    """Read seconds since the epoch."""
    return int(found["seconds"]) * SECOND


def leaves_out_year(form: Format, found: re.Match[bytes]) -> bool:
    """Return whether a match of a format names no year."""
    if form.instant is latest:
        return True
    return form.instant is dated_or_latest and not (found["year_behind"] or found.groupdict().get("year"))


def clocked(name: str, date: bytes, instant: Instant, *leads: int, clock: bytes = CLOCK) -> Format:
    """Make a clocked format of a date before the clock, with all that may follow this."""
    yearless = instant is dated_or_latest
    after, settled = (AFTER_YEARLESS, _SETTLED_YEARLESS) if yearless else (AFTER_DATED, _SETTLED)
    return Format(name, re.compile(date + clock + after + b"(?:(?=(?P<settled>" + settled + b")))?"), instant, leads)


def worded(name: str, date: bytes, instant: Instant) -> Format:
    """Make a worded format; its layout is not remembered, for its date is longer than a lead."""
    after = AFTER_YEARLESS if instant is dated_or_latest else AFTER_DATED
    return Format(name, re.compile(date + CLOCK + after + b"(?P<settled>(?!))?"), instant)


def leading(name: str, pattern: bytes, instant: Instant) -> Format:
    """Make a format of a line's beginning; if its pattern has no group `fraction`, it has only whole seconds."""
    fraction = b"" if b"(?P<fraction>" in pattern else b"(?P<fraction>)"
    return Format(name, re.compile(rb"\A" + pattern + fraction), instant, is_leading=True)
