"""Times as people type them: a missing zone means this machine's zone, a missing day means today.

The forms are those of journalctl, date(1), kubectl and the logs themselves; docs/command-line.md lists them.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date, datetime, time, timedelta, tzinfo

from logagent.core.times import moments

_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK = r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?"
_WORD_DAYS = {"today": 0, "yesterday": 1}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAME = r"(?P<month>[A-Za-z]{3,9})"
_NAMED_DAYS = (
    rf"(?P<day>[0-9]{{1,2}}) {_NAME}(?: (?P<year>[0-9]{{4}}))?(?: (?P<clock>[0-9:]+))?",
    rf"{_NAME} (?P<day>[0-9]{{1,2}})(?:,? (?P<year>[0-9]{{4}}))?(?: (?P<clock>[0-9:]+))?",
)
_OF_APACHE = r"\[?([0-9]{1,2}/[A-Za-z]{3}/[0-9]{4}:[0-9]{2}:[0-9]{2}:[0-9]{2} [+-][0-9]{4})\]?"
_UNITS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600),
    **dict.fromkeys(("d", "day", "days"), 86_400),
    **dict.fromkeys(("w", "week", "weeks"), 7 * 86_400),
}
_ALIKE = 0.75
"""How much a word has in common with the day for which it is mistyped; `monday` and `today` have less."""
_EXAMPLES = "10:30, yesterday, 'yesterday 10:30', 2026-11-23, '23 Nov 10:30', 15m, '2 hours ago', 2026-11-23T10:30:00Z"
_STEP = r"([0-9]{1,6}) ?([a-z]+) ?"


class StillToCome(ValueError):
    """A time of today, without a day, is still to come; the message says what may be meant."""


class NoTime(ValueError):
    """What was typed is no time; the message says what would be right."""


def read(typed: str, now: datetime, zone: tzinfo | None = None) -> str:
    """Complete a time as typed, as `completed` does.

    Raises:
        StillToCome: for a time of the day without a day that is not over yet.
        NoTime: for what no agent reads as a time.
    """
    text = completed(typed, now, zone)
    if moments.read(text, 0) is None:
        raise NoTime(f"{typed} is no time; {_meant(typed)}such are {_EXAMPLES}")
    return text


def _meant(typed: str) -> str:
    # Imported here, since most times are typed right.
    from difflib import get_close_matches

    day, blank, clock = typed.partition(" ")
    near = get_close_matches(day.lower(), [*_WORD_DAYS, "now"], 1, _ALIKE)
    return f"is '{near[0]}{blank}{clock}' meant? " if near and near[0] != day.lower() else ""


def completed(typed: str, now: datetime, zone: tzinfo | None = None) -> str:
    """Complete a time as typed, such as `2026-11-23`, `yesterday 10:00` or `1h30m`, to one that an agent reads.

    Everything else is returned unchanged, for the agent to check.

    Args:
        now: with its zone; the day that a time without a day is of.
        zone: None: this machine's.

    Raises:
        StillToCome: for a time of the day without a day that is not over yet.
    """
    text = " ".join(typed.split())
    if moments.read(typed, 0) is not None and not text.startswith("-"):
        return typed
    if text.startswith("@") and moments.read(text[1:], 0) is not None:
        return text[1:]
    if (span := _span(text)) is not None:
        return f"{span}s"
    with suppress(ValueError, OverflowError):
        if (local := _local(text, now, zone)) is not None:
            return _spelled(local, zone)
        if of_apache := re.fullmatch(_OF_APACHE, text):
            return _with_month_as_number(of_apache[1])
    if clock := _clock(text):
        return _today(clock, text, now, zone)
    return typed


def _today(clock: time, text: str, now: datetime, zone: tzinfo | None) -> str:
    meant = _spelled(datetime.combine(now.date(), clock), zone)
    if datetime.fromisoformat(meant) > now:
        raise StillToCome(f"{text} is still to come today; is 'yesterday {text}' meant?")
    return meant


def _span(text: str) -> int | None:
    """Read a span back from now, such as `10min`, `-1h`, `1h30m` or `2 days ago`, in seconds."""
    text = text.removeprefix("-").removesuffix(" ago").lower()
    steps = re.findall(_STEP, text)
    if not steps or re.sub(_STEP, "", text) or any(unit not in _UNITS for _, unit in steps):
        return None
    return sum(int(count) * _UNITS[unit] for count, unit in steps)


def _local(text: str, now: datetime, zone: tzinfo | None) -> datetime | None:
    """Read a day, with or without a time of it; None if it is none.

    Raises:
        ValueError: if there is no such day or time.
    """
    word, _, rest = text.lower().partition(" ")
    if word in _WORD_DAYS:
        return datetime.combine(now.date() - timedelta(days=_WORD_DAYS[word]), _clock_of(rest))
    if word == "now" and not rest:
        return now.astimezone(zone).replace(tzinfo=None)
    if re.match(_DAY, text):
        read = datetime.fromisoformat(text)
        return read if read.tzinfo is None else None
    named = next(filter(None, (re.fullmatch(form, text) for form in _NAMED_DAYS)), None)
    return _named_day(named, now) if named else None


def _named_day(named: re.Match[str], now: datetime) -> datetime:
    """Return a day whose month is named; without a year, the last such day that has begun."""
    month, clock = _month(named["month"]), _clock_of(named["clock"] or "")
    if named["year"]:
        return datetime.combine(date(int(named["year"]), month, int(named["day"])), clock)
    # Four years back lies every 29 February.
    for year in range(now.year, now.year - 9, -1):
        with suppress(ValueError):
            day = date(year, month, int(named["day"]))
            if day <= now.date():
                return datetime.combine(day, clock)
    raise ValueError("no such day")


def _month(name: str) -> int:
    return _MONTHS.index(name.lower()[:3]) + 1


def _with_month_as_number(text: str) -> str:
    day, month, rest = text.split("/")
    year, clock = rest.split(":", 1)
    hours, zone = clock.split(" ")
    return datetime.fromisoformat(f"{year}-{_month(month):02d}-{day.zfill(2)}T{hours}{zone}").isoformat()


def _clock_of(text: str) -> time:
    """Return a time of the day; midnight for none.

    Raises:
        ValueError: if it is none.
    """
    clock = _clock(text) if text else time()
    if clock is None:
        raise ValueError("no time of the day")
    return clock


def _clock(text: str) -> time | None:
    parts = re.fullmatch(_CLOCK, text)
    with suppress(ValueError):
        return time(int(parts[1]), int(parts[2]), int(parts[3] or 0)) if parts else None
    return None


def _spelled(local: datetime, zone: tzinfo | None) -> str:
    return (local.astimezone() if zone is None else local.replace(tzinfo=zone)).isoformat()
